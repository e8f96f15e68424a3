"""Structured matrices, choices between potentials, products and compositions of fields."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class TransposeOf(nn.Module):
    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, y: Tensor) -> Tensor:
        return F.linear(y, self.layer.weight.T)


@convex("a module that transposes another one", dim=4)
def sequential_with_transpose() -> nn.Module:
    first = nn.Linear(4, 6)
    return nn.Sequential(nn.Identity(), first, nn.CELU(0.7), TransposeOf(first), nn.Flatten())


@no_gradient("the transpose of another layer than the first", dim=4)
def sequential_with_other_transpose() -> nn.Module:
    first, other = nn.Linear(4, 6), nn.Linear(4, 6)
    return nn.Sequential(first, nn.CELU(0.7), TransposeOf(other))


class Structured(nn.Module):
    """K^T act(K x) for a matrix K made of parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.k = nn.Parameter(torch.randn(7))
        self.U = nn.Parameter(torch.randn(5, 2))
        self.V = nn.Parameter(torch.randn(2, 4))
        i = torch.arange(4)
        self.register_buffer("lag", i[:, None] - i[None, :] + 3)
        self.lag: Tensor

    def matrix(self) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        K = self.matrix()
        return F.silu(x @ K.mT) @ K + F.relu(x @ K.mT) @ K


@convex("entries of a vector by their lag, relu and swish together", dim=4)
class ToeplitzRelu(Structured):
    def matrix(self) -> Tensor:
        return self.k[self.lag]

    def forward(self, x: Tensor) -> Tensor:
        K = self.matrix()
        return F.relu(x @ K.mT) @ K


@gradient_only("swish falls where relu is flat", dim=4)
class Toeplitz(Structured):
    def matrix(self) -> Tensor:
        return self.k[self.lag]


@gradient_only("a symmetric Toeplitz matrix alone", dim=4)
class ToeplitzSymmetric(Structured):
    def forward(self, x: Tensor) -> Tensor:
        return x @ self.k[(self.lag - 3).abs()]


@convex("rows that are rolled", dim=4)
class Circulant(Structured):
    def matrix(self) -> Tensor:
        return torch.stack([torch.roll(self.k[:4], s) for s in range(4)])

    def forward(self, x: Tensor) -> Tensor:
        K = self.matrix()
        return torch.erf(x @ K) @ K.mT


@no_gradient("a circulant matrix, its own and not its transpose on the way back", dim=4)
class CirculantTwice(Circulant):
    def forward(self, x: Tensor) -> Tensor:
        K = self.matrix()
        return torch.erf(x @ K) @ K


@convex("a product of two thin factors", dim=4)
class LowRank(Structured):
    def forward(self, x: Tensor) -> Tensor:
        h = torch.sigmoid(x @ self.V.T @ self.U.T)
        return h @ self.U @ self.V


@convex("rows are centred and scaled, on both sides", dim=4)
class Standardised(Structured):
    def matrix(self) -> Tensor:
        w = self.U @ self.V
        w = w - w.mean(dim=1, keepdim=True)
        return w / torch.sqrt(w.var(dim=1, keepdim=True) + 1e-5)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(F.linear(x, self.matrix())) @ self.matrix()


@convex("a Gaussian kernel of learned points", dim=4)
class KernelMatrix(Structured):
    def forward(self, x: Tensor) -> Tensor:
        points = self.V.T
        gaps = points.unsqueeze(0) - points.unsqueeze(1)
        return x @ torch.exp(-gaps.square().sum(-1) / 2)


class Pair(nn.Module):
    """Two fields with their potentials."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Linear(3, 4)
        self.two = nn.Linear(3, 5)

    def fields(self, x: Tensor) -> tuple[Tensor, Tensor]:
        f = torch.sigmoid(self.one(x)) @ self.one.weight
        return f, F.relu(self.two(x)) @ self.two.weight

    def potentials(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first = F.softplus(self.one(x)).sum(-1, keepdim=True)
        return first, 0.5 * F.relu(self.two(x)).pow(2).sum(-1, keepdim=True)


@convex("the field of the larger potential")
class Larger(Pair):
    def forward(self, x: Tensor) -> Tensor:
        (f, g), (F1, G1) = self.fields(x), self.potentials(x)
        return torch.where(F1 >= G1, f, g)


@gradient_only("the field of the smaller potential")
class Smaller(Pair):
    def forward(self, x: Tensor) -> Tensor:
        (f, g), (F1, G1) = self.fields(x), self.potentials(x)
        return torch.where(F1 <= G1, f, g)


@no_gradient("a choice by the sign of an entry")
class BySign(Pair):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x[:, 0:1] > 0, *self.fields(x))


@convex("a soft maximum of the two potentials")
class SoftLarger(Pair):
    def forward(self, x: Tensor) -> Tensor:
        weights = torch.softmax(torch.cat(self.potentials(x), dim=-1), dim=-1)
        f, g = self.fields(x)
        return weights[:, :1] * f + weights[:, 1:] * g


@no_gradient("soft weights by a router of its own")
class Routed(Pair):
    def __init__(self) -> None:
        super().__init__()
        self.router = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        weights = self.router(x).softmax(-1)
        return (torch.stack(self.fields(x), dim=-1) * weights.unsqueeze(1)).sum(-1)


@gradient_only("the product rule for two potentials")
class ProductRule(Pair):
    def forward(self, x: Tensor) -> Tensor:
        (f, g), (F1, G1) = self.fields(x), self.potentials(x)
        return F1 * g + (G1 - 1) * f


@no_gradient("the product rule with the potentials exchanged")
class ProductRuleExchanged(Pair):
    def forward(self, x: Tensor) -> Tensor:
        (f, g), (F1, G1) = self.fields(x), self.potentials(x)
        return F1 * f + G1 * g + F1 * g


@no_gradient("products entry by entry")
class Hadamard(Pair):
    def forward(self, x: Tensor) -> Tensor:
        f, g = self.fields(x)
        return f * g


@no_gradient("one field of another")
class Composed(Pair):
    def forward(self, x: Tensor) -> Tensor:
        f, _ = self.fields(x)
        return self.fields(f)[1]


@no_gradient("clipped to length one after the layer")
class Clipped(Pair):
    def forward(self, x: Tensor) -> Tensor:
        f, _ = self.fields(x)
        return f / f.norm(dim=-1, keepdim=True).clamp(min=1.0)


@convex("the gradient of the length of a vector of squares: a root of a sum of squares and one")
class RootOfSum(Pair):
    def forward(self, x: Tensor) -> Tensor:
        z = F.relu(self.two(x))
        return (z / torch.sqrt(1 + (z * z).sum(-1, keepdim=True))) @ self.two.weight
