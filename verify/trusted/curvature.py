"""The convexity calculus: sums, positive multiples, compositions, log-sum-exp, lengths, maxima.

A maximum is written q relu(d) + R, which is max(R, R + q d) for q > 0: convex where both branches
are, after what d and R share has cancelled. Formal derivatives choose the branch R + q d where
d > 0, else R: one that is active, so they are a subgradient if those of the branches are.
"""

from fractions import Fraction

from verify.trusted.graph import Node, Ref
from verify.trusted.pieces import JUMPS
from verify.trusted.polys import Poly, RingError
from verify.trusted.primitives import Primitives
from verify.trusted.signs import agree, int_sign, times

CONVEX = {"exp": 1, "softplus": 1, "relu": 1}  # convex, and nondecreasing (1)
KINKED = {*JUMPS, "relu", "sqrt", "pow"}
KINKS = 6  # of a sum, each a maximum of two branches


def smooth(p: Poly) -> bool:
    """Return whether no function in p has a kink."""
    return KINKED.isdisjoint(p.heads) and not any(head.startswith("[") for head in p.heads)


class Curvature(Primitives):
    """Curvature: 1 convex in x, -1 concave, 0 affine, None not seen."""

    def curvature(self, number: int) -> int | None:
        """Return 1 if a node's entries are convex in x, -1 concave, 0 affine, None not seen."""
        if number not in self.bends:
            found = self.curvature_by_form(number)
            self.bends[number] = self.curvature_by_slope(number) if found is None else found
        return self.bends[number]

    def curvature_by_slope(self, number: int) -> int | None:
        """Return the curvature of phi(w[K]) for an affine w: phi smooth, phi' up or down."""
        node = self.nodes[number]
        named = not self.opaque.keys().isdisjoint(self.below(number))  # other slopes at a point
        if named or node.op not in ("mul", "add", "fn") or not smooth(self.value(number)):
            return None
        near = [w for w in self.below(number)[:-1] if self.nodes[w].shape == node.shape]
        for w in [w for w in near if self.affine(w) and self.through(number, w, "x")][:3]:
            p = self.cut_at(number, w)
            try:
                slope = self.ring.derivative(p, "cut", node.out) if p and smooth(p) else None
                found = self.rising(slope, node.out) if slope else None
            except RingError:
                found = None
            if found is not None:
                return found
        return None

    def curvature_by_form(self, number: int) -> int | None:
        """Return the curvature that an operation and its arguments' curvatures give."""
        node = self.nodes[number]
        if node.op == "x" or not self.varies(number):
            return 0
        if number in self.opaque:
            return self.bend_of_named(number, self.curvature(self.opaque[number][1]))
        if node.op == "add":
            own = Ref(number, node.out)
            parts = self.flat(own, Fraction(1))
            terms = dict[Ref, Fraction]()  # its own, where they are of other indices
            for q, ref in zip(node.coefs, node.args, strict=True):
                terms[ref] = terms.get(ref, Fraction(0)) + q
            return self.combined(terms if own in parts else parts)
        inner = [self.curvature(ref.node) for ref in node.args]
        bends = [c for c in inner if c is not None]
        if len(bends) < len(inner):
            return None
        if node.op == "mul":
            moving = [ref for ref in node.args if self.varies(ref.node)]
            signs = [self.sign(ref.node) for ref in node.args if ref not in moving]
            factor = 2 * int_sign(node.coefs[0])
            for s in signs:
                factor = times(factor, s)
            if len(moving) > 1 and len({*moving}) == 1:  # u^n
                k, sign = self.curvature(moving[0].node), self.sign(moving[0].node)
                even = len(moving) % 2 == 0
                bent = (k == 0 and even) or (k in (0, 1) and sign >= 1)
                bent = bent or (k == -1 and sign <= -1 and even)
                return int_sign(Fraction(factor)) or None if bent else None
            if len(moving) == 2 and self.is_relu_of(*moving):  # u relu(u) = relu(u)^2
                return 1 if factor > 0 else None
            if len(moving) != 1:
                return None
            bend = bends[node.args.index(moving[0])]
            return 0 if bend == 0 else bend * int_sign(Fraction(factor)) or None
        if node.op == "call" and node.name in ("amax", "amin"):
            side = 1 if node.name == "amax" else -1
            return side if bends[0] in (0, side) else None
        if node.op == "fn" and node.name == "sqrt":
            return 1 if self.is_length(node) else None
        if node.op == "fn" and node.name in CONVEX:
            up = CONVEX[node.name]
            return 1 if bends[0] == 0 or bends[0] == up else None
        if node.op == "fn" and node.name == "pow":
            rises = self.sign(node.args[0].node) >= 1 and self.least_power(node) >= 1
            return 1 if rises and bends[0] in (0, 1) else None
        if node.op == "fn" and node.name == "log":
            return -1 if bends[0] in (0, -1) else self.log_sum_exp(node)
        return None

    def is_length(self, node: Node) -> bool:
        """Return whether a node is the root of c + sum q f^2 > 0, c, q >= 0, f affine or 0 <= f.

        The length of (f, 1) with the weights q, c is convex in f, and rises in each f >= 0: it is
        convex in x for an affine f, and for one that is convex and >= 0 (concave and <= 0: -f).
        Formal derivatives are sum q f D f / length, D f a subgradient, q f / length >= 0.
        """
        root = node.args[0]
        if self.sign(root.node) != 2:
            return False
        for ref, q in self.flat(root, Fraction(1)).items():
            inner, n = self.nodes[ref.node], ref.node
            if not self.varies(n):
                good = q * self.sign(n) > 0
            else:
                pair = inner.op == "mul" and len(inner.args) == 2 and len({*inner.args}) == 1
                f = inner.args[0].node if pair and n not in self.opaque else n
                bend = self.curvature(f) if f != n else None
                good = q * Fraction(*inner.coefs[:1] or (0,)) > 0 if bend is not None else False
                good = good and (bend == 0 or (bend or 0) * self.sign(f) > 0)
            if not good:
                return False
        return True

    def is_relu_of(self, u: Ref, r: Ref) -> bool:
        """Return whether of two nodes one is affine, and the other its relu."""
        if self.nodes[u.node].name == "relu":
            u, r = r, u
        node = self.nodes[r.node]
        same = node.name == "relu" and u.index == r.index and node.args[0] == Ref(u.node, node.out)
        return same and r.node not in self.opaque and self.curvature(u.node) == 0

    def flat(self, ref: Ref, q: Fraction) -> dict[Ref, Fraction]:
        """Return q times a node as a linear combination of nodes that are no sums or multiples."""
        node, parts = self.nodes[ref.node], dict[Ref, Fraction]()
        multiple = node.op == "add" or (node.op == "mul" and len(node.args) == 1)
        inner = {str(i) for other in node.args for i in other.index} if multiple else set()
        multiple = multiple and ref.node not in self.opaque
        if not multiple or ref.index != node.out or not inner <= {*node.out}:
            return {ref: q}
        for c, other in zip(node.coefs, node.args, strict=True):
            for n, more in self.flat(other, q * c).items():
                parts[n] = parts.get(n, Fraction(0)) + more
        return {n: c for n, c in parts.items() if c}

    def combined(self, parts: dict[Ref, Fraction], depth: int = KINKS) -> int | None:
        """Return the curvature of a linear combination of nodes."""
        bends = {ref: self.curvature(ref.node) for ref in parts}
        for ref, bend in bends.items():
            node, q = self.nodes[ref.node], parts[ref]
            named = ref.node in self.opaque  # its slope is not the step
            if bend is None and node.name == "relu" and not named and q > 0 and depth:
                if ref.index != node.out:
                    return None
                rest = {n: c for n, c in parts.items() if n != ref}
                above = dict(rest)
                for n, c in self.flat(node.args[0], q).items():
                    above[n] = above.get(n, Fraction(0)) + c
                above = {n: c for n, c in above.items() if c}
                both = {self.combined(branch, depth - 1) for branch in (rest, above)}
                return 1 if both <= {0, 1} else None
        known = [int_sign(parts[ref]) * c for ref, c in bends.items() if c is not None]
        return agree(known) if len(known) == len(bends) else None

    def log_sum_exp(self, node: Node) -> int | None:
        """Return 1 for log of a positive combination of exponentials of convex entries."""
        pending, seen_all = [node.args[0].node], True
        while pending and seen_all:
            inner = self.nodes[n := pending.pop()]
            if n in self.opaque:
                return None
            if not self.varies(n):
                seen_all = self.sign(n) >= 1
            elif inner.op == "add":
                seen_all = all(q > 0 for q in inner.coefs)
                pending += [ref.node for ref in inner.args]
            elif inner.op == "mul":
                moving = [ref.node for ref in inner.args if self.varies(ref.node)]
                still = [ref.node for ref in inner.args if not self.varies(ref.node)]
                seen_all = inner.coefs[0] > 0 and len(moving) == 1
                seen_all = seen_all and all(self.sign(k) >= 1 for k in still)
                pending += moving
            else:
                seen_all = (inner.op, inner.name) == ("fn", "exp")
                seen_all = seen_all and self.curvature(inner.args[0].node) in (0, 1)
        return 1 if seen_all else None
