import dataclasses
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from gradnets import (
    Difference,
    GradNet,
    GradNetC,
    GradNetM,
    LinearCombination,
    ScalarComposition,
    VectorComposition,
    mConicalCombination,
    mGradNet,
    mGradNetC,
    mLipschitzShift,
    mQuadratic,
    mScalarComposition,
    mStronglyMonotone,
)
from gradnets.baselines import ICGN, ICNN, MLP
from gradnets.jacobians import Factors, jacobian, jacobian_factors, jacobian_vector
from gradnets.testing import jacobian as measured

COMBINED: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: LinearCombination([GradNet(3, 5), GradNetC(3, 4, 2)], [2, -3]),
    "conical": lambda: mConicalCombination([mGradNet(3, 5), mQuadratic(3, 2)]),
    "difference": lambda: Difference(mGradNet(3, 5), mGradNet(3, 2, "softmax")),
    "strong": lambda: mStronglyMonotone(mGradNetC(3, 5, 2)),
    "lipschitz": lambda: mLipschitzShift(GradNetC(3, 5, 2)),
    "scalar": lambda: ScalarComposition(GradNet(3, 5)),
    "scalar-strong": lambda: mScalarComposition(mStronglyMonotone(mQuadratic(3, 2)), "exp"),
    "vector-softmax": lambda: VectorComposition([GradNet(3, 5), GradNetM(3, 2, 2)]),
    "vector-sigmoid": lambda: VectorComposition([GradNet(3, 5), mQuadratic(3, 1)], "sigmoid"),
    "vector-wsoftmax": lambda: VectorComposition([GradNet(3, 5), mQuadratic(3, 1)], "wsoftmax"),
}


WITHOUT_FORMULAS = (ICNN, ICGN, MLP)


class Unknown(nn.Module):
    """A map without closed formulas, not a gradient field."""

    def forward(self, x: Tensor) -> Tensor:
        return x.roll(1, -1) * x.square()


def points(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return 4 * torch.rand(*shape, generator=generator, dtype=torch.float64) - 2


@pytest.fixture(params=COMBINED)
def combined(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    return COMBINED[request.param]().double()


def judge(net: nn.Module) -> None:
    x, v = points(4, 5, 3), points(20, 3).reshape(4, 5, 3)
    assert (jacobian_factors(net, x) is None) == (type(net) in WITHOUT_FORMULAS)
    expected = measured(net, x.reshape(20, 3)).reshape(4, 5, 3, 3)
    torch.testing.assert_close(jacobian(net, x), expected)
    torch.testing.assert_close(jacobian_vector(net, x, v), (expected @ v[..., None])[..., 0])


def test_every_network(net: nn.Module) -> None:
    judge(net.double())


def test_every_combination(combined: nn.Module) -> None:
    judge(combined)


def test_custom_activation_in_a_cascade() -> None:
    judge(GradNetC(3, 5, 2, activation=lambda width: nn.GELU()).double())


@pytest.mark.parametrize("other", [Unknown(), GradNet(3, 5, lambda width: nn.GELU()).double()])
def test_modules_without_closed_formulas(other: nn.Module) -> None:
    x, v = points(7, 3), points(7, 3).flip(0)
    assert jacobian_factors(other, x) is None
    expected = measured(other, x)
    torch.testing.assert_close(jacobian(other, x), expected)
    torch.testing.assert_close(jacobian_vector(other, x, v), (expected @ v[..., None])[..., 0])


def test_jacobian_is_exactly_symmetric(net: nn.Module) -> None:
    J = jacobian(net.double(), points(20, 3))
    if type(net) not in WITHOUT_FORMULAS:
        assert torch.equal(J, J.mT)


def test_gradients_of_the_jacobian() -> None:
    torch.manual_seed(0)
    net = mGradNetC(3, 4, 2).double()
    x = points(2, 3)
    weights = {name: p.detach().clone() for name, p in net.named_parameters()}

    def of_weights(W: Tensor, x: Tensor) -> Tensor:
        named = {f"net.{key}": value for key, value in (weights | {"W": W}).items()}
        return torch.func.functional_call(Product(net), named, (x,))

    assert torch.autograd.gradcheck(of_weights, (weights["W"].requires_grad_(), x.requires_grad_()))


def random_factors(n: int, M: int, r: int) -> Factors:
    return Factors(points(M, n), points(6, M), 0.5 + points(6).abs(), points(6, r, n), points(6, r))


@pytest.mark.parametrize(
    "sizes", [(8, 2, 0), (8, 2, 3), (8, 0, 3), (3, 5, 2), (3, 3, 0), (1, 0, 0)]
)
def test_identities_of_factors(sizes: tuple[int, int, int]) -> None:
    factors, v = random_factors(*sizes), points(6, sizes[0])
    J = factors.dense()
    torch.testing.assert_close(factors.apply(v), (J @ v[..., None])[..., 0])
    torch.testing.assert_close(factors.solve(v), torch.linalg.solve(J, v))
    torch.testing.assert_close(factors.log_abs_det(), torch.linalg.slogdet(J)[1])
    both = factors.times(points(6)).plus(factors.shifted(2.0))
    eye = torch.eye(sizes[0], dtype=J.dtype)
    torch.testing.assert_close(both.dense(), points(6)[:, None, None] * J + J + 2 * eye)


@pytest.mark.parametrize("name", ["d", "e", "shift"])
def test_wrong_factors_are_noticed(name: str) -> None:
    torch.manual_seed(0)
    net = mStronglyMonotone(mGradNet(3, 5, "softmax"), mu=0.5).double()
    factors = jacobian_factors(net, points(20, 3))
    assert factors is not None
    lie = dataclasses.replace(factors, **{name: 1.01 * getattr(factors, name)})
    net.jacobian_factors = lambda x: lie  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(AssertionError, match="not close"):
        judge(net)


def test_vmap_over_networks() -> None:
    nets = [mGradNetC(3, 5, 2).double() for _ in range(2)]
    params, buffers = torch.func.stack_module_state(nets)
    x = points(4, 3)

    def product(parameters: dict[str, Tensor], rest: dict[str, Tensor]) -> Tensor:
        module = Product(nets[0])
        named = {f"net.{key}": value for key, value in (parameters | rest).items()}
        return torch.func.functional_call(module, named, (x,))

    stacked = torch.func.vmap(product)(params, buffers)
    torch.testing.assert_close(stacked, torch.stack([Product(net)(x) for net in nets]))


class Product(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        return jacobian_vector(self.net, x, torch.ones_like(x))


def test_vector_of_another_shape() -> None:
    with pytest.raises(ValueError, match=r"v: expected shape \(5, 3\) as x, got \(3,\)"):
        jacobian_vector(GradNet(3, 5), torch.zeros(5, 3), torch.zeros(3))
