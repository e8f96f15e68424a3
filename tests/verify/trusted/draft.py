"""Certificates written by hand: a graph, the nodes of a proof, the proof."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pytest

from verify.trusted import kernel
from verify.trusted.graph import Graph, Index, Literal, Node, Ref, Size, encode, encode_node

Proof = dict[str, Any]


@dataclass(frozen=True)
class Value:
    """A node by number; called with an index it is a reference."""

    number: int
    rank: int

    def __call__(self, *index: Index) -> Ref:
        return Ref(self.number, index)

    @property
    def own(self) -> Ref:
        return Ref(self.number, tuple(f"i{axis}" for axis in range(self.rank)))


@dataclass
class Draft:
    """Nodes in the making; those after ``output`` are a proof's."""

    nodes: list[Node] = field(default_factory=list)
    params: list[tuple[Size, ...]] = field(default_factory=list)
    literals: list[Literal] = field(default_factory=list)
    families: list[int] = field(default_factory=list)
    count: int = 0

    def node(self, op: str, shape: tuple[Size, ...] = (), *args: Ref, **rest: Any) -> Value:
        self.nodes.append(Node(op, shape, args, **rest))
        return Value(len(self.nodes) - 1, len(shape))

    def x(self, *shape: Size) -> Value:
        return self.node("x", shape)

    def param(self, *shape: Size, family: bool = False) -> Value:
        self.params.append(shape)
        if family:
            self.families.append(len(self.params) - 1)
        return self.node("param", shape, attrs=(len(self.params) - 1,))

    def lit(self, shape: tuple[int, ...], *data: int | str) -> Value:
        self.literals.append(Literal(shape, tuple(map(Fraction, data))))
        return self.node("lit", shape, attrs=(len(self.literals) - 1,))

    def mul(self, shape: tuple[Size, ...], *args: Ref, q: int | str = 1) -> Value:
        return self.node("mul", shape, *args, coefs=(Fraction(q),))

    def add(self, shape: tuple[Size, ...], *terms: tuple[int | str, Ref]) -> Value:
        coefs = tuple(Fraction(q) for q, _ in terms)
        return self.node("add", shape, *(ref for _, ref in terms), coefs=coefs)

    def fn(self, name: str, value: Value) -> Value:
        return self.node("fn", self.nodes[value.number].shape, value.own, name=name)

    def var(self, name: str, *shape: Size) -> Value:
        return self.node("var", shape, attrs=(name,))

    def state(self, loop: int, *shape: Size) -> Value:
        return self.node("state", shape, attrs=(loop,))

    def loop(self, loop: int, start: Value, step: Value, rounds: Size) -> Value:
        shape = self.nodes[start.number].shape
        return self.node("loop", shape, start.own, attrs=(loop, step.number, rounds))

    def output(self) -> int:
        """Take the nodes so far as the graph, the last one as its output."""
        self.count = len(self.nodes)
        return self.count - 1

    def graph(self) -> Graph:
        return Graph(
            tuple(self.nodes[: self.count]),
            self.count - 1,
            tuple(self.params),
            tuple(self.literals),
            tuple(self.families),
        )

    def document(self, proof: Any, claim: str = "psd", scope: str = "all") -> dict[str, Any]:
        return {
            "format": kernel.FORMAT,
            "version": kernel.VERSION,
            "claim": claim,
            "scope": scope,
            "graph": encode(self.graph()),
            "aux": [encode_node(node) for node in self.nodes[self.count :]],
            "proof": proof,
        }

    def accepted(self, proof: Any, *claims: str) -> None:
        for claim in claims or ("symmetric", "psd"):
            kernel.check(self.document(proof, claim))

    def rejected(self, proof: Any, match: str, *claims: str) -> None:
        for claim in claims or ("symmetric", "psd"):
            with pytest.raises(kernel.Rejected, match=match):
                kernel.check(self.document(proof, claim))


def ridge(linear: Value, argument: Value, phi: Value) -> Proof:
    numbers = {"linear": linear.number, "argument": argument.number, "phi": phi.number}
    return {"rule": "ridge", **numbers}


def jacobian(map_: int | Value, *squares: tuple[Value, Value]) -> Proof:
    number = map_ if isinstance(map_, int) else map_.number
    return {
        "rule": "jacobian",
        "map": number,
        "squares": [[c.number, s.number] for c, s in squares],
    }


def gradient(potential: Value) -> Proof:
    return {"rule": "gradient", "potential": potential.number}


def summed(*parts: Proof) -> Proof:
    return {"rule": "sum", "parts": list(parts)}
