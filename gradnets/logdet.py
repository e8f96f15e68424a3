"""The log determinant of a network's Jacobian, as a change of variables y = f(x) asks for."""

import torch
from torch import Tensor, nn

from gradnets.jacobians import jacobian, jacobian_factors


def log_det(net: nn.Module, x: Tensor) -> Tensor:
    """Return log |det J_f(x)| at each sample; -inf where J_f(x) is singular.

    det(mu I_n + B^T C B) = mu^(n - m) det(mu I_m + C B B^T), the matrix determinant lemma, where
    the network has fewer neurons than dimensions; else from J_f itself, by LU factors with pivots.
    With fewer neurons than dimensions and no mu x, every J_f(x) is singular: the result is -inf.

    Args:
        net: a network, or any module that maps samples (N, n) -> (N, n) each by itself.
        x: points, shape (..., n).

    Returns:
        Shape (...), dtype of x; differentiable in x and in the weights where J is not singular. For
        a strongly monotone network det J > 0, and the result is at least n log mu.

    Raises:
        ValueError, TypeError: as the network does for x.

    Source: Harville, "Matrix algebra from a statistician's perspective", Theorem 18.1.1.

    >>> from gradnets import mGradNet, mStronglyMonotone
    >>> net = mStronglyMonotone(mGradNet(dim=32, width=8), mu=1.0)
    >>> log_det(net, torch.zeros(5, 32)).shape
    torch.Size([5])
    """
    factors = jacobian_factors(net, x)
    if factors is not None:
        return factors.log_abs_det().reshape(x.shape[:-1])
    return torch.linalg.slogdet(jacobian(net, x))[1]
