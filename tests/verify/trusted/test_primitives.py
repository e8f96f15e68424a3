"""Functions kept as names: what is the slope of what, and what may be concluded from it."""

from collections.abc import Callable
from typing import Any

import pytest

from verify.trusted import kernel

from .draft import Draft, Value


def piece(d: Draft, w: Value, above: Value, below: Value) -> Value:
    """Return where(w > 0, above, below)."""
    shape = d.nodes[w.number].shape
    return d.node("fn", shape, d.fn("step", w).own, above.own, below.own, name="where")


def number(d: Draft, q: int | str) -> Value:
    return d.mul((), q=q)


def elu(d: Draft, w: Value, alpha: int | str = 1) -> Value:
    """Return elu(w), as torch reads it."""
    shape = d.nodes[w.number].shape
    minus = d.mul(shape, w.own, q=-1)
    low = d.fn("exp", d.mul(shape, d.fn("relu", minus).own, q=-1))
    return d.add(shape, (1, d.fn("relu", w).own), (alpha, low.own), (-1, number(d, alpha)()))


def slope_of_elu(d: Draft, w: Value, alpha: int | str = 1) -> Value:
    """Return the slope of elu(w), as autograd computes it."""
    shape = d.nodes[w.number].shape
    return piece(d, w, number(d, 1), d.mul(shape, d.fn("exp", w).own, q=alpha))


def energy(alpha: int | str, free: bool, wrong: int | str = 0) -> tuple[Draft, dict[str, Any]]:
    """Return the gradient of c . elu(A^T elu(A x)), c > 0 or free, its outer slope off by a bit."""
    d = Draft()
    x, a, c = d.x("n"), d.param("m", "n"), d.param("n")
    w = d.mul(("m",), a("i0", "s"), x("s"))
    inner = elu(d, w, alpha)
    scale = a if free else d.fn("softplus", a)
    c = c if free else d.fn("softplus", c)
    z = d.mul(("n",), scale("s", "i0"), inner("s"))
    high = slope_of_elu(d, z, alpha)
    if wrong:
        high = d.add(("n",), (1, high.own), (wrong, number(d, 1)()))
    low = slope_of_elu(d, w, alpha)
    back = d.mul(("m",), scale("i0", "s"), c("s"), high("s"))
    d.mul(("n",), a("s", "i0"), back("s"), low("s"))
    d.output()
    outer = elu(d, z, alpha)
    total = d.mul((), c("s"), outer("s"))
    names = [[inner.number, low.number, w.number], [outer.number, high.number, z.number]]
    return d, {"rule": "gradient", "potential": total.number, "functions": names}


def test_a_network_of_two_layers() -> None:
    d, proof = energy(1, free=False)
    d.accepted(proof)
    d.rejected({**proof, "functions": []}, "do not add up", "symmetric")


def test_convex_only_where_slopes_rise_and_weights_are_not_negative() -> None:
    for alpha, free in ((2, False), (1, True), ("1000000000001/1000000000000", False)):
        d, proof = energy(alpha, free)
        d.accepted(proof, "symmetric")
        d.rejected(proof, "not seen to be convex", "psd")


def test_slopes_that_are_off() -> None:
    for wrong in (1, "1/1000000000000"):
        d, proof = energy(1, free=False, wrong=wrong)
        d.rejected(proof, "not seen to be the slope")


Build = Callable[[Draft, Value], Value]
Pair = tuple[Build, Build]  # a function and its slope, or what is given out for it


def times(q: int | str, *names: str) -> Build:
    """Return q times a product of functions of w."""
    return lambda d, w: d.mul((), *(d.fn(name, w)() for name in names), q=q)


def plus(p: Build, q: Build) -> Build:
    """Return the sum of two functions of w."""
    return lambda d, w: d.add((), (1, p(d, w)()), (1, q(d, w)()))


def scalar(pair: Pair, around: str = "", line: int = 0) -> tuple[Draft, dict[str, Any]]:
    """Return c psi(w) for w = c . x, of potential phi(w); or of around(phi(w) + 1 + line w)."""
    d = Draft()
    x, c = d.x("n"), d.param("n")
    w, one = d.mul((), c("s"), x("s")), number(d, 1)
    slope = pair[1](d, w)
    inner = d.add((), (1, slope()), (line, one()))
    if not around:
        d.mul(("n",), c("i0"), inner())
        d.output()
        total = value = pair[0](d, w)
    else:
        value = pair[0](d, w)
        more = d.add((), (1, value()), (1, one()), (line, w()))
        factor = d.fn({"relu": "step", "log": "inv"}[around], more)
        d.mul(("n",), c("i0"), factor(), inner())
        d.output()
        total = d.fn(around, more)
    names = [[value.number, slope.number, w.number]]
    return d, {"rule": "gradient", "potential": total.number, "functions": names}


def root(d: Draft, w: Value) -> Value:
    """sqrt(w) for w > 0."""
    return piece(d, w, d.fn("sqrt", w), number(d, 0))


def steep(d: Draft, w: Value) -> Value:
    """The slope of sqrt(w) for w > 0: unbounded."""
    return piece(d, w, times("1/2", "rsqrt")(d, w), number(d, 0))


def double(d: Draft, w: Value) -> Value:
    return d.mul((), w(), q=2)


def two(d: Draft, w: Value) -> Value:
    return number(d, 2)


NO_PAIRS = {
    "a jump": (plus(times(1, "relu"), times(1, "step")), times(1, "step")),
    "a small jump": (plus(times(1, "relu"), times("-1/1000000000000", "step")), times(1, "step")),
    "a spike": (plus(times(1, "relu"), times(1, "iszero")), times(1, "step")),
    "steep": (root, steep),
    "stairs": (times(1, "floor"), plus(times(1, "iszero"), times(-1, "iszero"))),
    "a pole": (times(1, "inv"), times(-1, "inv", "inv")),
    "of another": (times(1, "tanh"), lambda d, w: d.fn("sech2", double(d, w))),
    "falling": (times(1, "tanh"), times(-1, "sech2")),
}
OFF = {
    "relu": (times(1, "relu"), plus(times(1, "step"), times(5, "iszero"))),
    "a line": (double, plus(two, times(5, "iszero"))),
    "exp": (times(1, "exp"), plus(times(1, "exp"), times(5, "iszero"))),
    "below": (times(1, "exp"), plus(times(1, "exp"), times("-1/1000000000000", "iszero"))),
}


@pytest.mark.parametrize("pair", NO_PAIRS.values(), ids=NO_PAIRS)
def test_what_is_no_pair(pair: Pair) -> None:
    d, proof = scalar(pair)
    d.rejected(proof, "functions")


@pytest.mark.parametrize("pair", OFF.values(), ids=OFF)
def test_a_slope_that_is_off_at_a_point(pair: Pair) -> None:
    """It counts for circulations, but is no subgradient there."""
    d, proof = scalar(pair)
    d.accepted(proof, "symmetric")
    d.rejected(proof, "not seen to be convex", "psd")


@pytest.mark.parametrize(
    ("pair", "around", "line"), [("exp", "log", 0), ("relu", "relu", -1), ("a line", "relu", 0)]
)
def test_a_slope_that_is_off_inside_of_what_is_convex(pair: str, around: str, line: int) -> None:
    """The form alone would show that the whole is convex."""
    d, proof = scalar(OFF[pair], around, line)
    d.accepted(proof, "symmetric")
    d.rejected(proof, "not seen to be convex", "psd")


def test_a_named_line_is_no_affine_map_of_a_norm() -> None:
    """|z| z . D z for z = 2 x, the slope off at 0: right along polygons, not a subgradient."""
    d = Draft()
    x = d.x("n")
    line = d.mul(("n",), x.own, q=2)
    slope = d.add(("n",), (2, number(d, 1)()), (5, d.fn("iszero", x).own))
    square = d.mul((), line("s"), line("s"))
    d.mul(("n",), d.fn("sqrt", square)(), line("i0"), slope("i0"))
    d.output()
    u = d.var("u")
    nodes = {"inner": line.number, "argument": u.number, "phi": u.number}
    names = [[line.number, slope.number, x.number]]
    d.rejected({"rule": "radial", **nodes, "functions": names}, "not affine")


@pytest.mark.parametrize(
    "names",
    [None, {}, [1], [[1, 2]], [[0, 1, 99]], [[0, 1, True]], [[3, 4, 3]], [[3, 3, 2]]],
)
def test_documents_that_name_nothing(names: Any) -> None:
    d, proof = energy(1, free=False)
    for claim in ("symmetric", "psd"):
        with pytest.raises(kernel.Rejected):
            kernel.check(d.document({**proof, "functions": names}, claim))


def test_named_twice() -> None:
    d, proof = energy(1, free=False)
    names = proof["functions"]
    d.rejected({**proof, "functions": [*names, names[0]]}, "named twice")
