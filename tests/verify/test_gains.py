"""Gains that may be 0: claims by a limit, and what has none."""

import copy
from fractions import Fraction

import pytest
import torch
from torch.nn import functional

import verify
from verify.trusted import kernel
from verify.trusted.gains import limit
from verify.trusted.graph import Graph, Node, Ref
from verify.trusted.kernel import Rejected
from verify.trusted.trace import trace

from .pool import Map


def softmax(x: torch.Tensor, W: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return torch.softmax(t * (x @ W.T), -1) @ W


TRUE = {
    "squared": Map(lambda x, W, t: softmax(x, W, t**2), W=(4, 3), t=()),
    "relu": Map(lambda x, W, t: softmax(x, W, t.relu()), W=(4, 3), t=()),
    "clamped": Map(lambda x, W, t: softmax(x, W, t.clamp(0.01, 10)), W=(4, 3), t=()),
    "divisor": Map(lambda x, W, t: softmax(x, W, 1 / t.abs()), W=(4, 3), t=()),
    "two": Map(lambda x, W, t: softmax(x, W, t[0] ** 2) + softmax(x, W, t[1].abs()),
               W=(4, 3), t=(2,)),
    "norm": Map(lambda x, W, t: functional.layer_norm(t.abs() * (x @ W.T), (4,)) @ W,
                W=(4, 3), t=()),
}  # fmt: skip
FALSE = {
    "free": Map(lambda x, W, t: softmax(x, W, t), W=(4, 3), t=()),
    "a little less": Map(lambda x, W, t: softmax(x, W, t**2 - 1e-12), W=(4, 3), t=()),
    "turned": Map(lambda x, W, t: -softmax(x, W, t**2), W=(4, 3), t=()),
    "free outside": Map(lambda x, W, t: t * softmax(x, W, t**2), W=(4, 3), t=()),
    "less the identity": Map(lambda x, W, t: softmax(x, W, t**2) - 1e-9 * x, W=(4, 3), t=()),
    "other at 0": Map(lambda x, W, t: torch.where(t**2 > 0, softmax(x, W, t**2), -x), W=(4, 3),
                      t=()),
    "a jump at 0": Map(lambda x, W, t: (torch.sign(t.relu()) - 0.5) * x + 0 * x @ W.T @ W,
                       W=(4, 3), t=()),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_gains_are_the_limit_of_positive_ones(name: str) -> None:
    verdict = verify.decide(TRUE[name], "psd", dim=3)
    assert verdict.status == "proved", str(verdict)
    assert verdict.certificate is not None
    verify.check(verify.Certificate.from_json(verdict.certificate.to_json()), TRUE[name], dim=3)


@pytest.mark.parametrize("name", FALSE)
def test_what_is_false_is_not_proved(name: str) -> None:
    assert verify.decide(FALSE[name], "psd", dim=3).status != "proved"


def test_the_gains_of_a_certificate_are_needed_and_checked() -> None:
    certificate = verify.decide(TRUE["squared"], "psd", dim=3).certificate
    assert certificate is not None
    document = certificate.document
    kernel.check(document)
    (gain,) = document["proof"]["gains"]
    for gains in ([], [gain, gain], [gain, -1], [10**6], [True], ["1"], None, [0], [gain - 1]):
        other = copy.deepcopy(document)
        other["proof"]["gains"] = gains
        with pytest.raises(Rejected):
            kernel.check(other)
    del (other := copy.deepcopy(document))["proof"]["gains"]
    with pytest.raises(Rejected):
        kernel.check(other)


def gated(name: str, gate: str = "exp", param: bool = True) -> tuple[Graph, int]:
    """Return the graph of name(g) gate(x) and the number of g = relu(t), or relu(x)."""
    nodes = (
        Node("param", (), attrs=(0,)),
        Node("x", ()),
        Node("fn", (), (Ref(0 if param else 1, ()),), (), "relu"),
        Node("fn", (), (Ref(2, ()),), (), name),
        Node("fn", (), (Ref(1, ()),), (), gate),
        Node("mul", (), (Ref(3, ()), Ref(4, ())), (Fraction(1),)),
    )
    return Graph(nodes, 5, ((),)), 2


def test_what_may_be_read_as_a_gain() -> None:
    for name in ("relu", "tanh", "inv", "exp"):
        graph, gain = gated(name)
        free, given = limit(graph, [gain])
        assert free.nodes[gain].op == "param"
        assert given == {1: 2}
    for graph, gain in (gated("step"), gated("floor"), gated("sqrt"), gated("unknown"),
                        gated("relu", "step"), gated("relu", "log"),
                        gated("relu", param=False)):  # fmt: skip
        with pytest.raises(Rejected):
            limit(graph, [gain])
    graph, _ = gated("relu")
    with pytest.raises(Rejected):
        limit(graph, [0])


def test_a_constant_is_no_gain() -> None:
    traced = trace(Map(lambda x, W: x @ W.T @ W / (W.new_zeros(()).abs() + 1), W=(4, 3)), 3)
    numbers = [n for n, node in enumerate(traced.graph.nodes) if not node.args and node.op == "mul"]
    for n in numbers:
        with pytest.raises(Rejected):
            limit(traced.graph, [n])
