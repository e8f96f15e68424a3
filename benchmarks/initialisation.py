"""Compare initial values: the authors', unit gain, and unit gain fitted to the samples.

python benchmarks/initialisation.py
"""

import argparse
import time
from dataclasses import replace

import torch
from tabulate import tabulate
from torch import nn

from gradnets import GradNetC, GradNetM, initial, mGradNetC, mGradNetM
from gradnets.experiments import EXPERIMENTS
from gradnets.experiments.configuration import Config
from gradnets.experiments.field_learning import grid_errors
from gradnets.experiments.parts import sample, seeded
from gradnets.training import train
from gradnets.trials import Protocol

MODELS: dict[str, list[type[nn.Module]]] = {
    "convex_field": [mGradNetC, mGradNetM],
    "nonconvex_field": [GradNetC, GradNetM],
}
STARTS = ("authors", "unit", "unit, fitted to samples")


def errors(config: Config, cls: type[nn.Module], start: str) -> torch.Tensor:
    """Return 10 log10 MSE on the test grid after training, a seed each."""
    data = sample(config)
    init = start.partition(",")[0]
    nets = [seeded(lambda: cls(2, 7, 4, init=init), seed) for seed in range(config.seeds)]
    if start != init:
        for net, x, y in zip(nets, data.x, data.y, strict=True):
            initial.to_samples(net, x, y)
    train(nets, data, config.protocol, progress=None)
    return 10 * grid_errors(nets, config).double().square().mean((1, 2)).log10()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch", type=int, default=250)
    parser.add_argument("--points", type=int, default=20_000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for name, classes in MODELS.items():
        config = replace(
            EXPERIMENTS[name]("quick", options.seeds),
            protocol=Protocol(options.epochs, options.batch),
            train_points=options.points,
            validation_points=2000,
        )
        for cls in classes:
            for start in STARTS:
                begun = time.perf_counter()
                db = errors(config, cls, start)
                spread = [v.item() for v in (db.median(), db.mean(), db.min(), db.max())]
                seconds = time.perf_counter() - begun
                figures = [f"{value:.1f}" for value in spread]
                rows.append([cls.__name__, start, *figures, f"{seconds:.0f}"])
    headers = ["network", "initial values", "median", "mean", "best", "worst seed", "seconds"]
    print(f"{options.seeds} seeds, {options.epochs} epochs of {options.points} points in batches of"
          f" {options.batch}; 10 log10 MSE in dB\n")  # fmt: skip
    print(tabulate(rows, headers, disable_numparse=True))


if __name__ == "__main__":
    main()
