"""Small books to build, and the real one if it has been built."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FRONT = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# Chapter

```{code-cell} ipython3
:tags: [parameters]
profile = "quick"
```

"""

MakeBook = Callable[[Path, dict[str, str]], Path]
RunScript = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def make_book() -> MakeBook:
    """Writes a book with the given chapters, and everything else as in the real book."""

    def make(root: Path, chapters: dict[str, str]) -> Path:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "book", root / "book", ignore=ignore)
        (root / "book" / "index.md").write_text("# A small book\n")
        (root / "book" / "statements.toml").write_text("")
        files = "".join(f"  - file: notebooks/{name}\n" for name in chapters)
        toc = f"format: jb-book\nroot: index\nchapters:\n{files}  - file: references\n"
        (root / "book" / "_toc.yml").write_text(toc)
        (root / "notebooks").mkdir()
        for name, text in chapters.items():
            (root / "notebooks" / f"{name}.md").write_text(FRONT + text)
        return root

    return make


@pytest.fixture(scope="session")
def run_script() -> RunScript:
    """Runs one of the book's scripts as the Makefile does."""

    def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "book" / script), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def lacking() -> Callable[[str], None]:
    """Skips for want of something, or fails where GRADNETS_REQUIRE_BROWSER=1."""

    def stop(reason: str) -> None:
        if os.environ.get("GRADNETS_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)

    return stop


@pytest.fixture(scope="session")
def built_pages(lacking: Callable[[str], None]) -> list[Path]:
    """Every page of the built book."""
    html = ROOT / "build" / "html"
    if not (html / "index.html").is_file():
        lacking("there is no built book: run make book first")
    return sorted(page for page in html.rglob("*.html") if "_static" not in page.parts)
