"""Attention, softmax in many hands, radial maps, norms, sorted groups."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine
from .everyday import convex, gradient_only, no_gradient, no_verdict

Function = Callable[[Tensor], Tensor]


class Pulled(nn.Module):
    def __init__(self, group: Function) -> None:
        super().__init__()
        self.encode = nn.Linear(3, 6)
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        return self.group(self.encode(x)) @ self.encode.weight


def r(z: Tensor) -> Tensor:
    return torch.linalg.norm(z, dim=-1, keepdim=True)


def r2(z: Tensor) -> Tensor:
    return torch.einsum("bi,bi->b", z, z).unsqueeze(1)


def with_rest(z: Tensor) -> Tensor:
    """Softmax against one more logit, which is 0."""
    return torch.softmax(F.pad(z, (1, 0)), -1)[:, 1:]


def by_pairs(z: Tensor) -> Tensor:
    """p_i = 1 / sum_j exp(z_j - z_i)."""
    return 1 / torch.exp(z[:, None, :] - z[:, :, None]).sum(-1)


def two_by_sigmoid(z: Tensor) -> Tensor:
    a, b = z.chunk(2, -1)
    p = torch.sigmoid(a - b)
    return torch.cat([p, 1 - p], -1)


def top_two(z: Tensor) -> Tensor:
    return torch.zeros_like(z).scatter(-1, z.topk(2, dim=-1).indices, 1.0)


def ranks(z: Tensor) -> Tensor:
    return z.argsort(dim=-1, stable=True).argsort(dim=-1).to(z.dtype)


def min_max(z: Tensor) -> Tensor:
    a, b = z[:, 0::2], z[:, 1::2]
    return torch.stack([torch.minimum(a, b), torch.maximum(a, b)], -1).flatten(1)


def capped_simplex(z: Tensor) -> Tensor:
    """The projection on {p >= 0, sum p <= 1} by sorting."""
    u = z.sort(dim=-1, descending=True).values
    t = (u.cumsum(-1) - 1) / torch.arange(1, 7, dtype=z.dtype)
    shift = torch.amax(t, dim=-1, keepdim=True).clamp(min=0)
    return (z - shift).clamp(min=0)


CONVEX: dict[str, Function] = {
    "softmax_two_axes": lambda z: z.view(-1, 2, 3).softmax(2).flatten(1),
    "softmax_columns": lambda z: F.softmax(z.view(-1, 2, 3), dim=1).reshape(-1, 6),
    "softmax_two_dims": nn.Sequential(nn.Unflatten(1, (6, 1, 1)), nn.Softmax2d(), nn.Flatten()),
    "softmax_with_rest": with_rest,
    "softmax_by_pairs": by_pairs,
    "softmax_by_sigmoid": two_by_sigmoid,
    "softmax_exp2": lambda z: torch.exp2(z) / torch.exp2(z).sum(1, keepdim=True),
    "softmax_centred": lambda z: F.softmax(z, -1) - 1 / 6,
    "softmax_of_max_shifted": lambda z: torch.softmax(z - z.amax(1, True), 1),
    "softmax_by_pow": lambda z: math.e**z / (math.e**z).sum(-1, keepdim=True),
    "softmax_by_reciprocal": lambda z: z.exp() * z.exp().sum(-1, keepdim=True).reciprocal(),
    "log_of_softplus_group": lambda z: z.exp() / (1 + z.exp().sum(-1, keepdim=True)).sqrt(),
    "gap": lambda z: F.softmax(z, -1) - F.softmin(z, -1),
    "top_two": top_two,
    "ranks": ranks,
    "capped_simplex": capped_simplex,
    "rms_module": nn.RMSNorm(6, eps=1e-5, elementwise_affine=False),
    "instance_norm": lambda z: F.instance_norm(z.unsqueeze(1)).squeeze(1),
    "instance_norm_of_samples": lambda z: F.instance_norm(z[None])[0],
    "normalize_pairs": lambda z: F.normalize(z.view(-1, 3, 2), dim=-1).view(-1, 6),
    "group_norm_of_three": lambda z: F.group_norm(z, 3),
    "softsign_radius": lambda z: z / (1e-3 + r(z)),
    "r_sigmoid": lambda z: z * r(z).sigmoid(),
    "log1p_square": lambda z: z * torch.log1p(r2(z)),
    "saturating": lambda z: z * -torch.expm1(-r2(z)),
    "clipped_gain": lambda z: r(z).clamp(max=1.0) * z,
    "group_lasso": lambda z: F.relu(1 - 0.5 / r(z).clamp(min=1e-12)) * z,
    "huber_ball": lambda z: torch.where(r(z) <= 2, z, 2 * z / r(z).clamp(min=2)),
    "quartic_gate": lambda z: z**3 * z.pow(4).sum(-1, keepdim=True).sqrt(),
    "sum_to_all": lambda z: F.softplus(z.sum(-1, keepdim=True)).repeat(1, 6),
    "mean_gate_by_conv": lambda z: z + z.mean(dim=1, keepdim=True),
    "max_over_all": lambda z: z + 2 * F.one_hot(z.argmax(-1), 6),
}
GRADIENT: dict[str, Function] = {
    "min_max": min_max,
    "one_plus_cosine": lambda z: z * (1 + torch.cos(r(z))),
    "two_plus_sine": lambda z: z * (2 + torch.sin(r(z))),
    "exp_minus_r": lambda z: z * torch.exp(-r(z)),
    "cauchy": lambda z: 2 * z / (1 + r2(z)),
    "over_squared": lambda z: z / (1 + r(z)) ** 2,
    "centred_twice": lambda z: z - 2 * z.mean(-1, keepdim=True).expand(-1, 6),
    "softmax_hot_less_cold": lambda z: F.softmax(z, 1) - F.softmax(3 * z, 1),
    "residual_rms": lambda z: 0.1 * z - F.rms_norm(z, (6,), eps=1e-2),
    "lower_two": lambda z: torch.zeros_like(z).scatter(-1, (-z).topk(2, -1).indices, 1.0),
    "hard_ball": lambda z: torch.where(r(z) < 1, z, torch.zeros_like(z)),
    "one_less_softplus_of_r": lambda z: z * (1 - F.softplus(r(z))),
}
NEITHER: dict[str, Function] = {
    "max_max": lambda z: torch.maximum(z, z.view(-1, 3, 2).flip(-1).flatten(1)),
    "sort": lambda z: torch.sort(z, dim=1)[0],
    "cummax": lambda z: torch.cummax(z, dim=1).values,
    "softmax_weights_values": lambda z: z.softmax(-1) * F.softplus(z),
    "softmax_power": lambda z: F.normalize(F.softmax(z, -1), dim=-1),
    "softmax_two_temperatures": lambda z: torch.softmax(z * torch.tensor([1.0, 1, 1, 2, 2, 2]), -1),
    "half_softmax": lambda z: torch.cat([z[:, :3], z[:, :3].softmax(-1) * z[:, 3:]], -1),
    "layer_norm_relu": lambda z: F.relu(F.layer_norm(z, (6,))),
    "rms_of_softplus": lambda z: F.rms_norm(F.softplus(z), (6,)),
    "radius_one": lambda z: z / (1 + z.abs().sum(-1, keepdim=True)),
    "radius_of_half": lambda z: z / (1 + r(z[:, :3])),
    "radius_max": lambda z: z / z.abs().amax(-1, keepdim=True).clamp(min=1),
    "radius_weighted": lambda z: z / (1 + (z**2) @ torch.arange(1.0, 7).to(z.dtype)[:, None]),
    "global_gate": lambda z: z * torch.sigmoid(z.mean(-1, keepdim=True)),
    "squeeze_excite": lambda z: F.relu(z) * torch.sigmoid(z.sum(-1, keepdim=True)),
    "cumsum_softmax": lambda z: z.softmax(-1).cumsum(-1),
    "straight_values": lambda z: z.softmax(-1).round() + z.flip(-1).tanh().cumsum(-1),
}


def pulled(group: Function) -> Callable[[], nn.Module]:
    return lambda: Pulled(group)


for table, symmetric, psd, why in (
    (CONVEX, True, True, "the gradient of a convex function of z"),
    (GRADIENT, True, False, "a gradient, not of a convex function"),
    (NEITHER, False, False, "the outputs do not see one another alike"),
):
    for name, group in table.items():
        examine(
            pulled(group), symmetric=symmetric, psd=psd, why=why, kind="everyday_groups", name=name
        )


class Memory(nn.Module):
    """An associative memory: keys, and values that may be the keys."""

    def __init__(self, dim: int = 4, slots: int = 7, head: int = 5) -> None:
        super().__init__()
        self.keys = nn.Parameter(torch.randn(slots, dim))
        self.values = nn.Parameter(torch.randn(slots, dim))
        self.q = nn.Linear(dim, head, bias=False)
        self.log_beta = nn.Parameter(torch.zeros(()))

    def attend(self, x: Tensor, values: Tensor) -> Tensor:
        return F.softmax(x @ self.keys.T / math.sqrt(x.shape[-1]), dim=-1) @ values


@convex("keys are values", dim=4)
class Retrieve(Memory):
    def forward(self, x: Tensor) -> Tensor:
        return self.attend(x, self.keys)


@no_gradient("values of their own", dim=4)
class RetrieveOther(Memory):
    def forward(self, x: Tensor) -> Tensor:
        return self.attend(x, self.values)


@convex("torch's own attention, the keys as values", dim=4)
class RetrieveByTorch(Memory):
    def forward(self, x: Tensor) -> Tensor:
        kv = self.keys[None].to(x.dtype)
        return F.scaled_dot_product_attention(x[None], kv, kv)[0]


@convex("projected queries and projected outputs share q", dim=4)
class ProjectedQuery(Memory):
    def forward(self, x: Tensor) -> Tensor:
        k = self.q(self.keys)
        attention = (self.log_beta.exp() * self.q(x) @ k.T).softmax(-1)
        return attention @ k @ self.q.weight


@no_gradient("projected inside, but not outside", dim=4)
class ProjectedInside(Memory):
    def forward(self, x: Tensor) -> Tensor:
        return (self.q(x) @ self.q(self.values).T).softmax(-1) @ self.keys


@gradient_only("the step of the Hopfield energy: x less what is retrieved", dim=4)
class HopfieldStep(Memory):
    def forward(self, x: Tensor) -> Tensor:
        return x - self.attend(x, self.keys)


@convex("keys of length at most 1 and beta = 1: the retrieved moves no faster than x", dim=4)
class HopfieldStepUnit(Memory):
    def forward(self, x: Tensor) -> Tensor:
        k = F.normalize(self.keys, dim=-1)
        return x - torch.softmax(x @ k.T, -1) @ k


@gradient_only("the same with beta = 3", dim=4,
               values={"keys": [[1, 0, 0, 0], [-1, 0, 0, 0], *([[0, 1, 0, 0]] * 5)]},
               points=((0.1, -9, 0, 0), (-0.1, -9, 0, 0)))  # fmt: skip
class HopfieldStepSharp(Memory):
    def forward(self, x: Tensor) -> Tensor:
        k = F.normalize(self.keys, dim=-1)
        return x - torch.softmax(3 * x @ k.T, -1) @ k


@no_gradient("two tokens attend to one another", dim=4)
class TokensAttend(Memory):
    def forward(self, x: Tensor) -> Tensor:
        t = x.view(-1, 2, 2)
        return (torch.softmax(t @ t.mT, -1) @ t).flatten(1)


@no_verdict("softmax over the samples", dim=4)
class AttendedSamples(Memory):
    def forward(self, x: Tensor) -> Tensor:
        return F.softmax(x @ self.keys.T, dim=0) @ self.keys


@no_verdict("the temperature is the spread of the batch", dim=4)
class BatchTemperature(Memory):
    def forward(self, x: Tensor) -> Tensor:
        return F.softmax(x @ self.keys.T / (1 + x.std()), dim=-1) @ self.keys


@no_verdict("0/0 at the origin", dim=4)
class UnitWithoutEps(Memory):
    def forward(self, x: Tensor) -> Tensor:
        z = self.q(x)
        return (z / z.norm(dim=-1, keepdim=True)) @ self.q.weight


@convex("the temperature may be 0, and then nothing depends on x", dim=4)
class SquaredTemperature(Memory):
    def forward(self, x: Tensor) -> Tensor:
        return F.softmax(self.log_beta**2 * x @ self.keys.T, dim=-1) @ self.keys


@convex("a temperature by relu, which is often 0", dim=4)
class ReluTemperature(Memory):
    def forward(self, x: Tensor) -> Tensor:
        return F.softmax(F.relu(self.log_beta) * x @ self.keys.T, dim=-1) @ self.keys


@convex("a nonnegative gain before the normalisation", dim=4)
class GainBeforeNorm(Memory):
    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(self.log_beta.abs() * self.q(x), (5,)) @ self.q.weight


@gradient_only("a gain of any sign before the normalisation", dim=4)
class FreeGainBeforeNorm(Memory):
    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(self.log_beta * self.q(x), (5,)) @ self.q.weight
