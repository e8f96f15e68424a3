"""The formula of a graph: in matrices and vectors where that fits, else in indices."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

from verify.formulas.naming import Symbol, symbols
from verify.formulas.products import Network
from verify.formulas.typography import ATOM, Piece, Plain
from verify.trusted.graph import Graph, Node, Ref

INLINE, SHARED, LATER = 14, 3, 6
ROUND, LETTERS = "lmkpqr", "ijkpqrstuvwabcdeghmno"


class Notation:
    """The formulas of nodes; what is long or used twice gets a name and a definition.

    Attributes:
        definitions: (left-hand side, right-hand side, remark), in the order of use.
    """

    def __init__(
        self, graph: Graph, aux: Sequence[Node], names: Sequence[str], style: Plain
    ) -> None:
        self.graph, self.nodes, self.style = graph, (*graph.nodes, *aux), style
        self.parameters = symbols(names, len(graph.params))
        taken = {base for base, _ in self.parameters}
        self.hidden = [letter for letter in "hgywvqst" if letter not in taken] or ["z"]
        self.short = next((letter for letter in "zyutr" if letter not in taken), "z")
        self.constant = next((letter for letter in "CDKQ" if letter not in taken), "C")
        self.loops: list[int] = []  # in the order of use
        self.symbols: dict[int, Symbol] = {}
        self.scales: dict[int, Fraction] = {}
        self.stems: dict[str, str] = {}  # how a name that was given begins wherever it is used
        self.known: dict[int, Piece] = {}
        self.weights: dict[int, int] = {}
        self.definitions: list[tuple[Piece, Piece, str]] = []
        self.uses = Counter(ref.node for node in graph.nodes for ref in node.args)
        self.later = Counter(ref.node for node in aux for ref in node.args) + self.uses
        self.count = 0
        self.moves: list[bool] = []
        for node in self.nodes:
            inner = any(self.moves[ref.node] for ref in node.args)
            self.moves.append(inner or node.op in ("x", "var", "state", "loop"))

    def piece(self, number: int, label: str = "") -> Piece:
        """Return the formula of a node, with a label under it."""
        for k in self.below(number, self.known):
            if k not in self.known:
                self.known[k] = self.set_down(k, k == number)
        piece = self.known[number]
        return self.style.brace(piece, label) if label else piece

    def reach(self, number: int) -> list[int]:
        """Return a node and all that it depends on, in order."""
        return self.below(number, known={})

    def below(self, number: int, known: Mapping[int, Piece]) -> list[int]:
        """Return a node and all that it needs beyond what is known, in order."""
        found, new = {number}, [number]
        while new:
            node = self.nodes[new.pop()]
            inner = {ref.node for ref in node.args}
            inner.update(node.attrs[1:2] if node.op == "loop" else ())
            new += [k for k in inner - found if k not in known]
            found |= inner
        return sorted(found)

    def substitute(self, variable: int, piece: Piece) -> None:
        """Write a piece for a variable from now on."""
        moving = {variable}
        for k in range(variable + 1, len(self.nodes)):
            if any(ref.node in moving for ref in self.nodes[k].args):
                moving.add(k)
                self.known.pop(k, None)
                self.symbols.pop(k, None)
                self.scales.pop(k, None)
        self.known[variable], self.weights[variable] = piece, 2

    def set_down(self, number: int, root: bool) -> Piece:
        """Return the formula of a node, or the name that it is given."""
        node = self.nodes[number]
        symbol = self.leaf(number, node)
        if symbol:
            self.symbols[number], self.weights[number] = symbol, 1
            return self.style.symbol(*symbol)
        inner = sum(self.weights.get(ref.node, 1) for ref in node.args)
        self.weights[number] = max(1, inner) + (node.op in ("fn", "call"))
        formula = self.matrices(node)
        if formula is None:
            return self.define(number, *self.entries(node))
        shared = self.uses[number] > 1 and self.weights[number] > SHARED
        named = formula.body.level == ATOM and not formula.body.text.endswith(")")
        shared = shared or (self.later[number] > 1 and self.weights[number] > LATER)
        if not root and not named and (shared or self.weights[number] > INLINE):
            return self.define(number, formula)
        return formula

    def define(self, number: int, formula: Piece, letters: Sequence[str] = ()) -> Piece:
        """Return a new name for a node, its formula noted."""
        self.count += 1
        symbol = (self.short, (str(self.count),))
        self.symbols[number], self.weights[number] = symbol, 1
        left = self.style.symbol(self.short, (*symbol[1], *letters))
        self.stems[left.text] = self.style.symbol(*symbol).text.rstrip("}")
        self.definitions.append((left, formula.body, ""))
        self.scales[number] = formula.q  # so that a name is of something without its sign
        return self.style.times(formula.q, self.style.symbol(*symbol))

    def leaf(self, number: int, node: Node) -> Symbol | None:
        """Return the symbol of a node that is no formula."""
        match node.op:
            case "x":
                return "x", ()
            case "eye":
                return self.style.identity.text, ()
            case "var":
                return node.attrs[0], ()
            case "param":
                return self.parameters[node.attrs[0]]
            case "lit":
                return self.constant, (str(node.attrs[0]),)
            case "state":
                return self.letter(node.attrs[0]), (f"{self.round(node.attrs[0])}-1",)
            case "loop":
                return self.loop(node)
        return None

    def turn(self, loop: int) -> int:
        """Return how many loops were met before this one."""
        if loop not in self.loops:
            self.loops.append(loop)
        return self.loops.index(loop)

    def letter(self, loop: int) -> str:
        """Return the letter for the state of a loop."""
        return self.hidden[self.turn(loop) % len(self.hidden)]

    def round(self, loop: int) -> str:
        """Return the letter for the round of a loop."""
        return ROUND[self.turn(loop) % len(ROUND)]

    def loop(self, node: Node) -> Symbol:
        """Return z_L, the start and the step noted."""
        loop, step, rounds = node.attrs
        letter, count = self.letter(loop), self.round(loop)
        last = str(rounds) if isinstance(rounds, int) else count.upper()
        start = self.known[node.args[0].node]
        self.definitions.append((self.style.symbol(letter, ("0",)), start, ""))
        left = self.style.symbol(letter, (count,))
        self.definitions.append((left, self.known[step], f"{count} = 1, .., {last}"))
        return letter, (last,)

    def matrices(self, node: Node) -> Piece | None:
        """Return the formula of a node in matrix notation, or None if it has none."""
        if node.op == "mul":
            return self.product(node)
        if node.op == "call":
            lead = node.out[: len(node.shape) - node.attrs[1]]
            plain = all(index not in lead for ref in node.args for index in ref.index)
            entries = [self.entry(ref) for ref in node.args]
            return self.style.apply(node.name, entries) if plain or len(lead) <= 1 else None
        views = [self.view(ref, node.out) for ref in node.args]
        seen = [view for view in views if view]
        if len(seen) < len(views):
            return None
        if node.op == "add":
            moving = [not self.moves[ref.node] for ref in node.args]
            order = sorted(range(len(seen)), key=moving.__getitem__)  # as W x + b, not b + W x
            nothing = [
                self.nothing(q, p, r) for q, p, r in zip(node.coefs, seen, node.args, strict=True)
            ]
            return self.style.total([(node.coefs[k], seen[k]) for k in order if not nothing[k]])
        return self.style.apply(node.name, seen)

    def nothing(self, q: Fraction, piece: Piece, ref: Ref) -> bool:
        """Return whether a term is 0 and always defined."""
        inner = [self.nodes[k].op for k in self.reach(ref.node)] if not q * piece.q else ["fn"]
        return not {"fn", "call", "loop", "state"}.intersection(inner)

    def view(self, ref: Ref, out: Sequence[str]) -> Piece | None:
        """Return a reference as a tensor with the axes ``out``; numbers may stand for vectors."""
        names = self.axes(ref)
        piece, style = self.entry(ref), self.style
        if names == [*out] or (not names and len(out) < 2):
            return piece
        if len(out) == 2 and names == [*reversed(out)]:
            return style.transpose(piece)
        if len(out) == 2 and len(names) == 1:
            pair = [piece, style.transpose(style.ones)]
            return style.product(
                pair if names[0] == out[0] else [style.ones, style.transpose(piece)]
            )
        return None

    def axes(self, ref: Ref) -> list[str]:
        """Return the names of the axes that are left of a node by a reference."""
        return [i for i in ref.index if isinstance(i, str) and not self.is_round(i)]

    def is_round(self, index: str) -> bool:
        """Return whether an index is the round of a loop."""
        return re.fullmatch(r"l[0-9]+", index) is not None

    def subscripts(self, ref: Ref) -> list[str]:
        """Return the indices that pick a part of a node, ":" for those that do not."""
        shown = [
            str(i) if isinstance(i, int) else self.round(int(i[1:])) if self.is_round(i) else ":"
            for i in ref.index
        ]
        while shown and shown[-1] == ":":
            shown.pop()
        return shown

    def entry(self, ref: Ref, letters: Mapping[str, str] | None = None) -> Piece:
        """Return the part of a node that a reference picks; with letters, an entry of it."""
        subscripts = self.subscripts(ref)
        if letters is not None:
            subscripts += [":"] * (len(ref.index) - len(subscripts))
            subscripts = [
                letters.get(str(i), s) for i, s in zip(ref.index, subscripts, strict=True)
            ]
        if not subscripts:
            return self.known[ref.node]
        node = self.nodes[ref.node]
        if ref.node in self.symbols:
            base, fixed = self.symbols[ref.node]
            part = self.style.symbol(base, (*fixed, *subscripts))
            return self.style.times(self.scales.get(ref.node, Fraction(1)), part)
        if node.op == "fn":  # an entry of tanh(u) is tanh of an entry of u
            at = dict(zip(node.out, ref.index, strict=True))
            inner = [Ref(r.node, tuple(at.get(str(i), i) for i in r.index)) for r in node.args]
            return self.style.apply(node.name, [self.entry(r, letters) for r in inner])
        return self.style.entry(self.known[ref.node], subscripts)

    def product(self, node: Node) -> Piece | None:
        """Return a product summed over indices, or None."""
        if not node.args:
            return self.style.number(node.coefs[0])
        network = Network(self.style)
        if not all(self.join(network, ref) for ref in node.args):
            return None
        found = network.write(node.out)
        return found and self.style.times(node.coefs[0], found)

    def join(self, network: Network, ref: Ref) -> bool:
        """Add a factor to a product; return False if it cannot be."""
        names = self.axes(ref)
        inner = self.nodes[ref.node]
        below = (inner.op, inner.name) == ("fn", "inv") and ref.node not in self.symbols
        below = below and len(inner.shape) < 2 and inner.args[0].index == inner.out
        below = below and names == [*ref.index]
        if inner.op == "eye" and len(names) == 2:
            return network.add(self.style.identity, names)
        return network.add(self.entry(inner.args[0] if below else ref), names, below)

    def entries(self, node: Node) -> tuple[Piece, list[str]]:
        """Return the formula of one entry of a node, and the letters of its indices."""
        names = [i for r in node.args for i in r.index if isinstance(i, str)]
        names = [i for i in dict.fromkeys([*node.out, *names]) if not self.is_round(i)]
        letters = {name: LETTERS[k % len(LETTERS)] for k, name in enumerate(names)}
        parts = [self.entry(ref, letters) for ref in node.args]
        own = [letters[name] for name in node.out]
        if node.op == "add":
            return self.style.total(list(zip(node.coefs, parts, strict=True))), own
        if node.op == "mul":
            body = self.style.product(parts) if parts else self.style.number(1)
            rest = [letters[name] for name in names if name not in node.out]
            body = self.style.sum_over(rest, body) if rest else body
            return self.style.times(node.coefs[0], body), own
        return self.style.apply(node.name, parts), own
