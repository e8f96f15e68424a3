"""book/statements.py: the evidence is read from executed chapters, and nothing false gets by."""

import json
from pathlib import Path

import nbformat
import pytest
from chapters import ROOT, BookError
from nbformat.v4 import new_code_cell, new_notebook, new_output
from statements import kinds, recorded, require, sources, statements
from torch import nn

import verify
from verify.evidence import MIME, Evidence, all_sizes, cited, instance

ROW = '[{label}]\nchapter = "a"\ntitle = "t"\nneeds = {needs}\nuses = {uses}\n'


def table(root: Path, text: str) -> Path:
    (root / "book").mkdir(exist_ok=True)
    (root / "book" / "statements.toml").write_text(text)
    return root


def row(label: str, needs: str = "[]", uses: str = "[]") -> str:
    return ROW.format(label=label, needs=needs, uses=uses)


def executed(folder: Path, *records: Evidence) -> Path:
    """A chapter named a, executed, that shows these records."""
    outputs = []
    for record in records:
        data, metadata = record._repr_mimebundle_()
        outputs.append(new_output("display_data", data=data, metadata=metadata))
    notebook = new_notebook(cells=[new_code_cell("...", outputs=outputs)])
    nbformat.write(notebook, folder / "a.ipynb")
    return folder


@pytest.fixture(scope="module")
def proof() -> Evidence:
    return all_sizes("thm-11", "tanh", verify.assert_proved(nn.Tanh(), "psd", dim=2))


def test_the_papers_statements_are_all_there():
    labels = [r.label for r in statements(ROOT)]
    count = {kind: sum(label.startswith(f"{kind}-") for label in labels) for kind in
             ("eqs", "def", "thm", "cor", "prop", "lem")}  # fmt: skip
    # twelve theorems of the paper and one of ours
    assert count == {"eqs": 1, "def": 7, "thm": 13, "cor": 9, "prop": 4, "lem": 6}
    undefined = [r.label for r in statements(ROOT) if not r.needs]
    assert undefined == [f"def-{k}" for k in range(1, 8)]


def test_records_are_read_back(tmp_path: Path, proof: Evidence):
    found = recorded(executed(tmp_path, proof, instance("thm-1", "x y", True)), ["a"])
    assert [(r.chapter, r.label, r.kind) for r in found] == [
        ("a", "thm-11", "all sizes"),
        ("a", "thm-1", "instance"),
    ]
    assert kinds(found, "thm-11") == ["all sizes"]


def forged(folder: Path, proof: Evidence, change) -> Path:
    path = executed(folder, proof) / "a.ipynb"
    notebook = nbformat.read(path, as_version=4)
    change(notebook.cells[0].outputs[0])
    nbformat.write(notebook, path)
    return folder


def without_certificate(output):
    output.metadata = {}


def with_another_digest(output):
    output.data[MIME]["certificate"] = "0" * 12


def with_a_false_certificate(output):
    document = json.loads(output.metadata[MIME]["certificate"])
    document["proof"] = {"rule": "input"}
    false = verify.Certificate(document)
    output.metadata[MIME]["certificate"] = false.to_json()
    output.data[MIME]["certificate"] = false.digest[:12]


def of_another_kind(output):
    output.data[MIME]["kind"] = "obvious"


def of_no_statement(output):
    output.data[MIME]["label"] = "axiom-1"


@pytest.mark.parametrize(
    "change",
    [without_certificate, with_another_digest, with_a_false_certificate, of_another_kind,
     of_no_statement],
)  # fmt: skip
def test_forged_records_stop_the_build(tmp_path: Path, proof: Evidence, change):
    with pytest.raises(BookError, match="chapter a, code cell 1"):
        recorded(forged(tmp_path, proof, change), ["a"])


def test_what_a_row_needs_must_be_recorded(tmp_path: Path):
    rows = statements(table(tmp_path, row("thm-1", '["instance"]')))
    records = recorded(executed(tmp_path, instance("thm-1", "x y", True)), ["a"])
    require(rows, records, set())
    with pytest.raises(BookError, match=r"Theorem 1 \(a\) needs evidence of kind 'instance'"):
        require(rows, [], set())


def test_evidence_for_an_unknown_statement(tmp_path: Path):
    records = recorded(executed(tmp_path, instance("thm-2", "x y", True)), ["a"])
    with pytest.raises(BookError, match="thm-2"):
        require(statements(table(tmp_path, row("thm-1"))), records, set())


def test_a_source_is_in_the_bibliography(tmp_path: Path):
    rows = statements(table(tmp_path, row("lem-1", '["cited"]')))
    records = recorded(executed(tmp_path, cited("lem-1", "Theorem 1", "nobody1900")), ["a"])
    with pytest.raises(BookError, match="nobody1900"):
        require(rows, records, sources(ROOT))
    require(rows, records, {"nobody1900"})


@pytest.mark.parametrize(
    "text",
    [
        row("axiom-1"),
        row("thm-1", '["obvious"]'),
        row("thm-1", uses='["thm-2"]'),
        '[thm-1]\nchapter = "a"\n',
        "[thm-1\n",
    ],
)
def test_a_bad_table_is_named(tmp_path: Path, text: str):
    with pytest.raises(BookError, match=r"statements\.toml"):
        statements(table(tmp_path, text))
