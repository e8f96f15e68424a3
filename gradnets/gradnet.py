"""The single hidden layer (7)."""

from typing import Any

from torch import Tensor, nn

from gradnets import activations, checks
from gradnets.activations import Activation
from gradnets.bounds import Bounds, ridge_bounds, unknown
from gradnets.jacobians import Factors, layer_factors
from gradnets.parameters import uniform


class GradNet(nn.Module):
    """A gradient network with one hidden layer, for an activation with symmetric Jacobian.

    f(x) = W^T sigma(W x + b) + a                       (7), Proposition 2.1

    Args:
        dim: n, the dimension of x and of f(x).
        width: m, the number of neurons; W has shape (m, n), b (m, 1), a (n, 1).
        activation: sigma = grad psi, elementwise or group, by name or as a function of the width;
            the default "wtanh" can learn a decreasing sigma, where "tanh" makes f monotone.

    Input (..., n), output the same shape; float32 or float64.

    Raises:
        ValueError: a size below 1, an unknown activation, an input whose last dimension is not n.
        TypeError: an input of another dtype than the weights.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 3.

    >>> import torch
    >>> GradNet(dim=2, width=7)(torch.zeros(5, 2)).shape
    torch.Size([5, 2])
    """

    def __init__(self, dim: int, width: int, activation: Activation = "wtanh") -> None:
        super().__init__()
        self.dim = checks.size("dim", dim)
        self.width = checks.size("width", width)
        self.W = uniform(width, dim, fan_in=dim)
        self.b = uniform(width, 1, fan_in=dim)
        self.a = uniform(dim, 1, fan_in=width)
        self.sigma: Any = activations.build(activation, width, monotone=False)

    def forward(self, x: Tensor) -> Tensor:
        z = self.W @ checks.columns(x, self.W) + self.b
        return checks.rows(self.W.mT @ self.sigma(z) + self.a, x)

    def jacobian_factors(self, x: Tensor) -> Factors | None:
        """Return those of W^T J_sigma(W x + b) W; None if the activation has no derivative."""
        z = self.W @ checks.columns(x, self.W) + self.b
        return layer_factors(self.sigma, self.W, z)

    def jacobian_bounds(self) -> Bounds:
        """Return bounds of W^T J_sigma W over all x."""
        if not hasattr(self.sigma, "slopes"):
            return unknown(self.W)
        return ridge_bounds(self.W, *self.sigma.slopes())

    def potential(self, x: Tensor) -> Tensor:
        """Return F(x) = a.x + psi(W x + b), grad F = f and grad psi = sigma, shape x.shape[:-1].

        Raises:
            ValueError: an activation without a potential, as softplus; an input whose last
                dimension is not n.
            TypeError: an input of another dtype than the weights.

        >>> import torch
        >>> GradNet(dim=2, width=7).potential(torch.zeros(5, 2)).shape
        torch.Size([5])
        """
        columns = checks.columns(x, self.W)
        psi = activations.potential(self.sigma, self.W @ columns + self.b)
        return (self.a.mT @ columns + psi).reshape(x.shape[:-1])


class mGradNet(GradNet):
    """A monotone gradient network with one hidden layer, for an activation with PSD Jacobian.

    f(x) = W^T sigma(W x + b) + a,  sigma = grad psi, psi convex        (7), Proposition 3.3

    Args:
        dim: n, the dimension of x and of f(x).
        width: m, the number of neurons; W has shape (m, n), b (m, 1), a (n, 1).
        activation: a monotone sigma; a function of the width must make one, see
            :func:`gradnets.testing.assert_psd_at` for a measurement of the network.

    Input (..., n), output the same shape; float32 or float64.

    Raises:
        ValueError: a size below 1, an unknown activation, an input whose last dimension is not n.
        TypeError: an input of another dtype than the weights.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 4.

    >>> import torch
    >>> mGradNet(dim=2, width=7, activation="softmax")(torch.zeros(5, 2)).shape
    torch.Size([5, 2])
    """

    def __init__(self, dim: int, width: int, activation: Activation = "tanh") -> None:
        super().__init__(dim, width, lambda m: activations.build(activation, m, monotone=True))
