"""What is no map of one sample."""

from typing import Any

import pytest
import sympy as sp
import torch
from torch import nn

from verify.trusted.trace import TraceError, trace

from .spelled import NO_SAMPLE_MAP, OTHER_KINDS, Spelled


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NO_SAMPLE_MAP)
def test_what_is_no_sample_map(name: str) -> None:
    net = Spelled(NO_SAMPLE_MAP[name])
    net.array = net.A.detach().numpy()
    dtype = torch.get_default_dtype()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    kept = {key: value for key, value in vars(net).items() if key not in ("kept",)}
    with pytest.raises((TraceError, ValueError)) as info:
        trace(net, 2)
    torch.set_default_dtype(dtype)
    kind = getattr(info.value, "kind", "")
    assert kind == OTHER_KINDS.get(name, "not a sample map"), str(info.value)
    after = net.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(before[k], after[k]) for k in before)
    assert all(vars(net)[k] is v for k, v in kept.items())
    assert net.kept == [net.A]
    assert len(vars(net)) == len(kept) + 1


@pytest.mark.parametrize("counts", [0, 1])
def test_objects_of_classes_without_a_module_are_looked_into(counts: int) -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.memory: Any = type("Memory", (), {"__module__": None})()
            self.memory.calls = 0
            # SymPy's undefined functions are of such classes too.
            self.symbol: Any = sp.Function("rho")(sp.Symbol("x"))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.memory.calls += counts
            return x

    if counts == 0:
        trace(Counting(), 2)
    else:
        with pytest.raises(TraceError, match="memory"):
            trace(Counting(), 2)
