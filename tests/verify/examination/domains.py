"""Undefined at some x (no claim), at some parameters (outside it), or only where not used."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import Points, examined


class Domain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 3))
        self.b = nn.Parameter(torch.randn(4))
        self.p = nn.Parameter(torch.rand(()) + 0.5)
        self.S = nn.Parameter(torch.randn(3, 3))


def nowhere(why: str):
    return examined(symmetric=None, psd=None, why=why)


def falling(why: str, points: Points | None = None):
    """Undefined somewhere, and two points where it is defined refute psd; unknown is as good."""
    return examined(symmetric=None, psd=False, why=why, scored=False, points=points)


@nowhere("0 / 0 at x = 0")
class UnitVector(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return x / x.norm(dim=-1, keepdim=True)


@falling("log of a softplus of x is fine, log of x is not")
class LogBarrier(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return -1 / (1 - x) + torch.log(x)


@falling("the barrier of a half-space ends at its boundary")
class Barrier(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return (1 / (1 - x @ self.W.T)) @ self.W


@examined(symmetric=False, psd=False, why="entries over their sum", scored=False)
class SumNormalized(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return x / x.sum(-1, keepdim=True)


@nowhere("the square root of x^2 - 1")
class RootOutside(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sqrt(x.square().sum(-1, keepdim=True) - 1)


@nowhere("x^(1/3) by pow is undefined for x < 0")
class RealPower(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return x.pow(1 / 3)


@nowhere("1 - lambda / |x| at x = 0, although the product is 0 in floating point")
class GroupShrinkUnsafe(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return F.relu(1 - 0.5 / x.norm(dim=-1, keepdim=True)) * x


@falling("x log x without a shield")
class Entropy(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return torch.log(x.abs()) + 1


@falling(
    "log |det| is undefined where the matrix is singular, and concave elsewhere",
    ((1, 1, 1), (2, 1, 1)),
)
class LogDet(Domain):
    def forward(self, x: Tensor) -> Tensor:
        X = torch.diag_embed(x) + torch.ones(3, 3, dtype=x.dtype)
        return torch.diagonal(torch.linalg.inv(X), dim1=-2, dim2=-1)


@falling("1 / x where x > 0 or x = 0")
class ShieldWithAGap(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x >= 0, -1 / x, x)


@nowhere("the product with 0 does not define 1 / x at 0")
class ZeroTimesPole(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return x + 0 / x


@examined(symmetric=True, psd=True, why="defined: 1 + x^2 > 0")
class RootInside(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return x / torch.sqrt(1 + x**2)


@examined(symmetric=True, psd=True, why="defined: log of 1 + e^z")
class LogOfPositive(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return torch.log(1 + torch.exp(x @ self.W.T)) @ self.W


@examined(symmetric=True, psd=True, why="entropy with its shield, on e^z")
class LogOfExp(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return torch.log(torch.exp(x @ self.W.T)) @ self.W


@examined(symmetric=True, psd=True, why="the inverse of I + diag(softplus) exists")
class SafeInverse(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return -1 / (1 + F.softplus(x))


@examined(symmetric=True, psd=True, why="group shrinkage with its shield")
class GroupShrinkSafe(Domain):
    def forward(self, x: Tensor) -> Tensor:
        r = x.norm(dim=-1, keepdim=True)
        return F.relu(1 - 0.5 / r.clamp(min=0.5)) * x


@examined(symmetric=True, psd=True, why="1 / x only where x > 1")
class Shielded(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x > 1, 2 - 1 / x, x)


@examined(symmetric=True, psd=True, why="divided by a parameter on both sides; p = 0 is outside")
class DividedTwice(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh((x / self.p) @ self.W.T) @ self.W / self.p


@examined(symmetric=True, psd=False, why="divided by a parameter of any sign")
class DividedOnce(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T) @ self.W / self.p


@examined(symmetric=True, psd=True, why="sqrt(p) >= 0 wherever it is defined")
class RootOfParameter(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sqrt(self.p) * torch.tanh(x @ self.W.T) @ self.W


@examined(symmetric=True, psd=True, why="exp(log p) is p > 0 wherever it is defined")
class ExpLog(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return torch.exp(torch.log(self.p)) * x


@examined(symmetric=True, psd=False, why="log p has either sign")
class LogOfParameter(Domain):
    def forward(self, x: Tensor) -> Tensor:
        return torch.log(self.p) * x


@examined(symmetric=True, psd=True, why="(S^T S)^-1 on both sides; a singular S is outside")
class Whitened(Domain):
    def forward(self, x: Tensor) -> Tensor:
        A = torch.linalg.inv(self.S)
        return torch.sigmoid(x @ A.T) @ A


@examined(symmetric=True, psd=True, why="a solve on both sides, transposed")
class Solved(Domain):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.linalg.solve(self.S, x.unsqueeze(-1))
        return torch.linalg.solve(self.S.T, torch.tanh(z)).squeeze(-1)


@examined(symmetric=False, psd=False, why="a solve on both sides, not transposed")
class SolvedTwice(Domain):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.linalg.solve(self.S, x.unsqueeze(-1))
        return torch.linalg.solve(self.S, torch.tanh(z)).squeeze(-1)


@examined(symmetric=True, psd=True, why="(S^T S + I)^-1 x by Cholesky")
class CholeskySolve(Domain):
    def forward(self, x: Tensor) -> Tensor:
        L = torch.linalg.cholesky(self.S.T @ self.S + torch.eye(3, dtype=x.dtype))
        return torch.cholesky_solve(x.T, L).T


@examined(
    dim=2,
    symmetric=False,
    psd=False,
    why="J is symmetric wherever it is defined, but the circulation around 0 is 2 pi",
    points=((2, 0), (-1, 2), (-1, -2)),
    scored=False,
)
class Angle(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        turned = torch.stack([-x[:, 1], x[:, 0]], -1)
        return turned / x.square().sum(-1, keepdim=True)
