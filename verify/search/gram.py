"""Quadratic forms that no structure shows: each product of atoms halved along a symmetry."""

from itertools import permutations
from typing import Any

from verify.search.emit import emit
from verify.search.pull import Cotangent
from verify.search.workbench import Workbench
from verify.trusted.ring import Atom

HEAD = "var v"


def gram(bench: Workbench, c: Cotangent) -> list[tuple[int, int]] | None:
    """Return (c, s) with sum c s^2 = sum_K weight y D_v x, each monomial a square; or None."""
    node = bench.nodes[c.node]
    refs = [bench.at(r) for r in c.weights]
    body = bench.ring.mul(bench.poly(c.y), *refs, bench.ring.entry(HEAD, node.out))
    form = bench.total(body, node.out, node.shape)
    found = []
    for (bounds, factors), q in form.terms.items():
        sizes, powers = bench.ring.open(bounds, factors)
        halves = halved(bench, sizes, powers)
        if halves is None:
            return None
        kept, coefficient, root = halves
        shape = [sizes[n] for n in kept]
        own = bench.ring.add((q, bench.ring.normal(q / q, {}, coefficient)))
        inner = {n: s for n, s in sizes.items() if n not in kept and in_root(root, n)}
        half = bench.ring.sum(bench.ring.normal(q / q, {}, root), inner)
        found.append((emit(bench, own, kept, shape), emit(bench, half, kept, shape)))
    return found


def in_root(root: dict[Atom, Any], name: str) -> bool:
    return any(name in a.free for a in root)


def halved(
    bench: Workbench, sizes: dict[str, Any], powers: dict[Atom, Any]
) -> tuple[list[str], dict[Atom, Any], dict[Atom, Any]] | None:
    """Return (kept indices, coefficient, root) with coefficient root^2 the product, or None."""
    vs = [a for a in powers if a.head == HEAD]
    if len(vs) == 1 and powers[vs[0]] == 2:  # a diagonal: v[a]^2
        rest = {a: e for a, e in powers.items() if a is not vs[0]}
        return list(sizes), rest, {vs[0]: 1}
    if len(vs) != 2:
        return None
    a, b = vs
    names = list(sizes)
    for image in permutations(names):
        swap = dict(zip(names, image, strict=True))
        if any(swap[swap[n]] != n for n in names):
            continue
        if bench.ring.rename_atom(a, dict(swap)) is not b:
            continue
        if bench.ring.merge(powers, dict(swap)) == powers:
            return split(bench, names, swap, powers, a)
    return None


def split(
    bench: Workbench, names: list[str], swap: dict[str, str], powers: dict[Atom, Any], a: Atom
) -> tuple[list[str], dict[Atom, Any], dict[Atom, Any]] | None:
    """Return the fixed part and one half of a product that a swap of indices keeps."""
    fixed = [n for n in names if swap[n] == n]
    held = {p: e for p, e in powers.items() if bench.ring.rename_atom(p, dict(swap)) is p}
    side, root = set(a.free) - set(fixed), {a: 1}
    moved = [p for p in powers if p not in held and p.head != HEAD]
    if any(not p.free <= set(fixed) for p in held):
        return None
    while True:
        near = [p for p in moved if p not in root and p.free & side]
        if not near:
            break
        for p in near:
            root[p] = powers[p]
            side |= set(p.free) - set(fixed)
    mirrored = bench.ring.merge(root, dict(swap))
    if set(mirrored) & set(root) or len(root) * 2 != len(moved) + 2:
        return None
    return fixed, held, root
