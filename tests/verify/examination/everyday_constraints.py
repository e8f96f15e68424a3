"""Multiples of the identity, Lipschitz bounds, quadrics and parametrized weights."""

# Parts that torch makes have no narrower type than Tensor | Module.
# pyright: reportArgumentType=false, reportOperatorIssue=false, reportAttributeAccessIssue=false

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from .entry import examined


class Matrix(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 3))
        self.b = nn.Parameter(torch.randn(4))
        self.S = nn.Parameter(torch.randn(3, 3))
        self.raw = nn.Parameter(torch.randn(3))

    def f(self, x: Tensor) -> Tensor:
        return torch.tanh(F.linear(x, self.W, self.b)) @ self.W


@examined(symmetric=True, psd=True, why="|W|_F^2 + 1e-6 bounds the slope of f")
class FrobeniusBound(Matrix):
    def forward(self, x: Tensor) -> Tensor:
        return x - self.f(x) / (self.W.pow(2).sum() + 1e-6)


@examined(symmetric=True, psd=True, why="the spectral norm squared bounds the slope of f")
class SpectralBound(Matrix):
    def forward(self, x: Tensor) -> Tensor:
        return x - self.f(x) / torch.linalg.matrix_norm(self.W, ord=2) ** 2


@examined(symmetric=True, psd=True, why="|W|_1 |W|_inf is at least the spectral norm squared")
class RowAndColumnSums(Matrix):
    def forward(self, x: Tensor) -> Tensor:
        bound = self.W.abs().sum(0).max() * self.W.abs().sum(1).max()
        return bound * x - self.f(x)


@examined(symmetric=True, psd=False, why="the largest row is no bound of the spectral norm")
class LargestRow(Matrix):
    def forward(self, x: Tensor) -> Tensor:
        return self.W.pow(2).sum(1).max() * x - self.f(x)


@examined(symmetric=True, psd=True, why="the slope of sigmoid is at most 1/4")
class SigmoidBound(Matrix):
    def forward(self, x: Tensor) -> Tensor:
        g = torch.sigmoid(self.b + x @ self.W.T) @ self.W
        return 0.25 * self.W.square().sum() * x - g


@examined(
    symmetric=True,
    psd=False,
    why="a fifth is less than the slope 1/4",
    values={"W": [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]], "b": 0.0},
)
class SigmoidBoundTooSmall(Matrix):
    def forward(self, x: Tensor) -> Tensor:
        g = torch.sigmoid(self.b + x @ self.W.T) @ self.W
        return 0.2 * self.W.square().sum() * x - g


@examined(symmetric=True, psd=True, why="(L L^T + e I) x with a Cholesky factor L")
class CholeskyFactor(Matrix):
    def forward(self, x: Tensor) -> Tensor:
        L = torch.tril(self.S, -1) + torch.diag_embed(F.softplus(self.raw))
        return x @ (L @ L.T + 1e-4 * torch.eye(3, dtype=x.dtype))


@examined(symmetric=True, psd=False, why="L D L^T with a D of any sign")
class Ldl(Matrix):
    def forward(self, x: Tensor) -> Tensor:
        L = torch.tril(self.S, -1) + torch.eye(3, dtype=x.dtype)
        return x @ (L @ torch.diag(self.raw) @ L.T)


@examined(symmetric=True, psd=True, why="(I + S S^T)^-1")
class InverseOfGram(Matrix):
    def forward(self, x: Tensor) -> Tensor:
        return x @ torch.linalg.inv(torch.eye(3, dtype=x.dtype) + self.S @ self.S.T)


@examined(symmetric=True, psd=True, why="Woodbury: (I + W^T W)^-1 x by a solve with four unknowns")
class Woodbury(Matrix):
    def forward(self, x: Tensor) -> Tensor:
        A = torch.eye(4, dtype=x.dtype) + self.W @ self.W.T
        return x - torch.linalg.solve(A, self.W @ x.T).T @ self.W


@examined(symmetric=True, psd=False, why="without the inverse: x - W^T W x")
class WoodburyForgotten(Matrix):
    def forward(self, x: Tensor) -> Tensor:
        return x - (x @ self.W.T) @ self.W


@examined(symmetric=True, psd=True, why="the projection onto the range of S[:2]; singular: outside")
class RangeProjection(Matrix):
    def forward(self, x: Tensor) -> Tensor:
        A = self.S[:2]
        return torch.linalg.solve(A @ A.T, A @ x.T).T @ A


@examined(symmetric=True, psd=True, why="t^2 - t + 1 > 0: three steps of descent on a quadric")
class ThreeSteps(Matrix):
    def forward(self, x: Tensor) -> Tensor:
        Q, y = self.S.T @ self.S, torch.zeros_like(x)
        for _ in range(3):
            y = y - 0.1 * (y @ Q - x)
        return y


@examined(
    symmetric=True,
    psd=False,
    why="two steps overshoot where Q is above 20",
    values={"S": [[6.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]},
)
class TwoSteps(Matrix):
    def forward(self, x: Tensor) -> Tensor:
        Q, y = self.S.T @ self.S, torch.zeros_like(x)
        for _ in range(2):
            y = y - 0.1 * (y @ Q - x)
        return y


@examined(symmetric=True, psd=True, why="slope 3 (p u + q)^2")
class Cubic(Matrix):
    def forward(self, x: Tensor) -> Tensor:
        p, q, u = self.b, self.W[:, 0], x @ self.W.T
        return (p**2 * u**3 + 3 * p * q * u**2 + 3 * q**2 * u) @ self.W


@examined(symmetric=True, psd=False, why="slope 3 p^2 u^2 + 6 p q u + 2 q^2 has two roots")
class CubicBelow(Matrix):
    def forward(self, x: Tensor) -> Tensor:
        p, q, u = self.b, self.W[:, 0], x @ self.W.T
        return (p**2 * u**3 + 3 * p * q * u**2 + 2 * q**2 * u) @ self.W


class ZeroMean(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return weight - weight.mean(-1, keepdim=True)


@examined(dim=6, symmetric=True, psd=True, why="zero-mean filters of unit scale, tied")
class FilterBank(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = parametrizations.weight_norm(nn.Conv1d(1, 3, 3, bias=False))
        parametrize.register_parametrization(self.conv, "weight", ZeroMean())

    def forward(self, x: Tensor) -> Tensor:
        z = F.hardtanh(self.conv(x[:, None]))
        return F.conv_transpose1d(z, self.conv.weight)[:, 0]


@examined(symmetric=False, psd=False, why="the parametrized weight inside, the raw one outside")
class RawOutside(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 4)
        parametrize.register_parametrization(self.lin, "weight", ZeroMean())

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.lin(x)) @ self.lin.parametrizations.weight.original


@examined(symmetric=None, psd=None, why="a power iteration at each call in train mode")
class SpectralNormTrain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = parametrizations.spectral_norm(nn.Linear(3, 4))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.lin(x)) @ self.lin.weight
