"""Objects of another file that count calls where it is hard to see: in slots, in their kinds."""

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

LAST = 1000  # calls before the sign changes


class Clock(itertools.count):  # type: ignore[type-arg] - not generic at run time
    __slots__ = ("ticks",)

    def tick(self) -> int:
        self.ticks += 1
        return self.ticks


class Row(np.ndarray):  # type: ignore[type-arg]
    __slots__ = ("ticks",)

    def tick(self) -> int:
        self.ticks += 1
        return self.ticks


def counted_partial(f: Callable[[Tensor], Tensor]) -> Any:
    class Counted(partial[Tensor]):
        n = 0

        @classmethod
        def tick(cls) -> int:
            cls.n += 1
            return cls.n

    return Counted(f)


def counted_property() -> Any:
    class Counted(property):
        n = 0

        @classmethod
        def tick(cls) -> int:
            cls.n += 1
            return cls.n

    return Counted()


class Base(type):
    stats: ClassVar[dict[str, int]] = {"n": 0}

    def tick(cls) -> int:
        cls.stats["n"] += 1
        return cls.stats["n"]


class Meta(Base):
    pass


class Act(metaclass=Meta):
    pass


class OnFunction:
    def tick(self) -> int:
        stats: dict[str, int] = torch.nn.functional.silu.stats  # type: ignore[attr-defined] - put on
        stats["n"] += 1
        return stats["n"]


COUNTS = {"n": 0}
CLOCK: Any = Clock()
ROW = np.zeros(3).view(Row)
CLOCK.ticks = ROW.ticks = 0
PARTIAL, PROPERTY = counted_partial(torch.tanh), counted_property()
ON_FUNCTION = OnFunction()
