"""rho(s(z)) W^T sigma(z) and phi(G_1, .., G_K): which s belongs to which sigma."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine
from .everyday import convex, gradient_only, no_gradient

Function = Callable[[Tensor], Tensor]


class Module(nn.Module):
    """One gated module: ``rho(sum of s) * (sigma(z) W)``."""

    def __init__(self, sigma: Function, s: Function, rho: Function) -> None:
        super().__init__()
        self.proj = nn.Linear(3, 4)
        self.sigma, self.s, self.rho = sigma, s, rho

    def forward(self, x: Tensor) -> Tensor:
        z = self.proj(x)
        gate = self.rho(self.s(z).sum(dim=-1, keepdim=True))
        return gate * F.linear(self.sigma(z), self.proj.weight.T)


def half_relu(z: Tensor) -> Tensor:
    return z * F.relu(z) / 2


def normal(z: Tensor) -> Tensor:
    return z * torch.special.ndtr(z) + torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)


def error(z: Tensor) -> Tensor:
    return z * torch.erf(z) + torch.exp(-z.square()) / math.sqrt(math.pi)


def arctan(z: Tensor) -> Tensor:
    return z * z.atan() - 0.5 * torch.log1p(z * z)


def elu(z: Tensor) -> Tensor:
    return torch.where(z > 0, z**2 / 2, torch.expm1(torch.clamp(z, max=0.0)) - z)


def bowl(z: Tensor) -> Tensor:
    return (1 + z.square().sum(-1, keepdim=True)).sqrt()


def zeros_bce(z: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(z, torch.zeros_like(z), reduction="none")


def soft(z: Tensor) -> Tensor:
    return z.logsumexp(-1, keepdim=True)


def peak(z: Tensor) -> Tensor:
    return z.amax(-1, keepdim=True)


def first(z: Tensor) -> Tensor:
    return F.one_hot(z.argmax(-1), 4).to(z.dtype)


def same(s: Tensor) -> Tensor:
    return s


def square(z: Tensor) -> Tensor:
    return z**2 / 2


def shrink(z: Tensor) -> Tensor:
    return F.relu(z.abs() - 0.5).square() / 2


CONVEX: dict[str, tuple[Function, Function, Function]] = {
    "sigmoid_logaddexp": (torch.sigmoid, lambda z: torch.logaddexp(z, torch.zeros_like(z)), same),
    "sigmoid_logsigmoid": (torch.sigmoid, lambda z: -F.logsigmoid(-z), torch.log1p),
    "sigmoid_bce": (torch.sigmoid, zeros_bce, F.silu),
    "sigmoid_z_less_logsigmoid": (torch.sigmoid, lambda z: z - F.logsigmoid(z), F.gelu),
    "tanh_log_cosh": (torch.tanh, lambda z: torch.log(torch.cosh(z)), same),
    "tanh_logaddexp": (torch.tanh, lambda z: torch.logaddexp(z, -z), same),
    "tanh_abs": (torch.tanh, lambda z: z.abs() + torch.log1p(torch.exp(-2 * z.abs())), torch.atan),
    "tanh_softplus": (torch.tanh, lambda z: F.softplus(2 * z) - z, torch.square),
    "relu_half": (F.relu, half_relu, lambda s: 1 - torch.exp(-s)),
    "leaky_relu_half": (F.leaky_relu, lambda z: z * F.leaky_relu(z) / 2, F.mish),
    "atan": (torch.atan, arctan, F.softplus),
    "atan_identity": (torch.atan, arctan, same),
    "softsign": (F.softsign, lambda z: z.abs() - torch.log1p(z.abs()), F.softplus),
    "softsign_identity": (F.softsign, lambda z: z.abs() - torch.log1p(z.abs()), same),
    "exp_exp": (torch.exp, torch.exp, lambda s: s.clamp(0.5, 2.0)),
    "expm1": (torch.expm1, lambda z: torch.exp(z) - z, lambda s: s / (1 + s)),
    "sinh_cosh": (torch.sinh, torch.cosh, torch.log),
    "asinh": (torch.asinh, lambda z: z * torch.asinh(z) - torch.sqrt(1 + z**2), torch.exp),
    "hardtanh_huber": (F.hardtanh, lambda z: F.huber_loss(z, 0 * z, reduction="none"), torch.sqrt),
    "softshrink": (lambda z: F.softshrink(z, 0.5), shrink, F.hardswish),
    "cube_quartic": (lambda z: z**3, lambda z: z**4 / 4, F.relu6),
    "elu": (F.elu, elu, F.softplus),
    "sign_abs": (torch.sign, torch.abs, lambda s: s**1.5),
    "unit_bowl": (lambda z: z / bowl(z), bowl, torch.log),
    "unit_bowl_less_one": (lambda z: z / bowl(z), bowl, lambda s: s - 1),
    "normalize_norm": (F.normalize, lambda z: z.norm(dim=-1, keepdim=True), torch.tanh),
    "one_hot_max": (first, peak, F.softplus),
    "softmax_cold": (
        lambda z: F.softmax(z / 0.1, -1),
        lambda z: 0.1 * soft(z / 0.1),
        torch.sigmoid,
    ),
    "softmax_log_of_sum": (
        lambda z: z.exp() / z.exp().sum(-1, keepdim=True),
        lambda z: z.exp().sum(-1, keepdim=True).log(),
        lambda s: torch.special.ndtr(s) + F.relu(s),
    ),
    "square_any_rising": (same, square, lambda s: torch.exp(-1 / (1 + s))),
}
GRADIENT: dict[str, tuple[Function, Function, Function]] = {
    "elu_gate_of_lse": (lambda z: F.softmax(z, -1), soft, F.elu),
    "gelu_of_max": (first, peak, F.gelu),
    "erfc_of_log_cosh": (torch.tanh, lambda z: z.cosh().log(), torch.erfc),
    "bowl_less_three_halves": (lambda z: z / bowl(z), bowl, lambda s: s - 1.5),
    "inverse_of_bowl": (lambda z: z / bowl(z), bowl, torch.reciprocal),
    "atan_less_one": (torch.atan, arctan, lambda s: s - 1),
    "asinh_identity": (torch.asinh, lambda z: z * torch.asinh(z) - torch.sqrt(1 + z**2), same),
    "cos_sin": (torch.cos, torch.sin, F.softplus),
    "gauss": (lambda z: z * torch.exp(-(z**2)), lambda z: -torch.exp(-(z**2)) / 2, torch.exp),
    "logsigmoid_of_exp": (torch.exp, torch.exp, F.logsigmoid),
    "hardshrink_like": (torch.sigmoid, F.softplus, lambda s: F.hardshrink(s, 4.0) - s),
    "expm1_falling": (torch.expm1, lambda z: torch.exp(z) - z, lambda s: torch.exp(-s)),
}
NEITHER: dict[str, tuple[Function, Function, Function]] = {
    "tanh_softplus_z": (torch.tanh, F.softplus, F.softplus),
    "tanh_half_angle": (torch.tanh, lambda z: torch.log(torch.cosh(2 * z)), F.softplus),
    "sigmoid_of_minus": (torch.sigmoid, lambda z: F.softplus(-z), F.softplus),
    "relu_abs": (F.relu, torch.abs, torch.tanh),
    "atan_forgotten_half": (torch.atan, lambda z: z * z.atan() - torch.log1p(z * z), F.softplus),
    "erf_forgotten_pi": (torch.erf, lambda z: z * torch.erf(z) + torch.exp(-(z**2)), F.softplus),
    "softmax_other_temperature": (lambda z: F.softmax(z / 0.5, -1), soft, torch.sigmoid),
    "softmax_max": (lambda z: F.softmax(z, -1), peak, F.softplus),
    "gelu_half": (F.gelu, lambda z: z * F.gelu(z) / 2, F.softplus),
    "elu_relu": (F.elu, half_relu, F.softplus),
    "mean_and_first": (torch.tanh, lambda z: z[..., :2].cosh().log(), F.softplus),
}


def module(sigma: Function, s: Function, rho: Function) -> Callable[[], nn.Module]:
    return lambda: Module(sigma, s, rho)


for table, symmetric, psd, why in (
    (CONVEX, True, True, "s is the potential, rho nonnegative and rising on its range"),
    (GRADIENT, True, False, "s is the potential, but rho or sigma falls or is negative"),
    (NEITHER, False, False, "s is not the potential of sigma"),
):
    for name, made in table.items():
        examine(
            module(*made), symmetric=symmetric, psd=psd, why=why, kind="everyday_slopes", name=name
        )

# Exact arithmetic on the doubles written: the constants are no square roots of pi and 2 pi.
ROUNDED: dict[str, tuple[Function, Function, Function]] = {
    "erf": (torch.erf, error, F.softplus),
    "erf_identity": (torch.erf, error, same),
    "ndtr": (torch.special.ndtr, normal, lambda s: F.elu(s) + 1),
}
for name, made in ROUNDED.items():
    examine(
        module(*made),
        symmetric=False,
        psd=False,
        why="s would be the potential, were its constant not rounded",
        kind="everyday_slopes",
        name=name,
        unseen="an asymmetry of 1e-17",
        scored=False,
    )


class Blocks(nn.Module):
    """Convex G_1, G_2, G_3 and their gradients, each with its own W."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList([nn.Linear(3, 4) for _ in range(3)])
        self.w, self.c = nn.Parameter(torch.randn(3)), nn.Parameter(torch.zeros(1))

    def values(self, x: Tensor) -> Tensor:
        return torch.stack([F.softplus(part(x)).sum(-1) for part in self.parts], dim=-1)

    def slopes(self, x: Tensor) -> Tensor:
        return torch.stack([part(x).sigmoid() @ part.weight for part in self.parts], dim=1)

    def mixed(self, weights: Tensor, x: Tensor) -> Tensor:
        return torch.einsum("bk,bkn->bn", weights, self.slopes(x))


@convex("phi = logsumexp")
class BlocksLogsumexp(Blocks):
    def forward(self, x: Tensor) -> Tensor:
        return self.mixed(self.values(x).softmax(-1), x)


@convex("phi = softplus of a nonnegative combination")
class BlocksNeuron(Blocks):
    def forward(self, x: Tensor) -> Tensor:
        w = self.w.square()
        return self.mixed(torch.sigmoid(self.values(x) @ w + self.c)[:, None] * w, x)


@gradient_only("phi = softplus of a combination of any signs")
class BlocksNeuronFree(Blocks):
    def forward(self, x: Tensor) -> Tensor:
        return self.mixed(torch.sigmoid(self.values(x) @ self.w + self.c)[:, None] * self.w, x)


@convex("phi = sqrt(1 + |G|^2), rising as G >= 0")
class BlocksRoot(Blocks):
    def forward(self, x: Tensor) -> Tensor:
        G = self.values(x)
        return self.mixed(G / torch.sqrt(1 + (G * G).sum(-1, keepdim=True)), x)


@convex("phi = the maximum")
class BlocksMaximum(Blocks):
    def forward(self, x: Tensor) -> Tensor:
        return self.slopes(x)[torch.arange(len(x)), self.values(x).argmax(-1)]


@gradient_only("phi = the product, which is not convex",
               values={"parts.0.weight": 1.0, "parts.1.weight": -1.0, "parts.2.weight": 0.0,
                       "parts.0.bias": 0.0, "parts.1.bias": 0.0, "parts.2.bias": 0.0},
               points=((0, 0, 0), (1, 0, 0)))  # fmt: skip
class BlocksProduct(Blocks):
    def forward(self, x: Tensor) -> Tensor:
        a, b, c = self.values(x).unbind(-1)
        return self.mixed(torch.stack([b * c, a * c, a * b], -1), x)


@no_gradient("each slope with the gate of its neighbour")
class BlocksExchanged(Blocks):
    def forward(self, x: Tensor) -> Tensor:
        return self.mixed(torch.softmax(self.values(x), -1).roll(1, -1), x)


@no_gradient("a mixture of experts: weights from a layer of their own")
class BlocksRouted(Blocks):
    def __init__(self) -> None:
        super().__init__()
        self.router = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.mixed(F.softmax(self.router(x), dim=-1), x)


@no_gradient("the first potential gates all slopes")
class BlocksFirst(Blocks):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.values(x)[:, :1]) * self.slopes(x).sum(1)


@convex("one gate of the whole sum, with a learned slope and shift")
class BlocksSum(Blocks):
    def forward(self, x: Tensor) -> Tensor:
        s = self.values(x).sum(-1, keepdim=True)
        return F.softplus(F.softplus(self.w[0]) * s + self.c) * self.slopes(x).sum(1)


@convex("rho is itself a monotone nonnegative network")
class BlocksLearnedGate(Blocks):
    def __init__(self) -> None:
        super().__init__()
        self.v = nn.Parameter(torch.randn(8, 3))

    def forward(self, x: Tensor) -> Tensor:
        a, b, c = self.v.unbind(-1)
        s = self.values(x).sum(-1, keepdim=True)
        rho = F.softplus(torch.tanh(s * a.exp() + b) @ (c**2) + self.c)
        return rho[:, None] * self.slopes(x).sum(1)


@gradient_only("rho is any network of one number")
class BlocksAnyGate(Blocks):
    def __init__(self) -> None:
        super().__init__()
        self.rho = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.rho(self.values(x).sum(-1, keepdim=True)) * self.slopes(x).sum(1)
