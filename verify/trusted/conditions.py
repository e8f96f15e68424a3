"""Side conditions on nodes: defined, locally Lipschitz, of one sign, convex."""

from fractions import Fraction
from itertools import product
from typing import Any

from verify.trusted.atoms import ROWS
from verify.trusted.counts import counts_extrema
from verify.trusted.entries import Rejected, require, seen
from verify.trusted.graph import Node, Ref
from verify.trusted.pieces import JUMPS, Pieces
from verify.trusted.polys import Poly, RingError
from verify.trusted.signs import added, int_sign, sign_of, times

EDGES = ("amax", "amin", "sort")  # calls that are locally Lipschitz in x
ANALYTIC = ("exp", "softplus", "sigmoid", "tanh", "log", "inv", "sqrt", "rsqrt")  # where defined


class Conditions(Pieces):
    """What can be seen of nodes; nothing is ever guessed."""

    def excluded(self, number: int) -> bool:
        """Return whether the graph has a parameter-only operation, the claim its exclusions."""
        node = self.nodes[number]
        if "param" not in self.reach[number] or self.varies(number) or number in self.guarded:
            return False
        if self.cut is not None and self.cut in self.below(number):  # a variable, of any value
            return False
        first = len(self.graph.nodes)
        return number < first or any(
            other.name == node.name and not self.varies(n) and self.value(n) is self.value(number)
            for n, other in enumerate(self.nodes[:first])
            if n not in self.guarded and other.shape == node.shape
        )

    def defined(self, number: int, step: str, almost: int | None = None) -> None:
        """Require every operation below a node to be defined and locally bounded.

        Parameter-only operations of the graph are taken to be defined, but for those in a branch
        that ``where`` may leave out. For a map ``almost``, 1 / |A x + b| may be undefined at 0.
        """
        for n in self.below(number):
            node = self.nodes[n]
            if node.op not in ("fn", "call") or self.excluded(n):
                continue
            where = f"{step}: node {n} ({node.name})"
            if node.op == "call":
                require(node.name in EDGES, where, "not known to be defined everywhere")
                continue
            require(node.name == "where" or node.name in ROWS, where, "no row in the table")
            domain = ROWS[node.name].domain if node.name in ROWS else ""
            counted = self.cut is None and counts_extrema(self.nodes, self.nodes[node.args[0].node])
            if domain and counted:
                continue  # a whole number from 1 on
            sign = self.sign(node.args[0].node) if domain else 2
            least = {"": 2, "positive": 2, "nonzero": 2, "nonnegative": 1}[domain]
            sign = abs(sign) if domain == "nonzero" else sign
            if almost is not None and domain and self.never_zero(node.args[0].node, almost):
                continue
            require(sign >= least, where, f"its argument is not seen to be {domain}")
            if domain and not ROWS[node.name].bounded:  # near a jump to the edge: unbounded
                self.lipschitz(node.args[0].node, step)

    def lipschitz(self, number: int, step: str, allowed: tuple[str, ...] = ()) -> None:
        """Require a node to be defined and locally Lipschitz, by definable functions."""
        self.defined(number, step)
        for n in self.below(number):
            node = self.nodes[n]
            if node.op != "fn" or not self.varies(n) or node.name in allowed:
                continue
            where = f"{step}: node {n} ({node.name})"
            smooth = node.name in ROWS and ROWS[node.name].lipschitz
            if node.name == "sqrt":
                smooth = self.sign(node.args[0].node) == 2 or self.is_norm(
                    node.args[0].node, number
                )
            require(smooth, where, "not known to be locally Lipschitz")

    def is_norm(self, number: int, root: int) -> bool:
        """Return whether sqrt of a node is a multiple of the norm of an affine map A x + b.

        The norm is Lipschitz, and A x + b = 0 on a null set only, but for a null set of parameters:
        A and b are analytic in them. There the claim follows from parameters near by, as the whole
        of the root is continuous in parameters too.
        """
        node = self.nodes[number]
        squares = node.op == "mul" and len(node.args) == 2 and node.args[0] == node.args[1]
        if not squares or node.coefs[0] <= 0 or not self.affine(node.args[0].node):
            return False
        below, above = ([self.nodes[n] for n in self.below(k)] for k in (number, root))
        smooth = all(n.op not in ("fn", "call", "loop") or n.name in ANALYTIC for n in below)
        roots = [n.args[0].node for n in below if n.name == "sqrt"]
        smooth = smooth and all(self.sign(n) == 2 for n in roots)
        edges = all(n.op not in ("call", "loop") or n.name in EDGES for n in above)
        return smooth and edges and not any(n.name in (*JUMPS, "where") for n in above)

    def never_zero(self, number: int, root: int) -> bool:
        """Return whether a node is |A x + b| or its square, A not 0: positive almost everywhere.

        A is 1, a constant, or a param: where that is 0 the root's claim follows as in ``is_norm``.
        """
        node = self.nodes[number]
        if node.op == "fn" and node.name == "sqrt":
            return self.never_zero(node.args[0].node, root)
        if not self.is_norm(number, root):
            return False
        inner = self.nodes[node.args[0].node]
        if inner.op == "add":
            terms = zip(inner.coefs, inner.args, strict=True)
            moving = [(q, ref) for q, ref in terms if self.varies(ref.node)]
            whole = len(moving) == 1 and moving[0][0] and moving[0][1].index == inner.out
            inner = self.nodes[moving[0][1].node] if whole else inner
        if inner.op == "mul" and len(inner.args) == 2 and inner.coefs[0]:
            matrix, sample = sorted(inner.args, key=lambda ref: self.nodes[ref.node].op == "x")
            a, names = self.nodes[matrix.node], [*matrix.index, *sample.index]
            once = all(len({*ref.index}) == len(ref.index) for ref in inner.args)
            met = {*matrix.index} <= {*inner.out, *sample.index}  # no row is a sum of others
            named = once and met and not any(isinstance(i, int) for i in names)
            constant = a.op == "lit" and self.rows_are_not_zero(a.attrs[0], matrix, inner.out)
            inner = self.nodes[sample.node] if named and (constant or a.op == "param") else inner
        return inner.op == "x"

    def rows_are_not_zero(self, k: int, matrix: Ref, out: tuple[str, ...]) -> bool:
        """Return whether a constant has an entry other than 0 at each place of the output."""
        literal = self.graph.literals[k]
        axes = [axis for axis, i in enumerate(matrix.index) if i in out]
        rows: dict[Any, bool] = {}
        for place, q in zip(product(*map(range, literal.shape)), literal.data, strict=True):
            row = tuple(place[axis] for axis in axes)
            rows[row] = rows.get(row, False) or q != 0
        return all(rows.values())

    def sign(self, number: int) -> int:
        """Return what is seen of the sign of all entries of a node."""
        if number == self.cut:
            return 0
        if number not in self.signs:
            node = self.nodes[number]
            found = self.sign_by_form(node)
            found = found or self.sign_by_corners(self.at(Ref(number, node.out)))
            self.signs[number] = found = found or (
                self.sign_through(number) if self.cut is None else 0
            )
            if found and self.cut is None and not self.bindings:  # known of its normal form too
                p = self.at(Ref(number, node.out))
                scale = self.ring.scale(p) or Fraction(1)
                self.seen_signs[self.ring.add((1 / scale, p))] = found * int_sign(scale)
        return self.signs[number]

    def sign_by_form(self, node: Node) -> int:
        """Return the sign that an operation and its arguments' signs give."""
        signs = [self.sign(ref.node) for ref in node.args] if node.op != "loop" else []
        if node.op == "add":
            return added([int_sign(q) * s for q, s in zip(node.coefs, signs, strict=True)])
        if node.op == "mul":
            result = 2 * int_sign(node.coefs[0])
            once: dict[Ref, int] = {}
            for ref, s in zip(node.args, signs, strict=True):
                once.pop(ref) if ref in once else once.update({ref: s})
                paired = ref not in once
                result = times(result, (2 if abs(s) == 2 else 1) if paired else 2)
            for s in once.values():
                result = times(result, s)
            return result
        if node.op == "lit":
            return self.sign_of_literal(node.attrs[0])
        if node.op == "call" and node.name in EDGES:
            return signs[0]
        if node.op == "fn" and node.name == "where":
            return min(signs[1:], key=abs) if signs[1] * signs[2] > 0 else 0
        if node.op != "fn" or node.name not in ROWS:
            return 0
        return sign_of(node.name, signs[0])

    def sign_through(self, number: int) -> int:
        """Return the sign of a node as a function of one node below it, read as a variable."""
        node = self.nodes[number]
        if node.op != "add" and node.name != "where":
            return 0
        near = [w for w in self.below(number)[:-1] if self.nodes[w].shape == node.shape]
        for w in [w for w in near if self.through(number, w, "x")][:6]:
            p = self.cut_at(number, w, ("step", "iszero", "where", "floor"))
            alone = p is not None and "cut" in p.heads and p.heads.isdisjoint({"x", "state"})
            try:
                found = self.sign_of_pieces(p, node.out) if p is not None and alone else 0
            except RingError:
                found = 0
            if found:
                return found
        return 0

    def sign_of_pieces(self, p: Poly, out: Any) -> int:
        """Return the sign of a function of "cut": on each piece and at each kink, or by convexity.

        For g convex with g'(0) = 0 it is that of g(0), if not negative.
        """
        ring, zero = self.ring, self.ring.number(0)
        pieces = self.pieces(p, None, None, out)
        if pieces is None or any(self.jumps(q) for _, _, q in pieces):
            return 0
        found = [ring.substitute(q, "cut", self.inside(low, high)) for low, high, q in pieces]
        ends = [self.exactly(p, t) for _, t, _ in pieces if t is not None]
        signs = [self.sign_by_corners(q) for q in (*found, *ends)]
        if len(pieces) > 1 or signs[0]:
            both = max(signs) > 0 > min(signs)
            return 0 if both or 0 in signs else min(signs, key=abs)
        first, second = self.slope(p, 1, out), self.slope(p, 2, out)
        if first is None or second is None or not {"step", "sqrt"}.isdisjoint(first.heads):
            return 0
        if self.sign_by_corners(second) < 1 or ring.substitute(first, "cut", zero).terms:
            return 0
        return max(self.sign_by_corners(ring.substitute(p, "cut", zero)), 0)

    def cut_at(self, number: int, w: int, allowed: tuple[str, ...] = ()) -> Poly | None:
        """Return a node's entry with node w read as a variable, if it is smooth enough in it."""
        out, kept = self.nodes[number].out, (self.values, self.cut, self.signs)
        free = {n: s for n, s in self.signs.items() if w not in self.below(n)}
        self.values, self.cut, self.signs = {}, w, free
        try:
            self.lipschitz(number, "slope", allowed)
            p = self.at(Ref(number, out))
            return p if seen(p, "cut") <= {out} else None
        except (Rejected, RingError):
            return None
        finally:
            self.values, self.cut, self.signs = kept

    def slope(self, p: Poly | None, times: int, out: Any) -> Poly | None:
        """Return a derivative by the node that was read as a variable."""
        try:
            for _ in range(times):
                p = self.ring.derivative(p, "cut", out) if p else None
        except RingError:
            return None
        return p

    def through(self, number: int, w: int, head: str) -> bool:
        """Return whether a node depends on a variable, and on a loop's state, through w only."""
        found, new = {number, w}, [number]
        while new:
            node = self.nodes[new.pop()]
            leaf = f"var {node.attrs[0]}" if node.op == "var" else node.op
            if leaf in ("state", head):
                return False
            for n in [ref.node for ref in node.args] + list(node.attrs[1:2] * (node.op == "loop")):
                if n not in found:
                    found.add(n)
                    new.append(n)
        return True

    def affine(self, number: int) -> bool:
        """Return whether a node is affine in x and in variables by its form."""
        node = self.nodes[number]
        if not self.varies(number) or node.op in ("x", "var"):
            return True
        moving = [ref.node for ref in node.args if self.varies(ref.node)]
        if node.op not in ("mul", "add") or (node.op == "mul" and len(moving) > 1):
            return False
        return all(self.affine(n) for n in moving)
