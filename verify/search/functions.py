"""The elementwise functions and the whole-axis operations of a graph in float64."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
import torch

from verify.trusted.graph import GraphError


def _torch(name: str) -> Callable[[np.ndarray], np.ndarray]:
    function = getattr(torch.special, name)
    # torch.tensor copies: numpy's views may be read-only, of which torch.from_numpy warns
    return lambda u: function(torch.tensor(u, dtype=torch.float64)).numpy()


def _sigmoid(u: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(u))
    return np.where(u >= 0, 1.0, e) / (1.0 + e)


def _dsigmoid(u: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(u))
    return e / (1.0 + e) ** 2


def _pow(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.where((u > 0) | ((u == 0) & (v > 0)), np.power(u, v), np.nan)


def _where(c: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(c), np.nan, np.where(c != 0, a, b))


def _airy_ai_prime(u: np.ndarray) -> np.ndarray:
    h = 1e-5  # torch has no derivative of it; good enough to look for candidates
    return (FUNCTIONS["airy_ai"](u + h) - FUNCTIONS["airy_ai"](u - h)) / (2 * h)


def _trigamma(u: np.ndarray) -> np.ndarray:
    return torch.special.polygamma(1, torch.tensor(u, dtype=torch.float64)).numpy()


FUNCTIONS: dict[str, Callable[..., np.ndarray]] = {
    "exp": np.exp,
    "log": lambda u: np.where(u > 0, np.log(u), np.nan),
    "inv": lambda u: np.where(u != 0, 1.0 / u, np.nan),
    "sqrt": np.sqrt,
    "rsqrt": lambda u: np.where(u > 0, 1.0 / np.sqrt(u), np.nan),
    "tanh": np.tanh,
    "sech2": lambda u: 4.0 * _dsigmoid(2.0 * u),
    "sigmoid": _sigmoid,
    "dsigmoid": _dsigmoid,
    "softplus": lambda u: np.logaddexp(0.0, u),
    "erf": _torch("erf"),
    "gauss": lambda u: 2.0 / np.sqrt(np.pi) * np.exp(-u * u),
    "sin": np.sin,
    "cos": np.cos,
    "atan": np.arctan,
    "cauchy": lambda u: 1.0 / (1.0 + u * u),
    "asinh": np.arcsinh,
    "rhypot": lambda u: 1.0 / np.hypot(1.0, u),
    "i0": _torch("i0"),
    "i1": _torch("i1"),
    "i0e": _torch("i0e"),
    "i1e": _torch("i1e"),
    "erfcx": _torch("erfcx"),
    "log_ndtr": _torch("log_ndtr"),
    "lgamma": _torch("gammaln"),
    "digamma": _torch("digamma"),
    "trigamma": _trigamma,
    "erfinv": _torch("erfinv"),
    "airy_ai": _torch("airy_ai"),
    "airy_ai_prime": _airy_ai_prime,
    "bessel_j0": _torch("bessel_j0"),
    "bessel_j1": _torch("bessel_j1"),
    "bessel_y0": _torch("bessel_y0"),
    "bessel_y1": _torch("bessel_y1"),
    "bessel_k0": _torch("modified_bessel_k0"),
    "bessel_k1": _torch("modified_bessel_k1"),
    "sinc": np.sinc,
    "spherical_j0": lambda u: np.sinc(u / np.pi),
    "relu": lambda u: np.maximum(u, 0.0),
    "step": lambda u: np.heaviside(u, 0.0),
    "floor": np.floor,
    "round": np.rint,
    "iszero": lambda u: np.where(np.isnan(u), np.nan, u == 0),
    "pow": _pow,
    "where": _where,
}


def function(name: str, *arguments: np.ndarray) -> np.ndarray:
    """Return an elementwise function at floats; nan where it is undefined.

    >>> function("relu", np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    if name not in FUNCTIONS:
        raise GraphError(f"function {name!r} is not known here")
    with np.errstate(all="ignore"):
        return np.asarray(FUNCTIONS[name](*arguments))


REDUCTIONS = ("amax", "amin", "prod", "median", "argmax")
ROWS = ("hardmax", "sort", "cumprod", "cummax", "cummin")
MATRICES = ("inverse", "solve", "det", "cholesky", "matrix_exp")
CALLS = (*REDUCTIONS, *ROWS, *MATRICES)


def operation(name: str, arrays: Sequence[np.ndarray], attrs: Sequence[Any]) -> np.ndarray:
    """Return a whole-axis operation; the acted axes are the last ones of each array.

    ``attrs`` = (acted axes of the first array, new axes, *statics); ``sort`` is ascending, or
    descending where its static is 1; ``median`` is torch's, the lower of the two in the middle.

    >>> operation("sort", [np.array([3.0, 1.0, 2.0])], (1, 1))
    array([1., 2., 3.])
    """
    first = arrays[0]
    if name in ("amax", "amin", "prod"):
        reduce = {"amax": np.max, "amin": np.min, "prod": np.prod}[name]
        return np.asarray(reduce(first, axis=tuple(range(-attrs[0], 0))))
    if name in ("argmax", "hardmax"):
        lead = first.shape[: first.ndim - attrs[0]]
        row = first.reshape(*lead, prod(first.shape[len(lead) :]))
        place = np.argmax(row, axis=-1)  # of a nan, which comes first
        unknown = np.isnan(row).any(axis=-1)
        if name == "argmax":
            return np.where(unknown, np.nan, place)
        hits = np.equal(np.arange(row.shape[-1]), np.expand_dims(place, -1))
        return np.where(np.expand_dims(unknown, -1), np.nan, hits).reshape(first.shape)
    if name in ("cumprod", "cummax", "cummin"):
        ufunc = {"cumprod": np.multiply, "cummax": np.maximum, "cummin": np.minimum}[name]
        return ufunc.accumulate(first, axis=-1)
    if name in ("sort", "median"):
        ordered = np.sort(first, axis=-1)  # a nan comes last and must not go unseen
        ordered = np.where(np.isnan(first).any(axis=-1, keepdims=True), np.nan, ordered)
        if name == "median":
            return np.asarray(ordered[..., (first.shape[-1] - 1) // 2])
        return ordered[..., ::-1] if len(attrs) > 2 and attrs[2] else ordered
    if name == "matrix_exp":
        known = np.isfinite(first).all(axis=(-2, -1), keepdims=True)
        value = torch.linalg.matrix_exp(torch.tensor(np.where(known, first, 0.0))).numpy()
        return np.where(known, value, np.nan)
    if name == "solve":
        return _solve(first, arrays[1], attrs[1] == 1)
    if name in LINEAR:
        return _each(LINEAR[name], first)
    raise GraphError(f"operation {name!r} is not known here")


LINEAR: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "inverse": np.linalg.inv,
    "det": np.linalg.det,
    "cholesky": np.linalg.cholesky,
}


def _solve(a: np.ndarray, b: np.ndarray, vector: bool) -> np.ndarray:
    inverse = _each(np.linalg.inv, a)
    if vector:
        return np.matmul(inverse, b[..., None])[..., 0]
    return np.matmul(inverse, b)


def _each(act: Callable[[np.ndarray], np.ndarray], a: np.ndarray) -> np.ndarray:
    """Act on each matrix, with nan for a matrix on which the operation is undefined."""
    try:
        return np.asarray(act(a))
    except np.linalg.LinAlgError:
        if a.ndim == 2:
            shape = () if act is np.linalg.det else a.shape
            return np.full(shape, np.nan)
        return np.stack([_each(act, matrix) for matrix in a])
