"""Through one operation backwards: where a cotangent goes, and what it picks up on the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from verify.search.workbench import Workbench, names
from verify.trusted.graph import Index, Node, Ref


@dataclass(frozen=True)
class Cotangent:
    """The form y[K] weight[K] D_v g[K], summed over K, for a node g.

    Attributes:
        node: g.
        y: a node of g's shape, linear in v.
        weights: factors, indexed by names of g.
    """

    node: int
    y: int
    weights: tuple[Ref, ...] = ()


def steps(bench: Workbench, c: Cotangent) -> list[Cotangent] | None:
    """Return what a form at a node is the sum of, at the node's arguments; None if not known."""
    node = bench.nodes[c.node]
    moving = [k for k, ref in enumerate(node.args) if bench.varies(ref.node)]
    found = []
    for k in moving:
        if node.op == "add":
            found.append(pull(bench, c, node.args[k], [], node.coefs[k]))
        elif node.op == "mul":
            others = [*node.args[:k], *node.args[k + 1 :]]
            found.append(pull(bench, c, node.args[k], others, node.coefs[0]))
        else:
            slope = bench.slope_node(c.node) if node.op == "fn" else None
            if slope is None:
                return None
            found.append(pull(bench, c, node.args[k], [bench.whole(slope)], Fraction(1)))
    return found if moving else None


def pull(
    bench: Workbench, c: Cotangent, target: Ref, others: Sequence[Ref], q: Fraction
) -> Cotangent:
    """Return the form at one argument of a product q others target, summed over other names."""
    out, shape = bench.nodes[c.node].out, bench.nodes[target.node].shape
    new: dict[Index, Index] = {}
    eyes = []
    for axis, n in enumerate(target.index):
        if isinstance(n, str) and n not in new:
            new[n] = f"i{axis}"
        else:
            eye = bench.make(Node("eye", (shape[axis], shape[axis])))
            eyes.append(Ref(eye, (f"i{axis}", new[n] if isinstance(n, str) else n)))
    factors = [*others, *c.weights]
    held = [] if eyes else [r for r in factors if names(r.index) <= names(target.index)]
    through = factors if eyes else [r for r in factors if not names(r.index) <= names(target.index)]
    weights = tuple(renamed(r, new) for r in held)
    if not through and not eyes and q == 1 and out == target.index:
        return Cotangent(target.node, c.y, weights)
    parts = [*(renamed(r, new) for r in (Ref(c.y, out), *through)), *eyes]
    return Cotangent(target.node, bench.mul(shape, parts, q), weights)


def renamed(ref: Ref, new: dict[Index, Index]) -> Ref:
    """Return a reference with names replaced, the others kept apart from an output's names."""
    return Ref(ref.node, tuple(new.get(i, f"s{i}" if isinstance(i, str) else i) for i in ref.index))
