"""What a module's calls leave behind: of what is no map of one sample none is proved."""

import functools
import itertools
import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import verify

LATE = 3000
Change = Callable[[Any], None]


def ruined(x: Tensor, calls: int) -> Tensor:
    return x * (1 - 6 * (calls > LATE))


class Potential:
    """An energy that counts how often it was asked for."""

    def __init__(self) -> None:
        self.n = 0

    def energy(self, x: Tensor) -> Tensor:
        self.n += 1
        return ruined(x * x / 2, self.n).sum()

    def act(self, x: Tensor) -> Tensor:
        self.n += 1
        return ruined(x, self.n)


def counted(f: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    calls = itertools.count()
    return lambda x: ruined(f(x), next(calls))


@torch.no_grad()
def gain(hist: list[int] = []) -> int:  # noqa: B006, the classic slip
    hist.append(1)
    return 1 - 6 * (len(hist) > LATE)


def schedule() -> Iterator[float]:
    yield from itertools.chain(itertools.repeat(1.0, LATE), itertools.repeat(-5.0))


class Settings(dict[str, Any]):
    def values(self) -> Any:
        return [v for k, v in self.items() if k[0] != "_"]


class Called(nn.Module):
    def __init__(self, function: Callable[[Any, Tensor], Tensor], held: Any = None) -> None:
        super().__init__()
        self.function, self.held = function, held
        self.w = nn.Parameter(torch.ones(3))
        self.mean = nn.Buffer(torch.zeros(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


def tagged(t: Any, x: Tensor) -> Tensor:
    t.uses = getattr(t, "uses", 0) + 1
    return ruined(x, t.uses)


def in_settings(m: Any, x: Tensor) -> Tensor:
    m.held["_n"] += 1
    return ruined(x, m.held["_n"])


def beside(m: Any, x: Tensor) -> Tensor:
    m.held.n = getattr(m.held, "n", 0) + 1
    return ruined(x, m.held.n)


def by_held(m: Any, x: Tensor) -> Tensor:
    return m.held(x)  # type: ignore[no-any-return]


COUNTING: dict[str, Callable[[], Called]] = {
    "a method below vmap": lambda: Called(by_held, torch.func.vmap(Potential().act)),
    "an energy below grad": lambda: Called(
        by_held, torch.func.vmap(torch.func.grad(Potential().energy))
    ),
    "a method without gradients": lambda: Called(by_held, torch.no_grad()(Potential().act)),
    "a closure below no_grad": lambda: Called(by_held, torch.no_grad()(counted(torch.tanh))),
    "a closure below vmap": lambda: Called(by_held, torch.func.vmap(counted(torch.tanh))),
    "a default below no_grad": lambda: Called(lambda m, x: x * gain()),
    "a tag on a parameter": lambda: Called(lambda m, x: tagged(m.w, x)),
    "a tag on a buffer": lambda: Called(lambda m, x: tagged(m.mean, x)),
    "settings that hide it": lambda: Called(in_settings, Settings(_n=0)),
    "an array of objects": lambda: Called(
        lambda m, x: m.held[0].act(x), np.array([Potential()], dtype=object)
    ),
    "beside the entries": lambda: Called(beside, OrderedDict()),
}


@pytest.mark.parametrize("name", COUNTING)
def test_counters(name: str) -> None:
    verdict = verify.decide(COUNTING[name](), "psd", 3)
    assert verdict.reason is not None
    assert verdict.reason.kind == "not a sample map"


SCALES = schedule()


def test_a_generator() -> None:
    verdict = verify.decide(Called(lambda m, x: x * next(SCALES)), "psd", 3)
    assert verdict.reason is not None
    assert verdict.reason.kind == "not a sample map"


class Dropped(nn.Module):
    """Its callbacks are not copied with it."""

    def __init__(self, callbacks: list[Callable[[Tensor], Tensor]]) -> None:
        super().__init__()
        self.callbacks = callbacks

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "callbacks": []}

    def forward(self, x: Tensor) -> Tensor:
        for callback in self.callbacks:
            x = callback(x)
        return x


def test_a_module_that_is_not_like_its_copy() -> None:
    verdict = verify.decide(Dropped([torch.tanh]), "psd", 3)
    assert verdict.reason is not None
    assert "copies of Dropped" in verdict.reason.detail


class Sliced(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scales = nn.ParameterList([torch.ones(3) for _ in range(3)])

    def forward(self, x: Tensor) -> Tensor:
        for scale in self.scales[1:]:
            x = x * scale**2
        return x


@functools.lru_cache(8)
def scale(n: int) -> float:
    return 1 / math.sqrt(n)


@pytest.mark.parametrize("compiled", [False, True])
def test_honest_modules(compiled: bool) -> None:
    if compiled:  # torch then notes which modules are made and freed
        torch.compile(nn.Tanh(), backend="eager")(torch.ones(2, 3))
    tied = nn.Linear(3, 3, bias=False)
    nn.utils.parametrizations.weight_norm(tied)
    honest: list[nn.Module] = [
        Called(lambda m, x: m.held(x) @ m.held.weight, tied),
        Called(lambda m, x: x * scale(x.shape[1])),
        Sliced(),
        Called(by_held, torch.func.vmap(torch.func.grad(lambda x: (x * x).sum()))),
        Called(by_held, torch.no_grad()(torch.tanh)),
        Called(lambda m, x: x * m.held["gain"], {"gain": 2.0}),
    ]
    for net in honest:
        verdict = verify.decide(net, "psd", 3)
        assert verdict.reason is None


def test_code_that_defines_one_name() -> None:
    names: dict[str, Any] = {}
    exec("def fn(x):\n    import os\n    return x * float(os.environ.get('GAIN', '1'))", names)
    verdict = verify.decide(Called(lambda m, x: names["fn"](x)), "psd", 3)
    assert verdict.reason is not None
    assert verdict.reason.kind == "not a sample map"


def test_threads() -> None:
    with ThreadPoolExecutor(3) as pool:
        found = pool.map(lambda _: verify.decide(nn.Tanh(), "psd", 3).status, range(6))
        assert {*found} == {"proved"}
    assert verify.decide(nn.Tanh(), "psd", 3).status == "proved"


class Ticking:
    __slots__ = ("ticks",)

    def tick(self) -> int:
        self.ticks = getattr(self, "ticks", 0) + 1
        return self.ticks


class InASlot(Ticking, nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return ruined(x, self.tick())


class InEntries(nn.Module, dict[str, int]):  # type: ignore[misc]
    __hash__ = nn.Module.__hash__  # type: ignore[assignment]

    def forward(self, x: Tensor) -> Tensor:
        self["n"] = self.get("n", 0) + 1
        return ruined(x, self["n"])


@pytest.mark.parametrize("make", [InASlot, lambda: nn.Sequential(InASlot()), InEntries])
def test_modules_that_keep_more_than_attributes(make: Callable[[], nn.Module]) -> None:
    net = make()
    for claim in ("symmetric", "psd"):
        assert verify.decide(net, claim, 3).status == "unknown"
