"""The Jacobian of a sum of modules (43)-(44): its factors, and its bounds over all x."""

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor

from gradnets import checks
from gradnets.bounds import Bounds, ridge_bounds, unknown
from gradnets.jacobians import Factors, layer_factors, rank_one_factors, slope


def modular_factors(
    x: Tensor,
    W: Tensor,
    b: Tensor,
    c: Tensor,
    t: Tensor,
    sigmas: Iterable[Any],
    rho: Callable[[Tensor], Tensor] | None,
) -> Factors | None:
    """Return those of sum_k c_k [rho(s) t W^T J_sigma W + rho'(s) (W^T sigma)(W^T sigma)^T].

    s_k and all shapes as in :func:`gradnets.modular.modular`; None if an activation knows no
    derivative.
    """
    columns, total = checks.columns(x, W), None
    for W_k, b_k, c_k, t_k, sigma in zip(W, b, c, t, sigmas, strict=True):
        z = t_k * (W_k @ columns + b_k)
        term = layer_factors(sigma, W_k, z)
        if term is None:
            return None
        term = term.times(t_k)
        if rho is not None:
            s = sigma.potential(z) / t_k
            outer = rank_one_factors(W_k.mT @ sigma(z), slope(rho, s))
            term = term.times(rho(s)).plus(outer)
        total = term.times(c_k) if total is None else total.plus(term.times(c_k))
    return total


def modular_bounds(W: Tensor, c: Tensor, t: Tensor, sigmas: Iterable[Any]) -> Bounds:
    """Return bounds of sum_k c_k t_k W_k^T J_sigma W_k over all x, of (44) with rho = 1."""
    total = None
    for W_k, c_k, t_k, sigma in zip(W, c, t, sigmas, strict=True):
        if not hasattr(sigma, "slopes"):
            return unknown(W)
        term = ridge_bounds(W_k, *sigma.slopes()).times(c_k * t_k)
        total = term if total is None else total.plus(term)
    assert total is not None
    return total
