"""Gradients that autograd takes inside forward: convex potentials, and ones that only look so."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined


def gradient(potential: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with torch.enable_grad():
        x = x if x.requires_grad else x.detach().requires_grad_(True)
        return torch.autograd.grad(potential(x).sum(), x, create_graph=True)[0]


class Potential(nn.Module):
    """An input-convex network, but for the sign of its inner weights: see ``positive``."""

    act: Callable[[Tensor], Tensor] = staticmethod(F.softplus)
    positive: Callable[[Tensor], Tensor] = staticmethod(F.softplus)

    def __init__(self, dim: int = 3, width: int = 4) -> None:
        super().__init__()
        self.x0, self.x1, self.x2 = (
            nn.Linear(dim, width),
            nn.Linear(dim, width),
            nn.Linear(dim, 1),
        )
        self.raw1 = nn.Parameter(torch.randn(width, width))
        self.raw2 = nn.Parameter(torch.randn(1, width))

    def potential(self, x: Tensor) -> Tensor:
        z = self.act(self.x0(x))
        z = self.act(F.linear(z, self.positive(self.raw1)) + self.x1(x))
        return (F.linear(z, self.positive(self.raw2)) + self.x2(x)).squeeze(-1)

    def forward(self, x: Tensor) -> Tensor:
        return gradient(self.potential, x)


CONVEX = "the potential is convex: convex nondecreasing activations, nonnegative inner weights"


@examined(symmetric=True, psd=True, why=CONVEX)
class Softplus(Potential):
    pass


@examined(symmetric=True, psd=True, why=CONVEX + "; relu, a subgradient at its kinks")
class Relu(Potential):
    act = staticmethod(F.relu)


@examined(symmetric=True, psd=True, why=CONVEX + "; 1 / 0.2 is not what torch divides by")
class Celu(Potential):
    act = staticmethod(lambda u: F.celu(u, 0.2))


@examined(symmetric=True, psd=True, why=CONVEX)
class LeakyReluSquares(Potential):
    act = staticmethod(F.leaky_relu)
    positive = staticmethod(torch.square)


@examined(symmetric=True, psd=True, why=CONVEX)
class ReluSquaredClamped(Potential):
    positive = staticmethod(lambda w: w.clamp(min=0))
    act = staticmethod(lambda u: F.relu(u) ** 2)


@examined(symmetric=True, psd=True, why=CONVEX + "; exp of everything")
class Exponential(Potential):
    act = staticmethod(torch.exp)
    positive = staticmethod(torch.exp)


@examined(symmetric=True, psd=False, why="a gradient, but the inner weights have any sign")
class FreeWeights(Potential):
    positive = staticmethod(lambda w: w)


@examined(symmetric=True, psd=False, why="tanh is not convex")
class TanhPotential(Potential):
    act = staticmethod(torch.tanh)


@examined(symmetric=True, psd=False, why="silu is not convex")
class SiluPotential(Potential):
    act = staticmethod(F.silu)


@examined(symmetric=True, psd=False, why="squares are not nondecreasing, so the second layer fails")
class SquarePotential(Potential):
    act = staticmethod(lambda u: u**2)
    positive = staticmethod(torch.abs)


@examined(symmetric=True, psd=True, why=CONVEX + "; gradient by torch.func")
class ByFunc(Potential):
    def forward(self, x: Tensor) -> Tensor:
        return torch.func.vmap(torch.func.grad(self.potential))(x)


@examined(symmetric=True, psd=True, why=CONVEX + "; gradient of the sum by torch.func")
class ByFuncOfSum(Potential):
    def forward(self, x: Tensor) -> Tensor:
        return torch.func.grad(lambda y: self.potential(y).sum())(x)


@examined(symmetric=True, psd=True, why=CONVEX + "; by vjp")
class ByVjp(Potential):
    def forward(self, x: Tensor) -> Tensor:
        value, pull, *_ = torch.func.vjp(self.potential, x)
        return pull(torch.ones_like(value))[0]


@examined(symmetric=True, psd=True, why=CONVEX + "; plus a strongly convex quadratic")
class StronglyConvex(Potential):
    def forward(self, x: Tensor) -> Tensor:
        return gradient(lambda y: self.potential(y) + 0.05 * y.pow(2).sum(-1), x)


@examined(symmetric=True, psd=False, why="minus a quadratic")
class WeaklyConvex(Potential):
    def forward(self, x: Tensor) -> Tensor:
        return gradient(lambda y: self.potential(y) - 0.05 * y.pow(2).sum(-1), x)


@examined(symmetric=True, psd=False, why="minus the gradient")
class Concave(Potential):
    def forward(self, x: Tensor) -> Tensor:
        return -gradient(self.potential, x)


@examined(symmetric=False, psd=False, why="detach inside the potential cuts a part of its gradient")
class DetachedPath(Potential):
    def potential(self, x: Tensor) -> Tensor:
        z = F.softplus(self.x0(x)).detach()
        z = F.softplus(F.linear(z, F.softplus(self.raw1)) + self.x1(x))
        return F.linear(z, F.softplus(self.raw2)).squeeze(-1)


class Straight(torch.autograd.Function):
    """sign forward, identity backward."""

    @staticmethod
    def forward(ctx: Any, u: Tensor) -> Tensor:
        return torch.sign(u)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> Tensor:
        return grad_outputs[0]


class LyingSoftplus(torch.autograd.Function):
    """softplus forward, cos backward."""

    @staticmethod
    def forward(ctx: Any, u: Tensor) -> Tensor:
        ctx.save_for_backward(u)
        return F.softplus(u)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> Tensor:
        (u,) = ctx.saved_tensors
        return grad_outputs[0] * torch.cos(u)


class Shallow(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 3))
        self.b = nn.Parameter(torch.randn(4))
        self.c = nn.Parameter(torch.randn(4))


@examined(symmetric=True, psd=False, why="the backward pass gives W^T cos(W x + b)")
class LyingBackward(Shallow):
    def forward(self, x: Tensor) -> Tensor:
        return gradient(lambda y: LyingSoftplus.apply(y @ self.W.T + self.b).sum(-1), x)


@examined(symmetric=True, psd=True, why="a lying backward does not touch the forward map")
class LyingBackwardUnused(Shallow):
    def forward(self, x: Tensor) -> Tensor:
        return LyingSoftplus.apply(x @ self.W.T + self.b) @ self.W


@examined(symmetric=True, psd=True, why="the forward map is W^T sign(W x)")
class StraightThrough(Shallow):
    def forward(self, x: Tensor) -> Tensor:
        return Straight.apply(x @ self.W.T) @ self.W


@examined(symmetric=False, psd=False, why="a custom forward that is not tied")
class CustomUntied(Shallow):
    def forward(self, x: Tensor) -> Tensor:
        return Straight.apply(x @ self.W.T) @ (self.W + self.b[:, None])


@examined(symmetric=True, psd=True, why="grad logsumexp")
class LogSumExp(Shallow):
    def forward(self, x: Tensor) -> Tensor:
        return gradient(lambda y: torch.logsumexp(y @ self.W.T + self.b, -1), x)


@examined(symmetric=True, psd=True, why="grad of a maximum of affine functions")
class MaxAffine(Shallow):
    def forward(self, x: Tensor) -> Tensor:
        return gradient(lambda y: (y @ self.W.T + self.b).max(-1).values, x)


@examined(symmetric=True, psd=True, why="grad of half a squared distance-like norm")
class SquaredNorm(Shallow):
    def forward(self, x: Tensor) -> Tensor:
        return gradient(lambda y: (y @ self.W.T + self.b).square().sum(-1) / 2, x)


@examined(symmetric=True, psd=True, why="grad sqrt(1 + |W x + b|^2)")
class SmoothNorm(Shallow):
    def forward(self, x: Tensor) -> Tensor:
        return gradient(lambda y: (1 + (y @ self.W.T + self.b).square().sum(-1)).sqrt(), x)


@examined(symmetric=True, psd=False, why="the output weights have any sign")
class RandomFeatures(Shallow):
    def forward(self, x: Tensor) -> Tensor:
        return gradient(lambda y: torch.cos(y @ self.W.T + self.b) @ self.c, x)


@examined(symmetric=True, psd=False, why="an energy of a perceptron")
class Energy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 5), nn.SiLU())
        self.out = nn.Linear(5, 1)

    def forward(self, x: Tensor) -> Tensor:
        return gradient(lambda y: self.out(self.net(y)).squeeze(-1), x)


@examined(dim=4, symmetric=False, psd=False, why="a Hamiltonian field: the gradient, rotated")
class Hamiltonian(Energy):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 5), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        q, p = super().forward(x).chunk(2, -1)
        return torch.cat([p, -q], -1)


@examined(symmetric=False, psd=False, why="a gradient times a gate of its own")
class GatedGradient(Shallow):
    def forward(self, x: Tensor) -> Tensor:
        g = gradient(lambda y: F.softplus(y @ self.W.T).sum(-1), x)
        return torch.sigmoid(x @ self.W[0])[:, None] * g


@examined(symmetric=True, psd=True, why="the potential times the gradient, a positive potential")
class PotentialTimesGradient(Shallow):
    def forward(self, x: Tensor) -> Tensor:
        value = F.softplus(x @ self.W.T + self.b).sum(-1, keepdim=True)
        return value * gradient(lambda y: F.softplus(y @ self.W.T + self.b).sum(-1), x)


@examined(symmetric=True, psd=False, why="J^T W x comes to W^T (u sech^2 u) with u = W x")
class VectorJacobian(Shallow):
    def forward(self, x: Tensor) -> Tensor:
        return gradient(lambda y: (torch.tanh(y @ self.W.T) * (x.detach() @ self.W.T)).sum(-1), x)


@examined(symmetric=None, psd=None, why="the potential sees the whole batch")
class BatchPotential(Shallow):
    def forward(self, x: Tensor) -> Tensor:
        return gradient(lambda y: F.softplus(y @ self.W.T).sum() ** 2, x)


@examined(symmetric=True, psd=True, why="x plus the gradient of a convex function: an OT map")
class TransportMap(Potential):
    def forward(self, x: Tensor) -> Tensor:
        return x + gradient(self.potential, x)


@examined(symmetric=True, psd=False, why="zero almost everywhere, but 1 at u = 0 by autograd",
          values={"W": [[1.0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], "b": 0.0},
          points=((0, 0, 0), (1, 0, 0)))  # fmt: skip
class WrongAtTheKink(Shallow):
    def forward(self, x: Tensor) -> Tensor:
        def potential(y: Tensor) -> Tensor:
            u = y @ self.W.T + self.b
            return (u - F.relu(u) + F.relu(-u)).sum(-1)

        return gradient(potential, x)
