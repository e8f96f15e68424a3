"""A form at a node as one square: where what meets its tangent is a multiple of the tangent."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from math import prod

from verify.search.emit import emit
from verify.search.pull import Cotangent
from verify.search.workbench import Workbench
from verify.trusted.polys import Poly

HALF = Fraction(1, 2)
PLACES = 256  # at which two entries are compared


@dataclass(frozen=True)
class Square:
    """sum_K c[K] s[K]^2; ``at`` is the node of which s is the tangent, if it is one."""

    c: int
    s: int
    at: int | None = None


def match(bench: Workbench, c: Cotangent) -> Square | None:
    """Return a form as one square, where y is a multiple of the tangent of its node."""
    t = bench.tangent(c.node)
    if t is None or not bench.varies(t):
        return None
    r = bench.attempt(lambda: bench.quotient(bench.poly(c.y), bench.poly(t)))
    r = written_out(bench, c.y, t) if r is None and bench.written else r
    if r is None or "x" in r.heads:
        return None
    shape, out = bench.nodes[t].shape, bench.nodes[t].out
    weights = list(c.weights)
    for w in c.weights if "inv" in r.heads else ():  # d 1/d is 1, and d may be 0
        whole = bench.ring.mul(r, bench.at(w))
        if divisors(whole) < divisors(r):
            r = whole
            weights.remove(w)
    if r.constant is not None:
        return Square(bench.mul(shape, weights, r.constant), t, c.node)
    factor = bench.attempt(lambda: emit(bench, r, out, shape))
    if factor is None:
        return None
    return Square(bench.mul(shape, [bench.whole(factor), *weights]), t, c.node)


def written_out(bench: Workbench, y: int, t: int) -> Poly | None:
    """Return the number r with y = r t at each position of the axes that are written out."""
    axes = [*zip(bench.nodes[t].out, bench.nodes[t].shape, strict=True)]
    at = {i: range(size) for i, size in axes if isinstance(size, int)}
    p, q = (bench.attempt(lambda n=n: bench.poly(n)) for n in (y, t))
    if p is None or q is None or not 1 < prod(map(len, at.values())) <= PLACES:
        return None
    found: set[Fraction | None] = set()
    for place in product(*at.values()):
        here, there = (bench.ring.rename(f, dict(zip(at, place, strict=True))) for f in (p, q))
        if not here.terms and not there.terms:
            continue
        found.add(bench.ratio(here, there))
        if len(found) > 1 or None in found:
            return None
    r = next(iter(found), None)
    return bench.ring.number(r) if r is not None else None


def divisors(p: Poly) -> int:
    """Return how many factors 1 / q a Poly has."""
    return sum(e for _, factors in p.terms for a, e in factors if a.head == "inv")


def projected(bench: Workbench, c: Cotangent) -> Square | None:
    """Return a form as one square where y and the tangent differ by what is orthogonal to it.

    So with z - mean(z), and any projection: sum y P t = sum (P t)^2 for y = t.
    """
    t, node = bench.tangent(c.node), bench.nodes[c.node]
    if t is None or node.op != "add" or not node.shape:
        return None
    p, y = (bench.attempt(lambda n=n: bench.poly(n)) for n in (t, c.y))
    if p is None or y is None or not 0 < len(p.terms) < 12 or "x" in p.heads | y.heads:
        return None
    held = {i for r in c.weights for i in r.index}  # a weight for each group: in each of them
    over = {i: size for i, size in zip(node.out, node.shape, strict=True) if i not in held}
    with_y, own = (bench.total(bench.ring.mul(q, p), [*over], [*over.values()]) for q in (y, p))
    return Square(bench.mul(node.shape, c.weights), t, c.node) if with_y is own else None


def swapped(bench: Workbench, c: Cotangent) -> Square | None:
    """Return a form as one square, where it is one after two axes of all but y are swapped.

    So with w[i, j] (z_i - z_j), w symmetric: sum w y t = 1/2 sum w (y[i, j] - y[j, i]) t.
    """
    t, node, ring = bench.tangent(c.node), bench.nodes[c.node], bench.ring
    p, y, w = (
        bench.attempt(lambda refs=refs: ring.mul(*map(bench.at, refs)))
        for refs in ([bench.whole(t or 0)], [bench.whole(c.y)], c.weights)
    )
    if t is None or p is None or y is None or w is None or len(node.shape) > 4:
        return None
    for (i, size), (j, other) in combinations(zip(node.out, node.shape, strict=True), 2):
        swap = {i: j, j: i}
        sign = bench.ratio(ring.rename(p, swap), p)
        if size != other or not sign or ring.rename(w, swap) is not w:
            continue
        r = bench.ratio(ring.add((HALF, y), (HALF * sign, ring.rename(y, swap))), p)
        if r:
            return Square(bench.mul(node.shape, c.weights, r), t, c.node)
    return None
