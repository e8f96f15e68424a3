"""From a normal form back to nodes of a graph."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from verify.search.workbench import Workbench
from verify.trusted.graph import Node, Ref, Size
from verify.trusted.polys import Atom, Poly, RingError


def emit(bench: Workbench, p: Poly, names: Sequence[str], shape: Sequence[Size]) -> int:
    """Return a node whose entry at the given names is the Poly."""
    parts: list[tuple[Fraction, Ref]] = []
    sizes = dict(zip(names, shape, strict=True))
    for (bounds, factors), q in p.terms.items():
        opened, powers = bench.ring.open(bounds, factors)
        new = {n: f"i{k}" for k, n in enumerate(names)}
        new |= {n: f"j{k}" for k, n in enumerate(opened)}  # equal sums are one node
        refs = []
        for a, e in powers.items():
            ref = entry(bench, a, e, {**sizes, **opened})
            index = tuple(new.get(i, i) if isinstance(i, str) else i for i in ref.index)
            refs += [Ref(ref.node, index)] * (1 if a.head == "E" else e)
        product = bench.mul(shape, refs, q)
        parts.append((Fraction(1), bench.whole(product)))
    if len(parts) == 1:
        return parts[0][1].node
    return bench.add(shape, parts) if parts else bench.mul(shape, [], 0)


def entry(bench: Workbench, a: Atom, e: Any, sizes: dict[str, Size]) -> Ref:
    """Return a reference to an atom (to an exponential with its exponent)."""
    kind, _, name = a.head.partition(" ")
    if kind in ("param", "lit", "var", "x", "eye"):
        return Ref(leaf(bench, kind, name, a, sizes), a.index)
    free = sorted(a.free)
    if len(a.args) != 1 or a.index or not {*free} <= sizes.keys():
        raise RingError(f"no node for {a.head}")
    inner = emit(bench, bench.ring.add((e, a.args[0])) if kind == "E" else a.args[0], free,
                 [sizes[n] for n in free])  # fmt: skip
    return Ref(bench.fn("exp" if kind == "E" else kind, inner), tuple(free))


def leaf(bench: Workbench, kind: str, name: str, a: Atom, sizes: dict[str, Size]) -> int:
    """Return the node of a leaf: the graph's own; eye and variables of the sizes at hand."""
    if kind == "x":
        return bench.make(Node("x", bench.shape))
    if kind == "param":
        return bench.make(Node("param", bench.graph.params[int(name)], attrs=(int(name),)))
    if kind == "lit":
        return bench.make(Node("lit", bench.graph.literals[int(name)].shape, attrs=(int(name),)))
    shape = [sizes[i] for i in a.index if isinstance(i, str)]
    if kind == "eye":
        return bench.make(Node("eye", (shape[0], shape[0])))
    return bench.var(name, shape if len(shape) == len(a.index) else bench.shape)
