"""Random small graphs: products with permuted and repeated indices, sums, functions of entries."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from verify.trusted.graph import Index, Literal, Node, Ref, Size

SIZES = {"n0": 2, "n1": 3}
SMOOTH = ("tanh", "sech2", "sigmoid", "dsigmoid", "softplus", "erf", "gauss", "sin", "cos", "atan")
SMOOTH += ("cauchy", "asinh", "rhypot", "exp", "i0")
PIECES = ("relu", "step", "iszero", "floor")
POSITIVE = ("inv", "log", "sqrt", "rsqrt")
DYADIC = [Fraction(k, 4) for k in (-6, -4, -3, -2, -1, 1, 2, 3, 4, 6)]


@dataclass
class Drawing:
    """Nodes in the making; ``exact`` are polynomials of the leaves, whose floats are exact."""

    draw: Any
    nodes: list[Node] = field(default_factory=list)
    exact: set[int] = field(default_factory=set)
    jumps: bool = True

    def put(self, node: Node, exact: bool = False) -> int:
        self.nodes.append(node)
        if exact:
            self.exact.add(len(self.nodes) - 1)
        return len(self.nodes) - 1

    def one(self, choices: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(list(choices)))

    def refs(self, count: int, most: int) -> tuple[list[Ref], dict[str, Size]]:
        """Return references to nodes with letters for indices, and the letters' sizes."""
        sizes: dict[str, Size] = {}
        refs = []
        for _ in range(count):
            number = self.draw(st.integers(0, len(self.nodes) - 1))
            index: list[Index] = []
            for size in self.nodes[number].shape:
                known: list[Index] = [a for a, s in sizes.items() if s == size]
                fresh = "abcdefgh"[len(sizes)]
                choices = [*known, *([fresh] if len(sizes) < most or not known else [])]
                choices += [0, 1] if isinstance(size, int) else []
                index.append(self.one(choices))
                if isinstance(index[-1], str):
                    sizes[index[-1]] = size
            refs.append(Ref(number, tuple(index)))
        return refs, sizes

    def named(self, refs: Sequence[Ref], out: Sequence[str]) -> tuple[Ref, ...]:
        new = {letter: f"i{k}" for k, letter in enumerate(out)}
        return tuple(
            Ref(r.node, tuple(new.get(str(i), i) if isinstance(i, str) else i for i in r.index))
            for r in refs
        )

    def mul(self) -> int:
        refs, sizes = self.refs(self.draw(st.integers(1, 3)), 4)
        order = self.draw(st.permutations(sorted(sizes)))
        out = order[: self.draw(st.integers(0, min(2, len(order))))]
        shape = tuple(sizes[letter] for letter in out)
        exact = all(r.node in self.exact for r in refs)
        return self.put(Node("mul", shape, self.named(refs, out), (self.one(DYADIC),)), exact=exact)

    def add(self) -> int:
        refs, sizes = self.refs(self.draw(st.integers(1, 3)), 2)
        out = self.draw(st.permutations(sorted(sizes)))[:4]
        shape = tuple(sizes[letter] for letter in out)
        coefs = tuple(self.one(DYADIC) for _ in refs)
        exact = all(r.node in self.exact for r in refs)
        return self.put(Node("add", shape, self.named(refs, out), coefs), exact=exact)

    def fn(self) -> int:
        refs, sizes = self.refs(1, 3)
        out = self.draw(st.permutations(sorted(sizes)))
        shape, args = tuple(sizes[letter] for letter in out), self.named(refs, out)
        own = tuple(f"i{k}" for k in range(len(out)))
        jumps = PIECES if self.jumps and refs[0].node in self.exact else ()
        name = self.one([*SMOOTH, *jumps, *POSITIVE])
        if name not in POSITIVE:
            return self.put(Node("fn", shape, args, name=name), exact=name in PIECES)
        inner = self.one(["exp", "softplus", "square"])
        if inner == "square":
            square = self.put(Node("mul", shape, args * 2, (Fraction(1),)))
            one = self.put(Node("mul", (), (), (Fraction(1),)))
            terms = (Ref(square, own), Ref(one, ()))
            number = self.put(Node("add", shape, terms, (Fraction(1),) * 2))
        else:
            number = self.put(Node("fn", shape, args, name=inner))
        return self.put(Node("fn", shape, (Ref(number, own),), name=name))


@st.composite
def nodes(draw: Any, jumps: bool = True) -> list[Node]:
    """Draw the nodes of a graph over x (n), W (m, n), b (m), a constant and eye."""
    n, m = draw(st.sampled_from([("n0", "n1"), ("n0", "n0"), (2, "n1"), (2, 2), ("n0", 2)]))
    made = Drawing(draw, jumps=jumps)
    made.put(Node("x", (n,)), exact=True)
    made.put(Node("param", (m, n), attrs=(0,)), exact=True)
    made.put(Node("param", (m,), attrs=(1,)), exact=True)
    made.put(Node("lit", (2, 2), attrs=(0,)), exact=True)
    made.put(Node("eye", (n, n)), exact=True)
    for _ in range(draw(st.integers(1, 5))):
        getattr(made, draw(st.sampled_from(["mul", "mul", "add", "fn", "fn"])))()
    return made.nodes


LITERAL = Literal((2, 2), (Fraction(1), Fraction(-2), Fraction(1, 2), Fraction(0)))


def numbers(found: Sequence[Node], seed: int) -> dict[str, np.ndarray]:
    """Return dyadic values of the leaves, by head."""
    rng = np.random.default_rng(seed)
    values = {"lit 0": np.array([float(q) for q in LITERAL.data]).reshape(2, 2)}
    for node in found:
        if node.op in ("x", "param"):
            shape = [SIZES.get(str(s), s) for s in node.shape]
            head = node.op if node.op == "x" else f"param {node.attrs[0]}"
            values[head] = rng.integers(-6, 7, shape) / 4  # type: ignore[arg-type]
    return values
