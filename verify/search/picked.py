"""The tangents of the whole-axis operations."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from verify.search import balls
from verify.search.positions import PICKS, positions
from verify.trusted.graph import Node

Operation = Callable[..., np.ndarray]


def operation_tangent(
    node: Node,
    operation: Operation,
    arrays: Sequence[np.ndarray],
    value: np.ndarray,
    tangents: Sequence[np.ndarray | None],
) -> np.ndarray:
    """Return the tangent of a call; all arrays are laid out (lead, acted), tangents as well.

    nan where ties, or enclosures that overlap, leave open which entry is taken.
    """
    # the tangent of x itself is the same for all samples
    tangents = [
        None if t is None else np.broadcast_to(t, np.broadcast_shapes(t.shape, a.shape))
        for a, t in zip(arrays, tangents, strict=True)
    ]
    a, t = arrays[0], tangents[0]
    if node.name in ("argmax", "hardmax") and t is not None:
        return _settled(node, a, t)
    if node.name in PICKS and t is not None:
        return _picked(node, a, t)
    if node.name in ("prod", "cumprod") and t is not None:
        scanned = _scan(_lined(a, node), _lined(t, node))
        return scanned[..., -1] if node.name == "prod" else scanned
    if node.name == "solve":
        return _solve(operation, arrays, value, tangents, vector=node.attrs[1] == 1)
    if t is None:
        raise KeyError(node.name)
    if node.name == "matrix_exp":
        return _exponential(operation, a, t)
    if node.name == "cholesky":
        return _cholesky(operation, value, t)
    inverse = operation("inverse", [a], (2, 2))
    turned = np.matmul(inverse, t)
    if node.name == "inverse":
        return -np.matmul(turned, inverse)
    return value * np.trace(turned, axis1=-2, axis2=-1)  # det


def _lined(array: np.ndarray, node: Node) -> np.ndarray:
    lead = array.shape[: array.ndim - node.attrs[0]]
    return array.reshape(*lead, prod(array.shape[len(lead) :]))


def _picked(node: Node, array: np.ndarray, tangent: np.ndarray) -> np.ndarray:
    a, t = _lined(array, node), _lined(tangent, node)
    places = positions(node.name, a, node.attrs)
    places = np.broadcast_to(places, (*t.shape[:-1], places.shape[-1]))
    taken = np.take_along_axis(t, np.maximum(places, 0), axis=-1)
    unknown: Any = balls.nan() if t.dtype == object else np.nan
    taken = np.where((places < 0) | _wild(t), unknown, taken)
    return taken if node.attrs[1] else taken[..., 0]


def _wild(tangent: np.ndarray) -> np.ndarray:
    """Return where some entry of a row may jump near the point: it may be the one that is taken."""
    if tangent.dtype != object:
        return np.asarray(False)
    known = np.asarray(np.frompyfunc(balls.finite, 1, 1)(tangent), dtype=bool)
    return np.asarray(~known.all(axis=-1, keepdims=True))


def _settled(node: Node, array: np.ndarray, tangent: np.ndarray) -> np.ndarray:
    """Return 0 where one entry is seen to be larger than all others, else nan."""
    open_ones = positions("amax", _lined(array, node), node.attrs) < 0
    unknown: Any = balls.nan() if tangent.dtype == object else np.nan
    zero: Any = balls.ZERO if tangent.dtype == object else 0.0
    settled = np.where(open_ones | _wild(_lined(tangent, node)), unknown, zero)
    settled = settled.reshape(*settled.shape[:-1], *[1] * (node.attrs[0] if node.attrs[1] else 0))
    lead = tangent.shape[: tangent.ndim - node.attrs[0]]
    return np.broadcast_to(settled, (*lead, *tangent.shape[len(lead) :][: node.attrs[1]]))


def _scan(a: np.ndarray, t: np.ndarray) -> np.ndarray:
    a = np.broadcast_to(a, t.shape)
    values, tangents = a[..., 0], [t[..., 0]]
    for k in range(1, t.shape[-1]):
        tangents.append(tangents[-1] * a[..., k] + values * t[..., k])
        values = values * a[..., k]
    return np.stack(tangents, axis=-1)


def _solve(
    operation: Operation,
    arrays: Sequence[np.ndarray],
    value: np.ndarray,
    tangents: Sequence[np.ndarray | None],
    vector: bool,
) -> np.ndarray:
    inverse = operation("inverse", [arrays[0]], (2, 2))
    column = value[..., None] if vector else value
    change: Any = 0
    if tangents[1] is not None:
        change = tangents[1][..., None] if vector else tangents[1]
    if tangents[0] is not None:
        change = change - np.matmul(tangents[0], column)
    turned = np.matmul(inverse, change)
    return turned[..., 0] if vector else turned


def _exponential(operation: Operation, a: np.ndarray, t: np.ndarray) -> np.ndarray:
    """exp [[a, t], [0, a]] has the derivative of exp at a along t above its diagonal."""
    a = np.broadcast_to(a, t.shape)
    side = a.shape[-1]
    above = np.concatenate([a, t], axis=-1)
    below = np.concatenate([a * 0, a], axis=-1)
    both = operation("matrix_exp", [np.concatenate([above, below], axis=-2)], (2, 2))
    return both[..., :side, side:]


def _cholesky(operation: Operation, root: np.ndarray, t: np.ndarray) -> np.ndarray:
    """dL = L phi(L^-1 dA L^-T), phi: the lower part with half of the diagonal."""
    inverse = operation("inverse", [root], (2, 2))
    lower = np.tril(np.ones(t.shape[-2:], dtype=int))
    symmetric = np.where(lower, t, np.swapaxes(t, -1, -2))  # only the lower part is read
    middle = np.matmul(np.matmul(inverse, symmetric), np.swapaxes(inverse, -1, -2))
    half: Any = balls.HALF if t.dtype == object else 0.5
    scale = np.where(np.eye(t.shape[-1], dtype=bool), half, lower)
    return np.matmul(root, middle * scale)
