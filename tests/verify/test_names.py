"""Verdicts and digests depend on neither names nor sizes, nor on how often a block repeats."""

from collections.abc import Callable
from itertools import product

import pytest
import torch
from torch import nn

import verify
from gradnets import GradNet, GradNetC, GradNetM, mGradNet, mGradNetC, mGradNetM

SOURCE = """
import torch
from torch import nn


class {Net}(nn.Module):
    def __init__(self, {n}, {m}):
        super().__init__()
        self.{W} = nn.Parameter(torch.ones({m}, {n}))
        self.{V} = nn.Parameter(torch.ones({m}, {n}))
        self.{b} = nn.Parameter(torch.zeros({m}))
        self.{part} = {Part}({m})

    def forward(self, {x}):
        {z} = self.{part}(nn.functional.linear({x}, self.{W}, self.{b}))
        return {z} @ self.{W if tied else V} + 0 * {x}


class {Part}(nn.Module):
    def __init__(self, {m}):
        super().__init__()
        self.{c} = nn.Parameter(torch.zeros({m}))

    def forward(self, {x}):
        return torch.exp(self.{c}) * torch.tanh({x})
"""
NAMES: tuple[str, ...] = ("Net", "n", "m", "W", "V", "b", "part", "Part", "x", "z", "c")
OTHERS = (
    NAMES,
    ("Q", "alpha", "aaa", "zz", "aa", "psd", "l0", "mGradNet", "i0", "n0", "theta_0"),
    ("Symmetric", "x", "W", "b", "c", "V", "tanh", "GradNet", "W", "k", "proved"),
)
ALIASES: list[dict[str, str]] = [dict(zip(NAMES, others, strict=True)) for others in OTHERS]


def written(names: dict[str, str], tied: bool) -> nn.Module:
    """Return the module that the source spells with these names."""
    source = SOURCE.replace("{W if tied else V}", "{W}" if tied else "{V}")
    space: dict[str, object] = {"__name__": "written"}
    exec(source.format(**names), space)
    return space[names["Net"]](2, 3)  # type: ignore[operator]


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("claim", ["symmetric", "psd"])
def test_names_do_not_matter(tied: bool, claim: str) -> None:
    verdicts = [verify.decide(written(names, tied), claim, dim=2) for names in ALIASES]
    assert {v.status for v in verdicts} == {"proved" if tied else "refuted"}
    assert len({v.certificate and v.certificate.digest for v in verdicts}) == 1
    for verdict, names in product(verdicts, ALIASES):
        if verdict.certificate:
            verify.check(verdict.certificate, written(names, tied), dim=2)
        if verdict.counterexample:
            verdict.counterexample.replay(written(ALIASES[verdicts.index(verdict)], tied))


def test_an_heir_by_another_name() -> None:
    class NotMonotoneAtAll(mGradNetC):
        """An heir, its parameters registered in another order."""

        def __init__(self) -> None:
            super().__init__(2, 3, 3)
            self.late, self.W = self.W, None  # type: ignore[assignment]
            del self.W
            self.W = self.late
            del self.late

    ours, theirs = (
        verify.decide(n, "psd", dim=2) for n in (mGradNetC(2, 3, 3), NotMonotoneAtAll())
    )
    assert ours.certificate is not None
    assert theirs.certificate is not None
    assert ours.certificate.digest == theirs.certificate.digest


Make = Callable[[int, int], nn.Module]
SIZES = [(2, 2), (3, 5), (64, 256)]
NETWORKS: dict[str, tuple[Make, tuple[str, ...]]] = {
    "GradNet": (lambda n, m: GradNet(n, m, "sigmoid"), ("symmetric",)),
    "mGradNet tanh": (lambda n, m: mGradNet(n, m, "tanh"), ("symmetric", "psd")),
    "mGradNet softmax": (lambda n, m: mGradNet(n, m, "softmax"), ("symmetric", "psd")),
    "GradNetC": (lambda n, m: GradNetC(n, m, 3), ("symmetric",)),
    "mGradNetC": (lambda n, m: mGradNetC(n, m, 3), ("symmetric", "psd")),
    "mGradNetC softplus": (lambda n, m: mGradNetC(n, m, 2, "softplus"), ("psd",)),
    "GradNetM": (lambda n, m: GradNetM(n, m, 2), ("symmetric",)),
    "mGradNetM": (lambda n, m: mGradNetM(n, m, 2), ("symmetric", "psd")),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_sizes_do_not_matter(name: str) -> None:
    make, claims = NETWORKS[name]
    found: list[verify.Certificate] = []
    for claim in claims:
        found = [verify.assert_proved(make(n, m), claim, dim=n) for n, m in SIZES]
        assert len({certificate.digest for certificate in found}) == 1
    for n, m in SIZES[1:]:
        verify.check(found[0], make(n, m), dim=n)


DEEP: dict[str, tuple[Callable[[int], nn.Module], str]] = {
    "GradNetC": (lambda depth: GradNetC(2, 3, depth), "symmetric"),
    "mGradNetC": (lambda depth: mGradNetC(2, 3, depth), "psd"),
    "GradNetM": (lambda modules: GradNetM(2, 3, modules), "symmetric"),
    "mGradNetM": (lambda modules: mGradNetM(2, 3, modules), "psd"),
}


@pytest.mark.parametrize("name", DEEP)
def test_depth_does_not_matter(name: str) -> None:
    make, claim = DEEP[name]
    certificates = [verify.assert_proved(make(depth), claim, dim=2) for depth in (2, 3, 8)]
    assert len({c.digest for c in certificates}) == 1
    for depth in (5, 13):
        verify.check(certificates[0], make(depth), dim=2)


class Altered(nn.Module):
    """A network with its output altered."""

    def __init__(
        self, net: nn.Module, change: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    ):
        super().__init__()
        self.net, self.change = net, change

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.change(self.net(x), x)


def test_other_networks_are_told_apart() -> None:
    nets = {
        "tanh": mGradNet(2, 3, "tanh"),
        "softplus": mGradNet(2, 3, "softplus"),
        "softmax": mGradNet(2, 3, "softmax"),
        "cascade": mGradNetC(2, 3, 3),
        "free cascade": GradNetC(2, 3, 3),
        "cascade of softplus": mGradNetC(2, 3, 3, "softplus"),
        "modules": mGradNetM(2, 3, 2, "softplus", rho="one"),
        "free modules": GradNetM(2, 3, 2, "softplus"),
        "plus x": Altered(mGradNet(2, 3, "tanh"), lambda y, x: y + x),
        "minus": Altered(mGradNet(2, 3, "tanh"), lambda y, x: -y),
        "swapped": Altered(mGradNet(2, 3, "tanh"), lambda y, x: y.flip(1)),
        "nearly": Altered(mGradNet(2, 3, "tanh"), lambda y, x: y - 1e-30 * x),
        "untied": written(ALIASES[0], tied=False),
    }
    for name in ("tanh", "cascade"):
        certificate = verify.assert_proved(nets[name], "symmetric", dim=2)
        for other, net in nets.items():
            if other == name:
                verify.check(certificate, net, dim=2)
            else:
                with pytest.raises(verify.Rejected, match="another map"):
                    verify.check(certificate, net, dim=2)
