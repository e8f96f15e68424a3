"""Each row of the table of functions, in ball arithmetic."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq

from verify.search.balls import ball, precision
from verify.search.elementwise import FUNCTIONS
from verify.search.functions import function
from verify.trusted.atoms import ROWS, Row, bound, monomials
from verify.trusted.curvature import CONVEX
from verify.trusted.functions import SAME, constant
from verify.trusted.parity import EVEN, ODD
from verify.trusted.signs import sign_of

BITS = 4000  # so that tanh(600) is not yet 1
TAIL = [fmpq(k) for k in (2, 3, 5, 8, 13, 21, 40, 75, 150, 300, 600)]
NEAR = [fmpq(k, 7) for k in range(1, 14)] + [fmpq(1, 2**k) for k in (4, 10, 40, 100)]
SMOOTH = [name for name, row in ROWS.items() if row.derivative not in ("", "0")]
JUMPS = ("step", "iszero", "floor", "round")


FAST = ("erf", "gauss", "erfcx", "log_ndtr")  # e^(-u^2): 1 - erf(100) is below 2^-BITS


def grid(name: str) -> list[fmpq]:
    """Return points of a function's domain in order: near 0, between, in the tails."""
    row = ROWS[name]
    tail = [u for u in TAIL if u <= 40 or name not in FAST]
    positive = sorted([*NEAR, *tail, fmpq(1, 2), fmpq(3, 2), fmpq(5, 2)])
    zero = [fmpq(0)] if row.domain in ("", "nonnegative") else []
    negative = [-u for u in reversed(positive)] if row.domain in ("", "nonzero") else []
    return [*negative, *zero, *positive]


def value(name: str, u: Any) -> arb:
    return ball(FUNCTIONS[name](u))


def claimed(name: str, u: fmpq) -> arb:
    """Return the derivative that the table claims, in balls."""
    total = arb(0)
    for q, names in monomials(ROWS[name].derivative):
        term = arb(fmpq(q.numerator, q.denominator))
        for f in names:
            term *= ball(u) if f == "u" else value(f, u)
        total += term
    return total


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_of_a_function_that_can_be_computed(name: str) -> None:
    assert name in FUNCTIONS
    row = ROWS[name]
    assert row.monotone in (-1, 0, 1)
    assert row.domain in ("", "positive", "nonzero", "nonnegative")
    assert row.source
    used = {f for _, names in monomials(row.derivative or "0") for f in names}
    assert used <= {"u", *ROWS}
    with precision(200):
        for u in grid(name):
            assert value(name, u).is_finite()


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_are_limits_of_differences(name: str) -> None:
    with precision(900):
        h = fmpq(1, 2**200)
        for u in grid(name):
            if name in ("relu", "sqrt", "log", "inv", "rsqrt", "bessel_k0") and abs(u) < fmpq(
                1, 2**8
            ):
                continue
            difference = (value(name, u + h) - value(name, u - h)) / arb(2 * h)
            error = abs(difference - claimed(name, u)) / (1 + abs(difference))
            assert error < arb(2) ** -250, u


@pytest.mark.parametrize("name", [n for n, row in ROWS.items() if row.derivative == "0"])
def test_what_jumps_is_constant_between(name: str) -> None:
    h = fmpq(1, 2**60)
    for u in (k * fmpq(1, 6) + fmpq(1, 100) for k in range(-30, 31)):
        assert value(name, u + h) == value(name, u - h)


@pytest.mark.parametrize("name", ROWS)
def test_values_are_within_the_bounds(name: str) -> None:
    row = ROWS[name]
    low, high = bound(row.low), bound(row.high)
    with precision(BITS):
        for u in grid(name):
            v = value(name, u)
            for limit, side in ((low, 1), (high, -1)):
                if limit is None:
                    continue
                end = arb(fmpq(limit[0].numerator, limit[0].denominator))
                beyond = (v - end) * side
                strict = beyond > 0
                assert strict or (limit[1] and (beyond >= 0 or abs(beyond) < arb(2) ** -3000)), u


def intervals(row: Row) -> Iterator[arb]:
    """Yield balls that cover the domain out to 8."""
    edges = [fmpq(k, 4) for k in range(-32, 33)]
    least = {"": -8, "nonzero": -8}.get(row.domain, 0)
    for a, b in pairwise(edges):
        if a >= least and not (row.domain and a <= 0 <= b):
            yield ball(a).union(ball(b))


@pytest.mark.parametrize("name", ROWS)
def test_enclosures_over_intervals_are_within_the_bounds(name: str) -> None:
    row = ROWS[name]
    low, high = bound(row.low), bound(row.high)
    if low is None and high is None:
        return
    with precision(128):
        todo = [(u, 0) for u in intervals(row)]
        while todo:
            u, depth = todo.pop()
            v = value(name, u)
            below = low and not v > arb(fmpq(low[0].numerator, low[0].denominator)) - arb("1e-3")
            above = high and not v < arb(fmpq(high[0].numerator, high[0].denominator)) + arb("1e-3")
            if below or above:
                assert depth < 14, u
                middle = u.mid()
                todo += [(u.lower().union(middle), depth + 1), (middle.union(u.upper()), depth + 1)]


@pytest.mark.parametrize("name", [n for n, row in ROWS.items() if row.monotone])
def test_monotone_functions_are_monotone(name: str) -> None:
    row = ROWS[name]
    with precision(BITS):
        values = [value(name, u) for u in grid(name)]
        for v, w in pairwise(values):
            assert (w - v) * row.monotone >= 0 or abs(w - v) < arb(2) ** -3000
    if row.derivative:
        with precision(BITS):
            points = [u for u in grid(name) if u or name != "sqrt"]
            assert all(claimed(name, u) * row.monotone >= 0 for u in points)


@pytest.mark.parametrize("name", ROWS)
def test_what_is_locally_lipschitz(name: str) -> None:
    """Difference quotients stay bounded on bounded closed sets inside of the domain."""
    row = ROWS[name]
    worst = arb(0)
    with precision(400):
        h = fmpq(1, 2**100)
        for u in [*grid(name), *(fmpq(k, 2) for k in range(1, 9))]:
            inside = not row.domain or u > fmpq(1, 8) or (row.domain == "nonnegative")
            if not inside or abs(u) > 4:
                continue
            quotient = abs(value(name, u + h) - value(name, u)) / arb(h)
            worst = quotient if quotient > worst else worst
            if row.domain != "nonnegative":
                quotient = abs(value(name, u) - value(name, u - h)) / arb(h)
                worst = quotient if quotient > worst else worst
    assert (worst < arb(10) ** 10) == row.lipschitz


@pytest.mark.parametrize("name", ROWS)
def test_what_is_bounded_on_bounded_sets(name: str) -> None:
    row = ROWS[name]
    edge = fmpq(1, 10**60)
    sides = [edge, -edge] if row.domain in ("", "nonzero") else [edge]
    with precision(400):
        large = any(abs(value(name, u)) > 60 for u in sides)
    assert large != row.bounded


@pytest.mark.parametrize("name", [n for n, row in ROWS.items() if row.domain])
def test_outside_of_its_domain_nothing_is_claimed(name: str) -> None:
    row = ROWS[name]
    outside = {"positive": [0, -1], "nonzero": [0], "nonnegative": [-1]}[row.domain]
    if name not in ("lgamma", "digamma"):  # these are defined between their poles too
        assert all(not value(name, fmpq(u)).is_finite() for u in outside)


@pytest.mark.parametrize("name", sorted(ODD | EVEN))
def test_parity(name: str) -> None:
    with precision(300):
        for u in [*NEAR, *TAIL[:6]]:
            mirrored = value(name, -u) * (-1 if name in ODD else 1)
            assert abs(mirrored - value(name, u)) < arb(2) ** -100 * (1 + abs(mirrored))


@pytest.mark.parametrize("name", ROWS)
def test_values_at_constants(name: str) -> None:
    for q in (Fraction(0), Fraction(1), Fraction(-3, 2), Fraction(7, 3)):
        known = constant(name, q)
        if known is not None:
            exact = value(name, fmpq(q.numerator, q.denominator))
            assert exact.contains(fmpq(known.numerator, known.denominator))
    assert constant(name, None) is None


def test_relu_and_step_of_relu_and_step() -> None:
    for outer, inner in SAME:
        name = "step" if "step" in (outer, inner) else "relu"
        for u in (-2.0, -0.5, 0.0, 0.5, 3.0):
            x = np.array(u)
            assert function(outer, function(inner, x)) == function(name, x)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("sign", [-2, -1, 0, 1, 2])
def test_signs_of_values(name: str, sign: int) -> None:
    """What the kernel takes for the sign of name(u), u > 0 (2), >= 0 (1), any, <= 0, < 0."""
    found = sign_of(name, sign)
    with precision(BITS):
        for u in grid(name):
            if sign * u < 0 or (abs(sign) == 2 and u == 0):
                continue
            v = value(name, u)
            assert found == 0 or (v > 0 if found == 2 else v >= 0 if found == 1 else v <= 0)
            assert found != -2 or v < 0


@pytest.mark.parametrize("name", CONVEX)
def test_convex_functions_are_convex_and_nondecreasing(name: str) -> None:
    assert CONVEX[name] == 1
    assert ROWS[name].monotone == 1
    with precision(BITS):
        points = grid(name)
        for a, b in pairwise(points):
            middle = value(name, (a + b) / 2)
            gap = value(name, a) + value(name, b) - 2 * middle
            assert gap > 0 or abs(gap) < arb(2) ** -3000


def sample(row: Row) -> list[fmpq]:
    """Return a few points of a domain."""
    points = [fmpq(k, 3) for k in (-7, -4, -1, 1, 2, 5, 8)]
    return [u for u in points if u > 0 or row.domain in ("", "nonzero")]


def test_the_table_in_double_precision_is_the_same() -> None:
    for name, row in ROWS.items():
        for u in sample(row):
            measured = float(function(name, np.asarray(int(u.p) / int(u.q))))
            exact = float(value(name, u).mid())
            assert measured == pytest.approx(exact, rel=1e-3 if name == "airy_ai" else 1e-9)


def test_bounds_and_monomials() -> None:
    assert bound("") is None
    assert bound("=-1") == (Fraction(-1), True)
    assert monomials("-1 u rhypot") == [(Fraction(-1), ["u", "rhypot"])]
    assert monomials("0") == [(Fraction(0), [])]
