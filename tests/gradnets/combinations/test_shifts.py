import pytest
import torch
from torch.nn.functional import softplus

from gradnets import GradNet, GradNetC, GradNetM, mGradNet, mLipschitzShift, mStronglyMonotone
from gradnets.testing import min_eigenvalue

X = torch.linspace(-2, 2, 30, dtype=torch.float64).reshape(10, 3)


def test_proposition_3_1() -> None:
    g = mGradNet(3, 5).double()
    net = mStronglyMonotone(g, 0.1)
    assert torch.equal(net(X), g(X) + 0.1 * X)
    assert min_eigenvalue(net, X) >= 0.1


def test_learned_mu_starts_at_1_and_stays_positive() -> None:
    net = mStronglyMonotone(mGradNet(3, 5).double())
    torch.testing.assert_close(net.mu(), torch.tensor(1.0, dtype=torch.float64))
    net.raw_mu.data.fill_(-5)
    assert torch.equal(torch.as_tensor(net.mu()), softplus(net.raw_mu))
    assert min_eigenvalue(net, X) > 0


@pytest.mark.parametrize("mu", [0, -1, float("nan"), float("inf"), "1"])
def test_mu_that_is_not_positive(mu: float) -> None:
    with pytest.raises(ValueError, match="mu: expected a positive number, got "):
        mStronglyMonotone(mGradNet(3, 5), mu)


@pytest.mark.parametrize("seed", range(5))
def test_proposition_3_2_holds_whatever_the_weights_become(seed: int) -> None:
    torch.manual_seed(seed)
    for g in (GradNet(3, 5), GradNetC(3, 5, 2), GradNetM(3, 5, 2, "softmax")):
        net = mLipschitzShift(g).double()
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.copy_(3 * torch.randn_like(parameter))
        assert min_eigenvalue(g, X) < min_eigenvalue(net, X)
        assert min_eigenvalue(net, X) >= 0


def test_ell_by_number() -> None:
    g = GradNet(3, 5).double()
    assert torch.equal(mLipschitzShift(g, 2)(X), g(X) + 2 * X)
    for ell in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="ell: expected a nonnegative number, got "):
            mLipschitzShift(g, ell)


def test_a_network_that_is_not_lipschitz() -> None:
    with pytest.raises(ValueError, match="expected one with a known bound"):
        mLipschitzShift(GradNetM(3, 5, 2, "softmax", "softplus"))
