"""What runs along axes: sums, extrema, sorting, softmax, norms, normalization layers, losses."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import torch

from verify.trusted.readings.activations import huber, smooth_l1
from verify.trusted.readings.elementwise import (
    Reading,
    absolute,
    clamp,
    exp,
    log,
    power,
    real_pow,
    rsqrt,
    sqrt,
)
from verify.trusted.readings.picks import first_maximum, first_minimum
from verify.trusted.values import Value, mixing, unreadable


def dims(v: Value, dim: Any = None) -> list[int]:
    """Return the axes that an argument names: all for None and []."""
    named = [dim] if isinstance(dim, int) else list(dim or range(v.ndim))
    return [d % v.ndim for d in named] if v.ndim else []


def uncut(v: Value, dtype: Any) -> None:
    """Raise where the entries are cut to whole numbers before they are added."""
    whole = dtype is not None and not dtype.is_floating_point
    if whole and v.b.now.args[0].meta["val"].is_floating_point():
        raise unreadable(f"a sum of numbers that are cast to {dtype}")


def total(
    v: Value, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, q: Any = 1
) -> Value:
    uncut(v, dtype)
    return v.b.total(v, dims(v, dim), keepdim, q)


def count(v: Value, dim: Any = None) -> int:
    return math.prod(v.size(d) for d in dims(v, dim))


def mean(v: Value, dim: Any = None, keepdim: bool = False, **_: Any) -> Value:
    return total(v, dim, keepdim, q=Fraction(1, count(v, dim)))


def variance(
    v: Value, dim: Any = None, unbiased: Any = True, keepdim: bool = False, correction: Any = 1
) -> Value:
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    divisor = count(v, dim) - (Fraction(1 if correction is None else correction) if unbiased else 0)
    if divisor <= 0:
        raise unreadable("a variance with a divisor that is not positive")
    u = v - mean(v, dim, True)
    return total(u * u, dim, keepdim, q=1 / Fraction(divisor))


def with_mean(of: Reading) -> Reading:
    def read(
        v: Value, dim: Any = None, unbiased: Any = True, keepdim: bool = False, **k: Any
    ) -> Any:
        over = None if isinstance(dim, bool) else dim
        return of(variance(v, dim, unbiased, keepdim, **k)), mean(v, over, keepdim)

    return read


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


amax, amin = extremum("amax"), extremum("amin")


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


def topk(v: Value, k: int, dim: int = -1, largest: bool = True, ordered: bool = True) -> Any:
    if not ordered:
        raise unreadable("the largest entries in no order")
    return sort(v, dim, largest)[0].take(dim % v.ndim, torch.arange(k)), None


def kth_value(v: Value, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    return sort(v, dim)[0].take(dim % v.ndim, torch.tensor([k - 1] if keepdim else k - 1)), None


def median(v: Value, dim: int | None = None, keepdim: bool = False) -> Any:
    if dim is None:
        return median(v.lay((tuple(a for axis in v.axes for a in axis),)), 0)[0]
    return kth_value(v, (v.size(dim % v.ndim) - 1) // 2 + 1, dim, keepdim)


def cumsum(v: Value, dim: int, dtype: Any = None) -> Value:
    uncut(v, dtype)
    d = dim % max(v.ndim, 1)
    if not v.ndim or not v.axes[d]:
        return v
    return v.remap(d, torch.ones(v.size(d), v.size(d)).triu().long())


def softmax(v: Value, dim: int, *_: Any, **__: Any) -> Value:
    e = exp(v)
    return e / total(e, dim, True)


def log_softmax(v: Value, dim: int, *_: Any, **__: Any) -> Value:
    return v - log(total(exp(v), dim, True))


def norm(v: Value, p: Any = 2, dim: Any = None, keepdim: bool = False, **_: Any) -> Value:
    p = 2 if p is None else p
    if abs(p) == math.inf:
        return (amax if p > 0 else amin)(absolute(v), dim, keepdim)
    if p in (1, 2):
        return total(absolute(v), dim, keepdim) if p == 1 else sqrt(total(v * v, dim, keepdim))
    if p <= 0:
        raise unreadable(f"a norm of order {p}")
    return real_pow(total(power(absolute(v), p), dim, keepdim), 1 / Fraction(p))


def weight_norm(v: Value, g: Value, dim: int = 0) -> Any:
    size = norm(v, 2, [d for d in range(v.ndim) if d != dim % v.ndim], True)
    return v * (g / size), size


def distances(a: Value, b: Value, p: float = 2, _: Any = None) -> Value:
    return norm(a.put(a.ndim - 1, (), gone=0) - b.put(b.ndim - 2, (), gone=0), p, -1)


def standardize(x: Value, over: list[int], eps: float) -> tuple[Value, Value, Value]:
    m = mean(x, over, True)
    r = rsqrt(mean((x - m) * (x - m), over, True) + eps)
    return (x - m) * r, m, r


def affine(u: Value, weight: Value | None, bias: Value | None) -> Value:
    u = u if weight is None else u * weight
    return u if bias is None else u + bias


def layer_norm(x: Value, shape: Any, weight: Any, bias: Any, eps: float) -> Any:
    u, m, r = standardize(x, list(range(-len(shape), 0)), eps)
    return affine(u, weight, bias), m, r


def layer_norm_backward(
    g: Value, x: Value, shape: Any, m: Value, r: Value, weight: Any, *_: Any
) -> Any:
    over, g, u = list(range(-len(shape), 0)), affine(g, weight, None), (x - m) * r
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


def loss(of: Reading, more: float | None = None) -> Reading:
    def read(u: Value, t: Value, reduction: int = 1, by: Any = more) -> Value:
        return [lambda v: v, mean, total][reduction](of(u - t, by) if more else of(u - t))

    return read


def loss_backward(of: Reading) -> Reading:
    def read(g: Value, u: Value, t: Value, reduction: int, *by: Any) -> Value:
        each = g * of(u - t, *by)
        return each if reduction != 1 else each / count(each)

    return read


def with_place(of: Reading, place: Reading) -> Reading:
    return lambda v, dim, keepdim=False: (of(v, dim, keepdim), place(v, dim, keepdim))


def first_of(read: Callable[..., Any]) -> Reading:
    return lambda *a, **k: (read(*a, **k), None)


# fmt: off
ALONG: dict[str, Reading] = {
    "sum": total,
    "mean": mean,
    "var": variance,
    "std": lambda *a, **k: sqrt(variance(*a, **k)),
    "var_mean": with_mean(lambda v: v),
    "std_mean": with_mean(sqrt),
    **dict.fromkeys(["amax", "max", "any"], amax),
    **dict.fromkeys(["amin", "min", "all"], amin),
    "max.dim": with_place(amax, first_maximum),
    "min.dim": with_place(amin, first_minimum),
    "argmax": first_maximum,
    "argmin": first_minimum,
    "aminmax": lambda v, *, dim=None, keepdim=False: (amin(v, dim, keepdim), amax(v, dim, keepdim)),
    "prod": lambda v, dim=None, keepdim=False, **_: extremum("prod")(v, dim, keepdim),
    "sort": sort,
    "sort.stable": lambda v, *, stable=None, dim=-1, descending=False: sort(v, dim, descending),
    "topk": topk,
    "kthvalue": kth_value,
    **dict.fromkeys(["median", "median.dim"], median),
    "cumsum": cumsum,
    "cumprod": along("cumprod"),
    "cummax": first_of(along("cummax")),
    "cummin": first_of(along("cummin")),
    "logcumsumexp": lambda v, dim: log(cumsum(exp(v), dim)),
    "logsumexp": lambda v, dim, keepdim=False: log(total(exp(v), dim, keepdim)),
    **dict.fromkeys(["_softmax", "_safe_softmax"], softmax),
    "_softmax_backward_data": lambda g, y, dim, _: y * (g - total(g * y, dim, True)),
    "_log_softmax": log_softmax,
    "_log_softmax_backward_data": lambda g, y, dim, _: g - exp(y) * total(g, dim, True),
    **dict.fromkeys(["linalg_vector_norm", "norm"], norm),
    "_weight_norm_interface": weight_norm,
    **dict.fromkeys(["_cdist_forward", "_euclidean_dist"], distances),
    "native_layer_norm": layer_norm,
    "native_layer_norm_backward": layer_norm_backward,
    "_fused_rms_norm": rms_norm,
    "native_group_norm": group_norm,
    **dict.fromkeys(["native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_functional"], batch_norm),  # noqa: E501
    "_native_batch_norm_legit.no_stats": lambda x, w, b, *a: batch_norm(x, w, b, None, None, *a),
    "_native_batch_norm_legit_no_training": lambda x, w, b, m, v, *a: batch_norm(x, w, b, m, v, False, *a),  # noqa: E501
    "mse_loss": loss(lambda u: u * u),
    "mse_loss_backward": loss_backward(lambda u: u * 2),
    "huber_loss": loss(huber, 1.0),
    "huber_loss_backward": loss_backward(lambda u, delta: clamp(u, -delta, delta)),
    "smooth_l1_loss": loss(smooth_l1, 1.0),
    "smooth_l1_loss_backward": loss_backward(lambda u, beta: clamp(u / beta, -1, 1)),
}
# fmt: on
