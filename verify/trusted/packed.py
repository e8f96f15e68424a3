"""What a mask picks out of a tensor, as long as it is put back under the same mask.

The entries of v[m] are those of v where m is 1, in order. Elementwise operations on what one mask
picks keep that order: so y[m] = h(v[m], w[m]) makes y_i into h(v_i, w_i) where m_i is 1. What
counts, sums or moves these entries could mix samples, and is not read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map

from verify.trusted.readings.activations import ELEMENTWISE
from verify.trusted.readings.elementwise import where
from verify.trusted.values import Atom, Value, mixing


@dataclass(frozen=True, eq=False)
class Packed:
    """v[m], by the whole of v and m."""

    whole: Value
    mask: Value

    def goes_with(self, mask: Any) -> bool:
        return isinstance(mask, Value) and told(mask) == told(self.mask)


def told(v: Value) -> Any:
    """Return something by which to compare two values, which are the same if it is equal."""
    flat = [a for axis in v.axes for a in axis]
    index = [flat.index(i) if isinstance(i, Atom) else (i,) for i in v.index]
    return v.node, index, [[a.extent for a in axis] for axis in v.axes]


def masks(now: Any) -> list[Any]:
    """Return the masks among the indices of an operation in the program."""
    nodes = [n for n in now.args[1] if n is not None]
    return [n for n in nodes if n.meta["val"].dtype == torch.bool]


def picked(v: Any, at: Any) -> Packed | None:
    """Return v[m] for a mask that depends on x, None for other indices."""
    if len(at) != 1 or not isinstance(at[0], Value) or not masks(v.b.now):
        return None
    mask = at[0]
    if v.extents[: mask.ndim] != mask.extents:
        raise mixing("a mask of another shape")
    return Packed(v, mask)


def through(base: str, args: Sequence[Any], kwargs: Any) -> Any:
    """Return what an operation makes of what a mask has picked."""
    given = tree_leaves((args, kwargs))
    first = next(a for a in given if isinstance(a, Packed))
    if base in ("index_put", "_unsafe_index_put"):
        v, at, new, *accumulate = args
        fits = isinstance(v, Value) and len(at) == 1 and isinstance(new, Packed)
        fits = fits and first is new and new.goes_with(at[0]) and new.whole.extents == v.extents
        if not fits or any(accumulate):
            raise mixing("what a mask picks is put elsewhere")
        mask = first.mask
        return where(mask.lay((*mask.axes, *[()] * (v.ndim - mask.ndim))), new.whole, v)
    rest = first.whole.ndim - first.mask.ndim
    for a in given:
        alike = isinstance(a, Packed) and a.whole.ndim == first.whole.ndim
        alike = alike and a.goes_with(first.mask)
        small = isinstance(a, Value) and (not any(a.axes) or a.ndim <= rest)
        if not alike and not small and not isinstance(a, int | float | torch.dtype):
            raise mixing("what a mask picks meets something else")
    dtype = getattr(first.whole.b.now.meta["val"], "dtype", None)
    if base not in ELEMENTWISE or dtype not in (torch.float32, torch.float64):
        raise mixing(f"{base} of what a mask picks")
    args, kwargs = tree_map(lambda a: a.whole if isinstance(a, Packed) else a, (args, kwargs))
    out = ELEMENTWISE[base](*args, **kwargs)
    lead = first.mask.ndim
    if not isinstance(out, Value) or out.ndim != first.whole.ndim:
        raise mixing(f"{base} of what a mask picks")
    if out.extents[:lead] != first.mask.extents:
        raise mixing(f"{base} of what a mask picks")
    return replace(first, whole=out)
