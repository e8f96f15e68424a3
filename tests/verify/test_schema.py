"""Splitting and unfolding keep the map; a schema covers its own flat graphs and no others."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from verify.search.evaluate import evaluate
from verify.search.roll import roll
from verify.trusted.graph import Graph, GraphError, Node, Ref, validate
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
