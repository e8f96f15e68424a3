"""Activations sigma and their potentials s, grad s = sigma, on columns.

Every activation acts on z of shape (..., width, N): the N samples stand as columns. ``potential``
returns s(z) of shape (..., 1, N). Elementwise activations have a diagonal Jacobian; group
activations, such as softmax, a full symmetric one. What is known of the Jacobian beside values:

    derivative(z)  d, and of group activations rank_ones(z), pairs (e, p) of shapes (1, 1) and
                   (..., width, N), with J_sigma = diag(d) + sum e p p^T
    slopes()       low, high: low I <= J_sigma <= high I everywhere, each (width, 1) or (1, 1)
    strip(x, y)    elementwise only: bounds of |sigma(z)| and |Im sigma(z)| over the complex z with
                   |Re z| <= x and |Im z| <= y, inf where sigma need not be analytic there
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

Activation = str | Callable[[int], nn.Module]
Pair = tuple[Tensor, Tensor]


def log_cosh(z: Tensor) -> Tensor:
    """Return log cosh z = z - logsigmoid(2 z) + logsigmoid(0), elementwise, without overflow.

    With softplus, which torch rounds to z above 20, the derivative would miss tanh z by 2e-9; with
    math.log(2), the double nearest to log 2, the value at 0 would not be 0 but 2e-17.

    >>> log_cosh(torch.tensor([0.0, 1000.0])).round(decimals=3)
    tensor([  0.0000, 999.3070])
    """
    return z - logsigmoid(2 * z) + logsigmoid(z.new_zeros(()))


def one_minus_square(t: Tensor) -> Tensor:
    """Return 1 - t^2 for t = tanh z, the derivative of tanh at z."""
    return (1 - t) * (1 + t)


def tanh_strip(y: Tensor) -> Pair:
    """Return bounds of |tanh z| and |Im tanh z| where |Im z| <= y: 1 and tan y up to pi / 4.

    |tanh z|^2 = (sinh^2 x + sin^2 y) / (sinh^2 x + cos^2 y) <= 1 for |y| <= pi / 4, and
    Im tanh z = sin y cos y / (sinh^2 x + cos^2 y).

    >>> tanh_strip(torch.tensor([0.0, 3.0]))
    (tensor([1., inf]), tensor([0., inf]))
    """
    analytic = y <= math.pi / 4
    return torch.where(analytic, 1.0, torch.inf), torch.where(analytic, torch.tan(y), torch.inf)


class Tanh(nn.Module):
    """Elementwise tanh, the gradient of s(z) = sum_i log cosh z_i, which is convex and >= 0.

    >>> Tanh()(torch.zeros(3, 1)).flatten()
    tensor([0., 0., 0.])
    """

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(z)

    def potential(self, z: Tensor) -> Tensor:
        return log_cosh(z).sum(-2, keepdim=True)

    def derivative(self, z: Tensor) -> Tensor:
        return one_minus_square(torch.tanh(z))

    def slopes(self) -> Pair:
        return torch.zeros(1, 1), torch.ones(1, 1)

    def strip(self, x: Tensor, y: Tensor) -> Pair:
        return tanh_strip(y)


class Sigmoid(nn.Module):
    """Elementwise sigmoid, the gradient of s(z) = sum_i log(1 + exp z_i), convex and > 0.

    >>> Sigmoid()(torch.zeros(2, 1)).flatten()
    tensor([0.5000, 0.5000])
    """

    def forward(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z)

    def potential(self, z: Tensor) -> Tensor:
        return -logsigmoid(-z).sum(-2, keepdim=True)

    def derivative(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z) * torch.sigmoid(-z)

    def slopes(self) -> Pair:
        return torch.zeros(1, 1), torch.full((1, 1), 0.25)

    def strip(self, x: Tensor, y: Tensor) -> Pair:
        size, imaginary = tanh_strip(y / 2)  # sigmoid z = (1 + tanh(z / 2)) / 2
        return (1 + size) / 2, imaginary / 2


class Softplus(nn.Module):
    """Elementwise softplus log(1 + exp z_i); its potential is a dilogarithm and is not offered.

    >>> round(Softplus()(torch.zeros(1, 1)).item(), 4)
    0.6931
    """

    def forward(self, z: Tensor) -> Tensor:
        return softplus(z)

    def derivative(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z)

    def slopes(self) -> Pair:
        return torch.zeros(1, 1), torch.ones(1, 1)

    def strip(self, x: Tensor, y: Tensor) -> Pair:
        # For |y| <= pi / 2: 0 <= log |1 + e^z| <= softplus(x), and |arg(1 + e^z)| <= |y|.
        analytic = torch.where(y <= math.pi / 2, y, torch.inf)
        return softplus(x) + analytic, analytic


class Softmax(nn.Module):
    """Group activation softmax(z), the gradient of s(z) = log sum_i exp z_i, eq. (17) at t = 1.

    >>> Softmax()(torch.zeros(4, 1)).flatten()
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """

    def forward(self, z: Tensor) -> Tensor:
        return torch.softmax(z, -2)

    def potential(self, z: Tensor) -> Tensor:
        return torch.logsumexp(z, -2, keepdim=True)

    def derivative(self, z: Tensor) -> Tensor:
        return torch.softmax(z, -2)

    def rank_ones(self, z: Tensor) -> list[Pair]:
        return [(z.new_full((1, 1), -1), torch.softmax(z, -2))]

    def slopes(self) -> Pair:
        return torch.zeros(1, 1), torch.full((1, 1), 0.5)


class WTanh(nn.Module):
    """The authors' learned elementwise activation, two weights a neuron.

    Monotone: softplus(a) tanh z + softplus(b) (z - tanh z), nondecreasing for all a, b.
    Otherwise: a tanh z - b (z - tanh z), as in the authors' public code.

    Args:
        width: number of neurons; a and b have shape (width, 1) and start at 1 / width.
        monotone: which of the two forms.

    >>> WTanh(3, monotone=True)(torch.zeros(3, 5)).shape
    torch.Size([3, 5])
    """

    def __init__(self, width: int, monotone: bool = True) -> None:
        super().__init__()
        self.monotone = monotone
        self.a = nn.Parameter(torch.full((width, 1), 1 / width))
        self.b = nn.Parameter(torch.full((width, 1), 1 / width))

    def weights(self) -> tuple[Tensor, Tensor]:
        """Return the factors of tanh z and of z - tanh z."""
        return (softplus(self.a), softplus(self.b)) if self.monotone else (self.a, -self.b)

    def forward(self, z: Tensor) -> Tensor:
        a, b = self.weights()
        return a * torch.tanh(z) + b * (z - torch.tanh(z))

    def potential(self, z: Tensor) -> Tensor:
        a, b = self.weights()
        return (a * log_cosh(z) + b * (z * z / 2 - log_cosh(z))).sum(-2, keepdim=True)

    def derivative(self, z: Tensor) -> Tensor:
        a, b = self.weights()
        return b + (a - b) * one_minus_square(torch.tanh(z))

    def slopes(self) -> Pair:
        a, b = self.weights()
        return torch.minimum(a, b), torch.maximum(a, b)

    def strip(self, x: Tensor, y: Tensor) -> Pair:
        a, b = self.weights()
        size, imaginary = tanh_strip(y)
        bend = (a - b).abs()  # sigma z = (a - b) tanh z + b z
        return bend * size + b.abs() * torch.hypot(x, y), bend * imaginary + b.abs() * y


class WSoftmax(nn.Module):
    """The authors' learned group activation, two weights in all.

    Monotone: softplus(a) softmax(z) - softplus(b) softmax(-z). Otherwise the same with a and b
    as they are. Both weights have shape (1, 1) and start at 0.5.

    >>> WSoftmax()(torch.zeros(4, 1)).flatten().tolist()
    [0.0, 0.0, 0.0, 0.0]
    """

    def __init__(self, monotone: bool = True) -> None:
        super().__init__()
        self.monotone = monotone
        self.a = nn.Parameter(torch.full((1, 1), 0.5))
        self.b = nn.Parameter(torch.full((1, 1), 0.5))

    def weights(self) -> tuple[Tensor, Tensor]:
        """Return the factors of softmax(z) and of -softmax(-z)."""
        return (softplus(self.a), softplus(self.b)) if self.monotone else (self.a, self.b)

    def forward(self, z: Tensor) -> Tensor:
        a, b = self.weights()
        return a * torch.softmax(z, -2) - b * torch.softmax(-z, -2)

    def potential(self, z: Tensor) -> Tensor:
        a, b = self.weights()
        up, down = (torch.logsumexp(v, -2, keepdim=True) for v in (z, -z))
        return a * up + b * down

    def derivative(self, z: Tensor) -> Tensor:
        a, b = self.weights()
        return a * torch.softmax(z, -2) + b * torch.softmax(-z, -2)

    def rank_ones(self, z: Tensor) -> list[Pair]:
        a, b = self.weights()
        return [(-a, torch.softmax(z, -2)), (-b, torch.softmax(-z, -2))]

    def slopes(self) -> Pair:
        a, b = self.weights()
        return (a.clamp(max=0) + b.clamp(max=0)) / 2, (a.clamp(min=0) + b.clamp(min=0)) / 2


def potential(sigma: Any, z: Tensor) -> Tensor:
    """Return s(z), grad s = sigma, shape (..., 1, N), or raise ValueError if sigma has none."""
    if not hasattr(sigma, "potential"):
        raise ValueError(f"potential: expected an activation that has one, got {sigma!r}")
    return sigma.potential(z)


ELEMENTWISE: dict[str, Callable[[int, bool], nn.Module]] = {
    "tanh": lambda width, monotone: Tanh(),
    "sigmoid": lambda width, monotone: Sigmoid(),
    "softplus": lambda width, monotone: Softplus(),
    "wtanh": lambda width, monotone: WTanh(width, monotone),
}
GROUP: dict[str, Callable[[int, bool], nn.Module]] = {
    "softmax": lambda width, monotone: Softmax(),
    "wsoftmax": lambda width, monotone: WSoftmax(monotone),
}
POTENTIAL_IS_NONNEGATIVE = frozenset({"tanh", "sigmoid", "wtanh"})


def build(activation: Activation, width: int, *, monotone: bool, group: bool = True) -> nn.Module:
    """Return the activation of that name, or the one that a function of the width makes.

    Args:
        activation: "tanh", "sigmoid", "softplus", "wtanh", "softmax", "wsoftmax", or a function
            width -> module acting on (..., width, N).
        monotone: whether learned activations take their nondecreasing form.
        group: whether group activations are allowed; in a cascade they are not (Theorem 11).

    Raises:
        ValueError: an unknown name, a group activation where only elementwise ones will do, a
            module, or a class, which would take the width for its first argument.

    >>> build("tanh", 7, monotone=True)
    Tanh()
    >>> build("relu6", 7, monotone=True)
    Traceback (most recent call last):
        ...
    ValueError: activation: expected one of tanh, sigmoid, softplus, wtanh, softmax, wsoftmax or \
a function of the width, got 'relu6'
    """
    known = ELEMENTWISE | GROUP if group else ELEMENTWISE
    if isinstance(activation, str) and activation in known:
        return known[activation](width, monotone)
    if callable(activation) and not isinstance(activation, type | nn.Module):
        made = activation(width)
        if not isinstance(made, nn.Module):
            raise ValueError(f"activation: expected a function that makes a module, got {made!r}")
        return made
    elementwise = "" if group else "an elementwise activation (Theorem 11), "
    raise ValueError(
        f"activation: expected {elementwise}one of {', '.join(known)} or a function of the width,"
        f" got {activation!r}"
    )
