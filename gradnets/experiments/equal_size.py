"""Beat Tables 1 and 2 at equal size and in equal time, and say what each ingredient gave."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn

from gradnets import fields
from gradnets.activations import Activation
from gradnets.cascaded import GradNetC, mGradNetC
from gradnets.experiments.configuration import Config, protocol
from gradnets.experiments.recipes import Recipe, Squares
from gradnets.experiments.reported import read_toml
from gradnets.tanh_sums import TanhSum
from gradnets.trials import Protocol

SETTINGS = "equal_size.toml"
OPTIONS = ("starts", "accelerated", "dtype")
MODELS = {fields.convex: mGradNetC, fields.nonconvex: GradNetC}


def config(
    group: str, field: fields.Field, profile: str = "quick", seeds: int | None = None
) -> Config:
    """Return an experiment: the rows of a group of ``equal_size.toml`` on a field of the paper.

    Args:
        group: "equal_size", the paper's training and ours, or "ablation".
        field: :data:`gradnets.fields.convex`, learned by mGradNetC, or ``nonconvex``, by GradNetC.
        profile: "quick", a few steps and seeds, or "full".
        seeds: the number of trials, the profile's by default.

    Raises:
        ValueError: another profile, or seeds < 1.

    >>> list(config("equal_size", fields.convex).models)
    ['paper', 'restarts', 'shape']
    """
    paper, settings = protocol(profile), read_toml(SETTINGS)
    sizes, rows = settings[profile], settings[group]
    cls = MODELS[field]
    return Config(
        name=f"{group}_{field.name}",
        profile=profile,
        field=field,
        models={name: maker(cls, row) for name, row in rows.items()},
        protocol=Protocol(sizes["epochs"], paper.batch, paper.lr),
        seeds=sizes["seeds"][group] if seeds is None else seeds,
        recipes={name: recipe(row, sizes, paper) for name, row in rows.items()},
        compared=False,
    )


def maker(cls: Callable[..., nn.Module], row: dict[str, Any]) -> Callable[[], nn.Module]:
    """Return what makes the networks of a row."""
    activation: Activation = row.get("activation", "tanh")
    if activation == "tanhsum":
        activation = partial(TanhSum, terms=9, monotone=cls is mGradNetC)
    sizes = {"width": row.get("width", 7), "depth": row.get("depth", 4)}
    return partial(cls, dim=2, **sizes, activation=activation, init=row.get("init", "unit"))


def recipe(row: dict[str, Any], sizes: dict[str, Any], paper: Protocol) -> Recipe:
    """Return how the networks of a row are trained."""
    adam, squares = None, None
    options = {key: row[key] for key in OPTIONS if key in row}
    if "adam" in row:
        epochs = max(1, sizes["epochs"] // 10) if "tenth" in row else sizes["epochs"]
        adam = Protocol(epochs, paper.batch, paper.lr, row["adam"])
    if adam is None or "squares" in row:
        search = {key: sizes[key] for key in ("search_steps", "search_points")}
        squares = Squares(sizes["steps"], sizes["points"], **search, **options)
    return Recipe(row.get("init", "unit") == "unit", adam, squares)


def says(group: str) -> dict[str, str]:
    """Return what the rows of a group are called, by their names.

    >>> says("equal_size")["paper"]
    "the paper's training"
    """
    return {name: row["says"] for name, row in read_toml(SETTINGS)[group].items()}


def goal(field: fields.Field) -> float:
    """Return the median error that is aimed for on a field, 10 log10 MSE.

    >>> goal(fields.convex)
    -75
    """
    return read_toml(SETTINGS)["goals"][field.name]
