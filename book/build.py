"""Execute the chapters and build the book: python book/build.py --profile quick|full."""

import argparse
import contextlib
import importlib.metadata
import io
import re
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from chapters import FOLDER, ROOT, BookError, execute_all, names, pages, tags
from jupyter_book.sphinx import build_sphinx
from statement_graph import drawing, table
from statements import kinds, recorded, require, sources, statements

from verify.evidence import MIME

MATHJAX = "sphinx-mathjax-offline/static/mathjax/tex-svg-full.js"


def build(root: Path, out: Path, profile: str) -> Path:
    """Build into a temporary folder, and swap the result in only when it is whole."""
    out.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out / "failed", ignore_errors=True)
    with TemporaryDirectory(dir=out, prefix=".building-") as folder:
        work = Path(folder)
        execute_all(root, work / "executed", {"profile": profile}, out / "failed")
        rows = statements(root)
        records = recorded(work / "executed", names(root))
        require(rows, records, sources(root))
        assemble(root, work / "executed", work / "source")
        (work / "source" / "statements.svg").write_text(drawing(rows, records), "utf-8")
        (work / "source" / "statements.html").write_text(table(rows, records), "utf-8")
        established = {r.label: (f"{FOLDER}{r.chapter}", kinds(records, r.label)) for r in rows}
        render(root, work / "source", work / "html", established)
        for part in ("executed", "source", "html"):
            if (out / part).exists():
                (out / part).rename(work / f"old-{part}")
            (work / part).rename(out / part)
    return out / "html" / "index.html"


def assemble(root: Path, executed: Path, source: Path) -> None:
    """Gather what Sphinx reads: the pages, the executed chapters and MathJax."""
    ignore = shutil.ignore_patterns("*.py", "_config.yml", "extensions", "__pycache__")
    shutil.copytree(root / "book", source, ignore=ignore)
    mathjax = importlib.metadata.distribution("sphinx-mathjax-offline").locate_file(MATHJAX)
    (source / "static" / "mathjax").mkdir(parents=True)
    shutil.copy(str(mathjax), source / "static" / "mathjax")
    (source / FOLDER).mkdir()
    for page in pages(root):
        path = executed / f"{page.removeprefix(FOLDER)}.ipynb"
        if path.is_file():
            notebook = nbformat.read(path, as_version=4)
            hide_parameters(notebook)
            hide_evidence(notebook)
            nbformat.write(notebook, source / f"{page}.ipynb")


def hide_parameters(notebook: nbformat.NotebookNode) -> None:
    """Tag the two parameter cells as hidden, and drop papermill's record of local paths."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        if {"parameters", "injected-parameters"} & set(tags(cell)):
            cell.metadata["tags"] = [*tags(cell), "remove-cell"]


def hide_evidence(notebook: nbformat.NotebookNode) -> None:
    """Drop the records of evidence, which have been read; what they show people stays."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(MIME, None)
            output.get("metadata", {}).pop(MIME, None)


def render(
    root: Path, source: Path, html: Path, established: dict[str, tuple[str, list[str]]]
) -> None:
    """Run Jupyter Book over the gathered pages; every warning is an error."""
    config = {
        "external_toc_path": str(source / "_toc.yml"),
        "latex_individualpages": False,
        "nitpicky": True,
        "paper_established": established,
    }
    with contextlib.redirect_stderr(io.StringIO()) as stderr:
        status = build_sphinx(
            source,
            html,
            path_config=root / "book" / "_config.yml",
            noconfig=True,
            confoverrides=config,
            warningiserror=True,
            keep_going=True,
            freshenv=True,
            quiet=True,
        )
    if status:
        raise BookError(f"the pages have faults\n{readable(stderr.getvalue(), source)}")


def readable(log: str, source: Path) -> str:
    """Sphinx's report with the author's file names in it, and without colours."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", log).replace(f"{source}/", "")
    return re.sub(
        r"(\S+)\.ipynb:(\d+):",
        lambda m: f"{m[1]}.md (cell {int(m[2]) // 10000}, line {int(m[2]) % 10000}):",
        plain,
    ).strip()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=["quick", "full"], default="quick")
    parser.add_argument("--root", type=Path, default=ROOT, help="the folder that holds book/")
    parser.add_argument("--out", type=Path, help="where to build (default: ROOT/build)")
    args = parser.parse_args()
    root = args.root.resolve()
    try:
        index = build(root, (args.out or root / "build").resolve(), args.profile)
    except BookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"the book: {index}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
