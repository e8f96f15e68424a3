"""What an experiment is: a field, the models that learn it, how often and how long."""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as entry

from torch import nn

from gradnets import checks
from gradnets.experiments.recipes import Recipe
from gradnets.fields import Field
from gradnets.trials import Protocol

EPOCHS = {"quick": 20, "full": 200}
SEEDS = {"quick": 5, "full": 20}


def protocol(profile: str) -> Protocol:
    """Return the paper's protocol, with fewer epochs in the quick profile.

    Raises:
        ValueError: another profile than "quick" or "full".

    >>> protocol("draft")
    Traceback (most recent call last):
        ...
    ValueError: profile: expected quick or full, got 'draft'
    """
    if profile not in EPOCHS:
        raise ValueError(f"profile: expected {' or '.join(EPOCHS)}, got {profile!r}")
    return Protocol(epochs=EPOCHS[profile])


def trials(profile: str, seeds: int | None) -> int:
    """Return the number of trials: as asked for, or the profile's own.

    >>> trials("quick", 3), trials("full", None)
    (3, 20)
    """
    return SEEDS[profile] if seeds is None else seeds


@dataclass(frozen=True)
class Config:
    """An experiment: a field, the models that learn it, how often and how long.

    Attributes:
        models: name -> function that makes a network with fresh initial values.
        seeds: the number of trials; trial s has seed s.
        train_points, validation_points: samples a trial, uniform on the unit square.
        grid: the test points are grid x grid.
        recipes: model -> how it is trained, by the protocol where none is given.
        compared: whether others report figures of these models on this field.
    """

    name: str
    profile: str
    field: Field
    models: dict[str, Callable[[], nn.Module]]
    protocol: Protocol
    seeds: int
    train_points: int = 100_000
    validation_points: int = 10_000
    grid: int = 100
    recipes: dict[str, Recipe] = entry(default_factory=dict)
    compared: bool = True

    def __post_init__(self) -> None:
        for name in ("seeds", "train_points", "validation_points", "grid"):
            checks.size(name, getattr(self, name))

    def recipe(self, model: str) -> Recipe:
        """Return how a model is trained."""
        return self.recipes.get(model, Recipe(adam=self.protocol))
