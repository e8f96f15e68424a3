"""Whole-axis operations in ball arithmetic, and where each entry of a sorted array comes from."""

from collections.abc import Callable, Sequence
from functools import cmp_to_key
from typing import Any

import flint
import numpy as np
from flint import fmpq

from verify.search.balls import ONE, ZERO, Entry, ball, bounds, finite, interval, nan, tidy
from verify.search.elementwise import root as square_root

PICKS = ("amax", "amin", "sort", "median", "cummax", "cummin")


def operation(name: str, arrays: Sequence[np.ndarray], attrs: Sequence[Any]) -> np.ndarray:
    """Return a whole-axis operation on arrays of entries, as ``functions.operation`` on floats.

    >>> from verify.search.balls import exact
    >>> operation("sort", [exact([3.0, 1.0, 2.0])], (1, 1))
    array([1, 2, 3], dtype=object)
    """
    first = arrays[0]
    if name in ("amax", "amin", "prod"):
        flat = first.reshape(*first.shape[: first.ndim - attrs[0]], -1)
        running = {"amax": "cummax", "amin": "cummin", "prod": "cumprod"}[name]
        return np.asarray(_rows(RUNNING[running], flat)[..., -1])
    if name in ("argmax", "hardmax"):
        flat = first.reshape(*first.shape[: first.ndim - attrs[0]], -1)
        hits = _rows(_first_of_largest, flat)
        return hits.reshape(first.shape) if attrs[1] else hits @ np.arange(flat.shape[-1])
    if name in RUNNING:
        return _rows(RUNNING[name], first)
    if name == "median":
        return np.asarray(_rows(_sorted, first)[..., (first.shape[-1] - 1) // 2])
    if name == "sort":
        ordered = _rows(_sorted, first)
        return ordered[..., ::-1] if len(attrs) > 2 and attrs[2] else ordered
    if name == "solve":
        vector = attrs[1] == 1
        inverse = _matrices(_inverse, first)
        value = np.matmul(inverse, arrays[1][..., None] if vector else arrays[1])
        return value[..., 0] if vector else value
    return _matrices({"inverse": _inverse, "det": _det, "matrix_exp": _exp}.get(name, _root), first)


def positions(name: str, array: np.ndarray, attrs: Sequence[Any]) -> np.ndarray:
    """Return from which place of the last axis each new entry comes, -1 where ties leave it open.

    >>> positions("amax", np.array([3.0, 1.0, 4.0]), (1, 0))
    array([2])
    """
    descending = name == "sort" and len(attrs) > 2 and attrs[2]
    if name == "median":
        middle = (array.shape[-1] - 1) // 2
        return positions("sort", array, attrs)[..., middle : middle + 1]
    act = PLACES[name] if array.dtype == object else None
    places = _rows(act, array).astype(int) if act else _float_places(name, array)
    return places[..., ::-1] if descending else places


def _float_places(name: str, array: np.ndarray) -> np.ndarray:
    if name == "sort":
        return np.argsort(array, axis=-1)
    array = -array if name.endswith("min") else array
    if name.startswith("a"):
        return np.argmax(array, axis=-1)[..., None]
    leads = np.arange(array.shape[-1]) * (array == np.maximum.accumulate(array, axis=-1))
    return np.maximum.accumulate(leads, axis=-1)


def _rows(act: Callable[[list[Any]], Sequence[Any]], array: np.ndarray) -> np.ndarray:
    rows = [act(list(array[place])) for place in np.ndindex(array.shape[:-1])]
    value = np.empty((len(rows), len(rows[0])), dtype=object)
    for k, row in enumerate(rows):
        value[k] = row
    return value.reshape(*array.shape[:-1], -1)


def _sign(u: Any) -> int:
    """Return the sign of a number, 0 where a ball leaves it open."""
    return 1 if u > 0 else -1 if u < 0 else 0


def _order(row: list[Any]) -> list[int]:
    order = sorted(range(len(row)), key=cmp_to_key(lambda a, b: _compare(row[a], row[b])))

    def certain(n: int, k: int) -> bool:
        return all(
            _sign(row[k] - row[j]) == (1 if m < n else -1) for m, j in enumerate(order) if m != n
        )

    return [k if certain(n, k) else -1 for n, k in enumerate(order)]


def _compare(u: Entry, v: Entry) -> int:
    return _sign(u - v) or _sign(ball(u).mid() - ball(v).mid())


def _leader(row: list[Any], sign: int = 1) -> int:
    leader = max(range(len(row)), key=cmp_to_key(lambda a, b: sign * _compare(row[a], row[b])))
    apart = (_sign(row[leader] - u) == sign for k, u in enumerate(row) if k != leader)
    return leader if all(apart) else -1


def _first_of_largest(row: list[Any]) -> list[Any]:
    """Return 1 at the first of the largest entries and 0 elsewhere, a ball where that is open."""
    for k, u in enumerate(row):
        earlier, later = row[:k], row[k + 1 :]
        if all(u - v > 0 for v in earlier) and all(u - v >= 0 for v in later):
            return [fmpq(int(j == k)) for j in range(len(row))]
    if not all(map(finite, row)):
        return [nan() for _ in row]
    return [ZERO if any(v - u > 0 for v in row) else interval(ZERO, ONE) for u in row]


PLACES: dict[str, Callable[[list[Any]], list[int]]] = {
    "sort": _order,
    "amax": lambda row: [_leader(row)],
    "amin": lambda row: [_leader(row, -1)],
    "cummax": lambda row: [_leader(row[: k + 1]) for k in range(len(row))],
    "cummin": lambda row: [_leader(row[: k + 1], -1) for k in range(len(row))],
}


def _sorted(row: list[Entry]) -> list[Entry]:
    if all(isinstance(u, fmpq) for u in row):
        return sorted(row)
    ends = [bounds(u) for u in row]
    if any(end is None for end in ends):
        return [nan() for _ in row]
    lowers = sorted(end[0] for end in ends if end)
    uppers = sorted(end[1] for end in ends if end)
    return [interval(a, b) if a != b else a for a, b in zip(lowers, uppers, strict=True)]


def _running(act: Callable[[Entry, Entry], Entry]) -> Callable[[list[Entry]], list[Entry]]:
    def run(row: list[Entry]) -> list[Entry]:
        values = row[:1]
        for u in row[1:]:
            values.append(tidy(act(values[-1], u)))
        return values

    return run


def _max(a: Entry, b: Entry) -> Entry:
    if isinstance(a, fmpq) and isinstance(b, fmpq):
        return max(a, b)
    return ball(a).max(ball(b))


RUNNING: dict[str, Callable[[list[Entry]], list[Entry]]] = {
    "cummax": _running(_max),
    "cummin": _running(lambda a, b: -_max(-a, -b)),
    "cumprod": _running(lambda a, b: a * b),
}


def _matrices(act: Callable[[list[list[Entry]]], Any], array: np.ndarray) -> np.ndarray:
    lead, side = array.shape[:-2], array.shape[-1]
    results = np.empty(lead, dtype=object)
    for place in np.ndindex(lead):
        rows = array[place].tolist()
        results[place] = act(rows) if all(finite(u) for row in rows for u in row) else None
    if act is _det:
        known = np.frompyfunc(lambda d: nan() if d is None else d, 1, 1)(results)
        return np.asarray(known, dtype=object)
    value = np.empty((*lead, side, side), dtype=object)
    for place in np.ndindex(lead):
        for i, j in np.ndindex(side, side):
            rows = results[place]
            value[(*place, i, j)] = nan() if rows is None else tidy(rows[i][j])
    return value


def _matrix(rows: list[list[Entry]]) -> Any:
    if all(isinstance(u, fmpq) for row in rows for u in row):
        return flint.fmpq_mat(rows)
    return flint.arb_mat([[ball(u) for u in row] for row in rows])


def _inverse(rows: list[list[Entry]]) -> list[list[Entry]] | None:
    try:
        return _matrix(rows).inv().tolist()
    except ZeroDivisionError:
        return None


def _det(rows: list[list[Entry]]) -> Entry:
    return tidy(_matrix(rows).det())


def _exp(rows: list[list[Entry]]) -> list[list[Entry]]:
    return flint.arb_mat([[ball(u) for u in row] for row in rows]).exp().tolist()


def _root(rows: list[list[Entry]]) -> list[list[Entry]] | None:
    """Return the lower triangular L with L L^T = A, of which only the lower part is read."""
    side = len(rows)
    root = [[ZERO] * side for _ in range(side)]
    for j in range(side):
        pivot = rows[j][j] - sum((u * u for u in root[j][:j]), ZERO)
        if not pivot > 0:
            return None
        root[j][j] = square_root(pivot)
        for i in range(j + 1, side):
            rest = sum((root[i][k] * root[j][k] for k in range(j)), ZERO)
            root[i][j] = (rows[i][j] - rest) / root[j][j]
    return root
