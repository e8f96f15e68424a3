"""The sign of a function of one number w, by enclosures on intervals and two tails."""

from collections.abc import Iterator
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


def is_leaf(a: Atom) -> bool:
    return not a.args and a.head.split()[0] in LEAVES


def words(p: Poly) -> Iterator[Word]:
    """Yield the products of entries that functions in p have as arguments, and single entries."""
    for bounds, factors in p.terms:
        for a, _ in factors:
            for q in a.args if not bounds else ():
                yield from words(q)
                for own, inner in q.terms:
                    if inner and not own and all(is_leaf(b) for b, _ in inner):
                        yield dict(inner)
                        yield from ({b: 1} for b, _ in inner)


def split(word: Word, factors: Any) -> tuple[int, Word, Word]:
    """Return (j, f, g) for a product that is w^j f g, f of functions of w, g of others."""
    powers = dict(factors)
    j = min(powers.get(a, 0) // e for a, e in word.items())
    left = {a: e - j * word.get(a, 0) for a, e in powers.items()}
    inside = {a: e for a, e in left.items() if e and a.args and of_word(word, a)}
    return j, inside, {a: e for a, e in left.items() if e and a not in inside}


def of_word(word: Word, a: Atom) -> bool:
    """Return whether an atom is a table function of w alone."""
    if a.head not in ROWS and a.head not in ("E", *RESTS.values()):
        return False
    parts = [(bounds, split(word, factors)[2]) for q in a.args for bounds, factors in q.terms]
    return not any(bounds or others for bounds, others in parts)


def grouped(ring: "Ring", p: Poly, word: Word) -> dict[Any, Poly]:
    """Return p as sum of products g f, f of w alone; g a monomial."""
    parts: dict[Any, dict[Any, Fraction]] = {}
    for (bounds, factors), q in p.terms.items():
        j, inside, others = split(word, factors)
        names = {n for n, _ in bounds}
        if any(not a.free.isdisjoint(names) for a in (*inside, *(word if j else ()))):
            j, inside, others = 0, {}, dict(factors)
        own = {a: e for a, e in factors if a in inside or (j and a in word)}
        own = {a: inside.get(a, 0) + j * word.get(a, 0) for a in own}
        key = (bounds, tuple((a, others[a]) for a, _ in factors if a in others))
        ordered = tuple((a, own[a]) for a, _ in factors if own.get(a))
        parts.setdefault(key, {})[((), ordered)] = q
    return {key: ring.poly(terms) for key, terms in parts.items()}


def sign_of_function(ring: "Ring", p: Poly, word: Word) -> int:
    """Return the sign of p, a function of w, for all real w; 0 where it is not seen."""
    found = {1, -1}
    for q in PROBES:
        number = q.numerator * ONE // q.denominator
        at = enclosed(ring, p, word, level(number, number))
        found -= {-1} if at.low is not None and at.low > 0 else set()
        found -= {1} if at.high is not None and at.high < 0 else set()
    return next((s * seen for s in sorted(found) if (seen := above(ring, p, word, s))), 0)


def above(ring: "Ring", p: Poly, word: Word, side: int) -> int:
    """Return 2 if side p > 0 for all real w, 1 if side p >= 0, 0 where it is not seen."""
    for end in ENDS:
        start = end * ONE
        tails = Lines(start, ONE, start, ONE), Lines(-start, -ONE, -start, -ONE)
        parts = [near_limits(ring, p, word, tail) for tail in tails]
        lows = [lowest(ring, q, word, side, t) for q, t in zip(parts, tails, strict=True)]
        if all(low >= 0 for low in lows):
            break
    else:
        return 0
    cells, count = [(-start, start)], 0
    while cells:
        low, high = cells.pop()
        least, count = lowest(ring, p, word, side, level(low, high)), count + 1
        if least >= 0:
            lows.append(least)
        elif count > CELLS or high - low < NARROW:
            return 0
        else:
            middle = (low + high) // 2
            cells += pairwise((low, middle, high))
    return 2 if min(lows) > 0 else 1


def lowest(ring: "Ring", p: Poly, word: Word, side: int, w: Lines) -> int:
    """Return a number below side p where w is between the lines, -1 where there is none."""
    found = enclosed(ring, p, word, w)
    low = (found if side > 0 else found.minus()).range[0]
    return -1 if low is None else low


def near_limits(ring: "Ring", p: Poly, word: Word, w: Lines) -> Poly:
    """Return p on a tail with f(v) = 1 - (1 - f(v)) or erf(v) = (1 - erf(-v)) - 1, v rising."""
    for a in sorted({a for m in p.terms for a, _ in m[1]}, key=lambda a: a.key):
        v = enclosed(ring, a.args[0], word, w) if a.head in RESTS and of_word(word, a) else w
        sign = (v.rise > 0) - (v.climb < 0)
        if a.head in RESTS and (sign > 0 or (sign < 0 and a.head == "erf")):
            rest = ring.entry(RESTS[a.head], (), (ring.add((sign, a.args[0])),))
            p = ring.substitute(p, a, ring.add((sign, ring.number(1)), (-sign, rest)))
    return p


def enclosed(ring: "Ring", p: Poly, word: Word, w: Lines) -> Lines:
    """Return the lines of a function of w."""
    ring.spend(COST)
    return total([(q, monomial(ring, factors, word, w)) for (_, factors), q in p.terms.items()])


def monomial(ring: "Ring", factors: Any, word: Word, w: Lines) -> Lines:
    """Return the lines of w^j and functions of w."""
    j, inside, others = split(word, factors)
    if others:
        return level(None, None)
    exponents = [(e, a.args[0]) for a, e in inside.items() if a.head == "E"]
    values = []
    for a, e in inside.items():
        if a.head != "E":
            values += [applied(a.head, enclosed(ring, a.args[0], word, w))] * e
    if exponents:
        values.append(applied("exp", enclosed(ring, ring.add(*exponents), word, w)))
    shrinking = [g for g in values if g.decay]
    together = decaying(w, j, shrinking) if j and shrinking else None
    rest = [g for g in values if not g.decay] if together else [w] * j + values
    result = together or level(ONE, ONE)
    for g in rest:
        result = product(result, g)
    return result
