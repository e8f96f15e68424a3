"""Scalar functions rho of a potential, as in (35) and (44), and their primitives."""

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

Function = Callable[[Tensor], Tensor]
Rho = str | Function

GRID = torch.arange(-2000, 2001, dtype=torch.float64) / 100


def identity(s: Tensor) -> Tensor:
    """Return s, for rho = id."""
    return s


def half_square(s: Tensor) -> Tensor:
    """Return s^2 / 2, the primitive of the identity."""
    return s * s / 2


def log1p_exp(s: Tensor) -> Tensor:
    """Return log(1 + exp s), the primitive of the sigmoid, not rounded as torch's softplus is."""
    return -logsigmoid(-s)


NAMED: dict[str, Function | None] = {
    "one": None,
    "identity": identity,
    "softplus": softplus,
    "sigmoid": torch.sigmoid,
    "exp": torch.exp,
}
PRIMITIVES: Sequence[tuple[Function, Function]] = (
    (identity, half_square),
    (torch.sigmoid, log1p_exp),
    (torch.exp, torch.exp),
)


def build(rho: Rho, names: Sequence[str] = tuple(NAMED)) -> Function | None:
    """Return the function rho of that name, None for rho = 1, or the given function.

    Raises:
        ValueError: a name that is not among ``names``, or neither a name nor a function.

    >>> build("sigmoid")(torch.zeros(1))
    tensor([0.5000])
    """
    if isinstance(rho, str):
        if rho not in names:
            expected = ", ".join(names)
            raise ValueError(
                f"rho: expected one of {expected} or a function of a tensor, got {rho!r}"
            )
        return NAMED[rho]
    if not callable(rho) or isinstance(rho, type):
        raise ValueError(f"rho: expected a name or a function of a tensor, got {rho!r}")
    return rho


def primitive(rho: Function | None, s: Tensor) -> Tensor:
    """Return R(s) with R' = rho, elementwise; rho None means 1.

    Known for 1, the identity, sigmoid and exp; any other function says its own in an attribute
    ``primitive``.

    Raises:
        ValueError: softplus, whose primitive is a dilogarithm, or a function that has none.

    >>> primitive(torch.sigmoid, torch.zeros(1))
    tensor([0.6931])
    >>> primitive(torch.sin, torch.zeros(1))
    Traceback (most recent call last):
        ...
    ValueError: potential: expected rho with an attribute `primitive`, got sin
    """
    if rho is None:
        return s
    known = next((R for function, R in PRIMITIVES if function is rho), None)
    own = getattr(rho, "primitive", known)
    if own is None:
        said = getattr(rho, "__name__", repr(rho))
        why = ", whose primitive is a dilogarithm" if rho is softplus else ""
        raise ValueError(f"potential: expected rho with an attribute `primitive`, got {said}{why}")
    return own(s)


@torch.no_grad()
def check_monotone(rho: Function, low: float = -20) -> None:
    """Raise ValueError unless rho is finite, nonnegative and nondecreasing on a grid.

    The grid is low, low + 0.01, .., 20 in float64, -20 <= low. Off the grid, and for a rho with
    weights after training, the property is the caller's promise.

    >>> check_monotone(torch.sigmoid)
    >>> check_monotone(torch.tanh)
    Traceback (most recent call last):
        ...
    ValueError: rho: expected a nonnegative function, got rho(-20) = -1
    >>> check_monotone(torch.cosh)
    Traceback (most recent call last):
        ...
    ValueError: rho: expected a nondecreasing function, got rho(-20) = 2.42583e+08, \
rho(-19.99) = 2.40169e+08
    """
    if isinstance(rho, nn.Module):
        rho = copy.deepcopy(rho).double()
    grid = GRID[low <= GRID]
    values = rho(grid[None])  # potentials are rows
    if not isinstance(values, Tensor) or values.shape != (1, len(grid)):
        raise ValueError(f"rho: expected an elementwise function of a tensor, got {rho!r}")
    values = values[0]
    highest, where = values.cummax(0)
    falling = values < highest - 1e-8 * highest.abs()  # torch's softplus falls by e^-20 at 20
    wrong = {"finite": ~torch.isfinite(values), "nonnegative": values < 0, "nondecreasing": falling}
    for kind, fault in wrong.items():
        if fault.any():
            first = int(fault.nonzero()[0])
            shown = [int(where[first]), first] if kind == "nondecreasing" else [first]
            said = ", ".join(f"rho({grid[i].item():.6g}) = {values[i].item():.6g}" for i in shown)
            raise ValueError(f"rho: expected a {kind} function, got {said}")
