"""A module, and what it shares, are left as they were: by errors, by functions behind caches."""

import array
import functools
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import verify
from verify.trusted.restored import Restored

from .tied import Tied

STACK: list[str] = []
LAYERS: list[Callable[[Tensor], Tensor]] = []
SIGN = {"s": -1.0}
ON = {"f": False}


class Stacked(Tied):
    """Does not clean up where a call ends by an error."""

    def forward(self, x: Tensor) -> Tensor:
        STACK.append("net")
        y = self.tanh(x)
        STACK.pop()
        return y


class Busy(Tied):
    busy = False

    def forward(self, x: Tensor) -> Tensor:
        if Busy.busy:
            return x
        Busy.busy = True
        y = -self.tanh(x)
        Busy.busy = False
        return y


@contextmanager
def section() -> Iterator[None]:
    ON["f"] = True
    yield
    ON["f"] = False


class Checked(Tied):
    """Cannot be traced, by a check in the middle of a call."""

    def forward(self, x: Tensor) -> Tensor:
        if ON["f"]:
            return x
        with section():
            y = -self.tanh(x)
            assert np.isfinite(y.detach().numpy()).all()
        return y


def test_what_an_error_leaves_half_done_is_put_back() -> None:
    for _ in range(2):
        assert verify.decide(Stacked(), "psd", 3).status == "proved"
        assert verify.decide(Busy(), "psd", 3).status == "refuted"
        assert verify.decide(Checked(), "psd", 3).status == "unknown"
        assert (STACK, Busy.busy, ON["f"]) == ([], False, False)


@functools.cache
def load(name: str) -> None:
    LAYERS.extend((torch.tanh, torch.neg))


@functools.cache
def flip(name: str) -> None:
    SIGN["s"] *= -1.0


class Loading(nn.Module):
    """Its class has loaded the layers before it is called."""

    def __init__(self) -> None:
        super().__init__()
        load("net")

    def forward(self, x: Tensor) -> Tensor:
        load("net")
        for f in LAYERS:
            x = f(x)
        return x


class Flipping(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        flip("net")
        return torch.tanh(x) * SIGN["s"]


class Halving(nn.Module):
    c: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("c", torch.ones(3))
        self.set_up = functools.lru_cache(None)(self.halve)
        self.set_up(0)

    def halve(self, _: int) -> None:
        self.c.mul_(-0.5)

    def forward(self, x: Tensor) -> Tensor:
        self.set_up(0)
        return torch.tanh(x) * self.c


@pytest.mark.parametrize("make", [Loading, Flipping, Halving])
def test_a_function_that_runs_once(make: type[nn.Module]) -> None:
    net, x = make(), torch.ones(1, 3)
    before = net(x)
    verdict = verify.decide(net, "psd", 3)
    assert verdict.reason is not None
    assert verdict.reason.kind == "not a sample map"
    assert torch.equal(net(x), before)


class SetUp(nn.Module):
    """Uses its cache when it is made, not when it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.ones(3))
        self.set_up = functools.cache(self.start)
        self.set_up(0)

    def start(self, _: int) -> None:
        STACK.append("made")
        with torch.no_grad():
            self.a.mul_(0.5)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x) * self.a**2


def test_what_only_init_does_is_not_done_again() -> None:
    net = SetUp()
    assert STACK.pop() == "made"
    assert verify.decide(net, "psd", 3).status == "proved"
    assert STACK == []
    assert net.a.tolist() == [0.5] * 3


class Locked(nn.Module):
    seen: tuple[int, ...] = ()

    def __init__(self, lock: Any) -> None:
        super().__init__()
        self.lock = lock

    def forward(self, x: Tensor) -> Tensor:
        if not Locked.seen:
            Locked.seen = (1,)
            return -x
        return x


def test_a_module_that_cannot_be_copied() -> None:
    verdict = verify.decide(Locked(threading.Lock()), "psd", 3)
    assert verdict.reason is not None
    assert "cannot be copied" in verdict.reason.detail
    assert verify.decide(Locked(None), "psd", 3).status == "unknown"
    assert Locked.seen == ()


class Context(nn.Module):
    n = 0


CONTEXT = Context()
proxy: Any = weakref.proxy(CONTEXT)


class Counting(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        proxy.n += 1
        return x if proxy.n < 3000 else -x


def test_what_stands_for_another_object() -> None:
    assert verify.decide(Counting(), "psd", 3).status == "unknown"


class Numbers:
    held: Any = None
    __ready__ = False


class ByArray(Numbers):
    held = array.array("d", [0.0])

    def first(self) -> bool:
        was, self.held[0] = self.held[0], 1.0
        return not was


class ByTensor(Numbers):
    held = torch.zeros(0)

    def first(self) -> bool:
        was = len(self.held)
        self.held.resize_(3).fill_(1.0)
        return not was


class ByName(Numbers):
    def first(self) -> bool:
        was, Numbers.__ready__ = Numbers.__ready__, True
        return not was


class Holds(nn.Module):
    def __init__(self, numbers: Any) -> None:
        super().__init__()
        self.numbers = numbers

    def forward(self, x: Tensor) -> Tensor:
        return -x if self.numbers.first() else x


@pytest.mark.parametrize("make", [ByArray, ByTensor, ByName])
def test_a_second_verdict_is_not_taken_in(make: type[Numbers]) -> None:
    for net in (Holds(make()), Holds(make())):
        for _ in range(2):
            verdict = verify.decide(net, "psd", 3)
            assert verdict.reason is not None
            assert verdict.reason.kind == "not a sample map"


class Found(nn.Module):
    """A class that is found by its name keeps what its first call draws."""

    def __init__(self) -> None:
        super().__init__()
        self.name = self.act.__name__

    @functools.cached_property
    def act(self) -> Any:
        return {"Once": Once}[self.name_of]

    name_of = "Once"

    def forward(self, x: Tensor) -> Tensor:
        return self.act.apply(x)


class Once:
    first = True

    @classmethod
    def apply(cls, x: Tensor) -> Tensor:
        if cls.first:
            cls.first = False
            return -x
        return x


def test_a_class_that_a_cached_attribute_holds() -> None:
    assert verify.decide(Found(), "psd", 3).status == "unknown"
    assert Once.first


EVENTS: list[int] = []


def test_what_others_write_meanwhile_is_left_alone() -> None:
    with Restored(Tied()) as kept:
        EVENTS.append(1)
        STACK.append("elsewhere")
    assert kept.spoilt == []
    assert EVENTS.pop() == 1
    assert STACK.pop() == "elsewhere"
