"""Elementwise networks R -> R with a known antiderivative, as activations."""

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gradnets import checks
from gradnets.activations import log_cosh, one_minus_square, tanh_strip


class TanhSum(nn.Module):
    """A network of one hidden layer for each neuron, the learned sigma_i of Corollary 2.3.

    sigma_i(z_i) = sum_j v_ij w_ij tanh(w_ij z_i + b_ij),
    s(z) = sum_ij v_ij log cosh(w_ij z_i + b_ij)

    The outer weights are a = v w, so that the potential needs no quotient a / w and each term
    rises where v >= 0. Monotone, v = softplus(raw_v) > 0, and then s >= 0 is convex. With enough
    terms sigma_i comes, up to a constant, which the networks' biases hold, as near as wanted to
    every continuous nondecreasing function on an interval (Theorem 7), free to every continuous
    one.

    Args:
        width: number of neurons.
        terms: J, the number of tanh a neuron; v, w and b have shape (width, J).
        monotone: whether v is kept positive.

    Acts on z of shape (..., width, N) of the dtype of the weights. Initially every sigma_i is a
    mean of J tanh, with w uniform on [0.5, 1.5] and b on [-1, 1].

    Raises:
        ValueError: a size below 1.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", Corollary 2.3, Theorems 6 to 8.

    >>> TanhSum(3, terms=4)(torch.zeros(3, 5)).shape
    torch.Size([3, 5])
    >>> from functools import partial
    >>> from gradnets import mGradNet
    >>> mGradNet(2, 7, activation=partial(TanhSum, terms=8))(torch.zeros(5, 2)).shape
    torch.Size([5, 2])
    """

    def __init__(self, width: int, terms: int = 4, monotone: bool = True) -> None:
        super().__init__()
        self.width = checks.size("width", width)
        self.terms = checks.size("terms", terms)
        self.monotone = monotone
        v = torch.full((width, terms), 1 / terms)
        self.raw_v = nn.Parameter(v.expm1().log() if monotone else v)
        self.w = nn.Parameter(torch.rand(width, terms) + 0.5)
        self.b = nn.Parameter(2 * torch.rand(width, terms) - 1)

    def v(self) -> Tensor:
        """Return v, shape (width, J)."""
        return softplus(self.raw_v) if self.monotone else self.raw_v

    def inner(self, z: Tensor) -> Tensor:
        """Return w_ij z_i + b_ij, shape (..., width, J, N)."""
        return self.w.unsqueeze(-1) * z.unsqueeze(-2) + self.b.unsqueeze(-1)

    def forward(self, z: Tensor) -> Tensor:
        weights = (self.v() * self.w).unsqueeze(-1)
        return (weights * torch.tanh(self.inner(z))).sum(-2)

    def potential(self, z: Tensor) -> Tensor:
        """Return s(z), shape (..., 1, N)."""
        return (self.v().unsqueeze(-1) * log_cosh(self.inner(z))).sum((-3, -2)).unsqueeze(-2)

    def derivative(self, z: Tensor) -> Tensor:
        """Return sigma_i'(z_i), of the shape of z."""
        weights = (self.v() * self.w.square()).unsqueeze(-1)
        return (weights * one_minus_square(torch.tanh(self.inner(z)))).sum(-2)

    def slopes(self) -> tuple[Tensor, Tensor]:
        """Return bounds of sigma_i', the sums of its falling and of its rising terms' slopes."""
        steepest = self.v() * self.w.square()
        low, high = steepest.clamp(max=0), steepest.clamp(min=0)
        return low.sum(-1, keepdim=True), high.sum(-1, keepdim=True)

    def strip(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return bounds of |sigma| and |Im sigma| where |Im z| <= y."""
        weights = (self.v() * self.w).abs()
        size, imaginary = tanh_strip(self.w.abs() * y)
        return (weights * size).sum(-1, keepdim=True), (weights * imaginary).sum(-1, keepdim=True)
