"""The gradient of a convex quadratic, V^T V x + b."""

import torch
from torch import Tensor, nn

from gradnets import checks
from gradnets.bounds import Bounds, ridge_bounds
from gradnets.jacobians import Factors, ridge_factors
from gradnets.parameters import uniform


class mQuadratic(nn.Module):
    """The gradient of a learned convex quadratic.

    f(x) = V^T V x + b,  J_f = V^T V

    Args:
        dim: n, the dimension of x and of f(x).
        rank: r, the greatest rank of the Jacobian; V has shape (r, n), b (n, 1).
        bias: whether there is a b; without one it is the term that the earlier conference paper
            adds to a network.

    Input (..., n), output the same shape; float32 or float64.

    Raises:
        ValueError: a size below 1, an input whose last dimension is not n.
        TypeError: an input of another dtype than the weights.

    Source: Chaudhari, Pranav and Moura, "Learning gradients of convex functions with monotone
    gradient networks", ICASSP 2023.

    >>> import torch
    >>> mQuadratic(dim=32, rank=4)(torch.zeros(1000, 32)).shape
    torch.Size([1000, 32])
    """

    def __init__(self, dim: int, rank: int, bias: bool = True) -> None:
        super().__init__()
        self.dim = checks.size("dim", dim)
        self.V = uniform(checks.size("rank", rank), dim, fan_in=dim)
        self.b = uniform(dim, 1, fan_in=dim) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.V.mT @ (self.V @ checks.columns(x, self.V))
        return checks.rows(y if self.b is None else y + self.b, x)

    def jacobian_factors(self, x: Tensor) -> Factors:
        """Return those of V^T V."""
        return ridge_factors(self.V, torch.ones_like(self.V @ checks.columns(x, self.V)))

    def jacobian_bounds(self) -> Bounds:
        """Return bounds of V^T V."""
        one = self.V.new_ones(1, 1)
        return ridge_bounds(self.V, one, one)

    def potential(self, x: Tensor) -> Tensor:
        """Return F(x) = |V x|^2 / 2 + b.x, grad F = f, shape x.shape[:-1].

        Raises:
            ValueError, TypeError: as the network itself.

        >>> import torch
        >>> mQuadratic(dim=32, rank=4).potential(torch.zeros(1000, 32)).shape
        torch.Size([1000])
        """
        columns = checks.columns(x, self.V)
        F = (self.V @ columns).square().sum(-2) / 2
        return (F if self.b is None else F + (self.b * columns).sum(-2)).reshape(x.shape[:-1])
