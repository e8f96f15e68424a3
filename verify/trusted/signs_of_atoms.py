"""The signs of products of atoms: from the rows and the arguments of the atoms."""

from typing import Any

from verify.trusted.atoms import ROWS
from verify.trusted.entries import Entries
from verify.trusted.extrema import is_hardmax
from verify.trusted.polys import Atom, Poly
from verify.trusted.signs import sign_of, times

AMONG = ('["amax",', '["amin",', '["sort",')  # calls whose values are among those of the argument


class SignsOfAtoms(Entries):
    """What is seen of the sign of a product; 0 where it is not seen."""

    def sign_by_corners(self, p: Poly, depth: int = 8) -> int:
        """Return the sign of a Poly; see ``Bounds``."""
        raise NotImplementedError

    def sign_of_product(self, mono: Any) -> int:
        """Return the sign that each of the products has that a monomial sums."""
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
        if a.head.startswith("param "):
            return self.given.get(int(a.head[6:]), 0)
        if a.head in ("inv", "log", "rsqrt") and not a.args[0].terms:
            return 0  # a pole
        if a.head == "pow":
            return max(self.sign_by_corners(a.args[0], 4), 0)
        if a.head.startswith(AMONG) and len(a.args) == 1:
            return self.sign_by_corners(a.args[0], 4)
        if a.head not in ROWS:
            return 1 if a.head == "eye" or is_hardmax(a) else 0
        if a.head == "log":  # of the sign of its argument less 1
            return self.sign_by_corners(self.ring.add((1, a.args[0]), (-1, self.ring.number(1))), 4)
        known = self.seen_signs.get(a.args[0])
        return sign_of(a.head, known or self.sign_by_corners(a.args[0], 4))
