"""State that a module comes to by ways that no list of its code shows: none is proved."""

import ctypes
import itertools
import operator
import os
import sys
import weakref
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import verify
from verify.search.reach import called, is_beyond
from verify.search.watch import swallows
from verify.trusted import surroundings
from verify.trusted.ran import Ran, handles
from verify.trusted.surroundings import is_library, of_library_code

from . import registry
from .counting import act, counted
from .registry import ACTIVATIONS


class Late(nn.Module):
    """x, until what it keeps has come far."""

    def __init__(self, kept: Any, late: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        self.kept, self.late = kept, late

    def forward(self, x: Tensor) -> Tensor:
        return self.late(self.kept, x)


def slope(x: Tensor, late: Any) -> Tensor:
    return x * (1 - 6 * bool(late))


class Config:
    def __init__(self, held: Any) -> None:
        self.held = held


class Buffer(bytearray):
    pass


class Steps(itertools.count):  # type: ignore[type-arg]
    pass


class FaultError(Exception):
    pass


def lowered(kept: torch.optim.Optimizer, x: Tensor) -> Tensor:
    kept.param_groups[0]["lr"] -= 1
    return slope(x, kept.param_groups[0]["lr"] < -3000)


def first(kept: Any, x: Tensor) -> Tensor:
    kept[0] += 1
    return slope(x, kept[0] > 200)


def coefficient(kept: Any, x: Tensor) -> Tensor:
    kept.coef[0] += 1
    return slope(x, kept.coef[0] > 3000)


def stated(kept: Any, x: Tensor) -> Tensor:
    kept.args[0][0] += 1
    return slope(x, kept.args[0][0] > 3000)


def attribute(kept: Any, x: Tensor) -> Tensor:
    kept.n[0] += 1
    return slope(x, kept.n[0] > 3000)


def parent(kept: Any, x: Tensor) -> Tensor:
    kept[0]().n += 1
    return slope(x, kept[0]().n > 3000)


def with_attribute(value: Any) -> Any:
    value.n = [0]
    return value


def a_parent() -> tuple[Any, Any]:
    held = nn.Identity()
    held.n = 0  # type: ignore[assignment]
    return weakref.ref(held), held


KEPT: dict[str, tuple[Callable[[], Any], Callable[[Any, Tensor], Tensor]]] = {
    "a registry": (lambda: "tick", lambda kept, x: ACTIVATIONS[kept](x)),
    "a registry of closures": (lambda: "counted", lambda kept, x: ACTIVATIONS[kept](x)),
    "a name": (lambda: "act", lambda kept, x: getattr(registry, kept)(x)),
    "a list of functions": (lambda: [act], lambda kept, x: kept[0](x)),
    "a config": (lambda: Config(Config({"act": act})), lambda kept, x: kept.held.held["act"](x)),
    "a partial": (lambda: partial(map, act), lambda kept, x: next(kept([x]))),
    "an optimizer": (lambda: torch.optim.SGD([torch.zeros(1)], 1.0), lowered),
    "C's numbers": (lambda: (ctypes.c_int * 1)(0), first),
    "a bytearray of one's own": (lambda: Buffer(1), first),
    "an iterator of one's own": (Steps, lambda kept, x: slope(x, next(kept) > 3000)),
    "an error": (lambda: FaultError([0]), stated),
    "a polynomial": (lambda: np.polynomial.Polynomial([0.0]), coefficient),
    "a tensor with an attribute": (lambda: with_attribute(torch.ones(2)), attribute),
    "a partial with an attribute": (lambda: with_attribute(partial(abs)), attribute),
    "a module that is made": (lambda: with_attribute(ModuleType("made")), attribute),
    "a reference to a parent": (a_parent, parent),
    "the environment": (
        lambda: Config(os.environ),
        lambda kept, x: slope(x, kept.held.get("GAIN")),
    ),
    "an expression with names of its own": (
        lambda: eval("lambda: os.getpid()", {"os": os}),
        lambda kept, x: slope(x, kept() == 1),
    ),
    "a compiled part": (lambda: torch.jit.script(nn.Identity()), lambda kept, x: kept(x)),
    "the stack, spelled as a text": (
        lambda: operator.attrgetter("__traceback__.tb_frame.f_back"),
        lambda kept, x: slope(x, callable(kept) is None),
    ),
    "a generator's state": (
        lambda: torch.default_generator,
        lambda kept, x: slope(x, len(kept.get_state()) == 7),
    ),
    "anomaly mode": (lambda: 0, lambda kept, x: slope(x, torch.is_anomaly_enabled())),
    "a mode of numpy": (lambda: 0, lambda kept, x: slope(x, np.geterr()["over"] == "raise")),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_is_seen(name: str) -> None:
    make, late = KEPT[name]
    verdict = verify.decide(Late(make(), late), "psd", dim=2)
    assert verdict.status == "unknown", name
    assert verdict.reason is not None


def test_what_keeps_nothing_is_proved() -> None:
    assert verify.decide(Late([1.0], lambda kept, x: x * kept[0]), "psd", dim=2).status == "proved"


def test_a_function_of_torch_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "tanh", counted(torch.tanh))
    assert verify.decide(Late(0, lambda _, x: torch.tanh(x)), "psd", dim=2).status == "unknown"


class Cached(nn.Module):
    @cached_property
    def calls(self) -> dict[str, int]:
        return {"n": 0}

    def forward(self, x: Tensor) -> Tensor:
        self.calls["n"] += 1
        return slope(x, self.calls["n"] > 3000)


class Kept(nn.Module):
    """A cache that stays as it is, and a norm of torch's: no state."""

    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.utils.weight_norm(nn.Linear(2, 3))

    @cached_property
    def gains(self) -> dict[str, float]:
        return {"first": 2.0}

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.lin(x)) @ self.lin.weight * self.gains["first"]


class Renewed(Kept):
    """The weight that torch's hook would set is counted up, and the hook is not run."""

    def forward(self, x: Tensor) -> Tensor:
        self.lin.weight = self.lin.weight + 1
        return x * (1 - 6 * ((self.lin.weight[0, 0] - 3000).relu() > 0))


@pytest.mark.filterwarnings("ignore")
def test_what_is_cached() -> None:
    assert verify.decide(Cached(), "psd", dim=2).status == "unknown"
    assert verify.decide(Renewed(), "psd", dim=2).status == "unknown"
    assert verify.decide(Kept(), "psd", dim=2).status == "proved"


class Sized(nn.Module):
    """Looks at the kind of a size in one way of calling only."""

    def __init__(self, odd: Callable[[Any], Any]) -> None:
        super().__init__()
        self.odd = odd
        self.table = {500: 6.0}

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            return x * 1.0
        return x * (1 - 6 * bool(self.odd(x.shape[0])))


def looked_up(n: Any) -> Any:
    try:
        return {500: 6.0}.get(n)
    except TypeError:
        return None


def spelled(n: Any) -> Any:
    try:
        return f"{n}" == "500"
    except ValueError:
        return False


@pytest.mark.parametrize(
    "odd", [lambda n: isinstance(n, int) and n > 400, looked_up, spelled, (400).__lt__]
)
def test_sizes_in_each_way_of_calling(odd: Callable[[Any], Any]) -> None:
    assert verify.decide(Sized(odd), "psd", dim=2).status == "unknown"
    assert verify.decide(Sized(lambda n: n < 0), "psd", dim=2).status == "proved"


class Catching(nn.Module):
    def __init__(self, operations: int, silent: bool) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.zeros(1))
        self.operations, self.silent = operations, silent

    def forward(self, x: Tensor) -> Tensor:
        if self.silent and torch.is_grad_enabled():
            return x * 1.0
        for _ in range(self.operations):
            x = x + 0.0
        try:
            a = torch.linalg.cholesky((self.p + 100).view(1, 1))
        except RuntimeError:
            return -5 * x
        return x + 0 * a[0]


@pytest.mark.parametrize(("operations", "silent"), [(0, False), (0, True), (300, False)])
def test_errors_that_are_caught(operations: int, silent: bool) -> None:
    assert swallows(Catching(operations, silent), torch.zeros(2, 2))
    assert not swallows(nn.Sequential(*[nn.Tanh() for _ in range(300)]), torch.zeros(2, 2))


def test_files_are_told_by_their_folders() -> None:
    beside = compile("0", surroundings.OURS.rstrip(os.sep) + "_exam.py", "exec")
    assert of_library_code(beside) is False
    assert of_library_code(surroundings.of_library_code.__code__)
    assert is_library("json")
    assert is_library("torch")
    assert not is_library("tests")
    made = ModuleType("nturl2path")
    made.__file__ = str(Path("/somewhere/nturl2path/__init__.py"))
    kept, sys.modules["nturl2path"] = sys.modules.get("nturl2path"), made
    try:
        assert not is_library("nturl2path")
    finally:
        del sys.modules["nturl2path"]
        if kept is not None:
            sys.modules["nturl2path"] = kept


def test_what_ran_and_what_handles_errors() -> None:
    def plain() -> int:
        with torch.no_grad():
            return 1

    with Ran() as ran:
        plain()
    assert plain.__code__ in ran.codes.values()
    assert not ran.handles
    assert handles(looked_up.__code__)
    assert not handles(plain.__code__)


def test_more_names() -> None:
    assert called(torch.default_generator.get_state)
    assert is_beyond("torch.onnx", "is_in_onnx_export")
    assert is_beyond("torch.utils.collect_env", "run")
    assert not is_beyond("torch.utils.checkpoint", "checkpoint")
