import torch
from torch import nn

from gradnets import GradNetM, mGradNet
from gradnets.alike import description, fingerprint
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
