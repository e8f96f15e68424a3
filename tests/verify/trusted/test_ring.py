"""Normal forms have the values of what they are the form of; equal spellings have one form."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from verify.search.evaluate import Floats
from verify.trusted import ring as rings
from verify.trusted.graph import Graph, Literal, Node, Ref
from verify.trusted.kernel import Checker
from verify.trusted.polys import Poly, RingError
from verify.trusted.ring import Ring

from .drawn_graphs import LITERAL, SIZES, nodes, numbers
from .poly_values import Numbers


def checker(found: Sequence[Node]) -> Checker:
    shapes = tuple(node.shape for node in found if node.op == "param")
    graph = Graph(tuple(found), len(found) - 1, shapes, (LITERAL,))
    return Checker(graph, graph.nodes, psd=False)


def values(found: Sequence[Node], at: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Return the values of all nodes by the search's evaluator, which knows no normal forms."""
    graph = checker(found).graph
    params = [at[f"param {k}"] for k in range(len(graph.params))]
    arrays = Floats(graph, SIZES).values(params, at["x"][None])
    shapes = [tuple(SIZES.get(str(s), s) for s in node.shape) for node in found]
    return [a.reshape(shape) for a, shape in zip(arrays, shapes, strict=True)]  # type: ignore


def form_at(p: Poly, numeric: Numbers, shape: tuple[int, ...]) -> np.ndarray:
    names = [f"i{k}" for k in range(len(shape))]
    flat = [numeric.poly(p, dict(zip(names, place, strict=True))) for place in np.ndindex(shape)]
    return np.array(flat).reshape(shape)


@settings(max_examples=250)
@given(nodes(), st.integers(0, 2**32))
def test_a_normal_form_has_the_values_of_its_node(found: list[Node], seed: int) -> None:
    judge, at = checker(found), numbers(found, seed)
    measured = values(found, at)
    assume(all(np.isfinite(a).all() and abs(a).max(initial=0) < 1e6 for a in measured))
    numeric = Numbers(at, SIZES)
    for node, number, value in zip(found, range(len(found)), measured, strict=True):
        form = judge.value(number)
        assert form.free <= set(node.out)
        np.testing.assert_allclose(form_at(form, numeric, value.shape), value, 1e-7, 1e-7)


@settings(max_examples=150)
@given(nodes(), st.randoms(use_true_random=False))
def test_equal_spellings_have_one_form(found: list[Node], random: Any) -> None:
    """Arguments in another order, names of summed indices replaced by others."""
    other = []
    for node in found:
        order = list(range(len(node.args)))
        if node.op in ("mul", "add"):
            random.shuffle(order)
        summed = {i for ref in node.args for i in ref.index if isinstance(i, str)} - {*node.out}
        fresh = [f"zz{k}" for k in range(len(summed))]
        random.shuffle(fresh)
        names = dict(zip(sorted(summed), fresh, strict=True))
        args = tuple(
            Ref(r.node, tuple(names.get(str(i), i) for i in r.index))
            for r in (node.args[k] for k in order)
        )
        coefs = tuple(node.coefs[k] for k in order) if node.op == "add" else node.coefs
        other.append(replace(node, args=args, coefs=coefs))
    judge = checker([*found, *(shifted(node, len(found)) for node in other)])
    for number in range(len(found)):
        assert judge.value(number) is judge.value(number + len(found))


def shifted(node: Node, by: int) -> Node:
    return replace(node, args=tuple(Ref(r.node + by, r.index) for r in node.args))


@settings(max_examples=150)
@given(nodes(jumps=False), st.integers(0, 2**32))
def test_derivatives_are_limits_of_differences(found: list[Node], seed: int) -> None:
    judge, at = checker(found), numbers(found, seed)
    number = len(found) - 1
    form, h = judge.value(number), 1e-5
    n = len(at["x"])
    shifts = [h * np.eye(n)[j] for j in range(n)]
    ends = [
        (values(found, {**at, "x": at["x"] + s})[-1], values(found, {**at, "x": at["x"] - s})[-1])
        for s in shifts
    ]
    assume(all(np.isfinite(a).all() and abs(a).max(initial=0) < 1e3 for e in ends for a in e))
    slope = judge.ring.derivative(form, "x", ("p0",))
    numeric = Numbers(at, SIZES)
    for j, (above, below) in enumerate(ends):
        names = [f"i{k}" for k in range(above.ndim)]
        for place in np.ndindex(above.shape):
            exact = numeric.poly(slope, {**dict(zip(names, place, strict=True)), "p0": j})
            difference = (above[place] - below[place]) / (2 * h)
            assert exact == pytest.approx(difference, rel=1e-4, abs=1e-4)


def test_equal_polys_are_one_object() -> None:
    r = Ring()
    a, b = r.entry("x", ("i0",)), r.entry("param 0", ("i0",))
    assert r.mul(a, b) is r.mul(b, a)
    assert r.add((1, a), (2, b)) is r.add((2, b), (1, a))
    assert r.add((1, a), (-1, a)) is r.number(0)
    assert r.of("tanh", a) is r.of("tanh", a)
    assert r.entry("x", ("i0",)) is a
    assert r.entry("x", ("i1",)) is not a
    assert r.entry("x", (0,)) is not r.entry("x", (1,))


def test_renaming_is_simultaneous_and_captures_nothing() -> None:
    r = Ring()
    w = r.entry("param 0", ("i", "j"))
    assert r.rename(w, {"i": "j", "j": "i"}) is r.entry("param 0", ("j", "i"))
    row = r.sum(r.mul(w, r.entry("x", ("j",))), {"j": "n"})  # sum_j W[i, j] x[j]
    assert row.free == {"i"}
    assert r.rename(row, {"j": "k"}) is row
    assert r.rename(r.rename(row, {"i": "j"}), {"j": "i"}) is row
    twice = r.mul(row, row)
    names = {name for (bounds, _), _ in twice.terms.items() for name, _ in bounds}
    assert len(names) == 2  # one sum for each factor
    outer = r.sum(r.mul(r.of("tanh", row), r.of("tanh", row)), {"i": "m"})
    numeric = Numbers(
        {"param 0": np.array([[1.0, 2.0], [0.5, -1.0]]), "x": np.array([0.3, -0.7])},
        {"n": 2, "m": 2},
    )
    z = np.array([[1.0, 2.0], [0.5, -1.0]]) @ np.array([0.3, -0.7])
    assert numeric.poly(outer, {}) == pytest.approx((np.tanh(z) ** 2).sum())
    assert numeric.poly(twice, {"i": 1}) == pytest.approx(z[1] ** 2)


def test_eye_selects() -> None:
    r = Ring()
    eye, x = r.entry("eye", ("i", "j")), r.entry("x", ("j",))
    assert r.sum(r.mul(eye, x), {"j": "n"}) is r.entry("x", ("i",))
    assert r.entry("eye", ("i", "j")) is r.entry("eye", ("j", "i"))
    assert r.mul(eye, eye) is eye
    assert r.entry("eye", (0, 1)) is r.number(0)
    assert r.entry("eye", (1, 1)) is r.number(1)
    trace = r.sum(r.entry("eye", ("k", "k")), {"k": "n"})
    assert trace is r.sum(r.number(1), {"k": "n"})  # n, not 1
    assert trace is not r.number(1)


def test_a_sum_over_a_size_is_not_one_over_another() -> None:
    r = Ring()
    x = r.entry("x", ("j",))
    assert r.sum(x, {"j": "n"}) is not r.sum(x, {"j": "m"})
    assert r.sum(x, {"j": 2}) is not r.sum(x, {"j": 3})


def test_different_functions_stay_different() -> None:
    r = Ring()
    u, w = r.entry("x", ("i0",)), r.entry("x", ("i1",))
    forms = [r.of(f, v) for f in ("relu", "step", "tanh", "exp", "softplus") for v in (u, w)]
    forms += [r.of(f, r.add((-1, u))) for f in ("relu", "step", "softplus")]
    for half in ("sigmoid", "dsigmoid"):  # times exponentials that are not of its argument
        for other in (r.exp(u), r.exp(w), r.exp(r.add((1, u), (1, w))), r.exp(r.add((-2, u)))):
            forms.append(r.mul(other, r.of(half, u)))
    assert len({id(p) for p in forms}) == len(forms)


def test_what_has_no_derivative() -> None:
    r = Ring()
    x = r.entry("x", ("i0",))
    for head in ("i1", "digamma", "no_function"):
        with pytest.raises(RingError, match=f"no derivative of {head}"):
            r.derivative(r.of(head, x), "x", ("p0",))
    with pytest.raises(RingError, match="not seen to be 0 or 1"):
        r.of("where", x, x, x)
    condition = r.of("step", x)
    assert r.of("where", condition, x, r.number(0)) is r.mul(condition, x)
    assert r.of("where", r.number(1), x, r.number(0)) is x


def test_too_large_a_normal_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rings, "LIMIT", 6_000)
    r = Ring()
    p = r.add(*((1, r.entry("x", (k,))) for k in range(10)))
    with pytest.raises(RingError, match="too large a normal form"):
        r.mul(p, p, p)


@pytest.mark.parametrize("shape", list(product((1, 2, 3), repeat=2)))
def test_entries_of_constants(shape: tuple[int, int]) -> None:
    data = tuple(Fraction(k, 3) for k in range(shape[0] * shape[1]))
    r = Ring((Literal(shape, data),))
    table = np.arange(len(data)).reshape(shape) / 3
    for i, j in np.ndindex(shape):
        assert float(r.entry("lit 0", (i, j)).constant or 0) == pytest.approx(table[i, j])
    total = r.sum(r.sum(r.entry("lit 0", ("i", "j")), {"i": shape[0]}), {"j": shape[1]})
    assert Numbers({"lit 0": table}, {}).poly(total, {}) == pytest.approx(table.sum())
