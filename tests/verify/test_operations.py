import numpy as np
import pytest
import sympy as sp

from verify.operations import RULES, number, power, total

X, Y = sp.symbols("x y", real=True)
A = np.array([[X, Y], [sp.Integer(1), X * Y]], dtype=object)


@pytest.mark.parametrize("value", [float("inf"), -float("inf"), float("nan"), 1j, "1", None])
def test_what_is_no_finite_real_number(value: object) -> None:
    with pytest.raises(ValueError, match="expected a finite real number, got"):
        number(value)


def test_numbers_are_exact() -> None:
    assert number(0.1) == sp.Rational(0.1)
    assert number(0.1) != sp.Rational(1, 10)


def test_powers_are_integer() -> None:
    assert power(A, 2)[1, 1] == X**2 * Y**2
    with pytest.raises(ValueError, match="expected an integer exponent"):
        power(A, 0.5)


@pytest.mark.parametrize("axes", [None, []])
def test_no_axis_means_all(axes: list[int] | None) -> None:
    assert total(A, axes).item() == X + Y + 1 + X * Y
    assert sp.expand(RULES["aten.mean.dim"](A, axes) * 4) == X + Y + 1 + X * Y
    assert total(A, axes, True).shape == (1, 1)


def test_softmax_refuses_another_dtype() -> None:
    with pytest.raises(ValueError, match="expected no change of dtype"):
        RULES["aten.softmax.int"](A, -1, "float16")
