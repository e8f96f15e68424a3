"""The orthogonal polynomials of torch.special, of degrees known as numbers, by their recurrences.

p_0 = 1, p_1 = a u + b, p_{k+1} = (A_k u + B_k) p_k - C_k p_{k-1} (DLMF 18.9.1 and Table 18.9.1, for
the third and fourth kinds of Chebyshev 18.9.10 to 18.9.12).
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from verify.trusted.readings.elementwise import Reading
from verify.trusted.values import Value, unreadable

Step = Callable[[int], tuple[Fraction | int, Fraction | int, Fraction | int]]
HIGHEST = 16


def chebyshev(_: int) -> tuple[int, int, int]:
    return 2, 0, 1


def legendre(k: int) -> tuple[Fraction, int, Fraction]:
    return Fraction(2 * k + 1, k + 1), 0, Fraction(k, k + 1)


def laguerre(k: int) -> tuple[Fraction, Fraction, Fraction]:
    return Fraction(-1, k + 1), Fraction(2 * k + 1, k + 1), Fraction(k, k + 1)


def polynomial(a: int, b: int, step: Step) -> Reading:
    def read(u: Value, n: Any) -> Value:
        degree = u.b.number(n)
        if degree is None or degree.denominator > 1 or not 0 <= degree <= HIGHEST:
            raise unreadable(f"a polynomial of degree {n}")
        before, p = u.b.value(0).lay(u.axes), u.b.value(1).lay(u.axes)
        for k in range(int(degree)):
            slope, shift, back = step(k) if k else (a, b, 0)
            before, p = p, u.b.linear((slope, u * p), (shift, p), (-Fraction(back), before))
        return p

    return read


def shifted(read: Reading) -> Reading:
    return lambda u, n: read(u * 2 - 1, n)


KINDS = {
    "chebyshev_polynomial_t": polynomial(1, 0, chebyshev),
    "chebyshev_polynomial_u": polynomial(2, 0, chebyshev),
    "chebyshev_polynomial_v": polynomial(2, -1, chebyshev),
    "chebyshev_polynomial_w": polynomial(2, 1, chebyshev),
    "hermite_polynomial_h": polynomial(2, 0, lambda k: (2, 0, 2 * k)),
    "hermite_polynomial_he": polynomial(1, 0, lambda k: (1, 0, k)),
    "laguerre_polynomial_l": polynomial(-1, 1, laguerre),
    "legendre_polynomial_p": polynomial(1, 0, legendre),
}
POLYNOMIALS: dict[str, Reading] = {
    **{f"special_{name}": read for name, read in KINDS.items()},
    **{f"special_shifted_{name}": shifted(r) for name, r in KINDS.items() if "chebyshev" in name},
}
