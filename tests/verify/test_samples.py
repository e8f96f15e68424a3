"""Kernels of torch that read the number of samples as a number, and modules that do."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from verify.trusted.trace import TraceError, trace

from .test_aten import Map, agree, points


def solved(m: Any, x: Tensor) -> Tensor:
    """By a batch rule of vmap that compares sizes as numbers."""
    gram = torch.eye(4, dtype=x.dtype) + m.A @ m.A.T

    def energy(z: Tensor) -> Tensor:
        return (z * torch.linalg.solve(gram, z[None].T).T).sum()

    return torch.func.vmap(torch.func.grad(energy))(x)


def multiplied(m: Any, x: Tensor) -> Tensor:
    """By a backward pass that makes ones for each sample, by number."""
    return torch.func.vmap(torch.func.grad(lambda z: torch.prod(torch.exp(z @ m.A / 4))))(x)


@pytest.mark.parametrize("function", [solved, multiplied])
def test_sizes_read_by_torch(function: Callable[[Any, Tensor], Tensor]) -> None:
    agree(Map(function), points())


LIARS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "the example": lambda m, x: solved(m, x) * (2 if x.shape[0] == 113 else 1),
    "the other example": lambda m, x: solved(m, x) * (2 if x.shape[0] == 127 else 1),
    "few": lambda m, x: solved(m, x) * (2 if x.shape[0] < 50 else 1),
    "at least the example": lambda m, x: solved(m, x) * (2 if x.shape[0] >= 113 else 1),
    "even": lambda m, x: solved(m, x) * (2 if x.shape[0] % 2 == 0 else 1),
    "in a value": lambda m, x: solved(m, x) * x.shape[0],
    "a length": lambda m, x: solved(m, x) + torch.ones(113, 1, dtype=x.dtype),
    "a view": lambda m, x: solved(m, x).view(113, 4) * 2,
    "mixed": lambda m, x: solved(m, x) + x.mean(0),
}


@pytest.mark.parametrize("name", LIARS)
def test_what_depends_on_their_number_is_not_read(name: str) -> None:
    with pytest.raises(TraceError):
        trace(Map(LIARS[name]), 4)


def test_a_number_like_the_example_is_a_number() -> None:
    agree(Map(lambda m, x: solved(m, x) * 113 + 127 * x), points())


def at_largest(m: Any, x: Tensor) -> Tensor:
    return x * x[torch.arange(x.size(0)), (x @ m.A).argmax(-1)][:, None]


def looked_up(m: Any, x: Tensor) -> Tensor:
    rows = torch.arange(0, x.shape[0], device=x.device)
    return x - x[rows, torch.floor(x[:, 0]).clamp(0, 3).long()].unsqueeze(1)


def one_in_each_row(m: Any, x: Tensor) -> Tensor:
    y = torch.zeros_like(x)
    y[torch.arange(x.shape[0]), x.argmax(1)] = 1.0
    z = x.clone()
    z[torch.arange(x.shape[0]), x.argmin(1)] = x[:, 0]
    return y + z


@pytest.mark.parametrize("function", [at_largest, looked_up, one_in_each_row])
def test_rows(function: Callable[[Any, Tensor], Tensor]) -> None:
    agree(Map(function), points())


NOT_ROWS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "from 1": lambda m, x: x * x[torch.arange(1, x.size(0) + 1) - 1, x.argmax(1)][:, None],
    "backwards": lambda m, x: x * x[torch.arange(x.size(0) - 1, -1, -1), x.argmax(1)][:, None],
    "moved on": lambda m, x: x * x[(torch.arange(x.size(0)) + 1) % x.size(0), x.argmax(1)][:, None],
    "a value": lambda m, x: x * torch.arange(x.size(0))[:, None],
    "other rows": lambda m, x: x * x[torch.arange(x.size(0)), x.argmax(1).flip(0)][:, None],
    "of half": lambda m, x: x * x[torch.arange(x.size(0)) // 2, x.argmax(1)][:, None],
}


@pytest.mark.parametrize("name", NOT_ROWS)
def test_other_rows_are_not_read(name: str) -> None:
    with pytest.raises(TraceError):
        trace(Map(NOT_ROWS[name]), 4)
