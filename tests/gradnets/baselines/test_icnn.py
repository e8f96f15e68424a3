import pytest
import torch
from torch import nn

from gradnets.baselines import ICNN
from gradnets.testing import assert_psd_at, assert_symmetric_at


def network(depth: int = 2) -> ICNN:
    torch.manual_seed(0)
    net = ICNN(3, 5, depth).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn_like(parameter))
    return net


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_monotone(depth: int) -> None:
    assert_psd_at(network(depth), 4 * torch.rand(50, 3, dtype=torch.float64) - 2)


def test_gradient_of_its_potential() -> None:
    net, x = network(), torch.randn(4, 6, 3, dtype=torch.float64, requires_grad=True)
    value = net.potential(x)
    assert value.shape == (4, 6)
    torch.testing.assert_close(torch.autograd.grad(value.sum(), x)[0], net(x))


def test_the_potential_by_linear_layers() -> None:
    """Amos, Xu and Kolter's recursion, with torch's own layers, every one with its bias."""
    net, x = network(), torch.randn(6, 3, dtype=torch.float64)
    z = torch.nn.functional.softplus(nn.functional.linear(x, net.U[0], net.b[0][:, 0]))
    for l in (1, 2):
        V = net.raw_V[l - 1].abs()
        through = nn.functional.linear(z, V, net.c[l - 1][:, 0])
        y = through + nn.functional.linear(x, net.U[l], net.b[l][:, 0])
        z = nn.functional.softplus(y)
    torch.testing.assert_close(net.potential(x), y[:, 0])


def test_without_gradients_it_is_the_same_map() -> None:
    net, x = network(), torch.randn(6, 3, dtype=torch.float64)
    with torch.no_grad():
        y = net(x)
    torch.testing.assert_close(y, net(x))


class FreeInnerWeights(ICNN):
    """A liar: the inner weights are not made nonnegative."""

    def of_columns(self, x: torch.Tensor) -> torch.Tensor:
        z = self.U[0] @ x + self.b[0]
        for U, raw_V in zip(self.U[1:], self.raw_V, strict=True):
            z = raw_V @ nn.functional.softplus(z) + U @ x
        return z


def test_free_inner_weights_are_a_gradient_but_not_monotone() -> None:
    net = network()
    net.__class__ = FreeInnerWeights
    x = 4 * torch.rand(50, 3, dtype=torch.float64) - 2
    assert_symmetric_at(net, x)
    with pytest.raises(AssertionError, match="not PSD"):
        assert_psd_at(net, x)
