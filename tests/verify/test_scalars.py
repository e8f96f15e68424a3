"""Bounds of slopes, norms as Lipschitz constants, gates by convex sums; and near misses."""

import pytest
import torch
from torch import nn
from torch.nn import functional

import verify

from .pool import Map

W = {"W": (4, 3)}


def f(x: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    return torch.tanh(x @ W.T) @ W


def gate(rho: object, s: object, sigma: object) -> nn.Module:
    def gated(x: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
        z = x @ W.T
        return rho(s(z).sum(-1, keepdim=True)) * (sigma(z) @ W)  # type: ignore[operator]

    return Map(gated, W=(4, 3))


def groups(phi: object) -> nn.Module:
    def grouped(x: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
        z = (x @ W.T).view(-1, 2, 2)
        return (phi(z.norm(dim=-1, keepdim=True)) * z).flatten(1) @ W  # type: ignore[operator]

    return Map(grouped, W=(4, 3))


TRUE = {
    "gelu and a line": Map(lambda x, W: (functional.gelu(x @ W.T) + 0.13 * (x @ W.T)) @ W, **W),
    "swish, a slope of any sign": Map(
        lambda x, W, a: ((x @ W.T) * torch.sigmoid(a * (x @ W.T)) + 0.1 * (x @ W.T)) @ W,
        W=(4, 3), a=(4,)),
    "snake": Map(lambda x, W: (x @ W.T + torch.sin(x @ W.T) ** 2) @ W, **W),
    "square and silu": Map(lambda x, W: (functional.silu(x @ W.T) + x @ W.T / 8) @ W, **W),
    "less f over a norm": Map(lambda x, W: x - f(x, W) / W.square().sum(), **W),
    "a norm times x": Map(lambda x, W: W.square().sum() * x - f(x, W), **W),
    "a quarter": Map(lambda x, W: 0.25 * W.square().sum() * x - torch.sigmoid(x @ W.T) @ W, **W),
    "descent": Map(lambda x, W: x - (x @ W.T) @ W / (1 + torch.trace(W @ W.T)), **W),
    "power of a sum": gate(lambda s: s**1.5, torch.abs, torch.sign),
    "root of quartics": gate(torch.sqrt, lambda z: z**4, lambda z: z**3),
    "half squares": gate(lambda s: 1 - torch.exp(-s), lambda z: z * torch.relu(z) / 2, torch.relu),
    "units": groups(lambda r: 1 / r.clamp_min(1e-8)),
    "shrunk": groups(lambda r: torch.relu(1 - 0.3 / r.clamp_min(1e-8))),
}  # fmt: skip
FALSE = {
    "gelu and less": Map(lambda x, W: (functional.gelu(x @ W.T) + 0.128 * (x @ W.T)) @ W, **W),
    "silu and less": Map(lambda x, W: (functional.silu(x @ W.T) + 0.0998 * (x @ W.T)) @ W, **W),
    "snake and more": Map(
        lambda x, W: (x @ W.T + (1 + 1e-9) * torch.sin(x @ W.T) ** 2) @ W, **W),
    "over less than a norm": Map(
        lambda x, W: x - (1 + 1e-9) * f(x, W) / W.square().sum(), **W),
    "a gate of two sums": Map(
        lambda x, p: (p + torch.sigmoid(p) * p / 2**20).sum() * p.sum() * x, p=(3,)),
    "a row's norm": Map(lambda x, W: W[0].square().sum() * x - f(x, W), **W),
    "less than a quarter": Map(
        lambda x, W: 0.249999 * W.square().sum() * x - torch.sigmoid(x @ W.T) @ W, **W),
    "another's norm": Map(
        lambda x, W, V: V.square().sum() * x - f(x, W), W=(4, 3), V=(4, 3)),
    "a sum that may be negative": gate(lambda s: s**2, lambda z: z, torch.ones_like),
    "falling power": gate(lambda s: 1 / (1 + s) ** 2, lambda z: z**4, lambda z: z**3),
    "products of either sign": gate(
        lambda s: 1 - torch.exp(-s), lambda z: z * torch.relu(-z) / 2, lambda z: -torch.relu(-z)),
    "falling radius": groups(lambda r: 1 / r.clamp_min(1e-8) ** 2),
    "exchanged": Map(
        lambda x, W: ((x @ W.T).view(-1, 2, 2)
                      / (x @ W.T).view(-1, 2, 2).flip(1).norm(dim=-1, keepdim=True).clamp_min(1)
                      ).flatten(1) @ W, **W),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_what_is_true_is_proved(name: str) -> None:
    verify.assert_proved(TRUE[name], "psd", dim=3)


@pytest.mark.parametrize("name", FALSE)
def test_near_misses_are_not_proved(name: str) -> None:
    assert verify.decide(FALSE[name], "psd", dim=3).status != "proved"
