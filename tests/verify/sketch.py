"""Graphs sketched by hand: x -> W x + b -> an activation -> V^T, and what stands around them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import torch
from torch import Tensor

from verify.trusted.graph import Graph, Literal, Node, Ref

Number = int | Fraction


@dataclass
class Traced:
    """What the refuter reads of a traced module."""

    graph: Graph
    sizes: dict[str, int]
    tensors: tuple[Tensor, ...]
    names: tuple[str, ...]


@dataclass
class Sketch:
    """A graph in the making; a node is its number."""

    n: int
    nodes: list[Node] = field(default_factory=list)
    params: list[tuple[int, ...]] = field(default_factory=list)
    literals: list[Literal] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.x = self.node(Node("x", (self.n,)))

    def node(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def param(self, *shape: int) -> int:
        self.params.append(shape)
        return self.node(Node("param", shape, attrs=(len(self.params) - 1,)))

    def lit(self, shape: tuple[int, ...], data: Sequence[Number]) -> int:
        self.literals.append(Literal(shape, tuple(map(Fraction, data))))
        return self.node(Node("lit", shape, attrs=(len(self.literals) - 1,)))

    def refs(self, values: Sequence[int]) -> tuple[tuple[int, ...], tuple[Ref, ...]]:
        shape = max((self.nodes[v].shape for v in values), key=len)
        return shape, tuple(Ref(v, self.nodes[v].out) for v in values)  # type: ignore[return-value]

    def mul(self, *values: int, q: Number = 1) -> int:
        shape, refs = self.refs(values) if values else ((), ())
        return self.node(Node("mul", shape, refs, (Fraction(q),)))

    def add(self, *terms: tuple[Number, int]) -> int:
        shape, refs = self.refs([v for _, v in terms])
        return self.node(Node("add", shape, refs, tuple(Fraction(q) for q, _ in terms)))

    def fn(self, name: str, *values: int) -> int:
        shape, refs = self.refs(values)
        return self.node(Node("fn", shape, refs, name=name))

    def call(self, name: str, value: int, attrs: tuple[int, ...]) -> int:
        shape = self.nodes[value].shape
        kept = shape[: len(shape) - attrs[0]]
        acted = tuple(f"j{k}" for k in range(attrs[0]))
        index = (*(f"i{k}" for k in range(len(kept))), *acted)
        out = (*kept, *shape[len(kept) :][: attrs[1]])
        return self.node(Node("call", out, (Ref(value, index),), name=name, attrs=attrs))

    def sum(self, value: int) -> int:
        return self.node(Node("mul", (), (Ref(value, ("j0",)),), (Fraction(1),)))

    def up(self, W: int, z: int) -> int:
        refs = (Ref(W, ("i0", "j0")), Ref(z, ("j0",)))
        return self.node(Node("mul", self.nodes[W].shape[:1], refs, (Fraction(1),)))

    def down(self, W: int, z: int) -> int:
        refs = (Ref(W, ("j0", "i0")), Ref(z, ("j0",)))
        return self.node(Node("mul", self.nodes[W].shape[1:], refs, (Fraction(1),)))

    def traced(self) -> Traced:
        graph = Graph(
            tuple(self.nodes), len(self.nodes) - 1, tuple(self.params), tuple(self.literals)
        )
        generator = torch.Generator().manual_seed(0)
        tensors = tuple(torch.randn(shape, generator=generator) for shape in self.params)
        return Traced(graph, {}, tensors, tuple(f"p{k}" for k in range(len(tensors))))


Act = Callable[[Sketch, int], int]


def ridge(act: Act, n: int = 3, width: int = 5, tied: bool = True) -> Sketch:
    """Return W^T act(W x + b), or V^T act(W x + b)."""
    s = Sketch(n)
    W, b = s.param(width, n), s.param(width)
    V = W if tied else s.param(width, n)
    s.down(V, act(s, s.add((1, s.up(W, s.x)), (1, b))))
    return s


def by(name: str) -> Act:
    """Return an elementwise function as an activation."""
    return lambda s, z: s.fn(name, z)


def plus(s: Sketch, q: Number, entries: Sequence[int]) -> Sketch:
    """Return the map plus q M x."""
    out = len(s.nodes) - 1
    s.add((1, out), (q, s.up(s.lit((s.n, s.n), entries), s.x)))
    return s
