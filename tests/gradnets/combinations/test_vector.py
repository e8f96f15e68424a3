import pytest
import torch
from torch import Tensor, nn

from gradnets import (
    ScalarComposition,
    Softmax,
    VectorComposition,
    WTanh,
    mGradNet,
    mQuadratic,
    mScalarComposition,
    mVectorComposition,
)
from gradnets.testing import assert_psd_at

X = torch.randn(30, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class Minus(nn.Module):
    """sigma of a concave phi, nonnegative all the same."""

    def forward(self, z: Tensor) -> Tensor:
        return torch.sigmoid(-z)

    def potential(self, z: Tensor) -> Tensor:
        return torch.nn.functional.logsigmoid(z).sum(-2, keepdim=True)


def test_the_gated_sum_written_out() -> None:
    nets = [mGradNet(3, 5).double(), mQuadratic(3, 2).double()]
    net = mVectorComposition(nets)
    net.beta.data.copy_(torch.tensor([[0.2], [-0.4]]))
    net.raw_t.data.fill_(2.0)
    t = torch.log1p(net.raw_t.exp())
    G = torch.stack([g.potential(X) for g in nets], -1) + net.beta.flatten()
    gates = torch.softmax(t * G, -1)
    torch.testing.assert_close(net(X), gates[:, :1] * nets[0](X) + gates[:, 1:] * nets[1](X))
    torch.testing.assert_close(net.potential(X), torch.logsumexp(t * G, -1) / t)


def test_a_sharp_gate_is_the_maximum() -> None:
    nets = [mQuadratic(3, 3).double() for _ in range(3)]
    net = mVectorComposition(nets)
    net.raw_t.data.fill_(1e4)
    G = torch.stack([g.potential(X) for g in nets])
    torch.testing.assert_close(net.potential(X), G.amax(0), rtol=0, atol=2e-4)


def test_one_potential_is_the_scalar_form() -> None:
    g = mGradNet(3, 5).double()
    torch.testing.assert_close(
        mVectorComposition([g], "sigmoid")(X), mScalarComposition(g, "sigmoid")(X)
    )
    assert isinstance(mScalarComposition(g), ScalarComposition)


@pytest.mark.parametrize("gate", ["tanh", "wtanh", "wsoftmax", "relu"])
def test_gates_of_any_sign_are_not_monotone(gate: str) -> None:
    with pytest.raises(ValueError, match="expected one of softmax, sigmoid, softplus or a func"):
        mVectorComposition([mGradNet(3, 5)], gate)


def test_own_gates() -> None:
    nets = [mGradNet(3, 5).double(), mQuadratic(3, 2).double()]
    assert_psd_at(mVectorComposition(nets, lambda count: Softmax()), X)
    with pytest.raises(ValueError, match="activation: expected a monotone map, got a product of -"):
        mVectorComposition(nets, lambda count: Minus())
    with pytest.raises(ValueError, match="activation: expected nonnegative values, got -"):
        mVectorComposition(nets, lambda count: WTanh(count))
    assert VectorComposition(nets, lambda count: Minus())(X).shape == X.shape
