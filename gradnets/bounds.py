"""Certified bounds of a network's Jacobian over all x: Lipschitz and strong convexity constants.

A network that has the method ``jacobian_bounds() -> Bounds`` is bounded by it, from its weights
alone; of any other module nothing is known. All of it can be traced, batched and differentiated.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Bounds:
    """Two symmetric matrices with lower <= J(x) <= upper for all x, in the order of PSD matrices.

    Attributes:
        lower, upper: shape (n, n), or None where none is known.
        sizes: the sum of the norms of the terms of each, which scales its rounding, shape (2,).
        terms: how many ridges were added, which counts its rounding errors.
        psd: whether lower is PSD by construction, rounding or not; shape ().
    """

    lower: Tensor | None
    upper: Tensor | None
    sizes: Tensor
    terms: int
    psd: Tensor

    def plus(self, other: "Bounds") -> "Bounds":
        """Return bounds of the sum of both Jacobians (Corollaries 2.1 and 3.1)."""
        lower, upper = add(self.lower, other.lower), add(self.upper, other.upper)
        terms, psd = self.terms + other.terms, self.psd & other.psd
        return Bounds(lower, upper, self.sizes + other.sizes, terms, psd)

    def times(self, c: Tensor | float) -> "Bounds":
        """Return bounds of c J; a negative c swaps them."""
        c = torch.as_tensor(c, dtype=self.sizes.dtype, device=self.sizes.device)
        psd = self.psd & (c >= 0)
        if self.lower is None or self.upper is None:  # one end gives one end, by the sign of c
            lower, upper = scale(c.abs(), self.lower), scale(c.abs(), self.upper)
            sizes, signed = c.abs() * self.sizes, bool(c >= 0)
            ends = (lower, upper) if signed else (scale(-1, upper), scale(-1, lower))
            return Bounds(*ends, sizes if signed else sizes.flip(0), self.terms, psd)
        up, down = c.clamp(min=0), (-c).clamp(min=0)
        lower = up * self.lower - down * self.upper
        upper = up * self.upper - down * self.lower
        sizes = up * self.sizes + down * self.sizes.flip(0)
        return Bounds(lower, upper, sizes, self.terms, psd)

    def shifted(self, mu: Tensor | float) -> "Bounds":
        """Return bounds of J + mu I (Propositions 3.1 and 3.2)."""
        shift = torch.as_tensor(mu, dtype=self.sizes.dtype, device=self.sizes.device)
        known = self.lower if self.lower is not None else self.upper
        if known is None:
            return self
        matrix = shift * torch.eye(len(known), dtype=known.dtype, device=known.device)
        return self.plus(Bounds(matrix, matrix, shift.abs().expand(2), 1, shift >= 0))

    def eigenvalues(self) -> tuple[Tensor, Tensor]:
        """Return what no eigenvalue of any J(x) is below, and what none is above."""
        low = high = self.sizes.new_tensor(math.inf)
        low, margin = -low, 8 * torch.finfo(self.sizes.dtype).eps
        if self.lower is not None:
            margin_low = margin * (self.terms + len(self.lower) + 8) * self.sizes[0]
            low = torch.linalg.eigvalsh(self.lower)[0] - margin_low
            low = torch.where(self.psd, low.clamp(min=0), low)
        if self.upper is not None:
            margin_high = margin * (self.terms + len(self.upper) + 8) * self.sizes[1]
            high = torch.linalg.eigvalsh(self.upper)[-1] + margin_high
        return low, high


def curvature(net: nn.Module) -> tuple[Tensor, Tensor]:
    """Return low and high with low I <= J_f(x) <= high I for all x, by the weights alone.

    With low_i <= d_i(x) <= high_i for every neuron, by interval arithmetic in (38)-(40) or by the
    least and greatest slopes of the activations, W^T diag(low) W <= J_f(x) <= W^T diag(high) W.
    The extreme eigenvalues of these two matrices are widened by 8 eps (M + n + 8) of the sizes of
    their M terms, more than what rounding in this dtype can do. The bounds hold for the exact map
    of the stated weights; what is evaluated has the rounding errors of its dtype beside.

    Args:
        net: a network; of a module without ``jacobian_bounds`` nothing is known: -inf and inf.

    Returns:
        Two numbers of the dtype of the weights, differentiable in them.

    Source: this package; the recursion is in the proof of Theorem 11.

    >>> from gradnets import mGradNetC
    >>> low, high = curvature(mGradNetC(dim=2, width=7, depth=4))
    >>> low.item() == 0, bool(high > 0)
    (True, True)
    """
    return known_bounds(net).eigenvalues()


def lipschitz(net: nn.Module) -> Tensor:
    """Return a certified ell with |f(x) - f(y)| <= ell |x - y| for all x, y.

    ell = max(|low|, |high|) of :func:`curvature`, as J_f is symmetric; f + ell x is then an
    mGradNet (Proposition 3.2).

    Raises:
        ValueError: a network of which no bound is known, or whose Jacobian is not bounded.

    >>> from gradnets import mGradNet, mGradNetM
    >>> net = mGradNet(dim=2, width=7)
    >>> bool(lipschitz(net) >= torch.linalg.matrix_norm(net.W, 2) ** 2)
    True
    >>> lipschitz(mGradNetM(dim=2, width=7, modules=1, rho="softplus"))
    Traceback (most recent call last):
        ...
    ValueError: net: expected one with a known bound of its Jacobian, got mGradNetM
    """
    bounds = known_bounds(net)
    if bounds.lower is None or bounds.upper is None:
        name = type(net).__name__
        raise ValueError(f"net: expected one with a known bound of its Jacobian, got {name}")
    low, high = bounds.eigenvalues()
    return torch.maximum(low.abs(), high.abs())


def strong_convexity(net: nn.Module) -> Tensor:
    """Return a certified mu >= 0 with J_f(x) >= mu I for all x, 0 if none is known.

    mu = max(low, 0) of :func:`curvature` (Proposition 3.1).

    >>> from gradnets import GradNetC, mGradNetC, mStronglyMonotone
    >>> strong_convexity(GradNetC(dim=2, width=7, depth=4)).item()
    0.0
    >>> net = mStronglyMonotone(mGradNetC(dim=2, width=7, depth=4), mu=0.5)
    >>> 0.4999 < strong_convexity(net).item() <= 0.5
    True
    """
    return curvature(net)[0].clamp(min=0)


def known_bounds(net: Any) -> Bounds:
    """Return the bounds that a network says of itself, or unknown ones."""
    if hasattr(net, "jacobian_bounds"):
        return net.jacobian_bounds()
    return unknown(next(iter(net.parameters()), torch.empty(())))


def unknown(like: Tensor) -> Bounds:
    """Return the bounds of a network of which nothing is known."""
    return Bounds(None, None, like.new_zeros(2), 0, torch.tensor(False, device=like.device))


def composed(nets: Iterable[nn.Module], certified: bool) -> Bounds:
    """Return 0 <= J for a rising function of convex potentials, unknown unless all are certified.

    By Theorem 10; its Jacobian grows with the potentials, so there is no upper bound.
    """
    parts = [known_bounds(net) for net in nets]
    known = certified and all(p.lower is not None and p.psd for p in parts)
    lower, size = parts[0].lower, parts[0].sizes
    return unknown(size) if lower is None or not known else monotone(lower)


def monotone(W: Tensor) -> Bounds:
    """Return 0 <= J without an upper bound, for W of shape (..., n)."""
    zero, psd = W.new_zeros(W.shape[-1], W.shape[-1]), torch.tensor(True, device=W.device)
    return Bounds(zero, None, W.new_zeros(2), 0, psd)


def rising(sigmas: Iterable[Any]) -> bool:
    """Return whether all slopes of all these activations are known to be at least 0."""
    return all(
        hasattr(sigma, "slopes") and bool((sigma.slopes()[0] >= 0).all()) for sigma in sigmas
    )


def ridge_bounds(W: Tensor, low: Tensor, high: Tensor) -> Bounds:
    """Return bounds of W^T D W for symmetric D with diag(low) <= D <= diag(high), each (m, 1)."""
    low, high = (end.to(W).expand(len(W), 1) for end in (low, high))
    squares = W.square().sum(1, keepdim=True)
    sizes = torch.stack([(end.abs() * squares).sum() for end in (low, high)])
    psd = (low >= 0).all()
    return Bounds(W.mT @ (low * W), W.mT @ (high * W), sizes, len(W), psd)


def interval_product(a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Return the least and the greatest product of a number from a and one from b, elementwise."""
    products = torch.stack(torch.broadcast_tensors(*(u * v for u in a for v in b)))
    return products.amin(0), products.amax(0)


def add(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    """Return the sum of two bounds, unknown if one is."""
    return None if a is None or b is None else a + b


def scale(c: Tensor | float, a: Tensor | None) -> Tensor | None:
    """Return a multiple of a bound, unknown if it is."""
    return None if a is None else c * a
