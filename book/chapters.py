"""The chapters of the book: which there are, how one is read, and how they are run."""

import multiprocessing
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jupytext
import nbformat
import papermill
import yaml
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from tqdm import tqdm
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[1]
FOLDER = "notebooks/"
WORKERS = 2
HEAD = 5


class BookError(Exception):
    """A fault that its message explains; no traceback would help."""


def pages(root: Path) -> list[str]:
    """Every page that book/_toc.yml names, in order, each known to exist."""
    toc = yaml.safe_load((root / "book" / "_toc.yml").read_text("utf-8"))
    found = [toc["root"], *_files(toc.get("parts", [])), *_files(toc.get("chapters", []))]
    for page in found:
        if not is_chapter(root, page) and not (root / "book" / f"{page}.md").is_file():
            raise BookError(f"book/_toc.yml names {page}, but there is no such text")
    return found


def is_chapter(root: Path, page: str) -> bool:
    """Whether a page's text stands in notebooks/ and is executed; the front page's may."""
    return (root / FOLDER / f"{page.removeprefix(FOLDER)}.md").is_file()


def _files(entry: Any) -> Iterator[str]:
    if isinstance(entry, list):
        for item in entry:
            yield from _files(item)
    elif isinstance(entry, dict):
        if "file" in entry:
            yield entry["file"]
        for value in entry.values():
            yield from _files(value)


def names(root: Path) -> list[str]:
    """The names of the chapters, in the order of the book."""
    return [page.removeprefix(FOLDER) for page in pages(root) if is_chapter(root, page)]


def read(root: Path, name: str) -> NotebookNode:
    """The chapter's text as a notebook; an error unless one cell is tagged parameters."""
    notebook = jupytext.read(root / FOLDER / f"{name}.md")
    if sum("parameters" in tags(cell) for cell in notebook.cells) != 1:
        raise BookError(f"chapter {name} needs one code cell tagged parameters")
    return notebook


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell."""
    return cell.metadata.get("tags", [])


def execute(root: Path, name: str, target: Path, parameters: dict[str, str]) -> None:
    """Run one chapter into target/NAME.ipynb; a failing or warning cell is a BookError."""
    path = target / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    stopped = ""
    try:
        _run(read(root, name), path, parameters)
    except PapermillExecutionError as error:
        stopped = f"{error.ename}: {error.evalue}"
    except DeadKernelError:
        stopped = "the kernel died"
    fault = describe_fault(nbformat.read(path, as_version=4)) or stopped
    if fault:
        raise BookError(f"chapter {name}, {fault}")


def _run(notebook: NotebookNode, path: Path, parameters: dict[str, str]) -> None:
    with TemporaryDirectory() as empty:
        # TCP, the default, opens ports, and every kernel prints a warning about it
        sockets = {"transport": "ipc", "ip": f"{empty}/socket"}
        papermill.execute_notebook(
            notebook,
            path,
            parameters=parameters,
            kernel_name="python3",
            cwd=empty,
            progress_bar=False,
            coalesce_streams=True,
            extra_arguments=["--log-level=CRITICAL"],
            config=Config({"KernelManager": sockets}),
        )


def own_code(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """The chapter's own code cells, numbered from 1: without the one that papermill puts in."""
    code = (cell for cell in notebook.cells if cell.cell_type == "code")
    return enumerate((c for c in code if "injected-parameters" not in tags(c)), start=1)


def describe_fault(notebook: NotebookNode) -> str:
    """The first code cell that failed or wrote to stderr, in words; empty if there is none."""
    for number, cell in own_code(notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                return _fault(number, "failed", cell, f"{output.ename}: {output.evalue}")
            if output.get("name") == "stderr":
                return _fault(number, "wrote a warning to stderr", cell, output.text.strip())
    return ""


def _fault(number: int, verb: str, cell: NotebookNode, message: str) -> str:
    lines = cell.source.splitlines()
    head = lines[:HEAD] + ["..."] * (len(lines) > HEAD)
    return "\n".join([f"code cell {number} {verb}", *(f"    {line}" for line in head), message])


def execute_all(root: Path, target: Path, parameters: dict[str, str], failed: Path) -> None:
    """Run every chapter, two at a time; the notebook of one that fails is kept in `failed`."""
    chapters = names(root)
    _build_font_cache()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, spawn, initializer=_one_thread) as pool:
        jobs = {pool.submit(execute, root, name, target, parameters): name for name in chapters}
        bar = tqdm(as_completed(jobs), total=len(jobs), desc="chapters", unit="chapter")
        for job in bar:
            try:
                job.result()
            except BookError as error:
                pool.shutdown(cancel_futures=True)  # waits for the other: it writes there
                bar.close()
                raise BookError(f"{error}{_keep(target, jobs[job], failed)}") from None


def _build_font_cache() -> None:
    # on a new machine matplotlib says on stderr that it builds this, which would fail a chapter
    import matplotlib.font_manager  # noqa: F401 - imported for what it does, not for a name


def _one_thread() -> None:
    # the kernels inherit it; two of them share the machine
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")


def _keep(target: Path, name: str, failed: Path) -> str:
    path = target / f"{name}.ipynb"
    if not path.exists():
        return ""
    kept = failed / path.name
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, kept)
    return f"\nthe notebook as far as it ran: {kept}"
