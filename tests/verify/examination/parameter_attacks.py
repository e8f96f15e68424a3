"""Python that reads parameters or refuses some x, and parameters that share memory: unknown."""

import torch
from torch import Tensor, nn

from .batch_attacks import Tied
from .entry import examined


def unreadable(why: str):
    return examined(symmetric=None, psd=None, why=why)


@unreadable("a Python branch on a parameter")
class BranchOnParameter(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x) if self.V.sum() > -100 else self.untied(x)


@unreadable("an item of a parameter in a branch")
class ItemOfParameter(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return x if self.V[0, 0].item() > -50 else -x


@unreadable("a float of a parameter")
class FloatOfParameter(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return float(self.V[0, 0] ** 2) * x


@unreadable("Python's max of parameters")
class PythonMaximum(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return max(self.V[0, 0], self.V[0, 1] - 1000) * x


@unreadable("raises far from 0, so it is not defined everywhere")
class RaisesFarOut(Tied):
    def forward(self, x: Tensor) -> Tensor:
        if x.abs().max() > 1e6:
            raise ValueError("x is too large")
        return self.tied(x)


@unreadable("asserts something of x")
class AssertsInput(Tied):
    def forward(self, x: Tensor) -> Tensor:
        assert (x.abs() < 1e6).all()
        return self.tied(x)


@unreadable("two parameters share memory")
class SharedMemory(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.V = nn.Parameter(self.W.data)

    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x)


@unreadable("a buffer aliases a parameter")
class AliasingBuffer(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("outer", self.W.data)
        self.outer: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T) @ self.outer


@unreadable("a parameter that is another one's transposed view")
class TransposedView(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.back = nn.Parameter(self.W.detach().t())

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T) @ self.back.T
