"""Pairs of modules that differ in one place: the right one, and the one somebody wrote."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class Pair(nn.Module):
    """A layer with the parts that its variants need."""

    dim = 3

    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Linear(self.dim, 4)
        self.B = nn.Linear(self.dim, 4, bias=False)
        self.k = nn.Parameter(torch.randn(4))
        self.scalar = nn.Parameter(torch.randn(1))

    def back(self, y: Tensor) -> Tensor:
        return y @ self.A.weight


@convex("a learned steepness inside, its modulus outside")
class Steepness(Pair):
    def forward(self, x):
        return self.back(self.k.abs() * torch.asinh(self.k.abs() * self.A(x)))


@gradient_only("the steepness inside has any sign, its modulus stands outside", values={"k": -1.0})
class SteepnessAnySign(Pair):
    def forward(self, x):
        return self.back(self.k.abs() * torch.asinh(self.k * self.A(x)))


@convex("an odd function of k times an odd function of k z")
class SteepnessOdd(Pair):
    def forward(self, x):
        return self.back(torch.sinh(self.k) * torch.atan(self.k * self.A(x)))


@convex("tanh(k z) / k with k = exp of a parameter")
class SteepnessDivided(Pair):
    def forward(self, x):
        return self.back(torch.tanh(self.k.exp() * self.A(x)) / self.k.exp())


@no_gradient("the steepness of x, not of z", dim=4)
class SteepnessOfInput(Pair):
    dim = 4

    def forward(self, x):
        return self.back(torch.asinh(self.A(self.k.exp() * x)))


@convex("one slope for both sides of a leaky relu, a square")
class LeakSquared(Pair):
    def forward(self, x):
        z = self.A(x)
        return self.back(F.relu(z) - self.scalar**2 * F.relu(-z))


@gradient_only("the sign of the second relu is +")
class LeakOtherWay(Pair):
    def forward(self, x):
        z = self.A(x)
        return self.back(F.relu(z) + self.scalar.abs() * F.relu(-z))


@convex("a gate of z inside the unit: z sigmoid(z) + z")
class GateInside(Pair):
    def forward(self, x):
        z = self.A(x)
        return self.back(z * torch.sigmoid(z) + z)


@no_gradient("the gate of another layer")
class GateOfOther(Pair):
    def forward(self, x):
        return self.back(self.A(x) * torch.sigmoid(self.B(x)))


@gradient_only("the gate of another layer, and what belongs to its own weights")
class GateWithPartner(Pair):
    def forward(self, x):
        z, y = self.A(x), self.B(x)
        g = torch.sigmoid(y)
        return self.back(z * g) + (0.5 * z**2 * g * (1 - g)) @ self.B.weight


@no_gradient("the half is missing")
class GateWithPartnerNoHalf(Pair):
    def forward(self, x):
        z, y = self.A(x), self.B(x)
        g = torch.sigmoid(y)
        return self.back(z * g) + (z**2 * g * (1 - g)) @ self.B.weight


@convex("the bias stands on x: A (x - c), and A^T back")
class BiasOnInput(Pair):
    def forward(self, x):
        return self.back(F.hardtanh(F.linear(x - self.A.weight.mean(0), self.A.weight)))


@no_gradient("the mean is taken off x, not off what comes back")
class CentredInput(Pair):
    def forward(self, x):
        return self.back(torch.tanh(self.A(x - x.mean(-1, keepdim=True))))


@convex("the mean is taken off both")
class CentredBoth(Pair):
    def forward(self, x):
        y = self.back(torch.tanh(self.A(x - x.mean(-1, keepdim=True))))
        return y - y.mean(-1, keepdim=True)


@no_gradient("x is normalised to unit length first")
class UnitInput(Pair):
    def forward(self, x):
        return self.back(torch.tanh(self.A(F.normalize(x, dim=-1, eps=0.1))))


@convex("two skips, the second with a positive number")
class Skips(Pair):
    def forward(self, x):
        y = x + self.back(torch.relu(self.A(x)))
        return y + self.scalar.exp() * x


@no_gradient("x enters the second layer as what the first made of it")
class SkipsInSeries(Pair):
    def forward(self, x):
        y = x + self.back(torch.relu(self.A(x)))
        return y + torch.tanh(self.B(y)) @ self.B.weight


@no_gradient("a number for each entry, inside only")
class SkipsByEntry(Pair):
    def forward(self, x):
        y = self.k[:3] * x
        return y + self.back(torch.relu(self.A(y)))


@convex("the outer scale is that of the inside")
class SkipsByEntryBoth(Pair):
    def forward(self, x):
        y = self.k[:3] * x
        return self.k[:3] * (y + self.back(torch.relu(self.A(y))))


class Deep(Pair):
    """Units in two layers: C = diag(k) or not."""

    def __init__(self) -> None:
        super().__init__()
        self.C = nn.Parameter(torch.randn(4, 4))


@convex("between two activations a diagonal made of the matrix' own diagonal, squared")
class DiagonalOfMatrix(Deep):
    def forward(self, x):
        z = torch.sigmoid(self.A(x))
        return self.back(torch.tanh(z @ torch.diag(torch.diag(self.C) ** 2)))


@no_gradient("lower triangle, not diagonal")
class TriangleOfMatrix(Deep):
    def forward(self, x):
        z = torch.sigmoid(self.A(x))
        return self.back(torch.tanh(z @ self.C.tril()))


@convex("a matrix times its mask, which is the identity")
class MaskedByIdentity(Deep):
    def forward(self, x):
        z = torch.sigmoid(self.A(x))
        return self.back(torch.tanh(z @ (self.C.exp() * torch.eye(4, dtype=x.dtype))))


@gradient_only("J^T of the second layer behind the first: A^T D C^T s(C t(A x))")
class GradientOfTwoLayers(Deep):
    def forward(self, x):
        h = torch.tanh(self.A(x))
        return self.back((1 - h**2) * (torch.sigmoid(h @ self.C.T) @ self.C))


@no_gradient("the derivative of the first layer is forgotten")
class GradientWithoutDerivative(Deep):
    def forward(self, x):
        h = torch.tanh(self.A(x))
        return self.back(torch.sigmoid(h @ self.C.T) @ self.C)


@no_gradient("the derivative of the first layer is that of sigmoid")
class GradientOtherDerivative(Deep):
    def forward(self, x):
        h = torch.tanh(self.A(x))
        return self.back(h * (1 - h) * (torch.sigmoid(h @ self.C.T) @ self.C))


@convex("the same with softplus, positive weights: an ICNN written out")
class GradientOfIcnn(Deep):
    def forward(self, x):
        z = self.A(x)
        P = F.softplus(self.C)
        s = torch.sigmoid(F.softplus(z) @ P.T)
        return self.back(torch.sigmoid(z) * (s @ P))


@gradient_only("weights that may be negative")
class GradientOfFreeIcnn(Deep):
    def forward(self, x):
        z = self.A(x)
        s = torch.sigmoid(F.softplus(z) @ self.C.T)
        return self.back(torch.sigmoid(z) * (s @ self.C))


@no_gradient("positive weights, but not the same on the way back: exp instead of softplus")
class GradientOfIcnnMixed(Deep):
    def forward(self, x):
        z = self.A(x)
        s = torch.sigmoid(F.softplus(z) @ F.softplus(self.C).T)
        return self.back(torch.sigmoid(z) * (s @ self.C.exp()))


@convex("an ICNN with a skip, written out")
class GradientOfSkipIcnn(Deep):
    def forward(self, x):
        z = self.A(x)
        P = self.C.square()
        s = torch.sigmoid(F.softplus(z) @ P.T + self.B(x))
        return self.back(torch.sigmoid(z) * (s @ P)) + s @ self.B.weight


@no_gradient("the skip has no way back")
class GradientOfSkipIcnnOpen(Deep):
    def forward(self, x):
        z = self.A(x)
        P = self.C.square()
        s = torch.sigmoid(F.softplus(z) @ P.T + self.B(x))
        return self.back(torch.sigmoid(z) * (s @ P))


@no_gradient("units sorted within pairs, then back in the sorted places", dim=3)
class SortedUnits(Pair):
    def forward(self, x):
        z = self.A(x).unflatten(-1, (2, 2))
        return self.back(torch.cat([z.amax(-1), z.amin(-1)], -1))


@gradient_only("half of the squared maximum of two, which may be negative", dim=3)
class MaximumOfPairs(Pair):
    def forward(self, x):
        top = torch.maximum(*(x @ self.A.weight.T).chunk(2, -1))
        first, second = self.A.weight.chunk(2, 0)
        a, b = x @ first.T, x @ second.T
        pick = torch.where(a > b, 1.0, torch.where(a < b, 0.0, 0.5))
        return (top * pick) @ first + (top * (1 - pick)) @ second


@convex("the modulus times the sign is z")
class ModulusOfPairs(Pair):
    def forward(self, x):
        z = self.A(x)
        return self.back(torch.maximum(z, -z) * torch.sign(z))
