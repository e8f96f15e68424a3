"""Places in the rows of a batch: one in each sample, the samples in order."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from verify.trusted.trace import TraceError, trace

from .test_aten import Map, agree, points


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
