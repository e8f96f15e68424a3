"""The orthogonal polynomials of torch.special against torch, and by SymPy."""

from fractions import Fraction
from typing import Any

import pytest
import sympy as sp
import torch
from torch import Tensor

from verify import decide
from verify.trusted.readings.polynomials import HIGHEST, KINDS, POLYNOMIALS
from verify.trusted.trace import TraceError, trace

from .test_aten import Map, agree, knots

SHIFTED = [name.removeprefix("special_") for name in POLYNOMIALS if "shifted" in name]
U = sp.Symbol("u")
BY_SYMPY: dict[str, Any] = {
    "chebyshev_polynomial_t": sp.chebyshevt,
    "chebyshev_polynomial_u": sp.chebyshevu,
    "chebyshev_polynomial_v": lambda n, u: sp.chebyshevu(n, u) - sp.chebyshevu(n - 1, u),
    "chebyshev_polynomial_w": lambda n, u: sp.chebyshevu(n, u) + sp.chebyshevu(n - 1, u),
    "hermite_polynomial_h": sp.hermite,
    "hermite_polynomial_he": lambda n, u: sp.hermite_prob(n, u),
    "laguerre_polynomial_l": sp.laguerre,
    "legendre_polynomial_p": sp.legendre,
}


class Symbol:
    """Takes the place of a value of the graph, in the ring of polynomials of SymPy."""

    def __init__(self, p: sp.Expr) -> None:
        self.p, self.b, self.axes = p, self, ()

    def number(self, n: Any) -> Fraction:
        return Fraction(n)

    def value(self, n: int) -> "Symbol":
        return Symbol(sp.Integer(n))

    def lay(self, axes: Any) -> "Symbol":
        return self

    def linear(self, *parts: tuple[Any, "Symbol"]) -> "Symbol":
        terms = [sp.Rational(Fraction(q).numerator, Fraction(q).denominator) * v.p
                 for q, v in parts]  # fmt: skip
        return Symbol(sp.expand(sp.Add(*terms)))

    def __mul__(self, other: "Symbol") -> "Symbol":
        return Symbol(sp.expand(self.p * other.p))


@pytest.mark.parametrize("degree", [1, 2, 3, 7, HIGHEST])
@pytest.mark.parametrize("name", KINDS)
def test_polynomials_by_sympy(name: str, degree: int) -> None:
    read = KINDS[name](Symbol(U), degree)  # type: ignore[arg-type]
    assert sp.expand(read.p - BY_SYMPY[name](degree, U)) == 0


@pytest.mark.parametrize("name", [*KINDS, *SHIFTED])
def test_polynomials(name: str) -> None:
    function = getattr(torch.special, name)

    def four(_: Any, x: Tensor) -> Tensor:
        return sum((function(x, k) for k in (0, 1, 2, 5)), torch.zeros_like(x))

    agree(Map(four, 2), knots(), 1e-8)


def test_a_degree_that_is_too_high_or_depends_on_the_sample_is_not_read() -> None:
    for degree in (lambda x: 17, lambda x: x):
        net = Map(lambda m, x, of=degree: torch.special.hermite_polynomial_h(x, of(x)), 2)
        with pytest.raises(TraceError, match=r"degree|number"):
            trace(net, 2)


def test_verdicts() -> None:
    rises = Map(lambda m, x: torch.special.hermite_polynomial_he(x, 3) + 3 * x, 3)
    assert decide(rises, "psd", 3).status == "proved"  # x^3
    falls = Map(lambda m, x: torch.special.hermite_polynomial_he(x, 3), 3)
    assert decide(falls, "symmetric", 3).status == "proved"
    assert decide(falls, "psd", 3).status == "refuted"
