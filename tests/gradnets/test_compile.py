"""torch.compile with the default backend, which needs a C++ compiler, on each architecture."""

import shutil

import pytest
import torch

from gradnets import GradNet, GradNetC, GradNetM, fields, mGradNet, mGradNetC, mGradNetM
from gradnets.training import train
from gradnets.trials import Data, Protocol

CASES = [
    GradNet(2, 7),
    mGradNet(2, 7),
    GradNetC(2, 7, 4),
    mGradNetC(2, 7, 4),
    GradNetM(2, 7, 4),
    mGradNetM(2, 7, 4, "tanh", rho="softplus"),
]


needs_compiler = pytest.mark.skipif(
    shutil.which("g++") is None, reason="torch.compile needs a C++ compiler: g++"
)


@needs_compiler
@pytest.mark.parametrize("net", CASES, ids=lambda net: type(net).__name__)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_inductor_agrees(net: torch.nn.Module) -> None:
    torch.compiler.reset()
    x = torch.rand(8, 2, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(torch.compile(net)(x), net(x))


@needs_compiler
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_compiled_training_is_the_same_up_to_rounding(dtype: torch.dtype) -> None:
    torch.compiler.reset()
    x = fields.unit_grid(10, dtype)[None].expand(2, -1, -1)
    y = fields.convex.gradient(x)
    losses = []
    for compiled in (False, True):
        torch.manual_seed(0)
        nets = [mGradNetC(2, 7, 4).to(dtype) for _ in range(2)]
        history = train(nets, Data(x, y, x, y), Protocol(3, 20), compile=compiled, progress=None)
        losses.append(history.train_loss)
    torch.testing.assert_close(*losses, rtol=1e-4 if dtype == torch.float32 else 1e-11, atol=0)
