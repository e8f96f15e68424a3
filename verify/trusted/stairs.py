"""Stairs: whole numbers that a bounded map linear in pieces goes through, as the steps it takes.

    p nondecreasing, linear in pieces, of one value u, from lo on the left to hi on the right:
    floor(p(u)) = floor(hi) - sum_k step(t_k - u),  t_k = min {u : p(u) >= k}, floor(lo) < k <= hi

since p is continuous and nondecreasing: p(u) < k just where u < t_k. And of any p, constant left
of a whole number a and right of b:  p(floor(u)) = p(b) - sum_{a < k <= b} (p(k) - p(k - 1))
step(k - u), since floor(u) < k just where u < k. What takes such steps is a ladder (ladders.py).
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from verify.trusted.ladders import LONG, MOST, bits, constant, levels
from verify.trusted.values import Value

if TYPE_CHECKING:
    from verify.trusted.builder import Builder

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Broken:
    """A node as a map of the same entry of another: p(u), linear between its knots.

    Attributes:
        base: the node u, with axes in the same order.
        knots: (u, p(u)), in order, at least one.
        ends: the slopes left of all knots and right of them.
    """

    base: int
    knots: tuple[tuple[Fraction, Fraction], ...]
    ends: tuple[Fraction, Fraction]

    def __call__(self, u: Fraction) -> Fraction:
        """Return p(u)."""
        k = bisect_right([t for t, _ in self.knots], u)
        if k in (0, len(self.knots)):
            t, y = self.knots[min(k, len(self.knots) - 1)]
            return y + self.ends[k > 0] * (u - t)
        (s, a), (t, b) = self.knots[k - 1 : k + 1]
        return a + (b - a) * (u - s) / (t - s)


def broken(b: "Builder", node: int) -> Broken:
    """Return a node as a map, linear in pieces, of a node that is not seen to be one."""
    for n in range(len(b.broken), node + 1):
        same = Broken(n, ((ZERO, ZERO),), (ONE, ONE))
        known = composed(b, n) or same
        numbers = [q for knot in known.knots for q in knot] + [*known.ends]
        large = len(numbers) > 4 * MOST or max(map(bits, numbers)) > LONG
        b.broken.append(same if large else known)
    return b.broken[node]


def composed(b: "Builder", n: int) -> Broken | None:
    """Return a linear combination, or a relu, of maps of one node as such a map."""
    op, shape, args, coefs, name, _ = b.nodes[n]
    whole = tuple(f"i{k}" for k in range(len(shape)))
    terms, constant = list[tuple[Fraction, Broken]](), ZERO
    for q, (inner, index) in zip(coefs if op != "fn" else [ONE], args, strict=False):
        number = b.nodes[inner][0] == "mul" and not b.nodes[inner][2]
        if number and op == "add":
            constant += q * b.nodes[inner][3][0]
        elif index == whole:
            terms.append((q, b.broken[inner]))
        else:
            return None
    if not terms or len({p.base for _, p in terms}) > 1:
        return None
    if (op, name) == ("fn", "relu"):
        return cut(terms[0][1])
    if op == "add" or (op == "mul" and len(args) == 1):
        return combined(terms, constant)
    return None


def combined(terms: Sequence[tuple[Fraction, Broken]], constant: Fraction) -> Broken:
    places = sorted({t for _, p in terms for t, _ in p.knots})
    knots = [(t, sum((q * p(t) for q, p in terms), constant)) for t in places]
    low, high = (sum((q * p.ends[k] for q, p in terms), ZERO) for k in (0, 1))
    return Broken(terms[0][1].base, tuple(knots), (low, high))


def cut(p: Broken) -> Broken:
    """Return max(p, 0): its knots are those of p, and where p is 0."""
    (first, y), (last, z) = p.knots[0], p.knots[-1]
    crossings = [
        s - a * (t - s) / (b - a)
        for (s, a), (t, b) in pairwise(p.knots)
        if min(a, b) < 0 < max(a, b)
    ]
    low, high = p.ends
    crossings += [first - y / low] if y * low > 0 else []
    crossings += [last - z / high] if z * high < 0 else []
    places = sorted({*crossings, *(t for t, _ in p.knots)})
    knots = tuple((t, max(p(t), ZERO)) for t in places)
    left, right = p(places[0] - 1) > 0, p(places[-1] + 1) > 0
    return Broken(p.base, knots, (low if left else ZERO, high if right else ZERO))


def floors(v: Value) -> Value | None:
    """Return floor(v) as stairs, or None where v is not seen to be bounded and monotone."""
    p = broken(v.b, v.node)
    values = [y for _, y in p.knots]
    up, down = (all(s * a <= s * c for a, c in pairwise(values)) for s in (1, -1))
    if any(p.ends) or not (up or down) or values[0] == values[-1]:
        return None
    low, high = sorted((values[0], values[-1]))
    whole = range(math.floor(low) + 1, math.floor(high) + 1)
    if not 1 < len(whole) <= MOST:
        return None
    if up:
        return climbed(v, p.base, [(reached(p, k), ONE) for k in whole], Fraction(whole[0] - 1))
    mirrored = Broken(p.base, tuple((-t, y) for t, y in reversed(p.knots)), p.ends)
    steps = [(reached(mirrored, k), ONE) for k in whole]
    return climbed(v, p.base, steps, Fraction(whole[0] - 1), -1)


def reached(p: Broken, k: int) -> Fraction:
    """Return min {u : p(u) >= k} for a nondecreasing p that comes to k from below."""
    (s, a), (t, c) = next(((s, a), (t, c)) for (s, a), (t, c) in pairwise(p.knots) if a < k <= c)
    return s + (k - a) * (t - s) / (c - a)


def of_a_floor(v: Value) -> Value:
    """Return a bounded map of floor(u), linear in pieces, as stairs; v itself if it is none."""
    p, b = broken(v.b, v.node), v.b
    op, shape, args, _, name, _ = b.nodes[p.base]
    if (
        (op, name) != ("fn", "floor")
        or any(p.ends)
        or args[0][1] != tuple(f"i{k}" for k in range(len(shape)))
    ):
        return v
    low, high = math.floor(p.knots[0][0]), math.ceil(p.knots[-1][0])
    if high - low > MOST:
        return v
    whole = [Fraction(k) for k in range(low + 1, high + 1)]
    rises = [(k, p(k) - p(k - 1)) for k in whole]
    steps = [(k, rise) for k, rise in rises if rise]
    return climbed(v, args[0][0], steps, p(Fraction(low))) if len(steps) > 1 else v


def climbed(
    v: Value, base: int, steps: Sequence[tuple[Fraction, Fraction]], start: Fraction, sign: int = 1
) -> Value:
    """Return start + sum_k rise_k [sign u >= t_k], u a node with the axes of v's."""
    b, u, (places, rises) = v.b, Value(v.b, base, v.index, v.axes), zip(*steps, strict=True)
    gap = b.linear((1, constant(b, places)), (-sign, u.put(u.ndim, (), gone=0)))
    missing = b.fn("step", gap)
    if len({*rises}) > 1:
        missing = b.product(missing, constant(b, rises))
    less = b.total(missing, [v.ndim], q=rises[0] if len({*rises}) == 1 else 1)
    return b.linear((-1, less), (1, start + sum(rises, ZERO)))


def is_whole(v: Value) -> bool:
    """Return whether a value is seen to be a whole number."""
    rows, (op, _, _, _, name, _) = levels(v), v.b.nodes[v.node]
    return (op, name) == ("fn", "floor") or (rows is not None and all(is_int(q) for q in rows))


def is_int(q: Fraction) -> bool:
    return q.denominator == 1


def never_below(v: Value) -> bool:
    """Return whether a map that is linear in pieces is never below 0."""
    p = broken(v.b, v.node)
    return p.ends[0] <= 0 <= p.ends[1] and all(y >= 0 for _, y in p.knots)
