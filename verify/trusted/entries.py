"""Nodes as normal forms: the entries of a graph's tensors, at names or written out."""

import math
from itertools import product
from typing import Any

from verify.trusted.atoms import ROWS
from verify.trusted.extrema import hardmax
from verify.trusted.graph import Graph, Node, Ref, text
from verify.trusted.guards import shielded
from verify.trusted.matrices import SQUARE, function_of
from verify.trusted.polys import Atom, Poly, level
from verify.trusted.ring import Ring


class Rejected(ValueError):  # noqa: N818, the name is part of the interface
    """A certificate that proves nothing: the step that fails, and why."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"{step}: {reason}")
        self.step, self.reason = step, reason


def short(size: Any) -> bool:
    """Return whether an axis is written out where a proof says so."""
    return isinstance(size, int) and size <= 256


# Calls of one argument that act on each of its axes once, and whether they keep these.
SHAPED: dict[str, bool] = dict.fromkeys(("amax", "amin"), False)
SHAPED |= dict.fromkeys(("sort", "cummax", "cummin", "hardmax", *SQUARE), True)


def few(size: Any) -> bool:
    """Return whether a matrix is compared with its transpose entry by entry."""
    return isinstance(size, int) and size <= 16


def require(holds: Any, step: str, reason: str) -> None:
    """Raise Rejected unless something holds."""
    if not holds:
        raise Rejected(step, reason)


class Entries:
    """The nodes of a certificate (graph and auxiliary) and their entries in one ring."""

    def __init__(
        self, graph: Graph, nodes: tuple[Node, ...], given: dict[int, int] | None = None
    ) -> None:
        self.graph, self.nodes = graph, nodes
        self.given = given or {}  # signs of params
        self.ring, self.written = Ring(graph.literals), False  # sums of fixed size written out
        self.ring.first = any(node.name == "hardmax" for node in graph.nodes)
        self.shape = graph.nodes[graph.output].shape
        self.rounds = {f"l{node.attrs[0]}" for node in nodes if node.op == "loop"}
        self.bindings: dict[str, Poly] = {}  # values of variables while an entry is computed
        self.values: dict[Any, Poly] = {}
        self.signs: dict[int, int] = {}
        self.seen_signs: dict[Poly, int] = {}
        self.ways: dict[Any, int | None] = {}
        self.bends: dict[int, int | None] = {}
        self.corners: dict[Any, int] = {}
        self.enclosed: dict[Any, int] = {}  # signs of functions of one number
        self.cut: int | None = None  # a node read as a variable
        self.opaque: dict[int, tuple[str, int]] = {}  # named functions: head, argument
        self.reach: list[frozenset[str]] = []
        for number in range(len(nodes)):
            self.reach.append(self.reached(number))
        branches = {ref.node for node in nodes if node.name == "where" for ref in node.args}
        self.guarded = {n for branch in branches for n in self.below(branch)}

    @property
    def expand(self) -> bool:
        """Whether entries are written out too: where x has a fixed size."""
        return self.written and all(map(short, self.shape))

    @expand.setter
    def expand(self, written: bool) -> None:
        self.written = written

    def places(self, shape: Any, letter: str) -> list[Any]:
        """Return the indices at which to compare: names, or each position when expanded."""
        if self.expand:
            return list(product(*(range(size) for size in shape)))
        return [tuple(f"{letter}{axis}" for axis in range(len(shape)))]

    def total(self, p: Poly, names: Any, shape: Any) -> Poly:
        """Return the sum of a Poly over the free names given, written out where expanded."""
        sizes = dict(zip(names, shape, strict=True))
        ranges = {n: s for n, s in sizes.items() if self.written and n in p.free and short(s)}
        self.ring.spend(math.prod(ranges.values()))
        new = {n: self.ring.name() for n in sizes if n not in ranges}
        bound_sizes = {new[n]: sizes[n] for n in new}
        parts = []
        for place in product(*(range(size) for size in ranges.values())):
            at = self.ring.rename(p, {**new, **dict(zip(ranges, place, strict=True))})
            parts.append((1, self.ring.sum(at, bound_sizes)))
        return self.ring.add(*parts)

    def at(self, ref: Ref, names: dict[str, str] | None = None) -> Poly:
        """Return the entry of a node at an index, some of its names replaced."""
        index = [(names or {}).get(str(i), i) if isinstance(i, str) else i for i in ref.index]
        out = self.nodes[ref.node].out
        return self.ring.rename(self.value(ref.node), dict(zip(out, index, strict=True)))

    def value(self, number: int) -> Poly:
        """Return the entry of a node at its own index names."""
        if number == self.cut:
            return self.ring.entry("cut", self.nodes[number].out)
        if number in self.opaque and self.cut is None:  # is_named
            head, w = self.opaque[number]
            return self.ring.entry(head, self.nodes[number].out, (self.value(w),))
        for earlier in self.below(number)[:-1] if (number, ()) not in self.values else ():
            if (earlier, ()) not in self.values and not self.bindings:
                self.values[earlier, ()] = self.compute(self.nodes[earlier])  # no deep recursion
        held = tuple((h, p.key) for h, p in self.bindings.items() if h in self.reach[number])
        key = (number, held)
        if key not in self.values:
            self.values[key] = self.compute(self.nodes[number])
        return self.values[key]

    def compute(self, node: Node) -> Poly:
        """Return the entry of a node at its own index names from those of its arguments."""
        ring, out = self.ring, node.out
        match node.op:
            case "x" | "eye":
                return ring.entry(node.op, out)
            case "param" | "lit":
                return ring.entry(f"{node.op} {node.attrs[0]}", out)
            case "var":
                head = f"var {node.attrs[0]}"
                return self.bindings.get(head, None) or ring.entry(head, out)
            case "state":
                return ring.entry("state", out)
            case "add":
                return ring.add(
                    *((q, self.at(r)) for q, r in zip(node.coefs, node.args, strict=True))
                )
            case "mul":
                names, sizes = self.summed(node)
                body = ring.mul(*(self.at(ref, names) for ref in node.args))
                return ring.add((node.coefs[0], self.total(body, [*names.values()], sizes)))
            case "fn":
                arity = {"where": 3, "pow": 2}.get(node.name, 1)
                known = node.name in ROWS or arity > 1
                require(not known or len(node.args) == arity, f"node {node.name}", "arguments")
                name = node.name if known else f"fn {node.name}"
                args = [self.at(ref) for ref in node.args]
                if name == "where":
                    sides = args[0], ring.add((1, ring.number(1)), (-1, args[0]))
                    args[1:] = [shielded(ring, *pair) for pair in zip(sides, args[1:], strict=True)]
                return ring.of(name, *args)
            case "call":
                return self.call(node)
            case _:
                return self.loop(node)

    def summed(self, node: Node) -> tuple[dict[str, str], list[Any]]:
        """Return new names for the names in a node's references not of its output; their sizes."""
        sizes = {}
        for ref in node.args:
            for index, size in zip(ref.index, self.nodes[ref.node].shape, strict=True):
                if isinstance(index, str) and index not in node.out and index not in self.rounds:
                    sizes[index] = size
        return {index: self.ring.name() for index in sizes}, [*sizes.values()]

    def call(self, node: Node) -> Poly:
        """Return an opaque atom: equal calls of equal entries are equal, no more is known."""
        names, sizes = self.summed(node)
        values = [self.at(ref, names) for ref in node.args]
        new = node.out[len(node.out) - node.attrs[1] :]
        if node.name in SHAPED:
            moved = [i for ref in node.args for i in ref.index if i in names]
            fits = len(node.args) == 1 and moved == [*names] and node.attrs[0] == len(names)
            fits = fits and (len(node.attrs) == 2 or node.name == "sort")
            made = sizes if SHAPED[node.name] else []
            fits = fits and made == [*node.shape[len(node.shape) - len(new) :]]
            fits = fits and (node.name not in SQUARE or (len(sizes) == 2 and len({*sizes}) == 1))
            require(fits, node.name, "expected the same axes in and out")
        if node.name == "hardmax":
            return hardmax(self.ring, values[0], [*names.values()], sizes, new)
        at = level(values)
        acted = {new: f"c{at}_{k}" for k, new in enumerate(names.values())}
        args = tuple(self.ring.rename(p, dict(acted)) for p in values)
        orders = [[acted.get(names.get(str(i), ""), "") for i in ref.index] for ref in node.args]
        head = text([node.name, *node.attrs, sizes, orders])
        whole = Atom(head, new, args, 0)
        if function_of(whole)[0]:  # f(A^T) = f(A)^T: of a symmetric matrix a symmetric one
            a, b = acted
            mirrored = self.ring.rename(values[0], {a: acted[b], b: acted[a]})
            same = mirrored is args[0] or self.symmetric(values[0], a, b, sizes[0])
            head = f"symmetric {head}" if same else head
            if mirrored.key < args[0].key:
                new, args = (new[1], new[0]), (mirrored,)
        return self.ring.entry(head, new, args)

    def symmetric(self, p: Poly, a: str, b: str, size: Any) -> bool:
        """Return whether a matrix of few entries is symmetric, entry by entry."""
        pairs = [(i, j) for i in range(size) for j in range(i)] if few(size) else []
        at = self.ring.rename
        return bool(pairs) and all(at(p, {a: i, b: j}) is at(p, {a: j, b: i}) for i, j in pairs)

    def loop(self, node: Node) -> Poly:
        """Return z_L: a sum over rounds if the step adds to the state, else an opaque atom."""
        ring, name = self.ring, f"l{node.attrs[0]}"
        inside = [self.nodes[n] for n in self.below(node.attrs[1])]
        mine = all(
            n.op != "loop" and (n.op != "state" or n.attrs[0] == node.attrs[0]) for n in inside
        )
        require(mine, "loop", "a loop inside a loop")
        step = self.value(node.attrs[1])
        start = self.at(node.args[0])
        more = ring.add((1, step), (-1, ring.entry("state", node.out)))
        if "state" not in more.heads:
            return ring.add((1, start), (1, self.total(more, [name], [node.attrs[2]])))
        require(seen(step, "state") <= {node.out}, "loop", "the step mixes entries of its state")
        nested = any(h.startswith("loop") for h in start.heads | step.heads)
        require(not nested, "loop", "a loop inside a loop")
        step = ring.rename(step, {name: f"c{step.height}_l"})
        return ring.entry(f"loop {node.attrs[2]}", (), (start, step))

    def reached(self, number: int) -> frozenset[str]:
        """Return the kinds of leaves that a node's entries depend on."""
        node = self.nodes[number]
        before = [ref.node for ref in node.args] + list(node.attrs[1:2] * (node.op == "loop"))
        inside = frozenset[str]().union(*(self.reach[n] for n in before))
        leaf = {"var": f"var {node.attrs[0]}" if node.attrs else "", "eye": "lit"}
        if node.op == "loop":
            return inside - {"state"}
        own = () if before or node.op in ("mul", "add") else (leaf.get(node.op, node.op),)
        return inside.union(own)

    def below(self, number: int) -> list[int]:
        """Return a node and all nodes that it needs."""
        found, new = {number}, [number]
        while new:
            node = self.nodes[new.pop()]
            for n in [ref.node for ref in node.args] + list(node.attrs[1:2] * (node.op == "loop")):
                if n not in found:
                    found.add(n)
                    new.append(n)
        return sorted(found)

    def varies(self, number: int) -> bool:
        """Return whether a node depends on x or on a variable."""
        return any(kind not in ("param", "lit") for kind in self.reach[number])


def seen(p: Poly, head: str) -> set[Any]:
    """Return the indices at which a Poly contains an entry, also inside of functions."""
    found, polys = set[Any](), [p]
    visited = {p}
    while polys:
        atoms = {a for _, factors in polys.pop().terms for a, _ in factors if head in a.heads}
        found |= {a.index for a in atoms if a.head == head}
        inner = {q for a in atoms for q in a.args} - visited
        visited |= inner
        polys += inner
    return found
