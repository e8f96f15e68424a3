"""What verify says of an entry, against the truth."""

import time
from dataclasses import dataclass

import verify

from .entry import Entry
from .patience import OutOfTimeError, at_most

CLAIMS = ("symmetric", "psd")


@dataclass(frozen=True)
class Judgement:
    """A verdict on an entry.

    Attributes:
        entry: the module judged.
        claim: "symmetric" or "psd".
        status: "proved", "refuted" or "unknown".
        reason: of an unknown, in one line.
        seconds: from the module to the verdict.
    """

    entry: Entry
    claim: str
    status: str
    reason: str
    seconds: float

    @property
    def truth(self) -> bool | None:
        return self.entry.truth(self.claim)

    @property
    def counts(self) -> bool:
        """Whether the claim has a truth that verify should find."""
        return self.entry.scored and self.truth is not None

    @property
    def wrong(self) -> bool:
        right = {True: "proved", False: "refuted", None: "unknown"}[self.truth]
        return self.status in ("proved", "refuted") and self.status != right

    @property
    def settled(self) -> bool:
        return self.status in ("proved", "refuted") and not self.wrong

    def __str__(self) -> str:
        return f"{self.entry} {self.claim}: {self.status} {self.reason}".rstrip()


def judge(entry: Entry, claim: str, limit: int = 120) -> Judgement:
    """Return verify's verdict on a fresh module; a crash reads "crashed" and is never settled."""
    net = entry.make()
    start = time.perf_counter()
    try:
        with at_most(limit):
            verdict = verify.decide(net, claim, dim=entry.dim, scope=entry.scope)
    except (Exception, OutOfTimeError) as error:
        reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        return Judgement(entry, claim, "crashed", reason, time.perf_counter() - start)
    seconds = time.perf_counter() - start
    return Judgement(entry, claim, verdict.status, explained(verdict), seconds)


def explained(verdict: "verify.Verdict") -> str:
    reason = verdict.reason
    return "" if reason is None else f"{reason.kind}: {reason.detail} {reason.source}".strip()
