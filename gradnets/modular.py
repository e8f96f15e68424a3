"""Modular gradient networks (43)-(44): a sum of modules, each with a W of its own."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gradnets import activations, checks, initial
from gradnets.activations import Activation
from gradnets.bounds import Bounds, monotone, rising, unknown
from gradnets.jacobians import Factors
from gradnets.modular_jacobians import modular_bounds, modular_factors
from gradnets.parameters import uniform
from gradnets.rho import Rho, build, check_monotone, primitive


def modular(
    x: Tensor,
    W: Tensor,
    b: Tensor,
    a: Tensor,
    c: Tensor,
    t: Tensor,
    sigmas: Iterable[Any],
    rho: Callable[[Tensor], Tensor] | None,
) -> Tensor:
    """Return f(x) of (43)-(44) for x of shape (..., n).

    z_k = W_k x + b_k                                                                (43)
    f(x) = a + sum_k c_k rho(s_k(z_k)) W_k^T sigma_k(z_k),   grad s_k = sigma_k      (44)

    Here sigma_k(z) = sigma(t_k z) and s_k(z) = s(t_k z) / t_k with a temperature t_k > 0, as in the
    authors' code. W has shape (K, m, n), b (K, m, 1), c and t (K,), a (n, 1).
    """
    columns = checks.columns(x, W)
    f = a
    for W_k, b_k, c_k, t_k, sigma in zip(W, b, c, t, sigmas, strict=True):
        z = t_k * (W_k @ columns + b_k)
        term = c_k * (W_k.mT @ sigma(z))
        f = f + (term if rho is None else rho(sigma.potential(z) / t_k) * term)
    return checks.rows(f, x)


def modular_potential(
    x: Tensor,
    W: Tensor,
    b: Tensor,
    a: Tensor,
    c: Tensor,
    t: Tensor,
    sigmas: Iterable[Any],
    rho: Callable[[Tensor], Tensor] | None,
) -> Tensor:
    """Return F(x) = a.x + sum_k c_k R(s_k(z_k)), R' = rho, grad F = f of (44), shape x.shape[:-1].

    s_k and all shapes as in :func:`modular`.
    """
    columns = checks.columns(x, W)
    F = a.mT @ columns
    for W_k, b_k, c_k, t_k, sigma in zip(W, b, c, t, sigmas, strict=True):
        s = activations.potential(sigma, t_k * (W_k @ columns + b_k)) / t_k
        F = F + c_k * primitive(rho, s)
    return F.reshape(x.shape[:-1])


class GradNetM(nn.Module):
    """A modular gradient network of K modules.

    f as in (43)-(44) with free coefficients c_k; Theorem 12.

    Args:
        dim: n, the dimension of x and of f(x).
        width: m, the number of neurons of each module.
        modules: K, the number of modules.
        activation: sigma = grad s, elementwise or group, by name or as a function of the width.
        rho: "one" (1), "identity" (s), "softplus", or any differentiable elementwise function of
            a tensor; all but "one" need an activation with a ``potential``.
        init: "unit" or "authors", see :mod:`gradnets.initial`.

    Input (..., n), output the same shape; float32 or float64. With dim 2, width 7, 4 modules and
    softmax there are 94 parameters, as in Table 2.

    Raises:
        ValueError: a size below 1, an unknown activation or rho, an activation without a
            potential where rho needs one, an input whose last dimension is not n.
        TypeError: an input of another dtype than the weights.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 6.2.

    >>> net = GradNetM(dim=2, width=7, modules=4)
    >>> sum(p.numel() for p in net.parameters())
    94
    """

    def __init__(
        self,
        dim: int,
        width: int,
        modules: int,
        activation: Activation = "softmax",
        rho: Rho = "one",
        init: str = "unit",
    ) -> None:
        super().__init__()
        self.dim = checks.size("dim", dim)
        self.width = checks.size("width", width)
        count = checks.size("modules", modules)
        self.W = uniform(count, width, dim, fan_in=dim)
        self.b = uniform(count, width, 1, fan_in=dim)
        self.a = uniform(dim, 1, fan_in=width)
        self.c = nn.Parameter(torch.randn(count))
        self.raw_t = nn.Parameter(torch.rand(count))
        self.sigmas = module_activations(activation, width, count, monotone=False)
        self.rho = build_rho(rho, activation, self.sigmas)
        if initial.check(init) == "unit":
            initial.modular(self, partial(GradNetM.forward, self))

    def forward(self, x: Tensor) -> Tensor:
        t = softplus(self.raw_t)
        return modular(x, self.W, self.b, self.a, self.c, t, self.sigmas, self.rho)

    def jacobian_factors(self, x: Tensor) -> Factors | None:
        """Return the factors of the Jacobian; None if an activation has no derivative."""
        t = softplus(self.raw_t)
        return modular_factors(x, self.W, self.b, self.c, t, self.sigmas, self.rho)

    def jacobian_bounds(self) -> Bounds:
        """Return bounds of the Jacobian over all x; none are known unless rho = 1."""
        if self.rho is not None:
            return unknown(self.W)
        return modular_bounds(self.W, self.c, softplus(self.raw_t), self.sigmas)

    def potential(self, x: Tensor) -> Tensor:
        """Return F(x) = a.x + sum_k c_k R(s_k(z_k)), R' = rho and grad F = f, shape x.shape[:-1].

        R(s) is s for rho = "one", s^2 / 2 for "identity"; another rho says its own in an attribute
        ``primitive``.

        Raises:
            ValueError: a rho without a primitive, as softplus, whose primitive is a dilogarithm;
                an activation without a potential; an input whose last dimension is not n.
            TypeError: an input of another dtype than the weights.

        >>> GradNetM(dim=2, width=7, modules=4).potential(torch.zeros(5, 2)).shape
        torch.Size([5])
        """
        t = softplus(self.raw_t)
        return modular_potential(x, self.W, self.b, self.a, self.c, t, self.sigmas, self.rho)


class mGradNetM(nn.Module):
    """A monotone modular gradient network of K modules.

    f as in (43)-(44) with c = softplus(raw_c) > 0, s_k convex, rho nonnegative and nondecreasing
    on the range of s_k; Corollary 12.1.

    Args:
        dim: n, the dimension of x and of f(x).
        width: m, the number of neurons of each module.
        modules: K, the number of modules.
        activation: sigma = grad s, s convex, by name or as a function of the width.
        rho: "one" (1), "softplus", or "identity" (s), the last for activations with s >= 0:
            tanh, sigmoid, wtanh; or a nonnegative nondecreasing elementwise function of a tensor,
            which is tried on a grid of [-20, 20], or of [0, 20] for these three, when it is given;
            that it is so everywhere, and stays so in training, is the caller's promise.
        init: "unit" or "authors", see :mod:`gradnets.initial`.

    Input (..., n), output the same shape; float32 or float64. With dim 2, width 7, 4 modules and
    softmax there are 94 parameters, as in Table 1.

    Raises:
        ValueError: a size below 1, an unknown activation or rho, an activation without a
            potential where rho needs one or with s < 0 somewhere where rho is "identity", a rho
            that is negative or falling, an input whose last dimension is not n.
        TypeError: an input of another dtype than the weights.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 6.2.

    >>> net = mGradNetM(dim=2, width=7, modules=4)
    >>> sum(p.numel() for p in net.parameters())
    94
    >>> mGradNetM(2, 7, 4, activation="softmax", rho="identity")
    Traceback (most recent call last):
        ...
    ValueError: rho: 'identity' is nonnegative only where s is: expected activation tanh, sigmoid \
or wtanh, got 'softmax'
    """

    def __init__(
        self,
        dim: int,
        width: int,
        modules: int,
        activation: Activation = "softmax",
        rho: Rho = "one",
        init: str = "unit",
    ) -> None:
        super().__init__()
        self.dim = checks.size("dim", dim)
        self.width = checks.size("width", width)
        count = checks.size("modules", modules)
        self.W = uniform(count, width, dim, fan_in=dim)
        self.b = uniform(count, width, 1, fan_in=dim)
        self.a = uniform(dim, 1, fan_in=width)
        self.raw_c = nn.Parameter(torch.rand(count))
        self.raw_t = nn.Parameter(torch.rand(count))
        self.sigmas = module_activations(activation, width, count, monotone=True)
        self.rho = build_rho(rho, activation, self.sigmas)
        named = isinstance(activation, str)
        if rho == "identity" and named and activation not in activations.POTENTIAL_IS_NONNEGATIVE:
            raise ValueError(
                "rho: 'identity' is nonnegative only where s is: expected activation tanh, sigmoid"
                f" or wtanh, got {activation!r}"
            )
        if self.rho is not None and not isinstance(rho, str):
            nonnegative = named and activation in activations.POTENTIAL_IS_NONNEGATIVE
            check_monotone(self.rho, 0 if nonnegative else -20)
        # Of the user's own rho, or an own s where s >= 0 matters, nothing is certified.
        self.certified = rho == "softplus" or (rho == "identity" and named)
        if initial.check(init) == "unit":
            initial.modular(self, partial(mGradNetM.forward, self))

    def forward(self, x: Tensor) -> Tensor:
        c, t = softplus(self.raw_c), softplus(self.raw_t)
        return modular(x, self.W, self.b, self.a, c, t, self.sigmas, self.rho)

    def jacobian_factors(self, x: Tensor) -> Factors | None:
        """Return the factors of the Jacobian; None if an activation has no derivative."""
        c, t = softplus(self.raw_c), softplus(self.raw_t)
        return modular_factors(x, self.W, self.b, c, t, self.sigmas, self.rho)

    def jacobian_bounds(self) -> Bounds:
        """Return bounds of the Jacobian over all x; 0 from below where a named rho makes it so."""
        if self.rho is not None:
            return monotone(self.W) if self.certified and rising(self.sigmas) else unknown(self.W)
        c, t = softplus(self.raw_c), softplus(self.raw_t)
        return modular_bounds(self.W, c, t, self.sigmas)

    def potential(self, x: Tensor) -> Tensor:
        """Return F(x) = a.x + sum_k c_k R(s_k(z_k)), R' = rho and grad F = f, shape x.shape[:-1].

        R(s) is s for rho = "one", s^2 / 2 for "identity"; another rho says its own in an attribute
        ``primitive``.

        Raises:
            ValueError: a rho without a primitive, as softplus, whose primitive is a dilogarithm;
                an activation without a potential; an input whose last dimension is not n.
            TypeError: an input of another dtype than the weights.

        >>> mGradNetM(dim=2, width=7, modules=4).potential(torch.zeros(5, 2)).shape
        torch.Size([5])
        """
        c, t = softplus(self.raw_c), softplus(self.raw_t)
        return modular_potential(x, self.W, self.b, self.a, c, t, self.sigmas, self.rho)


def module_activations(
    activation: Activation, width: int, count: int, *, monotone: bool
) -> nn.ModuleList:
    """Return sigma_1 .. sigma_K, each with weights of its own."""
    return nn.ModuleList(
        activations.build(activation, width, monotone=monotone) for _ in range(count)
    )


def build_rho(
    rho: Rho, activation: Activation, sigmas: nn.ModuleList
) -> Callable[[Tensor], Tensor] | None:
    """Return rho as a function, or None for rho = 1, which needs no potential."""
    function = build(rho, ("one", "identity", "softplus"))
    if function is not None and not all(hasattr(sigma, "potential") for sigma in sigmas):
        raise ValueError(f"rho: {rho!r} needs an activation with a potential, got {activation!r}")
    return function
