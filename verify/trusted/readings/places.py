"""Layout and positions: views, slices, rearrangements, what puts values into places."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from verify.trusted.readings.along import count, dims, total
from verify.trusted.readings.elementwise import Reading, inv, iszero, sigmoid, step, where, words
from verify.trusted.values import (
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
        d, word, old = named[0], letters(tables[0].ndim).upper(), letters(v.ndim)
        return chosen(v, d, tables[0], word, old[:d] + word + old[d + 1 :], True)
    if not all(isinstance(t, Tensor) for t in tables):
        raise unreadable("several indices that depend on x")
    spread = [i for t in tables for i in (t.nonzero().unbind(1) if t.dtype == torch.bool else [t])]
    named = [named[0] + k for k in range(len(spread))] if len(spread) > len(tables) else named
    first = named[0] if named[-1] - named[0] == len(named) - 1 else 0
    order = [d for d in range(v.ndim) if d not in named]
    sizes = [v.size(d) for d in named]
    v = v.permute([*order[:first], *named, *order[first:]])
    joined = tuple(a for axis in v.axes[first : first + len(named)] for a in axis)
    return v.put(first, joined, gone=len(named)).take(first, raveled(spread, sizes))


def chosen(v: Value, d: int, at: Any, word: str, keep: str, wraps: bool) -> Value:
    """Return v[.., at, ..], the sum of v[.., k, ..] where at == k; undefined if there is none."""
    size, old = v.size(d), letters(v.ndim)
    if isinstance(at, Tensor):
        hit = v.b.value(one_hot(within(at, size), size))
    else:
        hit = iszero(at - v.b.value(torch.arange(size).reshape(-1, *[1] * at.ndim)))
    out = v.b.einsum(f"{old},{old[d]}{word}->{keep}", v, hit)
    if isinstance(at, Tensor) or 0 <= at.span[0] <= at.span[1] < size:
        return out
    if wraps and at.span[0] < 0:
        raise unreadable("an index that may be negative")
    return v.b.einsum(f"{keep},{word}->{keep}", out, inv(total(hit, 0)))


def gather(v: Value, dim: int, at: Any, **_: Any) -> Value:
    d, old = dim % max(v.ndim, 1), letters(v.ndim)
    pairs = zip(v.extents, v.b.extents(), strict=True)
    if any(mine != its for k, (mine, its) in enumerate(pairs) if k != d):
        raise unreadable("gather with an index smaller than its input")
    word = old[:d] + "Z" + old[d + 1 :]
    return chosen(v, d, at, word, word, False)


def put(v: Value, at: Sequence[Any], new: Any, accumulate: bool = False) -> Value:
    """Return v with new entries at constant positions, or one number where a mask is true."""
    new, named = v.b.value(new), [d for d, t in enumerate(at) if t is not None]
    first, tables = named[0], [at[d] for d in named]
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


def scatter(v: Value, dim: int, at: Any, new: Any, adds: bool = False, **named: Any) -> Value:
    """Return v with new entries at constant positions along an axis."""
    d, old, new = dim % max(v.ndim, 1), letters(v.ndim), v.b.value(new)
    if named or not isinstance(at, Tensor):
        raise unreadable("entries that are scattered in this way")
    new = new if new.ndim else new.fill([(n, False) for n in at.shape])
    if any(
        mine != (n, False)
        for k, (mine, n) in enumerate(zip(v.extents, at.shape, strict=True))
        if k != d
    ):
        raise unreadable("scattering with an index smaller than its target")
    whole = new.extent(d) == (at.shape[d], False)
    new = new if whole else new.take(d, torch.arange(at.shape[d]))
    word, table = old[:d] + "Z" + old[d + 1 :], one_hot(within(at, v.size(d)), v.size(d))
    more = v.b.einsum(f"{word},{old[d]}{word}->{old}", new, table)
    return v + more if adds else replaced(v, alone(table, d + 1).movedim(0, d), more)


def added(v: Value, dim: int, at: Any, new: Value, *, alpha: Any = 1) -> Value:
    """Return v plus new entries at constant positions of an axis."""
    d = dim % v.ndim
    if not isinstance(at, Tensor):
        raise unreadable("an index that depends on x")
    return v + new.remap(d, one_hot(within(at.reshape(-1), v.size(d)), v.size(d)).T) * alpha


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
    "index_select": lambda v, dim, at: index(v, [None] * (dim % v.ndim) + [at]),
    "embedding": lambda v, at, *_: index(v, [at]),
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
    **dict.fromkeys(["reflection_pad1d", "reflection_pad2d"], pad_with("reflect")),
    **dict.fromkeys(["replication_pad1d", "replication_pad2d"], pad_with("replicate")),
    "unfold": unfold,
    "glu": glu,
}
# fmt: on
