"""What a Poly is on each side of its jumps: where it stays away from 0, and where it is bounded.

A face of p is p with each of its steps at 0 or at 1. At any point p is one of its faces: the one of
the values that the steps have there, whose conditions q > 0 or q <= 0 hold. In the closure of all
such points q >= 0 or q <= 0, if q is continuous. So p is locally bounded if every face is
continuous there, and locally bounded away from 0 if each face has also a strict sign there.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from verify.trusted.atoms import ROWS
from verify.trusted.forms import mirrored
from verify.trusted.guards import LEAST
from verify.trusted.pieces import JUMPS, Pieces, key_of
from verify.trusted.polys import Atom, Poly
from verify.trusted.signs import int_sign

Facts = tuple[tuple[Poly, int], ...]  # (q, s): q has the sign s
Face = tuple[Poly, Facts]
SPLITS = 6
CONTINUOUS = ('["amax",', '["amin",', '["sort",')  # calls


class Faces(Pieces):
    """Polys without jumps that a Poly is made of."""

    def faces(
        self, p: Poly, strict: int, facts: Facts = (), depth: int = SPLITS, kinks: bool = False
    ) -> Iterator[Face]:
        """Yield the faces of p, each with its facts: q of the sign ``strict``, or -q >= 0.

        With ``kinks`` a relu(q) is split too: it is q where q >= 0, and 0 where -q >= 0.
        """
        a = self.split(p, kinks) if depth else None
        if a is None:
            yield p, facts
            return
        q, minus = a.args[0], self.ring.add((-1, a.args[0]))
        new: dict[str, list[Facts]] = {
            "step": [((minus, 1),), ((q, strict),)],
            "iszero": [(), ((q, 1), (minus, 1))],
            "relu": [((minus, 1),), ((q, 1),)],
        }
        for value, more in enumerate(new[a.head]):
            above = a.head != "iszero" and value
            kept = tuple((self.settled(u, a, value, above), s) for u, s in facts)
            part = self.settled(p, a, value, above)
            yield from self.faces(part, strict, (*kept, *more), depth - 1, kinks)

    def settled(self, p: Poly, a: Atom, value: int, above: Any) -> Poly:
        """Return p with a step at a value, and relu(q) for its argument q at q if ``above``."""
        ring, relu = self.ring, self.ring.atoms.get(("relu", (), a.args))
        if a is not relu:
            p = ring.substitute(p, a, ring.number(value))
        if relu is None or (a.head == "iszero" and not value):
            return p
        return ring.substitute(p, relu, a.args[0] if above else ring.number(0))

    def split(self, p: Poly, kinks: bool = False) -> Atom | None:
        """Return a step in p with none inside of it, that stands outside of sums over its names."""
        for a in sorted({a for m in p.terms for a, _ in m[1]}, key=key_of):
            args = () if "[" in a.head else a.args  # what is inside of a call stays
            inner = next((b for q in args if (b := self.split(q, kinks)) is not None), None)
            a = inner or a
            if (a.head in ("step", "iszero") or (kinks and a.head == "relu")) and a.free <= p.free:
                return a
        return None

    def sign_given(self, p: Poly, facts: Facts) -> int:
        """Return what is seen of the sign of p where the facts hold."""
        if not facts:
            return self.sign_by_corners(p)
        kept = self.seen_signs, self.corners, self.pointwise
        self.pointwise = True
        inner = {q for m in p.terms for a, _ in m[1] if a.head in ROWS for q in a.args}
        known = {q: s for q in inner if (s := self.sign_given(q, facts))}
        self.seen_signs, self.corners = {**kept[0], **known}, {}
        try:
            found = self.sign_by_corners(p)
            for q, s in facts if abs(found) < 2 else ():
                for c in multiples(p, q):  # p = c q + rest
                    rest = self.ring.add((1, p), (-c, q))
                    t = int_sign(c) * self.sign_by_corners(rest) if rest.terms else 1
                    found = int_sign(c) * max(s, t) if t > 0 and max(s, t) > abs(found) else found
            squared = self.ring.mul(p, p) if abs(found) == 1 and len(p.terms) == 1 else p
            for q, _ in facts if squared is not p else ():  # p^2 = c q + rest > 0
                for c in multiples(squared, q):
                    rest = self.ring.add((1, squared), (-c, q))
                    if c > 0 and self.sign_by_corners(rest) == 2:
                        return 2 * found
            return found
        finally:
            self.seen_signs, self.corners, self.pointwise = kept

    def sign_by_faces(self, p: Poly) -> int:
        """Return the sign that all faces of a Poly with steps have."""
        return self.sign_on(self.faces(p, 2)) or self.sign_on(self.faces(p, 2, kinks=True))

    def sign_on(self, faces: Iterator[Face]) -> int:
        """Return the sign that all of some faces have."""
        found: list[int] = []
        for q, facts in faces:
            found.append(self.sign_given(q, facts) if facts else 0)
            if found[-1] * found[0] <= 0:
                return 0
        return min(found, key=abs)

    def continuous(self, p: Poly, facts: Facts = ()) -> bool:
        """Return whether p is seen to be defined and continuous in x where the facts hold."""
        return all(self.continuous_atom(a, facts) for m in p.terms for a, _ in m[1])

    def continuous_atom(self, a: Atom, facts: Facts) -> bool:
        """Return whether an atom is seen to be defined and continuous in x."""
        if all(head.split()[0] in ("param", "lit", "eye") or head in ROWS for head in a.heads):
            return True  # does not depend on x
        if a.args and a.head in ROWS and a.head not in JUMPS:
            domain = ROWS[a.head].domain
            sign = self.sign_given(a.args[0], facts) if domain else 0
            if (abs(sign) if domain == "nonzero" else sign) < LEAST[domain]:
                return False
        elif a.args and a.head != "E" and not a.head.startswith(CONTINUOUS):
            return False
        return all(self.continuous(q, facts) for q in a.args)

    def bounded(self, p: Poly) -> bool:
        """Return whether p is seen to be locally bounded."""
        return all(self.continuous(q, self.closed(facts)) for q, facts in self.faces(p, 1))

    def closed(self, facts: Facts) -> Facts:
        """Return the facts that hold in a closure too."""
        return tuple((q, s) for q, s in facts if s == 1 and self.continuous(q))

    def lies_in(self, p: Poly, domain: str, apart: bool) -> bool:
        """Return whether the values of p lie in a domain, away from its edge if ``apart``."""
        return any(self.all_lie_in(q, domain, apart) for q in (p, *mirrored(self.ring, p)))

    def all_lie_in(self, p: Poly, domain: str, apart: bool) -> bool:
        """Return whether the values of p, as it is spelled, lie in a domain."""
        for q, facts in self.faces(p, 1 if apart else 2):
            facts = self.closed(facts) if apart else facts
            sign = self.sign_given(q, facts)
            if (abs(sign) if domain == "nonzero" else sign) < LEAST[domain]:
                return False
            if apart and not self.continuous(q, facts):
                return False
        return True


def multiples(p: Poly, q: Poly) -> set[Fraction]:
    """Return the numbers c for which p - c q lacks a monomial of both."""
    return {c / q.terms[m] for m, c in p.terms.items() if m in q.terms}
