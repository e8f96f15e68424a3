"""Functions of one variable with kinks: accepted as nondecreasing just where they are."""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.trusted.kernel import Rejected

from .draft import Draft, Value, ridge
from .test_kernel import layer

# A function as tuples: "u", a parameter "t", a number, ("add", e, e), ("mul", e, e), (name, e).
Term = Any
NUMBERS = st.integers(-6, 6).map(lambda n: Fraction(n, 2))
POINTS = [Fraction(k, 8) for k in range(-64, 65)]


def grown(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    one = st.tuples(st.sampled_from(["relu", "step", "iszero", "floor"]), inner)
    scaled = st.tuples(st.just("mul"), NUMBERS, inner)
    return one | scaled | st.tuples(st.sampled_from(["add", "add", "mul"]), inner, inner)


TERMS = st.recursive(st.just("u") | NUMBERS, grown, max_leaves=7)


def value(term: Term, u: Fraction, t: Fraction = Fraction(0)) -> Fraction:
    """The term at a point, exactly."""
    if term in ("u", "t"):
        return u if term == "u" else t
    if isinstance(term, Fraction):
        return term
    args = [value(part, u, t) for part in term[1:]]
    functions: dict[str, Callable[..., Fraction]] = {
        "add": lambda a, b: a + b,
        "mul": lambda a, b: a * b,
        "relu": lambda a: max(a, Fraction(0)),
        "step": lambda a: Fraction(a > 0),
        "iszero": lambda a: Fraction(a == 0),
        "floor": lambda a: Fraction(floor(a)),
    }
    return functions[term[0]](*args)


def drawn(d: Draft, term: Term, u: Value) -> Value:
    """The term as nodes."""
    if term in ("u", "t"):
        return u if term == "u" else Value(2, 1)
    if isinstance(term, Fraction):
        return d.mul(("m",), q=str(term))
    args = [drawn(d, part, u) for part in term[1:]]
    if term[0] == "add":
        return d.add(("m",), *((1, a.own) for a in args))
    return d.mul(("m",), *(a.own for a in args)) if term[0] == "mul" else d.fn(term[0], *args)


def accepted(term: Term) -> bool:
    d, *proof = layer(lambda d, u: drawn(d, term, u))
    try:
        d.accepted(ridge(*proof))
    except Rejected:
        return False
    return True


@settings(max_examples=150, deadline=None)
@given(TERMS)
def test_nothing_that_falls_is_accepted(term: Term) -> None:
    values = [value(term, u) for u in POINTS]
    if any(a > b for a, b in pairwise(values)):
        assert not accepted(term)


BESIDE = st.sampled_from(["u", "t", ("relu", "t"), ("mul", "t", "t"), ("mul", Fraction(-1), "t")])


@settings(max_examples=150, deadline=None)
@given(st.recursive(BESIDE | NUMBERS, grown, max_leaves=8))
def test_nothing_that_falls_for_a_parameter_is_accepted(term: Term) -> None:
    for t in [Fraction(k, 4) for k in (-8, -3, -1, 0, 1, 3, 8)]:
        values = [value(term, u, t) for u in POINTS]
        if any(a > b for a, b in pairwise(values)):
            assert not accepted(term)
            return


HALF, ONE, TWO = Fraction(1, 2), Fraction(1), Fraction(2)


def plus(*terms: Term) -> Term:
    first, *rest = terms
    return ("add", first, plus(*rest)) if rest else first


def times(*terms: Term) -> Term:
    first, *rest = terms
    return ("mul", first, times(*rest)) if rest else first


def clamped(term: Term, low: Fraction, high: Fraction) -> Term:
    above = ("relu", plus(term, -low))
    return plus(low, above, times(-ONE, ("relu", plus(above, low - high))))


MINUS = times(-ONE, "u")
ABS = plus(("relu", "u"), ("relu", MINUS))
POSITION = clamped("u", -TWO, TWO)
SHARE = plus(POSITION, times(-ONE, ("floor", POSITION)))
RISING = {
    "u |u|": times("u", ABS),
    "a slope taken back": plus(times(TWO, ("relu", "u")), times(-ONE, ("relu", plus("u", -ONE)))),
    "clamped": clamped("u", -ONE, TWO),
    "clamped twice": clamped(clamped("u", -ONE, TWO), -HALF, ONE),
    "hard shrinkage": times("u", plus(("step", plus("u", -ONE)), ("step", plus(-ONE, MINUS)))),
    "floor of what is clamped": ("floor", POSITION),
    "linear between steps": plus(times(TWO, ("floor", POSITION)), SHARE),
    "a jump, and beside its value": plus(("step", "u"), times(HALF, ("iszero", "u"))),
    "relu of a sum with what falls": ("relu", plus(times(TWO, "u"), times(-ONE, ("relu", "u")))),
}  # fmt: skip
T = ("relu", "t")
MINUS_T = times(-ONE, T)
SHRUNK = plus(("relu", plus("u", MINUS_T)), times(-ONE, ("relu", plus(MINUS, MINUS_T))))
TWICE = times(TWO, ("relu", "u"))
ABOVE = plus(TWICE, MINUS, "t")
RISING |= {
    "shrinkage by t >= 0": SHRUNK,
    "less of two, their knots in no order": plus(TWICE, times(-ONE, ("relu", ABOVE))),
    "a product of what rises from 0": times(("relu", "u"), ("relu", plus("u", "t"))),
}  # fmt: skip
FALLING = {
    "steps at any t": plus(
        times("u", ("step", plus("u", times(-ONE, "t")))),
        times("u", ("step", plus(MINUS, times(-ONE, "t")))),
    ),
    "a product with what falls": times(("relu", "u"), ("relu", plus("t", MINUS))),
    "less of two, one falls": plus("t", times(-ONE, ("relu", plus("u", "t")))),
    "|u|": ABS,
    "a slope taken back twice": plus(("relu", "u"), times(-TWO, ("relu", plus("u", -ONE)))),
    "a jump down": plus("u", times(-ONE, ("step", "u"))),
    "a jump down in a point": plus("u", times(-ONE, ("iszero", plus("u", -ONE)))),
    "a value above a jump": plus(("step", "u"), times(TWO, ("iszero", "u"))),
    "saw teeth": SHARE,
    "steps that are not made up for": plus(times(HALF, ("floor", POSITION)), times(-ONE, SHARE)),
}


@pytest.mark.parametrize("name", RISING)
def test_what_rises(name: str) -> None:
    assert accepted(RISING[name])


@pytest.mark.parametrize("name", FALLING)
def test_what_falls(name: str) -> None:
    assert not accepted(FALLING[name])


@pytest.mark.parametrize(("name", "rises"), [("softplus", True), ("relu", True), ("sin", False)])
def test_knots_that_depend_on_parameters(name: str, rises: bool) -> None:
    """u step(u - t) + u step(-u - t) rises for t >= 0, where the knots may meet, not for t < 0."""

    def phi(d: Draft, u: Value) -> Value:
        t = d.fn(name, Value(2, 1))
        right = d.fn("step", d.add(("m",), (1, u.own), (-1, t.own)))
        left = d.fn("step", d.add(("m",), (-1, u.own), (-1, t.own)))
        return d.mul(("m",), u.own, d.add(("m",), (1, right.own), (1, left.own)).own)

    d, *proof = layer(phi)
    if rises:
        d.accepted(ridge(*proof))
    else:
        d.rejected(ridge(*proof), "phi not seen to nondecrease", "psd")
