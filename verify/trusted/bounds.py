"""Signs of Polys: from the signs and the ranges of their atoms."""

from fractions import Fraction
from itertools import product
from typing import Any

from verify.trusted.atoms import ROWS, bound
from verify.trusted.entries import Entries
from verify.trusted.polys import Atom, Poly
from verify.trusted.signs import added, bounds_name, drop, int_sign, sign_of, times


class Bounds(Entries):
    """What can be seen of the sign of a normal form; 0 where it is not seen."""

    def sign_by_corners(self, p: Poly, depth: int = 8) -> int:
        """Return the sign of a Poly: of its monomials, else at both ends of an atom's range.

        Where p is affine in an atom of known range, it has a sign just where both ends have it.
        """
        key = p, depth
        if key not in self.corners:
            signs = [times(2 * int_sign(q), self.sign_of_monomial(m)) for m, q in p.terms.items()]
            end = added(signs) or not depth or len(p.terms) > 64
            self.corners[key] = added(signs) if end else self.sign_at_ends(p, depth)
            if not end and not self.corners[key] and len(p.terms) <= 8 and depth >= 4:
                self.corners[key] = self.sign_by_other_forms(p, signs, depth - 4)
        return self.corners[key]

    def sign_by_other_forms(self, p: Poly, signs: list[int], depth: int) -> int:
        """Return the sign of a Poly by one of a Poly that has the same.

        d p for d > 0 with 1/d in p; a^2 - b^2 >= 0 for a + b with the sign of a; the rest of p
        beside sum_k m_k - m_i >= 0, for m_k > 0.
        """
        ring = self.ring
        inverses = {a for mono in p.terms for a, _ in mono[1] if a.head == "inv"}
        for a in sorted(inverses, key=lambda a: a.key):
            alone = not any(bounds_name(mono, a) for mono in p.terms)
            s = self.sign_by_corners(a.args[0], depth) if alone else 0
            cleared = ring.mul(p, a.args[0]) if abs(s) == 2 else p
            found = self.sign_by_corners(cleared, depth) if cleared is not p else 0
            if found:
                return int_sign(Fraction(s)) * found
        for side in (1, -1) if "sqrt" in p.heads and len(p.terms) <= 4 else ():
            known = {m: q for (m, q), s in zip(p.terms.items(), signs, strict=True) if s * side > 0}
            a, b = ring.poly(known), ring.add((1, p), (-1, ring.poly(known)))
            more = ring.add((1, ring.mul(a, a)), (-1, ring.mul(b, b)))
            s = self.sign_by_corners(more, depth) if known else 0
            if s > 0:
                return side * s
        sizes = sorted({size for bounds, _ in p.terms for _, size in bounds}, key=str)
        for (mono, q), s in zip(p.terms.items(), signs, strict=True):
            one = ring.poly({mono: q})
            for i, size in product(sorted(one.free), sizes if abs(s) == 2 else ()):
                name = str(ring.name())
                whole = ring.sum(ring.rename(one, {i: name}), {name: size})
                less = ring.add((1, p), (1, whole), (-1, one))
                if len(less.terms) == len(p.terms) - 2:
                    return self.sign_beside(less, -int_sign(Fraction(s)), depth)
        return 0

    def sign_beside(self, p: Poly, sign: int, depth: int) -> int:
        """Return the sign of p and something of a sign (not strict) together."""
        s = self.sign_by_corners(p, depth) if p.terms else sign
        return s if s * sign > 0 else 0

    def sign_at_ends(self, p: Poly, depth: int) -> int:
        """Return the sign of a Poly at both ends of the range of an atom in which it is affine."""
        for a in sorted({a for m in p.terms for a, _ in m[1]}, key=lambda a: a.key):
            powers = [dict(m[1]).get(a, 0) for m in p.terms]
            row = ROWS.get(a.head)
            low, high = (bound(row.low), bound(row.high)) if row else (None, None)
            if max(powers) > 1 or not (low or high) or any(bounds_name(m, a) for m in p.terms):
                continue
            with_a = {m: q for m, q in p.terms.items() if a in dict(m[1])}
            slope = self.ring.poly({drop(m, a): q for m, q in with_a.items()})
            rest = self.ring.poly({m: q for m, q in p.terms.items() if m not in with_a})
            ends = []
            for end, toward in ((low, -1), (high, 1)):
                at_end = self.ring.add((1, rest), (end[0], slope)) if end else slope
                s = self.sign_by_corners(at_end, depth - 1)
                ends.append((s if end else toward * s, bool(end and end[1])))
            for flip in (1, -1):
                (s, s_attained), (t, t_attained) = [(flip * v, attained) for v, attained in ends]
                if s >= 1 and t >= 1:
                    strict = (s == 2 or not s_attained) and (t == 2 or not t_attained)
                    return flip * (2 if strict and 2 in (s, t) else 1)
            return 0
        return 0

    def sign_of_monomial(self, mono: Any) -> int:
        """Return the sign of a product of atoms."""
        result = 2
        for a, e in mono[1]:
            s = self.sign_of_atom(a)
            s = s if e % 2 else (2 if abs(s) == 2 else 1)
            result = times(result, 2 if a.head == "E" else s)
        return result

    def sign_of_literal(self, k: int) -> int:
        """Return the sign that all entries of a constant have."""
        least, most = min(self.graph.literals[k].data), max(self.graph.literals[k].data)
        if least >= 0:
            return 1 + (least > 0)
        return -1 - (most < 0) if most <= 0 else 0

    def sign_of_atom(self, a: Atom) -> int:
        """Return the sign of an atom, by its row and its argument."""
        if a.head.startswith("lit "):
            return self.sign_of_literal(int(a.head[4:]))
        if a.head not in ROWS:
            return 1 if a.head == "eye" else 0
        if a.head == "log":  # of the sign of its argument less 1
            return self.sign_by_corners(self.ring.add((1, a.args[0]), (-1, self.ring.number(1))), 4)
        known = self.seen_signs.get(a.args[0])
        return sign_of(a.head, known or self.sign_by_corners(a.args[0], 4))
