"""Compare initial values on both fields; show why sums of modules end in two clusters of errors.

    python benchmarks/initialisation.py [--full] [--seeds 20] [--only NETWORK] [--bends]

The authors' values, and unit gain through the network, each as it is and fitted to the samples.
By default a short training, four minutes of one free processor; --full is the paper's protocol,
fifteen. The share of a module's output, over the unit square, that no affine map explains is its
bend; the table shows that of each network's most bent module before and after the training, the
median over the seeds, and --bends those of each seed beside its error.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from tabulate import tabulate
from torch import Tensor, nn

from gradnets import GradNetC, GradNetM, initial, mGradNetC, mGradNetM
from gradnets.experiments import EXPERIMENTS
from gradnets.experiments.configuration import Config
from gradnets.experiments.field_learning import grid_errors
from gradnets.experiments.parts import sample, seeded
from gradnets.fields import unit_grid
from gradnets.training import train
from gradnets.trials import Protocol

NETWORKS: dict[str, tuple[Callable[..., nn.Module], str]] = {
    "mGradNetC": (mGradNetC, "convex_field"),
    "mGradNetM": (mGradNetM, "convex_field"),
    "GradNetC": (GradNetC, "nonconvex_field"),
    "GradNetM": (GradNetM, "nonconvex_field"),
}
FITTED = ", fitted"
STARTS = ("authors", f"authors{FITTED}", "unit", f"unit{FITTED}")


@torch.no_grad()
def greatest_bend(net: Any) -> float:
    """Return the bend of the most bent module; nan of a cascade, which has none."""
    if net.W.ndim < 3:
        return torch.nan
    x = unit_grid(30).double()
    affine = torch.cat([x, torch.ones(len(x), 1)], 1)
    shares = []
    for W, b, t, sigma in zip(net.W, net.b, initial.read(net, "t"), net.sigmas, strict=True):
        y = (W.mT @ sigma(t * (W @ x.mT.to(W) + b))).mT.double()
        left = y - affine @ torch.linalg.lstsq(affine, y).solution
        shares.append(left.square().sum() / (y - y.mean(0)).square().sum())
    return torch.stack(shares).max().item()


def outcome(
    config: Config, make: Callable[..., nn.Module], start: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Return 10 log10 MSE on the test grid, and the bends before and after, a seed each."""
    data = sample(config)
    init = start.removesuffix(FITTED)
    nets = [seeded(lambda: make(2, 7, 4, init=init), seed) for seed in range(config.seeds)]
    if start != init:
        for net, x, y in zip(nets, data.x, data.y, strict=True):
            initial.to_samples(net, x, y)
    before = torch.tensor([greatest_bend(net) for net in nets])
    train(nets, data, config.protocol, compile=True, progress=None)
    after = torch.tensor([greatest_bend(net) for net in nets])
    return 10 * grid_errors(nets, config).double().square().mean((1, 2)).log10(), before, after


def show_bends(title: str, db: Tensor, before: Tensor, after: Tensor) -> None:
    """Print a row a seed, the best first."""
    rows = [
        [seed, f"{db[seed]:.1f}", f"{before[seed]:.4f}", f"{after[seed]:.2f}"]
        for seed in db.argsort().tolist()
    ]
    print(tabulate(rows, [f"{title}: seed", "dB", "bend before", "after"]), end="\n\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", choices=NETWORKS)
    parser.add_argument("--bends", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for network in [options.only] if options.only else NETWORKS:
        make, field = NETWORKS[network]
        config = EXPERIMENTS[field]("full", options.seeds)
        if not options.full:
            short = Protocol(epochs=40, batch=250)
            config = replace(config, protocol=short, train_points=20_000, validation_points=2000)
        for start in STARTS:
            begun = time.process_time()
            db, before, after = outcome(config, make, start)
            if options.bends:
                show_bends(f"{network}, {start}", db, before, after)
            figures = [db.median(), db.mean(), db.min(), db.max()]
            bends = ["" if v.isnan().any() else f"{v.median():.3f}" for v in (before, after)]
            seconds = time.process_time() - begun
            rows.append([network, start, *(f"{v:.1f}" for v in figures), *bends, f"{seconds:.0f}"])
    headers = ["network", "initial values", "median", "mean", "best", "worst seed", "bend before",
               "after", "seconds"]  # fmt: skip
    print(f"{options.seeds} seeds, {'full' if options.full else 'short'}; 10 log10 MSE in dB\n")
    print(tabulate(rows, headers, disable_numparse=True))


if __name__ == "__main__":
    main()
