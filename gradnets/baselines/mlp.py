"""The gradient of a multilayer perceptron, by automatic differentiation."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from gradnets import checks
from gradnets.parameters import uniform


class MLP(nn.Module):
    """The gradient of a scalar perceptron.

    f = grad F,   F(x) = w^T sigma(W_L ... sigma(W_1 x + b_1) ... + b_L)

    The gradient is taken in the forward pass by ``torch.func.grad``, so that training
    differentiates twice; ``torch.export`` cannot follow it.

    Args:
        dim: n, the dimension of x and of f(x).
        widths: numbers of neurons of the hidden layers.
        activation: sigma, a differentiable elementwise function of a tensor; tanh by default.

    Input (..., n), output the same shape; float32 or float64. With dim 2 and widths 7 and 9 there
    are 21 + 72 + 9 = 102 parameters, as in Table 2. The text gives the count alone; tanh is our
    choice, as in the cascades. F has no last bias, which its gradient would not see; two layers
    are the fewest that reach 102, and 7, the width of the gradient networks, then needs 9.

    Raises:
        ValueError: a size below 1, no widths, an input whose last dimension is not n.
        TypeError: an input of another dtype than the weights.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 7.2.

    >>> net = MLP(dim=2)
    >>> sum(p.numel() for p in net.parameters())
    102
    >>> net(torch.zeros(5, 2)).shape
    torch.Size([5, 2])
    """

    def __init__(
        self,
        dim: int,
        widths: Sequence[int] = (7, 9),
        activation: Callable[[Tensor], Tensor] = torch.tanh,
    ) -> None:
        super().__init__()
        self.dim = checks.size("dim", dim)
        self.widths = tuple(checks.size("widths", width) for width in widths)
        if not self.widths:
            raise ValueError(f"widths: expected at least one hidden layer, got {widths!r}")
        sizes = list(pairwise((dim, *self.widths)))
        self.W = nn.ParameterList(uniform(m, n, fan_in=n) for n, m in sizes)
        self.b = nn.ParameterList(uniform(m, 1, fan_in=n) for n, m in sizes)
        self.activation = activation
        self.w = uniform(1, self.widths[-1], fan_in=self.widths[-1])

    def potential(self, x: Tensor) -> Tensor:
        """Return F(x), shape (...), for x of shape (..., n)."""
        return self.of_columns(checks.columns(x, self.W[0])).reshape(x.shape[:-1])

    def of_columns(self, z: Tensor) -> Tensor:
        """Return F, shape (1, N), of samples that stand as columns, shape (n, N)."""
        for W, b in zip(self.W, self.b, strict=True):
            z = self.activation(W @ z + b)
        return self.w @ z

    def forward(self, x: Tensor) -> Tensor:
        columns = checks.columns(x, self.W[0])
        return checks.rows(torch.func.grad(lambda z: self.of_columns(z).sum())(columns), x)
