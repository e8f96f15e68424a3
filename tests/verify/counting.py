"""A helper in a file of its own, as users have them, which counts its calls."""

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
