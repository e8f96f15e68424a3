"""What ball arithmetic says of a map at exact points: the enclosures that settle a claim."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq

from verify.search.balls import ball, bounds, exact, finite, fraction, interval, precision
from verify.search.tangents import BALLS, Field
from verify.trusted.graph import Graph

Enclosure = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Limits:
    """How far to go: precisions in bits, parts of segments, and a time.monotonic() to end by."""

    bits: tuple[int, ...] = (128, 320, 1000, 2000)
    pieces: int = 800
    end: float = float("inf")


FULL = Limits()


@dataclass(frozen=True)
class Exact:
    """A map with exact parameters, to be enclosed at exact points (arrays of fmpq)."""

    field: Field
    params: Sequence[np.ndarray]

    def map(self, x: np.ndarray) -> np.ndarray:
        """Return enclosures of f(x)."""
        return self.field.map(self.params, x)

    def tangent(self, x: np.ndarray, ways: np.ndarray) -> np.ndarray:
        """Return enclosures of J(x) v for each direction v; nan where f is not known to be C^1."""
        return self.field.tangent(self.params, x, ways)


def exact_map(graph: Graph, sizes: Mapping[str, int], params: Sequence[Any]) -> Exact:
    """Return the map of a graph at these parameters, read as exact rationals."""
    return Exact(Field(graph, sizes, BALLS), [exact(p) for p in params])


def dot(a: np.ndarray, b: np.ndarray) -> Any:
    """Return the sum of the products of two vectors of entries."""
    return sum(a * b, fmpq(0))


def climb(enclose: Callable[[], Any], settled: Callable[[Any], bool], limits: Limits = FULL) -> Any:
    """Return the first enclosure, at growing precision, that is settled, None if none is."""
    for bits in limits.bits:
        with precision(bits):
            entry = enclose()
            if entry is None or settled(entry):
                return entry
    return None


def negative(entry: Any) -> bool:
    """Tell whether every number in the enclosure is < 0."""
    return bool(entry < 0)


def nonzero(entry: Any) -> bool:
    """Tell whether no number in the enclosure is 0."""
    return bool(entry < 0 or entry > 0)


def slope(f: Exact, x: np.ndarray, way: np.ndarray) -> Any:
    """Return an enclosure of v.J(x) v, nan where f is not known to be C^1, 0 if it seems to be."""
    form = climb(
        lambda: dot(f.tangent(x, way[None])[0], way),
        lambda entry: nonzero(entry) or not finite(entry),
    )
    return fmpq(0) if form is None else form


def product(f: Exact, x: np.ndarray, y: np.ndarray, limits: Limits = FULL) -> Enclosure | None:
    """Return an enclosure of (f(x) - f(y)).(x - y) below 0, None if there is none.

    None as well where f is not seen to be defined on the whole segment from x to y.
    """

    def enclose() -> Any:
        entry = dot(f.map(x) - f.map(y), x - y)
        return entry if finite(entry) else None

    entry = climb(enclose, negative, limits)
    if entry is None or not defined(f, x, y, limits):
        return None
    return enclosure(entry)


def asymmetry(
    f: Exact, x: np.ndarray, i: int, j: int, limits: Limits = FULL
) -> dict[str, Enclosure] | None:
    """Return enclosures of J_ij, J_ji and of their difference, which is not 0; None if none.

    None as well where an entry of f(x), be it another, is not seen to be defined.
    """
    ways = exact(np.eye(len(x))[[j, i]])

    def enclose() -> Any:
        if not all(map(finite, f.map(x))):
            return None
        by_j, by_i = f.tangent(x, ways)
        entries = by_j[i], by_i[j]
        return (*entries, entries[0] - entries[1]) if all(map(finite, entries)) else None

    entries = climb(enclose, lambda three: nonzero(three[2]), limits)
    if entries is None:
        return None
    names = ("J_ij", "J_ji", "J_ij - J_ji")
    found = {name: enclosure(u) for name, u in zip(names, entries, strict=True)}
    return None if None in found.values() else found  # type: ignore[return-value]


def settle(
    f: Exact,
    kind: str,
    points: Sequence[np.ndarray],
    pair: tuple[int, int] | None = None,
    limits: Limits = FULL,
) -> dict[str, Enclosure] | None:
    """Return the enclosures by which points refute a claim, None where they do not.

    ``kind`` "points": the product of two points is negative; "jacobian": J_ij != J_ji at a point;
    "triangle": the circulation is not 0.
    """
    if kind == "jacobian" and pair is not None:
        return asymmetry(f, points[0], *pair, limits)
    found = product(f, points[0], points[1], limits) if kind == "points" else None
    if kind == "triangle":
        found = circulation(f, points, limits)
    name = {"points": "(f(x) - f(y)).(x - y)", "triangle": "integral of f(x).dx"}[kind]
    return None if found is None else {name: found}


def defined(f: Exact, x: np.ndarray, y: np.ndarray, limits: Limits = FULL) -> bool:
    """Tell whether f is seen to be defined on the segment from x to y, by adaptive bisection."""
    todo = [(fmpq(0), fmpq(1))]
    with precision(128):
        for _ in range(limits.pieces):
            if time.monotonic() > limits.end:
                return False
            a, b = todo.pop()
            if not all(map(finite, f.map(x + interval(a, b) * (y - x)))):
                todo += [(a, (a + b) / 2), ((a + b) / 2, b)]
            if not todo:
                return True
    return False


def circulation(f: Exact, corners: Sequence[np.ndarray], limits: Limits = FULL) -> Enclosure | None:
    """Return an enclosure without 0 of the integral of f(x).dx around a polygon, None if none.

    An interval of an edge on which f is C^1 is enclosed to second order, others by the hull.
    """
    with precision(128):
        edges = list(zip(corners, [*corners[1:], corners[0]], strict=True))
        parts = [(*_integral(f, edge, fmpq(0), fmpq(1)), edge, fmpq(0), fmpq(1)) for edge in edges]
        for _ in range(limits.pieces):
            if time.monotonic() > limits.end:
                return None
            if all(part[0] < float("inf") for part in parts):
                total = sum((part[1] for part in parts), arb(0))
                if nonzero(total):
                    return enclosure(total)
            width, _, edge, a, b = parts.pop(max(range(len(parts)), key=lambda k: parts[k][0]))
            if width == 0 or b - a < fmpq(1, 1 << 40):
                return None
            middle = (a + b) / 2
            parts += [(*_integral(f, edge, *ab), edge, *ab) for ab in ((a, middle), (middle, b))]
    return None


def _integral(f: Exact, edge: tuple[np.ndarray, np.ndarray], a: fmpq, b: fmpq) -> tuple[float, arb]:
    """Return how wide an enclosure of the integral over a part of an edge is, and the enclosure."""
    x, along = edge[0], edge[1] - edge[0]
    length = b - a
    value, tangent = f.field.both(f.params, x + interval(a, b) * along, along[None])
    entry = ball(dot(value, along)) * length
    slope = ball(dot(tangent[0], along))
    if slope.is_finite():
        middle = ball(dot(f.map(x + (a + b) / 2 * along), along)) * length
        spread = (slope.upper() - slope.lower()) * length * length / 8
        second = middle + interval(-spread, spread)
        if second.is_finite() and (not entry.is_finite() or second.rad() < entry.rad()):
            # the value must be defined all along, which the hull says
            entry = second if entry.is_finite() else entry
    return (float(entry.rad()), entry) if entry.is_finite() else (float("inf"), entry)


def enclosure(entry: Any, digits: int = 40) -> Enclosure | None:
    """Return short rational bounds of an entry, rounded outwards; None where it has none.

    >>> enclosure(fmpq(1, 100), digits=4)
    (Fraction(5, 512), Fraction(11, 1024))
    """
    ends = bounds(entry)
    if ends is None:
        return None
    if ends[0] == ends[1] and ends[0].height_bits() <= digits:
        return fraction(ends[0]), fraction(ends[1])
    return _outwards(ends[0], -1, digits), _outwards(ends[1], 1, digits)


def _outwards(end: fmpq, sign: int, digits: int) -> Fraction:
    """Return a dyadic number with so many digits, below (above) a number."""
    number = fraction(end)
    if number == 0:
        return number
    shift = digits - (number.numerator.bit_length() - number.denominator.bit_length())
    scale = Fraction(2) ** shift
    whole = number * scale
    rounded = whole.__floor__() if sign < 0 else whole.__ceil__()
    return rounded / scale
