from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gradnets import GradNet, GradNetC, mGradNet
from gradnets.splines import LinearSpline
from gradnets.testing import assert_psd_at, assert_symmetric_at


def spline(monotone: bool, seed: int = 0, knots: int = 7, limit: float = 1.5) -> LinearSpline:
    generator = torch.Generator().manual_seed(seed)
    made = LinearSpline(3, knots, limit, monotone).double()
    with torch.no_grad():
        made.coefficients.copy_(torch.randn(3, knots, generator=generator))
    return made


def projected(c: torch.Tensor) -> torch.Tensor:
    """Goujon et al.'s projection, spelled out on one neuron's values."""
    rises = c.detach().diff().clamp(min=0).tolist()
    rises[0] = rises[-1] = 0.0
    values = [sum(rises[:k]) for k in range(len(c))]
    return torch.tensor([v - values[len(c) // 2] for v in values], dtype=c.dtype)


def z_of_knots(knots: int, limit: float) -> torch.Tensor:
    return torch.linspace(-limit, limit, knots, dtype=torch.float64).expand(3, knots)


@given(seed=st.integers(0, 10_000), knots=st.sampled_from([5, 7, 21]), limit=st.floats(0.1, 10))
def test_values_at_the_knots(seed: int, knots: int, limit: float) -> None:
    free, rising = (spline(monotone, seed, knots, limit) for monotone in (False, True))
    z = z_of_knots(knots, limit)
    torch.testing.assert_close(free(z), free.coefficients)
    torch.testing.assert_close(rising(z), torch.stack([*map(projected, rising.coefficients)]))


@given(seed=st.integers(0, 10_000))
def test_linear_between_and_beyond_the_knots(seed: int) -> None:
    free, rising = (spline(monotone, seed) for monotone in (False, True))
    z, step = z_of_knots(7, 1.5), 0.5
    torch.testing.assert_close(free(z[:, :-1] + 0.2), 0.6 * free(z)[:, :-1] + 0.4 * free(z)[:, 1:])
    ends = free(z[:, :1] - 40) - free(z[:, :1])
    torch.testing.assert_close(ends, -40 * free.coefficients.diff()[:, :1] / step)
    torch.testing.assert_close(rising(z[:, -1:] + 40), rising(z[:, -1:]))
    torch.testing.assert_close(rising(z[:, :1] - 40), rising(z[:, :1]))


@given(seed=st.integers(0, 10_000))
def test_monotone_means_nondecreasing(seed: int) -> None:
    z = torch.linspace(-3, 3, 301, dtype=torch.float64).expand(3, -1)
    assert spline(True, seed)(z).diff(dim=-1).min() >= -1e-12


def test_a_projected_spline_is_projected_already() -> None:
    once, twice = spline(True), spline(True)
    with torch.no_grad():
        twice.coefficients.copy_(once(z_of_knots(7, 1.5)))
    z = torch.linspace(-3, 3, 101, dtype=torch.float64).expand(3, -1)
    torch.testing.assert_close(once(z), twice(z))


@pytest.mark.parametrize("monotone", [True, False])
def test_gradient_of_its_potential(monotone: bool) -> None:
    sigma = spline(monotone)
    z = (6 * torch.rand(3, 50, dtype=torch.float64) - 3).requires_grad_()
    s = sigma.potential(z)
    assert s.shape == (1, 50)
    torch.testing.assert_close(torch.autograd.grad(s.sum(), z)[0], sigma(z))
    assert sigma.potential(torch.zeros(2, 3, 1, dtype=z.dtype)).tolist() == [[[0.0]], [[0.0]]]


def test_a_monotone_potential_is_nonnegative() -> None:
    z = 20 * torch.rand(3, 1000, dtype=torch.float64) - 10
    assert spline(True).potential(z).min() >= -1e-12


@pytest.mark.parametrize("monotone", [True, False])
def test_derivative_and_slopes(monotone: bool) -> None:
    sigma = spline(monotone)
    inside = 6 * torch.rand(3, 50, dtype=torch.float64) - 3
    at_knots = z_of_knots(7, 1.5)
    for z in (inside, at_knots):
        leaf = z.clone().requires_grad_()
        (slope,) = torch.autograd.grad(sigma(leaf).sum(), leaf)
        torch.testing.assert_close(sigma.derivative(z), slope)
        low, high = sigma.slopes()
        assert low.shape == high.shape == (3, 1)
        assert (low <= slope + 1e-12).all()
        assert (slope <= high + 1e-12).all()


def test_training_goes_through_the_projection() -> None:
    """A falling piece still learns what its neighbours shift: no value but the outer two is cut."""
    sigma = LinearSpline(1, knots=7)
    torch.testing.assert_close(sigma.tv2(), torch.tensor(2.0))
    z = torch.linspace(-1, 1, 50).unsqueeze(0)
    (sigma(z) * z).sum().backward()
    gradient = sigma.coefficients.grad
    assert gradient is not None
    assert (gradient[:, [0, -1]] == 0).all()
    assert (gradient[:, [1, 2, 4, 5]] != 0).all()


def test_tv2_of_a_hinge() -> None:
    sigma = LinearSpline(1, knots=5, limit=2.0, monotone=False)
    with torch.no_grad():
        sigma.coefficients.copy_(torch.tensor([[0.0, 0.0, 0.0, 3.0, 6.0]]))
    assert sigma.tv2().item() == 3.0


def test_networks_with_splines() -> None:
    x = 4 * torch.rand(40, 2, dtype=torch.float64) - 2
    rising = mGradNet(2, 3, lambda m: spline(True).float()).double()
    assert_psd_at(rising, x)
    assert_symmetric_at(GradNetC(2, 3, 3, lambda m: spline(False).float()).double(), x)
    falling = GradNet(2, 3, lambda m: spline(False).float()).double()
    with pytest.raises(AssertionError, match="not PSD"):
        assert_psd_at(falling, x)


@pytest.mark.parametrize("knots", [0, 3, 4, 8, 7.0, True])
def test_wrong_knots(knots: int) -> None:
    with pytest.raises(ValueError, match="knots: expected an "):
        LinearSpline(3, knots)


@pytest.mark.parametrize("limit", [0.0, -1.0, float("inf"), float("nan"), "wide"])
def test_wrong_limit(limit: Any) -> None:
    with pytest.raises(ValueError, match="limit: expected a positive number"):
        LinearSpline(3, limit=limit)


def test_splines_that_start_at_zero_learn() -> None:
    sigma = LinearSpline(3)
    torch.nn.init.zeros_(sigma.coefficients)
    sigma(torch.rand(3, 5)).sum().backward()
    assert sigma.coefficients.grad is not None
    assert sigma.coefficients.grad.abs().max() > 0
