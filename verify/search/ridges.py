"""A map as a sum of ridges: l^T phi(l x) with phi entrywise, jumps and loops included."""

from dataclasses import dataclass, replace
from fractions import Fraction

from verify.search.emit import emit
from verify.search.matches import written_out
from verify.search.pull import Cotangent, pull, steps
from verify.search.workbench import Workbench
from verify.trusted.graph import Node, Ref
from verify.trusted.kernel import seen

BUDGET = 200


@dataclass(frozen=True)
class Ridge:
    """sum_K l[K, i] phi[K](u[K]): the nodes l, u, phi."""

    linear: int
    argument: int
    phi: int


@dataclass(frozen=True)
class Radial:
    """sum_K phi[K](|z[K]|) sum_k z[K, k] D_i z[K, k]: the nodes z, u, phi."""

    inner: int
    argument: int
    phi: int


def ridges(bench: Workbench, number: int, inside: bool = False) -> list[Ridge | Radial] | None:
    """Return ridges and radial maps whose sum is a node of x's shape, or None.

    With ``inside`` a factor that does not depend on x is a part of the lines wherever it can be.
    """
    v = bench.var("v", bench.shape)
    pending, visits = [Cotangent(number, v)], 0
    found: list[Ridge | Radial] = []
    while pending:
        group = last_alike(pending)
        visits += 1
        if visits > BUDGET:
            return None
        c = merged(bench, group)
        node = bench.nodes[c.node]
        moving = [r for r in node.args if bench.varies(r.node)]
        below = inside and node.op == "mul" and len(group) == len(moving) == 1
        parts = one_by_one(bench, [with_factors(bench, c)]) if inside and not below else None
        parts = parts or (None if below else one_by_one(bench, [c]))
        parts = parts or (one_by_one(bench, group) if len(group) > 1 else None)
        if parts is not None:
            found += parts
            continue
        if not bench.varies(c.node):
            found.append(constant(bench, c))
            continue
        if (node.op == "mul" and len(moving) > 1) or node.op not in ("mul", "add"):
            return None
        more = steps(bench, c)
        if more is None:
            return None
        pending += more
        if node.op == "add":
            pending += offsets(bench, c)
    return found


def last_alike(pending: list[Cotangent]) -> list[Cotangent]:
    """Take the forms at the last node from what is pending."""
    last = max(c.node for c in pending)
    group = [c for c in pending if c.node == last]
    pending[:] = [c for c in pending if c.node != last]
    return group


def merged(bench: Workbench, group: list[Cotangent]) -> Cotangent:
    """Return the sum of forms at one node."""
    if len(group) == 1:
        return group[0]
    shape, first = bench.nodes[group[0].node].shape, group[0].weights
    if all(c.weights == first for c in group):
        ys = [c.y for c in group]
    else:
        ys = [bench.mul(shape, [bench.whole(c.y), *c.weights]) for c in group]
        first = ()
    return Cotangent(group[0].node, bench.add(shape, [(1, bench.whole(y)) for y in ys]), first)


def with_factors(bench: Workbench, c: Cotangent) -> Cotangent:
    """Return a form with its weights as a part of y."""
    y = bench.mul(bench.nodes[c.node].shape, [bench.whole(c.y), *c.weights])
    return Cotangent(c.node, y) if c.weights else c


def one_by_one(bench: Workbench, group: list[Cotangent]) -> list[Ridge | Radial] | None:
    """Return the ridge or radial map of each form, or None."""
    found = [at(bench, c) or radial(bench, c) for c in group]
    kept = [ridge for ridge in found if ridge is not None]
    return kept if len(kept) == len(found) else None


def together(bench: Workbench, found: list[Ridge | Radial]) -> list[Ridge | Radial]:
    """Return ridges along the same lines as one: of functions that fall the sum may rise."""
    groups: dict[object, list[Ridge | Radial]] = {}
    for part in found:
        key = (part.linear, part.argument) if isinstance(part, Ridge) else part
        groups.setdefault(key, []).append(part)
    kept: list[Ridge | Radial] = []
    for first, *more in groups.values():
        shape, phis = bench.nodes[first.phi].shape, [part.phi for part in (first, *more)]
        whole = bench.add(shape, [(1, bench.whole(phi)) for phi in phis]) if more else first.phi
        kept.append(replace(first, phi=whole))
    return kept


def rewritten(bench: Workbench, ridge: Ridge | Radial) -> Ridge | Radial:
    """Return a ridge with phi from its normal form, where what cancels is gone."""
    node = bench.nodes[ridge.phi]
    phi = bench.attempt(lambda: emit(bench, bench.poly(ridge.phi), node.out, node.shape))
    return ridge if phi is None else replace(ridge, phi=phi)


def offsets(bench: Workbench, c: Cotangent) -> list[Cotangent]:
    """Return the forms at the terms of a sum that do not depend on x."""
    node = bench.nodes[c.node]
    still = [k for k, r in enumerate(node.args) if not bench.varies(r.node)]
    return [pull(bench, c, node.args[k], [], node.coefs[k]) for k in still]


def constant(bench: Workbench, c: Cotangent) -> Ridge:
    """Return a constant term as a ridge whose phi does not depend on its argument."""
    shape = bench.nodes[c.node].shape
    linear = rows(bench, c.y, "var")
    phi = bench.mul(shape, [bench.whole(c.node), *c.weights])
    return Ridge(linear, bench.var(f"u{len(bench.list)}", shape), phi)


def at(bench: Workbench, c: Cotangent) -> Ridge | None:
    """Return the ridge of a node that depends, entry by entry, on entries y would pull to."""
    if any(bench.varies(r.node) for r in c.weights) or bench.varies_in_x(c.y):
        return None
    y = bench.attempt(lambda: bench.poly(c.y))
    shape = bench.nodes[c.node].shape
    for base in bench.below(c.node):
        if bench.nodes[base].shape != shape or not bench.varies(base) or not bench.affine(base):
            continue
        t = bench.tangent(base)
        r = multiple(bench, c.y, t) if y is not None and t is not None else None
        if r:
            variable = bench.var(f"u{base}", shape)
            start = copied(bench, base, {x: zero(bench) for x in bench.xs()})
            whole = bench.add(shape, [(1, bench.whole(variable)), (1, bench.whole(start))])
            inner = copied(bench, c.node, {base: whole})
            head = f"var u{base}"
            entry = bench.attempt(lambda inner=inner: bench.poly(inner))
            pointwise = entry is not None and seen(entry, head) <= {bench.nodes[inner].out}
            if "x" in bench.reach[inner] or not pointwise:
                continue
            phi = bench.mul(shape, [bench.whole(inner), *c.weights], r)
            return Ridge(rows(bench, base, "x"), variable, phi)
    return None


def multiple(bench: Workbench, y: int, t: int) -> Fraction | None:
    """Return the number r with y = r t, also at each position of what is written out."""
    r = bench.ratio(bench.poly(y), bench.poly(t))
    p = written_out(bench, y, t) if r is None and bench.written else None
    return p.constant if p is not None else r


def radial(bench: Workbench, c: Cotangent) -> Radial | None:
    """Return the radial map of a node phi[K](|z[K]|) z[K, k], z affine, that y would pull to."""
    node, lead = bench.nodes[c.node], bench.nodes[c.node].out[:-1]
    names = {i for r in c.weights for i in r.index if isinstance(i, str)}
    still = not any(bench.varies(r.node) for r in c.weights) and not bench.varies_in_x(c.y)
    if node.op not in ("mul", "fn") or not lead or not still or not names <= {*lead}:
        return None
    y = bench.attempt(lambda: bench.poly(c.y))
    for w in bench.below(c.node):
        square = bench.nodes[w]
        pair = square.op == "mul" and len(square.args) == 2 and len({*square.args}) == 1
        base = square.args[0].node if pair and square.shape == node.shape[:-1] else -1
        if base < 0 or bench.nodes[base].shape != node.shape or not bench.affine(base):
            continue
        t = bench.tangent(base)
        r = multiple(bench, c.y, t) if y is not None and t is not None else None
        if not r or square.coefs[0] <= 0 or square.args[0].index[:-1] != lead:
            continue
        variable, z = bench.var(f"u{w}", square.shape), bench.var("z", node.shape)
        phi = bench.attempt(lambda w=w, u=variable, z=z: of_length(bench, c.node, w, u, z))
        if phi is not None:
            phi = bench.mul(square.shape, [bench.whole(phi), *c.weights], r)
            return Radial(base, variable, phi)
    return None


def of_length(bench: Workbench, number: int, w: int, variable: int, z: int) -> int | None:
    """Return phi with phi[K] z[K, k] a node, for the lengths q |z|^2 = w, |z| the variable."""
    square, ring = bench.nodes[w], bench.ring
    root = bench.fn("relu", variable)
    roots = [n for n in bench.below(number) if bench.nodes[n].name == "sqrt"]
    instead = {w: bench.mul(square.shape, [bench.whole(root)] * 2, square.coefs[0])}
    instead |= {n: root for n in roots if bench.nodes[n].args[0].node == w and square.coefs[0] == 1}
    base, node = square.args[0].node, bench.nodes[number]
    own = [ref for ref in node.args if ref.node != base]
    if node.op == "mul" and len(own) == len(node.args) - 1:  # as its form says more
        parts = [Ref(copied(bench, ref.node, instead), ref.index) for ref in own]
        phi = bench.mul(square.shape, parts, node.coefs[0])
        return phi if not bench.varies_in_x(phi) else None
    inner = bench.poly(copied(bench, number, {**instead, base: z}))
    q = ring.substitute(inner, "var z", ring.number(1))
    same = ring.mul(q, bench.poly(z)) is inner and q.free <= {*square.out}
    return emit(bench, q, square.out, square.shape) if same and "x" not in q.heads else None


def zero(bench: Workbench) -> int:
    return bench.mul(bench.shape, [], 0)


def rows(bench: Workbench, number: int, leaf: str) -> int:
    """Return l[K, j] of an affine node l x + b (of a node linear in v, for leaf "var")."""
    node = bench.nodes[number]
    last = tuple(f"i{len(node.shape) + k}" for k in range(len(bench.shape)))
    shape = (*node.shape, *bench.shape)
    if node.op == leaf:
        return bench.make(Node("eye", shape)) if bench.shape else bench.number(1)
    parts: list[tuple[Fraction, Ref]] = []
    for k, ref in enumerate(node.args):
        if leaf in {kind.split()[0] for kind in bench.reach[ref.node]}:
            inner = Ref(rows(bench, ref.node, leaf), (*ref.index, *last))
            if node.op == "add":
                parts.append((node.coefs[k], inner))
            else:
                refs = [*node.args[:k], inner, *node.args[k + 1 :]]
                return bench.mul(shape, refs, node.coefs[0])
    return bench.add(shape, parts)


def copied(
    bench: Workbench, number: int, instead: dict[int, int], names: tuple[str, str] = ("", "")
) -> int:
    """Return a node rebuilt with nodes replaced, its loops as loops of their own.

    ``names``: a loop's name, and that of the loop that the copy stands in.
    """
    if number in instead:
        return instead[number]
    node = bench.nodes[number]
    if node.op == "loop":
        k, step, rounds = node.attrs
        own = 1 + max(n.attrs[0] for n in bench.nodes if n.op == "loop")
        start = copied(bench, node.args[0].node, instead)
        body = dict(instead)
        for n in bench.below(step):
            if bench.nodes[n].op == "state":
                body[n] = bench.make(replace(bench.nodes[n], attrs=(own,)))
        inner = copied(bench, step, body, (f"l{k}", f"l{own}"))
        args = (Ref(start, node.args[0].index),)
        instead[number] = bench.make(replace(node, args=args, attrs=(own, inner, rounds)))
        return instead[number]
    refs = []
    for ref in node.args:
        index = tuple(names[1] if i == names[0] else i for i in ref.index)
        refs.append(Ref(copied(bench, ref.node, instead, names), index))
    same = tuple(refs) == node.args
    instead[number] = number if same else bench.make(replace(node, args=tuple(refs)))
    return instead[number]
