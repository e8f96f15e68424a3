"""The value and the tangent of a node from those of its arguments, operation by operation."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq

from verify.search import balls, elementwise
from verify.search.contract import align, contract, single
from verify.search.derivatives import JUMPS, KINKS, partials
from verify.search.duals import WAY, Dual, Layout, Numbers, Term
from verify.search.evaluate import acted
from verify.search.picked import operation_tangent
from verify.search.walk import Walk
from verify.trusted.counts import counts_extrema
from verify.trusted.graph import GraphError, Node


def dual(node: Node, walk: Walk, numbers: Numbers, literals: Sequence[np.ndarray]) -> Dual:
    """Return the value and the tangent of an inner node from those of its arguments."""
    shape = walk.shape(node)
    if node.op == "lit":
        return Dual(literals[node.attrs[0]].reshape(shape))
    if node.op == "eye":
        return Dual(numbers.array(np.eye(shape[0])))
    if node.op not in RULES:
        raise GraphError(f"operation {node.op!r} is none of a graph's")
    terms = [Term(walk.values[ref.node], walk.index(ref)) for ref in node.args]
    layout = Layout.of(node, shape, terms)
    result = RULES[node.op](node, terms, layout, numbers)
    if numbers.exact and counts_extrema(walk.nodes, node):
        value = np.asarray(np.frompyfunc(_at_least_1, 1, 1)(result.value), dtype=object)
        result = replace(result, value=value)
    if result.tangent is not None and result.flat is not None:
        zero = numbers.array(0)
        result = Dual(
            result.value, np.where(result.flat, zero, result.tangent), np.asarray(result.flat)
        )
    return result


def _at_least_1(u: Any) -> Any:
    return u if isinstance(u, fmpq) else u.max(balls.ball(balls.ONE))


def _total(parts: list[np.ndarray], layout: Layout) -> np.ndarray | None:
    return layout.tangent(sum(parts[1:], parts[0])) if parts else None


def _scalar(q: Any, numbers: Numbers) -> Any:
    return balls.rational(q) if numbers.exact else float(q)


def _mul(node: Node, terms: list[Term], layout: Layout, numbers: Numbers) -> Dual:
    q = _scalar(node.coefs[0], numbers)
    if not terms:
        return Dual(np.array(layout.value(numbers.array(node.coefs[0] if numbers.exact else q))))
    factors = _squares(terms) if numbers.exact else [term.value() for term in terms]
    value = contract(factors, layout.out, layout.sizes)
    value = _tidied(value if q == 1 else value * q, numbers)
    parts = []
    for k, term in enumerate(terms):
        if term.moves:
            rest = [other.value() for n, other in enumerate(terms) if n != k]
            parts.append(contract([term.tangent(), *rest], layout.ways, layout.sizes))
    tangent = _total(parts, layout)
    if tangent is None:
        return Dual(value)
    return Dual(value, tangent * q, _flat_product(terms, layout) if numbers.exact else None)


def _tidied(value: np.ndarray, numbers: Numbers) -> np.ndarray:
    if not numbers.exact:
        return value
    return np.asarray(np.frompyfunc(balls.tidy, 1, 1)(value), dtype=object)


def _squares(terms: list[Term]) -> list[tuple[np.ndarray, tuple[int | str, ...]]]:
    """Return the factors with equal ones squared: a square of a wide ball is not negative."""
    factors = []
    rest = list(terms)
    while rest:
        term = rest.pop()
        twin = next((t for t in rest if t.dual is term.dual and t.index == term.index), None)
        array, names = term.value()
        if twin is not None:
            rest.remove(twin)
            array = np.asarray(np.frompyfunc(balls.square, 1, 1)(array), dtype=object)
        factors.append((array, names))
    return factors


def _flat_product(terms: list[Term], layout: Layout) -> np.ndarray:
    """A sum of products is flat where each product is: all factors, or one that stays zero."""
    alive, still = [], []
    for term in terms:
        flat, index = term.flat()
        zero = np.asarray(term.dual.value == 0, dtype=bool)
        alive.append(((~(flat & zero)).astype(float), index))
        still.append(((flat & ~zero).astype(float), index))
    count = contract(alive, layout.out, layout.sizes)
    return np.asarray(count == contract(still, layout.out, layout.sizes))


def _which(test: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    return np.asarray(np.frompyfunc(test, len(arrays), 1)(*arrays), dtype=bool)


def _aligned(terms: list[Term], layout: Layout) -> list[np.ndarray]:
    return [align(*single(*term.value()), layout.out) for term in terms]


def _tangents(terms: list[Term], layout: Layout) -> list[np.ndarray | None]:
    return [align(*single(*term.tangent()), layout.ways) if term.moves else None for term in terms]


def _all_flat(terms: list[Term], layout: Layout, numbers: Numbers) -> np.ndarray | None:
    if not numbers.exact:
        return None
    flat = np.full(layout.value(np.zeros(())).shape, True)
    for term in terms:
        flat = flat & align(*single(*term.flat()), layout.out)
    return flat


def _add(node: Node, terms: list[Term], layout: Layout, numbers: Numbers) -> Dual:
    q = [_scalar(coef, numbers) for coef in node.coefs]
    values = [array * c for array, c in zip(_aligned(terms, layout), q, strict=True)]
    value = layout.value(_tidied(np.asarray(sum(values[1:], values[0])), numbers))
    tangents = _tangents(terms, layout)
    parts = [array * c for array, c in zip(tangents, q, strict=True) if array is not None]
    return Dual(value, _total(parts, layout), _all_flat(terms, layout, numbers))


def _fn(node: Node, terms: list[Term], layout: Layout, numbers: Numbers) -> Dual:
    arguments = _aligned(terms, layout)
    value = layout.value(numbers.function(node.name, *arguments))
    tangents = _tangents(terms, layout)
    if all(tangent is None for tangent in tangents):
        return Dual(value)
    flat = _all_flat(terms, layout, numbers)
    if node.name == "where":
        return _where(value, arguments, tangents, terms, layout, numbers)
    factors = partials(numbers.function, node.name, arguments)
    parts = [
        layout.aside(factor) * tangent
        for factor, tangent in zip(factors, tangents, strict=True)
        if tangent is not None
    ]
    tangent = _total(parts, layout)
    if flat is not None and tangent is not None and node.name in (*KINKS, "pow"):
        tame = _tame(tangents[0], layout)  # an argument that jumps is elsewhere near the point
        smooth = tame & _which(SMOOTH.get(node.name, _nonzero), arguments[0])
        tangent = _only(smooth | flat, tangent, layout)
        if node.name == "relu":
            flat = flat | (tame & _which(lambda u: u < 0, arguments[0]))
        elif node.name in JUMPS:
            flat = flat | smooth
    return Dual(value, tangent, flat)


def _tame(tangent: np.ndarray | None, layout: Layout) -> np.ndarray:
    """Return which entries have a known tangent, so that they are near their value near x."""
    if tangent is None:
        return np.asarray(True)
    known = _which(balls.finite, layout.tangent(tangent))
    return np.asarray(known.all(axis=layout.ways.index(WAY)))


def _only(smooth: np.ndarray, tangent: np.ndarray, layout: Layout) -> np.ndarray:
    unknown: Any = balls.nan()
    return np.where(layout.aside(layout.value(smooth)), tangent, unknown)


def _where(
    value: np.ndarray,
    arguments: list[np.ndarray],
    tangents: list[np.ndarray | None],
    terms: list[Term],
    layout: Layout,
    numbers: Numbers,
) -> Dual:
    zero = numbers.array(0)
    a, b = (layout.tangent(zero if t is None else t) for t in tangents[1:])
    tangent = numbers.function("where", layout.aside(layout.value(arguments[0])), a, b)
    if not numbers.exact:
        return Dual(value, tangent)
    still, flat_a, flat_b = (align(*single(*term.flat()), layout.out) for term in terms)
    tangent = _only(still, tangent, layout)
    chosen = _which(
        lambda c, a, b: a if c > 0 or c < 0 else b if isinstance(c, fmpq) else a and b,
        arguments[0],
        flat_a,
        flat_b,
    )
    return Dual(value, tangent, layout.value(still & chosen))


def _call(node: Node, terms: list[Term], layout: Layout, numbers: Numbers) -> Dual:
    lead = layout.out[: len(layout.out) - node.attrs[1]]
    arrays = [acted(*term.value(), lead) for term in terms]
    value = layout.value(numbers.operation(node.name, arrays, node.attrs))
    if not any(term.moves for term in terms):
        return Dual(value)
    ways = layout.ways[: len(layout.ways) - node.attrs[1]]
    tangents = [acted(*term.tangent(), ways) if term.moves else None for term in terms]
    sides = [layout.aside(array) for array in arrays]
    tangent = operation_tangent(node, numbers.operation, sides, layout.aside(value), tangents)
    if not numbers.exact:
        return Dual(value, layout.tangent(tangent))
    flat = np.full((), True)
    for term in terms:
        still = acted(*term.flat(), lead)
        flat = np.asarray(flat & still.all(axis=tuple(range(len(lead), still.ndim))))
    flat = flat.reshape((*flat.shape, *(1,) * node.attrs[1]))
    return Dual(value, layout.tangent(tangent), layout.value(flat))


RULES: dict[str, Callable[[Node, list[Term], Layout, Numbers], Dual]] = {
    "mul": _mul,
    "add": _add,
    "fn": _fn,
    "call": _call,
}


def _nonzero(u: Any) -> bool:
    return bool(u > 0 or u < 0)


def _no_integer(u: Any) -> bool:
    below = elementwise.FUNCTIONS["floor"](u)
    return isinstance(below, fmpq) and bool(u > below)


SMOOTH: dict[str, Callable[[Any], bool]] = {
    "floor": _no_integer,
    "round": lambda u: _no_integer(u + balls.HALF),
    "pow": lambda u: bool(u > 0),
}
