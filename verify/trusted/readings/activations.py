"""Activations, their gradients, and the table of elementwise readings."""

import ctypes
import math
from fractions import Fraction
from typing import Any

from verify.trusted.readings.elementwise import (
    NAMED,
    Reading,
    absolute,
    asin,
    atan,
    cast,
    clamp,
    compared,
    cos,
    divide,
    erf,
    erfinv,
    exp,
    exponential,
    floor,
    fn,
    gauss,
    i0,
    i1,
    inv,
    iszero,
    k0,
    k1,
    log,
    logit,
    maximum,
    minimum,
    power,
    relu,
    sigmoid,
    sign,
    sin,
    softplus,
    sqrt,
    step,
    tanh,
    trunc,
    where,
    words,
)
from verify.trusted.readings.picks import equal
from verify.trusted.values import Value, mixing, unreadable


def rounded(u: Value, decimals: int = 0) -> Value:
    if decimals < 0:
        raise unreadable("rounding to a negative number of decimals")
    return fn("round")(u * Fraction(10) ** decimals) * Fraction(10) ** -decimals


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


def rrelu_forward(u: Value, _: Any, low: Any = 1 / 8, high: Any = 1 / 3, *more: Any) -> Value:
    return rrelu(leaky, u, low, high, bool(more and more[0]))


def elu(u: Value, alpha: Any = 1, scale: Any = 1, inner: Any = 1) -> Value:
    return (relu(u) + (exp(relu(-u) * -Fraction(inner)) - 1) * alpha) * scale


def elu_backward(g: Value, alpha: float, scale: float, inner: float, out: bool, u: Value) -> Value:
    """The slope where u > 0 is ``scale``; for celu, whose ``inner`` is 1 / alpha, it goes on.

    Autograd divides by alpha as a float32 there.
    """
    single = ctypes.c_float(alpha).value
    if inner == 1 == single != alpha:
        raise unreadable("elu_backward, of elu or celu")
    celus = inner != 1 and inner in (1 / alpha, 1 / single)
    slope = 1 / Fraction(alpha) if celus else Fraction(inner)
    low = Fraction(alpha) * Fraction(scale) * slope
    if low == scale and not out:
        return g * exp(relu(-u) * -slope) * scale
    return g * where(step(u), scale, (u * slope + low) if out else exp(u * slope) * low)


def soft_plus(u: Value, beta: float = 1, threshold: float = 20) -> Value:
    smooth = softplus(u * beta) * (1 / Fraction(beta))
    return smooth if threshold == 20 else where(step(u * beta - threshold), u, smooth)


def softplus_backward(g: Value, u: Value, beta: float, threshold: float) -> Value:
    smooth = g * sigmoid(u * beta)
    return smooth if threshold == 20 else where(step(u * beta - threshold), g, smooth)


def less(a: Value, b: Any) -> Value:
    """a < b; refused where torch cuts off the second derivative of softplus at its threshold."""
    near, everywhere = (a.b.now.args[0].users, a.b.now.graph.nodes) if b == 20 else ((), ())
    cut = any("sigmoid" in str(node.target) for node in near)
    if cut and any("softplus_backward" in str(node.target) for node in everywhere):
        raise unreadable("a second derivative of softplus, or what looks like it")
    return step(b - a)


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


def hardshrink_backward(g: Value, u: Value, l: float) -> Value:
    if l < 0:
        raise unreadable("hardshrink of a negative number")
    return g * (step(u - l) + step(-u - l))


def hardswish_backward(g: Value, u: Value) -> Value:
    return g * where(1 - step(u + 3), 0, where(1 - step(3 - u), 1, u / 3 + 0.5))


def huber(u: Value, delta: float) -> Value:
    a = absolute(u)
    return where(step(a - delta), (a - Fraction(delta) / 2) * delta, u * u * 0.5)


def smooth_l1(u: Value, beta: float) -> Value:
    return huber(u, beta) / beta


def same(v: Any, *_: Any, **__: Any) -> Any:
    return v


def always(number: int) -> Reading:
    """A constant of an argument, which it keeps: where that is undefined, so is this."""
    return lambda u: u * 0 + number


# fmt: off
ELEMENTWISE: dict[str, Reading] = {
    **{name: fn(name.removeprefix("special_")) for name in NAMED},
    **dict.fromkeys(words("detach alias clone contiguous lift_fresh lift_fresh_copy positive real"), same),  # noqa: E501
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
    **dict.fromkeys(["sign", "sgn"], sign),
    "heaviside": lambda u, v: step(u) + iszero(u) * v,
    "floor": floor,
    "ceil": lambda u: -floor(-u),
    "trunc": trunc,
    "frac": lambda u: u - trunc(u),
    "round": rounded,
    "remainder": lambda a, b: a - b * floor(a / b),
    "fmod": lambda a, b: a - b * trunc(a / b),
    "floor_divide": lambda a, b: floor(a / b),
    **dict.fromkeys(["exp2", "special_exp2"], lambda u: exponential(2, u)),
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
    "special_ndtri": lambda u: erfinv(u * 2 - 1) * sqrt(u.b.value(2)),
    "special_entr": lambda u: where(iszero(u), 0, -u * log(u)),
    "xlogy": lambda a, b: where(iszero(a), b * 0, a * log(b)),
    "special_xlog1py": lambda a, b: where(iszero(a), b * 0, a * log(b + 1)),
    "special_spherical_bessel_j0": fn("spherical_j0"),
    "special_modified_bessel_i0": i0,
    "special_modified_bessel_i1": i1,
    "special_modified_bessel_k0": k0,
    "special_modified_bessel_k1": k1,
    "special_scaled_modified_bessel_k0": lambda u: exp(u) * k0(u),
    "special_scaled_modified_bessel_k1": lambda u: exp(u) * k1(u),
    **dict.fromkeys(["maximum", "fmax", "max.other"], maximum),
    **dict.fromkeys(["minimum", "fmin", "min.other"], minimum),
    **dict.fromkeys(["clamp", "clamp_min"], clamp),
    "clamp_max": lambda u, high: clamp(u, None, high),
    "lerp": lambda a, b, w: a + (b - a) * w,
    "addcmul": lambda c, a, b, value=1: c + a.b.product(a, b, Fraction(value)),
    "addcdiv": lambda c, a, b, value=1: c + a / b * value,
    "where": where,
    "masked_fill": lambda u, mask, value: where(mask, value, u),
    "nan_to_num": same,
    **dict.fromkeys(["isnan", "isinf"], always(0)),
    "isfinite": always(1),
    "_to_copy": cast,
    "gt": compared(lambda a, b: step(a - b), 1, 0),
    "lt": compared(less, 0, 1),
    "ge": compared(lambda a, b: 1 - step(b - a), 1, 0),
    "le": compared(lambda a, b: 1 - step(a - b), 0, 1),
    "eq": compared(equal, 0, 0),
    "ne": compared(lambda a, b: 1 - equal(a, b), 1, 1),
    **dict.fromkeys(["logical_not", "bitwise_not"], iszero),
    **dict.fromkeys(["logical_and", "bitwise_and"], lambda a, b: a.b.product(a, b)),
    **dict.fromkeys(["logical_or", "bitwise_or"], lambda a, b: a + b - a * b),
    **dict.fromkeys(["logical_xor", "bitwise_xor"], lambda a, b: a + b - a * b * 2),
    "hardtanh": lambda u, low=-1, high=1: clamp(u, low, high),
    "hardtanh_backward": lambda g, u, low, high: g * (step(u - low) * step(high - u)),
    "relu6": lambda u: clamp(u, 0, 6),
    "leaky_relu": leaky,
    "leaky_relu_backward": leaky_backward,
    "rrelu_with_noise": rrelu_forward,
    "rrelu_with_noise_functional": lambda *a: (rrelu_forward(*a), None),
    "rrelu_with_noise_backward": lambda g, u, _, *a: rrelu(leaky_backward, g, u, *a[:3]),
    "_prelu_kernel": lambda u, w: relu(u) - w * relu(-u),
    "_prelu_kernel_backward": lambda g, u, w: (g * where(step(u), 1, w), None),
    "elu": elu,
    "elu_backward": elu_backward,
    "celu": lambda u, alpha=1: elu(u, alpha, 1, 1 / Fraction(alpha)),
    "softplus": soft_plus,
    "softplus_backward": softplus_backward,
    "log_sigmoid_forward": lambda u: (-softplus(-u), None),
    "log_sigmoid_backward": lambda g, u, _: g * sigmoid(-u),
    "silu": lambda u: u * sigmoid(u),
    "silu_backward": silu_backward,
    "mish": lambda u: u * tanh(softplus(u)),
    "mish_backward": mish_backward,
    "gelu": gelu,
    "gelu_backward": gelu_backward,
    "hardsigmoid": lambda u: clamp(u + 3, 0, 6) / 6,
    "hardsigmoid_backward": lambda g, u: g * (step(u + 3) * step(3 - u)) / 6,
    "hardswish": lambda u: u * clamp(u + 3, 0, 6) / 6,
    "hardswish_backward": hardswish_backward,
    "hardshrink": hardshrink,
    "softshrink": lambda u, l=0.5: relu(u - l) - relu(-u - l),
    **dict.fromkeys(["hardshrink_backward", "softshrink_backward"], hardshrink_backward),
    "threshold": lambda u, t, value: where(step(u - t), u, value),
    "threshold_backward": lambda g, u, t: g * step(u - t),
    "tanh_backward": lambda g, y: g * (1 - y * y),
    "sigmoid_backward": lambda g, y: g * (y * (1 - y)),
}
# fmt: on
