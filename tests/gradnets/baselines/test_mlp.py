import pytest
import torch

from gradnets.baselines import MLP
from gradnets.testing import assert_psd_at, assert_symmetric_at


def network() -> MLP:
    torch.manual_seed(0)
    net = MLP(3, (5, 4)).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn_like(parameter))
    return net


def test_gradient_of_its_potential() -> None:
    net, x = network(), torch.randn(4, 6, 3, dtype=torch.float64, requires_grad=True)
    value = net.potential(x)
    assert value.shape == (4, 6)
    torch.testing.assert_close(torch.autograd.grad(value.sum(), x)[0], net(x))


def test_symmetric_but_not_monotone() -> None:
    x = 4 * torch.rand(50, 3, dtype=torch.float64) - 2
    assert_symmetric_at(network(), x)
    with pytest.raises(AssertionError, match="not PSD"):
        assert_psd_at(network(), x)


def test_no_widths() -> None:
    with pytest.raises(ValueError, match="widths: expected at least one hidden layer"):
        MLP(3, ())
    with pytest.raises(ValueError, match="widths: expected an integer of at least 1, got 0"):
        MLP(3, (4, 0))
