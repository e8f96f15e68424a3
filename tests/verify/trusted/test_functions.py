"""Functions by their identities: each is seen, and forms at any argument have the true values."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from verify.search.functions import function
from verify.trusted.polys import Poly
from verify.trusted.ring import Ring

from .poly_values import Numbers

IDENTITIES = {
    "sigmoid^2": lambda f, u: (f("sigmoid", u) ** 2, f("sigmoid", u) - f("dsigmoid", u)),
    "1 - tanh^2": lambda f, u: (1 - f("tanh", u) ** 2, f("sech2", u)),
    "sigmoid(-u)": lambda f, u: (f("sigmoid", -u), 1 - f("sigmoid", u)),
    "relu(u) relu(-u)": lambda f, u: (f("relu", u) * f("relu", -u), 0 * u),
    "relu(u) step(u)": lambda f, u: (f("relu", u) * f("step", u), f("relu", u)),
    "relu(relu(u))": lambda f, u: (f("relu", f("relu", u)), f("relu", u)),
    "step(3 u)": lambda f, u: (f("step", 3 * u), f("step", u)),
    "relu(3 u)": lambda f, u: (f("relu", 3 * u), 3 * f("relu", u)),
    "exp(2 u) exp(-u)": lambda f, u: (f("exp", 2 * u) * f("exp", -u), f("exp", u)),
    "log exp": lambda f, u: (f("log", f("exp", u)), u),
    "log(1 + exp)": lambda f, u: (f("log", 1 + f("exp", u)), f("softplus", u)),
    "1 / (1 + exp(-u))": lambda f, u: (f("inv", 1 + f("exp", -u)), f("sigmoid", u)),
    "exp / (1 + exp)": lambda f, u: (f("exp", u) * f("inv", 1 + f("exp", u)), f("sigmoid", u)),
    "sinh / cosh": lambda f, u: (
        (f("exp", u) - f("exp", -u)) * f("inv", f("exp", u) + f("exp", -u)),
        f("tanh", u),
    ),
    "4 / (2 cosh)^2": lambda f, u: (
        4 * f("inv", f("exp", u) + f("exp", -u)) ** 2,
        f("sech2", u),
    ),
    "1 / cosh": lambda f, u: (
        f("exp", u) * f("sigmoid", -2 * u),
        f("inv", f("exp", u) + f("exp", -u)),
    ),
    "a softmax of two": lambda f, u: (
        f("exp", u) * f("inv", 3 * (f("exp", u) + f("exp", -2 * u))) * 3,
        f("sigmoid", 3 * u),
    ),
    "exp sigmoid": lambda f, u: (f("exp", u) * f("sigmoid", u), f("exp", u) - f("sigmoid", u)),
    "exp dsigmoid": lambda f, u: (f("exp", -u) * f("dsigmoid", u), (1 - f("sigmoid", u)) ** 2),
    "exp(u / 3) dsigmoid": lambda f, u: (
        f("exp", Fraction(1, 3) * u) * f("dsigmoid", u),
        f("exp", Fraction(-2, 3) * u) * f("sigmoid", u) ** 2,
    ),
    "u / (1 + u)": lambda f, u: (u * f("inv", 1 + u), 1 - f("inv", 1 + u)),
    "sqrt^2": lambda f, u: (f("sqrt", 1 + u * u) ** 2, 1 + u * u),
    "sqrt / square": lambda f, u: (f("sqrt", 1 + u * u) * f("cauchy", u), f("rhypot", u)),
    "sin^2": lambda f, u: (f("sin", u) ** 2 + f("cos", u) ** 2, 1 + 0 * u),
    "step^2": lambda f, u: (f("step", u) ** 3, f("step", u)),
    "gauss": lambda f, u: (f("gauss", u), f("gauss", 0 * u) * f("exp", -u * u)),
}


class Formal:
    """A Poly with the operators of numbers."""

    def __init__(self, r: Ring, p: Poly) -> None:
        self.r, self.p = r, p

    def lift(self, other: Any) -> Poly:
        return other.p if isinstance(other, Formal) else self.r.number(other)

    def __add__(self, other: Any) -> "Formal":
        return Formal(self.r, self.r.add((1, self.p), (1, self.lift(other))))

    def __mul__(self, other: Any) -> "Formal":
        return Formal(self.r, self.r.mul(self.p, self.lift(other)))

    def __neg__(self) -> "Formal":
        return self * -1

    def __sub__(self, other: Any) -> "Formal":
        return self + Formal(self.r, self.lift(other)) * -1

    def __rsub__(self, other: Any) -> "Formal":
        return -self + other

    def __pow__(self, power: int) -> "Formal":
        return Formal(self.r, self.r.mul(*[self.p] * power))

    __radd__, __rmul__ = __add__, __mul__


@pytest.mark.parametrize("name", IDENTITIES)
def test_identities_of_functions_are_seen(name: str) -> None:
    r = Ring()
    left, right = IDENTITIES[name](
        lambda f, v: Formal(r, r.of(f, v.p)), Formal(r, r.entry("x", ()))
    )
    assert left.p is right.p


@pytest.mark.parametrize("name", IDENTITIES)
@pytest.mark.parametrize("scale", [1, -2, Fraction(1, 3)])
def test_forms_at_scaled_arguments_have_the_true_values(name: str, scale: Fraction) -> None:
    r = Ring()
    u = Formal(r, r.add((scale, r.entry("x", ())), (1, r.entry("param 0", ()))))
    forms = IDENTITIES[name](lambda f, v: Formal(r, r.of(f, v.p)), u)
    for at in (-1.75, -0.5, 0.25, 2.0):
        numeric = Numbers({"x": np.array(at), "param 0": np.array(0.125)}, {})
        v = np.array(float(scale) * at + 0.125)
        for form, truth in zip(forms, IDENTITIES[name](at_numbers, v), strict=True):
            assert numeric.poly(form.p, {}) == pytest.approx(float(truth), abs=1e-12)


def at_numbers(name: str, u: Any) -> np.ndarray:
    return function(name, np.asarray(u))
