"""Losses and distances whose backward pass torch has as an operation; angles."""

from typing import Any

import torch

from verify.trusted.readings.along import mean, total
from verify.trusted.readings.elementwise import (
    Reading,
    absolute,
    atan,
    exponential,
    iszero,
    real_pow,
    sign,
    softplus,
    step,
    where,
)
from verify.trusted.readings.picks import indicator
from verify.trusted.values import Value, mixing, one_hot, unreadable


def cross_entropy(
    u: Value, t: Value, weight: Any = None, positive: Any = None, reduction: int = 1
) -> Value:
    """(1 - t) u + (1 + (p - 1) t) log(1 + e^-u), p the weight of what is positive."""
    more = 1 if positive is None else (positive - 1) * t + 1
    each = (1 - t) * u + softplus(-u) * more
    each = each if weight is None else each * weight
    return [lambda v: v, mean, total][reduction](each)


def atan2(y: Value, x: Value) -> Value:
    """The angle of (x, y), between -pi and pi; that of (0, 0) is 0."""
    quarter = atan(y.b.value(1))
    upright = sign(y) * quarter * 2
    if y.b.number(x) == 0:
        return upright
    q = atan(y / x)
    behind = q + quarter * (4 - step(-y) * 8)
    return where(step(x), q, where(step(-x), behind, upright))


def distances_backward(g: Value, a: Value, b: Value, p: float, d: Value) -> Value:
    """The gradient in a of |a - b|_p, 0 where that is 0."""
    u, g, d = (v.put(k, (), gone=0) for v, k in ((a, a.ndim - 1), (g, g.ndim), (d, d.ndim)))
    u = u - b.put(b.ndim - 2, (), gone=0)
    if p == 1:
        return total(g * sign(u), -2)
    if p == 2:
        return total(where(iszero(d), 0, g / d) * u, -2)
    if not 1 < p < float("inf"):
        raise unreadable(f"the gradient of a distance of order {p}")
    slope = sign(u) * real_pow(absolute(u), p - 1) * where(iszero(d), 0, g * real_pow(d, 1 - p))
    return total(slope, -2)


def of_class(v: Value, t: Value, weight: Any, ignored: int) -> Value:
    """Return [k == t], k along the classes, which stand along the last axis."""
    classes = v.size(v.ndim - 1)
    if v.ndim > 2 or weight is not None or not 0 <= t.span[0] <= t.span[1] < classes:
        raise unreadable("classes with weights, of several places, or that may be none")
    if t.span[0] <= ignored <= t.span[1]:
        raise unreadable("classes that are ignored")
    first, q = indicator(t), t.b.number(t)
    if first is not None and first.extent(first.ndim - 1) == v.extent(v.ndim - 1):
        return first
    if q is not None:
        return t.b.value(one_hot(torch.tensor(int(q)), classes))
    return iszero(t.put(t.ndim, (), gone=0) - t.b.value(torch.arange(classes)))


def nll(v: Value, t: Value, weight: Any, reduction: int, ignored: int) -> Any:
    """-v[t], for each sample."""
    each = total(v * of_class(v, t, weight, ignored), -1, q=-1)
    return [lambda u: u, mean, total][reduction](each), None


def nll_backward(
    g: Value, v: Value, t: Value, weight: Any, reduction: int, ignored: int, _: Any
) -> Value:
    g = g.put(g.ndim, (), gone=0) if reduction == 0 else g
    if reduction == 1 and v.ndim > 1:
        raise mixing("a mean over the samples")
    return (of_class(v, t, weight, ignored) * -g).fill(v.b.extents())


# fmt: off
LOSSES: dict[str, Reading] = {
    "binary_cross_entropy_with_logits": cross_entropy,
    "nll_loss_forward": nll,
    "nll_loss_backward": nll_backward,
    "atan2": atan2,
    "ldexp": lambda u, p: u * exponential(2, p),
    "_cdist_backward": distances_backward,
}
# fmt: on
