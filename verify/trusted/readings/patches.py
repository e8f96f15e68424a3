"""Patches of an image as columns, and columns put back where they come from."""

from collections.abc import Sequence

from torch import Tensor

from verify.trusted.readings.elementwise import Reading
from verify.trusted.readings.matrices import taps
from verify.trusted.values import Extent, Value

Pair = Sequence[int]


def tables(sizes: Pair, kernel: Pair, dilation: Pair, padding: Pair, stride: Pair) -> list[Tensor]:
    """Return, axis by axis, C[t, s, t'] = 1 iff patch t has the entry t' in its place s."""
    found = []
    for many, size, d, pad, by in zip(sizes, kernel, dilation, padding, stride, strict=True):
        few = (many + 2 * pad - d * (size - 1) - 1) // by + 1
        found.append(taps(few, size, many, by, pad, d))
    return found


def to_columns(x: Value, kernel: Pair, dilation: Pair, padding: Pair, stride: Pair) -> Value:
    lead = x.ndim - 3
    sizes = [x.size(lead + 1), x.size(lead + 2)]
    rows, columns = tables(sizes, kernel, dilation, padding, stride)
    first = "a" * lead
    out = x.b.einsum(f"{first}cyx,tpy,uqx->{first}cpqtu", x, rows, columns)
    return out.view(x.b.extents())


def from_columns(
    v: Value, sizes: Pair, kernel: Pair, dilation: Pair, padding: Pair, stride: Pair
) -> Value:
    rows, columns = tables(sizes, kernel, dilation, padding, stride)
    lead = v.ndim - 2
    shape: list[Extent] = [(n, False) for n in (*kernel, len(rows), len(columns))]
    v = v.view([*v.extents[:lead], (v.extent(lead)[0] // (kernel[0] * kernel[1]), False), *shape])
    first = "a" * lead
    return v.b.einsum(f"{first}cpqtu,tpy,uqx->{first}cyx", v, rows, columns)


PATCHES: dict[str, Reading] = {"im2col": to_columns, "col2im": from_columns}
