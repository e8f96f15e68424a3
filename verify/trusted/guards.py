"""Branches of ``where``: what stands in one need only be defined where its condition is 1.

For g of the values 0 and 1, f(u) = f(1 + g (u - 1)) where g = 1, and f(1) where g = 0: so a branch
is the same function with these arguments, and defined everywhere if it is where it is selected.
What stands in the condition too is left: the condition is defined everywhere.
"""

from typing import TYPE_CHECKING

from verify.trusted.atoms import ROWS
from verify.trusted.functions import least
from verify.trusted.polys import Atom, Poly, RingError

if TYPE_CHECKING:
    from verify.trusted.ring import Ring

LEAST = {"": 0, "positive": 2, "nonzero": 2, "nonnegative": 1}  # the sign that a domain asks for
RESTRICTED = {name for name, row in ROWS.items() if row.domain}


def guarded(ring: "Ring", guard: Poly, p: Poly) -> Poly:
    """Return where(guard, p, 1)."""
    return ring.of("where", guard, p, ring.number(1))


def shielded(ring: "Ring", guard: Poly, p: Poly) -> Poly:
    """Return a Poly equal to p where the guard is 1, its functions defined where it is 0."""
    if p.heads.isdisjoint(RESTRICTED):
        return p
    parts, held = [], inside(guard)
    for (bounds, factors), q in p.terms.items():
        sizes, powers = ring.open(bounds, factors)
        kept, new = {}, []
        for a, e in powers.items():
            args = tuple(shielded(ring, guard, b) for b in a.args)
            if a in held:
                args = a.args
            elif a.head in RESTRICTED and least(args[0]) < LEAST[ROWS[a.head].domain]:
                args = (guarded(ring, guard, args[0]),)
            if args == a.args:
                kept[a] = e
            elif a.head == "E":
                new.append(ring.exp(ring.add((e, args[0]))))
            elif a.head in ROWS:
                new += [ring.of(a.head, *args)] * e
            else:
                raise RingError(f"a branch of where inside of {a.head}")
        parts.append((1, ring.sum(ring.mul(ring.normal(q, {}, kept), *new), sizes)))
    return ring.add(*parts)


def inside(p: Poly) -> set[Atom]:
    """Return the atoms in a Poly, also inside of others."""
    atoms = {a for _, factors in p.terms for a, _ in factors}
    return atoms.union(*(inside(q) for a in atoms for q in a.args))
