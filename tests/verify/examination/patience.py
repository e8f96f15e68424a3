"""An end to what takes too long."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class OutOfTimeError(BaseException):
    """A verdict that did not come in time; no ``except Exception`` on the way may swallow it."""


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raise OutOfTimeError where the body takes longer; in the main thread only."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise OutOfTimeError(f"no verdict within {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
