"""Docstrings as they are meant: |x| is a norm and a * b a product, not markup."""

import re
from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx

LITERAL = re.compile(r"(``.*?``|:\w+:`.*?`)")
MARKUP = re.compile(r"(\\|\*|\||(?<=\w)_(?!\w))")


def escaped(lines: list[str]) -> Iterator[str]:
    """The lines with the signs of mathematics kept from docutils, doctests left alone.

    >>> list(escaped(["|W x| * 2, ``a * b``", "", ">>> abs(-1) * 2", "2"]))
    ['\\\\|W x\\\\| \\\\* 2, ``a * b``', '', '>>> abs(-1) * 2', '2']
    """
    in_doctest = False
    for line in lines:
        in_doctest = line.lstrip().startswith(">>>") or (in_doctest and bool(line.strip()))
        yield line if in_doctest else _prose(line)


def _prose(line: str) -> str:
    parts = LITERAL.split(line)
    return "".join(p if k % 2 else MARKUP.sub(r"\\\1", p) for k, p in enumerate(parts))


def process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escape a docstring before any other extension reads it."""
    lines[:] = escaped(lines)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register it with Sphinx, before napoleon."""
    app.connect("autodoc-process-docstring", process, priority=100)
    return {"version": "1", "parallel_read_safe": True}
