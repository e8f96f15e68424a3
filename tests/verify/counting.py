"""A helper in a file of its own, as users have them, which counts its calls."""

from collections.abc import Callable

from torch import Tensor

CALLS = [0]


def tick() -> int:
    CALLS[0] += 1
    return CALLS[0]


class Counter:
    n = 0

    def tick(self) -> int:
        Counter.n += 1
        return Counter.n


COUNTER = Counter()


def act(x: Tensor) -> Tensor:
    return x * (1 - 6 * (tick() > 3000))


def counted(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    calls = [0]

    def wrapped(x: Tensor) -> Tensor:
        calls[0] += 1
        return function(x) * (1 - 6 * (calls[0] > 3000))

    return wrapped
