"""One hidden layer with tied weights: activations of torch, learned splines, cascades of them."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class TiedLayer(nn.Module):
    """x -> W^T act(W x + b)."""

    act: nn.Module = nn.Identity()

    def __init__(self, dim: int = 3, width: int = 6):
        super().__init__()
        self.lin = nn.Linear(dim, width)

    def forward(self, x):
        return F.linear(self.act(self.lin(x)), self.lin.weight.t())


@convex("celu rises")
class CeluLayer(TiedLayer):
    act = nn.CELU(alpha=0.7)


@convex("hard sigmoid is nondecreasing")
class HardsigmoidLayer(TiedLayer):
    act = nn.Hardsigmoid()


@gradient_only("hard swish dips below 0")
class HardswishLayer(TiedLayer):
    act = nn.Hardswish()


@convex("z - tanh z rises")
class TanhshrinkLayer(TiedLayer):
    act = nn.Tanhshrink()


@convex("the log of a sigmoid rises")
class LogSigmoidLayer(TiedLayer):
    act = nn.LogSigmoid()


@gradient_only("it jumps from 1 down to 0.1")
class ThresholdLayer(TiedLayer):
    act = nn.Threshold(0.1, 1.0)


@convex("the jumps of hard shrinkage go up", dim=2)
class HardshrinkLayer(TiedLayer):
    act = nn.Hardshrink(0.3)

    def __init__(self):
        super().__init__(dim=2, width=5)


@gradient_only("mish dips", dim=4)
class MishStack(nn.Module):
    def __init__(self, dim=4, width=8):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(dim, width), nn.Mish())
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        return self.encoder(x) @ self.encoder[0].weight + self.bias


class Weighted(nn.Module):
    """W of shape (n, m), as in x @ W."""

    def __init__(self, n: int = 3, m: int = 5):
        super().__init__()
        self.W = nn.Parameter(torch.randn(n, m) / math.sqrt(n))
        self.b = nn.Parameter(torch.zeros(m))

    def pre(self, x: Tensor) -> Tensor:
        return x @ self.W + self.b


@gradient_only("sin(pi z) / (pi z) is even")
class SincRidges(Weighted):
    def forward(self, x):
        return torch.special.sinc(self.pre(x)) @ self.W.T


@convex("erf - erfc = 2 erf - 1")
class ErrorFunctions(Weighted):
    def forward(self, x):
        z = self.pre(x)
        return torch.einsum("bm,nm->bn", torch.special.erf(z) - torch.special.erfc(z), self.W)


@gradient_only("a bell")
class BesselBell(Weighted):
    def forward(self, x):
        return torch.matmul(torch.special.i0e(self.pre(x)), self.W.mT)


@convex("a normal distribution function on top of an exponential", dim=2)
class CdfAndExpm1(Weighted):
    def __init__(self):
        super().__init__(2, 4)

    def forward(self, x):
        z = self.pre(x)
        return torch.special.ndtr(z) @ self.W.T + 0.1 * torch.special.expm1(z) @ self.W.T


@gradient_only("0.1 is less than the 0.129 by which gelu falls", values={"W": 1.0, "b": 0.0})
class GeluTanhLifted(Weighted):
    def forward(self, x):
        z = self.pre(x)
        return (F.gelu(z, approximate="tanh") + 0.1 * z) @ self.W.T


@convex("the slope 0.25 does", dim=5)
class GeluTanhLiftedMore(Weighted):
    def __init__(self):
        super().__init__(5, 6)

    def forward(self, x):
        z = self.pre(x)
        return (F.gelu(z, approximate="tanh") + 0.25 * z) @ self.W.T


@gradient_only("the learned slope of prelu is free")
class PreluRidge(Weighted):
    def __init__(self):
        super().__init__()
        self.act = nn.PReLU()

    def forward(self, x):
        return self.act(self.pre(x)) @ self.W.T


@convex("as it stands the slope is 1/4", scope="current")
class PreluRidgeNow(PreluRidge):
    pass


@no_gradient("W once more in place of its transpose", dim=4)
class SquareNotTransposed(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return F.linear(F.elu(self.fc(x)), self.fc.weight)


@no_gradient("the hidden units come back in the order of their neighbours")
class ShiftedUnits(Weighted):
    def forward(self, x):
        return torch.sigmoid(self.pre(x)).roll(1, dims=-1) @ self.W.T


class GridSpline(nn.Module):
    """A linear spline on a uniform grid, continued linearly, one for all units."""

    def __init__(self, knots: int = 9, bound: float = 2.0):
        super().__init__()
        self.lin = nn.Linear(3, 5, bias=False)
        self.raw = nn.Parameter(torch.randn(knots))
        self.bound, self.knots = bound, knots

    def heights(self) -> Tensor:
        return self.raw

    def spline(self, z: Tensor) -> Tensor:
        step = 2 * self.bound / (self.knots - 1)
        u = (z + self.bound) / step
        left = u.floor().clamp(0, self.knots - 2)
        index, v = left.long(), self.heights()
        return v[index] + (u - left) * (v[index + 1] - v[index])

    def forward(self, x: Tensor) -> Tensor:
        return self.spline(self.lin(x)) @ self.lin.weight


@convex("increments softplus(raw)")
class SplineSoftplus(GridSpline):
    def heights(self):
        return torch.cumsum(F.softplus(self.raw), 0)


@convex("increments are squares, the middle is anchored at 0")
class SplineSquares(GridSpline):
    def heights(self):
        v = self.raw.square().cumsum(0)
        return v - v[self.knots // 2]


@gradient_only("increments of any sign")
class SplineFree(GridSpline):
    def heights(self):
        return self.raw.cumsum(0)


@gradient_only("the first increment is clipped at 0, the others at -0.1")
class SplineClippedLow(GridSpline):
    def heights(self):
        return torch.cat([self.raw[:1].clamp(min=0), self.raw[1:].clamp(min=-0.1)]).cumsum(0)


@convex("relus with nonnegative amplitudes at learned knots, one spline a unit")
class ReluSplines(nn.Module):
    def __init__(self, dim=3, width=4, knots=5):
        super().__init__()
        self.W = nn.Parameter(torch.randn(width, dim))
        self.knots = nn.Parameter(torch.linspace(-1, 1, knots).repeat(width, 1))
        self.amp = nn.Parameter(torch.randn(width, knots))

    def amplitudes(self):
        return F.softplus(self.amp)

    def forward(self, x):
        z = torch.einsum("mn,bn->bm", self.W, x)
        s = (self.amplitudes() * F.relu(z[..., None] - self.knots)).sum(-1)
        return torch.einsum("mn,bm->bn", self.W, s)


@gradient_only("amplitudes of any sign")
class ReluSplinesFree(ReluSplines):
    def amplitudes(self):
        return self.amp


@gradient_only("differences of positive slopes, but the knots are in any order")
class ReluSplinesBySlope(ReluSplines):
    def amplitudes(self):
        slopes = self.amp.exp()
        return torch.diff(slopes, dim=-1, prepend=torch.zeros_like(slopes[:, :1]))


@convex("the knots stay in order")
class ReluSplinesBySlopeOrdered(ReluSplinesBySlope):
    def __init__(self):
        super().__init__()
        self.knots.requires_grad_(False)


@convex("b^2 <= 3 a c", dim=2)
class CubicUnits(nn.Module):
    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 2))
        self.a, self.b, self.c = (nn.Parameter(torch.randn(4)) for _ in range(3))

    def forward(self, x):
        z = x @ self.W.T
        a, c = self.a.exp(), self.c.exp()
        b = torch.tanh(self.b) * torch.sqrt(3 * a * c)
        return (a * z + b * z**2 + c * z**3) @ self.W


class Levels(nn.Module):
    """The cascade: every level sees the same W x."""

    def __init__(self, dim: int = 3, width: int = 5, depth: int = 3):
        super().__init__()
        self.W = nn.Parameter(torch.randn(width, dim) / 2)
        self.biases = nn.ParameterList([torch.randn(width) for _ in range(depth)])
        self.alphas = nn.ParameterList([torch.randn(width) for _ in range(depth)])
        self.mix = nn.Linear(width, width, bias=False)

    def step(self, h: Tensor, alpha: Tensor) -> Tensor:
        return F.softplus(alpha) * torch.arctan(h)

    def forward(self, x: Tensor) -> Tensor:
        u = x @ self.W.T
        h = u + self.biases[0]
        for bias, alpha in zip(self.biases[1:], self.alphas[1:], strict=True):
            h = u + bias + self.step(h, alpha)
        return (self.alphas[0] ** 2 * F.leaky_relu(h)) @ self.W


@convex("weights of the levels by softplus, arctangents")
class ArctanLevels(Levels):
    pass


@gradient_only("weights of the levels of any sign")
class ArctanLevelsFree(Levels):
    def step(self, h, alpha):
        return alpha * torch.arctan(h)


@no_gradient("a dense matrix between two levels")
class ArctanLevelsMixed(Levels):
    def step(self, h, alpha):
        return self.mix(torch.arctan(h))
