import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from verify.atoms import evaluated, sech2, sigmoid, softmax, softplus, tanh
from verify.identities import equal, nonnegative, weighted_gram

X, Y = sp.symbols("x y", real=True)
P = sp.symbols("p", positive=True)
TRUE = [
    (sech2(X), 1 - tanh(X) ** 2),
    (sigmoid(-X), 1 - sigmoid(X)),
    (sigmoid(Y - X) + sigmoid(X - Y), sp.Integer(1)),
    (sum(softmax(sp.Integer(i), X, Y, P) for i in range(3)), sp.Integer(1)),
    (tanh(X * (Y + 1)), tanh(X * Y + X)),
    (tanh(X), 2 * sigmoid(2 * X) - 1),
    (sp.exp(X).diff(X) / (sp.exp(X) + sp.exp(Y)), softmax(sp.Integer(0), X, Y)),
    (softplus(X) * (X + Y) ** 2, softplus(X) * (X**2 + 2 * X * Y + Y**2)),
]
FALSE = [
    (sech2(X), 1 - tanh(Y) ** 2),
    (sech2(X), 1 + tanh(X) ** 2),
    (sigmoid(-X), sigmoid(X)),
    (softmax(sp.Integer(0), X, Y), softmax(sp.Integer(1), X, Y)),
    (softmax(sp.Integer(0), X, Y) + softmax(sp.Integer(1), X, P), sp.Integer(1)),
    (X * (1 + sp.Rational(1, 10**30)), X),
    (tanh(X) * Y, tanh(Y) * X),
]


@pytest.mark.parametrize(("a", "b"), TRUE, ids=str)
def test_equal(a: sp.Expr, b: sp.Expr) -> None:
    assert equal(a, b)
    assert equal(sp.Matrix([[a, 0]]), sp.Matrix([[b, 0]]))


@pytest.mark.parametrize(("a", "b"), FALSE, ids=str)
def test_not_equal(a: sp.Expr, b: sp.Expr) -> None:
    assert not equal(a, b)
    point = {X: sp.Rational(2, 3), Y: sp.Rational(-1, 5), P: sp.Rational(7, 4)}
    assert abs(sp.N(evaluated(a - b).subs(point), 60)) > 1e-31


def test_what_is_no_expression_inside_is_one_atom() -> None:
    step = sp.Piecewise((0, X < 0), (1, True))
    assert equal(step * X, X * step)
    assert not equal(step, sp.Piecewise((0, X <= 0), (1, True)))


def test_nothing_equals_a_quotient_by_zero() -> None:
    zero = [(v + 1) ** 2 - v**2 - 2 * v - 1 for v in (X, Y)]
    assert not equal(zero[0] / zero[1], 0)


def test_floats_are_not_exact() -> None:
    with pytest.raises(ValueError, match="expected exact expressions, got floats"):
        equal(sp.Float(1e20) + X, sp.Float(1e20) + X + 1)


def test_shapes() -> None:
    with pytest.raises(ValueError, match=r"A, B: expected equal shapes, got \(1, 2\) and \(2, 1\)"):
        equal(sp.zeros(1, 2), sp.zeros(2, 1))


@pytest.mark.parametrize(
    "e",
    [
        sp.Integer(0),
        P,
        X**2,
        (X - Y) ** 4,
        sech2(X) * softplus(Y) + P,
        1 - sech2(X * Y),
        sp.exp(X) * sigmoid(Y),
        softmax(sp.Integer(0), X, Y) * softmax(sp.Integer(1), X, Y),
        P / softplus(X),
    ],
    ids=str,
)
def test_nonnegative(e: sp.Expr) -> None:
    assert nonnegative(e)


@pytest.mark.parametrize(
    "e",
    [
        X,
        -P,
        X**3,
        tanh(X),
        -sech2(X),
        sech2(X) - 1,
        1 - 2 * sech2(X),
        1 - sech2(X) - sech2(Y),
        2 - sech2(X) * 3,
        sigmoid(X) - sigmoid(Y),
        X * sech2(X),
        1 / X,
        sp.sqrt(X),
        sp.Symbol("unknown") ** 2,
        sp.log(P),
        sp.I * sp.I,
        sp.Pow(1 + sp.I, 4, evaluate=False),
        (sp.I * P + sp.I * sp.Symbol("q", positive=True)) ** 2,
        sigmoid(sp.log(X)),
        sigmoid(sp.Symbol("Z")),
        sp.exp(sp.I * X),
    ],
    ids=str,
)
def test_not_shown_nonnegative(e: sp.Expr) -> None:
    assert not nonnegative(e)


LEAVES = st.sampled_from([X, Y, P, sech2(X), sigmoid(Y), tanh(X), 1 - sech2(Y), sp.Integer(-1)])
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda e: (
        st.builds(sp.Add, e, e)
        | st.builds(sp.Mul, e, e)
        | st.builds(sp.Pow, e, st.sampled_from([2, 3]))
    ),
)


@given(EXPRESSIONS, st.fractions(-3, 3), st.fractions(-3, 3))
def test_what_is_shown_nonnegative_is(e: sp.Expr, x: object, y: object) -> None:
    if nonnegative(e):
        point = {X: sp.Rational(x), Y: sp.Rational(y), P: sp.Rational(1, 3)}
        assert sp.N(evaluated(e).subs(point), 30) >= -1e-25


def test_weighted_gram_is_what_it_says() -> None:
    W = sp.Matrix(2, 3, sp.symbols("w:6", real=True))
    G = weighted_gram(W, [P, X**2])
    v = sp.Matrix(sp.symbols("v:3", real=True))
    form = sum(d * e**2 for d, e in zip([P, X**2], W * v, strict=True))
    assert equal(G, G.T)
    assert equal((v.T * G * v)[0], form)
