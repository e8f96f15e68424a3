"""Ladders: what depends on x only by how many of some ordered steps are taken.

    S[k] = step(q t[k] + r), t constant, r any value: where q t[k] <= q t[l], S[k] <= S[l].

So the steps taken are the first m in the order of falling q t[k], for an m from 0 to K. A function
of S alone has a value g(m) for each m, and is g(0) + sum_k (g(m_k) - g(m_k - 1)) S[k] with m_k the
place of k in that order: of the terms just the first m are there, and their sum is g(m) - g(0).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from verify.trusted.graph import Literal
from verify.trusted.values import Atom, Value, letters

if TYPE_CHECKING:
    from verify.trusted.builder import Builder

PIECES: dict[str, Callable[[Fraction], Fraction]] = {
    "relu": lambda q: max(q, Fraction(0)),
    "step": lambda q: Fraction(q > 0),
    "iszero": lambda q: Fraction(q == 0),
    "floor": lambda q: Fraction(math.floor(q)),
    "round": lambda q: Fraction(round(q)),
}
Levels = tuple[tuple[Fraction, ...], ...]
MOST, LONG = 64, 2000  # steps; digits, in base 2, of a number


@dataclass(frozen=True)
class Ladder:
    """A node by how many steps are taken: its rows m = 0 .. K, of one entry or one for each step.

    Attributes:
        steps: the node S; -1 for a number.
        lead: the node's own indices that are those of S, but for the steps'.
        own: the node's own index of the steps, if it has one.
        rows: the values.
    """

    steps: int
    lead: tuple[Any, ...]
    own: str
    rows: Levels


def ladder(b: "Builder", node: int) -> Ladder | None:
    """Return a node as a ladder, if it is seen to be one."""
    for n in range(len(b.ladders), node + 1):
        known = first_of(b, n) or following(b, n)
        long = known and any(bits(q) > LONG for row in known.rows for q in row)
        b.ladders.append(None if long else known)
    return b.ladders[node]


def bits(q: Fraction) -> int:
    return max(q.numerator.bit_length(), q.denominator.bit_length())


def order_of(b: "Builder", n: int) -> list[int]:
    """Return the steps of a node S in the order in which they are taken."""
    inner = b.nodes[n][2][0][0]
    _, _, args, coefs, *_ = b.nodes[inner]
    k = next(k for k, (m, _) in enumerate(args) if b.nodes[m][0] == "lit")
    t = [coefs[k] * q for q in b.literal(args[k][0]).data]
    return sorted(range(len(t)), key=lambda i: -t[i])


def known_entries(
    b: "Builder", op: str, args: Sequence[Any], coefs: Sequence[Fraction], name: str
) -> Literal | None:
    """Return a sum of exact constants, or the reciprocals of one, as a constant."""
    if op != "add" and (op, name) != ("fn", "inv"):
        return None
    if any(b.nodes[node][0] != "lit" or index != args[0][1] for node, index in args):
        return None
    if args[0][1] != tuple(f"i{k}" for k in range(len(args[0][1]))):
        return None
    act, columns = acting(op, coefs, name), [b.literal(node).data for node, _ in args]
    found = [act(entries) for entries in zip(*columns, strict=True)] if act else []
    known = tuple(q for q in found if q is not None and bits(q) <= LONG)
    return Literal(b.literal(args[0][0]).shape, known) if len(known) == len(found) else None


def entries_of(v: Value) -> tuple[Fraction, ...]:
    """Return the entries of a constant of one axis."""
    return v.b.literal(v.node).data


def constant(b: "Builder", entries: Sequence[Fraction]) -> Value:
    """Return an exact constant of one axis."""
    literal = Literal((len(entries),), tuple(entries))
    out = b.leaf("lit", literal.shape, b.literals.setdefault(literal, len(b.literals)))
    out.size(0)
    return out


def first_of(b: "Builder", n: int) -> Ladder | None:
    """Return a node S as a ladder."""
    op, shape, args, _, name, _ = b.nodes[n]
    out = tuple(f"i{k}" for k in range(len(shape)))
    if (op, name) != ("fn", "step") or args[0][1] != out or b.nodes[args[0][0]][0] != "add":
        return None
    lits = [ref for ref in b.nodes[args[0][0]][2] if b.nodes[ref[0]][0] == "lit"]
    if len(lits) != 1 or len(lits[0][1]) != 1 or not isinstance(lits[0][1][0], str):
        return None
    own = lits[0][1][0]
    others = [i for ref in b.nodes[args[0][0]][2] if ref is not lits[0] for i in ref[1]]
    if own in others or len(b.literal(lits[0][0]).data) > MOST:
        return None
    order = order_of(b, n)
    rows = [
        tuple(Fraction(k in order[:m]) for k in range(len(order))) for m in range(len(order) + 1)
    ]
    return Ladder(n, tuple(i for i in out if i != own), own, tuple(rows))


def following(b: "Builder", n: int) -> Ladder | None:
    """Return a node whose arguments are ladders of one S at the same entries, and constants."""
    op, shape, args, coefs, name, _ = b.nodes[n]
    if op == "mul" and not args:
        return Ladder(-1, (), "", ((coefs[0],),))
    places, names, parts = set[Any](), set[Any](), list[Levels]()
    for node, index in args:
        part, at = b.ladders[node], {f"i{k}": i for k, i in enumerate(index)}
        if b.nodes[node][0] == "lit" and len(index) == 1:
            names.add(index[0])
            parts.append((b.literal(node).data,))
        elif part is not None:
            names |= {at[i] for i in (part.own,) if i}
            places |= {(part.steps, tuple(at[i] for i in part.lead))} if part.steps >= 0 else set()
            parts.append(part.rows)
    if len(parts) < len(args) or len(places) != 1 or len(names) > 1:
        return None
    ((steps, lead),) = places
    own, out = next(iter(names), ""), [f"i{k}" for k in range(len(shape))]
    plain = isinstance(own, str) and len({*lead}) == len(lead) and {*lead} <= {*out} - {own}
    if not plain or not {*out} <= {*lead, own} or max(map(len, map(first, parts))) > MOST:
        return None
    long, wide = max(map(len, parts)), max(len(part[0]) for part in parts)
    columns = [
        [list(row) * (wide // len(row)) for row in part * (long // len(part))] for part in parts
    ]
    act = acting(op, coefs, name)
    rows = (
        [[act([c[m][k] for c in columns]) for k in range(wide)] for m in range(long)] if act else []
    )
    known = [[q for q in row if q is not None] for row in rows]
    if not known or any(len(row) < wide for row in known):
        return None
    if own in out or not own:
        return Ladder(steps, lead, own, tuple(map(tuple, known)))
    return Ladder(steps, lead, "", tuple((sum(row, Fraction(0)),) for row in known))


def first(rows: Levels) -> tuple[Fraction, ...]:
    return rows[0]


def acting(
    op: str, coefs: Sequence[Fraction], name: str
) -> Callable[[Any], Fraction | None] | None:
    """Return an operation on numbers; it results in None where it is undefined."""
    if op == "add":
        return lambda v: sum((q * u for q, u in zip(coefs, v, strict=True)), Fraction(0))
    if op == "mul":
        return lambda v: math.prod(v, start=coefs[0])
    if (op, name) == ("fn", "inv"):
        return lambda v: 1 / v[0] if v[0] else None
    return (lambda v: PIECES[name](v[0])) if op == "fn" and name in PIECES else None


def levels(v: Value) -> list[Fraction] | None:
    """Return g(0) .. g(K) of a value that is a number for each S, or None."""
    known = ladder(v.b, v.node)
    if known is None or known.own or known.steps < 0 or any(isinstance(i, int) for i in v.index):
        return None
    return [row[0] for row in known.rows]


def steps_of(v: Value) -> tuple[Value, list[int]]:
    """Return S of a ladder v, an axis for its steps after those of v, and their order."""
    b, known = v.b, v.b.ladders[v.node]
    assert known is not None
    start = b.ladders[known.steps]
    assert start is not None
    axis = int(start.own[1:])
    atom = Atom(b.nodes[known.steps][1][axis])
    lead = [v.index[int(i[1:])] for i in known.lead]
    index = (*lead[:axis], atom, *lead[axis:])
    return Value(b, known.steps, index, (*v.axes, (atom,))), order_of(b, known.steps)


def rebuilt(v: Value, values: Sequence[Fraction]) -> Value | None:
    """Return what is values[m] where the first m steps of a ladder v are taken; None if constant.

    Where it is constant, S would be gone, which is to be defined too.
    """
    b, (s, order) = v.b, steps_of(v)
    rises = dict(zip(order, (q - p for p, q in pairwise(values)), strict=True))
    if not any(rises.values()):
        return None
    table = constant(b, [rises[k] for k in range(len(order))])
    old = letters(s.ndim)
    return b.linear((1, b.einsum(f"{old},{old[-1]}->{old[:-1]}", s, table)), (1, values[0]))


def place(v: Value) -> Any:
    """Return S of a ladder and at which of its entries, or None for what is no ladder."""
    known = ladder(v.b, v.node) if levels(v) is not None else None
    return known and (known.steps, [v.index[int(i[1:])] for i in known.lead])


def regrouped(v: Value) -> Value:
    """Return a product with the ladders of one S as one, and a sum beside it multiplied out."""
    b, q, factors = v.b, Fraction(1), [v]
    while (k := next((k for k, f in enumerate(factors) if opens(f)), None)) is not None:
        c, inner = b.opened(factors[k].node, factors[k].index)
        q, factors[k : k + 1] = q * c, [Value(b, *ref, v.axes) for ref in inner]
    start = next((f for f in factors if place(f)), None)
    if start is None:
        return v
    mine = [f for f in factors if place(f) == place(start)]
    others = [f for f in factors if f not in mine]
    sums = [f for f in others if beside(f, start)[0]]
    if len(mine) == 1 and b.nodes[start.node][0] != "fn" and not sums:
        return v
    values = product_of([levels(f) or [] for f in mine])
    whole = rebuilt(start, values)
    if whole is None or not sums:
        return v if whole is None else b.product(q, whole, *others)
    terms, rest = beside(sums[0], start)
    added = [sum(column, Fraction(0)) for column in zip(*terms, strict=True)]
    more = rebuilt(start, product_of([values, added]))
    others = [f for f in others if f is not sums[0]]
    if more is None:
        return v
    return b.linear((q, b.product(b.linear(*rest), whole, *others)), (q, b.product(more, *others)))


def product_of(columns: Sequence[Sequence[Fraction]]) -> list[Fraction]:
    return [math.prod(column, start=Fraction(1)) for column in zip(*columns, strict=True)]


def opens(v: Value) -> bool:
    """Return whether a value is a product of several factors without sums."""
    op, shape, args, *_ = v.b.nodes[v.node]
    names = {i for _, index in args for i in index if isinstance(i, str)}
    return op == "mul" and len(args) > 1 and names <= {f"i{k}" for k in range(len(shape))}


def beside(v: Value, start: Value) -> tuple[list[list[Fraction]], list[tuple[Fraction, Value]]]:
    """Return the terms of a sum that are ladders at the place of another, and the other terms."""
    op, _, args, coefs, *_ = v.b.nodes[v.node]
    found, rest = list[list[Fraction]](), list[tuple[Fraction, Value]]()
    at: dict[Any, Any] = {f"i{k}": i for k, i in enumerate(v.index)}
    for q, (node, index) in zip(coefs, args, strict=True) if op == "add" else ():
        term = Value(v.b, node, tuple(at.get(i, i) for i in index), v.axes)
        if place(term) and place(term) == place(start):
            found.append([q * u for u in levels(term) or []])
        else:
            rest.append((q, term))
    return found, rest
