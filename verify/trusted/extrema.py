"""Maxima: which entry is the first of the largest, derivatives and signs of a maximum.

hardmax(p)[k] is 1 at the first k, row by row, where p_k = max p, else 0. What all p_k share, a
positive factor and a square root do not change it, and the sum over all k is 1.
"""

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from verify.trusted.graph import Index, Size, text
from verify.trusted.parity import scale
from verify.trusted.polys import Atom, Poly, RingError, level, lone

if TYPE_CHECKING:
    from verify.trusted.bounds import Bounds
    from verify.trusted.ring import Ring


def hardmax(
    ring: "Ring", p: Poly, names: Sequence[str], sizes: Sequence[Size], index: tuple[Index, ...]
) -> Poly:
    """Return hardmax(p)[index], p a function of free names of these sizes that nothing else has."""
    shared = {m: all(a.free.isdisjoint(names) for a, _ in m[1]) for m in p.terms}
    moving = ring.poly({m: q for m, q in p.terms.items() if not shared[m]})
    unit = ring.add((1 / (abs(scale(ring, moving)) or Fraction(1)), moving))
    for side in (1, -1):
        a = lone(ring.add((side, unit)))
        if a is not None and a.head == "sqrt":
            return hardmax(ring, ring.add((side, a.args[0])), names, sizes, index)
    at = level([unit])
    acted: dict[str, Index] = {n: f"c{at}_{k}" for k, n in enumerate(names)}
    return ring.entry(text(["hardmax", *sizes]), index, (ring.rename(unit, acted),))


def is_hardmax(a: Atom) -> bool:
    """Return whether an atom is an entry of a hardmax."""
    return a.head.startswith('["hardmax",')


def way_of(a: Atom) -> int:
    """Return 1 for an entry of what rises by its place, a sort or a running maximum; -1, falls; 0.

    sort(p)[k] is the k-th least of all p_j, cummax(p)[k] the largest of the first k of them: it is
    not less than that of fewer.
    """
    if not a.head.startswith(('["sort",1,1,', '["cummax",1,1,', '["cummin",1,1,')):
        return 0
    name, _, _, *statics, sizes, _ = json.loads(a.head)
    falls = name == "cummin" or statics == [1]
    known = len(sizes) == len(a.index) == 1 and statics in ([], [0], [1])
    return (-1 if falls else 1) if known else 0


def all_of(a: Atom, bounds: dict[str, Size], factors: dict[Atom, Any]) -> bool:
    """Return whether a sum runs over all entries of a hardmax, and over nothing else with them."""
    names = [i for i in a.index if isinstance(i, str)]
    whole = len({*names}) == len(a.index) and [bounds.get(n) for n in names] == sizes_of(a)
    inside = any(not b.free.isdisjoint(names) for b in factors if b is not a)
    return whole and not inside and all(p.free.isdisjoint(names) for p in a.args)


def sizes_of(a: Atom) -> list[Size]:
    """Return the sizes of a hardmax."""
    return json.loads(a.head)[1:]


def slope_of_extremum(ring: "Ring", a: Atom, head: str, index: tuple[Index, ...]) -> Poly:
    """Return the derivative of max_k p_k (or min): the mean of those of the p_k that attain it.

    It is in the convex hull of these, so conservative; and a subgradient of a maximum where they
    are. Their number is not 0, so it is defined wherever all p_k and their derivatives are. As
    much is true of that of the first p_k that attains it, which ``ring.first`` asks for.
    """
    name, _, new, *statics, sizes, orders = json.loads(a.head)
    acted = [n for order in orders for n in order if n]
    if new or statics or len(orders) != 1 or not len({*acted}) == len(acted) == len(sizes):
        raise RingError(f"no derivative of {name}")
    names: dict[str, Index] = {n: ring.name() for n in acted}
    bounds = {str(names[n]): sizes[int(n.rpartition("_")[2])] for n in acted}
    entry = ring.rename(a.args[0], names)
    slope = ring.derivative(entry, head, index)
    if ring.first:
        above = ring.add((1 if name == "amax" else -1, entry))
        first = hardmax(ring, above, [*bounds], [*bounds.values()], tuple(bounds))
        return ring.sum(ring.mul(first, slope), bounds)
    attains = ring.of("iszero", ring.add((1, ring.lift(a)), (-1, entry)))
    total = ring.sum(ring.mul(attains, slope), bounds)
    return ring.mul(total, ring.inv(ring.sum(attains, bounds)))


def by_extremum(signs: "Bounds", a: Atom, parts: dict[Any, Poly], depth: int) -> int:
    """Return the sign of k max u + r (or min): of k u_i + r, for one i or for all i.

    max u >= u_i, so k (max u - u_i) has the sign of k; and max u is one of the u_i.
    """
    if not is_extremum(a) or parts.keys() - {0} != {1}:
        return 0
    ring, k, r = signs.ring, parts[1], parts.get(0, signs.ring.number(0))
    s = signs.sign_by_corners(k, depth)
    for u in entries_of(ring, a, r) if s else ():
        side = (1 if s > 0 else -1) * (1 if a.head.startswith('["amax",') else -1)
        found = signs.sign_beside(ring.add((1, ring.mul(k, u)), (1, r)), side, depth + 3)
        if found:
            return found
    whole = ring.add((1, ring.mul(k, attained(ring, a))), (1, r))
    return signs.sign_by_corners(whole, depth + 3)


def is_extremum(a: Atom) -> bool:
    """Return whether an atom is the maximum, or minimum, of the entries of one argument."""
    if not a.head.startswith(('["amax",', '["amin",')):
        return False
    _, acted, new, *statics, sizes, _ = json.loads(a.head)
    names = acted_on(a)
    alone = not new and not statics and len(a.args) == 1 and not a.index
    return alone and len({*names}) == len(names) == acted == len(sizes)


def acted_on(a: Atom) -> list[str]:
    """Return the names, inside of its argument, that an extremum is over."""
    return [n for order in json.loads(a.head)[-1] for n in order if n]


def attained(ring: "Ring", a: Atom) -> Poly:
    """Return the entry of an extremum's argument at new names: at some values of these it is it."""
    return ring.rename(a.args[0], {n: ring.name() for n in acted_on(a)})


def entries_of(ring: "Ring", a: Atom, r: Poly) -> Iterator[Poly]:
    """Yield entries of the argument of an extremum over one axis, at places that r has.

    A leaf that the argument has at the axis stands in r at a place: so the axis has that place.
    """
    (name, *more) = acted_on(a)
    ours, theirs = leaves(a.args[0]), leaves(r)
    places = {
        place
        for mine in ours
        for other in theirs
        for n, place in zip(mine.index, other.index, strict=False)
        if (mine.head, n) == (other.head, name) and len(mine.index) == len(other.index)
    }
    for place in sorted(places, key=str) if not more else ():
        if isinstance(place, int) or (place in r.free and place[0] not in "bc"):  # no call's own
            yield ring.rename(a.args[0], {name: place})


def leaves(p: Poly) -> set[Atom]:
    """Return the entries of tensors in a Poly, also those inside of functions."""
    atoms = {a for _, factors in p.terms for a, _ in factors}
    own = {a for a in atoms if a.head.split()[0] in ("x", "param", "lit")}
    return own.union(*(leaves(q) for a in atoms for q in a.args))
