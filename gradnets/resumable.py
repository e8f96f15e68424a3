"""Runs that go on from their checkpoint after a stop at any moment."""

from pathlib import Path
from typing import Any, Protocol

from torch import Tensor
from tqdm import tqdm

from gradnets import checkpoints


class Resumable(Protocol):
    """What goes on step by step, and can put down and take up all that it needs to.

    Attributes:
        epoch: how many steps are done.
        fingerprint: a digest of all that the run starts from.
        best_loss: of each trial so far, shape (T,).
    """

    epoch: int
    fingerprint: str
    best_loss: Tensor

    def advance(self) -> None: ...
    def state(self) -> dict[str, Any]: ...
    def restore(self, state: dict[str, Any]) -> None: ...


def complete(run: Resumable, epochs: int, checkpoint: str | Path | None, label: str | None) -> None:
    """Advance a run to its last epoch, from its checkpoint if there is one.

    Args:
        run: a run that has not begun.
        epochs: how many it has in all.
        checkpoint: a file written whole after every epoch, None for none.
        label: of a progress bar, None for no bar.

    Raises:
        ValueError: a checkpoint of another run, or a damaged one.
        OSError: a checkpoint that cannot be written, as on a full disk; the one before it stays.
    """
    path = None if checkpoint is None else Path(checkpoint)
    if path is not None and path.exists():
        run.restore(checkpoints.read(path, run.fingerprint))
    with tqdm(
        desc=label, total=epochs, initial=run.epoch, unit="epoch", disable=label is None,
        leave=False,
    ) as bar:  # fmt: skip
        while run.epoch < epochs:
            run.advance()
            if path is not None:
                checkpoints.write(path, run.fingerprint, run.state())
            bar.update()
            bar.set_postfix(validation=f"{run.best_loss.median().item():.2e}")
