"""Entries that are put, or added, at positions of an axis."""

from typing import Any

import torch
from torch import Tensor

from verify.trusted.readings.picks import indicator
from verify.trusted.readings.places import alone, known, replaced, scattered
from verify.trusted.values import Value, letters, one_hot, unreadable, within


def scatter(v: Value, dim: int, at: Any, new: Any, adds: bool = False, **named: Any) -> Value:
    """Return v with new entries at constant positions along an axis."""
    d, old, new = dim % max(v.ndim, 1), letters(v.ndim), v.b.value(new)
    table = None if named else one_row(at, d, v.ndim)
    if table is not None:
        return scattered_alike(v, d, at, table, new, adds)
    if isinstance(at, Value) and not named:
        return scattered_to_one(v, d, at, new, adds)
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


def one_row(at: Any, d: int, ndim: int) -> Tensor | None:
    """Return a constant index along an axis that is the same for all others, None if it is not."""
    if not isinstance(at, Tensor | Value) or at.ndim != ndim or not ndim:
        return None
    if isinstance(at, Tensor):
        rows = at.movedim(d, 0).reshape(at.shape[d], -1)
        return rows[:, 0] if rows.shape[1] and bool((rows == rows[:, :1]).all()) else None
    if (number := at.b.number(at)) is not None and number.denominator == 1:
        return torch.full((at.size(d),), int(number))
    old = letters(ndim)
    table, used = known(at, old, old)
    return table if isinstance(table, Tensor) and used == old[d] else None


def scattered_alike(v: Value, d: int, at: Any, table: Tensor, new: Value, adds: bool) -> Value:
    """Return v with new entries at the same positions of an axis for all others."""
    shape = at.extents if isinstance(at, Value) else [(n, False) for n in at.shape]
    new = new if new.ndim else new.fill(shape)
    for k, whole in enumerate(v.extents):
        if k != d and not whole == shape[k] == new.extent(k):
            raise unreadable("scattering with an index smaller than its target")
    new = new if new.extent(d) == shape[d] else new.take(d, torch.arange(shape[d][0]))
    return added(v, d, table, new) if adds else scattered(v, new, d, table)


def scattered_to_one(v: Value, d: int, at: Value, new: Value, adds: bool) -> Value:
    """Return v with a new entry at the first maximum of each row along an axis."""
    first = indicator(at)
    if first is None or [(1, False), v.extent(d)] != [at.extent(d), first.extent(first.ndim - 1)]:
        raise unreadable("an index that depends on x")
    pairs = zip(v.extents, at.extents, strict=True)
    if any(mine != its for k, (mine, its) in enumerate(pairs) if k != d):
        raise unreadable("scattering with an index smaller than its target")
    new = new if new.ndim else new.fill(at.extents)
    hit = first.permute([*range(d), v.ndim, *range(d + 1, v.ndim)])
    more = hit * (new if new.extent(d) == (1, False) else new.take(d, torch.tensor([0])))
    return v + more if adds else replaced(v, 1 - hit, more)


def added(v: Value, dim: int, at: Any, new: Value, *, alpha: Any = 1) -> Value:
    """Return v plus new entries at constant positions of an axis."""
    d = dim % v.ndim
    if not isinstance(at, Tensor):
        raise unreadable("an index that depends on x")
    return v + new.remap(d, one_hot(within(at.reshape(-1), v.size(d)), v.size(d)).T) * alpha
