"""Other forms of a Poly, from which more is seen of its sign."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, Any

from verify.trusted.extrema import way_of
from verify.trusted.parity import scale
from verify.trusted.polys import Atom, Poly, lone
from verify.trusted.signs import bounds_name, drop, int_sign, times

if TYPE_CHECKING:
    from verify.trusted.bounds import Bounds
    from verify.trusted.ring import Ring


def divided(ring: "Ring", p: Poly) -> tuple[Poly, Poly]:
    """Return (c, q) with p = c q, c the product of what all monomials of p share."""
    shared: dict[Atom, Any] | None = None
    for m in p.terms:
        own = {a: e for a, e in m[1] if a.head != "E" and not bounds_name(m, a)}
        shared = own if shared is None else shared
        shared = {a: min(e, own[a]) for a, e in shared.items() if a in own}
    if len(p.terms) < 2 or not shared:
        return ring.number(1), p
    rest = {
        (m[0], tuple((a, e - shared.get(a, 0)) for a, e in m[1] if e != shared.get(a, 0))): q
        for m, q in p.terms.items()
    }
    return ring.poly({((), tuple(shared.items())): Fraction(1)}), ring.poly(rest)


def without_relu(ring: "Ring", p: Poly, u: Poly) -> Poly:
    """Return p with u for relu(u), of a u that is not negative."""
    unit = ring.add((1 / (abs(scale(ring, u)) or Fraction(1)), u))
    relu = lone(ring.of("relu", unit))
    return ring.substitute(p, relu, unit) if relu and relu.head == "relu" else p


def by_denominator(signs: "Bounds", a: Atom, parts: dict[Any, Poly], depth: int) -> int:
    """Return the sign of k sigmoid(u) + r: of k + r (1 + e^-u), its product with 1 + e^-u."""
    if a.head != "sigmoid" or parts.keys() != {0, 1}:
        return 0
    ring, r = signs.ring, parts[0]
    more = ring.mul(r, ring.exp(ring.add((-1, a.args[0]))))
    whole = ring.add((1, parts[1]), (1, r), (1, more))
    return signs.sign_by_corners(whole, depth) if len(whole.terms) <= 6 else 0


def mirrored(ring: "Ring", p: Poly) -> list[Poly]:
    """Return what p is with relu u = u + relu(-u), where it is no longer so."""
    single = [a for bounds, factors in p.terms for a, _ in factors if not bounds]
    found = []
    for a in sorted({a for a in single if a.head == "relu"}, key=lambda a: a.key):
        (u,) = a.args
        other = ring.add((1, u), (1, ring.of("relu", ring.add((-1, u)))))
        found.append(ring.substitute(p, a, other))
    return [q for q in found if len(q.terms) <= len(p.terms)]


def doubled(ring: "Ring", p: Poly) -> Poly:
    """Return p with sin(2 u) / 2 for sin u cos u."""
    parts = []
    for m, q in p.terms.items():
        for a in [a for a, _ in m[1] if a.head == "sin" and not bounds_name(m, a)]:
            b = ring.atom("cos", (), a.args)
            if b in dict(m[1]):
                powers = {c: e - (c in (a, b)) for c, e in m[1]}
                rest = m[0], tuple((c, e) for c, e in powers.items() if e)
                angle = ring.of("sin", ring.add((2, a.args[0])))
                parts.append((q / 2, ring.mul(ring.poly({rest: Fraction(1)}), angle)))
                break
        else:
            parts.append((q, ring.poly({m: Fraction(1)})))
    return ring.add(*parts)


def ends_inside(signs: "Bounds", p: Poly, side: int) -> Poly:
    """Return p or less (for the side 1) or more: an atom inside of a sum at an end of its range.

    Where the other factors have a sign: sum a m >= l sum m for m >= 0 and a >= l.
    """
    ring, parts = signs.ring, []
    for m, q in p.terms.items():
        parts.append((q, ring.poly({m: Fraction(1)})))
        for a, e in m[1] if m[0] else ():
            ends = signs.between(a) if e == 1 and bounds_name(m, a) else (None, None)
            rest = drop(m, a)
            s = side * int_sign(q) * signs.sign_of_product(rest) if any(ends) else 0
            end = ends[0] if s > 0 else ends[1] if s < 0 else None
            if end:
                parts[-1] = (q * end[0], ring.normal(Fraction(1), *ring.open(*rest)))
                break
    return ring.add(*parts)


def shares_inside(signs: "Bounds", p: Poly, side: int) -> Poly:
    """Return p or less (for the side 1) or more: m for m (b / d)^e, where 0 <= b <= d, d > 0.

    As in (w_k / max(|w|, c))^2 summed over k. Where a monomial is m b^e / d^e, also at b = 0, and
    -m >= 0: m (b / d)^e >= m, in a sum over names of d for each of their values.
    """
    ring, parts = signs.ring, []
    for (bounds, factors), q in p.terms.items():
        parts.append((q, ring.poly({(bounds, factors): Fraction(1)})))
        sizes, powers = ring.open(bounds, factors)
        known = {c for c in powers if c.head == "inv"}
        pairs = [(a, b) for a in known for b in parts_of(signs, a.args[0])]
        for a, b in sorted(pairs, key=lambda pair: (pair[0].key, pair[1].key)):
            e, held = powers[a], {n: sizes[n] for n in sizes if n in a.free}
            inner = {n: size for n, size in sizes.items() if n not in held}
            rest = {c: n for c, n in powers.items() if c is not a}
            share = ring.mul(ring.mul(*[b] * e), *[ring.lift(a)] * e)
            less = ring.sum(ring.mul(ring.normal(Fraction(1), {}, rest), *[ring.inv(b)] * e), inner)
            whole = ring.sum(ring.normal(Fraction(1), {}, powers), inner)
            good = inverses(less) <= known and ring.mul(less, share) is whole
            if good and side * int_sign(q) * signs.sign_by_corners(less, 3) < 0:
                parts[-1] = (q, ring.sum(less, held))
                break
    return ring.add(*parts)


def inverses(p: Poly) -> set[Atom]:
    """Return the factors 1 / d in a Poly."""
    return {a for _, factors in p.terms for a, _ in factors if a.head == "inv"}


def parts_of(signs: "Bounds", d: Poly) -> Iterator[Poly]:
    """Yield Polys b with 0 <= b <= d, for d = r + c relu(s): r and r + c s; and roots in a sum."""
    ring = signs.ring
    for m, c in d.terms.items():
        one = ring.poly({m: Fraction(1)})
        a, rest = lone(one), ring.add((1, d), (-c, one))
        found = list[Poly]()
        if a is not None and c > 0 and a.head == "relu":
            found = [b for b in (rest, ring.add((1, rest), (c, a.args[0]))) if b.constant is None]
        if a is not None and c > 0 and a.head == "sqrt" and signs.sign_by_corners(rest, 3) >= 1:
            found = [ring.add((c, one))]
        yield from (b for b in found if signs.sign_by_corners(b, 3) >= 1)


def sum_of_squares(signs: "Bounds", mono: Any) -> int:
    """Return 1 for sum_k c_k (sum_i a_ik)^2, c_k >= 0: two sums that are the same, or 0.

    For some k of the names that are summed over, the factors fall into parts that share no
    others; of the sums over these equal ones make up pairs.
    """
    sizes, powers = signs.ring.open(*mono)
    if not 1 < len(sizes) <= 4 or len(powers) > 8:
        return 0
    for k in range(len(sizes)):
        for held in combinations(sizes, k):
            sums = sums_apart(signs.ring, sizes, powers, held)
            odd = [p for p in {*sums} if sums.count(p) % 2]
            if len(sums) > len(odd) and all(signs.sign_by_corners(p, 3) >= 1 for p in odd):
                return 1
    return 0


def sums_apart(ring: "Ring", sizes: Any, powers: dict[Atom, Any], held: Any) -> list[Poly]:
    """Return the sums, over all names but those held, of which a sum is the product."""
    left = [a for a, e in powers.items() for _ in range(1 if a.head == "E" else e)]
    found = []
    while left:
        part, names = [left.pop()], set[str]()
        while more := {n for a in part for n in a.free & sizes.keys()} - names - {*held}:
            names |= more
            part += [a for a in left if a.free & more]
            left = [a for a in left if not a.free & more]
        factors = {a: powers[a] if a.head == "E" else part.count(a) for a in part}
        found.append(ring.normal(Fraction(1), {n: sizes[n] for n in names}, factors))
    return found


def by_places(signs: "Bounds", a: Atom, p: Poly, depth: int) -> int:
    """Return the sign of m (v[k] - v[l]) and a rest, v in the order of ``way_of``."""
    ring, (k,) = signs.ring, a.index
    near = {b for m in p.terms for b, _ in m[1] if b.head == a.head and b.args == a.args}
    for b in sorted(near - {a}, key=lambda b: b.key):
        (other,) = b.index
        if not isinstance(k, int) or not isinstance(other, int):
            continue
        way = int_sign(Fraction(k - other)) * way_of(a)  # of a - b
        for m, q in p.terms.items():
            if dict(m[1]).get(a, 0) != 1 or b in dict(m[1]):
                continue
            rest = ring.poly({drop(m, a): q})
            pair = ring.add((1, ring.lift(a)), (-1, ring.lift(b)))
            left = ring.add((1, p), (-1, ring.mul(rest, pair)))
            s = times(signs.sign_by_corners(rest, depth), way)
            if s and len(left.terms) < len(p.terms):
                return signs.sign_beside(left, int_sign(Fraction(s)), depth)
    return 0
