"""What a construction returns: the network, its proved bounds, and how to measure beside them."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gradnets.constructive.targets import Composition, Function, Ridges, Target, constant

LIMIT = 2**16
NUMBERS_AT_ONCE = 2**22


@dataclass(frozen=True, eq=False)
class Approximation:
    """A network f near the gradient of F on the cube [0, 1]^n.

    |f(x) - grad F(x)| <= bound and |potential(x) - F(x)| <= potential_bound for all x in the cube,
    with grad potential = f, provided that what the target claims is true.

    Attributes:
        target: F.
        network: f, float64.
        neurons: how many.
        bound: on the Euclidean norm of the gradient's error.
        potential_bound: on the potential's error.
        potential: a potential of f, (..., n) -> (...); None where it has no closed form, then
            potential_bound is for the potential that agrees with F at the centre of the cube.
    """

    target: Target | Ridges | Composition
    network: nn.Module
    neurons: int
    bound: float
    potential_bound: float
    potential: Function | None


def measured_error(approximation: Approximation, points: Tensor) -> float:
    """Return the greatest |f(x) - grad F(x)| over the points, shape (N, n), float64.

    A measurement, to stand beside ``approximation.bound``, which it cannot replace.

    Raises:
        ValueError: points of another shape, or outside of the cube.
        TypeError: points of another dtype than float64.
    """
    parts = cube(approximation, points).split(chunk(approximation))
    with torch.no_grad():
        errors = [approximation.network(x) - approximation.target.gradient(x) for x in parts]
    return torch.cat(errors).norm(dim=-1).max().item()


def measured_potential_error(approximation: Approximation, points: Tensor) -> float:
    """Return the greatest |potential(x) - F(x)| over the points, shape (N, n), float64.

    Raises:
        ValueError: as :func:`measured_error`, or the potential has no closed form.
        TypeError: points of another dtype than float64.
    """
    if approximation.potential is None:
        raise ValueError("approximation: expected one whose potential has a closed form")
    parts = cube(approximation, points).split(chunk(approximation))
    with torch.no_grad():
        errors = [approximation.potential(x) - approximation.target.potential(x) for x in parts]
    return torch.cat(errors).abs().max().item()


def chunk(approximation: Approximation) -> int:
    """Return how many points are computed at once."""
    return max(1, NUMBERS_AT_ONCE // approximation.neurons)


def cube(approximation: Approximation, points: Tensor) -> Tensor:
    """Return the points if they lie in the cube of the target's dimension."""
    n = approximation.target.dim
    if points.dtype != torch.float64:
        raise TypeError(f"points: expected dtype torch.float64, got {points.dtype}")
    if points.ndim != 2 or points.shape[-1] != n or len(points) == 0:
        raise ValueError(f"points: expected shape (N, {n}), N >= 1, got {tuple(points.shape)}")
    if not ((points >= 0) & (points <= 1)).all():
        raise ValueError("points: expected points of [0, 1]^n, got some outside")
    return points


def wanted(error: float) -> float:
    """Return the wanted error if it is a positive finite number.

    Raises:
        ValueError: naming the value.

    >>> wanted(0)
    Traceback (most recent call last):
        ...
    ValueError: error: expected a positive number, got 0
    """
    if constant("error", error) == 0:
        raise ValueError(f"error: expected a positive number, got {error!r}")
    return float(error)


def affordable(neurons: int, limit: int, error: float, n: int) -> int:
    """Return the number of neurons if it is within the limit.

    Raises:
        ValueError: naming n, the error and the number; a limit above 2^16, beyond which the
            margin for rounding would not do.

    >>> affordable(10**9, 1000, 0.001, 3)
    Traceback (most recent call last):
        ...
    ValueError: error: 0.001 in dimension n = 3 takes 1000000000 neurons, more than limit = 1000
    """
    if not 1 <= limit <= LIMIT:
        raise ValueError(f"limit: expected an integer from 1 to {LIMIT}, got {limit!r}")
    if neurons > limit:
        raise ValueError(
            f"error: {error} in dimension n = {n} takes {neurons} neurons,"
            f" more than limit = {limit}"
        )
    return neurons
