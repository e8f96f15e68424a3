"""Checkpoints of training runs: each knows the run it belongs to, and whether it is whole."""

import hashlib
import io
from pathlib import Path
from typing import Any

import torch

from gradnets.whole_files import write_whole

HEAD = b"gradnets checkpoint 2 "


def write(path: Path, fingerprint: str, state: dict[str, Any]) -> None:
    """Write a checkpoint so that at every moment the old one or the new one is there.

    Raises:
        OSError: the folder cannot be written.
    """
    buffer = io.BytesIO()
    torch.save({"fingerprint": fingerprint, "state": state}, buffer)
    payload = buffer.getvalue()
    head = HEAD + hashlib.sha256(payload).hexdigest().encode() + b"\n"
    write_whole(path, lambda file: file.write(head + payload))


def read(path: Path, fingerprint: str) -> dict[str, Any]:
    """Return the state of a checkpoint of the run with that fingerprint.

    Raises:
        ValueError: not a checkpoint, a damaged one, or one of another run.
    """
    head, _, payload = path.read_bytes().partition(b"\n")
    if head != HEAD + hashlib.sha256(payload).hexdigest().encode():
        raise ValueError(f"checkpoint: {path} is not a whole checkpoint of this version; remove it")
    content = torch.load(io.BytesIO(payload), weights_only=True)
    if content["fingerprint"] != fingerprint:
        raise ValueError(
            f"checkpoint: {path} is of other networks, data, seeds or settings; remove it or"
            " choose another file"
        )
    return content["state"]
