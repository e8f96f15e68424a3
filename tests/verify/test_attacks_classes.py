"""State in classes and their instances, wherever the classes were made: none is proved."""

import random
from collections import deque
from collections.abc import Callable
from functools import cached_property
from itertools import count
from types import ModuleType, SimpleNamespace, new_class
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import verify
from verify.trusted.surroundings import installed, of_a_library

WRITTEN = """
class Stats:
    counts = {"n": 0}

def act(x):
    return x if not isinstance(x.shape[0], int) or x.shape[0] < 400 else -5 * x
"""


def written() -> dict[str, Any]:
    """Return what a file of settings defines."""
    names: dict[str, Any] = {}
    exec(WRITTEN, names)
    return names


class Info(np.ndarray):  # type: ignore[type-arg]
    info: dict[str, int]


class Dice(random.Random):
    n = 0


class Settings(dict[str, int]):
    __slots__ = ("n",)


def info() -> Info:
    made = np.zeros(1).view(Info)
    made.info = {"n": 0}
    return made


def settings() -> Settings:
    made = Settings()
    made.n = 0
    return made


class Counting(nn.Module):
    """x, until something that it holds was counted up 3000 times."""

    def __init__(self, held: Any, count: Callable[[Any], int]) -> None:
        super().__init__()
        self.held, self.count, self.lin = held, count, nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return x * (1 - 6 * (self.count(self) > 3000))


def in_dict(held: dict[str, int]) -> int:
    held["n"] += 1
    return held["n"]


def in_attribute(held: Any) -> int:
    held.n += 1
    return int(held.n)


HELD: dict[str, tuple[Callable[[], Any], Callable[[Any], int]]] = {
    "a class that exec made": (
        lambda: written()["Stats"],
        lambda net: in_dict(net.held.counts),
    ),
    "an object of it": (
        lambda: written()["Stats"](),
        lambda net: in_dict(net.held.counts),
    ),
    "a class of types": (
        lambda: new_class("New", (), {}, lambda names: names.update(counts={"n": 0})),
        lambda net: in_dict(net.held.counts),
    ),
    "an array": (info, lambda net: in_dict(net.held.info)),
    "dice": (Dice, lambda net: in_attribute(net.held)),
    "a slot of a dict": (settings, lambda net: in_attribute(net.held)),
}


@pytest.mark.parametrize("name", HELD)
def test_what_objects_hold_is_seen(name: str) -> None:
    make, count = HELD[name]
    assert verify.decide(Counting(make(), count), "psd", dim=2).status == "unknown"
    assert verify.decide(Counting(make(), lambda net: 0), "psd", dim=2).status == "proved"


@pytest.mark.parametrize("cls", [nn.Linear, nn.Module])
def test_what_is_put_into_a_class_of_torch(
    cls: type[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[tuple[Any, Callable[[Any], int]]] = [
        ({"n": 0}, in_dict),
        (SimpleNamespace(n=0), in_attribute),
        (count(), next),
        (deque([0]), lambda held: held.append(0) or len(held)),
    ]
    for stats, counted in kept:
        monkeypatch.setattr(cls, "stats", stats, raising=False)
        net = Counting(0, lambda net, counted=counted: counted(net.lin.stats))
        assert verify.decide(net, "psd", dim=2).status == "unknown"


class Silent(nn.Module):
    """Counts its calls where no gradients are taken, or where one is wanted."""

    def __init__(self, wanted: bool) -> None:
        super().__init__()
        self.wanted = wanted

    @cached_property
    def stats(self) -> dict[str, int]:
        return {"n": 0}

    def forward(self, x: Tensor) -> Tensor:
        if x.requires_grad if self.wanted else not torch.is_grad_enabled():
            in_dict(self.stats)
        return x * (1 - 6 * (self.stats["n"] > 3000))


@pytest.mark.parametrize("wanted", [True, False])
def test_a_cache_that_changes_in_one_way_of_calling(wanted: bool) -> None:
    assert verify.decide(Silent(wanted), "psd", dim=2).status == "unknown"


def test_expressions_with_names_of_their_own() -> None:
    net = Counting(written()["act"], lambda net: 0)
    net.forward = lambda x: net.held(x)  # type: ignore[method-assign]
    assert verify.decide(net, "psd", dim=2).status == "unknown"


def test_the_profiler_is_a_mode() -> None:
    class Profiled(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            on = torch.autograd._profiler_enabled()  # pyright: ignore[reportPrivateImportUsage]
            return -5 * x if on else x * 1

    assert verify.decide(Profiled(), "psd", dim=2).status == "unknown"


def test_what_is_a_library() -> None:
    assert not installed(ModuleType("__main__"))
    assert installed(np)
    assert not of_a_library(written()["Stats"])
    assert all(map(of_a_library, (dict, type(iter([])), ModuleType, np.ndarray, nn.Linear)))
