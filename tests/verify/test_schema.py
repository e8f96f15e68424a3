"""Splitting and unfolding keep the map; a schema covers its own flat graphs and no others."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from verify.search.evaluate import evaluate
from verify.search.roll import roll
from verify.trusted.graph import Graph, GraphError, Literal, Node, Ref, decode, encode, validate
from verify.trusted.schema import canonical, covers, independent, split, unfold, written

from .flat import cascade, modular, residual, softmax, tanh, wtanh

ONE = (Fraction(1),)
FLAT = {
    "cascade": cascade(4),
    "monotone cascade": cascade(3, wtanh, "softplus"),
    "modular": modular(3, softmax),
    "modules of their own": modular(3, stacked=False),
    "residual": residual(3),
}
SIZES = {"n": 3, "m": 4}


def rolled(graph: Graph) -> Graph:
    """The schema of a graph, all of whose widths are taken equal."""
    found = roll(graph, numbers(graph))
    assert found is not None
    return found


def numbers(graph: Graph) -> dict[str, int]:
    """Sizes of a graph: 3 for x, 4 for the rest."""
    symbols = {s for node in graph.nodes for s in node.shape if isinstance(s, str)}
    (n,) = graph.nodes[graph.output].shape
    return {s: 3 if s == n else 4 for s in symbols}


def arrays(graph: Graph, sizes: dict[str, int], seed: int = 0) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    shapes = ([s if isinstance(s, int) else sizes[s] for s in shape] for shape in graph.params)
    return [random.normal(size=shape) for shape in shapes]


def samples(graph: Graph) -> np.ndarray:
    return np.random.default_rng(7).normal(size=(5, 3))


@pytest.mark.parametrize("name", FLAT)
def test_splitting_keeps_the_map(name: str) -> None:
    graph = FLAT[name]
    sizes, x = numbers(graph), samples(graph)
    theta = arrays(graph, sizes)
    flat, _, params, symbols = independent(graph)
    pieces = []
    for k, *fixed in params:
        index: list[Any] = [slice(None)] * theta[k].ndim
        for axis, position in fixed:
            index[axis] = position
        pieces.append(theta[k][tuple(index)])
    new = {str(symbols[s]): n for s, n in sizes.items()}
    want = evaluate(graph, sizes, theta, x)
    np.testing.assert_allclose(evaluate(flat, new, pieces, x), want, rtol=1e-12)
    validate(flat)
    assert split(flat) == flat


@pytest.mark.parametrize("name", FLAT)
def test_unfolding_keeps_the_map(name: str) -> None:
    schema = rolled(FLAT[name])
    (symbol,) = {node.attrs[2] for node in schema.nodes if node.op == "loop"}
    for rounds in (1, 2, 5):
        sizes = {**numbers(schema), symbol: rounds}
        theta = arrays(schema, sizes)
        flat, _, params, symbols = written(schema, {symbol: rounds})
        validate(flat)
        assert flat == unfold(schema, rounds) == split(flat)
        pieces = [theta[k][tuple(turn)] for k, *turn in params]
        new = {str(symbols[s]): n for s, n in sizes.items() if s in symbols}
        x = samples(schema)
        want = evaluate(schema, sizes, theta, x)
        np.testing.assert_allclose(evaluate(flat, new, pieces, x), want, rtol=1e-12)
        assert covers(schema, flat) == {symbol: rounds}


def test_a_selection_goes_inside_functions_and_calls() -> None:
    """softplus(w)[1, i] u[i], with w sorted along its last axis, needs row 1 of w only."""
    nodes = (
        Node("param", (2, "n0"), attrs=(0,)),
        Node("call", (2, "n0"), (Ref(0, ("i0", "s0")),), name="sort", attrs=(1, 1)),
        Node("fn", (2, "n0"), (Ref(1, ("i0", "i1")),), name="softplus"),
        Node("x", ("n0",)),
        Node("mul", ("n0",), (Ref(2, (1, "i0")), Ref(3, ("i0",))), ONE),
    )
    flat = split(Graph(nodes, 4, ((2, "n0"),)))
    assert flat.params == (("n0",),)
    assert [node.op for node in flat.nodes] == ["param", "call", "fn", "x", "mul"]
    assert flat.nodes[1].args == (Ref(0, ("s0",)),)
    sizes, x = {"n0": 3}, np.ones((1, 3))
    theta = np.array([[1.0, 2.0, 3.0], [6.0, 4.0, 5.0]])
    want = np.log1p(np.exp([[4.0, 5.0, 6.0]]))
    np.testing.assert_allclose(evaluate(flat, sizes, [theta[1]], x), want)


def test_positions_along_the_sorted_axis_stay_selected() -> None:
    nodes = (
        Node("x", (3,)),
        Node("call", (3,), (Ref(0, ("s0",)),), name="sort", attrs=(1, 1)),
        Node("mul", (3,), (Ref(0, ("i0",)), Ref(1, (2,))), ONE),
    )
    graph = Graph(nodes, 2)
    assert split(graph) == graph


def stack(*indices: tuple[Any, ...]) -> Graph:
    """x_i + sum of the entries of a 3 x n stack at each of these indices."""
    nodes = [Node("x", ("n0",)), Node("param", (3, "n0"), attrs=(0,))]
    args = (Ref(0, ("i0",)), *(Ref(1, index) for index in indices))
    nodes.append(Node("add", ("n0",), args, ONE * len(args)))
    return Graph(tuple(nodes), 2, ((3, "n0"),))


def test_what_is_also_used_whole_is_not_split() -> None:
    assert split(stack((0, "i0"), (2, "i0"))).params == (("n0",), ("n0",))
    assert split(stack((2, "i0"), (2, "i0"))).params == (("n0",),)
    whole = Node("mul", ("n0",), (Ref(0, ("j0", "i0")),), ONE)  # the sum over the stack
    param, one, two = Node("param", (3, "n0"), attrs=(0,)), Ref(0, (0, "i0")), Ref(2, ("i0",))
    nodes = (param, Node("x", ("n0",)), whole)
    output = Node("add", ("n0",), (one, Ref(1, ("i0",)), two), ONE * 3)
    assert split(Graph((*nodes, output), 3, ((3, "n0"),))).params == ((3, "n0"),)


def test_tied_positions_stay_tied() -> None:
    """One position used twice is one param, two positions are two: their schemas differ."""
    assert covers(split(stack((0, "i0"), (0, "i0"))), stack((0, "i0"), (1, "i0"))) is None
    assert covers(split(stack((0, "i0"), (1, "i0"))), stack((0, "i0"), (0, "i0"))) is None
    assert covers(split(stack((0, "i0"), (1, "i0"))), stack((2, "i0"), (0, "i0"))) == {}


LIARS = {
    "another activation in a round": cascade(4, [tanh, tanh, softmax, tanh], "softplus"),
    "another activation at the end": cascade(4, [tanh, tanh, tanh, softmax], "softplus"),
    "two rounds that share a param": cascade(4, through="softplus", tied=2),
    "a round that shares a param with the start": cascade(4, through="softplus", tied=1),
    "a round that shares a param with the last": cascade(4, through="softplus", tied=3),
    "free where the schema says positive": cascade(4),
    "another function": cascade(4, through="exp"),
}


@pytest.mark.parametrize("name", LIARS)
def test_one_odd_round_is_not_covered(name: str) -> None:
    schema = rolled(cascade(3, through="softplus"))
    assert covers(schema, cascade(4, through="softplus")) is not None
    assert covers(schema, LIARS[name]) is None


def test_one_negative_module_is_not_covered() -> None:
    schema = rolled(modular(3))
    assert covers(schema, modular(5)) is not None
    assert covers(schema, modular(5, sign=-1)) is None
    assert covers(schema, modular(5, start=False)) is None
    assert covers(schema, modular(5, softmax)) is None


def mutants(graph: Graph) -> Iterator[Graph]:
    """Graphs that differ in one sign, function, argument or index of one node."""
    for number, node in enumerate(graph.nodes):
        changed = [replace(node, coefs=tuple(-q for q in node.coefs))] if node.coefs else []
        changed += [replace(node, name="exp")] if node.op == "fn" else []
        for k, ref in enumerate(node.args):
            others: list[Ref] = [Ref(n, ref.index) for n in range(number)]
            others += [Ref(ref.node, ref.index[::-1]), Ref(ref.node, (0, *ref.index[1:]))]
            for other in others:
                args = (*node.args[:k], other, *node.args[k + 1 :])
                changed.append(replace(node, args=args))
        for new in changed:
            nodes = (*graph.nodes[:number], new, *graph.nodes[number + 1 :])
            mutant = replace(graph, nodes=nodes)
            if new != node and well_formed(mutant):
                yield mutant


def well_formed(graph: Graph) -> bool:
    try:
        validate(graph)
    except GraphError:
        return False
    return True


@pytest.mark.parametrize("name", FLAT)
def test_no_mutant_of_a_flat_graph_is_covered_unless_it_is_the_same(name: str) -> None:
    """A mutant that is covered is the same map of other params: exchanged, or a commuted sum."""
    graph = FLAT[name]
    schema, sizes, count = rolled(graph), numbers(graph), 0
    for mutant in mutants(graph):
        count += 1
        if covers(schema, mutant, numbers(mutant)) is not None:
            assert len(mutant.params) == len(graph.params)
            assert resized(split(mutant)) == resized(split(graph))
    assert count >= 30
    assert covers(schema, graph, sizes) is not None


def resized(graph: Graph) -> Graph:
    """A graph at sizes 3 for x and 4 for the rest."""
    sizes: dict[Any, Any] = numbers(graph)
    nodes = [replace(n, shape=tuple(sizes.get(s, s) for s in n.shape)) for n in graph.nodes]
    return canonical(nodes, graph.output, graph.literals)[0]


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
