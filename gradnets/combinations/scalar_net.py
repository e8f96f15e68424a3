"""A learned scalar function rho with its primitive."""

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gradnets import checks
from gradnets.combinations.parts import unsoftplus
from gradnets.rho import log1p_exp


class ScalarNet(nn.Module):
    """A learned scalar function, the rho of (35): nonnegative and nondecreasing, or free.

    rho(s) = sum_j c_j sigmoid(w_j s + b_j),  w_j > 0                                 Theorem 7
    R(s)   = sum_j (c_j / w_j) log(1 + exp(w_j s + b_j)),  R' = rho

    With monotone, c_j > 0: such sums approximate every nonnegative nondecreasing continuous
    function on an interval. With free c_j they approximate every continuous one.

    Args:
        width: m, the number of neurons; w = softplus(raw_w), b and c have shape (m,). They start
            as steps of equal height at even distances over [-3, 3].
        monotone: whether c = softplus(raw_c) or c is free.

    Input s of any shape, output the same shape; float32 or float64.

    Raises:
        ValueError: a width below 1.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 5.

    >>> rho = ScalarNet(8)
    >>> rho(torch.zeros(5)).shape, rho.primitive(torch.zeros(5)).shape
    (torch.Size([5]), torch.Size([5]))
    """

    def __init__(self, width: int, monotone: bool = True) -> None:
        super().__init__()
        m = checks.size("width", width)
        self.monotone = monotone
        self.raw_w = nn.Parameter(torch.full((m,), unsoftplus(m / 3)))
        self.b = nn.Parameter(torch.linspace(1, -1, m) * m)
        height = 2 / m
        self.c = nn.Parameter(torch.full((m,), unsoftplus(height) if monotone else height))

    def heights(self) -> Tensor:
        """Return c_1 .. c_m."""
        return softplus(self.c) if self.monotone else self.c

    def forward(self, s: Tensor) -> Tensor:
        steps = torch.sigmoid(softplus(self.raw_w) * s.unsqueeze(-1) + self.b)
        return (self.heights() * steps).sum(-1)

    def primitive(self, s: Tensor) -> Tensor:
        """Return R(s), R' = rho, elementwise."""
        w = softplus(self.raw_w)
        return (self.heights() / w * log1p_exp(w * s.unsqueeze(-1) + self.b)).sum(-1)
