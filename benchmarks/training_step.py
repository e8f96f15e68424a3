"""Seconds a training step and trial: many trials batched, against one model in a plain loop.

    python benchmarks/training_step.py [--trials 5 20] [--rounds 7]

One thread. All rows of a network are timed in turn, round by round, in one run; the figures are
medians over the rounds and ratios of the same round, so that a busy machine slows both sides.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator

import torch
from tabulate import tabulate
from torch import nn
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader, TensorDataset

from gradnets import fields, mGradNetC, mGradNetM
from gradnets.training import Run
from gradnets.trials import Data, Protocol

SAMPLES = 100_000
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "mGradNetC": lambda: mGradNetC(dim=2, width=7, depth=4),
    "mGradNetM": lambda: mGradNetM(dim=2, width=7, modules=4),
}


def loader_batches(x: torch.Tensor, y: torch.Tensor) -> Iterator[list[torch.Tensor]]:
    """Batches as the authors make them, with num_workers=0."""
    return iter(DataLoader(TensorDataset(x, y), batch_size=1000, shuffle=True, num_workers=0))


def indexed_batches(x: torch.Tensor, y: torch.Tensor) -> Iterator[tuple[torch.Tensor, ...]]:
    """Batches by indexing the tensors."""
    for index in torch.randperm(len(x)).split(1000):
        yield x[index], y[index]


def plain(make: Callable[[], nn.Module], batches: Callable[..., Iterator]) -> Callable[[], None]:
    """Return one epoch of the plain loop, with torch's default Adam."""
    net = make()
    optimiser = torch.optim.Adam(net.parameters(), lr=0.005)
    x = torch.rand(SAMPLES, 2)
    y = fields.convex.gradient(x)

    def epoch() -> None:
        for inputs, targets in batches(x, y):
            loss = mse_loss(net(inputs), targets)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return epoch


def batched(make: Callable[[], nn.Module], trials: int, compiled: bool) -> Callable[[], None]:
    """Return one epoch of the batched engine, its validation on 1000 points included."""
    x = torch.rand(trials, SAMPLES, 2)
    y = fields.convex.gradient(x)
    data = Data(x, y, x[:, :1000], y[:, :1000])
    nets = [make() for _ in range(trials)]
    return Run(
        nets, data, Protocol(epochs=1000), list(range(trials)), compiled, torch.device("cpu")
    ).advance


def measure(make: Callable[[], nn.Module], trials: list[int], rounds: int) -> list[list[str]]:
    """Return the rows of one network: microseconds a trial-step and the ratios."""
    cases = {
        "plain loop, DataLoader (i)": (plain(make, loader_batches), 1),
        "plain loop, indexing (ii)": (plain(make, indexed_batches), 1),
    }
    for count in trials:
        for compiled in (False, True):
            name = f"{count} trials batched{', compiled' if compiled else ''}"
            cases[name] = (batched(make, count, compiled), count)
    steps = SAMPLES // 1000
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for epoch, _ in cases.values():
        epoch()  # warms up and compiles
    for _ in range(rounds):
        for name, (epoch, count) in cases.items():
            start = time.perf_counter()
            epoch()
            seconds[name].append((time.perf_counter() - start) / steps / count)
    loader, indexing = (seconds[name] for name in list(cases)[:2])
    return [
        [
            name,
            f"{statistics.median(values) * 1e6:.0f}",
            f"{statistics.median(a / b for a, b in zip(loader, values, strict=True)):.1f}",
            f"{statistics.median(a / b for a, b in zip(indexing, values, strict=True)):.1f}",
        ]
        for name, values in seconds.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[5, 20])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name, make in NETWORKS.items():
        rows = measure(make, options.trials, options.rounds)
        headers = [name, "us a trial-step", "times faster than (i)", "than (ii)"]
        print(tabulate(rows, headers, colalign=("left", "right", "right", "right")), end="\n\n")


if __name__ == "__main__":
    main()
