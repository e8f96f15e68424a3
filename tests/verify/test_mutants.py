"""Modules with one thing changed: no verdict on them contradicts differences of the function.

python benchmarks/examination.py --mutants 300 judges more of them.
"""

from collections import Counter
from fractions import Fraction
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

import verify

from .examination import ENTRIES, Entry, contradiction, differences, mutation
from .examination.judging import CLAIMS

KINDS = sorted({entry.kind for entry in ENTRIES} - {"library"})
MUTANTS = [
    (entry, CLAIMS[k % 2]) for k, entry in enumerate(mutation.mutants(len(KINDS) + 1, KINDS))
]


@pytest.mark.parametrize(("entry", "claim"), MUTANTS, ids=str)
def test_differences_do_not_contradict(entry: Entry, claim: str) -> None:
    verdict = verify.decide(entry.make(), claim, dim=entry.dim, scope=entry.scope)
    assert contradiction.contradiction(entry, verdict) == ""


def test_mutants_are_many_and_of_every_change() -> None:
    sites = [site for kind in KINDS for site in mutation.sites(kind)]
    assert len(sites) > 5000
    assert {site.change for site in sites} == set(mutation.CHANGES)


def test_a_mutant_differs_from_its_original() -> None:
    x = torch.randn(7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    sites = [s for s in mutation.sites("ties") if s.key == "Untied"]
    found = Counter()
    for site in sites:
        entry = mutation.mutant(site)
        original = next(e for e in ENTRIES if e.kind == "ties" and e.name == "Untied")
        if entry is not None and mutation.maps(entry):
            same = torch.equal(entry.make().double()(x), original.make().double()(x))
            found[same or site.change.__name__] += 1
    assert found[mutation.untie_by_scale.__name__] == 3
    assert found[mutation.exchange_function.__name__] == 1


class Liar(nn.Module):
    def __init__(self, turn: float, slope: float) -> None:
        super().__init__()
        self.turn, self.slope = turn, slope

    def forward(self, x: Tensor) -> Tensor:
        return self.slope * x + self.turn * x.flip(-1) * torch.tensor([1.0, -1.0], dtype=x.dtype)


@pytest.mark.parametrize(
    ("turn", "slope", "asymmetric", "falls"),
    [(0, 1, False, False), (1, 1, True, False), (0, -1, False, True), (1e-3, 1, True, False)],
)
def test_the_judge_sees_what_is_there(
    turn: float, slope: float, asymmetric: bool, falls: bool
) -> None:
    assert differences.is_asymmetric(Liar(turn, slope), 2) is asymmetric
    assert differences.falls(Liar(turn, slope), 2) is falls


class Steep(nn.Module):
    """An asymmetry of power -3/2, seen only from near the origin."""

    def __init__(self, turn: float) -> None:
        super().__init__()
        self.turn = turn

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(x) ** -1.5
        return y + self.turn * torch.stack([y[:, 1], y[:, 0] * 2], 1)


@pytest.mark.parametrize("turn", [0.0, 1.0])
def test_a_counterexample_near_a_pole_is_judged(turn: float) -> None:
    found = SimpleNamespace(
        kind="jacobian",
        parameters={},
        points=[(Fraction(1, 10**11), Fraction(2, 10**11))],
        indices=(0, 1),
        enclosures={"J_ij - J_ji": (1, 1)},
    )
    entry = Entry("here", "steep", lambda: Steep(turn), 2, None, None, "undefined at 0")
    assert contradiction.confirmed(entry, found) is bool(turn)
