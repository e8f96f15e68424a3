"""The Jacobian of a network, and products with it, by closed formulas.

A network that has the method ``jacobian_factors(x) -> Factors`` is differentiated by it; any other
module by torch's forward mode. Neither builds a graph unless gradients of the result are asked for.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import jvp, vmap


@dataclass(frozen=True)
class Factors:
    """J_s = shift_s I + W^T diag(d_s) W + G_s^T diag(e_s) G_s at the samples s = 1 .. N.

    Attributes:
        W: weights that all samples share, shape (M, n).
        d: their coefficients, shape (N, M).
        shift: shape (N,).
        G: vectors of each sample's own, shape (N, r, n).
        e: their coefficients, shape (N, r).
    """

    W: Tensor
    d: Tensor
    shift: Tensor
    G: Tensor
    e: Tensor

    @property
    def rank(self) -> int:
        """Return M + r, the greatest rank that J - shift I can have."""
        return self.W.shape[0] + self.e.shape[1]

    @property
    def low_rank(self) -> bool:
        return self.rank < self.W.shape[1]

    def plus(self, other: "Factors") -> "Factors":
        """Return the factors of the sum of both Jacobians (Corollaries 2.1 and 3.1)."""
        return Factors(
            torch.cat([self.W, other.W]),
            torch.cat([self.d, other.d], 1),
            self.shift + other.shift,
            torch.cat([self.G, other.G], 1),
            torch.cat([self.e, other.e], 1),
        )

    def times(self, c: Tensor | float) -> "Factors":
        """Return the factors of c J, c a number or one a sample, shape (N,)."""
        c = torch.as_tensor(c, dtype=self.d.dtype, device=self.d.device).reshape(-1, 1)
        return Factors(self.W, c * self.d, c[:, 0] * self.shift, self.G, c * self.e)

    def shifted(self, mu: Tensor | float) -> "Factors":
        """Return the factors of J + mu I (Proposition 3.1)."""
        return Factors(self.W, self.d, self.shift + mu, self.G, self.e)

    def dense(self) -> Tensor:
        """Return J, shape (N, n, n)."""
        eye = torch.eye(self.W.shape[1], dtype=self.d.dtype, device=self.d.device)
        J = self.W.mT @ (self.d[:, :, None] * self.W) + self.shift[:, None, None] * eye
        return J + self.G.mT @ (self.e[:, :, None] * self.G)

    def apply(self, v: Tensor) -> Tensor:
        """Return J v for v of shape (N, n)."""
        own = self.e * (self.G @ v[:, :, None])[:, :, 0]
        outer = (own[:, None] @ self.G)[:, 0]
        return self.shift[:, None] * v + (self.d * (v @ self.W.mT)) @ self.W + outer

    def core(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return B (N, M + r, n), c (N, M + r) and shift I + diag(c) B B^T (N, M + r, M + r).

        J = shift I + B^T diag(c) B; B stacks W and G, c stacks d and e.
        """
        shared = (self.W @ self.W.mT).expand(len(self.d), -1, -1)
        c = torch.cat([self.d, self.e], 1)
        eye = torch.eye(self.rank, dtype=c.dtype, device=c.device)
        cross = self.G @ self.W.mT
        gram = torch.cat(
            [torch.cat([shared, cross.mT], 2), torch.cat([cross, self.G @ self.G.mT], 2)], 1
        )
        B = torch.cat([self.W.expand(len(self.d), -1, -1), self.G], 1)
        return B, c, self.shift[:, None, None] * eye + c[:, :, None] * gram

    def log_abs_det(self) -> Tensor:
        """Return log |det J|, shape (N,), by matrices of the smaller of n and M + r.

        det(mu I_n + B^T C B) = mu^(n - m) det(mu I_m + C B B^T), the matrix determinant lemma.
        """
        if not self.low_rank:
            return torch.linalg.slogdet(self.dense())[1]
        missing = self.W.shape[1] - self.rank
        return missing * self.shift.abs().log() + torch.linalg.slogdet(self.core()[2])[1]

    def solve(self, v: Tensor) -> Tensor:
        """Return J^-1 v for v of shape (N, n); entries are not finite where J is singular.

        (mu I + B^T C B)^-1 v = (v - B^T (mu I + C B B^T)^-1 C B v) / mu, Woodbury's identity.
        """
        if not self.low_rank:
            return torch.linalg.solve_ex(self.dense(), v)[0]
        B, c, core = self.core()
        inner = torch.linalg.solve_ex(core, c * (B @ v[:, :, None])[:, :, 0])[0]
        return (v - (inner[:, None] @ B)[:, 0]) / self.shift[:, None]


def jacobian(net: nn.Module, x: Tensor) -> Tensor:
    """Return J_f(x), the Hessian of the potential, at each sample.

    W^T diag(d) W for a cascade (38)-(40), W^T J_sigma W for (7), and for a module of (44)
    c [rho(s) W^T J_sigma W + rho'(s) (W^T sigma)(W^T sigma)^T].

    Args:
        net: a network, or any module that maps samples (N, n) -> (N, n) each by itself.
        x: points, shape (..., n).

    Returns:
        Shape (..., n, n), dtype of x; differentiable in x and in the weights.

    Raises:
        ValueError, TypeError: as the network does for x.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", Theorems 11 and 12.

    >>> from gradnets import mGradNetC
    >>> J = jacobian(mGradNetC(dim=3, width=7, depth=2), torch.zeros(5, 3))
    >>> J.shape, torch.equal(J, J.mT)
    (torch.Size([5, 3, 3]), True)
    """
    factors = jacobian_factors(net, x)
    if factors is not None:
        J = factors.dense()
        return ((J + J.mT) / 2).reshape(*x.shape, x.shape[-1])
    columns = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
    J = vmap(lambda v: forward_mode(net, x, v.expand_as(x).contiguous()))(columns)
    return J.movedim(0, -1)


def jacobian_vector(net: nn.Module, x: Tensor, v: Tensor) -> Tensor:
    """Return J_f(x) v, the Hessian of the potential times a vector, at each sample.

    Args:
        net: as in :func:`jacobian`.
        x, v: points and vectors, both of shape (..., n).

    Returns:
        Shape (..., n), dtype of x, at about the cost of two evaluations of the network; no graph of
        the network is built, so there is none to differentiate twice.

    Raises:
        ValueError: v is not of the shape of x; and as the network does for x.
        TypeError: as the network does for x.

    >>> from gradnets import mGradNet
    >>> x = torch.zeros(5, 3)
    >>> jacobian_vector(mGradNet(dim=3, width=7), x, torch.ones(5, 3)).shape
    torch.Size([5, 3])
    """
    if not isinstance(v, Tensor) or v.shape != x.shape:
        shape = tuple(v.shape) if isinstance(v, Tensor) else type(v).__name__
        raise ValueError(f"v: expected shape {tuple(x.shape)} as x, got {shape}")
    factors = jacobian_factors(net, x)
    if factors is not None:
        return factors.apply(v.reshape(-1, x.shape[-1])).reshape(x.shape)
    return forward_mode(net, x, v)


def jacobian_factors(net: nn.Module, x: Tensor) -> Factors | None:
    """Return the factors of J_f(x), samples in one row each, or None where the net knows none."""
    factors = getattr(net, "jacobian_factors", None)
    return None if factors is None else factors(x)


def ridge_factors(W: Tensor, d: Tensor) -> Factors:
    """Return the factors of W^T diag(d) W, one column of d, shape (m, N), a sample."""
    N, n = d.shape[1], W.shape[1]
    zero = d.new_zeros
    return Factors(W, d.mT, zero(N), zero(N, 0, n), zero(N, 0))


def rank_one_factors(g: Tensor, e: Tensor) -> Factors:
    """Return the factors of e g g^T, one column of g, shape (n, N), and e, (1, N), a sample."""
    n, N = g.shape
    zero = g.new_zeros
    return Factors(zero(0, n), zero(N, 0), zero(N), g.mT[:, None], e.expand(1, N).mT)


def layer_factors(sigma: Any, W: Tensor, z: Tensor) -> Factors | None:
    """Return the factors of W^T J_sigma(z) W, or None for an activation without a derivative."""
    if not hasattr(sigma, "derivative"):
        return None
    d, pairs = curvature_of(sigma, z)
    factors = ridge_factors(W, d)
    for e, p in pairs:
        factors = factors.plus(rank_one_factors(W.mT @ p, e))
    return factors


def curvature_of(sigma: Any, z: Tensor) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """Return d and pairs (e, p) with J_sigma(z) = diag(d) + sum e p p^T, for columns z."""
    return sigma.derivative(z), sigma.rank_ones(z) if hasattr(sigma, "rank_ones") else []


def slope(function: Any, z: Tensor) -> Tensor:
    """Return the derivative at z of an elementwise function, its own where it has one."""
    if hasattr(function, "derivative"):
        return function.derivative(z)
    return forward_mode(function, z, torch.ones_like(z))


def forward_mode(f: Callable[[Tensor], Tensor], x: Tensor, v: Tensor) -> Tensor:
    """Return J_f(x) v by forward-mode automatic differentiation."""
    with warnings.catch_warnings():
        # torch compiles some formulas of its own on first use, and warns of how it does.
        warnings.filterwarnings("ignore", "`torch.jit.script", DeprecationWarning)
        return jvp(f, (x,), (v,))[1]
