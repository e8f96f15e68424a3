"""Learn a gradient field from samples: run and result."""

import json
import platform
import time
import tomllib
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gradnets.experiments.configuration import Config
from gradnets.experiments.parts import learn_here, learn_on_cluster
from gradnets.fields import unit_grid
from gradnets.whole_files import write_whole


@dataclass(frozen=True)
class Trials:
    """The trials of one model.

    Attributes:
        nets: the trained networks, one a trial, with their best-validation weights.
        parameters: how many numbers each network learns.
        errors: |f(x) - grad F(x)| on the test grid, shape (trials, grid, grid), x1 first.
        best_epoch: of each trial.
    """

    nets: list[nn.Module]
    parameters: int
    errors: Tensor
    best_epoch: list[int]

    @property
    def mse_db(self) -> Tensor:
        """10 log10 of the mean squared error norm, as in the authors' notebooks, a trial each."""
        return 10 * self.errors.double().square().mean((1, 2)).log10()

    @property
    def rmse_db(self) -> Tensor:
        """10 log10 of the root of the mean squared error norm, as in the paper, a trial each."""
        return self.mse_db / 2


@dataclass(frozen=True)
class Result:
    """What came out: the trials of every model, and the seconds they took."""

    config: Config
    trials: dict[str, Trials]
    seconds: float

    def gate(self) -> list[str]:
        """Return a sentence for each model whose median leaves its stated band; none is good."""
        complaints = []
        for model, trials in self.trials.items():
            low, high = band(self.config, model)
            median = trials.mse_db.median().item()
            if not low <= median <= high:
                complaints.append(
                    f"{self.config.name} {self.config.profile} {model}: median {median:.2f} dB"
                    f" (10 log10 MSE) is outside the band {low} .. {high}"
                )
        return complaints

    def as_dict(self) -> dict[str, Any]:
        """Return configuration, versions and figures as plain numbers and strings."""
        c = self.config
        return {
            "experiment": c.name,
            "profile": c.profile,
            "protocol": asdict(c.protocol)
            | {"train_points": c.train_points, "validation_points": c.validation_points},
            "seeds": list(range(c.seeds)),
            "seconds": round(self.seconds, 1),
            "versions": {"torch": torch.__version__, "python": platform.python_version()},
            "models": {
                model: {
                    "parameters": trials.parameters,
                    "best_epoch": trials.best_epoch,
                    "mse_db": figures(trials.mse_db),
                    "rmse_db": figures(trials.rmse_db),
                    "band_mse_db": band(c, model),
                    "reported": reported(model),
                }
                for model, trials in self.trials.items()
            },
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
    start = time.perf_counter()
    if engine is None:
        learned = learn_here(config, compile, checkpoints, progress)
    else:
        learned = learn_on_cluster(config, compile, engine)
    trials = {}
    for model, done in learned.items():
        count = sum(p.numel() for p in done.nets[0].parameters() if p.requires_grad)
        errors = grid_errors(done.nets, config)
        trials[model] = Trials(done.nets, count, errors, done.best_epoch)
    return Result(config, trials, time.perf_counter() - start)


@torch.no_grad()
def grid_errors(nets: list[nn.Module], config: Config) -> Tensor:
    """Return |f(x) - grad F(x)| on the test grid, shape (trials, grid, grid)."""
    x = unit_grid(config.grid)
    target = config.field.gradient(x)
    errors = torch.stack([(net(x) - target).norm(dim=-1) for net in nets])
    return errors.reshape(-1, config.grid, config.grid)


def figures(values: Tensor) -> dict[str, Any]:
    """Return the statistics of one figure over the trials; std divides by trials - 1.

    >>> figures(torch.tensor([-1.0, -3.0, -2.0], dtype=torch.float64))["std"]
    1.0
    """
    return {
        "mean": values.mean().item(),
        "std": values.std().item() if len(values) > 1 else None,
        "median": values.median().item(),
        "worst": values.max().item(),
        "trials": values.tolist(),
    }


def reported(model: str) -> dict[str, dict[str, float]]:
    """Return the figures of the paper and of the authors' notebooks for a model.

    >>> reported("mGradNetC")["paper"]["mean"]
    -24.08
    """
    return read_toml("reported.toml")[model]


def band(config: Config, model: str) -> tuple[float, float]:
    """Return the stated band of the median, 10 log10 MSE."""
    low, high = read_toml("bands.toml")[config.name][config.profile][model]
    return low, high


def read_toml(name: str) -> dict[str, Any]:
    """Return the content of a data file of this package."""
    return tomllib.loads((resources.files("gradnets.experiments") / name).read_text())
