"""What code does where gradients are taken is seen, and nothing is left of them."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import verify

from . import counting_kinds as kinds
from .tied import Tied


class Counted(torch.autograd.Function):
    """The identity, whose gradients are counted."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> Tensor:
        kinds.COUNTS["n"] += 1
        return given[0]


class UntilTrained(Tied):
    def forward(self, x: Tensor) -> Tensor:
        y = self.tanh(Counted.apply(x))  # type: ignore[no-untyped-call] - not typed in torch
        return y if kinds.COUNTS["n"] < kinds.LAST else -y


class UntilItsWeightsAreTrained(UntilTrained):
    def forward(self, x: Tensor) -> Tensor:
        y = self.tanh(x) * Counted.apply(self.gain)  # type: ignore[no-untyped-call] - as above
        return y if kinds.COUNTS["n"] < kinds.LAST else -y

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))


@pytest.mark.parametrize("make", [UntilTrained, UntilItsWeightsAreTrained])
def test_gradients_that_are_counted(make: type[nn.Module]) -> None:
    reason = verify.decide(make(), "psd", 3).reason
    assert reason is not None
    assert reason.kind == "not a sample map"
    assert kinds.COUNTS == {"n": 0}


class Jumping(nn.Module):
    """Torch has no gradient of heaviside, and raises an error that keeps the sample for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.p, self.q = nn.Parameter(torch.randn(3)), nn.Parameter(torch.randn(3))

    def forward(self, x: Tensor) -> Tensor:
        half = torch.tensor(0.5, dtype=x.dtype)
        return torch.sign(x - self.p) + torch.heaviside(x - self.q, half)


def test_gradients_that_torch_has_not() -> None:
    assert verify.decide(Jumping(), "psd", 3).status == "proved"


class Rerun(Tied):
    """What a checkpoint runs again, for the gradients, moves a mean."""

    def __init__(self) -> None:
        super().__init__()
        self.mean: Tensor
        self.register_buffer("mean", torch.zeros(3))

    def block(self, h: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            self.mean.lerp_(h.detach().mean(0), 0.1)
        return torch.tanh(h - self.mean)

    def forward(self, x: Tensor) -> Tensor:
        return checkpoint(self.block, self.lin(x), use_reentrant=True) @ self.lin.weight  # type: ignore[no-any-return] - not typed in torch


@pytest.mark.filterwarnings("ignore:None of the inputs")  # of the checkpoint, without gradients
def test_what_a_checkpoint_runs_again() -> None:
    net = Rerun()
    reason = verify.decide(net, "psd", 3).reason
    assert reason is not None
    assert reason.kind == "not a sample map"
    assert not net.mean.any()
    assert net.lin.weight.grad is None
