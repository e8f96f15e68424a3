"""State in the user's other files, by whatever way code comes to it: none is proved."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import mpmath
import pytest
import sympy
import torch
from sympy.polys.matrices import DomainMatrix
from torch import nn

import verify

FILES = {
    # The file is called as a submodule, and has a global called as its counter.
    "act": """
from torch import nn
def step(): ...
class Act(nn.Module):
    def __init__(self):
        super().__init__()
        self.step = 0
    def forward(self, x):
        self.step += 1
        return x * (1 - 6 * (self.step > 3000))
""",
    "named_as_a_submodule": """
from torch import nn
from act import Act
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.act = Act()
    def forward(self, x):
        return self.act(x)
""",
    "stats": """
class Stats:
    counts = {"n": 0}
class Scaler:
    counts = {"n": 0}
    def __call__(self, x):
        self.counts["n"] += 1
        return x * (1 - 6 * (self.counts["n"] > 3000))
""",
    "held_by_a_class": """
import stats
from torch import nn
class Net(nn.Module):
    def forward(self, x):
        held = getattr(stats, "Stats")
        held.counts["n"] += 1
        return x * (1 - 6 * (held.counts["n"] > 3000))
""",
    "a_class_by_name": """
import stats
from torch import nn
class Net(nn.Module):
    name = "Scaler"
    def forward(self, x):
        return getattr(stats, self.name)()(x)
""",
    # One file, copied.
    "first": """
from torch import nn
STATS = {"n": 0}
def act(x):
    STATS["n"] += 1
    return x * (1 - 6 * (STATS["n"] > 3000))
class Net(nn.Module):
    def __init__(self, fns=None):
        super().__init__()
        self.fns = fns
    def forward(self, x):
        fns = getattr(self, "fns", None)
        return (fns or [act])[0](x)
""",
    "registered": "from second import act\nFNS = [act]\n",
    "equal_code_in_two_files": """
import importlib
import first
class Net(first.Net):
    def __init__(self):
        super().__init__(importlib.import_module("registered").FNS)
""",
    "pack/__init__": "from . import config\n",
    "pack/config": "step = 0\n",
    "a_submodule": """
import pack
from torch import nn
class Net(nn.Module):
    backend = pack
    def forward(self, x):
        self.backend.config.step += 1
        return x * (1 - 6 * (self.backend.config.step > 3000))
""",
    "namedtuple_nets": """
import datetime
from torch import nn
class Net(nn.Module):
    def forward(self, x):
        return x * (1 - 6 * (datetime.datetime.now().microsecond == 0))
""",
    "made": """
def make(stats):
    def act(x, s=stats):
        s["n"] += 1
        return x * (1 - 6 * (s["n"] > 3000))
    return act
relu = make({"n": 0})
tanh = make({"n": 0})
""",
    "a_default": """
import made
from torch import nn
class Net(nn.Module):
    name = "tanh"
    def forward(self, x):
        f = made.relu if self.name is None else getattr(made, self.name)
        return f(x)
""",
    # A first call makes a global of a file that nothing names but the functions in a container.
    "acts": """
mass = None
def layer(x):
    global mass
    if mass is None:
        mass = float(len(x))
    return x / mass
LAYERS = {"layer": layer}
""",
    "held": """
from dataclasses import dataclass, field
from acts import layer
@dataclass
class Held:
    fns: list = field(default_factory=lambda: [(layer, 1.0)])
""",
    "by_a_table": """
from acts import LAYERS
from torch import nn
class Net(nn.Module):
    def forward(self, x):
        return LAYERS["layer"](x)
""",
    "by_an_object": """
from held import Held
from torch import nn
class Net(nn.Module):
    held = Held()
    def forward(self, x):
        for f, c in self.held.fns:
            x = c * f(x)
        return x
""",
    "by_its_name": """
import acts
from torch import nn
class Net(nn.Module):
    def forward(self, x):
        return getattr(acts, "layer")(x)
""",
    "by_the_table_of_files": """
import sys
import acts
del acts
from torch import nn
class Net(nn.Module):
    def forward(self, x):
        return getattr(sys.modules["acts"], "layer")(x)
""",
    # A cache of what another function keeps in its file.
    "cached": """
from functools import lru_cache
c = None
def draw(n):
    global c
    if c is None:
        c = float(n)
    return c
@lru_cache(None)
def gain(n): return draw(n)
""",
    "by_a_cache": """
from cached import gain
from torch import nn
class Net(nn.Module):
    def forward(self, x):
        return gain(4) * x
""",
    "steady": "BETA = 2.0\ndef layer(x): return BETA * x\nLAYERS = {'layer': layer}\n",
    "honest": """
from steady import LAYERS
from torch import nn
class Net(nn.Module):
    def forward(self, x):
        return LAYERS["layer"](x)
""",
}
FILES["second"] = FILES["first"]
HONEST = "honest"
NETS = [n for n, text in FILES.items() if "class Net" in text and n not in ("second", HONEST)]


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name, text in FILES.items():
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    before = {*sys.modules}
    yield
    for name in {*sys.modules} - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def loaded(name: str) -> ModuleType:
    return importlib.import_module(name)


@pytest.mark.parametrize("name", NETS)
def test_files(files: None, name: str) -> None:
    net = loaded(name).Net()
    verdict = verify.decide(net, "psd", 3)
    assert verdict.reason is not None
    assert verdict.reason.kind == "not a sample map"


def test_an_honest_table(files: None) -> None:
    assert verify.decide(loaded(HONEST).Net(), "psd", 3).status == "proved"


class Entry(nn.Module):
    """x, until the entry of a library's matrix was counted up 3000 times."""

    def __init__(self, held: Any) -> None:
        super().__init__()
        self.held = held

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.held[0, 0] = self.held[0, 0] + 1
        return x * (1 - 6 * (float(self.held[0, 0]) > 3000))


class Domain(nn.Module):
    """x, until an element of a matrix of a domain's was counted up 3000 times."""

    def __init__(self) -> None:
        super().__init__()
        self.held: Any = DomainMatrix([[sympy.ZZ(0)]], (1, 1), sympy.ZZ)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.held[0, 0] = self.held[0, 0].element + 1
        return x * (1 - 6 * (int(self.held[0, 0].element) > 3000))


@pytest.mark.parametrize(
    "net", [Entry(mpmath.matrix(1, 1)), Entry(sympy.zeros(1, 1)), Domain()], ids=str
)
def test_matrices(net: nn.Module) -> None:
    verdict = verify.decide(net, "psd", 3)
    assert verdict.reason is not None
    assert "changes held" in verdict.reason.detail


class Kept(nn.Module):
    """Holds what keeps no state that a call changes."""

    def __init__(self, held: object) -> None:
        super().__init__()
        self.held = held

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * bool(self.held)


@pytest.mark.parametrize("held", [sympy.Symbol("a"), mpmath.mpf(2), sympy.eye(2)], ids=str)
def test_kept(held: object) -> None:
    assert verify.decide(Kept(held), "psd", 3).status == "proved"
