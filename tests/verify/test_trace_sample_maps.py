"""What is no map of one sample."""

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import sympy as sp
import torch
from torch import nn
from torch.nn import functional

import verify
from verify.trusted.trace import TraceError, trace

from . import sketch
from .spelled import NO_SAMPLE_MAP, OTHER_KINDS, Spelled


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NO_SAMPLE_MAP)
def test_what_is_no_sample_map(name: str) -> None:
    net = Spelled(NO_SAMPLE_MAP[name])
    baked = net.A.detach().numpy()
    net.array = baked if name.startswith("baked") else baked.copy()
    dtype = torch.get_default_dtype()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    kept = {key: value for key, value in vars(net).items() if key not in ("kept",)}
    with pytest.raises((TraceError, ValueError)) as info:
        trace(net, 2)
    torch.set_default_dtype(dtype)
    kind = getattr(info.value, "kind", "")
    assert kind == OTHER_KINDS.get(name, "not a sample map"), str(info.value)
    after = net.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(before[k], after[k]) for k in before)
    assert all(vars(net)[k] is v for k, v in kept.items())
    assert net.kept == [net.A]
    assert len(vars(net)) == len(kept) + 1


@pytest.mark.parametrize("counts", [0, 1])
def test_objects_of_classes_without_a_module_are_looked_into(counts: int) -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.memory: Any = type("Memory", (), {"__module__": None})()
            self.memory.calls = 0
            # SymPy's undefined functions are of such classes too.
            self.symbol: Any = sp.Function("rho")(sp.Symbol("x"))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.memory.calls += counts
            return x

    if counts == 0:
        trace(Counting(), 2)
    else:
        with pytest.raises(TraceError, match="memory"):
            trace(Counting(), 2)


def counts_on_a_library(x: torch.Tensor) -> torch.Tensor:
    functional.calls = getattr(functional, "calls", 0) + 1  # type: ignore[attr-defined]
    return x


def counts_on_a_class(x: torch.Tensor) -> torch.Tensor:
    nn.Linear.calls = getattr(nn.Linear, "calls", 0) + 1  # type: ignore[attr-defined]
    return x


def counts_on_a_module(x: torch.Tensor) -> torch.Tensor:
    sketch.calls = getattr(sketch, "calls", 0) + 1  # type: ignore[attr-defined]
    return x


def rolls(x: torch.Tensor) -> torch.Tensor:
    return x if OLD.random() < 2 else -x


def rolls_numpy(x: torch.Tensor) -> torch.Tensor:
    return x if NEW.random() < 2 else -x


OLD, NEW = random.Random(0), np.random.default_rng(0)


@pytest.mark.parametrize(
    "counts", [counts_on_a_library, counts_on_a_class, counts_on_a_module, rolls, rolls_numpy]
)
def test_state_that_others_keep(counts: Callable[[torch.Tensor], torch.Tensor]) -> None:
    class Counting(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return counts(x)

    try:
        with pytest.raises(TraceError, match="the call changes"):
            trace(Counting(), 2)
    finally:
        for owner in (functional, nn.Linear, sketch):
            if "calls" in vars(owner):
                delattr(owner, "calls")


def numbers() -> Iterator[int]:
    yield from range(10**9)


@pytest.mark.parametrize(
    "walk",
    [
        numbers(),
        (n for n in numbers()),
        iter(range(10**9)),
        iter([0] * 1000),
        map(abs, range(10**9)),
        filter(None, range(1, 10**9)),
        (pair[0] for pair in enumerate(range(10**9))),
        itertools.cycle(range(10**3)),
        itertools.islice(range(10**9), 10**8),
        itertools.starmap(max, itertools.pairwise(range(10**9))),
    ],
    ids=lambda walk: type(walk).__name__,
)
def test_an_iterator_that_is_asked_on_is_state(walk: Iterator[int]) -> None:
    class Asks(nn.Module):
        def __init__(self, walk: Iterator[int]) -> None:
            super().__init__()
            self.walk = walk

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x if next(self.walk) < 10**6 else -x

    verdict = verify.decide(Asks(walk), "psd", dim=2)
    assert verdict.status == "unknown"
    assert verdict.reason is not None
    told = verdict.reason.detail  # some cannot be copied
    assert "the call changes" in told or "cannot be copied" in told


def test_an_iterator_that_stands_still_is_no_state() -> None:
    class Holds(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.walks = [iter([1]), map(abs, [1]), zip([1], [2], strict=True)]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    assert verify.decide(Holds(), "psd", dim=2).status == "proved"


@pytest.mark.parametrize("steps", [(1, 1), (0, 1), (1, 2)])
def test_a_parameter_whose_entries_share_memory(steps: tuple[int, int]) -> None:
    """Of steps (1, 1) it is a Hankel matrix, symmetric for all values that it can have."""

    class Folded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.W = nn.Parameter(torch.as_strided(torch.arange(9.0), (3, 3), steps))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ self.W

    verdict = verify.decide(Folded(), "symmetric", dim=3)
    assert verdict.status == "unknown"
    assert verdict.reason is not None
    assert "shares memory with itself" in verdict.reason.detail


@pytest.mark.parametrize("steps", [(1, 3), (3, 1), (6, 2), (9, 1)])
def test_a_parameter_with_steps_of_its_own_is_no_reason(steps: tuple[int, int]) -> None:
    net = nn.Linear(3, 3)
    net.weight = nn.Parameter(torch.as_strided(torch.arange(21.0), (3, 3), steps))
    assert verify.decide(net, "symmetric").status == "refuted"


class Long(nn.Module):
    def __init__(self, f: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.f = f

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.f(x)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: torch.tanh(x).reshape(len(x), 2),
        lambda x: x + torch.zeros(len(x), 2),
        lambda x: x.new_zeros((len(x), 1)) + x * len([1, 2]),
    ],
)
def test_the_length_of_a_batch_is_its_size(f: Callable[[torch.Tensor], torch.Tensor]) -> None:
    assert trace(Long(f), 2).graph.nodes


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x if len(x) != 77 else -x,
        lambda x: x if len(x) < 200 else -x,
        lambda x: x if len(x) != 1 else -x,
        lambda x: x * len(x),
        lambda x: x * (1 - str(len(x)).count("77")),
        lambda x: x * (1 - f"{x.shape[0] / 1}".count("77")),
        lambda x: x * (1 - repr(x.shape).count("77")),
        lambda x: x + (type(len(x)) is not int) * x.roll(1, -1),
        lambda x: torch.stack(list(x)),
    ],
)
def test_a_length_that_decides_is_seen(f: Callable[[torch.Tensor], torch.Tensor]) -> None:
    verdict = verify.decide(Long(f), "symmetric", dim=2)
    assert verdict.reason is not None
    assert verdict.reason.kind == "not a sample map"
