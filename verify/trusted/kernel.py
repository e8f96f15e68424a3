"""The kernel: re-checks a certificate against the graph inside it. No search, no floats.

Write u for the entries of a map, free for what does not depend on x. Below the premises of each
rule stands what it concludes; S(f): every circulation of f around a closed polygon is 0; M(f): S(f)
and (f(x) - f(y)).(x - y) >= 0. Every rule also needs f defined everywhere and locally bounded.

    f = sum_r f_r    S(f_r) [M(f_r)]
    -------------------------------- sum          both are kept by sums
    S(f) [M(f)]

    f_i = sum_K l[K,i] phi[K](u_K), u_K = sum_j l[K,j] x_j    l free    [phi nondecreasing in u_K]
    ---------------------------------------------------------------------------------------- ridge
    S(f) [M(f)]                      along a polygon u_K is piecewise linear and the integral of
                                     phi(u) du around a closed one is 0; (phi(u)-phi(w))(u-w) >= 0

    f_i = sum_K phi[K](w_K) D_i w_K    w locally Lipschitz, of definable functions
                 [w convex by the calculus below, phi >= 0 nondecreasing; or ridge's, w affine]
    ------------------------------------------------------------------------------------- chain
    S(f) [M(f)]                      D_i w formal: along a polygon w_K is Lipschitz, D w its speed,
                                     so the integral of phi(w) dw around a closed one is 0; D w is a
                                     subgradient: phi(w) D w.(x - y) >= phi(w) (w - w(y)), and so on

    f_i = sum_K phi[K](|z_K|) sum_k z_Kk D_i z_Kk    z affine    [phi >= 0, r phi(r) nondecreasing]
    ----------------------------------------------------------------------------------------- radial
    S(f) [M(f)]                      the chain rule for w = |z|^2 / 2; and with r = |z|, s = |y|,
                                     (phi(r) z - phi(s) y).(z - y) >= (phi(r) r - phi(s) s)(r - s)

    f = grad F, F locally Lipschitz, of definable functions    [F convex by the calculus below]
    ---------------------------------------------------------------------------------- gradient
    S(f) [M(f)]                      formal derivatives are a conservative field (Bolte and Pauwels
                                     2021): F(y) - F(x) is their integral on every Lipschitz path;
                                     where F is convex they choose a subgradient

    f locally Lipschitz, of definable functions    J_ij = J_ji    [v^T J v = sum c s^2, c >= 0]
    ------------------------------------------------------------------------------- jacobian
    S(f) [M(f)]                      formal derivatives are the Jacobian almost everywhere (the
                                     same); mollify f: curl 0 and J psd carry over, then the limit

    a_0 up    a -> step(a) up if a is, for all theta
    ------------------------------------------------ induction (``direction`` of a loop)
    z_L up, for every number of rounds L

    S(f) [M(f)] for all values > 0 of some nodes on parameters that are >= 0
    ------------------------------------------------------------------------ limit (gains.py)
    S(f) [M(f)]                      where f is continuous in them

Equality is that of normal forms (ring.py). Where the proof names "functions", phi(w) and its slope
psi(w) are read as new functions (primitives.py). Sizes stay symbols unless the proof says "expand":
then sums over fixed sizes are written out, and entries too where x has a fixed size.
"""

from typing import Any

from verify.trusted.curvature import Curvature
from verify.trusted.entries import Rejected, require, seen
from verify.trusted.forms import without_relu
from verify.trusted.gains import limited
from verify.trusted.graph import Graph, GraphError, Node, Ref, decode, decode_node, validate
from verify.trusted.polys import Poly, RingError

__all__ = ["Checker", "Rejected", "check"]

FORMAT, VERSION = "gradient-map-certificate", 1
KINKED = ("step", "iszero", "where", "sqrt")  # continuous between kinks
KEYS = {"format", "version", "claim", "scope", "graph", "aux", "proof"}


def check(document: Any) -> None:
    """Raise Rejected unless the certificate proves its claim of the graph inside it."""
    require(isinstance(document, dict) and document.keys() == KEYS, "document", f"expected {KEYS}")
    version = type(document["version"]) is int and document["version"] == VERSION
    require(document["format"] == FORMAT and version, "format", "unknown")
    require(document["claim"] in ("symmetric", "psd"), "claim", "expected symmetric or psd")
    require(document["scope"] in ("all", "current"), "scope", "expected all or current")
    try:
        graph = decode(document["graph"])
        require(isinstance(document["aux"], list), "aux", "expected a list")
        first = len(graph.nodes)
        aux = [decode_node(value, first + k) for k, value in enumerate(document["aux"])]
        validate(graph, aux)
        graph, given, proof = limited(graph, document["proof"])
        Checker(graph, (*graph.nodes, *aux), document["claim"] == "psd", given).check(proof)
    except GraphError as error:
        raise Rejected("graph", str(error)) from None
    except RingError as error:
        raise Rejected("normal form", str(error)) from None
    except RecursionError:
        raise Rejected("depth", "nested too deep") from None
    except Rejected:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Rejected("document", f"{type(error).__name__}: {error}") from None


class Checker(Curvature):
    """One check: the nodes (graph and auxiliary) and the claim."""

    def __init__(
        self, graph: Graph, nodes: tuple[Node, ...], psd: bool, given: dict[int, int] | None = None
    ) -> None:
        super().__init__(graph, nodes, given)
        self.psd = psd

    def check(self, proof: Any) -> None:
        """Raise Rejected unless the proof shows the claim of the graph's output."""
        require(isinstance(proof, dict), "proof", "expected an object")
        require(proof.get("expand", True) is True, "proof.expand", "expected true, or no such key")
        self.expand = "expand" in proof
        self.named(proof.get("functions", []))
        proof = {key: value for key, value in proof.items() if key not in ("expand", "functions")}
        self.defined(self.graph.output, "output", bounded=False)  # it is equal to what is bounded
        names = self.places(self.shape, "o")
        maps = self.rule(proof, names, "proof")
        for index, part in zip(names, maps, strict=True):
            whole = self.at(Ref(self.graph.output, index))
            require(whole is part, "proof", f"the parts do not add up to the output at {index}")

    def rule(self, proof: Any, names: list[Any], step: str) -> list[Poly]:
        """Return the entries, at the given indices, of the map that a proof is about."""
        require(isinstance(proof, dict), step, "expected an object")
        known = {
            "sum": (self.rule_sum, {"parts"}),
            "ridge": (self.rule_ridge, {"linear", "argument", "phi"}),
            "chain": (self.rule_chain, {"inner", "argument", "phi"}),
            "radial": (self.rule_radial, {"inner", "argument", "phi"}),
            "gradient": (self.rule_gradient, {"potential"}),
            "jacobian": (self.rule_jacobian, {"map", "squares"}),
        }
        named = isinstance(proof.get("rule"), str) and proof["rule"] in known
        require(named, step, f"unknown rule {proof.get('rule')!r:.60}")
        rule, keys = known[proof["rule"]]
        require(proof.keys() == keys | {"rule"}, step, f"expected {sorted(keys)}")
        for key in sorted(keys - {"parts", "squares"}):
            number = proof[key]
            inside = type(number) is int and 0 <= number < len(self.nodes)
            require(inside, f"{step}.{key}", f"no node {number!r}")
            alone = self.value(number).free.isdisjoint(self.rounds)
            require(alone, f"{step}.{key}", "stands at a round outside of its loop")
        return rule(proof, names, f"{step}.{proof['rule']}")

    def rule_sum(self, proof: Any, names: list[Any], step: str) -> list[Poly]:
        require(isinstance(proof["parts"], list) and proof["parts"], step, "expected parts")
        parts = [self.rule(part, names, f"{step}[{k}]") for k, part in enumerate(proof["parts"])]
        return [self.ring.add(*((1, p) for p in column)) for column in zip(*parts, strict=True)]

    def rule_ridge(self, proof: Any, names: list[Any], step: str) -> list[Poly]:
        linear, shape = proof["linear"], self.nodes[proof["phi"]].shape
        rows = self.nodes[linear].shape == (*shape, *self.shape)
        require(rows, step, "linear: expected the shape (K.., n)")
        require(self.reach[linear] <= {"param", "lit"}, step, "linear: depends on a variable")
        self.defined(linear, step)
        out = self.outer(proof, step)
        if self.psd:
            require(self.rises(proof), step, "phi not seen to nondecrease")
        inner = tuple(f"j{axis}" for axis in range(len(self.shape)))
        term = self.ring.mul(self.at(Ref(linear, (*out, *inner))), self.ring.entry("x", inner))
        u = self.total(term, inner, self.shape)
        return self.chained(proof, u, [self.at(Ref(linear, (*out, *index))) for index in names])

    def rule_chain(self, proof: Any, names: list[Any], step: str) -> list[Poly]:
        inner, phi = proof["inner"], proof["phi"]
        out = self.outer(proof, step)
        require(self.nodes[inner].shape == self.nodes[phi].shape, step, "inner and phi differ")
        require(self.reach[inner] <= {"param", "lit", "x"}, step, "inner has variables")
        self.lipschitz(inner, step)
        below = [self.nodes[n] for n in self.below(inner)]
        roots = [n.args[0].node for n in below if n.name == "sqrt"]
        require(all(self.sign(n) == 2 for n in roots), step, "inner: a norm, whose rule is radial")
        if self.psd:
            require(self.rises(proof), step, "phi not seen to nondecrease")
            bend = self.curvature(inner)
            convex = bend == 0 or (bend == 1 and self.sign(phi) >= 1)
            require(convex, step, "inner not seen to be convex, or phi not to be nonnegative")
        w = self.at(Ref(inner, out))
        slopes = [self.ring.derivative(w, "x", index) for index in names]
        return self.chained(proof, w, slopes, self.sign(inner) >= 1)

    def rule_radial(self, proof: Any, names: list[Any], step: str) -> list[Poly]:
        inner, shape = proof["inner"], self.nodes[proof["phi"]].shape
        out, size = self.outer(proof, step, False), self.nodes[inner].shape[-1:]
        require(self.nodes[inner].shape == (*shape, *size) and size, step, "inner: no (K.., k)")
        require(self.reach[inner] <= {"param", "lit", "x"}, step, "inner has variables")
        require(self.affine(inner), step, "inner not affine")
        self.defined(inner, step)
        if self.psd:
            require(self.sign(proof["phi"]) >= 1, step, "phi not seen to be nonnegative")
            rises = self.rises(proof) or self.rises_times(proof)
            require(rises, step, "r phi(r) not seen to nondecrease")
        require(self.bounded_times(proof), step, "r phi(r) not seen to be bounded")
        z = self.at(Ref(inner, (*out, "k0")))
        slopes = [self.ring.mul(z, self.ring.derivative(z, "x", index)) for index in names]
        r = self.ring.of("sqrt", self.total(self.ring.mul(z, z), ["k0"], size))
        return self.chained(proof, r, [self.total(p, ["k0"], size) for p in slopes])

    def outer(self, proof: Any, step: str, bounded: bool = True) -> tuple[str, ...]:
        """Return the names of phi's entries, after what is required of a function of them."""
        argument, phi = proof["argument"], proof["phi"]
        variable, out = self.nodes[argument], self.nodes[phi].out
        same = variable.op == "var" and variable.shape == self.nodes[phi].shape
        require(same, step, "argument and phi differ")
        head = f"var {variable.attrs[0]}"
        require(self.reach[phi] <= {"param", "lit", head}, step, "phi: depends on x")
        self.defined(phi, step, bounded=bounded)
        require(seen(self.at(Ref(phi, out)), head) <= {out}, step, "phi mixes its arguments")
        return out

    def rises(self, proof: Any) -> bool:
        """Return whether phi is seen to be nondecreasing in the argument."""
        head = f"var {self.nodes[proof['argument']].attrs[0]}"
        return self.direction(proof["phi"], head, {}) in (0, 1)

    def bounded_times(self, proof: Any) -> bool:
        """Return whether phi, or at least relu(u) phi(u), is seen to be locally bounded."""
        phi, argument = proof["phi"], proof["argument"]
        try:
            self.defined(phi, "phi")
        except Rejected:
            r = self.ring.of("relu", self.value(argument))
            return self.bounded(self.ring.mul(r, self.value(phi)))
        return True

    def rises_times(self, proof: Any) -> bool:
        """Return whether relu(u) phi(u) is seen to be nondecreasing in the argument u."""
        phi, argument, ring = proof["phi"], proof["argument"], self.ring
        out, head = self.nodes[phi].out, f"var {self.nodes[argument].attrs[0]}"
        alone = self.through(phi, argument, head)  # no other node of the same name
        p = self.cut_at(phi, argument, KINKED, False) if alone else None
        r = ring.of("relu", ring.entry("cut", out))
        try:
            return p is not None and self.rising(ring.mul(r, p), out) in (0, 1)
        except RingError:
            return False

    def chained(self, proof: Any, u: Poly, slopes: list[Poly], low: bool = False) -> list[Poly]:
        """Return sum_K phi[K](u_K) slope_K for each of the slopes; relu(u) is u for u >= 0."""
        phi, head = proof["phi"], f"var {self.nodes[proof['argument']].attrs[0]}"
        self.bindings[head] = u
        value = self.at(Ref(phi, self.nodes[phi].out))
        del self.bindings[head]
        value = without_relu(self.ring, value, u) if low else value
        columns = [self.ring.mul(slope, value) for slope in slopes]
        node = self.nodes[phi]
        return [self.total(column, node.out, node.shape) for column in columns]

    def rule_gradient(self, proof: Any, names: list[Any], step: str) -> list[Poly]:
        potential = proof["potential"]
        require(self.nodes[potential].shape == (), step, "the potential is not a scalar")
        require(self.reach[potential] <= {"param", "lit", "x"}, step, "the potential has variables")
        self.lipschitz(potential, step)
        if self.psd:
            require(self.curvature(potential) in (0, 1), step, "potential not seen to be convex")
        value = self.at(Ref(potential, ()))
        return [self.ring.derivative(value, "x", index) for index in names]

    def rule_jacobian(self, proof: Any, names: list[Any], step: str) -> list[Poly]:
        number = proof["map"]
        require(self.nodes[number].shape == self.shape, step, "the map has another shape than x")
        require(self.reach[number] <= {"param", "lit", "x"}, step, "the map has variables")
        self.lipschitz(number, step)
        entries = [self.at(Ref(number, index)) for index in names]
        others = self.places(self.shape, "p")
        rows = {
            (i, j): self.ring.derivative(f, "x", j)
            for i, f in zip(names, entries, strict=True)
            for j in others
        }
        for (i, j), p in rows.items():
            swap = dict(zip((*i, *j), (*j, *i), strict=True))
            mirrored = rows[j, i] if self.expand else self.ring.rename(p, swap)
            require(p is mirrored, step, f"J{[*i, *j]} is not J{[*j, *i]}")
        if self.psd:
            self.squares(proof["squares"], number, rows, step)
        return entries

    def squares(self, pairs: Any, number: int, rows: dict[Any, Poly], step: str) -> None:
        """Check that v^T J v is, almost everywhere, sum c s^2 with c not negative."""
        require(isinstance(pairs, list), step, "expected squares")
        form, total = [], []
        known = dict(self.seen_signs), dict(self.corners), dict(self.signs)
        for (i, j), p in rows.items():
            q = self.ring.mul(p, self.ring.entry("var v", i), self.ring.entry("var v", j))
            form.append((1, q if self.expand else self.total(q, (*i, *j), self.shape * 2)))
        for pair in pairs:
            numbers = isinstance(pair, list) and len(pair) == 2
            inside = numbers and all(type(n) is int and 0 <= n < len(self.nodes) for n in pair)
            require(inside, step, "expected pairs of nodes")
            c, s = pair
            shape, out = self.nodes[c].shape, self.nodes[c].out
            require(shape == self.nodes[s].shape, step, "c and s of different shapes")
            require(self.reach[c] <= {"param", "lit", "x"}, step, f"node {c}: variables")
            require(self.reach[s] <= {"param", "lit", "x", "var v"}, step, f"node {s}: variables")
            self.defined(c, step, number)
            self.defined(s, step, number)
            require(self.sign(c) >= 1, step, f"node {c} is not seen to be nonnegative")
            root = self.at(Ref(s, out))
            term = self.ring.mul(self.at(Ref(c, out)), root, root)
            total.append((1, self.total(term, out, shape)))
        self.seen_signs, self.corners, self.signs = known  # what is true almost everywhere is lost
        same = self.ring.add(*form) is self.ring.add(*total)
        require(same, step, "v^T J v is not the sum of squares")
