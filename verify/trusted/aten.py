"""What each operation of torch computes, in the language of the graph: one reading an operation.

A reading takes the values of the arguments and returns that of the result, or of several, with None
for one that has no reading. Names are aten's; an overload is named only where it means something
else. ``v.b.now`` is the operation in the traced program, of which only shapes and dtypes are used.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from verify.trusted.builder import Value, axis_of, letters, mixing, one_hot, quotient, unreadable

Reading = Callable[..., Any]


def fn(name: str) -> Reading:
    return lambda u, *more: u.b.fn(name, u, *more)


# The first row is used below.
exp, log, inv, sqrt, rsqrt, tanh, sigmoid, softplus, erf, gauss, sin, cos, atan, i0, i1, k0, k1 = (
    map(
        fn,
        "exp log inv sqrt rsqrt tanh sigmoid softplus erf gauss sin cos atan i0 i1 bessel_k0 bessel_k1".split(),
    )
)
relu, step, floor, iszero, real_pow, where = map(fn, "relu step floor iszero pow where".split())
NAMED = (
    "exp log sqrt rsqrt tanh sigmoid erf sin cos atan asinh relu floor lgamma digamma erfinv sinc"
    " i0 special_i0e special_i1 special_i1e special_erfcx special_log_ndtr special_airy_ai"
    " special_bessel_j0 special_bessel_j1 special_bessel_y0 special_bessel_y1"
    " special_spherical_bessel_j0"
).split()


# Elementwise.


def maximum(a: Any, b: Any) -> Value:
    return relu(a - b) + b


def minimum(a: Any, b: Any) -> Value:
    return a - relu(a - b)


def clamp(u: Value, low: Any = None, high: Any = None, **named: Any) -> Value:
    low, high = named.get("min", low), named.get("max", high)
    low, high = (None if b in (-math.inf, math.inf) else b for b in (low, high))
    u = u if low is None else maximum(u, low)
    return u if high is None else minimum(u, high)


def absolute(u: Value) -> Value:
    return relu(u) + relu(-u)


def sign(u: Value) -> Value:
    return step(u) - step(-u)


def trunc(u: Value) -> Value:
    return floor(relu(u)) - floor(relu(-u))


def divide(a: Value, b: Any, rounding_mode: str | None = None) -> Value:
    return {None: lambda q: q, "floor": floor, "trunc": trunc}[rounding_mode](a / b)


def power(u: Value, p: Any) -> Value:
    q = u.b.number(p)
    if q is not None and abs(q) == Fraction(1, 2):
        return sqrt(u) if q > 0 else rsqrt(u)
    if q is None or q.denominator > 1 or abs(q) > 64:
        return real_pow(u, p)
    if not q:
        return u.b.value(1).lay(u.axes)
    return u.b.product(*[u if q > 0 else inv(u)] * abs(int(q)))


def exponential(base: Any, u: Value) -> Value:
    """base ** u for a number."""
    return exp(u * log(u.b.value(base)))


def asin(u: Value) -> Value:
    return atan(u / (sqrt(1 - u * u) + 1)) * 2


def elu(u: Value, alpha: float = 1, scale: float = 1, inner: float = 1) -> Value:
    return (relu(u) + (exp(relu(-u) * -Fraction(inner)) - 1) * alpha) * scale


def elu_backward(
    g: Value, alpha: float, scale: float, inner: float, result: bool, u: Value
) -> Value:
    low = Fraction(alpha) * Fraction(scale) * Fraction(inner)
    return g * where(step(u), scale, (u * inner + low) if result else exp(u * inner) * low)


def soft_plus(u: Value, beta: float = 1, threshold: float = 20) -> Value:
    smooth = softplus(u * beta) * (1 / Fraction(beta))
    return smooth if threshold == 20 else where(step(u * beta - threshold), u, smooth)


def softplus_backward(g: Value, u: Value, beta: float, threshold: float) -> Value:
    smooth = g * sigmoid(u * beta)
    return smooth if threshold == 20 else where(step(u * beta - threshold), g, smooth)


CUBE, INNER = Fraction(0.044715), math.sqrt(2) * (2 / math.sqrt(math.pi)) * 0.5


def gelu(u: Value, approximate: str = "none") -> Value:
    if approximate == "tanh":
        return u * (tanh((u + u.b.product(u, u, u) * CUBE) * INNER) + 1) * 0.5
    return u * (erf(u * math.sqrt(0.5)) + 1) * 0.5


def gelu_backward(g: Value, u: Value, approximate: str = "none") -> Value:
    """g times the derivative of gelu, with gelu's own constants."""
    if approximate == "tanh":
        t = tanh((u + u.b.product(u, u, u) * CUBE) * INNER)
        return g * ((t + 1) * 0.5 + u * (1 - t * t) * (u * u * (3 * CUBE) + 1) * INNER * 0.5)
    a = u * math.sqrt(0.5)
    return g * ((erf(a) + 1) * 0.5 + a * gauss(a) * 0.5)


def silu_backward(g: Value, u: Value) -> Value:
    s = sigmoid(u)
    return g * (s + u * s * (1 - s))


def mish_backward(g: Value, u: Value) -> Value:
    t = tanh(softplus(u))
    return g * (t + u * sigmoid(u) * (1 - t * t))


def hardshrink(u: Value, l: float = 0.5) -> Value:
    return u * (step(u - l) + step(-u - l)) if l >= 0 else u


def logit(u: Value, eps: float | None = None) -> Value:
    u = u if eps is None else clamp(u, eps, 1 - Fraction(eps))
    return log(u / (1 - u))


def leaky(u: Value, slope: Any = 0.01) -> Value:
    return u * slope + relu(u) * (1 - Fraction(slope))


def leaky_backward(g: Value, u: Value, slope: Any, *_: Any) -> Value:
    return g * (step(u) * (1 - Fraction(slope)) + slope)


def rrelu(of: Reading, *args: Any) -> Any:
    """Leaky relu of the mean slope, when not in training."""
    *values, low, high, training = args
    if training:
        raise mixing("rrelu is random")
    return of(*values, (Fraction(low) + Fraction(high)) / 2)


def loss(of: Reading, more: float | None = None) -> Reading:
    def read(u: Value, t: Value, reduction: int = 1, by: Any = more) -> Value:
        each = of(u - t, by) if more else of(u - t)
        return [lambda v: v, mean, total][reduction](each)

    return read


def loss_backward(of: Reading) -> Reading:
    def read(g: Value, u: Value, t: Value, reduction: int, *by: Any) -> Value:
        each = g * of(u - t, *by)
        return each if reduction != 1 else each / count(each, None)

    return read


def huber(u: Value, delta: float) -> Value:
    a = absolute(u)
    return where(step(a - delta), (a - delta * Fraction(1, 2)) * delta, u * u * 0.5)


def smooth_l1(u: Value, beta: float) -> Value:
    return huber(u, beta) / beta


def compared(read: Reading, below: int, above: int) -> Reading:
    """A comparison, also with minus and plus infinity."""

    def with_infinity(a: Value, b: Any) -> Value:
        if isinstance(b, float) and math.isinf(b):
            return a.b.value(below if b < 0 else above).lay(a.axes)
        return read(a, b)

    return with_infinity


def cast(v: Value, dtype: Any = None, **_: Any) -> Value:
    before = v.b.now.args[0].meta["val"].dtype
    if dtype is None or dtype == before or dtype.is_floating_point:
        return v
    if dtype == torch.bool:
        return 1 - iszero(v)
    return trunc(v) if before.is_floating_point else v


# Sums, extrema, what runs along axes.


def dims(v: Value, dim: Any = None) -> list[int]:
    """Return the axes that an argument names: all for None and []."""
    named = [dim] if isinstance(dim, int) else list(dim or range(v.ndim))
    return [d % v.ndim for d in named] if v.ndim else []


def total(
    v: Value, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, q: Any = 1
) -> Value:
    return v.b.total(v, dims(v, dim), keepdim, q)


def count(v: Value, dim: Any) -> int:
    return math.prod(v.size(d) for d in dims(v, dim))


def mean(v: Value, dim: Any = None, keepdim: bool = False, **_: Any) -> Value:
    return total(v, dim, keepdim, q=Fraction(1, count(v, dim)))


def variance(
    v: Value, dim: Any = None, unbiased: Any = True, keepdim: bool = False, correction: Any = 1
) -> Value:
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    less = Fraction(1 if correction is None else correction) if unbiased else 0
    if count(v, dim) <= less:
        raise unreadable("a variance with a divisor that is not positive")
    u = v - mean(v, dim, True)
    return total(u * u, dim, keepdim, q=1 / (count(v, dim) - less))


def extremum(name: str) -> Reading:
    def read(v: Value, dim: Any = None, keepdim: bool = False) -> Value:
        over = dims(v, dim)
        if any(v.extent(d)[1] for d in over):
            raise mixing(f"{name} over the samples")
        for d in over:
            v = v if v.uses(d) or name == "prod" else v.put(d, ())
        acted, rest = [d for d in over if v.axes[d]], [d for d in range(v.ndim) if d not in over]
        v = v.permute([*rest, *acted])
        out = v.b.call(name, v, len(acted), 0) if acted else v
        for d in sorted(over) if keepdim else ():
            out = out.put(d, (), gone=0)
        return out

    return read


def along(name: str, *statics: int) -> Reading:
    """An operation along one axis that keeps the axis."""

    def read(v: Value, dim: int = -1) -> Value:
        d = dim % max(v.ndim, 1)
        if not v.ndim or not v.axes[d]:
            return v
        order = [*(k for k in range(v.ndim) if k != d), d]
        out = v.b.call(name, v.permute(order), 1, 1, *statics)
        return out.permute([order.index(k) for k in range(v.ndim)])

    return read


def sort(v: Value, dim: int = -1, descending: bool = False, **_: Any) -> Any:
    return along("sort", int(descending))(v, dim), None


def topk(v: Value, k: int, dim: int = -1, largest: bool = True, _: bool = True) -> Any:
    return along("sort", int(largest))(v, dim).take(dim % v.ndim, torch.arange(k)), None


def median(v: Value, dim: int | None = None, keepdim: bool = False) -> Any:
    if dim is None:
        return median(v.lay((tuple(a for axis in v.axes for a in axis),)), 0)[0]
    at = (v.size(dim % v.ndim) - 1) // 2
    return kth_value(v, at + 1, dim, keepdim)


def kth_value(v: Value, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    at = torch.tensor([k - 1] if keepdim else k - 1)
    return along("sort", 0)(v, dim).take(dim % v.ndim, at), None


def cumsum(v: Value, dim: int, **_: Any) -> Value:
    d = dim % max(v.ndim, 1)
    return v.remap(d, torch.ones(v.size(d), v.size(d)).triu().long()) if v.ndim and v.axes[d] else v


def softmax(v: Value, dim: int, *_: Any, **__: Any) -> Value:
    e = exp(v)
    return e / total(e, dim, True)


def log_softmax(v: Value, dim: int, *_: Any, **__: Any) -> Value:
    return v - log(total(exp(v), dim, True))


def norm(v: Value, p: Any = 2, dim: Any = None, keepdim: bool = False, **_: Any) -> Value:
    p = 2 if p is None else p
    if abs(p) == math.inf:
        return extremum("amax" if p > 0 else "amin")(absolute(v), dim, keepdim)
    if p in (1, 2):
        return total(absolute(v), dim, keepdim) if p == 1 else sqrt(total(v * v, dim, keepdim))
    if p <= 0:
        raise unreadable(f"a norm of order {p}")
    return real_pow(total(power(absolute(v), p), dim, keepdim), 1 / Fraction(p))


def weight_norm(v: Value, g: Value, dim: int = 0) -> Any:
    size = norm(v, 2, [d for d in range(v.ndim) if d != dim], True)
    return v * (g / size), size


def standardize(x: Value, over: list[int], eps: float) -> tuple[Value, Value, Value]:
    centred, m = x - mean(x, over, True), mean(x, over, True)
    r = rsqrt(total(centred * centred, over, True, q=Fraction(1, count(x, over))) + eps)
    return centred * r, m, r


def affine(u: Value, weight: Value | None, bias: Value | None) -> Value:
    u = u if weight is None else u * weight
    return u if bias is None else u + bias


def layer_norm(x: Value, shape: Any, weight: Any, bias: Any, eps: float) -> Any:
    u, m, r = standardize(x, list(range(-len(shape), 0)), eps)
    return affine(u, weight, bias), m, r


def layer_norm_backward(
    g: Value, x: Value, shape: Any, m: Value, r: Value, weight: Any, *_: Any
) -> Any:
    over, g = list(range(-len(shape), 0)), affine(g, weight, None)
    u = (x - m) * r
    return (g - mean(g, over, True) - u * mean(g * u, over, True)) * r, None, None


def rms_norm(x: Value, shape: Any, weight: Any, eps: float | None) -> Any:
    eps = torch.finfo(x.b.now.args[0].meta["val"].dtype).eps if eps is None else eps
    r = rsqrt(mean(x * x, list(range(-len(shape), 0)), True) + eps)
    return affine(x * r, weight, None), r


def channels(w: Any, x: Value) -> Any:
    """One number for each entry of axis 1."""
    return None if w is None else w.lay((w.axes[0], *[()] * (x.ndim - 2)))


def batch_norm(
    x: Value, w: Any, b: Any, m: Any, var: Any, training: Any, _: Any, eps: float
) -> Any:
    if training:  # over the samples, unless they were merged with the channels (instance norm)
        u, m, r = standardize(x, [d for d in range(x.ndim) if d != 1], eps)
        return affine(u, channels(w, x), channels(b, x)), m, r
    u = (x - channels(m, x)) * channels(rsqrt(var + eps), x)
    return affine(u, channels(w, x), channels(b, x)), None, None


def group_norm(x: Value, w: Any, b: Any, _: Any, c: int, __: Any, groups: int, eps: float) -> Any:
    split = x.view([x.extent(0), (groups, False), (c // groups, False), *x.extents[2:]])
    u, *_ = standardize(split, list(range(2, split.ndim)), eps)
    return affine(u.view(x.extents), channels(w, x), channels(b, x)), None, None


# Layout.


def view(v: Value, *_: Any, **__: Any) -> Value:
    return v.view(v.b.extents())


def expand(v: Value, *_: Any, **__: Any) -> Value:
    extents = v.b.extents()
    axes = ((),) * (len(extents) - v.ndim) + v.axes
    return v.lay(axis or axis_of(e) for axis, e in zip(axes, extents, strict=True))


def permute(v: Value, order: Sequence[int]) -> Value:
    return v.permute([d % v.ndim for d in order])


def transpose(v: Value, a: int = 0, b: int = 1) -> Value:
    order = list(range(v.ndim))
    if v.ndim > 1:
        order[a], order[b] = order[b], order[a]
    return v.permute(order)


def repeat(v: Value, times: Sequence[Any]) -> Value:
    v = v.lay(((),) * (len(times) - v.ndim) + v.axes)
    copies = [quotient(new, old) for new, old in zip(v.b.extents(), v.extents, strict=True)]
    return v.lay(axis_of(n) + axis for n, axis in zip(copies, v.axes, strict=True))


def select(v: Value, dim: int, at: int) -> Value:
    if v.extent(dim)[1]:
        raise mixing("one sample is selected")
    return v.take(dim % v.ndim, torch.tensor(at))


def diagonal(v: Value, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Value:
    ends = [dim1 % v.ndim, dim2 % v.ndim]
    v = v.permute([*(d for d in range(v.ndim) if d not in ends), *ends])
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
    n, old = v.size(v.ndim - 1) if offset else 0, letters(v.ndim)
    table = torch.diag_embed(torch.eye(n, dtype=torch.int64), offset) if offset else None
    if table is not None:
        out = v.remap(v.ndim - 1, table)
    else:
        eye = v.b.leaf("eye", [v.extent(v.ndim - 1)[0]] * 2)
        eye.axes[0] and eye.axes[0][0].size.unify(eye.axes[1][0].size)
        out = (
            v.b.einsum(f"{old},{old[-1]}Z->{old}Z", v, eye)
            if v.axes[-1]
            else v.put(v.ndim, (), gone=0)
        )
    order = list(range(out.ndim - 2))
    for d, k in sorted([(dim1 % out.ndim, out.ndim - 2), (dim2 % out.ndim, out.ndim - 1)]):
        order.insert(d, k)
    return out.permute(order)


def triangle(keep: Callable[..., Tensor]) -> Reading:
    def read(v: Value, offset: int = 0) -> Value:
        return v * v.b.value(keep(torch.ones(v.size(v.ndim - 2), v.size(v.ndim - 1)), offset))

    return read


# Positions: slices, rearrangements, what puts values into places.


def places(v: Value, dim: int, start: Any, end: Any, by: int, size: int) -> Tensor | None:
    """Return the positions of a slice of that size; None for all of the axis."""
    if (size, by) == (v.extent(dim)[0], 1):
        return None
    if v.extent(dim)[1]:
        raise mixing("some samples are selected")
    return torch.arange(v.size(dim))[slice(start, end, by)]


def slice_(v: Value, dim: int = 0, start: Any = None, end: Any = None, by: int = 1) -> Value:
    d = dim % v.ndim
    same = v.b.extents()[d] == v.extent(d)
    at = places(v, d, start, end, by, v.extent(d)[0] if same else -1)
    return v if at is None else v.take(d, at)


def replaced(v: Value, kept: Any, new: Value) -> Value:
    """Return v where ``kept`` is 1, and what is put elsewhere."""
    return new if v.b.number(v) == 0 else v * v.b.value(kept) + new


def scattered(v: Value, new: Value, d: int, at: Tensor) -> Value:
    """Return v with new entries at the positions ``at``, (k,), of an axis."""
    table = one_hot(at, v.size(d))
    if table.sum(1).max() > 1:
        raise unreadable("several values are put in one place")
    kept = (1 - table.sum(1)).reshape(-1, *[1] * (v.ndim - 1 - d))
    return replaced(v, kept, new.remap(d, table.T))


def slice_scatter(
    v: Value, new: Value, dim: int = 0, start: Any = None, end: Any = None, by: int = 1
) -> Value:
    d = dim % v.ndim
    same = new.extent(d) == v.extent(d)
    at = places(v, d, start, end, by, v.extent(d)[0] if same else -1)
    return expand(new) if at is None else scattered(v, new, d, at)


def select_scatter(v: Value, new: Value, dim: int, at: int) -> Value:
    d = dim % v.ndim
    return scattered(v, new.put(d, (), gone=0), d, torch.arange(v.size(d))[at].reshape(1))


def diagonal_scatter(v: Value, new: Value, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Value:
    ends = [dim1 % v.ndim, dim2 % v.ndim]
    if offset or v.extent(ends[0]) != v.extent(ends[1]):
        raise unreadable("a part of a diagonal that is replaced")
    order = [*(d for d in range(v.ndim) if d not in ends), *ends]
    eye = v.b.value(torch.eye(v.extent(ends[0])[0]))
    out = replaced(v.permute(order), 1 - eye, diagonal_matrix(new))
    return out.permute([order.index(d) for d in range(v.ndim)])


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
    joined = named[-1] - named[0] == len(named) - 1
    first = named[0] if joined else 0
    order = [d for d in range(v.ndim) if d not in named]
    sizes = [v.size(d) for d in named]
    v = v.permute([*order[:first], *named, *order[first:]])
    merged = v.put(
        first, tuple(a for k in range(len(named)) for a in v.axes[first + k]), gone=len(named)
    )
    return merged.take(first, raveled(spread, sizes))


def chosen(v: Value, d: int, at: Any, word: str, keep: str, wraps: bool) -> Value:
    """Return v[.., at, ..], the sum of v[.., k, ..] where at == k; undefined if there is none."""
    size, old = v.size(d), letters(v.ndim)
    if isinstance(at, Tensor):
        hit = v.b.value(one_hot(at % size, size))
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
    whole = all(isinstance(t, Tensor) and t.dtype == torch.int64 for t in tables)
    if not whole or named[-1] - first != len(named) - 1:
        raise unreadable("entries that are put in these positions")
    sizes = [v.size(d) for d in named]
    flat = raveled(tables, sizes)
    shape = [*v.extents[:first], *((n, False) for n in flat.shape), *v.extents[named[-1] + 1 :]]
    new = new.lay((*((),) * (len(shape) - new.ndim), *new.axes))
    new = new.lay(axis or axis_of(e) for axis, e in zip(new.axes, shape, strict=True))
    joined = tuple(a for k in range(flat.ndim) for a in new.axes[first + k])
    table = one_hot(flat.flatten(), math.prod(sizes))
    more = new.put(first, joined, gone=flat.ndim).remap(first, table.T.reshape(-1, *sizes))
    if accumulate:
        return v + more
    if table.sum(1).max() > 1:
        raise unreadable("several values are put in one place")
    kept = (1 - table.sum(1)).reshape(*sizes, *[1] * (v.ndim - first - len(sizes)))
    return replaced(v, kept, more)


def scatter(v: Value, dim: int, at: Any, new: Any, adds: bool = False, **named: Any) -> Value:
    """Return v with new entries at constant positions along an axis."""
    d, old, new = dim % max(v.ndim, 1), letters(v.ndim), v.b.value(new)
    if named or not isinstance(at, Tensor):
        raise unreadable("entries that are scattered in this way")
    new = new if new.ndim else new.lay(axis_of((n, False)) for n in at.shape)
    for k, (mine, its) in enumerate(zip(v.extents, at.shape, strict=True)):
        if k != d and mine != (its, False):
            raise unreadable("scattering with an index smaller than its target")
    new = new if new.extent(d) == (at.shape[d], False) else new.take(d, torch.arange(at.shape[d]))
    word, table = old[:d] + "Z" + old[d + 1 :], one_hot(at % v.size(d), v.size(d))
    more = v.b.einsum(f"{word},{old[d]}{word}->{old}", new, table)
    kept = 1 - table.sum(d + 1)
    if not adds and kept.min() < 0:
        raise unreadable("several values are put in one place")
    return v + more if adds else replaced(v, kept.movedim(0, d), more)


def raveled(tables: Sequence[Tensor], sizes: Sequence[int]) -> Tensor:
    """Return positions in an axis that merges others."""
    spread = torch.broadcast_tensors(*tables)
    flat = torch.zeros_like(spread[0])
    for size, i in zip(sizes, spread, strict=True):
        flat = flat * size + i % size
    return flat


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
        flat = v.view([(count(v, None), False)])
        return roll(flat, shifts, [0]).view(v.extents)
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
            d = v.ndim - 1 - k
            at = torch.arange(float(v.size(d))).reshape(1, 1, -1)
            at = torch.nn.functional.pad(at, list(by[2 * k : 2 * k + 2]), mode)
            v = v.take(d, at.flatten().long())
        return v

    return read


def unfold(v: Value, dim: int, size: int, by: int) -> Value:
    d = dim % v.ndim
    at = torch.arange(v.size(d)).unfold(0, size, by)
    out = v.take(d, at)
    return out.permute([k for k in range(out.ndim) if k != d + 1] + [d + 1])


# Products of matrices, convolutions, linear algebra.


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


def taps(few: int, kernel: int, many: int, stride: int, pad: int, dilation: int) -> Tensor:
    """Return C[t, s, t'] = 1 iff t' = t stride + s dilation - pad."""
    at = torch.arange(few)[:, None] * stride + torch.arange(kernel) * dilation - pad
    if at.numel() * many > 1 << 22:
        raise unreadable(f"a convolution over {many} places")
    return (at[..., None] == torch.arange(many)).long()


def convolution(x: Value, w: Value, b: Any, stride: Any, padding: Any, dilation: Any, flipped: bool, _: Any,
                groups: int, shape: Any = None) -> Value:  # fmt: skip
    out, n, g = shape or x.b.extents(), x.ndim - 2, (groups, False)
    outer, taken, inner = "tuv"[:n], "pqr"[:n], "xyz"[:n]
    tables = []
    for k in range(n):
        few, many = (x.size(2 + k), out[2 + k][0]) if flipped else (out[2 + k][0], x.size(2 + k))
        tables.append(taps(few, w.size(2 + k), many, stride[k], padding[k], dilation[k]))
    x = x.view([x.extent(0), g, (x.extent(1)[0] // groups, False), *x.extents[2:]])
    w = w.view([g, (w.extent(0)[0] // groups, False), *w.extents[1:]])
    kernel, mine, other = ("gco", outer, inner) if flipped else ("goc", inner, outer)
    spec = (
        f"bgc{mine},{kernel}{taken},{','.join(map(''.join, zip(outer, taken, inner, strict=True)))}"
    )
    y = x.b.einsum(f"{spec}->bgo{other}", x, w, *tables).view(out)
    return y if b is None else y + channels(b, y)


def convolution_backward(g: Value, x: Value, w: Value, _: Any, stride: Any, padding: Any, dilation: Any,
                         flipped: bool, out: Any, groups: int, __: Any) -> Any:  # fmt: skip
    return (
        convolution(g, w, None, stride, padding, dilation, not flipped, out, groups, x.extents),
        None,
        None,
    )


def averages(
    x: Value, out: Any, kernel: Any, stride: Any, padding: Any, ceil: bool, within: bool, by: Any
) -> Any:
    n = len(kernel)
    stride, padding = list(stride or kernel), list(padding or [0] * n)
    if ceil or by is not None or (any(padding) and not within):
        raise unreadable("an average over windows of several sizes")
    for k in range(n):
        yield (
            taps(out[k], kernel[k], x.size(x.ndim - n + k), stride[k], padding[k], 1).sum(1).T,
            kernel[k],
        )


def average(
    x: Value,
    kernel: Any,
    stride: Any = (),
    padding: Any = (),
    ceil: bool = False,
    within: bool = True,
    by: Any = None,
) -> Value:
    n, out = len(kernel), [e[0] for e in x.b.extents()]
    for k, (table, size) in enumerate(
        averages(x, out[-n:], kernel, stride, padding, ceil, within, by)
    ):
        x = x.remap(x.ndim - n + k, table) * Fraction(1, size)
    return x


def average_backward(g: Value, x: Value, kernel: Any, *more: Any) -> Value:
    n = len(kernel)
    for k, (table, size) in enumerate(
        averages(x, [g.size(g.ndim - n + k) for k in range(n)], kernel, *more)
    ):
        g = g.remap(g.ndim - n + k, table.T) * Fraction(1, size)
    return g


def adaptive(x: Value, sizes: Sequence[int]) -> Value:
    for k, size in enumerate(sizes):
        d = x.ndim - len(sizes) + k
        n = x.size(d)
        if n % size:
            raise unreadable("an average over windows of several sizes")
        x = mean(
            x.view([*x.extents[:d], (size, False), (n // size, False), *x.extents[d + 1 :]]), d + 1
        )
    return x


def largest(x: Value, kernel: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil: bool = False) -> Any:
    n, out = len(kernel), [e[0] for e in x.b.extents(0)]
    spread = [list(v) if isinstance(v, list | tuple) else [v] * n for v in (stride or kernel, padding, dilation)]
    if any(spread[1]) or ceil:
        raise unreadable("a maximum over windows that are padded")
    for k in range(n):
        d = x.ndim - n + k
        at = torch.arange(out[d])[:, None] * spread[0][k] + torch.arange(kernel[k]) * spread[2][k]
        x = extremum("amax")(x.take(d, at), d + 1)
    return x, None


def attention(q: Value, k: Value, v: Value, dropout: float = 0, causal: bool = False, **named: Any) -> Any:
    if dropout or causal or named.get("attn_mask") is not None:
        raise unreadable("attention with a mask or dropout")
    scale = named.get("scale")
    scale = 1 / math.sqrt(q.size(q.ndim - 1)) if scale is None else scale
    weights = softmax(q.b.einsum("abik,abjk->abij", q, k, q=scale), 3)
    return q.b.einsum("abij,abjk->abik", weights, v), None


def householder(v: Value, tau: Value) -> Value:
    """The first columns of the product of 1 - tau_k h_k h_k^T, h_k below the diagonal of v."""
    m, n = v.size(v.ndim - 2), v.size(v.ndim - 1)
    h = v * v.b.value(torch.ones(m, n).tril(-1)) + v.b.value(torch.eye(m, n))
    out = v.b.value(torch.eye(m, n))
    for k in reversed(range(tau.size(tau.ndim - 1))):
        column = select(h, -1, k)
        row = v.b.einsum("i,ij->j", column, out)
        out = out - v.b.einsum(",i,j->ij", select(tau, -1, k), column, row)
    return out


def square(name: str, scalar: Reading, new: int = 2) -> Reading:
    """An operation on square matrices; ``scalar`` is what it is for 1 x 1."""

    def read(v: Value, *_: Any, **__: Any) -> Value:
        if not v.axes[-1]:
            return scalar(v) if new else scalar(v).lay(v.axes[:-2])
        v.axes[-1][0].size.unify(v.axes[-2][0].size)
        return v.b.call(name, v, 2, new)

    return read


inverse, determinant = square("inverse", inv), square("det", lambda v: v, 0)
cholesky = square("cholesky", sqrt)


def added(v: Value, dim: int, at: Any, new: Value, *, alpha: Any = 1) -> Value:
    """Return v plus new entries at constant positions of an axis."""
    d = dim % v.ndim
    if not isinstance(at, Tensor):
        raise unreadable("an index that depends on x")
    return v + new.remap(d, one_hot(at.reshape(-1), v.size(d)).T) * alpha


def cholesky_solve(b: Value, a: Value, upper: bool = False) -> Value:
    a = triangle(torch.triu if upper else torch.tril)(a)
    lower = transpose(a, -1, -2) if upper else a
    return solve(transpose(lower, -1, -2), solve(lower, b))


def solve(a: Value, b: Value, left: bool = True) -> Value:
    lead = letters(max(a.ndim, b.ndim) - 2)
    if b.ndim == a.ndim - 1:
        mine = letters(a.ndim - 2)
        return a.b.einsum(f"{mine}XY,{mine}Y->{mine}X", inverse(a), b)
    one, two = lead[len(lead) - a.ndim + 2 :], lead[len(lead) - b.ndim + 2 :]
    spec = f"{one}XY,{two}YZ->{lead}XZ" if left else f"{one}YZ,{two}XY->{lead}XZ"
    return a.b.einsum(spec, inverse(a), b)


def triangular(
    a: Value, b: Value, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Value:
    a = triangle(torch.triu if upper else torch.tril)(a)
    if unitriangular:
        eye = torch.eye(a.size(a.ndim - 1))
        a = a * a.b.value(1 - eye) + a.b.value(eye)
    return solve(a, b, left)


def cross(a: Value, b: Value, *, dim: int = -1) -> Value:
    d = dim % a.ndim
    old, e = letters(a.ndim), torch.zeros(3, 3, 3, dtype=torch.int64)
    for i in range(3):
        e[i, (i + 1) % 3, (i + 2) % 3], e[i, (i + 2) % 3, (i + 1) % 3] = 1, -1
    words = [old[:d] + c + old[d + 1 :] for c in "XYZ"]
    return a.b.einsum(f"{words[1]},{words[2]},XYZ->{words[0]}", a, b, e)


def distances(a: Value, b: Value, p: float = 2, _: Any = None) -> Value:
    return norm(a.put(a.ndim - 1, (), gone=0) - b.put(b.ndim - 2, (), gone=0), p, -1)


def trilinear(
    a: Value, b: Value, c: Value, ea: Any, eb: Any, ec: Any, over: Any, _: Any = 1
) -> Value:
    for d, (x, y, z) in enumerate(
        zip(*[[d in e for d in range(8)] for e in (ea, eb, ec)], strict=True)
    ):
        a, b, c = (v.put(d, (), gone=0) if new else v for v, new in ((a, x), (b, y), (c, z)))
    return total(a.b.product(a, b, c), over) if over else a.b.product(a, b, c)


def same(v: Any, *_: Any, **__: Any) -> Any:
    return v


def zero(u: Value) -> Value:
    return u.b.value(0).lay(u.axes)


READINGS: dict[str, Reading] = {
    **{
        name: fn(name.removeprefix("special_").replace("spherical_bessel", "spherical"))
        for name in NAMED
    },
    **dict.fromkeys(
        "detach alias clone contiguous lift_fresh lift_fresh_copy positive real".split(), same
    ),
    **dict.fromkeys(
        "view reshape _unsafe_view squeeze unsqueeze _reshape_alias flatten".split(), view
    ),
    **dict.fromkeys("expand expand_copy".split(), expand),
    # spellings of elementwise functions
    "add": lambda a, b, alpha=1: a.b.linear((1, a), (Fraction(alpha), b)),
    "sub": lambda a, b, alpha=1: a.b.linear((1, a), (-Fraction(alpha), b)),
    "rsub": lambda a, b, alpha=1: a.b.linear((1, b), (-Fraction(alpha), a)),
    "mul": lambda a, b: a.b.product(a, b),
    "div": divide,
    "reciprocal": inv,
    "neg": lambda u: -u,
    "square": lambda u: u * u,
    "pow": power,
    "pow.Scalar": exponential,
    "abs": absolute,
    "sign": sign,
    "sgn": sign,
    "heaviside": lambda u, v: step(u) + iszero(u) * v,
    "ceil": lambda u: -floor(-u),
    "trunc": trunc,
    "frac": lambda u: u - trunc(u),
    "round": fn("round"),
    "remainder": lambda a, b: a - b * floor(a / b),
    "fmod": lambda a, b: a - b * trunc(a / b),
    "floor_divide": lambda a, b: floor(a / b),
    "exp2": lambda u: exponential(2, u),
    "special_exp2": lambda u: exponential(2, u),
    "expm1": lambda u: exp(u) - 1,
    "log1p": lambda u: log(u + 1),
    "log2": lambda u: log(u) / log(u.b.value(2)),
    "log10": lambda u: log(u) / log(u.b.value(10)),
    "sinh": lambda u: (exp(u) - exp(-u)) * 0.5,
    "cosh": lambda u: (exp(u) + exp(-u)) * 0.5,
    "tan": lambda u: sin(u) / cos(u),
    "asin": asin,
    "acos": lambda u: atan(u.b.value(1)) * 2 - asin(u),
    "atanh": lambda u: log((u + 1) / (1 - u)) * 0.5,
    "acosh": lambda u: log(u + sqrt(u * u - 1)),
    "erfc": lambda u: 1 - erf(u),
    "hypot": lambda a, b: sqrt(a * a + b * b),
    "logaddexp": lambda a, b: log(exp(a) + exp(b)),
    "logaddexp2": lambda a, b: log(exponential(2, a) + exponential(2, b)) / log(a.b.value(2)),
    "logit": logit,
    "special_ndtri": lambda u: fn("erfinv")(u * 2 - 1) * sqrt(u.b.value(2)),
    "special_entr": lambda u: where(iszero(u), 0, -u * log(u)),
    "xlogy": lambda a, b: where(iszero(a), 0, a * log(b)),
    "special_xlog1py": lambda a, b: where(iszero(a), 0, a * log(b + 1)),
    "special_modified_bessel_i0": i0,
    "special_modified_bessel_i1": i1,
    "special_modified_bessel_k0": k0,
    "special_modified_bessel_k1": k1,
    "special_scaled_modified_bessel_k0": lambda u: exp(u) * k0(u),
    "special_scaled_modified_bessel_k1": lambda u: exp(u) * k1(u),
    "maximum": maximum,
    "minimum": minimum,
    "fmax": maximum,
    "fmin": minimum,
    "max.other": maximum,
    "min.other": minimum,
    "clamp": clamp,
    "clamp_min": clamp,
    "clamp_max": lambda u, high: clamp(u, None, high),
    "lerp": lambda a, b, w: a + (b - a) * w,
    "addcmul": lambda c, a, b, value=1: c + a.b.product(a, b, Fraction(value)),
    "addcdiv": lambda c, a, b, value=1: c + a / b * value,
    "where": where,
    "masked_fill": lambda u, mask, value: where(mask, value, u),
    "nan_to_num": same,
    "isnan": zero,
    "isinf": zero,
    "isfinite": lambda u: u.b.value(1).lay(u.axes),
    "_to_copy": cast,
    "gt": compared(lambda a, b: step(a - b), 1, 0),
    "lt": compared(lambda a, b: step(b - a), 0, 1),
    "ge": compared(lambda a, b: 1 - step(b - a), 1, 0),
    "le": compared(lambda a, b: 1 - step(a - b), 0, 1),
    "eq": compared(lambda a, b: iszero(a - b), 0, 0),
    "ne": compared(lambda a, b: 1 - iszero(a - b), 1, 1),
    **dict.fromkeys(["logical_not", "bitwise_not"], iszero),
    **dict.fromkeys(["logical_and", "bitwise_and"], lambda a, b: a.b.product(a, b)),
    **dict.fromkeys(["logical_or", "bitwise_or"], lambda a, b: a + b - a * b),
    **dict.fromkeys(["logical_xor", "bitwise_xor"], lambda a, b: a + b - a * b * 2),
    # activations
    "hardtanh": lambda u, low=-1, high=1: clamp(u, low, high),
    "relu6": lambda u: clamp(u, 0, 6),
    "leaky_relu": leaky,
    "rrelu_with_noise": lambda u, _, low=1 / 8, high=1 / 3, training=False, *__: rrelu(leaky, u, low, high, training),
    "rrelu_with_noise_functional": lambda u, _, low=1 / 8, high=1 / 3, training=False, *__: (
        rrelu(leaky, u, low, high, training), None
    ),
    "mse_loss": loss(lambda u: u * u),
    "huber_loss": loss(huber, 1.0),
    "smooth_l1_loss": loss(smooth_l1, 1.0),
    "mse_loss_backward": loss_backward(lambda u: u * 2),
    "huber_loss_backward": loss_backward(lambda u, delta: clamp(u, -delta, delta)),
    "smooth_l1_loss_backward": loss_backward(lambda u, beta: clamp(u / beta, -1, 1)),
    "_prelu_kernel": lambda u, w: relu(u) - w * relu(-u),
    "elu": elu,
    "celu": lambda u, alpha=1: elu(u, alpha, 1, 1 / Fraction(alpha)),
    "softplus": soft_plus,
    "log_sigmoid_forward": lambda u: (-softplus(-u), None),
    "silu": lambda u: u * sigmoid(u),
    "mish": lambda u: u * tanh(softplus(u)),
    "gelu": gelu,
    "hardsigmoid": lambda u: clamp(u + 3, 0, 6) / 6,
    "hardswish": lambda u: u * clamp(u + 3, 0, 6) / 6,
    "hardshrink": hardshrink,
    "softshrink": lambda u, l=0.5: relu(u - l) - relu(-u - l),
    "threshold": lambda u, t, value: where(step(u - t), u, value),
    "glu": lambda u, dim=-1: halves(u, dim)[0] * sigmoid(halves(u, dim)[1]),
    "_softmax": softmax,
    "_safe_softmax": softmax,
    "_log_softmax": log_softmax,
    # what runs along axes
    "sum": total,
    "mean": mean,
    "var": variance,
    "std": lambda *a, **k: sqrt(variance(*a, **k)),
    "var_mean": lambda v, dim=None, *a, **k: (
        variance(v, dim, *a, **k),
        mean(v, dim, k.get("keepdim", False)),
    ),
    "std_mean": lambda v, dim=None, *a, **k: (
        sqrt(variance(v, dim, *a, **k)), mean(v, dim, k.get("keepdim", False))
    ),
    "amax": extremum("amax"),
    "amin": extremum("amin"),
    "aminmax": lambda v, *, dim=None, keepdim=False: (
        extremum("amin")(v, dim, keepdim),
        extremum("amax")(v, dim, keepdim),
    ),
    "max": extremum("amax"),
    "min": extremum("amin"),
    "any": extremum("amax"),
    "all": extremum("amin"),
    "max.dim": lambda *a, **k: (extremum("amax")(*a, **k), None),
    "min.dim": lambda *a, **k: (extremum("amin")(*a, **k), None),
    "prod": lambda v, dim=None, keepdim=False: extremum("prod")(v, dim, keepdim),
    "sort": sort,
    "topk": topk,
    "kthvalue": kth_value,
    "median": median,
    "median.dim": median,
    "cumsum": cumsum,
    "cumprod": along("cumprod"),
    "cummax": lambda v, dim: (along("cummax")(v, dim), None),
    "cummin": lambda v, dim: (along("cummin")(v, dim), None),
    "logcumsumexp": lambda v, dim: log(cumsum(exp(v), dim)),
    "logsumexp": lambda v, dim, keepdim=False: log(total(exp(v), dim, keepdim)),
    "linalg_vector_norm": norm,
    "norm": norm,
    "_weight_norm_interface": weight_norm,
    "native_layer_norm": layer_norm,
    "native_layer_norm_backward": layer_norm_backward,
    "_fused_rms_norm": rms_norm,
    "native_group_norm": group_norm,
    "_native_batch_norm_legit_no_training": lambda x, w, b, m, v, momentum, eps: batch_norm(
        x, w, b, m, v, False, momentum, eps
    ),
    "_native_batch_norm_legit": batch_norm,
    "_native_batch_norm_legit_functional": batch_norm,
    "_native_batch_norm_legit.no_stats": lambda x, w, b, training, momentum, eps: batch_norm(
        x, w, b, None, None, training, momentum, eps
    ),
    "native_batch_norm": batch_norm,
    # layout and positions
    "permute": permute,
    "transpose": transpose,
    "t": transpose,
    "repeat": repeat,
    "select": select,
    "slice": slice_,
    "slice_scatter": slice_scatter,
    "select_scatter": select_scatter,
    "diagonal_scatter": diagonal_scatter,
    "index": index,
    "_unsafe_index": index,
    "index_select": lambda v, dim, at: index(v, [None] * (dim % v.ndim) + [at]),
    "index_put": put,
    "_unsafe_index_put": put,
    "scatter": scatter,
    "scatter_add": lambda v, dim, at, new: scatter(v, dim, at, new, True),
    "gather": gather,
    "bucketize": buckets,
    "searchsorted": lambda knots, u, **k: buckets(u, knots, **k),
    "index_add": added,
    "cat": cat,
    "stack": stack,
    "unbind": unbind,
    "split": split,
    "unsafe_split": split,
    "split_with_sizes": split,
    "unsafe_split_with_sizes": split,
    "flip": flip,
    "roll": roll,
    "constant_pad_nd": pad,
    **{
        f"{mode}ion_pad{n}d": pad_with(mode.replace("replicat", "replicate"))
        for mode in ("reflect", "replicat")
        for n in (1, 2)
    },
    "unfold": unfold,
    "tril": triangle(torch.tril),
    "triu": triangle(torch.triu),
    "trace": lambda v: total(diagonal(v)),
    "diagonal": diagonal,
    "diag_embed": diagonal_matrix,
    # matrices
    "mm": einsum("ik,kj->ij"),
    "bmm": einsum("bik,bkj->bij"),
    "mv": einsum("ik,k->i"),
    "dot": einsum("k,k->"),
    "vdot": einsum("k,k->"),
    "addmm": plus("ik,kj->ij"),
    "addmv": plus("ik,k->i"),
    "baddbmm": plus("bik,bkj->bij"),
    "addbmm": plus("bik,bkj->ij"),
    "addr": plus("i,j->ij"),
    "linear": linear,
    "_trilinear": trilinear,
    "linalg_cross": cross,
    "_cdist_forward": distances,
    "_euclidean_dist": distances,
    "convolution": convolution,
    "convolution_backward": convolution_backward,
    "avg_pool1d": average,
    "avg_pool2d": average,
    "avg_pool2d_backward": average_backward,
    "_adaptive_avg_pool2d": adaptive,
    "adaptive_avg_pool1d": adaptive,
    "max_pool2d_with_indices": largest,
    "_scaled_dot_product_flash_attention_for_cpu": attention,
    "linalg_householder_product": householder,
    "embedding": lambda v, at, *_: index(v, [at]),
    "linalg_matrix_exp": square("matrix_exp", exp),
    "linalg_inv_ex": lambda v, **_: (inverse(v), None),
    "inverse": inverse,
    "_linalg_solve_ex": lambda a, b, left=True, **_: (solve(a, b, left), None, None, None),
    "linalg_solve_triangular": triangular,
    "linalg_cholesky_ex": lambda v, upper=False, **_: (
        transpose(cholesky(v), -1, -2) if upper else cholesky(v),
        None,
    ),
    "cholesky_solve": cholesky_solve,
    "_linalg_det": lambda v: (determinant(v), None, None),
    "_linalg_slogdet": lambda v: (sign(determinant(v)), log(absolute(determinant(v))), None, None),
    # what autograd makes of gradients that are taken inside forward
    "tanh_backward": lambda g, y: g * (1 - y * y),
    "sigmoid_backward": lambda g, y: g * (y * (1 - y)),
    "threshold_backward": lambda g, u, t: g * step(u - t),
    "softplus_backward": softplus_backward,
    "elu_backward": elu_backward,
    "gelu_backward": gelu_backward,
    "silu_backward": silu_backward,
    "mish_backward": mish_backward,
    "log_sigmoid_backward": lambda g, u, _: g * sigmoid(-u),
    "leaky_relu_backward": leaky_backward,
    "rrelu_with_noise_backward": lambda g, u, _, low, high, training, *__: rrelu(leaky_backward, g, u, low, high, training),
    "_prelu_kernel_backward": lambda g, u, w: (g * where(step(u), 1, w), None),
    "hardtanh_backward": lambda g, u, low, high: g * (step(u - low) * step(high - u)),
    "hardsigmoid_backward": lambda g, u: g * (step(u + 3) * step(3 - u)) / 6,
    "hardswish_backward": lambda g, u: (
        g * where(1 - step(u + 3), 0, where(1 - step(3 - u), 1, u / 3 + 0.5))
    ),
    "hardshrink_backward": lambda g, u, l: g * (step(u - l) + step(-u - l)),
    "softshrink_backward": lambda g, u, l: g * (step(u - l) + step(-u - l)),
    "_softmax_backward_data": lambda g, y, dim, _: y * (g - total(g * y, dim, True)),
    "_log_softmax_backward_data": lambda g, y, dim, _: g - exp(y) * total(g, dim, True),
    "select_backward": lambda g, _, dim, at: select_scatter(zeros(g), g, dim, at),
    "slice_backward": lambda g, _, dim, start, end, by: slice_scatter(
        zeros(g), g, dim, start, end, by
    ),
}


def zeros(v: Value) -> Value:
    return v.b.value(0).lay(axis_of(e) for e in v.b.extents())


def halves(u: Value, dim: int) -> list[Value]:
    d = dim % u.ndim
    return split(u, u.size(d) // 2, d)
