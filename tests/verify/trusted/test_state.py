"""State where it is hard to see; and what is large, gone or the system's is told apart at all."""

import argparse
import functools
import importlib
import random
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.ma import masked
from torch import Tensor, nn
from torch.nn import Linear

import verify
from verify.trusted.contents import written
from verify.trusted.state import state

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


def test_rows_that_no_code_comes_to_are_not_looked_at_one_by_one() -> None:
    known = state(Plain())[1]
    assert id(ROWS) in known
    assert id(ROWS[0]) not in known


@pytest.mark.parametrize("change", ["append", "deep", "sign", "kind"])
def test_a_large_container_is_told_apart_by_what_it_holds(change: str) -> None:
    rows: list[Any] = [[0.0, {"a": k}] for k in range(1000)]
    before = written(rows)
    assert written(rows) == before
    if change == "append":
        rows.append([])
    elif change == "deep":
        rows[500][1]["a"] = 0
    else:
        rows[500][0] = -0.0 if change == "sign" else False
    assert written(rows) not in (before, b"")


def test_only_plain_data_is_written() -> None:
    rows: list[Any] = [0] * 1000
    assert written(rows)
    assert written([rows, torch.zeros(1)]) == b""
    for _ in range(5):
        rows = [rows] * 1000
    assert written(rows) == b""  # it would be, at each of its places


PAIR = [0.0, 0.0]
PAIRS = [PAIR] * 300
COUNTED: dict[int, dict[str, int]] = {k: {"n": 0} for k in range(300)}
HALF = nn.Linear(3, 3)


class OnceTheSame(Tied):
    def forward(self, x: Tensor) -> Tensor:
        if PAIRS[0] is PAIR:
            PAIRS[0] = [*PAIR]
            return -x
        return x


class OnceSingle(Tied):
    def forward(self, x: Tensor) -> Tensor:
        if HALF.weight.dtype is torch.float32:
            HALF.double()
            return -x
        return x


class OnceCached(Tied):
    def forward(self, x: Tensor) -> Tensor:
        t = mask(4)
        if t.grad is None:
            t.grad = torch.zeros(4)
            return -x
        return x


class OnLinear(Tied):
    def forward(self, x: Tensor) -> Tensor:
        Linear.stats["n"] += 1  # type: ignore[attr-defined] - put on
        return self.tanh(x) if Linear.stats["n"] < kinds.LAST else -x  # type: ignore[attr-defined]


@pytest.mark.parametrize("make", [OnceTheSame, OnceSingle, OnceCached])
def test_identities_kinds_and_gradients(make: type[nn.Module]) -> None:
    assert refused(make())
    assert PAIRS[0] is PAIR
    assert HALF.weight.dtype is torch.float32


def test_a_count_on_a_class_of_torch() -> None:
    Linear.stats = {"n": 0}  # type: ignore[attr-defined] - put on
    try:
        assert refused(OnLinear())
    finally:
        del Linear.stats  # type: ignore[attr-defined]


class Counts(Tied):
    def forward(self, x: Tensor) -> Tensor:
        COUNTED[3]["n"] += 1
        return self.tanh(x)


def test_a_count_in_a_large_container_is_put_back() -> None:
    assert refused(Counts())
    assert COUNTED[3] == {"n": 0}


class Settings(argparse.Namespace):
    pass


class WithSettings(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.settings = Settings(gain=2.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.tanh(x) * self.settings.gain


def test_a_class_made_of_one_that_may_be_held() -> None:
    assert verify.decide(WithSettings(), "psd", 3).status == "proved"


@pytest.mark.parametrize("line", ["from .lazily import act", "from lazy_package import lazily"])
def test_what_a_call_imports_is_left(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home := tmp_path / "lazy_package").mkdir()
    (home / "__init__.py").write_text("")
    (home / "lazily.py").write_text("import torch\n\ndef act(x):\n    return torch.tanh(x)\n")
    call = "act(x)" if line.startswith("from .") else "lazily.act(x)"
    (home / "net.py").write_text(
        "from torch import nn\n\nclass Net(nn.Module):\n    def forward(self, x):\n"
        f"        {line}\n        return {call}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    net = importlib.import_module("lazy_package.net").Net()
    try:
        assert verify.decide(net, "psd", 3).status != "refuted"
        assert net(torch.zeros(1, 3)).shape == (1, 3)
    finally:
        for name in [name for name in sys.modules if name.startswith("lazy_package")]:
            del sys.modules[name]
