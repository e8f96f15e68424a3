"""book/bless.py, run on a small book."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

CHECKED = '```{code-cell}\n:tags: [nbval-check-output]\nprint("one")\nprint(profile)\n1 + 1\n```\n'
UNCHECKED = "```{code-cell}\nimport time\nprint(time.time())\n```\n"
FIGURE = """```{code-cell}
:tags: [nbval-check-output]
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.show()
```
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory, make_book, run_script) -> Path:
    chapters = {"alpha": "Text.\n\n" + UNCHECKED + CHECKED, "beta": "Nothing.\n"}
    book = make_book(tmp_path_factory.mktemp("books") / "small", chapters)
    done = run_script("bless.py", "--root", book)
    assert done.returncode == 0, done.stderr
    return book


def test_keeps_code_and_checked_outputs(root: Path):
    notebook = nbformat.read(root / "tests" / "reference" / "alpha.ipynb", as_version=4)
    nbformat.validate(notebook)
    parameters, unchecked, checked = notebook.cells
    assert parameters.source == 'profile = "quick"'
    assert unchecked.outputs == []
    assert [c.execution_count for c in notebook.cells] == [1, 2, 3]
    stream, result = checked.outputs
    assert stream.text == "one\nquick\n"
    assert result.data == {"text/plain": "2"}


def test_two_blessings_are_the_same(root: Path, run_script):
    folder = root / "tests" / "reference"
    (folder / "gone.ipynb").write_text("a chapter that was taken out")
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.stem != "gone"}
    assert run_script("bless.py", "--root", root).returncode == 0
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def nbval(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--nbval-lax", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def test_nbval_accepts_the_reference_and_rejects_a_changed_one(root: Path, tmp_path: Path):
    reference = (root / "tests" / "reference" / "alpha.ipynb").read_text()
    (tmp_path / "alpha.ipynb").write_text(reference)
    assert nbval(tmp_path).returncode == 0
    (tmp_path / "alpha.ipynb").write_text(reference.replace('"2"', '"3"'))
    assert nbval(tmp_path).returncode == 1


def test_a_checked_figure_is_refused(tmp_path: Path, make_book, run_script):
    book = make_book(tmp_path / "small", {"alpha": FIGURE})
    done = run_script("bless.py", "--root", book)
    assert done.returncode == 1
    assert "chapter alpha, code cell 2" in done.stderr
    assert list((book / "tests" / "reference").iterdir()) == []
