"""Functions kept as names: nodes phi(w) and psi(w), phi' = psi but at finitely many points.

    phi continuous, piece by piece smooth; psi locally bounded; phi' = psi on each piece
    ------------------------------------------------------------------------------------ named
    phi(w) is a new function of w, its formal derivative psi(w) D w

So phi is locally Lipschitz. Along a polygon w(x) is Lipschitz where w is, and for almost every t
(phi(w))' = psi(w) w': off the finitely many points by the chain rule, and where w stays at one of
them w' and (phi(w))' are 0 almost everywhere, whatever psi is there. All that the kernel concludes
from formal derivatives of locally Lipschitz functions rests on just this. If psi nondecreases, phi
is convex and psi a subgradient of it, at the finitely many points too.
"""

from itertools import pairwise
from typing import Any

from verify.trusted.directions import PIECEWISE, Directions
from verify.trusted.entries import Rejected, require


class Primitives(Directions):
    """Pairs of a function and its derivative that are not written out."""

    def named(self, triples: Any) -> None:
        """Name functions: [phi(w), psi(w), w] each; Rejected unless phi' = psi."""
        require(isinstance(triples, list), "functions", "expected a list")
        found: dict[int, tuple[str, int]] = {}
        for k, triple in enumerate(triples):
            step, count = f"functions[{k}]", len(self.nodes)
            three = isinstance(triple, list) and len(triple) == 3
            inside = three and all(type(n) is int and 0 <= n < count for n in triple)
            require(inside, step, "expected three nodes")
            value, slope, w = triple
            self.is_slope(value, slope, w, step)
            require(found.keys().isdisjoint({value, slope}), step, "named twice")
            found |= {value: (f"value {k}", w), slope: (f"slope {k}", w)}
            self.ring.slopes[f"value {k}"] = f"slope {k}"
        self.opaque = found
        self.values.clear()

    def is_slope(self, value: int, slope: int, w: int, step: str) -> None:
        """Require two nodes to be functions of a third, entry by entry, one the other's slope."""
        ring, out = self.ring, self.nodes[w].out
        for n in (value, slope):
            require(self.nodes[n].shape == self.nodes[w].shape, step, "of another shape than w")
            require(self.reach[n] <= {"param", "lit", "x"}, step, "depends on variables")
            require(n != w and self.through(n, w, "x"), step, "depends on x, but not through w")
        f, g = (self.cut_at(n, w, PIECEWISE) for n in (value, slope))
        if f is None or g is None:
            raise Rejected(step, "not seen to be smooth between kinks")
        pieces = self.pieces(f, None, None, out)
        if pieces is None or any(self.jumps(q) for _, _, q in pieces):
            raise Rejected(step, "kinks in no order")
        for low, high, q in pieces:
            inner = ring.substitute(q, "cut", self.inside(low, high))
            require(self.roots_are_positive(inner), step, "a root that is not seen to be smooth")
        for (_, t, left), (_, _, right) in pairwise(pieces):
            if t is None:
                raise Rejected(step, "kinks in no order")
            ends = {self.exactly(p, t) for p in (left, f, right)}
            require(len(ends) == 1, step, "not seen to be continuous at a kink")
        rest = ring.add((1, ring.derivative(f, "cut", out)), (-1, g))
        parts = self.pieces(rest, None, None, out)
        equal = parts is not None and not any(q.terms for _, _, q in parts)
        require(equal, step, "one is not seen to be the slope of the other")

    def bend_of_named(self, number: int, inner: int | None) -> int | None:
        """Return 1 for a named function seen to be convex, of an argument of this curvature."""
        head, w = self.opaque[number]
        slope = next((n for n, (h, _) in self.opaque.items() if h == self.ring.slopes.get(head)), 0)
        if head not in self.ring.slopes or inner not in (0, 1):
            return None
        p, out = self.cut_at(slope, w, PIECEWISE), self.nodes[w].out
        rises = p is not None and self.rising(p, out) in (0, 1)
        return 1 if rises and (inner == 0 or self.sign(slope) >= 1) else None
