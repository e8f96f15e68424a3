"""book/chapters.py: the table of contents, and how a fault is put into words."""

from pathlib import Path

import pytest
from chapters import BookError, describe_fault, names, read, tags
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

PARAMETERS = new_code_cell("profile = 'quick'", metadata={"tags": ["parameters"]})
INJECTED = new_code_cell("profile = 'full'", metadata={"tags": ["injected-parameters"]})


def faulty(*outputs, source="x = 1\ny"):
    cell = new_code_cell(source, outputs=list(outputs))
    return new_notebook(cells=[new_markdown_cell("text"), PARAMETERS, INJECTED, cell])


def test_names_follow_the_toc_through_its_parts(tmp_path: Path):
    toc = """
format: jb-book
root: index
parts:
  - caption: One
    chapters:
      - file: notebooks/b
        sections:
          - file: notebooks/a
  - chapters:
      - file: end
"""
    (tmp_path / "book").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "book" / "_toc.yml").write_text(toc)
    for page in ("book/index", "book/end", "notebooks/a", "notebooks/b"):
        (tmp_path / f"{page}.md").write_text("# Page\n")
    assert names(tmp_path) == ["b", "a"]


def test_read_wants_one_parameters_cell(tmp_path: Path, make_book):
    book = make_book(tmp_path / "small", {"alpha": "Text.\n"})
    notebook = read(book, "alpha")
    assert [tags(cell) for cell in notebook.cells if cell.cell_type == "code"] == [["parameters"]]
    (book / "notebooks" / "alpha.md").write_text("# No cells\n")
    with pytest.raises(BookError, match="alpha needs one code cell tagged parameters"):
        read(book, "alpha")


def test_no_fault():
    assert describe_fault(faulty(new_output("stream", name="stdout", text="fine"))) == ""


def test_an_error_is_described_without_the_injected_cell_in_the_count():
    error = new_output("error", ename="NameError", evalue="no y", traceback=["long"])
    expected = "code cell 2 failed\n    x = 1\n    y\nNameError: no y"
    assert describe_fault(faulty(error)) == expected


def test_stderr_is_a_fault_and_a_long_cell_is_cut():
    warning = new_output("stream", name="stderr", text="careful\n")
    words = describe_fault(faulty(warning, source="\n".join("abcdefgh"))).splitlines()
    assert words[0] == "code cell 2 wrote a warning to stderr"
    assert words[1:7] == ["    a", "    b", "    c", "    d", "    e", "    ..."]
    assert words[7] == "careful"
