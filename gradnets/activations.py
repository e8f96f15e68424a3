"""Activations sigma and their potentials s, grad s = sigma, on columns.

Every activation acts on z of shape (..., width, N): the N samples stand as columns. ``potential``
returns s(z) of shape (..., 1, N). Elementwise activations have a diagonal Jacobian; group
activations, such as softmax, a full symmetric one.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

Activation = str | Callable[[int], nn.Module]


def log_cosh(z: Tensor) -> Tensor:
    """Return log cosh z = z - logsigmoid(2 z) + logsigmoid(0), elementwise, without overflow.

    With softplus, which torch rounds to z above 20, the derivative would miss tanh z by 2e-9; with
    math.log(2), the double nearest to log 2, the value at 0 would not be 0 but 2e-17.

    >>> log_cosh(torch.tensor([0.0, 1000.0])).round(decimals=3)
    tensor([  0.0000, 999.3070])
    """
    return z - logsigmoid(2 * z) + logsigmoid(z.new_zeros(()))


class Tanh(nn.Module):
    """Elementwise tanh, the gradient of s(z) = sum_i log cosh z_i, which is convex and >= 0.

    >>> Tanh()(torch.zeros(3, 1)).flatten()
    tensor([0., 0., 0.])
    """

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(z)

    def potential(self, z: Tensor) -> Tensor:
        return log_cosh(z).sum(-2, keepdim=True)


class Sigmoid(nn.Module):
    """Elementwise sigmoid, the gradient of s(z) = sum_i log(1 + exp z_i), convex and > 0.

    >>> Sigmoid()(torch.zeros(2, 1)).flatten()
    tensor([0.5000, 0.5000])
    """

    def forward(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z)

    def potential(self, z: Tensor) -> Tensor:
        return -logsigmoid(-z).sum(-2, keepdim=True)


class Softplus(nn.Module):
    """Elementwise softplus log(1 + exp z_i); its potential is a dilogarithm and is not offered.

    >>> round(Softplus()(torch.zeros(1, 1)).item(), 4)
    0.6931
    """

    def forward(self, z: Tensor) -> Tensor:
        return softplus(z)


class Softmax(nn.Module):
    """Group activation softmax(z), the gradient of s(z) = log sum_i exp z_i, eq. (17) at t = 1.

    >>> Softmax()(torch.zeros(4, 1)).flatten()
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """

    def forward(self, z: Tensor) -> Tensor:
        return torch.softmax(z, -2)

    def potential(self, z: Tensor) -> Tensor:
        return torch.logsumexp(z, -2, keepdim=True)


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
        ValueError: an unknown name, a group activation where only elementwise ones will do, or a
            class, which would take the width for its first argument.

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
    if callable(activation) and not isinstance(activation, type):
        made = activation(width)
        if not isinstance(made, nn.Module):
            raise ValueError(f"activation: expected a function that makes a module, got {made!r}")
        return made
    elementwise = "" if group else "an elementwise activation (Theorem 11), "
    raise ValueError(
        f"activation: expected {elementwise}one of {', '.join(known)} or a function of the width,"
        f" got {activation!r}"
    )
