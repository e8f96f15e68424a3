"""Quadratic forms that no structure shows: each product of atoms halved along a symmetry."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from typing import Any

from verify.search.emit import emit
from verify.search.pull import Cotangent
from verify.search.workbench import Workbench
from verify.trusted.graph import Ref
from verify.trusted.polys import Atom, Poly

HEAD = "var v"
TRIES = 10_000  # swaps of indices that are looked at


def gram(bench: Workbench, c: Cotangent) -> list[tuple[int, int]] | None:
    """Return (c, s) with sum c s^2 = sum_K weight y D_v x, each monomial a square; or None."""
    node = bench.nodes[c.node]
    refs = [bench.at(r) for r in c.weights]
    body = bench.ring.mul(bench.poly(c.y), *refs, bench.ring.entry(HEAD, node.out))
    form = bench.total(body, node.out, node.shape)
    return diagonal(bench, form) if bench.expand else halves(bench, form)


def halves(bench: Workbench, form: Poly) -> list[tuple[int, int]] | None:
    """Return (c, s) for each monomial of a quadratic form in v, each one a square; or None."""
    found = []
    for (bounds, factors), q in form.terms.items():
        sizes, powers = bench.ring.open(bounds, factors)
        parts = halved(bench, sizes, powers)
        if parts is None:
            return None
        kept, coefficient, root = parts
        shape = [sizes[n] for n in kept]
        own = bench.ring.add((q, bench.ring.normal(q / q, {}, coefficient)))
        inner = {n: s for n, s in sizes.items() if n not in kept and in_root(root, n)}
        half = bench.ring.sum(bench.ring.normal(q / q, {}, root), inner)
        found.append((emit(bench, own, kept, shape), emit(bench, half, kept, shape)))
    return found


def diagonal(bench: Workbench, form: Poly) -> list[tuple[int, int]] | None:
    """Return (c, s) for a form written out: for each product of other atoms the squares of L D L^T.

    With A = L D L^T: v^T A v = sum_k d_k (sum_i L_ik v_i)^2.
    """
    groups: dict[Any, dict[tuple[Any, Any], Fraction]] = {}
    for (bounds, factors), q in form.terms.items():
        vs = [a.index for a, e in factors if a.head == HEAD for _ in range(e)]
        rest = tuple((a, e) for a, e in factors if a.head != HEAD)
        if len(vs) != 2 or any(a.head == HEAD for a, _ in rest):
            return None
        matrix = groups.setdefault((bounds, rest), {})
        for i, j in (vs, vs[::-1]):
            matrix[i, j] = matrix.get((i, j), Fraction(0)) + q / 2
    found = []
    for (bounds, rest), matrix in groups.items():
        pairs = eliminated(matrix)
        if pairs is None:
            return None
        sizes, powers = bench.ring.open(bounds, rest)
        common = bench.ring.sum(bench.ring.normal(Fraction(1), {}, powers), sizes)
        c = emit(bench, common, (), ())
        for d, row in pairs:
            parts = [(q, Ref(bench.var("v", bench.shape), index)) for index, q in row.items()]
            found.append((bench.mul((), [Ref(c, ())], d), bench.add((), parts)))
    return found


def eliminated(
    matrix: dict[tuple[Any, Any], Fraction],
) -> list[tuple[Fraction, dict[Any, Fraction]]] | None:
    """Return (d, row) with the matrix = sum d row row^T, d of any sign; None with a zero pivot."""
    matrix, found = dict(matrix), []
    while any(matrix.values()):
        pivots = [k for (i, j), q in matrix.items() if i == j and q for k in [i]]
        if not pivots:
            return None
        k = pivots[0]
        d = matrix[k, k]
        row = {j: q / d for (i, j), q in matrix.items() if i == k and q}
        found.append((d, row))
        for i, p in row.items():
            for j, q in row.items():
                matrix[i, j] = matrix.get((i, j), Fraction(0)) - d * p * q
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
    for swap in islice(involutions(names), TRIES):
        if bench.ring.rename_atom(a, dict(swap)) is not b:
            continue
        if bench.ring.merge(powers, dict(swap)) == powers:
            return split(bench, names, swap, powers, a)
    return None


def involutions(names: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield all ways of swapping some of the names in pairs."""
    if not names:
        yield {}
        return
    first, *rest = names
    for k, partner in enumerate([first, *rest]):
        others = [*rest[: k - 1], *rest[k:]] if k else rest
        for swap in involutions(others):
            yield {**swap, first: partner, partner: first}


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
