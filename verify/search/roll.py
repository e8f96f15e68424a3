"""The repeated block of a flat graph, found by comparing its nodes: a graph with loops, or None.

Two nodes match if their terms differ only in params. A chain z_0, z_1, .., z_R, in which the step
from z_{r-1} to z_r matches the next, is a loop of R rounds; params in which the rounds differ are
families. What is found is only a guess: it is returned if, unfolded, it is the flat graph.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from verify.trusted.graph import Graph, GraphError, Node, Ref
from verify.trusted.schema import canonical, covers, inside, needs, split

GUESSES = 40  # chains of a graph that are tried
LOOPS = 8  # that one graph is rolled into
PERIOD = 8  # nodes of a state's kind from one state to the next


def roll(graph: Graph, sizes: Mapping[str, int] | None = None) -> Graph | None:
    """Return a graph with loops that covers a flat graph at its sizes, or None if none is found.

    f(x) = a + tanh(x + b_1) + tanh(x + b_2), for example, is one round of a loop after another.

    >>> from fractions import Fraction
    >>> from verify.trusted.graph import Graph, Node, Ref
    >>> one, i = Fraction(1), ("i0",)
    >>> nodes = [Node("x", ("n0",)), Node("param", ("n0",), attrs=(0,))]
    >>> for k in (1, 2):
    ...     nodes.append(Node("param", ("n0",), attrs=(k,)))
    ...     nodes.append(Node("add", ("n0",), (Ref(0, i), Ref(len(nodes) - 1, i)), (one, one)))
    ...     nodes.append(Node("fn", ("n0",), (Ref(len(nodes) - 1, i),), name="tanh"))
    ...     args = (Ref(len(nodes) - 4 if k == 2 else 1, i), Ref(len(nodes) - 1, i))
    ...     nodes.append(Node("add", ("n0",), args, (one, one)))
    >>> rolled = roll(Graph(tuple(nodes), len(nodes) - 1, (("n0",),) * 3))
    >>> [node.op for node in rolled.nodes]
    ['param', 'state', 'x', 'param', 'add', 'fn', 'add', 'loop']
    """
    flat = split(graph)
    found = flat
    for _ in range(LOOPS):
        guesses = (build(found, chain) for chain in chains(found))
        rolled = next((g for g in islice(guesses, GUESSES) if holds(g, graph, sizes)), None)
        if rolled is None:
            return None if found is flat else found
        found = rolled
    return None  # rounds of one within another, without an end


def holds(guess: Graph | None, graph: Graph, sizes: Mapping[str, int] | None) -> bool:
    """Return whether a guess is a well-formed graph that covers the flat one."""
    if guess is None or not all(does_more(guess, node) for node in guess.nodes):
        return False
    try:
        return covers(guess, graph, sizes) is not None
    except GraphError:
        return False


def does_more(graph: Graph, node: Node) -> bool:
    """Return whether a node is no loop, or one whose rounds do more than to add constants."""
    if node.op != "loop":
        return True
    below, new = {node.attrs[1]}, [node.attrs[1]]
    while new:
        inner = {*needs(graph.nodes[new.pop()])} - below
        below |= inner
        new += inner
    return any(graph.nodes[n].op in ("param", "fn", "call", "x") for n in below)


@dataclass(frozen=True)
class Chain:
    """States z_R, .., z_0, and the params that are families."""

    states: tuple[int, ...]
    families: frozenset[int]


def chains(graph: Graph) -> Iterator[Chain]:
    """Yield what may be loops, the best first: those that save most nodes, then single rounds."""
    terms = Terms(graph)
    yield from sorted(terms.many(), key=lambda chain: (-terms.saved(chain), chain.states[-1]))
    for start, top in sorted(terms.once()):
        yield Chain((top, start), terms.private(top, start))


class Terms:
    """The nodes of a graph, what stands below each, which of them match."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.nodes = graph, graph.nodes
        loops = [f"l{node.attrs[0]}" for node in graph.nodes if node.op == "loop"]
        depends = inside(graph, loops)
        self.open = [n for n in range(len(self.nodes)) if not depends[n]]
        self.below: list[int] = []  # bit m: the node needs node m
        for number, node in enumerate(self.nodes):
            bits = 1 << number
            for n in needs(node):
                bits |= self.below[n]
            self.below.append(bits)
        self.shape = [shape(node) for node in self.nodes]
        self.alike = defaultdict[object, list[int]](list)
        for number in self.open:
            self.alike[self.shape[number]].append(number)

    def needs(self, number: int, other: int) -> bool:
        """Return whether a node needs another, or is it."""
        return bool(self.below[number] >> other & 1)

    def match(self, left: int, right: int, hole: int = -1) -> tuple[int, frozenset[int]] | None:
        """Return what stands on the right where the hole stands on the left, and the params of the
        left that differ; None if the terms differ in anything else."""
        pairs, seen, partner, image = [(left, right)], set[tuple[int, int]](), dict[int, int](), -1
        while pairs:
            a, b = pair = pairs.pop()
            if a == hole:
                if image not in (-1, b):
                    return None
                image = b
            elif a == b:
                if hole >= 0 and self.needs(a, hole):
                    return None
            elif pair not in seen:
                seen.add(pair)
                one, other = self.nodes[a], self.nodes[b]
                if self.shape[a] != self.shape[b]:
                    return None
                if one.op == "param" and partner.setdefault(a, b) != b:
                    return None
                refs = zip(one.args, other.args, strict=True)
                pairs.extend((ref.node, match.node) for ref, match in refs)
        if hole >= 0 > image:
            return None
        return image, frozenset(self.nodes[a].attrs[0] for a in partner)

    def many(self) -> Iterator[Chain]:
        """Yield the chains of two rounds and more, from nodes that are inside no longer one."""
        taken = set[int]()
        for top in reversed(self.open):
            near = (
                p for p in reversed(self.alike[self.shape[top]]) if self.needs(top, p) and p < top
            )
            for state in islice(near, PERIOD) if top not in taken else ():
                chain = self.chain(top, state)
                if chain is not None:
                    taken.update(chain.states)
                    yield chain
                    break

    def chain(self, top: int, state: int) -> Chain | None:
        """Return the longest chain that ends with a state and the top, if it has two rounds."""
        states, families = [top, state], frozenset[int]()
        while (found := self.match(states[-2], states[-1], states[-1])) is not None:
            states.append(found[0])
            families |= found[1]
        return Chain(tuple(states), families) if len(states) > 2 else None

    def saved(self, chain: Chain) -> int:
        """Return about how many nodes a loop saves."""
        rounds = len(chain.states) - 1
        own = self.below[chain.states[0]] & ~self.below[chain.states[-1]]
        return own.bit_count() * (rounds - 1) // rounds

    def once(self) -> Iterator[tuple[int, int]]:
        """Yield z_0 and z_1 of single rounds: z_1 = g_1 + h(z_0) where z_0 = g_0 matches g_1."""
        for top in self.open:
            node = self.nodes[top]
            if node.op != "add" or len(node.args) != 2:
                continue
            for q, part, rest in zip(node.coefs, node.args, reversed(node.args), strict=True):
                if q != 1 or part.index != node.out:
                    continue
                for start in self.alike[self.shape[part.node]]:
                    if self.needs(rest.node, start) and not self.needs(part.node, start):
                        found = self.match(part.node, start)
                        if found and found[1]:
                            yield start, top

    def private(self, top: int, start: int) -> frozenset[int]:
        """Return the params that nothing but the step from one node to another needs."""
        outer, new = {self.graph.output, start}, [self.graph.output, start]
        while new:
            number = new.pop()
            for n in needs(self.nodes[number]) if number != top else ():
                if n not in outer:
                    outer.add(n)
                    new.append(n)
        inner = (n for n in self.open if self.needs(top, n) and n not in outer)
        return frozenset(self.nodes[n].attrs[0] for n in inner if self.nodes[n].op == "param")


def shape(node: Node) -> tuple[object, ...]:
    """Return what must be equal in nodes that match: all but params, arguments, size symbols."""
    sizes = tuple(size if isinstance(size, int) else "" for size in node.shape)
    attrs = () if node.op == "param" else node.attrs
    return node.op, sizes, node.coefs, node.name, attrs, *(ref.index for ref in node.args)


def build(graph: Graph, chain: Chain) -> Graph:
    """Return the graph in which a loop stands for a chain's last state."""
    top, hole, start = chain.states[0], chain.states[1], chain.states[-1]
    loop = sum(node.op == "loop" for node in graph.nodes)
    nodes, many, out = list(graph.nodes), len(graph.params), graph.nodes[top].out
    copies = {hole: len(nodes)}
    nodes.append(Node("state", graph.nodes[top].shape, attrs=(loop,)))

    def entry(ref: Ref) -> Ref:
        inner = graph.nodes[ref.node]
        family = inner.op == "param" and inner.attrs[0] in chain.families
        return Ref(copies.get(ref.node, ref.node), (f"l{loop}",) * family + ref.index)

    for number in range(top + 1):
        node = graph.nodes[number]
        if number == hole:
            continue
        if node.op == "param" and node.attrs[0] in chain.families:
            copy = Node("param", (f"rounds{loop}", *node.shape), attrs=(many + node.attrs[0],))
        elif any(n in copies for n in needs(node)):
            copy = replace(node, args=tuple(map(entry, node.args)))
        else:
            continue
        copies[number] = len(nodes)
        nodes.append(copy)
    made = len(nodes)
    step = copies.get(top, top)
    nodes.append(
        Node(
            "loop", graph.nodes[top].shape, (Ref(start, out),), attrs=(loop, step, f"rounds{loop}")
        )
    )
    for number, node in enumerate(graph.nodes):
        args = (Ref(made if ref.node == top else ref.node, ref.index) for ref in node.args)
        nodes[number] = replace(node, args=tuple(args))
    output = made if graph.output == top else graph.output
    families = {*graph.families, *(many + k for k in chain.families)}
    return canonical(nodes, output, graph.literals, families)[0]
