"""A training step against an ICNN's of equal parameters, a forward pass against its products.

    python benchmarks/against_icnn.py [--dims 2 32 256] [--rounds 15] [--only steps|memory|forward]

One thread, float32. All rows of a table are timed in turn, round by round, in one run; the figures
are medians over the rounds and ratios of the same round, to the first row of the table. What is
timed is the processor's time, so that a busy machine changes little.

    steps     forward, mean squared error, backward and a fused Adam on a batch of 1000: the ICNN's
              gradient by autograd with two hidden layers, ours as deep as in Table 1, each net's
              width the one that comes closest to the ICNN's number of parameters; and the same with
              the loss compiled as gradnets.training does it. Mflop counts the matrix products
    memory    most bytes that tensors hold at a time in such a step, beyond what they hold before
    forward   n = width = 1024, batch 1000, no gradients: the net, and the matrix products that it
              contains, alone
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from tabulate import tabulate
from torch import Tensor, nn
from torch.nn.functional import mse_loss
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from gradnets import mGradNetC, mGradNetM
from gradnets.baselines.icnn import ICNN
from gradnets.training import COMPILED

BATCH = 1000
SIZE = 1024
Task = Callable[[], object]
OURS: dict[str, Callable[[int, int], nn.Module]] = {
    "mGradNetC": lambda dim, width: mGradNetC(dim, width, depth=4),
    "mGradNetM": lambda dim, width: mGradNetM(dim, width, modules=4),
}


def parameters(net: nn.Module) -> int:
    """Return how many numbers are learned."""
    return sum(p.numel() for p in net.parameters())


def of_equal_size(make: Callable[[int, int], nn.Module], dim: int, count: int) -> nn.Module:
    """Return the net whose number of parameters, linear in the width, is closest to ``count``."""
    one, two = parameters(make(dim, 1)), parameters(make(dim, 2))
    return make(dim, max(1, round((count - one) / (two - one)) + 1))


def networks(dim: int) -> dict[str, nn.Module]:
    """Return the ICNN, 7 wide at n = 2 as in Table 1 and n wide beyond, and ours of its size."""
    icnn = ICNN(dim, max(dim, 7))
    same = {name: of_equal_size(make, dim, parameters(icnn)) for name, make in OURS.items()}
    return {"ICNN": icnn, **same}


def training_step(net: nn.Module, dim: int, compiled: bool = False) -> Task:
    """Return one step of Adam."""
    optimiser = torch.optim.Adam(net.parameters(), lr=0.005, fused=True)
    x, y = torch.rand(BATCH, dim), torch.rand(BATCH, dim)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        return mse_loss(net(x), y)

    objective = torch.compile(loss, options=COMPILED) if compiled else loss

    def step() -> None:
        optimiser.zero_grad()
        objective(x, y).backward()
        optimiser.step()

    return step


def training_steps(dim: int) -> tuple[dict[str, Task], dict[str, nn.Module]]:
    """Return the steps of all networks, each also compiled, and the networks of the same names."""
    nets = networks(dim)
    nets |= {f"{name}, compiled": net for name, net in nets.items()}
    return {name: training_step(net, dim, "," in name) for name, net in nets.items()}, nets


def interleaved(tasks: dict[str, Task], rounds: int) -> dict[str, tuple[float, float]]:
    """Return the median seconds of each task, and the median ratio of the first to it."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    repeats = {name: calls_for(task) for name, task in tasks.items()}
    for _ in range(rounds):
        for name, task in tasks.items():
            start = time.process_time()
            for _ in range(repeats[name]):
                task()
            seconds[name].append((time.process_time() - start) / repeats[name])
    first = next(iter(seconds.values()))
    return {
        name: (
            statistics.median(values),
            statistics.median(a / b for a, b in zip(first, values, strict=True)),
        )
        for name, values in seconds.items()
    }


def calls_for(task: Task) -> int:
    """Return how many calls take about a tenth of a second, once it is warm."""
    task()
    start = time.process_time()
    task()
    return max(1, int(0.1 / (time.process_time() - start)))


def megaflops(task: Task) -> float:
    """Return the additions and multiplications of a call's matrix products, in millions."""
    with FlopCounterMode(display=False) as counter:
        task()
    return counter.get_total_flops() / 1e6


def most_held(task: Task) -> int:
    """Return the most bytes of tensors that are alive at a time in a call, beyond those before."""
    task()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as traced:
        task()
    held = most = 0
    recorded: Any = traced.profiler  # its events of memory are not in torch's stubs
    for event in recorded.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            most = max(most, held)
    return most


def products(net: nn.Module, x: Tensor) -> Task:
    """Return the matrix products of a net, W x and W^T z for each W, and nothing else."""
    W = net.get_parameter("W").detach()
    columns = x.mT.contiguous()

    def multiply() -> None:
        for W_k in W if W.ndim == 3 else [W]:
            torch.matmul(W_k.mT, W_k @ columns)

    return multiply


def steps(dim: int, rounds: int) -> None:
    """Print the times of a training step."""
    tasks, nets = training_steps(dim)
    plain = {name: f"{megaflops(task):.3g}" for name, task in tasks.items() if "," not in name}
    rows = [
        [
            name,
            str(parameters(nets[name])),
            plain.get(name, ""),
            f"{seconds * 1e3:.3f}",
            f"{ratio:.2f}",
        ]
        for name, (seconds, ratio) in interleaved(tasks, rounds).items()
    ]
    show([f"training step, n = {dim}", "parameters", "Mflop", "ms", "times faster"], rows)


def memory(dim: int) -> None:
    """Print the memory of a training step."""
    held = {name: most_held(task) for name, task in training_steps(dim)[0].items()}
    rows = [[n, f"{b / 1e6:.2f}", f"{held['ICNN'] / b:.1f}"] for n, b in held.items()]
    show([f"memory, n = {dim}", "MB", "times less"], rows)


@torch.no_grad()
def forward(rounds: int) -> None:
    """Print the times of a forward pass."""
    for name, make in OURS.items():
        net, x = make(SIZE, SIZE), torch.rand(BATCH, SIZE)
        tasks: dict[str, Task] = {
            "matrix products": products(net, x),
            name: partial(net, x),
            f"{name}, compiled": partial(torch.compile(net, options=COMPILED), x),
        }
        rows = [
            [row, f"{seconds * 1e3:.1f}", f"{ratio:.0%}"]
            for row, (seconds, ratio) in interleaved(tasks, rounds).items()
        ]
        show([f"forward, n = width = {SIZE}", "ms", "of their speed"], rows)


def show(headers: list[str], rows: list[list[str]]) -> None:
    """Print a table at once."""
    align = ["left"] + ["right"] * (len(headers) - 1)
    print(tabulate(rows, headers, colalign=align, disable_numparse=True), end="\n\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dims", type=int, nargs="+", default=[2, 32, 256])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", choices=["steps", "memory", "forward"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for dim in options.dims:
        if options.only in (None, "steps"):
            steps(dim, options.rounds)
        if options.only in (None, "memory"):
            memory(dim)
    if options.only in (None, "forward"):
        forward(options.rounds)


if __name__ == "__main__":
    main()
