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


class ByStorage(ByACache):
    def keep(self) -> Any:
        self.raw = self.g.untyped_storage()
        return functools.lru_cache(None)(self.count)

    def count(self, above: float) -> int:
        return 3 * any(self.raw.tolist())


class BySparse(ByACache):
    def keep(self) -> Any:
        places = torch.arange(3).expand(2, 3)
        self.raw = torch.sparse_coo_tensor(places, self.g.detach(), (3, 3), check_invariants=True)
        return functools.lru_cache(None)(self.count)

    def count(self, above: float) -> int:
        return 3 * bool(self.raw.to_dense().any())


@pytest.mark.parametrize(
    "make", [ByStorage, BySparse, Gated, ByState, ByNumPy, OfInitialValues, ByACache]
)
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


OF_A_SCRIPT = nn.Linear(3, 3)
STATES = OF_A_SCRIPT.state_dict()


class InAScript(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = OF_A_SCRIPT

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.lin(x)) @ self.lin.weight


def test_what_the_code_does_not_come_to_is_no_matter() -> None:
    assert len(STATES) == 2
    assert verify.decide(InAScript(), "psd", 3).status == "proved"
