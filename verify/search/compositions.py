"""A map as phi(w) grad w for a scalar w on its way, or phi(|z|) times a gradient, and a rest."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

from verify.search.emit import emit
from verify.search.gram import halves
from verify.search.potentials import moves
from verify.search.ridges import Radial, Ridge, copied, ridges
from verify.search.workbench import Workbench
from verify.trusted.graph import Node, Ref
from verify.trusted.polys import Poly

Proof = dict[str, Any]
HALF = Fraction(1, 2)
MOST = 12  # scalars that are looked at
DEEP = 6  # parts of one map


def compositions(bench: Workbench) -> Iterator[Proof]:
    """Yield proofs of the map as a sum of such parts and of ridges."""
    for parts in decomposed(bench, bench.root, 0):
        yield parts[0] if len(parts) == 1 else {"rule": "sum", "parts": parts}


def decomposed(bench: Workbench, number: int, depth: int) -> Iterator[list[Proof]]:
    """Yield the parts that a map is the sum of: first those that are all of it."""
    below, left = bench.below(number), list[tuple[Proof, int]]()
    for w in [n for n in reversed(below) if scalar(bench, n)][:MOST]:
        for part, rest in bench.attempt(lambda w=w: [*taken(bench, number, w)]) or ():
            if rest is None:
                yield [part]
            else:
                left.append((part, rest))
    for part, rest in left:
        found = bench.attempt(lambda rest=rest: ridges(bench, rest))
        if found:
            yield [part, *map(ridge_rule, found)]
        elif depth < DEEP:
            for more in decomposed(bench, rest, depth + 1):
                yield [part, *more]
                return


def ridge_rule(ridge: Ridge | Radial) -> Proof:
    """Return the proof of a ridge, or of a radial map."""
    if isinstance(ridge, Radial):
        nodes = {"inner": ridge.inner, "argument": ridge.argument, "phi": ridge.phi}
        return {"rule": "radial", **nodes}
    nodes = {"linear": ridge.linear, "argument": ridge.argument, "phi": ridge.phi}
    return {"rule": "ridge", **nodes}


def shared_out(bench: Workbench, found: Sequence[Ridge | Radial]) -> list[Ridge | Radial]:
    """Return ridges and radial maps with q x as q z on each of the latter, where these cover x."""
    radials = [part for part in found if isinstance(part, Radial)]
    plain = [replace(part, phi=bench.mul(bench.nodes[part.phi].shape, [])) for part in radials]
    whole = [entries(bench, part) for part in plain]
    unit = [bench.ring.add(*((1, p) for p in column)) for column in zip(*whole, strict=True)]
    for part in found if radials else ():
        own = entries(bench, part) if isinstance(part, Ridge) else []
        ratios = {bench.ratio(p, q) for p, q in zip(own, unit, strict=True)} if own else {None}
        q = ratios.pop()
        if not ratios and q:
            rest = [other for other in found if other is not part and other not in radials]
            return rest + [replace(radial, phi=more(bench, radial.phi, q)) for radial in radials]
    return []


def more(bench: Workbench, phi: int, q: Fraction) -> int:
    """Return the node phi + q."""
    return bench.add(bench.nodes[phi].shape, [(1, bench.whole(phi)), (q, Ref(bench.number(1), ()))])


def entries(bench: Workbench, part: Ridge | Radial) -> list[Poly]:
    """Return the entries of the map that a part of a proof is about."""
    bench.psd, kept = False, bench.psd  # no matter whether it is monotone
    try:
        return bench.rule(ridge_rule(part), bench.places(bench.shape, "o"), "")
    finally:
        bench.psd = kept


def scalar(bench: Workbench, number: int) -> bool:
    """Return whether a node is a number that moves with x and with no variable."""
    return bench.nodes[number].shape == () and moves(bench, number)


def taken(bench: Workbench, number: int, w: int) -> Iterator[tuple[Proof, int | None]]:
    """Yield the part of a map that a scalar and its gradient explain, and the rest."""
    index, shape = bench.nodes[number].out, bench.nodes[number].shape
    argument, head = bench.var(f"u{w}", ()), f"var u{w}"
    found = bench.attempt(lambda: squared(bench, w))
    inner, q = found or (w, HALF)
    ways = [{w: argument}]
    if not found and bench.sign(w) >= 1:
        ways.append({w: bench.fn("relu", argument)})
        ways += under_root(bench, number, w, ways[-1][w])
    if found:
        r = bench.fn("relu", argument)
        instead: dict[int, int] = {w: bench.mul((), [Ref(r, ()), Ref(r, ())], q)}
        roots = [n for n in bench.below(number) if bench.nodes[n].name == "sqrt"]
        instead |= {n: r for n in roots if q == 1 and bench.nodes[n].args[0].node == w}
        ways = [instead]
    slope = bench.ring.derivative(bench.poly(w), "x", index)
    own = grouped(bench, bench.ring.add((HALF / q if found else 1, slope)))
    inners = [inner] * len(ways)
    for c, shifted in [] if found else above(bench, w):
        inners.append(shifted)
        parts = [(c, Ref(bench.number(1), ())), (1, Ref(bench.fn("relu", argument), ()))]
        ways.append({w: bench.add((), parts)})
    for way, inner in zip(ways, inners, strict=True):
        moved = copied(bench, number, way)
        whole = grouped(bench, bench.poly(moved))
        for phi, rest in explained(bench, whole, own, head):
            nodes = {"inner": inner, "argument": argument, "phi": written(bench, phi, moved)}
            left = emit(bench, rest, index, shape) if rest.terms else None
            yield {"rule": "radial" if found else "chain", **nodes}, left


def under_root(bench: Workbench, number: int, w: int, r: int) -> Iterator[dict[int, int]]:
    """Yield what stands for nodes in terms of r >= 0, for a root w of one of them and a number."""
    root = bench.nodes[w].args[0].node if bench.nodes[w].name == "sqrt" else w
    instead, p = {w: r}, bench.poly(root)
    square = bench.mul((), [Ref(r, ()), Ref(r, ())])
    for n in bench.below(number) if root != w else ():
        c = bench.ring.add((1, p), (-1, bench.poly(n))).constant if scalar(bench, n) else None
        if c is not None and c >= 0:
            less = bench.add((), [(1, Ref(square, ())), (-c, Ref(bench.number(1), ()))])
            instead[n] = bench.fn("relu", less) if c else square
    if len(instead) > 1:
        yield instead


def above(bench: Workbench, w: int) -> Iterator[tuple[Fraction, int]]:
    """Yield a number c != 0 and the node w - c, where that is seen to be >= 0."""
    p, c = bench.poly(w), Fraction(0)
    for (bounds, factors), q in p.terms.items():
        lows = [low for a, e in factors for low in [bench.between(a)[0]] for _ in range(int(e))]
        ends = [low[0] for low in lows if low and low[0] > 0]
        if q > 0 and len(ends) == len(lows) and all(type(size) is int for _, size in bounds):
            c += q * prod(ends) * prod(int(size) for _, size in bounds)
        elif not factors:
            c += q
    less = bench.add((), [(1, Ref(w, ())), (-c, Ref(bench.number(1), ()))])
    if c and bench.attempt(lambda: bench.sign(less)) in (1, 2):
        yield c, less


def written(bench: Workbench, phi: Poly, moved: int) -> int:
    """Return a node for phi: one that the map computes, as its form says more, else a new one."""
    for n in reversed(bench.below(moved)):
        if bench.nodes[n].shape == () and bench.varies(n) and not bench.varies_in_x(n):
            r = bench.ratio(phi, bench.poly(n))
            if r:
                return n if r == 1 else bench.mul((), [Ref(n, ())], r)
    return emit(bench, phi, (), ())


def squared(bench: Workbench, w: int) -> tuple[int, Fraction] | None:
    """Return (z, q) with w = q sum_k z_k^2 for an affine z and a number q > 0, or None."""
    node, ring = bench.nodes[w], bench.ring
    if node.op == "mul" and len(node.args) == 2 and node.args[0] == node.args[1]:
        z = node.args[0].node
        if len(bench.nodes[z].shape) == len({*node.args[0].index}) == 1 and bench.affine(z):
            return (z, node.coefs[0]) if node.coefs[0] > 0 else None
    names = [tuple(f"{letter}{axis}" for axis in range(len(bench.shape))) for letter in "op"]
    hessian = bench.poly(w)
    for index in names:
        hessian = ring.derivative(hessian, "x", index)
    if "x" in hessian.heads or not hessian.terms:
        return None
    form = ring.mul(hessian, *(ring.entry("var v", index) for index in names))
    pairs = halves(bench, bench.total(ring.add((HALF, form)), sum(names, ()), bench.shape * 2))
    (c, s), *others = pairs or [(0, 0)]
    if not pairs or others or len(bench.nodes[s].shape) != 1:
        return None
    x = bench.make(Node("x", bench.shape))
    line = copied(bench, s, {bench.var("v", bench.shape): x})
    z = bench.mul(bench.nodes[s].shape, [bench.whole(bench.fn("sqrt", c)), bench.whole(line)])
    p = ring.mul(bench.poly(z), bench.poly(z))
    same = bench.total(p, bench.nodes[z].out, bench.nodes[z].shape) is bench.poly(w)
    return (z, Fraction(1)) if same else None


def grouped(bench: Workbench, p: Poly) -> dict[Poly, Poly]:
    """Return a Poly as sum key times value: in the values what is of the variable or a constant."""
    ring, found = bench.ring, dict[Poly, list[tuple[Fraction, Poly]]]()
    for (bounds, factors), q in p.terms.items():
        sizes, powers = ring.open(bounds, factors)
        value = {a: e for a, e in powers.items() if not a.free and "x" not in a.heads}
        key = ring.normal(q / q, sizes, {a: e for a, e in powers.items() if a not in value})
        found.setdefault(key, []).append((q, ring.normal(q / q, {}, value)))
    return {key: ring.add(*parts) for key, parts in found.items()}


def explained(
    bench: Workbench, whole: dict[Poly, Poly], own: dict[Poly, Poly], head: str
) -> Iterator[tuple[Poly, Poly]]:
    """Yield phi and a rest without the variable, with whole = phi own + rest."""
    ring = bench.ring
    free = {
        key: ring.poly(
            {m: q for m, q in p.terms.items() if all(head not in a.heads for a, _ in m[1])}
        )
        for key, p in whole.items()
    }
    moving = {key: ring.add((1, p), (-1, free[key])) for key, p in whole.items()}
    for values in (whole, moving):
        key = next(iter(own), None)
        if key is None or key not in values or not values[key].terms:
            continue
        phi = ring.mul(values[key], ring.inv(own[key]))
        if head not in phi.heads:
            continue
        left = {k: ring.add((1, p), (-1, ring.mul(phi, own.get(k, ring.number(0))))) for k, p in
                whole.items()}  # fmt: skip
        rest = ring.add(*((1, ring.mul(k, p)) for k, p in left.items()))
        if head not in rest.heads and own.keys() <= whole.keys():
            yield phi, rest
