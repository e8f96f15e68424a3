"""The repeated block is found: one digest for all depths and sizes, and nothing else is rolled."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import linear, softplus

import gradnets
from verify.search.roll import roll
from verify.trusted.graph import Graph, decode, encode
from verify.trusted.schema import covers, split, unfold
from verify.trusted.trace import trace

from .flat import cascade, modular, residual, softmax, tanh, wtanh

DEPTHS = (2, 3, 8)
SIZES = ((2, 2), (3, 5), (64, 256))
HAND: dict[str, tuple[Callable[[int], Graph], int]] = {
    "cascade": (cascade, 1),
    "monotone cascade": (lambda depth: cascade(depth, through="softplus"), 1),
    "weights in each layer": (lambda depth: cascade(depth, wtanh, "exp"), 1),
    "modular": (modular, 0),
    "modular, softmax": (lambda count: modular(count, softmax), 0),
    "modules of their own": (lambda count: modular(count, stacked=False), 0),
    "no constant": (lambda count: modular(count, start=False), 1),
    "residual": (residual, 0),
}


def widths(graph: Graph) -> dict[str, int]:
    """Sizes of a graph: 2 for x, 7 for the rest."""
    symbols = {s for node in graph.nodes for s in node.shape if isinstance(s, str)}
    (n,) = graph.nodes[graph.output].shape
    return {s: 2 if s == n else 7 for s in symbols}


@pytest.mark.parametrize("name", HAND)
def test_one_schema_for_all_depths(name: str) -> None:
    make, first = HAND[name]
    digests = set()
    for depth in (*DEPTHS, 20):
        graph = make(depth)
        schema = roll(graph, widths(graph))
        assert schema is not None
        digests.add(schema.digest)
        rounds = covers(schema, graph, widths(graph))
        assert rounds is not None
        assert list(rounds.values()) == [depth - first]
        assert decode(encode(schema)) == schema
        for other in DEPTHS:
            flat = make(other)
            assert covers(schema, flat, widths(flat)) is not None
    assert len(digests) == 1


@pytest.mark.parametrize("name", ["cascade", "modular", "no constant"])
def test_the_schema_unfolded_is_the_flat_graph(name: str) -> None:
    make, first = HAND[name]
    for depth in DEPTHS:
        schema = roll(make(depth))
        assert schema is not None
        assert unfold(schema, depth - first).digest == split(make(depth)).digest


def test_stacks_and_lists_have_one_schema() -> None:
    listed = modular(3, stacked=False)
    one, other = roll(listed, widths(listed)), roll(modular(5))
    assert one is not None
    assert one == other


@pytest.mark.parametrize(
    "graph",
    [
        cascade(1),
        cascade(1, wtanh),
        modular(1),
        cascade(3, tied=1),
        cascade(5, [tanh, tanh, softmax, tanh, tanh], "softplus"),
    ],
)
def test_nothing_is_rolled_that_does_not_repeat_to_the_end(graph: Graph) -> None:
    """What repeats in part is rolled in part, or not at all; it never covers the regular one."""
    schema = roll(graph)
    if schema is not None:
        assert covers(schema, graph) is not None
        assert covers(schema, cascade(5, through="softplus")) is None
        assert covers(schema, cascade(3)) is None


def test_rounds_of_two_kinds_are_one_round() -> None:
    """tanh and softmax in turn, four rounds: two rounds of both."""
    graph = cascade(5, [tanh, softmax, tanh, softmax, tanh])
    schema = roll(graph)
    assert schema is not None
    assert list((covers(schema, graph) or {}).values()) == [2]


NETS: dict[str, Any] = {
    f"{name} {activation}": (getattr(gradnets, name), (activation,))
    for name in ("GradNetC", "mGradNetC")
    for activation in ("tanh", "sigmoid", "softplus", "wtanh")
} | {
    f"{name} {activation} {rho}": (getattr(gradnets, name), (activation, rho))
    for name in ("GradNetM", "mGradNetM")
    for activation in ("tanh", "sigmoid", "softplus", "wtanh", "softmax", "wsoftmax")
    for rho in ("one", "identity", "softplus")
    if activation != "softplus" or rho == "one"
    if (name, rho) != ("mGradNetM", "identity") or "softmax" not in activation
}


DEEP = ("mGradNetC wtanh", "GradNetM wsoftmax identity", "mGradNetM tanh softplus")


@pytest.mark.parametrize("name", NETS)
def test_networks_have_one_schema_for_all_depths_and_sizes(name: str) -> None:
    make, arguments = NETS[name]
    digests = set()
    for depth, (dim, width) in list(zip(DEPTHS, SIZES, strict=True))[: 3 if name in DEEP else 2]:
        traced = trace(make(dim, width, depth, *arguments), dim)
        schema = roll(traced.graph, traced.sizes)
        assert schema is not None
        assert len(covers(schema, traced.graph) or {}) == 1
        digests.add(schema.digest)
    assert len(digests) == 1


@pytest.mark.parametrize("name", ["GradNetC wtanh", "mGradNetM softmax one"])
def test_sizes_do_not_enter(name: str) -> None:
    make, arguments = NETS[name]
    traced = [trace(make(*sizes, 3, *arguments), sizes[0]) for sizes in SIZES]
    assert len({(roll(t.graph) or t.graph).digest for t in traced}) == 1


class Block(nn.Module):
    """W^T tanh(W x + b)."""

    def __init__(self, dim: int, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(dim, width)

    def forward(self, x: Tensor) -> Tensor:
        return linear(torch.tanh(self.inner(x)), self.inner.weight.T)


class Blocks(nn.Module):
    """Several blocks, put together by a function of (x, blocks, weights)."""

    def __init__(self, dim: int, width: int, count: int, together: Callable[..., Tensor]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(dim, width) for _ in range(count))
        self.weights = nn.Parameter(torch.zeros(count))
        self.together = together

    def forward(self, x: Tensor) -> Tensor:
        return self.together(x, self.blocks, self.weights)


def residual_of(x: Tensor, blocks: nn.ModuleList, weights: Tensor) -> Tensor:
    for block in blocks:
        x = x + block(x)
    return x


def cone_of(x: Tensor, blocks: nn.ModuleList, weights: Tensor) -> Tensor:
    parts = zip(softplus(weights), blocks, strict=True)
    return torch.as_tensor(sum(c * block(x) for c, block in parts))


def in_place_of(x: Tensor, blocks: nn.ModuleList, weights: Tensor) -> Tensor:
    out = torch.zeros_like(x)
    for k, block in enumerate(blocks):
        out += weights[k] ** 2 * block(x)
    return out + x / 2


def same_of(x: Tensor, blocks: nn.ModuleList, weights: Tensor) -> Tensor:
    for _ in blocks:
        x = x - blocks[0](x) / 4
    return x


@pytest.mark.parametrize("together", [residual_of, cone_of, in_place_of, same_of])
def test_what_users_write_in_a_loop_is_a_loop(together: Callable[..., Tensor]) -> None:
    digests = set()
    for count, (dim, width) in zip((2, 3, 6), ((2, 2), (3, 5), (4, 4)), strict=True):
        traced = trace(Blocks(dim, width, count, together), dim)
        schema = roll(traced.graph, traced.sizes)
        assert schema is not None
        digests.add(schema.digest)
    assert len(digests) == 1


def test_widths_that_differ_are_not_one() -> None:
    net = Blocks(3, 5, 3, residual_of)
    net.blocks[1] = Block(3, 6)
    traced = trace(net, 3)
    schema = roll(traced.graph, traced.sizes)
    regular = trace(Blocks(3, 5, 3, residual_of), 3)
    of_all = roll(regular.graph, regular.sizes)
    assert of_all is not None
    assert covers(of_all, traced.graph, traced.sizes) is None
    assert schema != of_all
