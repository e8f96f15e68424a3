from typing import Any

import pytest
import sympy as sp
import torch
from torch import nn

from gradnets import GradNet, GradNetC, GradNetM, mGradNet, mGradNetC, mGradNetM
from gradnets.testing import jacobian
from verify.atoms import evaluated
from verify.identities import equal
from verify.symbolic import NotReadableError, instance

NETWORKS = {
    **{f"GradNet {a}": GradNet(2, 3, a) for a in ("tanh", "sigmoid", "wtanh", "wsoftmax")},
    **{f"mGradNet {a}": mGradNet(2, 3, a) for a in ("softplus", "softmax", "wsoftmax")},
    "GradNetC": GradNetC(3, 2, 2),
    "mGradNetC wtanh": mGradNetC(2, 2, 2, "wtanh"),
    "GradNetM": GradNetM(2, 2, 2),
    "mGradNetM tanh identity": mGradNetM(2, 2, 1, "tanh", rho="identity"),
    "mGradNetM softmax softplus": mGradNetM(2, 2, 2, "softmax", rho="softplus"),
}


def at(symbols: Any, point: torch.Tensor) -> dict[Any, Any]:
    """The exact values of a point, symbol by symbol."""
    return dict(zip(symbols, map(sp.Rational, point.tolist()), strict=True))


@pytest.mark.parametrize("name", NETWORKS)
def test_instance_agrees_with_the_module(name: str) -> None:
    net = NETWORKS[name].double()
    torch.manual_seed(0)
    s = instance(net, net.dim)
    values = {
        symbol: sp.Rational(value)
        for key, parameter in net.named_parameters()
        for symbol, value in zip(
            s.parameters[key].flatten(), parameter.flatten().tolist(), strict=True
        )
    }
    x = torch.randn(1, net.dim, dtype=torch.float64)
    values |= at(s.x, x[0])
    for expressions, measured in ((s.f, net(x)[0]), (s.jacobian, jacobian(net, x)[0])):
        exact = [float(sp.N(evaluated(e).subs(values), 30)) for e in expressions]
        assert exact == pytest.approx(measured.flatten().tolist(), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_of_the_package_is_symmetric(name: str) -> None:
    J = instance(NETWORKS[name], NETWORKS[name].dim).jacobian
    assert equal(J, J.T)


class Mutant(nn.Module):
    """W^T tanh(W x) with one thing wrong."""

    def __init__(self, wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.W = nn.Parameter(torch.rand(2, 2))
        self.V = nn.Parameter(torch.rand(2, 2))
        self.gate = nn.Parameter(torch.rand(2))
        self.twist = nn.Buffer(torch.tensor([[0, 1e-12], [0, 0]]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.tanh(x @ self.W.T)
        if self.wrong == "untied":
            return y @ self.V
        if self.wrong == "gate outside":
            return self.gate * (y @ self.W)
        if self.wrong == "dense mixing":
            return torch.tanh(y @ self.V.T) @ self.W
        if self.wrong == "not transposed":
            return y @ self.W.T
        return y @ self.W + x @ self.twist


@pytest.mark.parametrize(
    "wrong", ["untied", "gate outside", "dense mixing", "not transposed", "twist of 1e-12"]
)
def test_mutants_are_not_shown_symmetric(wrong: str) -> None:
    J = instance(Mutant(wrong), 2).jacobian
    assert not equal(J, J.T)


class Operation(nn.Module):
    def __init__(self, operation: object) -> None:
        super().__init__()
        self.operation = operation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.operation(x)  # pyright: ignore[reportCallIssue]


OPERATIONS = {
    "flatten": lambda x: x.unsqueeze(-1).flatten(1),
    "flatten one": lambda x: x.reshape(-1, 1, 2).flatten(0, 1),
    "scaled": lambda x: torch.sub(2 * x, x, alpha=0.5) / 3 + 0.1,
    "powers": lambda x: x**3 - x.square() - (-x),
    "exp": lambda x: torch.exp(x) * torch.sin(x),
    "sums": lambda x: x.sum(-1, keepdim=True) + torch.logsumexp(x, -1, keepdim=True) * x,
    "swapped": lambda x: x[:, [1, 0]] + torch.tensor([1, 2]),
    "again": lambda x: x.expand(4, -1, -1)[0] * torch.erf(x) - torch.relu(x),
    "softplus": lambda x: nn.functional.softplus(x, beta=2.0) + torch.sqrt(1 + x * x),
    "groups": lambda x: torch.softmax(torch.stack([x, 2 * x], 1), 1).sum(1) * x.softmax(-1),
    "stack": lambda x: x.select(1, 0).unsqueeze(1).expand(-1, 2) + x.transpose(0, 1).T,
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_agree_with_torch(name: str) -> None:
    s = instance(Operation(OPERATIONS[name]).double(), 2)
    point = torch.tensor([[0.3, -1.2]], dtype=torch.float64)
    values = at(s.x, point[0])
    exact = [float(sp.N(evaluated(e).subs(values), 30)) for e in s.f]
    assert exact == pytest.approx(OPERATIONS[name](point)[0].tolist(), rel=1e-7)


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (lambda x: torch.sort(x).values, "no symbolic reading of sort"),
        (torch.floor, "no symbolic reading of floor"),
        (lambda x: torch.special.erfinv(torch.tanh(x)), "no symbolic reading of erfinv"),
        (torch.sqrt, "no symbolic reading of sqrt of what may not be nonnegative"),
        (lambda x: torch.exp(torch.log(x)), "no symbolic reading of log of what may not be"),
        (lambda x: x / (x - x), "no symbolic reading of inv of what may not be nonzero"),
    ],
)
def test_what_cannot_be_read_is_named(operation: object, message: str) -> None:
    with pytest.raises(NotReadableError, match=rf"{message}.* at .*test_symbolic\.py:\d+"):
        instance(Operation(operation), 2)


class Named(nn.Module):
    """Two parameters whose last names are alike, one tied a second time."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.ones(dim))
        self.part = nn.Module()
        self.part.a = nn.Parameter(torch.ones(dim))
        self.again = self.a

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.a * x - self.part.a * x + self.again - self.a  # pyright: ignore


def test_different_parameters_are_different_symbols() -> None:
    s = instance(Named(2), 2)
    assert s.f[0] != 0
    assert not set(s.parameters["a"].flat) & set(s.parameters["part.a"].flat)
    assert all(s.parameters["a"] == s.parameters["again"])
    assert not equal(s.f, sp.zeros(2, 1))
    wide = instance(nn.Linear(12, 12), 12)
    assert len(set(wide.parameters["weight"].flat)) == 144


def test_parameters_that_share_memory() -> None:
    net = Named(2)
    net.part.a = nn.Parameter(net.a.data)
    with pytest.raises(NotReadableError, match=r"a and part\.a share memory"):
        instance(net, 2)


def test_a_parameter_named_as_the_input() -> None:
    net = nn.Module()
    net.x = nn.Parameter(torch.ones(2))
    net.forward = lambda v: v * net.x  # pyright: ignore
    with pytest.raises(NotReadableError, match="too alike to tell apart: x"):
        instance(net, 2)


A = torch.tensor([[1.0, 2.0], [0.0, 1.0]])
NOT_SAMPLE_MAPS = {
    "softmax over the batch": lambda x: torch.softmax(x, 0),
    "batch mean": lambda x: x - x.mean([0], keepdim=True),
    "times the batch's sum": lambda x: x * x.sum(0, keepdim=True),
    "gram": lambda x: x @ x.T @ x,
    "first sample": lambda x: x + x[0],
    "batch size": lambda x: x * x.shape[0],
    "reshuffled": lambda x: x.T.reshape(-1, 2),
    "branch above the example": lambda x: x if x.shape[0] < 4 else x @ A,
    "branch below the example": lambda x: x if x.shape[0] > 2 else x @ A,
    "branch at two": lambda x: x if x.shape[0] >= 2 else x @ A,
    "branch at one": lambda x: x if x.shape[0] == 1 else x @ A,
    "number of samples by a sum": lambda x: x + (torch.exp(x * 0).sum(0) - 1) * (x @ A),
    "number of samples in numbers": lambda x: x + (x.shape[0] - 1) * (x.shape[0] - 2) * (x @ A),
    "number of samples by expansion": lambda x: x * x[:1, :1].expand(x.shape[0], 1).sum(),
    "two outputs": lambda x: (x, x @ A),
    "named outputs": lambda x: {"a": x, "b": x @ A},
    "transposed output": lambda x: x.T,
    "flat output": lambda x: x.reshape(-1),
}


@pytest.mark.parametrize("name", NOT_SAMPLE_MAPS)
def test_what_is_not_a_sample_map_is_not_read(name: str) -> None:
    with pytest.raises(NotReadableError):
        instance(Operation(NOT_SAMPLE_MAPS[name]), 2)


class Fixed(nn.Module):
    """x + x B with a buffer B."""

    def __init__(self, buffer: torch.Tensor) -> None:
        super().__init__()
        self.B = nn.Buffer(buffer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + x @ (self.B * 2 / 4).to(x.dtype)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.bool, torch.int64])
@pytest.mark.parametrize("entry", [1, 100])
def test_buffers_that_are_not_floating_are_read_exactly_or_not(
    dtype: torch.dtype, entry: int
) -> None:
    """100 * 2 is -56 in eight bits."""
    net = Fixed((entry * torch.eye(2)).to(dtype)).double()
    try:
        s = instance(net, 2)
    except NotReadableError:
        return
    point = torch.tensor([[0.5, -1.25]], dtype=torch.float64)
    assert [float(e) for e in s.f.subs(at(s.x, point[0]))] == net(point)[0].tolist()


def test_complex_buffers_are_not_read() -> None:
    with pytest.raises(NotReadableError):
        instance(Fixed(torch.eye(2).to(torch.complex64)), 2)


def test_buffers_that_alias_a_parameter_are_not_read() -> None:
    net = nn.Linear(2, 2)
    net.old = nn.Buffer(net.weight.data)
    with pytest.raises(NotReadableError, match="weight and old share memory"):
        instance(net, 2)


def test_a_sum_over_no_axis_is_one_over_all() -> None:
    class Lowered(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.A = nn.Parameter(torch.eye(2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ (self.A - self.A.sum(dim=[]))

    J = instance(Lowered(), 2).jacobian
    assert not equal(J, J.T)


@pytest.mark.parametrize(
    "operation",
    [
        lambda x: x[2],
        lambda x: x @ torch.zeros(3, 3),
        lambda x: x + (x @ A) * (1 - torch.exp(x * 0 - float("inf"))),
        lambda x: (x @ A) * float("nan"),
        lambda x: (x * 1j).real,
        lambda x: (x**0.5) ** 2,
        lambda x: torch.softmax(x, -1, dtype=torch.float16).float(),
    ],
)
def test_whatever_fails_is_one_kind_of_error(operation: object) -> None:
    with pytest.raises(NotReadableError):
        instance(Operation(operation), 2)
