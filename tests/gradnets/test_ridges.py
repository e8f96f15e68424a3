import dataclasses
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import softplus

from gradnets import GradNetC, activations, mGradNetC
from gradnets.activations import ELEMENTWISE
from gradnets.ridges import Ridges
from gradnets.splines import LinearSpline


def points(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return 4 * torch.rand(*shape, generator=generator, dtype=torch.float64) - 2


def build(seed: int, depth: int, name: str, scale: float) -> GradNetC:
    torch.manual_seed(seed)
    net = GradNetC(2, 4, depth, name).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(scale)
    return net


@pytest.mark.parametrize("cls", [GradNetC, mGradNetC])
@pytest.mark.parametrize("name", sorted(ELEMENTWISE))
@pytest.mark.parametrize("tolerance", [1e-4, 1e-10])
def test_gradient_of_the_potential(cls: type[nn.Module], name: str, tolerance: float) -> None:
    torch.manual_seed(0)
    net, x = cls(3, 5, 3, name).double(), points(4, 5, 3).requires_grad_()
    F = net.potential(x, tolerance)  # pyright: ignore[reportCallIssue]
    assert F.shape == (4, 5)
    (gradient,) = torch.autograd.grad(F.sum(), x)
    torch.testing.assert_close(gradient, net(x), rtol=10 * tolerance, atol=10 * tolerance)


def test_closed_form_of_one_layer() -> None:
    torch.manual_seed(0)
    net, x = mGradNetC(3, 5, 1).double(), 20 * points(9, 3)
    alpha, beta = softplus(net.raw_alpha[0]), softplus(net.raw_beta[0])

    def primitive(u: Tensor) -> Tensor:
        return alpha / beta * activations.log_cosh(beta * (u + net.b[0]))

    u = net.W @ x.mT
    expected = (primitive(u) - primitive(0 * u)).sum(0) + x @ net.a[:, 0]
    torch.testing.assert_close(net.potential(x, 1e-11), expected, rtol=0, atol=2e-11)


@settings(deadline=None)
@given(
    seed=st.integers(0, 10_000),
    depth=st.integers(1, 3),
    name=st.sampled_from(sorted(ELEMENTWISE)),
    scale=st.floats(0.3, 3),
    panels=st.integers(1, 8),
)
def test_error_keeps_its_bound(seed: int, depth: int, name: str, scale: float, panels: int) -> None:
    net = build(seed, depth, name, scale)
    ridges, u = net.ridges(), 10 * points(4, 6)
    with torch.no_grad():
        each = [Ridges(net.b[:, i : i + 1], net.alpha[:, i : i + 1], net.beta[:, i : i + 1],
                       [single(sigma, i) for sigma in net.sigmas]) for i in range(4)]  # fmt: skip
        for i, phi in enumerate(each):
            row = u[i : i + 1]
            bound = phi.error_bound(row.abs().amax(1, keepdim=True), panels).item()
            error = (phi.integral(row, panels) - phi.integral(row, 512)).abs().max().item()
            assert error <= bound + 1e-11
        bounds = torch.stack([p.error_bound(u[i].abs().max().reshape(1, 1), panels)
                              for i, p in enumerate(each)])  # fmt: skip
        together = ridges.error_bound(u.abs().amax(1, keepdim=True), panels)
        torch.testing.assert_close(bounds.flatten(), together.flatten())


def single(sigma: nn.Module, i: int) -> nn.Module:
    """Return the activation of neuron i alone."""
    if not list(sigma.parameters()):
        return sigma
    alone = activations.WTanh(1, monotone=False).double()
    alone.a.data, alone.b.data = sigma.a[i : i + 1].data, sigma.b[i : i + 1].data  # pyright: ignore
    return alone


@pytest.mark.parametrize("monotone", [True, False])
@pytest.mark.parametrize("name", sorted(ELEMENTWISE))
def test_strips_of_the_activations(name: str, monotone: bool) -> None:
    torch.manual_seed(0)
    sigma = activations.build(name, 1, monotone=monotone).double()
    for parameter in sigma.parameters():
        parameter.data = torch.randn_like(parameter)
    grid = torch.linspace(-1, 1, 41, dtype=torch.float64)
    analytic = 0
    for x in (0.1, 1.0, 5.0):
        for y in (0.01, 0.3, 0.78, 1.0, 1.57, 2.0, 4.0):
            z = torch.complex(*torch.meshgrid(x * grid, y * grid, indexing="ij")).reshape(1, -1)
            size, imaginary = sigma.strip(*torch.tensor([[[x]], [[y]]], dtype=torch.float64))  # pyright: ignore[reportCallIssue]
            value = continued(name, sigma, z)
            assert (value.abs() <= size + 1e-12).all()
            assert (value.imag.abs() <= imaginary + 1e-12).all()
            analytic += math.isfinite(size.item())
    assert analytic >= 9


def continued(name: str, sigma: nn.Module, z: Tensor) -> Tensor:
    """Return sigma at complex z."""
    if name == "softplus":
        return torch.log(1 + torch.exp(z))
    if name == "sigmoid":
        return 1 / (1 + torch.exp(-z))
    return sigma(z)


def test_bound_that_lies_is_noticed() -> None:
    net = build(0, 2, "tanh", 3.0)
    u = torch.full((4, 1), 20.0, dtype=torch.float64)
    error = (net.ridges().integral(u, 2) - net.ridges().integral(u, 512)).abs().item()
    assert error <= net.ridges().error_bound(u, 2).sum()
    lie = dataclasses.replace(net.ridges(), beta=net.beta / 30)
    assert error > lie.error_bound(u, 2).sum()


def test_bound_shrinks_geometrically() -> None:
    net, u = build(0, 2, "tanh", 1.0), torch.full((4, 1), 4.0, dtype=torch.float64)
    bounds = [net.ridges().error_bound(u, panels).sum().item() for panels in (4, 8, 16)]
    assert bounds[1] < 1e-5 * bounds[0]
    assert bounds[2] < 1e-7 * bounds[1]


@pytest.mark.parametrize("tolerance", [0.0, -1.0, math.nan, math.inf, "1"])
def test_tolerance_that_is_none(tolerance: float) -> None:
    with pytest.raises(ValueError, match="tolerance: expected a positive number, got"):
        GradNetC(2, 3, 2).potential(torch.zeros(2), tolerance)


def test_tolerance_out_of_reach() -> None:
    net = GradNetC(2, 3, 2).double()
    x = torch.full((2,), 1e9, dtype=torch.float64)
    with pytest.raises(ValueError, match="tolerance: expected one within 16384 panels of 16 nodes"):
        net.potential(x, 1e-9)


def test_splines_are_not_analytic() -> None:
    net = GradNetC(2, 3, 2, activation=lambda width: LinearSpline(width))
    with pytest.raises(ValueError, match="tolerance: expected one within 16384 panels"):
        net.potential(torch.ones(5, 2))


def test_activation_without_a_strip() -> None:
    net = GradNetC(2, 3, 2, activation=lambda width: nn.GELU())
    with pytest.raises(ValueError, match="activations with a method `strip`, got GELU"):
        net.potential(torch.zeros(5, 2))


@pytest.mark.parametrize("shape", [(2,), (4, 2), (0, 2)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shapes_and_dtypes(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    F = mGradNetC(2, 3, 2).to(dtype).potential(torch.rand(shape, dtype=dtype), 1e-3)
    assert F.shape == shape[:-1]
    assert F.dtype == dtype
