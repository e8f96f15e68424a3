import pytest
import torch

from gradnets.constructive import build, composed, measured_error

from .known import COMPOSITIONS, points, soft


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_range_and_slope_of_the_sum_are_enclosed(name: str) -> None:
    inner = COMPOSITIONS[name].inner
    low, high, steep = composed.reach(inner)
    x = points(inner.dim)
    H = inner.potential(x)
    assert low <= H.min() <= H.max() <= high
    assert inner.gradient(x).norm(dim=-1).max() <= steep


def test_lemma_6_costs_its_share_only() -> None:
    q, k = composed.preimage(soft, 0.1)
    u = torch.linspace(-50, 50, 10_001, dtype=torch.float64)
    back = torch.nn.functional.softplus(k * q.derivative(u)) / k
    assert (back - soft.derivative(u)).abs().max() <= 0.1 * composed.FLOOR * (1 + 1e-9)
    assert q.derivative(u).diff().abs().max() <= q.lipschitz * 0.01


def test_a_wrong_beta_breaks_the_bound() -> None:
    near = build(COMPOSITIONS["exp(|x|^2 / 2)"], 0.1)
    with torch.no_grad():
        near.network.get_parameter("rho.beta").add_(0.2)
    assert measured_error(near, points(2)) > near.bound
