"""Piecewise definitions: torch.where, rounding, quantisers, sort, and linear solves."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined
from .everyday import convex, gradient_only, no_gradient, no_verdict


class Unit(nn.Module):
    """A x, then g, then A^T, A of shape (dim, width) with x on its left."""

    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(3, 4))
        self.p = nn.Parameter(torch.randn(4))
        self.q = nn.Parameter(torch.randn(4))

    def g(self, z: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return torch.mm(self.g(torch.mm(x, self.A)), self.A.transpose(0, 1))


@convex("the slope of the Huber function, its width learned")
class HuberSlope(Unit):
    def g(self, z: Tensor) -> Tensor:
        width = F.softplus(self.p)
        return torch.where(z.abs() <= width, z, width * z.sign())


@convex("two positive slopes that meet at 0")
class TwoSlopes(Unit):
    def g(self, z: Tensor) -> Tensor:
        return torch.where(z > 0, z * self.p.exp(), z * self.q.exp())


@convex("a jump upwards at a learned place")
class JumpUp(Unit):
    def g(self, z: Tensor) -> Tensor:
        return torch.where(z >= self.p, z + self.q.abs(), z)


@gradient_only(
    "a jump downwards",
    values={"A": 1.0, "p": 0.0, "q": 5.0},
    points=[[-0.1, 0.0, 0.0], [0.1, 0.0, 0.0]],
)
class JumpDown(Unit):
    def g(self, z: Tensor) -> Tensor:
        return torch.where(z >= self.p, z - self.q.abs(), z)


@convex("clamped between a learned bound and a higher one")
class Box(Unit):
    def g(self, z: Tensor) -> Tensor:
        low = self.p
        high = low + self.q**2
        return torch.minimum(torch.maximum(z, low), high)


@convex("steps of one half")
class HalfSteps(Unit):
    def g(self, z: Tensor) -> Tensor:
        return torch.ceil(2 * z) / 2 + torch.trunc(z + self.p)


@gradient_only("what floor leaves over is a sawtooth")
class Sawtooth(Unit):
    def g(self, z: Tensor) -> Tensor:
        return torch.remainder(z + self.p, 1.0)


@convex("a sign, and a step that is one half at 0")
class Signs(Unit):
    def g(self, z: Tensor) -> Tensor:
        half = torch.tensor(0.5, dtype=z.dtype)
        return torch.sign(z - self.p) + torch.heaviside(z - self.q, half)


class Quantiser(Unit):
    levels = (-2.0, -0.5, 0.5, 3.0)

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("edges", torch.tensor([-1.0, 0.0, 2.0]))
        self.register_buffer("table", torch.tensor(self.levels))
        self.edges: Tensor
        self.table: Tensor

    def g(self, z: Tensor) -> Tensor:
        return self.table[torch.bucketize(z, self.edges)]


@convex("levels that rise")
class QuantiserInOrder(Quantiser):
    pass


@gradient_only("levels that do not rise")
class QuantiserOutOfOrder(Quantiser):
    levels = (-2.0, 0.5, -0.5, 3.0)


@convex("the logarithm is only taken above 1")
class LogAboveOne(Unit):
    def g(self, z: Tensor) -> Tensor:
        return torch.where(z > 1, torch.log(z.clamp(min=1.0)), torch.zeros_like(z))


@examined(symmetric=None, psd=False, why="undefined at 0, and it falls there", scored=False)
class LogOfModulus(Unit):
    def g(self, z: Tensor) -> Tensor:
        return z * torch.log(z.abs())


@no_verdict("the root of negative numbers", unseen="nan")
class RootOfAny(Unit):
    def g(self, z: Tensor) -> Tensor:
        return torch.sqrt(z)


@convex("weights in order for the entries in order", dim=4)
class OrderedWeights(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.zeros(4))

    def weights(self) -> Tensor:
        return F.softplus(self.raw).cumsum(0)

    def forward(self, x: Tensor) -> Tensor:
        rank = x.argsort(dim=-1).argsort(dim=-1)
        return self.weights()[rank]


@gradient_only("weights in any order", dim=4, values={"raw": [3.0, 0.0, -2.0, 1.0]})
class UnorderedWeights(OrderedWeights):
    def weights(self) -> Tensor:
        return self.raw


@convex("the place of the largest entry")
class WinnerTakesAll(Unit):
    def g(self, z: Tensor) -> Tensor:
        return F.one_hot((z + self.p).argmax(dim=-1), 4).to(z.dtype)


@convex("the slack that a plane cuts off, by where")
class HalfSpace(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.n = nn.Parameter(torch.randn(3))
        self.c = nn.Parameter(torch.tensor(0.2))

    def forward(self, x: Tensor) -> Tensor:
        gap = (x @ self.n - self.c).unsqueeze(-1)
        return torch.where(gap > 0, x + gap * self.n, x)


@no_gradient("two symmetric matrices that do not agree where they meet")
class TwoMatrices(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.L = nn.Parameter(torch.randn(2, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        one, two = self.L @ self.L.mT
        return torch.where(x[:, :1] > 0, x @ one, x @ two)


class Solver(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.M = nn.Parameter(torch.randn(3, 3))

    def eye(self) -> Tensor:
        return torch.eye(3, dtype=self.M.dtype)


@convex("the inverse of the identity and a Gram matrix")
class RidgeSolve(Solver):
    def forward(self, x: Tensor) -> Tensor:
        return torch.linalg.solve(self.eye() + self.M.T @ self.M, x.T).T


@no_gradient(
    "the inverse of the identity and any matrix", values={"M": [[0, 1, 0]] + 2 * [[0] * 3]}
)
class AnySolve(Solver):
    def forward(self, x: Tensor) -> Tensor:
        return torch.linalg.solve(self.eye() + self.M, x.T).T


@convex("softplus between two triangular solves")
class Triangular(Solver):
    def forward(self, x: Tensor) -> Tensor:
        low = self.M.tril(-1) + self.eye()
        z = torch.linalg.solve_triangular(low, x.T, upper=False)
        return torch.linalg.solve_triangular(low.T, F.softplus(z), upper=True).T


@gradient_only("the inverse of a symmetric matrix with zeros on its diagonal")
class Resolvent(Solver):
    def forward(self, x: Tensor) -> Tensor:
        s = torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]], dtype=x.dtype)
        return x @ torch.linalg.inv(s) + F.relu(x + self.M[0])
