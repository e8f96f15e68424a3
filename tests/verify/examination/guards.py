"""Functions undefined somewhere, behind a condition that keeps them from it, or does not."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined


class Guards(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(4, 3))
        self.b = nn.Parameter(torch.randn(4))
        self.c = nn.Parameter(torch.randn(3))
        self.p = nn.Parameter(torch.randn(()))


def radius(z: Tensor) -> Tensor:
    return z.norm(dim=-1, keepdim=True)


@examined(symmetric=True, psd=True, why="the projection of A x + b onto a ball, and A^T")
class AffineBall(Guards):
    def forward(self, x: Tensor) -> Tensor:
        z = F.linear(x, self.A, self.b)
        r = radius(z)
        return torch.where(r > 1, z / r, z) @ self.A


@examined(symmetric=True, psd=True, why="the same, divided unless r < 1")
class AffineBallUnless(Guards):
    def forward(self, x: Tensor) -> Tensor:
        z = F.linear(x, self.A, self.b)
        r = radius(z)
        return torch.where(r < 1, z, z / r) @ self.A


@examined(symmetric=None, psd=None, why="divided unless r < 0, so at 0 too")
class AffineBallAtZero(Guards):
    def forward(self, x: Tensor) -> Tensor:
        z = F.linear(x, self.A, self.b)
        r = radius(z)
        return torch.where(r < 0, z, z / r) @ self.A


@examined(symmetric=False, psd=False, why="the rows of A in another order on the way back")
class AffineBallUntied(Guards):
    def forward(self, x: Tensor) -> Tensor:
        z = F.linear(x, self.A, self.b)
        r = radius(z)
        return torch.where(r > 1, z / r, z) @ self.A.flip(0)


@examined(symmetric=True, psd=True, why="a subgradient of |x|: 0 at x = 0")
class UnitOrZero(Guards):
    def forward(self, x: Tensor) -> Tensor:
        r = radius(x)
        return torch.where(r > 0, x / r, torch.zeros_like(x))


@examined(symmetric=True, psd=True, why="group shrinkage, its threshold positive")
class ShrinkBySoftplus(Guards):
    def forward(self, x: Tensor) -> Tensor:
        r, t = radius(x), F.softplus(self.p)
        return torch.where(r > t, (1 - t / r) * x, torch.zeros_like(x))


@examined(symmetric=True, psd=False, why="it starts at r = 1/4, where it is r - 1/2 < 0")
class ShrinkTooSoon(Guards):
    def forward(self, x: Tensor) -> Tensor:
        r = radius(x)
        return torch.where(r > 0.25, (1 - 0.5 / r) * x, torch.zeros_like(x))


@examined(symmetric=True, psd=False, why="from 2 it falls to 1 where r passes 1")
class HuberFalling(Guards):
    def forward(self, x: Tensor) -> Tensor:
        r = radius(x)
        return torch.where(r <= 1, 2 * x, x / r)


@examined(symmetric=True, psd=True, why="log from 0.1 on, and below it what is less")
class LogFromATenth(Guards):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x > 0.1, torch.log(x), x - 5)


@examined(symmetric=True, psd=False, why="log 0.1 < 0, from 0 it falls")
class LogAfterZero(Guards):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x > 0.1, torch.log(x), torch.zeros_like(x))


@examined(symmetric=False, psd=False, why="the condition is on another entry", scored=False)
class LogOfAnother(Guards):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x > 0.1, torch.log(x.roll(1, -1)), x)


@examined(symmetric=True, psd=True, why="the root of x only where x is not negative")
class RootOrLine(Guards):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x >= 0, torch.sqrt(x), x)
