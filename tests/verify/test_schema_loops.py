"""Loops written out, and what they may not be."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from verify.search.evaluate import evaluate
from verify.trusted.graph import Graph, GraphError, Literal, Node, Ref, decode, encode, validate
from verify.trusted.schema import canonical, covers, split, unfold, written

from .flat import modular
from .test_schema import FLAT, ONE, arrays, mutants, numbers, resized, rolled, samples


@pytest.mark.parametrize("name", FLAT)
def test_what_a_mutant_schema_covers_is_its_own_map(name: str) -> None:
    """Loops that are used in wrong ways are refused; the others unfold to what they compute."""
    graph = FLAT[name]
    schema, unfolded = rolled(graph), 0
    (symbol,) = {node.attrs[2] for node in schema.nodes if node.op == "loop"}
    for mutant in mutants(schema):
        try:
            flat, _, params, symbols = written(mutant, {symbol: 3})
        except GraphError:
            continue
        validate(flat)
        unfolded += 1
        sizes, x = {**numbers(mutant), symbol: 3}, samples(mutant)
        theta = arrays(mutant, sizes)
        pieces = [theta[k][tuple(turn)] for k, *turn in params]
        new = {str(symbols[s]): n for s, n in sizes.items() if s in symbols}
        want = evaluate(mutant, sizes, theta, x)
        np.testing.assert_allclose(evaluate(flat, new, pieces, x), want, rtol=1e-9)
        if covers(mutant, graph, numbers(graph)) is not None:
            assert resized(unfold(mutant, covers(mutant, graph, numbers(graph)) or {})) == resized(
                split(graph)
            )
    assert unfolded > 5


def loop(step: Node, family: tuple[Any, ...] = ("n1", "n0"), **changes: Any) -> Graph:
    """z_l = step(z_{l-1}) from z_0 = x, with a family of params theta_l."""
    nodes = (
        Node("x", ("n0",)),
        Node("param", family, attrs=(0,)),
        Node("state", ("n0",), attrs=(0,)),
        step,
        Node("loop", ("n0",), (Ref(0, ("i0",)),), attrs=(0, 3, "n1")),
    )
    return replace(Graph(nodes, 4, (family,), families=(0,)), **changes)


PLUS = Node("add", ("n0",), (Ref(2, ("i0",)), Ref(1, ("l0", "i0"))), ONE * 2)


def test_a_loop_is_written_out() -> None:
    flat = unfold(loop(PLUS), 2)
    assert [node.op for node in flat.nodes] == ["x", "param", "add", "param", "add"]
    assert flat.params == (("n0",), ("n0",))
    assert covers(loop(PLUS), flat) == {"n1": 2}


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (
            loop(replace(PLUS, args=(Ref(2, ("i0",)), Ref(5, ("i0",)))), families=()),
            "expected earlier nodes",
        ),
        (loop(PLUS, families=()), "a family at l0"),
        (
            loop(
                Node("mul", ("n0",), (Ref(2, ("i0",)), Ref(1, ("j0", "i0"))), ONE),
            ),
            "expected a family at a round",
        ),
        (
            loop(
                Node("mul", ("n0",), (Ref(2, ("i0",)), Ref(1, ("l0", "j0"))), ONE),
                ("n1", "n1"),
            ),
            "expected no number of rounds as a size",
        ),
    ],
)
def test_a_family_or_number_of_rounds_used_otherwise_is_refused(
    schema: Graph, message: str
) -> None:
    with pytest.raises(GraphError, match=message):
        covers(schema, unfold(loop(PLUS), 2))


def test_a_number_of_rounds_that_is_a_size_is_refused() -> None:
    nodes = [replace(n, shape=("n1",) * len(n.shape)) for n in loop(PLUS).nodes]
    schema = Graph(tuple(nodes), 4, (("n1", "n1"),), families=(0,))
    validate(schema)
    with pytest.raises(GraphError, match="expected no number of rounds as a size"):
        unfold(schema, 2)


def test_loops_inside_of_loops_are_refused() -> None:
    state, inner = Ref(1, ("i0",)), Ref(2, ("i0",))
    nodes = (
        Node("x", ("n0",)),
        Node("state", ("n0",), attrs=(0,)),
        Node("state", ("n0",), attrs=(1,)),
        Node("add", ("n0",), (state, inner), ONE * 2),
        Node("loop", ("n0",), (state,), attrs=(1, 3, "n1")),
        Node("loop", ("n0",), (Ref(0, ("i0",)),), attrs=(0, 4, "n2")),
    )
    with pytest.raises(GraphError, match="loop"):
        unfold(Graph(nodes, 5), 2)


def test_rounds_without_end_are_refused() -> None:
    endless = loop(PLUS, (10**12, "n0"))
    nodes = (*endless.nodes[:4], replace(endless.nodes[4], attrs=(0, 3, 10**12)))
    endless = replace(endless, nodes=nodes)
    validate(endless)
    with pytest.raises(GraphError, match="fewer rounds"):
        covers(endless, unfold(loop(PLUS), 2))


def test_rounds_that_do_nothing_cost_nothing() -> None:
    """The step is x whatever the state: one round or 10^12."""
    nodes = (
        Node("x", ("n0",)),
        Node("mul", ("n0",), (Ref(0, ("i0",)),), (Fraction(2),)),
        Node("loop", ("n0",), (Ref(1, ("i0",)),), attrs=(0, 0, 10**12)),
        Node("add", ("n0",), (Ref(2, ("i0",)), Ref(2, ("i0",))), ONE * 2),
    )
    assert [node.op for node in unfold(Graph(nodes, 3), {}).nodes] == ["x", "add"]


def test_two_loops_have_rounds_of_their_own() -> None:
    """(x + sum_k theta_k) + tanh applied again and again to x."""
    tanh_of = Node("fn", ("n0",), (Ref(5, ("i0",)),), name="tanh")
    nodes = (
        *loop(PLUS).nodes,
        Node("state", ("n0",), attrs=(1,)),
        tanh_of,
        Node("loop", ("n0",), (Ref(0, ("i0",)),), attrs=(1, 6, "n2")),
        Node("add", ("n0",), (Ref(4, ("i0",)), Ref(7, ("i0",))), ONE * 2),
    )
    schema = canonical(nodes, 8, (), {0})[0]
    assert decode(encode(schema)) == schema
    flat = unfold(schema, {"n1": 2, "n2": 5})
    assert covers(schema, flat) == {"n1": 2, "n2": 5}
    assert covers(schema, unfold(schema, {"n1": 5, "n2": 2})) == {"n1": 5, "n2": 2}


def test_sizes_are_compared_where_a_schema_is_less_general() -> None:
    """Widths of each module for itself are one width of the schema if they are equal."""
    graph, schema = modular(3, stacked=False), rolled(modular(4))
    assert covers(schema, graph) is None
    assert covers(schema, graph, numbers(graph)) is not None
    widths = sorted({s for node in graph.nodes for s in node.shape if isinstance(s, str)})
    unequal = {s: k + 2 for k, s in enumerate(widths)}
    assert covers(schema, graph, unequal) is None


def test_fixed_sizes_are_not_all_sizes() -> None:
    def graph(n: Any, literal: bool) -> Graph:
        node = Node("lit", (n,), attrs=(0,)) if literal else Node("x", (n,))
        nodes = (
            Node("x", (n,)),
            node,
            Node("add", (n,), (Ref(0, ("i0",)), Ref(1, ("i0",))), ONE * 2),
        )
        return canonical(nodes, 2, (Literal((2,), ONE * 2),))[0]

    assert covers(graph(2, False), graph("n0", False)) is None
    assert covers(graph(2, False), graph("n0", False), {"n0": 3}) is None
    assert covers(graph(2, False), graph("n0", False), {"n0": 2}) == {}
    assert covers(graph("n0", False), graph(2, False)) == {}
    assert covers(graph(2, True), graph(2, True)) == {}


def test_only_flat_graphs_are_split() -> None:
    with pytest.raises(GraphError, match="no loops"):
        split(loop(PLUS))
    with pytest.raises(GraphError, match="no loops"):
        covers(loop(PLUS), loop(PLUS))
