"""What each operation of an exported graph makes of arrays of SymPy expressions.

A rule that meets arguments it does not know raises; the module is then not read.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from verify.atoms import sigmoid, softmax, softplus, tanh

Array = np.ndarray


def entrywise(function: Callable[..., Any]) -> Callable[..., Array]:
    """Return a function of numbers as one of arrays, with broadcasting."""
    return np.vectorize(function, otypes=[object])


def group_softmax(z: Array, axis: int, dtype: Any = None) -> Array:
    """Return softmax along an axis, each entry an atom that knows the whole group."""
    if dtype is not None:
        raise ValueError(f"expected no change of dtype, got {dtype}")
    moved = np.moveaxis(z, axis, -1)
    p = np.empty(moved.shape, dtype=object)
    for index in np.ndindex(moved.shape):
        p[index] = softmax(sp.Integer(index[-1]), *moved[index[:-1]])
    return np.moveaxis(p, -1, axis)


def total(a: Array, axes: list[int] | None = None, keepdim: bool = False) -> Array:
    """Return the sum along axes; torch sums over all of them when none is named."""
    return np.asarray(a.sum(axis=tuple(axes) if axes else None, keepdims=keepdim), dtype=object)


def log_sum_exp(z: Array, axes: list[int], keepdim: bool = False) -> Array:
    """Return log sum exp along axes."""
    return entrywise(sp.log)(total(entrywise(sp.exp)(z), axes, keepdim))


def number(value: Any) -> Any:
    """Return a finite real Python number exactly, an array as it is."""
    if isinstance(value, int | float) and math.isfinite(value):
        return sp.Rational(value)
    if not isinstance(value, np.ndarray | sp.Expr):
        raise ValueError(f"expected a finite real number, got {value!r}")
    return value


def power(a: Array, exponent: float) -> Array:
    """Return an integer power; others are not defined everywhere."""
    if exponent != int(exponent):
        raise ValueError(f"expected an integer exponent, got {exponent}")
    return a ** int(exponent)


RULES: dict[str, Callable[..., Any]] = {
    "getitem": operator.getitem,
    "aten.sym_size.int": lambda a, axis: a.shape[axis],
    "aten.reshape.default": lambda a, shape: a.reshape(shape),
    "aten.view.default": lambda a, shape: a.reshape(shape),
    "aten.flatten.using_ints": lambda a, start=0, end=-1: a.reshape(
        *a.shape[:start], -1, *a.shape[end % a.ndim + 1 :]
    ),
    "aten.expand.default": lambda a, shape: np.broadcast_to(
        a, [s if e == -1 else e for e, s in zip(shape, a.shape, strict=True)]
    ),
    "aten.unsqueeze.default": np.expand_dims,
    "aten.squeeze.dim": np.squeeze,
    "aten.mT.default": lambda a: np.swapaxes(a, -1, -2),
    "aten.numpy_T.default": np.transpose,
    "aten.t.default": np.transpose,
    "aten.permute.default": np.transpose,
    "aten.cat.default": lambda arrays, axis=0: np.concatenate(arrays, axis),
    "aten.stack.default": lambda arrays, axis=0: np.stack(arrays, axis),
    "aten.transpose.int": np.swapaxes,
    "aten.unbind.int": lambda a, axis=0: list(np.moveaxis(a, axis, 0)),
    "aten.select.int": lambda a, axis, index: np.take(a, index, axis),
    "aten.matmul.default": operator.matmul,
    "aten.linear.default": lambda x, W, b=0: x @ W.T + b,
    "aten.add.Tensor": lambda a, b, alpha=1: number(a) + number(alpha) * number(b),
    "aten.sub.Tensor": lambda a, b, alpha=1: number(a) - number(alpha) * number(b),
    "aten.mul.Tensor": lambda a, b: a * number(b),
    "aten.div.Tensor": lambda a, b: a / number(b),
    "aten.rsub.Scalar": lambda a, b, alpha=1: number(b) - number(alpha) * a,
    "aten.neg.default": operator.neg,
    "aten.pow.Tensor_Scalar": power,
    "aten.square.default": lambda a: a**2,
    "aten.sum.default": total,
    "aten.sum.dim_IntList": total,
    "aten.mean.dim": lambda a, axes, keepdim=False: (
        total(a, axes, keepdim) * sp.Rational(total(a, axes).size, a.size)
    ),
    "aten.exp.default": entrywise(sp.exp),
    "aten.sin.default": entrywise(sp.sin),
    "aten.cos.default": entrywise(sp.cos),
    "aten.tanh.default": entrywise(tanh),
    "aten.sigmoid.default": entrywise(sigmoid),
    # Read as log(1 + exp z): torch rounds it to z above its default threshold of 20. With an
    # explicit beta or threshold it is another map: no reading.
    "aten.softplus.default": lambda a: entrywise(softplus)(a),
    "aten.log_sigmoid.default": lambda a: -entrywise(softplus)(-a),
    "aten.softmax.int": group_softmax,
    "aten.logsumexp.default": log_sum_exp,
}
