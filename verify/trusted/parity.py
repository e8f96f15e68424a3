"""Even and odd functions: which of p and -p stands as the argument."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from verify.trusted.polys import Atom, Poly

if TYPE_CHECKING:
    from verify.trusted.ring import Ring

ODD = {"erf", "sin", "atan", "asinh", "i1"}
EVEN = {"dsigmoid", "cos", "i0"}
PARITY = EVEN | ODD


def scale(ring: "Ring", p: Poly) -> Fraction:
    """Return a coefficient of p that no renaming changes, 0 if there is none to tell."""
    if p.key not in ring.scales:
        ring.spend(10 * len(p.terms))
        sums: dict[int, Fraction] = {}
        for m, q in p.terms.items():
            mark = ring.mark_mono(m, {})
            sums[mark] = sums.get(mark, Fraction(0)) + q
        told = (sums[mark] for mark in sorted(sums) if sums[mark])
        ring.scales[p.key] = next(told, Fraction(0))
    return ring.scales[p.key]


def turned(ring: "Ring", factors: dict[Atom, Any]) -> tuple[int, dict[Atom, Any]]:
    """Return factors with the arguments of even and odd functions of one sign, and the sign left.

    Of p and -p that is chosen which was met first, where no coefficient tells them apart.
    """
    sign, powers = 1, {}
    for a, e in factors.items():
        b = a
        if a.head in PARITY and a.free and not a.index and not scale(ring, a.args[0]):
            mirrored = ring.add((-1, a.args[0]))
            if mirrored.key < a.args[0].key:
                b = ring.atom(a.head, (), (mirrored,))
                sign = -sign if a.head in ODD and e % 2 else sign
        powers[b] = powers.get(b, 0) + e
    return sign, powers
