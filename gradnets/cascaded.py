"""Cascaded gradient networks (38)-(40): one W for all layers, elementwise activations."""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gradnets import activations, checks, initial
from gradnets.activations import Activation
from gradnets.bounds import Bounds, ridge_bounds, unknown
from gradnets.jacobians import Factors, ridge_factors
from gradnets.parameters import uniform
from gradnets.ridges import Ridges, ridge_potential


class GradNetC(nn.Module):
    """A cascaded gradient network of L hidden layers.

    f as in (38)-(40) with free alpha and beta; Theorem 11.

    Args:
        dim: n, the dimension of x and of f(x).
        width: m, the number of neurons of each layer.
        depth: L, the number of hidden layers.
        activation: elementwise, by name or as a function of the width; each layer has its own.
        init: "unit" or "authors", see :mod:`gradnets.initial`.

    Input (..., n), output the same shape; float32 or float64. With dim 2, width 7, depth 4 and
    tanh there are 100 parameters, as in Table 2.

    Raises:
        ValueError: a size below 1, an activation that is not elementwise, an input whose last
            dimension is not n.
        TypeError: an input of another dtype than the weights.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 6.1.

    >>> net = GradNetC(dim=2, width=7, depth=4)
    >>> sum(p.numel() for p in net.parameters())
    100
    >>> GradNetC(2, 7, 4, activation="softmax")
    Traceback (most recent call last):
        ...
    ValueError: activation: expected an elementwise activation (Theorem 11), one of tanh, sigmoid, \
softplus, wtanh or a function of the width, got 'softmax'
    """

    def __init__(
        self,
        dim: int,
        width: int,
        depth: int,
        activation: Activation = "tanh",
        init: str = "unit",
    ) -> None:
        super().__init__()
        self.dim = checks.size("dim", dim)
        self.width = checks.size("width", width)
        self.depth = checks.size("depth", depth)
        self.W = uniform(width, dim, fan_in=dim)
        self.b = layer_biases(dim, width, depth)
        self.a = uniform(dim, 1, fan_in=width)
        self.alpha = nn.Parameter(torch.rand(depth, width, 1) - 0.5)
        self.beta = nn.Parameter(torch.rand(depth, width, 1) - 0.5)
        self.sigmas = layer_activations(activation, width, depth, monotone=False)
        if initial.check(init) == "unit":
            initial.cascaded(self, partial(GradNetC.forward, self))

    def forward(self, x: Tensor) -> Tensor:
        phi = self.ridges()(self.W @ checks.columns(x, self.W))
        return checks.rows(self.W.mT @ phi + self.a, x)

    def ridges(self) -> Ridges:
        """Return the scalar functions phi_1 .. phi_m with f(x) = W^T phi(W x) + a."""
        return Ridges(self.b, self.alpha, self.beta, list(self.sigmas))

    def potential(self, x: Tensor, tolerance: float = 1e-9) -> Tensor:
        """Return F(x) = a.x + sum_i int_0^(w_i.x) phi_i, grad F = f, shape x.shape[:-1].

        Args:
            x: points, shape (..., n).
            tolerance: a rigorous bound of the quadrature's error at each of these points, by
                :meth:`gradnets.ridges.Ridges.error_bound`; rounding errors come on top. The number
                of nodes follows from the values of x and of the weights, so this potential can
                neither be traced nor put under vmap, and grad F = f holds up to an error too.

        Raises:
            ValueError: a tolerance that is not positive or asks for more than 2^14 panels of 16
                nodes; an activation that is not known to be analytic in a strip, as splines are
                not; an input whose last dimension is not n.
            TypeError: an input of another dtype than the weights.

        >>> GradNetC(2, 7, depth=4).double().potential(torch.ones(5, 2).double()).shape
        torch.Size([5])
        """
        return ridge_potential(self.ridges(), x, self.W, self.a, tolerance)

    def jacobian_factors(self, x: Tensor) -> Factors:
        """Return those of W^T diag(d) W."""
        d = self.ridges().derivative(self.W @ checks.columns(x, self.W))
        return ridge_factors(self.W, d)

    def jacobian_bounds(self) -> Bounds:
        """Return bounds of W^T diag(d) W over all x."""
        ends = self.ridges().slopes()
        return unknown(self.W) if ends is None else ridge_bounds(self.W, *ends)


class mGradNetC(nn.Module):
    """A monotone cascaded gradient network of L hidden layers.

    f as in (38)-(40) with alpha = softplus(raw_alpha) and beta = softplus(raw_beta), both
    positive, and every sigma_l nondecreasing; Corollary 11.1.

    Args:
        dim: n, the dimension of x and of f(x).
        width: m, the number of neurons of each layer.
        depth: L, the number of hidden layers.
        activation: elementwise and nondecreasing, by name or as a function of the width.
        init: "unit" or "authors", see :mod:`gradnets.initial`.

    Input (..., n), output the same shape; float32 or float64. With dim 2, width 7, depth 4 and
    tanh there are 100 parameters, as in Table 1.

    Raises:
        ValueError: a size below 1, an activation that is not elementwise, an input whose last
            dimension is not n.
        TypeError: an input of another dtype than the weights.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 6.1.

    >>> net = mGradNetC(dim=2, width=7, depth=4)
    >>> sum(p.numel() for p in net.parameters())
    100
    """

    def __init__(
        self,
        dim: int,
        width: int,
        depth: int,
        activation: Activation = "tanh",
        init: str = "unit",
    ) -> None:
        super().__init__()
        self.dim = checks.size("dim", dim)
        self.width = checks.size("width", width)
        self.depth = checks.size("depth", depth)
        self.W = uniform(width, dim, fan_in=dim)
        self.b = layer_biases(dim, width, depth)
        self.a = uniform(dim, 1, fan_in=width)
        self.raw_alpha = nn.Parameter(torch.rand(depth, width, 1))
        self.raw_beta = nn.Parameter(torch.rand(depth, width, 1))
        self.sigmas = layer_activations(activation, width, depth, monotone=True)
        if initial.check(init) == "unit":
            initial.cascaded(self, partial(mGradNetC.forward, self))

    def forward(self, x: Tensor) -> Tensor:
        phi = self.ridges()(self.W @ checks.columns(x, self.W))
        return checks.rows(self.W.mT @ phi + self.a, x)

    def ridges(self) -> Ridges:
        """Return the scalar functions phi_1 .. phi_m with f(x) = W^T phi(W x) + a."""
        return Ridges(self.b, softplus(self.raw_alpha), softplus(self.raw_beta), list(self.sigmas))

    def potential(self, x: Tensor, tolerance: float = 1e-9) -> Tensor:
        """Return F(x) = a.x + sum_i int_0^(w_i.x) phi_i, grad F = f, shape x.shape[:-1].

        Args:
            x: points, shape (..., n).
            tolerance: a rigorous bound of the quadrature's error at each of these points, by
                :meth:`gradnets.ridges.Ridges.error_bound`; rounding errors come on top. The number
                of nodes follows from the values of x and of the weights, so this potential can
                neither be traced nor put under vmap, and grad F = f holds up to an error too.

        Raises:
            ValueError: a tolerance that is not positive or asks for more than 2^14 panels of 16
                nodes; an activation that is not known to be analytic in a strip, as splines are
                not; an input whose last dimension is not n.
            TypeError: an input of another dtype than the weights.

        >>> mGradNetC(2, 7, depth=4).double().potential(torch.ones(5, 2).double()).shape
        torch.Size([5])
        """
        return ridge_potential(self.ridges(), x, self.W, self.a, tolerance)

    def jacobian_factors(self, x: Tensor) -> Factors:
        """Return those of W^T diag(d) W."""
        d = self.ridges().derivative(self.W @ checks.columns(x, self.W))
        return ridge_factors(self.W, d)

    def jacobian_bounds(self) -> Bounds:
        """Return bounds of W^T diag(d) W over all x."""
        ends = self.ridges().slopes()
        return unknown(self.W) if ends is None else ridge_bounds(self.W, *ends)


def layer_biases(dim: int, width: int, depth: int) -> nn.Parameter:
    """Return b_0 .. b_{L-1}, shape (L, m, 1); b_0 is scaled by the input's dimension."""
    first = uniform(1, width, 1, fan_in=dim)
    rest = uniform(depth - 1, width, 1, fan_in=width)
    return nn.Parameter(torch.cat([first.detach(), rest.detach()]))


def layer_activations(
    activation: Activation, width: int, depth: int, *, monotone: bool
) -> nn.ModuleList:
    """Return sigma_0 .. sigma_{L-1}, each with weights of its own."""
    return nn.ModuleList(
        activations.build(activation, width, monotone=monotone, group=False) for _ in range(depth)
    )
