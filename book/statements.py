"""The statements of the paper, and what the executed chapters established of each."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from chapters import BookError, own_code

import verify
from verify.evidence import KINDS, MIME, EvidenceError, name


@dataclass(frozen=True)
class Statement:
    """A row of statements.toml: its label, and what stands there."""

    label: str
    chapter: str
    title: str
    needs: tuple[str, ...]
    uses: tuple[str, ...]

    @property
    def name(self) -> str:
        """As the paper calls it."""
        return name(self.label)


@dataclass(frozen=True)
class Record:
    """A piece of evidence that a chapter's cell recorded."""

    chapter: str
    label: str
    kind: str
    about: str
    detail: dict[str, str]


def statements(root: Path) -> list[Statement]:
    """The rows of book/statements.toml, in order, each known to make sense."""
    path = root / "book" / "statements.toml"
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        return [_statement(label, row, table) for label, row in table.items()]
    except (tomllib.TOMLDecodeError, EvidenceError) as error:
        raise BookError(f"book/statements.toml: {error}") from None


def _statement(label: str, row: dict[str, Any], table: dict[str, Any]) -> Statement:
    name(label)
    if row.keys() != {"chapter", "title", "needs", "uses"}:
        raise BookError(f"book/statements.toml: {label}: expected chapter, title, needs and uses")
    for key, known in (("needs", KINDS), ("uses", table)):
        if unknown := [value for value in row[key] if value not in known]:
            raise BookError(f"book/statements.toml: {label}: {key}: unknown {unknown[0]!r}")
    return Statement(label, row["chapter"], row["title"], tuple(row["needs"]), tuple(row["uses"]))


def recorded(executed: Path, names: Iterable[str]) -> list[Record]:
    """The evidence in executed chapters, their certificates checked by the kernel once more."""
    return [
        _record(chapter, number, output)
        for chapter in names
        for number, output in _records(executed / f"{chapter}.ipynb")
    ]


def _records(path: Path) -> Iterator[tuple[int, Any]]:
    for number, cell in own_code(nbformat.read(path, as_version=4)):
        for output in cell.outputs:
            if MIME in output.get("data", {}):
                yield number, output


def _record(chapter: str, number: int, output: Any) -> Record:
    found = dict(output.data[MIME])
    label, kind, about = (str(found.pop(key, "")) for key in ("label", "kind", "about"))
    try:
        name(label)
        if kind not in KINDS:
            raise EvidenceError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
        if kind == "all sizes":
            _check(output.metadata.get(MIME, {}).get("certificate", ""), found)
    except (EvidenceError, verify.Rejected, verify.CertificateError) as error:
        raise BookError(f"chapter {chapter}, code cell {number}: {label}: {error}") from None
    return Record(chapter, label, kind, about, found)


def _check(text: str, found: dict[str, Any]) -> None:
    certificate = verify.Certificate.from_json(text)
    verify.check(certificate)
    if certificate.digest[:12] != found.get("certificate"):
        raise EvidenceError(f"the certificate recorded is {certificate.digest[:12]}, not"
                            f" {found.get('certificate')}")  # fmt: skip


def sources(root: Path) -> set[str]:
    """The keys of book/references.bib."""
    text = (root / "book" / "references.bib").read_text("utf-8")
    return set(re.findall(r"^@\w+\{([^,\s]+),", text, re.MULTILINE))


def kinds(records: Iterable[Record], label: str) -> list[str]:
    """The kinds of evidence for one statement, strongest first."""
    found = {record.kind for record in records if record.label == label}
    return [kind for kind in KINDS if kind in found]


def require(rows: Iterable[Statement], records: list[Record], sources: set[str]) -> None:
    """Raise BookError, with all that is lacking, unless each statement has what its row needs."""
    rows = list(rows)
    known = {row.label for row in rows}
    lacking = [
        f"{row.name} ({row.chapter}) needs evidence of kind {kind!r}, and no cell recorded any"
        for row in rows
        for kind in row.needs
        if kind not in kinds(records, row.label)
    ]
    for record in records:
        if record.label not in known:
            lacking.append(f"chapter {record.chapter} records evidence for {record.label}, which"
                           " book/statements.toml does not know")  # fmt: skip
        if record.kind == "cited" and record.detail.get("source") not in sources:
            lacking.append(f"chapter {record.chapter}: {record.label} cites"
                           f" {record.detail.get('source')!r}, not in references.bib")  # fmt: skip
    if lacking:
        raise BookError("the evidence is not complete\n" + "\n".join(lacking))
