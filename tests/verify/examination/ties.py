"""Weights tied, in the ways that torch lets one write a transpose, and not tied."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined

TIED = "W^T sigma(W x + b) with one W"
UNTIED = "the outer matrix is not the inner one transposed"


class Weights(nn.Module):
    def __init__(self, dim: int = 3, width: int = 4) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(width, dim))
        self.V = nn.Parameter(torch.randn(width, dim))
        self.b = nn.Parameter(torch.randn(width))
        self.c = nn.Parameter(torch.randn(width))
        self.a = nn.Parameter(torch.randn(dim))


@examined(symmetric=True, psd=True, why=TIED)
class FunctionalLinear(Weights):
    def forward(self, x: Tensor) -> Tensor:
        return F.linear(torch.tanh(F.linear(x, self.W, self.b)), self.W.t(), self.a)


@examined(symmetric=True, psd=True, why=TIED)
class LinearLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 5)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.lin(x)) @ self.lin.weight


@examined(symmetric=True, psd=True, why=TIED)
class Einsum(Weights):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.einsum("mn,bn->bm", self.W, x) + self.b
        return torch.einsum("mn,bm->bn", self.W, F.softplus(z))


@examined(symmetric=True, psd=True, why=TIED)
class Columns(Weights):
    def forward(self, x: Tensor) -> Tensor:
        z = self.W @ x.unsqueeze(-1) + self.b.unsqueeze(-1)
        return (self.W.mT @ torch.tanh(z)).squeeze(-1) + self.a


@examined(symmetric=True, psd=True, why=TIED)
class TransposedFirst(Weights):
    def forward(self, x: Tensor) -> Tensor:
        xt = x.transpose(0, 1)
        z = torch.mm(self.W, xt) + self.b[:, None]
        return torch.mm(self.W.permute(1, 0), z.relu()).T


@examined(symmetric=True, psd=True, why="the product and sum of W^T sigma(W x) written out")
class Broadcast(Weights):
    def forward(self, x: Tensor) -> Tensor:
        z = (self.W * x[:, None, :]).sum(-1) + self.b
        return (torch.tanh(z)[:, :, None] * self.W[None]).sum(1)


@examined(symmetric=True, psd=True, why="several heads, each tied, summed")
class Heads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(2, 4, 3))
        self.b = nn.Parameter(torch.randn(2, 4))

    def forward(self, x: Tensor) -> Tensor:
        z = torch.einsum("hmn,bn->bhm", self.W, x) + self.b
        return torch.einsum("hmn,bhm->bn", self.W, torch.tanh(z))


@examined(dim=4, symmetric=True, psd=True, why="softmax within each head, tied outside")
class HeadsByView(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(8, 4))

    def forward(self, x: Tensor) -> Tensor:
        z = (x @ self.W.T).view(-1, 2, 4)
        return torch.softmax(z, -1).reshape(-1, 8) @ self.W


@examined(symmetric=True, psd=True, why="a low-rank W = A B tied as (A B)^T")
class LowRank(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(6, 2))
        self.B = nn.Parameter(torch.randn(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.B.T @ self.A.T) @ self.A @ self.B


@examined(symmetric=True, psd=True, why="a tied chain of two linear layers, A then B")
class Chain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 4, bias=False)
        self.second = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.tanh(self.second(self.first(x)))
        return F.linear(F.linear(h, self.second.weight.T), self.first.weight.T)


@examined(symmetric=True, psd=True, why="W D is tied, D diagonal and free")
class ScaledInput(Weights):
    def forward(self, x: Tensor) -> Tensor:
        z = (x * self.a) @ self.W.T + self.b
        return (torch.tanh(z) @ self.W) * self.a


@examined(symmetric=True, psd=False, why="D tanh(W x) with a free D of any sign between W^T and W")
class ScaledNeurons(Weights):
    def forward(self, x: Tensor) -> Tensor:
        return (self.c * torch.tanh(x @ self.W.T + self.b)) @ self.W


@examined(symmetric=True, psd=True, why="c tanh(c u) is nondecreasing for every c")
class ScaledTwice(Weights):
    def forward(self, x: Tensor) -> Tensor:
        return (self.c * torch.tanh(self.c * (x @ self.W.T) + self.b)) @ self.W


@examined(symmetric=True, psd=False, why="tanh(c u) falls where c < 0")
class ScaledInside(Weights):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.c * (x @ self.W.T) + self.b) @ self.W


@examined(symmetric=False, psd=False, why="D W^T sigma(W x): scaled on one side only")
class ScaledOutput(Weights):
    def forward(self, x: Tensor) -> Tensor:
        return self.a * (torch.tanh(x @ self.W.T + self.b) @ self.W)


@examined(symmetric=False, psd=False, why="W^T sigma(W D x): scaled on one side only")
class ScaledInputOnly(Weights):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh((x * self.a) @ self.W.T + self.b) @ self.W


@examined(symmetric=False, psd=False, why=UNTIED)
class Untied(Weights):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T + self.b) @ self.V


@examined(symmetric=False, psd=False, why=UNTIED)
class UntiedSoftmax(Weights):
    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(x @ self.W.T + self.b, -1) @ self.V


@examined(symmetric=False, psd=False, why=UNTIED)
class UntiedRelu(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


@examined(symmetric=False, psd=False, why="a perceptron with a residual")
class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(3, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.outer(F.silu(self.inner(x)))


@examined(symmetric=False, psd=False, why="W instead of W^T, a square W")
class NotTransposed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(3, 3))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T) @ self.W.T


@examined(symmetric=False, psd=False, why="einsum names the wrong axis of a square W")
class EinsumWrongAxis(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(3, 3))

    def forward(self, x: Tensor) -> Tensor:
        h = torch.sigmoid(torch.einsum("mn,bn->bm", self.W, x))
        return torch.einsum("nm,bm->bn", self.W, h)


@examined(symmetric=True, psd=True, why="(W + W^T) on both sides of an elementwise sigma")
class SymmetricBothSides(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(3, 3))

    def forward(self, x: Tensor) -> Tensor:
        A = self.W + self.W.T
        return torch.tanh(x @ A) @ A


@examined(symmetric=False, psd=False, why="(W + W^T) inside only")
class SymmetricInside(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(3, 3))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ (self.W + self.W.T))


@examined(symmetric=False, psd=False, why="dense A between W^T and sigma")
class DenseMixing(Weights):
    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.mix(torch.tanh(x @ self.W.T + self.b)) @ self.W


@examined(symmetric=False, psd=False, why="W and V agree when built but train apart")
class EqualValues(Weights):
    def __init__(self) -> None:
        super().__init__()
        self.V = nn.Parameter(self.W.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T + self.b) @ self.V


@examined(symmetric=True, psd=True, why="two attributes, one parameter object")
class OneObject(Weights):
    def __init__(self) -> None:
        super().__init__()
        self.V = self.W

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T + self.b) @ self.V


@examined(symmetric=True, psd=True, why="detach changes training, not the map")
class DetachedTie(Weights):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T + self.b) @ self.W.detach()


@examined(symmetric=False, psd=False, why="a part of the outer matrix is another one")
class PartlyTied(Weights):
    def forward(self, x: Tensor) -> Tensor:
        outer = torch.cat([self.W[:3], self.V[3:]])
        return torch.tanh(x @ self.W.T + self.b) @ outer


@examined(symmetric=True, psd=True, why="the tied matrix is put together from two")
class Concatenated(Weights):
    def forward(self, x: Tensor) -> Tensor:
        W = torch.cat([self.W, self.V])
        return torch.tanh(x @ W.T) @ W


@examined(symmetric=True, psd=True, why="two tied layers, concatenated neurons")
class TwoLayersConcatenated(Weights):
    def forward(self, x: Tensor) -> Tensor:
        h = torch.cat([torch.tanh(x @ self.W.T), torch.sigmoid(x @ self.V.T)], -1)
        return h @ torch.cat([self.W, self.V], 0)


@examined(symmetric=False, psd=False, why="the two blocks of the outer matrix are exchanged")
class TwoLayersExchanged(Weights):
    def forward(self, x: Tensor) -> Tensor:
        h = torch.cat([torch.tanh(x @ self.W.T), torch.sigmoid(x @ self.V.T)], -1)
        return h @ torch.cat([self.V, self.W], 0)
