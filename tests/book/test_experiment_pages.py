"""The chapters of Tables 1 and 2 type no figure of an error: what they say of it is computed."""

import re
from pathlib import Path

import jupytext
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
TYPED = re.compile(r"-?\d+(\.\d+)?\s*(dB|decibel)|(?<![\w.])[-\u2212]\d+\.\d+(?![\w,])")


def prose(text: str) -> str:
    """The Markdown of a chapter without its formulas and its intervals of knots."""
    cells = jupytext.reads(text, "md:myst").cells
    words = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return re.sub(r"\$\$.*?\$\$|\$[^$]*\$", "", words, flags=re.S)


@pytest.mark.parametrize("name", ["convex-field", "nonconvex-field"])
def test_no_figure_is_typed(name: str) -> None:
    assert TYPED.search(prose((NOTEBOOKS / f"{name}.md").read_text("utf-8"))) is None


@pytest.mark.parametrize(
    "liar", ["a mean of -24.08 dB", "about 12 dB better", "reaches -21.4 here"]
)
def test_a_typed_figure_is_caught(liar: str) -> None:
    assert TYPED.search(prose(f"# Page\n\nIt has {liar}.\n"))


@pytest.mark.parametrize("name", ["convex-field", "nonconvex-field"])
def test_what_is_said_of_the_full_run_is_a_checked_output(name: str) -> None:
    cells = jupytext.read(NOTEBOOKS / f"{name}.md").cells
    printed = [c for c in cells if c.cell_type == "code" and 'told["verdict"]' in c.source]
    printed += [c for c in cells if c.cell_type == "code" and "told['verdict']" in c.source]
    assert len(printed) == 2, "the verdicts of the rows, and those of the causes"
    assert all("nbval-check-output" in c.metadata["tags"] for c in printed)
