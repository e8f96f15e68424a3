"""The reference notebooks say what the chapters say; nbval then checks that it is true."""

import nbformat
from chapters import ROOT, names, read, tags

REFERENCE = ROOT / "tests" / "reference"


def code(notebook: nbformat.NotebookNode) -> list[tuple[str, list[str]]]:
    return [(cell.source, tags(cell)) for cell in notebook.cells if cell.cell_type == "code"]


def test_every_chapter_has_a_reference_and_no_other_exists():
    assert sorted(path.stem for path in REFERENCE.glob("*.ipynb")) == sorted(names(ROOT))


def test_the_code_is_the_chapters():
    for name in names(ROOT):
        reference = nbformat.read(REFERENCE / f"{name}.ipynb", as_version=4)
        assert code(reference) == code(read(ROOT, name)), f"{name}: run make bless"
