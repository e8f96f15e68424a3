"""Counterexamples that rest on how a stored constant is rounded, and those that do not."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import verify


class Held(nn.Module):
    """A function of x, W and a frozen matrix C."""

    def __init__(self, f: Callable[..., Tensor], C: Tensor | None = None) -> None:
        super().__init__()
        self.f = f
        self.W = nn.Parameter(torch.ones(3, 2, dtype=torch.float64))
        self.C = nn.Buffer(torch.eye(2, dtype=torch.float64) if C is None else C)

    def forward(self, x: Tensor) -> Tensor:
        return self.f(x, self.W, self.C)


def gated(root: float) -> Callable[..., Tensor]:
    """(z erf z + e^(-z^2) / root) is a potential of erf for one root only."""

    def f(x: Tensor, W: Tensor, C: Tensor) -> Tensor:
        z = x @ W.T
        s = (z * torch.erf(z) + torch.exp(-z * z) / root).sum(-1, keepdim=True)
        return (s * torch.erf(z)) @ W

    return f


def times(x: Tensor, W: Tensor, C: Tensor) -> Tensor:
    return x @ C


def frozen(*rows: list[float]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def projector() -> Tensor:
    A = torch.tensor([[1.0], [0.3]])
    P = A @ torch.linalg.inv(A.T @ A) @ A.T
    P[0, 1] = torch.nextafter(P[1, 0], torch.ones(()))
    return P


@pytest.mark.parametrize(
    "net",
    [
        Held(gated(math.sqrt(math.pi))),
        Held(times, projector().double()),
    ],
)
def test_what_rests_on_rounding_settles_nothing(net: nn.Module) -> None:
    verdict = verify.decide(net, "symmetric", dim=2)
    assert verdict.status == "unknown"
    assert verdict.reason is not None
    assert verdict.reason.kind == "rounding"


class Blend(nn.Module):
    """A gradient by autograd: torch computes 1 - 0.3 in floating point for it."""

    def __init__(self) -> None:
        super().__init__()
        self.W, self.V = nn.Parameter(torch.eye(2)), nn.Parameter(torch.eye(2))

    def potential(self, x: Tensor) -> Tensor:
        z = x @ self.W.T
        return nn.functional.softplus(torch.lerp(z, z * z, 0.3) @ self.V).sum()

    def forward(self, x: Tensor) -> Tensor:
        return torch.func.vmap(torch.func.grad(self.potential))(x)


@pytest.mark.parametrize("claim", ["symmetric", "psd"])
def test_what_torch_rounds_itself_refutes_no_symmetry(claim: str) -> None:
    verdict = verify.decide(Blend(), claim, dim=2)
    assert verdict.counterexample is None or verdict.counterexample.kind != "jacobian"


@pytest.mark.parametrize(
    ("net", "claim"),
    [
        (Held(gated(1.7724538)), "symmetric"),
        (Held(times, frozen([2.0, 0.3 + 1e-12], [0.3, 1.0])), "symmetric"),
        (Held(times, frozen([2 / 3, 1 / 7 + 1e-12], [1 / 7, 1.0])), "symmetric"),
        (Held(lambda x, W, C: -1e-30 * x), "psd"),
        (Held(lambda x, W, C: 0.3 * x - 0.1 * x - 0.2 * x), "psd"),
        (Held(lambda x, W, C: -math.pi * 1e-25 * x), "psd"),
        (Held(times, frozen([1.0, 1.0], [1.0, 1 - 1e-6])), "psd"),
    ],
)
def test_what_is_false_of_other_roundings_too_is_refuted(net: nn.Module, claim: str) -> None:
    assert verify.decide(net, claim, dim=2).status == "refuted"


def test_numbers_of_the_present() -> None:
    """For the scope "current" the parameters are constants too."""
    net = nn.Linear(2, 2, bias=False)
    for off, status in ((2.0**-23, "unknown"), (1e-3, "refuted")):
        with torch.no_grad():
            net.weight.copy_(torch.tensor([[1.0, 1 / 3], [1 / 3 + off, 1.0]]))
        assert verify.decide(net, "symmetric", scope="current").status == status
