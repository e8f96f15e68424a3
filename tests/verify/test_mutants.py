"""Modules with one thing changed: no verdict on them contradicts differences of the function.

python benchmarks/examination.py --mutants 300 judges more of them.
"""

from collections import Counter

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
