"""Rewrite the reference notebooks in tests/reference from the chapters: python book/bless.py."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from chapters import ROOT, BookError, execute_all, names, tags
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

CHECKED = "nbval-check-output"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def bless(root: Path) -> Path:
    """Run every chapter and replace the references by what came out, all of them or none."""
    target = root / "tests" / "reference"
    target.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        work = Path(folder)
        execute_all(root, work, {}, root / "build" / "failed")
        wanted = {name: reference(work / f"{name}.ipynb") for name in names(root)}
    for path in target.glob("*.ipynb"):
        path.unlink()
    for name, notebook in wanted.items():
        nbformat.write(notebook, target / f"{name}.ipynb")
    return target


def reference(path: Path) -> NotebookNode:
    """The code cells of an executed chapter, with the outputs that are checked."""
    executed = nbformat.read(path, as_version=4)
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    cells = [reference_cell(path.stem, number, cell) for number, cell in enumerate(code, start=1)]
    return new_notebook(cells=cells, metadata=METADATA)


def reference_cell(name: str, number: int, cell: NotebookNode) -> NotebookNode:
    """One code cell, with nothing in it that changes from run to run."""
    outputs = cell.outputs if CHECKED in tags(cell) else []
    for output in outputs:
        if any(mime.startswith("image/") for mime in output.get("data", {})):
            raise BookError(
                f"chapter {name}, code cell {number} is tagged {CHECKED} but draws a figure: "
                "check numbers in a cell of their own"
            )
        if "execution_count" in output:
            output.execution_count = number
        if "metadata" in output:
            output.metadata = {}
    return new_code_cell(
        cell.source,
        id=f"cell-{number:03d}",
        execution_count=number,
        metadata={"tags": tags(cell)} if tags(cell) else {},
        outputs=outputs,
    )


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the folder that holds book/")
    try:
        target = bless(parser.parse_args().root.resolve())
    except BookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"the references: {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
