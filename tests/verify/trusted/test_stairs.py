"""Whole numbers as the steps that they take."""

import math
from collections.abc import Callable
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

import verify
from verify.search.evaluate import evaluate
from verify.trusted.stairs import Broken, combined, cut, reached
from verify.trusted.trace import trace

Map = Callable[[Tensor], Tensor]
QUARTERS = st.integers(-12, 12).map(lambda n: Fraction(n, 4))


class Apply(nn.Module):
    def __init__(self, function: Map) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


# Each of these becomes stairs: where they are looked at, as torch computes them.
STAIRS: dict[str, Map] = {
    "clamp of floor": lambda x: torch.floor(x).clamp(0, 3),
    "floor of clamp": lambda x: torch.floor(x.clamp(-0.5, 2.75)),
    "whole ends": lambda x: torch.floor((2 * x + 1).clamp(0, 4)),
    "falling": lambda x: torch.floor((-3 * x).clamp(-2.5, 2)),
    "ceil": lambda x: torch.ceil(x.clamp(-1, 2.5)),
    "ceil and clamp": lambda x: torch.ceil(3 * x).clamp(-2, 2),
    "of a relu": lambda x: torch.floor(torch.relu(x).clamp(max=3.5)),
    "hardtanh": lambda x: torch.floor(3 * nn.functional.hardtanh(x)),
    "long": lambda x: torch.floor(x).long().clamp(-1, 2).to(x.dtype),
    "truncated": lambda x: (2 * x).clamp(0, 3.5).long().to(x.dtype),
    "truncated below": lambda x: (2 * x).clamp(-3.5, 0).long().to(x.dtype),
    "folded": lambda x: torch.floor(x).clamp(-2, 1) - 2 * torch.floor(x).clamp(-1, 1),
    "uneven": lambda x: (0.5 * torch.floor(x) + 0.25).clamp(-0.5, 0.5),
}


@pytest.mark.parametrize("name", STAIRS)
def test_stairs_are_what_torch_computes(name: str) -> None:
    traced = trace(Apply(STAIRS[name]), 1)
    assert "floor" not in {node.name for node in traced.graph.nodes}
    points = torch.arange(-40, 41, dtype=torch.float64)[:, None] / 8
    found = evaluate(traced.graph, traced.sizes, [], points.numpy())
    assert torch.equal(torch.tensor(found), STAIRS[name](points))


# Near misses: unbounded, of two values, not monotone, or with too many steps.
OTHERS: dict[str, Map] = {
    "no bound": lambda x: torch.floor(x.clamp(min=0)),
    "two values": lambda x: torch.floor(x.clamp(0, 3) + x.flip(1).clamp(0, 3)),
    "up and down": lambda x: torch.floor(2 * x.clamp(0, 3) - 4 * (x - 1).clamp(0, 2)),
    "many": lambda x: torch.floor(x).clamp(0, 1000),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_stairs_stays(name: str) -> None:
    traced = trace(Apply(OTHERS[name]), 2)
    assert "floor" in {node.name for node in traced.graph.nodes}


@given(
    st.lists(st.tuples(QUARTERS, QUARTERS), min_size=1, max_size=4), QUARTERS, QUARTERS, QUARTERS
)
def test_cut(
    knots: list[tuple[Fraction, Fraction]], low: Fraction, high: Fraction, u: Fraction
) -> None:
    p = Broken(0, tuple(sorted(dict(knots).items())), (low, high))
    assert cut(p)(u) == max(p(u), 0)
    both = combined([(Fraction(2), p), (Fraction(-1), cut(p))], Fraction(1))
    assert both(u) == 2 * p(u) - max(p(u), 0) + 1


@given(
    st.lists(QUARTERS, min_size=2, max_size=5, unique=True),
    st.lists(QUARTERS, min_size=5, max_size=5),
)
def test_reached(places: list[Fraction], values: list[Fraction]) -> None:
    knots = tuple(zip(sorted(places), sorted(values), strict=False))
    p = Broken(0, knots, (Fraction(0), Fraction(0)))
    for k in range(math.floor(knots[0][1]) + 1, math.floor(knots[-1][1]) + 1):
        t = reached(p, k)
        assert p(t) == k
        assert p(t - Fraction(1, 1000)) < k


class Spline(nn.Module):
    """A linear spline on a uniform grid, its heights by increments."""

    def __init__(self, increments: Map) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 4, bias=False)
        self.raw = nn.Parameter(torch.randn(9))
        self.increments = increments

    def forward(self, x: Tensor) -> Tensor:
        u = 2 * (self.lin(x) + 2)
        left = u.floor().clamp(0, 7)
        index, v = left.long(), self.increments(self.raw).cumsum(0)
        return (v[index] + (u - left) * (v[index + 1] - v[index])) @ self.lin.weight


@pytest.mark.parametrize(
    ("increments", "status"),
    [(nn.functional.softplus, "proved"), (torch.square, "proved"), (torch.abs, "proved"),
     (lambda t: t, "refuted"), (lambda t: t.clamp(min=-0.01), "refuted")],
)  # fmt: skip
def test_splines_on_a_grid(increments: Map, status: str) -> None:
    net = Spline(increments)
    assert verify.decide(net, "symmetric", 3).status == "proved"
    assert verify.decide(net, "psd", 3).status == status
