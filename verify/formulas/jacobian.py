"""The Jacobian of a node as a formula, by the chain rule: sums of products of matrices.

What has no such formula, or no continuous derivative known to the table, has none here.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from verify.formulas.notation import Notation
from verify.formulas.products import Network
from verify.formulas.typography import UNIT, Piece
from verify.trusted.atoms import ROWS, bound, monomials
from verify.trusted.graph import Node, Ref

MOST, NUMBERS = 6, ("scalar", "below")


class Factor(NamedTuple):
    """A factor of a product: a number, a number below, diag(v), a matrix, a column v, a row v^T."""

    piece: Piece
    kind: str
    nonnegative: bool = False


Terms = list[tuple[Fraction, list[Factor]]]


class Jacobian:
    """Derivatives of nodes in one leaf: of vectors their Jacobian, of numbers their gradient."""

    def __init__(self, notation: Notation, leaf: int, roots: bool = False) -> None:
        self.notation, self.style, self.leaf = notation, notation.style, leaf
        self.roots = roots  # whether square roots are known to be of positive numbers
        self.known: dict[int, Terms | None] = {leaf: [(Fraction(1), [])]}

    def terms(self, number: int) -> Terms | None:
        """Return the derivative of a node as a sum of products, None if there is no formula."""
        for k in self.notation.reach(number):
            if k not in self.known:
                self.known[k] = self.derive(k)
        found = self.known[number]
        return found if found is None or len(found) <= MOST else None

    def moving(self, ref: Ref) -> bool:
        """Return whether a node depends on the leaf."""
        return self.known.get(ref.node) != []

    def derive(self, number: int) -> Terms | None:
        """Return the derivative of a node from those of its arguments."""
        node = self.notation.nodes[number]
        if node.op == "loop" or (node.op == "x" and number != self.leaf):
            return None
        moving = [ref for ref in node.args if self.moving(ref)]
        if not moving:
            return [] if node.op != "state" else None
        inner = [self.known[ref.node] for ref in moving]
        if len(node.shape) > 1 or None in inner or node.op not in ("add", "mul", "fn"):
            return None
        found: Terms = []
        for k, ref in enumerate(node.args):
            if not self.moving(ref):
                continue
            outer = self.partial(node, k)
            if outer is None:
                return None
            for q, factors in outer:
                for p, rest in self.known[ref.node] or []:
                    found.append((q * p, self.joined(factors, rest, node, ref)))
        return self.merged(found) if len(found) <= 4 * MOST else None

    def merged(self, terms: Terms) -> Terms:
        """Return a sum with equal products as one."""
        found: dict[tuple[Factor, ...], Fraction] = {}
        for q, factors in terms:
            found[tuple(factors)] = found.get(tuple(factors), Fraction(0)) + q
        return [(q, [*factors]) for factors, q in found.items() if q]

    def partial(self, node: Node, k: int) -> Terms | None:
        """Return the derivative of a node in its k-th argument."""
        ref, style = node.args[k], self.style
        names = [i for i in ref.index if isinstance(i, str)]
        if names != [*ref.index] or len(names) > 1:
            return None
        if node.op == "mul":
            factors = self.others(node, k, names)
            return None if factors is None else [(node.coefs[0], factors)]
        if names != [*node.out] and (names or node.op == "fn"):
            return None
        kind = self.kind(node, names)
        if node.op == "add":
            return [(node.coefs[k], [Factor(style.ones, kind)])]
        rooted = self.roots and node.name == "sqrt"
        if len(node.args) > 1 or not (smooth(node.name) or rooted):
            return None
        u, found = self.notation.entry(ref), []
        for q, words in monomials(ROWS[node.name].derivative):
            if kind == "scalar":
                found.append((q, [self.factor(word, u, node) for word in words]))
                continue
            pieces = [self.factor(word, u, node).piece for word in words]
            piece = style.pointwise(pieces or [style.ones])
            found.append((q, [Factor(piece, kind, all(map(nonnegative, words)))]))
        return [(q, factors) for q, factors in found if q]

    def factor(self, word: str, u: Piece, node: Node) -> Factor:
        """Return a function of the table at u; of a number, what stands below a line as that."""
        if not node.shape and word in ("inv", "rsqrt"):
            return Factor(u if word == "inv" else self.style.apply("sqrt", [u]), "below")
        if word == node.name:
            return Factor(self.notation.known[self.notation.nodes.index(node)], "scalar")
        piece = u if word == "u" else self.style.apply(word, [u])
        return Factor(piece, "scalar", nonnegative(word))

    def kind(self, node: Node, names: Sequence[str]) -> str:
        """Return what the derivative of a node in an argument with these names is."""
        if not node.shape:
            return "column" if names else "scalar"  # the gradient is built from the right
        return "diag" if names == [*node.out] else "matrix" if names else "column"

    def others(self, node: Node, k: int, names: Sequence[str]) -> list[Factor] | None:
        """Return the product of the other factors, free in the output's and these names."""
        network = Network(self.style)
        rest = [ref for j, ref in enumerate(node.args) if j != k]
        if not all(self.notation.join(network, ref) for ref in rest):
            return None
        below = [Factor(piece, "below") for piece in network.below.pop("", [])]
        piece = network.write([*dict.fromkeys([*node.out, *names])])
        if piece is None:
            return None
        inner = [self.notation.nodes[ref.node] for ref in rest]
        positive = all(n.op == "fn" and nonnegative(n.name) for n in inner)
        kind = self.kind(node, names)
        if kind == "diag" and not any(map(self.notation.axes, rest)):
            kind = "scalar"
        return [*below, Factor(piece, kind, positive and bool(rest))]

    def joined(
        self, outer: list[Factor], inner: list[Factor], node: Node, ref: Ref
    ) -> list[Factor]:
        """Return the derivative of a node through one argument, from that of the argument."""
        below = bool(self.notation.nodes[ref.node].shape)
        if node.shape and not below:  # J = w (grad a)^T
            return self.simplified([*outer, *self.turned(inner)])
        if below and not node.shape:  # grad = J_a^T w
            return self.simplified([*self.turned(inner), *outer])
        return self.simplified([*outer, *inner])

    def turned(self, factors: Sequence[Factor]) -> list[Factor]:
        """Return the factors of the transposed product."""
        swap = {"column": "row", "row": "column"}
        return [
            f._replace(piece=self.style.transpose(f.piece)) if f.kind == "matrix"
            else f._replace(kind=swap.get(f.kind, f.kind))
            for f in reversed(factors)
        ]  # fmt: skip

    def simplified(self, factors: Sequence[Factor]) -> list[Factor]:
        """Return a product with its numbers in front and neighbouring diagonals as one."""
        found: list[Factor] = []
        for f in factors:
            if f.piece in (UNIT, self.style.ones) and f.kind in ("diag", "scalar", "below"):
                continue
            last = found[-1] if found else None
            kinds = (last.kind, f.kind) if last else ()
            if last and kinds in (("diag", "diag"), ("diag", "column"), ("row", "diag")):
                one = [g.piece for g in (last, f) if g.piece != self.style.ones]
                both = self.style.pointwise(one or [self.style.ones])
                kind = "row" if last.kind == "row" else f.kind
                found[-1] = Factor(both, kind, last.nonnegative and f.nonnegative)
            else:
                found.append(f)
        return sorted(found, key=lambda f: f.kind not in NUMBERS)

    def diagonal(self, terms: Terms) -> Piece | None:
        """Return the vector v of a derivative diag(v), None if it is no diagonal matrix."""
        written = []
        for q, factors in terms:
            if any(f.kind not in ("diag", *NUMBERS) for f in factors):
                return None
            numbers = self.numbers(factors)
            vectors = [f.piece for f in factors if f.kind == "diag"]
            whole = self.style.pointwise(vectors or [self.style.ones])
            written.append((q, self.style.product([*numbers, whole]) if numbers else whole))
        return self.style.total(written) if written else self.style.number(0)

    def write(self, terms: Terms) -> Piece:
        """Return a sum of products as a formula, what is nonnegative with its sign."""
        style, written = self.style, []
        for q, factors in terms:
            matrices = [self.shown(f) for f in factors if f.kind not in NUMBERS]
            parts = [*self.numbers(factors), *(matrices or [style.identity])]
            written.append((q, style.product(parts)))
        return style.total(written) if written else style.number(0)

    def numbers(self, factors: Sequence[Factor]) -> list[Piece]:
        """Return the numbers among factors, those below as one quotient."""
        above = [self.shown(f) for f in factors if f.kind == "scalar"]
        below = [f.piece for f in factors if f.kind == "below"]
        return [
            *([Network(self.style).over(UNIT, below)] if below else []),
            *self.style.powers(above),
        ]

    def shown(self, f: Factor) -> Piece:
        """Return a factor as a formula."""
        if f.kind == "row":
            return self.style.transpose(f.piece)
        sign = f.nonnegative and f.kind in ("diag", "scalar")
        piece = self.style.brace(f.piece, r"\ge 0") if sign else f.piece
        return self.style.apply("diag", [piece]) if f.kind == "diag" else piece


def smooth(name: str) -> bool:
    """Return whether the table knows a continuous derivative of a function.

    >>> smooth("tanh"), smooth("relu"), smooth("floor")
    (True, False, False)
    """
    row = ROWS.get(name)
    if row is None or not row.derivative or not row.lipschitz:
        return False
    words = {word for _, words in monomials(row.derivative) for word in words} - {"u"}
    return all(word in ROWS and ROWS[word].lipschitz for word in words)


def nonnegative(name: str) -> bool:
    """Return whether the table knows that a function has no negative value.

    >>> nonnegative("sech2"), nonnegative("tanh")
    (True, False)
    """
    low = bound(ROWS[name].low) if name in ROWS else None
    return low is not None and low[0] >= 0
