"""A wide map on a few coordinates is the map, exactly, and refutes it in the same time."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import gradnets
import verify
from verify.search.balls import exact, precision
from verify.search.narrow import first, narrowed, widened
from verify.search.settle import exact_map
from verify.trusted.graph import Graph, Node, Ref
from verify.trusted.trace import Traced, trace

NETS: dict[str, Callable[[], nn.Module]] = {
    "GradNetC": lambda: gradnets.GradNetC(12, 20, depth=2),
    "GradNetM": lambda: gradnets.GradNetM(12, 20, modules=2),
    "mGradNet": lambda: gradnets.mGradNet(12, 3),
    "mGradNetM": lambda: gradnets.mGradNetM(2, 20, modules=2),
}


def some(traced: Traced, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Return short numbers in these shapes."""
    rng = np.random.default_rng(0)
    return [exact(rng.integers(-4, 5, shape) / 4) for shape in shapes]


@pytest.mark.parametrize("name", NETS)
def test_first_entries_are_those_of_the_whole_map(name: str) -> None:
    net = NETS[name]()
    traced = trace(net, net.dim)  # type: ignore[arg-type]
    narrow = narrowed(traced.graph, traced.sizes)
    assert narrow is not None
    params = some(traced, list(narrow.params))  # type: ignore[arg-type]
    (x,) = some(traced, [narrow.nodes[narrow.output].shape])  # type: ignore[list-item]
    shapes = [[traced.sizes.get(s, s) for s in shape] for shape in traced.graph.params]  # type: ignore[arg-type]
    zero = exact(0)[()]
    full = [widened(p, shape, zero) for p, shape in zip(params, shapes, strict=True)]  # type: ignore[arg-type]
    x_full = widened(x, [net.dim], zero)  # type: ignore[list-item]
    ways = exact(np.eye(net.dim)[: len(x)])  # type: ignore[call-overload]
    with precision(300):
        few = exact_map(narrow, {}, params).field.both(params, x, exact(np.eye(len(x))))
        many = exact_map(traced.graph, traced.sizes, full).field.both(full, x_full, ways)
        pairs = [*zip(few[0], many[0]), *zip(few[1].flat, many[1][:, : len(x)].flat)]  # noqa: B905
        assert all(abs(mine - theirs) < 1e-30 for mine, theirs in pairs)


@pytest.mark.parametrize(
    "told",
    [
        Node("call", ("s0",), (Ref(0, ("j0",)),), name="sort", attrs=(1, 1)),
        Node("eye", ("s0", "s0")),
    ],
    ids=["sort", "eye"],
)
def test_what_tells_entries_by_their_place_stays_wide(told: Node) -> None:
    nodes = (Node("x", ("s0",)), told, Node("mul", ("s0",), (Ref(0, ("i0",)),), (Fraction(1),)))
    assert narrowed(Graph(nodes, 2), {"s0": 20}) is None
    assert narrowed(Graph((nodes[0], nodes[2]), 1), {"s0": 20}) is not None


def test_small_maps_stay_as_they_are() -> None:
    traced = trace(gradnets.GradNetC(3, 5, depth=2), 3)
    assert narrowed(traced.graph, traced.sizes) is None


def test_corners() -> None:
    corner = first(np.arange(12).reshape(3, 4), (2, 3))
    assert corner.tolist() == [[0, 1, 2], [4, 5, 6]]
    assert widened(corner, (2, 4), -1).tolist() == [[0, 1, 2, -1], [4, 5, 6, -1]]


@pytest.mark.parametrize("claim", ["symmetric", "psd"])
def test_a_counterexample_of_a_wide_module_is_one_of_the_whole_module(claim: str) -> None:
    class Untied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.W, self.V = nn.Linear(20, 30), nn.Linear(30, 20)

        def forward(self, x: Tensor) -> Tensor:
            return self.V(torch.softmax(self.W(x), -1))

    net = Untied()
    verdict = verify.decide(net, claim, dim=20)
    assert verdict.counterexample is not None
    assert verdict.counterexample.dim == 20
    assert verdict.counterexample.replay(net)
