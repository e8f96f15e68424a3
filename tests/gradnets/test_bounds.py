import dataclasses
import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from gradnets import (
    GradNet,
    GradNetC,
    LinearCombination,
    mConicalCombination,
    mGradNet,
    mGradNetC,
    mGradNetM,
    mQuadratic,
    mScalarComposition,
    mStronglyMonotone,
    mVectorComposition,
)
from gradnets.bounds import curvature, known_bounds, lipschitz, strong_convexity
from gradnets.jacobians import jacobian

COMBINED: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: LinearCombination([GradNet(3, 5), GradNetC(3, 4, 2)], [2, -3]),
    "learned": lambda: LinearCombination([GradNet(3, 5), GradNetC(3, 4, 2)]),
    "conical": lambda: mConicalCombination([mGradNet(3, 5), mQuadratic(3, 2)]),
    "strong": lambda: mStronglyMonotone(mGradNetC(3, 5, 2)),
    "unbounded": lambda: mStronglyMonotone(mGradNetM(3, 5, 2, rho="softplus"), 0.5),
    "scalar": lambda: mStronglyMonotone(mScalarComposition(mGradNet(3, 5)), 0.5),
    "vector": lambda: mStronglyMonotone(mVectorComposition([mGradNet(3, 5), mQuadratic(3, 2)])),
    "negative": lambda: LinearCombination([mGradNetM(3, 5, 2, rho="softplus")], [-1]),
    "nothing": lambda: LinearCombination([mGradNetM(3, 5, 2, rho="softplus")], [0]),
}


def extreme_eigenvalues(net: nn.Module, seed: int = 0) -> tuple[float, float]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(500, 3, generator=generator, dtype=torch.float64)
    x = x * 10 ** (2 * torch.rand(500, 1, generator=generator, dtype=torch.float64) - 1)
    eigenvalues = torch.linalg.eigvalsh(jacobian(net, x))
    return eigenvalues.min().item(), eigenvalues.max().item()


def judge(net: nn.Module) -> None:
    low, high = (end.item() for end in curvature(net))
    least, greatest = extreme_eigenvalues(net)
    assert low <= least + 1e-12
    assert greatest <= high + 1e-12


def test_every_network_keeps_its_bounds(net: nn.Module) -> None:
    judge(net.double())


@pytest.mark.parametrize("name", COMBINED)
def test_every_combination_keeps_its_bounds(name: str) -> None:
    judge(COMBINED[name]().double())


@given(seed=st.integers(0, 10_000), depth=st.integers(1, 4), scale=st.floats(0.1, 5))
def test_cascades_of_any_weights(seed: int, depth: int, scale: float) -> None:
    torch.manual_seed(seed)
    net = GradNetC(3, 4, depth, "wtanh").double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(scale * torch.randn_like(parameter))
    judge(net)


def test_monotone_networks_are_certified_so(net: nn.Module) -> None:
    low, own = curvature(net.double())[0].item(), known_bounds(net).lower is None
    if type(net).__name__.startswith("m"):
        assert low >= 0 or (own and "TanhSum" in repr(net))  # whose s >= 0 nobody certifies
    else:
        assert low <= 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_bounds_are_attained_by_one_neuron(dtype: torch.dtype) -> None:
    net = mGradNet(3, 1, "tanh").to(dtype)
    slope = net.W.square().sum().item()
    assert slope <= lipschitz(net).item() <= slope * (1 + 200 * torch.finfo(dtype).eps)
    assert strong_convexity(net).item() == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_added_multiple_of_x_is_certified(dtype: torch.dtype) -> None:
    net = mStronglyMonotone(mGradNetC(3, 5, 2), mu=1e-6).to(dtype)
    assert 1e-6 * (1 - 1e-4) < strong_convexity(net).item() < 1e-6


def test_learned_slope_makes_strongly_convex() -> None:
    torch.manual_seed(0)
    net = mGradNet(3, 20, "wtanh").double()
    assert strong_convexity(net).item() > 0
    judge(net)


@pytest.mark.parametrize("end", ["lower", "upper"])
def test_bounds_that_lie_are_noticed(end: str) -> None:
    net = GradNet(3, 1).double()
    with torch.no_grad():
        net.sigma.a.fill_(-1)
        net.sigma.b.fill_(-1)
    judge(net)
    bounds = net.jacobian_bounds()
    moved = {"lower": 0.01, "upper": -0.01}[end] * torch.eye(3, dtype=torch.float64)
    lie = dataclasses.replace(bounds, **{end: getattr(bounds, end) + moved})
    net.jacobian_bounds = lambda: lie
    with pytest.raises(AssertionError):
        judge(net)


@pytest.mark.parametrize("name", ["strong", "unbounded", "scalar", "vector"])
def test_added_multiples_of_x_are_found(name: str) -> None:
    assert strong_convexity(COMBINED[name]().double()).item() > 0.499


def test_nothing_is_known() -> None:
    own_rho = mScalarComposition(mGradNet(3, 5), torch.sigmoid)
    own_part = mScalarComposition(GradNet(3, 5, "tanh"))
    assert known_bounds(own_rho).lower is None
    assert known_bounds(own_part).lower is not None
    falling = GradNet(3, 5, "wtanh")
    with torch.no_grad():
        falling.sigma.a.fill_(-1)
    assert known_bounds(mScalarComposition(falling)).lower is None
    assert [end.item() for end in curvature(nn.Linear(2, 2))] == [-math.inf, math.inf]
    custom = GradNet(3, 5, lambda width: nn.GELU())
    assert known_bounds(custom).lower is None
    assert strong_convexity(custom).item() == 0
    promised = mGradNetM(3, 5, 2, "softmax", rho=torch.exp)
    assert known_bounds(promised).lower is None
    with pytest.raises(ValueError, match="net: expected one with a known bound of its Jacobian"):
        lipschitz(custom)


def test_lipschitz_is_differentiable_and_batched() -> None:
    nets = [mGradNetC(3, 5, 2).double() for _ in range(2)]
    params, _ = torch.func.stack_module_state(nets)

    class Constant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nets[0]

        def forward(self) -> Tensor:
            return lipschitz(self.net)

    def of(parameters: dict[str, Tensor]) -> Tensor:
        named = {f"net.{key}": value for key, value in parameters.items()}
        return torch.func.functional_call(Constant(), named, ())

    stacked = torch.func.vmap(of)(params)
    torch.testing.assert_close(stacked, torch.stack([lipschitz(net) for net in nets]))
    (gradient,) = torch.autograd.grad(lipschitz(nets[0]), [nets[0].W])
    assert gradient.isfinite().all()
    assert gradient.abs().max() > 0
