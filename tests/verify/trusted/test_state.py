"""State where it is hard to see; and what is large, gone or the system's is told apart at all."""

import functools
import random
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.ma import masked
from torch import Tensor, nn

import verify
from verify.trusted.state import snapshot

from . import counting_kinds as kinds
from .tied import Tied


class Counting(Tied):
    """W^T tanh(W x), until it has been called often."""

    def __init__(self, tick: Callable[[], int]) -> None:
        super().__init__()
        self.tick = tick

    def forward(self, x: Tensor) -> Tensor:
        return self.tanh(x) if self.tick() < kinds.LAST else -self.tanh(x)


def by_package() -> int:
    from .counting_kinds import COUNTS

    COUNTS["n"] += 1
    return COUNTS["n"]


def by_cache() -> int:
    t: Any = table(3)
    t.uses += 1
    return t.uses  # type: ignore[no-any-return]


TICKS: list[Callable[[], int]] = [
    *(by_package, by_cache),
    lambda: kinds.CLOCK.tick(),
    lambda: kinds.ROW.tick(),
    lambda: kinds.PARTIAL.tick(),
    lambda: kinds.PROPERTY.tick(),
    lambda: kinds.Act.tick(),
    lambda: kinds.ON_FUNCTION.tick(),
]


@functools.lru_cache(None)
def table(n: int) -> Tensor:
    made = torch.ones(n)
    made.uses = 0  # type: ignore[attr-defined] - put on
    return made


@functools.cache
def mask(n: int) -> Tensor:
    return torch.ones(n)


class First(Tied):
    def forward(self, x: Tensor) -> Tensor:
        m = mask(3)
        if not m.requires_grad:
            m.requires_grad_(True)
            return -x
        return x


class Plain(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tanh(x)


class Late(Tied):
    def forward(self, x: Tensor) -> Tensor:
        from .counting_kinds import LAST

        return self.tanh(x) * LAST


ROW_OF_ONES = np.ones(3)
GATHERED = torch.ones(3)


class OnceWritable(Tied):
    def forward(self, x: Tensor) -> Tensor:
        if ROW_OF_ONES.flags.writeable:
            ROW_OF_ONES.setflags(write=False)
            return -x
        return x


class OnceWithout(Tied):
    def forward(self, x: Tensor) -> Tensor:
        if GATHERED.grad is None:
            GATHERED.grad = torch.zeros(3)
            return -x
        return x


@pytest.fixture
def on_function() -> Iterator[None]:
    torch.nn.functional.silu.stats = {"n": 0}  # type: ignore[attr-defined] - put on
    yield
    del torch.nn.functional.silu.stats  # type: ignore[attr-defined]


def refused(net: nn.Module) -> bool:
    reason = verify.decide(net, "psd", 3).reason
    return reason is not None and reason.kind == "not a sample map"


@pytest.mark.parametrize("tick", TICKS)
@pytest.mark.usefixtures("on_function")
def test_calls_that_are_counted_out_of_sight(tick: Callable[[], int]) -> None:
    assert refused(Counting(tick))
    assert kinds.COUNTS == {"n": 0}


@pytest.mark.parametrize("make", [First, OnceWritable, OnceWithout])
def test_what_only_the_first_call_finds(make: type[nn.Module]) -> None:
    assert refused(make())


def gone() -> object:
    class Short:
        pass

    return weakref.proxy(Short())


with torch.inference_mode():
    INFERRED = [torch.eye(3).to_sparse(), torch.ones(3, device="meta")]
MASKED = masked
SYSTEMS = random.SystemRandom()
GONE = [gone()]
ROWS = [{"id": k, "name": str(k), "v": [k, k + 1]} for k in range(100_000)]


@pytest.mark.parametrize("make", [Plain, Late])
def test_honest_modules(make: type[nn.Module]) -> None:
    assert verify.decide(make(), "psd", 3).status == "proved"


def test_rows_of_plain_values_are_not_looked_at_one_by_one() -> None:
    known: dict[int, object] = {}
    snapshot(ROWS, known)
    assert len(known) == 1


@pytest.mark.parametrize("change", ["append", "deep", "sign", "kind"])
def test_a_large_container_is_told_apart_by_what_it_holds(change: str) -> None:
    rows = [[0.0, {"a": k}] for k in range(1000)]
    before = snapshot(rows)
    assert snapshot(rows) == before
    if change == "append":
        rows.append([])
    elif change == "deep":
        rows[500][1]["a"] = 0  # type: ignore[index] - a dict
    else:
        rows[500][0] = -0.0 if change == "sign" else False
    assert snapshot(rows) != before


def test_a_large_container_of_tensors_is_looked_into() -> None:
    known: dict[int, object] = {}
    tensors = [torch.zeros(1) for _ in range(1000)]
    snapshot([*range(1000), tensors], known)
    assert all(id(t) in known for t in tensors)


def test_what_stands_at_many_places_is_not_written_at_each() -> None:
    rows: list[Any] = [0] * 1000
    for _ in range(5):
        rows = [rows] * 1000
    known: dict[int, object] = {}
    snapshot(rows, known)
    assert len(known) == 5
