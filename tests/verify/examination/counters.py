"""Modules whose functions, methods and classes count the calls; the answer is unknown."""

import functools
from collections.abc import Callable

from torch import Tensor, nn

from .batch_attacks import Tied
from .entry import examined


def counts(why: str):
    unseen = "it tells after 1000 calls"
    return examined(symmetric=None, psd=None, why=f"{why} counts", unseen=unseen)


class CountsBehind(Tied):
    """Asks what stands behind a function how often it was called."""

    def __init__(self, behind: Callable[[], int]) -> None:
        super().__init__()
        self.behind = behind

    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x) if self.behind() < 1000 else self.untied(x)


def closure() -> Callable[[], int]:
    calls = 0

    def count() -> int:
        nonlocal calls
        calls += 1
        return calls

    return count


class Clicker:
    def __init__(self) -> None:
        self.calls = 0

    def click(self) -> int:
        self.calls += 1
        return self.calls


def longer(log: list[int]) -> int:
    log.append(0)
    return len(log)


@counts("the variable of a closure")
def counts_in_closure() -> nn.Module:
    return CountsBehind(closure())


@counts("the object of a method")
def counts_in_object() -> nn.Module:
    return CountsBehind(Clicker().click)


@counts("an argument of a partial")
def counts_in_partial() -> nn.Module:
    return CountsBehind(functools.partial(longer, []))


class Calls:
    """A class beside the module's own."""

    count = 0


@counts("an attribute of another class")
class CountsInOtherClass(Tied):
    def forward(self, x: Tensor) -> Tensor:
        Calls.count += 1
        return self.tied(x) if Calls.count < 1000 else self.untied(x)
