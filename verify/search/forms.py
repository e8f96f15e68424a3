"""Quadratic forms as sums of squares that are made of the matrices at hand."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, product

from verify.search.gram import halves
from verify.search.ridges import copied
from verify.search.workbench import Workbench
from verify.trusted.graph import Node, Ref
from verify.trusted.polys import Mono, Poly

WORDS, LETTERS, DEEP = 32, 6, 3
GAINS, NEAR = 3, 6  # weights; words that stand beside others
TERMS = 24  # of a sum of squares that is combined with others
Pairs = list[tuple[int, int]]


def form_of(bench: Workbench, number: int) -> Poly:
    """Return v^T J v of a map."""
    out, other, ring = bench.nodes[number].out, ("p0",), bench.ring
    slope = ring.derivative(bench.poly(number), "x", other)
    q = ring.mul(slope, ring.entry("var v", out), ring.entry("var v", other))
    return bench.total(q, (*out, *other), bench.shape * 2)


def of_words(bench: Workbench, number: int) -> Pairs | None:
    """Return squares of products of matrices and v whose combination, q >= 0, is v^T J v."""
    if len(bench.shape) != 1:
        return None
    form = form_of(bench, number)
    if not form.terms or "x" in form.heads:
        return None
    return combination(bench, form, candidates(bench, form, number), weights(bench, number))


def affine_part(bench: Workbench, number: int) -> tuple[int, int] | None:
    """Return two nodes whose sum is a node, one affine in x, one no part of which is; or None."""
    node = bench.nodes[number]
    terms = [*zip(node.coefs, node.args, strict=True)] if node.op == "add" else []
    parts = [[t for t in terms if bench.affine(t[1].node) is still] for still in (True, False)]
    if not all(parts):
        return None
    one, other = (bench.add(node.shape, part) for part in parts)
    return one, other


def combination(
    bench: Workbench, form: Poly, levels: Iterator[Iterator[Pairs]], gains: list[int | None]
) -> Pairs | None:
    """Return a combination of sums of squares, times gains, that is a form, or None."""
    found = dict[Poly, Pairs]()
    for level in levels:
        for pairs in level:
            p: Poly | None = bench.attempt(lambda pairs=pairs: summed(bench, pairs))
            if p is None or not 0 < len(p.terms) <= TERMS:
                continue
            for gain in gains:
                more = pairs if gain is None else [(times(bench, c, gain), s) for c, s in pairs]
                found.setdefault(p if gain is None else bench.ring.mul(p, bench.poly(gain)), more)
        parts = nonnegative([p.terms for p in found], form.terms)
        if parts is not None:
            chosen = [(q, pairs) for q, pairs in zip(parts, found.values(), strict=True) if q]
            return [
                (bench.mul(bench.nodes[c].shape, [bench.whole(c)], q), s)
                for q, pairs in chosen
                for c, s in pairs
            ]
    return None


def weights(bench: Workbench, root: int) -> list[int | None]:
    """Return None, for 1, and a few numbers on parameters below a node that are >= 0."""
    still = [n for n in bench.below(root) if not bench.varies(n)]
    gains = [n for n in still if bench.nodes[n].shape == () and "param" in bench.reach[n]]
    return [None, *[n for n in gains if bench.sign(n) >= 1][-GAINS:]]


def times(bench: Workbench, c: int, gain: int) -> int:
    """Return a node times a number."""
    return bench.mul(bench.nodes[c].shape, [bench.whole(c), Ref(gain, ())])


def summed(bench: Workbench, pairs: Pairs) -> Poly:
    """Return sum c s^2."""
    parts = []
    for c, s in pairs:
        node, root = bench.nodes[s], bench.poly(s)
        term = bench.ring.mul(bench.poly(c), root, root)
        parts.append((1, bench.total(term, node.out, node.shape)))
    return bench.ring.add(*parts)


def matrices(bench: Workbench, root: int) -> list[int]:
    """Return matrices and vectors below a node, without x; exp(A / 2) beside exp(A)."""
    found = []
    for n in bench.below(root):
        node = bench.nodes[n]
        if len(node.shape) in (1, 2) and not bench.varies(n) and node.op != "eye":
            found.append(n)
        if (node.op, node.name) == ("call", "matrix_exp") and len(node.shape) == 2:
            inner = bench.nodes[node.args[0].node]
            half = bench.add(inner.shape, [(Fraction(1, 2), bench.whole(node.args[0].node))])
            args = (Ref(half, node.args[0].index),)
            found.append(bench.make(Node("call", node.shape, args, (), node.name, node.attrs)))
    return found[-LETTERS:]


def candidates(bench: Workbench, form: Poly, number: int) -> Iterator[Iterator[Pairs]]:
    """Yield sums of squares of J v and of words, of two of these, and of w^T inverse(A) w."""
    image, met = bench.tangent(number), list[int]()
    yield (alone(bench, w) for w in (image,) if w is not None)
    for depth, level in enumerate(words(bench, number)):
        yield (pairs for w in level[:NEAR] if depth < DEEP for pairs in inverses(bench, number, w))
        yield (alone(bench, w) for w in level)
        met = (met + level)[:NEAR]
        yield (alone(bench, w) for w in combined(bench, form, met) if depth)


def alone(bench: Workbench, w: int) -> Pairs:
    return [(bench.mul(bench.nodes[w].shape, []), w)]


def words(bench: Workbench, root: int) -> Iterator[list[int]]:
    """Yield v and products of it with some matrices below a node, or transposes, and vectors."""
    letters = matrices(bench, root)
    level, known = [bench.var("v", bench.shape)], set[Poly]()
    for _ in range(DEEP):
        yield level
        new = []
        for w, m in product(level, letters):
            size, (rows, *columns) = bench.nodes[w].shape[0], bench.nodes[m].shape
            if columns == [size]:
                new.append(bench.mul((rows,), [Ref(m, ("i0", "j0")), Ref(w, ("j0",))]))
            if rows == size:
                index = ("j0", "i0")[: 1 + len(columns)] if columns else ("i0",)
                at = Ref(w, ("j0",) if columns else ("i0",))
                new.append(bench.mul((*columns,) or (rows,), [Ref(m, index), at]))
        level = []
        for w in new:
            p = bench.attempt(lambda w=w: bench.poly(w))
            if p is not None and p not in known and len(level) < WORDS:
                known.add(p)
                level.append(w)


def combined(bench: Workbench, form: Poly, met: list[int]) -> Iterator[int]:
    """Yield a + r b for words a and b, r as in a form a . a + 2 r a . b + r^2 b . b + ..."""
    for a, b in combinations(met, 2):
        if bench.nodes[a].shape != bench.nodes[b].shape:
            continue
        parts = [bench.attempt(lambda u=u, w=w: dot(bench, u, w)) for u, w in pairs_of(a, b)]
        if any(p is None or len(p.terms) > TERMS for p in parts):
            continue
        found = [share(form, p, [q for q in parts if q is not p]) for p in parts]
        first, both, last = found
        ratios = {both / (2 * first)} if first else set[Fraction]()
        ratios |= {2 * last / both} if both else set()
        for r in ratios - {0}:
            yield bench.add(bench.nodes[a].shape, [(1, bench.whole(a)), (r, bench.whole(b))])


def pairs_of(a: int, b: int) -> list[tuple[int, int]]:
    return [(a, a), (a, b), (b, b)]


def dot(bench: Workbench, a: int, b: int) -> Poly:
    """Return a . b."""
    return bench.poly(bench.mul((), [Ref(a, ("j0",)), Ref(b, ("j0",))]))


def share(form: Poly, p: Poly, others: list[Poly]) -> Fraction:
    """Return how often p is in a form, by a monomial of p that others have not."""
    own = [m for m in p.terms if not any(m in q.terms for q in others)]
    return form.terms.get(own[0], Fraction(0)) / p.terms[own[0]] if own else Fraction(0)


def inverses(bench: Workbench, number: int, w: int) -> Iterator[Pairs]:
    """Yield squares of w^T inverse(A) w: those of y^T A y with y = inverse(A) w."""
    shape = bench.nodes[w].shape
    for n in bench.below(number):
        node = bench.nodes[n]
        if (node.op, node.name) != ("call", "inverse") or node.shape != shape * 2:
            continue
        pairs = definite(bench, node.args[0].node)
        if pairs is not None:
            y = bench.mul(shape, [Ref(n, ("i0", "j0")), Ref(w, ("j0",))])
            yield [(c, copied(bench, s, {bench.var("v", shape): y})) for c, s in pairs]


def definite(bench: Workbench, number: int) -> Pairs | None:
    """Return squares, their coefficients >= 0, that add up to v^T A v for a matrix A, or None."""
    v = bench.var("v", bench.nodes[number].shape[:1])
    refs = [Ref(number, ("j0", "j1")), Ref(v, ("j0",)), Ref(v, ("j1",))]
    form = bench.attempt(lambda: bench.poly(bench.mul((), refs)))
    pairs = bench.attempt(lambda: halves(bench, form)) if form is not None else None
    if form is None or (pairs is not None and all(bench.sign(c) >= 1 for c, _ in pairs)):
        return pairs
    if bench.nodes[number].shape[:1] != bench.shape:
        return None
    levels = ((alone(bench, w) for w in level) for level in words(bench, number))
    return combination(bench, form, levels, weights(bench, number))


def nonnegative(
    columns: list[dict[Mono, Fraction]], target: dict[Mono, Fraction]
) -> list[Fraction] | None:
    """Return q >= 0 with sum q column = target, or None: the simplex method, by Bland's rule."""
    rows = [*dict.fromkeys([*target, *(m for column in columns for m in column)])]
    table, basis = [], list[int]()
    for m in rows:
        b = target.get(m, Fraction(0))
        sign = -1 if b < 0 else 1
        table.append([sign * column.get(m, Fraction(0)) for column in columns] + [sign * b])
        basis.append(-1)
    cost = [sum(row[k] for row in table) for k in range(len(columns) + 1)]
    while cost[-1]:
        enter = next((k for k in range(len(columns)) if cost[k] > 0), None)
        ratios = [(row[-1] / row[enter], basis[r], r) for r, row in enumerate(table)
                  if enter is not None and row[enter] > 0]  # fmt: skip
        if enter is None or not ratios:
            return None
        r = min(ratios)[2]
        table[r] = [q / table[r][enter] for q in table[r]]
        for other in [row for k, row in enumerate(table) if k != r] + [cost]:
            factor = other[enter]
            other[:] = [p - factor * q for p, q in zip(other, table[r], strict=True)]
        basis[r] = enter
    found = [Fraction(0)] * len(columns)
    for r, k in enumerate(basis):
        if k >= 0:
            found[k] = table[r][-1]
    return found
