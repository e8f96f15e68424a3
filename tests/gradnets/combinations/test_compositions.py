from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gradnets import GradNet, ScalarComposition, ScalarNet, mGradNet, mScalarComposition
from gradnets.testing import assert_psd_at, assert_symmetric_at

X = torch.randn(30, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_equation_35() -> None:
    g = GradNet(3, 5).double()
    net = ScalarComposition(g, torch.sin)
    net.beta.data.fill_(0.3)
    torch.testing.assert_close(net(X), torch.sin(0.3 + g.potential(X)).unsqueeze(-1) * g(X))
    assert_symmetric_at(net, X)


@pytest.mark.parametrize("rho", ["one", "tanh", "identity", 3])
def test_rho_that_theorem_10_does_not_know(rho: str) -> None:
    with pytest.raises(ValueError, match="rho: expected "):
        mScalarComposition(mGradNet(3, 5), rho)


@pytest.mark.parametrize("rho", [torch.tanh, torch.cosh, lambda s: torch.exp(-s)])
def test_rho_that_is_not_monotone(rho: Callable[[Tensor], Tensor]) -> None:
    with pytest.raises(ValueError, match=r"rho: expected a non\w+ function, got rho"):
        mScalarComposition(mGradNet(3, 5), rho)


def test_rho_that_training_can_make_fall() -> None:
    with pytest.raises(ValueError, match="rho: expected a monotone ScalarNet, got one with mono"):
        mScalarComposition(mGradNet(3, 5), ScalarNet(3, monotone=False))


def test_own_monotone_rho() -> None:
    def rho(s: Tensor) -> Tensor:
        return 1 + torch.tanh(s)

    assert_psd_at(mScalarComposition(mGradNet(3, 5).double(), rho), X)


def test_a_network_without_a_potential() -> None:
    with pytest.raises(ValueError, match=r"potential: .* got Softplus\(\)"):
        ScalarComposition(GradNet(3, 5, "softplus"))


def test_softplus_has_no_closed_potential() -> None:
    with pytest.raises(ValueError, match="dilogarithm"):
        mScalarComposition(mGradNet(3, 5)).potential(X.float())
