"""Tables looked up at a place among knots: read as sums of steps, and as torch computes them."""

import pytest
import torch

import verify
from verify.search.evaluate import evaluate
from verify.trusted.trace import trace

from .tables import HEIGHTS, MAPS, RISING, Table, meeting, meeting_first, of_heights, one_number


@pytest.mark.parametrize("name", MAPS)
def test_the_graph_computes_what_torch_does(name: str) -> None:
    net = Table(MAPS[name]).double()
    traced = trace(net, 3)
    sides = torch.tensor([[0.5, -1.0, 2.0], [-0.25, 0.49, 0.51], [7.0, -7.0, 0.0]])
    x = torch.cat([sides, torch.linspace(-3, 3, 60).view(-1, 3)]).double()
    params = [t.detach().clone().numpy().flatten() for t in traced.tensors]
    got = evaluate(traced.graph, traced.sizes, params, x.numpy())
    torch.testing.assert_close(torch.tensor(got), net(x).detach())


@pytest.mark.parametrize("name", RISING)
def test_rising_heights_are_proved(name: str) -> None:
    net = Table(of_heights(RISING[name]))
    verify.assert_proved(net, "psd", 2)


@pytest.mark.parametrize("name", ["free", "falling", "one exchanged"])
def test_any_heights_are_symmetric(name: str) -> None:
    verify.assert_proved(Table(of_heights(HEIGHTS[name])), "symmetric", 2)


@pytest.mark.parametrize("name", ["falling", "running minimum", "one exchanged", "less a little"])
def test_other_heights_are_not_proved(name: str) -> None:
    net = Table(of_heights(HEIGHTS[name]))
    assert verify.decide(net, "psd", 2).status != "proved"


@pytest.mark.parametrize("claim", ["symmetric", "psd"])
def test_knots_that_meet(claim: str) -> None:
    """Between two that meet there is no place; but what lies below the first is put between."""
    net, first = Table(meeting), Table(meeting_first)
    assert net(torch.linspace(-3, 3, 25)).isfinite().all()
    verify.assert_proved(net, claim, 2)
    assert first(torch.tensor([-2.0])).isnan().all()
    assert verify.decide(first, claim, 2).status != "proved"


def test_what_is_undefined_stays_below_a_table_of_one_number() -> None:
    assert verify.decide(Table(one_number), "symmetric", 2).status != "proved"
