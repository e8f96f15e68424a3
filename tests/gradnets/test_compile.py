"""torch.compile with the default backend, which needs a C++ compiler, on each architecture."""

import shutil

import pytest
import torch

from gradnets import GradNet, GradNetC, GradNetM, mGradNet, mGradNetC, mGradNetM

CASES = [
    GradNet(2, 7),
    mGradNet(2, 7),
    GradNetC(2, 7, 4),
    mGradNetC(2, 7, 4),
    GradNetM(2, 7, 4),
    mGradNetM(2, 7, 4, "tanh", rho="softplus"),
]


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler: g++")
@pytest.mark.parametrize("net", CASES, ids=lambda net: type(net).__name__)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_inductor_agrees(net: torch.nn.Module) -> None:
    torch.compiler.reset()
    x = torch.rand(8, 2, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(torch.compile(net)(x), net(x))
