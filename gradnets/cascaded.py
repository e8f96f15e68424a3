"""Cascaded gradient networks (38)-(40): one W for all layers, elementwise activations."""

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gradnets import activations, checks
from gradnets.activations import Activation
from gradnets.parameters import uniform


def cascade(
    x: Tensor,
    W: Tensor,
    b: Tensor,
    a: Tensor,
    alpha: Tensor,
    beta: Tensor,
    sigmas: nn.ModuleList,
) -> Tensor:
    """Return f(x) of (38)-(40) for x of shape (..., n).

    z_0 = beta_0 * (W x + b_0)                                                       (38)
    z_l = beta_l * (W x + b_l) + alpha_{l-1} * sigma_{l-1}(z_{l-1}),  l = 1 .. L-1   (39)
    f(x) = W^T [alpha_{L-1} * sigma_{L-1}(z_{L-1})] + a                              (40)

    W has shape (m, n); b, alpha and beta (L, m, 1), one column a layer; a (n, 1).
    """
    u = W @ checks.columns(x, W)
    b_, alpha_, beta_ = b.unbind(), alpha.unbind(), beta.unbind()
    z = beta_[0] * (u + b_[0])
    for l in range(1, len(sigmas)):
        z = beta_[l] * (u + b_[l]) + alpha_[l - 1] * sigmas[l - 1](z)
    return checks.rows(W.mT @ (alpha_[-1] * sigmas[-1](z)) + a, x)


class GradNetC(nn.Module):
    """A cascaded gradient network of L hidden layers.

    f as in (38)-(40) with free alpha and beta; Theorem 11.

    Args:
        dim: n, the dimension of x and of f(x).
        width: m, the number of neurons of each layer.
        depth: L, the number of hidden layers.
        activation: elementwise, by name or as a function of the width; each layer has its own.

    Input (..., n), output the same shape; float32 or float64. With dim 2, width 7, depth 4 and
    tanh there are 100 parameters, as in Table 2. Initial values are the authors'.

    Raises:
        ValueError: a size below 1, an activation that is not elementwise, an input whose last
            dimension is not n.
        TypeError: an input of another dtype than the weights.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 6.1.

    >>> net = GradNetC(dim=2, width=7, depth=4)
    >>> sum(p.numel() for p in net.parameters())
    100
    >>> GradNetC(2, 7, 4, activation="softmax")
    Traceback (most recent call last):
        ...
    ValueError: activation: expected an elementwise activation (Theorem 11), one of tanh, sigmoid, \
softplus, wtanh or a function of the width, got 'softmax'
    """

    def __init__(self, dim: int, width: int, depth: int, activation: Activation = "tanh") -> None:
        super().__init__()
        self.dim = checks.size("dim", dim)
        self.width = checks.size("width", width)
        self.depth = checks.size("depth", depth)
        self.W = uniform(width, dim, fan_in=dim)
        self.b = layer_biases(dim, width, depth)
        self.a = uniform(dim, 1, fan_in=width)
        self.alpha = nn.Parameter(torch.rand(depth, width, 1) - 0.5)
        self.beta = nn.Parameter(torch.rand(depth, width, 1) - 0.5)
        self.sigmas = layer_activations(activation, width, depth, monotone=False)

    def forward(self, x: Tensor) -> Tensor:
        return cascade(x, self.W, self.b, self.a, self.alpha, self.beta, self.sigmas)


class mGradNetC(nn.Module):
    """A monotone cascaded gradient network of L hidden layers.

    f as in (38)-(40) with alpha = softplus(raw_alpha) and beta = softplus(raw_beta), both
    positive, and every sigma_l nondecreasing; Corollary 11.1.

    Args:
        dim: n, the dimension of x and of f(x).
        width: m, the number of neurons of each layer.
        depth: L, the number of hidden layers.
        activation: elementwise and nondecreasing, by name or as a function of the width.

    Input (..., n), output the same shape; float32 or float64. With dim 2, width 7, depth 4 and
    tanh there are 100 parameters, as in Table 1. Initial values are the authors'.

    Raises:
        ValueError: a size below 1, an activation that is not elementwise, an input whose last
            dimension is not n.
        TypeError: an input of another dtype than the weights.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 6.1.

    >>> net = mGradNetC(dim=2, width=7, depth=4)
    >>> sum(p.numel() for p in net.parameters())
    100
    """

    def __init__(self, dim: int, width: int, depth: int, activation: Activation = "tanh") -> None:
        super().__init__()
        self.dim = checks.size("dim", dim)
        self.width = checks.size("width", width)
        self.depth = checks.size("depth", depth)
        self.W = uniform(width, dim, fan_in=dim)
        self.b = layer_biases(dim, width, depth)
        self.a = uniform(dim, 1, fan_in=width)
        self.raw_alpha = nn.Parameter(torch.rand(depth, width, 1))
        self.raw_beta = nn.Parameter(torch.rand(depth, width, 1))
        self.sigmas = layer_activations(activation, width, depth, monotone=True)

    def forward(self, x: Tensor) -> Tensor:
        alpha, beta = softplus(self.raw_alpha), softplus(self.raw_beta)
        return cascade(x, self.W, self.b, self.a, alpha, beta, self.sigmas)


def layer_biases(dim: int, width: int, depth: int) -> nn.Parameter:
    """Return b_0 .. b_{L-1}, shape (L, m, 1); b_0 is scaled by the input's dimension."""
    first = uniform(1, width, 1, fan_in=dim)
    rest = uniform(depth - 1, width, 1, fan_in=width)
    return nn.Parameter(torch.cat([first.detach(), rest.detach()]))


def layer_activations(
    activation: Activation, width: int, depth: int, *, monotone: bool
) -> nn.ModuleList:
    """Return sigma_0 .. sigma_{L-1}, each with weights of its own."""
    return nn.ModuleList(
        activations.build(activation, width, monotone=monotone, group=False) for _ in range(depth)
    )
