"""Functions of t >= 0 between two lines: low + rise t <= f <= high + climb t, in units of 2^-80.

An end without a bound is None, its slope 0. On a bounded interval the slopes are 0. A function that
``decays`` has also |f| <= m e^(-c t), with c > 0.
"""

from fractions import Fraction
from typing import NamedTuple

from verify.trusted.enclosures import ONE, Range, high_product, low_product, of_range


class Lines(NamedTuple):
    """Two lines that a function lies between, and (m, c) where it is seen to decay."""

    low: int | None
    rise: int
    high: int | None
    climb: int
    decay: tuple[int, int] | None = None

    @property
    def range(self) -> Range:
        """The range of its values."""
        return self.low if self.rise >= 0 else None, self.high if self.climb <= 0 else None

    @property
    def nonnegative(self) -> bool:
        """Whether the function is seen to be >= 0."""
        return self.low is not None and self.low >= 0 and self.rise >= 0

    def minus(self) -> "Lines":
        """Return the lines of -f."""
        low = None if self.high is None else -self.high
        return Lines(
            low, -self.climb, None if self.low is None else -self.low, -self.rise, self.decay
        )


def level(low: int | None, high: int | None, decay: tuple[int, int] | None = None) -> Lines:
    return Lines(low, 0, high, 0, decay)


def total(parts: list[tuple[Fraction, Lines]]) -> Lines:
    """Return the lines of sum q f."""
    low: int | None = 0
    high: int | None = 0
    rise = climb = 0
    for q, f in parts:
        g, c = (f, q) if q > 0 else (f.minus(), -q)
        rise, climb = rise + times(c, g.rise), climb - times(c, -g.climb)
        low = None if low is None or g.low is None else low + times(c, g.low)
        high = None if high is None or g.high is None else high - times(c, -g.high)
    return Lines(low, rise if low is not None else 0, high, climb if high is not None else 0)


def times(q: Fraction, number: int) -> int:
    """Return q times a number, rounded down."""
    return q.numerator * number // q.denominator


def product(f: Lines, g: Lines) -> Lines:
    """Return the lines of f g."""
    if not f.nonnegative and f.minus().nonnegative:
        return product(f.minus(), g).minus()
    if not g.nonnegative and g.minus().nonnegative:
        return product(f, g.minus()).minus()
    if not f.nonnegative:
        f, g = g, f
    if not f.nonnegative or f.low is None:
        return level(*of_ranges(f.range, g.range))
    least, most = g.range
    if g.nonnegative and g.low is not None:  # l m + (l s + r m) t <= (l + r t) (m + s t)
        low = low_product(f.low, g.low)
        rise = low_product(f.low, g.rise) + low_product(f.rise, g.low)
    else:
        low, rise = under(f, least)
    if most is None and f.range[1] is not None:
        high, climb = over(g, f.range[1]) if g.nonnegative else (None, 0)
    else:
        high, climb = over(f, most)
    return Lines(low, rise, high, climb)


def under(f: Lines, q: int | None) -> tuple[int | None, int]:
    """Return a line below f g for f >= 0, g >= q: that of q f."""
    if q is None:
        return None, 0
    if q < 0:
        high, climb = over(f, -q)
        return (None, 0) if high is None else (-high, -climb)
    return low_product(f.low or 0, q), low_product(f.rise, q)


def over(f: Lines, q: int | None) -> tuple[int | None, int]:
    """Return a line above f g for f >= 0, g <= q: that of q f."""
    if q is None or (q > 0 and f.high is None):
        return None, 0
    if q < 0:
        low, rise = under(f, -q)
        return (None, 0) if low is None else (-low, -rise)
    return high_product(f.high or 0, q), high_product(f.climb, q)


def of_ranges(f: Range, g: Range) -> Range:
    """Return the range of f g."""
    if f[0] is None or f[1] is None or g[0] is None or g[1] is None:
        return None, None
    ends = [a * b for a in f for b in g if a is not None and b is not None]
    return min(ends) // ONE, -(-max(ends) // ONE)


def applied(name: str, f: Lines) -> Lines:
    """Return the lines of a table function of f.

    softplus u > u, and it rises no faster; sigmoid u < e^u, and dsigmoid u < e^(-|u|). For u >= l,
    l >= 0, 1 - erf u <= e^(-l u) (DLMF 7.8.3).
    """
    if name == "1 - sigmoid":
        return applied("sigmoid", f.minus())
    if name == "1 - erf":
        rest = total([(Fraction(1), level(ONE, ONE)), (Fraction(-1), applied("erf", f))])
        least = max(f.low or 0, 0)
        square, rate = low_product(least, least), low_product(least, f.rise)
        most = of_range("exp", -square, -square)[1]
        return level(rest.low, rest.high, (most, rate) if most and rate > 0 else None)
    low, high = of_range(name, *f.range)
    if name == "softplus":
        above = f.rise > 0 and f.low is not None
        start = None if f.high is None else of_range(name, f.high, f.high)[1]
        return Lines(f.low if above else low, f.rise if above else 0, start, max(f.climb, 0))
    ends = []
    if name in ("exp", "sigmoid", "dsigmoid") and f.high is not None:
        ends.append((f.high, -f.climb))
    if name == "dsigmoid" and f.low is not None:
        ends.append((-f.low, f.rise))
    for start, rate in ends:
        most = of_range("exp", start, start)[1]
        if rate > 0 and most is not None:
            return level(low, high, (most, rate))
    return level(low, high)


def decaying(leaf: Lines, power: int, factors: list[Lines]) -> Lines | None:
    """Return the lines of w^j g_1 g_2 .. for |w| = T + t and functions g that decay, or None.

    (T + t)^j e^(-c t) falls for t >= 0 if j <= c T: it is at most T^j. Factors >= 0 only.
    """
    rates = [g.decay for g in factors if g.decay and g.nonnegative]
    sign = 1 if leaf.rise > 0 else -1
    start = leaf.low if sign > 0 else -(leaf.high or 0)
    c = sum(rate for _, rate in rates)
    if not leaf.rise or len(rates) < len(factors) or not start or c * start < power * ONE * ONE:
        return None
    most = ONE
    for number in [start] * power + [m for m, _ in rates]:
        most = high_product(most, number)
    return level(0, most) if sign > 0 or power % 2 == 0 else level(-most, 0)
