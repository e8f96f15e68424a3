"""Values while a module is read: entries of graph nodes, laid out along the axes of a torch tensor.

A torch axis is a tuple of atoms, its factors in row-major order: none for size 1, several where
axes were merged by a view. An atom is the batch or an axis of the node that the value indexes by
it; an atom that the value does not index by is a broadcast. Samples cannot meet: no node has the
batch for an axis, a value that depends on x has the batch in exactly one place, and to index by it,
to split it or to sum over it raises.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor

if TYPE_CHECKING:
    from verify.trusted.builder import Builder

LARGEST = 1 << 22  # entries of a constant
ROWS = object()  # the numbers of the samples, in order

Extent = tuple[int, bool]  # a size, and whether it is to be multiplied by the number of samples


class TraceError(ValueError):
    """What stands in the way of a reading: its kind, what it is, and the user's "file:line"."""

    def __init__(self, kind: str, detail: str, source: str = "") -> None:
        super().__init__(f"{kind}: {detail}" + (f" ({source})" if source else ""))
        self.kind, self.detail, self.source = kind, detail, source


def mixing(what: str) -> TraceError:
    return TraceError("not a sample map", what)


def unreadable(what: str) -> TraceError:
    return TraceError("not readable", what)


class Size:
    """The size of an axis: a number, which stands for every size unless it is pinned."""

    def __init__(self, value: int) -> None:
        self.value, self.pinned, self.parent = value, False, self

    def root(self) -> "Size":
        size = self
        while size.parent is not size:
            size.parent = size.parent.parent
            size = size.parent
        return size

    def pin(self) -> int:
        self.root().pinned = True
        return self.value

    def unify(self, other: "Size") -> None:
        a, b = self.root(), other.root()
        if a.value != b.value:
            raise unreadable(f"sizes {a.value} and {b.value} where one is needed")
        a.pinned, b.parent = a.pinned or b.pinned, a


class Atom:
    """A factor of a torch axis: a size, once for each sample if ``batch``."""

    def __init__(self, size: Size, batch: bool = False) -> None:
        self.size, self.batch = size, batch

    @property
    def extent(self) -> Extent:
        return self.size.value, self.batch


Axis = tuple[Atom, ...]
Index = tuple[Atom | int, ...]


def axis_of(extent: Extent) -> Axis:
    """Return an axis of that size that no value indexes by."""
    return () if extent == (1, False) else (Atom(Size(extent[0]), extent[1]),)


def divides(a: Extent, b: Extent) -> bool:
    return b[0] % a[0] == 0 and a[1] <= b[1]


def quotient(b: Extent, a: Extent) -> Extent:
    return b[0] // a[0], b[1] and not a[1]


def factors(extent: Extent, needs: Sequence[Extent]) -> list[Extent]:
    """Return in what an axis is split, for the first of the axes that a view needs and others.

    At once in all that come of it, by one table, as is that by which they are merged again.
    """
    found, rest = [needs[0]], quotient(extent, needs[0])
    for need in needs[1:] if extent[0] ** 2 <= LARGEST else ():
        if need != (1, False) and rest != (1, False):
            if not divides(need, rest):
                break
            found.append(need)
            rest = quotient(rest, need)
    return found if rest == (1, False) else [*found, rest]


def one_hot(positions: Tensor, size: int) -> Tensor:
    """Return the tensor with 1 at [k, *p] where positions[*p] == k."""
    if size * positions.numel() > LARGEST:
        raise unreadable(f"a rearrangement of {size} entries into {positions.numel()}")
    return (torch.arange(size).view(-1, *[1] * positions.ndim) == positions).long()


def within(positions: Tensor, size: int) -> Tensor:
    """Return positions counted from 0, where none is out of range."""
    if positions.numel() and not (-size <= int(positions.min()) and int(positions.max()) < size):
        raise unreadable(f"a position out of range on an axis of size {size}")
    return positions % size


def letters(ndim: int) -> str:
    return "".join(chr(97 + k) for k in range(ndim))


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of the traced program: ``node`` indexed by atoms and numbers, along ``axes``."""

    b: "Builder"
    node: int
    index: Index
    axes: tuple[Axis, ...]
    span: tuple[float, float] = (-math.inf, math.inf)  # bounds, where some are known
    offset: tuple[Any, "Value"] | None = None  # of whole numbers: a constant and what is added

    def __post_init__(self) -> None:
        batches = sum(atom.batch for axis in self.axes for atom in axis)
        if batches > 1 or (self.b.depends[self.node] and batches < self.b.batched):
            raise mixing("an operation combines samples")

    @property
    def ndim(self) -> int:
        return len(self.axes)

    @property
    def extents(self) -> list[Extent]:
        return [self.extent(d) for d in range(self.ndim)]

    def extent(self, dim: int) -> Extent:
        extents = [atom.extent for atom in self.axes[dim]]
        return math.prod(e[0] for e in extents), any(e[1] for e in extents)

    def size(self, dim: int) -> int:
        """Return the size of an axis as a number, which pins it."""
        if self.extent(dim)[1]:
            raise mixing("an operation along the samples, or their number in a value")
        return math.prod(atom.size.pin() for atom in self.axes[dim])

    def uses(self, dim: int) -> bool:
        return any(atom in self.index for atom in self.axes[dim])

    def lay(self, axes: Iterable[Axis]) -> Self:
        return replace(self, axes=tuple(axes), offset=None)

    def put(self, dim: int, *axes: Axis, gone: int = 1) -> Self:
        """Return the value with other axes in the place of one, or of ``gone``."""
        return self.lay((*self.axes[:dim], *axes, *self.axes[dim + gone :]))

    def fill(self, extents: Sequence[Extent]) -> Self:
        """Return the value broadcast to a shape."""
        axes = ((),) * (len(extents) - self.ndim) + self.axes
        return self.lay(axis or axis_of(e) for axis, e in zip(axes, extents, strict=True))

    def permute(self, order: Iterable[int]) -> Self:
        return self.lay(self.axes[d] for d in order)

    def rename(self, new: dict[Atom, Axis]) -> Self:
        """Return the value with atoms in place of atoms, several for one it does not index by."""
        index = tuple(new[i][0] if isinstance(i, Atom) and i in new else i for i in self.index)
        axes = tuple(tuple(n for a in axis for n in new.get(a, (a,))) for axis in self.axes)
        return replace(self, index=index, axes=axes, offset=None)

    def split(self, atom: Atom, extents: list[Extent]) -> "Value":
        """Return the value with an atom split into factors."""
        if atom not in self.index:
            return self.rename({atom: tuple(p for extent in extents for p in axis_of(extent))})
        sizes = [extent[0] for extent in extents]
        count = math.prod(sizes)
        table = self.b.value(one_hot(torch.arange(count).reshape(sizes), count))
        whole, *parts = (a for axis in table.axes for a in axis)
        atom.size.unify(whole.size)
        refs = [(self.node, self.index), (table.node, table.rename({whole: (atom,)}).index)]
        axes = [tuple(n for a in x for n in (parts if a is atom else (a,))) for x in self.axes]
        return self.b.multiply(Fraction(1), refs, tuple(axes))

    def remap(self, dim: int, matrix: Tensor) -> "Value":
        """Return sum_k v[.., k, ..] matrix[k, new..], the new axes in the place of the old."""
        parts, new = self.axes[dim], letters(matrix.ndim - 1).upper()
        table = matrix.reshape(*(a.size.value for a in parts), *matrix.shape[1:])
        old, inner = letters(self.ndim), "".join(chr(913 + k) for k in range(len(parts)))
        mine, out = (old[:dim] + word + old[dim + 1 :] for word in (inner, new))
        apart = self.put(dim, *((a,) for a in parts))
        return self.b.einsum(f"{mine},{inner}{new}->{out}", apart, table)

    def take(self, dim: int, positions: Tensor) -> "Value":
        """Return the entries at these positions of an axis, their axes in the place of the old."""
        positions = within(positions, self.extent(dim)[0])
        if not self.uses(dim):
            if self.extent(dim)[1]:
                raise mixing("some samples are selected")
            return self.put(dim, *(axis_of((n, False)) for n in positions.shape))
        if positions.numel() > 1 or len(self.axes[dim]) > 1:
            return self.remap(dim, one_hot(positions, self.size(dim)))
        at, place = self.axes[dim][0], int(positions)
        out = self.put(dim, *[()] * positions.ndim)
        at.size.pin()
        index = tuple(place if i is at else i for i in self.index)
        return replace(out, index=index, offset=None)

    def view(self, extents: Sequence[Extent]) -> "Value":
        """Return the value laid out anew, in row-major order."""
        v, axes, rest = self, [], [a for axis in self.axes for a in axis]
        for k, need in enumerate(extents):
            axis: list[Atom] = []
            while need != (1, False):
                if not rest:
                    raise unreadable("a reshape to another number of entries")
                extent = rest[0].extent
                if divides(extent, need):
                    axis.append(rest.pop(0))
                    need = quotient(need, extent)
                elif divides(need, extent):
                    done = sum(len(a) for a in axes) + len(axis)
                    v = v.split(rest[0], factors(extent, [need, *extents[k + 1 :]]))
                    rest = [a for x in v.axes for a in x][done:]
                else:
                    return self.reshuffle(extents)
            axes.append(tuple(axis))
        atoms = iter(a for axis in v.axes for a in axis)
        return v.lay(tuple(next(atoms) for _ in axis) for axis in axes)

    def reshuffle(self, extents: Sequence[Extent]) -> "Value":
        """Return a view whose axes divide none of the old: merge all but the batch, and split."""
        flat = [a for axis in self.axes for a in axis]
        lead = bool(flat) and flat[0].extent == (1, True) == extents[0]
        if any(a.batch for a in flat[lead:]) or any(e[1] for e in extents[lead:]):
            raise mixing("a reshape moves entries between samples")
        sizes = [extent[0] for extent in extents[lead:]]
        merged = self.lay((tuple(flat[:lead]), tuple(flat[lead:])))
        places = torch.arange(math.prod(sizes)).reshape(sizes)
        out = merged.remap(1, one_hot(places, merged.size(1)))
        return out if lead else out.lay(out.axes[1:])

    def __add__(self, other: Any) -> "Value":
        return self.b.linear((1, self), (1, other))

    def __sub__(self, other: Any) -> "Value":
        return self.b.linear((1, self), (-1, other))

    def __rsub__(self, other: Any) -> "Value":
        return self.b.linear((1, other), (-1, self))

    def __neg__(self) -> "Value":
        return self.b.product(-1, self)

    def __mul__(self, other: Any) -> "Value":
        return self.b.product(self, other)

    def __truediv__(self, other: Any) -> "Value":
        q = self.b.number(other)
        if q is None:
            return self * self.b.fn("inv", other)
        if q == 0:
            raise unreadable("a division by zero")
        return self * self.b.value(1 / q).lay(self.b.value(other).axes)

    __radd__, __rmul__ = __add__, __mul__


def offset(a: Any, b: Any) -> tuple[Any, Value] | None:
    """Return a sum of whole numbers as a constant tensor and what is added to it."""
    if isinstance(a, Value) and isinstance(b, Tensor):
        a, b = b, a
    if isinstance(a, Tensor) and isinstance(b, Value):
        return a, b
    if isinstance(a, Value) and a.offset is not None and type(b) is int:
        more, (low, high) = a.offset[1], a.offset[1].span
        return a.offset[0], replace(more + b, span=(low + b, high + b))
    return None
