"""The truths of the examination, seen in differences of the plain functions in float64."""

import pytest
import torch
from torch import nn

from .examination import ENTRIES, Entry, differences

TRUE = [entry for entry in ENTRIES if entry.symmetric is True]
# An asymmetry refutes psd too, so that psd is looked at only where f is symmetric.
FALSE = [
    (entry, "symmetric" if entry.symmetric is False else "psd")
    for entry in ENTRIES
    if False in (entry.symmetric, entry.psd)
]


@pytest.mark.parametrize("entry", TRUE, ids=str)
def test_nothing_contradicts_what_is_called_true(entry: Entry) -> None:
    if entry.dim > 16:
        pytest.skip(entry.unseen)
    for net in differences.draws(entry.make(), entry.scope):
        assert differences.asymmetry(net, entry.dim) < differences.ASYMMETRY
        assert differences.circulations(net, entry.dim, 1) < differences.CIRCULATION
        if entry.psd:
            assert differences.drop(net, entry.dim) < differences.DROP


def placed(entry: Entry) -> nn.Module:
    """The module at the parameters that its entry names."""
    net = entry.make().double()
    with torch.no_grad():
        for name, value in (entry.values or {}).items():
            p = net.get_parameter(name)
            p.copy_(torch.as_tensor(value, dtype=torch.float64).expand(p.shape))
    return net


def seen(entry: Entry, claim: str) -> bool:
    see = differences.is_asymmetric if claim == "symmetric" else differences.falls
    if entry.points is None and entry.values is None:
        return any(see(net, entry.dim) for net in differences.draws(entry.make(), entry.scope, 4))
    net = placed(entry)
    if entry.points is None:
        return see(net, entry.dim)
    points = torch.tensor(entry.points, dtype=torch.float64)
    if len(points) == 3:
        return differences.circulation(net, points) > differences.CIRCULATION
    return bool((differences.products(net, points[:1], points[1:]) < -differences.DROP).any())


@pytest.mark.parametrize(("entry", "claim"), FALSE, ids=str)
def test_what_is_called_false_is_seen_to_be(entry: Entry, claim: str) -> None:
    if entry.unseen:
        pytest.skip(entry.unseen)
    assert seen(entry, claim)


NO_SAMPLE_MAP = [
    entry
    for entry in ENTRIES
    if entry.kind in ("batch_attacks", "counters", "state_attacks") and entry.symmetric is None
]


@pytest.mark.parametrize("entry", NO_SAMPLE_MAP, ids=str)
def test_what_is_called_no_sample_map_is_seen_to_be_none(entry: Entry) -> None:
    if entry.unseen:
        pytest.skip(entry.unseen)
    assert not differences.maps_samples(lambda: entry.make().double(), entry.dim)
