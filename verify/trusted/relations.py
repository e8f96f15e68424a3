"""Products that a relation between functions makes simpler: m inv(m + r), step^2, sqrt^2, .."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from verify.trusted.extrema import all_of, is_hardmax
from verify.trusted.graph import Size
from verify.trusted.polys import Atom, Mono, Poly, lone

if TYPE_CHECKING:
    from verify.trusted.ring import Ring

SCALED = ("inv", "relu", "step", "sigmoid")  # their arguments are multiples of a usual one
Rewriting = tuple[tuple[str, ...], dict[Atom, Any], Poly]


def rewrite(ring: "Ring", factors: dict[Atom, Any]) -> Rewriting | None:
    """Return what replaces some of the factors by a relation between functions, or None."""
    for a, e in factors.items():
        whole = a.head == "E" and (not 0 < e < 1 or 2 * e == 1) and logarithm(a.args[0])
        if whole or (a.head == "E" and [*a.args[0].terms.values()] != [1]):  # or made by a renaming
            rest = {b: n for b, n in factors.items() if b is not a}
            return (), rest, ring.exp(ring.add((e, a.args[0])))
        if a.head in SCALED and not usual(ring, a):
            rest = {b: n for b, n in factors.items() if b is not a}
            return (), rest, ring.mul(*[ring.of(a.head, *a.args)] * e)
        mixed = a.head in ("sigmoid", "dsigmoid") and any(b.head == "E" for b in factors)
        if mixed and (found := exponential_of(ring, a, factors)):
            return (), *found
        squared = square(ring, a) if e >= 2 and a.head != "E" else None
        if squared is not None:
            return (), {**factors, a: e - 2}, squared
        paired = pair(ring, a, factors) if a.head in ("relu", "step", "inv") else None
        if paired is not None:
            return (), paired, ring.number(1) if paired else ring.number(0)
    return None


def exponential_of(
    ring: "Ring", a: Atom, factors: dict[Atom, Any]
) -> tuple[dict[Atom, Any], Poly] | None:
    """Return the other factors and what e^(t p) f(p) is equal to, for t = -1 and 0 < t <= 1.

    With s = sigmoid(p) and d = s - s^2: e^p s = e^p - s, e^-p s = 1 - s, e^p d = s - d, and
    e^-p d = 1 - s - d, all from e^p (1 - s) = s.
    """
    p, one = a.args[0], Fraction(1)
    exponents = {ring.atom("E", (), (ring.poly({m: one}),)): c for m, c in p.terms.items()}
    t, *others = {factors.get(b, 0) / c for b, c in exponents.items()}
    if others or not (t == -1 or 0 < t <= 1):
        return None
    rest = {b: e - (b is a) for b, e in factors.items() if b not in exponents}
    s, d = ring.of("sigmoid", p), ring.of("dsigmoid", p)
    if t == -1:
        return rest, ring.add((1, ring.number(1)), (-1, s), *[(-1, d)] * (a.head == "dsigmoid"))
    less = ring.exp(ring.add((t - 1, p)))
    if a.head == "dsigmoid":
        return rest, ring.mul(less, ring.add((1, s), (-1, d)))
    return rest, ring.add((1, ring.exp(ring.add((t, p)))), (-1, ring.mul(less, s)))


def usual(ring: "Ring", a: Atom) -> bool:
    """Return whether an atom is what its function gives; one made by a renaming may be another."""
    if a not in ring.usual:
        ring.usual[a] = True  # while it is computed
        ring.usual[a] = ring.of(a.head, *a.args) is ring.lift(a)
    return ring.usual[a]


def logarithm(p: Poly) -> bool:
    """Return whether a Poly is log u."""
    inside = lone(p)
    return inside is not None and inside.head == "log"


def square(ring: "Ring", a: Atom) -> Poly | None:
    """Return what a^2 is equal to, where its function has a relation."""
    if a.head == "sigmoid":
        return ring.add((1, ring.lift(a)), (-1, ring.of("dsigmoid", *a.args)))
    if a.head in ("step", "iszero") or is_hardmax(a) or is_mask(ring, a):
        return ring.lift(a)
    if a.head == "sqrt":
        return a.args[0]
    if a.head == "sin":
        cos = ring.of("cos", *a.args)
        return ring.add((1, ring.number(1)), (-1, ring.mul(cos, cos)))
    root = lone(a.args[0]) if a.head == "inv" else None
    return ring.of("inv", root.args[0]) if root and root.head == "sqrt" else None


def is_mask(ring: "Ring", a: Atom) -> bool:
    """Return whether an atom is an entry of a constant of zeros and ones."""
    return a.head.startswith("lit ") and {0, 1}.issuperset(ring.literals[int(a.head[4:])].data)


def pair(ring: "Ring", a: Atom, factors: dict[Atom, Any]) -> dict[Atom, Any] | None:
    """Return the factors after a relation between a and another; {} stands for 0."""
    if a.head == "inv":  # b inv(b) = 1, sqrt(p) inv(p) = inv(sqrt(p))
        b, root = lone(a.args[0]), ring.atoms.get(("sqrt", (), a.args))
        if b in factors:
            return {**factors, a: factors[a] - 1, b: factors[b] - 1}
        if root in factors:
            inverse = ring.atom("inv", (), (ring.lift(root),))
            rest = {**factors, a: factors[a] - 1, root: factors[root] - 1}
            return {**rest, inverse: factors.get(inverse, 0) + 1}
        return None
    mirrored = ring.add((-1, a.args[0]))
    for b in factors:
        if b.head in ("relu", "step") and b.args[0] is mirrored:
            return {}
        if a.head == "relu" and b.head == "step" and a.args == b.args:
            return {**factors, b: 0}
    return None


def cancel(ring: "Ring", bounds: dict[str, Size], factors: dict[Atom, Any]) -> Rewriting | None:
    """Return m inv(m + r) replaced by 1 - r inv(m + r), and m step(m + r) by relu - r step.

    m is the leading monomial. The order is one of products too, so that nothing goes in circles.
    A sum over all entries of a hardmax is 1.
    """
    for a in factors:
        if is_hardmax(a) and all_of(a, bounds, factors):
            names = tuple(str(i) for i in a.index)
            return names, {b: e for b, e in factors.items() if b is not a}, ring.number(1)
        if a.head not in ("inv", "step") or a.args[0].constant is not None:
            continue
        lead = leading(ring, a.args[0])
        found = without(ring, bounds, {**factors, a: factors[a] - 1}, lead) if lead else None
        if lead and found is not None and a.free.isdisjoint(found[0]):
            terms = a.args[0].terms
            others = ring.poly({m: q for m, q in terms.items() if m != lead})
            whole = ring.number(1) if a.head == "inv" else ring.of("relu", *a.args)
            instead = ring.add((1, whole), (-1, ring.mul(others, ring.lift(a))))
            return *found, ring.add((1 / terms[lead], instead))
    return None


def leading(ring: "Ring", p: Poly) -> Mono | None:
    """Return the monomial of the highest degree, of most sums, and so on; None if two are."""
    if p not in ring.leads:
        ring.spend(5 * len(p.terms))
        weights = []
        for bounds, factors in p.terms:
            degree = sum(e for a, e in factors if a.head != "E")
            kinds = sum(e * (1 + ring.mark(a, {}) % 2**40) for a, e in factors)
            weights.append((degree, len(bounds), kinds))
        most = max(weights)
        alone = weights.count(most) == 1
        ring.leads[p] = [*p.terms][weights.index(most)] if alone else None
    return ring.leads[p]


def without(
    ring: "Ring", bounds: dict[str, Size], factors: dict[Atom, Any], part: Mono
) -> tuple[tuple[str, ...], dict[Atom, Any]] | None:
    """Return (indices, factors left) after a monomial, alone in its indices, is taken."""
    kinds = {ring.mark(b, {}) for b in factors}
    if any(ring.mark(b, {}) not in kinds for b, _ in part[1]):
        return None
    for names in placings(ring, bounds, factors, part):
        taken = ring.merge(dict(part[1]), names)
        if all(factors.get(b, 0) >= e > 0 or factors.get(b) == e for b, e in taken.items()):
            rest = {b: e - taken.get(b, 0) for b, e in factors.items()}
            rest = {b: e for b, e in rest.items() if e}
            if all(b.free.isdisjoint(names.values()) for b in rest):
                return tuple(names.values()), rest
    return None


def placings(
    ring: "Ring", bounds: dict[str, Size], factors: dict[Atom, Any], part: Mono
) -> Iterator[dict[str, Any]]:
    """Yield the ways of naming a monomial's indices after bounds that make its atoms factors."""
    slots, open_names = dict(part[0]), [dict[str, Any]()]
    while open_names:
        names = open_names.pop()
        ring.spend(5)
        known = [b for b, _ in part[1] if b.free.isdisjoint(slots.keys() - names.keys())]
        if any(ring.rename_atom(b, names) not in factors for b in known):
            continue
        if len(names) == len(slots):
            yield names
            continue
        slot, size = part[0][len(names)]
        more = [n for n in bounds if bounds[n] == size and n not in names.values()]
        open_names += [{**names, slot: n} for n in reversed(more)]
