"""Where a proof is put together: new nodes on top of a graph, their tangents, and equality."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from verify.trusted.atoms import ROWS, monomials
from verify.trusted.graph import Graph, Index, Node, Ref, Size
from verify.trusted.kernel import Checker, Rejected
from verify.trusted.polys import Atom, Poly, RingError

ONE = Fraction(1)


class Workbench(Checker):
    """A graph with nodes added to it; the kernel's own reading of their entries.

    Whatever is found here is only proposed: the kernel checks it anew.
    """

    def __init__(
        self,
        graph: Graph,
        spare: Sequence[Node],
        psd: bool,
        given: dict[int, int] | None = None,
    ) -> None:
        super().__init__(graph, (*graph.nodes, *spare), psd, given)
        self.shape = graph.nodes[graph.output].shape
        self.root = graph.output  # the node to prove the claim of, equal to the output
        self.list = list(self.nodes)
        self.known = {node: number for number, node in enumerate(self.list)}
        self.tangents: dict[int, int | None] = {}
        self.ends = False  # whether nothing is to be tried where all the work allowed is done

    # Nodes

    def make(self, node: Node) -> int:
        """Return the number of a node, a new one if there is none like it."""
        if node not in self.known:
            self.known[node] = len(self.list)
            self.list.append(node)
            self.nodes = self.list  # type: ignore[assignment]
            self.reach.append(self.reached(len(self.list) - 1))
        return self.known[node]

    def number(self, q: Fraction | int) -> int:
        """Return a constant."""
        return self.make(Node("mul", (), (), (Fraction(q),)))

    def mul(self, shape: Sequence[Size], refs: Sequence[Ref], q: Fraction | int = 1) -> int:
        """Return a product, summed over the names that are not of the output."""
        return self.make(Node("mul", tuple(shape), tuple(refs), (Fraction(q),)))

    def add(self, shape: Sequence[Size], parts: Sequence[tuple[Fraction | int, Ref]]) -> int:
        """Return a linear combination."""
        coefs = tuple(Fraction(q) for q, _ in parts)
        return self.make(Node("add", tuple(shape), tuple(ref for _, ref in parts), coefs))

    def fn(self, name: str, argument: int) -> int:
        """Return an elementwise function of a node."""
        node = self.nodes[argument]
        return self.make(Node("fn", node.shape, (self.whole(argument),), (), name))

    def whole(self, number: int) -> Ref:
        """Return a reference to all entries of a node, in their order."""
        return Ref(number, self.nodes[number].out)

    def var(self, name: str, shape: Sequence[Size]) -> int:
        """Return a free variable."""
        return self.make(Node("var", tuple(shape), attrs=(name,)))

    def poly(self, number: int) -> Poly:
        """Return the entry of a node at its own names."""
        return self.at(self.whole(number))

    # Tangents

    def tangent(self, number: int) -> int | None:
        """Return the node D_v of a node, v the direction of x; None where there is none."""
        if number not in self.tangents:
            self.tangents[number] = self.differentiate(number)
        return self.tangents[number]

    def differentiate(self, number: int) -> int | None:
        node = self.nodes[number]
        if node.op == "x":
            return self.var("v", node.shape)
        parts: list[tuple[Fraction, Ref]] = []
        moving = [k for k, ref in enumerate(node.args) if self.varies(ref.node)]
        if node.op not in ("mul", "add", "fn") or (node.op == "fn" and len(node.args) != 1):
            return None
        for k in moving:
            inner = self.tangent(node.args[k].node)
            if inner is None:
                return None
            ref = Ref(inner, node.args[k].index)
            if node.op == "add":
                parts.append((node.coefs[k], ref))
            elif node.op == "mul":
                others = [*node.args[:k], ref, *node.args[k + 1 :]]
                product = self.mul(node.shape, others, node.coefs[0])
                parts.append((ONE, self.whole(product)))
            else:
                slope = self.slope_node(number)
                if slope is None:
                    return None
                product = self.mul(node.shape, [self.whole(slope), ref])
                parts.append((ONE, self.whole(product)))
        inner = parts[0][1].node if parts else number
        if parts == [(ONE, self.whole(inner))] and self.nodes[inner].shape == node.shape:
            return inner
        return self.add(node.shape, parts) if parts else None

    def slope_node(self, number: int) -> int | None:
        """Return phi'(z) of a node phi(z), as the table says."""
        node = self.nodes[number]
        row = ROWS.get(node.name)
        if row is None or not row.derivative or len(node.args) != 1:
            return None
        parts = []
        for q, names in monomials(row.derivative):
            refs = []
            for name in names:
                refs.append(
                    node.args[0]
                    if name == "u"
                    else self.whole(self.make(Node("fn", node.shape, node.args, (), name)))
                )
            parts.append((ONE, self.whole(self.mul(node.shape, refs, q))))
        return parts[0][1].node if len(parts) == 1 else self.add(node.shape, parts)

    # What nodes are

    def varies_in_x(self, number: int) -> bool:
        """Return whether a node depends on x itself, not only on a variable."""
        return "x" in self.reach[number]

    def xs(self) -> list[int]:
        """Return the node x, if the graph has it."""
        return [n for n, node in enumerate(self.nodes) if node.op == "x"]

    # Equality

    def ratio(self, p: Poly, q: Poly) -> Fraction | None:
        """Return the number r with p = r q, or None."""
        if not p.terms or not q.terms or len(p.terms) != len(q.terms):
            return None
        mono = next(iter(q.terms))
        r = p.terms.get(mono, Fraction(0)) / q.terms[mono]
        return r if r and self.ring.add((r, q)) is p else None

    def quotient(self, p: Poly, q: Poly) -> Poly | None:
        """Return a product r of numbers and entries, without sums, with p = r q, or None."""
        if not p.terms or len(p.terms) != len(q.terms):
            return None
        above, below = content(p), content(q)
        r = self.ring.mul(self.product(above), self.ring.inv(self.product(below)))
        scaled = self.ring.mul(r, q)
        number = self.ratio(p, scaled)
        return self.ring.add((number, r)) if number else None

    def product(self, powers: dict[Atom, Any]) -> Poly:
        return self.ring.normal(ONE, {}, dict(powers))

    def attempt(self, what: Callable[[], Any]) -> Any:
        """Return what a computation gives, None where it has no normal form.

        Raises:
            RingError: all the work that is allowed is done, and the bench is one that ends.
        """
        try:
            return what()
        except (RingError, Rejected, RecursionError):
            if self.ring.work > self.ring.limit and self.ends:
                raise
            return None


def names(index: Sequence[Index]) -> set[str]:
    """Return the names in an index."""
    return {i for i in index if isinstance(i, str)}


def content(p: Poly) -> dict[Atom, Any]:
    """Return the atoms, with their powers, that all monomials of a Poly have as factors."""
    shared: dict[Atom, Any] | None = None
    for bounds, factors in p.terms:
        inner = {n for n, _ in bounds}
        own = {a: e for a, e in factors if a.free.isdisjoint(inner)}
        if shared is None:
            shared = own
        shared = {a: min(e, own[a]) for a, e in shared.items() if a in own}
    return shared or {}
