"""What is undefined somewhere, or unbounded on a bounded set, is in no proof."""

import pytest

from verify.search.evaluate import evaluate

from .draft import Draft, Value, gradient, jacobian, ridge

UNDEFINED = {
    "inv": ("x", "not seen to be nonzero"),
    "log": ("x", "not seen to be positive"),
    "rsqrt": ("relu", "not seen to be positive"),
    "sqrt": ("x", "not seen to be nonnegative"),
    "digamma": ("relu", "not seen to be positive"),
    "erfinv": ("tanh", "no row in the table"),
    "pow": ("relu", "no row in the table"),
}


@pytest.mark.parametrize("name", UNDEFINED)
def test_what_is_not_defined_everywhere(name: str) -> None:
    inner, message = UNDEFINED[name]
    d = Draft()
    x = d.x("n")
    u = x if inner == "x" else d.fn(inner, x)
    d.fn(name, u)
    d.output()
    eye, w = d.node("eye", ("n", "n")), d.var("u", "n")
    phi = d.fn(name, w if inner == "x" else d.fn(inner, w))
    d.rejected(ridge(eye, w, phi), message, "symmetric")
    d.rejected(jacobian(d.count - 1), message, "symmetric")


def test_near_a_jump_an_inverse_is_not_bounded() -> None:
    """1 / (floor(u) - u + 1) is positive and unbounded: the fraction comes close to 1."""
    d = Draft()
    x = d.x("n")
    one = d.mul(())
    gap = d.add(("n",), (1, d.fn("floor", x).own), (-1, x.own), (1, one.own))
    d.fn("inv", d.fn("relu", gap))
    d.output()
    d.rejected(jacobian(d.count - 1), "not seen to be nonzero", "symmetric")
    d = Draft()
    x = d.x("n")
    tiny = d.mul(("n",), d.fn("exp", x).own, d.fn("exp", d.fn("floor", x)).own)
    d.fn("inv", tiny)
    d.output()
    d.rejected(jacobian(d.count - 1), "not seen to be nonzero", "symmetric")


def scaled(d: Draft) -> tuple[Value, Value]:
    """Return p x for any real p, as the output, and p."""
    x, p = d.x("n"), d.param()
    d.mul(("n",), p.own, x.own)
    d.output()
    return x, p


def test_parameters_at_which_a_proof_is_undefined() -> None:
    """p = sqrt(p)^2 = e^(log p) for p > 0 only; the graph has neither."""
    d = Draft()
    x, p = scaled(d)
    root, power = d.fn("sqrt", p), d.fn("exp", d.fn("log", p))
    v, eye, u = d.var("v", "n"), d.node("eye", ("n", "n")), d.var("u", "n")
    wide = d.add(("n",), (1, power.own))
    d.rejected(jacobian(d.count - 1, (wide, v)), "not seen to be positive", "psd")
    linear = d.mul(("n", "n"), root.own, eye.own)
    d.rejected(ridge(linear, u, d.add(("n",), (1, u.own))), "not seen to be nonnegative")
    F = d.mul((), root.own, root.own, x("s"), x("s"), q="1/2")
    d.rejected(gradient(F), "not seen to be nonnegative")


def test_what_the_graph_itself_leaves_out() -> None:
    """sqrt(p) sqrt(p) x is about p >= 0 only, as the verdict's exclusions say."""
    d = Draft()
    x, p = d.x("n"), d.param()
    root = d.fn("sqrt", p)
    d.mul(("n",), root.own, root.own, x.own)
    d.output()
    v, c = d.var("v", "n"), d.add(("n",), (1, d.mul((), root.own, root.own)()))
    d.accepted(jacobian(d.count - 1, (c, v)))


def test_a_branch_that_is_not_selected_need_not_be_defined() -> None:
    """where(p > 0, sqrt(p) sqrt(p), p) x is p x for every p."""
    d = Draft()
    x, p = d.x("n"), d.param()
    root = d.fn("sqrt", p)
    square = d.mul((), root.own, root.own)
    where = d.node("fn", (), d.fn("step", p).own, square.own, p.own, name="where")
    d.mul(("n",), where.own, x.own)
    d.output()
    v, c = d.var("v", "n"), d.add(("n",), (1, square.own))
    d.rejected(jacobian(d.count - 1, (c, v)), "not seen to be nonnegative", "psd")


def test_a_pole_between_zero_and_the_values() -> None:
    """g(w) = 1 / (w - 1)^2 - 2 w + 5 has g'(0) = 0, g'' > 0; w = 2 + e^x is beyond the pole."""
    d = Draft()
    x = d.x()
    minus = d.mul((), x(), q=-1)
    e = d.fn("exp", x)
    terms = (-1, d.fn("softplus", minus).own), (-1, d.fn("sigmoid", x).own), (-2, e.own)
    d.add((), *terms, (1, x.own))
    d.output()
    f = evaluate(d.graph(), {}, [], [[0.0], [3.0]])[:, 0]
    assert f[1] < f[0]
    one = d.mul(())
    w = d.add((), (2, one.own), (1, e.own))
    inverse = d.fn("inv", d.add((), (1, w.own), (-1, one.own)))
    square = d.mul((), inverse.own, inverse.own)
    c = d.add((), (1, square.own), (-2, w.own), (5, one.own))
    d.rejected(jacobian(d.count - 1, (c, d.var("v"))), "not seen to be nonnegative", "psd")
