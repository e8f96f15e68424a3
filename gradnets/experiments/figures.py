"""Pictures of a field and of the errors of the networks that learned it, as in Figs 4 to 7."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from gradnets.experiments.field_learning import Result
from gradnets.fields import Field, unit_grid

COLOURS = "cividis"


def draw_field(field: Field) -> Figure:
    """Return the contours of the potential and the arrows of its gradient (Figs 4 and 6)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    fine = unit_grid(100)
    axis = fine[:100, 1].numpy()
    potential = field.potential(fine).reshape(100, 100).T.numpy()
    contours = left.contourf(axis, axis, potential, levels=30, cmap=COLOURS)
    figure.colorbar(contours, ax=left, label="potential")
    left.set_title(f"{field.name} potential")
    coarse = unit_grid(15)
    gradient = field.gradient(coarse)
    norm = gradient.norm(dim=-1).numpy()
    arrows = right.quiver(*coarse.T.numpy(), *gradient.T.numpy(), norm, cmap=COLOURS)
    figure.colorbar(arrows, ax=right, label="gradient norm")
    right.set_title("its gradient")
    for axes in (left, right):
        axes.set(xlabel="$x_1$", ylabel="$x_2$", xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        axes.set_aspect("equal")
    right.set(xlim=(-0.05, 1.12), ylim=(-0.05, 1.12))
    return figure


def draw_errors(result: Result) -> Figure:
    """Return the error norm over the unit square, mean of the trials, a map a model (Figs 5, 7)."""
    maps = {model: trials.errors.mean(0) for model, trials in result.trials.items()}
    top = max(errors.max().item() for errors in maps.values())
    figure, axes = plt.subplots(
        1, len(maps), figsize=(1 + 3.9 * len(maps), 3.8), layout="constrained", squeeze=False
    )
    for ax, (model, errors) in zip(axes[0], maps.items(), strict=True):
        image = ax.imshow(
            errors.T.numpy(), origin="lower", extent=(0, 1, 0, 1), cmap=COLOURS, vmin=0, vmax=top
        )
        ax.set(title=model, xlabel="$x_1$", ylabel="$x_2$", xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    figure.colorbar(image, ax=axes[0], label="error norm, mean of the trials")  # pyright: ignore[reportPossiblyUnboundVariable]
    return figure
