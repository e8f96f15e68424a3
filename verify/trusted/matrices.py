"""Products of matrix functions: A inverse(A) = I, exp(a A) exp(b A) = exp((a + b) A)."""

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from verify.trusted.graph import Size
from verify.trusted.polys import Atom, Poly, sized
from verify.trusted.relations import Rewriting, leading, without

if TYPE_CHECKING:
    from verify.trusted.ring import Ring

SQUARE = ("inverse", "matrix_exp")  # f(A^T) = f(A)^T
HEADS = tuple(f'{symmetric}["{name}",' for name in SQUARE for symmetric in ("", "symmetric "))


def function_of(a: Atom) -> tuple[str, list[str]]:
    """Return the name of a function of a square matrix and the names of that one's axes, or ""."""
    if not a.head.startswith(HEADS):
        return "", []
    _, _, head = a.head.rpartition("symmetric ")
    name, acted, new, *statics, sizes, orders = json.loads(head)
    axes = [n for order in orders for n in order if n]
    whole = (acted, new, statics, len(orders), len(sizes)) == (2, 2, [], 1, 2)
    return (name, axes) if whole and len({*axes}) == len(axes) == 2 else ("", [])


def contracted(ring: "Ring", bounds: dict[str, Size], factors: dict[Atom, Any]) -> Rewriting | None:
    """Return a sum over k of f(A)[i, k] and what it meets, by an identity of f, or None.

    sum_k inverse(A)[i, k] m[k, j] = (I[i, j] - sum_k inverse(A)[i, k] (A - q m)[k, j]) / q, m the
    leading monomial of A and q its coefficient; the same from the other side.
    """
    for a, e in factors.items():
        name, axes = function_of(a)
        for side in (0, 1) if name and e == 1 else ():
            i, k = a.index[side], a.index[1 - side]
            if k not in bounds or i == k or any(k in p.free for p in a.args):
                continue
            others = {b: n for b, n in factors.items() if b is not a}
            if name == "matrix_exp":
                found = exponents(ring, a, others, side)
            else:
                found = inverted(ring, bounds, others, a, side, axes)
            if found is not None:
                return found
    return None


def exponents(ring: "Ring", a: Atom, others: dict[Atom, Any], side: int) -> Rewriting | None:
    """Return exp(A)[i, k] exp(r A)[k, j] as exp((1 + r) A)[i, j], if nothing else has k."""
    i, k = a.index[side], str(a.index[1 - side])
    met = [b for b in others if k in b.free]
    b = met[0] if len(met) == 1 else a
    if b.head != a.head or others.get(b) != 1 or any(k in p.free for p in b.args):
        return None
    at = [axis for axis, n in enumerate(b.index) if n == k]
    r = multiple(ring, b.args[0], a.args[0])
    symmetric = a.head.startswith("symmetric ")
    if len(at) != 1 or r is None or not (symmetric or at == [side]):
        return None
    j = b.index[1 - at[0]]
    pair = (i, j) if side == 0 else (j, i)
    whole = ring.add((1 + r, a.args[0]))
    power = ring.entry(a.head, pair, (whole,)) if whole.terms else unit(ring, i, j)
    return (k,), {c: n for c, n in others.items() if c is not b}, power


def multiple(ring: "Ring", p: Poly, q: Poly) -> Fraction | None:
    """Return r with p = r q, or None."""
    mono = next(iter(q.terms), None)
    r = p.terms.get(mono, Fraction(0)) / q.terms[mono] if mono else Fraction(0)
    return r if r and ring.add((r, q)) is p else None


def inverted(
    ring: "Ring",
    bounds: dict[str, Size],
    others: dict[Atom, Any],
    a: Atom,
    side: int,
    axes: list[str],
) -> Rewriting | None:
    """Return what the leading monomial of A becomes beside its inverse, if nothing else has k."""
    i, k = a.index[side], str(a.index[1 - side])
    held, open_axis = axes if side == 0 else reversed(axes)
    near = {n for b in others if k in b.free for n in b.free}
    for j in sorted({n for b in others for n in b.free} - {k}) if near else ():
        p = ring.rename(a.args[0], {held: k, open_axis: j})
        lead = leading(ring, p)
        found = without(ring, bounds, others, lead) if lead else None
        if lead is None or found is None or k in found[0] or j in found[0]:
            continue
        names, rest = found
        if i in names or any(k in b.free for b in rest) or not a.free.isdisjoint(names):
            continue
        if not sized((b for b, _ in lead[1]), j):
            continue
        less = ring.add((1, p), (-p.terms[lead], ring.poly({lead: Fraction(1)})))
        less = ring.sum(ring.mul(less, ring.lift(a)), {k: bounds[k]})
        q = 1 / p.terms[lead]
        return (*names, k), rest, ring.add((q, unit(ring, i, j)), (-q, less))
    return None


def unit(ring: "Ring", i: Any, j: Any) -> Poly:
    """Return the entry of the unit matrix."""
    return ring.normal(Fraction(1), {}, {ring.atom("eye", (i, j)): 1})
