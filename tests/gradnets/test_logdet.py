import pytest
import torch
from torch import Tensor, nn

from gradnets import GradNetC, mGradNet, mGradNetC, mStronglyMonotone
from gradnets.jacobians import jacobian
from gradnets.logdet import log_det
from gradnets.testing import jacobian as measured


def points(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return 4 * torch.rand(*shape, generator=generator, dtype=torch.float64) - 2


def test_every_network_made_strongly_monotone(net: nn.Module) -> None:
    strong = mStronglyMonotone(net, mu=3.0).double()
    x = points(4, 5, 3)
    expected = torch.linalg.slogdet(measured(strong, x.reshape(20, 3)))[1]
    torch.testing.assert_close(log_det(strong, x), expected.reshape(4, 5))


@pytest.mark.parametrize("activation", ["tanh", "softmax", "wsoftmax"])
@pytest.mark.parametrize("mu", [1e-3, 1.0])
def test_fewer_neurons_than_dimensions(activation: str, mu: float) -> None:
    torch.manual_seed(0)
    net = mStronglyMonotone(mGradNet(40, 6, activation), mu).double()
    x = points(7, 40)
    expected = torch.linalg.slogdet(measured(net, x))[1]
    torch.testing.assert_close(log_det(net, x), expected)


def test_singular_jacobian() -> None:
    assert log_det(mGradNet(5, 3), torch.zeros(2, 5)).tolist() == [-torch.inf] * 2


def test_module_without_closed_formulas() -> None:
    net = nn.Softplus()
    x = points(7, 3)
    torch.testing.assert_close(log_det(net, x), torch.sigmoid(x).log().sum(-1))


@pytest.mark.parametrize("sizes", [(3, 5), (5, 2)])
def test_gradient_of_the_log_determinant(sizes: tuple[int, int]) -> None:
    torch.manual_seed(0)
    part = mGradNetC(*sizes, depth=2)
    net = mStronglyMonotone(part, mu=0.5).double()
    x = points(4, sizes[0]).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: log_det(net, x), (x,))
    (gradient,) = torch.autograd.grad(log_det(net, x.detach()).sum(), [part.W])
    assert gradient.abs().max() > 0
    J = jacobian(net, x.detach())
    (expected,) = torch.autograd.grad(torch.linalg.slogdet(J)[1].sum(), [part.W])
    torch.testing.assert_close(gradient, expected)


def test_indefinite_jacobian() -> None:
    torch.manual_seed(0)
    net, x = GradNetC(3, 7, 2).double(), points(20, 3)
    torch.testing.assert_close(log_det(net, x), torch.linalg.slogdet(measured(net, x))[1])


def test_vmap() -> None:
    net, x = mStronglyMonotone(mGradNetC(8, 3, 2), 0.1).double(), points(5, 8)
    torch.testing.assert_close(torch.func.vmap(lambda x: log_det(net, x))(x), log_det(net, x))
