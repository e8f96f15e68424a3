import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from gradnets import activations
from gradnets.testing import jacobian

NAMES = sorted(activations.ELEMENTWISE | activations.GROUP)


def build(name: str, *, monotone: bool) -> nn.Module:
    torch.manual_seed(0)
    sigma = activations.build(name, 4, monotone=monotone).double()
    with torch.no_grad():
        for parameter in sigma.parameters():
            parameter.copy_(torch.randn_like(parameter))
    return sigma


@pytest.mark.parametrize("monotone", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_activation_is_the_gradient_of_its_potential(name: str, monotone: bool) -> None:
    sigma = build(name, monotone=monotone)
    if name == "softplus":
        assert not hasattr(sigma, "potential")
        return
    z = (4 * torch.rand(4, 50, dtype=torch.float64) - 2).requires_grad_()
    s = sigma.potential(z)  # pyright: ignore[reportCallIssue]
    assert s.shape == (1, 50)
    (gradient,) = torch.autograd.grad(s.sum(), z)
    torch.testing.assert_close(gradient, sigma(z))


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 10))
def test_monotone_form_has_a_psd_jacobian(name: str, seed: int, scale: float) -> None:
    sigma = build(name, monotone=True)
    generator = torch.Generator().manual_seed(seed)
    z = scale * torch.randn(20, 4, generator=generator, dtype=torch.float64)
    J = jacobian(lambda x: sigma(x.mT).mT, z)
    assert (J - J.mT).abs().max() <= 1e-12
    assert torch.linalg.eigvalsh(J).min() >= -1e-12


@pytest.mark.parametrize("name", sorted(activations.ELEMENTWISE))
def test_elementwise_means_a_diagonal_jacobian(name: str) -> None:
    sigma = build(name, monotone=False)
    J = jacobian(lambda x: sigma(x.mT).mT, torch.randn(20, 4, dtype=torch.float64))
    assert torch.equal(J, J * torch.eye(4))


@pytest.mark.parametrize("name", sorted(activations.POTENTIAL_IS_NONNEGATIVE))
def test_potentials_said_to_be_nonnegative(name: str) -> None:
    sigma = build(name, monotone=True)
    z = 20 * torch.rand(4, 1000, dtype=torch.float64) - 10
    assert sigma.potential(z).min() >= 0  # pyright: ignore[reportCallIssue]


def test_unknown_name_and_wrong_type() -> None:
    for wrong in ("relu", None, 3, nn.Softplus, nn.ReLU, nn.ReLU()):
        with pytest.raises(ValueError, match=r"activation: expected one of tanh, .* or a function"):
            activations.build(wrong, 4, monotone=True)  # pyright: ignore[reportArgumentType]


def test_a_function_that_makes_no_module() -> None:
    with pytest.raises(ValueError, match="activation: expected a function that makes a module"):
        activations.build(lambda width: torch.tanh, 4, monotone=True)  # pyright: ignore


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_potentials_are_exact_far_out(name: str) -> None:
    """A softplus that torch rounds above 20 would miss the gradient by 2e-9 there."""
    z = torch.linspace(-60, 60, 1000, dtype=torch.float64).unsqueeze(0).requires_grad_()
    sigma = build(name, monotone=True)
    (gradient,) = torch.autograd.grad(sigma.potential(z).sum(), z)  # pyright: ignore
    torch.testing.assert_close(gradient, sigma(z), rtol=1e-14, atol=1e-15)
