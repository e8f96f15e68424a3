"""torch.where and other pieces, thresholds and projections, solves, modules in eval mode."""

# Written as users write: their attributes have no types.
# pyright: reportOptionalMemberAccess=false

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient, no_verdict


class Unit(nn.Module):
    """W^T phi(W x + b) with a helper for phi."""

    def __init__(self, dim: int = 3, width: int = 4):
        super().__init__()
        self.W = nn.Parameter(torch.randn(width, dim))
        self.b = nn.Parameter(torch.zeros(width))
        self.p = nn.Parameter(torch.zeros(width))

    def phi(self, z: Tensor) -> Tensor:
        return z

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("mn,bm->bn", self.W, self.phi(torch.addmm(self.b, x, self.W.t())))


@convex("huber with a learned width")
class LearnedHuber(Unit):
    def phi(self, z):
        width = F.softplus(self.p)
        return torch.where(z.abs() <= width, z, width * z.sign())


@gradient_only("beyond the width it is back at half of it")
class RedescendingHuber(Unit):
    def phi(self, z):
        width = F.softplus(self.p)
        return torch.where(z.abs() <= width, z, 0.5 * width * z.sign())


@convex("two slopes in (0, 1) and one above 1")
class TwoSlopes(Unit):
    def phi(self, z):
        return torch.where(z > 0, (1 + self.p.exp()) * z, torch.sigmoid(self.p) * z)


@gradient_only("a slope below 0 is allowed on the left")
class SlopeByTanh(Unit):
    def phi(self, z):
        return torch.where(z > 0, z, torch.tanh(self.p) * z)


@gradient_only("the larger of z and p z, for p < 0 a valley", dim=2)
class LargerOfTwo(Unit):
    def __init__(self):
        super().__init__(2)

    def phi(self, z):
        return torch.maximum(z, self.p * z)


@convex("a step up at 0")
class StepUp(Unit):
    def phi(self, z):
        return z + (z > 0).to(z.dtype)


@gradient_only("a step down at 0")
class StepDown(Unit):
    def phi(self, z):
        return 2 * z - torch.heaviside(z, torch.zeros_like(z))


@convex("stairs of a learned width")
class Stairs(Unit):
    def phi(self, z):
        step = F.softplus(self.p)
        return step * torch.floor(z / step)


@gradient_only("what is left of the stairs")
class StairsRest(Unit):
    def phi(self, z):
        return z - torch.round(z)


@convex("negative entries are filled with 0")
class Filled(Unit):
    def phi(self, z):
        return z.masked_fill(z < 0, 0.0)


@gradient_only("they are filled with 1")
class FilledByOne(Unit):
    def phi(self, z):
        return z.masked_fill(z < 0, 1.0)


@convex("the parabola keeps its sign")
class SignedParabola(Unit):
    def phi(self, z):
        return z * z.abs() + z.clamp(min=0).pow(2)


@convex("soft thresholds of either sign: a difference of two rising relus")
class SoftThresholdAny(Unit):
    def phi(self, z):
        return F.relu(z - self.p) - F.relu(-z - self.p)


@gradient_only("without the relu it jumps down at 0 for p > 0")
class SoftThresholdOpen(Unit):
    def phi(self, z):
        return torch.sign(z) * (z.abs() - self.p)


@convex("the smoothly clipped threshold (a = 3.7): pieces that meet")
class ScadThreshold(nn.Module):
    def __init__(self, lam: float = 0.5, a: float = 3.7):
        super().__init__()
        self.lam, self.a = lam, a

    def forward(self, x):
        lam, a = self.lam, self.a
        small = x.sign() * (x.abs() - lam).clamp(min=0)
        middle = ((a - 1) * x - x.sign() * a * lam) / (a - 2)
        return torch.where(x.abs() <= 2 * lam, small, torch.where(x.abs() <= a * lam, middle, x))


@no_gradient("each entry looks at the sign of its neighbour")
class NeighbourSign(nn.Module):
    def forward(self, x):
        return torch.where(x.roll(1, -1) > 0, x, 0.5 * x)


@convex("a box: lower corner free, sides positive")
class Box(nn.Module):
    def __init__(self):
        super().__init__()
        self.low, self.side = nn.Parameter(torch.randn(3)), nn.Parameter(torch.randn(3))

    def forward(self, x):
        return x.clamp(self.low, self.low + self.side.square())


@convex("a ball of learned radius, half way towards it", dim=4)
class RelaxedBall(nn.Module):
    def __init__(self):
        super().__init__()
        self.radius, self.mix = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))

    def project(self, x):
        r = self.radius.exp()
        return x * (r / torch.maximum(x.norm(dim=-1, keepdim=True), r))

    def forward(self, x):
        lam = torch.sigmoid(self.mix)
        return (1 - lam) * x + lam * self.project(x)


@gradient_only("reflected at the ball")
class ReflectedBall(RelaxedBall):
    def forward(self, x):
        return 2 * self.project(x) - x


@no_gradient("a descent step, then the positive part")
class ProjectedDescent(nn.Module):
    def __init__(self):
        super().__init__()
        self.A, self.y = nn.Parameter(torch.randn(4, 3)), nn.Parameter(torch.randn(4))

    def forward(self, x):
        residual = x @ self.A.T - self.y
        return F.relu(x - 0.1 * residual @ self.A)


@convex("block soft threshold, the length kept away from 0")
class BlockThreshold(nn.Module):
    def __init__(self):
        super().__init__()
        self.t = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        n = torch.linalg.norm(x, dim=-1, keepdim=True)
        return torch.clamp(1 - F.softplus(self.t) / n.clamp(min=1e-9), min=0) * x


@no_verdict("the length is that of the whole batch")
class BatchThreshold(BlockThreshold):
    def forward(self, x):
        return torch.clamp(1 - 0.5 / torch.linalg.norm(x).clamp(min=1e-9), min=0) * x


@no_gradient("sorted from the largest down")
class SortedDown(nn.Module):
    def forward(self, x):
        return torch.sort(x, dim=-1, descending=True).values


@gradient_only("of two entries: the exchange is symmetric", dim=2)
class SortedDownPair(SortedDown):
    pass


class Implicit(nn.Module):
    def __init__(self, n: int = 3):
        super().__init__()
        self.B = nn.Parameter(torch.randn(n, n))
        self.b = nn.Parameter(torch.randn(n))

    def matrix(self) -> Tensor:
        return torch.eye(3, dtype=self.B.dtype) + self.B @ self.B.T

    def forward(self, x):
        return torch.linalg.solve(self.matrix(), (x + self.b).unsqueeze(-1)).squeeze(-1)


@convex("(I + B B^T)^-1")
class ImplicitStep(Implicit):
    pass


@no_gradient("any matrix")
class ImplicitAny(Implicit):
    def matrix(self):
        return self.B


@convex("two half steps with a relu in the middle")
class ImplicitRelu(Implicit):
    def forward(self, x):
        L = torch.linalg.inv(self.matrix())
        return F.relu(x @ L + self.b) @ L.mT


class Evaluated(nn.Module):
    """Linear, batch norm, dropout, and the weight of the first back."""

    affine, on = False, False

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 6)
        self.bn = nn.BatchNorm1d(6, affine=self.affine)
        self.drop = nn.Dropout(0.3)
        self.bn.running_var.copy_(torch.linspace(0.5, 3.0, 6))
        self.bn.running_mean.copy_(torch.linspace(-1.0, 1.0, 6))
        self.train(self.on)

    def forward(self, x):
        return self.drop(torch.sigmoid(self.bn(self.fc(x)))) @ self.fc.weight


@convex("running statistics scale each unit by a positive number")
class EvaluatedPlain(Evaluated):
    pass


@gradient_only("the learned gain of the norm has any sign")
class EvaluatedAffine(Evaluated):
    affine = True


@no_verdict("statistics of the batch, and dropout")
class NotEvaluated(Evaluated):
    on = True


@no_gradient("the input is normed by uneven statistics, the output is not")
class NormedInput(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm1d(3, affine=False)
        self.bn.running_var.copy_(torch.tensor([1.0, 2.0, 4.0]))
        self.fc = nn.Linear(3, 5)
        self.eval()

    def forward(self, x):
        return torch.tanh(self.fc(self.bn(x))) @ self.fc.weight
