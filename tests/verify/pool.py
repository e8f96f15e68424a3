"""True certificates of small modules of many kinds, to be mutated; what graphs say in numbers."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import nn

from gradnets import GradNet, GradNetC, mGradNet, mGradNetC, mGradNetM
from verify.decide import readings
from verify.search.evaluate import Floats
from verify.search.prove import Failure, prove
from verify.trusted.graph import Graph
from verify.trusted.trace import trace

from .trusted.draft import Draft, gradient


class Map(nn.Module):
    """A function of parameters of these shapes and x."""

    def __init__(self, f: Callable[..., torch.Tensor], **shapes: tuple[int, ...]) -> None:
        super().__init__()
        self.f = f
        for name, shape in shapes.items():
            setattr(self, name, nn.Parameter(torch.ones(shape)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.f(x, **dict(self.named_parameters()))


class Fixed(nn.Module):
    """x C with numbers C."""

    def __init__(self, *rows: list[float]) -> None:
        super().__init__()
        self.C = nn.Buffer(torch.tensor(rows))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.C


def jumps(x: torch.Tensor, W: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (x @ W.T + b > 0).to(x.dtype) @ W


def icnn(
    x: torch.Tensor, W: torch.Tensor, U: torch.Tensor, A: torch.Tensor, b: torch.Tensor
) -> torch.Tensor:
    """The gradient of sum softplus(exp(U) softplus(x W^T + b) + x A^T)."""

    def potential(v: torch.Tensor) -> torch.Tensor:
        z = nn.functional.softplus(v @ W.T + b)
        return nn.functional.softplus(z @ torch.exp(U).T + v @ A.T).sum()

    return torch.func.grad(potential)(x)


LAYER = {"W": (3, 2), "b": (3,)}
MODULES: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "mGradNet": (lambda: mGradNet(2, 3), 2),
    "softmax": (lambda: mGradNet(2, 3, "softmax"), 2),
    "GradNet": (lambda: GradNet(2, 3), 2),
    "mGradNetC": (lambda: mGradNetC(2, 2, 3), 2),
    "GradNetC": (lambda: GradNetC(2, 2, 3), 2),
    "mGradNetM": (lambda: mGradNetM(2, 3, 2), 2),
    "radial": (lambda: Map(lambda x: x * torch.rsqrt(1 + (x * x).sum(-1, keepdim=True))), 2),
    "jumps": (lambda: Map(jumps, **LAYER), 2),
    "ICNN": (lambda: Map(icnn, W=(3, 2), U=(2, 3), A=(2, 2), b=(3,)), 2),
    "quadratic": (
        lambda: Map(lambda x, W, d, b: torch.exp(d) * (x @ W.T) @ W + b, W=(3, 2), d=(3,), b=(2,)),
        2,
    ),
    "fixed": (lambda: Fixed([2.0, 1.0], [1.0, 2.0]), 2),
    "relu": (lambda: Map(lambda x, W, b: torch.relu(x @ W.T + b) @ W + 0.5 * x, **LAYER), 2),
    "one": (lambda: Map(lambda x, a: torch.exp(a) * x + torch.tanh(x), a=()), 1),
}


def proofs(graph: Graph, claim: str) -> dict[str, Any] | None:
    found = prove(graph, (), claim, "all")
    return None if isinstance(found, Failure) else found


def by_hand() -> Iterator[dict[str, Any]]:
    """Yield certificates that W^T softmax(W x) is the gradient of log sum exp(W x)."""
    d = Draft()
    W, x = d.param("m", "n"), d.x("n")
    e = d.fn("exp", d.mul(("m",), W("i0", "s"), x("s")))
    total = d.mul((), e("s"))
    p = d.mul(("m",), e.own, d.fn("inv", total).own)
    d.mul(("n",), W("s", "i0"), p("s"))
    d.output()
    F = d.fn("log", total)
    for claim in ("symmetric", "psd"):
        yield d.document(gradient(F), claim)


@cache
def certificates() -> tuple[dict[str, Any], ...]:
    """Return a document for each module and claim that is proved."""
    found = [*by_hand()]
    for make, dim in MODULES.values():
        torch.manual_seed(0)
        traced = trace(make(), dim)
        for claim in ("symmetric", "psd"):
            for graph, scope in readings(traced, "all"):
                spare = traced.spare if graph is traced.graph else ()
                document = prove(graph, spare, claim, scope)
                if not isinstance(document, Failure):
                    found.append(document)
                    break
    return tuple(found)


class Refuted(AssertionError):  # noqa: N818 (it is a finding, not an error)
    """Numbers that contradict a claim."""


def judge(graph: Graph, claim: str, rng: np.random.Generator) -> int:
    """Return at how many draws a claim was seen to hold; raise Refuted where it does not.

    By differences of values of the graph only: sizes from 1 to 3, random parameters and points.
    """
    names = sorted({s for node in graph.nodes for s in node.shape if isinstance(s, str)})
    rounds = {node.attrs[2] for node in graph.nodes if node.op == "loop"}
    names = sorted({*names, *(s for s in rounds if isinstance(s, str))})
    held = 0
    for draw in range(6):
        least = 2 if draw < 4 else 1
        sizes = {name: int(rng.integers(least, 4)) for name in names}
        shapes = [[sizes.get(str(s), s) for s in shape] for shape in graph.params]
        scale = [0.5, 1.0, 2.0][draw % 3]
        params = [scale * rng.standard_normal(shape) for shape in shapes]  # type: ignore
        shape = graph.nodes[graph.output].shape
        n = int(sizes.get(str(shape[0]), shape[0])) if shape else 1  # type: ignore[call-overload]
        f = Floats(graph, sizes)
        x = scale * rng.standard_normal((24, n))
        y = f(params, x)
        if not np.isfinite(y).all() or abs(y).max() > 1e8:
            continue
        held += 1
        if n > 1:
            for a, b in zip(
                differences(f, params, x[0], 1e-4), differences(f, params, x[0], 1e-5), strict=True
            ):
                gap, again = a - a.T, b - b.T
                size = 1 + max(abs(a).max(), abs(b).max())
                if abs(gap).max() > 1e-3 * size and np.allclose(
                    gap, again, atol=1e-2 * abs(gap).max()
                ):
                    raise Refuted(f"asymmetry {gap} at {sizes}, {params}, {x[0]}")
        if claim == "psd":
            product = ((y[::2] - y[1::2]) * (x[::2] - x[1::2])).sum(axis=1)
            if (product < -1e-6 * (1 + abs(y).max()) * (1 + abs(x).max())).any():
                raise Refuted(f"a fall {product.min()} at {sizes}, {params}")
    return held


def differences(f: Floats, params: Any, x: np.ndarray, h: float) -> Iterator[np.ndarray]:
    """Yield the Jacobian at a point by central differences."""
    steps = h * np.eye(len(x))
    yield ((f(params, x + steps) - f(params, x - steps)) / (2 * h)).T
