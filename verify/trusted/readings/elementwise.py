"""Elementwise operations, spelled by the functions of the graph."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import torch

from verify.trusted.stairs import floors, is_whole, never_below, of_a_floor
from verify.trusted.values import Value, unreadable

Reading = Callable[..., Any]


def words(text: str) -> list[str]:
    return text.split()


def fn(name: str) -> Reading:
    return lambda u, *more: u.b.fn(name, u, *more)


exp, log, inv, sqrt, rsqrt, tanh, sigmoid, softplus, erf, gauss, sin, cos, atan = map(
    fn, words("exp log inv sqrt rsqrt tanh sigmoid softplus erf gauss sin cos atan")
)
relu, step, iszero, real_pow, where = map(fn, words("relu step iszero pow where"))
i0, i1, k0, k1, erfinv = map(fn, words("i0 i1 bessel_k0 bessel_k1 erfinv"))
NAMED = words(
    "exp log sqrt rsqrt tanh sigmoid erf sin cos atan asinh relu lgamma digamma "
    "erfinv sinc i0 special_i0e special_i1 special_i1e special_erfcx special_log_ndtr "
    "special_airy_ai special_bessel_j0 special_bessel_j1 special_bessel_y0 "
    "special_bessel_y1"
)


def maximum(a: Any, b: Any) -> Value:
    return relu(a - b) + b


def minimum(a: Any, b: Any) -> Value:
    return a - relu(a - b)


def clamp(u: Value, low: Any = None, high: Any = None, **named: Any) -> Value:
    low, high = named.get("min", low), named.get("max", high)
    low, high = None if low == -math.inf else low, None if high == math.inf else high
    u = u if low is None else maximum(u, low)
    return of_a_floor(u if high is None else minimum(u, high))


def absolute(u: Value) -> Value:
    return relu(u) + relu(-u)


def sign(u: Value) -> Value:
    return step(u) - step(-u)


def floor(u: Value) -> Value:
    found = floors(u)
    return u.b.fn("floor", u) if found is None else found


def trunc(u: Value) -> Value:
    if is_whole(u):
        return u
    if never_below(u) or never_below(-u):
        return floor(u) if never_below(u) else -floor(-u)
    return floor(relu(u)) - floor(relu(-u))


def divide(a: Value, b: Any, rounding_mode: str | None = None) -> Value:
    return {None: lambda q: q, "floor": floor, "trunc": trunc}[rounding_mode](a / b)


def power(u: Value, p: Any) -> Value:
    q = u.b.number(p)
    if q is not None and abs(q) == Fraction(1, 2):
        return sqrt(u) if q > 0 else rsqrt(u)
    if q is None or q.denominator > 1:
        return real_pow(u, p)
    if abs(q) > 64:
        raise unreadable(f"a power of {q}")
    if not q:
        return u * 0 + 1  # keeps u: where that is undefined, so is this
    return u.b.product(*[u if q > 0 else inv(u)] * abs(int(q)))


def exponential(base: Any, u: Value) -> Value:
    """base ** u for a number."""
    return exp(u * log(u.b.value(base)))


def asin(u: Value) -> Value:
    return atan(u / (sqrt(1 - u * u) + 1)) * 2


def logit(u: Value, eps: float | None = None) -> Value:
    if eps is not None and eps > 0.5:
        raise unreadable("logit between bounds in the wrong order")
    u = u if eps is None else clamp(u, eps, 1 - Fraction(eps))
    return log(u / (1 - u))


def compared(read: Reading, below: int, above: int) -> Reading:
    """A comparison, also with minus and plus infinity."""

    def with_infinity(a: Value, b: Any) -> Value:
        if isinstance(b, float) and math.isinf(b):
            return a * 0 + (below if b < 0 else above)  # keeps a, which may be undefined
        return read(a, b)

    return with_infinity


def cast(v: Value, dtype: Any = None, **_: Any) -> Value:
    before = v.b.now.args[0].meta["val"].dtype
    if dtype is None or dtype == before or dtype.is_floating_point:
        return v
    if dtype == torch.bool:
        return 1 - iszero(v)
    return trunc(v) if before.is_floating_point else v


# Activations, and the derivatives that autograd takes of them inside forward.
