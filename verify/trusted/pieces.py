"""Functions of one variable, the node "cut", piece by piece between their kinks."""

from fractions import Fraction
from math import floor, prod
from typing import Any

from verify.trusted.atoms import ROWS
from verify.trusted.bounds import Bounds
from verify.trusted.polys import Atom, Poly, RingError

JUMPS = ("step", "iszero", "floor", "round")
KINKS = ("step", "iszero", "relu", "floor")  # made of pieces
PIECES, TERMS = 64, 4096

Piece = tuple[Poly | None, Poly | None, Poly]


class Pieces(Bounds):
    """Where the kinks of a Poly in "cut" are, and what it is between them."""

    def jumps(self, p: Poly) -> bool:
        """Return whether a function that jumps stands in p, of the variable."""
        atoms = [a for m in p.terms for a, _ in m[1] if "cut" in a.heads]
        return any(a.head in JUMPS or any(map(self.jumps, a.args)) for a in atoms)

    def roots_are_positive(self, p: Poly) -> bool:
        """Return whether all roots inside of p are smooth: of something above 0, or powers >= 1."""
        for a in {a for m in p.terms for a, _ in m[1] if a.args}:
            root = a.head in ("sqrt", "pow") and self.sign_by_corners(a.args[0]) < 2
            less = self.ring.add((1, a.args[-1]), (-1, self.ring.number(1)))
            if root and (a.head == "sqrt" or self.sign_by_corners(less) < 1):
                return False
            if not all(map(self.roots_are_positive, a.args)):
                return False
        return True

    def pieces(self, p: Poly, low: Poly | None, high: Poly | None, out: Any) -> list[Piece] | None:
        """Return (low, high, q) with p = q between, in order; None where kinks have no order.

        Between low and high there may be nothing: low <= high is all that is seen.
        """
        kink = self.kink(p, out)
        if kink is None:
            q = self.summed_out(p)
            return [(low, high, p)] if q is p else self.pieces(q, low, high, out)
        line = self.line(kink, out)
        if line is None:
            return None
        t = self.knot(kink, *line, low, high)
        if isinstance(t, Fraction):  # one piece, between two knots of floor
            return self.pieces(self.ring.substitute(p, kink, self.ring.number(t)), low, high, out)
        if t is None:
            return None
        above = 2 if low is None else self.sign_by_corners(self.ring.add((1, t), (-1, low)))
        below = 2 if high is None else self.sign_by_corners(self.ring.add((1, high), (-1, t)))
        if low is t or high is t or above < 0 or below < 0:  # the knot is outside
            side = line[0] if low is t or above < 0 else -line[0]
            return self.pieces(self.decided(p, kink, side), low, high, out)
        if min(above, below) < 1:
            return None
        parts: list[Piece] = []
        for side, ends in ((-line[0], (low, t)), (line[0], (t, high))):
            part = self.pieces(self.decided(p, kink, side), *ends, out)
            parts += part or ()
            if part is None or len(parts) > PIECES:
                return None
        return parts

    def exactly(self, p: Poly, t: Poly) -> Poly:
        """Return p at cut = t, kinks on a side that is seen decided: relu(0) is 0 from both."""
        p = self.summed_out(self.ring.substitute(p, "cut", t))
        for a in sorted(kinks_of(p), key=lambda a: (a.height, a.key)):
            sign = self.sign_by_corners(a.args[0])
            known = abs(sign) == 2 or (sign and a.head == "relu")
            q = self.decided(p, a, Fraction(sign)) if known else p
            if q is not p:
                return self.exactly(q, t)
        return p

    def summed_out(self, p: Poly, every: bool = False) -> Poly:
        """Return p with its short sums over kinks written out, or every short sum."""
        ring, parts = self.ring, []
        for (bounds, factors), q in p.terms.items():
            names = {n for n, _ in bounds}
            kinks = [a for a, _ in factors if not a.heads.isdisjoint(KINKS)]
            short = all(isinstance(size, int) for _, size in bounds)
            kinked = any(a.free & names for a in kinks)
            many = prod(int(size) for _, size in bounds) if short else 0
            if not short or not (kinked or (every and many <= TERMS)):
                parts.append((Fraction(1), ring.poly({(bounds, factors): q})))
                continue
            opened, powers = ring.open(bounds, factors)
            bodies = [ring.normal(q, {}, powers)]
            for n in ordered({*opened}, [*powers]):
                at = [ring.rename(body, {n: k}) for body in bodies for k in range(int(opened[n]))]
                bodies = [body for body in at if body.terms]  # few are left of a sum of picks
                if len(bodies) > TERMS or many > 64 * TERMS:
                    raise RingError("a long sum over kinks")
            parts += [(Fraction(1), body) for body in bodies]
        return ring.add(*parts)

    def kink(self, p: Poly, out: Any) -> Atom | None:
        """Return an atom in p, with none inside of it, that is another function on each side."""
        atoms = {a for m in p.terms for a, _ in m[1] if "cut" in a.heads and a.free <= {*out}}
        for a in sorted(atoms, key=key_of):
            inner = next((k for q in a.args if (k := self.kink(q, out)) is not None), None)
            if inner is not None or a.head in KINKS:
                return inner or a
        return None

    def line(self, a: Atom, out: Any) -> tuple[Fraction, Poly] | None:
        """Return (q, c) for an atom's argument q cut + c, q a number, or None."""
        inner, ring = a.args[0], self.ring
        q = ring.derivative(inner, "cut", out).constant
        c = ring.substitute(inner, "cut", ring.number(0))
        affine = q and ring.add((q, ring.entry("cut", out)), (1, c)) is inner
        return (q, c) if q and affine and "cut" not in c.heads else None

    def knot(
        self, a: Atom, q: Fraction, c: Poly, low: Poly | None, high: Poly | None
    ) -> Poly | Fraction | None:
        """Return where an atom of q cut + c has a knot; for floor, its value if it has none."""
        if a.head != "floor":
            return self.ring.add((-1 / q, c))
        ends = [self.ring.add((q, t), (1, c)).constant for t in (low, high) if t is not None]
        if len(ends) < 2 or None in ends:
            return None
        least, most = sorted(end for end in ends if end is not None)
        step = Fraction(floor(least) + 1)
        if step >= most:
            return Fraction(floor(least))
        return self.ring.add((step / q, self.ring.number(1)), (-1 / q, c))

    def decided(self, p: Poly, kink: Atom, side: Fraction) -> Poly:
        """Return p with a kink's function replaced by what it is for an argument of a sign."""
        if kink.head == "floor":
            return p
        values = {"step": side > 0, "iszero": side == 0, "relu": 0}
        value = self.ring.number(int(values[kink.head]))
        return self.ring.substitute(
            p, kink, kink.args[0] if kink.head == "relu" and side > 0 else value
        )

    def inside(self, low: Poly | None, high: Poly | None) -> Poly:
        """Return a Poly in a new "cut" that runs through just the open interval (low, high)."""
        ring = self.ring
        cut = ring.entry("cut", ())
        if low is not None and high is not None:
            width = ring.add((1, high), (-1, low))
            return ring.add((1, low), (1, ring.mul(width, ring.of("sigmoid", cut))))
        if low is None and high is None:
            return cut
        end, way = (high, -1) if low is None else (low, 1)
        return ring.add((1, end or ring.number(0)), (way, ring.of("softplus", cut)))

    def sign_of_pieces(self, p: Poly, out: Any) -> int:
        """Return the sign of a function of "cut": on each piece and at each kink, or by convexity.

        For g convex with g'(0) = 0 it is that of g(0), if not negative.
        """
        ring, zero = self.ring, self.ring.number(0)
        pieces = self.pieces(p, None, None, out)
        if pieces is None or any(self.jumps(q) for _, _, q in pieces):
            return 0
        found = [ring.substitute(q, "cut", self.inside(low, high)) for low, high, q in pieces]
        ends = [self.exactly(p, t) for _, t, _ in pieces if t is not None]
        signs = [self.sign_by_corners(q) for q in (*found, *ends)]
        if len(pieces) > 1 or signs[0]:
            both = max(signs) > 0 > min(signs)
            return 0 if both or 0 in signs else min(signs, key=abs)
        first, second = self.slope(p, 1, out), self.slope(p, 2, out)
        if first is None or second is None or not {"step", "sqrt", "pow"}.isdisjoint(first.heads):
            return 0
        if self.sign_by_corners(second) < 1 or ring.substitute(first, "cut", zero).terms:
            return 0
        return max(self.sign_by_corners(ring.substitute(p, "cut", zero)), 0)

    def slope(self, p: Poly | None, times: int, out: Any) -> Poly | None:
        """Return a derivative by the node that was read as a variable."""
        try:
            for _ in range(times):
                p = self.ring.derivative(p, "cut", out) if p else None
        except RingError:
            return None
        return p


def kinks_of(p: Poly) -> set[Atom]:
    """Return the steps, and the like, in a Poly, also those inside of functions."""
    atoms = {a for _, factors in p.terms for a, _ in factors}
    inner = [kinks_of(q) for a in atoms if a.head in ROWS or a.head == "E" for q in a.args]
    return {a for a in atoms if a.head in KINKS and a.head != "floor"}.union(*inner)


def key_of(a: Atom) -> int:
    return a.key


def ordered(names: set[str], factors: list[Atom]) -> list[str]:
    """Return names in an order that soon makes constants and jumps among the factors numbers."""
    picks = [a for a in factors if a.head in JUMPS or a.head.startswith("lit ")]
    left, order = names, list[str]()
    while left:
        open_picks = [left & a.free for a in sorted(picks, key=key_of) if left & a.free]
        nearest = min(open_picks, key=len, default=left)
        order += sorted(nearest)
        left = left - nearest
    return order
