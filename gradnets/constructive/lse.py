"""Gradients of convex functions by scaled log-sum-exp of tangent planes: Lemma 3, Theorem 4."""

import math

import torch
from flint import arb
from torch import Tensor, nn

from gradnets.constructive import claims
from gradnets.constructive.approximation import LIMIT, Approximation, affordable, wanted
from gradnets.constructive.rounding import MARGIN, above
from gradnets.constructive.targets import Target
from gradnets.gradnet import mGradNet

GRID_SHARE = 15 / 16  # of the error: neurons are what costs, a high temperature is free


class ScaledSoftmax(nn.Module):
    """Group activation softmax(t z), t = exp(log_t) > 0, the gradient of LSE_t of Lemma 2.

    s(z) = (1/t) log sum_i exp(t z_i), convex

    Args:
        t: the initial temperature; log_t has shape (1, 1).

    Acts on z of shape (..., width, N); ``potential`` returns s(z) of shape (..., 1, N).

    >>> ScaledSoftmax(2.0)(torch.zeros(4, 1)).flatten()
    tensor([0.2500, 0.2500, 0.2500, 0.2500], grad_fn=<ViewBackward0>)
    """

    def __init__(self, t: float = 1.0) -> None:
        super().__init__()
        self.log_t = nn.Parameter(torch.full((1, 1), math.log(t)))

    def forward(self, z: Tensor) -> Tensor:
        return torch.softmax(torch.exp(self.log_t) * z, -2)

    def potential(self, z: Tensor) -> Tensor:
        t = torch.exp(self.log_t)
        return torch.logsumexp(t * z, -2, keepdim=True) / t


def build(target: Target, error: float, *, limit: int = LIMIT) -> Approximation:
    """Return an mGradNet within the error of the gradient of a convex F, as Theorem 4 builds it.

    f(x) = W^T softmax(t (W x + b)) (17),  w_i = grad F(y_i),  b_i = F(y_i) - w_i^T y_i

    with y_1 .. y_N the centres of k^n equal cubes, so that every x has a y_i within r = sqrt(n)/2k.
    Let D_i(x) = F(x) - w_i^T x - b_i >= 0 and p the softmax. A nearest y_i has D_i <= ell r^2 / 2.

    *Potential.* LSE_t(W x + b) - F(x) is between -ell r^2 / 2 and log(N) / t (Lemma 2).

    *Gradient.* f - grad F is the mean of w_i - grad F(x) under p, where p_i ~ exp(-t D_i). For the
    v with v e^v = (N - 1)/e and every a >= 0, (a - v) e^-a <= e^-(v+1); summed over all but one i,
    with a_i = t (D_i - min D): sum p_i D_i <= E = ell r^2 / 2 + v / t. This v < log N is sharp.
    Let F be convex with ell-Lipschitz gradient up to a margin delta. Stepping s <= delta from x
    along w_i - grad F(x), F stays above the plane i, so that D_i >= s |w_i - grad F(x)| -
    ell s^2 / 2; averaged under p, E >= s |f(x) - grad F(x)| - ell s^2 / 2. Hence

    |f(x) - grad F(x)| <= min over 0 < s <= delta of E / s + ell s / 2,

    which is sqrt(2 ell E) if delta allows. This is Lemma 1 with its rate. For t -> inf: ell r.

    Args:
        target: F with concavity 0; its constants are tried at samples.
        error: the wanted bound; k is the least that leaves E its part, then t follows.
        limit: the greatest number N of neurons that is built.

    Returns:
        A float64 network, its bounds in ball arithmetic, inflated by the margin for rounding.

    Raises:
        ValueError: an error that is not positive, is too small for float64, or takes more than
            the limit; a target that is not what it claims to be at samples.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 5.1; Lemma 2 sharpened.

    >>> F = Target(2, lambda x: x.square().sum(-1) / 2, lambda x: x, lipschitz=1.0)
    >>> near = build(F, 0.1)
    >>> near.neurons, near.bound <= 0.1
    (64, True)
    """
    wanted(error)
    if target.concavity > 0:
        raise ValueError(f"target: expected concavity 0 (Theorem 4), got {target.concavity}")
    claims.judge(target)
    n, ell = target.dim, target.lipschitz
    k = per_axis(target, error)
    N = affordable(k**n, limit, error, n)
    W, b, rounding = planes(target, k)
    budget = energy(target, error - 2 * rounding)
    grid, fuzz = ell * n / (8 * k * k), 2 * rounding
    if error <= 2 * rounding or budget <= grid + fuzz:
        raise ValueError(f"error: {error} is too small for float64 at this target")
    v = entropy(N)
    t = max(1.0, (1 + MARGIN) ** 3 * above(v) / (budget - grid - fuzz))
    sigma = ScaledSoftmax(t).double()
    network = mGradNet(n, N, lambda m: sigma).double()
    with torch.no_grad():
        network.W.copy_(W)
        network.b.copy_(b)
        network.a.zero_()
        sigma.log_t.fill_(math.log(t))
    low = arb(t) * (1 - MARGIN)
    E = arb(ell) * n / (8 * arb(k) ** 2) + fuzz + v / low
    least = max(arb(ell) * n / (8 * arb(k) ** 2), arb(N).log() / low, key=above)

    def potential(x: Tensor) -> Tensor:
        return sigma.potential(W @ x.reshape(-1, n).mT + b).reshape(x.shape[:-1])

    return Approximation(
        target, network, N, above(inverse_energy(target, E) + fuzz), above(least + fuzz), potential
    )


def per_axis(target: Target, error: float) -> int:
    """Return the least k for which the grid's part of E, ell n / 8k^2, is within its share."""
    k = math.sqrt(target.lipschitz * target.dim / (8 * GRID_SHARE * energy(target, error)))
    return max(1, math.ceil(k))


def planes(target: Target, k: int) -> tuple[Tensor, Tensor, float]:
    """Return W, (N, n), and b, (N, 1), of the planes at the grid, and how far rounding moves them.

    >>> F = Target(1, lambda x: x[..., 0] ** 2, lambda x: 2 * x, lipschitz=2.0)
    >>> W, b, _ = planes(F, 2)
    >>> W.flatten().tolist(), b.flatten().tolist()
    ([0.5, 1.5], [-0.0625, -0.5625])
    """
    axis = (torch.arange(k, dtype=torch.float64) + 0.5) / k
    y = torch.cartesian_prod(*[axis] * target.dim).reshape(-1, target.dim)
    F = claims.values("potential", target.potential(y), y.shape[:-1])
    W = claims.values("gradient", target.gradient(y), y.shape)
    b = F - (W * y).sum(-1)
    size = F.abs().max() + 3 * W.abs().sum(-1).max()
    return W, b[:, None], MARGIN * size.item()


def entropy(N: int) -> arb:
    """Return v with v e^v = (N - 1) / e, by Lambert's W."""
    return (arb(N - 1) / arb(1).exp()).lambertw()


def energy(target: Target, error: float) -> float:
    """Return E at which the bound is the error: error^2 / 2 ell, or linear beyond the margin.

    >>> energy(Target(1, torch.sum, torch.sin, lipschitz=2.0, margin=1.0), 4.0)
    3.0
    """
    s = min(error / target.lipschitz, target.margin)
    return s * error - target.lipschitz * s * s / 2


def inverse_energy(target: Target, E: arb) -> arb:
    """Return min over 0 < s <= margin of E / s + ell s / 2."""
    ell = arb(target.lipschitz)
    s = min(math.sqrt(2 * above(E) / target.lipschitz), target.margin)
    return E / arb(s) + ell * arb(s) / 2
