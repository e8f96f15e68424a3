"""A map as its proof reads it: the formula of f and of its Jacobian, each factor with its rule."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from verify.formulas.jacobian import Jacobian
from verify.formulas.jacobian import smooth as c1
from verify.formulas.notation import Notation
from verify.formulas.typography import LONG, UNIT, Piece, Plain
from verify.trusted.graph import Graph, Node

LONGEST, SHOWN, FEW = 600, 60, 4
LABELS = {
    ("ridge", "psd"): "ridge: nondecreasing in its argument",
    ("ridge", "symmetric"): "ridge: entry by entry",
    ("gradient", "psd"): "a convex potential",
    ("gradient", "symmetric"): "a potential",
    ("jacobian", "psd"): "v^T J v is a sum of squares",
    ("jacobian", "symmetric"): "J_ij = J_ji",
}


@dataclass(frozen=True)
class Line:
    """An equation, with a remark."""

    left: str
    right: str
    remark: str = ""


def spelled(name: str) -> str:
    """Return how a name that needs no explanation is spelled in a formula."""
    place = re.fullmatch(r"(\w+)\[([\d,]+)\]", name, re.ASCII)
    return f"{place[1]}_{place[2]}" if place else name if re.fullmatch(r"\w+", name, re.A) else ""


class Structure:
    """The equations that show a map, and what is said of their parts.

    Attributes:
        lines: f(x) = .., and its Jacobian where it is continuous.
        definitions: what the lines abbreviate.
        notes: (part, what the proof says of it).
    """

    def __init__(
        self,
        graph: Graph,
        names: Sequence[str],
        style: Plain,
        claim: str = "",
        aux: Sequence[Node] = (),
        proof: dict[str, Any] | None = None,
    ) -> None:
        names = names if len(names) == len(graph.params) else ()
        self.style, self.claim, self.names = style, claim, names
        self.notation = Notation(graph, aux, names, style)
        self.nodes = self.notation.nodes
        self.notes: list[tuple[str, str]] = []
        self.potentials = 0
        self.lines: list[Line] = []
        value, slope = self.read(proof or {}, graph.output)
        jacobian = [Line("J(x)", slope.text)] if slope else []
        self.lines = [Line("f(x)", value.text), *jacobian, *self.lines]
        self.notes = [
            (("f(x)" if part == value.text else part), label) for part, label in self.notes
        ]
        self.definitions = self.used_definitions()

    def used_definitions(self) -> list[Line]:
        """Return the definitions that the lines need, in order."""
        text = "\n".join(line.right for line in self.lines)
        kept: list[Line] = []
        for left, right, remark in reversed(self.notation.definitions):
            name = re.escape(self.notation.stems.get(left.text, ""))
            if not name or re.search(name + r"(?!\d)", text):
                said = self.style.remark(remark) if remark else ""
                kept.append(Line(left.text, right.text, said))
                text += "\n" + right.text
        return kept[::-1]

    @property
    def legend(self) -> list[tuple[str, str]]:
        """(symbol, name of the parameter in the module), where they differ."""
        symbols = [Plain().symbol(*symbol).text for symbol in self.notation.parameters]
        rounds = [("l",) * (k in self.notation.graph.families) for k in range(len(symbols))]
        pairs = zip(self.notation.parameters, rounds, strict=True)
        shown = [self.style.symbol(base, (*below, *l)).text for (base, below), l in pairs]
        pairs = zip(symbols, shown, self.names, strict=False)
        return [(latex, name) for plain, latex, name in pairs if plain != spelled(name)]

    def read(self, proof: dict[str, Any], output: int) -> tuple[Piece, Piece | None]:
        """Return the formulas of the map that a proof is about, and of its Jacobian if it shows."""
        rule = proof.get("rule", "")
        if rule == "sum":
            return self.sum(proof["parts"], output)
        if rule == "ridge":
            return self.ridge(proof["linear"], proof["argument"], proof["phi"])
        if rule == "gradient":
            return self.gradient(proof["potential"])
        if rule == "jacobian":
            return self.jacobian(proof["map"], proof["squares"])
        return self.labelled(self.notation.piece(output), rule), self.derivative(output, False)

    def sum(self, parts: Sequence[Any], output: int) -> tuple[Piece, Piece | None]:
        """Return the sum of parts; of many, the first and the last."""
        style, zero = self.style, self.style.number(0)
        many = len(parts) > LONG
        read = [
            self.read(part, output) for part in (parts if not many else [*parts[:2], parts[-1]])
        ]
        read.sort(key=lambda part: part[1] == zero)
        whole = style.total([(Fraction(1), value) for value, _ in read], many)
        slopes = [slope for _, slope in read if slope]
        if len(slopes) < len(read):
            return whole, None
        moving = [(Fraction(1), slope) for slope in slopes if slope != zero]
        return whole, style.total(moving, many) if moving else zero

    def labelled(self, piece: Piece, rule: str) -> Piece:
        """Return a piece with what a rule says of it below, and noted."""
        label = LABELS.get((rule, self.claim), rule)
        return self.note(piece, label, self.style.words(label)) if label else piece

    def note(self, piece: Piece, label: str, below: str) -> Piece:
        """Return a piece with a label below, and noted."""
        part = piece.text if len(piece.text) <= SHOWN else f"{piece.text[: SHOWN - 4]} ..."
        if (part, label) not in self.notes:
            self.notes.append((part, label))
        return self.style.brace(piece, below)

    def ridge(self, linear: int, variable: int, phi: int) -> tuple[Piece, Piece | None]:
        """Return L^T phi(L x) and L^T diag(phi'(L x)) L."""
        style, notation, one = self.style, self.notation, self.style.number(1)
        L, x = notation.piece(linear), style.symbol("x")
        scalar, identity = not self.nodes[phi].shape, style.identity == L
        if len(self.nodes[linear].shape) > 2 and linear not in notation.symbols:
            L = notation.define(linear, L)
        turned = style.transpose(L) if self.nodes[linear].shape else L
        argument = x if identity else style.product([turned if scalar else L, x])
        notation.substitute(variable, argument)
        value = notation.piece(phi)
        chain = Jacobian(notation, variable)
        terms = chain.terms(phi)
        slope = chain.diagonal(terms) if terms is not None else None
        constant = slope == style.number(0)
        value = value if constant else self.labelled(value, "ridge")
        f = value if identity else style.product([value, L] if scalar else [turned, value])
        slope = one if slope == style.ones else slope
        if slope is None or constant or len(slope.text) > LONGEST:
            return f, slope if constant else None
        number = style.number(slope.q) if slope.body == UNIT else None
        if self.claim == "psd" and number is None:
            slope = self.note(slope, ">= 0", r"\ge 0")
        middle = [number or (slope if scalar else style.apply("diag", [slope]))]
        if identity:
            return f, style.product([*middle, *([style.identity] if number else [])])
        return f, style.product([*middle, L, turned] if scalar else [turned, *middle, L])

    def gradient(self, potential: int) -> tuple[Piece, Piece | None]:
        """Return grad F and its Hessian, F noted."""
        style = self.style
        self.potentials += 1
        below = (str(self.potentials),) if self.potentials > 1 else ()
        F = style.symbol("F", below)
        formula = self.labelled(self.notation.piece(potential), "gradient")
        at_x = Piece(F.text + "(x)", F.level)
        self.notation.definitions.append((at_x, formula, ""))
        value = style.apply("gradient", [at_x])
        smooth = all(
            c1(self.nodes[k].name)
            for k in self.notation.reach(potential)
            if self.nodes[k].op == "fn"
        )
        return value, style.apply("hessian", [at_x]) if smooth else None

    def jacobian(self, number: int, squares: Sequence[Any]) -> tuple[Piece, Piece | None]:
        """Return a map whose Jacobian is symmetric, a sum of squares where it is psd."""
        style, notes = self.style, [*self.notes]
        shown = [self.square(c, s) for c, s in squares]
        value = self.labelled(self.notation.piece(number), "jacobian")
        known = [piece for piece in shown if piece]
        if squares and len(known) == len(shown):
            return value, style.total([(Fraction(1), piece) for piece in known])
        self.notes = [note for note in self.notes if note in notes or note[1] != ">= 0"]
        if 0 < len(squares) <= FEW:
            terms = [(Fraction(1), self.squared(c, s)) for c, s in squares]
            v = style.symbol("v")
            form = style.product([style.transpose(v), style.symbol("J"), v])
            self.lines.append(Line(form.text, style.total(terms).text))
        return value, self.derivative(number, True)

    def square(self, c: int, s: int) -> Piece | None:
        """Return M^T diag(c) M for the square of s = M v, None if it has no such form."""
        variable = next((k for k, n in enumerate(self.nodes) if n.attrs == ("v",)), None)
        if variable is None or len(self.nodes[s].shape) > 1:
            return None
        chain, style = Jacobian(self.notation, variable), self.style
        self.notation.piece(s)
        terms = chain.terms(s)
        if not terms or len(terms) > 1:
            return None
        q, factors = terms[0]
        left, right = chain.turned(factors), factors
        if not self.nodes[s].shape:  # the gradient g of a number: g g^T
            left, right = right, left
        factor, constant = self.notation.piece(c), not self.nodes[c].args
        if not constant and factor.body != UNIT:
            ranked = bool(self.nodes[s].shape)
            factor = factor if ranked else style.grouped(factor)
            factor = self.note(factor, ">= 0", r"\ge 0")
        middle = [factor if constant or not self.nodes[s].shape else style.apply("diag", [factor])]
        if factor == style.number(1):
            middle = []
        pieces = [*map(chain.shown, left), *middle, *map(chain.shown, right)]
        pieces = [*middle, *map(chain.shown, [*left, *right])] if constant else pieces
        return style.times(q * q, style.product(pieces or [style.identity]))

    def squared(self, c: int, s: int) -> Piece:
        """Return sum c s^2."""
        style, ranked = self.style, bool(self.nodes[c].shape)
        root, factor = style.power(self.notation.piece(s), 2), self.notation.piece(c)
        if factor.body != UNIT:
            factor = self.note(style.grouped(factor), ">= 0", r"\ge 0")
        factors = [root] if factor == style.number(1) else [factor, root]
        whole = style.pointwise(factors) if ranked else style.product(factors)
        return style.apply("sum", [whole]) if ranked else whole

    def derivative(self, number: int, roots: bool) -> Piece | None:
        """Return the Jacobian of a map by the chain rule, None if it has no short formula."""
        leaf = next((k for k, node in enumerate(self.nodes) if node.op == "x"), None)
        self.notation.piece(number)
        chain = Jacobian(self.notation, leaf, roots) if leaf is not None else None
        terms = chain.terms(number) if chain else None
        piece = chain.write(terms) if chain and terms is not None else None
        return piece if piece and len(piece.text) < LONGEST else None
