"""Odd objects that honest modules hold, or that stand among the globals: each is looked at."""

import logging
from typing import Any, Generic, TypeVar

import torch
from numpy.random import default_rng
from torch import Tensor, nn

import verify

from .counting_kinds import LAST
from .tied import Tied

T = TypeVar("T")


class Frozen(dict[str, int]):
    def _no(self, *_: Any) -> None:
        raise TypeError

    __setitem__ = update = clear = pop = _no  # type: ignore[assignment] - it refuses all


class Held(Tied):
    """Keeps its own parameters in containers of all kinds, and one that holds itself."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = [self.lin.weight]
        self.groups = {"decay": (self.lin.weight,)}
        self.itself: dict[str, Any] = {}
        self.itself["me"] = self.itself
        self.number = 10**5000

    def forward(self, x: Tensor) -> Tensor:
        return self.tanh(x) + x @ self.weights[0].T @ self.weights[0]


class WithFrozen(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.config = Frozen(a=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.tanh(x)


def test_honest_modules() -> None:
    assert verify.decide(Held(), "psd", 3).status == "proved"
    verdict = verify.decide(WithFrozen(), "psd", 3)
    assert verdict.status == "proved" or (
        verdict.reason is not None and "cannot be copied" in verdict.reason.detail
    )


GENERATOR = default_rng(0)  # a function that is written in C
FREED = torch.ones(3)
FREED.untyped_storage().resize_(0)
NESTED = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)
LAZY = nn.LazyLinear(3)


class AmongOthers(Tied):
    def forward(self, x: Tensor) -> Tensor:
        assert all(value is not None for value in (default_rng, FREED, NESTED, LAZY))
        return self.tanh(x)


def test_odd_objects_among_the_globals() -> None:
    assert verify.decide(AmongOthers(), "psd", 3).status == "proved"


class Counter(logging.Handler):
    n = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.n += 1


LOG = logging.getLogger("of a test of state")
LOG.propagate = False
LOG.addHandler(Counter())


class Logged(Tied):
    def forward(self, x: Tensor) -> Tensor:
        LOG.warning("called")
        handler: Any = LOG.handlers[0]
        return self.tanh(x) if handler.n < LAST else -self.tanh(x)


def test_a_handler_of_a_log_that_counts() -> None:
    reason = verify.decide(Logged(), "psd", 3).reason
    assert reason is not None
    assert reason.kind == "not a sample map"


class Guarded(Tensor):
    """A tensor that allows nothing, not even to ask for its gradient."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise TypeError(f"{func} is not allowed")


GUARDED = torch.ones(3).as_subclass(Guarded)


class HoldsGuarded(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tanh(x) if GUARDED is not None else -x


def test_a_tensor_that_cannot_be_asked() -> None:
    assert verify.decide(HoldsGuarded(), "psd", 3).status == "proved"


class Gains(Generic[T], list[T]):
    """A list whose first base is no container."""


class WithGains(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.gains = Gains([1.0, 2.0])

    def forward(self, x: Tensor) -> Tensor:
        return self.tanh(x) * sum(self.gains)


def test_a_generic_list() -> None:
    assert verify.decide(WithGains(), "psd", 3).status == "proved"
