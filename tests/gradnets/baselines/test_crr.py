import pytest
import torch
from torch import nn

from gradnets.baselines import CRR, RR
from gradnets.fields import convex
from gradnets.testing import assert_psd_at, assert_symmetric_at
from gradnets.training import train
from gradnets.trials import Data, Protocol


def perturbed(net: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn_like(parameter))
    return net.double()


def test_crr_is_monotone_and_rr_only_symmetric() -> None:
    x = 4 * torch.rand(50, 3, dtype=torch.float64) - 2
    assert_psd_at(perturbed(CRR(3)), x)
    assert_symmetric_at(perturbed(RR(3)), x)
    with pytest.raises(AssertionError, match="not PSD"):
        assert_psd_at(perturbed(RR(3)), x)


def test_training_keeps_crr_monotone() -> None:
    x = torch.rand(2, 500, 2, generator=torch.Generator().manual_seed(0))
    nets = [CRR(2), CRR(2)]
    history = train(
        nets,
        Data(x, convex.gradient(x), x, convex.gradient(x)),
        Protocol(epochs=10, batch=50, lr=0.02),
        progress=None,
    )
    assert (history.validation_loss[:, -1] < history.validation_loss[:, 0] / 2).all()
    for net in nets:
        assert_psd_at(net.double(), x[0, :50].double())
