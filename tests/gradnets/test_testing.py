"""The judges, on honest maps and on liars."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gradnets.testing import (
    assert_psd_at,
    assert_symmetric_at,
    difference_jacobian,
    jacobian,
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


def test_both_jacobians_agree_in_layout() -> None:
    f = lambda x: torch.stack([x[:, 1] ** 2, x[:, 0] * x[:, 2], x[:, 2]], -1)  # noqa: E731
    torch.testing.assert_close(jacobian(f, points()), difference_jacobian(f, points()))


@pytest.mark.parametrize("measure", [jacobian_asymmetry, min_eigenvalue, assert_psd_at])
def test_bad_input(measure: object) -> None:
    for x in (torch.zeros(3), torch.zeros(0, 3), torch.zeros(2, 2, 2)):
        with pytest.raises(ValueError, match=r"x: expected shape \(N, n\)"):
            measure(lambda x: x, x)  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="x: expected a floating tensor, got torch"):
        measure(lambda x: x, torch.zeros(2, 2, dtype=torch.int64))  # pyright: ignore[reportCallIssue]
    with pytest.raises(ValueError, match=r"f: expected output of shape \(20, 3\), got \(20, 1\)"):
        measure(lambda x: x[:, :1], points())  # pyright: ignore[reportCallIssue]
