"""Forward derivatives of a graph along several directions, in float64 or in ball arithmetic.

In ball arithmetic a derivative is nan unless the map is C^1 near the point: a kink or a jump must
be bounded away by the enclosure of its argument, or its argument must be locally constant.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from verify.search.chain import dual
from verify.search.duals import BALLS, FLOATS, Dual, Numbers
from verify.search.evaluate import fitted
from verify.search.walk import Walk
from verify.trusted.graph import Graph, Node

__all__ = ["BALLS", "FLOATS", "Dual", "Field", "Numbers"]


class Field:
    """A graph with sizes over a type of number, to be evaluated and differentiated."""

    def __init__(self, graph: Graph, sizes: Mapping[str, int], numbers: Numbers) -> None:
        self.graph, self.sizes, self.numbers = graph, dict(sizes), numbers
        self.literals = [
            numbers.array([q if numbers.exact else float(q) for q in c.data]).reshape(c.shape)
            for c in graph.literals
        ]

    def duals(self, params: Any, x: np.ndarray, ways: np.ndarray | None) -> list[Dual]:
        """Return values and derivatives of all nodes at x (n,) or (S, n) along ways (D, n)."""
        flat = np.full(x.shape, False) if self.numbers.exact and ways is not None else None

        def compute(node: Node, walk: Walk) -> Dual:
            if node.op == "x":
                if node.shape:
                    return Dual(x, ways, flat)
                tops = (None if a is None else np.asarray(a[..., 0]) for a in (ways, flat))
                return Dual(np.asarray(x[..., 0]), *tops)
            if node.op == "param":
                return Dual(fitted(np.asarray(params[node.attrs[0]]), walk.shape(node)))
            return dual(node, walk, self.numbers, self.literals)

        with np.errstate(all="ignore"):
            return Walk(self.graph.nodes, self.sizes, compute).run()

    def map(self, params: Any, x: np.ndarray) -> np.ndarray:
        """Return f(x), shape (n,) or (S, n)."""
        value = self.duals(params, x, None)[self.graph.output].value
        return self._full(value, x.shape)

    def tangent(self, params: Any, x: np.ndarray, ways: np.ndarray) -> np.ndarray:
        """Return J(x) v for each direction v: ways (D, n) or (S, D, n), shape ([S,] D, n)."""
        return self.both(params, x, ways)[1]

    def both(self, params: Any, x: np.ndarray, ways: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return f(x) and J(x) v for each direction v."""
        out = self.duals(params, x, ways)[self.graph.output]
        shape = (*x.shape[:-1], *ways.shape[-2:])
        if out.tangent is None:
            tangent = np.broadcast_to(self.numbers.array(0), shape)
        else:
            tangent = self._full(out.tangent, shape)
        return self._full(out.value, x.shape), tangent

    def _full(self, value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        if not self.graph.nodes[self.graph.output].shape:
            value = value[..., None]  # a graph drops an axis of size 1
        return np.broadcast_to(value, shape)
