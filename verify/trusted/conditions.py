"""Side conditions on nodes: defined, locally Lipschitz, of one sign, convex."""

from fractions import Fraction
from typing import Any

from verify.trusted.atoms import ROWS
from verify.trusted.counts import counts_extrema
from verify.trusted.entries import Rejected, require, seen
from verify.trusted.graph import Node, Ref
from verify.trusted.guards import LEAST, RESTRICTED, guarded, shielded
from verify.trusted.parity import scale
from verify.trusted.pieces import JUMPS
from verify.trusted.polys import Poly, RingError, is_fractional
from verify.trusted.signs import RUNNING, added, int_sign, sign_of, times
from verify.trusted.structure import Structure

EDGES = ("amax", "amin", "sort")  # calls that are locally Lipschitz in x
SAME_SIGN = ("relu", "step", "tanh", "erf", "atan", "asinh")  # f(u) u >= 0
ANALYTIC = ("exp", "softplus", "sigmoid", "tanh", "log", "inv", "sqrt", "rsqrt")  # where defined


class Conditions(Structure):
    """What can be seen of nodes; nothing is ever guessed."""

    def defined(
        self, number: int, step: str, almost: int | None = None, bounded: bool = True
    ) -> None:
        """Require every operation below a node to be defined, and locally bounded, where selected.

        Parameter-only operations of the graph are taken to be defined, but for those in a branch
        that ``where`` may leave out. For a map ``almost``, 1 / |A x + b| may be undefined at 0.
        """
        ring, found, new = self.ring, {number}, [number]
        while new:  # outside of branches
            node = self.nodes[new.pop()]
            refs = node.args[:1] if node.name == "where" else node.args
            for n in [ref.node for ref in refs] + list(node.attrs[1:2] * (node.op == "loop")):
                if n not in found:
                    found.add(n)
                    new.append(n)
        for n in sorted(found):
            self.operates(n, step, almost, bounded)
        for n in sorted(n for n in found if self.nodes[n].name == "where"):
            own = {i: i for i in self.nodes[n].out}
            self.selects(n, own, ring.number(1), step, almost, bounded)

    def operates(self, n: int, step: str, almost: int | None, bounded: bool) -> None:
        """Require the operation of one node to be defined, and bounded, on all of its arguments."""
        node = self.nodes[n]
        if node.op not in ("fn", "call") or self.excluded(n):
            return
        where = f"{step}: node {n} ({node.name})"
        if node.op == "call":
            entire = node.name == "matrix_exp" and not self.varies(n)
            everywhere = node.name in (*EDGES, "hardmax") or entire
            require(everywhere, where, "not known to be defined everywhere")
            return
        if node.name == "pow" and len(node.args) == 2:
            base, exponent = (self.sign(ref.node) for ref in node.args)
            low = base == 2 and (exponent >= 1 or self.seen_lipschitz(node.args[0].node))
            good = low or (base == 1 and exponent == 2)
            require(good, where, "its base is not seen to be positive, or 0 below a power > 0")
            return
        require(node.name == "where" or node.name in ROWS, where, "no row in the table")
        domain = ROWS[node.name].domain if node.name in ROWS else ""
        argument = node.args[0].node
        if not domain or (self.cut is None and counts_extrema(self.nodes, self.nodes[argument])):
            return  # a count: a whole number from 1 on
        sign = self.sign(argument)
        sign = abs(sign) if domain == "nonzero" else sign
        if almost is not None and self.never_zero(argument, almost):
            return
        bounded = bounded and (self.cut is not None or self.varies(argument))
        apart = bounded and not ROWS[node.name].bounded  # near a jump to the edge: unbounded
        if sign < LEAST[domain] or (apart and not self.seen_lipschitz(argument)):
            inside = self.lies(node, bounded)
            require(inside, where, f"its argument is not seen to be {domain}")

    def selects(
        self, n: int, names: Any, guard: Poly, step: str, almost: int | None, bounded: bool
    ) -> None:
        """Require a node where to be defined wherever a guard is 1: its condition, its branches."""
        node, ring = self.nodes[n], self.ring
        names = {own: i if i in guard.free else ring.name() for own, i in names.items()}
        condition = self.at(node.args[0], names)
        require(ring.mul(condition, condition) is condition, step, f"node {n}: no condition")
        one, other = ring.mul(guard, condition), ring.add((1, ring.number(1)), (-1, condition))
        for ref, side in zip(node.args, (guard, one, ring.mul(guard, other)), strict=True):
            if side.terms:  # else it is never selected
                self.holds(ref, names, side, step, almost, bounded)

    def holds(
        self, ref: Ref, names: Any, guard: Poly, step: str, almost: int | None, bounded: bool
    ) -> None:
        """Require a node to be defined, and bounded, wherever a guard is 1.

        ``names``: the guard's names for the names in the reference's index; for all of the others
        the node must be defined.
        """
        number, node = ref.node, self.nodes[ref.node]
        try:
            self.defined(number, step, almost, bounded)
            return
        except Rejected:
            if node.op not in ("add", "mul", "fn", "call"):
                raise
        held = [names.get(i, i if i in self.rounds else "") for i in ref.index]
        index = {own: i if i in guard.free else own for own, i in zip(node.out, held, strict=True)}
        if node.name == "where":
            self.selects(number, index, guard, step, almost, bounded)
            return
        try:
            self.operates(number, step, almost, bounded)
        except Rejected:
            if node.name not in RESTRICTED or not self.lies(node, bounded, index, guard):
                raise
        for inner in node.args:
            self.holds(inner, index, guard, step, almost, bounded)

    def lies(self, node: Node, bounded: bool, names: Any = None, guard: Poly | None = None) -> bool:
        """Return whether a function's argument is seen to lie in its domain where a guard is 1."""
        row = ROWS[node.name]
        bounded = bounded and (self.cut is not None or self.varies(node.args[0].node))
        try:
            u = self.at(node.args[0], names)
            u = u if guard is None else guarded(self.ring, guard, shielded(self.ring, guard, u))
            return self.lies_in(u, row.domain, bounded and not row.bounded)
        except RingError:
            return False

    def seen_lipschitz(self, number: int) -> bool:
        """Return whether a node is seen to be locally Lipschitz."""
        try:
            self.lipschitz(number, "")
        except Rejected:
            return False
        return True

    def lipschitz(
        self, number: int, step: str, allowed: tuple[str, ...] = (), bounded: bool = True
    ) -> None:
        """Require a node to be defined and locally Lipschitz, by definable functions."""
        self.defined(number, step, bounded=bounded)
        for n in [n for n in self.outside(number) if n != self.cut]:
            node = self.nodes[n]
            if self.is_named(n):
                require(self.opaque[n][0] in self.ring.slopes, step, "the slope of a function")
                continue
            if node.op not in ("fn", "call") or not self.varies(n) or node.name in allowed:
                continue
            where = f"{step}: node {n} ({node.name})"
            smooth = node.name in ROWS and ROWS[node.name].lipschitz
            smooth = node.name in EDGES if node.op == "call" else smooth
            if node.name == "where":  # a mask, or a condition on parameters
                smooth = not self.varies(node.args[0].node)
            if node.name == "sqrt":
                smooth = self.sign(node.args[0].node) == 2 or self.is_norm(
                    node.args[0].node, number
                )
            if node.name == "pow":
                smooth = self.sign(node.args[0].node) == 2 or self.least_power(node) >= 1
            require(smooth, where, "not known to be locally Lipschitz")

    def least_power(self, node: Node) -> int:
        """Return the sign of p - 1 for a node u^p whose p does not depend on x."""
        if self.varies(node.args[1].node):
            return 0
        one = self.ring.number(1)
        return self.sign_by_corners(self.ring.add((1, self.at(node.args[1])), (-1, one)))

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

    def sign(self, number: int) -> int:
        """Return what is seen of the sign of all entries of a node."""
        if number == self.cut:
            return 0
        if number not in self.signs:
            node = self.nodes[number]
            ref = Ref(number, node.out)
            found = self.sign_by_form(node) or self.sign_by_corners(self.at(ref))
            if not found and self.cut is None:
                found = self.sign_through(number) or self.sign_by_faces(self.at(ref))
            self.signs[number] = found
            known = self.cut is None and not self.bindings and number not in self.guarded
            if found and known:  # of its normal form too
                p = self.at(ref)
                size = scale(self.ring, p) or Fraction(1)
                self.seen_signs[self.ring.add((1 / size, p))] = found * int_sign(size)
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
            for ref in [ref for ref in once if self.nodes[ref.node].name in SAME_SIGN]:
                inner, u = self.nodes[ref.node], self.nodes[ref.node].args[0]
                own = Ref(u.node, ref.index)  # u f(u) >= 0
                if u.index == inner.out and ref in once and own in once:
                    result = times(result, 1)
                    del once[ref], once[own]
            for s in once.values():
                result = times(result, s)
            return result
        if node.op == "param":
            return self.given.get(node.attrs[0], 0)
        if node.op == "lit":
            return self.sign_of_literal(node.attrs[0])
        if node.op == "call" and len(signs) == 1 and node.name in (*EDGES, *RUNNING):
            return signs[0] if node.name in EDGES else max(signs[0], 0)
        if node.op == "fn" and node.name == "where":
            return min(signs[1:], key=abs) if signs[1] * signs[2] > 0 else 0
        if node.name == "pow":
            return max(signs[0], int(is_fractional(self.at(node.args[1]))))
        return sign_of(node.name, signs[0]) if node.op == "fn" and node.name in ROWS else 0

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

    def cut_at(
        self, number: int, w: int, allowed: tuple[str, ...] = (), bounded: bool = True
    ) -> Poly | None:
        """Return a node's entry with node w read as a variable, if it is smooth enough in it."""
        out, kept = self.nodes[number].out, (self.values, self.cut, self.signs)
        free = {n: s for n, s in self.signs.items() if w not in self.below(n)}
        self.values, self.cut, self.signs = {}, w, free
        try:
            self.lipschitz(number, "slope", allowed, bounded)
            p = self.at(Ref(number, out))
            return p if seen(p, "cut") <= {out} else None
        except (Rejected, RingError):
            if self.ring.work > self.ring.limit:  # nothing can be computed any more
                raise
            return None
        finally:
            self.values, self.cut, self.signs = kept
