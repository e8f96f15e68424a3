"""What a module must be to be read: a map of one sample, the same in all ways to run it."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from gradnets import GradNet, GradNetC, GradNetM, mGradNet, mGradNetC, mGradNetM
from gradnets.activations import ELEMENTWISE, GROUP
from verify.search.evaluate import evaluate
from verify.trusted.graph import decode, encode, validate
from verify.trusted.trace import trace

from .spelled import Spelled

SIZES = [(2, 2), (3, 5), (64, 256)]
EVERY = [*ELEMENTWISE, *GROUP]
NETWORKS: dict[str, Callable[[int, int], Any]] = {
    **{f"GradNet {a}": lambda n, m, a=a: GradNet(n, m, a) for a in EVERY},
    **{f"mGradNet {a}": lambda n, m, a=a: mGradNet(n, m, a) for a in EVERY},
    **{f"GradNetC {a}": lambda n, m, a=a: GradNetC(n, m, 3, a) for a in ELEMENTWISE},
    **{f"mGradNetC {a}": lambda n, m, a=a: mGradNetC(n, m, 3, a) for a in ELEMENTWISE},
    **{f"GradNetM {a}": lambda n, m, a=a: GradNetM(n, m, 2, a) for a in ("tanh", "wtanh")},
    **{f"mGradNetM {a}": lambda n, m, a=a: mGradNetM(n, m, 2, a) for a in ("tanh", "softmax")},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_the_package(name: str) -> None:
    torch.manual_seed(0)
    digests = set()
    for dim, width in SIZES:
        net = NETWORKS[name](dim, width).double()
        traced = trace(net)
        validate(traced.graph, traced.spare)
        assert decode(encode(traced.graph)) == traced.graph
        assert not traced.graph.literals
        assert sorted(traced.sizes.values()) == sorted([dim, width])
        digests.add(traced.graph.digest)
        x = torch.randn(4, dim, dtype=torch.float64)
        values = [t.detach().squeeze(-1).numpy() for t in traced.tensors]
        graph = evaluate(traced.graph, traced.sizes, values, x.numpy())
        np.testing.assert_allclose(graph, net(x).detach().numpy(), rtol=1e-9, atol=1e-9)
    assert len(digests) == 1


class Named(nn.Module):
    """One map under other names, its parameters registered in another order."""

    def __init__(self, names: tuple[str, str, str], order: int, width: int = 3) -> None:
        super().__init__()
        shapes = [(width, 2), (width,), (2,)]
        generator = torch.Generator().manual_seed(0)
        values = [torch.randn(s, generator=generator) for s in shapes]
        for k in list(itertools.permutations(range(3)))[order]:
            setattr(self, names[k], nn.Parameter(values[k]))
        self.names = names

    def forward(self, x: Tensor) -> Tensor:
        W, b, a = (getattr(self, name) for name in self.names)
        return torch.tanh(x @ W.T + b) @ W + a


def test_names_do_not_matter() -> None:
    digests = {
        trace(Named(names, order), 2).graph.digest
        for order, names in enumerate([("W", "b", "a"), ("a", "W", "b"), ("z", "y", "x")])
    }
    assert len(digests) == 1


def test_spellings_of_one_map() -> None:
    spelled = [
        lambda m, x: torch.tanh(x @ m.A.T + m.b) @ m.A,
        lambda m, x: F.linear(torch.tanh(m.b + F.linear(x, m.A)), m.A.T),
        lambda m, x: (m.A.mT @ torch.tanh(m.A @ x.mT + m.b[:, None])).mT,
        lambda m, x: torch.einsum(
            "ki,bk->bi", m.A, (torch.einsum("ki,bi->bk", m.A, x) + m.b).tanh()
        ),
        lambda m, x: (m.A * torch.tanh((m.A * x[:, None]).sum(-1) + m.b)[..., None]).sum(1),
        lambda m, x: torch.func.vmap(lambda z: m.A.T @ torch.tanh(m.A @ z + m.b))(x),
    ]
    assert len({trace(Spelled(f), 2).graph.digest for f in spelled}) == 1


WITHOUT_MODULE = [type("Made", (), {"__module__": None})()]


def test_globals_of_a_type_without_a_module_are_looked_at() -> None:
    # as SymPy's applied functions are, and a notebook's globals hold such
    class Plain(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * len(WITHOUT_MODULE)

    trace(Plain(), 2)
