"""What every tracked file must and must not hold."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
import yaml

ROOT = Path(__file__).parents[2]
# Joined here, so that this file does not hold what it looks for.
MACHINE = re.compile(r"(?<![\w.}~-])/" + r"(home|root|work|tmp)/")
REGISTRIES = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("conda", "anaconda", "org"),
        ("download", "pytorch", "org"),
        ("deb", "debian", "org"),
    ]
]
NAMES = {"util", "utils", "helper", "helpers", "misc", "common", "manager"}
LONGEST = 300


def tracked() -> list[str]:
    """Paths of the files that are, or are about to be, tracked."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    paths = {path for path in listed.stdout.split("\0") if path}
    return sorted(path for path in paths if (ROOT / path).is_file())


def read(path: str) -> str:
    return (ROOT / path).read_text(errors="replace")


def machine_traces(path: str, text: str) -> Iterator[str]:
    """Absolute paths of somebody's machine, and host names of package registries."""
    for match in MACHINE.finditer(text):
        if not (match[1] == "tmp" and path.startswith("tests/")):
            yield match[0]
    yield from (host for host in REGISTRIES if host in text)


def poor_names(path: str) -> set[str]:
    """Parts of a path that name no idea."""
    return {PurePosixPath(part).stem.lower() for part in path.split("/")} & NAMES


def imported(text: str) -> set[str]:
    """Top-level names that a module imports."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names


def crossed(path: str, text: str) -> bool:
    """Whether a module of one package imports the other, so that the library certifies itself."""
    other = {"gradnets": "verify", "verify": "gradnets"}.get(path.partition("/")[0])
    return path.endswith(".py") and other in imported(text)


def too_long(path: str, text: str) -> bool:
    return path.endswith(".py") and len(text.splitlines()) > LONGEST


def has_section(changelog: str, version: str) -> bool:
    return any(line.startswith(f"## [{version}]") for line in changelog.splitlines())


def test_no_file_names_a_machine_or_a_registry():
    found = {path: [*machine_traces(path, read(path))] for path in tracked()}
    assert {path: traces for path, traces in found.items() if traces} == {}


def test_every_name_names_an_idea():
    assert [path for path in tracked() if poor_names(path)] == []


def test_the_two_packages_never_import_each_other():
    assert [path for path in tracked() if crossed(path, read(path))] == []


def test_files_are_short():
    assert [path for path in tracked() if too_long(path, read(path))] == []


def test_one_version():
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert has_section(read("CHANGELOG.md"), version)
    assert yaml.safe_load(read("CITATION.cff"))["version"] == version


@pytest.mark.parametrize(
    "liar",
    [
        'open("/' + 'home/ann/data")',
        "cd /" + "root/x",
        "see /" + "work/y",
        "log: /" + "tmp/log",
        "https://" + REGISTRIES[1] + "/packages",
        "pip --index-url https://" + REGISTRIES[4],
    ],
)
def test_traces_of_a_machine_are_caught(liar):
    assert [*machine_traces("book/index.md", liar)]


@pytest.mark.parametrize("truth", ["https://example.com/" + "home/x", "a/" + "work/b", "build/tmp"])
def test_other_paths_are_no_traces(truth):
    assert not [*machine_traces("book/index.md", truth)]


@pytest.mark.parametrize("liar", ["gradnets/utils.py", "verify/common/x.py", "book/Helpers"])
def test_poor_names_are_caught(liar):
    assert poor_names(liar)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("gradnets/x.py", "def f():\n    from verify.kernel import check\n"),
        ("gradnets/experiments/x.py", "import torch, verify as v\n"),
        ("verify/trusted/x.py", "import gradnets.fields\n"),
    ],
)
def test_crossed_imports_are_caught(path, text):
    assert crossed(path, text)


def test_long_files_are_caught():
    assert too_long("book/x.py", "x\n" * (LONGEST + 1))


def test_a_missing_section_is_caught():
    assert not has_section("## [0.1.10]\nsee 0.1.1\n", "0.1.1")
