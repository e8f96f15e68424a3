import pytest
import torch
from torch import Tensor, nn

from gradnets import Difference, GradNet, GradNetC, LinearCombination, mConicalCombination, mGradNet

X = torch.linspace(-2, 2, 12, dtype=torch.float64).reshape(4, 3)


class Cubic(nn.Module):
    """A user's own part, without weights."""

    dim = 3

    def forward(self, x: Tensor) -> Tensor:
        return x**3

    def potential(self, x: Tensor) -> Tensor:
        return (x**4).sum(-1) / 4


class Column(Cubic):
    """A potential that would broadcast."""

    def potential(self, x: Tensor) -> Tensor:
        return (x**4).sum(-1, keepdim=True) / 4


def test_corollary_2_1() -> None:
    f, g = GradNet(3, 5).double(), GradNetC(3, 5, 2).double()
    net = LinearCombination([f, g, Cubic()], weights=(2, -1.5, 0.1))
    torch.testing.assert_close(net(X), 2 * f(X) - 1.5 * g(X) + 0.1 * X**3)


@pytest.mark.parametrize("cls", [LinearCombination, mConicalCombination])
def test_learned_weights_start_at_the_mean(cls: type[LinearCombination]) -> None:
    f = mGradNet(3, 5).double()
    net = cls([f, Cubic()])
    torch.testing.assert_close(net(X), (f(X) + X**3) / 2)
    torch.testing.assert_close(net.potential(X), (f.potential(X) + (X**4).sum(-1) / 4) / 2)
    assert {p.dtype for p in net.parameters()} == {torch.float64}


def test_theorem_5() -> None:
    f, g = mGradNet(3, 5).double(), mGradNet(3, 5).double()
    torch.testing.assert_close(Difference(f, g)(X), f(X) - g(X))


@pytest.mark.parametrize("weights", [(1,), (1, 2, 3), (1, float("nan")), (1, float("inf"))])
@pytest.mark.parametrize("cls", [LinearCombination, mConicalCombination])
def test_bad_weights(cls: type[LinearCombination], weights: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="weights: expected "):
        cls([Cubic(), Cubic()], weights)
    with pytest.raises(ValueError, match="weights: expected 2 numbers, got 1"):
        cls([Cubic(), Cubic()], 1)  # pyright: ignore[reportArgumentType]


def test_a_negative_conical_weight() -> None:
    with pytest.raises(ValueError, match=r"weights: expected nonnegative numbers, got -0\.5"):
        mConicalCombination([Cubic(), Cubic()], (1, -0.5))


def test_bad_parts() -> None:
    with pytest.raises(ValueError, match=r"nets: .* of the same dim, got dims \[3, 2\]"):
        LinearCombination([Cubic(), GradNet(2, 5)])
    with pytest.raises(ValueError, match="nets: expected at least one module, got none"):
        LinearCombination([])
    with pytest.raises(ValueError, match="nets: expected modules with an attribute `dim`, got Id"):
        LinearCombination([nn.Identity()])


def test_a_part_without_a_potential_is_named() -> None:
    class Bare(nn.Module):
        dim = 3

    with pytest.raises(ValueError, match="modules with a method `potential`, got Bare"):
        LinearCombination([Cubic(), Bare()]).potential(X)
    net = LinearCombination([Cubic(), GradNet(3, 5, "softplus").double()])
    with pytest.raises(ValueError, match=r"potential: .* got Softplus\(\)"):
        net.potential(X)


def test_a_potential_that_would_broadcast() -> None:
    net = LinearCombination([Cubic(), Column()])
    with pytest.raises(ValueError, match=r"potential of shape \(4,\) of Column, got \(4, 1\)"):
        net.potential(X)


def test_input_that_only_users_parts_see() -> None:
    with pytest.raises(ValueError, match=r"x: expected shape \(\.\.\., 3\), got \(5, 2\)"):
        LinearCombination([Cubic()])(torch.zeros(5, 2))
