"""The gate: no verdict of verify contradicts the examination, and enough of it is settled."""

from collections import Counter

import pytest

from .examination import ENTRIES, Entry
from .examination.judging import CLAIMS, Judgement, judge

# The least share settled of the claims of a kind that have a truth.
GOAL = 0.8
BELOW: dict[str, float] = {}
KINDS = sorted({entry.kind for entry in ENTRIES})
CASES = [(kind, claim) for kind in KINDS for claim in CLAIMS]


def judged(kind: str, claim: str) -> list[Judgement]:
    return [judge(entry, claim) for entry in ENTRIES if entry.kind == kind]


@pytest.mark.parametrize(("kind", "claim"), CASES)
def test_no_verdict_is_wrong_and_enough_are_settled(kind: str, claim: str) -> None:
    found = judged(kind, claim)
    assert [str(j) for j in found if j.wrong or j.status == "crashed"] == []
    with_truth = [j for j in found if j.counts]
    settled = sum(j.settled for j in with_truth)
    assert settled >= BELOW.get(kind, GOAL) * len(with_truth), [
        str(j) for j in with_truth if not j.settled
    ]


def test_names_are_unique() -> None:
    assert [name for name, count in Counter(map(str, ENTRIES)).items() if count > 1] == []


def test_both_answers_occur_often() -> None:
    for claim in CLAIMS:
        truths = Counter(entry.truth(claim) for entry in ENTRIES)
        assert min(truths[True], truths[False]) >= 100


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
