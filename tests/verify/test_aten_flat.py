"""Places in a table that is laid out flat: a row of each neuron and a column that depends on x."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from verify.trusted.trace import TraceError, trace

from .test_aten import Map, agree, points


def column(x: Tensor, most: int = 3) -> Tensor:
    return torch.floor(2 * x).clamp(0, most).long()


def flat(at: Callable[[Tensor], Tensor]) -> Callable[[Any, Tensor], Tensor]:
    return lambda m, x: x * m.A.reshape(-1)[at(x)]


ROWS = 4 * torch.arange(4)
IN_ROWS: dict[str, Callable[[Tensor], Tensor]] = {
    "columns": lambda x: ROWS + column(x),
    "the next column": lambda x: column(x, 2) + ROWS + 1,
    "rows reversed": lambda x: ROWS.flip(0) + column(x),
    "one row": lambda x: column(x) + 8,
    "rows of pairs": lambda x: ROWS[:2].repeat(2) + column(x),
}
ELSEWHERE: dict[str, Callable[[Tensor], Tensor]] = {
    "into the next row": lambda x: ROWS[:3].repeat(2)[:4] + column(x) + 1,
    "between rows": lambda x: 3 * torch.arange(4) + column(x),
    "back": lambda x: ROWS + 1 + column(x, 3) - 1,
    "flipped": lambda x: (ROWS + column(x)).flip(1),
}

SEVERAL: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "row and column": lambda m, x: x * m.A[torch.arange(4), column(x)],
    "next column": lambda m, x: x * m.A[torch.arange(4), column(x, 2) + 1],
    "column and row": lambda m, x: x * m.A[column(x), torch.tensor([3, 3, 0, -1])],
    "both of x": lambda m, x: x * m.A[column(x), column(x[:, :1], 2)],
    "beside an axis": lambda m, x: x * (m.A[:, :, None] * m.b)[torch.arange(4), column(x)].sum(2),
    "in a sample": lambda m, x: (x[:, :, None] * m.A)[:, torch.arange(4), [1, 0, 3, 2]],
}


@pytest.mark.parametrize("name", SEVERAL)
def test_places_of_several_axes(name: str) -> None:
    net = Map(SEVERAL[name])
    agree(net, points())
    agree(net, 2 * points())


UNREAD: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "perhaps out of range": lambda m, x: x * m.A[torch.arange(4), column(x) + 1],
    "perhaps negative": lambda m, x: x * m.A[torch.arange(4), column(x) - 1],
    "of other samples": lambda m, x: (x[:, :, None] * m.A)[:, torch.arange(4), column(x)][0],
}


@pytest.mark.parametrize("name", UNREAD)
def test_places_that_are_not_read(name: str) -> None:
    with pytest.raises(TraceError):
        trace(Map(UNREAD[name]), 4)


@pytest.mark.parametrize("name", IN_ROWS)
def test_a_place_in_a_row(name: str) -> None:
    net = Map(flat(IN_ROWS[name]))
    agree(net, points())
    agree(net, 2 * points())


@pytest.mark.parametrize("name", ["columns", "the next column", "rows reversed"])
def test_only_the_row_itself_is_read(name: str) -> None:
    graph = trace(Map(flat(IN_ROWS[name])), 4).graph
    assert max(len(literal.data) for literal in graph.literals) <= 16
    assert all(len(node.shape) < 3 for node in graph.nodes)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_place_that_may_be_in_another_row(name: str) -> None:
    net = Map(flat(ELSEWHERE[name]))
    agree(net, points())
    agree(net, 2 * points())
