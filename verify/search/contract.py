"""Sums of products of array entries, for arrays of any type of number.

Each term is an array with a name for every axis, or a whole number that picks one position.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import prod
from typing import Any

import numpy as np

Term = tuple[np.ndarray, tuple[str, ...]]


def contract(
    terms: Sequence[tuple[np.ndarray, Sequence[int | str]]],
    out: Sequence[str],
    sizes: Mapping[str, int],
) -> np.ndarray:
    """Return v[out] = sum over the names outside of out of the product of the terms.

    ``sizes`` gives the sizes of the names in ``out``; a name that no term has is broadcast.

    >>> a = np.arange(6.0).reshape(2, 3)
    >>> contract([(a, ("k", "i")), (a, ("k", "j"))], ("i", "j"), {"i": 3, "j": 3})
    array([[ 9., 12., 15.],
           [12., 17., 22.],
           [15., 22., 29.]])
    """
    rest = [single(array, index) for array, index in terms]
    rest = [_lonely(k, rest, out) for k in range(len(rest))]
    while len(rest) > 1:
        first, second = min(combinations(range(len(rest)), 2), key=lambda pair: _cost(pair, rest))
        others = [term for k, term in enumerate(rest) if k not in (first, second)]
        keep = {*out, *(name for _, names in others for name in names)}
        rest = [*others, _combine(rest[first], rest[second], keep)]
    array, names = rest[0]
    array = align(array, names, out)
    return np.broadcast_to(array, tuple(sizes[name] for name in out))


def single(array: np.ndarray, index: Sequence[int | str]) -> Term:
    """Return the entries that an index picks, each name once.

    >>> single(np.arange(9).reshape(3, 3), ("i", "i"))
    (array([0, 4, 8]), ('i',))
    """
    if any(isinstance(name, int) for name in index):
        array = array[tuple(name if isinstance(name, int) else slice(None) for name in index)]
        array = np.asarray(array)
    names = [name for name in index if isinstance(name, str)]
    for name in dict.fromkeys(names):
        while names.count(name) > 1:
            first = names.index(name)
            second = names.index(name, first + 1)
            array = np.diagonal(array, axis1=first, axis2=second)
            names = [n for k, n in enumerate(names) if k not in (first, second)] + [name]
    return array, tuple(names)


def align(array: np.ndarray, names: Sequence[str], out: Sequence[str]) -> np.ndarray:
    """Return the array with its axes in the order of ``out``, of length 1 where it has none.

    >>> align(np.zeros((2, 3)), ("j", "i"), ("i", "k", "j")).shape
    (3, 1, 2)
    """
    order = [names.index(name) for name in out if name in names]
    shape = [array.shape[names.index(name)] if name in names else 1 for name in out]
    return array.transpose(order).reshape(shape)


def _lonely(number: int, terms: list[Term], out: Sequence[str]) -> Term:
    array, names = terms[number]
    used = {*out, *(name for k, term in enumerate(terms) if k != number for name in term[1])}
    axes = tuple(axis for axis, name in enumerate(names) if name not in used)
    if axes:
        array = np.asarray(array.sum(axis=axes))
    return array, tuple(name for name in names if name in used)


def _cost(pair: tuple[int, int], terms: list[Term]) -> int:
    sizes: dict[str, int] = {}
    for k in pair:
        sizes.update(zip(terms[k][1], terms[k][0].shape, strict=True))
    return prod(sizes.values())


def _combine(first: Term, second: Term, keep: set[str]) -> Term:
    (a, a_names), (b, b_names) = first, second
    shared = [name for name in a_names if name in b_names]
    summed = [name for name in shared if name not in keep]
    if not summed:
        union = (*a_names, *(name for name in b_names if name not in a_names))
        return np.asarray(align(a, a_names, union) * align(b, b_names, union)), union
    batch = [name for name in shared if name in keep]
    left = [name for name in a_names if name not in shared]
    right = [name for name in b_names if name not in shared]
    lengths: dict[str, Any] = dict(zip(a_names, a.shape, strict=True))
    lengths.update(zip(b_names, b.shape, strict=True))

    def block(array: np.ndarray, names: Sequence[str], groups: Sequence[list[str]]) -> np.ndarray:
        order = [name for group in groups for name in group]
        shape = [lengths[name] for name in groups[0]]
        shape += [prod(lengths[name] for name in group) for group in groups[1:]]
        return align(array, names, order).reshape(shape)

    value = np.matmul(
        block(a, a_names, (batch, left, summed)), block(b, b_names, (batch, summed, right))
    )
    names = (*batch, *left, *right)
    return value.reshape([lengths[name] for name in names]), names
