"""Normalisation layers and dropout between W^T and W, in eval mode and with learned scales."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine, examined


class Between(nn.Module):
    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 4)
        self.inner = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(self.lin(x)) @ self.lin.weight


def trained_statistics(affine: bool) -> nn.Module:
    norm = nn.BatchNorm1d(4, affine=affine)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.copy_(torch.tensor([0.5, -1.0, 0.0, 2.0]))
    norm.running_var.copy_(torch.tensor([0.5, 1.0, 2.0, 4.0]))
    return norm


LAYERS: dict[str, tuple[Callable[[], nn.Module], bool, bool, str]] = {
    "batch_norm_eval": (
        lambda: Between(trained_statistics(False), nn.Tanh()).eval(),
        True,
        True,
        "in eval mode it is a fixed positive scale for each neuron",
    ),
    "batch_norm_alone": (lambda: Between(trained_statistics(False)).eval(), True, True, "fixed"),
    "batch_norm_affine": (
        lambda: Between(trained_statistics(True), nn.Tanh()).eval(),
        True,
        False,
        "a learned scale of any sign for each neuron",
    ),
    "dropout_eval": (
        lambda: Between(nn.Sigmoid(), nn.Dropout(0.3)).eval(), True, True, "the identity in eval"
    ),
    "alpha_dropout_eval": (
        lambda: Between(nn.SELU(), nn.AlphaDropout(0.3)).eval(), True, True, "identity in eval"
    ),
    "rrelu_eval": (lambda: Between(nn.RReLU()).eval(), True, True, "a leaky relu in eval"),
    "layer_norm": (
        lambda: Between(nn.LayerNorm(4, elementwise_affine=False)),
        True,
        True,
        "a gradient of a convex function",
    ),
    "layer_norm_affine": (
        lambda: Between(nn.LayerNorm(4)),
        False,
        False,
        "a learned scale outside only",
    ),
    "layer_norm_then_tanh": (
        lambda: Between(nn.LayerNorm(4, elementwise_affine=False), nn.Tanh()),
        False,
        False,
        "a composition",
    ),
    "rms_norm": (
        lambda: Between(nn.RMSNorm(4, eps=1e-5, elementwise_affine=False)),
        True,
        True,
        "q(|z|) z with r q(r) nondecreasing",
    ),
    "rms_norm_affine": (
        lambda: Between(nn.RMSNorm(4, eps=1e-5)),
        False,
        False,
        "a learned scale outside only",
    ),
    "group_norm": (
        lambda: Between(nn.GroupNorm(2, 4, affine=False)), True, True, "a layer norm a group"
    ),
    "group_norm_affine": (
        lambda: Between(nn.GroupNorm(2, 4)),
        False,
        False,
        "a learned scale outside only",
    ),
    "group_norm_one": (
        lambda: Between(nn.GroupNorm(1, 4, affine=False)), True, True, "a layer norm"
    ),
    "identity_and_flatten": (
        lambda: Between(nn.Identity(), nn.Flatten(), nn.Tanh()), True, True, "nothing but tanh"
    ),
    "prelu": (lambda: Between(nn.PReLU()), True, False, "a learned slope of any sign"),
    "prelu_per_neuron": (lambda: Between(nn.PReLU(4)), True, False, "learned slopes"),
}  # fmt: skip

for name, (build, symmetric, psd, why) in LAYERS.items():
    examine(build, symmetric=symmetric, psd=psd, why=why, kind="normalisation", name=name)


class Scales(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 3))
        self.d = nn.Parameter(torch.randn(4))
        self.e = nn.Parameter(torch.randn(3))


@examined(symmetric=True, psd=True, why="the scale on both sides of layer norm")
class LayerNormTied(Scales):
    def forward(self, x: Tensor) -> Tensor:
        return self.e * F.layer_norm(self.e * x, (3,))


@examined(symmetric=True, psd=False, why="one learned scale for all neurons, of any sign")
class LayerNormOneScale(Scales):
    def forward(self, x: Tensor) -> Tensor:
        return (self.d[0] * F.layer_norm(x @ self.W.T, (4,))) @ self.W


@examined(symmetric=True, psd=True, why="one learned scale for all neurons, made positive")
class LayerNormOnePositiveScale(Scales):
    def forward(self, x: Tensor) -> Tensor:
        return (self.d[0].exp() * F.layer_norm(x @ self.W.T, (4,))) @ self.W


@examined(symmetric=True, psd=True, why="a bias after the norm is a constant")
class LayerNormBias(Scales):
    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, (3,), bias=self.e)


@examined(symmetric=False, psd=False, why="rms over all, applied to the centred")
class MixedNorm(Scales):
    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean(-1, keepdim=True)
        return centred * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-3)


@examined(symmetric=None, psd=None, why="without eps it is undefined at 0")
class NormWithoutEps(Scales):
    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True))


@examined(symmetric=None, psd=None, why="the standard deviation of equal entries is 0")
class StandardizedWithoutEps(Scales):
    def forward(self, x: Tensor) -> Tensor:
        return (x - x.mean(-1, keepdim=True)) / x.std(-1, keepdim=True)


@examined(dim=2, symmetric=True, psd=True, why="eps added to the norm")
class UnitWithEps(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x / (x.norm(dim=-1, keepdim=True) + 1e-8)


@examined(symmetric=True, psd=True, why="unbiased variance, only another constant")
class Unbiased(Scales):
    def forward(self, x: Tensor) -> Tensor:
        z = x - x.mean(-1, keepdim=True)
        return z * torch.rsqrt(x.var(-1, keepdim=True) + 1e-4)
