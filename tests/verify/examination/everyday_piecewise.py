"""Splines as in published code, torch.where, masks, sort, floor, and their wrong versions."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined


class Spline(nn.Module):
    """W^T phi(W x), phi a linear spline of each neuron on a uniform grid."""

    def __init__(self, dim: int = 3, neurons: int = 3, knots: int = 5) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(neurons, dim))
        self.coefficients = nn.Parameter(torch.randn(neurons, knots))
        self.size, self.step, self.reach = knots, 0.5, 1.0

    def values(self) -> Tensor:
        """Coefficients that do not fall."""
        c = self.coefficients
        steps = F.relu(c[:, 1:] - c[:, :-1])
        return torch.cat([c[:, :1], c[:, :1] + steps.cumsum(1)], dim=1)

    def phi(self, u: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.phi(x @ self.W.T) @ self.W

    def interpolate(self, c: Tensor, u: Tensor, inside: Tensor) -> Tensor:
        left = torch.floor((inside + self.reach) / self.step).clamp(0, self.size - 2)
        share = (u + self.reach) / self.step - left
        first = self.size * torch.arange(len(c))
        index = first + left.long()
        flat = c.reshape(-1)
        return flat[index] * (1 - share) + flat[index + 1] * share


@examined(symmetric=True, psd=True, why="coefficients that rise, linear extrapolation")
class LinearTails(Spline):
    def phi(self, u: Tensor) -> Tensor:
        return self.interpolate(self.values(), u, u.clamp(-self.reach, self.reach))


@examined(symmetric=True, psd=True, why="coefficients that rise, constant extrapolation")
class ConstantTails(Spline):
    def phi(self, u: Tensor) -> Tensor:
        u = u.clamp(-self.reach, self.reach)
        return self.interpolate(self.values(), u, u)


@examined(symmetric=True, psd=False, why="free coefficients")
class FreeCoefficients(Spline):
    def phi(self, u: Tensor) -> Tensor:
        return self.interpolate(self.coefficients, u, u.clamp(-self.reach, self.reach))


@examined(symmetric=True, psd=True, why="hats on the grid, u kept inside it")
class Hats(Spline):
    def phi(self, u: Tensor) -> Tensor:
        grid = torch.linspace(-1, 1, 5, dtype=u.dtype)
        hats = F.relu(1 - (u.clamp(-1, 1)[..., None] - grid).abs() / self.step)
        return torch.einsum("bmk,mk->bm", hats, self.values())


@examined(symmetric=True, psd=False, why="hats sum to 0 outside the grid: phi returns to 0")
class HatsWithoutClamp(Spline):
    def phi(self, u: Tensor) -> Tensor:
        grid = torch.linspace(-1, 1, 5, dtype=u.dtype)
        hats = F.relu(1 - (u[..., None] - grid).abs() / self.step)
        return torch.einsum("bmk,mk->bm", hats, self.values())


@examined(symmetric=True, psd=True, why="ramps with nonnegative heights")
class Ramps(Spline):
    def phi(self, u: Tensor) -> Tensor:
        grid = torch.linspace(-1, 1, 5, dtype=u.dtype)
        ramps = torch.clamp((u.unsqueeze(-1) - grid) / self.step, 0, 1)
        return (F.softplus(self.coefficients) * ramps).sum(-1)


@examined(symmetric=True, psd=True, why="smooth steps between values that rise")
class SmoothSteps(Spline):
    def phi(self, u: Tensor) -> Tensor:
        out = torch.zeros_like(u)
        for k, height in enumerate(self.coefficients.exp().unbind(1)):
            t = (u - 0.5 * k + 1).clamp(0, 1)
            out = out + height * t * t * (3 - 2 * t)
        return out


@examined(symmetric=True, psd=False, why="3 t^2 - 2.5 t^3 falls on (0.8, 1)")
class OvershootingSteps(Spline):
    def phi(self, u: Tensor) -> Tensor:
        t = u.clamp(0, 1)
        return t**2 * (3 - 2.5 * t) * self.coefficients[:, 0].exp()


@examined(symmetric=True, psd=True, why="a rational-quadratic spline on [0, 1], identity outside")
class RationalQuadratic(Spline):
    def phi(self, u: Tensor) -> Tensor:
        y = F.pad(torch.softmax(self.coefficients[:, :2], 1).cumsum(1), (1, 0))
        d = F.pad(F.softplus(self.coefficients[:, 2:3]), (1, 1), value=1.0)
        inside = u.clamp(0, 1)
        k = (inside >= 0.5).long()
        xi = 2 * inside - k
        m = torch.arange(3)
        low, high, d0, d1 = y[m, k], y[m, k + 1], d[m, k], d[m, k + 1]
        s, t = 2 * (high - low), xi * (1 - xi)
        return low + (high - low) * (s * xi**2 + d0 * t) / (s + (d0 + d1 - 2 * s) * t) + u - inside


class Pieces(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(3, 3))
        self.v = nn.Parameter(torch.randn(3))
        self.w = nn.Parameter(torch.randn(3))
        self.raw = nn.Parameter(torch.zeros(3))

    def phi(self, u: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.phi(x @ self.W.T) @ self.W


@examined(symmetric=True, psd=True, why="-1, u or 1")
class NestedWhere(Pieces):
    def phi(self, u: Tensor) -> Tensor:
        one = torch.ones_like(u)
        return torch.where(u < -1, -one, torch.where(u > 1, one, u))


@examined(symmetric=True, psd=False, why="the two ends exchanged")
class NestedWhereExchanged(Pieces):
    def phi(self, u: Tensor) -> Tensor:
        one = torch.ones_like(u)
        return torch.where(u < -1, one, torch.where(u > 1, -one, u))


@examined(symmetric=True, psd=True, why="a leaky relu by masks")
class Masks(Pieces):
    def phi(self, u: Tensor) -> Tensor:
        return (u > 0) * u + (u <= 0) * 0.1 * u


@examined(symmetric=True, psd=False, why="the slope below 0 has the wrong sign")
class MasksFalling(Pieces):
    def phi(self, u: Tensor) -> Tensor:
        return (u > 0).to(u.dtype) * u - (u < 0).to(u.dtype) * 0.1 * u


@examined(symmetric=True, psd=True, why="assigned under a mask")
class Assigned(Pieces):
    def phi(self, u: Tensor) -> Tensor:
        y = u.clone()
        y[u < 0] = 0.25 * u[u < 0]
        return y


@examined(symmetric=True, psd=False, why="below a threshold of any sign it is 0")
class FreeThreshold(Pieces):
    def phi(self, u: Tensor) -> Tensor:
        return u.masked_fill(u < self.raw, 0.0)


@examined(symmetric=True, psd=True, why="between u and tanh u")
class Lerp(Pieces):
    def phi(self, u: Tensor) -> Tensor:
        return torch.lerp(u, torch.tanh(u), torch.sigmoid(self.raw))


@examined(symmetric=True, psd=False, why="beyond tanh u: u + w (tanh u - u), w > 1")
class LerpBeyond(Pieces):
    def phi(self, u: Tensor) -> Tensor:
        return torch.lerp(u, torch.tanh(u), 2 * torch.sigmoid(self.raw))


@examined(symmetric=True, psd=True, why="rounded to a learned grid")
class Rounded(Pieces):
    def phi(self, u: Tensor) -> Tensor:
        step = F.softplus(self.raw)
        return step * torch.round(u / step)


@examined(symmetric=True, psd=True, why="a straight-through estimator is round")
class StraightThrough(Pieces):
    def phi(self, u: Tensor) -> Tensor:
        return u + (torch.floor(u + 0.5) - u).detach()


@examined(symmetric=True, psd=False, why="u - floor(u) jumps down")
class Sawtooth(Pieces):
    def phi(self, u: Tensor) -> Tensor:
        return u - torch.floor(u)


@examined(symmetric=None, psd=None, why="rounded up or down by chance")
class StochasticRounding(Pieces):
    def phi(self, u: Tensor) -> Tensor:
        return torch.floor(u + torch.rand_like(u))


@examined(symmetric=True, psd=True, why="the gradient of |v . x|")
class AbsoluteRidge(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        above = (x @ self.v > 0).unsqueeze(-1)
        return torch.where(above, self.v, -self.v)


@examined(symmetric=True, psd=False, why="its negative")
class AbsoluteRidgeNegative(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        above = (x @ self.v > 0).unsqueeze(-1)
        return torch.where(above, -self.v, self.v)


@examined(
    symmetric=False, psd=False, why="two constants whose difference is not normal to the plane"
)
class TwoConstants(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where((x @ self.v > 0).unsqueeze(-1), self.v, self.w)


@examined(symmetric=True, psd=True, why="the gradient of max - min: where they are, 1 and -1")
class RangeOfEntries(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        top = F.one_hot(x.argmax(-1), 3) - F.one_hot(x.argmin(-1), 3)
        return top.to(x.dtype)


@examined(symmetric=True, psd=False, why="the gradient of the median, which is not convex")
class Median(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return F.one_hot(x.median(-1).indices, 3).to(x.dtype)


@examined(
    symmetric=True, psd=True, why="the two largest by size: half their squares summed is convex"
)
class TopTwoBySize(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        index = x.abs().topk(2, dim=-1).indices
        return x * torch.zeros_like(x).scatter(1, index, 1.0)


@examined(symmetric=True, psd=False, why="the two largest by value: an entry below 0 jumps down")
class TopTwoByValue(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        index = x.topk(2, dim=-1).indices
        return x * torch.zeros_like(x).scatter(1, index, 1.0)


@examined(symmetric=True, psd=True, why="groups of maxima of affine functions: rows of the largest")
class GroupedMaxout(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(2, 4, 3))
        self.b = nn.Parameter(torch.randn(2, 4))

    def forward(self, x: Tensor) -> Tensor:
        scores = torch.einsum("bn,gkn->bgk", x, self.W) + self.b
        return torch.einsum("bgk,gkn->bn", self.chosen(scores), self.W)

    def chosen(self, scores: Tensor) -> Tensor:
        return F.one_hot(scores.argmax(-1), 4).to(scores.dtype)


@examined(symmetric=True, psd=False, why="the rows of the smallest")
class GroupedMinout(GroupedMaxout):
    def chosen(self, scores: Tensor) -> Tensor:
        return F.one_hot(scores.argmin(-1), 4).to(scores.dtype)
