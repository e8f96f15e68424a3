"""Squares with |A x + b| in a denominator: allowed where it is 0 on a null set only."""

from collections.abc import Callable

import pytest

from .draft import Draft, Value, jacobian

Inner = Callable[[Draft, Value], Value]


def radial(inner: Inner, size: int | str = "n") -> tuple[Draft, Value, Value, Value, Value]:
    """Return f = |z| x, and the nodes of v^T J v = sum |z| v^2 + ((x.v)^2 + ..) / |z| for z = x."""
    d = Draft()
    x = d.x(size)
    z = inner(d, x)
    root = d.fn("sqrt", d.mul((), z("s"), z("s")))
    f = d.mul((size,), root(), x("i0"))
    d.output()
    v = d.var("v", size)
    inverse = d.fn("rsqrt", d.mul((), z("s"), z("s")))
    along = d.mul((), x("s"), v("s"))
    return d, f, root, inverse, along


def test_a_norm_is_positive_almost_everywhere() -> None:
    d, f, root, inverse, along = radial(lambda d, x: x)
    flat = d.mul(("n",), root())
    v = Value(along.number - 3, 1)
    d.accepted(jacobian(f, (flat, v), (inverse, along)))
    square = d.mul((), inverse(), inverse())
    d.rejected(jacobian(f, (flat, v), (square, along)), "not the sum of squares", "psd")


@pytest.mark.parametrize(
    "inner",
    [
        lambda d, x: d.mul((2,), d.lit((2, 2), 0, 0, 0, 0)("i0", "s"), x("s")),
        lambda d, x: d.mul((2,), d.lit((2, 2), 1, -1, 2, -2)("i0", "t"), x("i0")),
        lambda d, x: d.mul((2,), d.lit((2,), 0, 1)("i0"), x("i0")),
        lambda d, x: d.add((2,), (1, x.own), (-1, x.own)),
        lambda d, x: d.mul((2,), x("i0"), q=0),
        lambda d, x: d.fn("relu", x),
    ],
    ids=[
        "zero matrix",
        "rows that add up to zero",
        "a zero",
        "a difference",
        "zero",
        "no affine map",
    ],
)
def test_a_norm_that_may_vanish_on_more(inner: Inner) -> None:
    d, f, root, inverse, along = radial(inner, 2)
    flat = d.mul((2,), root())
    v = Value(along.number - 3, 1)
    proof = jacobian(f, (flat, v), (inverse, along))
    d.rejected(proof, "is not J|not known|not seen|not the sum of squares|nothing", "psd")
