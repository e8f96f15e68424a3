"""rho(s) W^T sigma(W x + b) with a potential s of sigma, and gates that are none."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine, examined

Function = Callable[[Tensor], Tensor]


def log_cosh(z: Tensor) -> Tensor:
    return (z + F.softplus(-2 * z) - torch.log(torch.tensor(2.0, dtype=z.dtype))).sum(
        -1, keepdim=True
    )


def log_cosh_rounded(z: Tensor) -> Tensor:
    return (z + F.softplus(-2 * z) - math.log(2.0)).sum(-1, keepdim=True)


def softplus_sum(z: Tensor) -> Tensor:
    return F.softplus(z).sum(-1, keepdim=True)


def half_square(z: Tensor) -> Tensor:
    return z.pow(2).sum(-1, keepdim=True) / 2


def lse(z: Tensor) -> Tensor:
    return torch.logsumexp(z, -1, keepdim=True)


def relu_square(z: Tensor) -> Tensor:
    return F.relu(z).square().sum(-1, keepdim=True) / 2


def exp_sum(z: Tensor) -> Tensor:
    return z.exp().sum(-1, keepdim=True)


def minus_cos(z: Tensor) -> Tensor:
    return -torch.cos(z).sum(-1, keepdim=True)


def huber(z: Tensor) -> Tensor:
    return F.huber_loss(z, torch.zeros_like(z), reduction="none").sum(-1, keepdim=True)


class Gated(nn.Module):
    def __init__(self, rho: Function, potential: Function, sigma: Function) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 3))
        self.b = nn.Parameter(torch.randn(4))
        self.rho, self.potential, self.sigma = rho, potential, sigma

    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T + self.b
        return self.rho(self.potential(z)) * (self.sigma(z) @ self.W)


def softmax(z: Tensor) -> Tensor:
    return torch.softmax(z, -1)


def same(s: Tensor) -> Tensor:
    return s


# rho, s, sigma; is s the potential of sigma; is rho(s) nonnegative and nondecreasing on its range.
GATES: dict[str, tuple[Function, Function, Function, bool, bool]] = {
    "softplus_log_cosh": (F.softplus, log_cosh, torch.tanh, True, True),
    "identity_log_cosh_rounded": (same, log_cosh_rounded, torch.tanh, True, True),
    "identity_softplus": (same, softplus_sum, torch.sigmoid, True, True),
    "square_softplus": (torch.square, softplus_sum, torch.sigmoid, True, True),
    "exp_lse": (torch.exp, lse, softmax, True, True),
    "softplus_lse": (F.softplus, lse, softmax, True, True),
    "sigmoid_lse": (torch.sigmoid, lse, softmax, True, True),
    "relu_lse": (F.relu, lse, softmax, True, True),
    "step_lse": (lambda s: (s > 0).to(s.dtype), lse, softmax, True, True),
    "gumbel_lse": (lambda s: torch.exp(-torch.exp(-s)), lse, softmax, True, True),
    "one_plus_tanh_lse": (lambda s: 1 + torch.tanh(s), lse, softmax, True, True),
    "ndtr_lse": (torch.special.ndtr, lse, softmax, True, True),
    "identity_half_square": (same, half_square, same, True, True),
    "tanh_half_square": (torch.tanh, half_square, same, True, True),
    "log1p_half_square": (torch.log1p, half_square, same, True, True),
    "sqrt_half_square": (torch.sqrt, half_square, same, True, True),
    "cosh_half_square": (torch.cosh, half_square, same, True, True),
    "saturating_half_square": (lambda s: s / (1 + s), half_square, same, True, True),
    "relu_square": (same, relu_square, F.relu, True, True),
    "exp_relu_square": (lambda s: torch.exp(-1 / (1 + s)), relu_square, F.relu, True, True),
    "identity_huber": (same, huber, F.hardtanh, True, True),
    "exp_sum": (torch.atan, exp_sum, torch.exp, True, True),
    "square_plus_one_half_square": (lambda s: s**2 + 1, half_square, same, True, True),
    "identity_lse": (same, lse, softmax, True, False),
    "minus_softplus_lse": (lambda s: -F.softplus(s), lse, softmax, True, False),
    "decreasing_lse": (lambda s: torch.exp(-2 * s), lse, softmax, True, False),
    "square_lse": (torch.square, lse, softmax, True, False),
    "sin_softplus": (torch.sin, softplus_sum, torch.sigmoid, True, False),
    "reciprocal_half_square": (lambda s: 1 / (1 + s), half_square, same, True, False),
    "one_minus_half_square": (lambda s: 1 - s, half_square, same, True, False),
    "gauss_half_square": (lambda s: torch.exp(-s), half_square, same, True, False),
    "silu_lse": (F.silu, lse, softmax, True, False),
    "softplus_of_concave": (F.softplus, lambda z: -lse(-z) * -1, softmax, False, False),
    "identity_minus_cos": (same, minus_cos, torch.sin, True, False),
    "sigmoid_minus_cos": (torch.sigmoid, minus_cos, torch.sin, True, False),
    "step_down_half_square": (lambda s: (s < 1).to(s.dtype), half_square, same, True, False),
    "floor_log_cosh": (torch.floor, log_cosh, torch.tanh, True, True),
    "other_potential_square": (F.softplus, half_square, torch.tanh, False, False),
    "other_potential_lse": (F.softplus, lse, torch.tanh, False, False),
    "other_potential_sum": (F.softplus, softplus_sum, torch.tanh, False, False),
    "double_argument": (F.softplus, lambda z: lse(2 * z), softmax, False, False),
    "one_neuron": (F.softplus, lambda z: F.softplus(z[:, :1]), torch.sigmoid, False, False),
    "sum_of_sigma": (F.softplus, lambda z: z.sum(-1, keepdim=True), torch.sigmoid, False, False),
    "norm_for_square": (F.softplus, lambda z: z.abs().sum(-1, keepdim=True), same, False, False),
    "floor_of_other": (torch.floor, half_square, torch.tanh, False, False),
}


def gate(rho: Function, potential: Function, sigma: Function) -> Callable[[], nn.Module]:
    return lambda: Gated(rho, potential, sigma)


for name, (rho, potential, sigma, symmetric, psd) in GATES.items():
    whys = {
        (True, True): "s is the convex potential of sigma, rho >= 0 and nondecreasing on its range",
        (True, False): "s is the potential of sigma; rho falls or is negative, or s is not convex",
    }
    examine(
        gate(rho, potential, sigma),
        symmetric=symmetric,
        psd=psd,
        why=whys.get((symmetric, psd), "the gate is no function of the potential"),
        kind="gated",
        name=name,
    )


class TwoLayers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(4, 3))
        self.B = nn.Parameter(torch.randn(5, 3))
        self.beta = nn.Parameter(torch.randn(()))
        self.v = nn.Parameter(torch.randn(3))

    def first(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = x @ self.A.T
        return softplus_sum(z), torch.sigmoid(z) @ self.A

    def second(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = x @ self.B.T
        return lse(z), torch.softmax(z, -1) @ self.B


@examined(symmetric=True, psd=True, why="grad log(e^G + e^H), a soft maximum of convex functions")
class SoftMaximum(TwoLayers):
    def forward(self, x: Tensor) -> Tensor:
        (G, g), (H, h) = self.first(x), self.second(x)
        p = torch.sigmoid(G - H)
        return p * g + (1 - p) * h


@examined(symmetric=True, psd=True, why="the same by softmax over the stacked potentials")
class SoftMaximumStacked(TwoLayers):
    def forward(self, x: Tensor) -> Tensor:
        (G, g), (H, h) = self.first(x), self.second(x)
        p = torch.softmax(torch.cat([G, H], -1), -1)
        return (p[:, :, None] * torch.stack([g, h], 1)).sum(1)


@examined(symmetric=True, psd=True, why="grad max(G, H), G where they are equal")
class Maximum(TwoLayers):
    def forward(self, x: Tensor) -> Tensor:
        (G, g), (H, h) = self.first(x), self.second(x)
        return torch.where(G >= H, g, h)


@examined(symmetric=True, psd=False, why="grad min(G, H)")
class Minimum(TwoLayers):
    def forward(self, x: Tensor) -> Tensor:
        (G, g), (H, h) = self.first(x), self.second(x)
        return torch.where(G >= H, h, g)


@examined(symmetric=True, psd=False, why="grad (G H): a product of convex functions is not convex")
class Product(TwoLayers):
    def forward(self, x: Tensor) -> Tensor:
        (G, g), (H, h) = self.first(x), self.second(x)
        return G * h + H * g


@examined(symmetric=False, psd=False, why="the gate of h is a function of G")
class ProductExchanged(TwoLayers):
    def forward(self, x: Tensor) -> Tensor:
        (G, g), (_, h) = self.first(x), self.second(x)
        return G * g + F.softplus(G) * h


@examined(symmetric=True, psd=True, why="grad sqrt(1 + G^2 + ..) with G >= 0 convex")
class Hypotenuse(TwoLayers):
    def forward(self, x: Tensor) -> Tensor:
        G, g = self.first(x)
        return G / torch.sqrt(1 + G**2) * g


@examined(symmetric=True, psd=True, why="rho(beta + G) with rho = softplus and a free beta")
class ShiftedGate(TwoLayers):
    def forward(self, x: Tensor) -> Tensor:
        H, h = self.second(x)
        return F.softplus(self.beta + H) * h


@examined(symmetric=True, psd=False, why="rho(beta G): falls where beta < 0")
class SlopedGate(TwoLayers):
    def forward(self, x: Tensor) -> Tensor:
        H, h = self.second(x)
        return F.softplus(self.beta * H) * h


@examined(symmetric=True, psd=True, why="e^(G + H) (g + h)")
class ExponentialOfSum(TwoLayers):
    def forward(self, x: Tensor) -> Tensor:
        (G, g), (H, h) = self.first(x), self.second(x)
        return torch.exp(0.1 * (G + H)) * (g + h)


@examined(symmetric=False, psd=False, why="a gate that is a function of something else")
class SigmoidGate(TwoLayers):
    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(x @ self.v)[:, None]
        return gate * (torch.tanh(x @ self.A.T) @ self.A)


@examined(symmetric=False, psd=False, why="a gate outside the activation")
class GatedIdentity(TwoLayers):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(x @ self.v)[:, None] * x


@examined(symmetric=False, psd=False, why="gated linear units are no gradient")
class GatedUnits(TwoLayers):
    def forward(self, x: Tensor) -> Tensor:
        return (torch.sigmoid(x @ self.A.T) * (x @ self.B[:4].T)) @ self.A


@examined(symmetric=True, psd=False, why="a gate inside: u sigmoid(u), neuron by neuron")
class SelfGated(TwoLayers):
    def forward(self, x: Tensor) -> Tensor:
        u = x @ self.A.T
        return (u * torch.sigmoid(u)) @ self.A
