"""How near sums of convex ridges come to a field, estimated by nonnegative least squares."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from gradnets import checks
from gradnets.fields import Field, unit_grid

ITERATIONS = 2000


class Floor(NamedTuple):
    """The least error of a dictionary of convex ridges on a grid.

    Attributes:
        mse_db: 10 log10 MSE.
        used: how many ridges have a weight.
    """

    mse_db: float
    used: int


@torch.no_grad()
def ridge_floor(field: Field, grid: int = 50, angles: int = 48, knots: int = 24) -> Floor:
    """Estimate how near gradients of sums of convex ridges come to a field of the plane.

    min |sum_j w_j e_j s_j(e_j . x) + a - grad F(x)|^2   over w >= 0 and a

    by nonnegative least squares: e_j is a direction and s_j a ramp between two of its knots. Every
    sum of convex ridges is approached by finer ones, so the floor itself is somewhat lower; ask
    for more angles and knots to see by how much.

    Args:
        field: of two dimensions.
        grid: points a side of the unit square.
        angles, knots: directions, and ramps each.

    Raises:
        ValueError: a size below 1.

    >>> from gradnets import fields
    >>> ridge_floor(fields.convex, grid=20).mse_db < -60  # a sum of convex ridges itself
    True
    """
    for name, value in (("grid", grid), ("angles", angles), ("knots", knots)):
        checks.size(name, value)
    x = unit_grid(grid, torch.float64)
    y = centred(field.gradient(x)).flatten()
    atoms = ramps(x, angles, knots)
    w = nonnegative_least_squares(atoms, y)
    error = (y - atoms @ w).square().sum().item() / len(x)
    return Floor(10 * math.log10(error), int((w > 1e-9 * w.max()).sum()))


def centred(values: Tensor) -> Tensor:
    """Return values minus their mean over the points: what is left when a constant is free."""
    return values - values.mean(0)


def ramps(x: Tensor, angles: int, knots: int) -> Tensor:
    """Return e_j s_j(e_j . x), centred, a column a ridge, shape (2 points, angles knots)."""
    columns = []
    for angle in torch.arange(angles, dtype=x.dtype) * math.pi / angles:
        e = torch.stack([angle.cos(), angle.sin()])
        u = x @ e
        edges = torch.linspace(u.min().item(), u.max().item(), knots + 1, dtype=x.dtype)
        rise = ((u[:, None] - edges[:-1]) / (edges[1] - edges[0])).clamp(0, 1)
        columns.append(centred(rise[:, None, :] * e[:, None]).flatten(0, 1))
    return torch.cat(columns, 1)


def nonnegative_least_squares(A: Tensor, y: Tensor) -> Tensor:
    """Return w >= 0 that nearly minimises |A w - y|, by accelerated projected gradients.

    Source: Beck and Teboulle, "A fast iterative shrinkage-thresholding algorithm", 2009; restarted
    where the momentum points uphill, O'Donoghue and Candes, 2015.

    >>> w = nonnegative_least_squares(torch.eye(2), torch.tensor([1.0, -1.0]))
    >>> w.tolist()
    [1.0, 0.0]
    """
    scale = A.norm(dim=0).clamp(min=1e-9)
    A = A / scale
    gram, right = A.mT @ A, A.mT @ y
    steepest = torch.linalg.eigvalsh(gram)[-1]
    w = ahead = torch.zeros_like(right)
    momentum = 1.0
    for _ in range(ITERATIONS):
        slope = gram @ ahead - right
        new = (ahead - slope / steepest).clamp(min=0)
        if (slope * (new - w)).sum() > 0:
            momentum = 1.0
        grown = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
        ahead = new + (momentum - 1) / grown * (new - w)
        w, momentum = new, grown
    return w / scale
