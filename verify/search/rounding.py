"""Does a counterexample rest on how a stored constant is rounded?

1 / math.sqrt(math.pi) is not 1 / sqrt(pi), and an orthogonal matrix in float32 is not orthogonal:
a claim may fail of the numbers as they are stored, and be true of those that are meant. Nobody can
tell from the module. So a violation that does not survive other roundings settles nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from verify.counterexample import Counterexample
from verify.search.balls import exact
from verify.search.settle import exact_map, settle
from verify.trusted.graph import Graph

if TYPE_CHECKING:
    from verify.trusted.trace import Traced

BITS = 20  # of a number that is meant as it stands: 3, 1/2, 5/1024
DRAWS = 8
STEPS = 4  # of rounding, in a computed matrix
TINY = 2.0**-45
Rounded = Callable[[Fraction], Fraction]
Odd = Callable[[Fraction], bool]  # whether a number may be rounded


def rests_on_rounding(traced: "Traced", found: Counterexample) -> bool:
    """Return whether a violation vanishes, or turns, where constants are rounded otherwise.

    Of one that is as small as a rounding, 0.3 and 0.7 are such too: torch's own formulas compute
    one of them from the other.
    """
    own = found.scope == "current"
    odd = long if is_as_small(found.enclosures) else inexact
    if not any(map(odd, constants(traced, own))):
        return False
    signs = [sign(found.enclosures)]
    points = [exact(list(p)) for p in found.points]
    for rounded in roundings():
        graph = other(traced.graph, rounded, odd)
        values = found.values(traced)
        if own:
            values = [spread(v, rounded, odd) for v in values]
        settled = settle(exact_map(graph, traced.sizes, values), found.kind, points, found.indices)
        if settled is None or sign(settled) not in signs:
            return True
    return False


def is_as_small(enclosures: dict[str, Any]) -> bool:
    """Return whether a difference is tiny beside what it is the difference of."""
    *parts, (lower, upper) = enclosures.values()
    whole = max((abs(end) for ends in parts for end in ends), default=0)
    return bool(max(abs(lower), abs(upper)) < TINY * whole)


def sign(enclosures: dict[str, Any]) -> int:
    """Return the sign of the quantity that settles a claim."""
    lower, _ = [*enclosures.values()][-1]
    return 1 if lower > 0 else -1


def inexact(q: Fraction) -> bool:
    """Return whether a number has so many digits, in twos and in tens, that it may be rounded.

    >>> inexact(Fraction(0.3)), inexact(Fraction(2) / 3), inexact(Fraction(0.1 + 0.2))
    (False, False, True)
    """
    kinds = ((np.float32, 5), (np.float64, 12))
    return long(q) and not any(short(q, kind, digits) for kind, digits in kinds)


def long(q: Fraction) -> bool:
    """Return whether a number has many binary digits, as 0.3 has."""
    parts = [abs(part) for part in (q.numerator, q.denominator) if part]
    return any((part // (part & -part)).bit_length() > BITS for part in parts)


def short(q: Fraction, kind: type[np.floating[Any]], digits: int) -> bool:
    """Return whether a number is one of a kind, and spelled with a few decimal digits in it."""
    number = kind(float(q))
    mantissa = np.format_float_scientific(number).split("e")[0]
    return Fraction(float(number)) == q and len(mantissa.strip("-").replace(".", "")) <= digits


def constants(traced: "Traced", own: bool) -> Iterator[Fraction]:
    """Yield the numbers in a graph, and those of the parameters if they are fixed."""
    for node in traced.graph.nodes:
        yield from node.coefs
    for literal in traced.graph.literals:
        yield from literal.data
    for t in traced.tensors if own else ():
        yield from map(Fraction, t.detach().flatten().tolist())


def roundings() -> Iterator[Rounded]:
    """Yield ways to round: all down, all up, and each number by chance."""
    rng = np.random.default_rng(0)
    for ways in ((-1,), (1,), *(((-1, 0, 1),) * DRAWS)):
        yield lambda step, ways=ways: step * int(rng.choice(ways))


def moved(numbers: Sequence[Fraction], rounded: Rounded, odd: Odd) -> tuple[Fraction, ...]:
    """Return numbers rounded otherwise, as of the kind that holds them all.

    A matrix is the result of a computation, which rounds by its largest entries.
    """
    single = all(Fraction(float(np.float32(float(q)))) == q for q in numbers)
    unit = Fraction(2.0**-24 if single else 2.0**-53)
    step = unit * max(map(abs, numbers), default=0) * (STEPS if len(numbers) > 1 else 1)
    return tuple(q + rounded(step) if odd(q) else q for q in numbers)


def other(graph: Graph, rounded: Rounded, odd: Odd) -> Graph:
    """Return a graph with other roundings of its numbers."""
    coefs = [tuple(moved([q], rounded, odd)[0] for q in node.coefs) for node in graph.nodes]
    nodes = [replace(node, coefs=qs) for node, qs in zip(graph.nodes, coefs, strict=True)]
    literals = [replace(t, data=moved(t.data, rounded, odd)) for t in graph.literals]
    return replace(graph, nodes=tuple(nodes), literals=tuple(literals))


def spread(values: np.ndarray, rounded: Rounded, odd: Odd) -> np.ndarray:
    """Return an array of numbers rounded otherwise."""
    numbers = moved([Fraction(v) for v in values.flatten().tolist()], rounded, odd)
    return exact(list(numbers)).reshape(values.shape)
