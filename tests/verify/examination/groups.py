"""Group activations sigma, whose outputs see every neuron, in W^T sigma(W x + b)."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine, examined

Group = Callable[[Tensor], Tensor]


class Layer(nn.Module):
    def __init__(self, sigma: Group, dim: int = 3, width: int = 4) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(width, dim))
        self.b = nn.Parameter(torch.randn(width))
        self.sigma = sigma

    def forward(self, x: Tensor) -> Tensor:
        return self.sigma(x @ self.W.T + self.b) @ self.W


def lse(z: Tensor) -> Tensor:
    return torch.logsumexp(z, -1, keepdim=True)


def radius(z: Tensor) -> Tensor:
    return z.norm(dim=-1, keepdim=True)


def sparsemax(z: Tensor) -> Tensor:
    ordered, _ = torch.sort(z, dim=-1, descending=True)
    total = ordered.cumsum(-1) - 1
    k = torch.arange(1, z.shape[-1] + 1, dtype=z.dtype)
    support = (k * ordered > total).sum(-1, keepdim=True)
    return F.relu(z - total.gather(-1, support - 1) / support)


def quiet_softmax(z: Tensor) -> Tensor:
    return z.exp() / (1 + z.exp().sum(-1, keepdim=True))


def shifted(z: Tensor) -> Tensor:
    e = torch.exp(z - z.max(dim=-1, keepdim=True).values)
    return e / e.sum(dim=-1, keepdim=True)


def expected(z: Tensor) -> Tensor:
    p = torch.softmax(z, -1)
    return p * (1 + z - (p * z).sum(-1, keepdim=True))


MONOTONE: dict[str, Group] = {
    "softmax": lambda z: torch.softmax(z, -1),
    "softmax_module": nn.Softmax(dim=1),
    "softmax_dim_1": lambda z: F.softmax(z, dim=1),
    "softmax_by_exp": lambda z: z.exp() / z.exp().sum(-1, keepdim=True),
    "softmax_by_logsumexp": lambda z: torch.exp(z - lse(z)),
    "softmax_by_log_softmax": lambda z: F.log_softmax(z, -1).exp(),
    "softmax_by_max": shifted,
    # Below the eps of normalize it is a multiple of exp z, and the two fit together.
    "softmax_by_normalize": lambda z: F.normalize(z.exp(), p=1.0, dim=-1),
    "softmax_two": lambda z: torch.softmax(z, -1) + torch.softmax(2 * z, -1),
    "softmax_shift_by_mean": lambda z: torch.softmax(z - z.mean(-1, keepdim=True), -1),
    "softmax_quiet": quiet_softmax,
    "softmax_minus_softmin": lambda z: torch.softmax(z, -1) - torch.softmax(-z, -1),
    "minus_softmin": lambda z: -nn.Softmin(dim=-1)(z),
    "softmax_of_minus": lambda z: 1 - torch.softmax(-z, -1),
    "softplus_of_lse_gate": lambda z: F.softplus(lse(z)) * torch.softmax(z, -1),
    "relu_of_lse_gate": lambda z: F.relu(lse(z)) * torch.softmax(z, -1),
    "exp_of_lse_gate": lambda z: torch.exp(2 * lse(z)) * torch.softmax(z, -1),
    "sigmoid_of_lse_gate": lambda z: torch.sigmoid(lse(z)) * torch.softmax(z, -1),
    "identity_plus_softmax": lambda z: z + torch.softmax(z, -1),
    "identity_minus_softmax": lambda z: z - torch.softmax(z, -1),
    "sparsemax": sparsemax,
    "hard_max": lambda z: F.one_hot(z.argmax(-1), 4).to(z.dtype),
    "normalize": lambda z: F.normalize(z, dim=-1),
    "normalize_eps": lambda z: F.normalize(z, dim=1, eps=0.1),
    "ball": lambda z: z / (1 + radius(z)),
    "ball_smooth": lambda z: z / torch.sqrt(1 + (z**2).sum(-1, keepdim=True)),
    "ball_projection": lambda z: z / radius(z).clamp(min=1.0),
    "norm_times": lambda z: radius(z) * z,
    "squared_norm_times": lambda z: z * z.pow(2).sum(-1, keepdim=True),
    "exp_squared_norm_times": lambda z: z * torch.exp(0.1 * z.pow(2).sum(-1, keepdim=True)),
    "layer_norm": lambda z: F.layer_norm(z, (4,)),
    "layer_norm_module": nn.LayerNorm(4, elementwise_affine=False),
    "rms_norm": lambda z: F.rms_norm(z, (4,), eps=1e-3),
    "rms_norm_by_hand": lambda z: z * torch.rsqrt(z.pow(2).mean(-1, keepdim=True) + 1e-6),
    "centred": lambda z: z - z.mean(-1, keepdim=True),
    "standardized_by_hand": lambda z: (
        (z - z.mean(-1, keepdim=True)) / torch.sqrt(z.var(-1, keepdim=True, unbiased=False) + 1e-5)
    ),
    "group_norm": nn.GroupNorm(2, 4, affine=False),
    "mean_of_tanh_of_sum": lambda z: torch.tanh(z.sum(-1, keepdim=True)).expand_as(z),
    "pairs": lambda z: torch.tanh(z - z.flip(-1)),
}
SYMMETRIC: dict[str, Group] = {
    "softmin": nn.Softmin(dim=-1),
    "softmax_minus_half": lambda z: torch.softmax(z, -1) - 0.5 * torch.softmax(2 * z, -1),
    "lse_gate": lambda z: lse(z) * torch.softmax(z, -1),
    "squared_lse_gate": lambda z: lse(z) ** 2 * torch.softmax(z, -1),
    "sine_of_lse_gate": lambda z: torch.sin(lse(z)) * torch.softmax(z, -1),
    "minus_exp_of_lse_gate": lambda z: -torch.exp(lse(z)) * torch.softmax(z, -1),
    "decreasing_gate": lambda z: torch.exp(-2 * lse(z)) * torch.softmax(z, -1),
    "gradient_of_mean_energy": expected,
    "identity_minus_3_softmax": lambda z: z - 3 * torch.softmax(z, -1),
    "bump": lambda z: z / (1 + z.pow(2).sum(-1, keepdim=True)),
    "gauss_times": lambda z: z * torch.exp(-z.pow(2).sum(-1, keepdim=True)),
    "one_minus_norm": lambda z: (1 - radius(z)) * z,
    "sine_of_norm": lambda z: torch.sin(radius(z)) * z,
    "minus_layer_norm": lambda z: -F.layer_norm(z, (4,)),
    "minus_twice_mean": lambda z: z - 2 * z.mean(-1, keepdim=True),
    "flip": lambda z: z.flip(-1),
    "all_products": lambda z: torch.stack(
        [z[:, 1] * z[:, 2], z[:, 0] * z[:, 2], z[:, 0] * z[:, 1], z[:, 3]], -1
    ),
    "tanh_of_pair_sums_minus": lambda z: -torch.tanh(z + z.flip(-1)),
}
ASYMMETRIC: dict[str, Group] = {
    "softmax_times_z": lambda z: torch.softmax(z, -1) * z,
    "softmax_squared": lambda z: torch.softmax(z, -1) ** 2,
    "log_softmax": lambda z: F.log_softmax(z, -1),
    "softmax_tempered_per_neuron": lambda z: torch.softmax(z * torch.tensor([1, 2, 3, 4]), -1),
    "tanh_of_softmax": lambda z: torch.tanh(torch.softmax(z, -1)),
    "softmax_of_tanh": lambda z: torch.softmax(torch.tanh(z), -1),
    "softmax_rolled": lambda z: torch.softmax(z, -1).roll(1, -1),
    "softmax_without_first": lambda z: z.exp() / z[:, 1:].exp().sum(-1, keepdim=True),
    "sum_of_squares_gate": lambda z: z.pow(2).sum(-1, keepdim=True) * torch.tanh(z),
    "mean_times_z": lambda z: z.mean(-1, keepdim=True) * z,
    "norm_1": lambda z: F.normalize(z, p=1.0, dim=-1),
    "max_norm": lambda z: z / z.abs().amax(-1, keepdim=True).clamp(min=0.1),
    "layer_norm_of_tanh": lambda z: F.layer_norm(torch.tanh(z), (4,)),
    "unbiased_but_uncentred": lambda z: z / torch.sqrt(z.var(-1, keepdim=True) + 1e-3),
    "sorted": lambda z: z.sort(-1).values,
    "cumulative": lambda z: torch.cumsum(torch.tanh(z), -1),
    "local_response_norm": lambda z: F.local_response_norm(z[:, :, None], 3, alpha=1.0).squeeze(-1),
    "glu": lambda z: F.glu(torch.cat([z, z.flip(-1)], -1)),
    "attention": lambda z: (
        torch.softmax(z[:, :, None] * z[:, None, :], -1) @ z[:, :, None]
    ).squeeze(-1),
}


def layer(sigma: Group) -> Callable[[], nn.Module]:
    return lambda: Layer(sigma)


for table, symmetric, psd, why in (
    (MONOTONE, True, True, "the gradient of a convex function of z, between W^T and W"),
    (SYMMETRIC, True, False, "a gradient of a function of z that is not convex"),
    (ASYMMETRIC, False, False, "no gradient of a function of z"),
):
    for name, sigma in table.items():
        examine(layer(sigma), symmetric=symmetric, psd=psd, why=why, kind="groups", name=name)


class Tempered(Layer):
    def __init__(self) -> None:
        super().__init__(nn.Softmax(dim=-1))
        self.t = nn.Parameter(torch.randn(1))
        self.d = nn.Parameter(torch.randn(4))


@examined(symmetric=True, psd=True, why="the temperature is positive")
class PositiveTemperature(Tempered):
    def forward(self, x: Tensor) -> Tensor:
        z = F.softplus(self.t) * (x @ self.W.T + self.b)
        return torch.softmax(z, -1) @ self.W


@examined(symmetric=True, psd=True, why="divided by a positive temperature")
class DividedByTemperature(Tempered):
    def forward(self, x: Tensor) -> Tensor:
        return F.softmax(F.linear(x, self.W, self.b) / self.t.exp(), dim=-1) @ self.W


@examined(symmetric=True, psd=False, why="a free temperature may be negative")
class FreeTemperature(Tempered):
    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(self.t * (x @ self.W.T + self.b), -1) @ self.W


@examined(symmetric=False, psd=False, why="a temperature for each neuron, inside only")
class DiagonalTemperature(Tempered):
    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(self.d * (x @ self.W.T), -1) @ self.W


@examined(symmetric=True, psd=True, why="a temperature for each neuron, on both sides")
class DiagonalTemperatureTied(Tempered):
    def forward(self, x: Tensor) -> Tensor:
        return (self.d * torch.softmax(self.d * (x @ self.W.T), -1)) @ self.W


@examined(symmetric=True, psd=False, why="no positive constant keeps lse above 0")
class WeightedLse(Tempered):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T + self.b
        return ((F.softplus(self.t) + lse(z)) * torch.softmax(z, -1)) @ self.W


@examined(symmetric=True, psd=True, why="c + sum exp with c > 0 in the denominator")
class OpenSoftmax(Tempered):
    def forward(self, x: Tensor) -> Tensor:
        e = torch.exp(x @ self.W.T + self.b)
        return (e / (self.t.exp() + e.sum(-1, keepdim=True))) @ self.W


@examined(symmetric=True, psd=True, why="softmax with weights: the prior is a bias")
class PriorSoftmax(Tempered):
    def forward(self, x: Tensor) -> Tensor:
        e = self.d.exp() * torch.exp(x @ self.W.T)
        return (e / e.sum(-1, keepdim=True)) @ self.W


@examined(symmetric=False, psd=False, why="a weight in the numerator that the sum does not have")
class PriorOutside(Tempered):
    def forward(self, x: Tensor) -> Tensor:
        e = torch.exp(x @ self.W.T)
        return (self.d.exp() * e / e.sum(-1, keepdim=True)) @ self.W
