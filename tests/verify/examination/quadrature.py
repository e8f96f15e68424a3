"""Integrals over a parameter, summed at nodes: ICGN, mixtures over shifts and scales."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined

NODES, WEIGHTS = np.polynomial.legendre.leggauss(5)


class Nodes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 3))
        self.b = nn.Parameter(torch.randn(4))
        self.V = nn.Parameter(torch.randn(4, 3))
        self.shift = nn.Parameter(torch.randn(5))
        self.register_buffer("t", torch.tensor((NODES + 1) / 2, dtype=torch.float32))
        self.register_buffer("w", torch.tensor(WEIGHTS / 2, dtype=torch.float32))
        self.t: Tensor
        self.w: Tensor

    def summed(self, x: Tensor, integrand: Callable[[Tensor], Tensor]) -> Tensor:
        t, w = self.t.to(x.dtype), self.w.to(x.dtype)
        return sum((w[k] * integrand(t[k]) for k in range(5)), torch.zeros_like(x))


@examined(symmetric=True, psd=True, why="nonnegative weights, each term W^T sigma(W x + b + t)")
class ShiftedBiases(Nodes):
    def forward(self, x: Tensor) -> Tensor:
        return self.summed(x, lambda t: torch.tanh(x @ self.W.T + self.b + t) @ self.W)


@examined(symmetric=True, psd=True, why="the same without a loop, by einsum")
class ShiftedBiasesEinsum(Nodes):
    def forward(self, x: Tensor) -> Tensor:
        z = (x @ self.W.T + self.b)[:, None, :] + self.t.to(x.dtype)[None, :, None]
        return torch.einsum("k,bkm,mn->bn", self.w.to(x.dtype), torch.sigmoid(z), self.W)


@examined(symmetric=True, psd=True, why="learned shifts, weights by softmax")
class LearnedMixture(Nodes):
    def forward(self, x: Tensor) -> Tensor:
        z = (x @ self.W.T + self.b).unsqueeze(1) + self.shift[:, None]
        return (torch.softmax(self.shift, 0)[:, None] * torch.relu(z)).sum(1) @ self.W


@examined(symmetric=True, psd=False, why="learned weights of any sign")
class FreeMixture(Nodes):
    def forward(self, x: Tensor) -> Tensor:
        z = (x @ self.W.T + self.b).unsqueeze(1) + self.t.to(x.dtype)[:, None]
        return (self.shift[:, None] * torch.tanh(z)).sum(1) @ self.W


@examined(symmetric=True, psd=True, why="W = A + t B, the same on both sides at each node")
class PathOfWeights(Nodes):
    def forward(self, x: Tensor) -> Tensor:
        def at(t: Tensor) -> Tensor:
            W = self.W + t * self.V
            return torch.softmax(x @ W.T + self.b, -1) @ W

        return self.summed(x, at)


@examined(symmetric=False, psd=False, why="the outer matrix does not move along with the inner one")
class PathInside(Nodes):
    def forward(self, x: Tensor) -> Tensor:
        return self.summed(x, lambda t: torch.tanh(x @ (self.W + t * self.V).T) @ self.W)


@examined(
    symmetric=True, psd=False, why="ICGN with five nodes: the sum of w sigma'(t u + b)^2 u falls"
)
class ConvexGradient(Nodes):
    """int_0^1 J(t x)^T J(t x) x dt for sigma(W x + b): psd as an integral, not as this sum."""

    def forward(self, x: Tensor) -> Tensor:
        u = x @ self.W.T

        def at(t: Tensor) -> Tensor:
            slope = torch.sigmoid(t * u + self.b) * (1 - torch.sigmoid(t * u + self.b))
            return (slope**2 * u) @ self.W

        return self.summed(x, at)


@examined(symmetric=True, psd=True, why="the integral of sigmoid(s u) over s in closed form")
class ClosedForm(Nodes):
    def forward(self, x: Tensor) -> Tensor:
        u = x @ self.W.T + self.b
        return (F.softplus(u + 1) - F.softplus(u)) @ self.W


@examined(symmetric=True, psd=True, why="J^T J x of a linear J")
class LinearJacobian(Nodes):
    def forward(self, x: Tensor) -> Tensor:
        J = torch.func.jacrev(lambda y: self.W @ y)(torch.zeros(3, dtype=x.dtype))
        return x @ J.T @ J


@examined(symmetric=False, psd=False, why="ICGN of two layers: J^T J is no Hessian")
class DeepConvexGradient(Nodes):
    def __init__(self) -> None:
        super().__init__()
        self.U = nn.Parameter(torch.randn(4, 4))

    def layers(self, y: Tensor) -> Tensor:
        return torch.tanh(self.U @ torch.tanh(self.W @ y + self.b))

    def forward(self, x: Tensor) -> Tensor:
        def one(y: Tensor) -> Tensor:
            def at(t: Tensor) -> Tensor:
                J = torch.func.jacrev(self.layers)(t * y)
                return J.T @ (J @ y)

            return sum((w * at(t) for t, w in zip(self.t, self.w, strict=True)), 0 * y)

        return torch.func.vmap(one)(x)


@examined(symmetric=True, psd=True, why="one hidden layer with relu: J^T J x is W^T relu(W x)")
class ReluConvexGradient(Nodes):
    def forward(self, x: Tensor) -> Tensor:
        u = x @ self.W.T
        return self.summed(x, lambda t: ((t * u > 0).to(x.dtype) ** 2 * u) @ self.W)


@examined(
    symmetric=True, psd=True, why="nodes t of either sign: t W^T tanh(t W x) is nondecreasing"
)
class ScaledNodes(Nodes):
    def forward(self, x: Tensor) -> Tensor:
        u = x @ self.W.T
        return self.summed(x, lambda t: (2 * t - 1) * torch.tanh((2 * t - 1) * u) @ self.W)


@examined(symmetric=True, psd=False, why="W^T tanh(t W x) with nodes t of either sign")
class SignedNodes(Nodes):
    def forward(self, x: Tensor) -> Tensor:
        u = x @ self.W.T
        s = torch.tensor([-1.0, -0.5, 0.0, 0.1, 0.2], dtype=x.dtype)
        return torch.tanh(u[:, None, :] * s[:, None]).sum(1) @ self.W


@examined(symmetric=True, psd=True, why="linspace nodes, trapezoidal weights")
class Trapezoid(Nodes):
    def forward(self, x: Tensor) -> Tensor:
        t = torch.linspace(-1, 1, 5, dtype=x.dtype)
        z = torch.tanh((x @ self.W.T + self.b)[..., None] + t)
        return torch.trapezoid(z, t, dim=-1) @ self.W


@examined(symmetric=True, psd=True, why="a mean over dithers")
class Dithered(Nodes):
    def forward(self, x: Tensor) -> Tensor:
        t = torch.arange(5, dtype=x.dtype) / 5
        return torch.floor((x @ self.W.T)[..., None] + t).mean(-1) @ self.W


@examined(symmetric=True, psd=False, why="an alternating sum over shifts")
class Alternating(Nodes):
    def forward(self, x: Tensor) -> Tensor:
        t = torch.arange(5, dtype=x.dtype)
        s = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0], dtype=x.dtype)
        return (s * torch.tanh((x @ self.W.T)[..., None] + 3 * t)).sum(-1) @ self.W
