"""Operations with a story of their own, and whole modules."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from verify.trusted.trace import TraceError, trace

from .test_aten import GROUPS, Map, agree, points
from .test_aten_linear import LINEAR


@pytest.mark.parametrize("name", GROUPS)
def test_groups(name: str) -> None:
    agree(Map(GROUPS[name]), points(), 1e-9)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", LINEAR)
def test_linear(name: str) -> None:
    agree(Map(LINEAR[name]), points(), 1e-9)


P = nn.utils.parametrizations
MODULES: dict[str, Callable[[], nn.Module]] = {
    "weight_norm": lambda: P.weight_norm(nn.Linear(4, 4)),
    "old weight_norm": lambda: nn.utils.weight_norm(nn.Linear(4, 4)),
    "old weight_norm inside": lambda: nn.Sequential(nn.utils.weight_norm(nn.Linear(4, 4))),
    "orthogonal": lambda: P.orthogonal(nn.Linear(4, 4)),
    "cayley": lambda: P.orthogonal(nn.Linear(4, 4), orthogonal_map="cayley"),
    "householder": lambda: P.orthogonal(nn.Linear(4, 4), orthogonal_map="householder"),
    "tall": lambda: nn.Sequential(P.orthogonal(nn.Linear(4, 6)), P.orthogonal(nn.Linear(6, 4))),
    "spectral_norm": lambda: P.spectral_norm(nn.Linear(4, 4)).eval(),
    "batch norm": lambda: nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)).eval(),
    "dropout": lambda: nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)).eval(),
    "layer norm": lambda: nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 4), nn.RMSNorm(4)),
    "gru": lambda: nn.GRUCell(4, 4),
    "mlp": lambda: nn.Sequential(nn.Linear(4, 7), nn.SELU(), nn.Linear(7, 4)),
    "bilinear": lambda: Map(lambda m, x: nn.functional.bilinear(x, x, m.A[None].expand(4, 4, 4))),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODULES)
def test_modules(name: str) -> None:
    torch.manual_seed(0)
    agree(MODULES[name]().double(), points(), 1e-9)


def test_unknown_operations_are_named_with_their_line() -> None:
    with pytest.raises(TraceError, match=r"unknown operation: _fft_r2c .*test_aten.py:\d+") as info:
        trace(Map(lambda m, x: torch.fft.rfft(x).abs().repeat(1, 2)[:, :4]), 4)
    assert info.value.kind == "unknown operation"
