"""The elementwise functions of a graph in ball arithmetic.

Where a function jumps inside the argument's ball, the value is the hull of both sides.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from flint import arb, fmpq
from flint.utils.flint_exceptions import DomainError

from verify.search.balls import (
    ONE,
    ZERO,
    Entry,
    ball,
    bounds,
    each,
    finite,
    fraction,
    interval,
    nan,
    positive,
    square,
    tidy,
)


def _wide(u: Entry) -> bool:
    return isinstance(u, arb) and u.is_finite() and u.rad() > 1e-9


def increasing(act: Callable[[arb], arb]) -> Callable[[Entry], arb]:
    """Return an enclosure of an increasing function that is tight on wide balls."""

    def tight(u: Entry) -> arb:
        if _wide(u):
            return act(u.lower()).union(act(u.upper()))
        return act(ball(u))

    return tight


def even(act: Callable[[arb], arb]) -> Callable[[Entry], arb]:
    """Return an enclosure of an even function that is monotone in |u|, tight on wide balls."""

    def tight(u: Entry) -> arb:
        if _wide(u):
            return act(u.abs_lower()).union(act(u.abs_upper()))
        return act(ball(u))

    return tight


def falling(act: Callable[[arb], arb]) -> Callable[[Entry], arb]:
    """Return an enclosure of a decreasing function that is tight on wide balls."""
    tight = increasing(lambda u: -act(u))
    return lambda u: -tight(u)


def slow(act: Callable[[arb], arb], bound: int) -> Callable[[Entry], arb]:
    """Return an enclosure of a function with |f'| <= bound: wide balls may cost arb seconds."""

    def quick(u: Entry) -> arb:
        if not _wide(u):
            return act(ball(u))
        radius = u.rad() * bound
        return act(u.mid()) + interval(-radius, radius)

    return quick


def _guard(condition: Callable[[Entry], bool], act: Callable[[Entry], Entry]) -> Any:
    return lambda u: act(u) if condition(u) else nan()


def inverse(u: Entry) -> Entry:
    """Return 1 / u."""
    return ONE / u if u != 0 and (isinstance(u, fmpq) or u > 0 or u < 0) else nan()


def root(u: Entry) -> Entry:
    """Return the square root."""
    if not u >= 0:
        return nan()
    if isinstance(u, fmpq):
        try:
            return u.sqrt()
        except DomainError:
            return arb(u).sqrt()
    return increasing(lambda v: v.sqrt())(u)


def _sigmoid(u: arb) -> arb:
    return 1 / (1 + (-u).exp())


def _softplus(u: arb) -> arb:
    return u + (-u).exp().log1p() if u > 0 else u.exp().log1p()


def _erfcx(u: arb) -> arb:
    return (u * u).exp() * u.erfc()


def _i1e(u: Entry) -> arb:
    return (-abs(ball(u))).exp() * ball(u).bessel_i(1)


def _i0e(u: arb) -> arb:
    return (-abs(u)).exp() * u.bessel_i(0)


def _lgamma(u: Entry) -> arb:
    u = ball(u)
    if u > 0:
        return u.lgamma()
    gamma = abs(u.gamma())
    return gamma.log() if gamma.is_finite() and gamma > 0 else nan()


def _trigamma(u: Entry) -> arb:
    u = ball(u)
    if u > 0:
        return arb(2).zeta(u)
    sine = u.sin_pi()
    return inverse(square(sine)) * arb.pi() ** 2 - arb(2).zeta(1 - u)


def relu(u: Entry) -> Entry:
    """Return max(u, 0)."""
    if u > 0:
        return u
    if u <= 0:
        return ZERO
    return interval(ZERO, u.upper()) if u.is_finite() else nan()


def _hull(u: Entry) -> Entry:
    return interval(ZERO, ONE) if u.is_finite() else nan()


def step(u: Entry) -> Entry:
    """Return 1 where u > 0, 0 where u <= 0."""
    return ONE if u > 0 else ZERO if u <= 0 else _hull(u)


def iszero(u: Entry) -> Entry:
    """Return 1 where u = 0, else 0."""
    if isinstance(u, fmpq):
        return ONE if u == 0 else ZERO
    return ZERO if u > 0 or u < 0 else _hull(u)


def _rounding(act: Callable[[fmpq], Any]) -> Callable[[Entry], Entry]:
    def rounded(u: Entry) -> Entry:
        if isinstance(u, fmpq):
            return fmpq(act(u))
        ends = bounds(u)
        if ends is None:
            return nan()
        lower, upper = (fmpq(act(end)) for end in ends)
        return lower if lower == upper else interval(lower, upper)

    return rounded


def _half_even(u: fmpq) -> int:
    return round(fraction(u))


def power(u: Entry, v: Entry) -> Entry:
    """Return u^v for u > 0, or u >= 0 and v > 0."""
    if u > 0:
        if isinstance(u, fmpq) and isinstance(v, fmpq) and v.q == 1 and abs(v) < 64:
            return u ** int(v.p)
        return (ball(v) * ball(u).log()).exp()
    if not (u >= 0 and v > 0):
        return nan()
    if u == 0:
        return ZERO
    return interval(ZERO, power(u.upper(), v).upper())


def where(c: Entry, a: Entry, b: Entry) -> Entry:
    """Return a where c != 0, else b; the other one need not be defined."""
    if c > 0 or c < 0:
        return a
    if isinstance(c, fmpq):
        return b
    return interval(a, b) if c.is_finite() and finite(a) and finite(b) else nan()


FUNCTIONS: dict[str, Callable[..., Entry]] = {
    "exp": increasing(lambda u: u.exp()),
    "log": _guard(positive, increasing(lambda u: u.log())),
    "inv": inverse,
    "sqrt": root,
    "rsqrt": _guard(positive, lambda u: inverse(root(u))),
    "tanh": increasing(lambda u: u.tanh()),
    "sech2": even(lambda u: 4 * _sigmoid(2 * u) * _sigmoid(-2 * u)),
    "sigmoid": increasing(_sigmoid),
    "dsigmoid": even(lambda u: _sigmoid(u) * _sigmoid(-u)),
    "softplus": increasing(_softplus),
    "erf": increasing(lambda u: u.erf()),
    "gauss": even(lambda u: 2 * (-u * u).exp() / arb.const_sqrt_pi()),
    "sin": lambda u: ball(u).sin(),
    "cos": lambda u: ball(u).cos(),
    "atan": increasing(lambda u: u.atan()),
    "cauchy": lambda u: inverse(ONE + square(u)),
    "asinh": increasing(lambda u: u.asinh()),
    "rhypot": lambda u: inverse(root(ONE + square(u))),
    "i0": even(lambda u: u.bessel_i(0)),
    "i1": increasing(lambda u: u.bessel_i(1)),
    "i0e": even(_i0e),
    "i1e": slow(_i1e, 1),  # |f'| <= exp(-|u|) I_0
    "erfcx": falling(_erfcx),
    "log_ndtr": increasing(lambda u: ((-u / arb(2).sqrt()).erfc() / 2).log()),
    "lgamma": _lgamma,
    "digamma": lambda u: ball(u).digamma(),
    "trigamma": _trigamma,
    "erfinv": _guard(lambda u: u < 1 and u > -1, increasing(lambda u: u.erfinv())),
    "airy_ai": lambda u: ball(u).airy_ai(),
    "airy_ai_prime": lambda u: ball(u).airy_ai(derivative=1),
    "bessel_j0": slow(lambda u: u.bessel_j(0), 1),  # |J_n| <= 1
    "bessel_j1": slow(lambda u: u.bessel_j(1), 1),
    "bessel_y0": _guard(positive, lambda u: ball(u).bessel_y(0)),
    "bessel_y1": _guard(positive, lambda u: ball(u).bessel_y(1)),
    "bessel_k0": _guard(positive, falling(lambda u: u.bessel_k(0))),
    "bessel_k1": _guard(positive, falling(lambda u: u.bessel_k(1))),
    "sinc": slow(lambda u: u.sinc_pi(), 2),
    "spherical_j0": slow(lambda u: u.sinc(), 1),
    "relu": relu,
    "step": step,
    "floor": _rounding(lambda u: u.floor()),
    "round": _rounding(_half_even),
    "iszero": iszero,
    "pow": power,
    "where": where,
}


def function(name: str, *arguments: np.ndarray) -> np.ndarray:
    """Return an elementwise function of arrays of entries.

    >>> from verify.search.balls import exact
    >>> function("relu", exact([-1.0, 2.0]))
    array([0, 2], dtype=object)
    """
    act = FUNCTIONS[name]

    def entry(*entries: Entry) -> Entry:
        # some functions of arb are finite at nan: an undefined argument must not go unseen
        if name != "where" and not all(finite(u) for u in entries):
            return nan()
        return tidy(act(*entries))

    if len(arguments) == 1 and np.size(arguments[0]) > 64:
        return each(entry, arguments[0])
    return np.asarray(np.frompyfunc(entry, len(arguments), 1)(*arguments), dtype=object)
