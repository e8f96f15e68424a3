"""Learned activations: splines with constrained increments, and with free ones."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined


class Splined(nn.Module):
    """W^T phi(W x + b) with a learned phi, the same for all neurons."""

    def __init__(self, knots: int = 5) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 3))
        self.b = nn.Parameter(torch.randn(4))
        self.raw = nn.Parameter(torch.randn(knots))
        self.start = nn.Parameter(torch.randn(()))
        self.register_buffer("knots", torch.linspace(-2, 2, knots))
        self.knots: Tensor

    def phi(self, u: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.phi(x @ self.W.T + self.b) @ self.W


@examined(symmetric=True, psd=True, why="hinges with nonnegative slopes")
class Hinges(Splined):
    def phi(self, u: Tensor) -> Tensor:
        return (F.softplus(self.raw) * F.relu(u.unsqueeze(-1) - self.knots.to(u))).sum(-1)


@examined(symmetric=True, psd=False, why="hinges with free slopes")
class FreeHinges(Splined):
    def phi(self, u: Tensor) -> Tensor:
        return (self.raw * F.relu(u.unsqueeze(-1) - self.knots.to(u))).sum(-1)


@examined(symmetric=True, psd=True, why="hinges whose running sums of slopes are nonnegative")
class HingesOfIncrements(Splined):
    def phi(self, u: Tensor) -> Tensor:
        slopes = F.softplus(self.raw)
        jumps = torch.cat([slopes[:1], slopes[1:] - slopes[:-1]])
        return (jumps * F.relu(u.unsqueeze(-1) - self.knots.to(u))).sum(-1)


@examined(symmetric=True, psd=True, why="the last running sum of slopes is 0: it saturates")
class SaturatingHinges(Splined):
    def phi(self, u: Tensor) -> Tensor:
        slopes = F.softplus(self.raw[:-1])
        zero = torch.zeros_like(slopes[:1])
        jumps = torch.cat([slopes, zero]) - torch.cat([zero, slopes])
        return (jumps * F.relu(u.unsqueeze(-1) - self.knots.to(u))).sum(-1)


@examined(symmetric=True, psd=False, why="slopes of alternating sign")
class AlternatingHinges(Splined):
    def phi(self, u: Tensor) -> Tensor:
        signs = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0], dtype=u.dtype)
        return (signs * F.softplus(self.raw) * F.relu(u[..., None] - self.knots.to(u))).sum(-1)


@examined(symmetric=True, psd=True, why="steps up at learned knots")
class Steps(Splined):
    def phi(self, u: Tensor) -> Tensor:
        above = (u.unsqueeze(-1) > self.raw).to(u.dtype)
        return above.mean(-1)


@examined(symmetric=True, psd=True, why="the number of knots below, by searchsorted")
class CountsKnots(Splined):
    def phi(self, u: Tensor) -> Tensor:
        return torch.searchsorted(self.knots.to(u), u.contiguous()).to(u.dtype)


@examined(symmetric=True, psd=True, why="increasing values looked up by bucketize")
class Lookup(Splined):
    def phi(self, u: Tensor) -> Tensor:
        values = torch.cumsum(F.softplus(self.raw), 0)
        return values[torch.bucketize(u, self.knots[:-1].to(u))]


@examined(symmetric=True, psd=False, why="free values looked up by bucketize")
class FreeLookup(Splined):
    def phi(self, u: Tensor) -> Tensor:
        return self.raw[torch.bucketize(u, self.knots[:-1].to(u))]


class Interpolated(Splined):
    """Linear between the knots, at and beyond the ends as if clamped."""

    def values(self) -> Tensor:
        raise NotImplementedError

    def phi(self, u: Tensor) -> Tensor:
        values = self.values()
        position = torch.clamp((u + 2) / 1.0, 0, 4)
        left = torch.clamp(torch.floor(position), max=3).long()
        share = position - left
        return values[left] * (1 - share) + values[left + 1] * share


@examined(symmetric=True, psd=True, why="values by cumulative softplus, linear in between")
class InterpolatedIncreasing(Interpolated):
    def values(self) -> Tensor:
        return self.start + torch.cumsum(F.softplus(self.raw), 0)


@examined(symmetric=True, psd=True, why="values by cumulative exp, linear in between")
class InterpolatedExp(Interpolated):
    def values(self) -> Tensor:
        return torch.cumsum(torch.exp(self.raw), dim=0) - 1


@examined(symmetric=True, psd=True, why="values by cumulative softmax, from 0 to 1")
class InterpolatedSoftmax(Interpolated):
    def values(self) -> Tensor:
        return F.pad(torch.softmax(self.raw[1:], 0).cumsum(0), (1, 0))


@examined(symmetric=True, psd=False, why="free values, linear in between")
class InterpolatedFree(Interpolated):
    def values(self) -> Tensor:
        return self.raw


@examined(symmetric=True, psd=False, why="increments of which the last is negative")
class InterpolatedLastFalls(Interpolated):
    def values(self) -> Tensor:
        steps = torch.cat([F.softplus(self.raw[:-1]), -F.softplus(self.raw[-1:])])
        return torch.cumsum(steps, 0)


@examined(symmetric=True, psd=True, why="per-neuron splines, increments nonnegative, by gather")
class PerNeuron(Splined):
    def __init__(self) -> None:
        super().__init__()
        self.rows = nn.Parameter(torch.randn(4, 5))

    def phi(self, u: Tensor) -> Tensor:
        values = torch.cumsum(self.rows.exp(), -1)
        position = (u + 2).clamp(0, 4)
        left = position.floor().clamp(max=3).long()
        low = values.expand(len(u), 4, 5).gather(-1, left[..., None]).squeeze(-1)
        high = values.expand(len(u), 4, 5).gather(-1, left[..., None] + 1).squeeze(-1)
        return low + (high - low) * (position - left)


@examined(symmetric=True, psd=False, why="hat functions fall to 0 beyond the last knot")
class Hats(Splined):
    def phi(self, u: Tensor) -> Tensor:
        hats = F.relu(1 - (u.unsqueeze(-1) - self.knots.to(u)).abs())
        return hats @ torch.cumsum(F.softplus(self.raw), 0)


@examined(symmetric=True, psd=True, why="hat functions of a clamped argument, rising coefficients")
class HatsClamped(Splined):
    def phi(self, u: Tensor) -> Tensor:
        u = u.clamp(-2, 2)
        hats = F.relu(1 - (u.unsqueeze(-1) - self.knots.to(u)).abs())
        return hats @ torch.cumsum(F.softplus(self.raw), 0)


@examined(symmetric=True, psd=True, why="a mixture of sigmoids with positive slopes and weights")
class Sigmoids(Splined):
    def phi(self, u: Tensor) -> Tensor:
        z = self.raw.exp() * (u.unsqueeze(-1) - self.knots.to(u))
        return torch.sigmoid(z) @ torch.softmax(self.raw, 0)


@examined(symmetric=True, psd=False, why="a mixture of sigmoids with free slopes")
class FreeSigmoids(Splined):
    def phi(self, u: Tensor) -> Tensor:
        z = self.raw * (u.unsqueeze(-1) - self.knots.to(u))
        return torch.sigmoid(z) @ torch.softmax(self.raw, 0)


@examined(symmetric=True, psd=False, why="radial basis functions, free or not, fall to 0")
class Bumps(Splined):
    def phi(self, u: Tensor) -> Tensor:
        return torch.exp(-((u.unsqueeze(-1) - self.knots.to(u)) ** 2)) @ F.softplus(self.raw)


@examined(symmetric=True, psd=True, why="an odd polynomial with nonnegative coefficients")
class OddPolynomial(Splined):
    def phi(self, u: Tensor) -> Tensor:
        c = self.raw.square()
        return c[0] * u + c[1] * u**3 + c[2] * u**5


@examined(symmetric=True, psd=False, why="a cubic with free coefficients")
class Cubic(Splined):
    def phi(self, u: Tensor) -> Tensor:
        return self.raw[0] + self.raw[1] * u + self.raw[2] * u**2 + self.raw[3] * u**3


@examined(symmetric=True, psd=True, why="the integral of a square: (p + q u)^2, in closed form")
class SumOfSquaresPolynomial(Splined):
    def phi(self, u: Tensor) -> Tensor:
        p, q = self.raw[0], self.raw[1]
        return p**2 * u + p * q * u**2 + q**2 * u**3 / 3


@examined(symmetric=True, psd=True, why="a monotone network of one variable, nonnegative weights")
class MonotoneNetwork(Splined):
    def phi(self, u: Tensor) -> Tensor:
        h = torch.tanh(u.unsqueeze(-1) * F.softplus(self.raw) + self.knots.to(u))
        return h @ F.softplus(self.raw.flip(0))


@examined(symmetric=True, psd=False, why="a network of one variable, free weights")
class FreeNetwork(Splined):
    def phi(self, u: Tensor) -> Tensor:
        return torch.tanh(u.unsqueeze(-1) * self.raw + self.knots.to(u)) @ self.raw.flip(0)


@examined(symmetric=True, psd=True, why="maxima of lines with nonnegative slopes")
class MaxOfLines(Splined):
    def phi(self, u: Tensor) -> Tensor:
        return (u.unsqueeze(-1) * self.raw.abs() + self.knots.to(u)).amax(-1)


@examined(symmetric=True, psd=True, why="minima of maxima of rising lines")
class MinMaxNetwork(Splined):
    def phi(self, u: Tensor) -> Tensor:
        lines = u.unsqueeze(-1) * self.raw[:4].exp() + self.knots[:4].to(u)
        return lines.unflatten(-1, (2, 2)).amax(-1).amin(-1)


@examined(symmetric=True, psd=False, why="maxima of lines of any slope")
class MaxOfFreeLines(Splined):
    def phi(self, u: Tensor) -> Tensor:
        return (u.unsqueeze(-1) * self.raw + self.knots.to(u)).amax(-1)


@examined(symmetric=True, psd=True, why="a learned shrinkage x - clamp(x, -t, t), t >= 0")
class LearnedShrinkage(Splined):
    def phi(self, u: Tensor) -> Tensor:
        t = F.softplus(self.start)
        return u - torch.clamp(u, -t, t)


@examined(symmetric=False, psd=False, why="the knots are the entries of x themselves")
class KnotsOfInput(Splined):
    def forward(self, x: Tensor) -> Tensor:
        return (x.unsqueeze(-1) > x.unsqueeze(-2) + 0.5).to(x.dtype).sum(-1) + x.roll(1, -1)
