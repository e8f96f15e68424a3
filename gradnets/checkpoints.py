"""Checkpoints of training runs: each knows the run it belongs to."""

import pickle
from pathlib import Path
from typing import Any

import torch

from gradnets.whole_files import write_whole

FORMAT = 1


def write(path: Path, fingerprint: str, state: dict[str, Any]) -> None:
    """Write a checkpoint so that at every moment the old one or the new one is there.

    Raises:
        OSError: the folder cannot be written.
    """
    content = {"format": FORMAT, "fingerprint": fingerprint, "state": state}
    write_whole(path, lambda file: torch.save(content, file))


def read(path: Path, fingerprint: str) -> dict[str, Any]:
    """Return the state of a checkpoint of the run with that fingerprint.

    Raises:
        ValueError: not a checkpoint, or one of another run.
    """
    try:
        content = torch.load(path, weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError):
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"checkpoint: {path} is not a checkpoint of this version; remove it")
    if content["fingerprint"] != fingerprint:
        raise ValueError(
            f"checkpoint: {path} is of other networks, data, seeds or settings; remove it or"
            " choose another file"
        )
    return content["state"]
