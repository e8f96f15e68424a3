"""Frozen tensors stay as they are under scope all; under scope current every parameter does."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined

ROWS = [[1.0, 2.0, 0.0], [0.0, -1.0, 1.0], [2.0, 0.0, 1.0], [1.0, 1.0, 1.0]]


class Pair(nn.Module):
    """V^T tanh(W x + b) with V as W is when built."""

    def __init__(self, trained_W: bool, trained_V: bool, other: float = 0.0) -> None:
        super().__init__()
        rows = torch.tensor(ROWS)
        self.W = nn.Parameter(rows.clone(), requires_grad=trained_W)
        self.V = nn.Parameter(rows + other, requires_grad=trained_V)
        self.b = nn.Parameter(torch.randn(4))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T + self.b) @ self.V


class Gate(nn.Module):
    """W^T (d tanh(W x))."""

    def __init__(self, d: list[float], trained: bool) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.tensor(ROWS))
        self.d = nn.Parameter(torch.tensor(d), requires_grad=trained)

    def forward(self, x: Tensor) -> Tensor:
        return (self.d * torch.tanh(x @ self.W.T)) @ self.W


@examined(symmetric=True, psd=True, why="both frozen, and equal")
def both_frozen() -> nn.Module:
    return Pair(False, False)


@examined(symmetric=False, psd=False, why="both frozen, and different")
def both_frozen_unequal() -> nn.Module:
    return Pair(False, False, 0.5)


@examined(symmetric=False, psd=False, why="the inner one is trained")
def inner_trained() -> nn.Module:
    return Pair(True, False)


@examined(symmetric=False, psd=False, why="the outer one is trained")
def outer_trained() -> nn.Module:
    return Pair(False, True)


@examined(symmetric=True, psd=True, why="equal as they are now", scope="current")
def equal_now() -> nn.Module:
    return Pair(True, True)


@examined(symmetric=False, psd=False, why="different as they are now", scope="current")
def different_now() -> nn.Module:
    return Pair(True, True, 0.5)


@examined(symmetric=True, psd=True, why="frozen and nonnegative")
def frozen_gate() -> nn.Module:
    return Gate([1.0, 0.0, 2.0, 3.0], False)


@examined(symmetric=True, psd=False, why="frozen, with a negative entry")
def frozen_negative_gate() -> nn.Module:
    return Gate([1.0, -3.0, 2.0, 0.0], False)


@examined(symmetric=True, psd=False, why="nonnegative now, but trained")
def trained_gate() -> nn.Module:
    return Gate([1.0, 0.0, 2.0, 3.0], True)


@examined(symmetric=True, psd=True, why="nonnegative as it is now", scope="current")
def gate_now() -> nn.Module:
    return Gate([1.0, 0.0, 2.0, 3.0], True)


@examined(symmetric=True, psd=False, why="negative as it is now", scope="current")
def negative_gate_now() -> nn.Module:
    return Gate([1.0, -5.0, 2.0, 0.5], True)


class Buffered(nn.Module):
    def __init__(self, power: int) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.tensor(ROWS))
        self.register_buffer("signs", torch.tensor([1.0, -1.0, 1.0, -1.0]) ** power)
        self.signs: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return (self.signs.to(x.dtype) * torch.sigmoid(x @ self.W.T)) @ self.W


@examined(symmetric=True, psd=False, why="a buffer with negative entries")
def signed_buffer() -> nn.Module:
    return Buffered(1)


@examined(symmetric=True, psd=True, why="a buffer of ones")
def positive_buffer() -> nn.Module:
    return Buffered(2)


@examined(symmetric=True, psd=True, why="a frozen layer of a random projection, tied")
def frozen_layer() -> nn.Module:
    class Projection(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lin = nn.Linear(3, 5).requires_grad_(False)
            self.raw = nn.Parameter(torch.randn(5))

        def forward(self, x: Tensor) -> Tensor:
            return (F.softplus(self.raw) * torch.tanh(self.lin(x))) @ self.lin.weight

    return Projection()


@examined(symmetric=True, psd=True, why="a slope frozen at 0.25")
def frozen_slope() -> nn.Module:
    class Slope(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lin, self.act = nn.Linear(3, 4), nn.PReLU()
            self.act.requires_grad_(False)

        def forward(self, x: Tensor) -> Tensor:
            return self.act(self.lin(x)) @ self.lin.weight

    return Slope()


class Free(nn.Module):
    def __init__(self, rows: list[list[float]]) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 3)
        with torch.no_grad():
            self.lin.weight.copy_(torch.tensor(rows))

    def forward(self, x: Tensor) -> Tensor:
        return self.lin(x)


@examined(symmetric=True, psd=True, why="a psd matrix now", scope="current")
def psd_now() -> nn.Module:
    return Free([[2.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 2.0]])


@examined(symmetric=True, psd=False, why="an indefinite matrix now", scope="current")
def indefinite_now() -> nn.Module:
    return Free([[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


@examined(symmetric=False, psd=False, why="a triangular matrix now", scope="current")
def triangular_now() -> nn.Module:
    return Free([[1.0, 2.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


@examined(symmetric=False, psd=False, why="nn.Linear itself")
def linear() -> nn.Module:
    return nn.Linear(3, 3)


@examined(symmetric=False, psd=False, why="nn.Sequential, a perceptron")
def perceptron() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3))


@examined(symmetric=True, psd=True, why="nn.Tanh itself")
def tanh() -> nn.Module:
    return nn.Tanh()


@examined(symmetric=True, psd=True, why="nn.Softmax itself")
def softmax() -> nn.Module:
    return nn.Softmax(dim=-1)


@examined(symmetric=True, psd=False, why="nn.GELU itself")
def gelu() -> nn.Module:
    return nn.GELU()


@examined(symmetric=True, psd=True, why="nn.Identity")
def identity() -> nn.Module:
    return nn.Identity()
