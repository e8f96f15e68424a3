"""Potentials in closed form: their gradient is the network, by autograd and by differences."""

import pytest
import torch
from torch import Tensor, nn

from gradnets import GradNet, GradNetC, GradNetM, mGradNet, mGradNetC, mGradNetM


def closed(net: nn.Module) -> bool:
    """Return whether the network has a potential in closed form; a cascade's is a quadrature."""
    if isinstance(net, GradNetC | mGradNetC):
        return False
    try:
        net.potential(torch.zeros(3, dtype=torch.float64))  # pyright: ignore[reportCallIssue]
    except (AttributeError, ValueError):
        return False
    return True


def test_gradient_of_the_potential_is_the_network(net: nn.Module) -> None:
    net = net.double()
    if not closed(net):
        return
    generator = torch.Generator().manual_seed(1)
    x = 2 * torch.rand(4, 5, 3, generator=generator, dtype=torch.float64) - 1
    leaf = x.clone().requires_grad_()
    F: Tensor = net.potential(leaf)  # pyright: ignore[reportCallIssue]
    assert F.shape == (4, 5)
    (gradient,) = torch.autograd.grad(F.sum(), leaf)
    torch.testing.assert_close(gradient, net(x), rtol=1e-9, atol=1e-9)
    h = 1e-5 * torch.eye(3, dtype=torch.float64)
    with torch.no_grad():
        ahead, behind = (
            net.potential(x.unsqueeze(-2) + sign * h)  # pyright: ignore[reportCallIssue]
            for sign in (1, -1)
        )
        torch.testing.assert_close((ahead - behind) / 2e-5, net(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("cls", [GradNet, mGradNet])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softmax", "wtanh", "wsoftmax"])
def test_the_single_layer_is_closed(cls: type[GradNet], activation: str) -> None:
    assert closed(cls(3, 5, activation).double())


@pytest.mark.parametrize("cls", [GradNetM, mGradNetM])
@pytest.mark.parametrize("rho", ["one", "identity", torch.sigmoid, torch.exp])
def test_the_modular_net_is_closed(cls: type[GradNetM], rho: str) -> None:
    assert closed(cls(3, 5, 2, "tanh", rho).double())


def test_equation_of_the_single_layer() -> None:
    net = mGradNet(3, 5, "softmax").double()
    x = torch.rand(7, 3, dtype=torch.float64)
    z = x @ net.W.T + net.b.flatten()
    torch.testing.assert_close(net.potential(x), x @ net.a.flatten() + torch.logsumexp(z, -1))


@pytest.mark.parametrize("cls", [GradNet, mGradNet])
def test_the_activation_without_a_potential_is_named(cls: type[GradNet]) -> None:
    message = r"potential: expected an activation that has one, got Softplus\(\)"
    with pytest.raises(ValueError, match=message):
        cls(3, 5, "softplus").potential(torch.zeros(3))


@pytest.mark.parametrize("cls", [GradNetM, mGradNetM])
def test_the_rho_without_a_primitive_is_named(cls: type[GradNetM]) -> None:
    def rising(s: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(s)

    with pytest.raises(ValueError, match="got softplus, whose primitive is a dilogarithm"):
        cls(3, 5, 2, rho="softplus").potential(torch.zeros(3))
    with pytest.raises(ValueError, match=r"rho with an attribute `primitive`, got rising$"):
        cls(3, 5, 2, rho=rising).potential(torch.zeros(3))
    with pytest.raises(ValueError, match=r"expected an activation that has one, got Softplus"):
        cls(3, 5, 2, "softplus").potential(torch.zeros(3))


@pytest.mark.parametrize("shape", [(3,), (0, 3), (2, 4, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shapes_and_dtypes(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    F = mGradNetM(3, 5, 2).to(dtype).potential(torch.zeros(shape, dtype=dtype))
    assert F.shape == shape[:-1]
    assert F.dtype == dtype
