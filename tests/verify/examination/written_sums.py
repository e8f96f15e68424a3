"""Sums, differences, compositions and integrals of fields, and residual nets of every kind."""

# Parts that torch makes have no narrower type than Tensor | Module.
# pyright: reportArgumentType=false, reportCallIssue=false
# pyright: reportOperatorIssue=false, reportIncompatibleMethodOverride=false

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class Ridges(nn.Module):
    """A monotone block with its potential."""

    def __init__(self, dim: int = 3, width: int = 3) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(width, dim))
        self.b = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(F.linear(x, self.w, self.b)) @ self.w

    def potential(self, x: Tensor) -> Tensor:
        return F.softplus(F.linear(x, self.w, self.b)).sum(-1, keepdim=True)


class Sum(nn.Module):
    def __init__(self, count: int = 3) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Ridges() for _ in range(count))
        self.c = nn.Parameter(torch.randn(count))
        self.mu = nn.Parameter(torch.tensor(0.1))

    def weights(self) -> Tensor:
        return self.c

    def forward(self, x: Tensor) -> Tensor:
        total = torch.zeros_like(x)
        for c, block in zip(self.weights(), self.blocks, strict=True):
            total += c * block(x)
        return total


@convex("coefficients on the simplex")
class SumOnSimplex(Sum):
    def weights(self):
        return torch.softmax(self.c, 0)


@convex("coefficients cosh c - 1")
class SumCosh(Sum):
    def weights(self):
        return torch.cosh(self.c) - 1


@gradient_only("coefficients cosh c - 1.0001", values={"c": 0.0})
class SumCoshLess(Sum):
    def weights(self):
        return torch.cosh(self.c) - 1.0001


@convex("coefficients 1 - tanh^2 and 1 + tanh")
class SumTanh(Sum):
    def weights(self):
        t = self.c.tanh()
        return (1 - t.square()) + (1 + t)


@convex("c^2 - c + 1/4 is a square")
class SumSquareDisguised(Sum):
    def weights(self):
        return self.c**2 - self.c + 0.25


@gradient_only("c^2 - c + 0.2 is negative around 1/2", values={"c": 0.5})
class SumSquareTooLow(Sum):
    def weights(self):
        return self.c**2 - self.c + 0.2


@convex("exp c - c - 1 is never negative")
class SumExpRemainder(Sum):
    def weights(self):
        return torch.expm1(self.c) - self.c


@gradient_only("exp c - 1 is negative for c < 0", values={"c": -1.0})
class SumExpm1(Sum):
    def weights(self):
        return torch.expm1(self.c)


@convex("coefficients |c| - relu(c), that is relu(-c)")
class SumNegativePart(Sum):
    def weights(self):
        return self.c.abs() - F.relu(self.c)


@convex("c times its sign, stacked with a sum")
class SumBySign(Sum):
    def forward(self, x):
        fields = torch.stack([block(x) for block in self.blocks])
        return torch.tensordot(self.c * self.c.sign(), fields, dims=1) + self.mu.relu() * x


@convex("a quarter of |w|^2 bounds the slopes of the block")
class ShiftedByBound(Sum):
    def forward(self, x):
        block = self.blocks[0]
        return 0.25 * block.w.square().sum() * x - block(x)


@gradient_only("an eighth of |w|^2 is not enough", values={
    "blocks.0.w": [[1.0, 0, 0], [0, 0, 0], [0, 0, 0]], "blocks.0.b": 0.0},
    points=[[0.1, 0, 0], [-0.1, 0, 0]])  # fmt: skip
class ShiftedByLess(Sum):
    def forward(self, x):
        block = self.blocks[0]
        return 0.125 * block.w.square().sum() * x - block(x)


@convex("a bound by the Frobenius norm of the Gram matrix")
class ShiftedByGram(Sum):
    def forward(self, x):
        block = self.blocks[0]
        bound = torch.linalg.matrix_norm(block.w @ block.w.T)
        return bound * x - 4 * block(x)


@convex("x less a block whose rows have length at most 1, a third each")
class ResidualOfUnits(Sum):
    def forward(self, x):
        rows = F.normalize(self.blocks[0].w, dim=1)
        return x - torch.tanh(x @ rows.T) @ rows / 3


@gradient_only("a half each is too much for three equal rows", values={"blocks.0.w": 1.0})
class ResidualOfUnitsMore(Sum):
    def forward(self, x):
        rows = F.normalize(self.blocks[0].w, dim=1)
        return x - torch.tanh(x @ rows.T) @ rows / 2


@convex("softplus of the sum of all potentials")
class OuterSoftplus(Sum):
    def forward(self, x):
        s = sum(block.potential(x) for block in self.blocks)
        return torch.sigmoid(s) * sum(block(x) for block in self.blocks)


@convex("a soft maximum of potentials")
class SoftMaximumOfBlocks(Sum):
    def forward(self, x):
        s = torch.cat([block.potential(x) for block in self.blocks], dim=1)
        return torch.einsum(
            "bk,kbn->bn", s.softmax(1), torch.stack([block(x) for block in self.blocks])
        )


@no_gradient("softmax of something else than the potentials: twice them")
class SoftMaximumTwice(Sum):
    def forward(self, x):
        s = torch.cat([2 * block.potential(x) for block in self.blocks], dim=1)
        p = torch.softmax(s + self.c, 1).unsqueeze(-1)
        other = torch.stack([block(x) for block in reversed(self.blocks)], 1)
        return (p * other).sum(1)


@gradient_only("twice the potentials is a temperature, the sign of which is learned")
class SoftMaximumTemperature(Sum):
    def forward(self, x):
        s = torch.cat([self.mu * block.potential(x) for block in self.blocks], dim=1)
        p = torch.softmax(s + self.c, 1).unsqueeze(-1)
        return (p * torch.stack([block(x) for block in self.blocks], 1)).sum(1)


@no_gradient("one block behind another")
class BlockOfBlock(Sum):
    def forward(self, x):
        return self.blocks[1](x + self.blocks[0](x))


@convex("a block in the coordinates of another: B f(B^T x) with B the Gram matrix")
class BlockInGram(Sum):
    def forward(self, x):
        G = self.blocks[0].w.T @ self.blocks[0].w
        return self.blocks[1](x @ G) @ G


@no_gradient("a Gram matrix on one side only")
class BlockInGramOnce(Sum):
    def forward(self, x):
        G = self.blocks[0].w.T @ self.blocks[0].w
        return self.blocks[1](x @ G)


@convex("the mean over four signs of all entries at once")
class MeanOverSigns(Sum):
    def forward(self, x):
        signs = x.new_tensor([[1, 1, 1], [1, -1, 1], [-1, 1, -1], [-1, -1, -1]])
        return torch.stack([s * self.blocks[0](s * x) for s in signs]).mean(0)


@no_gradient("the signs are forgotten outside")
class MeanOverSignsForgotten(Sum):
    def forward(self, x):
        signs = x.new_tensor([[1, 1, 1], [1, -1, 1]])
        return torch.stack([self.blocks[0](s * x) for s in signs]).mean(0)


@convex("the mean over all orders of the entries, cyclic ones")
class MeanOverRolls(Sum):
    def forward(self, x):
        return sum(self.blocks[0](x.roll(k, 1)).roll(-k, 1) for k in range(3)) / 3


@no_gradient("rolled the same way twice")
class MeanOverRollsTwice(Sum):
    def forward(self, x):
        return sum(self.blocks[0](x.roll(k, 1)).roll(k, 1) for k in range(2)) / 2


@convex("Gauss-Legendre quadrature over the bias")
class OverBias(Sum):
    nodes = ((-math.sqrt(0.6), 5 / 9), (0.0, 8 / 9), (math.sqrt(0.6), 5 / 9))

    def forward(self, x):
        w, b = self.blocks[0].w, self.blocks[0].b
        return sum(k * torch.tanh(x @ w.T + b + t) for t, k in self.nodes) @ w


@gradient_only("Simpson's rule extrapolated: one of the weights is -1/3",
               values={"blocks.0.w": [[9.0, 0, 0], [0, 0, 0], [0, 0, 0]], "blocks.0.b": 0.0},
               points=[[0.01, 0, 0], [-0.01, 0, 0]])  # fmt: skip
class OverBiasExtrapolated(OverBias):
    nodes = ((-5.0, 2 / 3), (0.0, -1 / 3), (5.0, 2 / 3))
