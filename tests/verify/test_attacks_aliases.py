"""What lies in the memory of a parameter changes with it: no verdict takes it for a constant."""

import functools
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import verify


class Gated(nn.Module):
    """Negates where a number, which is kept beside the parameter, is zero."""

    def __init__(self) -> None:
        super().__init__()
        self.g = nn.Parameter(torch.ones(3))
        self.kept: Any = self.keep()

    def keep(self) -> Any:
        return self.g.detach()[0]

    def is_on(self) -> bool:
        return bool(self.kept)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.tanh(x) * self.g**2
        return y if self.is_on() else -x


class ByState(Gated):
    def keep(self) -> Any:
        return self.state_dict()

    def is_on(self) -> bool:
        return self.kept["g"][0].item() != 0


class ByNumPy(Gated):
    def keep(self) -> Any:
        return [self.g.data.numpy()]

    def is_on(self) -> bool:
        return bool(np.all(self.kept[0]))


class OfInitialValues(Gated):
    def keep(self) -> Any:
        w = np.ones(3, dtype=np.float32)
        self.g = nn.Parameter(torch.from_numpy(w))
        return w

    def is_on(self) -> bool:
        return bool(np.all(self.kept != 0))


class ByACache(Gated):
    def keep(self) -> Any:
        self.raw = self.g.data
        return functools.lru_cache(None)(self.count)

    def count(self, above: float) -> int:
        return int((self.raw.abs() > above).sum())

    def is_on(self) -> bool:
        return bool(self.kept(0.0) == 3)


@pytest.mark.parametrize("make", [Gated, ByState, ByNumPy, OfInitialValues, ByACache])
@pytest.mark.parametrize("called", [False, True])
def test_memory_of_a_parameter(make: type[Gated], called: bool) -> None:
    net = make()
    if called:
        net(torch.ones(2, 3))
    for scope in ("all", "current"):
        verdict = verify.decide(net, "psd", 3, scope)
        assert verdict.reason is not None
        assert verdict.reason.kind == "not a sample map"


class Apart(Gated):
    def keep(self) -> Any:
        return [self.g.detach().clone(), self.g.detach().numpy().copy()]

    def is_on(self) -> bool:
        return bool(self.kept[1].all())


def test_a_copy_is_a_constant() -> None:
    assert verify.decide(Apart(), "psd", 3).status == "proved"
