"""Objects of another file that count calls where it is hard to see: in slots, in their kinds."""

import functools
import itertools
from typing import Any, ClassVar

import numpy as np
import torch

LAST = 1000  # calls before the sign changes


class Ticks:
    __slots__ = ()
    ticks: int

    def tick(self) -> int:
        self.ticks += 1
        return self.ticks


class Clock(Ticks, itertools.count):  # type: ignore[type-arg] - not generic at run time
    __slots__ = ("ticks",)  # type: ignore[assignment] - the slot of what is declared


class Row(Ticks, np.ndarray):  # type: ignore[type-arg] - as in Clock
    __slots__ = ("ticks",)  # type: ignore[assignment] - as in Clock


def counted(kind: Any, *given: Any) -> Any:
    """Return an object of a class of one's own, on which calls are counted."""

    class Counted(kind):
        n = 0

        @classmethod
        def tick(cls) -> int:
            cls.n += 1
            return cls.n

    return Counted(*given)


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
PARTIAL, PROPERTY = counted(functools.partial, torch.tanh), counted(property)
ON_FUNCTION = OnFunction()
