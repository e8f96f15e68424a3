"""Target fields on the unit square, with their potentials: (46)-(49)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Field:
    """A potential F on [0, 1]^n and its gradient, both on samples of shape (..., n).

    Attributes:
        name: as in the command line.
        dim: n.
        potential: (..., n) -> (...).
        gradient: (..., n) -> (..., n).
    """

    name: str
    dim: int
    potential: Callable[[Tensor], Tensor]
    gradient: Callable[[Tensor], Tensor]


def convex_potential(x: Tensor) -> Tensor:
    """Return F(x) = x1^4 + x1^2/2 + x1 x2/2 + 3 x2^2/2 - x2^3/3 (46), convex on [0, 1]^2.

    Source: Richter-Powell, Lorraine and Amos, "Input convex gradient networks".

    >>> convex_potential(torch.tensor([1.0, 0.0])).item()
    1.5
    """
    x1, x2 = x.unbind(-1)
    return x1**4 + x1**2 / 2 + x1 * x2 / 2 + 3 * x2**2 / 2 - x2**3 / 3


def convex_gradient(x: Tensor) -> Tensor:
    """Return grad F(x) = (4 x1^3 + x1 + x2/2, x1/2 + 3 x2 - x2^2) (47).

    >>> convex_gradient(torch.tensor([1.0, 1.0]))
    tensor([5.5000, 2.5000])
    """
    x1, x2 = x.unbind(-1)
    return torch.stack([4 * x1**3 + x1 + x2 / 2, x1 / 2 + 3 * x2 - x2**2], -1)


def nonconvex_potential(x: Tensor) -> Tensor:
    """Return G(x) = sin(2 pi x1) cos(pi x2) / 4 + x1 x2 / 2 - x2^2 / 2 (48).

    >>> round(nonconvex_potential(torch.tensor([0.25, 0.0])).item(), 4)
    0.25
    """
    x1, x2 = x.unbind(-1)
    wave = torch.sin(2 * math.pi * x1) * torch.cos(math.pi * x2)
    return wave / 4 + x1 * x2 / 2 - x2**2 / 2


def nonconvex_gradient(x: Tensor) -> Tensor:
    """Return grad G(x) = (pi/2 cos cos + x2/2, -pi/4 sin sin + x1/2 - x2) (49).

    The arguments are 2 pi x1 and pi x2 in turn.

    >>> nonconvex_gradient(torch.tensor([0.0, 0.0]))
    tensor([1.5708, 0.0000])
    """
    x1, x2 = x.unbind(-1)
    p, q = 2 * math.pi * x1, math.pi * x2
    first = math.pi / 2 * torch.cos(p) * torch.cos(q) + x2 / 2
    second = -math.pi / 4 * torch.sin(p) * torch.sin(q) + x1 / 2 - x2
    return torch.stack([first, second], -1)


convex = Field("convex", 2, convex_potential, convex_gradient)
nonconvex = Field("nonconvex", 2, nonconvex_potential, nonconvex_gradient)


def unit_grid(points: int = 100, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return the points x points grid of [0, 1]^2, both ends included, shape (points^2, 2).

    >>> unit_grid(2).tolist()
    [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    """
    axis = torch.linspace(0, 1, points, dtype=dtype)
    return torch.cartesian_prod(axis, axis)
