"""Quadratic forms that no structure shows: each product of atoms halved along a symmetry."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from typing import Any

from verify.search.emit import emit
from verify.search.pull import Cotangent
from verify.search.workbench import Workbench
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

    With A = L D L^T: u^T A u = sum_k d_k (sum_i L_ik u_i)^2, for u any entries linear in v.
    """
    groups: dict[Poly, dict[tuple[Any, Any], Fraction]] = {}
    for (bounds, factors), q in form.terms.items():
        parts = separated(bench, *bench.ring.open(bounds, factors))
        if parts is None:
            return None
        rest, u, w = parts
        matrix = groups.setdefault(rest, {})
        for pair in ((u, w), (w, u)):
            matrix[pair] = matrix.get(pair, Fraction(0)) + q / 2
    found: dict[Any, tuple[dict[Poly, Fraction], list[tuple[Fraction, Poly]]]] = {}
    for rest, matrix in groups.items():
        pairs = eliminated(matrix)
        if pairs is None:
            return None
        for d, row in pairs:
            found.setdefault(frozenset(row.items()), (row, []))[1].append((d, rest))
    squares = []
    for row, parts in found.values():
        root = bench.ring.add(*((q, u) for u, q in row.items()))
        squares.append((signed(bench, bench.ring.add(*parts)), emit(bench, root, (), ())))
    return squares


def signed(bench: Workbench, c: Poly) -> int:
    """Return a node of a coefficient: as (c q) / q for a divisor q in it, if that shows a sign."""
    inverses = dict.fromkeys(a for _, factors in c.terms for a, _ in factors if a.head == "inv")
    for a in inverses if not bench.sign_by_corners(c) else ():
        most = max(dict(factors).get(a, 0) for _, factors in c.terms)
        whole = bench.ring.mul(c, *[a.args[0]] * most)
        if whole.terms and bench.sign_by_corners(whole):
            above, below = (emit(bench, p, (), ()) for p in (whole, bench.ring.lift(a)))
            return bench.mul((), [bench.whole(above), *[bench.whole(below)] * most])
    return emit(bench, c, (), ())


def separated(
    bench: Workbench, sizes: dict[str, Any], powers: dict[Atom, Any]
) -> tuple[Poly, Poly, Poly] | None:
    """Return a product of v's entries as (what has none, u, w), u and w linear in v; or None."""
    vs = [a for a, e in powers.items() if a.head == HEAD for _ in range(e)]
    if len(vs) != 2 or any(HEAD in a.heads and a.head != HEAD for a in powers):
        return None
    left = {a: e for a, e in powers.items() if a.head != HEAD}
    sides = []
    for v in vs:
        side, names = {v: 1}, {*v.free} & sizes.keys()
        while near := [a for a in left if a.free & names]:
            for a in near:
                side[a] = left.pop(a)
                names |= a.free & sizes.keys()
        if names and (vs[0] is vs[1] or any(w.free & names for w in vs if w is not v)):
            return None
        inner = {n: size for n, size in sizes.items() if n in names}
        sizes = {n: size for n, size in sizes.items() if n not in names}
        sides.append(bench.ring.normal(Fraction(1), inner, side))
    return bench.ring.normal(Fraction(1), sizes, left), *sides


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
