"""Learn a gradient field from samples: run and result."""

import json
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import gradnets
from gradnets.experiments.configuration import Config
from gradnets.experiments.parts import learn_here, learn_on_cluster
from gradnets.experiments.reported import read_toml, reported, verdict
from gradnets.experiments.statistics import figures, median
from gradnets.fields import unit_grid
from gradnets.resumable import Spent
from gradnets.whole_files import write_whole


@dataclass(frozen=True)
class Trials:
    """The trials of one model.

    Attributes:
        nets: the trained networks, one a trial, with their best-validation weights.
        parameters: how many numbers each network learns.
        errors: |f(x) - grad F(x)| on the test grid, shape (trials, grid, grid), x1 first.
        last_errors: the same with the weights of the last epoch.
        best_epoch: of each trial.
        spent: seconds of their training, before and after a stop.
    """

    nets: list[nn.Module]
    parameters: int
    errors: Tensor
    last_errors: Tensor
    best_epoch: list[int]
    spent: Spent

    @property
    def mse_db(self) -> Tensor:
        """10 log10 of the mean squared error norm, as in the authors' notebooks, a trial each."""
        return decibels(self.errors)

    @property
    def rmse_db(self) -> Tensor:
        """10 log10 of the root of the mean squared error norm, as in the paper, a trial each."""
        return self.mse_db / 2

    @property
    def last_rmse_db(self) -> Tensor:
        """The same with the weights of the last epoch."""
        return decibels(self.last_errors) / 2


@dataclass(frozen=True)
class Result:
    """What came out of an experiment: the trials of every model."""

    config: Config
    trials: dict[str, Trials]

    def gate(self) -> list[str]:
        """Return a sentence for each model whose median leaves its stated band; none is good."""
        complaints = []
        for model, trials in self.trials.items():
            stated, middle = band(self.config, model), median(trials.mse_db).item()
            name = f"{self.config.name} {self.config.profile} {model}"
            if stated is None:
                complaints.append(f"{name}: no band is stated in bands.toml")
            elif not stated[0] <= middle <= stated[1]:
                complaints.append(
                    f"{name}: median {middle:.2f} dB (10 log10 MSE) is outside the band"
                    f" {stated[0]} .. {stated[1]}"
                )
        return complaints

    def as_dict(self) -> dict[str, Any]:
        """Return configuration, date, versions and figures as plain numbers and strings."""
        c = self.config
        return {
            "experiment": c.name,
            "profile": c.profile,
            "protocol": asdict(c.protocol)
            | {"train_points": c.train_points, "validation_points": c.validation_points},
            "seeds": list(range(c.seeds)),
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": seconds([trials.spent for trials in self.trials.values()]),
            "threads": torch.get_num_threads(),
            "versions": {
                "gradnets": gradnets.__version__,
                "torch": torch.__version__,
                "python": platform.python_version(),
                "machine": platform.machine(),
            },
            "models": {m: model_figures(c, m, trials) for m, trials in self.trials.items()},
            "gate": self.gate(),
        }

    def write(self, out: Path) -> None:
        """Write results.json and <model>.pt, the state dict of each seed, whole or not at all."""
        for model, trials in self.trials.items():
            states = {seed: net.state_dict() for seed, net in enumerate(trials.nets)}
            write_whole(out / f"{model}.pt", lambda file, states=states: torch.save(states, file))
        text = json.dumps(self.as_dict(), indent=2) + "\n"
        write_whole(out / "results.json", lambda file: file.write(text.encode()))


def run(
    config: Config,
    checkpoints: Path | None = None,
    compile: bool = False,
    progress: bool = True,
    engine: str | None = None,
) -> Result:
    """Train and test every model of an experiment.

    Args:
        config: what to run.
        checkpoints: an existing folder; an interrupted run goes on from it. Finished models are
            kept there too, so remove it when the result is safe. A cluster keeps none.
        compile, progress: as for :func:`gradnets.training.train`.
        engine: None trains in this process, dask://HOST:PORT on a cluster, the seeds in parts; the
            weights are the same up to rounding.

    Raises:
        ValueError: an engine that is not spelled so.
        RuntimeError: a cluster that does not answer or is lost.
    """
    if engine is None:
        learned = learn_here(config, compile, checkpoints, progress)
    else:
        learned = learn_on_cluster(config, compile, engine)
    trials = {}
    for model, done in learned.items():
        count = sum(p.numel() for p in done.nets[0].parameters() if p.requires_grad)
        errors, last = grid_errors(done.nets, config), grid_errors(done.last, config)
        trials[model] = Trials(done.nets, count, errors, last, done.best_epoch, done.spent)
    return Result(config, trials)


def model_figures(config: Config, model: str, trials: Trials) -> dict[str, Any]:
    """Return what is told of a model: its error in both conventions, beside what is reported."""
    theirs = reported(model) if config.compared else None
    rmse_db, last = figures(trials.rmse_db), figures(trials.last_rmse_db)
    return {
        "parameters": trials.parameters,
        "seconds": seconds([trials.spent]),
        "best_epoch": trials.best_epoch,
        "mse_db": figures(trials.mse_db),
        "rmse_db": rmse_db,
        "band_mse_db": band(config, model),
        "reported": theirs,
        "verdict": theirs and verdict(rmse_db, theirs["paper"]),
        "last_epoch": {
            "rmse_db": last,
            "verdict": theirs and verdict(last, theirs["paper"]),
        },
    }


def decibels(errors: Tensor) -> Tensor:
    """Return 10 log10 of the mean square of error norms on the grid, (T, grid, grid) -> (T,)."""
    return 10 * errors.double().square().mean((1, 2)).log10()


def seconds(spent: list[Spent]) -> dict[str, float]:
    """Return the seconds of training in all, by the clock and of CPU time."""
    return {clock: round(sum(getattr(s, clock) for s in spent), 2) for clock in Spent._fields}


@torch.no_grad()
def grid_errors(nets: list[nn.Module], config: Config) -> Tensor:
    """Return |f(x) - grad F(x)| on the test grid in eval mode, shape (trials, grid, grid)."""
    x = unit_grid(config.grid, next(nets[0].parameters()).dtype)
    target = config.field.gradient(x)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # for a network that draws numbers when it is tested
        errors = torch.stack([(net.eval()(x) - target).norm(dim=-1) for net in nets])
    return errors.reshape(-1, config.grid, config.grid)


def band(config: Config, model: str) -> list[float] | None:
    """Return the stated band of the median, 10 log10 MSE, [low, high]; None if there is none."""
    bands = read_toml("bands.toml").get(config.name, {})
    return bands.get(config.profile, {}).get(model)
