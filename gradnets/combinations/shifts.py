"""Multiples of the identity added to a network: f(x) + mu x and f(x) + ell x."""

import math
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gradnets.bounds import Bounds, known_bounds, lipschitz
from gradnets.combinations.parts import Combination, unsoftplus
from gradnets.jacobians import Factors, jacobian_factors


class mStronglyMonotone(Combination):
    """A monotone gradient network made strongly monotone: grad of a mu-strongly convex function.

    f(x) = g(x) + mu x,  mu > 0                                                 Proposition 3.1

    Args:
        net: g, an mGradNet.
        mu: a positive number, fixed; learned if None, mu = softplus(raw_mu), from 1.

    Input (..., n), output the same shape; float32 or float64.

    Raises:
        ValueError: mu not a positive number, an input whose last dimension is not n.
        TypeError: an input of another dtype than the weights of g.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 4.

    >>> import torch
    >>> from gradnets import mGradNetC
    >>> net = mStronglyMonotone(mGradNetC(32, 64, depth=4), mu=0.1)
    >>> net(torch.zeros(1000, 32)).shape
    torch.Size([1000, 32])
    >>> mStronglyMonotone(mGradNetC(2, 7, depth=4), mu=0)
    Traceback (most recent call last):
        ...
    ValueError: mu: expected a positive number, got 0
    """

    def __init__(self, net: nn.Module, mu: float | None = None) -> None:
        super().__init__([net])
        if mu is not None and not (isinstance(mu, int | float) and 0 < mu < math.inf):
            raise ValueError(f"mu: expected a positive number, got {mu!r}")
        self.fixed = mu
        if mu is None:
            self.raw_mu = nn.Parameter(self.like_parts(fill=unsoftplus(1)))

    def mu(self) -> float | Tensor:
        """Return mu, a number if it is fixed."""
        return softplus(self.raw_mu) if self.fixed is None else self.fixed

    def forward(self, x: Tensor) -> Tensor:
        return self.gradients(x)[0] + self.mu() * x

    def jacobian_factors(self, x: Tensor) -> Factors | None:
        """Return those of J_g + mu I, None if g knows none."""
        factors = jacobian_factors(self.nets[0], x)
        return None if factors is None else factors.shifted(self.mu())

    def jacobian_bounds(self) -> Bounds:
        """Return bounds of J_g + mu I over all x."""
        return known_bounds(self.nets[0]).shifted(self.mu())

    def potential(self, x: Tensor) -> Tensor:
        """Return F(x) = G(x) + mu |x|^2 / 2, grad F = f, shape x.shape[:-1].

        Raises:
            ValueError: a part without a potential, an input whose last dimension is not n.
        """
        return self.potentials(x)[0] + self.mu() * x.square().sum(-1) / 2


class mLipschitzShift(Combination):
    """A Lipschitz gradient network made monotone.

    f(x) = g(x) + ell x,  ell a Lipschitz constant of g                         Proposition 3.2

    Args:
        net: g, a GradNet.
        ell: a nonnegative number, a Lipschitz constant of g, which is the caller's promise and
            must outlast training; by default certified, :func:`gradnets.bounds.lipschitz` of g
            at its present weights, computed anew at every call, gradients included.

    Input (..., n), output the same shape; float32 or float64.

    Raises:
        ValueError: ell not a nonnegative number, a network without a certified constant where
            none is given, an input whose last dimension is not n.
        TypeError: an input of another dtype than the weights of g.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 4.

    >>> import torch
    >>> from gradnets import GradNetC
    >>> from gradnets.testing import min_eigenvalue
    >>> g = GradNetC(2, 7, depth=4)
    >>> bool(min_eigenvalue(mLipschitzShift(g), torch.randn(100, 2)) >= 0)
    True
    >>> mLipschitzShift(g, ell=-1)
    Traceback (most recent call last):
        ...
    ValueError: ell: expected a nonnegative number, got -1
    """

    def __init__(self, net: nn.Module, ell: float | None = None) -> None:
        super().__init__([net])
        if ell is not None and not (isinstance(ell, int | float) and 0 <= ell < math.inf):
            raise ValueError(f"ell: expected a nonnegative number, got {ell!r}")
        self.fixed = ell
        self.ell()

    def ell(self) -> float | Tensor:
        """Return ell, a number if it is fixed."""
        return lipschitz(self.nets[0]) if self.fixed is None else self.fixed

    def forward(self, x: Tensor) -> Tensor:
        return self.gradients(x)[0] + self.ell() * x

    def jacobian_factors(self, x: Tensor) -> Factors | None:
        """Return those of J_g + ell I, None if g knows none."""
        factors = jacobian_factors(self.nets[0], x)
        return None if factors is None else factors.shifted(self.ell())

    def jacobian_bounds(self) -> Bounds:
        """Return bounds of J_g + ell I over all x."""
        bounds = known_bounds(self.nets[0]).shifted(self.ell())
        if self.fixed is None:  # a certified ell leaves nothing below 0
            return replace(bounds, psd=torch.ones_like(bounds.psd))
        return bounds

    def potential(self, x: Tensor) -> Tensor:
        """Return F(x) = G(x) + ell |x|^2 / 2, grad F = f, shape x.shape[:-1].

        Raises:
            ValueError: a part without a potential, an input whose last dimension is not n.
        """
        return self.potentials(x)[0] + self.ell() * x.square().sum(-1) / 2
