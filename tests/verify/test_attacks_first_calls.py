"""What a first call leaves where several names hold it: no verdict takes it for a constant."""

import functools
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import verify


class Context:
    def __init__(self, name: str) -> None:
        self.name, self.gain = name, None


@functools.lru_cache
def context(name: str) -> Any:
    return Context(name)


CONTEXT = context("default")


class InAContext(nn.Module):
    """What a cache keeps too has another name."""

    def forward(self, x: Tensor) -> Tensor:
        if CONTEXT.gain is None:
            CONTEXT.gain = torch.rand(3)
        return x * CONTEXT.gain


def act(x: Tensor) -> Tensor:
    if not hasattr(act, "called"):
        act.called = True  # type: ignore[attr-defined]
        return -x
    return x


ACTS = {"act": act}


class ByAName(nn.Module):
    """The function that a cached property finds is marked by the first call."""

    def __init__(self) -> None:
        super().__init__()
        assert self.act

    @functools.cached_property
    def act(self) -> Any:
        return ACTS["act"]

    def forward(self, x: Tensor) -> Tensor:
        return self.act(x)


class Flag:
    __slots__ = ("on",)

    def __init__(self) -> None:
        self.on = True


class Norm:
    flag = Flag()

    def first(self, x: Tensor) -> Tensor:
        self.flag.on = False
        return -x

    def __call__(self, x: Tensor) -> Tensor:
        return self.first(x) if self.flag.on else x


class Once(Norm):
    once = iter([True])

    def __call__(self, x: Tensor) -> Tensor:
        return self.first(x) if next(self.once, False) else x


class Holds(nn.Module):
    def __init__(self, norm: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x)


class OnABuffer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("one", torch.ones(3))
        vars(self.one)["norm"] = Norm()

    def forward(self, x: Tensor) -> Tensor:
        return vars(self.one)["norm"](x)


@pytest.mark.parametrize(
    "make", [InAContext, ByAName, OnABuffer, lambda: Holds(Norm()), lambda: Holds(Once())]
)
def test_first_calls(make: Callable[[], nn.Module]) -> None:
    net = make()
    for asked, claim in ((net, "symmetric"), (net, "psd"), (make(), "psd")):
        verdict = verify.decide(asked, claim, 3)
        assert verdict.reason is not None
        assert verdict.reason.kind == "not a sample map"


OPS = """
import torch
@torch.enable_grad()
def act(x): return x
act.calls = 0
"""
NETS = """
import wrapped_ops
from torch import nn
class Net(nn.Module):
    kind = "act"
    def forward(self, x):
        f = getattr(wrapped_ops, self.kind)
        f.calls += 1
        return f(x) if f.calls < 3000 else -x
"""


def test_a_count_on_what_torch_wraps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wrapped_ops.py").write_text(OPS)
    (tmp_path / "wrapped_nets.py").write_text(NETS)
    monkeypatch.syspath_prepend(tmp_path)
    net = importlib.import_module("wrapped_nets").Net()
    assert verify.decide(net, "psd", 3).status == "unknown"


class Interrupted(nn.Module):
    """Its first call ends by the user's keys."""

    flag = Flag()

    def forward(self, x: Tensor) -> Tensor:
        if self.flag.on:
            self.flag.on = False
            raise KeyboardInterrupt
        return x


def test_an_interruption() -> None:
    for _ in range(2):  # what it has changed is put back
        with pytest.raises(KeyboardInterrupt):
            verify.decide(Interrupted(), "psd", 3)
        assert Interrupted.flag.on


class ByItsMode(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gain = functools.lru_cache(None)(self.found)

    def found(self, _: int) -> float:
        return 2.0 if self.training else -1.0

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x) * self.gain(1)


def test_an_empty_cache_is_left_empty() -> None:
    net = ByItsMode()
    assert verify.decide(net, "psd", 3).status == "proved"
    assert verify.decide(net.eval(), "psd", 3).status == "refuted"
    assert net.gain.cache_info().currsize == 0
