"""Trainable tensors in disguise, and how what is read is shown."""

from typing import Any

import pytest
import sympy as sp
import torch
from torch import nn

from verify.atoms import softmax
from verify.identities import equal
from verify.symbolic import NotReadableError, instance

from .test_symbolic import Operation


class Hidden(nn.Module):
    """x V + tanh(x W) with V, in some disguise, the trainable W."""

    def __init__(self, disguise: str) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.eye(2))
        if disguise == "data":
            self.V: Any = self.W.data
        elif disguise == "buffer":
            self.register_buffer("V", self.W)
        elif disguise == "list":
            self.kept = [self.W]
        else:
            self.kept = [nn.Parameter(torch.eye(2))]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x @ self.W) + x @ (self.V if hasattr(self, "V") else self.kept[0])


@pytest.mark.parametrize("disguise", ["data", "buffer", "list", "another in a list"])
def test_trainable_tensors_in_disguise(disguise: str) -> None:
    try:
        s = instance(Hidden(disguise), 2)
    except NotReadableError:
        return
    assert not equal(s.jacobian, s.jacobian.T)


def test_softmax_is_one_atom() -> None:
    s = instance(Operation(lambda x: torch.exp(2 * x) / torch.exp(2 * x).sum(-1, True)), 2)
    z = [2 * symbol for symbol in s.x]
    assert [*s.f] == [softmax(sp.Integer(i), *z) for i in range(2)]
    s = instance(Operation(lambda x: torch.exp(x) / (1 + torch.exp(x).sum(-1, True))), 2)
    assert not s.f.has(softmax)


def test_frozen_parameters_are_numbers() -> None:
    net = nn.Linear(2, 2, bias=False).requires_grad_(False)
    s = instance(net, 2)
    assert not s.f.free_symbols & set(s.parameters["weight"].flat)
    assert s.jacobian == sp.Matrix(2, 2, [sp.Rational(v) for v in net.weight.flatten().tolist()])
