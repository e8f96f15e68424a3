"""Sources of random numbers: those that all code shares, torch's, NumPy's, Python's, and others."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from random import Random
from typing import Any

import numpy as np
import torch
from numpy.random import Generator, RandomState


def dice() -> tuple[Any, ...]:
    """Return the states of the generators, to compare."""
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002, what users' code draws from
    return (
        random.getstate(),
        (kind, bytes(np.asarray(keys).tobytes()), *rest),
        bytes(torch.get_rng_state().numpy().tobytes()),
    )


@contextmanager
def undrawn() -> Iterator[None]:
    """Leave the generators as if nothing had been drawn."""
    own, numpys = random.getstate(), np.random.get_state()  # noqa: NPY002
    torchs = torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(own)
        np.random.set_state(numpys)  # noqa: NPY002
        torch.set_rng_state(torchs)


def rolled(dice: Random | Generator | RandomState | torch.Generator) -> str:
    """Return the state of a source of random numbers."""
    if isinstance(dice, torch.Generator):
        return str(dice.get_state().tolist())
    if isinstance(dice, Random):
        return str(dice.getstate()) if has_state(dice) else ""  # the system's: paths.py tells
    return str(dice.bit_generator.state if isinstance(dice, Generator) else dice.get_state())


def has_state(dice: Random) -> bool:
    try:
        return bool(dice.getstate())
    except NotImplementedError:
        return False


def redrawn(dice: Any) -> Callable[[], Any] | None:
    """Return what puts back the state of a source of random numbers, if one."""
    if isinstance(dice, Random):
        return partial(dice.setstate, dice.getstate()) if has_state(dice) else None
    if isinstance(dice, torch.Generator):
        return partial(dice.set_state, dice.get_state())
    if isinstance(dice, Generator):
        return partial(setattr, dice.bit_generator, "state", dice.bit_generator.state)
    return partial(dice.set_state, dice.get_state()) if isinstance(dice, RandomState) else None
