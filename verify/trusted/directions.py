"""Whether a node rises or falls in a variable: by form, by slope, through jumps and loops."""

from fractions import Fraction
from typing import Any

from verify.trusted.atoms import ROWS
from verify.trusted.conditions import EDGES, JUMPS, Conditions
from verify.trusted.graph import Node
from verify.trusted.polys import Atom, Poly, RingError
from verify.trusted.signs import agree, int_sign, times


class Directions(Conditions):
    """Directions: 1 nondecreasing, -1 nonincreasing, 0 constant, None not seen."""

    def direction(self, number: int, head: str, states: dict[int, int]) -> int | None:
        """Return 1 if a node's entries are nondecreasing in the variable, -1, 0 constant, None."""
        key = (number, head, *states)
        if key not in self.ways:
            self.ways[key] = self.directed(number, head, states)
        return self.ways[key]

    def directed(self, number: int, head: str, states: dict[int, int]) -> int | None:
        """Return a direction: of a leaf, by form, or by the slope."""
        node = self.nodes[number]
        if node.op == "state" and node.attrs[0] in states:
            return states[node.attrs[0]]
        if head not in self.reach[number] and not any(
            self.nodes[n].op == "state" for n in self.below(number)
        ):
            return 0
        if node.op == "var":
            return 1
        inner = [self.direction(ref.node, head, states) for ref in node.args]
        found = self.direction_by_form(node, inner, head, states)
        return self.direction_by_slope(number, head, states) if found is None else found

    def direction_by_form(
        self, node: Node, inner: list[int | None], head: str, states: dict[int, int]
    ) -> int | None:
        """Return the direction that an operation and its arguments' directions give."""
        if node.op == "loop":
            states = {**states, node.attrs[0]: 1}
            step = self.direction(node.attrs[1], head, states)
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
        row = ROWS.get(node.name)
        return ways[0] * row.monotone if row and row.monotone else None

    def direction_by_slope(self, number: int, head: str, states: dict[int, int]) -> int | None:
        """Return the direction of a function of one node w, itself up or down.

        phi(w[K]) with jumps at finitely many points only: up where phi' >= 0 between them and no
        jump leads down.
        """
        out, shape = self.nodes[number].out, self.nodes[number].shape
        for w in reversed(self.below(number)[:-1]):
            way = self.direction(w, head, states) if self.nodes[w].shape == shape else None
            alone = way and self.through(number, w, head)
            p = self.cut_at(number, w, ("step", "iszero", "where")) if alone else None
            if p is not None:
                try:
                    found = self.rising(p, out)
                except RingError:
                    found = None
                return found * way if found is not None and way else None
        return None

    def rising(self, p: Poly, out: Any) -> int | None:
        """Return 1 for a nondecreasing function of "cut", -1 nonincreasing, 0 constant, or None."""
        jumps = [a for m in p.terms for a, _ in m[1] if a.head in ("step", "iszero")]
        if any(k in a.heads for m in p.terms for a, _ in m[1] if a not in jumps for k in JUMPS):
            return None
        knots: dict[Atom, tuple[Fraction, Fraction]] = {}  # cut = knot, and the slope there
        for a in jumps:
            inner, q = a.args[0], self.ring.derivative(a.args[0], "cut", out).constant
            if any(k in inner.heads for k in JUMPS):
                return None
            at = self.ring.substitute(inner, "cut", self.ring.number(0)).constant if q else None
            if "cut" in inner.heads:
                if at is None or q is None:
                    return None
                knots[a] = (-at / q, q)
        places = sorted({t for t, _ in knots.values()})
        middles = [
            self.inside(low, high)
            for low, high in zip([None, *places], [*places, None], strict=True)
        ]
        pieces = [self.piece(p, knots, k, places) for k in range(len(middles))]
        slopes = []
        for piece, u in zip(pieces, middles, strict=True):
            slope = self.ring.derivative(piece, "cut", out)
            slopes.append(
                self.sign_by_corners(self.ring.substitute(slope, "cut", u)) if slope.terms else None
            )
        for k, t in enumerate(places):
            here = self.ring.substitute(
                self.piece(p, knots, k, places, t), "cut", self.ring.number(t)
            )
            left, right = (
                self.ring.substitute(piece, "cut", self.ring.number(t))
                for piece in pieces[k : k + 2]
            )
            for low, high in ((left, here), (here, right)):
                step = self.ring.add((1, high), (-1, low))
                slopes.append(self.sign_by_corners(step) if step.terms else None)
        signs = [s for s in slopes if s is not None]
        return None if 0 in signs else agree([int_sign(Fraction(s)) for s in signs])

    def inside(self, low: Fraction | None, high: Fraction | None) -> Poly:
        """Return a Poly in a new "cut" that runs through just the open interval (low, high)."""
        ring = self.ring
        cut = ring.entry("cut", ())
        if low is None and high is None:
            return cut
        if low is None or high is None:
            end, way = (high, -1) if low is None else (low, 1)
            return ring.add((end or 0, ring.number(1)), (way, ring.of("softplus", cut)))
        return ring.add((low, ring.number(1)), (high - low, ring.of("sigmoid", cut)))

    def piece(
        self, p: Poly, knots: Any, k: int, places: list[Fraction], exactly: Fraction | None = None
    ) -> Poly:
        """Return p with its jumps decided: between knots k - 1 and k, or at a knot exactly."""
        terms: dict[Any, Fraction] = {}
        for (bounds, factors), c in p.terms.items():
            kept = tuple(f for f in factors if f[0] not in knots)
            for a, _ in factors:
                if a in knots:
                    t, q = knots[a]
                    side = (
                        (exactly > t) - (exactly < t)
                        if exactly is not None
                        else (1 if places.index(t) < k else -1)
                    )
                    c *= int(side * q > 0) if a.head == "step" else int(side == 0)
            if c:
                terms[bounds, kept] = terms.get((bounds, kept), Fraction(0)) + c
        return self.ring.poly(terms)
