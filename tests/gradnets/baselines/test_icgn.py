import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gradnets.baselines import ICGN
from gradnets.testing import assert_psd_at, jacobian, min_eigenvalue


def network(seed: int, scale: float = 1.0) -> ICGN:
    generator = torch.Generator().manual_seed(seed)
    net = ICGN(3, 5).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return net


def test_monotone_and_zero_at_zero() -> None:
    net = network(0, 2.0)
    assert_psd_at(net, 4 * torch.rand(50, 3, dtype=torch.float64) - 2)
    assert net(torch.zeros(3, dtype=torch.float64)).abs().max() == 0


def test_jacobian_is_the_gram_matrix() -> None:
    net, x = network(1), torch.randn(20, 3, dtype=torch.float64)
    v = torch.func.vmap(torch.func.jacrev(lambda x: torch.sigmoid(net.W @ x + net.b[:, 0])))(x)
    torch.testing.assert_close(jacobian(net, x), v.mT @ v)


@given(seed=st.integers(0, 10_000), scale=st.floats(0, 6), nodes=st.integers(1, 40))
def test_quadrature_is_within_its_bound(seed: int, scale: float, nodes: int) -> None:
    net = network(seed, scale)
    x = torch.randn(4, 5, 3, dtype=torch.float64)
    value, bound = net.quadrature(x, nodes)
    assert bound.shape == (4, 5, 1)
    error = (value - net(x)).norm(dim=-1, keepdim=True)
    assert (error <= bound + 1e-12 * (1 + scale**2)).all()


def test_the_bound_falls_geometrically() -> None:
    net, x = network(2), torch.ones(1, 3, dtype=torch.float64)
    bounds = [net.quadrature(x, nodes)[1].item() for nodes in (5, 10, 20)]
    assert bounds[1] < bounds[0] / 10
    assert bounds[2] < bounds[1] / 100


def test_a_quadrature_sum_need_not_be_monotone() -> None:
    """Why the network has the integral in closed form: with few nodes f falls, far from 0."""
    net = ICGN(1, 1).double()
    with torch.no_grad():
        net.W.fill_(1.0)
        net.b.fill_(0.0)
    x = torch.linspace(0, 30, 50, dtype=torch.float64).unsqueeze(-1)
    assert min_eigenvalue(lambda x: net.quadrature(x, 3)[0], x) < -1e-3
    assert min_eigenvalue(net, x) >= 0


def test_no_nodes() -> None:
    with pytest.raises(ValueError, match="nodes: expected an integer of at least 1, got 0"):
        network(0).quadrature(torch.zeros(1, 3, dtype=torch.float64), 0)
