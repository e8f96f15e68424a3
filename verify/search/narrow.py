"""A wide map on a few coordinates: of what is 0 beyond the first of an axis, one stands for all.

Where every parameter and the sample are 0 beyond the first few entries of each axis whose size is a
symbol, all values of the graph are the same there: an axis of N entries is then KEPT of them and
one that counts N - KEPT times in sums.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from verify.trusted.graph import Graph, Literal, Node, Ref, Size

KEPT = 3
WIDE = 8  # up to this size an axis stays as it is


def narrowed(graph: Graph, sizes: Mapping[str, int]) -> Graph | None:
    """Return the map of the first entries, of sizes in numbers; None where nothing is gained.

    None as well where an entry is told from others by its place: unit matrices, sorting, sums up
    to a place along such an axis.
    """
    wide: dict[Size, int] = {size: number for size, number in sizes.items() if number > WIDE}
    if not wide or any(node.op in ("loop", "state", "var") for node in graph.nodes):
        return None
    for node in graph.nodes:
        told = node.shape if node.op == "eye" else ()
        if node.op == "call":
            lead = node.out[: len(node.shape) - node.attrs[1]]
            lengths = {
                name: size
                for ref in node.args
                for name, size in zip(ref.index, graph.nodes[ref.node].shape, strict=True)
                if name not in lead
            }
            told = (*node.shape[len(lead) :], *lengths.values())
        if any(size in wide for size in told):
            return None
    return Narrow(graph, sizes, wide).run()


@dataclass
class Narrow:
    """A narrow graph in the making."""

    graph: Graph
    sizes: Mapping[str, int]
    wide: Mapping[Size, int]
    nodes: list[Node] = field(default_factory=list)
    literals: list[Literal] = field(default_factory=list)
    new: list[int] = field(default_factory=list)

    def run(self) -> Graph:
        self.literals = list(self.graph.literals)
        rows = [int(i == j) for i in range(KEPT + 1) for j in range(KEPT)]
        self.kept = self.lit((KEPT + 1, KEPT), rows)
        self.counts = {
            number: self.lit((KEPT + 1,), [1] * KEPT + [number - KEPT])
            for number in set(self.wide.values())
        }
        for node in self.graph.nodes:
            self.new.append(self.given(node) if node.op in ("x", "param") else self.inner(node))
        last = self.graph.nodes[self.graph.output]
        output = self.new[self.graph.output]
        if last.shape and last.shape[0] in self.wide:
            refs = Ref(output, ("a0",)), Ref(self.kept, ("a0", "i0"))
            output = self.add(Node("mul", (KEPT,), refs, (Fraction(1),)))
        params = tuple(self.shape(shape, KEPT) for shape in self.graph.params)
        return Graph(tuple(self.nodes), output, params, tuple(self.literals))

    def add(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def lit(self, shape: tuple[int, ...], data: Sequence[int]) -> int:
        self.literals.append(Literal(shape, tuple(map(Fraction, data))))
        return self.add(Node("lit", shape, attrs=(len(self.literals) - 1,)))

    def shape(self, shape: Sequence[Size], count: int = KEPT + 1) -> tuple[int, ...]:
        return tuple(
            count if size in self.wide else size if isinstance(size, int) else self.sizes[size]
            for size in shape
        )

    def given(self, node: Node) -> int:
        """Add a tensor of first entries, and what it is with a 0 after them."""
        short = self.add(replace(node, shape=self.shape(node.shape, KEPT)))
        axes = [axis for axis, size in enumerate(node.shape) if size in self.wide]
        index = tuple(f"a{axis}" if axis in axes else name for axis, name in enumerate(node.out))
        refs = Ref(short, index), *(Ref(self.kept, (f"i{axis}", f"a{axis}")) for axis in axes)
        return self.add(Node("mul", self.shape(node.shape), refs, (Fraction(1),)))

    def inner(self, node: Node) -> int:
        """Add an operation; what is summed over counts as often as it stands for others."""
        args = [Ref(self.new[ref.node], ref.index) for ref in node.args]
        if node.op == "mul":
            summed = {
                name: self.wide[size]
                for ref in node.args
                for name, size in zip(ref.index, self.graph.nodes[ref.node].shape, strict=True)
                if size in self.wide and name not in node.out
            }
            args += [Ref(self.counts[number], (name,)) for name, number in summed.items()]
        return self.add(replace(node, shape=self.shape(node.shape), args=tuple(args)))


def first(array: Any, shape: Sequence[int]) -> np.ndarray:
    """Return the first entries of an array: its corner of this shape."""
    return np.asarray(array)[tuple(map(slice, shape))]


def widened(array: np.ndarray, shape: Sequence[int], zero: Any) -> np.ndarray:
    """Return an array with zeros after its entries.

    >>> widened(np.array([[1, 2]]), (2, 3), 0)
    array([[1, 2, 0],
           [0, 0, 0]])
    """
    if array.shape == tuple(shape):
        return array
    full = np.full(shape, zero, dtype=array.dtype)
    full[tuple(map(slice, array.shape))] = array
    return full
