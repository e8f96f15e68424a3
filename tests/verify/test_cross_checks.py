"""Proofs and graphs against what shares no code with them: a prime field, SymPy, torch itself."""

from typing import Any

import numpy as np
import pytest
import sympy as sp
import torch
from torch import nn

from verify.atoms import evaluated
from verify.symbolic import Instance, NotReadableError, instance
from verify.trusted.graph import decode
from verify.trusted.trace import TraceError, trace

from .duals import asymmetry
from .examination import ENTRIES, Entry
from .pool import MODULES, certificates, proofs


def test_symmetry_over_a_prime_field_agrees_with_certificates() -> None:
    for seed, document in enumerate(certificates()):
        assert not asymmetry(decode(document["graph"]), seed)


@pytest.mark.parametrize("name", MODULES)
def test_symmetry_over_a_prime_field_agrees_at_the_module_s_sizes(name: str) -> None:
    make, dim = MODULES[name]
    assert not asymmetry(trace(make(), dim).graph, 0)


SAMPLE: list[Entry] = [
    entry
    for entry in ENTRIES
    if entry.symmetric is not None and entry.scope == "all" and 1 < entry.dim <= 4
]


@pytest.mark.parametrize("entry", SAMPLE[::24], ids=str)
def test_what_a_prime_field_refutes_is_not_proved(entry: Entry) -> None:
    """And what it sees of the examination is its truth."""
    try:
        graph = trace(entry.make(), entry.dim).graph
    except TraceError:
        return
    if len(graph.nodes) < 200 and asymmetry(graph, 1):
        assert proofs(graph, "symmetric") is None
        assert not entry.symmetric


def test_a_prime_field_sees_asymmetries() -> None:
    class Untied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.W, self.V = (nn.Parameter(torch.eye(3)) for _ in range(2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.tanh(x @ self.W.T) @ self.V

    class Twisted(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + 1e-30 * x.roll(1, 1) - 2e-30 * x.flip(1)

    for net in (Untied(), nn.Linear(3, 3), Twisted()):
        assert asymmetry(trace(net, 3).graph, 0)
    assert not asymmetry(trace(nn.Tanh(), 3).graph, 0)


def numbers(s: Instance, net: nn.Module, x: torch.Tensor) -> dict[Any, Any]:
    """Return the exact values of a point and the parameters, symbol by symbol."""
    symbols, values = [*s.x], x.flatten().tolist()
    for key, p in net.named_parameters():
        symbols += s.parameters[key].flatten().tolist()
        values += p.flatten().tolist()
    return dict(zip(symbols, map(sp.Rational, values), strict=True))


@pytest.mark.parametrize("name", MODULES)
def test_the_graph_in_sympy_agrees_with_the_module(name: str) -> None:
    make, dim = MODULES[name]
    net = make().double()
    generator = torch.Generator().manual_seed(3)
    for p in net.parameters():
        p.data.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64))
    s = instance(net, dim)
    x = torch.randn(1, dim, generator=generator, dtype=torch.float64)
    at = numbers(s, net, x)
    exact = [float(sp.N(evaluated(e).subs(at), 30)) for e in s.f]
    assert exact == pytest.approx(net(x)[0].tolist(), rel=1e-12, abs=1e-14)
    J = np.array([float(sp.N(evaluated(e).subs(at), 30)) for e in s.jacobian]).reshape(dim, dim)
    h = 1e-6
    steps = h * torch.eye(dim, dtype=torch.float64)
    with torch.no_grad():
        differences = ((net(x + steps) - net(x - steps)) / (2 * h)).T.numpy()
    np.testing.assert_allclose(J, differences, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("entry", SAMPLE[5::48], ids=str)
def test_the_examination_in_sympy_agrees_with_the_module(entry: Entry) -> None:
    net = entry.make().double()
    try:
        s = instance(net, entry.dim)
    except NotReadableError:
        return
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, entry.dim, generator=generator, dtype=torch.float64)
    at = numbers(s, net, x)
    exact = [complex(sp.N(evaluated(e).subs(at), 30)) for e in s.f]
    with torch.no_grad():
        measured = net(x)[0].tolist()
    if np.isfinite(measured).all():
        np.testing.assert_allclose(exact, measured, rtol=1e-6, atol=1e-9)
