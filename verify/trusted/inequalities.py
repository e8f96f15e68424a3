"""Bounds of atoms: ranges, and tangents of convex functions, by rational numbers and logarithms."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import isqrt, prod
from typing import TYPE_CHECKING, Any

from verify.trusted.atoms import ROWS, bound
from verify.trusted.functions import least
from verify.trusted.polys import ONE, Atom, Poly

if TYPE_CHECKING:
    from verify.trusted.bounds import Bounds

Limit = tuple[Fraction, bool] | None
TERMS = 40  # of the series of a logarithm
ROOTS = ("sqrt", "inv")
SCALE = 2**64  # of a root that is rounded down
LONG = 256  # digits of a number whose logarithm is enclosed, in base 2


def between(a: Atom) -> tuple[Limit, Limit]:
    """Return bounds of an atom's values as (value, attained), None where there is none."""
    q = a.args[0].constant if a.head == "log" else None
    if q is not None and q > 0 and max(q.numerator, q.denominator).bit_length() <= LONG:
        low, high = enclosed(q)
        return (low, True), (high, True)
    least_inside = below(a.args[0]) if a.head in ROOTS else Fraction(0)
    if least_inside > 0:
        return far_from_zero(a.head, least_inside)
    row = ROWS.get(a.head)
    return (bound(row.low), bound(row.high)) if row else (None, None)


def far_from_zero(head: str, low: Fraction) -> tuple[Limit, Limit]:
    """Return bounds of sqrt u, or of 1 / u, for u >= low > 0."""
    if head == "inv":
        return (Fraction(0), False), (1 / low, True)
    return (root_below(low), True), None


def below(p: Poly) -> Fraction:
    """Return a number l >= 0 with l <= p: of terms that are all >= 0, what some are not below.

    Those are numbers, and multiples of products of atoms that are themselves >= 0 by ``between``.
    """
    if not least(p):
        return Fraction(0)
    found = p.terms.get(ONE, Fraction(0))
    for (bounds, factors), q in p.terms.items():
        if factors and not bounds and all(a.head in ROOTS for a, _ in factors):
            lows = [(low, e) for a, e in factors for low in [between(a)[0]]]
            found += q * prod(max(low[0], Fraction(0)) ** e if low else 0 for low, e in lows)
    return found


def root_below(q: Fraction) -> Fraction:
    """Return a number r >= 0 with r^2 <= q, the root where that is rational."""
    r = Fraction(isqrt(q.numerator), isqrt(q.denominator))
    if r * r == q:
        return r
    return Fraction(isqrt(q.numerator * SCALE**2 // q.denominator), SCALE)


def enclosed(q: Fraction) -> tuple[Fraction, Fraction]:
    """Return numbers that log q lies between: q = 2^k m, 1/2 < m < 2, and log m by its series.

    log m = 2 sum_n z^(2n+1) / (2n+1) with z = (m-1) / (m+1), |z| < 1/3; the terms left out are
    together below the last power of |z|.
    """
    k = q.numerator.bit_length() - q.denominator.bit_length()
    parts = [(k, Fraction(1, 3)), (1, (q - 2**k) / (q + 2**k) if k >= 0 else scaled(q, -k))]
    middle, radius = Fraction(0), Fraction(0)
    for times, z in parts:
        middle += times * 2 * sum(z ** (2 * n + 1) / (2 * n + 1) for n in range(TERMS))
        radius += abs(times) * abs(z) ** (2 * TERMS)
    return middle - radius, middle + radius


def scaled(q: Fraction, k: int) -> Fraction:
    return (q * 2**k - 1) / (q * 2**k + 1)


def slopes(u: Poly, k: Poly, r: Poly) -> Iterator[Fraction]:
    """Yield the slopes t > 0 for which a monomial of k t u + r is gone, and 1/2 and 1."""
    yield Fraction(1)
    yield Fraction(1, 2)
    for m, q in u.terms.items() if k.constant else ():
        t = -r.terms.get(m, Fraction(0)) / (q * (k.constant or 1))
        if t > 0 and t not in (1, Fraction(1, 2)):
            yield t


Bounding = Callable[["Bounds", Poly, Poly, Poly, int], Iterator[tuple[int, Poly]]]


def of_exp(signs: "Bounds", u: Poly, k: Poly, r: Poly, depth: int) -> Iterator[tuple[int, Poly]]:
    """e^u >= t (u + 1 - log t) for t > 0, the tangent at log t; e^u <= 1 for u <= 0."""
    ring = signs.ring
    for t in slopes(u, k, r):
        off = ring.add((t, ring.number(1)), (-t, ring.of("log", ring.number(t))))
        yield 1, ring.add((t, u), (1, off))
    if signs.sign_by_corners(u, depth) <= -1:
        yield -1, ring.number(1)


def of_softplus(
    signs: "Bounds", u: Poly, k: Poly, r: Poly, depth: int
) -> Iterator[tuple[int, Poly]]:
    """log(1 + e^u) >= max(u, 0); >= t u - t log t - (1-t) log(1-t), 0 < t < 1, a tangent too."""
    ring = signs.ring
    yield 1, ring.of("relu", u)
    yield 1, u
    for t in slopes(u, k, r):
        if t < 1:
            logs = [(-q, ring.of("log", ring.number(q))) for q in (t, 1 - t)]
            yield 1, ring.add((t, u), *logs)


def of_log(signs: "Bounds", u: Poly, k: Poly, r: Poly, depth: int) -> Iterator[tuple[int, Poly]]:
    """log u <= t u - 1 - log t for t > 0, the tangent at 1 / t."""
    ring = signs.ring
    for t in slopes(u, k, r):
        yield (
            -1,
            ring.add((t, u), (-1, ring.number(1)), (-1, ring.of("log", ring.number(t)))),
        )


def of_cos(signs: "Bounds", u: Poly, k: Poly, r: Poly, depth: int) -> Iterator[tuple[int, Poly]]:
    """cos u >= 1 - u^2 / 2."""
    ring = signs.ring
    yield 1, ring.add((1, ring.number(1)), (Fraction(-1, 2), ring.mul(u, u)))


def of_floor(signs: "Bounds", u: Poly, k: Poly, r: Poly, depth: int) -> Iterator[tuple[int, Poly]]:
    """u - 1 < floor u <= u."""
    ring = signs.ring
    yield -1, u
    yield 1, ring.add((1, u), (-1, ring.number(1)))


TANGENTS: dict[Any, Bounding] = {
    "E": of_exp, "softplus": of_softplus, "log": of_log, "cos": of_cos, "floor": of_floor,
}  # fmt: skip
