"""A graph at floating-point numbers, for many samples at a time."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from verify.search.contract import align, contract, single
from verify.search.functions import function, operation
from verify.search.walk import Walk
from verify.trusted.graph import Graph, GraphError, Index, Node

BATCH = "*"


class Floats:
    """A graph with sizes, to be evaluated in float64.

    An array has the shape of its node, after one axis for the samples where it depends on them.
    """

    def __init__(self, graph: Graph, sizes: Mapping[str, int]) -> None:
        self.graph = graph
        self.sizes = dict(sizes)
        self.literals = [
            np.array([float(q) for q in c.data]).reshape(c.shape) for c in graph.literals
        ]

    def values(
        self,
        params: Sequence[Any] | Mapping[int, Any],
        x: Any,
        nodes: Sequence[Node] | None = None,
    ) -> list[np.ndarray]:
        """Return the values of all nodes at samples x (S, n); params may lead with an axis S too.

        ``nodes`` are other nodes numbered as the graph's, such as the graph's and further ones.
        """
        x = np.asarray(x, dtype=np.float64)

        def compute(node: Node, walk: Walk) -> np.ndarray:
            if node.op == "x":
                return x if node.shape else x[..., 0]
            if node.op == "param":
                return self.param(node, params, walk)
            return floats(node, walk, self.literals)

        with np.errstate(all="ignore"):
            return Walk(nodes or self.graph.nodes, self.sizes, compute).run()

    def param(self, node: Node, params: Any, walk: Walk) -> np.ndarray:
        """Return theta_k in the shape of its node; axes of size 1 that the node drops may stay."""
        return fitted(np.asarray(params[node.attrs[0]], dtype=np.float64), walk.shape(node))

    def __call__(self, params: Sequence[Any] | Mapping[int, Any], x: Any) -> np.ndarray:
        """Return the map at samples x (S, n), shape (S, n)."""
        x = np.asarray(x, dtype=np.float64)
        value = self.values(params, x)[self.graph.output]
        if not self.graph.nodes[self.graph.output].shape:
            value = value[..., None]  # a graph drops an axis of size 1
        return np.broadcast_to(value, x.shape)


def evaluate(
    graph: Graph,
    sizes: Mapping[str, int],
    params: Sequence[Any] | Mapping[int, Any],
    x: Any,
) -> np.ndarray:
    """Return the map of a graph at samples x (S, n) in float64, with nan where it is undefined.

    ``params[k]`` is an array for theta_k. Raises GraphError for a size without a value.

    >>> from fractions import Fraction
    >>> from verify.trusted.graph import Graph, Node, Ref
    >>> nodes = (Node("x", (2,)), Node("mul", (2,), (Ref(0, ("i0",)),), (Fraction(3),)))
    >>> evaluate(Graph(nodes, 1), {}, [], [[1.0, 2.0]])
    array([[3., 6.]])
    """
    return Floats(graph, sizes)(params, x)


def fitted(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return a parameter in a shape, after an axis of samples where it has more entries."""
    return array.reshape(shape if array.size == prod(shape) else (-1, *shape))


def names_of(array: np.ndarray, index: Sequence[Index]) -> tuple[Index, ...]:
    """Return the names of an array's axes, the samples' first where it has them."""
    return (BATCH, *index) if array.ndim == len(index) + 1 else tuple(index)


def floats(node: Node, walk: Walk, literals: Sequence[np.ndarray]) -> np.ndarray:
    """Return the value of an inner node from the values of its arguments."""
    shape = walk.shape(node)
    if node.op == "lit":
        return literals[node.attrs[0]].reshape(shape)
    if node.op == "eye":
        return np.eye(shape[0])
    terms = []
    for ref in node.args:
        array = walk.values[ref.node]
        terms.append((array, names_of(array, walk.index(ref))))
    batch = next((a.shape[0] for a, names in terms if names[:1] == (BATCH,)), None)
    out = node.out if batch is None else (BATCH, *node.out)
    lengths = shape if batch is None else (batch, *shape)
    if node.op == "mul":
        q = float(node.coefs[0])
        if not terms:
            return np.full(shape, q)
        value = contract(terms, out, dict(zip(out, lengths, strict=True)))
        return value if q == 1 else q * value
    if node.op == "call":
        return np.broadcast_to(_call(node, terms, out), lengths)
    aligned = [align(*single(array, names), out) for array, names in terms]
    if node.op == "add":
        value = sum(float(q) * array for q, array in zip(node.coefs, aligned, strict=True))
    elif node.op == "fn":
        value = function(node.name, *aligned)
    else:
        raise GraphError(f"operation {node.op!r} is none of a graph's")
    value = np.asarray(value)
    if np.isinf(value).any():  # too large for a float: what follows is not what it is of numbers
        value = np.where(np.isinf(value), np.nan, value)
    return np.broadcast_to(value, lengths)


def _call(node: Node, terms: Sequence[tuple[np.ndarray, Any]], out: Sequence[str]) -> np.ndarray:
    lead = out[: len(out) - node.attrs[1]]
    return operation(node.name, [acted(array, names, lead) for array, names in terms], node.attrs)


def acted(array: np.ndarray, names: Sequence[Index], lead: Sequence[str]) -> np.ndarray:
    """Return an array with its axes in the order (lead, acted), as a call takes them."""
    array, left = single(array, names)
    rest = [name for name in left if name not in lead]
    return align(array, left, [*lead, *rest])
