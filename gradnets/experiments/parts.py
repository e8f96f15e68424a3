"""The seeds of an experiment in parts, each trained as one batched model, here or on a cluster."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from gradnets.engine import run_tasks, split
from gradnets.experiments.configuration import Config
from gradnets.experiments.recipes import follow
from gradnets.resumable import Spent
from gradnets.trials import Data

AGAIN = 1000  # added to a trial's seed for each further start


@dataclass(frozen=True)
class Part:
    """Some seeds of a model of an experiment, and how they are trained.

    Attributes:
        nets: with their initial values, one a seed or as many as its recipe begins with.
        threads: torch's, on a cluster.
    """

    config: Config
    model: str
    seeds: Sequence[int]
    nets: list[nn.Module]
    compile: bool = False
    threads: int = 1


@dataclass(frozen=True)
class Learned:
    """The networks of a part with their best-validation weights.

    Attributes:
        best_epoch: the epochs of these weights.
        last: the same networks with the weights of the last epoch.
        spent: seconds of the training.
    """

    nets: list[nn.Module]
    best_epoch: list[int]
    last: list[nn.Module]
    spent: Spent


def part(config: Config, model: str, seeds: Sequence[int], compile: bool) -> Part:
    """Return these seeds of a model, with fresh networks."""
    starts = [seed + AGAIN * i for seed in seeds for i in range(config.recipe(model).starts)]
    nets = [seeded(config.models[model], start) for start in starts]
    return Part(config, model, seeds, nets, compile, torch.get_num_threads())


def learn(part: Part, checkpoint: Path | None = None, label: str | None = None) -> Learned:
    """Train the networks of a part as one batched model."""
    recipe, data = part.config.recipe(part.model), sample(part.config, part.seeds)
    gradient = part.config.field.gradient
    done = follow(
        recipe, part.nets, data, gradient, part.seeds, checkpoint, label, compile=part.compile
    )
    history = done.history
    last = [with_weights(net, history.last, i) for i, net in enumerate(done.nets)]
    return Learned(done.nets, history.best_epoch.tolist(), last, history.spent)


def with_weights(net: nn.Module, weights: dict[str, Tensor], trial: int) -> nn.Module:
    """Return a copy of a network with other values of what it learns, those of a trial."""
    other = copy.deepcopy(net)
    other.load_state_dict({k: values[trial] for k, values in weights.items()}, strict=False)
    return other


def learn_here(
    config: Config, compile: bool, checkpoints: Path | None, progress: bool
) -> dict[str, Learned]:
    """Train all models in this process, one after the other."""
    return {
        model: learn(
            part(config, model, range(config.seeds), compile),
            checkpoints and checkpoints / f"{model}.pt",
            model if progress else None,
        )
        for model in config.models
    }


def learn_remotely(part: Part) -> tuple[str, Learned]:
    """Train a part on a worker, with as many threads as were asked for here."""
    torch.set_num_threads(part.threads)
    return part.model, learn(part)


def learn_on_cluster(config: Config, compile: bool, engine: str) -> dict[str, Learned]:
    """Train all models as tasks, each with as many seeds as one worker's share."""

    def tasks(workers: int) -> list[Part]:
        return [
            part(config, model, seeds, compile)
            for model in config.models
            for seeds in split(range(config.seeds), workers)
        ]

    outcomes = run_tasks(engine, tasks, learn_remotely)
    return {model: joined([lot for m, lot in outcomes if m == model]) for model in config.models}


def joined(parts: list[Learned]) -> Learned:
    """Return the parts of a model as one."""
    return Learned(
        [net for part in parts for net in part.nets],
        [epoch for part in parts for epoch in part.best_epoch],
        [net for part in parts for net in part.last],
        Spent(*map(sum, zip(*(part.spent for part in parts), strict=True))),
    )


def seeded(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Return a network whose initial values depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def sample(config: Config, seeds: Sequence[int] | None = None) -> Data:
    """Return each trial's own training and validation points, uniform on the unit square."""
    seeds = range(config.seeds) if seeds is None else seeds
    samples: list[Tensor] = []
    generators = [torch.Generator().manual_seed(10_000 + seed) for seed in seeds]
    for count in (config.train_points, config.validation_points):
        x = torch.stack([torch.rand(count, config.field.dim, generator=g) for g in generators])
        samples += [x, config.field.gradient(x)]
    return Data(*samples)
