"""Kinks, steps and splines: constrained, almost constrained, and with degenerate parameters."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient, no_verdict


class Profile(nn.Module):
    """W^T phi(W x) with a profile phi that is common to all units or not."""

    def __init__(self, dim: int = 3, units: int = 3, knots: int = 6) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(dim, units) / 2)
        self.theta = nn.Parameter(torch.randn(knots))
        self.t = nn.Parameter(torch.tensor(0.3))
        self.register_buffer("knots", torch.linspace(-1, 1, knots))
        self.knots: Tensor

    def phi(self, u: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.phi(x @ self.W) @ self.W.t()


def interpolate(u: Tensor, knots: Tensor, heights: Tensor) -> Tensor:
    """Linear interpolation by bucketize, constant outside."""
    v = torch.minimum(torch.maximum(u, knots[0]), knots[-1])
    k = torch.bucketize(v, knots).clamp(1, len(knots) - 1)
    left, right = knots[k - 1], knots[k]
    share = (v - left) / (right - left)
    return heights[k - 1] + share * (heights[k] - heights[k - 1])


@convex("bucketize, heights by a sum of softplus")
class Bucketized(Profile):
    def phi(self, u):
        return interpolate(u, self.knots, F.softplus(self.theta).cumsum(0))


@convex("the ends of the buffer as numbers of Python")
class BucketizedFloats(Bucketized):
    def phi(self, u):
        return super().phi(u.clamp(float(self.knots[0]), float(self.knots[-1])))


@convex("heights by a running maximum")
class BucketizedCummax(Profile):
    def phi(self, u):
        return interpolate(u, self.knots, torch.cummax(self.theta, 0)[0])


@convex("heights that are sorted")
class BucketizedSorted(Profile):
    def phi(self, u):
        return interpolate(u, self.knots, self.theta.msort())


@gradient_only("heights in falling order", values={"theta": [0.0, 1, 2, 3, 4, 5]})
class BucketizedFalling(Profile):
    def phi(self, u):
        return interpolate(u, self.knots, self.theta.sort(descending=True).values)


@gradient_only("the first increment is free: it is a height; the third is left free, too")
class BucketizedOneFree(Profile):
    def phi(self, u):
        steps = F.softplus(self.theta)
        steps = torch.cat([steps[:2], self.theta[2:3], steps[3:]])
        return interpolate(u, self.knots, steps.cumsum(0))


@convex("only the first height is free")
class BucketizedFirstFree(Profile):
    def phi(self, u):
        steps = torch.cat([self.theta[:1], F.softplus(self.theta[1:])])
        return interpolate(u, self.knots, steps.cumsum(0))


@convex("slopes are projected onto [0, 1], as for a firmly nonexpansive spline")
class ProjectedSlopes(Profile):
    def phi(self, u):
        gaps = torch.diff(self.knots)
        slopes = (torch.diff(self.theta) / gaps).clamp(0, 1)
        heights = F.pad((slopes * gaps).cumsum(0), (1, 0))
        return interpolate(u, self.knots, heights - heights.mean())


@gradient_only("slopes are projected onto [-0.5, 1], as for a weakly convex one")
class WeaklyProjectedSlopes(Profile):
    def phi(self, u):
        gaps = torch.diff(self.knots)
        slopes = (torch.diff(self.theta) / gaps).clamp(-0.5, 1)
        heights = F.pad((slopes * gaps).cumsum(0), (1, 0))
        return interpolate(u, self.knots, heights)


class Hats(Profile):
    """Hats weighted by heights that rise, the ends continued."""

    width = 0.5

    def grid(self) -> Tensor:
        return torch.arange(6) / 2 - 1

    def phi(self, u):
        heights = torch.cumsum(self.theta.exp(), 0)
        grid = self.grid()
        v = torch.clamp(u, grid[0], grid[-1]).unsqueeze(-1)
        hats = F.relu(1 - (v - grid).abs() / self.width)
        return (hats * heights).sum(-1)


@convex("hats that sum to 1")
class HatSum(Hats):
    pass


@gradient_only("knots rounded to float32 are not 0.4 apart", unseen="of size 1e-8")
class HatSumRounded(Hats):
    width = 0.4

    def grid(self):
        return self.knots


@convex("a floor of learned width of step, a step up at each integer")
class Staircase(Profile):
    def phi(self, u):
        return self.t.exp() * torch.floor(u / self.t.exp())


@gradient_only("a sawtooth", values={"W": [[1.0, 0, 0], [0, 0, 0], [0, 0, 0]]},
               points=[[0.9, 0, 0], [1.1, 0, 0]])  # fmt: skip
class SawtoothRest(Profile):
    def phi(self, u):
        return torch.frac(u)


@convex("where with branches that meet: a quadratic and its tangent")
class HuberWhere(Profile):
    def phi(self, u):
        d = F.softplus(self.t)
        return torch.where(u.abs() < d, u, d * u.sign())


@gradient_only(
    "the constant beyond d is d / 2, a step down",
    values={"t": 1.0, "W": [[1.0, 0, 0], [0, 0, 0], [0, 0, 0]]},
    points=[[1.2, 0, 0], [1.4, 0, 0]],
)
class HuberHalf(Profile):
    def phi(self, u):
        d = F.softplus(self.t)
        return torch.where(u.abs() < d, u, 0.5 * d * u.sign())


@convex("two relus with thresholds in either order, the sum of both")
class TwoHinges(Profile):
    def phi(self, u):
        return F.relu(u - self.theta[0]) - F.relu(self.theta[1] - u)


@convex("clamp between learned bounds in order")
class OrderedBounds(Profile):
    def phi(self, u):
        low = self.theta[0]
        return torch.clamp(u, low, low + self.theta[1].abs())


@convex("bounds in either order: then clamp is constant, the upper bound")
class AnyBounds(Profile):
    def phi(self, u):
        return torch.clamp(u, self.theta[0], self.theta[1])


@gradient_only(
    "bounds by the sign of u: the lower on the right if they are exchanged",
    values={"theta": [1.0, -1.0, 0, 0, 0, 0], "W": [[1.0, 0, 0], [0, 0, 0], [0, 0, 0]]},
    points=[[0.5, 0, 0], [-0.5, 0, 0]],
)
class BoundsBySign(Profile):
    def phi(self, u):
        return torch.where(u > 0, self.theta[1], self.theta[0])


@convex("a middle value: the median of u and two learned numbers")
class MiddleOfThree(Profile):
    def phi(self, u):
        a, b = torch.minimum(*self.theta[:2]), torch.maximum(*self.theta[:2])
        return torch.maximum(a, torch.minimum(u, b))


@convex("dead zone of width |t|, of no width where t = 0")
class DeadZone(Profile):
    def phi(self, u):
        t = self.t.abs()
        return torch.relu(u - t) - torch.relu(-u - t)


@convex("the same with t of any sign: slope 2 inside where t < 0")
class DeadZoneFree(Profile):
    def phi(self, u):
        return torch.relu(u - self.t) - torch.relu(-u - self.t)


@gradient_only(
    "sign(u) relu(|u| - t) steps up at 0 where t < 0, but sign(u) (|u| - t) steps down where t > 0",
    values={"t": 1.0, "W": [[1.0, 0, 0], [0, 0, 0], [0, 0, 0]]},
    points=[[0.1, 0, 0], [-0.1, 0, 0]],
)
class NoRelu(Profile):
    def phi(self, u):
        return u.sign() * (u.abs() - self.t)


@convex("sign(u) relu(|u| - t), t of any sign")
class SoftAnySign(Profile):
    def phi(self, u):
        return u.sign() * torch.relu(u.abs() - self.t)


@convex("the modulus of a slope on each side")
class TwoModuli(Profile):
    def phi(self, u):
        s = self.theta[:2].abs()
        return torch.where(u >= 0, s[0] * u, s[1] * u)


@convex("leaky relu as a maximum, a slope between 0 and 1")
class LeakyMaximum(Profile):
    def phi(self, u):
        return torch.maximum(u, torch.sigmoid(self.t) * u)


@convex("a maximum of lines, all of which rise", dim=2)
class MaximumOfRisingLines(Profile):
    def __init__(self):
        super().__init__(dim=2)

    def phi(self, u):
        return (u.unsqueeze(-1) * self.theta.square() + self.knots).amax(-1)


@gradient_only("a maximum of lines, one of which is constant less 1e-9 u", dim=2,
               values={"theta": 0.0, "W": 1.0},
               points=[[-1.0, -1.0], [-2.0, -2.0]])  # fmt: skip
class MaximumWithOneFalling(Profile):
    def __init__(self):
        super().__init__(dim=2)

    def phi(self, u):
        return torch.maximum((u.unsqueeze(-1) * self.theta**2 + self.knots).amax(-1), -1e-9 * u + 1)


@convex("a minimum over groups of maxima of rising lines", dim=2)
class MinimumOfMaxima(Profile):
    def __init__(self):
        super().__init__(dim=2)

    def phi(self, u):
        lines = u[..., None] * self.theta.exp() + self.knots
        return lines.unflatten(-1, (3, 2)).amax(-1).amin(-1)


@convex("cubic below, linear above, with one slope where they meet")
class CubicThenLine(Profile):
    def phi(self, u):
        return torch.where(u < 1, u**3, 3 * u - 2)


@gradient_only("the line starts at 0.9, below the cubic's 1",
               values={"W": [[1.0, 0, 0], [0, 0, 0], [0, 0, 0]]},
               points=[[0.99, 0, 0], [1.0, 0, 0]])  # fmt: skip
class CubicThenLowerLine(Profile):
    def phi(self, u):
        return torch.where(u < 1, u**3, 3 * u - 2.1)


@no_gradient("each unit is cut where its neighbour is")
class CutByNeighbour(Profile):
    def phi(self, u):
        return torch.where(u.roll(1, -1) > 0, u, 0.1 * u)


@no_verdict("0/0 at the knot where both learned knots coincide")
class CoincidingKnots(Profile):
    def phi(self, u):
        a, b = self.theta[0], self.theta[0] + self.theta[1].abs()
        return ((u - a) / (u.clamp(min=0) * 0 + b - a)).clamp(0, 1)
