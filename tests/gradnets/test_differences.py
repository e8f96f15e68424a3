import pytest
import torch
from torch import Tensor

from gradnets.differences import differences
from gradnets.testing import jacobian

MAPS = {
    "polynomial": lambda x: torch.stack([x[:, 1] ** 2, x[:, 0] * x[:, 2], x[:, 2]], -1),
    "steep": lambda x: torch.tanh(1e4 * x),
    "large": lambda x: 1e6 + x**2,
    "wave": lambda x: torch.sin(5 * x).roll(1, -1),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", MAPS)
def test_the_estimate_bounds_the_error(name: str, dtype: torch.dtype) -> None:
    x = 3 * torch.randn(200, 3, generator=torch.Generator().manual_seed(0)).to(dtype)
    d = differences(MAPS[name], x)
    exact = jacobian(MAPS[name], x.double()).to(dtype)
    assert (d.gap(exact) <= 6 * d.error + 1e-5 * exact.abs().amax((1, 2))).all()


def test_both_slopes_of_a_kink() -> None:
    def bent(x: Tensor) -> Tensor:
        return torch.relu(x) + 2 * x

    d = differences(bent, torch.zeros(1, 1, dtype=torch.float64))
    assert d.low.item() == pytest.approx(2)
    assert d.high.item() == pytest.approx(3)
