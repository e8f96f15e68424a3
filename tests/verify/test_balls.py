from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, fmpq

from verify.search import functions
from verify.search.balls import (
    HALF,
    ONE,
    ZERO,
    ball,
    bounds,
    exact,
    finite,
    interval,
    precision,
    rational,
    square,
    tidy,
)
from verify.search.definite import negative_direction
from verify.search.elementwise import FUNCTIONS, function
from verify.search.positions import operation, positions
from verify.search.tangents import BALLS, Field

from .sketch import Sketch, by, ridge

UNARY = sorted({*FUNCTIONS} - {"pow", "where"})
PLACES = [-7.25, -3.5, -0.75, 0.0, 0.3125, 0.875, 2.0, 5.5, 31.0]


def log_gamma(u):
    return mpmath.log(abs(mpmath.gamma(u)))


TRUE = {
    "exp": mpmath.exp, "log": mpmath.log, "inv": lambda u: 1 / u, "sqrt": mpmath.sqrt,
    "rsqrt": lambda u: 1 / mpmath.sqrt(u), "tanh": mpmath.tanh,
    "sech2": lambda u: mpmath.sech(u) ** 2, "sigmoid": lambda u: 1 / (1 + mpmath.exp(-u)),
    "dsigmoid": lambda u: mpmath.sech(u / 2) ** 2 / 4,
    "softplus": lambda u: mpmath.log(1 + mpmath.exp(u)), "erf": mpmath.erf,
    "gauss": lambda u: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-u * u), "sin": mpmath.sin,
    "cos": mpmath.cos, "atan": mpmath.atan, "cauchy": lambda u: 1 / (1 + u * u),
    "asinh": mpmath.asinh, "rhypot": lambda u: 1 / mpmath.sqrt(1 + u * u),
    "i0": lambda u: mpmath.besseli(0, u), "i1": lambda u: mpmath.besseli(1, u),
    "i0e": lambda u: mpmath.exp(-abs(u)) * mpmath.besseli(0, u),
    "i1e": lambda u: mpmath.exp(-abs(u)) * mpmath.besseli(1, u),
    "erfcx": lambda u: mpmath.exp(u * u) * mpmath.erfc(u),
    "log_ndtr": lambda u: mpmath.log(mpmath.ncdf(u)), "lgamma": log_gamma,
    "digamma": mpmath.digamma, "trigamma": lambda u: mpmath.polygamma(1, u),
    "erfinv": mpmath.erfinv, "airy_ai": mpmath.airyai,
    "airy_ai_prime": lambda u: mpmath.airyai(u, derivative=1), "bessel_j0": mpmath.j0,
    "bessel_j1": mpmath.j1, "bessel_y0": lambda u: mpmath.bessely(0, u),
    "bessel_y1": lambda u: mpmath.bessely(1, u), "bessel_k0": lambda u: mpmath.besselk(0, u),
    "bessel_k1": lambda u: mpmath.besselk(1, u), "sinc": mpmath.sincpi,
    "spherical_j0": mpmath.sinc, "relu": lambda u: max(u, 0), "step": lambda u: int(u > 0),
    "floor": mpmath.floor, "round": lambda u: round(Fraction(float(u))),
    "iszero": lambda u: int(u == 0),
}  # fmt: skip


@pytest.mark.parametrize("name", UNARY)
def test_a_ball_encloses_what_mpmath_computes(name: str) -> None:
    seen = 0
    for place in PLACES:
        with precision(160):
            entry = function(name, exact([place]))[0]
            if not finite(entry):
                continue
            with mpmath.workdps(40):
                true = TRUE[name](mpmath.mpf(place))
                true = arb(mpmath.nstr(true, 38, min_fixed=0, max_fixed=0))
            error = abs(ball(entry) - true)
            assert error <= arb(10) ** -30 * (1 + abs(true)), (place, entry)
            seen += 1
    assert seen > 1


@pytest.mark.parametrize("name", UNARY)
def test_a_wide_ball_encloses_the_values_at_its_points(name: str) -> None:
    for place in PLACES:
        for width in (1e-3, 0.5, 3.0, 17.0):
            wide = tidy(FUNCTIONS[name](interval(rational(place), rational(place + width))))
            if not finite(wide):
                continue
            for k in range(9):
                with precision(400):
                    entry = FUNCTIONS[name](rational(place + width * k / 8))
                assert finite(entry), "a wide ball hides a point where it is undefined"
                assert ball(wide).contains(ball(entry)), (place, width, k)


@pytest.mark.parametrize("name", UNARY)
def test_what_is_undefined_in_float64_is_no_number_in_balls(name: str) -> None:
    for place in PLACES:
        value = functions.function(name, np.array([place]))[0]
        if np.isnan(value):
            assert not finite(function(name, exact([place]))[0]), place


@pytest.mark.parametrize("name", UNARY)
def test_an_undefined_argument_is_handed_on(name: str) -> None:
    assert not finite(function(name, np.array([arb.nan()], dtype=object))[0])
    assert not finite(function(name, np.array([arb.pos_inf()], dtype=object))[0])


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("log", -1, 1), ("sqrt", -1, 1), ("inv", -1, 1), ("rsqrt", 0, 1), ("erfinv", 0, 2),
     ("digamma", -1.5, -0.5), ("lgamma", -1.5, -0.5), ("bessel_k0", 0, 1)],
)  # fmt: skip
def test_a_ball_that_leaves_the_domain_is_undefined(name: str, low: float, high: float) -> None:
    wide = interval(rational(float(low)), rational(float(high)))
    assert not finite(tidy(FUNCTIONS[name](wide)))


def test_rationals_stay_exact_so_that_knots_are_decided() -> None:
    third = fmpq(1, 3)
    u = 3 * third - 1
    assert [FUNCTIONS[name](u) for name in ("step", "relu", "iszero")] == [ZERO, ZERO, ONE]
    assert FUNCTIONS["floor"](3 * third) == 1
    assert FUNCTIONS["round"](HALF) == 0
    assert function("tanh", exact([0.0]))[0] == 0
    assert isinstance(function("sqrt", np.array([fmpq(9, 16)], dtype=object))[0], fmpq)


def test_a_jump_inside_a_ball_is_its_hull() -> None:
    wide = interval(fmpq(-1), fmpq(1))
    assert bounds(FUNCTIONS["step"](wide))[0] <= 0 < 1 <= bounds(FUNCTIONS["step"](wide))[1]  # type: ignore[index]
    assert FUNCTIONS["floor"](wide).contains(-1)
    assert FUNCTIONS["relu"](wide).contains(1)


def test_where_drops_what_it_does_not_select() -> None:
    assert FUNCTIONS["where"](ONE, fmpq(2), arb.nan()) == 2
    assert FUNCTIONS["where"](ZERO, arb.nan(), fmpq(2)) == 2
    open_ = interval(ZERO, ONE)
    assert not finite(FUNCTIONS["where"](open_, fmpq(2), arb.nan()))
    assert FUNCTIONS["where"](open_, fmpq(2), fmpq(3)).contains(2)


@pytest.mark.parametrize(
    ("u", "v", "value"), [(4, fmpq(1, 2), 2), (0, fmpq(1, 2), 0), (2, fmpq(-3), fmpq(1, 8))]
)
def test_powers(u: int, v: fmpq, value: object) -> None:
    entry = FUNCTIONS["pow"](fmpq(u), v)
    assert entry == value or ball(entry).contains(ball(value))


@pytest.mark.parametrize(("u", "v"), [(-1, fmpq(2)), (0, fmpq(0)), (0, fmpq(-1))])
def test_powers_outside_their_domain(u: int, v: fmpq) -> None:
    assert not finite(FUNCTIONS["pow"](fmpq(u), v))


def test_squares_of_wide_balls_are_not_negative() -> None:
    assert square(interval(fmpq(-1), fmpq(2))) >= 0
    s = Sketch(2)
    s.fn("sqrt", s.mul(s.x, s.x))
    f = Field(s.traced().graph, {}, BALLS)
    value = f.map([], np.array([interval(fmpq(-1), fmpq(2)), fmpq(0)], dtype=object))
    assert all(map(finite, value))


@pytest.mark.parametrize(
    ("name", "attrs"),
    [("amax", (1, 0)), ("amin", (1, 0)), ("prod", (1, 0)), ("sort", (1, 1)), ("sort", (1, 1, 1)),
     ("median", (1, 0)), ("cumprod", (1, 1)), ("cummax", (1, 1)), ("cummin", (1, 1)),
     ("inverse", (2, 2)), ("det", (2, 0)), ("cholesky", (2, 2)), ("matrix_exp", (2, 2))],
)  # fmt: skip
@pytest.mark.parametrize("rounded", [False, True])
def test_calls_agree_with_float64(name: str, attrs: tuple[int, ...], rounded: bool) -> None:
    matrix = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]])
    entries = exact(matrix) + (arb(0, 1e-14) if rounded else ZERO)
    ours = operation(name, [entries], attrs)
    theirs = functions.operation(name, [matrix], attrs)
    assert np.vectorize(float)(ours) == pytest.approx(theirs)


def test_a_singular_matrix_is_undefined() -> None:
    assert not finite(operation("inverse", [exact(np.ones((2, 2)))], (2, 2))[0, 0])
    assert not finite(operation("cholesky", [exact(-np.eye(2))], (2, 2))[0, 0])


def test_ties_leave_open_which_entry_is_taken() -> None:
    row = exact([1.0, 3.0, 3.0, 2.0])
    assert positions("amax", row, (1, 0)).tolist() == [-1]
    assert positions("amin", row, (1, 0)).tolist() == [0]
    assert positions("sort", row, (1, 1)).tolist() == [0, 3, -1, -1]
    wide = np.array([arb(0, 10), arb(1, 0.1), arb(2, 0.1)], dtype=object)
    assert positions("sort", wide, (1, 1)).tolist() == [-1, -1, -1]
    assert positions("cummax", row, (1, 1)).tolist() == [0, 1, -1, -1]


SMOOTH = {
    "tanh": [0.0], "relu": [1.0, -1.0], "floor": [0.5], "step": [2.0], "iszero": [1.0],
    "round": [0.25], "sqrt": [1.0],
}  # fmt: skip
KINKED = {
    "relu": [0.0], "floor": [0.0, 2.0], "step": [0.0], "iszero": [0.0], "round": [0.5],
    "sqrt": [0.0], "i0e": [0.0],
}  # fmt: skip


@pytest.mark.parametrize(("cases", "known"), [(SMOOTH, True), (KINKED, False)])
def test_derivatives_are_known_at_smooth_places_only(cases, known: bool) -> None:
    for name, places in cases.items():
        s = Sketch(1)
        s.fn(name, s.x)
        f = Field(s.traced().graph, {}, BALLS)
        for place in places:
            slope = f.tangent([], exact([place]), exact([[1.0]]))[0, 0]
            assert finite(slope) is known, (name, place)


def test_a_kink_of_what_is_constant_nearby_is_smooth() -> None:
    s = Sketch(2)
    s.fn("relu", s.add((1, s.fn("relu", s.x)), (-1, s.fn("step", s.x))))
    f = Field(s.traced().graph, {}, BALLS)
    J = f.tangent([], exact([-1.0, -2.0]), exact(np.eye(2)))
    assert all(u == 0 for u in J.flat)
    assert not all(map(finite, f.tangent([], exact([0.0, -2.0]), exact(np.eye(2))).flat))


@pytest.mark.parametrize("name", ["tanh", "relu", "softplus", "erf", "asinh"])
def test_derivatives_in_balls_enclose_differences(name: str) -> None:
    traced = ridge(by(name)).traced()
    f = Field(traced.graph, {}, BALLS)
    params = [exact(t.double().numpy()) for t in traced.tensors]
    x = exact([0.5, -0.25, 1.0])
    h = fmpq(1, 1 << 60)
    with precision(300):
        J = f.tangent(params, x, exact(np.eye(3)))
        for row, e in zip(J, exact(np.eye(3)), strict=True):
            change = (f.map(params, x + h * e) - f.map(params, x)) * (1 / h)
            assert all(abs(ball(u - v)) < 1e-15 for u, v in zip(row, change, strict=True))


@pytest.mark.parametrize("matrix", [[[1, 2], [2, 1]], [[0, 1], [1, 0]], [[1, 0], [0, -1e-30]]])
def test_a_negative_direction_is_found(matrix) -> None:
    A = exact(np.array(matrix, dtype=float))
    v = negative_direction(A)
    assert v is not None
    assert (v * (A @ v)).sum() < 0


@pytest.mark.parametrize("matrix", [[[1, 1], [1, 1]], [[0, 0], [0, 0]], [[2, 1], [1, 2]]])
def test_a_psd_matrix_has_none(matrix) -> None:
    assert negative_direction(exact(np.array(matrix, dtype=float))) is None
