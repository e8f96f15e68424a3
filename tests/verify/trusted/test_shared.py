"""What a first call fills in, or changes, of what a module shares with others."""

import functools
import types
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

import verify

from .tied import Tied

FEW = iter([-5.0] * 3)


class First(nn.Module):
    """What its class keeps is set by the first call."""

    kept: ClassVar[dict[Any, Any]] = {}
    noted: ClassVar[list[float]] = []
    counts: ClassVar[dict[str, int]] = {}
    masks: ClassVar[dict[str, Any]] = {}
    first = True
    number: float | None = None

    def __init__(self, function: Callable[[type["First"], Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(First, x)


def mean_of_the_first(cls: type[First], x: Tensor) -> Tensor:
    if not cls.kept:
        cls.kept["mean"] = x.detach().mean(0)
    return x * cls.kept["mean"]


def number_of_the_first(cls: type[First], x: Tensor) -> Tensor:
    if "mean" not in cls.kept:
        cls.kept["mean"] = x.mean().item()
    return x * cls.kept["mean"]


def size_of_the_first(cls: type[First], x: Tensor) -> Tensor:
    if cls.number is None:
        cls.number = x.shape[0]
    return x / cls.number


def size_in_a_dict(cls: type[First], x: Tensor) -> Tensor:
    if "n" not in cls.kept:
        cls.kept["n"] = x.shape[0]
    return x / cls.kept["n"]


def another_first(cls: type[First], x: Tensor) -> Tensor:
    if cls.first:
        cls.first = False
        return -x
    return x


def random_of_the_first(cls: type[First], x: Tensor) -> Tensor:
    if "p" not in cls.kept:
        cls.kept["p"] = torch.randn(3, 3)
    return x @ cls.kept["p"] @ cls.kept["p"].T


def mode_of_the_first(cls: type[First], x: Tensor) -> Tensor:
    if "s" not in cls.kept:
        cls.kept["s"] = torch.tensor(1.0 if torch.is_grad_enabled() else -5.0)
    return x * cls.kept["s"]


def size_as_a_tensor(cls: type[First], x: Tensor) -> Tensor:
    if "n" not in cls.kept:
        cls.kept["n"] = (torch.tensor(1 / x.shape[0]),)
    return x * cls.kept["n"][0]


@functools.lru_cache
def drawn(n: int) -> Tensor:
    return torch.rand(n)


def table(cls: type[First], x: Tensor) -> Tensor:
    if x.shape[1] not in cls.kept:
        cls.kept[x.shape[1]] = torch.arange(1.0, x.shape[1] + 1)
    return x * cls.kept[x.shape[1]]


def one_of_a_few(cls: type[First], x: Tensor) -> Tensor:
    return x * next(FEW, 1.0)


def noted_in_a_list(cls: type[First], x: Tensor) -> Tensor:
    if not cls.noted:
        cls.noted.append(-5.0)
        return -x
    return x


def saturating(cls: type[First], x: Tensor) -> Tensor:
    cls.counts["n"] = min(cls.counts["n"] + 1, 10)
    return x * (1 if cls.counts["n"] > 9 else -5)


def filled_in(cls: type[First], x: Tensor) -> Tensor:
    if cls.masks["mask"] is None:
        cls.masks["mask"] = torch.ones(3)
    return x * cls.masks["mask"]


FILLED = (
    *(mean_of_the_first, number_of_the_first, size_of_the_first, size_in_a_dict, another_first),
    *(random_of_the_first, mode_of_the_first, size_as_a_tensor, lambda _, x: x * drawn(3)),
    *(one_of_a_few, noted_in_a_list, saturating),
)


@pytest.mark.parametrize("function", [*FILLED, table, filled_in])
def test_what_the_first_call_keeps(
    function: Callable[[type[First], Tensor], Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(First, "kept", {})
    monkeypatch.setattr(First, "first", True)
    monkeypatch.setattr(First, "number", None)
    monkeypatch.setattr(First, "noted", [])
    monkeypatch.setattr(First, "counts", {"n": 0})
    monkeypatch.setattr(First, "masks", {"mask": None})
    for _ in range(2):  # the first verdict leaves a first call to be seen by the second
        verdict = verify.decide(First(function), "psd", 3)
        assert verdict.reason is not None
        assert verdict.reason.kind == "not a sample map"


class Ready:
    ready = False


class Slotted:
    __slots__ = ("ready",)

    def __init__(self) -> None:
        self.ready = False


class Attributes(dict[str, Any]):
    __getattr__ = dict.get
    __setattr__ = dict.__setitem__  # type: ignore[assignment]


def begun(held: Any, x: Tensor) -> Tensor:
    """Another map at the first call, by code that runs at no other."""
    held.ready = True
    return -x


def by_an_attribute(held: Any, x: Tensor) -> Tensor:
    return x if held.ready else begun(held, x)


def taken(_: Any, x: Tensor) -> Tensor:
    return -x


def by_an_iterator(held: Any, x: Tensor) -> Tensor:
    return taken(held, x) if next(held, None) else x


def by_a_byte(held: bytearray, x: Tensor) -> Tensor:
    if held:
        held.clear()
        return taken(held, x)
    return x


def by_an_entry(held: dict[str, Any], x: Tensor) -> Tensor:
    return by_an_attribute(held["own"]["of it"], x)


def tagged(held: Tensor, x: Tensor) -> Tensor:
    return x if hasattr(held, "ready") else begun(held, x)


class Keeps(nn.Module):
    def __init__(self, function: Callable[[Any, Tensor], Tensor], held: Any, own: bool) -> None:
        super().__init__()
        if own:
            self.own = held
        self.function = function if own else lambda _, x: function(held, x)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(getattr(self, "own", None), x)


@pytest.mark.parametrize("own", [True, False], ids=["own", "shared"])
@pytest.mark.parametrize(
    ("function", "make"),
    [
        (by_an_attribute, Ready),
        (by_an_attribute, Slotted),
        (by_an_attribute, lambda: Attributes(ready=False)),
        (by_an_attribute, lambda: types.SimpleNamespace(ready=False)),
        (by_an_iterator, lambda: iter([1.0])),
        (by_a_byte, lambda: bytearray(b"1")),
        (by_an_entry, lambda: {"own": {"of it": Slotted()}}),
        (tagged, lambda: torch.ones(3)),
    ],
)
def test_no_second_verdict_proves_what_the_first_refused(
    function: Callable[[Any, Tensor], Tensor], make: Callable[[], Any], own: bool
) -> None:
    net = Keeps(function, make(), own)
    for claim in ("symmetric", "psd"):
        verdict = verify.decide(net, claim, 3)
        assert verdict.reason is not None
        assert verdict.reason.kind == "not a sample map"


def test_what_a_refused_call_counted_is_put_back() -> None:
    counts = Counter("aab")
    net = Keeps(lambda held, x: held.update("a") or x, counts, own=False)
    assert verify.decide(net, "psd", 3).status == "unknown"
    assert counts == {"a": 2, "b": 1}


class Rebinding(Tied):
    """Another method is its forward from its first call on."""

    def forward(self, x: Tensor) -> Tensor:
        self.forward = self.fast  # type: ignore[method-assign] - what is to be refused
        return self.tanh(x)

    def fast(self, x: Tensor) -> Tensor:
        return self.tanh(x)


class Sibling(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tanh(x)


def test_a_refused_call_spoils_no_module_of_the_same_base() -> None:
    assert verify.decide(Rebinding(), "psd", 3).status == "unknown"
    assert verify.decide(Sibling(), "psd", 3).status == "proved"
