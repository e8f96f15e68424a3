"""Signs of sums, products and functions: 2 > 0, 1 >= 0, 0 not seen, -1 <= 0, -2 < 0."""

from fractions import Fraction
from typing import Any

from verify.trusted.atoms import ROWS, bound
from verify.trusted.polys import Atom

RUNNING = ("cumprod", "prod", "cummax", "cummin")  # calls: of what is > 0, or >= 0, it too


def int_sign(q: Fraction) -> int:
    return (q > 0) - (q < 0)


def times(s: int, t: int) -> int:
    """Return the sign of a product from the signs of its factors."""
    return 0 if 0 in (s, t) else int_sign(Fraction(s * t)) * min(abs(s), abs(t))


def added(signs: list[int]) -> int:
    """Return the sign of a sum from the signs of its terms."""
    if all(s > 0 for s in signs):
        return max(signs, default=1)
    return min(signs) if all(s < 0 for s in signs) else 0


def agree(ways: list[int], factor: int = 1) -> int | None:
    """Return the direction that all have, or are constant beside, times a factor."""
    found = {factor * d for d in ways} - {0}
    return found.pop() if len(found) == 1 else (None if found else 0)


def sign_of(name: str, argument: int) -> int:
    """Return the sign of name(u) from the sign of u."""
    row = ROWS[name]
    low, high = bound(row.low), bound(row.high)
    if low and low[0] >= 0:
        strict = low[0] > 0 or not low[1]
        return 2 if strict or (argument == 2 and name in ("sqrt", "relu", "step")) else 1
    if high and high[0] <= 0:
        return -1 if high[1] and not high[0] else -2
    if name in ("inv", "i1", "tanh", "erf", "atan", "asinh"):
        return argument
    return min(argument, 1) if name == "floor" else 0


def bounds_name(mono: Any, a: Atom) -> bool:
    """Return whether a monomial sums over an index of an atom."""
    return not a.free.isdisjoint(n for n, _ in mono[0])


def drop(mono: Any, a: Atom) -> Any:
    """Return a monomial without an atom."""
    return mono[0], tuple((b, e) for b, e in mono[1] if b is not a)
