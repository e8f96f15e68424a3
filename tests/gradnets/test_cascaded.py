import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from gradnets import GradNetC, mGradNetC


@pytest.mark.parametrize("cls", [GradNetC, mGradNetC])
def test_parameter_count_of_the_tables(cls: type[nn.Module]) -> None:
    assert sum(p.numel() for p in cls(2, 7, 4).parameters()) == 100


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_equations_38_to_40(depth: int) -> None:
    net = mGradNetC(2, 3, depth).double()
    x = torch.rand(2, dtype=torch.float64)
    b, alpha, beta = net.b[..., 0], softplus(net.raw_alpha)[..., 0], softplus(net.raw_beta)[..., 0]
    z = beta[0] * (net.W @ x + b[0])
    for l in range(1, depth):
        z = beta[l] * (net.W @ x + b[l]) + alpha[l - 1] * torch.tanh(z)
    expected = net.W.T @ (alpha[-1] * torch.tanh(z)) + net.a.flatten()
    torch.testing.assert_close(net(x), expected)


def test_free_weights_can_decrease() -> None:
    net = GradNetC(1, 1, 1).double()
    with torch.no_grad():
        net.W.fill_(1)
        net.alpha.fill_(-1)
        net.beta.fill_(1)
    y = net(torch.tensor([[0.0], [1.0]], dtype=torch.float64))
    assert y[1] < y[0]


@pytest.mark.parametrize("cls", [GradNetC, mGradNetC])
@pytest.mark.parametrize("activation", ["softmax", "wsoftmax", "gelu", 3])
def test_activation_that_is_not_elementwise(cls: type[nn.Module], activation: str) -> None:
    with pytest.raises(ValueError, match=r"activation: expected an elementwise .*, got "):
        cls(2, 7, 4, activation=activation)


@pytest.mark.parametrize("cls", [GradNetC, mGradNetC])
@pytest.mark.parametrize("sizes", [(0, 7, 4), (2, 0, 4), (2, 7, 0), (2, 7, True)])
def test_sizes_below_one(cls: type[nn.Module], sizes: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="expected an integer of at least 1"):
        cls(*sizes)


def test_activation_by_function() -> None:
    net = GradNetC(2, 3, 2, activation=lambda width: nn.GELU())
    assert [type(sigma) for sigma in net.sigmas] == [nn.GELU, nn.GELU]
