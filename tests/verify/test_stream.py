"""What a module gives to torch, traced and untraced: no branch is needed to tell the two apart."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._C import _len_torch_dispatch_stack
from torch.nn import functional

import verify
from verify.search.paths import strays
from verify.search.stream import Call, differs


def spike(x: Tensor) -> Tensor:
    """Not 0 in a strip that random points miss."""
    return torch.relu(1e-9 - (x.roll(1, -1) - 37.123).abs()) * 1e9


class Odd(nn.Module):
    """The identity when it is traced, and something else when it is called."""

    def __init__(self, odd: Callable[["Odd", Tensor], Tensor]) -> None:
        super().__init__()
        self.odd = odd
        self.weights = nn.ParameterList([nn.Parameter(torch.zeros(()), requires_grad=False)] * 2)
        self.register_buffer("zero", torch.zeros(()))
        self.register_buffer("one", torch.ones(()))
        self.zero: Tensor
        self.one: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return self.odd(self, x)


CONSTANTS = torch.zeros(()), torch.ones(())


def is_plain(x: Tensor) -> bool:
    return type(x) is Tensor


@pytest.mark.parametrize(
    "odd",
    [
        lambda net, x: x + is_plain(x) * spike(x),
        lambda net, x: x + torch.tensor(float(is_plain(x))) * spike(x),
        lambda net, x: x + torch.full((), float(is_plain(x))) * spike(x),
        lambda net, x: x + (type(x.shape[0]) is int) * (x.shape[0] > 1) * spike(x),
        lambda net, x: x + (_len_torch_dispatch_stack() == 0) * spike(x),
        lambda net, x: x + [net.zero, net.one][is_plain(x)] * spike(x),
        lambda net, x: [x, x + spike(x)][is_plain(x)],
        lambda net, x: [x, x + spike(x)][is_plain(x)] * 1,
        lambda net, x: getattr(torch, ["neg", "abs"][is_plain(x)])(x - 1e12) + 1e12,
        lambda net, x: torch.ops.aten.add.Tensor(x, spike(x), alpha=float(is_plain(x))),
        lambda net, x: x + CONSTANTS[is_plain(x)] * spike(x),
        lambda net, x: x + torch.as_tensor(np.array([float(is_plain(x))])) * spike(x),
        lambda net, x: x + torch.frombuffer(bytearray([is_plain(x)]), dtype=torch.uint8) * spike(x),
        lambda net, x: x[..., int(is_plain(x)) :] * spike(x)[..., :1] + x,
    ],
)
def test_what_differs_without_a_branch(odd: Callable[[Odd, Tensor], Tensor]) -> None:
    verdict = verify.decide(Odd(odd), "symmetric", dim=2)
    assert verdict.status == "unknown"
    assert verdict.reason is not None
    assert verdict.reason.kind == "not a sample map"


@pytest.mark.parametrize(
    "same",
    [
        lambda net, x: x + functional.dropout(x, 0.3, training=False),
        lambda net, x: (x < net.one) * x + (net.one > x) * x,
        lambda net, x: 1 - (net.one - x) / 3 + x.T.contiguous().T.to(x.dtype),
        lambda net, x: torch.func.grad(lambda y: torch.exp(y).sum())(x),
        lambda net, x: (
            torch.autograd.functional.jacobian(
                lambda y: torch.tanh(y), x[0] * 0, vectorize=True
            ).sum(0)
            * x
        ),
        lambda net, x: functional.softmax(x.reshape(-1, 2), -1) * x.shape[1],
    ],
)
def test_what_does_not_differ(same: Callable[[Odd, Tensor], Tensor]) -> None:
    assert strays(Odd(same), 2) == ""


def test_streams() -> None:
    a, b, c = torch.zeros(3)
    start = Call((), [], [a, b])
    assert not differs([start, Call(("f", "1"), [a], [c])], [start, Call(("f", "1"), [a], [b])])
    assert differs([start, Call(("f", "1"), [a], [c])], [start, Call(("f", "2"), [a], [c])])
    assert differs([start, Call(("f", "1"), [a], [c])], [start, Call(("f", "1"), [b], [c])])
    assert differs([start, Call(("f", "1"), [a], [c])], [start, Call(("f", "1"), [a, b], [c])])
    assert differs([start], [start, Call((), [a], [])])
