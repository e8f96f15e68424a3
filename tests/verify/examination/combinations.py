"""Sums, differences and multiples of gradient networks, + mu x, + L x, blocks."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined


class Ridge(nn.Module):
    """W^T tanh(W x + b) + a, written as its users write it."""

    def __init__(self, dim: int = 3, width: int = 4) -> None:
        super().__init__()
        self.lin = nn.Linear(dim, width)
        self.a = nn.Parameter(torch.zeros(dim))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.lin(x)) @ self.lin.weight + self.a


class Soft(Ridge):
    """W^T softmax(W x + b) + a."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(self.lin(x), -1) @ self.lin.weight + self.a


class Parts(nn.Module):
    def __init__(self, dim: int = 3) -> None:
        super().__init__()
        self.f, self.g = Ridge(dim), Soft(dim)
        self.mu = nn.Parameter(torch.randn(()))
        self.nu = nn.Parameter(torch.randn(()))
        self.A = nn.Parameter(torch.randn(2, dim))
        self.S = nn.Parameter(torch.randn(dim, dim))
        self.d = nn.Parameter(torch.randn(dim))
        self.register_buffer("P", torch.tensor([[1.0, 0, 0], [0, 0, 0], [0, 0, 1]]))
        self.P: Tensor


@examined(symmetric=True, psd=True, why="a sum")
class Sum(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x) + self.g(x)


@examined(symmetric=True, psd=True, why="a conical sum")
class Conical(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.mu.exp() * self.f(x) + F.softplus(self.nu) * self.g(x)


@examined(symmetric=True, psd=True, why="a convex combination")
class ConvexCombination(Parts):
    def forward(self, x: Tensor) -> Tensor:
        t = torch.sigmoid(self.mu)
        return torch.lerp(self.f(x), self.g(x), t)


@examined(symmetric=True, psd=False, why="an affine combination, weights of any sign")
class AffineCombination(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.mu * self.f(x) + (1 - self.mu) * self.g(x)


@examined(symmetric=True, psd=False, why="free weights")
class LinearCombination(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.mu * self.f(x) + self.nu * self.g(x)


@examined(symmetric=True, psd=False, why="a difference of monotone maps")
class Difference(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x) - self.g(x)


@examined(symmetric=True, psd=False, why="f - f at other parameters")
class DifferenceOfTwins(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x) - torch.tanh(self.g.lin(x)) @ self.g.lin.weight


@examined(symmetric=True, psd=True, why="2 f - f is f")
class Cancels(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * self.f(x) - self.f(x)


@examined(symmetric=True, psd=True, why="f - f is 0")
class Nothing(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x) - self.f(x)


@examined(symmetric=True, psd=True, why="+ mu x, mu = softplus(..)")
class StronglyMonotone(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x) + F.softplus(self.mu) * x


@examined(symmetric=True, psd=False, why="+ mu x, mu free")
class FreeMultiple(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x) + self.mu * x


@examined(symmetric=True, psd=False, why="- x")
class MinusIdentity(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x) - x


@examined(symmetric=True, psd=False, why="x - f: f has no Lipschitz constant")
class IdentityMinus(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return x - self.f(x)


@examined(symmetric=True, psd=True, why="x - tanh x is nondecreasing")
class ResidualShrink(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return x - torch.tanh(x)


@examined(symmetric=True, psd=True, why="|W|^2 x - W^T tanh(W x): |W|_F^2 bounds the slope of f")
class LipschitzMinus(Parts):
    def forward(self, x: Tensor) -> Tensor:
        W = self.f.lin.weight
        return (W * W).sum() * x - self.f(x)


@examined(symmetric=True, psd=True, why="W^T W x - W^T tanh(W x)")
class QuadraticMinus(Parts):
    def forward(self, x: Tensor) -> Tensor:
        W = self.f.lin.weight
        return x @ W.T @ W - torch.tanh(self.f.lin(x)) @ W


@examined(symmetric=True, psd=True, why="+ A^T A x")
class PlusGram(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x) + x @ (self.A.T @ self.A)


@examined(symmetric=True, psd=True, why="+ A^T A x, by two products")
class PlusGramTwoProducts(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.g(x) + (x @ self.A.t()) @ self.A


@examined(symmetric=True, psd=False, why="+ (S + S^T) x")
class PlusSymmetric(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x) + x @ (self.S + self.S.T)


@examined(symmetric=False, psd=False, why="+ S x")
class PlusLinear(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x) + F.linear(x, self.S)


@examined(symmetric=False, psd=False, why="+ (S - S^T) x")
class PlusSkew(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x) + x @ (self.S - self.S.T)


@examined(symmetric=True, psd=True, why="+ D x with D >= 0")
class PlusDiagonal(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x) + self.d**2 * x


@examined(symmetric=False, psd=False, why="the product of two fields, entry by entry")
class EntrywiseProduct(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x) * self.g(x)


@examined(symmetric=True, psd=True, why="blocks of coordinates of their own")
class Blocks(Parts):
    def __init__(self) -> None:
        super().__init__()
        self.p, self.q = Ridge(2), Soft(1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.p(x[:, :2]), self.q(x[:, 2:])], dim=-1)


@examined(dim=4, symmetric=False, psd=False, why="each block sees the other")
class BlocksCrossed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.p, self.q = Ridge(2), Soft(2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.p(x[:, 2:]), self.q(x[:, :2])], dim=-1)


@examined(symmetric=True, psd=True, why="five modules summed in a loop")
class Ensemble(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.members = nn.ModuleList([Ridge(), Soft(), Ridge(), Soft(), Ridge()])
        self.weights = nn.Parameter(torch.randn(5))

    def forward(self, x: Tensor) -> Tensor:
        weights = torch.softmax(self.weights, 0)
        return sum((w * m(x) for w, m in zip(weights, self.members, strict=True)), 0 * x)
