"""The table of functions by SymPy, where it knows the function."""

from collections.abc import Callable
from typing import Any

import pytest
import sympy as sp
from flint import fmpq

from verify.search.balls import ball, precision
from verify.search.elementwise import FUNCTIONS
from verify.trusted.atoms import ROWS, monomials

from .test_atoms import SMOOTH, sample

U = sp.Symbol("u", real=True)
BY_SYMPY: dict[str, Callable[[Any], Any]] = {
    "exp": sp.exp,
    "log": sp.log,
    "inv": lambda u: 1 / u,
    "sqrt": sp.sqrt,
    "rsqrt": lambda u: 1 / sp.sqrt(u),
    "tanh": sp.tanh,
    "sech2": lambda u: sp.sech(u) ** 2,
    "sigmoid": lambda u: 1 / (1 + sp.exp(-u)),
    "dsigmoid": lambda u: sp.exp(-u) / (1 + sp.exp(-u)) ** 2,
    "softplus": lambda u: sp.log(1 + sp.exp(u)),
    "erf": sp.erf,
    "gauss": lambda u: 2 / sp.sqrt(sp.pi) * sp.exp(-(u**2)),
    "sin": sp.sin,
    "cos": sp.cos,
    "atan": sp.atan,
    "cauchy": lambda u: 1 / (1 + u**2),
    "asinh": sp.asinh,
    "rhypot": lambda u: 1 / sp.sqrt(1 + u**2),
    "i0": lambda u: sp.besseli(0, u),
    "i1": lambda u: sp.besseli(1, u),
    "i0e": lambda u: sp.exp(-sp.Abs(u)) * sp.besseli(0, u),
    "i1e": lambda u: sp.exp(-sp.Abs(u)) * sp.besseli(1, u),
    "erfcx": lambda u: sp.exp(u**2) * sp.erfc(u),
    "log_ndtr": lambda u: sp.log(sp.erfc(-u / sp.sqrt(2)) / 2),
    "lgamma": sp.loggamma,
    "digamma": sp.digamma,
    "bessel_j0": lambda u: sp.besselj(0, u),
    "bessel_j1": lambda u: sp.besselj(1, u),
    "bessel_y0": lambda u: sp.bessely(0, u),
    "bessel_y1": lambda u: sp.bessely(1, u),
    "bessel_k0": lambda u: sp.besselk(0, u),
    "bessel_k1": lambda u: sp.besselk(1, u),
    "airy_ai": sp.airyai,
    "sinc": lambda u: sp.sin(sp.pi * u) / (sp.pi * u),
    "spherical_j0": lambda u: sp.sin(u) / u,
    "relu": lambda u: sp.Max(u, 0),
    "step": lambda u: sp.Piecewise((1, u > 0), (0, True)),
    "iszero": lambda u: sp.KroneckerDelta(u, 0),
    "floor": sp.floor,
}


def rational(u: fmpq) -> Any:
    return sp.Rational(int(u.p), int(u.q))


@pytest.mark.parametrize("name", sorted(ROWS.keys() - {"round"}))
def test_values_and_derivatives_by_sympy(name: str) -> None:
    row, act = ROWS[name], BY_SYMPY[name]
    with precision(200):
        for u in sample(row):
            exact = sp.N(act(rational(u)), 40)
            found = ball(FUNCTIONS[name](u))
            assert (
                abs(float(sp.N(exact - sp.Float(found.mid().str(45, radius=False), 45), 40)))
                < 1e-30
            )
    if name in SMOOTH and name != "relu":
        claim = sum(
            sp.Rational(q.numerator, q.denominator)
            * sp.Mul(*(U if f == "u" else BY_SYMPY[f](U) for f in names))
            for q, names in monomials(row.derivative)
        )
        difference = sp.diff(act(U), U) - claim
        for u in sample(row):
            assert abs(sp.N(difference.subs(U, rational(u)), 40)) < 1e-30
