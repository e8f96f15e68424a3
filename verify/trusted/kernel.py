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

Equality is that of normal forms (ring.py). Sizes stay symbols unless the proof says "expand".
"""

from typing import Any

from verify.trusted.curvature import Curvature
from verify.trusted.entries import Rejected, require, seen
from verify.trusted.graph import Graph, GraphError, Node, Ref, decode, decode_node, validate
from verify.trusted.polys import Poly, RingError

__all__ = ["Checker", "Rejected", "check"]

FORMAT, VERSION = "gradient-map-certificate", 1
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
        Checker(graph, (*graph.nodes, *aux), document["claim"] == "psd").check(document["proof"])
    except GraphError as error:
        raise Rejected("graph", str(error)) from None
    except RingError as error:
        raise Rejected("normal form", str(error)) from None
    except RecursionError:
        raise Rejected("depth", "nested too deep") from None
    except (TypeError, KeyError, IndexError, AttributeError) as error:
        raise Rejected("document", f"{type(error).__name__}: {error}") from None


class Checker(Curvature):
    """One check: the nodes (graph and auxiliary) and the claim."""

    def __init__(self, graph: Graph, nodes: tuple[Node, ...], psd: bool) -> None:
        super().__init__(graph, nodes)
        self.psd = psd

    def check(self, proof: Any) -> None:
        """Raise Rejected unless the proof shows the claim of the graph's output."""
        require(isinstance(proof, dict), "proof", "expected an object")
        require(proof.get("expand", True) is True, "proof.expand", "expected true, or no such key")
        self.expand = "expand" in proof
        proof = {key: value for key, value in proof.items() if key != "expand"}
        self.defined(self.graph.output, "output")
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
        return rule(proof, names, f"{step}.{proof['rule']}")

    def rule_sum(self, proof: Any, names: list[Any], step: str) -> list[Poly]:
        require(isinstance(proof["parts"], list) and proof["parts"], step, "expected parts")
        parts = [self.rule(part, names, f"{step}[{k}]") for k, part in enumerate(proof["parts"])]
        return [self.ring.add(*((1, p) for p in column)) for column in zip(*parts, strict=True)]

    def rule_ridge(self, proof: Any, names: list[Any], step: str) -> list[Poly]:
        linear, argument, phi = (proof[key] for key in ("linear", "argument", "phi"))
        shape, variable = self.nodes[phi].shape, self.nodes[argument]
        require(variable.op == "var" and variable.shape == shape, step, "argument and phi differ")
        rows = self.nodes[linear].shape == (*shape, *self.shape)
        require(rows, step, "linear: expected the shape (K.., n)")
        require(self.reach[linear] <= {"param", "lit"}, step, "linear: depends on a variable")
        head = f"var {variable.attrs[0]}"
        require(self.reach[phi] <= {"param", "lit", head}, step, "phi: depends on x")
        self.defined(phi, step)
        self.defined(linear, step)
        out = self.nodes[phi].out
        entry = self.at(Ref(phi, out))
        require(seen(entry, head) <= {out}, step, "phi mixes its arguments")
        if self.psd:
            require(self.direction(phi, head, {}) in (0, 1), step, "phi not seen to nondecrease")
        inner = tuple(f"j{axis}" for axis in range(len(self.shape)))
        term = self.ring.mul(self.at(Ref(linear, (*out, *inner))), self.ring.entry("x", inner))
        self.bindings[head] = self.total(term, inner, self.shape)
        value = self.at(Ref(phi, out))
        del self.bindings[head]
        columns = [self.ring.mul(self.at(Ref(linear, (*out, *index))), value) for index in names]
        return [self.total(column, out, shape) for column in columns]

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
        """Check that v^T J v is, almost everywhere, a sum of squares, their factors not negative."""
        require(isinstance(pairs, list), step, "expected squares")
        form, total = [], []
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
        same = self.ring.add(*form) is self.ring.add(*total)
        require(same, step, "v^T J v is not the sum of squares")
