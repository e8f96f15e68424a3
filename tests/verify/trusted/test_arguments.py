"""The module that a trace is asked for: it may say its size, but not what its parts are."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import verify
from verify.trusted.arguments import checked_dim


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.rand(2, 2))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T) @ self.W


class Listing(Tied):
    def named_parameters(self, *args: Any, **kwargs: Any) -> Iterator[tuple[str, nn.Parameter]]:
        yield from ()


class Held(Tied):
    def __init__(self) -> None:
        super().__init__()
        vars(self)["parameters"] = [self.W]


@pytest.mark.parametrize("make", [Listing, Held])
@pytest.mark.parametrize("wrap", [lambda net: net, nn.Sequential])
def test_parts_are_not_taken_from_the_users_code(make: Any, wrap: Any) -> None:
    verdict = verify.decide(wrap(make()), "psd", 2)
    assert verdict.reason is not None
    assert "lists its parts by code of its own" in verdict.reason.detail


class Asked(Tied):
    def __getattr__(self, name: str) -> Any:
        return super().__getattr__(name) if name == "W" else {}[name]


def test_what_a_module_does_not_say_of_its_size() -> None:
    with pytest.raises(ValueError, match="dim: expected an integer of at least 1, got None"):
        checked_dim(Asked(), None)
    assert checked_dim(Asked(), 2) == 2
    assert checked_dim(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 3)), None) == 3
