"""The input convex gradient network: the Gram matrix of a Jacobian, integrated along a ray."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from gradnets import checks
from gradnets.parameters import uniform


class ICGN(nn.Module):
    """An input convex gradient network without hidden layers, f(0) = 0.

    f(x) = int_0^1 J_v(t x)^T J_v(t x) x dt,   v(x) = sigmoid(W x + b)

    With u = W x the i-th neuron's share of the integral is int_0^1 sigmoid'(t u_i + b_i)^2 u_i dt
    = H(u_i + b_i) - H(b_i), where H = sigmoid^2 / 2 - sigmoid^3 / 3 has H' = sigmoid'^2. So

    f(x) = W^T [H(W x + b) - H(b)],   J_f = J_v^T J_v,

    which ``forward`` computes: without error, and monotone. The authors sum at random or fixed t,
    see :meth:`sampled` and :meth:`quadrature`; such a sum is symmetric too, but need not be
    monotone.

    Args:
        dim: n, the dimension of x and of f(x).
        width: m, the dimension of v; W has shape (m, n), b (m, 1).

    Input (..., n), output the same shape; float32 or float64. With dim 2 and width 32 there are
    64 + 32 = 96 parameters, as in Table 1; the count leaves no choice.

    Raises:
        ValueError: a size below 1, an input whose last dimension is not n.
        TypeError: an input of another dtype than the weights.

    Source: Richter-Powell, Lorraine and Amos, "Input convex gradient networks", 2021.

    >>> sum(p.numel() for p in ICGN(dim=2).parameters())
    96
    """

    def __init__(self, dim: int, width: int = 32) -> None:
        super().__init__()
        self.dim = checks.size("dim", dim)
        self.width = checks.size("width", width)
        self.W = uniform(width, dim, fan_in=dim)
        self.b = uniform(width, 1, fan_in=dim)

    def forward(self, x: Tensor) -> Tensor:
        z = self.W @ checks.columns(x, self.W) + self.b
        return checks.rows(self.W.mT @ (squared_slope(z) - squared_slope(self.b)), x)

    def quadrature(self, x: Tensor, nodes: int) -> tuple[Tensor, Tensor]:
        """Return the integral by Gauss-Legendre quadrature, and a bound of its error.

        An integrand on [-1, 1] that is analytic and at most M in the Bernstein ellipse of size r
        has Chebyshev coefficients of at most 2 M r^-k. The rule is exact below degree 2 nodes and
        for odd k, else it misses by at most 2 + 2 / (k^2 - 1) <= 8 / 3: in all by at most
        (16 / 3) M r^(-2 nodes) / (1 - r^-2). Here r is the largest for which t u_i stays in
        |Im z| <= pi / 2, where |sigmoid'(z)| = 1 / |2 (1 + cosh z)| <= 1 / 2.

        Args:
            x: samples, shape (..., n).
            nodes: how many values of t, at least 1.

        Returns:
            f(x), shape (..., n), and a bound of the norm of its error but for rounding, (..., 1).

        Raises:
            ValueError: nodes below 1; and as in the forward pass.

        >>> x, net = torch.ones(1, 2), ICGN(2)
        >>> value, error = net.quadrature(x, nodes=6)
        >>> bool((value - net(x)).norm() <= error + 1e-6), bool(error < 1e-4)
        (True, True)
        """
        u = self.W @ checks.columns(x, self.W)
        t, weights = np.polynomial.legendre.leggauss(checks.size("nodes", nodes))
        total = torch.zeros_like(u)
        for t_k, weight in zip((t + 1) / 2, weights / 2, strict=True):
            v = torch.sigmoid(float(t_k) * u + self.b)
            total = total + float(weight) * (v * (1 - v)).square() * u
        ratio = math.pi / u.abs()
        r = ratio + torch.hypot(ratio, torch.ones_like(u))
        # Half of the error on [-1, 1], with M = 1 / 4.
        error = 2 / 3 * r ** (-2 * nodes) / (1 - r**-2) * u.abs()
        bound = (self.W.abs().mT @ error).norm(dim=0)
        return checks.rows(self.W.mT @ total, x), bound.reshape(*x.shape[:-1], 1)

    def sampled(self, x: Tensor, points: int, generator: torch.Generator | None = None) -> Tensor:
        """Return the integral as a mean over random t, the same for all samples, shape (..., n).

        So the authors compute it, with 100 points and new ones in every call; the error falls with
        the root of their number.

        Raises:
            ValueError: points below 1; and as in the forward pass.

        >>> x, net = torch.ones(1, 2), ICGN(2)
        >>> estimate = net.sampled(x, 10_000, torch.Generator().manual_seed(0))
        >>> bool((estimate - net(x)).norm() < 0.05)
        True
        """
        u = self.W @ checks.columns(x, self.W)
        t = torch.rand(checks.size("points", points), generator=generator, dtype=x.dtype)
        v = torch.sigmoid(t.reshape(-1, 1, 1) * u + self.b)
        return checks.rows(self.W.mT @ ((v * (1 - v)).square().mean(0) * u), x)


def squared_slope(z: Tensor) -> Tensor:
    """Return H(z) = sigmoid(z)^2 / 2 - sigmoid(z)^3 / 3, the antiderivative of sigmoid'^2.

    >>> round(squared_slope(torch.tensor(40.0)).item(), 4)
    0.1667
    """
    v = torch.sigmoid(z)
    return v.square() / 2 - v**3 / 3
