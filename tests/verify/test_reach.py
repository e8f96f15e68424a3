"""What a module's code reaches beyond its sample, and what it may reach."""

import collections
import contextlib
import datetime
import email.utils
import enum
import fractions
import functools
import io
import logging
import math
import operator
import pathlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

import verify
from verify.search.paths import strays
from verify.search.reach import beyond, called, changes, is_beyond, keeper
from verify.search.watch import READS

from .counting import COUNTER, tick

__hits__ = [0]
KINDS = {Tensor: 6.0}
CHAIN, USER = collections.ChainMap({"n": 0}), collections.UserDict({"n": 0})
HALF, FLAG = fractions.Fraction(1), pathlib.Path("flag")
VIEW = memoryview(bytearray(8)).cast("Q")
BOX = functools.lru_cache(None)(list)


class Tee(io.StringIO):
    pass


class Stamp(datetime.datetime):
    pass


TEE = Tee()


class Late(nn.Module):
    """x, until something is other than it was in all calls before."""

    def __init__(self, late: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.late = late

    def forward(self, x: Tensor) -> Tensor:
        return x * (1 - 6 * self.late(x))


def dunder(_: Tensor) -> bool:
    __hits__[0] += 1
    return __hits__[0] > 3000


def chained(_: Tensor) -> bool:
    CHAIN["n"] += 1
    return CHAIN["n"] > 3000


def user_dict(_: Tensor) -> bool:
    USER["n"] += 1
    return USER["n"] > 3000


def fraction(_: Tensor) -> bool:
    HALF._numerator += 1  # type: ignore[attr-defined]
    return HALF > 3000


def viewed(_: Tensor) -> bool:
    VIEW[0] += 1
    return VIEW[0] > 3000


def boxed(_: Tensor) -> bool:
    BOX().append(0)
    return len(BOX()) > 3000


def on_math(_: Tensor) -> bool:
    setattr(math, "calls", getattr(math, "calls", 0) + 1)  # noqa: B010
    return vars(math)["calls"] > 3000


def caught(x: Tensor) -> bool:
    try:
        F.binary_cross_entropy(x * 1e-9 + 0.5, torch.zeros_like(x))
    except RuntimeError:
        return True
    return False


def suppressed(x: Tensor) -> bool:
    with contextlib.suppress(RuntimeError):
        torch._assert_async((x < 1e9).all())  # pyright: ignore[reportPrivateImportUsage]
        return False
    return True


def elsewhere(x: Tensor) -> bool:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(repr, x.sum()).result() == "tensor(12345.)"


def unseen(x: Tensor) -> float:
    with torch._C.DisableTorchFunction():
        return float(len(KINDS))


LATE: list[Callable[[Tensor], Any]] = [
    *(dunder, chained, user_dict, fraction, viewed, boxed, on_math),
    *(caught, suppressed, elsewhere, unseen),
    lambda _: tick() > 3000,
    lambda _: COUNTER.tick() > 3000,
    lambda _: FLAG.exists(),
    lambda _: (TEE.write("."), TEE.tell() > 3000)[1],
    lambda _: Stamp.now().microsecond % 10007 == 7,
    lambda _: np.random.default_rng().random() < 1e-4,
    lambda _: np.datetime64("now", "us") == 0,
    lambda _: torch.Generator().seed() % 10007 == 7,
    lambda _: hash(object()) % 10007 == 7,
    lambda _: object().__repr__()[-6:-1] == "12340",
    lambda _: email.utils.localtime().microsecond % 10007 == 7,
    lambda _: np.empty(4)[3] == 1.2345,
    lambda x: x.is_neg(),
    lambda x: x._is_view(),
    lambda x: hasattr(x, "tag"),
    lambda x: x.grad is not None,
    lambda x: x.output_nr,
    lambda x: KINDS.get(type(x), 0.0),
    lambda x: isinstance(x, nn.Parameter),
    lambda x: torch.is_autocast_cpu_enabled(),
    lambda x: torch.get_float32_matmul_precision() == "medium",
    lambda x: torch.backends.cudnn.benchmark,
]


@pytest.mark.parametrize("late", LATE)
def test_what_tells_more_than_a_sample(late: Callable[[Tensor], Any]) -> None:
    verdict = verify.decide(Late(late), "psd", dim=2)
    assert verdict.reason is not None
    assert verdict.reason.kind in ("not a sample map", "not readable")


class Copied(nn.Module):
    """-5 x; what is made of it by copying is x."""

    def __init__(self, kinds: Any) -> None:
        super().__init__()
        self.kinds = kinds

    def __deepcopy__(self, memo: Any) -> "Copied":
        return Copied({})

    def forward(self, x: Tensor) -> Tensor:
        return x - x * self.kinds.get(x.__class__, 0.0)


def test_the_module_itself_is_looked_at() -> None:
    assert verify.decide(Copied(KINDS), "psd", dim=2).status == "unknown"


def test_what_is_written_in_place_is_compared() -> None:
    class Written(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            z = x.new_zeros(1)
            z[0] = 0.0 if hasattr(x, "fake_mode") else -5.0
            return x + torch.relu(2.0**-20 - (x - 0.7431640625).abs()) * z

    assert strays(Written(), 2)


@dataclass(frozen=True)
class Config:
    scale: float = 2.0


class Kind(enum.Enum):
    SOFT = "soft"


@functools.lru_cache(8)
def root(n: int) -> float:
    return math.sqrt(n)


class Everyday(nn.Module):
    """What users write, and what is no reason to refuse it."""

    config = Config()

    def __init__(self) -> None:
        super().__init__()
        self.input, self.id, self.kind = nn.Linear(3, 4), 1.0, Kind.SOFT
        self.steps = (functools.partial(torch.mul, other=2.0), operator.neg, operator.neg)

    @property
    def weight(self) -> Tensor:
        return self.input.weight * self.config.scale

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 2:
            raise ValueError(f"x: expected 2 axes, got {x.shape} of {type(x).__name__}")
        assert isinstance(self.input, nn.Linear), repr(self.input)
        z = x @ self.weight.T / root(4) * self.id
        z = functools.reduce(lambda z, step: step(z), self.steps, z)
        with contextlib.nullcontext():
            z = torch.tanh(z) if self.kind is Kind.SOFT else torch.relu(z)
        return z @ self.weight * float(np.exp(0.0)) * math.pi


def test_everyday_code_is_no_reason() -> None:
    assert verify.decide(Everyday(), "psd", dim=3).status == "proved"


def test_names() -> None:
    assert beyond(hash) == "builtins.hash"
    assert beyond(torch.backends) == "torch.backends"
    assert not any(map(beyond, (len, math.sqrt, np.sqrt, torch.relu, torch, F.relu, Tensor.size)))
    assert is_beyond("socket", "")
    assert not is_beyond("a_library", "anything")
    assert is_beyond("logging", "getLogger")
    assert not keeper(logging.getLogger())
    assert "memoryview" in keeper(VIEW)
    assert not keeper(root)
    BOX()
    assert "of what can change" in keeper(BOX)
    assert called(torch.Generator().seed) == "Generator.seed"
    assert not called([].append)
    assert changes([])
    assert not changes((1,))


READ = [(owner, name) for owner, names in READS if owner is not Tensor for name in names.split()]


@pytest.mark.parametrize(("owner", "name"), READ, ids=str)
def test_what_is_watched_is_refused_however_it_is_imported(owner: Any, name: str) -> None:
    assert beyond(getattr(owner, name))
