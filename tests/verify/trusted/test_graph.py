"""Graphs from JSON: what is well-formed comes through whole, what is not is named."""

import copy
import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.trusted.graph import (
    Graph,
    GraphError,
    Literal,
    Node,
    Ref,
    decode,
    decode_node,
    encode,
    encode_node,
    text,
    validate,
)

ONE = (Fraction(1),)


def layer() -> Graph:
    """W^T tanh(W x + b), of every size."""
    return Graph(
        nodes=(
            Node("param", ("n0", "n1"), attrs=(0,)),
            Node("x", ("n1",)),
            Node("mul", ("n0",), (Ref(0, ("i0", "s0")), Ref(1, ("s0",))), ONE),
            Node("param", ("n0",), attrs=(1,)),
            Node("add", ("n0",), (Ref(2, ("i0",)), Ref(3, ("i0",))), ONE * 2),
            Node("fn", ("n0",), (Ref(4, ("i0",)),), name="tanh"),
            Node("mul", ("n1",), (Ref(0, ("s0", "i0")), Ref(5, ("s0",))), ONE),
        ),
        output=6,
        params=(("n0", "n1"), ("n0",)),
    )


def deep() -> Graph:
    """z_L of z_0 = C x, z_l = z_{l-1} + a_l tanh(z_{l-1}) + sort(z_{l-1}), dim = 2."""
    state = Ref(4, ("i0",))
    return Graph(
        nodes=(
            Node("lit", (2, 2), attrs=(0,)),
            Node("x", (2,)),
            Node("mul", (2,), (Ref(0, ("i0", "s0")), Ref(1, ("s0",))), (Fraction(-3, 2),)),
            Node("param", ("n0",), attrs=(0,)),
            Node("state", (2,), attrs=(0,)),
            Node("fn", (2,), (state,), name="tanh"),
            Node("mul", (2,), (Ref(3, ("l0",)), Ref(5, ("i0",))), ONE),
            Node("call", (2,), (Ref(4, ("s0",)),), name="sort", attrs=(1, 1, 0)),
            Node("add", (2,), (state, Ref(6, ("i0",)), Ref(7, (1,))), ONE * 3),
            Node("loop", (2,), (Ref(2, ("i0",)),), attrs=(0, 8, "n0")),
        ),
        output=9,
        params=(("n0",),),
        literals=(Literal((2, 2), (Fraction(1), Fraction(1, 3), Fraction(-2), Fraction(0))),),
        families=(0,),
    )


GRAPHS = [layer(), deep()]


@pytest.mark.parametrize("graph", GRAPHS)
def test_there_and_back(graph: Graph) -> None:
    value = json.loads(text(encode(graph)))
    assert decode(value) == graph
    assert decode(value).digest == graph.digest
    for number, node in enumerate(graph.nodes):
        assert decode_node(encode_node(node), number) == node


@pytest.mark.parametrize(
    ("path", "new", "message"),
    [
        (["nodes", 2, 0], "conv", "node 2: expected a known operation"),
        (["nodes", 2, 0], ["mul"], "node 2: expected a known operation"),
        (["nodes", 2], ["mul"], "node 2: expected a list of 6 items"),
        (["nodes", 2, 1], [True], "node 2: expected names, or whole numbers from 1 on"),
        (["nodes", 2, 1], [0], "node 2: expected names, or whole numbers from 1 on"),
        (["nodes", 2, 1], [2**63], "node 2: expected names, or whole numbers from 1 on"),
        (["nodes", 2, 1], [2.0], "node 2: expected names, or whole numbers from 1 on"),
        (["nodes", 2, 1], ["n1"], "node 2 (mul): expected one size at i0"),
        (["nodes", 2, 1], ["n0", "n0"], "node 4 (add): expected an index per axis of node 2"),
        (["nodes", 2, 2, 0], [], "node 2: expected references [node, index, ..]"),
        (["nodes", 2, 2, 0, 0], "s", "node 2: expected references to nodes by number"),
        (["nodes", 2, 2, 0, 0], 2, "node 2 (mul): expected earlier nodes in its refs"),
        (["nodes", 2, 2, 0, 0], -1, "node 2: expected names, or whole numbers from 0 on"),
        (["nodes", 2, 2, 0, 1], 0, "node 2 (mul): expected no position 0 on axis 0 of node 0"),
        (["nodes", 2, 2, 0, 1], "i1", "node 2 (mul): expected no index i1"),
        (["nodes", 2, 2, 0, 1], "l0", "node 2 (mul): expected no index l0"),
        (["nodes", 2, 2, 0, 1], "s0", "node 2 (mul): expected one size at s0"),
        (["nodes", 2, 2, 0, 1], "s 0", "node 2: expected names, or whole numbers from 0 on"),
        (["nodes", 2, 3], ["2/2"], "node 2: expected fractions in lowest terms"),
        (["nodes", 2, 3], ["1/0"], "node 2: expected fractions in lowest terms"),
        (["nodes", 2, 3], ["1e9999999999"], "node 2: expected fractions in lowest terms"),
        (["nodes", 2, 3], ["9" * 2001], "node 2: expected fractions in lowest terms"),
        (["nodes", 2, 3], ["-0"], "node 2: expected fractions in lowest terms"),
        (["nodes", 2, 3], ["1", "1"], "node 2 (mul): expected what belongs to its operation"),
        (["nodes", 2, 4], "tanh", "node 2 (tanh): expected what belongs to its operation"),
        (["nodes", 5, 4], "", "node 5 (fn): expected what belongs to its operation"),
        (["nodes", 5, 4], "__import__", "node 5: expected a name"),
        (["nodes", 5, 4], ["tanh"], "node 5: expected a name"),
        (["nodes", 5, 2, 0, 1], "s0", "node 5 (tanh): expected no index s0"),
        (["nodes", 3, 5], [2], "node 3 (param): expected what belongs to its operation"),
        (["nodes", 3, 5], [-1], "node 3 (param): expected what belongs to its operation"),
        (["nodes", 3, 5], [0], "node 3 (param): expected what belongs to its operation"),
        (["nodes", 3, 0], "var", "node 3 (var): expected no variable in the graph"),
        (["nodes", 0, 1], ["n1", "n1"], "node 0 (param): expected what belongs"),
        (["output"], 7, "output: expected the number of a node"),
        (["output"], True, "output: expected the number of a node"),
        (["output"], 5, "output: expected the shape of x"),
        (["nodes", 6, 2, 1], [1, "s1"], "nodes: expected only nodes that the output needs"),
        (["params"], {}, "params: expected a list"),
        (["params", 0], ["n0"], "node 0 (param): expected what belongs"),
        (["params"], [["n0", "n1"], ["n0"], ["n0"]], "param: expected only tensors that"),
        (["literals"], [[[], ["1"]]], "lit: expected only tensors that the output needs"),
        (["literals"], [[2]], "literals: expected [shape, data] each"),
        (["families"], [2], "families: expected numbers of params with axes"),
        (["families"], ["a"], "families: expected numbers of params with axes"),
    ],
)
def test_what_is_wrong_is_named(path: list[Any], new: Any, message: str) -> None:
    value = put(encode(layer()), path, new)
    with pytest.raises(GraphError) as caught:
        decode(value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("path", "new", "message"),
    [
        (["nodes", 0, 1], [2, "n0"], "node 0 (lit): expected what belongs to its operation"),
        (["literals", 0, 0], [4], "node 0 (lit): expected what belongs to its operation"),
        (["literals", 0, 1, 0], "0.5", "literal 0: expected fractions in lowest terms"),
        (["literals", 0, 1], ["1"], "node 0 (lit): expected what belongs to its operation"),
        (["nodes", 8, 2, 2, 1], 2, "node 8 (add): expected no position 2 on axis 0 of node 7"),
        (["nodes", 4, 1], [3], "node 4 (state): expected what belongs to its operation"),
        (["nodes", 4, 5], [1], "node 4 (state): expected what belongs to its operation"),
        (["nodes", 7, 5], [1], "node 7 (sort): expected what belongs to its operation"),
        (["nodes", 7, 5], [1, 2], "node 7 (sort): expected what belongs to its operation"),
        (["nodes", 7, 2, 0, 1], "i0", "node 7 (sort): expected no index i0"),
        (["nodes", 9, 5], [0, 9, "n0"], "node 9 (loop): expected what belongs to its operation"),
        (["nodes", 9, 5], [0, -1, "n0"], "node 9 (loop): expected what belongs to its operation"),
        (["nodes", 9, 5], [0, 8, 0], "node 6 (mul): expected a family at l0"),
        (["nodes", 9, 5], [0, 8, 3], "node 6 (mul): expected a family at l0"),
        (["nodes", 9, 5], [0, 3, "n0"], "node 9 (loop): expected what belongs to its operation"),
        (["nodes", 9, 5], [0, 8], "node 4 (state): expected what belongs to its operation"),
        (["nodes", 9, 2, 0], [5, "i0"], "node 9 (loop): expected a start outside of the loop"),
        (["nodes", 9, 2, 0], [2, 0], "node 9 (loop): expected what belongs to its operation"),
        (["nodes", 9, 2], [], "node 9 (loop): expected what belongs to its operation"),
        (["output"], 8, "output: expected no state outside of its loop"),
        (["families"], [], "node 6 (mul): expected a family at l0"),
        (["nodes", 8, 2, 1], [4, "i0"], "nodes: expected only nodes that the output needs"),
    ],
)
def test_loops_and_constants(path: list[Any], new: Any, message: str) -> None:
    value = put(encode(deep()), path, new)
    with pytest.raises(GraphError) as caught:
        decode(value)
    assert message in str(caught.value)


def put(value: Any, path: list[Any], new: Any) -> Any:
    """Return a JSON value with one place changed."""
    value = copy.deepcopy(value)
    place = value
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = new
    return value


@pytest.mark.parametrize("value", [None, [], 1, "graph", {}, {"nodes": []}])
def test_what_is_no_graph(value: Any) -> None:
    with pytest.raises(GraphError, match="graph: expected an object with exactly families, lit"):
        decode(value)


def test_two_loops_of_one_name_are_refused() -> None:
    graph = deep()
    again = replace(graph.nodes[9], args=(Ref(9, ("i0",)),))
    with pytest.raises(GraphError, match="each with its own id"):
        validate(replace(graph, nodes=(*graph.nodes, again), output=10))


def test_aux_nodes_may_be_variables_and_use_states() -> None:
    graph = deep()
    direction = Node("var", (2,), attrs=("v",))
    inside = Node("mul", (), (Ref(4, ("s0",)), Ref(10, ("s0",))), ONE)
    validate(graph, (direction, inside))
    with pytest.raises(GraphError, match=r"node 11 \(mul\): expected one size at s0"):
        validate(graph, (replace(direction, shape=(3,)), inside))
    with pytest.raises(GraphError, match=r"node 10 \(mul\): expected earlier nodes"):
        validate(graph, (inside,))


LEAVES = st.sampled_from(
    [0, 1, 2, 9, -1, 2**70, True, None, 0.5, "", "i0", "s0", "n0", "l0", "1/2", "mul", [], {}, [0]]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything inside a JSON value."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    inner = [place for key in keys for place in places(value[key], (*path, key))]
    return [path, *inner] if path else inner


@settings(max_examples=1000)
@given(st.data())
def test_an_edited_graph_is_refused_or_means_what_it_says(data: st.DataObject) -> None:
    value = encode(data.draw(st.sampled_from(GRAPHS)))
    for _ in range(data.draw(st.integers(1, 2))):
        found = places(value)
        path = list(data.draw(st.sampled_from(found)))
        source = value
        for key in data.draw(st.sampled_from(found)):
            source = source[key]
        new = copy.deepcopy(source) if data.draw(st.booleans()) else data.draw(LEAVES)
        value = put(value, path, new)
    try:
        graph = decode(value)
    except GraphError:
        return
    assert text(encode(graph)) == text(value)
    evaluate_shapes(graph)


def evaluate_shapes(graph: Graph) -> None:
    """Read the graph once more, each reference by itself, as an evaluator at size 2 would."""
    size: dict[Any, int] = {}
    for number, node in enumerate(graph.nodes):
        for ref in node.args:
            assert ref.node < number
            shape = graph.nodes[ref.node].shape
            bound = {**dict(zip(node.out, node.shape, strict=True))}
            for index, axis in zip(ref.index, shape, strict=True):
                if isinstance(index, int):
                    assert isinstance(axis, int)
                    assert 0 <= index < axis
                elif not index.startswith("l"):
                    assert bound.setdefault(index, axis) == axis
        size[number] = len(node.shape)
    assert graph.nodes[graph.output].shape in {n.shape for n in graph.nodes if n.op == "x"} | {
        graph.nodes[graph.output].shape
    }
