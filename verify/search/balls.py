"""Numbers that enclose: rationals that are exact, balls around reals.

An entry is an exact rational (fmpq) or a ball that encloses a real number (arb); rational
operations on rationals stay exact, so that a knot that is hit exactly is decided exactly. Where a
function is undefined at a point of the argument's ball, the value is nan, which every later
operation hands on (only ``where`` may drop it).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from flint import arb, fmpq

Entry = Any  # fmpq or arb
ZERO, ONE, HALF, TWO = fmpq(0), fmpq(1), fmpq(1, 2), fmpq(2)
HEIGHT = 8000  # bits of a rational above which it is rounded to a ball


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Compute with balls of so many bits."""
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


def exact(numbers: Any) -> np.ndarray:
    """Return an array of exact rationals from floats, whole numbers or Fractions.

    >>> exact([0.5, 3])
    array([1/2, 3], dtype=object)
    """
    array = np.asarray(numbers)
    if array.dtype == object:
        return np.asarray(np.frompyfunc(rational, 1, 1)(array), dtype=object)
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError("numbers: expected finite numbers")
    distinct, places = np.unique(array, return_inverse=True)
    entries = np.array([*map(rational, distinct), None], dtype=object)  # equal ones are shared
    return np.asarray(entries[places.reshape(array.shape)], dtype=object)


def each(act: Callable[[Entry], Any], array: np.ndarray) -> np.ndarray:
    """Return act(u) for each entry, computed once where entries are the same object.

    Large tensors that are sparse, or rounded, share most of their entries.
    """
    known: dict[int, Any] = {}

    def entry(u: Entry) -> Any:
        key = id(u)
        if key not in known:
            known[key] = act(u)
        return known[key]

    return np.asarray(np.frompyfunc(entry, 1, 1)(array), dtype=object)


def rational(number: Any) -> fmpq:
    """Return a float, whole number or Fraction as fmpq."""
    return number if isinstance(number, fmpq) else fmpq(*number.as_integer_ratio())


def fraction(number: fmpq) -> Fraction:
    """Return an fmpq as a Fraction."""
    return Fraction(int(number.p), int(number.q))


def finite(entry: Entry) -> bool:
    """Tell whether an entry encloses a number."""
    return isinstance(entry, fmpq) or entry.is_finite()


def positive(entry: Entry) -> bool:
    """Tell whether every number in the ball is > 0."""
    return entry > 0


def bounds(entry: Entry) -> tuple[fmpq, fmpq] | None:
    """Return exact lower and upper bounds of an entry, None where there are no short ones."""
    if isinstance(entry, fmpq):
        return entry, entry
    if not entry.is_finite() or abs(_exponent(entry)) > HEIGHT:
        return None
    return entry.lower().fmpq(), entry.upper().fmpq()


def _exponent(u: arb) -> int:
    mid = u.mid()
    exponent = 0 if mid.is_zero() else int(mid.man_exp()[1])
    radius = u.rad()
    return max(exponent, 0 if radius.is_zero() else int(radius.man_exp()[1]), key=abs)


def tidy(u: Entry) -> Entry:
    """Return an exact ball as a rational, a rational too long as a ball, no bound as nan."""
    if isinstance(u, fmpq):
        return arb(u) if u.height_bits() > HEIGHT else u
    if not u.is_finite():
        return nan()
    if u.is_exact() and abs(_exponent(u)) < 500:
        return u.fmpq()
    return u


def ball(u: Entry) -> arb:
    """Return an entry as a ball."""
    return u if isinstance(u, arb) else arb(u)


def nan() -> Entry:
    """Return the ball that encloses nothing known."""
    return arb.nan()


def interval(lower: Entry, upper: Entry) -> arb:
    """Return a ball around two entries."""
    return ball(lower).union(ball(upper))


def square(u: Entry) -> Entry:
    """Return u^2, which is never negative."""
    if isinstance(u, fmpq) or u > 0 or u < 0 or not u.is_finite():
        return u * u
    upper = u.abs_upper()
    return interval(ZERO, upper * upper).nonnegative_part()
