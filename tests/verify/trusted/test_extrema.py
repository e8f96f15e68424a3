"""The first of the largest entries, and gradients of maxima that are written with it."""

from typing import Any

import numpy as np
import pytest

from verify.search.functions import operation
from verify.trusted.entries import Entries
from verify.trusted.extrema import hardmax
from verify.trusted.graph import text
from verify.trusted.kernel import Rejected
from verify.trusted.polys import Poly
from verify.trusted.ring import Ring

from .draft import Draft, Value, gradient, jacobian, ridge


def rows(of: str = "W", q: int = 1, side: int = 1) -> tuple[Draft, Value, Value, Value]:
    """Return q V^T hardmax(side (W x + b)), V of W or another; W x + b, -(W x + b), the hardmax."""
    d = Draft()
    W, b, x = d.param("m", "n"), d.param("m"), d.x("n")
    V = W if of == "W" else d.param("m", "n")
    z = d.add(("m",), (1, d.mul(("m",), W("i0", "s"), x("s")).own), (1, b.own))
    below = d.mul(("m",), z.own, q=-1) if side < 0 else z
    hot = d.node("call", ("m",), below("k"), name="hardmax", attrs=(1, 1))
    d.mul(("n",), V("s", "i0"), hot("s"), q=q)
    d.output()
    below = d.mul(("m",), z.own, q=-1)
    return d, z, below, hot


def largest(d: Draft, z: Value, q: int = 1, name: str = "amax") -> Value:
    return d.mul((), d.node("call", (), z("k"), name=name, attrs=(1, 0)).own, q=q)


def test_the_rows_where_a_maximum_is() -> None:
    d, z, below, hot = rows()
    d.accepted(gradient(largest(d, z)))
    d.rejected(gradient(largest(d, z, 2)), "the parts do not add up")
    d.rejected(gradient(largest(d, z, name="amin")), "the parts do not add up", "symmetric")
    d.rejected(gradient(largest(d, below)), "the parts do not add up")
    d.rejected(jacobian(d.count - 1), "not known to be locally Lipschitz", "symmetric")
    d.rejected(gradient(d.mul((), hot("s"))), "not known to be locally Lipschitz")
    d.accepted(gradient(largest(d, below, -1, "amin")))


def test_the_rows_of_another_matrix() -> None:
    d, z, *_ = rows("V")
    d.rejected(gradient(largest(d, z)), "the parts do not add up")


def test_a_minimum_is_not_convex() -> None:
    d, z, below, _ = rows(side=-1)
    for least in (largest(d, z, name="amin"), largest(d, below, -1)):
        d.accepted(gradient(least), "symmetric")
        d.rejected(gradient(least), "not seen to be convex", "psd")


def test_minus_the_rows() -> None:
    d, z, *_ = rows(q=-1)
    d.accepted(gradient(largest(d, z, -1)), "symmetric")
    d.rejected(gradient(largest(d, z, -1)), "not seen to be convex", "psd")


def test_a_hardmax_mixes_its_arguments() -> None:
    d = Draft()
    x = d.x("n")
    d.node("call", ("n",), x("k"), name="hardmax", attrs=(1, 1))
    d.output()
    eye, u = d.node("eye", ("n", "n")), d.var("u", "n")
    phi = d.node("call", ("n",), u("k"), name="hardmax", attrs=(1, 1))
    d.rejected(ridge(eye, u, phi), "phi mixes its arguments", "symmetric")


@pytest.mark.parametrize("attrs", [(1, 1, 0), (2, 1), (1, 2), (0, 1)])
def test_a_hardmax_of_other_axes(attrs: tuple[int, ...]) -> None:
    d = Draft()
    x = d.x(3)
    shape = (3,) if attrs[1] == 1 else (3, 3)
    d.mul((3,), x.own)
    d.output()
    hot = d.node("call", shape, x("k"), name="hardmax", attrs=attrs)
    total = d.mul((), hot(*"st"[: len(shape)]))
    potential = d.add((), (1, total.own), (-1, total.own))
    d.rejected(gradient(potential), "hardmax: expected the same axes|Lipschitz")
    with pytest.raises(Rejected, match="same axes"):
        Entries(d.graph(), tuple(d.nodes)).at(hot.own)


def ring() -> tuple[Ring, Poly, Poly]:
    found = Ring()
    return found, found.entry("param 0", ("k",)), found.entry("param 1", ("i0",))


def of(found: Ring, p: Poly, index: Any = "i1", size: Any = "m") -> Poly:
    """Return the hardmax over k."""
    name = found.name()
    return hardmax(found, found.rename(p, {"k": name}), [name], [size], (index,))


def test_what_does_not_change_a_hardmax() -> None:
    found, z, c = ring()
    own = of(found, z)
    root = found.of("sqrt", z)
    assert of(found, found.add((3, z))) is own
    assert of(found, found.add((1, z), (2, c), (1, found.number(7)))) is own
    assert of(found, found.add((2, root), (-1, c))) is own
    assert of(found, found.add((-1, root))) is of(found, found.add((-1, z)))
    for other in (found.add((-1, z)), found.mul(z, c), found.add((1, z), (1, root))):
        assert of(found, other) is not own
    assert of(found, found.of("exp", z)) is not of(found, found.add((-1, z)))


def test_a_hardmax_is_0_or_1_and_one_of_it_is_1() -> None:
    found, z, c = ring()
    hot = of(found, z, "j")
    assert found.mul(hot, hot) is hot
    assert found.mul(hot, of(found, found.add((-1, z)), "j")) is not hot
    assert found.sum(hot, {"j": "m"}) is found.number(1)
    assert found.sum(found.mul(hot, c), {"j": "m"}) is c
    assert found.sum(hot, {"j": "n"}) is not found.number(1)  # over another size
    both = found.mul(hot, found.entry("param 1", ("j",)))
    assert found.sum(both, {"j": "m"}) is not found.sum(found.entry("param 1", ("j",)), {"j": "m"})
    inside = of(found, found.mul(z, found.entry("param 1", ("j",))), "j")
    assert found.sum(inside, {"j": "m"}) is not found.number(1)
    assert text(["hardmax", "m"]) in hot.heads


def test_ties_go_to_the_first() -> None:
    hot = operation("hardmax", [np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])], (1, 1))
    assert hot.tolist() == [[0, 1, 0], [1, 0, 0]]
