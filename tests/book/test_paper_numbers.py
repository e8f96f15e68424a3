"""The extension that numbers statements and equations as in the paper."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from extensions.paper_numbers import CLAIMS

from verify.evidence import KINDS, SIGNS

EXTENSIONS = Path(__file__).resolve().parents[2] / "book" / "extensions"

CONFIGURATION = """
extensions = ["myst_parser", "paper_numbers"]
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
"""

STATEMENT = """:::{statement} Theorem 11
:label: thm-11
:title: when $m = 1$
Let $f$ be **smooth** with

$$ f(x) = x $$ (eq-38)
:::

:::{proof}
By {eq}`eq-38`.
:::
"""


def sphinx(
    folder: Path, pages: dict[str, str], jobs: int = 1, more: str = ""
) -> subprocess.CompletedProcess[str]:
    """Build pages with MyST, this extension and nothing else; warnings are errors."""
    toctree = "".join(f"{name}\n" for name in pages)
    (folder / "index.md").write_text(f"# Index\n\n```{{toctree}}\n{toctree}```\n")
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(f"# Page {name}\n\n{text}")
    (folder / "conf.py").write_text(CONFIGURATION + more)
    command = [sys.executable, "-m", "sphinx", "-qnW", "--keep-going", "-j", str(jobs)]
    command += [str(folder), str(folder / "html")]
    environment = os.environ | {"PYTHONPATH": str(EXTENSIONS), "NO_COLOR": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize("jobs", [1, 2])
def test_numbers_are_the_papers_on_every_page(tmp_path: Path, jobs: int):
    far = "See {ref}`thm-11`, {ref}`this <thm-11>`, [](#thm-11) and {eq}`eq-38`.\n"
    pages = {f"page{n}": far for n in range(8)} | {"first": STATEMENT}
    done = sphinx(tmp_path, pages, jobs)
    assert done.stderr == ""
    for number in range(8):
        page = (tmp_path / "html" / f"page{number}.html").read_text()
        assert page.count('href="first.html#thm-11"') == 3
        assert page.count(">Theorem 11</span>") == 2
        assert 'href="first.html#equation-eq-38">(38)</a>' in page


def test_a_statement_is_a_box_with_an_anchor(tmp_path: Path):
    assert sphinx(tmp_path, {"first": STATEMENT}).stderr == ""
    page = (tmp_path / "html" / "first.html").read_text()
    assert '<div class="statement theorem paper-box" id="thm-11">' in page
    assert "<strong>Theorem 11</strong> (when " in page
    assert "<strong>smooth</strong>" in page
    assert '<span class="eqno">(38)' in page


def test_a_proof_ends_with_its_box(tmp_path: Path):
    proofs = "".join(f":::{{proof}}\n{end}\n:::\n\n" for end in ("Words.", "- a list", "$$ x $$"))
    assert sphinx(tmp_path, {"first": proofs}).stderr == ""
    page = (tmp_path / "html" / "first.html").read_text()
    assert page.count("<em>Proof.</em>") == 3
    assert page.count('<span class="qed">□</span></p>\n</div>') == 3


def statement(argument: str, label: str) -> str:
    return f":::{{statement}} {argument}\n:label: {label}\nText.\n:::\n\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (statement("Axiom 1", "axiom-1"), "unknown kind 'Axiom'"),
        (statement("Theorem", "thm-1"), "Theorem needs the paper's number"),
        (statement("Theorem one", "thm-1"), "Theorem needs the paper's number"),
        (statement("Theorem 1", "Thm 1"), "needs a label such as 'thm-11', not 'Thm 1'"),
        (":::{statement} Theorem 1\nText.\n:::\n", "needs a label such as 'thm-11'"),
        (":::{proof}\n:::\n", "proof"),
        ("$$ x $$ (energy)\n", "equation label energy is not of the form eq-38"),
        ("\\begin{align}\nx\n\\end{align}\n", "is not of the form eq-38"),
        ("$$ x $$ (eq-1)\n\n$$ y $$ (eq-1)\n", "duplicate label of equation eq-1"),
        (":::{statement} Lemma 1\n:label: lem-1\n:evidence: hope\nText.\n:::\n", "evidence 'hope'"),
        (statement("Lemma 1", "lem-1") * 2, "duplicate label of statement lem-1"),
        ("See {ref}`thm-99`.\n", "thm-99"),
        ("See {eq}`eq-99`.\n", "equation not found: eq-99"),
    ],
)
def test_a_fault_is_an_error(tmp_path: Path, text: str, message: str):
    done = sphinx(tmp_path, {"first": text})
    assert done.returncode == 1
    assert message in done.stderr


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (statement("Lemma 1", "lem-1"), "duplicate label of statement lem-1"),
        ("$$ x $$ (eq-1)\n", "duplicate label of equation eq-1"),
    ],
)
def test_a_label_used_on_two_pages_is_an_error(tmp_path: Path, text: str, message: str, jobs: int):
    pages = {f"page{n}": "Text.\n" for n in range(6)} | {"first": text, "second": text}
    done = sphinx(tmp_path, pages, jobs)
    assert done.returncode == 1
    assert message in done.stderr


@pytest.mark.parametrize("kind", ["Definition 2", "Corollary 12.1", "Proposition 3.1", "Remark 1",
                                  "Theorem A1", "Equations (1)–(4)"])  # fmt: skip
def test_every_kind_of_number(tmp_path: Path, kind: str):
    text = statement(kind, "one") + "See {ref}`one`.\n"
    assert sphinx(tmp_path, {"first": text}).stderr == ""
    assert f">{kind}</span>" in (tmp_path / "html" / "first.html").read_text()


CLAIMING = """:::{statement} Theorem 11
:label: thm-11
:evidence: instance, all sizes
Text.
:::
"""


def test_claims_are_shown_strongest_first(tmp_path: Path):
    assert sphinx(tmp_path, {"first": CLAIMING}).stderr == ""
    page = (tmp_path / "html" / "first.html").read_text()
    assert "● proved for all sizes · ◐ proved for an instance" in page


@pytest.mark.parametrize(
    ("established", "message"),
    [
        ({"thm-11": ("first", ["all sizes", "instance"])}, ""),
        ({"thm-11": ("first", ["all sizes"])}, "claims evidence of kind 'instance' that no cell"),
        ({"thm-11": ("page", ["all sizes", "instance"])}, "page does not state thm-11"),
        ({}, "claims evidence of kind 'all sizes' that no cell"),
    ],
)
def test_claims_are_compared_with_what_was_established(tmp_path: Path, established, message: str):
    done = sphinx(tmp_path, {"first": CLAIMING}, more=f"paper_established = {established!r}\n")
    assert (done.returncode == 0) == (message == "")
    assert message in done.stderr


def test_the_kinds_of_evidence_are_those_that_verify_records():
    assert list(CLAIMS) == list(KINDS)
    assert all(CLAIMS[kind].startswith(f"{SIGNS[kind]} ") for kind in KINDS)
