"""Log det and inverse of a strongly monotone network, against generic autograd and solvers.

    python benchmarks/field_calculus.py [--dims 2 32 256] [--rounds 5] [--samples 32]

One thread, float64. All rows of a task are timed in turn, round by round, in one run; the figures
are medians over the rounds and ratios of the same round, to the first row of the task, of the
processor's time. The solvers all stop at |f(x) - y| <= 1e-8 (1 + |y|) or after the steps shown:

    L-BFGS    torch.optim.LBFGS on F(x) - y.x of all samples at once, its gradient in closed form;
              for -C, whose F is an integral, on |f(x) - y|^2 / 2 by autograd
    Newton    full steps J^{-1} (f(x) - y), J by torch.func.jacrev, no line search
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from tabulate import tabulate
from torch import Tensor, nn
from torch.func import jacrev, vmap

from gradnets import mGradNetC, mGradNetM, mStronglyMonotone
from gradnets.inverse import inverse
from gradnets.logdet import log_det

TOLERANCE = 1e-8
MOST = 1000
Task = Callable[[], tuple[Tensor, Tensor | int]]


def networks(dim: int) -> dict[str, nn.Module]:
    """Return one network narrower than its dimension where that can be, and one wider."""
    narrow, wide = max(dim // 4, 2), 2 * dim
    return {
        f"-C, 4 layers of {narrow}": mGradNetC(dim, narrow, 4),
        f"-C, 4 layers of {wide}": mGradNetC(dim, wide, 4),
        f"-M, 2 modules of {narrow}": mGradNetM(dim, narrow, 2),
    }


def generic_log_det(net: nn.Module, x: Tensor) -> Tensor:
    """Return log |det J| by reverse-mode rows and LU factors."""
    return torch.linalg.slogdet(vmap(jacrev(net))(x))[1]


def lbfgs(net: mStronglyMonotone, y: Tensor) -> tuple[Tensor, int]:
    """Return x by L-BFGS, and the evaluations of f."""
    x = torch.zeros_like(y, requires_grad=True)
    closed, calls = not isinstance(net.nets[0], mGradNetC), 0

    def closure() -> float:
        nonlocal calls
        calls += 1
        with torch.enable_grad():
            r = net(x) - y
            if not closed:
                objective = r.square().sum() / 2
                x.grad = torch.autograd.grad(objective, [x])[0].contiguous()
                return objective.item()
        x.grad = r.detach().contiguous()
        return (net.potential(x) - (x * y).sum(-1)).sum().item()

    solver = torch.optim.LBFGS(
        [x], max_iter=20, history_size=20, line_search_fn="strong_wolfe", tolerance_change=0,
        tolerance_grad=0,
    )  # fmt: skip
    with torch.no_grad():
        while calls < MOST and not solved(net, x, y):
            solver.step(closure)  # pyright: ignore[reportArgumentType]
    return x.detach(), calls


def solved(net: nn.Module, x: Tensor, y: Tensor) -> bool:
    """Return whether every sample's residual is within the tolerance."""
    allowed = TOLERANCE * (1 + y.norm(dim=-1))
    return bool(((net(x) - y).norm(dim=-1) <= allowed).all())


@torch.no_grad()
def plain_newton(net: nn.Module, y: Tensor) -> tuple[Tensor, int]:
    """Return x after full Newton steps, and their number."""
    x, J = torch.zeros_like(y), vmap(jacrev(net))
    for step in range(60):
        if solved(net, x, y):
            return x, step
        x = x - torch.linalg.solve(J(x), net(x) - y)
    return x, 60


def ours(net: nn.Module, y: Tensor) -> tuple[Tensor, int]:
    """Return the inverse, and the most Newton steps that a sample took."""
    found = inverse(net, y, TOLERANCE)
    return found.x, int(found.iterations.max())


def log_det_step(way: Callable[..., Tensor], net: nn.Module, x: Tensor) -> Tensor:
    """Return the log determinants, once they are differentiated in the weights."""
    values = way(net, x)
    torch.autograd.grad(values.sum(), list(net.parameters()), allow_unused=True)
    return values.detach()


def timed(tasks: dict[str, Task], rounds: int) -> list[list[str]]:
    """Return a row a task: milliseconds, the ratio to the first, the residual, the count."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    results = {name: task() for name, task in tasks.items()}  # warms up
    for _ in range(rounds):
        for name, task in tasks.items():
            start = time.process_time()
            task()
            seconds[name].append(time.process_time() - start)
    first = next(iter(seconds.values()))
    return [
        [
            name,
            f"{statistics.median(values) * 1e3:.2f}",
            f"{statistics.median(b / a for a, b in zip(first, values, strict=True)):.1f}",
            f"{results[name][0].abs().max().item():.0e}",
            f"{results[name][1]}",
        ]
        for name, values in seconds.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dims", type=int, nargs="+", default=[2, 32, 256])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--mu", type=float, default=0.01)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for dim in options.dims:
        for name, part in networks(dim).items():
            torch.manual_seed(0)
            net = mStronglyMonotone(part, options.mu).double()
            x = torch.randn(options.samples, dim, dtype=torch.float64)
            report(f"n = {dim}, {name}", net, x, options.rounds)


def report(title: str, net: mStronglyMonotone, x: Tensor, rounds: int) -> None:
    """Print the rows of one network."""
    with torch.no_grad():
        y, truth = net(x), log_det(net, x)

    def determinant(way: Callable[..., Tensor], grad: bool) -> Task:
        def task() -> tuple[Tensor, str]:
            if grad:
                return log_det_step(way, net, x) - truth, ""
            with torch.no_grad():
                return way(net, x) - truth, ""

        return task  # pyright: ignore[reportReturnType]

    def solve(way: Callable[..., tuple[Tensor, int]]) -> Task:
        def task() -> tuple[Tensor, int]:
            with torch.no_grad():
                found, count = way(net, y)
                return net(found) - y, count

        return task

    groups: list[dict[str, Task]] = [
        {
            "log det": determinant(log_det, False),
            "  jacrev, LU": determinant(generic_log_det, False),
        },
        {
            "log det, gradient": determinant(log_det, True),
            "  jacrev, LU, gradient": determinant(generic_log_det, True),
        },
        {"inverse": solve(ours), "  L-BFGS": solve(lbfgs), "  Newton, jacrev": solve(plain_newton)},
    ]
    rows = [row for tasks in groups for row in timed(tasks, rounds)]
    headers = [title, "ms", "times", "off by", "steps"]
    align = ("left", "right", "right", "right", "right")
    print(tabulate(rows, headers, colalign=align, disable_numparse=True), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
