"""What a training run is given and what it tells: protocol, data, history."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from gradnets import checks
from gradnets.resumable import Spent

SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda progress: 1.0,
    "cosine": lambda progress: (1 + math.cos(math.pi * progress)) / 2,
}


@dataclass(frozen=True)
class Protocol:
    """How to train; the defaults are the paper's (section 7.1).

    Attributes:
        epochs: passes over the data.
        batch: samples a step.
        lr: Adam's learning rate, at the start.
        schedule: "constant", or "cosine", which lowers the rate by half a cosine to 0.
    """

    epochs: int = 200
    batch: int = 1000
    lr: float = 0.005
    schedule: str = "constant"

    def __post_init__(self) -> None:
        for name in ("epochs", "batch"):
            checks.size(name, getattr(self, name))
        if not isinstance(self.lr, int | float) or not 0 < self.lr < math.inf:
            raise ValueError(f"lr: expected a positive number, got {self.lr!r}")
        if self.schedule not in SCHEDULES:
            raise ValueError(
                f"schedule: expected one of {', '.join(SCHEDULES)}, got {self.schedule!r}"
            )

    def rate(self, progress: float) -> float:
        """Return the learning rate when that part of all steps is done, 0 <= progress < 1.

        >>> Protocol(lr=0.01, schedule="cosine").rate(0.5)
        0.005
        """
        return self.lr * SCHEDULES[self.schedule](progress)


@dataclass(frozen=True)
class Data:
    """Samples for T trials: x and y of shape (T, N, n), x_val and y_val of shape (T, V, n).

    Raises:
        ValueError: shapes that do not agree, no samples, or a value that is not finite.
        TypeError: tensors that are not floating or differ in dtype.

    >>> Data(*(torch.full((1, 3, 2), torch.nan) for _ in range(4)))
    Traceback (most recent call last):
        ...
    ValueError: x: expected finite values, got nan at index (0, 0, 0)
    """

    x: Tensor
    y: Tensor
    x_val: Tensor
    y_val: Tensor

    def __post_init__(self) -> None:
        for name in ("x", "y", "x_val", "y_val"):
            value = getattr(self, name)
            if not isinstance(value, Tensor) or not value.is_floating_point():
                raise TypeError(f"{name}: expected a floating tensor, got {value!r}")
            if value.dtype != self.x.dtype:
                raise TypeError(f"{name}: expected dtype {self.x.dtype} as x, got {value.dtype}")
            expected = (len(self.x), *value.shape[1:2], self.x.shape[-1])
            if value.ndim != 3 or 0 in value.shape or tuple(value.shape) != expected:
                raise ValueError(
                    f"{name}: expected shape (trials, samples, dim) like x of shape"
                    f" {tuple(self.x.shape)}, got {tuple(value.shape)}"
                )
            finite = torch.isfinite(value)
            if not finite.all():
                where = tuple(int(i) for i in (~finite).nonzero()[0])
                raise ValueError(
                    f"{name}: expected finite values, got {value[where].item()} at index {where}"
                )
        if self.x.shape != self.y.shape or self.x_val.shape != self.y_val.shape:
            raise ValueError("y: expected as many samples as x, in training and in validation")


@dataclass
class History:
    """What happened, trial by trial; losses are mean squared errors over samples and entries.

    Attributes:
        train_loss: mean over each epoch's steps, shape (T, epochs).
        validation_loss: after each epoch, shape (T, epochs).
        best_epoch: the epoch, counted from 1, whose weights each network has now, shape (T,).
        last: the weights of the last epoch, name -> values of shape (T, ...).
        spent: seconds, by the clock and of CPU time.
    """

    train_loss: Tensor
    validation_loss: Tensor
    best_epoch: Tensor
    last: dict[str, Tensor] = field(default_factory=dict)
    spent: Spent = field(default_factory=lambda: Spent(0.0, 0.0))
