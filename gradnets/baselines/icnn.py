"""The gradient of an input convex neural network, by automatic differentiation."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gradnets import checks
from gradnets.parameters import uniform


class ICNN(nn.Module):
    """The gradient of a fully input convex neural network with softplus.

    f = grad F,   F(x) = V_L z_L + U_L x + c_L + b_L,
    z_1 = softplus(U_0 x + b_0),   z_{l+1} = softplus(V_l z_l + U_l x + c_l + b_l),   V_l >= 0

    The gradient is taken in the forward pass by ``torch.func.grad``, so that training
    differentiates twice; ``torch.export`` cannot follow it. V_l = |raw_V_l| by default: Amos, Xu
    and Kolter set negative entries to 0 after each step, which is a step of the training loop, and
    a relu in the forward pass would never let go of an entry once it is 0. On the convex field |.|
    also learns faster than softplus, usual since Huang et al., "Convex potential flows".

    Args:
        dim: n, the dimension of x and of f(x).
        width: m, the number of neurons of each layer.
        depth: L, the number of hidden layers.
        nonnegative: raw_V_l -> V_l >= 0, an elementwise function of a tensor; |.| by default.

    Input (..., n), output the same shape; float32 or float64. With dim 2, width 7 and depth 2
    there are 21 + (56 + 21) + (8 + 3) = 109 parameters, as in Table 1: every linear map, V_l as
    well as U_l, has a bias of its own, c_l and b_l. The text gives width, depth and count; we
    found no other usual shape of 109: with one bias a layer there are 101. Of each pair one is
    redundant, and the gradient does not see the last pair, c_L + b_L.

    Raises:
        ValueError: a size below 1, an input whose last dimension is not n.
        TypeError: an input of another dtype than the weights.

    Source: Amos, Xu and Kolter, "Input convex neural networks", 2017.

    >>> net = ICNN(dim=2)
    >>> sum(p.numel() for p in net.parameters())
    109
    >>> net(torch.zeros(5, 2)).shape
    torch.Size([5, 2])
    """

    def __init__(
        self,
        dim: int,
        width: int = 7,
        depth: int = 2,
        nonnegative: Callable[[Tensor], Tensor] = torch.abs,
    ) -> None:
        super().__init__()
        self.dim = checks.size("dim", dim)
        self.width = checks.size("width", width)
        self.depth = checks.size("depth", depth)
        self.nonnegative = nonnegative
        outputs = [width] * depth + [1]
        self.U = nn.ParameterList(uniform(m, dim, fan_in=dim) for m in outputs)
        self.b = nn.ParameterList(uniform(m, 1, fan_in=dim) for m in outputs)
        self.raw_V = nn.ParameterList(uniform(m, width, fan_in=width) for m in outputs[1:])
        self.c = nn.ParameterList(uniform(m, 1, fan_in=width) for m in outputs[1:])

    def potential(self, x: Tensor) -> Tensor:
        """Return F(x), shape (...), for x of shape (..., n)."""
        return self.of_columns(checks.columns(x, self.U[0])).reshape(x.shape[:-1])

    def of_columns(self, x: Tensor) -> Tensor:
        """Return F, shape (1, N), of samples that stand as columns, shape (n, N)."""
        z = self.U[0] @ x + self.b[0]
        # Lists, as a slice of a ParameterList registers its parameters anew.
        U_rest, b_rest = list(self.U)[1:], list(self.b)[1:]
        for U, b, raw_V, c in zip(U_rest, b_rest, self.raw_V, self.c, strict=True):
            z = self.nonnegative(raw_V) @ softplus(z) + c + U @ x + b
        return z

    def forward(self, x: Tensor) -> Tensor:
        columns = checks.columns(x, self.U[0])
        return checks.rows(torch.func.grad(lambda z: self.of_columns(z).sum())(columns), x)
