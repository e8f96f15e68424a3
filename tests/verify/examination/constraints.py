"""Factors g in W^T (g tanh(W x + b)) that some function of the parameters keeps nonnegative."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine

Gate = Callable[[Tensor, Tensor], Tensor]


class Gated(nn.Module):
    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 3))
        self.b = nn.Parameter(torch.randn(4))
        self.p = nn.Parameter(torch.randn(4))
        self.q = nn.Parameter(torch.randn(4))
        self.gate = gate

    def forward(self, x: Tensor) -> Tensor:
        return (self.gate(self.p, self.q) * torch.tanh(x @ self.W.T + self.b)) @ self.W


NONNEGATIVE: dict[str, Gate] = {
    "softplus": lambda p, q: F.softplus(p),
    "exp": lambda p, q: p.exp(),
    "square": lambda p, q: p**2,
    "abs": lambda p, q: p.abs(),
    "relu": lambda p, q: F.relu(p),
    "sum_of_squares": lambda p, q: p * p + q * q,
    "norm": lambda p, q: p.norm() * torch.ones_like(p),
    "squared_norm": lambda p, q: (p @ p).expand(4),
    "sigmoid": lambda p, q: torch.sigmoid(p),
    "softmax": lambda p, q: torch.softmax(p, 0),
    "cumulative_softplus": lambda p, q: torch.cumsum(F.softplus(p), 0),
    "elu_plus_one": lambda p, q: F.elu(p) + 1,
    "clamp": lambda p, q: p.clamp(min=0.0),
    "clamp_both": lambda p, q: torch.clamp(p, 0, 1),
    "log1p_exp": lambda p, q: torch.log1p(torch.exp(p)),
    "root_of_square_plus": lambda p, q: torch.sqrt(p**2 + 1e-6),
    "saturating_square": lambda p, q: p**2 / (1 + p**2),
    "exp_minus": lambda p, q: torch.exp(-p),
    "one_plus_tanh": lambda p, q: 1 + torch.tanh(p),
    "one_minus_cos": lambda p, q: 1 - torch.cos(p),
    "sin_squared": lambda p, q: torch.sin(p) ** 2,
    "product_of_exps": lambda p, q: p.exp() * q.exp(),
    "squared_difference": lambda p, q: (p - q) ** 2,
    "definite_form": lambda p, q: p * p + p * q + q * q,
    "semidefinite_form": lambda p, q: p * p - 2 * p * q + q * q,
    "quartic": lambda p, q: p**4 - 2 * p**2 + 1,
    "parabola_touching": lambda p, q: p**2 - p + 0.25,
    "parabola_above": lambda p, q: p**2 - p + 0.26,
    "softplus_minus_relu": lambda p, q: F.softplus(p) - F.relu(p),
    "relu_minus_identity": lambda p, q: F.relu(p) - p,
    "abs_minus_identity": lambda p, q: p.abs() - p,
    "exp_minus_tangent": lambda p, q: torch.exp(p) - p - 1,
    "sigmoid_derivative": lambda p, q: torch.sigmoid(p) * (1 - torch.sigmoid(p)),
    "max_minus_min": lambda p, q: torch.maximum(p, q) - torch.minimum(p, q),
    "max_with_zero": lambda p, q: torch.max(p, torch.zeros_like(p)),
    "logaddexp_minus_max": lambda p, q: torch.logaddexp(p, q) - torch.maximum(p, q),
    "softplus_pair": lambda p, q: F.softplus(p) + F.softplus(-p) - 1.38,
    "softplus_over_softplus": lambda p, q: F.softplus(p) / F.softplus(q),
    "softplus_plus_floor": lambda p, q: F.softplus(p) + 1e-3,
    "cosh": lambda p, q: torch.cosh(p),
    "cosh_minus_one": lambda p, q: torch.cosh(p) - 1,
    "square_of_tanh": lambda p, q: torch.tanh(p).square(),
    "sqrt": lambda p, q: torch.sqrt(p),
    "hypot": lambda p, q: torch.hypot(p, q),
    "where": lambda p, q: torch.where(p > 0, p, torch.exp(p)),
    "positive_part_squared": lambda p, q: F.relu(p).pow(2) + F.relu(-p).pow(2),
    "squareplus": lambda p, q: (p + torch.sqrt(p**2 + 4)) / 2,
    "mixture": lambda p, q: torch.sigmoid(p) * F.softplus(q) + (1 - torch.sigmoid(p)) * q.exp(),
}
FREE: dict[str, Gate] = {
    "none": lambda p, q: p,
    "tanh": lambda p, q: torch.tanh(p),
    "softplus_shifted": lambda p, q: F.softplus(p) - 0.1,
    "exp_minus_thousandth": lambda p, q: torch.exp(p) - 1e-3,
    "softplus_difference": lambda p, q: F.softplus(p) - F.softplus(q),
    "leaky_relu": lambda p, q: F.leaky_relu(p),
    "elu": lambda p, q: F.elu(p),
    "silu": lambda p, q: F.silu(p),
    "gelu": lambda p, q: F.gelu(p),
    "cube": lambda p, q: p**3,
    "product": lambda p, q: p * q,
    "indefinite_form": lambda p, q: p * p + 3 * p * q + q * q,
    "parabola_crossing": lambda p, q: p**2 - p + 0.2,
    "quartic_crossing": lambda p, q: p**4 - 2 * p**2 + 0.9,
    "abs_minus_double": lambda p, q: p.abs() - 2 * p,
    "exp_minus_tangent_and_more": lambda p, q: torch.exp(p) - p - 1.05,
    "exp_minus_parabola": lambda p, q: torch.exp(p) - 1 - p - p**2 / 2,
    "sigmoid_centred": lambda p, q: torch.sigmoid(p) - 0.5,
    "log_of_square_plus": lambda p, q: torch.log(p**2 + 0.5),
    "log": lambda p, q: torch.log(p),
    "max": lambda p, q: torch.maximum(p, q),
    "logaddexp": lambda p, q: torch.logaddexp(p, q),
    "softplus_pair_and_more": lambda p, q: F.softplus(p) + F.softplus(-p) - 1.5,
    "minus_softplus": lambda p, q: -F.softplus(p),
    "one_minus_softplus": lambda p, q: 1 - F.softplus(p),
    "cos": lambda p, q: torch.cos(p),
    "clamp_low": lambda p, q: p.clamp(min=-0.01),
    "clamp_high": lambda p, q: p.clamp(max=1.0),
    "reciprocal": lambda p, q: 1 / p,
    "softmax_centred": lambda p, q: torch.softmax(p, 0) - 0.25,
    "quotient": lambda p, q: p.exp() / q,
    "relu_of_minus_minus": lambda p, q: F.relu(p) - F.relu(q),
    "where_wrong_way": lambda p, q: torch.where(p < 0, p, torch.exp(p)),
}


def gated(gate: Gate) -> Callable[[], nn.Module]:
    return lambda: Gated(gate)


for name, gate in NONNEGATIVE.items():
    why = "g >= 0 wherever it is defined"
    examine(gated(gate), symmetric=True, psd=True, why=why, kind="constraints", name=name)
for name, gate in FREE.items():
    examine(
        gated(gate),
        symmetric=True,
        psd=False,
        why="g < 0 at some parameters; symmetric whatever its sign",
        kind="constraints",
        name=name,
        values={"p": -10.0} if name == "exp_minus_thousandth" else None,
    )
