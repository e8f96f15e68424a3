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

from fractions import Fraction
from itertools import product
from typing import Any

from verify.trusted.atoms import ROWS, bound
from verify.trusted.graph import (
    Graph,
    GraphError,
    Node,
    Ref,
    decode,
    decode_node,
    text,
    validate,
)
from verify.trusted.ring import Atom, Poly, Ring, RingError

FORMAT, VERSION = "gradient-map-certificate", 1
KEYS = {"format", "version", "claim", "scope", "graph", "aux", "proof"}
EDGES = ("amax", "amin", "sort")  # calls that are locally Lipschitz in x


class Rejected(ValueError):
    """A certificate that proves nothing: the step that fails, and why."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"{step}: {reason}")
        self.step, self.reason = step, reason


def require(holds: Any, step: str, reason: str) -> None:
    """Raise Rejected unless something holds."""
    if not holds:
        raise Rejected(step, reason)


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


class Checker:
    """One check: the nodes (graph and auxiliary), the claim, the ring."""

    def __init__(self, graph: Graph, nodes: tuple[Node, ...], psd: bool) -> None:
        self.graph, self.nodes, self.psd = graph, nodes, psd
        self.ring, self.expand = Ring(graph.literals), False
        self.rounds = {f"l{node.attrs[0]}" for node in nodes if node.op == "loop"}
        self.bindings: dict[str, Poly] = {}  # values of variables while an entry is computed
        self.values: dict[Any, Poly] = {}
        self.signs: dict[int, int] = {}
        self.seen_signs: dict[Poly, int] = {}
        self.ways: dict[Any, int | None] = {}
        self.corners: dict[Any, int] = {}
        self.cut: int | None = None  # a node read as a variable
        self.reach: list[frozenset[str]] = []
        for number in range(len(nodes)):
            self.reach.append(self.reached(number))
        branches = {ref.node for node in nodes if node.name == "where" for ref in node.args}
        self.guarded = {n for branch in branches for n in self.below(branch)}

    def check(self, proof: Any) -> None:
        """Raise Rejected unless the proof shows the claim of the graph's output."""
        require(isinstance(proof, dict), "proof", "expected an object")
        require(proof.get("expand", True) is True, "proof.expand", "expected true, or no such key")
        self.expand = "expand" in proof
        proof = {key: value for key, value in proof.items() if key != "expand"}
        self.shape = self.nodes[self.graph.output].shape
        self.defined(self.graph.output, "output")
        names = self.places(self.shape, "o")
        maps = self.rule(proof, names, "proof")
        for index, part in zip(names, maps, strict=True):
            whole = self.at(Ref(self.graph.output, index))
            require(whole is part, "proof", f"the parts do not add up to the output at {index}")

    # Rules: each returns the entries of the map that it proves the claim of

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
            self.squares(proof["squares"], rows, step)
        return entries

    def squares(self, pairs: Any, rows: dict[Any, Poly], step: str) -> None:
        """Check that v^T J v is a sum of squares with nonnegative coefficients."""
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
            self.defined(c, step)
            self.defined(s, step)
            require(self.sign(c) >= 1, step, f"node {c} is not seen to be nonnegative")
            root = self.at(Ref(s, out))
            term = self.ring.mul(self.at(Ref(c, out)), root, root)
            total.append((1, self.total(term, out, shape)))
        same = self.ring.add(*form) is self.ring.add(*total)
        require(same, step, "v^T J v is not the sum of squares")

    # Entries

    def places(self, shape: Any, letter: str) -> list[Any]:
        """Return the indices at which to compare: names, or each position when expanded."""
        if self.expand and all(isinstance(size, int) and size <= 256 for size in shape):
            return list(product(*(range(size) for size in shape)))
        require(not self.expand, "expand", "the dimension has no fixed size")
        return [tuple(f"{letter}{axis}" for axis in range(len(shape)))]

    def total(self, p: Poly, names: Any, shape: Any) -> Poly:
        """Return the sum of a Poly over the free names given, written out where expanded."""
        sizes = dict(zip(names, shape, strict=True))
        ranges = {n: s for n, s in sizes.items() if self.expand and isinstance(s, int)}
        new = {n: self.ring.name() for n in sizes if n not in ranges}
        bound_sizes = {new[n]: sizes[n] for n in new}
        parts = []
        for place in product(*(range(size) for size in ranges.values())):
            at = self.ring.rename(p, {**new, **dict(zip(ranges, place, strict=True))})
            parts.append((1, self.ring.sum(at, bound_sizes)))
        return self.ring.add(*parts)

    def at(self, ref: Ref, names: dict[str, str] | None = None) -> Poly:
        """Return the entry of a node at an index, some of its names replaced."""
        index = [(names or {}).get(str(i), i) if isinstance(i, str) else i for i in ref.index]
        out = self.nodes[ref.node].out
        return self.ring.rename(self.value(ref.node), dict(zip(out, index, strict=True)))

    def value(self, number: int) -> Poly:
        """Return the entry of a node at its own index names."""
        if number == self.cut:
            return self.ring.entry("cut", self.nodes[number].out)
        for earlier in self.below(number)[:-1] if (number, ()) not in self.values else ():
            if (earlier, ()) not in self.values and not self.bindings:
                self.values[earlier, ()] = self.compute(self.nodes[earlier])  # no deep recursion
        held = tuple((h, p.key) for h, p in self.bindings.items() if h in self.reach[number])
        key = (number, held)
        if key not in self.values:
            self.values[key] = self.compute(self.nodes[number])
        return self.values[key]

    def compute(self, node: Node) -> Poly:
        """Return the entry of a node at its own index names from those of its arguments."""
        ring, out = self.ring, node.out
        match node.op:
            case "x" | "eye":
                return ring.entry(node.op, out)
            case "param" | "lit":
                return ring.entry(f"{node.op} {node.attrs[0]}", out)
            case "var":
                head = f"var {node.attrs[0]}"
                return self.bindings.get(head, None) or ring.entry(head, out)
            case "state":
                return ring.entry("state", out)
            case "add":
                return ring.add(
                    *((q, self.at(r)) for q, r in zip(node.coefs, node.args, strict=True))
                )
            case "mul":
                names, sizes = self.summed(node)
                body = ring.mul(*(self.at(ref, names) for ref in node.args))
                return ring.add((node.coefs[0], self.total(body, [*names.values()], sizes)))
            case "fn":
                arity = 3 if node.name == "where" else 1
                known = node.name in ROWS or node.name == "where"
                require(not known or len(node.args) == arity, f"node {node.name}", "arguments")
                name = node.name if known else f"fn {node.name}"
                return ring.of(name, *(self.at(ref) for ref in node.args))
            case "call":
                return self.call(node)
            case _:
                return self.loop(node)

    def summed(self, node: Node) -> tuple[dict[str, str], list[Any]]:
        """Return new names for the names in a node's references not of its output; their sizes."""
        sizes = {}
        for ref in node.args:
            for index, size in zip(ref.index, self.nodes[ref.node].shape, strict=True):
                if isinstance(index, str) and index not in node.out and index not in self.rounds:
                    sizes[index] = size
        return {index: self.ring.name() for index in sizes}, [*sizes.values()]

    def call(self, node: Node) -> Poly:
        """Return an opaque atom: equal calls of equal entries are equal, no more is known."""
        names, sizes = self.summed(node)
        values = [self.at(ref, names) for ref in node.args]
        level = max(p.height for p in values)
        acted = {new: f"c{level}_{k}" for k, new in enumerate(names.values())}
        args = tuple(self.ring.rename(p, dict(acted)) for p in values)
        new = node.out[len(node.out) - node.attrs[1] :]
        orders = [[acted.get(names.get(str(i), ""), "") for i in ref.index] for ref in node.args]
        return self.ring.entry(text([node.name, *node.attrs, sizes, orders]), new, args)

    def loop(self, node: Node) -> Poly:
        """Return z_L: a sum over rounds if the step adds to the state, else an opaque atom."""
        ring, name = self.ring, f"l{node.attrs[0]}"
        inside = [self.nodes[n] for n in self.below(node.attrs[1])]
        mine = all(
            n.op != "loop" and (n.op != "state" or n.attrs[0] == node.attrs[0]) for n in inside
        )
        require(mine, "loop", "a loop inside a loop")
        step = self.value(node.attrs[1])
        start = self.at(node.args[0])
        more = ring.add((1, step), (-1, ring.entry("state", node.out)))
        if "state" not in more.heads:
            return ring.add((1, start), (1, self.total(more, [name], [node.attrs[2]])))
        require(seen(step, "state") <= {node.out}, "loop", "the step mixes entries of its state")
        nested = any(h.startswith("loop") for h in start.heads | step.heads)
        require(not nested, "loop", "a loop inside a loop")
        step = ring.rename(step, {name: f"c{step.height}_l"})
        return ring.entry(f"loop {node.attrs[2]}", (), (start, step))

    def reached(self, number: int) -> frozenset[str]:
        """Return the kinds of leaves that a node's entries depend on."""
        node = self.nodes[number]
        before = [ref.node for ref in node.args] + list(node.attrs[1:2] * (node.op == "loop"))
        inside = frozenset[str]().union(*(self.reach[n] for n in before))
        leaf = {"var": f"var {node.attrs[0]}" if node.attrs else "", "eye": "lit"}
        if node.op == "loop":
            return inside - {"state"}
        own = () if before or node.op in ("mul", "add") else (leaf.get(node.op, node.op),)
        return inside.union(own)

    # Side conditions, on the nodes

    def below(self, number: int) -> list[int]:
        """Return a node and all nodes that it needs."""
        found, new = {number}, [number]
        while new:
            node = self.nodes[new.pop()]
            for n in [ref.node for ref in node.args] + list(node.attrs[1:2] * (node.op == "loop")):
                if n not in found:
                    found.add(n)
                    new.append(n)
        return sorted(found)

    def varies(self, number: int) -> bool:
        """Return whether a node depends on x or on a variable."""
        return any(kind not in ("param", "lit") for kind in self.reach[number])

    def excluded(self, number: int) -> bool:
        """Return whether the graph has a parameter-only operation, the claim its exclusions."""
        node = self.nodes[number]
        if "param" not in self.reach[number] or self.varies(number) or number in self.guarded:
            return False
        first = len(self.graph.nodes)
        return number < first or any(
            other.name == node.name and not self.varies(n) and self.value(n) is self.value(number)
            for n, other in enumerate(self.nodes[:first])
            if n not in self.guarded and other.shape == node.shape
        )

    def defined(self, number: int, step: str) -> None:
        """Require every operation below a node to be defined and locally bounded.

        Parameter-only operations of the graph are taken to be defined, but for those in a branch
        that ``where`` may leave out.
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
            sign = self.sign(node.args[0].node) if domain else 2
            least = {"": 2, "positive": 2, "nonzero": 2, "nonnegative": 1}[domain]
            sign = abs(sign) if domain == "nonzero" else sign
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
                smooth = self.sign(node.args[0].node) == 2
            require(smooth, where, "not known to be locally Lipschitz")

    # Signs, directions, curvatures: 2 > 0, 1 >= 0, 0 not seen, -1 <= 0, -2 < 0

    def sign(self, number: int) -> int:
        """Return what is seen of the sign of all entries of a node."""
        if number == self.cut:
            return 0
        if number not in self.signs:
            node = self.nodes[number]
            found = self.sign_by_form(node)
            found = found or self.sign_by_corners(self.at(Ref(number, node.out)))
            self.signs[number] = found = found or self.sign_of_least(number)
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
            return added(signs[1:]) if signs[1] * signs[2] > 0 else 0
        if node.op != "fn" or node.name not in ROWS:
            return 0
        return sign_of(node.name, signs[0])

    def sign_by_corners(self, p: Poly, depth: int = 8) -> int:
        """Return the sign of a Poly: of its monomials, else at both ends of an atom's range.

        Where p is affine in an atom of known range, it has a sign just where both ends have it.
        """
        key = p, depth
        if key not in self.corners:
            signs = [times(2 * int_sign(q), self.sign_of_monomial(m)) for m, q in p.terms.items()]
            end = added(signs) or not depth or len(p.terms) > 64
            self.corners[key] = added(signs) if end else self.sign_at_ends(p, depth)
        return self.corners[key]

    def sign_at_ends(self, p: Poly, depth: int) -> int:
        """Return the sign of a Poly at both ends of the range of an atom in which it is affine."""
        for a in sorted({a for m in p.terms for a, _ in m[1]}, key=lambda a: a.key):
            powers = [dict(m[1]).get(a, 0) for m in p.terms]
            row = ROWS.get(a.head)
            low, high = (bound(row.low), bound(row.high)) if row else (None, None)
            if max(powers) > 1 or not (low or high) or any(bounds_name(m, a) for m in p.terms):
                continue
            with_a = {m: q for m, q in p.terms.items() if a in dict(m[1])}
            slope = self.ring.poly({drop(m, a): q for m, q in with_a.items()})
            rest = self.ring.poly({m: q for m, q in p.terms.items() if m not in with_a})
            ends = []
            for end, toward in ((low, -1), (high, 1)):
                at_end = self.ring.add((1, rest), (end[0], slope)) if end else slope
                s = self.sign_by_corners(at_end, depth - 1)
                ends.append((s if end else toward * s, bool(end and end[1])))
            for flip in (1, -1):
                (s, s_attained), (t, t_attained) = [(flip * v, attained) for v, attained in ends]
                if s >= 1 and t >= 1:
                    strict = (s == 2 or not s_attained) and (t == 2 or not t_attained)
                    return flip * (2 if strict and 2 in (s, t) else 1)
            return 0
        return 0

    def sign_of_monomial(self, mono: Any) -> int:
        """Return the sign of a product of atoms."""
        result = 2
        for a, e in mono[1]:
            s = self.sign_of_atom(a)
            s = s if e % 2 else (2 if abs(s) == 2 else 1)
            result = times(result, 2 if a.head == "E" else s)
        return result

    def sign_of_literal(self, k: int) -> int:
        """Return the sign that all entries of a constant have."""
        least, most = min(self.graph.literals[k].data), max(self.graph.literals[k].data)
        if least >= 0:
            return 1 + (least > 0)
        return -1 - (most < 0) if most <= 0 else 0

    def sign_of_atom(self, a: Atom) -> int:
        """Return the sign of an atom, by its row and its argument."""
        if a.head.startswith("lit "):
            return self.sign_of_literal(int(a.head[4:]))
        if a.head not in ROWS:
            return 1 if a.head == "eye" else 0
        if a.head == "log" and a.args[0].constant is not None:
            return 2 * int_sign(a.args[0].constant - 1)
        known = self.seen_signs.get(a.args[0])
        return sign_of(a.head, known or self.sign_by_corners(a.args[0], 4))

    def direction(self, number: int, head: str, states: dict[int, int]) -> int | None:
        """Return 1 if a node's entries are nondecreasing in the variable, -1, 0 constant, None."""
        key = (number, head, *states)
        if key not in self.ways:
            self.ways[key] = self.directed(number, head, states)
        return self.ways[key]

    def directed(self, number: int, head: str, states: dict[int, int]) -> int | None:
        """Return a direction: of a leaf, by form, or by the slope."""
        node = self.nodes[number]
        if node.op == "state" and node.attrs[0] in states:
            return states[node.attrs[0]]
        if head not in self.reach[number] and not any(
            self.nodes[n].op == "state" for n in self.below(number)
        ):
            return 0
        if node.op == "var":
            return 1
        inner = [self.direction(ref.node, head, states) for ref in node.args]
        found = self.direction_by_form(node, inner, head, states)
        return self.direction_by_slope(number, head, states) if found is None else found

    def direction_by_form(
        self, node: Node, inner: list[int | None], head: str, states: dict[int, int]
    ) -> int | None:
        """Return the direction that an operation and its arguments' directions give."""
        if node.op == "loop":
            states = {**states, node.attrs[0]: 1}
            step = self.direction(node.attrs[1], head, states)
            return 1 if inner[0] in (0, 1) and step in (0, 1) else None
        if None in inner:
            return None
        ways = [d for d in inner if d is not None]
        if node.op == "add":
            return agree([int_sign(q) * d for q, d in zip(node.coefs, ways, strict=True)])
        if node.op == "mul":
            signs = [self.sign(ref.node) for ref in node.args]
            moving = [k for k, d in enumerate(ways) if d]
            others = times(2 * int_sign(node.coefs[0]), 2)
            for k, s in enumerate(signs):
                others = times(others, s) if len(moving) > 1 or k not in moving else others
            if len(moving) > 1 and any(s < 1 for s in signs):
                return None
            return agree([ways[k] for k in moving], int_sign(Fraction(others))) if others else None
        if node.op == "call" and node.name in EDGES:
            return ways[0]
        if node.op != "fn":
            return None
        if node.name == "inv":
            return -ways[0] if abs(self.sign(node.args[0].node)) == 2 else None
        row = ROWS.get(node.name)
        return ways[0] * row.monotone if row and row.monotone else None

    def direction_by_slope(self, number: int, head: str, states: dict[int, int]) -> int | None:
        """Return the direction of a function of one node w, itself up or down.

        phi(w[K]) with jumps at finitely many points only: up where phi' >= 0 between them and no
        jump leads down.
        """
        out, shape = self.nodes[number].out, self.nodes[number].shape
        for w in reversed(self.below(number)[:-1]):
            way = self.direction(w, head, states) if self.nodes[w].shape == shape else None
            alone = way and self.through(number, w, head)
            p = self.cut_at(number, w, ("step", "iszero", "where")) if alone else None
            if p is not None:
                try:
                    found = self.rising(p, out)
                except RingError:
                    found = None
                return found * way if found is not None and way else None
        return None

    def rising(self, p: Poly, out: Any) -> int | None:
        """Return 1 for a nondecreasing function of "cut", -1 nonincreasing, 0 constant, or None."""
        jumps = [a for m in p.terms for a, _ in m[1] if a.head in ("step", "iszero")]
        if any(k in a.heads for m in p.terms for a, _ in m[1] if a not in jumps for k in JUMPS):
            return None
        knots: dict[Atom, tuple[Fraction, Fraction]] = {}  # cut = knot, and the slope there
        for a in jumps:
            inner, q = a.args[0], self.ring.derivative(a.args[0], "cut", out).constant
            if any(k in inner.heads for k in JUMPS):
                return None
            at = self.ring.substitute(inner, "cut", self.ring.number(0)).constant if q else None
            if "cut" in inner.heads:
                if at is None or q is None:
                    return None
                knots[a] = (-at / q, q)
        places = sorted({t for t, _ in knots.values()})
        middles = [
            self.inside(low, high)
            for low, high in zip([None, *places], [*places, None], strict=True)
        ]
        pieces = [self.piece(p, knots, k, places) for k in range(len(middles))]
        slopes = []
        for piece, u in zip(pieces, middles, strict=True):
            slope = self.ring.derivative(piece, "cut", out)
            slopes.append(
                self.sign_by_corners(self.ring.substitute(slope, "cut", u)) if slope.terms else None
            )
        for k, t in enumerate(places):
            here = self.ring.substitute(
                self.piece(p, knots, k, places, t), "cut", self.ring.number(t)
            )
            left, right = (
                self.ring.substitute(piece, "cut", self.ring.number(t))
                for piece in pieces[k : k + 2]
            )
            for low, high in ((left, here), (here, right)):
                step = self.ring.add((1, high), (-1, low))
                slopes.append(self.sign_by_corners(step) if step.terms else None)
        signs = [s for s in slopes if s is not None]
        return None if 0 in signs else agree([int_sign(Fraction(s)) for s in signs])

    def inside(self, low: Fraction | None, high: Fraction | None) -> Poly:
        """Return a Poly in a new "cut" that runs through just the open interval (low, high)."""
        ring = self.ring
        cut = ring.entry("cut", ())
        if low is None and high is None:
            return cut
        if low is None or high is None:
            end, way = (high, -1) if low is None else (low, 1)
            return ring.add((end or 0, ring.number(1)), (way, ring.of("softplus", cut)))
        return ring.add((low, ring.number(1)), (high - low, ring.of("sigmoid", cut)))

    def piece(
        self, p: Poly, knots: Any, k: int, places: list[Fraction], exactly: Fraction | None = None
    ) -> Poly:
        """Return p with its jumps decided: between knots k - 1 and k, or at a knot exactly."""
        terms: dict[Any, Fraction] = {}
        for (bounds, factors), c in p.terms.items():
            kept = tuple(f for f in factors if f[0] not in knots)
            for a, _ in factors:
                if a in knots:
                    t, q = knots[a]
                    side = (
                        (exactly > t) - (exactly < t)
                        if exactly is not None
                        else (1 if places.index(t) < k else -1)
                    )
                    c *= int(side * q > 0) if a.head == "step" else int(side == 0)
            if c:
                terms[bounds, kept] = terms.get((bounds, kept), Fraction(0)) + c
        return self.ring.poly(terms)

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

    def sign_of_least(self, number: int) -> int:
        """Return the sign of g(w) for g convex with g'(0) = 0: that of g(0), if not negative."""
        if self.nodes[number].op != "add":
            return 0
        out, shape = self.nodes[number].out, self.nodes[number].shape
        near = [w for w in self.below(number)[:-1] if self.nodes[w].shape == shape]
        for w in [w for w in reversed(near) if self.varies(w) and self.through(number, w, "x")][:3]:
            p = self.cut_at(number, w)
            if (
                p is None
                or any(kind in p.heads for kind in JUMPS)
                or any(kind in p.heads for kind in ("x", "state"))
                or "cut" not in p.heads
            ):
                continue
            first, second = self.slope(p, 1, out), self.slope(p, 2, out)
            zero = self.ring.number(0)
            if first is None or second is None or "step" in first.heads:
                continue
            if (
                self.sign_by_corners(second) >= 1
                and not self.ring.substitute(first, "cut", zero).terms
            ):
                return max(self.sign_by_corners(self.ring.substitute(p, "cut", zero)), 0)
        return 0

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

    def curvature(self, number: int) -> int | None:
        """Return 1 if a node's entries are convex in x, -1 concave, 0 affine, None not seen."""
        node = self.nodes[number]
        if node.op == "x" or not self.varies(number):
            return 0
        inner = [self.curvature(ref.node) for ref in node.args]
        bends = [c for c in inner if c is not None]
        if len(bends) < len(inner):
            return None
        if node.op == "add":
            return agree([int_sign(q) * c for q, c in zip(node.coefs, bends, strict=True)])
        if node.op == "mul":
            moving = [ref for ref in node.args if self.varies(ref.node)]
            signs = [self.sign(ref.node) for ref in node.args if ref not in moving]
            factor = 2 * int_sign(node.coefs[0])
            for s in signs:
                factor = times(factor, s)
            if len(moving) == 2 and moving[0] == moving[1]:
                k, sign = self.curvature(moving[0].node), self.sign(moving[0].node)
                bent = k == 0 or (k == 1 and sign >= 1) or (k == -1 and sign <= -1)
                return int_sign(Fraction(factor)) or None if bent else None
            if len(moving) != 1:
                return None
            bend = bends[node.args.index(moving[0])]
            return 0 if bend == 0 else bend * int_sign(Fraction(factor)) or None
        if node.op == "call" and node.name == "amax":
            return 1 if bends[0] in (0, 1) else None
        if node.op == "fn" and node.name in CONVEX:
            up = CONVEX[node.name]
            return 1 if bends[0] == 0 or bends[0] == up else None
        if node.op == "fn" and node.name == "log":
            return -1 if bends[0] in (0, -1) else self.log_sum_exp(node)
        return None

    def log_sum_exp(self, node: Node) -> int | None:
        """Return 1 for log of a positive combination of exponentials of convex entries."""
        pending, seen_all = [node.args[0].node], True
        while pending and seen_all:
            inner = self.nodes[n := pending.pop()]
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


JUMPS = ("step", "iszero", "floor", "round")
CONVEX = {"exp": 1, "softplus": 1, "relu": 1}  # convex, and nondecreasing (1)


def int_sign(q: Fraction) -> int:
    return (q > 0) - (q < 0)


def times(s: int, t: int) -> int:
    """Return the sign of a product from the signs of its factors."""
    return 0 if 0 in (s, t) else int_sign(Fraction(s * t)) * min(abs(s), abs(t))


def added(signs: list[int]) -> int:
    """Return the sign of a sum from the signs of its terms."""
    if all(s > 0 for s in signs):
        return max(signs, default=1)
    return min(signs) if all(s < 0 for s in signs) else 0


def agree(ways: list[int], factor: int = 1) -> int | None:
    """Return the direction that all have, or are constant beside, times a factor."""
    found = {factor * d for d in ways} - {0}
    return found.pop() if len(found) == 1 else (None if found else 0)


def sign_of(name: str, argument: int) -> int:
    """Return the sign of name(u) from the sign of u."""
    row = ROWS[name]
    low, high = bound(row.low), bound(row.high)
    if low and low[0] >= 0:
        strict = low[0] > 0 or not low[1]
        return 2 if strict or (argument == 2 and name in ("sqrt", "relu", "step")) else 1
    if high and high[0] <= 0:
        return -1 if high[1] and not high[0] else -2
    if name in ("inv", "i1", "tanh", "erf", "atan", "asinh"):
        return argument
    return min(argument, 1) if name == "floor" else 0


def bounds_name(mono: Any, a: Atom) -> bool:
    """Return whether a monomial sums over an index of an atom."""
    return not a.free.isdisjoint(n for n, _ in mono[0])


def drop(mono: Any, a: Atom) -> Any:
    """Return a monomial without an atom."""
    return mono[0], tuple((b, e) for b, e in mono[1] if b is not a)


def seen(p: Poly, head: str) -> set[Any]:
    """Return the indices at which a Poly contains an entry, also inside of functions."""
    atoms = {a for _, factors in p.terms for a, _ in factors if head in a.heads}
    own = {a.index for a in atoms if a.head == head}
    return own.union(*(seen(q, head) for a in atoms for q in a.args))
