"""A direction in which a symmetric matrix of balls is negative."""

from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq

from verify.search.balls import ball, exact, fraction


def negative_direction(matrix: np.ndarray) -> np.ndarray | None:
    """Return rational v with v^T A v < 0 for the symmetric A (n, n) that is enclosed, or None.

    Eliminates by pivots of known sign, the largest first: A = L D L^T, v = L^-T e_k for D_kk < 0.

    >>> negative_direction(exact([[1, 2], [2, 1]]))
    array([-2, 1], dtype=object)
    """
    rest = {(i, j): matrix[i, j] for i in range(len(matrix)) for j in range(len(matrix))}
    left = list(range(len(matrix)))
    rows: list[tuple[int, dict[int, Any]]] = []
    while left:
        below = [k for k in left if rest[k, k] < 0]
        if below:
            return _rounded(matrix, _back(len(matrix), rows, {below[0]: fmpq(1)}))
        above = [k for k in left if rest[k, k] > 0]
        if not above:
            pair = _indefinite(rest, left)
            return _rounded(matrix, _back(len(matrix), rows, pair)) if pair else None
        pivot = max(above, key=lambda k: float(ball(rest[k, k]).mid()))
        left.remove(pivot)
        row = {k: rest[pivot, k] / rest[pivot, pivot] for k in left}
        rows.append((pivot, row))
        for i in left:
            for j in left:
                rest[i, j] = rest[i, j] - row[i] * rest[pivot, j]
    return None


def _indefinite(rest: dict[tuple[int, int], Any], left: list[int]) -> dict[int, fmpq] | None:
    """Return u with u^T R u < 0 for a remainder whose diagonal may be 0 while an entry is not."""
    for i in left:
        for j in left:
            if i < j and (rest[i, j] < 0 or rest[i, j] > 0):
                sign = fmpq(1 if rest[i, j] < 0 else -1)
                if rest[i, i] + rest[j, j] + 2 * sign * rest[i, j] < 0:
                    return {i: fmpq(1), j: sign}
    return None


def _back(size: int, rows: list[tuple[int, dict[int, Any]]], start: dict[int, Any]) -> list[Any]:
    v: list[Any] = [fmpq(0)] * size
    for k, entry in start.items():
        v[k] = entry
    for pivot, row in reversed(rows):
        v[pivot] = -sum((row[k] * v[k] for k in row), fmpq(0))
    return v


def _rounded(matrix: np.ndarray, v: list[Any]) -> np.ndarray | None:
    """Return the direction with as few digits as will do."""
    middle = [fraction(u if isinstance(u, fmpq) else u.mid().fmpq()) for u in v]
    for bits in (2, 4, 8, 16, 32, 64, 128, 256):
        scale = 1 << bits
        short = exact([Fraction(round(u * scale), scale) for u in middle])
        form = (short * (matrix @ short)).sum()
        if form < 0:
            return short
    return None
