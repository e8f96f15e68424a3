"""The workflows, the hooks and the citation are valid and ask for no more than they need."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCHEMAS = ["vendor.github-workflows", "custom.github-workflows-require-timeout"]
WORKFLOW = """
on: push
permissions:
  contents: read
jobs:
  run:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - uses: actions/checkout@v7
        with:
          persist-credentials: false
"""


def obeys(file: Path, schema: str) -> bool:
    """Whether the file obeys one of the schemas that check-jsonschema carries."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def dangers(text: str) -> Iterator[str]:
    """Broad permissions, actions without a major version, credentials left in the checkout."""
    workflow: dict[str, Any] = yaml.safe_load(text)
    if workflow.get("permissions") not in ({}, {"contents": "read"}):
        yield "the workflow's permissions are not the least"
    for step in (step for job in workflow["jobs"].values() for step in job["steps"]):
        uses = step.get("uses")
        if uses and not re.fullmatch(r"[\w-]+/[\w-]+@v\d+", uses):
            yield f"{uses} is not pinned by its major version"
        if uses and uses.startswith("actions/checkout@"):
            options = step.get("with", {})
            if options.get("persist-credentials") is not False:
                yield "the checkout keeps the credentials"


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_workflow_obeys_the_schema(file, schema):
    assert obeys(file, schema)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_workflow_is_careful(file):
    assert list(dangers(file.read_text())) == []


def test_citation_obeys_the_schema():
    assert obeys(ROOT / "CITATION.cff", "vendor.citation-file-format")


def test_hooks_are_valid_and_fetch_nothing():
    file = ROOT / ".pre-commit-config.yaml"
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    repositories = yaml.safe_load(file.read_text())["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    assert {hook["language"] for hook in repositories[0]["hooks"]} == {"system"}


@pytest.mark.parametrize(
    ("schema", "truth", "lie"),
    [
        (SCHEMAS[0], "runs-on", "runs-off"),
        (SCHEMAS[1], "timeout-minutes: 5", "name: no timeout"),
    ],
)
def test_workflows_that_lie_are_caught_by_the_schema(tmp_path, schema, truth, lie):
    file = tmp_path / "workflow.yml"
    file.write_text(WORKFLOW)
    assert obeys(file, schema)
    file.write_text(WORKFLOW.replace(truth, lie))
    assert not obeys(file, schema)


def test_citations_that_lie_are_caught_by_the_schema(tmp_path):
    file = tmp_path / "CITATION.cff"
    text = (ROOT / "CITATION.cff").read_text()
    file.write_text(text.replace("family-names", "surname"))
    assert not obeys(file, "vendor.citation-file-format")


@pytest.mark.parametrize(
    ("truth", "lie"),
    [
        ("contents: read", "contents: write"),
        ("@v7", "@main"),
        ("persist-credentials: false", "fetch-depth: 0"),
    ],
)
def test_workflows_that_lie_are_caught(truth, lie):
    assert list(dangers(WORKFLOW)) == []
    assert list(dangers(WORKFLOW.replace(truth, lie)))
