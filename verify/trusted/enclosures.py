"""Numbers that a function's values lie between, as whole multiples of 2^-80.

Lower bounds are rounded down and upper ones up. A range (low, high) has None for an end without a
bound. Each function of a point returns two numbers that its value lies between.
"""

from collections.abc import Callable
from fractions import Fraction
from math import isqrt

from verify.trusted.atoms import ROWS, bound

BITS = 80
ONE = 1 << BITS
FAR = 64 * ONE  # e^u is bounded by e^64 from there on
HALVINGS = 7  # |u| / 2^7 <= 1/2 for |u| <= 64
TERMS = 24  # (1/2)^24 / 24! < 2^-100
ROOT = ("1.12837916709551257389615890312", "1.12837916709551257389615890313")  # 2 / sqrt(pi)

Range = tuple[int | None, int | None]


def down(q: Fraction) -> int:
    return q.numerator * ONE // q.denominator


def up(q: Fraction) -> int:
    return -down(-q)


def low_product(a: int, b: int) -> int:
    return a * b >> BITS


def high_product(a: int, b: int) -> int:
    return -(-a * b >> BITS)


def exp(u: int) -> tuple[int, int]:
    """e^|u| = (e^v)^128, v = |u| / 128 <= 1/2, by Taylor's sum: after 24 terms, < 2 next terms."""
    if u < 0:
        low, high = exp(-u)
        return (ONE * ONE // high if u >= -FAR else 0), -(-ONE * ONE // low)
    u = min(u, FAR)
    v, w = u >> HALVINGS, -(-u >> HALVINGS)
    low, high, term, more = ONE, ONE, ONE, ONE
    for n in range(1, TERMS):
        term, more = low_product(term, v) // n, -(-high_product(more, w) // n)
        low, high = low + term, high + more
    high += 2 * more
    for _ in range(HALVINGS):
        low, high = low_product(low, low), high_product(high, high)
    return low, high


def atanh(above: int, below: int) -> tuple[int, int]:
    """2 atanh z = 2 sum z^(2n+1) / (2n+1) for z = above / below from 0 to 1/3.

    The terms after the 30th are together below its power of z, times 2.
    """
    z, y = above * ONE // below, -(-above * ONE // below)
    square, square_above = low_product(z, z), high_product(y, y)
    low, high, power, more = 0, 0, z, y
    for n in range(30):
        low, high = low + power // (2 * n + 1), high - (-more // (2 * n + 1))
        power, more = low_product(power, square), high_product(more, square_above)
    return 2 * low, 2 * (high + 2 * more)


LOG_2 = atanh(ONE, 3 * ONE)


def log(u: int) -> tuple[int, int]:
    """log u = k log 2 + log m, 1 <= m < 2, u > 0."""
    k = u.bit_length() - 1 - BITS
    m = (u >> k, -(-u >> k)) if k >= 0 else (u << -k, u << -k)
    low, high = atanh(m[0] - ONE, m[0] + ONE)
    high = high if m[0] == m[1] else atanh(m[1] - ONE, m[1] + ONE)[1]
    return low + k * LOG_2[k < 0], high + k * LOG_2[k >= 0]


def softplus(u: int) -> tuple[int, int]:
    """log(1 + e^-|u|) + max(u, 0)."""
    low, high = exp(-abs(u))
    return log(ONE + low)[0] + max(u, 0), log(ONE + high)[1] + max(u, 0)


def sigmoid(u: int) -> tuple[int, int]:
    """1 / (1 + e^-|u|), or 1 less that."""
    low, high = exp(-abs(u))
    low, high = ONE * ONE // (ONE + high), -(-ONE * ONE // (ONE + low))
    return (low, high) if u >= 0 else (ONE - high, ONE - low)


def dsigmoid(u: int) -> tuple[int, int]:
    """s (1 - s) for s = sigmoid(|u|) >= 1/2, where it falls in s."""
    low, high = sigmoid(abs(u))
    low, high = max(low, ONE // 2), min(high, ONE)
    return low_product(high, ONE - high), high_product(low, ONE - low)


def erf(u: int) -> tuple[int, int]:
    """2 / sqrt(pi) e^(-u^2) sum_n 2^n u^(2n+1) / (2n+1)!! for 0 <= u < 5 (DLMF 7.6.2).

    At n = 110 a term is less than half of the one before, and so are all after it. From 5 on
    1 - e^(-u^2) < erf u < 1 (DLMF 7.8.3: erfc u < e^(-u^2)).
    """
    if u < 0:
        low, high = erf(-u)
        return -high, -low
    square = (low_product(u, u), high_product(u, u))
    least, most = exp(-square[1])[0], exp(-square[0])[1]
    if u >= 5 * ONE:
        return ONE - most, ONE
    low, high, term, more = u, u, u, u
    for n in range(1, 111):
        term = low_product(term, 2 * square[0]) // (2 * n + 1)
        more = -(-high_product(more, 2 * square[1]) // (2 * n + 1))
        low, high = low + term, high + more
    roots = down(Fraction(ROOT[0])), up(Fraction(ROOT[1]))
    low = low_product(low_product(low, least), roots[0])
    return low, min(high_product(high_product(high + more, most), roots[1]), ONE)


RISING: dict[str, Callable[[int], tuple[int, int]]] = {
    "exp": exp,
    "softplus": softplus,
    "sigmoid": sigmoid,
    "erf": erf,
}


def of_range(name: str, low: int | None, high: int | None) -> Range:
    """Return the range of a table function's values over a range of arguments."""
    row = ROWS[name]
    least, most = bound(row.low), bound(row.high)
    ends = (down(least[0]) if least else None, up(most[0]) if most else None)
    if name in RISING:
        f = RISING[name]
        far = name == "exp" and high is not None and high > FAR
        return (
            ends[0] if low is None else f(low)[0],
            ends[1] if high is None or far else f(high)[1],
        )
    if name == "dsigmoid":
        far = None if low is None or high is None else max(-low, high)
        near = max(low or 0, -(high or 0), 0)
        return (0 if far is None else dsigmoid(far)[0]), dsigmoid(near)[1]
    if name == "gauss" and low == high == 0:
        return down(Fraction(ROOT[0])), up(Fraction(ROOT[1]))
    if name == "relu":
        return max(low or 0, 0), None if high is None else max(high, 0)
    if name == "step":
        return int(low is not None and low > 0) * ONE, int(high is None or high > 0) * ONE
    if name in ("log", "sqrt", "inv"):
        return of_half_line(name, low, high)
    return ends


def of_half_line(name: str, low: int | None, high: int | None) -> Range:
    """Return the range of a function that is defined on numbers of a sign, if all are of one."""
    if name == "inv" and high is not None and high < 0:
        least, most = of_half_line(name, -high, None if low is None else -low)
        return None if most is None else -most, None if least is None else -least
    if low is None or low < (name != "sqrt"):
        return None, None
    if name == "inv":
        return (0 if high is None else ONE * ONE // high), -(-ONE * ONE // low)
    if name == "sqrt":
        return isqrt(low * ONE), None if high is None else isqrt(high * ONE) + 1
    return log(low)[0], None if high is None else log(high)[1]
