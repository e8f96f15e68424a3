"""What a module's code names: objects of Python's that may keep a state unseen."""

import contextvars
import cProfile
import decimal
import functools
import hashlib
import operator
import queue
import re
import sys
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import verify
from verify.search.paths import keeper, strays
from verify.search.prove import prove

QUEUE, HASH = queue.SimpleQueue[int](), hashlib.md5(usedforsecurity=False)
VARIABLE = contextvars.ContextVar("calls", default=0)
CONTEXT, WALK = decimal.Context(), np.nditer(np.zeros(10**6))
CACHED = functools.lru_cache(None)(operator.neg)
PATTERN, TABLE, HALF = re.compile("a"), np.array([1.0, 2.0]), Fraction(1, 2)


class Calls(nn.Module):
    """x, until something has been counted to a million."""

    def __init__(self, count: Callable[[], int]) -> None:
        super().__init__()
        self.count = count

    def forward(self, x: Tensor) -> Tensor:
        return x * (1 - 5 * (self.count() > 10**6))


def queued() -> int:
    QUEUE.put(1)
    return QUEUE.qsize()


def hashed() -> int:
    HASH.update(b"a")
    return HASH.digest()[0] * 0


def set_and_read() -> int:
    VARIABLE.set(VARIABLE.get() + 1)
    return VARIABLE.get()


def precise() -> int:
    CONTEXT.prec += 1
    return CONTEXT.prec


def walked() -> int:
    WALK.iternext()
    return WALK.iterindex


def cached() -> int:
    CACHED(CACHED.cache_info().currsize)
    return CACHED.cache_info().currsize


@pytest.mark.parametrize("count", [queued, hashed, set_and_read, precise, walked, cached])
def test_objects_that_keep_a_state(count: Callable[[], int]) -> None:
    verdict = verify.decide(Calls(count), "psd", dim=2)
    assert verdict.reason is not None
    assert verdict.reason.kind == "not a sample map"


def test_objects_that_keep_none() -> None:
    class Named(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * bool(PATTERN.match("a")) * float(HALF) * float(TABLE[0])

    assert strays(Named(), 2) == ""
    assert not any(map(keeper, (1, "a", [1], {}, np.float32(1), decimal.Decimal(1), torch.relu)))


def test_following_leaves_other_tracers_alone() -> None:
    calls: list[str] = []

    def tracer(frame: object, event: str, arg: object) -> None:
        calls.append(event)

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        assert strays(nn.Tanh(), 2) == ""
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)


def test_a_verdict_can_be_profiled() -> None:
    profile = cProfile.Profile()
    verdict = profile.runcall(verify.decide, nn.Tanh(), "psd", 2)
    assert verdict.status == "proved"
    codes = [entry.code for entry in profile.getstats() if not isinstance(entry.code, str)]
    assert prove.__code__ in codes  # which comes after the calls that are followed
