"""Pictures of a field and of the networks that learned it, as in Figs 4 to 7."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from torch import Tensor

from gradnets.experiments.field_learning import Result
from gradnets.fields import Field, unit_grid

COLOURS = "cividis"
ARROWS = 13  # a side
MARKS = (("o", "#0072B2"), ("^", "#E69F00"))  # of the runs


def draw_field(field: Field) -> Figure:
    """Return the contours of the potential and the arrows of its gradient."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    fine = unit_grid(100)
    axis = fine[:100, 1].numpy()
    potential = field.potential(fine).reshape(100, 100).T.numpy()
    contours = left.contourf(axis, axis, potential, levels=30, cmap=COLOURS)
    figure.colorbar(contours, ax=left, label="potential")
    left.set_title(f"{field.name} potential")
    gradient = field.gradient(unit_grid(ARROWS))
    arrows = draw_arrows(right, gradient, Normalize(0, gradient.norm(dim=-1).max().item()))
    figure.colorbar(arrows, ax=right, label="gradient norm")
    right.set_title("its gradient")
    dress(left)
    return figure


@torch.no_grad()
def draw_predictions(result: Result) -> Figure:
    """Return the field and what each model makes of it, its median trial (Figs 4 and 6).

    The colours are the norm of the arrow, on one scale.
    """
    x, field = unit_grid(ARROWS), result.config.field
    fields = {f"{field.name} field": field.gradient(x)}
    for model, trials in result.trials.items():
        middle = trials.mse_db.argsort()[len(trials.nets) // 2]
        net = trials.nets[int(middle)]
        fields[model] = net(x.to(next(net.parameters()).dtype)).float()
    top = max(values.norm(dim=-1).max().item() for values in fields.values())
    figure, axes = panels(len(fields))
    for ax, (title, values) in zip(axes, fields.items(), strict=True):
        arrows = draw_arrows(ax, values, Normalize(0, top))
        ax.set_title(title)
    figure.colorbar(arrows, ax=axes, label="norm")  # pyright: ignore[reportPossiblyUnboundVariable]
    return figure


def draw_errors(result: Result) -> Figure:
    """Return the error norm over the unit square, mean of the trials, a map a model (Figs 5, 7).

    The colours are logarithmic, on one scale.
    """
    maps = {model: trials.errors.mean(0) for model, trials in result.trials.items()}
    top = max(errors.max().item() for errors in maps.values())
    lowest = min(errors.quantile(0.01).item() for errors in maps.values())
    scale = LogNorm(max(lowest, 1e-5 * top), top, clip=True)  # f(0) = 0 of an ICGN is exact
    figure, axes = panels(len(maps))
    for ax, (model, errors) in zip(axes, maps.items(), strict=True):
        image = ax.imshow(
            errors.T.numpy(), origin="lower", extent=(0, 1, 0, 1), cmap=COLOURS, norm=scale
        )
        ax.set_title(model)
        dress(ax)
    figure.colorbar(image, ax=axes, label="error norm, mean of the trials")  # pyright: ignore[reportPossiblyUnboundVariable]
    return figure


def draw_trials(runs: Mapping[str, dict[str, Any]]) -> Figure:
    """Return one mark a trial, a row a model, the paper's mean and std beside them.

    Args:
        runs: one or two, label -> what :meth:`gradnets.experiments.Result.as_dict` tells.
    """
    models = next(iter(runs.values()))["models"]
    figure, ax = plt.subplots(figsize=(7, 1.2 + 0.65 * len(models)), layout="constrained")
    for row, (model, told) in enumerate(models.items()):
        for i, (label, run) in enumerate(runs.items()):
            values = run["models"][model]["rmse_db"]["trials"]
            height = [row - 0.2 + 0.2 * i] * len(values)
            ax.plot(values, height, MARKS[i][0], color=MARKS[i][1], alpha=0.6, label=label)
        if theirs := told["reported"]:
            mean, std = theirs["paper"]["mean"], theirs["paper"]["std"]
            ax.errorbar(mean, row + 0.2, xerr=std, fmt="kd", capsize=4, label="paper, mean ± std")
    ax.set(xlabel="10 log10 RMSE (dB)", yticks=range(len(models)), yticklabels=models)
    ax.invert_yaxis()
    handles, names = ax.get_legend_handles_labels()
    unique = dict(zip(names, handles, strict=True))
    figure.legend(unique.values(), unique, loc="outside upper center", ncols=3, frameon=False)
    return figure


def panels(count: int) -> tuple[Figure, list[Axes]]:
    """Return square panels in rows of three or, up to four of them, of two."""
    columns = min(count, 2 if count <= 4 else 3)
    rows = -(-count // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(1.2 + 2.6 * columns, 2.7 * rows), layout="constrained",
        sharex=True, sharey=True, squeeze=False,
    )  # fmt: skip
    for ax in axes.flat[count:]:
        ax.remove()
    return figure, list(axes.flat[:count])


def draw_arrows(ax: Axes, values: Tensor, scale: Normalize) -> Any:
    """Draw a field given on the grid of arrows."""
    norm = values.norm(dim=-1)
    arrows = ax.quiver(
        *unit_grid(ARROWS).T.numpy(), *values.T.numpy(), norm.numpy(), cmap=COLOURS, norm=scale,
        angles="xy",
    )  # fmt: skip
    dress(ax)
    ax.set(xlim=(-0.06, 1.14), ylim=(-0.06, 1.14))
    return arrows


def dress(ax: Axes) -> None:
    """Name the axes of the unit square."""
    ax.set(xlabel="$x_1$", ylabel="$x_2$", xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    ax.set_aspect("equal")
    ax.label_outer()
