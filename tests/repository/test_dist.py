"""The judge of the wheel's contents is itself judged."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("dist", ROOT / ".ci" / "dist.py")
assert SPEC is not None
assert SPEC.loader is not None
dist = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(dist)

WANTED = {"gradnets/__init__.py", "gradnets/py.typed", "gradnets/experiments/convex_field.toml"}


def test_typing_markers_are_wanted_and_prose_is_not():
    wanted = dist.sources(ROOT)
    assert {"gradnets/py.typed", "verify/py.typed", "gradnets/__init__.py"} <= wanted
    assert not [name for name in wanted if name.endswith((".md", ".pyc"))]


def test_a_whole_wheel_is_accepted():
    assert dist.disagreements([*WANTED, "gradnets-0.1.0.dist-info/RECORD"], WANTED) == []


def test_wheels_that_lie_are_caught():
    for lost in WANTED:
        assert dist.disagreements(WANTED - {lost}, WANTED) == [f"the wheel lacks {lost}"]
    stray = "tests/repository/test_dist.py"
    assert dist.disagreements(WANTED | {stray}, WANTED) == [f"the wheel should not hold {stray}"]
