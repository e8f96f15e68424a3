import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gradnets import GradNet, GradNetM, mGradNet, mGradNetM
from gradnets.combinations import Difference
from gradnets.constructive import build, measured_error, measured_potential_error
from gradnets.testing import assert_psd_at, assert_symmetric_at

from .known import (
    COMPOSITIONS,
    bowl,
    convex_field,
    log_cosh,
    log_sum_exp,
    monotone,
    nonconvex_field,
    points,
    quadratic,
    ridges,
    wave,
)

CASES = {
    "quadratic-1": (quadratic(1), 0.05, mGradNet),
    "quadratic-2": (quadratic(2), 0.1, mGradNet),
    "quadratic-3": (quadratic(3), 0.2, mGradNet),
    "log-sum-exp-1": (log_sum_exp(1, 8.0), 0.1, mGradNet),
    "log-sum-exp-3": (log_sum_exp(3, 4.0), 0.3, mGradNet),
    "convex field": (convex_field, 0.5, mGradNet),
    "nonconvex field": (nonconvex_field, 2.0, Difference),
    "1-D monotone": (monotone, 0.01, mGradNet),
    "convex ridges": (ridges(bowl, log_cosh, log_cosh, dim=3), 0.05, mGradNet),
    "ridges": (ridges(wave, log_cosh, dim=2), 0.05, GradNet),
    "composed": (COMPOSITIONS["exp(|x|^2 / 2)"], 0.2, mGradNetM),
    "composed, 3": (COMPOSITIONS["softplus"], 0.2, mGradNetM),
    "composed, not monotone": (COMPOSITIONS["sin"], 0.2, GradNetM),
    "composed, 1": (COMPOSITIONS["1-D"], 0.05, mGradNetM),
}


@pytest.mark.parametrize("name", CASES)
def test_measured_error_is_within_the_bound_and_the_bound_within_the_error(name: str) -> None:
    target, error, kind = CASES[name]
    near = build(target, error)
    assert type(near.network) is kind
    assert measured_error(near, points(target.dim)) <= near.bound <= error
    if near.potential is not None:
        assert measured_potential_error(near, points(target.dim)) <= near.potential_bound


@pytest.mark.parametrize("name", CASES)
def test_network_is_the_gradient_of_the_potential(name: str) -> None:
    target, error, _ = CASES[name]
    near = build(target, error)
    x = points(target.dim, 20).requires_grad_()
    if near.potential is not None:
        (slope,) = torch.autograd.grad(near.potential(x).sum(), x)
        torch.testing.assert_close(slope, near.network(x), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_network_is_what_its_name_says(name: str) -> None:
    target, error, kind = CASES[name]
    judge = assert_psd_at if kind.__name__.startswith("m") else assert_symmetric_at
    # A steep softmax: J, near 70 here, is a difference of terms near t |w|^2 = 3e5, whose rounding
    # the default tolerance, which goes by the size of J, does not know.
    judge(build(target, error).network, points(target.dim, 10)[:10], tolerance=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_smaller_errors_are_reached(name: str) -> None:
    target, error, _ = CASES[name]
    coarse, fine = build(target, 2 * error), build(target, error)
    assert fine.neurons >= coarse.neurons
    assert fine.bound <= error


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 2), st.floats(0.01, 20), st.floats(0.1, 0.5), st.booleans(), st.integers(0, 9)
)
def test_bound_holds_for_any_scale(
    dim: int, scale: float, part: float, smooth: bool, seed: int
) -> None:
    target = log_sum_exp(dim, scale) if smooth else quadratic(dim, scale)
    near = build(target, part * target.lipschitz)
    x = torch.rand(500, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    assert measured_error(near, x) <= near.bound <= part * target.lipschitz


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.sampled_from([bowl, log_cosh, wave]), min_size=1, max_size=4),
    st.integers(1, 3),
    st.floats(0.02, 2),
    st.integers(0, 9),
)
def test_bound_holds_for_any_ridges(profiles: list, dim: int, error: float, seed: int) -> None:
    target = ridges(*profiles, dim=dim, seed=seed)
    near = build(target, error)
    x = torch.rand(500, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    assert measured_error(near, x) <= near.bound <= error


@pytest.mark.parametrize("error", [0, -0.1, float("nan"), float("inf")])
@pytest.mark.parametrize("name", CASES)
def test_wrong_error(name: str, error: float) -> None:
    with pytest.raises(ValueError, match=r"^error: expected a "):
        build(CASES[name][0], error)


@pytest.mark.parametrize("name", CASES)
def test_too_many_neurons(name: str) -> None:
    target, error, _ = CASES[name]
    message = rf"error: {error / 4} in dimension n = {target.dim} takes \d+ neurons, more than"
    with pytest.raises(ValueError, match=message):
        build(target, error / 4, limit=3)


@pytest.mark.parametrize("name", ["quadratic-1", "1-D monotone", "composed, 1"])
def test_error_beyond_float64_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^error: 1e-14 (is too small|in dimension)"):
        build(CASES[name][0], 1e-14)


def test_no_target() -> None:
    with pytest.raises(TypeError, match="target: expected a Target, Ridges or Composition, got Li"):
        build(nn.Linear(2, 2), 0.1)  # type: ignore[arg-type] - the wrong type is the point
