"""book/build.py, run on small books as the Makefile runs it on the real one."""

import subprocess
from pathlib import Path

import pytest

SAYS_PROFILE = '```{code-cell}\nprint("profile is", profile)\n```\n'
GOOD = "Some mathematics $x^2$.\n\n" + SAYS_PROFILE
CITING = "See {cite}`rockafellar1970`.\n"
FAILING = SAYS_PROFILE + "```{code-cell}\nzero = 0\n1 / zero\n```\n"
WARNING = "```{code-cell}\nimport warnings\nwarnings.warn('old')\n```\n"


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def assert_one_message(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert done.stderr.count("error:") == 1, done.stderr


@pytest.fixture(scope="module")
def root(tmp_path_factory, make_book, run_script) -> Path:
    """A small book, built with the full profile."""
    chapters = {"alpha": GOOD, "beta": CITING}
    book = make_book(tmp_path_factory.mktemp("books") / "small", chapters)
    done = run_script("build.py", "--root", book, "--profile", "full")
    assert done.returncode == 0, done.stderr
    return book


def test_builds_the_pages(root: Path):
    html = root / "build" / "html"
    assert (html / "index.html").is_file()
    page = (html / "notebooks" / "alpha.html").read_text()
    assert "profile is full" in page
    assert 'href="../references.html#' in (html / "notebooks" / "beta.html").read_text()


def test_hides_the_parameters(root: Path):
    page = (root / "build" / "html" / "notebooks" / "alpha.html").read_text()
    assert "injected" not in page
    assert "# Parameters" not in page


def test_carries_mathjax_and_no_local_path(root: Path):
    html = root / "build" / "html"
    assert (html / "_static" / "mathjax" / "tex-svg-full.js").is_file()
    local = str(root.parent).encode()
    assert [name for name, content in snapshot(html).items() if local in content] == []


@pytest.mark.parametrize(
    ("text", "verb", "message"),
    [
        (FAILING, "code cell 3 failed\n    zero = 0\n    1 / zero\n", "ZeroDivisionError"),
        (WARNING, "code cell 2 wrote a warning to stderr\n    import warnings", "UserWarning: old"),
    ],
    ids=["failing", "warning"],
)
def test_a_bad_cell_is_named_and_changes_nothing(root, run_script, text, verb, message):
    chapter = root / "notebooks" / "alpha.md"
    good, before = chapter.read_text(), snapshot(root / "build" / "html")
    chapter.write_text(good.replace(GOOD, text))
    done = run_script("build.py", "--root", root)
    chapter.write_text(good)
    assert_one_message(done)
    assert f"error: chapter alpha, {verb}" in done.stderr
    assert message in done.stderr
    kept = root / "build" / "failed" / "alpha.ipynb"
    assert str(kept) in done.stderr
    assert kept.is_file()
    assert snapshot(root / "build" / "html") == before
    assert list((root / "build").glob(".building-*")) == []


def test_a_warning_of_sphinx_is_an_error(root: Path, run_script):
    chapter = root / "notebooks" / "beta.md"
    good, before = chapter.read_text(), snapshot(root / "build" / "html")
    chapter.write_text(good + "\nSee {ref}`thm-99`.\n")
    done = run_script("build.py", "--root", root)
    chapter.write_text(good)
    assert_one_message(done)
    assert "notebooks/beta.md" in done.stderr
    assert "thm-99" in done.stderr
    assert snapshot(root / "build" / "html") == before


RECORDING = """```{code-cell}
from torch import nn

import verify
from verify import evidence

net = nn.Tanh()
proof = verify.decide(net, "psd", dim=2)
evidence.all_sizes("thm-11", "a proof", proof.certificate)
```

:::{statement} Theorem 11
:label: thm-11
:evidence: all sizes
Text.
:::
"""
TABLE = """[thm-11]
chapter = "alpha"
title = "a theorem"
needs = ["all sizes"]
uses = []
"""


def test_a_broken_proof_stops_the_build(tmp_path: Path, make_book, run_script):
    book = make_book(tmp_path / "small", {"alpha": RECORDING})
    (book / "book" / "statements.toml").write_text(TABLE)
    index = "# A small book\n\n```{raw} html\n:file: statements.svg\n```\n"
    (book / "book" / "index.md").write_text(index)
    done = run_script("build.py", "--root", book)
    assert done.returncode == 0, done.stderr
    assert "box-thm-11" in (book / "build" / "html" / "index.html").read_text()
    chapter = book / "notebooks" / "alpha.md"
    good = chapter.read_text()
    for text, message in (
        (good.replace("nn.Tanh()", "nn.Linear(2, 2)"), "code cell 2 failed"),
        (good.replace("evidence.all_sizes(", "(lambda *_: 0)("), "no cell recorded any"),
        (good.replace(": all sizes", ": all sizes, instance"), "claims evidence of kind"),
        (good.replace("label: thm-11", "label: thm-12"), "does not state thm-11"),
    ):
        chapter.write_text(text)
        done = run_script("build.py", "--root", book)
        assert_one_message(done)
        assert message in done.stderr


def test_a_chapter_that_does_not_exist(tmp_path: Path, make_book, run_script):
    book = make_book(tmp_path / "small", {"alpha": GOOD})
    (book / "notebooks" / "alpha.md").unlink()
    done = run_script("build.py", "--root", book)
    assert_one_message(done)
    assert "names notebooks/alpha" in done.stderr


def test_a_chapter_without_parameters(tmp_path: Path, make_book, run_script):
    book = make_book(tmp_path / "small", {"alpha": GOOD})
    (book / "notebooks" / "alpha.md").write_text("# Chapter\n")
    done = run_script("build.py", "--root", book)
    assert_one_message(done)
    assert "tagged parameters" in done.stderr


def test_a_profile_that_does_not_exist(run_script):
    done = run_script("build.py", "--profile", "slow")
    assert_one_message(done)
    assert "'slow'" in done.stderr
