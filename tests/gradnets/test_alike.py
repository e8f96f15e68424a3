from collections.abc import Callable

import pytest
import torch
from torch import nn

from gradnets import GradNetM, mGradNet, mGradNetM
from gradnets.alike import description, fingerprint
from gradnets.training import train
from gradnets.trials import Data, Protocol


def test_description_leaves_out_the_values_of_tensors_alone() -> None:
    assert description(mGradNet(2, 7)) == description(mGradNet(2, 7))
    frozen = mGradNet(2, 7)
    frozen.W.requires_grad_(False)
    others = [
        mGradNet(2, 7, "sigmoid"),
        mGradNet(2, 8),
        mGradNet(2, 7).double(),
        mGradNet(2, 7).eval(),
        frozen,
        nn.Sequential(mGradNet(2, 7)),
    ]
    assert all(description(other) != description(mGradNet(2, 7)) for other in others)
    assert description(GradNetM(2, 7, 2)) != description(GradNetM(2, 7, 2, rho="softplus"))


def test_fingerprint_is_of_everything_a_run_starts_from() -> None:
    torch.manual_seed(0)
    nets: list[nn.Module] = [mGradNet(2, 7), mGradNet(2, 7)]
    x = torch.rand(2, 5, 2)
    start = (nets, Data(x, x, x, x), Protocol(), [0, 1])
    other = Data(x, x.flip(1), x, x)
    prints = {
        fingerprint(*start),
        fingerprint(nets[::-1], *start[1:]),
        fingerprint(nets, other, *start[2:]),
        fingerprint(*start[:2], Protocol(lr=0.1), [0, 1]),
        fingerprint(*start[:3], [1, 0]),
    }
    assert len(prints) == 5
    assert fingerprint(*start) in prints


DIFFERENT = {
    "activation": (lambda: mGradNet(2, 7, "tanh"), lambda: mGradNet(2, 7, "softplus")),
    "rho": (lambda: mGradNetM(2, 7, 2), lambda: mGradNetM(2, 7, 2, rho="softplus")),
    "inside": (
        lambda: nn.Sequential(nn.Linear(2, 2), nn.Tanh()),
        lambda: nn.Sequential(nn.Linear(2, 2), nn.ReLU()),
    ),
    "a closure": (
        lambda: mGradNet(2, 7, lambda width: Scaled(lambda z: 2 * z)),
        lambda: mGradNet(2, 7, lambda width: Scaled(lambda z: 3 * z)),
    ),
}


class Scaled(nn.Module):
    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.function(z)


@pytest.mark.parametrize("name", DIFFERENT)
def test_networks_that_only_look_alike(name: str) -> None:
    one, other = DIFFERENT[name]
    x = torch.rand(3, 20, 2)
    with pytest.raises(ValueError, match=r"nets: expected all alike, got network 2"):
        train([one(), one(), other()], Data(x, x, x, x), Protocol(epochs=1), progress=None)
