"""The figures of the last full run of each experiment, kept small in the package."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

from gradnets.experiments.configuration import Config
from gradnets.experiments.field_learning import Result
from gradnets.whole_files import write_whole

KEPT = resources.files("gradnets.experiments") / "last_full_run"


def last_full_run(experiment: str) -> dict[str, Any]:
    """Return what :meth:`Result.as_dict` told of the last full run that was kept.

    Raises:
        ValueError: an experiment of which none is kept.

    >>> last_full_run("convex_field")["protocol"]["epochs"]
    200
    """
    file = KEPT / f"{experiment}.json"
    if not file.is_file():
        raise ValueError(f"experiment: of {experiment} no full run is kept, expected {file.name}")
    return json.loads(file.read_text())


def check(folder: Path | None, config: Config) -> Path | None:
    """Return the folder to keep a run's figures in, None for none, if it can be asked for.

    Raises:
        ValueError: no such folder, or a run of another profile than "full".

    >>> from gradnets.experiments import convex_field
    >>> check(Path(), convex_field.config("quick"))
    Traceback (most recent call last):
        ...
    ValueError: keep: expected the profile full, got 'quick'
    """
    if folder is not None and config.profile != "full":
        raise ValueError(f"keep: expected the profile full, got {config.profile!r}")
    if folder is not None and not folder.is_dir():
        raise ValueError(f"keep: expected a folder, got {folder}")
    return folder


def keep(result: Result, folder: Path) -> Path:
    """Write the figures of a full run to <experiment>.json in a folder, whole or not at all.

    The folder that :func:`last_full_run` reads is gradnets/experiments/last_full_run.

    Raises:
        ValueError: as :func:`check`.
        OSError: a folder that cannot be written.
    """
    check(folder, result.config)
    path = folder / f"{result.config.name}.json"
    text = json.dumps(result.as_dict(), indent=1) + "\n"
    write_whole(path, lambda file: file.write(text.encode()))
    return path
