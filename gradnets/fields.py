"""Target fields on the unit square, with their potentials: (46)-(49), and one of our own."""

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


CORNERS = ((0.0, 1.0), (-(3**0.5) / 2, -0.5), (3**0.5 / 2, -0.5))
SHARPNESS = 12


def separating_pieces(x: Tensor) -> Tensor:
    """Return a_k . (x - c), k = 1, 2, 3, c the middle of [0, 1]^2, shape (..., 3).

    The slopes a_k are the corners of an equilateral triangle on the unit circle.

    >>> separating_pieces(torch.tensor([0.5, 0.5]))
    tensor([0., 0., 0.])
    """
    return (x - 0.5) @ torch.tensor(CORNERS, dtype=x.dtype, device=x.device).mT


def separating_potential(x: Tensor) -> Tensor:
    """Return F(x) = (1/t) log sum_k exp(t a_k . (x - c)), t = 12, a smooth maximum of 3 pieces.

    Convex, and no limit of sums of convex ridges: it violates Popoviciu's inequality. One module
    of softmax (43)-(44) with three neurons is its gradient exactly.

    >>> round(separating_potential(torch.tensor([0.5, 0.5])).item(), 4)  # log(3) / 12
    0.0916
    """
    return torch.logsumexp(SHARPNESS * separating_pieces(x), -1) / SHARPNESS


def separating_gradient(x: Tensor) -> Tensor:
    """Return grad F(x) = sum_k softmax_k(t a_k . (x - c)) a_k.

    >>> separating_gradient(torch.tensor([0.5, 0.5])).abs().max() < 1e-6
    tensor(True)
    """
    shares = torch.softmax(SHARPNESS * separating_pieces(x), -1)
    return shares @ torch.tensor(CORNERS, dtype=x.dtype, device=x.device)


convex = Field("convex", 2, convex_potential, convex_gradient)
nonconvex = Field("nonconvex", 2, nonconvex_potential, nonconvex_gradient)
separating = Field("separating", 2, separating_potential, separating_gradient)


def unit_grid(points: int = 100, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return the points x points grid of [0, 1]^2, both ends included, shape (points^2, 2).

    >>> unit_grid(2).tolist()
    [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    """
    axis = torch.linspace(0, 1, points, dtype=dtype)
    return torch.cartesian_prod(axis, axis)
