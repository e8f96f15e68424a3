"""The judges, on honest maps and on liars."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from gradnets import mGradNet
from gradnets.testing import (
    assert_psd_at,
    assert_symmetric_at,
    jacobian_asymmetry,
    min_eigenvalue,
)


def points(dtype: torch.dtype = torch.float64) -> Tensor:
    return 2 * torch.rand(20, 3, generator=torch.Generator().manual_seed(0), dtype=dtype) - 1


class BackwardLies(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.roll(1, -1)

    @staticmethod
    def backward(ctx: object, *grads: Tensor) -> Tensor:
        return grads[0]


A = torch.tensor([[2.0, 1, 0], [1, 3, 1], [0, 1, 1]], dtype=torch.float64)
TWIST = torch.tensor([[0.0, 1, 0], [-1, 0, 0], [0, 0, 0]], dtype=torch.float64)
NOT_SYMMETRIC = {
    "untied": lambda x: torch.tanh(x @ A),
    "slight twist": lambda x: x @ (A + 1e-9 * TWIST),
    "detached twist": lambda x: x + (x @ TWIST).detach(),
    "custom backward": BackwardLies.apply,
    "no graph": lambda x: (x @ TWIST).detach(),
    "batch softmax": lambda x: torch.softmax(x, 0),
    "batch mean": lambda x: x - x.mean(0),
    "nan": lambda x: torch.log(x),
    "odd one out": lambda x: x + (x[:, :1] > 0.9) * (x @ TWIST),
}
SMALL = 4e-9
NOT_SYMMETRIC |= {
    "neighbour alone": lambda x: SMALL * x.roll(1, 0),
    "twist and neighbour": lambda x: SMALL * (x + x @ TWIST - x.roll(1, 0) @ TWIST),
    "only with gradients": lambda x: x if torch.is_grad_enabled() else x @ TWIST,
}
NOT_PSD = {
    "negative": lambda x: -x,
    "saddle": lambda x: x * torch.tensor([1.0, 1, -1e-9], dtype=x.dtype),
    "sin": lambda x: torch.sin(3 * x),
    "saddle hidden by detach": lambda x: x - 2 * x.detach(),
}
TRUE = {
    "linear": lambda x: x @ A,
    "softmax": lambda x: torch.softmax(x @ A, -1) @ A,
    "cube": lambda x: x**3,
    "constant": lambda x: torch.ones_like(x),
}


@pytest.mark.parametrize("name", NOT_SYMMETRIC)
@pytest.mark.parametrize("judge", [assert_symmetric_at, assert_psd_at])
def test_liars_about_symmetry(name: str, judge: object) -> None:
    with pytest.raises(AssertionError):
        judge(NOT_SYMMETRIC[name], points())  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("name", NOT_PSD)
def test_liars_about_psd(name: str) -> None:
    with pytest.raises(AssertionError):
        assert_psd_at(NOT_PSD[name], points())


@pytest.mark.parametrize("name", TRUE)
def test_true_maps_pass(name: str) -> None:
    assert_psd_at(TRUE[name], points())


def test_float32_is_judged_at_its_own_precision() -> None:
    assert_psd_at(lambda x: torch.softmax(x @ A.float(), -1) @ A.float(), points(torch.float32))
    with pytest.raises(AssertionError):
        assert_symmetric_at(lambda x: x + 1e-3 * x @ TWIST.float(), points(torch.float32))


@given(st.lists(st.floats(-3, 3), min_size=9, max_size=9))
def test_measures_of_a_linear_map(entries: list[float]) -> None:
    M = torch.tensor(entries, dtype=torch.float64).reshape(3, 3)
    x = points()[:2]
    assert jacobian_asymmetry(lambda x: x @ M.T, x) == (M - M.T).abs().max()
    expected = torch.linalg.eigvalsh((M + M.T) / 2)[0].item()
    assert min_eigenvalue(lambda x: x @ M.T, x) == pytest.approx(expected, abs=1e-12)


ROTATION = torch.tensor([[0.0, 1], [-1, 0]], dtype=torch.float64)
HIDDEN_BY_ANOTHER_POINT = {
    "negative beside steep": (lambda v: torch.exp(v) - 5 * v, 33.0),
    "twist beside steep": (lambda v: torch.exp(v) + 0.01 * (v @ ROTATION.to(v.dtype)), 30.0),
    "cubic": (lambda v: v**3 - 5 * v, 1e4),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", HIDDEN_BY_ANOTHER_POINT)
def test_a_steep_point_does_not_hide_the_others(name: str, dtype: torch.dtype) -> None:
    f, far = HIDDEN_BY_ANOTHER_POINT[name]
    x = torch.tensor([[0.5, 0.5], [1.0, -1.0], [far, far]], dtype=dtype)
    with pytest.raises(AssertionError, match="not"):
        assert_psd_at(f, x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("bias", [500.0, 1e4, 1e9])
def test_a_large_output_does_not_hide_a_lie(dtype: torch.dtype, bias: float) -> None:
    def lie(v: Tensor) -> Tensor:
        return v + (v @ ROTATION.to(v.dtype)).detach() + bias

    with pytest.raises(AssertionError):
        assert_symmetric_at(lie, torch.rand(5, 2, dtype=dtype))


def test_company_of_any_size_is_seen() -> None:
    def late(x: Tensor) -> Tensor:
        return torch.cat([x[:4], x[4:] + x[4:].mean(0)]) if len(x) > 4 else x

    with pytest.raises(AssertionError, match="beside"):
        assert_symmetric_at(late, torch.rand(9, 2, dtype=torch.float64))
    with pytest.raises(AssertionError, match="beside"):
        assert_symmetric_at(lambda x: x - x.mean(0), torch.rand(1, 2, dtype=torch.float64))


def test_a_small_map_is_judged_by_its_own_size() -> None:
    with pytest.raises(AssertionError, match="not PSD"):
        assert_psd_at(lambda v: -1e-5 * v, torch.rand(5, 2))


def test_a_map_that_differentiates_inside() -> None:
    def gradient(v: Tensor) -> Tensor:
        potential = (v**4).sum() + (v.sum(-1) ** 2).sum()
        return torch.autograd.grad(potential, v, create_graph=True)[0]

    assert_psd_at(gradient, points())


BEYOND = ("Spline", "CRR", "RR", "-exp", "TanhSum-identity")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1.0, 10.0, 100.0])
def test_no_false_alarm(
    net: nn.Module, dtype: torch.dtype, size: float, request: pytest.FixtureRequest
) -> None:
    """Networks with weights of every size, at near and far points."""
    if any(word in request.node.name for word in BEYOND):
        pytest.skip("kinks, where no derivative is, or values past all floats")
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if not name.startswith("raw"):
                parameter.mul_(size)
    x = torch.randn(40, 3, generator=torch.Generator().manual_seed(0)).to(dtype)
    x[0] *= 1e4
    assert_symmetric_at_or_coarse(net.to(dtype), x)


def assert_symmetric_at_or_coarse(f: nn.Module, x: Tensor) -> None:
    """In float32 a steep network may be beyond what differences can tell; never called wrong."""
    try:
        assert_symmetric_at(f, x)
    except AssertionError as error:
        if "too coarse" not in str(error):
            raise


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_true_maps_near_the_edge_of_their_domain_or_saturated(dtype: torch.dtype) -> None:
    x = torch.rand(200, 2, generator=torch.Generator().manual_seed(0)).to(dtype)
    assert_psd_at(lambda v: torch.log(v - 0.09), x.clamp(min=0.1))
    assert_psd_at(lambda v: torch.log(v + 1e-3), x)
    for t in (10, 30, 100):
        assert_psd_at(lambda v, t=t: torch.softmax(t * v, -1), x)
        assert_psd_at(lambda v, t=t: torch.tanh(t * (v - 0.5)), x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_kinks(dtype: torch.dtype) -> None:
    for seed in range(10):
        torch.manual_seed(seed)
        net = mGradNet(2, 64, lambda width: nn.ReLU()).to(dtype)
        assert_psd_at(net, torch.randn(200, 2, dtype=dtype))


@pytest.mark.parametrize("measure", [jacobian_asymmetry, min_eigenvalue, assert_psd_at])
def test_bad_input(measure: object) -> None:
    for x in (torch.zeros(3), torch.zeros(0, 3), torch.zeros(2, 2, 2)):
        with pytest.raises(ValueError, match=r"x: expected shape \(N, n\)"):
            measure(lambda x: x, x)  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="x: expected a tensor of dtype float32"):
        measure(lambda x: x, torch.zeros(2, 2, dtype=torch.int64))  # pyright: ignore[reportCallIssue]
    with pytest.raises(ValueError, match=r"f: expected output of shape \(20, 3\), got \(20, 1\)"):
        measure(lambda x: x[:, :1], points())  # pyright: ignore[reportCallIssue]
