"""Whether a node rises or falls in a variable: by form, by slope, through jumps and loops."""

from fractions import Fraction
from itertools import pairwise
from typing import Any

from verify.trusted.atoms import ROWS
from verify.trusted.conditions import EDGES, Conditions
from verify.trusted.graph import Node
from verify.trusted.pieces import key_of, kinks_of
from verify.trusted.polys import Atom, Poly, RingError
from verify.trusted.signs import agree, int_sign, times

PIECEWISE = ("step", "iszero", "where", "floor", "sqrt")  # continuous between kinks


class Directions(Conditions):
    """Directions: 1 nondecreasing, -1 nonincreasing, 0 constant, None not seen."""

    def direction(
        self, number: int, head: str, states: dict[int, int], slopes: bool = True
    ) -> int | None:
        """Return 1 if a node's entries are nondecreasing in the variable, -1, 0 constant, None."""
        key = (number, head, slopes, *states)
        if key not in self.ways:
            self.ways[key] = self.directed(number, head, states, slopes)
        return self.ways[key]

    def directed(self, number: int, head: str, states: dict[int, int], slopes: bool) -> int | None:
        """Return a direction: of a leaf, by form, by the slope, by form with slopes inside."""
        node = self.nodes[number]
        if node.op == "state" and node.attrs[0] in states:
            return states[node.attrs[0]]
        if head not in self.reach[number] and not any(
            self.nodes[n].op == "state" for n in self.below(number)
        ):
            return 0
        if node.op == "var":
            return 1
        found = self.direction_by_form(node, head, states, False)
        if found is None and slopes:
            found = self.direction_by_slope(number, head, states)
        if found is None and slopes:
            found = self.direction_by_form(node, head, states, True)
        return found

    def direction_by_form(
        self, node: Node, head: str, states: dict[int, int], slopes: bool
    ) -> int | None:
        """Return the direction that an operation and its arguments' directions give."""
        inner = [self.direction(ref.node, head, states, slopes) for ref in node.args]
        if node.op == "loop":
            states = {**states, node.attrs[0]: 1}
            step = self.direction(node.attrs[1], head, states, slopes)
            return 1 if inner[0] in (0, 1) and step in (0, 1) else None
        if None in inner:
            return None
        ways = [d for d in inner if d is not None]
        if node.op == "add":
            return agree([int_sign(q) * d for q, d in zip(node.coefs, ways, strict=True)])
        if node.op == "mul":
            signs = [self.sign(ref.node) for ref in node.args]
            moving = [k for k, d in enumerate(ways) if d]
            others = times(2 * int_sign(node.coefs[0]), 2)
            for k, s in enumerate(signs):
                others = times(others, s) if len(moving) > 1 or k not in moving else others
            if len(moving) > 1 and any(s < 1 for s in signs):
                return None
            return agree([ways[k] for k in moving], int_sign(Fraction(others))) if others else None
        if node.op == "call" and node.name in EDGES:
            return ways[0]
        if node.op != "fn":
            return None
        if node.name == "inv":
            return -ways[0] if abs(self.sign(node.args[0].node)) == 2 else None
        if node.name == "pow" and len(ways) == 2:
            base, power = (self.sign(ref.node) for ref in node.args)
            falls = power <= -1 and base == 2
            rises = power >= 1 and base >= 1
            return ways[0] * (rises - falls) if (rises or falls) and not ways[1] else None
        row = ROWS.get(node.name)
        return ways[0] * row.monotone if row and row.monotone else None

    def direction_by_slope(self, number: int, head: str, states: dict[int, int]) -> int | None:
        """Return the direction of a function of one node w, itself up or down.

        phi(w[K]) with jumps at finitely many points only: up where phi' >= 0 between them and no
        jump leads down.
        """
        out, shape = self.nodes[number].out, self.nodes[number].shape
        near = [w for w in self.below(number)[:-1] if self.nodes[w].shape == shape]
        alone = [w for w in near if self.through(number, w, head)]
        for w in alone:
            way = self.direction(w, head, states)
            p = self.cut_at(number, w, (*PIECEWISE, "pow")) if way else None
            try:
                found = self.rising(p, out) if p is not None else None
            except RingError:
                found = None
            if found is not None and way:
                return found * way
        return None

    def rising(self, p: Poly, out: Any, depth: int = 4) -> int | None:
        """Return 1 for a nondecreasing function of "cut", -1 nonincreasing, 0 constant, or None."""
        found = self.rising_by_pieces(p, out)
        if found is None and depth:
            found = self.rising_by_kink(p, out, depth)
        return self.rising_by_sides(p, out, depth) if found is None and depth else found

    def rising_by_sides(self, p: Poly, out: Any, depth: int) -> int | None:
        """Return a direction of what is 0 at 0, of a sign and of a direction on either side.

        As p = q for u > 0: p rises there if q does, wherever it is defined; and from 0 if q >= 0.
        """
        zero, ways = self.ring.number(0), list[int]()
        if self.exactly(p, zero).terms:
            return None
        for side, ends in ((1, (zero, None)), (-1, (None, zero))):
            q = self.beyond(p, side, out)
            way = self.rising(q, out, depth - 1) if q is not p else None
            if way is None:
                return None
            inner = self.ring.substitute(q, "cut", self.inside(*ends))
            s = self.sign_by_corners(inner)
            if inner.terms and not s:
                return None
            ways += [way, side * int_sign(Fraction(s)) if inner.terms else 0]
        return agree(ways)

    def beyond(self, p: Poly, side: int, out: Any) -> Poly:
        """Return what a function of "cut" is where that has a sign: kinks at 0 are decided."""
        for a in sorted(kinks_of(p), key=lambda a: (a.height, a.key)):
            line = self.line(a, out)
            q = self.decided(p, a, side * line[0]) if line and not line[1].terms else p
            if q is not p:
                return self.beyond(q, side, out)
        return p

    def rising_by_kink(self, p: Poly, out: Any, depth: int) -> int | None:
        """Return a direction of q + c relu(s), c of a sign: the larger or less of q and q + c s.

        Without a q, c >= 0: that of c and s, if it is one.
        """
        atoms = {a for m in p.terms for a, _ in m[1] if a.head == "relu" and "cut" in a.heads}
        for a in sorted(atoms, key=key_of):
            parts = self.by_powers(p, a) if a.free <= {*out} else {}
            inner = [q for m in p.terms for b, _ in m[1] for q in b.args]
            if (
                any(holds(q, a) for q in inner)
                or parts.keys() - {0} != {1}
                or not self.sign_by_corners(parts[1])
            ):
                continue
            low = parts.get(0, self.ring.number(0))
            high = self.ring.add((1, low), (1, self.ring.mul(parts[1], a.args[0])))
            both = [(low, high)]
            if not low.terms and self.sign_by_corners(parts[1]) >= 1:
                both.append((parts[1], a.args[0]))
            for pair in both:
                ways = [self.rising(q, out, depth - 1) for q in pair]
                if None not in ways and agree([w for w in ways if w is not None]) is not None:
                    return agree([w for w in ways if w is not None])
        return None

    def rising_by_pieces(self, p: Poly, out: Any) -> int | None:
        """Return a direction of a function of "cut" that is smooth between ordered knots."""
        ring, cut = self.ring, "cut"
        pieces = self.pieces(p, None, None, out)
        if pieces is None or any(self.jumps(q) for _, _, q in pieces):
            return None
        signs = []
        for low, high, piece in pieces:
            slope = ring.derivative(piece, cut, out)
            inner = ring.substitute(slope, cut, self.inside(low, high))
            if not self.roots_are_positive(ring.substitute(piece, cut, self.inside(low, high))):
                return None
            signs.append(self.sign_written_out(inner))
        for (_, t, left), (_, _, right) in pairwise(pieces):
            if t is None:
                return None
            here = self.exactly(p, t)
            ends = self.exactly(left, t), here, self.exactly(right, t)
            for low, high in pairwise(ends):
                signs.append(self.sign_written_out(ring.add((1, high), (-1, low))))
        seen_signs = [s for s in signs if s is not None]
        return None if 0 in seen_signs else agree([int_sign(Fraction(s)) for s in seen_signs])

    def sign_written_out(self, p: Poly) -> int | None:
        """Return the sign of p, its short sums written out if need be; None where p is 0."""
        if not p.terms or self.sign_by_corners(p):
            return self.sign_by_corners(p) if p.terms else None
        try:
            q = self.summed_out(p, True)
        except RingError:
            return 0
        return self.sign_by_corners(q) if q.terms else None


def holds(p: Poly, a: Atom) -> bool:
    """Return whether an atom stands anywhere in p."""
    atoms = {b for m in p.terms for b, _ in m[1]}
    return a in atoms or any(holds(q, a) for b in atoms for q in b.args)
