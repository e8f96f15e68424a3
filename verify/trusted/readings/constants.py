"""Exact numbers that an operation on constants alone results in."""

from fractions import Fraction
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from verify.trusted.graph import Literal
from verify.trusted.values import Value

if TYPE_CHECKING:
    from verify.trusted.builder import Builder

Numbers = dict[tuple[int, ...], Fraction]
ROWS, STEPS = 8, 4096  # of a matrix; products of one sum
LONG = 10**300  # what a fraction's parts stay below


def numbers(b: "Builder", node: int) -> Numbers | None:
    """Return the entries of a node that is made of constants by sums and products, or None."""
    op, sizes, args, coefs, _, attrs = b.nodes[node]
    places = list(product(*(range(size.value) for size in sizes)))
    if op == "lit":
        return dict(zip(places, [*b.literals][attrs[0]].data, strict=True))
    if op == "eye":
        return {place: Fraction(place[0] == place[1]) for place in places}
    inner = [numbers(b, n) for n, _ in args] if op in ("mul", "add") else [None]
    ranges: dict[Any, int] = {f"i{k}": size.value for k, size in enumerate(sizes)}
    for n, index in args:
        ranges |= {i: s.value for i, s in zip(index, b.nodes[n][1], strict=True) if i == str(i)}
    if None in inner or prod(ranges.values()) > STEPS:
        return None
    out = dict.fromkeys(places, Fraction(0))
    for place in product(*map(range, ranges.values())):
        at = dict(zip(ranges, place, strict=True))
        values = [
            entries[tuple(i if isinstance(i, int) else at[i] for i in index)]
            for entries, (_, index) in zip(inner, args, strict=True)
            if entries is not None
        ]
        pairs = zip(coefs, values, strict=True) if op == "add" else [(coefs[0], prod(values))]
        out[place[: len(sizes)]] += sum(q * value for q, value in pairs)
    return out


def matrix(v: Value) -> list[list[Fraction]] | None:
    """Return the rows of a constant square matrix of few rows, or None; their number is pinned."""
    if v.ndim != 2 or [len(axis) for axis in v.axes] != [1, 1] or v.axes[0] == v.axes[1]:
        return None
    count = v.axes[0][0].size.value
    found = numbers(v.b, v.node) if count == v.axes[1][0].size.value <= ROWS else None
    at = {v.axes[0][0]: 0, v.axes[1][0]: 1}
    if found is None or not all(isinstance(i, int) or i in at for i in v.index):
        return None
    pinned = [v.node]
    for n in pinned:
        pinned += [m for m, _ in v.b.nodes[n][2] if m not in pinned]
    for size in [*(s for n in pinned for s in v.b.nodes[n][1]), *(x[0].size for x in v.axes)]:
        size.pin()
    return [
        [found[tuple(i if isinstance(i, int) else p[at[i]] for i in v.index)] for p in row]
        for row in (([(i, j) for j in range(count)]) for i in range(count))
    ]


def inverted(v: Value) -> Value | None:
    """Return the exact inverse of a constant matrix by Gauss and Jordan, None where it has none."""
    rows = matrix(v)
    if rows is None:
        return None
    count = len(rows)
    rows = [row + [Fraction(i == j) for j in range(count)] for i, row in enumerate(rows)]
    for k in range(count):
        pivot = next((i for i in range(k, count) if rows[i][k]), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [q / rows[k][k] for q in rows[k]]
        for i in range(count):
            if i != k:
                rows[i] = [p - rows[i][k] * q for p, q in zip(rows[i], rows[k], strict=True)]
    data = tuple(q for row in rows for q in row[count:])
    if any(max(abs(q.numerator), q.denominator) > LONG for q in data):
        return None
    literal = Literal((count, count), data)
    out = v.b.leaf("lit", (count, count), v.b.literals.setdefault(literal, len(v.b.literals)))
    for d in (0, 1):
        out.size(d)
    return out
