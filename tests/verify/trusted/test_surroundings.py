"""Whose code it is: a library's is not looked into, but a package that is judged is."""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from torch import nn

import verify
from verify.trusted import surroundings

NETS = """
import torch
from torch import nn

CALLS = 0

class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(3, 4, bias=False)

    def forward(self, x):
        return torch.tanh(self.lin(x)) @ self.lin.weight

class Counting(Tied):
    def forward(self, x):
        global CALLS
        CALLS += 1
        return super().forward(x) if CALLS < 5000 else -x
"""


@pytest.fixture(params=["installed_nets/nets.py", "namespace_of_nets/nets.py", "single_nets.py"])
def installed(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The name of a module that stands where packages are installed."""
    file = tmp_path / request.param
    file.parent.mkdir(exist_ok=True)
    file.write_text(NETS)
    if file.parent.name == "installed_nets":  # a namespace has no such file
        (file.parent / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    libraries = (*surroundings.LIBRARIES, str(tmp_path) + os.sep)
    monkeypatch.setattr(surroundings, "LIBRARIES", libraries)
    name = request.param.removesuffix(".py").replace("/", ".")
    yield name
    for known in [known for known in sys.modules if known.startswith(name.split(".")[0])]:
        del sys.modules[known]


def test_a_package_is_looked_into_where_its_module_is_judged(installed: str) -> None:
    nets = importlib.import_module(installed)
    assert verify.decide(nets.Tied(), "psd", 3).status == "proved"
    reason = verify.decide(nets.Counting(), "psd", 3).reason
    assert reason is not None
    assert reason.kind == "not a sample map"
    assert nets.CALLS == 0
    assert surroundings.installed(nets)


def test_what_is_judged_is_forgotten() -> None:
    assert verify.decide(nn.Tanh(), "psd", 3).status == "proved"
    assert not surroundings.JUDGED
