import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gradnets import GradNet, GradNetC, mGradNetM
from gradnets.tanh_sums import TanhSum
from gradnets.testing import assert_psd_at, assert_symmetric_at


def tanh_sum(monotone: bool, seed: int = 0, terms: int = 4) -> TanhSum:
    generator = torch.Generator().manual_seed(seed)
    made = TanhSum(3, terms, monotone).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(2 * torch.randn(parameter.shape, generator=generator))
    return made


def test_the_sum_spelled_out() -> None:
    sigma = tanh_sum(False)
    v, w, b = (p[1].detach() for p in (sigma.raw_v, sigma.w, sigma.b))
    spelled = sum(float(v[j] * w[j]) * torch.tanh(w[j] * 0.3 + b[j]) for j in range(4))
    z = torch.full((3, 1), 0.3, dtype=torch.float64)
    torch.testing.assert_close(sigma(z)[1, 0], torch.as_tensor(spelled))


@pytest.mark.parametrize("monotone", [True, False])
@pytest.mark.parametrize("terms", [1, 5])
def test_gradient_of_its_potential(monotone: bool, terms: int) -> None:
    sigma = tanh_sum(monotone, terms=terms)
    z = (6 * torch.rand(2, 3, 50, dtype=torch.float64) - 3).requires_grad_()
    s = sigma.potential(z)
    assert s.shape == (2, 1, 50)
    torch.testing.assert_close(torch.autograd.grad(s.sum(), z)[0], sigma(z))


@given(seed=st.integers(0, 10_000))
def test_monotone_means_nondecreasing_and_a_nonnegative_potential(seed: int) -> None:
    sigma = tanh_sum(True, seed)
    z = torch.linspace(-9, 9, 301, dtype=torch.float64).expand(3, -1)
    assert sigma(z).diff(dim=-1).min() >= -1e-12
    assert sigma.potential(z).min() >= 0


@given(seed=st.integers(0, 10_000), monotone=st.booleans())
def test_derivative_and_slopes(seed: int, monotone: bool) -> None:
    sigma = tanh_sum(monotone, seed)
    z = torch.linspace(-6, 6, 101, dtype=torch.float64).repeat(3, 1).requires_grad_()
    (slope,) = torch.autograd.grad(sigma(z).sum(), z)
    torch.testing.assert_close(sigma.derivative(z), slope)
    low, high = sigma.slopes()
    assert low.shape == high.shape == (3, 1)
    assert (low <= slope + 1e-12).all()
    assert (slope <= high + 1e-12).all()


@given(seed=st.integers(0, 10_000), height=st.floats(0, 0.5))
def test_strip_bounds_complex_values(seed: int, height: float) -> None:
    sigma = tanh_sum(False, seed)
    real = torch.linspace(-3, 3, 61, dtype=torch.float64)
    z = torch.complex(real, torch.full_like(real, height)).expand(3, -1)
    value = sigma(z)
    size, imaginary = sigma.strip(
        torch.full((3, 1), 3.0).double(), torch.full((3, 1), height).double()
    )
    assert (value.abs() <= size + 1e-9).all()
    assert (value.imag.abs() <= imaginary + 1e-9).all()


def test_initially_a_mean_of_tanh() -> None:
    far = torch.full((3, 1), 50.0)
    sigma = TanhSum(3, terms=8, monotone=True)
    torch.testing.assert_close(sigma(far), sigma.w.mean(-1, keepdim=True))


def test_networks_with_tanh_sums() -> None:
    x = 4 * torch.rand(40, 2, dtype=torch.float64) - 2
    assert_psd_at(mGradNetM(2, 3, 2, lambda m: tanh_sum(True).float(), rho="identity").double(), x)
    assert_symmetric_at(GradNetC(2, 3, 3, lambda m: tanh_sum(False).float()).double(), x)
    falling = GradNet(2, 3, lambda m: tanh_sum(False).float()).double()
    with pytest.raises(AssertionError, match="not PSD"):
        assert_psd_at(falling, x)


@pytest.mark.parametrize(("name", "width", "terms"), [("width", 0, 4), ("terms", 3, 0)])
def test_sizes_below_one(name: str, width: int, terms: int) -> None:
    with pytest.raises(ValueError, match=f"{name}: expected an integer of at least 1, got 0"):
        TanhSum(width, terms)
