"""Products summed over indices, written with matrices, vectors and numbers."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from verify.formulas.typography import POINTWISE, UNIT, Piece, Plain


class Network:
    """Factors joined by the names of their indices: vectors at a name, matrices between two.

    >>> network = Network(Plain())
    >>> network.add(Piece("W", 5), ["s", "i0"]) and network.add(Piece("v", 5), ["s"])
    True
    >>> print(network.write(["i0"]).text)
    W^T v
    """

    def __init__(self, style: Plain) -> None:
        self.style = style
        self.scalars: list[Piece] = []
        self.vectors: dict[str, list[Piece]] = defaultdict(list)
        self.below: dict[str, list[Piece]] = defaultdict(list)
        self.edges: dict[tuple[str, str], list[Piece]] = {}

    def add(self, piece: Piece, names: Sequence[str], below: bool = False) -> bool:
        """Add a factor with these indices; return False if it is no number, vector or matrix."""
        if len(names) > 2 or len(set(names)) < len(names):
            return False
        if len(names) == 2:
            first, second = names
            if first > second:  # so that factors between the same two names meet
                first, second, piece = second, first, self.style.transpose(piece)
            self.edges.setdefault((first, second), []).append(piece)
        elif names:
            (self.below if below else self.vectors)[names[0]].append(piece)
        else:
            (self.below[""] if below else self.scalars).append(piece)
        return True

    def write(self, out: Sequence[str]) -> Piece | None:
        """Return the product, with these free indices; None if it has no such notation."""
        if len(out) > 2:
            return None
        main = self.matrix(*out) if len(out) == 2 else self.column(*out) if out else UNIT
        closed = [] if main is None else [self.closed()]
        while closed and closed[-1] is not None and (self.edges or self.vectors):
            closed.append(self.closed())
        if main is None or None in closed:
            return None
        found = [p for p in (*self.scalars, *closed) if p and p != UNIT]
        alone = main != self.style.ones or not found  # a number stands for a vector too
        found = [*self.style.powers(found), *([main] if alone else [])]
        above = self.style.product(found)
        below = self.below.pop("", [])
        if any(self.below.values()):
            return None
        return self.over(above, below)

    def over(self, above: Piece, below: Sequence[Piece]) -> Piece:
        """Return a quotient by a product of numbers."""
        divisor = self.style.product(self.style.powers(below))
        return self.style.quotient(above, divisor) if below else above

    def column(self, name: str) -> Piece | None:
        """Return the vector at a name, all that hangs on it contracted."""
        parts = self.parts(name)
        if parts is None:
            return None
        above = self.style.pointwise(parts) if parts else self.style.ones
        below = self.below.pop(name, [])
        return self.style.quotient(above, self.style.pointwise(below)) if below else above

    def parts(self, name: str) -> list[Piece] | None:
        """Return the vectors whose pointwise product is what hangs on a name."""
        found = self.vectors.pop(name, [])
        for first, second in [pair for pair in self.edges if name in pair]:
            matrices = self.edges.pop((first, second), None)
            if matrices is None:  # met before from the other side: a cycle
                return None
            matrix = self.style.pointwise(matrices)
            other = second if first == name else first
            column = self.column(other)
            if column is None:
                return None
            matrices = [self.facing(matrix, first == name)] * (matrix != self.style.identity)
            found.append(self.style.product([*matrices, column]))
        return found

    def facing(self, matrix: Piece, forth: bool) -> Piece:
        """Return a matrix, or its transpose."""
        return matrix if forth else self.style.transpose(matrix)

    def closed(self) -> Piece | None:
        """Return a number: all that hangs together with some name, summed over."""
        name = next(iter(self.vectors), None) or next((pair[0] for pair in self.edges), None)
        if name is None:
            return UNIT
        parts = self.parts(name)
        if parts is None:
            return None
        below = self.below.pop(name, [])
        if below:
            above = self.style.pointwise(parts or [self.style.ones])
            parts = [self.style.quotient(above, self.style.pointwise(below))]
        if not parts:
            return None
        if len(parts) == 1:
            return self.style.apply("sum", parts)
        first, rest = parts[0], parts[1:]
        if rest == [first]:
            return self.style.apply("norm", [first])
        dot = self.style.product([self.style.transpose(first), self.style.pointwise(rest)])
        body = Piece(dot.body.text, POINTWISE)  # in parentheses beside other factors
        return self.style.times(dot.q, body)

    def matrix(self, row: str, column: str) -> Piece | None:
        """Return the matrix between two names."""
        path = self.path(row, column, {row})
        if path is None:
            left, right = self.column(row), self.column(column)
            if left is None or right is None:
                return None
            if left == right == self.style.ones:
                return left
            return self.style.product([left, self.style.transpose(right)])
        steps = []
        for start, end in pairwise(path):
            pair = (start, end) if (start, end) in self.edges else (end, start)
            matrix = self.style.pointwise(self.edges.pop(pair))
            steps.append(self.facing(matrix, pair == (start, end)))
        factors = []
        for name, step in zip(path, [*steps, None], strict=True):
            diagonal = self.column(name)
            if diagonal is None:
                return None
            if diagonal != self.style.ones:
                factors.append(self.style.apply("diag", [diagonal]))
            factors += [step] if step and step != self.style.identity else []
        return self.style.product(factors or [self.style.identity])

    def path(self, start: str, end: str, met: set[str]) -> list[str] | None:
        """Return the names from one to another along matrices, or None."""
        if start == end:
            return [end]
        for pair in self.edges:
            other = pair[pair[0] == start]
            if start in pair and other not in met:
                rest = self.path(other, end, met | {other})
                if rest is not None:
                    return [start, *rest]
        return None
