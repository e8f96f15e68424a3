"""The Jacobian by differences of the map itself, with an estimate of their error."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Map = Callable[[Tensor], Tensor]

STEPS = (8.0, 2.0, 1 / 2, 1 / 8, 1 / 32)


@dataclass(frozen=True)
class Differences:
    """Difference quotients at N points.

    Attributes:
        low, high: the least and greatest of the forward, backward and central quotients, shape
            (N, n, n), entry i, j for df_i/dx_j. At a kink they enclose the one-sided slopes.
        error: estimated error of either, a point each, shape (N,).
    """

    low: Tensor
    high: Tensor
    error: Tensor

    def gap(self, J: Tensor) -> Tensor:
        """Return how far J, shape (N, n, n), lies outside low .. high, a point each, shape (N,)."""
        return torch.maximum(self.low - J, J - self.high).clamp(min=0).amax((-2, -1))


def differences(f: Map, x: Tensor) -> Differences:
    """Return difference quotients of f at the points x, shape (N, n).

    Several steps around eps^(1/3) max(1, |x|) are tried at each point; the one is kept whose
    quotients differ least from those of the step before, rounding errors of f included.

    Raises:
        Whatever f raises.

    >>> d = differences(lambda x: x**2, torch.tensor([[1.0, 2.0]], dtype=torch.float64))
    >>> bool(d.gap(torch.tensor([[[2.0, 0.0], [0.0, 4.0]]])) <= 3 * d.error)
    True
    """
    eps = torch.finfo(x.dtype).eps
    size = eps ** (1 / 3) * x.abs().amax(-1, keepdim=True).clamp(min=1)
    y, previous, best = f(x), None, None
    for step in STEPS:
        low, central, high, rounding = quotients(f, x, y, step * size, eps)
        if previous is not None:
            error = (central - previous).abs().amax((-2, -1)) + rounding
            error = torch.nan_to_num(error, nan=torch.inf, posinf=torch.inf)
            new = Differences(low, high, error)
            best = new if best is None else better(best, new)
        previous = central
    assert best is not None
    return best


def quotients(
    f: Map, x: Tensor, y: Tensor, step: Tensor, eps: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return least, central and greatest quotients (N, n, n) and the rounding error (N,)."""
    low, central, high = [], [], []
    largest = y.abs()
    for j in range(x.shape[-1]):
        after, before = x.clone(), x.clone()
        after[:, j : j + 1] += step
        before[:, j : j + 1] -= step
        up, down = f(after), f(before)
        ahead, behind = (after - x)[:, j : j + 1], (x - before)[:, j : j + 1]
        three = torch.stack([(up - y) / ahead, (y - down) / behind, (up - down) / (ahead + behind)])
        low.append(three.amin(0))
        high.append(three.amax(0))
        central.append(three[2])
        largest = torch.maximum(largest, torch.maximum(up.abs(), down.abs()))
    middle = torch.stack(central, -1)
    # Of f itself, and of x, which moves f by its slope.
    noise = largest.amax(-1) + middle.abs().amax((-2, -1)) * x.abs().amax(-1)
    rounding = 2 * eps * noise / step[:, 0]
    return torch.stack(low, -1), middle, torch.stack(high, -1), rounding


def better(old: Differences, new: Differences) -> Differences:
    """Return, point by point, the one of the smaller error."""
    choose = new.error < old.error
    wide = choose[:, None, None]
    return Differences(
        torch.where(wide, new.low, old.low),
        torch.where(wide, new.high, old.high),
        torch.where(choose, new.error, old.error),
    )
