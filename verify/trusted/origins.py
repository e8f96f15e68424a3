"""Functions of one entry of a parameter that are 0 at 0, and of one sign by their slope."""

from fractions import Fraction
from typing import TYPE_CHECKING

from verify.trusted.atoms import ROWS
from verify.trusted.entries import seen
from verify.trusted.forms import divided
from verify.trusted.polys import Atom, Poly, RingError
from verify.trusted.signs import int_sign

if TYPE_CHECKING:
    from verify.trusted.bounds import Bounds

POLES = {"inv": 1, "log": 2, "sqrt": 2, "rsqrt": 2}  # smooth where the argument is not 0, or > 0
MOST, TERMS = 4, 8  # entries that are looked at; monomials


def sign_from_origin(signs: "Bounds", p: Poly, depth: int) -> int:
    """Return the sign of a Poly by what it is, as a function of one entry a, at a = 0; or 0.

    p = c a^j h(a) with c of a sign, h smooth for all real a, whatever all other entries are.
    j odd: if h(0) = 0 and h' >= 0 for all a, then h(a) has the sign of a, and a h(a) >= 0.
    j even: if h(0) = h'(0) = 0 and h'' >= 0 for all a, then h is convex, its minimum 0 at 0.

    What is known of signs where the graph is defined may not hold at all a: it is not used.
    """
    kept = signs.seen_signs, signs.corners
    signs.seen_signs, signs.corners = {}, {}
    try:
        return by_slope(signs, p, depth)
    finally:
        signs.seen_signs, signs.corners = kept


def by_slope(signs: "Bounds", p: Poly, depth: int) -> int:
    """Return the sign that ``sign_from_origin`` finds, by what holds at all values."""
    if signs.pointwise or len(p.terms) > TERMS or not any(h.startswith("param") for h in p.heads):
        return 0
    content, rest = divided(signs.ring, p)
    sign = 1
    for a, e in next(iter(content.terms))[1] if rest is not p else ():
        s = int_sign(Fraction(signs.sign_of_atom(a))) if e % 2 else 1
        sign *= s or 1
        rest = rest if s else signs.ring.mul(rest, signs.ring.lift(a))
    for a in sorted(entries(rest), key=lambda a: a.key)[:MOST]:
        free = int(a.head[6:]) not in signs.given and a.free <= rest.free
        if not free or seen(rest, a.head) != {a.index} or not smooth(signs, rest, a):
            continue
        parts = signs.by_powers(rest, a)
        j = min(parts)
        left = [(1, signs.ring.mul(q, signs.raised(a, e - j))) for e, q in parts.items()]
        slope = derived(signs, signs.ring.add(*left), a, 1 if j % 2 else 2)
        found = signs.sign_by_corners(slope, depth) if slope is not None and slope.terms else 0
        if found:
            return sign * int_sign(Fraction(found))
    return 0


def derived(signs: "Bounds", h: Poly, a: Atom, times: int) -> Poly | None:
    """Return a derivative by an entry, if it and the ones before are known, and those 0 at 0."""
    try:
        for _ in range(times):
            if signs.ring.substitute(h, a, signs.ring.number(0)).terms:
                return None
            h = signs.ring.derivative(h, a.head, a.index)
    except RingError:
        return None
    return h


def entries(p: Poly) -> set[Atom]:
    """Return the entries of parameters in a Poly, also those inside of functions."""
    atoms = {a for _, factors in p.terms for a, _ in factors}
    found = {a for a in atoms if a.head.startswith("param ")}
    return found.union(*(entries(q) for a in atoms for q in a.args))


def smooth(signs: "Bounds", p: Poly, a: Atom) -> bool:
    """Return whether p is a smooth function of an entry, for all real values of it."""
    for b in {b for _, factors in p.terms for b, _ in factors if a.head in b.heads}:
        if b is a:
            continue
        row = ROWS.get(b.head)
        whole = b.head == "E" or (row and row.derivative and row.lipschitz and not row.domain)
        sign = signs.sign_by_corners(b.args[0], 4) if b.head in POLES else 0
        apart = abs(sign) == 2 and (sign > 0 or POLES[b.head] == 1)
        if b.head == "relu" or not (whole or apart):
            return False
        if not all(smooth(signs, q, a) for q in b.args):
            return False
    return True
