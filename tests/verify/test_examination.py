"""The gate: no verdict of verify contradicts the examination, and enough of it is settled.

Here a part of the examination stands for all; python benchmarks/examination.py judges all of it.
"""

from collections import Counter
from functools import cache

import pytest

from .examination import ENTRIES, Entry
from .examination.judging import CLAIMS, Judgement, judge

# The least share of the claims with a truth that is settled.
GOAL = 0.8
# Entries of a kind that are judged here; all of those that verify must turn down.
PART = 3
WHOLE = ("batch_attacks", "counters", "state_attacks", "parameter_attacks")
KINDS = sorted({entry.kind for entry in ENTRIES})


def part(kind: str) -> list[Entry]:
    """Entries of a kind, evenly spread over its file; of what to turn down, all."""
    entries = [entry for entry in ENTRIES if entry.kind == kind]
    if kind in WHOLE:
        return entries
    return [entries[(2 * k + 1) * len(entries) // (2 * PART)] for k in range(PART)]


@cache
def judged(kind: str) -> tuple[Judgement, ...]:
    """Verdicts on the claims in turn, one claim an entry."""
    entries = part(kind)
    first = KINDS.index(kind)
    return tuple(judge(entry, CLAIMS[(first + k) % 2]) for k, entry in enumerate(entries))


@pytest.mark.parametrize("kind", KINDS)
def test_no_verdict_is_wrong(kind: str) -> None:
    assert [str(j) for j in judged(kind) if j.wrong or j.status == "crashed"] == []


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("truth", [True, False])
def test_enough_is_settled(claim: str, truth: bool) -> None:
    found = [j for kind in KINDS for j in judged(kind) if j.claim == claim and j.truth is truth]
    counted = [j for j in found if j.counts]
    settled = [j for j in counted if j.settled]
    open_ones = "\n".join(str(j) for j in counted if not j.settled)
    assert len(settled) >= GOAL * len(counted), open_ones


def test_every_unknown_has_a_reason() -> None:
    found = [j for kind in KINDS for j in judged(kind) if j.status == "unknown"]
    assert [str(j) for j in found if ": " not in j.reason] == []


def test_names_are_unique() -> None:
    assert [name for name, count in Counter(map(str, ENTRIES)).items() if count > 1] == []


def test_the_examination_is_wide() -> None:
    for claim in CLAIMS:
        truths = Counter(entry.truth(claim) for entry in ENTRIES)
        assert min(truths[True], truths[False]) >= 250
    assert sum(entry.kind in (*WHOLE, "disguises", "storage") for entry in ENTRIES) >= 100


@pytest.mark.parametrize(
    ("truth", "status", "wrong"),
    [
        (True, "refuted", True),
        (False, "proved", True),
        (None, "proved", True),
        (None, "refuted", True),
        (None, "unknown", False),
        (True, "proved", False),
        (False, "refuted", False),
        (False, "unknown", False),
        (True, "crashed", False),
    ],
)
def test_what_is_wrong(truth: bool | None, status: str, wrong: bool) -> None:
    entry = Entry("kind", "name", lambda: pytest.fail("never built"), 3, truth, truth, "")
    assert Judgement(entry, "psd", status, "", 0.0).wrong is wrong
