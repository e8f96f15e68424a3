"""What is not readable, what is shared, bad input."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from gradnets import GradNet, mGradNet
from verify.search.evaluate import evaluate
from verify.trusted.graph import decode, encode, validate
from verify.trusted.trace import TraceError, freeze, trace

from .spelled import A, Spelled

UNREADABLE: dict[str, Callable[[Any, Tensor], Any]] = {
    "half": lambda m, x: (x.half() * 2).float(),
    "bfloat16": lambda m, x: x.bfloat16().float(),
    "complex": lambda m, x: (x * 1j).real,
    "infinity": lambda m, x: x + (x @ A) * (1 - torch.exp(x * 0 - float("inf"))),
    "nan": lambda m, x: (x @ A) * float("nan"),
    "zero division": lambda m, x: x / 0,
    "eight bits": lambda m, x: x + x.to(torch.int8) * (x @ A),
    "wrapped product": lambda m, x: x + (x > 0).long() * 2**62 * 4 * x,
    "sum of truth values": lambda m, x: x * torch.add(x > 0, x > 1),
    "constants in half": lambda m, x: x * torch.ones(2, dtype=torch.half),
    "softmax in half": lambda m, x: torch.softmax(x, -1, dtype=torch.float16).float(),
    "hidden parameter": lambda m, x: x @ HIDDEN,
    "computed from a hidden parameter": lambda m, x: x @ COMPUTED,
    "its own exception": lambda m, x: complain(),
    "wrong shapes": lambda m, x: x @ torch.zeros(3, 3),
    "unsorted boundaries": lambda m, x: m.b[torch.bucketize(x, torch.tensor([1.0, 0.0]))],
    "out of range": lambda m, x: x[:, torch.tensor([0, 2])],
    "subclass": lambda m, x: x * SUBCLASS,
    "trained boundaries": lambda m, x: torch.bucketize(x, m.b.detach()) * x,
    "a sum of cut floats": lambda m, x: m.b * BOX(x.detach()).sum(-1, True, dtype=torch.int64),
    "sums of cut floats": lambda m, x: m.b * BOX(x.detach()).cumsum(-1, dtype=torch.int64),
    "bounded by infinity": lambda m, x: m.b * x.clamp(min=torch.inf),
    "bounds in the wrong order": lambda m, x: m.b * torch.logit(x, eps=0.75),
    "second derivative of softplus": lambda m, x: twice(F.softplus, x),
    "indices of a sort": lambda m, x: x + x.sort(-1)[1],
}
BOX = nn.Hardtanh(0, 9)
HIDDEN = nn.Parameter(torch.eye(2))
COMPUTED = HIDDEN * 2


def twice(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The second derivative of an elementwise function."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        slope = torch.autograd.grad(f(x).sum(), x, create_graph=True)[0]
        return torch.autograd.grad(slope.sum(), x)[0]


class Lying(Tensor):
    """A tensor that has its own idea of arithmetic."""


SUBCLASS = torch.ones(2).as_subclass(Lying)


def complain() -> Tensor:
    raise KeyError("no such thing\nat all")


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_not_readable(name: str) -> None:
    with pytest.raises(TraceError) as info:
        trace(Spelled(UNREADABLE[name]), 2)
    assert info.value.kind in ("not readable", "unknown operation"), str(info.value)
    assert (
        info.value.source.split(":")[0].endswith(("spelled.py", "test_trace_reading.py"))
        or name == "hidden parameter"
    )
    assert len(str(info.value).splitlines()) == 1


def test_an_exception_of_the_module_is_one_line() -> None:
    line = complain.__code__.co_firstlineno + 1
    with pytest.raises(
        TraceError, match=rf"KeyError: 'no such thing.*test_trace_reading.py:{line}\)$"
    ):
        trace(Spelled(UNREADABLE["its own exception"]), 2)


def test_a_parameter_registered_twice_is_one() -> None:
    net = Spelled(lambda m, x: torch.tanh(x @ m.A) @ m.again.T + x @ m.kept[0] + x @ m.copy)
    net.again = net.A
    net.register_buffer("copy", net.A)
    traced = trace(net, 2)
    assert traced.names == ("A",)
    assert traced.tensors[0] is net.A


@pytest.mark.parametrize(
    "disguise", ["data", "detached", "view", "transposed", "parameter", "itself"]
)
def test_tensors_that_share_memory(disguise: str) -> None:
    net = Spelled(lambda m, x: torch.tanh(x @ m.A) + x @ m.V)
    net.V = {
        "data": net.A.data,
        "detached": nn.Buffer(net.A.detach()),
        "view": nn.Buffer(net.A.data.view(-1)[1:].view(3)[:2].expand(2, 2)),
        "transposed": net.A.data.T,
        "parameter": nn.Parameter(net.A.data),
        "itself": nn.Parameter(torch.randn(1, 2).expand(2, 2)),
    }[disguise]
    with pytest.raises(TraceError):
        trace(net, 2)


def test_detached_parameters_are_parameters() -> None:
    net = Spelled(lambda m, x: torch.tanh(x @ m.A) @ m.A.detach().T + m.kept[0].data[0])
    assert trace(net, 2).names == ("A",)


def test_frozen_parameters_and_buffers_are_literals() -> None:
    net = Spelled(lambda m, x: x @ m.A + m.b * m.noise)
    net.A.requires_grad_(False).copy_(torch.tensor([[0.5, 0.25], [0.125, 0.1]]))
    traced = trace(net, 2)
    assert traced.names == ("b",)
    assert [float(q) for q in traced.graph.literals[0].data] == [
        0.5,
        0.25,
        0.125,
        float(torch.tensor(0.1)),
    ]


def test_freeze_puts_the_values_in() -> None:
    net = mGradNet(3, 5, "wsoftmax").double()
    traced = trace(net)
    graph = freeze(traced)
    assert decode(encode(graph)) == graph
    assert not graph.params
    assert all(isinstance(size, int) for node in graph.nodes for size in node.shape)
    x = torch.randn(4, 3, dtype=torch.float64)
    np.testing.assert_allclose(evaluate(graph, {}, [], x.numpy()), net(x).detach().numpy())
    tied = Spelled(lambda m, x: x @ m.A + x @ m.B)
    tied.B = nn.Parameter(tied.A.detach().clone())
    assert len(freeze(trace(tied, 2)).literals) == 1


class Convex(nn.Module):
    """The gradient of a potential that forward computes."""

    def __init__(self, spelled: str) -> None:
        super().__init__()
        self.W, self.c = nn.Linear(2, 3), nn.Parameter(torch.ones(1))
        self.spelled = spelled

    def potential(self, x: Tensor) -> Tensor:
        return F.softplus(self.W(x)).sum(-1) + self.c * x.square().sum(-1) / 2

    def forward(self, x: Tensor) -> Tensor:
        if self.spelled == "func":
            return torch.func.vmap(torch.func.grad(self.potential_of_one))(x)
        if self.spelled == "graph":
            return torch.autograd.grad(self.potential(x).sum(), x, create_graph=True)[0]
        with torch.enable_grad():
            x = x.detach().requires_grad_() if self.spelled == "detached" else x.requires_grad_()
            return torch.autograd.grad(self.potential(x).sum(), x, create_graph=True)[0]

    def potential_of_one(self, x: Tensor) -> Tensor:
        return self.potential(x).squeeze()


@pytest.mark.parametrize("spelled", ["func", "graph", "detached", "required"])
def test_gradients_taken_inside_forward(spelled: str) -> None:
    traced = trace(Convex(spelled), 2)
    validate(traced.graph, traced.spare)
    assert any(node.shape == () and node.op == "add" for node in traced.spare)
    assert len(traced.sources) == len(traced.graph.nodes) + len(traced.spare)


def test_exclusions_name_what_is_undefined_for_some_parameters() -> None:
    net = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    (excluded,) = trace(net).exclusions
    assert excluded.startswith("inv: 0 at ")
    assert trace(nn.Linear(2, 2)).exclusions == ()


def test_sources_are_lines_of_the_module() -> None:
    traced = trace(GradNet(2, 3))
    assert all(
        "/gradnets/" in s for s, n in zip(traced.sources, traced.graph.nodes, strict=True) if n.args
    )


def subclassed() -> nn.Module:
    net = nn.Linear(2, 2)
    net.register_buffer("odd", SUBCLASS)
    return net


BAD: dict[str, tuple[Callable[[], Any], Any, type[Exception], str]] = {
    "no module": (lambda: torch.tanh, 2, TypeError, r"net: expected a torch\.nn\.Module"),
    "no dim": (nn.Tanh, None, ValueError, "dim: expected an integer of at least 1, got None"),
    "dim 0": (nn.Tanh, 0, ValueError, "got 0"),
    "dim True": (nn.Tanh, True, ValueError, "got True"),
    "two outputs": (lambda: Spelled(lambda m, x: (x, x)), 2, ValueError, "expected one output"),
    "named outputs": (lambda: Spelled(lambda m, x: {"y": x}), 2, ValueError, "expected one output"),
    "no output": (lambda: Spelled(lambda m, x: None), 2, ValueError, "expected one output"),
    "a number": (lambda: Spelled(lambda m, x: 1.0), 2, ValueError, "expected one output"),
    "another width": (lambda: nn.Linear(2, 3), 2, ValueError, r"expected one output .* 2\)"),
    "transposed": (lambda: Spelled(lambda m, x: x.T), 2, ValueError, "expected one output"),
    "flat": (lambda: Spelled(lambda m, x: x.flatten()), 2, ValueError, "expected one output"),
    "half": (lambda: nn.Linear(2, 2).half(), 2, ValueError, "weight: expected float32 or float64"),
    "complex": (lambda: nn.Linear(2, 2, dtype=torch.cfloat), 2, ValueError, "complex64"),
    "lazy": (lambda: nn.LazyLinear(2), 2, ValueError, "initialized"),
    "integers out": (lambda: Spelled(lambda m, x: x.long()), 2, ValueError, "floating"),
    "subclass": (lambda: subclassed(), 2, ValueError, "got Lying"),
    "meta": (lambda: nn.Linear(2, 2, device="meta"), 2, ValueError, "CPU"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str) -> None:
    make, dim, kind, message = BAD[name]
    with pytest.raises(kind, match=message):
        trace(make(), dim)


def test_dim_is_found() -> None:
    assert trace(nn.Linear(3, 3)).sizes == {"n0": 3}
    mlp = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 2))
    assert sorted(trace(mlp).sizes.values()) == [2, 5]
    assert sorted(trace(GradNet(4, 3)).sizes.values()) == [3, 4]


def test_a_dimension_of_one() -> None:
    traced = trace(GradNet(1, 3), 1)
    assert traced.graph.nodes[traced.graph.output].shape == ()


def test_large_parameters_are_not_read() -> None:
    net = GradNet(1024, 1024)
    before = net.W.detach().clone()
    trace(net)
    assert torch.equal(net.W, before)
