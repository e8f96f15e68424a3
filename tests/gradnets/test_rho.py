import pytest
import torch
from torch.nn.functional import softplus

from gradnets import ScalarNet, rho

S = torch.linspace(-30, 30, 101, dtype=torch.float64)


@pytest.mark.parametrize("name", ["one", "identity", "sigmoid", "exp"])
def test_function_is_the_derivative_of_its_primitive(name: str) -> None:
    function = rho.build(name)
    s = S.clone().requires_grad_()
    (slope,) = torch.autograd.grad(rho.primitive(function, s).sum(), s)
    expected = torch.ones_like(S) if function is None else function(S)
    torch.testing.assert_close(slope, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("monotone", [True, False])
@pytest.mark.parametrize("width", [1, 2, 9])
def test_scalar_net_is_the_derivative_of_its_primitive(width: int, monotone: bool) -> None:
    net = ScalarNet(width, monotone).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(torch.randn_like(parameter))
    s = S.clone().requires_grad_()
    (slope,) = torch.autograd.grad(net.primitive(s).sum(), s)
    torch.testing.assert_close(slope, net(S))
    h = 1e-5
    differences = (net.primitive(S + h) - net.primitive(S - h)) / (2 * h)
    torch.testing.assert_close(differences, net(S), rtol=1e-6, atol=1e-8)
    if monotone:
        rho.check_monotone(net)


def test_an_own_primitive_is_used() -> None:
    def wave(s: torch.Tensor) -> torch.Tensor:
        return torch.cos(s)

    wave.primitive = torch.sin  # pyright: ignore[reportFunctionMemberAccess]
    torch.testing.assert_close(rho.primitive(wave, S), torch.sin(S))


def test_softplus_has_a_dilogarithm() -> None:
    with pytest.raises(ValueError, match="got softplus, whose primitive is a dilogarithm"):
        rho.primitive(softplus, S)


@pytest.mark.parametrize(
    "function", [softplus, torch.sigmoid, torch.exp, torch.relu, torch.ones_like, torch.zeros_like]
)
def test_monotone_functions_pass(function: rho.Function) -> None:
    rho.check_monotone(function)


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (torch.tanh, "nonnegative function, got rho.-20. = -1"),
        (torch.sqrt, "finite function, got rho.-20. = nan"),
        (lambda s: torch.exp(-s), "nondecreasing function, got rho.-20. = 4.85165e.08"),
        (lambda s: 1 + torch.sin(s), "nondecreasing"),
        (lambda s: 2 + torch.tanh(s) + torch.exp(-(s**2)), "nondecreasing"),
        (torch.sum, "an elementwise function of a tensor"),
    ],
)
def test_liars_are_named(function: rho.Function, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        rho.check_monotone(function)
