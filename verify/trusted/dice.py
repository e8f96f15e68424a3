"""The generators of random numbers that all code shares: torch's, NumPy's and Python's."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


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
