"""Attributes that Python caches: each call computes them, and they stay as the user has them."""

import functools
import time
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import verify


class Cached(nn.Module):
    """What is cached is of the parameters, of the mode, or of the clock."""

    def __init__(self, made: Callable[[nn.Module], Any]) -> None:
        super().__init__()
        self.made, self.w = made, nn.Parameter(torch.rand(4, 3) + 1)

    @functools.cached_property
    def gain(self) -> Any:
        return self.made(self)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.w.T) @ self.w * self.gain


@pytest.mark.parametrize(
    ("made", "status"),
    [
        (lambda net: net.w.detach().sum(), "unknown"),
        (lambda net: [torch.rand(1)], "unknown"),
        (lambda net: 1.0 if time.time() // 86400 % 2 else -1.0, "unknown"),
        (lambda net: 2.0 if net.training else -1.0, "unknown"),  # it may be the other mode's
        (lambda net: 2.0 * net.w.ndim, "proved"),
    ],
)
def test_what_a_module_caches_is_left_to_its_user(
    made: Callable[[nn.Module], Any], status: str
) -> None:
    net = Cached(made)
    for claim in ("symmetric", "psd"):
        assert verify.decide(net, claim, 3).status == status
        assert "gain" not in vars(net)


class Replaced(Cached):
    gain: Any = 2.0  # no longer computed


def test_a_setting_in_the_place_of_what_was_cached() -> None:
    assert verify.decide(Replaced(lambda net: torch.rand(1)), "psd", 3).status == "proved"


class Normed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            self.layer = nn.utils.weight_norm(nn.Linear(3, 4, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.layer(x)) @ self.layer.weight


NET = Normed()  # in a file, or a notebook, beside its class


def test_what_torch_s_hooks_set_is_left_as_it_was() -> None:
    for claim in ("symmetric", "psd"):
        assert verify.decide(NET, claim, 3).status == "proved"
        assert NET.layer.weight.requires_grad


def test_what_is_not_computed_anew_yet() -> None:
    net = Normed()
    with torch.no_grad():
        for p in net.parameters():  # a step of training
            p.mul_(2)
    assert verify.decide(net, "psd", 3).status == "proved"
