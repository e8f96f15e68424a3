"""environment.yml and constraints.txt say the same as pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIREMENTS = {
    *PROJECT["dependencies"],
    *PROJECT["optional-dependencies"]["book"],
    *PROJECT["optional-dependencies"]["dev"],
}


def conda(text: str) -> tuple[set[str], set[str]]:
    """What an environment.yml asks of conda, and what of pip."""
    entries = yaml.safe_load(text)["dependencies"]
    (pip,) = (entry["pip"] for entry in entries if isinstance(entry, dict))
    return {entry for entry in entries if isinstance(entry, str)}, set(pip)


def faulty_pins(text: str, requirements: set[str]) -> list[str]:
    """Lines that are not plain pins, and requirements that no pin satisfies."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    faults = [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)]
    pins = {canonicalize_name(name): pin for name, _, pin in (row.partition("==") for row in lines)}
    for requirement in map(Requirement, requirements):
        pin = pins.get(canonicalize_name(requirement.name))
        if pin is None or not requirement.specifier.contains(pin):
            faults.append(f"{requirement} has the pin {pin}")
    if PROJECT["name"] in pins:
        faults.append(f"{PROJECT['name']} pins itself")
    return faults


def test_conda_asks_for_what_pyproject_asks():
    from_conda, from_pip = conda((ROOT / "environment.yml").read_text())
    floor = PROJECT["requires-python"].removeprefix(">=")
    assert from_conda == {f"python={floor}", "make", "pip"}
    assert from_pip == REQUIREMENTS | {"-c constraints.txt", "-e ."}


def test_every_requirement_is_pinned():
    text = (ROOT / "constraints.txt").read_text()
    assert faulty_pins(text, REQUIREMENTS) == []
    assert text.startswith("#")


@pytest.mark.parametrize(
    "liar",
    [
        "torch==2.13.0+cpu",
        "torch>=2.13",
        "torch==2.12.0",
        "torch @ file://wheel",
        "-e .",
        "numpy==2.4.6",
        "torch==2.13.0\ngradnets==0.1.0",
    ],
)
def test_pins_that_lie_are_caught(liar):
    assert faulty_pins(liar, {"torch>=2.13"})
