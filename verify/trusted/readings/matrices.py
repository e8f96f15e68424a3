"""Products of matrices, convolutions and pooling, linear algebra."""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from verify.trusted.readings.along import affine, amax, channels, mean, softmax
from verify.trusted.readings.constants import inverted
from verify.trusted.readings.elementwise import Reading, absolute, exp, inv, log, sign, sqrt
from verify.trusted.readings.places import select, transpose, triangle
from verify.trusted.values import LARGEST, Value, letters, unreadable


def einsum(spec: str) -> Reading:
    return lambda a, *more: a.b.einsum(spec, a, *more)


def plus(spec: str) -> Reading:
    """beta c + alpha times a product."""
    return lambda c, a, b, *, beta=1, alpha=1: a.b.linear(
        (Fraction(beta), c), (1, a.b.einsum(spec, a, b, q=alpha))
    )


def linear(x: Value, w: Value, b: Any = None) -> Value:
    lead = letters(x.ndim - 1)
    return affine(x.b.einsum(f"{lead}K,OK->{lead}O", x, w), None, b)


def trilinear(a: Value, b: Value, c: Value, *more: Any) -> Value:
    *expanded, over = more[:4]
    values = [a, b, c]
    for d in range(8):
        for k, new in enumerate(expanded):
            values[k] = values[k].put(d, (), gone=0) if d in new else values[k]
    out = a.b.product(*values)
    return out.b.total(out, [d % out.ndim for d in over]) if over else out


def cross(a: Value, b: Value, *, dim: int = -1) -> Value:
    d, old, e = dim % a.ndim, letters(a.ndim), torch.zeros(3, 3, 3, dtype=torch.int64)
    for i in range(3):
        e[i, (i + 1) % 3, (i + 2) % 3], e[i, (i + 2) % 3, (i + 1) % 3] = 1, -1
    out, one, two = (old[:d] + c + old[d + 1 :] for c in "XYZ")
    return a.b.einsum(f"{one},{two},XYZ->{out}", a, b, e)


def attention(
    q: Value, k: Value, v: Value, dropout: float = 0, causal: bool = False, **named: Any
) -> Any:
    if dropout or causal or named.get("attn_mask") is not None:
        raise unreadable("attention with a mask or dropout")
    scale = named.get("scale")
    scale = 1 / math.sqrt(q.size(q.ndim - 1)) if scale is None else scale
    weights = softmax(q.b.einsum("abik,abjk->abij", q, k, q=scale), 3)
    return q.b.einsum("abij,abjk->abik", weights, v), None


# Convolutions and pooling.


def taps(few: int, kernel: int, many: int, stride: int, pad: int, dilation: int) -> Tensor:
    """Return C[t, s, t'] = 1 iff t' = t stride + s dilation - pad."""
    if few * kernel * many > LARGEST:
        raise unreadable(f"a convolution over {many} places")
    at = torch.arange(few)[:, None] * stride + torch.arange(kernel) * dilation - pad
    return (at[..., None] == torch.arange(many)).long()


def convolution(
    x: Value, w: Value, b: Any, stride: Any, padding: Any, dilation: Any, flipped: bool, _: Any,
    groups: int, shape: Any = None,
) -> Value:  # fmt: skip
    out, n, g = shape or x.b.extents(), x.ndim - 2, (groups, False)
    outer, taken, inner = "tuv"[:n], "pqr"[:n], "xyz"[:n]
    tables = []
    for k in range(n):
        few, many = (x.size(2 + k), out[2 + k][0]) if flipped else (out[2 + k][0], x.size(2 + k))
        tables.append(taps(few, w.size(2 + k), many, stride[k], padding[k], dilation[k]))
    x = x.view([x.extent(0), g, (x.extent(1)[0] // groups, False), *x.extents[2:]])
    w = w.view([g, (w.extent(0)[0] // groups, False), *w.extents[1:]])
    kernel, mine, other = ("gco", outer, inner) if flipped else ("goc", inner, outer)
    words = ",".join(map("".join, zip(outer, taken, inner, strict=True)))
    y = x.b.einsum(f"bgc{mine},{kernel}{taken},{words}->bgo{other}", x, w, *tables).view(out)
    return y if b is None else y + channels(b, y)


def convolution_backward(
    g: Value, x: Value, w: Value, _: Any, stride: Any, padding: Any, dilation: Any, flipped: bool,
    out: Any, groups: int, __: Any,
) -> Any:  # fmt: skip
    back = convolution(g, w, None, stride, padding, dilation, not flipped, out, groups, x.extents)
    return back, None, None


def windows(
    x: Value, out: Sequence[int], kernel: Any, stride: Any = (), padding: Any = (),
    ceil: bool = False, inside: bool = True, by: Any = None,
) -> Iterator[Tensor]:  # fmt: skip
    """Yield, axis by axis, how much of each entry is in each mean."""
    stride, padding = list(stride or kernel), list(padding or [0] * len(kernel))
    if ceil or by is not None or (any(padding) and not inside):
        raise unreadable("an average over windows of several sizes")
    for k, (few, size) in enumerate(zip(out, kernel, strict=True)):
        many = x.size(x.ndim - len(kernel) + k)
        yield taps(few, size, many, stride[k], padding[k], 1).sum(1).T


def average(x: Value, kernel: Any, *more: Any) -> Value:
    out = [e[0] for e in x.b.extents()][-len(kernel) :]
    for d, table in enumerate(windows(x, out, kernel, *more), x.ndim - len(kernel)):
        x = x.remap(d, table)
    return x * Fraction(1, math.prod(kernel))


def average_backward(g: Value, x: Value, kernel: Any, *more: Any) -> Value:
    first = g.ndim - len(kernel)
    out = [g.size(d) for d in range(first, g.ndim)]
    for d, table in enumerate(windows(x, out, kernel, *more), first):
        g = g.remap(d, table.T)
    return g * Fraction(1, math.prod(kernel))


def adaptive(x: Value, sizes: Sequence[int]) -> Value:
    for d, size in enumerate(sizes, x.ndim - len(sizes)):
        if x.size(d) % size:
            raise unreadable("an average over windows of several sizes")
        parts = [(size, False), (x.size(d) // size, False)]
        x = mean(x.view([*x.extents[:d], *parts, *x.extents[d + 1 :]]), d + 1)
    return x


def largest(
    x: Value, kernel: Any, stride: Any = (), padding: Any = (0,), dilation: Any = (1,),
    ceil: bool = False,
) -> Any:  # fmt: skip
    first, out = x.ndim - len(kernel), [e[0] for e in x.b.extents(0)]
    if any(padding) or ceil or any(step > 1 for step in dilation):
        raise unreadable("a maximum over windows that are padded or spread")
    for k, (size, by) in enumerate(zip(kernel, stride or kernel, strict=True)):
        at = torch.arange(out[first + k])[:, None] * by + torch.arange(size)
        x = amax(x.take(first + k, at), first + k + 1)
    return x, None


# Linear algebra.


def square(name: str, scalar: Reading, new: int = 2) -> Reading:
    """An operation on square matrices; ``scalar`` is what it is for 1 x 1."""

    def read(v: Value, *_: Any, **__: Any) -> Value:
        constant = inverted(v) if name == "inverse" and v.axes[-1] else None
        if constant is not None:
            return constant
        if not v.axes[-1]:
            out = scalar(v) if new else scalar(v).lay(v.axes[:-2])
        else:
            for a, b in zip(v.axes[-1], v.axes[-2], strict=True):
                a.size.unify(b.size)
            out = v.b.call(name, v, 2, new)
        v.b.raising += [out] if name in ("inverse", "cholesky") else []
        return out

    return read


inverse, determinant = square("inverse", inv), square("det", lambda v: v, 0)
cholesky = square("cholesky", sqrt)


def solve(a: Value, b: Value, left: bool = True) -> Value:
    if b.ndim == a.ndim - 1:
        mine = letters(b.ndim - 1)
        return a.b.einsum(f"{mine}XY,{mine}Y->{mine}X", inverse(a), b)
    lead = letters(max(a.ndim, b.ndim) - 2)
    one, two = lead[len(lead) - a.ndim + 2 :], lead[len(lead) - b.ndim + 2 :]
    spec = f"{one}XY,{two}YZ->{lead}XZ" if left else f"{one}YZ,{two}XY->{lead}XZ"
    return a.b.einsum(spec, inverse(a), b)


def lower(a: Value, upper: bool) -> Value:
    """The lower triangle, or the upper one transposed: the one torch looks at."""
    return triangle(torch.tril)(transpose(a, -1, -2) if upper else a)


def triangular(
    a: Value, b: Value, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Value:
    a = lower(a, upper)
    if unitriangular:
        eye = a.b.value(torch.eye(a.size(a.ndim - 1)))
        a = a * (1 - eye) + eye
    return solve(transpose(a, -1, -2) if upper else a, b, left)


def cholesky_solve(b: Value, a: Value, upper: bool = False) -> Value:
    a = lower(a, upper)
    return solve(transpose(a, -1, -2), solve(a, b))


def cholesky_inverse(a: Value, upper: bool = False) -> Value:
    """The inverse of L L^T, or of U^T U, by that of the factor."""
    one, lead = inverse(lower(a, upper)), letters(a.ndim - 2)
    return a.b.einsum(f"{lead}YX,{lead}YZ->{lead}XZ", one, one)


def cholesky_of(v: Value, upper: bool = False, **_: Any) -> Any:
    """Of the lower triangle, or of the upper one alone: torch does not look at the other."""
    return (transpose(cholesky(transpose(v, -1, -2)), -1, -2) if upper else cholesky(v)), None


def householder(v: Value, tau: Value) -> Value:
    """The first columns of the product of 1 - tau_k h_k h_k^T, h_k below the diagonal of v."""
    m, n = v.size(v.ndim - 2), v.size(v.ndim - 1)
    h = v * v.b.value(torch.ones(m, n).tril(-1)) + v.b.value(torch.eye(m, n))
    out = v.b.value(torch.eye(m, n))
    for k in reversed(range(tau.size(tau.ndim - 1))):
        row = v.b.einsum("i,ij->j", select(h, -1, k), out)
        out = out - v.b.einsum(",i,j->ij", select(tau, -1, k), select(h, -1, k), row)
    return out


# fmt: off
MATRICES: dict[str, Reading] = {
    "mm": einsum("ik,kj->ij"),
    "bmm": einsum("bik,bkj->bij"),
    "mv": einsum("ik,k->i"),
    **dict.fromkeys(["dot", "vdot"], einsum("k,k->")),
    "addmm": plus("ik,kj->ij"),
    "addmv": plus("ik,k->i"),
    "baddbmm": plus("bik,bkj->bij"),
    "addbmm": plus("bik,bkj->ij"),
    "addr": plus("i,j->ij"),
    "linear": linear,
    "_trilinear": trilinear,
    "linalg_cross": cross,
    "_scaled_dot_product_flash_attention_for_cpu": attention,
    "convolution": convolution,
    "convolution_backward": convolution_backward,
    **dict.fromkeys(["avg_pool1d", "avg_pool2d"], average),
    "avg_pool2d_backward": average_backward,
    **dict.fromkeys(["adaptive_avg_pool1d", "_adaptive_avg_pool2d"], adaptive),
    "max_pool2d_with_indices": largest,
    "linalg_matrix_exp": square("matrix_exp", exp),
    "linalg_inv_ex": lambda v, **_: (inverse(v), None),
    "_linalg_solve_ex": lambda a, b, left=True, **_: (solve(a, b, left), None, None, None),
    "linalg_solve_triangular": triangular,
    "linalg_cholesky_ex": cholesky_of,
    "cholesky_solve": cholesky_solve,
    "cholesky_inverse": cholesky_inverse,
    "_linalg_det": lambda v: (determinant(v), None, None),
    "_linalg_slogdet": lambda v: (sign(determinant(v)), log(absolute(determinant(v))), None, None),
    "linalg_householder_product": householder,
}
# fmt: on
