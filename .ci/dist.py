"""Build the sdist, the wheel from the sdist, and try the wheel in an empty environment."""

import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("gradnets", "verify")
TRY = "import gradnets, verify; print(gradnets.__file__, verify.__file__)"


def sources(root: Path) -> set[str]:
    """Every file of the packages that a user of the wheel needs."""
    files = (path for package in PACKAGES for path in (root / package).rglob("*"))
    return {
        path.relative_to(root).as_posix()
        for path in files
        if path.is_file() and path.suffix not in {".md", ".pyc"}
    }


def disagreements(wheel: Iterable[str], wanted: set[str]) -> list[str]:
    """What the wheel lacks and what it should not hold."""
    held = {name for name in wheel if ".dist-info/" not in name}
    lacks = [f"the wheel lacks {name}" for name in sorted(wanted - held)]
    return lacks + [f"the wheel should not hold {name}" for name in sorted(held - wanted)]


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    print("+", *command, flush=True)
    subprocess.run(command, cwd=cwd, check=True)


def main() -> None:
    out, empty = ROOT / "build" / "dist", ROOT / "build" / "empty"
    # The egg-info of an earlier install remembers files that pyproject.toml no longer names.
    for stale in (out, ROOT / "gradnets.egg-info"):
        shutil.rmtree(stale, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", out)
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        problems = disagreements(archive.namelist(), sources(ROOT))
    if problems:
        sys.exit("\n".join(problems))
    venv.create(empty, clear=True, with_pip=True)
    python = empty / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", wheel)
    # From build/dist, so that the checkout's own packages are out of reach.
    run(python, "-c", TRY, cwd=out)
    run(python, "-m", "gradnets", "--help", cwd=out)
    shutil.rmtree(empty)


if __name__ == "__main__":
    main()
