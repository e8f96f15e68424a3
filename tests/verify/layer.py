"""The layer W x + b as a graph, to be built upon."""

from fractions import Fraction
from typing import Any

from verify.trusted.graph import Graph, Node, Ref

ONE = (Fraction(1),)
W, X, WX, B, Z = range(5)


def mul(shape: tuple[Any, ...], *refs: tuple[Any, ...], q: Any = 1) -> Node:
    return Node("mul", shape, tuple(Ref(r[0], r[1:]) for r in refs), (Fraction(q),))


def add(shape: tuple[Any, ...], *terms: tuple[Any, ...]) -> Node:
    refs = tuple(Ref(node, shape and ("i0",)) for _, node in terms)
    return Node("add", shape, refs, tuple(Fraction(q) for q, _ in terms))


def fn(name: str, shape: tuple[Any, ...], node: int) -> Node:
    return Node("fn", shape, (Ref(node, shape and ("i0",)),), name=name)


AFFINE = (
    Node("param", ("n0", "n1"), attrs=(0,)),
    Node("x", ("n1",)),
    mul(("n0",), (W, "i0", "j0"), (X, "j0")),
    Node("param", ("n0",), attrs=(1,)),
    add(("n0",), (1, B), (1, WX)),
)
PARAMS = (("n0", "n1"), ("n0",))


def out(k: int) -> Node:
    """W^T v."""
    return mul(("n1",), (W, "j0", "i0"), (k, "j0"))


def graph(*nodes: Node, params: tuple[Any, ...] = PARAMS, **more: Any) -> Graph:
    return Graph((*AFFINE, *nodes), 4 + len(nodes), params, **more)


TANH = graph(fn("tanh", ("n0",), Z), out(5))
SOFTMAX = graph(
    fn("exp", ("n0",), Z),
    mul((), (5, "j0")),
    fn("inv", (), 6),
    mul(("n0",), (5, "i0"), (7,)),
    out(8),
)
