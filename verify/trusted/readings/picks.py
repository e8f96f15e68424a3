"""The place of the first maximum: as a number it is opaque, what is done with it can be read."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from verify.trusted.readings.elementwise import iszero
from verify.trusted.values import Atom, Value, mixing, one_hot, unreadable


def first_maximum(v: Value, dim: Any = None, keepdim: bool = False) -> Value:
    """Return argmax, which torch documents to be the first of several."""
    if dim is None and keepdim:
        raise unreadable("argmax that keeps all axes")
    if dim is None:
        return first_maximum(v.lay((tuple(a for axis in v.axes for a in axis),)), 0)
    d = dim % max(v.ndim, 1)
    if v.ndim and v.extent(d)[1]:
        raise mixing("argmax over the samples")
    if not v.ndim or not v.uses(d):
        lone = replace(v, axes=(*v.axes[:d], *v.axes[d + 1 :])) if v.ndim else v
        out, last = lone * 0, 0  # keeps v, which may be undefined
    else:
        order = [*(k for k in range(v.ndim) if k != d), d]
        out, last = v.b.call("argmax", v.permute(order), 1, 0), v.extent(d)[0] - 1
    out = out.put(d, (), gone=0) if keepdim and v.ndim else out
    return replace(out, span=(0, last))


def first_minimum(v: Value, dim: Any = None, keepdim: bool = False) -> Value:
    return first_maximum(-v, dim, keepdim)


def indicator(at: Any) -> Value | None:
    """Return [at == k], k along a last axis, for the place of a first maximum; None for others."""
    if not isinstance(at, Value):
        return None
    op, _, args, _, name, _ = at.b.nodes[at.node]
    if (op, name) != ("call", "argmax"):
        return None
    ((node, places),) = args
    index: list[Any] = []
    acted: dict[Any, Atom] = {}
    for i, size in zip(places, at.b.nodes[node][1], strict=True):
        if isinstance(i, str):
            lead = i[0] == "i"
            index.append(at.index[int(i[1:])] if lead else acted.setdefault(i, Atom(size)))
        else:
            index.append(i)
    z = Value(at.b, node, tuple(index), (*at.axes, tuple(acted.values())))
    return at.b.call("hardmax", z, 1, 1)


def equal(a: Any, b: Any) -> Value:
    """Return [a == b]."""
    for at, other in ((a, b), (b, a)):
        hit, numbers = indicator(at), constant(other)
        if hit is not None and numbers is not None:
            size = hit.extent(hit.ndim - 1)[0]
            table = one_hot(numbers, size).movedim(0, -1)
            product = hit * hit.b.value(table)
            return hit.b.total(product, [product.ndim - 1])
    return iszero(a - b)


def constant(v: Any) -> Tensor | None:
    """Return whole numbers that are constant as a tensor, None for what is not seen to be."""
    if not isinstance(v, Value):
        return torch.tensor(v) if isinstance(v, int) else None
    q, (op, _, _, _, _, attrs) = v.b.number(v), v.b.nodes[v.node]
    if q is not None:
        return torch.full([n for n, _ in v.extents], int(q)) if q.denominator == 1 else None
    places, own = [a for axis in v.axes for a in axis], [a for a in v.index if isinstance(a, Atom)]
    if op != "lit" or not len(places) == len(own) == len(v.index) or {*places} != {*own}:
        return None
    data, shape = [*v.b.literals][attrs[0]].data, [a.size.value for a in own]
    if not all(q.denominator == 1 and abs(q) < 2**31 for q in data):
        return None
    table = torch.tensor([int(q) for q in data]).reshape(shape)
    return table.permute([own.index(a) for a in places]).reshape([n for n, _ in v.extents])
