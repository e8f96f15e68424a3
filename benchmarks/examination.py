"""The examination of verify: what is proved, refuted and unknown of modules with known truth.

python benchmarks/examination.py [--kind KIND ..] [--entry KIND/NAME] [--every 10] [--json FILE]
python benchmarks/examination.py --mutants 300
"""

import argparse
import json
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch
from tabulate import tabulate
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import verify
from tests.verify.examination import ENTRIES, Entry, contradiction, mutation
from tests.verify.examination.judging import CLAIMS, Judgement, judge
from tests.verify.examination.patience import OutOfTimeError, at_most

# Kinds of modules that are not what they are traced as.
ATTACKS = ("batch_attacks", "state_attacks", "parameter_attacks", "disguises", "storage")


def share(found: Sequence[Judgement], claim: str, truth: bool) -> str:
    """Settled of all that have this claim and truth, as "9/10 90 %"."""
    these = [j for j in found if j.counts and j.claim == claim and j.truth is truth]
    settled = sum(j.settled for j in these)
    return f"{settled}/{len(these)} {settled / len(these):.0%}" if these else "-"


def scoreboard(found: Sequence[Judgement]) -> str:
    kinds = sorted({j.entry.kind for j in found})
    groups = [(kind, [j for j in found if j.entry.kind == kind]) for kind in kinds]
    rows = [
        [name, *(share(these, claim, truth) for claim in CLAIMS for truth in (True, False))]
        for name, these in [*groups, ("all", found)]
    ]
    header = ["kind", "symmetric: proved", "refuted", "psd: proved", "refuted"]
    return tabulate(rows, header)


def report(found: Sequence[Judgement]) -> str:
    wrong = [str(j) for j in found if j.wrong]
    crashed = [str(j) for j in found if j.status == "crashed"]
    unsettled = [str(j) for j in found if j.counts and j.status == "unknown"]
    seconds = [j.seconds for j in found] or [0.0]
    slowest = max(found, key=lambda j: j.seconds, default=None)
    attacks = [j for j in found if j.entry.kind in ATTACKS and j.truth is not True]
    tricks = {str(j.entry) for j in attacks}
    proved = sum(j.status == "proved" for j in attacks)
    return "\n".join(
        [
            scoreboard(found),
            f"\nattacks on tracing: {len(tricks)}, proved: {proved}",
            f"\nunsettled: {len(unsettled)}",
            *(f"  {line}" for line in unsettled),
            f"\ncrashed: {len(crashed)}",
            *(f"  {line}" for line in crashed),
            f"\nwrong: {len(wrong)}",
            *(f"  {line}" for line in wrong),
            f"\nseconds: median {statistics.median(seconds):.2f}, max {max(seconds):.2f}"
            + (f" ({slowest.entry} {slowest.claim})" if slowest else ""),
        ]
    )


def judged(entries: Sequence[Entry], limit: int) -> list[Judgement]:
    """Judge both claims of each; what is wrong or crashes is told at once."""
    found = []
    for entry, claim in tqdm([(e, c) for e in entries for c in CLAIMS], unit="verdict"):
        found.append(judge(entry, claim, limit))
        if found[-1].wrong or found[-1].status == "crashed":
            tqdm.write(str(found[-1]))
    return found


def judged_mutants(count: int, limit: int) -> int:
    """Judge mutants by differences of the function; return how many verdicts they contradict."""
    kinds = sorted({entry.kind for entry in ENTRIES})
    counts: Counter[str] = Counter()
    for entry in tqdm(mutation.mutants(count, kinds), total=count, unit="mutant"):
        for claim in CLAIMS:
            try:
                with at_most(limit):
                    verdict = verify.decide(entry.make(), claim, entry.dim, entry.scope)
            except (Exception, OutOfTimeError) as error:
                counts["crashed"] += 1
                tqdm.write(f"{entry} {claim}: crashed {type(error).__name__}: {error}"[:200])
                continue
            counts[verdict.status] += 1
            against = contradiction.contradiction(entry, verdict)
            if against:
                counts["contradicted"] += 1
                tqdm.write(f"{entry} {claim}: {against}")
    print(tabulate(sorted(counts.items()), ["verdicts", "of mutants"]))
    return counts["contradicted"]


def as_json(found: Sequence[Judgement]) -> str:
    rows = [
        {
            "entry": str(j.entry),
            "claim": j.claim,
            "truth": j.truth,
            "status": j.status,
            "reason": j.reason,
            "seconds": round(j.seconds, 3),
        }
        for j in found
    ]
    return json.dumps(rows, indent=1)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Examine verify on modules with known truth.")
    parser.add_argument("--kind", nargs="*", help="only these kinds")
    parser.add_argument("--entry", help="only this entry, KIND/NAME")
    parser.add_argument("--every", type=int, default=1, help="only one entry in so many")
    parser.add_argument("--json", type=Path, help="write every verdict to this file")
    parser.add_argument("--limit", type=int, default=120, help="seconds for a verdict")
    parser.add_argument("--mutants", type=int, default=0, help="judge so many mutants instead")
    asked = parser.parse_args(argv)
    torch.set_num_threads(1)
    if asked.mutants:
        return int(judged_mutants(asked.mutants, asked.limit) > 0)
    entries = [
        entry
        for entry in ENTRIES
        if (not asked.kind or entry.kind in asked.kind) and asked.entry in (None, str(entry))
    ]
    entries = entries[:: asked.every]
    if not entries:
        parser.error("no entry of that kind and name")
    found = judged(entries, asked.limit)
    print(report(found))
    if asked.json:
        asked.json.write_text(as_json(found))
    return int(any(j.wrong or j.status == "crashed" for j in found))


if __name__ == "__main__":
    sys.exit(main())
