import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from gradnets import GradNetC, mGradNet, mGradNetC, mGradNetM, mStronglyMonotone
from gradnets.bounds import Bounds, ridge_bounds, strong_convexity
from gradnets.inverse import cut, inverse
from gradnets.jacobians import jacobian
from gradnets.splines import LinearSpline


def points(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return 4 * torch.rand(*shape, generator=generator, dtype=torch.float64) - 2


def test_every_monotone_network(net: nn.Module) -> None:
    if not type(net).__name__.startswith("m"):
        pytest.skip("not monotone")
    strong, x = mStronglyMonotone(net, mu=0.1).double(), points(4, 5, 3)
    if strong_convexity(strong) == 0:  # test_bounds.py says for which networks this may be
        pytest.skip("not certified")
    found = inverse(strong, strong(x))
    assert found.converged.all()
    assert (found.iterations <= 30).all()
    assert ((found.x - x).norm(dim=-1) <= found.error + 1e-12).all()
    torch.testing.assert_close(found.x, x)


@settings(deadline=None)
@given(
    seed=st.integers(0, 10_000),
    log_scale=st.floats(-2, 2),
    log_mu=st.floats(-6, 1),
    log_y=st.floats(-2, 4),
    kind=st.integers(0, 3),
)
def test_any_weights(seed: int, log_scale: float, log_mu: float, log_y: float, kind: int) -> None:
    torch.manual_seed(seed)
    nets = (
        lambda: mGradNetC(3, 5, 3),
        lambda: mGradNet(3, 8, "softplus"),
        lambda: mGradNetM(3, 5, 2, "softmax", "softplus"),
        lambda: mGradNetC(3, 5, 2, "wtanh"),
    )
    net = mStronglyMonotone(nets[kind](), mu=10**log_mu).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(10**log_scale)
    y = 10**log_y * torch.randn(20, 3, dtype=torch.float64)
    found = inverse(net, y, tolerance=1e-6)
    assert found.converged.all(), (found.residual.max(), found.iterations.max())
    assert (found.iterations <= 120).all()


class Kinked(nn.Module):
    """f(x) = mu x + W^T relu(W x + b), with the Jacobian of one side at a kink."""

    def __init__(self, mu: float, W: Tensor, b: Tensor) -> None:
        super().__init__()
        self.mu, self.W, self.b = mu, nn.Parameter(W), nn.Parameter(b)

    def forward(self, x: Tensor) -> Tensor:
        return self.mu * x + torch.relu(x @ self.W.mT + self.b) @ self.W

    def jacobian_bounds(self) -> Bounds:
        one = self.W.new_ones(1, 1)
        return ridge_bounds(self.W, 0 * one, one).shifted(self.mu)


@pytest.mark.parametrize("mu", [1e-4, 1e-1])
def test_piecewise_linear_maps(mu: float) -> None:
    for seed in range(5):
        torch.manual_seed(seed)
        net = Kinked(mu, 10 * torch.randn(20, 3), torch.randn(20)).double()
        y = 30 * torch.randn(50, 3, dtype=torch.float64)
        found = inverse(net, y, tolerance=1e-9)
        assert found.converged.all()


def test_newton_alone_cycles_where_the_inverse_converges() -> None:
    # f(x) = 0.1 x + sqrt 10 tanh(sqrt 10 x + 3): full steps jump to and fro across the bend.
    part = mGradNet(1, 1)
    net = mStronglyMonotone(part, 0.1).double()
    with torch.no_grad():
        part.W.fill_(math.sqrt(10))
        part.b.fill_(3.0)
        part.a.fill_(0.0)
    x = torch.zeros(1, dtype=torch.float64)
    for _ in range(50):
        x = x - net(x) / jacobian(net, x)[0]
    assert not net(x).abs().item() < 1
    found = inverse(net, torch.zeros(1, dtype=torch.float64))
    assert found.converged.all()


def test_line_search_ends_between_the_slopes() -> None:
    net = mStronglyMonotone(mGradNet(1, 1), 0.1).double()
    x, p = torch.full((9, 1), 4.0).double(), -torch.logspace(1, 5, 9).double()[:, None]
    y = torch.zeros_like(x)
    start = ((net(x) - y) * p).sum(-1)
    t = cut(net, x, y, p, start)
    slope = ((net(x + t[:, None] * p) - y) * p).sum(-1)
    assert ((start / 2 <= slope) & (slope <= 0)).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 4, 3), (0, 3)])
def test_shapes_and_dtypes(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    net = mStronglyMonotone(mGradNetC(3, 5, 2), 0.5).to(dtype)
    found = inverse(net, torch.rand(shape, dtype=dtype))
    assert found.x.shape == shape
    assert found.x.dtype == dtype
    for figure in (found.residual, found.error, found.iterations, found.converged):
        assert figure.shape == shape[:-1]
    assert found.converged.all()


def test_samples_do_not_see_each_other() -> None:
    torch.manual_seed(0)
    net, y = mStronglyMonotone(mGradNetC(3, 5, 2), 0.01).double(), 10 * points(6, 3)
    together, alone = inverse(net, y), [inverse(net, row) for row in y]
    torch.testing.assert_close(together.x, torch.stack([found.x for found in alone]))
    assert together.iterations.tolist() == [int(found.iterations) for found in alone]


@pytest.mark.parametrize("sizes", [(3, 5), (5, 2)])
def test_gradients(sizes: tuple[int, int]) -> None:
    torch.manual_seed(0)
    part = mGradNetC(*sizes, depth=2)
    net, W = mStronglyMonotone(part).double(), part.W
    y = points(4, sizes[0]).requires_grad_()
    assert torch.autograd.gradcheck(lambda y: inverse(net, y).x, (y,))
    (gradient,) = torch.autograd.grad(inverse(net, y.detach()).x.sum(), [W])
    step = 1e-6 * torch.ones_like(W)
    with torch.no_grad():
        W.add_(step)
        up = inverse(net, y).x.sum()
        W.sub_(2 * step)
        down = inverse(net, y).x.sum()
    torch.testing.assert_close((gradient * step).sum() * 2, up - down, rtol=1e-5, atol=0)


def test_second_derivatives_are_refused() -> None:
    net = mStronglyMonotone(mGradNetC(3, 5, 2)).double()
    y = points(2, 3).requires_grad_()
    with pytest.raises(RuntimeError, match="inverse: differentiable once, got create_graph=True"):
        torch.autograd.grad(inverse(net, y).x.sum(), [y], create_graph=True)


def test_too_few_iterations_are_told() -> None:
    torch.manual_seed(0)
    net = mStronglyMonotone(mGradNetC(3, 5, 2), 0.01).double()
    found = inverse(net, 10 * points(6, 3), max_iterations=1)
    assert not found.converged.any()
    assert (found.iterations == 1).all()
    assert (found.residual > 1e-12).all()


def test_map_that_is_not_strongly_monotone() -> None:
    with pytest.raises(ValueError, match=r"slopes of at least -\d.*; add mu x with mu > \d"):
        inverse(GradNetC(3, 5, 2), torch.zeros(3))
    with pytest.raises(ValueError, match="no lower bound of the slopes is known of Linear"):
        inverse(nn.Linear(3, 3), torch.zeros(3))


def test_splines_have_kinks() -> None:
    torch.manual_seed(0)
    net = mStronglyMonotone(mGradNetC(3, 5, 2, activation=partial(LinearSpline, knots=9)), 0.01)
    found = inverse(net.double(), 20 * points(50, 3))
    assert found.converged.all()


@pytest.mark.parametrize("tolerance", [0.0, -1.0, math.nan, math.inf, "1"])
def test_tolerance_that_is_none(tolerance: float) -> None:
    with pytest.raises(ValueError, match="tolerance: expected a positive number, got"):
        inverse(mStronglyMonotone(mGradNetC(3, 5, 2)), torch.zeros(3), tolerance)


@pytest.mark.parametrize("most", [0, -1, 2.5])
def test_iterations_that_are_none(most: int) -> None:
    with pytest.raises(ValueError, match="max_iterations: expected an integer of at least 1, got"):
        inverse(mStronglyMonotone(mGradNetC(3, 5, 2)), torch.zeros(3), max_iterations=most)


@pytest.mark.parametrize("y", [torch.zeros(3, dtype=torch.long), torch.zeros(()), [0.0]])
def test_values_of_another_kind(y: Tensor) -> None:
    with pytest.raises(TypeError, match="y: expected a float32 or float64 tensor of shape"):
        inverse(mStronglyMonotone(mGradNetC(3, 5, 2)), y)


def test_values_that_are_not_finite() -> None:
    with pytest.raises(ValueError, match="y: expected finite values, got nan or inf"):
        inverse(mStronglyMonotone(mGradNetC(3, 5, 2)), torch.full((3,), math.nan))
