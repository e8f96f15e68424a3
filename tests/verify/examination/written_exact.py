"""Exact questions: fixed matrices, values on planes, domains that just suffice, one dimension."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine
from .everyday import convex, gradient_only, no_gradient, no_verdict

KIND = "written_exact"


class Fixed(nn.Module):
    """x -> x M for a matrix of numbers, kept in float32 or float64."""

    def __init__(self, rows: list[list[float]], dtype: torch.dtype) -> None:
        super().__init__()
        self.register_buffer("M", torch.tensor(rows, dtype=dtype))
        self.M: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.M.to(x.dtype)


def matrix(
    name: str,
    rows: list[list[float]],
    symmetric: bool,
    psd: bool,
    why: str,
    unseen: str = "",
    dtype: torch.dtype = torch.float32,
) -> None:
    examine(lambda: Fixed(rows, dtype), dim=len(rows), symmetric=symmetric, psd=psd, why=why,
            kind=KIND, name=name, unseen=unseen)  # fmt: skip


D = torch.float64
SMALL = "too small for differences"
matrix("rank-one", [[1, 2], [2, 4]], True, True, "(1, 2) and itself")
matrix("rank-one-less", [[1, 2], [2, 4 - 2.0**-20]], True, False, "determinant -2^-20",
       SMALL)  # fmt: skip
matrix("tenths", [[0.1, 0.3], [0.3, 0.9]], True, False,
       "rounded to float32 the determinant is negative", SMALL)  # fmt: skip
matrix("tenths-of-doubles", [[0.1, 0.3], [0.3, 0.9]], True, True,
       "rounded to float64 the determinant is positive", dtype=D)  # fmt: skip
matrix("cycle", [[2, -1, -1], [-1, 2, -1], [-1, -1, 2]], True, True, "a Laplacian")
matrix("signless", [[1, 1, 0], [1, 2, 1], [0, 1, 1]], True, True, "a signless Laplacian")
matrix("path-less", [[1, -1, 0], [-1, 2, -1], [0, -1, 1 - 2.0**-23]], True, False,
       "a Laplacian less 2^-23 at one end", SMALL)  # fmt: skip
matrix("skewed", [[1, 1e-7], [0, 1]], False, False, "an entry of 1e-7", SMALL)
matrix("denormal", [[1, 0], [1e-310, 1]], False, False, "an entry of 1e-310", SMALL, D)
matrix("lost-entry", [[1, 0], [1e-60, 1]], True, True, "1e-60 is 0 in float32")
matrix("hilbert", [[1, 1 / 2, 1 / 3], [1 / 2, 1 / 3, 1 / 4], [1 / 3, 1 / 4, 1 / 5]], True, True,
       "the least eigenvalue is 0.0027")  # fmt: skip


class Plain(nn.Module):
    """A field with a plane through 0."""

    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 2, bias=False)

    def u(self, x: Tensor) -> Tensor:
        return x.sum(-1, keepdim=True)

    def field(self, x: Tensor) -> Tensor:
        return torch.tanh(self.lin(x)) @ self.lin.weight + x


TRIANGLE = [[0.0, 0, 0], [2, -1, -1], [1, 1, 0]]


@no_gradient("0 on a plane, the field elsewhere", points=TRIANGLE)
class ZeroOnPlane(Plain):
    def forward(self, x):
        return self.u(x).sign().square() * self.field(x)


@no_gradient("the number of entries that are not 0", points=[[0.0, 0, 0], [0, 2, 1], [1, 1, 1]])
class Counting(Plain):
    def forward(self, x):
        return x * torch.count_nonzero(x, dim=-1).unsqueeze(-1)


@no_gradient("twice the field where an integer is met", points=TRIANGLE)
class OnIntegers(Plain):
    def forward(self, x):
        u = self.u(x)
        return (2 - (torch.ceil(u) - torch.floor(u))) * self.field(x)


@convex("each entry is 0 where it is 0")
class SignSquared(Plain):
    def forward(self, x):
        return x.sign() ** 2 * x + self.field(x)


@gradient_only("1 at 0 alone, for each entry", points=[[0.0, 0, 0], [1, 0, 0]])
class OneAtZero(Plain):
    def forward(self, x):
        return torch.where(x == 0, 2.0, x.sign())


@convex("a step with a learned value between its sides")
class HeavisideBetween(Plain):
    def __init__(self):
        super().__init__()
        self.at = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return torch.heaviside(x, torch.sigmoid(self.at).to(x.dtype))


@gradient_only("a step with any value at 0", values={"at": 5.0}, points=[[0.0, 0, 0], [1.0, 0, 0]])
class HeavisideAny(HeavisideBetween):
    def forward(self, x):
        return torch.heaviside(x, self.at.to(x.dtype))


class Elementwise(nn.Module):
    def __init__(self, function) -> None:
        super().__init__()
        self.function = function
        self.s = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.s * self.function(self.s * x)


def entrywise(name: str, function, truth: bool | None, why: str, points=None) -> None:
    examine(lambda: Elementwise(function), symmetric=None if truth is None else True, psd=truth,
            why=why, kind=KIND, name=name, points=points)  # fmt: skip


entrywise("log-exp", lambda u: torch.log(torch.exp(u)), True, "u")
entrywise("log1p-expm1", lambda u: torch.log1p(torch.expm1(u)), True, "expm1 > -1")
entrywise("acosh-cosh", lambda u: torch.acosh(torch.cosh(u)), False, "|u|")
entrywise("acosh-relu", lambda u: torch.acosh(1 + F.relu(u)), True, "defined and rising")
entrywise("acosh", lambda u: torch.acosh(u), None, "undefined below 1")
entrywise("tan-atan", lambda u: torch.tan(torch.atan(u)), True, "u")
entrywise("tan", lambda u: torch.tan(u), None, "poles")
entrywise("tan-clamped", lambda u: torch.tan(u.clamp(-1.5, 1.5)), True, "no pole within 1.5")
entrywise("tan-tanh", lambda u: torch.tan(1.5 * torch.tanh(u)), True, "no pole within 1.5")
entrywise("cube-root", lambda u: u.sign() * u.abs().pow(1 / 3), True, "an infinite slope at 0")
entrywise("cube-root-nan", lambda u: u ** (1 / 3), None, "undefined for u < 0")
entrywise("root-quotient", lambda u: u / u.abs().sqrt(), None, "0 / 0 at 0")
entrywise("relu-quotient", lambda u: F.relu(u) / F.relu(u), None, "0 / 0 for u <= 0")
entrywise("digamma", lambda u: torch.digamma(F.softplus(u)), True, "softplus is positive")
entrywise("lgamma", lambda u: torch.lgamma(F.softplus(u)), False, "falls from infinity to 1.46")
entrywise("logit-sigmoid", lambda u: torch.logit(torch.sigmoid(u)), True, "u")
entrywise("trunc", lambda u: u - torch.fmod(u, 1.0), True, "trunc")
entrywise("remainder", lambda u: torch.remainder(u, 2.0), False, "a sawtooth")
entrywise("floor-divide", lambda u: torch.floor_divide(u, 0.5), True, "a staircase")
entrywise("cubic-tie", lambda u: u**3 + u**2 + u / 3, True, "slope 3 (u + 1/3)^2")
entrywise("cubic-low", lambda u: u**3 + u**2 + 0.333 * u, False, "slope -0.0003 at -1/3",
          [[-0.334, 0, 0], [-0.332, 0, 0]])  # fmt: skip
entrywise("quintic", lambda u: u**5 / 5 - 2 * u**3 / 3 + u, True, "slope (u^2 - 1)^2")
entrywise("sine-cosine", lambda u: u + u.sin() * u.cos(), True, "slope 1 + cos 2u")
entrywise("sine-cosine-more", lambda u: u + 2.1 * u.sin() * u.cos(), False, "slope 1 + 2.1 cos 2u")
entrywise("tanh-thirds", lambda u: torch.tanh(u) - torch.tanh(u / 3), False, "falls far out")
entrywise("tanh-third-less", lambda u: torch.tanh(u) * 3 - torch.tanh(u * 3), True,
          "3 (sech^2 u - sech^2 3u)")  # fmt: skip
entrywise("atan-witch", lambda u: u.atan() + 1 / (1 + u * u), True, "slope 0 at u = 1 only")
entrywise("atan-witch-more", lambda u: u.atan() + 1.01 / (1 + u * u), False, "falls at u = 1",
          [[0.99, 0, 0], [1.01, 0, 0]])  # fmt: skip
entrywise("sigmoid-product", lambda u: u * u.sigmoid() + F.softplus(-u), False,
          "u sigmoid'(u) - 1 + 2 sigmoid(u)")  # fmt: skip


@convex("a permutation there and back by index", dim=4)
class Permuted(nn.Module):
    order = (2, 0, 3, 1)

    def forward(self, x):
        y = F.relu(x[:, list(self.order)] - 0.5 * x)
        back = torch.zeros_like(x)
        back[:, list(self.order)] = y
        return back - 0.5 * y


@no_gradient("the same order twice", dim=4)
class PermutedTwice(Permuted):
    def forward(self, x):
        y = F.relu(x[:, list(self.order)] - 0.5 * x)
        return y[:, list(self.order)] - 0.5 * y


@gradient_only("in one dimension: any network", dim=1)
def any_of_one():
    return nn.Sequential(nn.Linear(1, 3), nn.GELU(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1))


@convex("swish and enough x, in one dimension", dim=1)
class GateOfOne(nn.Module):
    def __init__(self):
        super().__init__()
        self.k = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return x * torch.sigmoid(x) + math.pi * x + self.k.exp() * torch.sigmoid(x)


@no_verdict("the entries are rolled across samples")
class RolledFlat(nn.Module):
    def forward(self, x):
        return x + x.flatten().roll(3).view_as(x)


@no_verdict("columns of the batch are read as samples")
class ReshapedTwice(nn.Module):
    def forward(self, x):
        return torch.tanh(x.reshape(x.shape[1], x.shape[0]).mT.contiguous())


@no_verdict("whitened by the covariance of the batch")
class Whitened(nn.Module):
    def forward(self, x):
        c = (x - x.mean(0)).T @ (x - x.mean(0)) / max(len(x) - 1, 1)
        return x @ torch.linalg.inv(c + torch.eye(3, dtype=x.dtype))
