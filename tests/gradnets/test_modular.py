from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gradnets import GradNetM, mGradNetM


@pytest.mark.parametrize("cls", [GradNetM, mGradNetM])
def test_parameter_count_of_the_tables(cls: type[nn.Module]) -> None:
    assert sum(p.numel() for p in cls(2, 7, 4).parameters()) == 94


def test_equations_43_and_44() -> None:
    net = mGradNetM(2, 3, 2, "tanh", rho="softplus").double()
    x = torch.rand(2, dtype=torch.float64)
    c, t = softplus(net.raw_c), softplus(net.raw_t)
    expected = net.a.flatten()
    for k in range(2):
        z = t[k] * (net.W[k] @ x + net.b[k, :, 0])
        s = torch.log(torch.cosh(z)).sum() / t[k]
        expected = expected + c[k] * softplus(s) * (net.W[k].T @ torch.tanh(z))
    torch.testing.assert_close(net(x), expected)


@pytest.mark.parametrize("cls", [GradNetM, mGradNetM])
def test_unknown_rho(cls: type[nn.Module]) -> None:
    with pytest.raises(ValueError, match="rho: expected one of one, identity, softplus or a func"):
        cls(2, 3, 2, rho="two")
    with pytest.raises(ValueError, match="rho: expected a name or a function of a tensor, got 2"):
        cls(2, 3, 2, rho=2)


@pytest.mark.parametrize("cls", [GradNetM, mGradNetM])
def test_rho_without_a_potential(cls: type[nn.Module]) -> None:
    with pytest.raises(ValueError, match="needs an activation with a potential, got 'softplus'"):
        cls(2, 3, 2, "softplus", rho="identity")


@pytest.mark.parametrize("activation", ["softmax", "wsoftmax"])
def test_identity_needs_a_nonnegative_potential(activation: str) -> None:
    with pytest.raises(ValueError, match=f"nonnegative only where s is: .*, got '{activation}'"):
        mGradNetM(2, 3, 2, activation, rho="identity")
    GradNetM(2, 3, 2, activation, rho="identity")


@pytest.mark.parametrize(
    ("activation", "rho", "complaint"),
    [
        ("softmax", torch.sin, "nonnegative function, got rho.-20. = -0.91"),
        ("softmax", lambda s: torch.exp(-s), "nondecreasing function"),
        ("softmax", lambda s: s, "nonnegative function, got rho.-20. = -20"),
        ("tanh", lambda s: 2 - s, "nonnegative function, got rho.2.01. = -0.01"),
        ("tanh", torch.cos, "nonnegative function"),
        ("tanh", torch.mean, "an elementwise function of a tensor"),
    ],
)
def test_a_monotone_network_refuses_a_rho_that_is_not(
    activation: str, rho: Callable[[Tensor], Tensor], complaint: str
) -> None:
    with pytest.raises(ValueError, match=f"rho: expected a?n? ?{complaint}"):
        mGradNetM(2, 3, 2, activation, rho)
    GradNetM(2, 3, 2, activation, rho)


def test_a_rho_counts_where_the_potential_can_be() -> None:
    mGradNetM(2, 3, 2, "tanh", lambda s: s)
    mGradNetM(2, 3, 2, "softmax", torch.exp)


@pytest.mark.parametrize("cls", [GradNetM, mGradNetM])
@pytest.mark.parametrize("sizes", [(0, 7, 4), (2, 0, 4), (2, 7, 0)])
def test_sizes_below_one(cls: type[nn.Module], sizes: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="expected an integer of at least 1"):
        cls(*sizes)


def test_rho_by_function() -> None:
    net = GradNetM(2, 3, 2, "tanh", rho=torch.sin).double()
    assert net(torch.rand(4, 2, dtype=torch.float64)).shape == (4, 2)
