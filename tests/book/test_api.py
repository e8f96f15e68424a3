"""The pages of the docstrings hold everything public."""

import re

import pytest
from chapters import ROOT

import gradnets
import gradnets.baselines
import gradnets.constructive
import verify

PAGES = {path.stem: path.read_text("utf-8") for path in (ROOT / "book" / "api").glob("*.md")}


@pytest.mark.parametrize(
    ("package", "page"),
    [
        (gradnets, "networks"),
        (gradnets.baselines, "networks"),
        (gradnets.constructive, "networks"),
        (verify, "verify"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_package_is_documented_whole(package, page: str):
    prefix = re.escape(package.__name__)
    documented = re.findall(
        rf"^\.\. auto(?:class|function|exception):: {prefix}\.(\w+)$", PAGES[page], re.MULTILINE
    )
    assert sorted(documented) == sorted(package.__all__)
