"""Gradients written out by hand: kernels, memories, bilinear energies, polynomials."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class Atoms(nn.Module):
    """Five points of dimension three with five amplitudes."""

    def __init__(self) -> None:
        super().__init__()
        self.c = nn.Parameter(torch.randn(5, 3))
        self.amp = nn.Parameter(torch.randn(5))


@gradient_only("a mixture of Gaussian bumps")
class GaussianBumps(Atoms):
    def forward(self, x: Tensor) -> Tensor:
        d = self.c.unsqueeze(0) - x.unsqueeze(1)
        k = torch.exp(-0.5 * d.pow(2).sum(dim=-1, keepdim=True))
        return (self.amp[:, None] * k * d).sum(dim=1)


@no_gradient("kernels times vectors of their own")
class GaussianVectors(Atoms):
    def forward(self, x: Tensor) -> Tensor:
        k = torch.exp(-0.5 * (self.c.unsqueeze(0) - x.unsqueeze(1)).pow(2).sum(dim=-1))
        return k @ self.c.flip(0)


@convex("cubes of rectified features, positive amplitudes")
class CubedFeatures(Atoms):
    def forward(self, x: Tensor) -> Tensor:
        return (F.softplus(self.amp) * F.relu(x @ self.c.T + self.amp) ** 3) @ self.c


@gradient_only("experts of Student")
class Experts(Atoms):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.c.T
        return (self.amp.exp() * z / (1 + z * z / 2)) @ self.c


@gradient_only("the free energy of a Boltzmann machine")
class FreeEnergy(Atoms):
    def forward(self, x: Tensor) -> Tensor:
        return x - torch.sigmoid(F.linear(x, self.c, self.amp)) @ self.c


@convex("retrieval from stored patterns")
class Retrieval(Atoms):
    def keys(self) -> Tensor:
        return self.c

    def forward(self, x: Tensor) -> Tensor:
        scores = torch.einsum("bd,kd->bk", x, self.keys())
        return torch.einsum("bk,kd->bd", torch.softmax(4.0 * scores + self.amp, dim=1), self.c)


@no_gradient("keys of one net, values of another")
class RetrievalKeys(Retrieval):
    def __init__(self) -> None:
        super().__init__()
        self.to_key = nn.Linear(3, 3, bias=False)

    def keys(self) -> Tensor:
        return self.to_key(self.c)


@convex("the pattern that fits best")
class BestPattern(Atoms):
    def forward(self, x: Tensor) -> Tensor:
        return self.c[torch.argmax(x @ self.c.T + self.amp, dim=-1)]


@gradient_only("the Hessian of a potential times a learned vector")
class HessianTimesVector(Atoms):
    def __init__(self) -> None:
        super().__init__()
        self.v = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor) -> Tensor:
        slope = 1 - torch.tanh(x @ self.c.T) ** 2
        return (slope * (self.c @ self.v)) @ self.c


class GatedEnergy(Atoms):
    """The gradient of sum_k (Ux)_k softplus((Vx)_k)."""

    def __init__(self) -> None:
        super().__init__()
        self.V = nn.Linear(3, 5)

    def forward(self, x: Tensor) -> Tensor:
        u, v = x @ self.c.T, self.V(x)
        return F.softplus(v) @ self.c + (u * torch.sigmoid(v)) @ self.V.weight


@gradient_only("both terms of the product rule")
class GatedBoth(GatedEnergy):
    pass


@no_gradient("only the first term of the product rule")
class GatedFirst(GatedEnergy):
    def forward(self, x: Tensor) -> Tensor:
        return F.softplus(self.V(x)) @ self.c


class Form(nn.Module):
    """A square matrix to learn."""

    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(3, 3))

    @property
    def S(self) -> Tensor:  # noqa: N802
        return (self.A + self.A.T) / 2


@gradient_only("the gradient of x^T A x")
class QuadraticForm(Form):
    def forward(self, x: Tensor) -> Tensor:
        return x @ self.A + x @ self.A.T


@no_gradient("one half of the gradient of x^T A x")
class HalfOfForm(Form):
    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.A)


@convex("a symmetric matrix on both sides")
class MeanField(Form):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.S) @ self.S


@no_gradient("a symmetric matrix on the inside only")
class MeanFieldInside(Form):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.S)


@gradient_only("a tensor made symmetric over all orders")
class CubicForm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.T = nn.Parameter(torch.randn(3, 3, 3))

    def tensor(self) -> Tensor:
        orders = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
        return sum(self.T.permute(order) for order in orders)  # type: ignore[return-value]

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("ijk,bj,bk->bi", self.tensor(), x, x)


@no_gradient("a tensor made symmetric over the last two axes")
class CubicFormHalf(CubicForm):
    def tensor(self) -> Tensor:
        return self.T + self.T.mT


@convex("a quarter of the fourth power of the length")
def quartic() -> nn.Module:
    class Quartic(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * torch.sum(x * x, dim=1, keepdim=True)

    return Quartic()


class Neighbours(nn.Module):
    """The product of both neighbours on a ring."""

    def forward(self, x: Tensor) -> Tensor:
        return x.roll(1, dims=-1) * x.roll(-1, dims=-1)


@gradient_only("of three entries it is the gradient of their product", dim=3)
def neighbours_of_three() -> nn.Module:
    return Neighbours()


@no_gradient("of four entries it is no gradient", dim=4)
def neighbours_of_four() -> nn.Module:
    return Neighbours()
