"""Symmetry over a prime field: forward derivatives with functions that nobody knows.

A function of the table has a random value at each argument, and the derivative that its row says.
Those that rational numbers and sigmoid give are taken from these, a square root is one where there
is one, and numbers below P / 2 count as positive. The graph is carried out node by node.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from verify.search.contract import align, contract, single
from verify.search.walk import Walk
from verify.trusted.atoms import ROWS, monomials
from verify.trusted.graph import Graph, Node

P = (1 << 61) - 1
HALF = P // 2


class UnknownError(ValueError):
    """An operation without derivatives here, or a division by 0."""


@dataclass(frozen=True)
class Dual:
    """A number modulo P and its derivatives by x."""

    value: int
    ways: tuple[int, ...]

    def __add__(self, other: "Dual") -> "Dual":
        ways = (a + b for a, b in zip(self.ways, other.ways, strict=True))
        return Dual((self.value + other.value) % P, tuple(w % P for w in ways))

    def __mul__(self, other: "Dual") -> "Dual":
        a, b = self.value, other.value
        ways = (a * v + b * u for u, v in zip(self.ways, other.ways, strict=True))
        return Dual(a * b % P, tuple(w % P for w in ways))


def modular(q: Fraction) -> int:
    """Return a fraction modulo P."""
    return q.numerator * pow(q.denominator, -1, P) % P


def inverse(u: int) -> int:
    if u % P == 0:
        raise UnknownError("1 / 0")
    return pow(u, -1, P)


def root(u: int) -> int:
    r = pow(u, (P + 1) // 4, P)
    if r * r % P != u % P:
        raise UnknownError("no square")
    return r


RELATIONS: dict[str, Callable[[Callable[[str, int], int], int], int]] = {
    "inv": lambda f, u: inverse(u),
    "sqrt": lambda f, u: root(u),
    "rsqrt": lambda f, u: inverse(root(u)),
    "cauchy": lambda f, u: inverse(1 + u * u),
    "rhypot": lambda f, u: inverse(root(1 + u * u)),
    "dsigmoid": lambda f, u: f("sigmoid", u) * (1 - f("sigmoid", u)),
    "tanh": lambda f, u: 2 * f("sigmoid", 2 * u % P) - 1,
    "sech2": lambda f, u: 4 * f("dsigmoid", 2 * u % P),
    "relu": lambda f, u: u if u <= HALF else 0,
    "step": lambda f, u: int(0 < u <= HALF),
    "iszero": lambda f, u: int(u == 0),
}


class Field:
    """A graph at random parameters and a random point, modulo P."""

    def __init__(self, graph: Graph, sizes: dict[str, int], seed: int) -> None:
        self.graph, self.sizes = graph, sizes
        self.rng = np.random.default_rng(seed)
        self.known: dict[tuple[str, int], int] = {}
        shape = graph.nodes[graph.output].shape
        # a size is a number, or a text that sizes has: pyright cannot see that none is left
        self.n = int(np.prod([sizes.get(str(s), s) for s in shape], dtype=int))  # type: ignore
        self.params = [
            self.array([sizes.get(str(s), s) for s in shape])  # type: ignore[misc]
            for shape in graph.params
        ]

    def random(self) -> int:
        return int(self.rng.integers(1, P))

    def number(self, value: int, way: int | None = None) -> Dual:
        return Dual(value % P, tuple(int(k == way) for k in range(self.n)))

    def array(self, shape: Sequence[int], values: Sequence[int] | None = None) -> np.ndarray:
        """Return an array of numbers without derivatives, random ones where none are given."""
        array = np.empty(shape, dtype=object)
        for k, place in enumerate(np.ndindex(*shape)):
            array[place] = self.number(self.random() if values is None else values[k])
        return array

    def apply(self, name: str, u: int) -> int:
        """Return name(u), the same for the same u from now on."""
        if name in RELATIONS:
            return RELATIONS[name](self.apply, u) % P
        if name == "sigmoid" and u > HALF:
            return (1 - self.apply(name, P - u)) % P
        return self.known.setdefault((name, u), self.random())

    def function(self, name: str, u: Dual) -> Dual:
        """Return name(u), its derivatives by the row of the table."""
        value, row = self.apply(name, u.value), ROWS.get(name)
        if not any(u.ways):
            return self.number(value)
        if row is None or not row.derivative:
            raise UnknownError(name)
        slope = 0
        for q, names in monomials(row.derivative):
            term = modular(q)
            for f in names:
                term = term * (u.value if f == "u" else self.apply(f, u.value)) % P
            slope += term
        return Dual(value, tuple(slope * way % P for way in u.ways))

    def jacobian(self) -> np.ndarray:
        """Return J modulo P, of whole numbers from 0 to P - 1."""
        values = Walk(self.graph.nodes, self.sizes, self.compute).run()
        rows = [entry.ways for entry in np.ravel(values[self.graph.output])]
        return np.array(rows, dtype=object).reshape(self.n, self.n)

    def compute(self, node: Node, walk: Walk) -> np.ndarray:
        """Return the value of a node, an array of Duals."""
        shape = walk.shape(node)
        if node.op == "x":
            x = np.empty(self.n, dtype=object)
            x[:] = [self.number(self.random(), k) for k in range(self.n)]
            return x.reshape(shape)
        if node.op == "param":
            return self.params[node.attrs[0]]
        if node.op == "eye":
            return self.array(shape, [int(i == j) for i, j in np.ndindex(*shape)])
        if node.op == "lit":
            return self.array(shape, [*map(modular, self.graph.literals[node.attrs[0]].data)])
        if node.op == "call":
            raise UnknownError(node.name)
        terms = [(walk.values[ref.node], walk.index(ref)) for ref in node.args]
        scales = [self.array((), [modular(q)]) for q in node.coefs]
        if node.op == "mul":
            sizes = dict(zip(node.out, shape, strict=True))
            return contract([(scales[0], ()), *terms], node.out, sizes)
        parts: list[Any] = [
            np.broadcast_to(align(*single(a, i), node.out), shape) for a, i in terms
        ]
        value = np.empty(shape, dtype=object)
        for place in np.ndindex(*shape):
            value[place] = self.entry(node, [part[place] for part in parts], scales)
        return value

    def entry(self, node: Node, args: list[Dual], scales: list[np.ndarray]) -> Dual:
        if node.op == "add":
            total = self.number(0)
            for scale, u in zip(scales, args, strict=True):
                total += scale[()] * u
            return total
        if node.name == "where":
            c, a, b = args
            return b + c * (a + self.number(-1) * b)
        return self.function(node.name, args[0])


def asymmetry(graph: Graph, seed: int, draws: int = 20) -> bool:
    """Return whether J is seen not to be symmetric modulo P, at sizes 2 and 3.

    Nothing is seen of e^(log s - u), which proofs know to be s / e^u.
    """
    names = {node.name for node in graph.nodes}
    if {"exp", "log"} <= names:
        return False
    symbols = {s for node in graph.nodes for s in node.shape if isinstance(s, str)}
    rounds: set[Any] = {node.attrs[2] for node in graph.nodes if node.op == "loop"}
    symbols |= {s for s in rounds if isinstance(s, str)}
    sizes = {s: 2 + k % 2 for k, s in enumerate(sorted(symbols))}
    for draw in range(draws):
        try:
            J = Field(graph, sizes, draws * seed + draw).jacobian()
        except UnknownError:
            continue
        return bool(np.any((J - J.T) % P))
    return False
