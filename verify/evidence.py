"""What a chapter establishes of a statement: recorded only if it holds, and read by the book.

Each function checks what it is given, raises EvidenceError if that does not hold, and returns a
record that shows itself in a notebook. The binding of the book reads the records in the executed
chapters, checks the certificates in them once more, and compares them with what each chapter
says of its statements.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from html import escape
from typing import Any

import sympy as sp
from torch import nn

from verify.counterexample import ReplayError
from verify.decide import check, sizes
from verify.trusted.kernel import Rejected
from verify.verdict import Certificate, Verdict

MIME = "application/vnd.gradnets.evidence+json"
SIGNS = {"all sizes": "●", "constructive": "▲", "instance": "◐", "refuted": "✗", "cited": "○"}
KINDS = tuple(SIGNS)
NAMES = {"def": "Definition", "thm": "Theorem", "cor": "Corollary", "prop": "Proposition",
         "lem": "Lemma", "rem": "Remark"}  # fmt: skip
LABEL = re.compile(rf"({'|'.join(NAMES)})((?:-[a-z]?\d+)+)|eqs-(\d+)-(\d+)")


class EvidenceError(AssertionError):
    """What was to be recorded does not hold; the message names the statement and what failed."""


@dataclass(frozen=True)
class Evidence:
    """One thing that a cell established of a statement; made by the functions of this module.

    Attributes:
        label: of the statement, "thm-11".
        kind: one of ``KINDS``.
        about: what was established, in words.
        detail: figures beside it: a digest, bounds, a source.
        certificate: of kind "all sizes".
    """

    label: str
    kind: str
    about: str
    detail: dict[str, Any] = field(default_factory=dict)
    certificate: Certificate | None = None

    def __post_init__(self) -> None:
        name(self.label)
        if not self.about.strip():
            raise EvidenceError(f"{self.label}: about: expected what was established, got nothing")

    def __str__(self) -> str:
        shown = "".join(f"; {key} {value}" for key, value in self.detail.items())
        return f"{name(self.label)}, {self.kind}: {self.about}{shown}"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        shown = "".join(f"; {escape(f'{k} {v}')}" for k, v in self.detail.items())
        sign, what = SIGNS[self.kind], f"{name(self.label)}, {self.kind}"
        html = f"<p class='evidence'>{sign} <b>{what}</b>: {escape(self.about)}{shown}</p>"
        record = {"label": self.label, "kind": self.kind, "about": self.about, **self.detail}
        # a certificate is read by the book, not by people: it stays out of what is compared
        hidden = {MIME: {"certificate": self.certificate.to_json()}} if self.certificate else {}
        return {"text/plain": str(self), "text/html": html, MIME: record}, hidden


def name(label: str) -> str:
    """Return the name of a statement.

    Raises:
        EvidenceError: a label of another form.

    >>> name("cor-2-1"), name("thm-a1"), name("eqs-1-4")
    ('Corollary 2.1', 'Theorem A1', 'Equations (1)–(4)')
    """
    match = LABEL.fullmatch(label)
    if not match:
        raise EvidenceError(f"label: expected one such as 'thm-11' or 'cor-2-1', got {label!r}")
    if match[1] is None:
        return f"Equations ({match[3]})–({match[4]})"
    return f"{NAMES[match[1]]} {match[2][1:].replace('-', '.').upper()}"


def all_sizes(
    label: str, about: str, certificate: Certificate, *nets: nn.Module | tuple[nn.Module, int]
) -> Evidence:
    """Record a certificate that names no dimension, checked by the kernel and against the nets.

    Args:
        label, about: the statement, and what of it is shown.
        certificate: of a verdict.
        nets: modules, of other sizes than the one that was decided, that it must be about; each
            with its dim where it does not say it.

    Raises:
        EvidenceError: the kernel rejects it, it fixes the dimension, or it is not about a net.

    >>> from torch import nn
    >>> import verify
    >>> proof = verify.decide(nn.Tanh(), "psd", dim=2).certificate
    >>> record = all_sizes("prop-3-3", "tanh, elementwise", proof, (nn.Tanh(), 5))
    >>> record.kind
    'all sizes'
    """
    if not isinstance(certificate, Certificate):
        raise EvidenceError(f"{label}: certificate: expected a Certificate, got {certificate!r}")
    try:
        check(certificate)
        for net in nets:
            module, dim = net if isinstance(net, tuple) else (net, None)
            check(certificate, module, dim)
    except Rejected as error:
        raise EvidenceError(f"{label}: the certificate is rejected: {error}") from None
    scope = sizes(certificate)
    if certificate.scope != "all" or not scope.startswith("all"):
        raise EvidenceError(f"{label}: expected a certificate for all sizes, got one for {scope}")
    detail = {"claim": certificate.claim, "certificate": certificate.digest[:12]}
    return Evidence(label, "all sizes", about, detail, certificate)


def instance(label: str, about: str, *holds: Any) -> Evidence:
    """Record that exact computations came out true, for an instance of fixed size.

    Raises:
        EvidenceError: no computation, or one that is not True.

    >>> from verify.identities import equal
    >>> import sympy as sp
    >>> x, y = sp.symbols("x y")
    >>> F = x**2 * y
    >>> print(instance("thm-1", "F = x^2 y", equal(F.diff(x, y), F.diff(y, x))))
    Theorem 1, instance: F = x^2 y
    """
    if not holds:
        raise EvidenceError(f"{label}: expected at least one computation, got none")
    for number, value in enumerate(holds, start=1):
        if value is not True and value is not sp.true:
            raise EvidenceError(f"{label}: {about}: computation {number} is {value!r}, not True")
    return Evidence(label, "instance", about)


def constructive(label: str, about: str, pairs: Iterable[Sequence[float]]) -> Evidence:
    """Record constructions: each with the bound of its error, and the error measured beside it.

    Args:
        pairs: (bound, measured), in the order of growing constructions.

    Raises:
        EvidenceError: no pair, a bound that is not finite or is exceeded, or bounds that do not
            get smaller from the first to the last of several.

    >>> print(constructive("lem-3", "x^2 on [0, 1]", [(0.5, 0.2), (0.25, 0.06)]))
    Lemma 3, constructive: x^2 on [0, 1]; bound 0.25; measured 0.06
    """
    values = [(float(bound), float(measured)) for bound, measured in pairs]
    if not values:
        raise EvidenceError(f"{label}: pairs: expected at least one (bound, measured), got none")
    for bound, measured in values:
        if not (math.isfinite(bound) and 0 <= measured <= bound):
            raise EvidenceError(f"{label}: expected 0 <= measured <= bound < inf,"
                                f" got measured {measured} and bound {bound}")  # fmt: skip
    if len(values) > 1 and not values[-1][0] < values[0][0]:
        raise EvidenceError(f"{label}: expected a bound that falls, got {[b for b, _ in values]}")
    bound, measured = values[-1]
    return Evidence(label, "constructive", about,
                    {"bound": f"{bound:.2g}", "measured": f"{measured:.1g}"})  # fmt: skip


def refuted(label: str, about: str, verdict: Verdict, net: nn.Module) -> Evidence:
    """Record that a claim about a module fails, its counterexample computed once more.

    Args:
        about: what does not hold, such as the condition that the module drops.
        verdict, net: of a refuted claim, and the module it is about.

    Raises:
        EvidenceError: the claim is not refuted, or the counterexample cannot be replayed.

    >>> from torch import nn
    >>> import verify
    >>> net = nn.Linear(2, 2)
    >>> print(refuted("cor-2-2", "B = I without W^T", verify.decide(net, "symmetric"), net))
    Corollary 2.2, refuted: B = I without W^T; claim symmetric
    """
    if verdict.counterexample is None:
        raise EvidenceError(f"{label}: {about}: expected a refuted claim, got {verdict!r}")
    try:
        verdict.counterexample.replay(net)
    except ReplayError as error:
        raise EvidenceError(f"{label}: {about}: {error}") from None
    return Evidence(label, "refuted", about, {"claim": verdict.claim})


def violated(label: str, about: str, low: Any, high: Any) -> Evidence:
    """Record that a quantity, which is 0 or of one sign where a property holds, is not.

    Args:
        about: the quantity, and the property.
        low, high: ends of an enclosure of how far it is violated, rational numbers; equal for an
            exact value.

    Raises:
        EvidenceError: ends that are no rational numbers, or not 0 < low <= high.

    >>> print(violated("eqs-1-4", "Popoviciu for max(0, x1, x2)", 3, 3))
    Equations (1)–(4), refuted: Popoviciu for max(0, x1, x2); violated by 3
    """
    try:
        a, b = (Fraction(str(end)) for end in (low, high) if not isinstance(end, float))
    except ValueError:
        raise EvidenceError(f"{label}: expected rational ends, got {low!r}, {high!r}") from None
    if not 0 < a <= b:
        raise EvidenceError(f"{label}: {about}: the enclosure [{low}, {high}] does not settle it")
    shown = str(a) if a == b and a.denominator < 1000 else f"{float(a):.4g}"
    return Evidence(label, "refuted", about, {"violated by": shown})


def cited(label: str, about: str, key: str) -> Evidence:
    """Record that a statement is taken from the literature; the book looks the key up.

    >>> print(cited("lem-1", "Theorem 25.7", "rockafellar1970"))
    Lemma 1, cited: Theorem 25.7; source rockafellar1970
    """
    return Evidence(label, "cited", about, {"source": key})
