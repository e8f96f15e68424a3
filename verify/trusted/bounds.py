"""Signs of Polys: from the signs and the ranges of their atoms, and by inequalities."""

from fractions import Fraction
from itertools import product
from math import comb
from typing import Any

from verify.trusted.atoms import ROWS
from verify.trusted.extrema import by_extremum, way_of
from verify.trusted.forms import (
    by_denominator,
    by_places,
    divided,
    doubled,
    ends_inside,
    shares_inside,
    sum_of_squares,
)
from verify.trusted.inequalities import ROOTS, TANGENTS, Limit, between, far_from_zero
from verify.trusted.origins import sign_from_origin
from verify.trusted.polys import ONE, Atom, Poly, RingError, sized
from verify.trusted.signs import added, bounds_name, drop, int_sign, times
from verify.trusted.signs_of_atoms import SignsOfAtoms
from verify.trusted.univariate import OneNumber, words

HALF = Fraction(1, 2)


class Bounds(SignsOfAtoms):
    """What can be seen of the sign of a normal form; 0 where it is not seen."""

    pointwise = False  # whether what is seen holds for one value of each name, not for all

    def sign_by_corners(self, p: Poly, depth: int = 8) -> int:
        """Return the sign of a Poly: of its monomials, else at both ends of an atom's range.

        Where p is affine in an atom of known range, it has a sign just where both ends have it.
        """
        key = p, depth
        if key not in self.corners:
            signs = [times(2 * int_sign(q), self.sign_of_monomial(m)) for m, q in p.terms.items()]
            end = added(signs) or not depth or len(p.terms) > 64
            self.corners[key] = added(signs) if end else self.sign_at_ends(p, depth)
            if not end and not self.corners[key] and len(p.terms) <= 8 and depth >= 3:
                found = self.sign_by_other_forms(p, signs, depth - 3)
                self.corners[key] = found or self.sign_by_enclosures(p)
        return self.corners[key]

    def sign_by_other_forms(self, p: Poly, signs: list[int], depth: int) -> int:
        """Return the sign of a Poly by one of a Poly that has the same.

        sin 2u for 2 sin u cos u; c q for the product c that all of p = c q has; d p for d > 0 with
        1/d or e^-m in p; a^2 - b^2 >= 0 for a + b with the sign of a; the rest of p beside
        sum_k m_k - m_i >= 0, for m_k >= 0; and what ``by_inequalities`` says.
        """
        ring = self.ring
        other = doubled(ring, p) if "sin" in p.heads else p
        if other is not p:
            return self.sign_by_corners(other, depth)
        content, rest = divided(ring, p)
        s = self.sign_by_corners(content, depth) if rest is not p else 0
        if s:
            return times(s, self.sign_by_corners(rest, depth))
        inverses = {a for mono in p.terms for a, _ in mono[1] if a.head == "inv"}
        for a in sorted(inverses, key=lambda a: a.key):
            alone = not any(bounds_name(mono, a) for mono in p.terms)
            s = self.sign_by_corners(a.args[0], depth) if alone else 0
            cleared = ring.mul(p, a.args[0]) if abs(s) == 2 else p
            found = self.sign_by_corners(cleared, depth) if cleared is not p else 0
            if found:
                return int_sign(Fraction(s)) * found
        for side in (1, -1):
            less = ends_inside(self, shares_inside(self, p, side), side)
            s = self.sign_beside(less, side, depth) if less is not p else 0
            if s:
                return s
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
            free = [i for i in sorted(one.free) if sized((a for a, _ in mono[1]), i)]
            everywhere = s and not self.pointwise  # for every value of i
            for i, size in product(free, sizes if everywhere else ()):
                name = str(ring.name())
                whole = ring.sum(ring.rename(one, {i: name}), {name: size})
                less = ring.add((1, p), (1, whole), (-1, one))
                if len(less.terms) == len(p.terms) - 2:
                    return self.sign_beside(less, -int_sign(Fraction(s)), depth)
        return self.by_inequalities(p, depth)

    def sign_by_enclosures(self, p: Poly) -> int:
        """Return the sign of a sum of products g f, f functions of one number, each of a sign."""
        for word in words(p):
            functions = OneNumber(self.ring, word)
            signs = []
            for (bounds, others), f in functions.grouped(p).items():
                if f not in self.enclosed:
                    self.enclosed[f] = functions.sign(f)
                signs.append(times(self.enclosed[f], self.sign_of_monomial((bounds, others))))
                if not signs[-1]:
                    break
            if added(signs):
                return added(signs)
        return 0

    def by_inequalities(self, p: Poly, depth: int) -> int:
        """Return the sign of a Poly by squares, tangents, the order of two values, or at 0."""
        atoms = {a for m in p.terms for a, _ in m[1]}
        for a in sorted(atoms, key=lambda a: a.key):
            if any(bounds_name(m, a) for m in p.terms):
                continue
            parts = self.by_powers(p, a)
            least = min(parts)
            if a.head == "E" and least < 0:  # the same after times e^-least, positive
                whole = [self.ring.mul(q, self.raised(a, e - least)) for e, q in parts.items()]
                found = self.by_square(a, {e - least: q for e, q in parts.items()}, depth)
                found = found or self.sign_by_corners(
                    self.ring.add(*((1, q) for q in whole)), depth
                )
                if found:
                    return found
                continue
            found = self.by_square(a, parts, depth) or self.by_tangent(a, parts, depth)
            found = found or self.by_exponent(a, parts, depth)
            found = found or self.by_order(a, p, depth) or by_extremum(self, a, parts, depth)
            found = found or by_denominator(self, a, parts, depth)
            if found:
                return found
        return sign_from_origin(self, p, depth)

    def raised(self, a: Atom, e: Any) -> Poly:
        """Return a^e."""
        return self.ring.normal(Fraction(1), {}, {a: e})

    def by_powers(self, p: Poly, a: Atom) -> dict[Any, Poly]:
        """Return the coefficients of p as a polynomial in an atom, by its powers."""
        terms: dict[Any, dict[Any, Fraction]] = {}
        for m, q in p.terms.items():
            terms.setdefault(dict(m[1]).get(a, 0), {})[drop(m, a)] = q
        return {e: self.ring.poly(part) for e, part in terms.items()}

    def by_square(self, atom: Atom, parts: dict[Any, Poly], depth: int) -> int:
        """Return the sign of a t^2 + b t + c, t a power of an atom: a, c >= 0 and 4 a c >= b^2.

        Then |b t| <= 2 sqrt(a c) |t| <= a t^2 + c, at every point; strict where 4 a c > b^2. The
        power is whole, but for an exponential, which is positive.
        """
        ring, half = self.ring, Fraction(max(parts)) / 2
        whole = half.denominator == 1 or atom.head == "E"
        if half <= 0 or not whole or not {0} < parts.keys() <= {0, half, 2 * half}:
            return 0
        a, c, b = parts[2 * half], parts[0], parts.get(half, ring.number(0))
        s, t = self.sign_by_corners(a, depth), self.sign_by_corners(c, depth)
        if s * t <= 0:
            return 0
        rest = ring.add((4, ring.mul(a, c)), (-1, ring.mul(b, b)))
        strict = self.sign_by_corners(rest, depth)
        return int_sign(Fraction(s)) * min(strict, 2) if strict > 0 else 0

    def by_tangent(self, a: Atom, parts: dict[Any, Poly], depth: int) -> int:
        """Return the sign of k a^e + r, by a bound of a^e that is affine in another Poly.

        For k >= 0 and a^e >= l it is that of k l + r if this is >= 0, and so on.
        """
        ring, powers = self.ring, [e for e in parts if e]
        if a.head not in TANGENTS or len(powers) != 1 or (a.head != "E" and powers != [1]):
            return 0
        k, r, u = parts[powers[0]], parts.get(0, ring.number(0)), a.args[0]
        u = ring.add((powers[0], u)) if a.head == "E" else u
        s = self.sign_by_corners(k, depth)
        for side, limit in TANGENTS[a.head](self, u, k, r, depth) if s else ():
            t = self.sign_by_corners(ring.add((1, ring.mul(k, limit)), (1, r)), depth)
            if t * s * side > 0:
                return t
        return 0

    def by_exponent(self, a: Atom, parts: dict[Any, Poly], depth: int) -> int:
        """Return the sign of k log u + r, k a number: that of k (u - e^(-r/k)), where u > 0."""
        k = parts[1].constant if a.head == "log" and parts.keys() == {0, 1} else None
        if not k or len(parts[0].terms) > 4:
            return 0
        try:
            other = self.ring.exp(self.ring.add((-1 / k, parts[0])))
        except RingError:
            return 0
        gap = self.ring.add((1, a.args[0]), (-1, other))
        return int_sign(k) * self.sign_by_corners(gap, depth)

    def by_order(self, a: Atom, p: Poly, depth: int) -> int:
        """Return the sign of m (f(u) - f(w)) and a rest, f monotone and u - w of a sign.

        Or f = dsigmoid, which is even and falls on u >= 0, and w^2 - u^2 of a sign.
        """
        if way_of(a):
            return by_places(self, a, p, depth)
        row, even = ROWS.get(a.head), a.head == "dsigmoid"
        if not row or not (row.monotone or even) or row.domain:
            return 0
        for m, q in p.terms.items():
            others = [b for b, _ in m[1] if b.head == a.head and b is not a]
            for b in others if dict(m[1]).get(a, 0) == 0 else ():
                rest = self.ring.poly({drop(m, b): q})
                pair = self.ring.add((1, self.ring.lift(b)), (-1, self.ring.lift(a)))
                left = self.ring.add((1, p), (-1, self.ring.mul(rest, pair)))
                if bounds_name(m, b) or dict(m[1])[b] > 1 or len(left.terms) > len(p.terms) - 2:
                    continue
                u, w = ([c.args[0]] * (1 + even) for c in (b, a))
                gap = self.ring.add((1, self.ring.mul(*u)), (-1, self.ring.mul(*w)))
                way = self.sign_by_corners(gap, depth) * (-1 if even else row.monotone)
                s = times(self.sign_by_corners(rest, depth), way)
                if s:
                    return self.sign_beside(left, int_sign(Fraction(s)), depth)
        return 0

    def sign_beside(self, p: Poly, sign: int, depth: int) -> int:
        """Return the sign of p and something of a sign (not strict) together."""
        s = self.sign_by_corners(p, depth) if p.terms else sign
        return s if s * sign > 0 else 0

    def sign_at_ends(self, p: Poly, depth: int) -> int:
        """Return the sign of a Poly that its coefficients over the range of an atom all have.

        Of sum_i b_i s^i (1 - s)^(n-i) comb(n, i), s from 0 to 1, or of sum_i b_i s^i, s >= 0: for
        n = 1 the values at the ends. All b_i >= 0, and one of them not 0, is > 0 inside.
        """
        atoms = {a for m in p.terms for a, _ in m[1]}
        for a in sorted(atoms, key=lambda a: (a.head == "inv", a.key)):
            low, high = self.between(a)
            if a.head == "sigmoid" and (s := self.sign_by_corners(a.args[0], 3)):
                low, high = ((HALF, abs(s) == 1), high) if s > 0 else (low, (HALF, abs(s) == 1))
            if not (low or high) or any(bounds_name(m, a) for m in p.terms):
                continue
            parts = self.by_powers(p, a)
            if max(parts) > (4 if len(p.terms) <= 16 and depth >= 4 else 1):
                continue
            controls = self.controls(parts, low, high)
            signs = [self.sign_by_corners(q, depth - 1) if q.terms else 0 for q in controls]
            for flip in (1, -1):
                if all(
                    flip * s >= (1 if q.terms else 0) for s, q in zip(signs, controls, strict=True)
                ):
                    first = abs(signs[0]) == 2 or not (low or high or (0, True))[1]
                    last = abs(signs[-1]) == 2 or not (low and high and high[1])
                    return flip * (2 if first and last and flip * 2 in signs else 1)
            if max(parts) == 1 and a.head != "inv":
                return 0
        return 0

    def between(self, a: Atom) -> tuple[Limit, Limit]:
        """Return bounds of an atom's values; also of sqrt(c + u) and 1 / (c + u), c > 0, u >= 0."""
        c = a.args[0].terms.get(ONE, 0) if a.head in ROOTS else 0
        if (
            c > 0
            and self.sign_by_corners(self.ring.add((1, a.args[0]), (-c, self.ring.number(1))), 4)
            >= 1
        ):
            return far_from_zero(a.head, Fraction(c))
        return between(a)

    def controls(self, parts: dict[int, Poly], low: Any, high: Any) -> list[Poly]:
        """Return the b_i of ``sign_at_ends``: s = 0 is the low end, or the one there is."""
        ring, n = self.ring, max(parts)
        start = (low or high)[0]
        width = high[0] - low[0] if low and high else Fraction(1 if low else -1)
        shifted = [
            ring.add(
                *((comb(m, j) * start ** (m - j) * width**j, q) for m, q in parts.items() if m >= j)
            )
            for j in range(n + 1)
        ]
        if not (low and high):
            return shifted
        return [
            ring.add(*((Fraction(comb(i, j), comb(n, j)), shifted[j]) for j in range(i + 1)))
            for i in range(n + 1)
        ]

    def sign_of_monomial(self, mono: Any) -> int:
        """Return the sign of a sum of products of atoms."""
        return self.sign_of_product(mono) or sum_of_squares(self, mono)
