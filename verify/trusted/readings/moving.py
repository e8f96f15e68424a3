"""Gathering, scattering, joining and moving entries; the table of places."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from verify.trusted.readings.along import count, dims, total
from verify.trusted.readings.elementwise import Reading, sigmoid, step, where, words
from verify.trusted.readings.places import (
    alone,
    by_rows,
    chosen,
    chosen_along,
    diagonal,
    diagonal_matrix,
    diagonal_scatter,
    expand,
    index,
    raveled,
    repeat,
    replaced,
    select,
    select_scatter,
    slice_,
    slice_scatter,
    transpose,
    triangle,
    view,
)
from verify.trusted.readings.scatters import added, one_row, scatter, scattered_to_one
from verify.trusted.values import (
    Value,
    letters,
    mixing,
    one_hot,
    unreadable,
    within,
)


def selected(v: Value, dim: int, at: Any) -> Value:
    """Return v at positions of an axis, where torch raises an error below 0."""
    d = dim % v.ndim
    if isinstance(at, Value):
        return chosen_along(v, d, at, False)
    if at.numel() and at.min() < 0:
        raise unreadable("a position below 0")
    return index(v, [None] * d + [at])


def gather(v: Value, dim: int, at: Any, **_: Any) -> Value:
    d, old = dim % max(v.ndim, 1), letters(v.ndim)
    pairs = zip(v.extents, v.b.extents(), strict=True)
    if any(mine != its for k, (mine, its) in enumerate(pairs) if k != d):
        raise unreadable("gather with an index smaller than its input")
    if (table := one_row(at, d, v.ndim)) is not None:
        return v.take(d, within(table, v.size(d)))
    word = old[:d] + "Z" + old[d + 1 :]
    return chosen(v, d, at, word, word, False)


def put(v: Value, at: Sequence[Any], new: Any, accumulate: bool = False) -> Value:
    """Return v with new entries at constant positions, or one number where a mask is true."""
    new, named = v.b.value(new), [d for d, t in enumerate(at) if t is not None]
    first, tables = named[0], [at[d] for d in named]
    if by_rows(v, at) and v.ndim == 2 and new.ndim < 2:
        new = new.put(1, (), gone=0) if new.ndim else new
        return scattered_to_one(v, 1, at[1].put(1, (), gone=0), new, accumulate)
    if len(at) == 1 and v.b.now.args[1][0].meta["val"].dtype == torch.bool and not accumulate:
        mask = v.b.value(at[0])
        if not any(new.axes):
            return where(mask.lay((*mask.axes, *[()] * (v.ndim - mask.ndim))), new.lay(()), v)
    constant = all(isinstance(t, Tensor) and t.dtype == torch.int64 for t in tables)
    if not constant or named[-1] - first != len(named) - 1:
        raise unreadable("entries that are put in these positions")
    sizes = [v.size(d) for d in named]
    flat = raveled(tables, sizes)
    shape = [*v.extents[:first], *((n, False) for n in flat.shape), *v.extents[named[-1] + 1 :]]
    new, table = new.fill(shape), one_hot(flat.flatten(), math.prod(sizes))
    joined = tuple(a for axis in new.axes[first : first + flat.ndim] for a in axis)
    more = new.put(first, joined, gone=flat.ndim).remap(first, table.T.reshape(-1, *sizes))
    if accumulate:
        return v + more
    kept = alone(table, 1).reshape(*sizes, *[1] * (v.ndim - first - len(sizes)))
    return replaced(v, kept, more)


def buckets(u: Value, knots: Any, right: bool = False, **named: Any) -> Value:
    if not isinstance(knots, Tensor) or knots.ndim != 1 or bool((knots.diff() < 0).any()):
        raise unreadable("boundaries that are not constant and sorted")
    right = right or named.get("side") == "right"
    gap = u.put(u.ndim, (), gone=0) - u.b.value(knots)
    return total(1 - step(-gap) if right else step(gap), -1)


def cat(parts: Sequence[Value], dim: int = 0) -> Value:
    parts = [v for v in parts if v.ndim > 1 or v.extent(0) != (0, False)]
    d = dim % parts[0].ndim
    sizes = [v.size(d) for v in parts]
    rows = torch.eye(sum(sizes), dtype=torch.int64).split(sizes)
    return parts[0].b.linear(*((1, v.remap(d, row)) for v, row in zip(parts, rows, strict=True)))


def stack(parts: Sequence[Value], dim: int = 0) -> Value:
    d = dim % (parts[0].ndim + 1)
    return cat([v.put(d, (), gone=0) for v in parts], d)


def unbind(v: Value, dim: int = 0) -> list[Value]:
    return [select(v, dim, k) for k in range(v.size(dim % v.ndim))]


def split(v: Value, size: Any, dim: int = 0) -> list[Value]:
    d = dim % v.ndim
    if v.extent(d)[1]:
        raise mixing("the samples are split")
    pieces = torch.arange(v.size(d)).split(size)
    return [v.take(d, at) for at in pieces] if len(pieces) > 1 else [v]


def flip(v: Value, dim: Sequence[int]) -> Value:
    for d in dims(v, list(dim)) if dim else []:
        v = v.take(d, torch.arange(v.size(d)).flip(0))
    return v


def roll(v: Value, shifts: Any, dim: Any = ()) -> Value:
    if not dim:
        return roll(v.view([(count(v), False)]), shifts, [0]).view(v.extents)
    for by, d in zip(shifts, dims(v, dim), strict=True):
        v = v.take(d, torch.arange(v.size(d)).roll(by))
    return v


def pad(v: Value, by: Sequence[int], value: float = 0) -> Value:
    for k in range(len(by) // 2):
        d, (left, right) = v.ndim - 1 - k, by[2 * k : 2 * k + 2]
        if left or right:
            table = one_hot(torch.arange(-left, v.size(d) + right), v.size(d))
            outside = (1 - table.sum(0)).reshape(-1, *[1] * k)
            v = v.remap(d, table)
            v = v + v.b.value(outside) * value if value else v
    return v


def pad_with(mode: str) -> Reading:
    def read(v: Value, by: Sequence[int]) -> Value:
        for k in range(len(by) // 2):
            at = torch.arange(float(v.size(v.ndim - 1 - k))).reshape(1, 1, -1)
            at = torch.nn.functional.pad(at, list(by[2 * k : 2 * k + 2]), mode)
            v = v.take(v.ndim - 1 - k, at.flatten().long())
        return v

    return read


def unfold(v: Value, dim: int, size: int, by: int) -> Value:
    d = dim % v.ndim
    out = v.take(d, torch.arange(v.size(d)).unfold(0, size, by))
    return out.permute([k for k in range(out.ndim) if k != d + 1] + [d + 1])


def glu(u: Value, dim: int = -1) -> Value:
    a, b = split(u, u.size(dim % u.ndim) // 2, dim)
    return a * sigmoid(b)


def zeros(v: Value) -> Value:
    return v.b.value(0).fill(v.b.extents())


def block_diagonal(parts: Sequence[Value]) -> Value:
    """Return the sum of matrices, each padded to the size of all."""
    if any(p.ndim != 2 for p in parts):
        raise unreadable("block_diag of what is no matrix")
    rows, columns = (sum(p.size(d) for p in parts) for d in (0, 1))
    top = left = 0
    padded = []
    for p in parts:
        sides = [left, columns - left - p.size(1), top, rows - top - p.size(0)]
        padded.append((1, pad(p, sides)))
        top, left = top + p.size(0), left + p.size(1)
    return parts[0].b.linear(*padded)


# fmt: off
PLACES: dict[str, Reading] = {
    **dict.fromkeys(words("view reshape _unsafe_view squeeze unsqueeze _reshape_alias"), view),
    "flatten": view,
    "expand": expand,
    "permute": lambda v, order: v.permute([d % v.ndim for d in order]),
    **dict.fromkeys(["transpose", "t"], transpose),
    "repeat": repeat,
    "select": select,
    "select_scatter": select_scatter,
    "select_backward": lambda g, _, dim, at: select_scatter(zeros(g), g, dim, at),
    "slice": slice_,
    "slice_scatter": slice_scatter,
    "slice_backward": lambda g, _, dim, start, end, by: slice_scatter(zeros(g), g, dim, start, end, by),  # noqa: E501
    "diagonal": diagonal,
    "diagonal_scatter": diagonal_scatter,
    "diagonal_backward": lambda g, _, *a: diagonal_scatter(zeros(g), g, *a),
    "diag_embed": diagonal_matrix,
    "trace": lambda v: total(diagonal(v)),
    "tril": triangle(torch.tril),
    "triu": triangle(torch.triu),
    **dict.fromkeys(["index", "_unsafe_index"], index),
    "index_select": selected,
    "embedding": lambda v, at, *_: selected(v, 0, at),
    **dict.fromkeys(["index_put", "_unsafe_index_put"], put),
    "index_add": added,
    "gather": gather,
    "scatter": scatter,
    "scatter_add": lambda v, dim, at, new: scatter(v, dim, at, new, True),
    "bucketize": buckets,
    "searchsorted": lambda knots, u, **k: buckets(u, knots, **k),
    "cat": cat,
    "stack": stack,
    "unbind": unbind,
    **dict.fromkeys(words("split unsafe_split split_with_sizes unsafe_split_with_sizes"), split),
    "flip": flip,
    "roll": roll,
    "constant_pad_nd": pad,
    "block_diag": block_diagonal,
    **dict.fromkeys(["reflection_pad1d", "reflection_pad2d"], pad_with("reflect")),
    **dict.fromkeys(["replication_pad1d", "replication_pad2d"], pad_with("replicate")),
    "unfold": unfold,
    "glu": glu,
}
# fmt: on
