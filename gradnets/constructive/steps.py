"""Nondecreasing functions on [0, 1] by steps of any bounded shape: Theorem 7, (21)-(30)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from flint import arb
from torch import Tensor, nn
from torch.nn.functional import softplus

from gradnets import checks
from gradnets.constructive import claims
from gradnets.constructive.approximation import LIMIT, affordable, wanted
from gradnets.constructive.rounding import MARGIN, above
from gradnets.constructive.targets import Function
from gradnets.gradnet import mGradNet

JUMP_SHARE = 15 / 16  # of the error: neurons are what costs, a steep scale is free
BISECTIONS = 60
NARROWEST = 2.0**-30  # of the intervals: below, rounding of z would matter to a step
SLACK = 2.0**-16  # of the scale, for that rounding


@dataclass(frozen=True)
class Shape:
    """A function s that Theorem 7 admits: continuous, nondecreasing, from 0 at -inf to 1 at inf.

    Attributes:
        function: s, elementwise.
        tail: v -> a bound of s(-v) and of 1 - s(v), for v > 0, that falls to 0 as v grows.
    """

    function: Function
    tail: Callable[[arb], arb]


SHAPES = {
    "sigmoid": Shape(torch.sigmoid, lambda v: 1 / (1 + v.exp())),
    "normal": Shape(torch.special.ndtr, lambda v: (v / arb(2).sqrt()).erfc() / 2),
    "arctan": Shape(lambda z: torch.atan(z) / math.pi + 0.5, lambda v: (1 / v).atan() / arb.pi()),
    "ramp": Shape(lambda z: (z + 0.5).clamp(0, 1), lambda v: max(arb(1) / 2 - v, arb(0))),
}


class Steps(nn.Module):
    """An elementwise activation of scaled steps of one shape (30).

    sigma_i(z_i) = c_i s(t_i z_i),  c = softplus(raw_c) > 0,  t = exp(log_t) > 0

    Args:
        width: number of neurons; raw_c and log_t have shape (width, 1).
        shape: s, a name of ``SHAPES``.

    Acts on z of shape (..., width, N).

    Raises:
        ValueError: a width below 1, an unknown shape.

    >>> Steps(3, "arctan")(torch.zeros(3, 5)).shape
    torch.Size([3, 5])
    """

    def __init__(self, width: int, shape: str = "sigmoid") -> None:
        super().__init__()
        if shape not in SHAPES:
            raise ValueError(f"shape: expected one of {', '.join(SHAPES)}, got {shape!r}")
        self.shape = shape
        self.raw_c = nn.Parameter(torch.zeros(checks.size("width", width), 1))
        self.log_t = nn.Parameter(torch.zeros(width, 1))

    def forward(self, z: Tensor) -> Tensor:
        return softplus(self.raw_c) * SHAPES[self.shape].function(torch.exp(self.log_t) * z)


@dataclass(frozen=True, eq=False)
class Nondecreasing:
    """A network f: R -> R with |f(x) - phi(x)| <= bound for all x in [0, 1].

    Attributes:
        network: f, an mGradNet of one input (7), float64.
        nodes: v_0 = 0 .. v_k = 1, a step between each two.
        bound: on the error, provided that phi is continuous and nondecreasing.
    """

    network: mGradNet
    nodes: Tensor
    bound: float

    @property
    def neurons(self) -> int:
        """k."""
        return len(self.nodes) - 1


def build(
    phi: Function,
    error: float,
    *,
    shape: str = "sigmoid",
    partition: str = "heights",
    limit: int = LIMIT,
) -> Nondecreasing:
    """Return the network (30) within the error of a continuous nondecreasing phi on [0, 1].

    f(x) = phi(0) + sum_j D_j s(t_j (x - u_j)),  D_j = phi(v_j) - phi(v_(j-1)),  j = 1 .. k (21)

    with 0 = v_0 < .. < v_k = 1, u_j the middle of step j, and t_j (v_j - v_(j-1)) / 2 = v. Let x be
    in step i. By monotonicity phi(x) is between phi(v_(i-1)) and phi(v_i) (26); step i is
    anywhere between 0 and D_i; every other one is within tail(v) of 0 or of D_j (27)-(29). Hence

    |f(x) - phi(x)| <= D_i + tail(v) (rise - D_i),  rise = phi(1) - phi(0)

    which asks for no modulus of continuity: the values at the nodes tell. Nodes at equal heights
    make every D_i = rise / k, nodes at equal widths are the paper's.

    Args:
        phi: elementwise, float64; tried at the nodes.
        error: the wanted bound.
        shape: s, a name of ``SHAPES``.
        partition: "heights" or "widths", of which the steps are equal.
        limit: the greatest k.

    Raises:
        ValueError: an error that is not positive, is too small for float64, or takes more than
            the limit; a phi that is seen to fall; an unknown shape or partition.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", Theorem 7.

    >>> near = build(torch.sqrt, 0.05)
    >>> near.neurons, near.bound <= 0.05
    (22, True)
    >>> build(torch.sqrt, 0.05, partition="widths").neurons
    562
    """
    if partition not in ("heights", "widths"):
        raise ValueError(f"partition: expected heights or widths, got {partition!r}")
    ends = values(phi, torch.tensor([0.0, 1.0], dtype=torch.float64))
    rise, rounding = (ends[1] - ends[0]).item(), 4 * MARGIN * ends.abs().sum().item()
    share = JUMP_SHARE * (wanted(error) - 2 * rounding)
    count = max(1, math.ceil(rise / share)) if share > 0 else limit + 1
    while True:
        k = affordable(count, limit, error, 1)
        nodes = (equal_heights if partition == "heights" else equal_widths)(phi, k)
        heights = values(phi, nodes)
        if heights.diff().max() <= share:
            break
        count = k + k // 4 + 1
    if nodes.diff().min() < NARROWEST:
        raise ValueError(f"error: {error} is too small for float64 at this phi")
    v = scale(shape, (wanted(error) - 2 * rounding - share) / max(rise, MARGIN))
    network = fill(nodes, heights, v, shape)
    tail = SHAPES[shape].tail(arb(v) * (1 - SLACK))
    jump = heights.diff().max().item()
    bound = above(arb(jump) + tail * (arb(rise) - jump) + rounding) * (1 + MARGIN)
    return Nondecreasing(network, nodes, bound)


def values(phi: Function, nodes: Tensor) -> Tensor:
    """Return phi at the nodes.

    Raises:
        ValueError: values of another shape or dtype, not finite, or that fall.

    >>> values(torch.cos, torch.tensor([0.0, 1.0]).double())
    Traceback (most recent call last):
        ...
    ValueError: phi: expected a nondecreasing function, got phi(1.0) - phi(0.0) = -0.459698
    """
    heights = claims.values("phi", phi(nodes), nodes.shape)
    rises = heights.diff()
    least = int(rises.argmin())
    if rises[least] < -MARGIN * heights.abs().max():
        low, high = nodes[least : least + 2].tolist()
        raise ValueError(
            f"phi: expected a nondecreasing function, got"
            f" phi({high}) - phi({low}) = {rises[least]:.6g}"
        )
    return heights


def equal_widths(_: Function, count: int) -> Tensor:
    """Return j / k, j = 0 .. k."""
    return torch.linspace(0, 1, count + 1, dtype=torch.float64)


def equal_heights(phi: Function, count: int) -> Tensor:
    """Return 0 = v_0 < .. < v_k = 1 with phi(v_j) - phi(0) near j / k of the rise, by bisection.

    >>> equal_heights(torch.sqrt, 2)
    tensor([0.0000, 0.2500, 1.0000], dtype=torch.float64)
    """
    low, high = (torch.full((count - 1,), end, dtype=torch.float64) for end in (0.0, 1.0))
    first, last = phi(torch.tensor([0.0, 1.0], dtype=torch.float64))
    wanted_heights = first + (last - first) * equal_widths(phi, count)[1:-1]
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        below = phi(middle) < wanted_heights
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    zero = torch.zeros(1, dtype=torch.float64)
    return torch.cat([zero, (low + high) / 2, zero + 1])


def scale(shape: str, tail: float) -> float:
    """Return a v at which the tail of the shape is at most the given number.

    >>> scale("ramp", 0.001), scale("sigmoid", 0.001)
    (1.0, 8.0)
    """
    if shape not in SHAPES:
        raise ValueError(f"shape: expected one of {', '.join(SHAPES)}, got {shape!r}")
    v = 1.0
    while above(SHAPES[shape].tail(arb(v) * (1 - SLACK))) > tail:
        v *= 2
    return v


def fill(nodes: Tensor, heights: Tensor, v: float, shape: str) -> mGradNet:
    """Return the network (30): W = 1, b = -u, a = phi(0)."""
    network = mGradNet(1, len(nodes) - 1, lambda m: Steps(m, shape)).double()
    c = heights.diff().clamp(min=torch.finfo(torch.float64).tiny)
    with torch.no_grad():
        network.W.fill_(1)
        network.b.copy_(-(nodes[1:] + nodes[:-1])[:, None] / 2)
        network.a.fill_(heights[0])
        # The inverse of softplus.
        network.sigma.raw_c.copy_((c + torch.log(-torch.expm1(-c)))[:, None])
        network.sigma.log_t.copy_(torch.log(2 * v / nodes.diff())[:, None])
    return network
