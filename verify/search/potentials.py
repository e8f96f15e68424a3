"""Potentials of a map: combinations of what the module computes on its way, and of maxima."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any

from verify.search.emit import emit
from verify.search.workbench import Workbench
from verify.trusted.graph import Node, Ref, Size
from verify.trusted.polys import Atom, Mono, Poly, lone

MOST = 40  # tensors that are looked at
VARYING = {"x", "param", "lit"}  # what a potential depends on
KINKS = ("step", "iszero", "relu")
Row = tuple[Mono, dict[Mono, Fraction], dict[int, Fraction]]


def potentials(bench: Workbench) -> Iterator[int]:
    """Yield scalars whose gradient is the map: one that is computed, or a combination.

    A combination is of tensors, each to be summed over all of its entries.
    """
    target = bench.attempt(lambda: along(bench, lambda i: bench.at(Ref(bench.root, i))))
    if target is None or not target.terms:
        return
    known = slopes(bench, scalars(bench))
    for n, p in known:
        r = bench.ratio(target, p)
        if r:
            yield n if r == 1 else bench.add((), [(r, Ref(n, ()))])
    more = slopes(bench, [*maxima(bench), *squares_of_x(bench), *logarithms(bench, target)])
    parts = [pair for n, p in (*known, *more) for pair in scaled(bench, target, n, p)]
    found = combination(parts, target)
    if found:
        yield together(bench, found)


def moves(bench: Workbench, number: int) -> bool:
    """Return whether a node depends on x and on no variable."""
    return "x" in bench.reach[number] and bench.reach[number] <= VARYING


def scalars(bench: Workbench) -> list[int]:
    """Return the scalars that move with x, the last first."""
    every = reversed([n for n, node in enumerate(bench.nodes) if node.shape == ()])
    return [n for n in every if moves(bench, n)][:MOST]


def maxima(bench: Workbench) -> list[int]:
    """Return d, relu(d), relu(-d) and the terms of d, for each d whose sign decides something.

    Of each hardmax, the maximum.
    """
    found = []
    for number, node in enumerate(list(bench.nodes)):
        if node.name == "hardmax":
            found += largest(bench, number)
        d = node.args[0].node if node.op == "fn" and node.name in KINKS else None
        if d is None or not moves(bench, d) or len(bench.nodes[d].shape) > 2:
            continue
        shape = bench.nodes[d].shape
        minus = bench.add(shape, [(-1, bench.whole(d))])
        terms = [
            ref.node
            for ref in bench.nodes[d].args
            if bench.nodes[d].op == "add" and bench.nodes[ref.node].shape == shape
        ]
        found += [
            bench.fn("relu", d),
            bench.fn("relu", minus),
            *[n for n in terms if moves(bench, n)],
            d,
        ]
    return list(dict.fromkeys(found))[:MOST]


def largest(bench: Workbench, number: int) -> list[int]:
    """Return the maximum of what a hardmax is of, without what is shared by all."""
    p = bench.attempt(lambda: bench.poly(number))
    a = lone(p) if p is not None else None
    if a is None or not a.args or not moves(bench, number):
        return []
    node = bench.nodes[number]
    lead = node.out[: len(node.out) - len(a.index)]
    acted = [f"c{a.args[0].height}_{k}" for k in range(len(a.index))]
    inner = bench.attempt(lambda: emit(bench, a.args[0], [*lead, *acted], node.shape))
    if inner is None:
        return []
    refs = (Ref(inner, (*lead, *(f"j{k}" for k in range(len(acted))))),)
    shape, attrs = node.shape[: len(lead)], (len(acted), 0)
    return [bench.make(Node("call", shape, refs, (), "amax", attrs))]


def squares_of_x(bench: Workbench) -> list[int]:
    """Return x_i^2."""
    return [bench.mul(bench.shape, [bench.whole(n), bench.whole(n)]) for n in bench.xs()]


def logarithms(bench: Workbench, target: Poly) -> list[int]:
    """Return log d for each divisor d of the map that is > 0: the map may be grad d / d."""
    found = []
    atoms = {a for _, factors in target.terms for a, _ in factors if a.head == "inv"}
    for a in sorted(atoms, key=lambda a: a.key):
        if a.free or "x" not in a.heads or len(found) == 4:
            continue
        d = bench.attempt(lambda a=a: emit(bench, a.args[0], (), ()))
        if d is not None and bench.attempt(lambda d=d: bench.sign(d)) == 2:
            found.append(bench.fn("log", d))
    return found


def slopes(bench: Workbench, numbers: Iterable[int]) -> list[tuple[int, Poly]]:
    """Return nodes and the gradients of the sums of their entries, where there is a normal form."""
    found = []
    for n in numbers:
        p = bench.attempt(lambda n=n: gradient_of(bench, total(bench, n)))
        if p is not None and p.terms:
            found.append((n, p))
    return found


def gradient_of(bench: Workbench, p: Poly) -> Poly:
    """Return an entry of the gradient of a number."""
    return along(bench, lambda i: bench.ring.derivative(p, "x", i))


def along(bench: Workbench, field: Callable[[Any], Poly]) -> Poly:
    """Return the entry of a field at its names; of one that is written out, its part along v."""
    ring, index = bench.ring, bench.nodes[bench.root].out
    if not bench.expand:
        return field(index)
    places = bench.places(bench.shape, "o")
    return ring.add(*((1, ring.mul(field(i), ring.entry("var v", i))) for i in places))


def total(bench: Workbench, number: int) -> Poly:
    """Return the sum of the entries of a node."""
    node = bench.nodes[number]
    names = [f"k{axis}" for axis in range(len(node.shape))]
    return bench.total(bench.at(Ref(number, tuple(names))), names, node.shape)


def together(bench: Workbench, found: dict[int, Fraction]) -> int:
    """Return a combination of the sums of nodes: what has one shape is added up first."""
    shapes: dict[tuple[Size, ...], list[tuple[Fraction | int, Ref]]] = {}
    for n, q in found.items():
        shapes.setdefault(bench.nodes[n].shape, []).append((q, bench.whole(n)))
    parts = []
    for shape, terms in shapes.items():
        whole = bench.add(shape, terms)
        names = tuple(f"j{axis}" for axis in range(len(shape)))
        parts.append((1, Ref(bench.mul((), [Ref(whole, names)]) if shape else whole, ())))
    return parts[0][1].node if len(parts) == 1 else bench.add((), parts)


def scaled(bench: Workbench, target: Poly, number: int, slope: Poly) -> list[tuple[int, Poly]]:
    """Return a node and the gradient of its sum, also times parameters that the map has more of."""
    shape, found = bench.nodes[number].shape, [(number, slope)]
    done = set[frozenset[tuple[Atom, Any]]]()
    for own in (factor(mono) for mono in slope.terms):
        for more in (factor(mono) for mono in target.terms):
            rest = {a: more.get(a, 0) - own.get(a, 0) for a in {**more, **own}}
            key = frozenset((a, e) for a, e in rest.items() if e)
            if not key or key in done or any(e < 0 for _, e in key) or len(done) > 3:
                continue
            done.add(key)
            c = bench.product(dict(key))
            made = bench.attempt(lambda c=c: emit(bench, c, (), ()))
            if made is not None:
                times = bench.mul(shape, [Ref(made, ()), bench.whole(number)])
                found.append((times, bench.ring.mul(c, slope)))
    return found


def factor(mono: Mono) -> dict[Atom, Any]:
    """Return the atoms of a monomial without index names that do not depend on x."""
    return {a: e for a, e in mono[1] if not a.free and a.heads.isdisjoint({"x", "var v"})}


def combination(parts: list[tuple[int, Poly]], target: Poly) -> dict[int, Fraction]:
    """Return numbers q with target = sum q p, none if there are none; first parts are preferred."""
    rows: list[Row] = []
    for n, p in parts:
        row, made = reduced(rows, dict(p.terms), {n: Fraction(1)})
        if row:
            rows.append((next(iter(row)), row, made))
    rest, made = reduced(rows, dict(target.terms), {})
    return {} if rest else {n: -q for n, q in made.items() if q}


def reduced(
    rows: list[Row], row: dict[Mono, Fraction], made: dict[int, Fraction]
) -> tuple[dict[Mono, Fraction], dict[int, Fraction]]:
    """Return a row with the leads of others eliminated, and of which parts it is made."""
    row, made = dict(row), dict(made)
    for lead, other, parts in rows:
        q = row.get(lead, Fraction(0)) / other[lead]
        for m, c in other.items() if q else ():
            row[m] = row.get(m, Fraction(0)) - q * c
        for n, c in parts.items() if q else ():
            made[n] = made.get(n, Fraction(0)) - q * c
    return {m: c for m, c in row.items() if c}, made
