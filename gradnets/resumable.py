"""Runs that go on from their checkpoint after a stop at any moment."""

import time
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from torch import Tensor
from tqdm import tqdm

from gradnets import checkpoints


class Spent(NamedTuple):
    """Seconds that a run took, together with those before a stop.

    Attributes:
        wall: by the clock.
        cpu: of all threads of the process.
    """

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> "Spent":
        """Return both clocks."""
        return cls(time.perf_counter(), time.process_time())

    def since(self, start: "Spent") -> "Spent":
        """Return the differences.

        >>> Spent(5.0, 3.0).since(Spent(1.0, 2.0))
        Spent(wall=4.0, cpu=1.0)
        """
        return Spent(self.wall - start.wall, self.cpu - start.cpu)


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


def complete(
    run: Resumable, epochs: int, checkpoint: str | Path | None, label: str | None
) -> Spent:
    """Advance a run to its last epoch, from its checkpoint if there is one.

    Args:
        run: a run that has not begun.
        epochs: how many it has in all.
        checkpoint: a file written whole after every epoch, None for none.
        label: of a progress bar, None for no bar.

    Returns:
        What it took, together with what it had taken before a stop.

    Raises:
        ValueError: a checkpoint of another run, or a damaged one.
        OSError: a checkpoint that cannot be written, as on a full disk; the one before it stays.
    """
    path, start = None if checkpoint is None else Path(checkpoint), Spent.now()
    if path is not None and path.exists():
        state = checkpoints.read(path, run.fingerprint)
        start = start.since(Spent(*state["spent"]))
        run.restore(state)
    with tqdm(
        desc=label, total=epochs, initial=run.epoch, unit="epoch", disable=label is None,
        leave=False,
    ) as bar:  # fmt: skip
        while run.epoch < epochs:
            run.advance()
            if path is not None:
                state = {"spent": tuple(Spent.now().since(start))} | run.state()
                checkpoints.write(path, run.fingerprint, state)
            bar.update()
            bar.set_postfix(validation=f"{run.best_loss.median().item():.2e}")
    return Spent.now().since(start)
