"""Caches of Python's: none is proved by what one keeps of parameters, of chance, of the clock."""

import functools
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import verify

from .tied import Tied


@functools.lru_cache(None)
def remembered(n: int, memo: list[Tensor] = []) -> Tensor:  # noqa: B006, the classic slip
    memo.extend([] if memo else [torch.randn(n)])
    return memo[0]


@functools.lru_cache(None)
def of_the_day(n: int) -> float:
    return n if time.time() // 86400 % 2 else -n


@functools.lru_cache(None)
def mostly(n: int) -> float:
    return n if torch.rand(()) < 0.999 else -n


@functools.lru_cache(None)
def mostly_by_python(n: int) -> float:
    return random.choice([n] * 999 + [-n])


def drawing() -> Callable[[int], float]:
    value: float | None = None

    def draw(n: int) -> float:
        nonlocal value
        value = torch.randn(n).sum().item() if value is None else value
        return value

    return functools.lru_cache(None)(draw)


class Moment(nn.Module):
    """Divides by what a cache keeps of the parameters, or of something else."""

    def __init__(self, gain: Callable[[int], Any] | None = None) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.rand(4, 3) + 1)
        self.gain = gain or functools.lru_cache(None)(self.moment)

    def moment(self, k: int) -> Tensor:
        return (self.w.detach() ** k).sum()

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.w.T) @ self.w / self.gain(3)


class Ranked(Moment):
    """Divides by what is the same for almost all parameters."""

    def moment(self, k: int) -> Any:
        return 2 * int(torch.linalg.matrix_rank(self.w)) - k


class Wide(Moment):
    def moment(self, k: int) -> Any:
        return k * self.w.shape[1] + len(self.w)


CHANGING = (
    None,
    Ranked,
    of_the_day,
    mostly,
    mostly_by_python,
)  # a second call may give another value
FIRST = (remembered, drawing())  # a second one of the function finds what the first has left
CACHES = [(gain, called) for gain in CHANGING for called in (False, True)]


@pytest.mark.parametrize(("gain", "called"), [*CACHES, *((gain, False) for gain in FIRST)])
def test_caches_of_what_may_change(gain: Callable[[int], Any] | None, called: bool) -> None:
    net = gain() if isinstance(gain, type) else Moment(gain)
    if called:
        net(torch.ones(2, 3))
    drawn_before = random.getstate()
    verdict = verify.decide(net, "psd", 3)
    assert verdict.reason is not None
    assert verdict.reason.kind == "not a sample map"
    assert random.getstate() == drawn_before


@functools.lru_cache(None)
def powers(n: int, *, p: int = 1) -> Tensor:
    return (torch.arange(1.0, n + 1) ** p).sum()


typed = functools.lru_cache(typed=True)(lambda n, p=1: float(n * p))


@pytest.mark.parametrize(
    ("gain", "status"),
    [(powers, "proved"), (lambda n: powers(n, p=2), "proved"), (typed, "unknown")],
)
def test_a_cache_of_a_constant(gain: Callable[[int], Any], status: str) -> None:
    assert verify.decide(Moment(gain), "psd", 3).status == status


def first_of(net: Moment) -> int:
    if not hasattr(powers, "first"):
        powers.first = -5  # type: ignore[attr-defined]
        return -5
    return 1


class Marked(Moment):
    """What a cache is marked with by the first call is state, as anything else."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * first_of(self)


def test_a_mark_on_a_cache() -> None:
    for claim in ("symmetric", "psd"):
        verdict = verify.decide(Marked(powers), claim, 3)
        assert verdict.reason is not None
        assert verdict.reason.kind == "not a sample map"


def test_a_cache_of_sizes() -> None:
    assert verify.decide(Wide(), "psd", 3).status == "proved"


class Diagonal(Tied):
    """With a table that Python caches for each module and size."""

    @functools.lru_cache(None)  # noqa: B019 - as users write it
    def diagonal(self, n: int) -> Tensor:
        return (
            2 * torch.eye(n) - torch.diag(torch.ones(n - 1), 1) - torch.diag(torch.ones(n - 1), -1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.tanh(x) + x @ self.diagonal(x.shape[-1])


@pytest.mark.parametrize("used", [False, True])
def test_a_cache_of_a_method_is_left_as_calls_can_use_it(used: bool) -> None:
    Diagonal.diagonal.cache_clear()
    other, net = Diagonal(), Diagonal()
    if used:
        other(torch.zeros(1, 3))
    assert verify.decide(net, "psd", 3).status == "proved"
    assert type(net(torch.zeros(1, 3))) is Tensor


class GainOfMode(Tied):
    """Its gain is cached as it is in the mode of its first call."""

    @functools.cached_property
    def gain(self) -> float:
        return 1.0 if self.training else -0.5

    def forward(self, x: Tensor) -> Tensor:
        return self.tanh(x) * self.gain


class GainOfModeByCache(GainOfMode):
    @functools.lru_cache(None)  # noqa: B019 - as above
    def of_mode(self) -> float:
        return 1.0 if self.training else -0.5

    def forward(self, x: Tensor) -> Tensor:
        return self.tanh(x) * self.of_mode()


@pytest.mark.parametrize("make", [GainOfMode, GainOfModeByCache])
@pytest.mark.parametrize("training", [False, True])
def test_a_cache_of_what_the_mode_decides(make: type[nn.Module], training: bool) -> None:
    net = make().train(training)
    reason = verify.decide(net, "psd", 3).reason
    assert reason is not None
    assert reason.kind == "not a sample map"
    assert net.training is training
