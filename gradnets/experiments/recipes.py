"""How the seeds of a model are trained where that is not the paper's protocol alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from gradnets import initial
from gradnets.levenberg_marquardt import levenberg_marquardt
from gradnets.resumable import Spent
from gradnets.training import train
from gradnets.trials import Data, History, Protocol

Gradient = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Squares:
    """Levenberg-Marquardt on a part of the samples, from the best of several starts.

    Attributes:
        steps, points: of the network that each seed ends with, and the samples it is given.
        starts: networks a seed begins with; with more than one, each takes ``search_steps`` on
            ``search_points`` samples, and the one of least validation loss goes on.
        accelerated: as for :func:`gradnets.levenberg_marquardt.levenberg_marquardt`.
        dtype: "float64" or "float32", of the networks, samples and steps.
    """

    steps: int
    points: int
    starts: int = 1
    search_steps: int = 0
    search_points: int = 0
    accelerated: bool = True
    dtype: str = "float64"


@dataclass(frozen=True)
class Recipe:
    """What is done with the networks of a model, in this order.

    Attributes:
        fitted: whether the initial values are fitted to the samples.
        adam: the protocol of the first-order training, None for none.
        squares: of the second-order training, None for none.
    """

    fitted: bool = False
    adam: Protocol | None = None
    squares: Squares | None = None

    @property
    def starts(self) -> int:
        """How many networks a seed begins with."""
        return self.squares.starts if self.squares else 1


@dataclass(frozen=True)
class Followed:
    """The networks that came of a recipe, one a seed, and its last history."""

    nets: list[nn.Module]
    history: History


def follow(
    recipe: Recipe,
    nets: list[nn.Module],
    data: Data,
    gradient: Gradient,
    seeds: Sequence[int],
    checkpoint: Path | None = None,
    label: str | None = None,
    compile: bool = False,
) -> Followed:
    """Train the networks of each seed by a recipe.

    Args:
        recipe: what to do.
        nets: ``recipe.starts`` networks a seed, one seed after the other.
        data: a trial a seed.
        gradient: of the target; where float64 is asked for, its values at the same samples.
        seeds: of the order of samples in the first-order training.
        checkpoint, label, compile: as for :func:`gradnets.training.train`; each stage has a file of
            its own.
    """
    spent, history = [], None
    if recipe.squares:
        data = exact(data, gradient, getattr(torch, recipe.squares.dtype))
        nets = [net.to(data.x.dtype) for net in nets]
    if recipe.fitted:
        for i, net in enumerate(nets):
            trial = i // recipe.starts
            initial.to_samples(net, data.x[trial], data.y[trial])
    if recipe.adam:
        history = train(
            nets, data, recipe.adam, seeds=seeds, checkpoint=stage(checkpoint, "adam"),
            progress=label, compile=compile,
        )  # fmt: skip
        spent.append(history.spent)
    if recipe.squares and recipe.starts > 1:
        nets, time = searched(recipe.squares, nets, data, stage(checkpoint, "search"), label)
        spent.append(time)
    if recipe.squares:
        part = first(data, recipe.squares.points)
        history = squared(
            recipe.squares, nets, part, recipe.squares.steps, stage(checkpoint, "squares"), label
        )
        spent.append(history.spent)
    if history is None:
        raise ValueError(f"recipe: expected one that trains, got {recipe}")
    return Followed(nets, replace(history, spent=Spent(*map(sum, zip(*spent, strict=True)))))


def exact(data: Data, gradient: Gradient, dtype: torch.dtype) -> Data:
    """Return the same samples with their targets in a dtype."""
    x, x_val = data.x.to(dtype), data.x_val.to(dtype)
    return Data(x, gradient(x), x_val, gradient(x_val))


def first(data: Data, points: int) -> Data:
    """Return the first samples of each trial, of training and of validation."""
    return Data(*(v[:, :points] for v in (data.x, data.y, data.x_val, data.y_val)))


def searched(
    squares: Squares, nets: list[nn.Module], data: Data, checkpoint: Path | None, label: str | None
) -> tuple[list[nn.Module], Spent]:
    """Return the network of each seed that a short training leaves with the least error."""
    part = first(data, squares.search_points)
    copies = (part.x, part.y, part.x_val, part.y_val)
    part = Data(*(v.repeat_interleave(squares.starts, 0) for v in copies))
    history = squared(squares, nets, part, squares.search_steps, checkpoint, label)
    least = history.validation_loss.nan_to_num(torch.inf).amin(1)
    best = least.reshape(-1, squares.starts).argmin(1).tolist()
    return [nets[i * squares.starts + start] for i, start in enumerate(best)], history.spent


def squared(
    squares: Squares,
    nets: list[nn.Module],
    data: Data,
    steps: int,
    checkpoint: Path | None,
    label: str | None,
) -> History:
    """Take Levenberg-Marquardt steps with the networks, in place."""
    return levenberg_marquardt(
        nets, data, steps, accelerated=squares.accelerated, dtype=data.x.dtype,
        checkpoint=checkpoint, progress=label,
    )  # fmt: skip


def stage(checkpoint: Path | None, name: str) -> Path | None:
    """Return the file of a stage beside that of the whole."""
    return checkpoint and checkpoint.with_stem(f"{checkpoint.stem}-{name}")
