"""v^T J v as a sum of squares: found by pulling v back through the map, then repaired."""

from collections import Counter
from fractions import Fraction
from functools import reduce
from operator import and_

from verify.search.emit import emit
from verify.search.gram import diagonal, gram
from verify.search.matches import Square, match, projected, swapped
from verify.search.pull import Cotangent, steps
from verify.search.ridges import copied
from verify.search.workbench import Workbench, content
from verify.trusted.graph import Ref
from verify.trusted.polys import Poly

HALF = Fraction(1, 2)
BUDGET = 400
LIMITS = [Fraction(n, 40) for n in (5, 10, 20, 40, 45, 46, 48, 80, 92, 160)]  # as 1.13 of gelu


def squares(bench: Workbench, number: int) -> list[Square] | None:
    """Return squares that add up to v^T D_v f for a node f, the coefficients of any sign."""
    pending = {number: [Cotangent(number, bench.var("v", bench.shape))]}
    found: list[Square] = []
    visits = 0
    while pending:
        node = max(pending)
        forms = pending.pop(node)
        visits += len(forms)
        if not bench.varies(node):
            continue
        forms = joined(bench, forms)
        whole = added(bench, forms) if len(forms) > 1 else None
        if whole is not None and match(bench, whole) is not None:
            forms = [whole]
        for c in forms:
            square = match(bench, c) or projected(bench, c) or swapped(bench, c)
            more = steps(bench, c) if square is None else []
            parts = gram(bench, c) if more is None and bench.nodes[node].op == "x" else None
            if visits > BUDGET or (more is None and parts is None):
                return None
            found += [square] if square else [Square(q, s) for q, s in parts or ()]
            for inner in more or ():
                pending.setdefault(inner.node, []).append(inner)
    return merged(bench, found)


def added(bench: Workbench, forms: list[Cotangent]) -> Cotangent | None:
    """Return the sum of forms at a node that have the same weights."""
    first = forms[0]
    if any(c.weights != first.weights for c in forms):
        return None
    shape = bench.nodes[first.node].shape
    y = bench.add(shape, [(1, bench.whole(c.y)) for c in forms])
    return Cotangent(first.node, y, first.weights)


def levelled(bench: Workbench, found: list[tuple[int, int]]) -> list[tuple[int, int]] | None:
    """Return squares of a form that is written out, all that does not move with x together.

    Of c s^2 with c >= -L that is -L s^2, where c is not seen to be >= 0.
    """
    ring, still, kept = bench.ring, list[tuple[int, Poly]](), list[tuple[int, int]]()
    for c, s in found:
        moves, known = "x" in bench.poly(c).heads, bench.sign(c) >= 1
        split = None
        if moves and not known:
            split = divided(bench, Square(c, s), False) or divided(bench, Square(c, s))
        if moves and not known and split is None:
            return None
        kept += [(split[1].c, s)] if split else [(c, s)] if moves else []
        less = split[0].c if split else c
        if split or not moves:
            node, root = bench.nodes[s], bench.poly(s)
            term = ring.mul(bench.poly(less), root, root)
            still.append((1, bench.total(term, node.out, node.shape)))
    rest = diagonal(bench, ring.add(*still))
    return [*kept, *rest] if rest is not None else None


def joined(bench: Workbench, forms: list[Cotangent]) -> list[Cotangent]:
    """Return the forms at a node, those of one y joined by adding their weights up."""
    groups: list[tuple[Cotangent, list[tuple[Fraction, Cotangent]]]] = []
    for c in forms:
        p = bench.attempt(lambda c=c: bench.poly(c.y))
        for first, members in groups:
            r = Fraction(1) if c.y == first.y else None
            if r is None and p is not None:
                r = bench.attempt(lambda p=p, y=first.y: bench.ratio(p, bench.poly(y)))
            if r:
                members.append((r, c))
                break
        else:
            groups.append((c, [(Fraction(1), c)]))
    return [together(bench, members) for _, members in groups]


def together(bench: Workbench, members: list[tuple[Fraction, Cotangent]]) -> Cotangent:
    """Return the sum of forms with multiples of one y: what their weights share stays a factor."""
    first = members[0][1]
    if len(members) == 1:
        return first
    shape = bench.nodes[first.node].shape
    counts = [Counter(c.weights) for _, c in members]
    shared = reduce(and_, counts)
    own = [[*(count - shared).elements()] for count in counts]
    rest = bench.add(
        shape,
        [
            (r, bench.whole(bench.mul(shape, refs)))
            for (r, _), refs in zip(members, own, strict=True)
        ],
    )
    return Cotangent(first.node, first.y, (*shared.elements(), bench.whole(rest)))


def merged(bench: Workbench, found: list[Square]) -> list[Square]:
    """Return the squares with those of one root, up to a factor, added up."""
    groups: list[tuple[Square, list[tuple[Fraction, int]]]] = []
    for square in found:
        p, shape = bench.poly(square.s), bench.nodes[square.s].shape
        for first, members in groups:
            same = bench.nodes[first.s].shape == shape
            r = bench.ratio(p, bench.poly(first.s)) if same else None
            if r:
                members.append((r * r, square.c))
                break
        else:
            groups.append((square, [(Fraction(1), square.c)]))
    results = []
    for first, members in groups:
        shape = bench.nodes[first.s].shape
        c = bench.add(shape, [(q, bench.whole(n)) for q, n in members])
        results.append(Square(first.c if len(members) == 1 else c, first.s, first.at))
    return results


def repaired(bench: Workbench, found: list[Square]) -> list[Square] | None:
    """Return squares with nonnegative coefficients, by Cauchy and Schwarz, or None.

    For each position of t, with s over further axes k, and t = sum_k w_k s_k:
    t^2 = (sum w)(sum w s^2) - 1/2 sum_kl w_k w_l (s_k - s_l)^2     for w >= 0
    t^2 = (sum w^2)(sum s^2) - 1/2 sum_kl (w_k s_l - w_l s_k)^2
    """
    good = [q for q in found if bench.sign(q.c) >= 1]
    bad = [q for q in found if q not in good]
    for square in bad:
        lead = bench.nodes[square.s].shape
        for k, partner in enumerate(good):
            if bench.nodes[partner.s].shape[: len(lead)] != lead:
                continue
            w = weights_of(bench, square.at, partner) if square.at is not None else None
            new = spread(bench, square, partner, w) if w is not None else None
            if new is not None:
                good = [*good[:k], *good[k + 1 :], *new]
                break
        else:
            rest = absorbed(bench, square, good)
            split = None if rest else divided(bench, square)
            good = absorbed(bench, split[0], [*good, split[1]]) if split else rest
            if not good:
                return None
    return good


def divided(bench: Workbench, square: Square, sharing: bool = True) -> tuple[Square, Square] | None:
    """Return c s^2 as -L s^2 and (c + L) s^2, c + L >= 0, L a number times what c shares."""
    ring, c, out = bench.ring, bench.nodes[square.c], bench.nodes[square.c].out
    p = bench.attempt(lambda: bench.poly(square.c))
    if p is None or "x" not in p.heads:
        return None
    still = {a: e for a, e in content(p).items() if sharing and "x" not in a.heads}
    free = ring.normal(Fraction(1), {}, dict(still))
    shared = bench.attempt(lambda: emit(bench, free, out, c.shape))
    if shared is None or bench.sign(shared) < 1:
        return None
    found, sizes = None, sorted({abs(q) * r for q in p.terms.values() for r in LIMITS})
    while sizes:  # the least that is enough: first whether the largest is
        q = sizes[len(sizes) // 2] if found else sizes[-1]
        less = bench.mul(c.shape, [bench.whole(shared)], -q)
        rest = bench.add(c.shape, [(1, bench.whole(square.c)), (-1, bench.whole(less))])
        enough = bench.attempt(lambda rest=rest: bench.sign(rest)) in (1, 2)
        if enough:
            found = Square(less, square.s, square.at), Square(rest, square.s, square.at)
        elif found is None:
            return None
        sizes = [r for r in sizes if (r < q if enough else r > q)]
    return found


def absorbed(bench: Workbench, bad: Square, good: list[Square]) -> list[Square]:
    """Return squares with c[K] (w[K] . v)^2, c < 0, left to that of v, or none.

    (w . v)^2 = |w|^2 |v|^2 - 1/2 sum_ij (w_i v_j - w_j v_i)^2
    """
    ring, lead, names = bench.ring, bench.nodes[bad.s].shape, bench.nodes[bad.s].out
    v, size = bench.var("v", bench.shape), len(bench.shape)
    k = next((k for k, square in enumerate(good) if square.s == v), None)
    if k is None or size != 1 or bench.sign(bad.c) > -1:
        return []
    j = f"i{len(names)}"
    p = bench.attempt(lambda: ring.derivative(bench.poly(bad.s), "var v", (j,)))
    if p is None or "var v" in p.heads:
        return []
    both = (*lead, *bench.shape)
    w = emit(bench, p, (*names, j), both)
    held = tuple(f"s{n}" for n in range(len(names)))
    inner = Ref(w, (*held, "r0"))
    less = bench.mul(bench.shape, [Ref(bad.c, held), inner, inner])
    rest = bench.add(bench.shape, [(1, bench.whole(good[k].c)), (1, bench.whole(less))])
    if bench.sign(rest) < 1:
        return []
    pairs, i = (*both, *bench.shape), f"i{len(names) + 1}"
    crossed = [bench.mul(pairs, [Ref(w, (*names, n)), Ref(v, (m,))]) for n, m in ((j, i), (i, j))]
    root = bench.add(pairs, [(1, bench.whole(crossed[0])), (-1, bench.whole(crossed[1]))])
    c = bench.mul(pairs, [Ref(bad.c, names)], -HALF)
    return [*good[:k], *good[k + 1 :], Square(rest, v, good[k].at), Square(c, root)]


def weights_of(bench: Workbench, at: int, partner: Square) -> int | None:
    """Return w with D_v at[L] = sum_k w[L, k] s[L, k] for the partner's root s, or None."""
    root, shape = bench.poly(partner.s), bench.nodes[partner.s].shape
    lead = bench.nodes[at].shape
    e = bench.var("e", lead) if lead else bench.number(1)
    pending, parts, visits = [Cotangent(at, e)], [], 0
    while pending:
        c = pending.pop()
        visits += 1
        if visits > BUDGET:
            return None
        if not bench.varies_in_x(c.node):
            continue
        t = bench.tangent(c.node)
        if t is not None and bench.nodes[t].shape == shape:
            r = bench.quotient(bench.poly(t), root)
            if r is not None:
                factor = emit(bench, r, bench.nodes[t].out, shape)
                w = bench.mul(shape, [bench.whole(c.y), *c.weights, bench.whole(factor)])
                parts.append((Fraction(1), bench.whole(w)))
                continue
        more = steps(bench, c)
        if more is None:
            return None
        pending += more
    if not parts:
        return None
    w = bench.add(shape, parts) if len(parts) > 1 else parts[0][1].node
    return by_position(bench, w, e) if lead else w


def by_position(bench: Workbench, w: int, e: int) -> int | None:
    """Return w with the variable e at 1, if w[L, k] is that times e[L]."""
    lead, shape = bench.nodes[e].shape, bench.nodes[w].shape
    plain = copied(bench, w, {e: bench.mul(lead, [])})
    times_e = bench.mul(shape, [bench.whole(plain), bench.whole(e)])
    return plain if bench.poly(times_e) is bench.poly(w) else None


def spread(bench: Workbench, bad: Square, partner: Square, w: int) -> list[Square] | None:
    """Return nonnegative squares equal to c[L] (sum_k w s)^2 + sum b s^2, c < 0, or None."""
    lead, shape = bench.nodes[bad.s].shape, bench.nodes[partner.s].shape
    out, k = bench.nodes[partner.s].out, len(shape) - len(lead)
    first = out[: len(lead)]
    inner = first + tuple(f"s{n}" for n in range(k))
    second = first + tuple(f"i{n + len(shape)}" for n in range(k))
    s = partner.s
    w = bench.mul(shape, [Ref(w, out)], -1) if bench.sign(w) <= -1 else w
    weighted = bench.mul(lead, [Ref(w, inner)]), [Ref(w, out)]
    plain = bench.mul(lead, [Ref(w, inner), Ref(w, inner)]), []
    for total, factor in (weighted, plain) if bench.sign(w) >= 1 else (plain,):
        less = bench.mul(shape, [Ref(bad.c, first), Ref(total, first), *factor])
        rest = bench.add(shape, [(1, bench.whole(partner.c)), (1, bench.whole(less))])
        if bench.sign(rest) < 1 or bench.sign(bad.c) > -1:
            continue
        pair = [Ref(w, out), Ref(w, second)] if factor else []
        both = shape + shape[len(lead) :]
        c = bench.mul(both, [Ref(bad.c, first), *pair], -HALF)
        if factor:
            root = bench.add(both, [(1, Ref(s, out)), (-1, Ref(s, second))])
        else:
            a = bench.mul(both, [Ref(w, out), Ref(s, second)])
            b = bench.mul(both, [Ref(w, second), Ref(s, out)])
            root = bench.add(both, [(1, bench.whole(a)), (-1, bench.whole(b))])
        return [Square(rest, s, partner.at), Square(c, root)]
    return None
