"""Layout and positions: views, slices, rearrangements, what puts values into places."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from verify.trusted.contractions import applied
from verify.trusted.ladders import entries_of, levels, rebuilt, steps_of
from verify.trusted.readings.along import total
from verify.trusted.readings.elementwise import Reading, inv, iszero
from verify.trusted.readings.picks import constant, indicator
from verify.trusted.values import (
    ROWS,
    Value,
    axis_of,
    letters,
    mixing,
    one_hot,
    quotient,
    unreadable,
    within,
)


def view(v: Value, *_: Any, **__: Any) -> Value:
    return v.view(v.b.extents())


def expand(v: Value, *_: Any, **__: Any) -> Value:
    return v.fill(v.b.extents())


def transpose(v: Value, a: int = 0, b: int = 1) -> Value:
    order = list(range(v.ndim))
    if v.ndim > 1:
        order[a], order[b] = order[b], order[a]
    return v.permute(order)


def repeat(v: Value, times: Sequence[Any]) -> Value:
    v = v.lay(((),) * (len(times) - v.ndim) + v.axes)
    copies = [quotient(new, old) for new, old in zip(v.b.extents(), v.extents, strict=True)]
    return v.lay(axis_of(n) + axis for n, axis in zip(copies, v.axes, strict=True))


def ends_last(v: Value, dim1: int, dim2: int) -> list[int]:
    ends = [dim1 % v.ndim, dim2 % v.ndim]
    return [*(d for d in range(v.ndim) if d not in ends), *ends]


def diagonal(v: Value, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Value:
    v = v.permute(ends_last(v, dim1, dim2))
    rows, columns = v.axes[-2:]
    if not offset and len(rows) == len(columns) == 1 and rows[0].extent == columns[0].extent:
        if rows[0].batch:
            raise mixing("a diagonal through the samples")
        rows[0].size.unify(columns[0].size)
        index = tuple(rows[0] if i is columns[0] else i for i in v.index)
        return Value(v.b, v.node, index, (*v.axes[:-2], rows))
    at = torch.arange(v.size(v.ndim - 2) * v.size(v.ndim - 1)).reshape(v.size(v.ndim - 2), -1)
    return v.lay((*v.axes[:-2], rows + columns)).take(v.ndim - 2, at.diagonal(offset))


def diagonal_matrix(v: Value, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Value:
    old, n = letters(v.ndim), v.extent(v.ndim - 1)[0]
    if offset:
        out = v.remap(v.ndim - 1, torch.diag_embed(torch.eye(v.size(v.ndim - 1)), offset).long())
    else:
        out = v.b.einsum(f"{old},{old[-1]}Z->{old}Z", v, torch.eye(n))
    return out.permute([ends_last(out, dim1, dim2).index(d) for d in range(out.ndim)])


def diagonal_scatter(v: Value, new: Value, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Value:
    if offset or v.extent(dim1) != v.extent(dim2):
        raise unreadable("a part of a diagonal that is replaced")
    order, eye = ends_last(v, dim1, dim2), v.b.value(torch.eye(v.extent(dim1)[0]))
    out = replaced(v.permute(order), 1 - eye, diagonal_matrix(new))
    return out.permute([order.index(d) for d in range(v.ndim)])


def triangle(keep: Callable[..., Tensor]) -> Reading:
    def read(v: Value, offset: int = 0) -> Value:
        return v * v.b.value(keep(torch.ones(v.size(v.ndim - 2), v.size(v.ndim - 1)), offset))

    return read


def select(v: Value, dim: int, at: int) -> Value:
    if v.extent(dim)[1]:
        raise mixing("one sample is selected")
    return v.take(dim % v.ndim, torch.tensor(at))


def places(v: Value, d: int, whole: bool, start: Any, end: Any, by: int) -> Tensor | None:
    """Return the positions of a slice; None for all of the axis."""
    if whole and by == 1:
        return None
    if v.extent(d)[1]:
        raise mixing("some samples are selected")
    return torch.arange(v.size(d))[slice(start, end, by)]


def slice_(v: Value, dim: int = 0, start: Any = None, end: Any = None, by: int = 1) -> Value:
    d = dim % v.ndim
    at = places(v, d, v.b.extents()[d] == v.extent(d), start, end, by)
    return v if at is None else v.take(d, at)


def replaced(v: Value, kept: Any, new: Value) -> Value:
    """Return v where ``kept`` is 1, and what is put elsewhere."""
    return new if v.b.number(v) == 0 else v * v.b.value(kept) + new


def alone(table: Tensor, along: int) -> Tensor:
    """Return 1 where nothing is put, 0 where one value is."""
    kept = 1 - table.sum(along)
    if kept.min() < 0:
        raise unreadable("several values are put in one place")
    return kept


def scattered(v: Value, new: Value, d: int, at: Tensor) -> Value:
    """Return v with new entries at the positions ``at``, (k,), of an axis."""
    table = one_hot(within(at, v.size(d)), v.size(d))
    kept = alone(table, 1).reshape(-1, *[1] * (v.ndim - 1 - d))
    return replaced(v, kept, new.remap(d, table.T))


def slice_scatter(
    v: Value, new: Value, dim: int = 0, start: Any = None, end: Any = None, by: int = 1
) -> Value:
    d = dim % v.ndim
    at = places(v, d, new.extent(d) == v.extent(d), start, end, by)
    return expand(new) if at is None else scattered(v, new, d, at)


def select_scatter(v: Value, new: Value, dim: int, at: int) -> Value:
    return scattered(v, new.put(dim % v.ndim, (), gone=0), dim % v.ndim, torch.tensor([at]))


def raveled(tables: Sequence[Tensor], sizes: Sequence[int]) -> Tensor:
    """Return positions in an axis that merges others."""
    spread = torch.broadcast_tensors(*tables)
    flat = torch.zeros_like(spread[0])
    for size, i in zip(sizes, spread, strict=True):
        flat = flat * size + within(i, size)
    return flat


def index(v: Value, at: Sequence[Any]) -> Value:
    """Return v at constant tensors of positions, or at one that depends on x."""
    named = [d for d, i in enumerate(at) if i is not None]
    tables = [at[d] for d in named]
    if len(named) == 1 and isinstance(tables[0], Value):
        return chosen_along(v, named[0], tables[0], True)
    if by_rows(v, at):
        old = letters(v.ndim)
        return chosen(v, 1, at[1], old[0], old[0] + old[2:], True)
    if not all(isinstance(t, Tensor) for t in tables):
        return at_several(v, named, tables)
    spread = [i for t in tables for i in (t.nonzero().unbind(1) if t.dtype == torch.bool else [t])]
    named = [named[0] + k for k in range(len(spread))] if len(spread) > len(tables) else named
    first = named[0] if named[-1] - named[0] == len(named) - 1 else 0
    order = [d for d in range(v.ndim) if d not in named]
    sizes = [v.size(d) for d in named]
    v = v.permute([*order[:first], *named, *order[first:]])
    joined = tuple(a for axis in v.axes[first : first + len(named)] for a in axis)
    return v.put(first, joined, gone=len(named)).take(first, raveled(spread, sizes))


def chosen_along(v: Value, d: int, at: Value, wraps: bool) -> Value:
    word, old = letters(at.ndim).upper(), letters(v.ndim)
    return chosen(v, d, at, word, old[:d] + word + old[d + 1 :], wraps)


def at_several(v: Value, named: Sequence[int], tables: Sequence[Any]) -> Value:
    """Return v at whole numbers on neighbouring axes, some of which depend on x."""
    whole = all(
        isinstance(t, Value) or (isinstance(t, Tensor) and t.dtype == torch.int64) for t in tables
    )
    if not whole or named[-1] - named[0] != len(named) - 1:
        raise unreadable("several indices that depend on x")
    old, word = letters(v.ndim), letters(max(t.ndim for t in tables)).upper()
    keep = old[: named[0]] + word + old[named[-1] + 1 :]
    return at_places(v, old, dict(zip(old[named[0] :], tables, strict=False)), word, keep)


def by_rows(v: Value, at: Sequence[Any]) -> bool:
    """Return whether indices name one place in each sample, the samples in order."""
    if len(at) != 2 or not isinstance(at[1], Value) or v.ndim < 2:
        return False
    first = isinstance(at[0], Tensor) and at[0].tolist() == [0] and v.extent(0) == (1, False)
    whole = at[0] is ROWS and v.extent(0) == (1, True)
    return (first or whole) and at[1].extents == [v.extent(0)]


def chosen(v: Value, d: int, at: Any, word: str, keep: str, wraps: bool) -> Value:
    """Return v[.., at, ..], the sum of v[.., k, ..] where at == k; undefined if there is none."""
    first, old = indicator(at), letters(v.ndim)
    if first is not None and first.extent(first.ndim - 1) == v.extent(d):
        return v.b.einsum(f"{old},{word}{old[d]}->{keep}", v, first)
    found = in_rows(v, d, at, word, keep) if isinstance(at, Value) else None
    if found is not None:
        return found
    found = climbed(v, d, at, word, keep, wraps) if isinstance(at, Value) else None
    if found is not None:
        return found
    size, (at, word) = v.size(d), known(at, word, old)
    if isinstance(at, Tensor):
        hit = v.b.value(one_hot(within(at, size), size))
    else:
        hit = iszero(at - v.b.value(torch.arange(size).reshape(-1, *[1] * at.ndim)))
    out = v.b.einsum(f"{old},{old[d]}{word}->{keep}", v, hit)
    if isinstance(at, Tensor) or 0 <= at.span[0] <= at.span[1] < size:
        return out
    if wraps and at.span[0] < 0:
        raise unreadable("an index that may be negative")
    once = inv(total(hit, 0))
    v.b.raising.append(once)
    return v.b.einsum(f"{keep},{word}->{keep}", out, once)


def climbed(v: Value, d: int, at: Value, word: str, keep: str, wraps: bool) -> Value | None:
    """Return v[.., at, ..] for a place that depends on x by some steps alone (ladders.py)."""
    rows, size, old = levels(at), v.size(d), letters(v.ndim)
    if rows is None or not all(q.denominator == 1 and -size * wraps <= q < size for q in rows):
        return None
    spots = [int(q) % size for q in rows]
    if v.b.nodes[v.node][0] == "lit" and v.ndim == len(v.index) == 1:
        return rebuilt(at, [entries_of(v)[k] for k in spots])
    steps, order = steps_of(at)
    rises = torch.zeros(size, len(order), dtype=torch.int64)
    for k, (low, high) in zip(order, pairwise(spots), strict=True):
        rises[low, k] -= 1
        rises[high, k] += 1
    if not rises.any() or len(v.axes[d]) != 1:
        return None
    more = applied(v, d, [[*map(Fraction, row)] for row in rises.tolist()])
    start, one = v.take(d, torch.tensor(spots[0])), v.b.value(1).lay(at.axes)
    first = v.b.einsum(f"{old[:d] + old[d + 1 :]},{word}->{keep}", start, one)
    return first + v.b.einsum(f"{old},{word}{old[d]}->{keep}", more, steps)


def known(at: Any, word: str, old: str) -> tuple[Any, str]:
    """Return a constant index as a tensor, without axes along which it is the same; its word."""
    if not isinstance(at, Value) or at.b.nodes[at.node][0] != "lit":
        return at, word
    used = [k for k in range(at.ndim) if at.uses(k)]
    table = constant(replace(at, axes=tuple(at.axes[k] for k in used)))
    if table is None or not set(word) - {word[k] for k in used} <= set(old):
        return at, word
    return table, "".join(word[k] for k in used)


def in_rows(v: Value, d: int, at: Value, word: str, keep: str) -> Value | None:
    """Return v[.., at, ..] for at = m r + c on an axis that merges rows of size m, 0 <= c < m.

    Such a place names one row and one column: v[.., k m + l, ..] where k == r and l == c.
    """
    if at.offset is None or len(v.axes[d]) != 2 or any(a.batch for a in v.axes[d]):
        return None
    columns, (start, more) = v.axes[d][1].size.pin(), at.offset
    start = start.long()
    whole = bool(((start >= 0) & (start % columns == 0)).all())
    if not (whole and 0 <= more.span[0] <= more.span[1] < columns):
        return None
    apart, old = v.put(d, v.axes[d][:1], v.axes[d][1:]), letters(v.ndim)
    mine = old[:d] + "ΑΒ" + old[d + 1 :]
    return at_places(apart, mine, {"Α": start // columns, "Β": more}, word, keep)


def at_places(
    v: Value, mine: str, tables: dict[str, Tensor | Value], word: str, keep: str
) -> Value:
    """Return v at places of several axes, some of which depend on x; the letters name axes."""
    hits, specs = [], [mine]
    for letter, at in tables.items():
        size = v.size(mine.index(letter))
        if isinstance(at, Tensor):
            hits.append(v.b.value(one_hot(within(at.long(), size), size)))
        elif 0 <= at.span[0] <= at.span[1] < size:
            hits.append(iszero(at - v.b.value(torch.arange(size).reshape(-1, *[1] * at.ndim))))
        else:
            raise unreadable("an index that may be out of range, beside others")
        specs.append(letter + word[len(word) - at.ndim :])
    return v.b.einsum(f"{','.join(specs)}->{keep}", v, *hits)
