"""The derivatives of the elementwise functions, each by functions of the same table."""

from collections.abc import Callable
from typing import Any

Apply = Callable[..., Any]  # apply(name, *arrays)


def _sinc(f: Apply, u: Any) -> Any:
    pi = f("atan", 0 * u + 1) * 4
    return (f("cos", pi * u) - f("sinc", u)) * f("inv", u)


def _tail(f: Apply, u: Any) -> Any:
    """Return the derivative sqrt(2 / pi) / erfcx(-u / sqrt(2)) of log_ndtr."""
    half = f("rsqrt", 0 * u + 2)
    return f("gauss", 0 * u) * half * f("inv", f("erfcx", -u * half))


def _sign(f: Apply, u: Any) -> Any:
    return f("step", u) - f("step", -u)


DERIVATIVES: dict[str, Callable[[Apply, Any], Any]] = {
    "exp": lambda f, u: f("exp", u),
    "log": lambda f, u: f("inv", u),
    "inv": lambda f, u: -f("inv", u) * f("inv", u),
    "sqrt": lambda f, u: f("rsqrt", 4 * u),
    "rsqrt": lambda f, u: -f("rsqrt", 4 * u) * f("inv", u),
    "tanh": lambda f, u: f("sech2", u),
    "sech2": lambda f, u: -2 * f("tanh", u) * f("sech2", u),
    "sigmoid": lambda f, u: f("dsigmoid", u),
    "dsigmoid": lambda f, u: f("dsigmoid", u) * (1 - 2 * f("sigmoid", u)),
    "softplus": lambda f, u: f("sigmoid", u),
    "erf": lambda f, u: f("gauss", u),
    "gauss": lambda f, u: -2 * u * f("gauss", u),
    "sin": lambda f, u: f("cos", u),
    "cos": lambda f, u: -f("sin", u),
    "atan": lambda f, u: f("cauchy", u),
    "cauchy": lambda f, u: -2 * u * f("cauchy", u) * f("cauchy", u),
    "asinh": lambda f, u: f("rhypot", u),
    "rhypot": lambda f, u: -u * f("rhypot", u) * f("cauchy", u),
    "i0": lambda f, u: f("i1", u),
    "i1": lambda f, u: f("i0", u) - f("i1", u) * f("inv", u),
    "i0e": lambda f, u: f("i1e", u) - _sign(f, u) * f("i0e", u),
    "i1e": lambda f, u: f("i0e", u) - f("i1e", u) * (_sign(f, u) + f("inv", u)),
    "erfcx": lambda f, u: 2 * u * f("erfcx", u) - f("gauss", 0 * u),
    "log_ndtr": _tail,
    "lgamma": lambda f, u: f("digamma", u),
    "digamma": lambda f, u: f("trigamma", u),
    "erfinv": lambda f, u: f("inv", f("gauss", f("erfinv", u))),
    "airy_ai": lambda f, u: f("airy_ai_prime", u),
    "bessel_j0": lambda f, u: -f("bessel_j1", u),
    "bessel_j1": lambda f, u: f("bessel_j0", u) - f("bessel_j1", u) * f("inv", u),
    "bessel_y0": lambda f, u: -f("bessel_y1", u),
    "bessel_y1": lambda f, u: f("bessel_y0", u) - f("bessel_y1", u) * f("inv", u),
    "bessel_k0": lambda f, u: -f("bessel_k1", u),
    "bessel_k1": lambda f, u: -f("bessel_k0", u) - f("bessel_k1", u) * f("inv", u),
    "sinc": _sinc,
    "spherical_j0": lambda f, u: (f("cos", u) - f("spherical_j0", u)) * f("inv", u),
    "relu": lambda f, u: f("step", u),
    "step": lambda f, u: 0 * u,
    "floor": lambda f, u: 0 * u,
    "round": lambda f, u: 0 * u,
    "iszero": lambda f, u: 0 * u,
}

JUMPS = ("step", "floor", "round", "iszero", "hardmax")
KINKS = ("relu", "i0e", *JUMPS)


def partials(f: Apply, name: str, arguments: list[Any]) -> list[Any]:
    """Return the derivative of a function by each of its arguments, for all but ``where``.

    >>> from verify.search.functions import function
    >>> import numpy as np
    >>> partials(function, "sin", [np.array([0.0])])
    [array([1.])]
    """
    if name == "pow":
        u, v = arguments
        return [v * f("pow", u, v - 1), f("log", u) * f("pow", u, v)]
    return [DERIVATIVES[name](f, *arguments)]
