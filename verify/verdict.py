"""What a decision says: a verdict, with a certificate, a counterexample or a reason."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from verify.bounded_json import BoundsError, read
from verify.trusted.graph import Graph, GraphError, Node, decode, decode_node, text, validate

if TYPE_CHECKING:
    from verify.counterexample import Counterexample

FORMAT, VERSION = "gradient-map-certificate", 1
KEYS = frozenset({"format", "version", "claim", "scope", "graph", "aux", "proof"})
CLAIMS, SCOPES = ("symmetric", "psd"), ("all", "current")


class CertificateError(ValueError):
    """What is no certificate; the message says what was expected."""


@dataclass(frozen=True)
class Certificate:
    """A graph and a proof, as a JSON document; ``verify.check`` judges it.

    >>> Certificate.from_json('{"format": "a letter"}')
    Traceback (most recent call last):
        ...
    verify.verdict.CertificateError: certificate: expected the format 'gradient-map-certificate', \
got 'a letter'
    """

    document: dict[str, Any] = field(repr=False)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the canonical text."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @property
    def claim(self) -> str:
        """What is claimed of the map: symmetric or psd."""
        return self.document["claim"]

    @property
    def scope(self) -> str:
        """For which parameters: all, or current, which are in the graph as numbers."""
        return self.document["scope"]

    @cached_property
    def graph(self) -> Graph:
        """The map that the claim is about."""
        return decode(self.document["graph"])

    @cached_property
    def aux(self) -> tuple[Node, ...]:
        """The nodes of the proof, numbered on after the graph's."""
        first = len(self.document["graph"]["nodes"])
        return tuple(decode_node(value, first + k) for k, value in enumerate(self.document["aux"]))

    def __hash__(self) -> int:
        return hash(self.digest)

    def to_json(self) -> str:
        """Return the canonical text of the document."""
        return text(self.document)

    @staticmethod
    def from_json(text: str | bytes) -> "Certificate":
        """Return the certificate that a text spells, well-formed but not yet checked.

        Raises:
            CertificateError: no JSON within the bounds of ``verify.bounded_json``, another format
                or version, other keys, a graph or nodes that are not well-formed.
        """
        try:
            return Certificate.from_document(read(text))
        except BoundsError as error:
            raise CertificateError(f"certificate: {error}") from None

    @staticmethod
    def from_document(document: Any) -> "Certificate":
        """Return the certificate of a JSON document, well-formed but not yet checked."""
        if not isinstance(document, dict):
            raise CertificateError("certificate: expected a JSON object")
        for key, known in (("format", (FORMAT,)), ("version", (VERSION,))):
            expect_one_of(document, key, known)
        if document.keys() != KEYS:
            other = ", ".join(sorted(map(repr, document.keys() ^ KEYS)))
            raise CertificateError(f"certificate: expected exactly {', '.join(sorted(KEYS))};"
                                   f" missing or not known: {other[:200]}")  # fmt: skip
        expect_one_of(document, "claim", CLAIMS)
        expect_one_of(document, "scope", SCOPES)
        if not isinstance(document["aux"], list):
            raise CertificateError("certificate: aux: expected a list of nodes")
        proof = document["proof"]
        if not isinstance(proof, dict) or not isinstance(proof.get("rule"), str):
            raise CertificateError("certificate: proof: expected an object that names its rule")
        certificate = Certificate(document)
        try:
            validate(certificate.graph, certificate.aux)
        except GraphError as error:
            raise CertificateError(f"certificate: {error}") from None
        return certificate


def expect_one_of(document: dict[str, Any], key: str, known: tuple[Any, ...]) -> None:
    """Raise CertificateError unless the document has one of the known values at a key."""
    value = document.get(key)
    # of the same type too: True is 1 in Python
    if not any(type(value) is type(k) and value == k for k in known):
        expected = " or ".join(map(repr, known))
        got = f"got {value!r:.60}" if isinstance(value, str | int) else "got none"
        raise CertificateError(f"certificate: expected the {key} {expected}, {got}")


@dataclass(frozen=True)
class Reason:
    """Why a claim was left undecided.

    Attributes:
        kind: "not a sample map", "unknown operation", "side condition", "rounding", ...
        detail: the operation or the condition.
        source: the line of the user's module, "file:line", or "".

    >>> print(Reason("unknown operation", "aten.fancy.default", "net.py:12"))
    unknown operation: aten.fancy.default (net.py:12)
    """

    kind: str
    detail: str
    source: str = ""

    def __str__(self) -> str:
        where = f" ({self.source})" if self.source else ""
        return f"{self.kind}: {self.detail}{where}"


@dataclass(frozen=True, repr=False, eq=False)
class Verdict:
    """What was decided about a claim, and why it may be believed.

    Attributes:
        status: "proved", "refuted" or "unknown".
        claim: "symmetric" or "psd".
        scope: "all" parameters, or the "current" ones.
        dim: n, of the module that was read.
        certificate: of a proof; ``verify.check`` re-checks it.
        counterexample: of a refutation; its ``replay(net)`` recomputes it.
        reason: of an unknown.
        exclusions: parameter values that the claim is not about.
        suggestion: the weakest change that would help, "psd if gamma >= 0", or "".
        sizes: the sizes that the proof is for, "all sizes" or "dim = 3".
        graph: the map as it was traced; a certificate may hold one for any depth.
        names: theta_k of that graph -> the module's name of it.
    """

    status: str
    claim: str
    scope: str
    dim: int
    certificate: Certificate | None = None
    counterexample: "Counterexample | None" = None
    reason: Reason | None = None
    exclusions: tuple[str, ...] = ()
    suggestion: str = ""
    sizes: str = ""
    names: tuple[str, ...] = ()
    graph: Graph | None = None

    def to_document(self) -> dict[str, Any]:
        """Return the verdict as a JSON value: rational numbers as text, the certificate whole."""
        found = self.counterexample
        names = ("status", "claim", "scope", "dim", "sizes", "suggestion")
        return {
            **{name: getattr(self, name) for name in names},
            "exclusions": list(self.exclusions),
            "reason": vars(self.reason) if self.reason else None,
            "counterexample": found and json.loads(found.to_json()),
            "digest": self.certificate.digest if self.certificate else None,
            "certificate": self.certificate.document if self.certificate else None,
        }

    def __repr__(self) -> str:
        digest = f", {self.certificate.digest[:12]}" if self.certificate else ""
        return f"<Verdict: {self.claim} {self.status}{digest}>"

    def __str__(self) -> str:
        from verify.render import terminal

        return terminal(self)

    def _repr_markdown_(self) -> str:
        from verify.render import markdown

        return markdown(self)
