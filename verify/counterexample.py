"""What refutes a claim: exact parameters and points, and the enclosure that settles it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from verify import bounded_json
from verify.search.balls import each, exact, fraction
from verify.search.narrow import widened
from verify.search.settle import Enclosure, exact_map, settle
from verify.search.shrink import Witness
from verify.trusted.graph import Size

if TYPE_CHECKING:
    from torch import nn

    from verify.trusted.trace import Traced

FORMAT, VERSION = "gradient-map-counterexample", 1
KINDS = {"points": 2, "jacobian": 1, "triangle": 3}
NUMBER = re.compile(r"-?[0-9]{1,4000}(/[0-9]{1,4000})?")
LATEX = {
    "(f(x) - f(y)).(x - y)": r"(f(x) - f(y)) \cdot (x - y)",
    "integral of f(x).dx": r"\oint f(x) \cdot dx",
    "J_ij": r"\partial f_i / \partial x_j",
    "J_ji": r"\partial f_j / \partial x_i",
    "J_ij - J_ji": r"\partial f_i / \partial x_j - \partial f_j / \partial x_i",
}

Vector = tuple[Fraction, ...]


class CounterexampleError(ValueError):
    """What is no counterexample; the message says what was expected."""


class ReplayError(ValueError):
    """A counterexample that does not refute the claim about this module."""


@dataclass(frozen=True)
class Counterexample:
    """Exact numbers that refute a claim.

    Attributes:
        claim: "symmetric" or "psd"; an asymmetry refutes psd too.
        scope: "all" or "current".
        kind: "points": x, y with (f(x) - f(y)).(x - y) < 0; "jacobian": J_ij != J_ji at a point
            near which f is C^1; "triangle": the integral of f(x).dx around it is not 0.
        points: the points, one row of rationals each.
        parameters: for scope "all" name -> (shape, entries row by row), else empty.
        indices: i, j for "jacobian", counted from 0.
        enclosures: name of a quantity -> exact lower and upper bound; the last one settles it.
    """

    claim: str
    scope: str
    kind: str
    points: tuple[Vector, ...]
    parameters: dict[str, tuple[tuple[int, ...], Vector]] = field(default_factory=dict)
    indices: tuple[int, int] | None = None
    enclosures: dict[str, Enclosure] = field(default_factory=dict)

    @property
    def dim(self) -> int:
        """The dimension n of the points."""
        return len(self.points[0])

    @property
    def point_names(self) -> tuple[str, ...]:
        """The names of the points: x; x, y; or the corners p, q, r."""
        return {"points": ("x", "y"), "jacobian": ("x",), "triangle": ("p", "q", "r")}[self.kind]

    def replay(self, net: "nn.Module") -> dict[str, Enclosure]:
        """Trace the module, enclose the quantities anew in ball arithmetic and return them.

        Raises:
            ReplayError: the module has not these parameters, or the enclosures do not refute the
                claim, or are not those of this counterexample.
        """
        from verify.trusted.trace import trace

        if not refutes(self.claim, self.kind):
            raise ReplayError(f"{self.kind} does not refute {self.claim}")
        traced = trace(net, self.dim)
        f = exact_map(traced.graph, traced.sizes, self.values(traced))
        points = [exact(list(p)) for p in self.points]
        found = settle(f, self.kind, points, self.indices)
        if found is None:
            raise ReplayError(f"ball arithmetic does not settle {self.kind} for this module")
        for name, (lower, upper) in self.enclosures.items():
            if name not in found or found[name][0] > upper or found[name][1] < lower:
                raise ReplayError(f"{name}: this module has it in {found.get(name)}")
        return found

    def values(self, traced: "Traced") -> list[Any]:
        """Return the exact parameters, in the shapes of a module's graph."""
        if self.scope == "current":
            return list(own_values(traced))
        values = []
        for name, tensor, sizes in zip(
            traced.names, traced.tensors, traced.graph.params, strict=True
        ):
            shape, entries = self.parameters.get(name, ((), ()))
            if name not in self.parameters or shape != tuple(tensor.shape):
                raise ReplayError(f"parameter {name}: expected shape {tuple(tensor.shape)}")
            lengths = [s if isinstance(s, int) else traced.sizes[s] for s in sizes]
            values.append(exact(np.array([*entries, None], dtype=object)[:-1]).reshape(lengths))
        return values

    def __str__(self) -> str:
        lines = [f"not {self.claim}: {SAID[self.kind]}"]
        for name, (shape, entries) in self.parameters.items():
            lines.append(f"  {name} = {_tensor(shape, entries)}")
        for name, point in zip(self.point_names, self.points, strict=True):
            lines.append(f"  {name} = {_vector(point)}")
        if self.indices:
            lines.append(f"  i, j = {self.indices[0]}, {self.indices[1]}")
        for name, bounds in self.enclosures.items():
            lines.append(f"  {name} {_said(*bounds)}")
        return "\n".join(lines)

    def to_json(self) -> str:
        """Return the counterexample as JSON, numbers as strings "p/q"."""
        return json.dumps(
            {
                "format": FORMAT,
                "version": VERSION,
                "claim": self.claim,
                "scope": self.scope,
                "kind": self.kind,
                "points": [[str(q) for q in p] for p in self.points],
                "parameters": {
                    name: [list(shape), [str(q) for q in entries]]
                    for name, (shape, entries) in self.parameters.items()
                },
                "indices": list(self.indices) if self.indices else None,
                "enclosures": {name: [str(q) for q in b] for name, b in self.enclosures.items()},
            },
            indent=1,
        )

    @staticmethod
    def from_json(text: str | bytes) -> "Counterexample":
        """Return the counterexample that a text spells, in bounded time and memory.

        Raises:
            CounterexampleError: what is wrong with the text, on one line.
        """
        try:
            document = bounded_json.read(text)
        except bounded_json.BoundsError as error:
            raise CounterexampleError(str(error)) from None
        return _read(document)


SAID = {
    "points": "two points with a negative product",
    "jacobian": "an asymmetry of the Jacobian",
    "triangle": "a triangle with a circulation",
}


def counterexample(traced: "Traced", claim: str, scope: str, found: Witness) -> Counterexample:
    """Return a witness of the search in terms of the module's names and shapes.

    A witness of a narrow map holds the first entries of each axis: the others are 0.
    """
    zero = Fraction(0)

    def full(value: np.ndarray, shape: Sequence[Size]) -> Vector:
        lengths = [s if isinstance(s, int) else traced.sizes[s] for s in shape]
        return tuple(widened(each(fraction, value), lengths, zero).flat)

    parameters = {}
    if scope == "all":
        tensors = zip(traced.names, traced.tensors, traced.graph.params, found.params, strict=True)
        for name, tensor, shape, value in tensors:
            parameters[name] = (tuple(tensor.shape), full(value, shape))
    last = traced.graph.nodes[traced.graph.output].shape or (1,)
    points = tuple(full(p, last) for p in found.points)
    return Counterexample(claim, scope, found.kind, points, parameters, found.pair, found.found)


def refutes(claim: str, kind: str) -> bool:
    """Tell whether counterexamples of a kind refute a claim: two points do not refute symmetry."""
    return claim == "psd" or kind != "points"


def own_values(traced: "Traced") -> list[np.ndarray]:
    """Return the module's own parameter values in the shapes of the graph."""
    values = []
    for tensor, shape in zip(traced.tensors, traced.graph.params, strict=True):
        lengths = [s if isinstance(s, int) else traced.sizes[s] for s in shape]
        values.append(tensor.detach().double().cpu().numpy().reshape(lengths))
    return values


def _expect(condition: bool, message: str) -> None:
    if not condition:
        raise CounterexampleError(message)


def _read(document: Any) -> Counterexample:
    keys = {"format", "version", "claim", "scope", "kind"}
    keys |= {"points", "parameters", "indices", "enclosures"}
    _expect(isinstance(document, dict) and set(document) == keys, f"expected keys {sorted(keys)}")
    known = {"format": (FORMAT,), "version": (VERSION,), "claim": ("symmetric", "psd")}
    known |= {"scope": ("all", "current"), "kind": tuple(KINDS)}
    for key, values in known.items():
        _expect(document[key] in values, f"{key}: expected one of {values}")
    kind, points, indices = document["kind"], document["points"], document["indices"]
    _expect(isinstance(points, list) and len(points) == KINDS[kind], f"points: {KINDS[kind]}")
    rows = tuple(_numbers(p, "points") for p in points)
    n = len(rows[0])
    _expect(n > 0 and all(len(p) == n for p in rows), "points: expected equal lengths")
    pair = None
    if kind == "jacobian":
        _expect(
            isinstance(indices, list)
            and len(indices) == 2
            and all(type(k) is int and 0 <= k < n for k in indices),
            "indices: expected two whole numbers below the dimension",
        )
        pair = (indices[0], indices[1])
    _expect(refutes(document["claim"], kind), f"kind: {kind} does not refute symmetric")
    for key in ("parameters", "enclosures"):
        _expect(isinstance(document[key], dict), f"{key}: expected an object")
    parameters = {name: _parameter(v, name) for name, v in document["parameters"].items()}
    enclosures = {}
    for name, value in document["enclosures"].items():
        ends = _numbers(value, name)
        _expect(name in LATEX and len(ends) == 2 and ends[0] <= ends[1], f"{name}: two bounds")
        enclosures[name] = (ends[0], ends[1])
    return Counterexample(
        document["claim"], document["scope"], kind, rows, parameters, pair, enclosures
    )


def _numbers(value: Any, name: str) -> Vector:
    _expect(isinstance(value, list), f"{name}: expected a list of numbers")
    for q in value:
        _expect(isinstance(q, str) and bool(NUMBER.fullmatch(q)), f'{name}: expected "p/q"')
    try:
        return tuple(Fraction(q) for q in value)
    except ZeroDivisionError:
        raise CounterexampleError(f"{name}: a denominator of 0") from None


def _parameter(value: Any, name: str) -> tuple[tuple[int, ...], Vector]:
    _expect(
        isinstance(value, list) and len(value) == 2 and isinstance(value[0], list),
        f"{name}: expected [shape, entries]",
    )
    shape, entries = tuple(value[0]), _numbers(value[1], name)
    _expect(all(type(k) is int and k >= 0 for k in shape), f"{name}: expected whole sizes")
    total = 1
    for size in shape:
        total = min(total * size, 1 << 30)
    _expect(total == len(entries), f"{name}: expected as many entries as the shape has")
    return shape, entries


def _vector(entries: Vector, most: int = 12) -> str:
    said = [str(q) if len(str(q)) < 40 else f"{float(q):.17g}.." for q in entries[:most]]
    return "(" + ", ".join(said) + (f", .. {len(entries)} in all)" if len(entries) > most else ")")


def _tensor(shape: tuple[int, ...], entries: Vector) -> str:
    if len(shape) < 2 or not all(shape):
        return str(entries[0]) if not shape else _vector(entries)
    if not any(entries):
        return f"0, of shape {shape}"
    step = len(entries) // shape[0]
    rows = [_tensor(shape[1:], entries[k * step : (k + 1) * step]) for k in range(min(shape[0], 8))]
    return "(" + ", ".join(rows) + (", ..)" if shape[0] > 8 else ")")


def _said(lower: Fraction, upper: Fraction) -> str:
    if lower == upper and len(str(lower)) < 40:
        return f"= {lower}"
    return f"in [{_decimal(lower)}, {_decimal(upper)}]"


def _decimal(q: Fraction) -> str:
    try:
        return f"{float(q):.10g}"
    except OverflowError:
        return str(q)[:20] + ".."
