"""The scalar functions of which a cascade (38)-(40) is made: values, slopes, integrals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gradnets import checks
from gradnets.bounds import interval_product
from gradnets.jacobians import slope

NODES = 16
MOST_PANELS = 2**14
# Half-widths of the strips that are tried, in units of u.
WIDTHS = 2.0 ** (torch.arange(40, -81, -1, dtype=torch.float64) / 4)


@dataclass(frozen=True)
class Ridges:
    """phi_1 .. phi_m of f(x) = W^T phi(W x) + a, elementwise in u = W x of shape (..., m, N).

    z_0 = beta_0 * (u + b_0)                                                       (38)
    z_l = beta_l * (u + b_l) + alpha_{l-1} * sigma_{l-1}(z_{l-1}),  l = 1 .. L-1   (39)
    phi(u) = alpha_{L-1} * sigma_{L-1}(z_{L-1})                                    (40)

    Attributes:
        b, alpha, beta: shape (L, m, 1), one column a layer.
        sigmas: L elementwise activations.
    """

    b: Tensor
    alpha: Tensor
    beta: Tensor
    sigmas: Sequence[Any]

    def __call__(self, u: Tensor) -> Tensor:
        """Return phi(u)."""
        b, alpha, beta = self.b.unbind(), self.alpha.unbind(), self.beta.unbind()
        z = beta[0] * (u + b[0])
        for l in range(1, len(self.sigmas)):
            z = beta[l] * (u + b[l]) + alpha[l - 1] * self.sigmas[l - 1](z)
        return alpha[-1] * self.sigmas[-1](z)

    def derivative(self, u: Tensor) -> Tensor:
        """Return d = phi'(u): d_0 = beta_0, d_l = beta_l + alpha_{l-1} sigma'_{l-1} d_{l-1}."""
        b, alpha, beta = self.b.unbind(), self.alpha.unbind(), self.beta.unbind()
        z, d = beta[0] * (u + b[0]), beta[0]
        for l in range(1, len(self.sigmas)):
            sigma = self.sigmas[l - 1]
            d = beta[l] + alpha[l - 1] * slope(sigma, z) * d
            z = beta[l] * (u + b[l]) + alpha[l - 1] * sigma(z)
        return alpha[-1] * slope(self.sigmas[-1], z) * d

    def slopes(self) -> tuple[Tensor, Tensor] | None:
        """Return bounds of phi' over all u, shape (m, 1) each; None if an activation has none."""
        if not all(hasattr(sigma, "slopes") for sigma in self.sigmas):
            return None
        alpha, beta = self.alpha.unbind(), self.beta.unbind()
        ends = [tuple(end.to(self.b) for end in sigma.slopes()) for sigma in self.sigmas]
        low = high = beta[0]
        for l, end in enumerate(ends):
            low, high = interval_product((alpha[l], alpha[l]), interval_product(end, (low, high)))
            if l + 1 < len(ends):
                # Outwards by more than the rounding errors of this layer.
                sizes = low.abs() + high.abs() + beta[l + 1].abs()
                error = 16 * torch.finfo(low.dtype).eps * sizes
                low, high = beta[l + 1] + low - error, beta[l + 1] + high + error
        return low, high

    def modulus(self, u: Tensor, y: Tensor) -> Tensor:
        """Return a bound of |phi(v)| for |Re v| <= u, |Im v| <= y, inf where it is not analytic.

        By (38)-(40) for bounds of |Re z_l| and |Im z_l|; u and y of shape (..., m, 1).
        """
        b, alpha, beta = (v.abs().unbind() for v in (self.b, self.alpha, self.beta))
        real, imaginary = beta[0] * (u + b[0]), beta[0] * y
        size = real
        for l, sigma in enumerate(self.sigmas):
            size, rise = sigma.strip(real, imaginary)
            if l + 1 < len(self.sigmas):
                real = beta[l + 1] * (u + b[l + 1]) + alpha[l] * size
                imaginary = beta[l + 1] * y + alpha[l] * rise
        return alpha[-1] * size

    def integral(self, u: Tensor, panels: int) -> Tensor:
        """Return sum_i int_0^{u_i} phi_i, shape (1, N), by Gauss-Legendre in equal panels."""
        nodes, weights = (torch.from_numpy(v).to(u) for v in np.polynomial.legendre.leggauss(NODES))
        total = torch.zeros_like(u[:1])
        for panel in range(panels):
            at = (panel + (1 + nodes) / 2) / panels
            values = self(at[:, None, None] * u)
            total = total + (u * torch.tensordot(weights, values, 1)).sum(0, keepdim=True)
        return total / (2 * panels)

    def error_bound(self, u: Tensor, panels: int) -> Tensor:
        """Return a bound of the error of each integral at all |u_i| <= u, shape (m, 1).

        phi_i is analytic where |Im v| < y, so in the Bernstein ellipse of parameter rho around
        each panel of half-length h, (rho - 1/rho) h / 2 = y, and bounded there by M. Gauss-Legendre
        with k + 1 nodes errs by at most h (64/15) M rho^(-2k) / (rho^2 - 1) a panel; the least
        such bound over several y counts.

        Source: Trefethen, "Approximation theory and approximation practice", Theorem 19.3.
        """
        y = WIDTHS[:, None, None].to(u)
        h = (u / (2 * panels)).clamp(min=torch.finfo(u.dtype).tiny)
        log_rho = torch.asinh(y / h)
        decay = torch.exp(-2 * (NODES - 1) * log_rho) / torch.expm1(2 * log_rho)
        bound = 64 / 15 * h * self.modulus(u + y, y) * decay
        return panels * bound.nan_to_num(nan=math.inf, posinf=math.inf).amin(0)

    @torch.no_grad()
    def panels_for(self, u: Tensor, tolerance: float) -> int:
        """Return how many panels certify the tolerance at all samples u of shape (m, N).

        Raises:
            ValueError: a tolerance that is not positive or asks for more than 2^14 panels, or an
                activation that knows no strip.
        """
        if not isinstance(tolerance, int | float) or not 0 < tolerance < math.inf:
            raise ValueError(f"tolerance: expected a positive number, got {tolerance!r}")
        without = next((sigma for sigma in self.sigmas if not hasattr(sigma, "strip")), None)
        if without is not None:
            name = type(without).__name__
            raise ValueError(f"tolerance: expected activations with a method `strip`, got {name}")
        largest = u.abs().amax(1, keepdim=True) if u.shape[1] else u.new_zeros(len(u), 1)
        panels = 1
        # The bound has rounding errors of its own, far below one per cent.
        while not 1.01 * self.error_bound(largest, panels).sum() <= tolerance:
            panels *= 2
            if panels > MOST_PANELS:
                rule = f"{MOST_PANELS} panels of {NODES} nodes"
                raise ValueError(f"tolerance: expected one within {rule}, got {tolerance!r}")
        return panels


def ridge_potential(ridges: Ridges, x: Tensor, W: Tensor, a: Tensor, tolerance: float) -> Tensor:
    """Return F(x) = a.x + sum_i int_0^(w_i.x) phi_i for x of shape (..., n)."""
    columns = checks.columns(x, W)
    u = W @ columns
    integral = ridges.integral(u, ridges.panels_for(u, tolerance))
    return (a.mT @ columns + integral).reshape(x.shape[:-1])
