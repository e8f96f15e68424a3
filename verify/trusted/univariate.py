"""The sign of a function of one number w, by enclosures on intervals and on two tails."""

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from verify.trusted.atoms import ROWS
from verify.trusted.enclosures import ONE
from verify.trusted.lines import Lines, applied, decaying, level, product, total
from verify.trusted.polys import Atom, Poly

if TYPE_CHECKING:
    from verify.trusted.ring import Ring

Word = dict[Atom, int]  # w, a product of entries
LEAVES = ("x", "param", "var", "cut", "state")
PROBES = [Fraction(n, 4) for n in (0, 1, -1, 3, -3, 6, -6, 12, -12, 20, -20, 40, -40)]
ENDS = (16, 64)  # where the tails may begin
CELLS, NARROW = 3000, ONE >> 17
RESTS = {"erf": "1 - erf", "sigmoid": "1 - sigmoid"}  # what is left to the limit 1
COST = 300  # steps of work for one enclosure
MOST, DEEP = 4, 8  # words that are looked at; how deep functions are nested


def is_leaf(a: Atom) -> bool:
    return not a.args and a.head.split()[0] in LEAVES


def words(p: Poly) -> list[Word]:
    """Return products of entries that functions in p have as arguments, and single entries."""
    found: list[Word] = []
    pending, met = [p] if p.height <= DEEP else [], {p}
    while pending and len(found) < MOST:
        q = pending.pop()
        for bounds, factors in q.terms:
            inner = dict(factors)
            if q is not p and not bounds and inner and all(map(is_leaf, inner)):
                new = [{a: 1} for a in inner] + [inner]
                found += [word for word in new if word not in found]
            args = {b for a in inner for b in a.args if not bounds} - met
            met |= args
            pending += sorted(args, key=lambda b: b.key)
    return sorted(found[:MOST], key=len)


class OneNumber:
    """Polys as functions of one word w, which has any real value."""

    def __init__(self, ring: "Ring", word: Word) -> None:
        self.ring, self.word = ring, word
        self.known: dict[Atom, bool] = {}

    def split(self, factors: Any) -> tuple[int, Word, Word]:
        """Return (j, f, g) for a product that is w^j f g, f of functions of w, g of others."""
        powers = dict(factors)
        j = min(powers.get(a, 0) // e for a, e in self.word.items())
        left = {a: e - j * self.word.get(a, 0) for a, e in powers.items()}
        inside = {a: e for a, e in left.items() if e and a.args and self.of_word(a)}
        return j, inside, {a: e for a, e in left.items() if e and a not in inside}

    def of_word(self, a: Atom) -> bool:
        """Return whether an atom is a table function of w alone."""
        if a not in self.known:
            table = a.head in ROWS or a.head in ("E", *RESTS.values())
            monos = [m for q in a.args for m in q.terms] if table else []
            alone = not any(bounds or self.split(factors)[2] for bounds, factors in monos)
            self.known[a] = table and alone
        return self.known[a]

    def grouped(self, p: Poly) -> dict[Any, Poly]:
        """Return p as sum of products g f, f of w alone; g a monomial."""
        parts: dict[Any, dict[Any, Fraction]] = {}
        for (bounds, factors), q in p.terms.items():
            j, inside, others = self.split(factors)
            names = {n for n, _ in bounds}
            if any(not a.free.isdisjoint(names) for a in (*inside, *(self.word if j else ()))):
                j, inside, others = 0, {}, dict(factors)
            own = {a: inside.get(a, 0) + j * self.word.get(a, 0) for a, _ in factors}
            key = (bounds, tuple((a, others[a]) for a, _ in factors if a in others))
            parts.setdefault(key, {})[((), tuple((a, e) for a, e in own.items() if e))] = q
        return {key: self.ring.poly(terms) for key, terms in parts.items()}

    def sign(self, p: Poly) -> int:
        """Return the sign of p for all real w; 0 where it is not seen."""
        sides = {1, -1}
        for q in PROBES:
            number = q.numerator * ONE // q.denominator
            at = self.enclosed(p, level(number, number))
            sides -= {-1} if at.low is not None and at.low > 0 else set()
            sides -= {1} if at.high is not None and at.high < 0 else set()
        return next((s * seen for s in sorted(sides) if (seen := self.above(p, s))), 0)

    def above(self, p: Poly, side: int) -> int:
        """Return 2 if side p > 0 for all real w, 1 if side p >= 0, 0 where it is not seen."""
        for end in ENDS:
            start = end * ONE
            tails = Lines(start, ONE, start, ONE), Lines(-start, -ONE, -start, -ONE)
            lows = [self.lowest(self.near_limits(p, tail), side, tail) for tail in tails]
            if min(lows) >= 0:
                return self.between_tails(p, side, start, lows)
        return 0

    def between_tails(self, p: Poly, side: int, start: int, lows: list[int]) -> int:
        """Return ``above``, given what is below side p on the tails."""
        cells, count = [(-start, start)], 0
        while cells:
            low, high = cells.pop()
            least, count = self.lowest(p, side, level(low, high)), count + 1
            if least >= 0:
                lows.append(least)
            elif count > CELLS or high - low < NARROW:
                return 0
            else:
                cells += pairwise((low, (low + high) // 2, high))
        return 2 if min(lows) > 0 else 1

    def lowest(self, p: Poly, side: int, w: Lines) -> int:
        """Return a number below side p where w is between the lines, -1 where there is none."""
        found = self.enclosed(p, w)
        low = (found if side > 0 else found.minus()).range[0]
        return -1 if low is None else low

    def near_limits(self, p: Poly, w: Lines) -> Poly:
        """Return p on a tail with f(v) = 1 - (1 - f(v)) or erf(v) = (1 - erf(-v)) - 1, v rising."""
        ring = self.ring
        for a in sorted({a for m in p.terms for a, _ in m[1]}, key=lambda a: a.key):
            near = a.head in RESTS and self.of_word(a)
            v = self.enclosed(a.args[0], w) if near else level(None, None)
            sign = (v.rise > 0) - (v.climb < 0)
            if near and (sign > 0 or (sign < 0 and a.head == "erf")):
                rest = ring.entry(RESTS[a.head], (), (ring.add((sign, a.args[0])),))
                p = ring.substitute(p, a, ring.add((sign, ring.number(1)), (-sign, rest)))
        return p

    def enclosed(self, p: Poly, w: Lines) -> Lines:
        """Return the lines of a function of w."""
        self.ring.spend(COST)
        return total([(q, self.monomial(factors, w)) for (_, factors), q in p.terms.items()])

    def monomial(self, factors: Any, w: Lines) -> Lines:
        """Return the lines of w^j and functions of w."""
        j, inside, others = self.split(factors)
        if others:
            return level(None, None)
        exponents = [(e, a.args[0]) for a, e in inside.items() if a.head == "E"]
        values = []
        for a, e in inside.items():
            if a.head != "E":
                values += [applied(a.head, self.enclosed(a.args[0], w))] * e
        if exponents:
            values.append(applied("exp", self.enclosed(self.ring.add(*exponents), w)))
        shrinking = [g for g in values if g.decay]
        together = decaying(w, j, shrinking) if j and shrinking else None
        rest = [g for g in values if not g.decay] if together else [w] * j + values
        result = together or level(ONE, ONE)
        for g in rest:
            result = product(result, g)
        return result
