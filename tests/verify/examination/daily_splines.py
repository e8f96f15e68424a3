"""Learned one-dimensional splines between a matrix and its transpose."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only


class SplineField(nn.Module):
    """x -> W^T phi(W x), phi a spline for each of the units."""

    units = 3
    knots = 5

    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Parameter(torch.randn(self.units, 3) / 2)
        self.raw = nn.Parameter(torch.randn(self.units, self.knots))
        self.register_buffer("grid", torch.arange(self.knots) - 2.0)
        self.grid: Tensor

    def phi(self, z: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.phi(x.matmul(self.proj.t())).matmul(self.proj)


@convex("a nonnegative sum of ramps")
class RampBasis(SplineField):
    def phi(self, z: Tensor) -> Tensor:
        return (F.softplus(self.raw) * F.relu(z.unsqueeze(-1) - self.grid)).sum(-1)


@convex("a nonnegative sum of segments, each rising from 0 to 1")
class SegmentBasis(SplineField):
    def phi(self, z: Tensor) -> Tensor:
        segments = (z[..., None] - self.grid).clamp(0.0, 1.0)
        return torch.einsum("buk,uk->bu", segments, self.raw.exp())


class Interpolated(SplineField):
    """Values at the knots, between them a line, as in the code of convex ridge regularizers."""

    def heights(self) -> Tensor:
        raise NotImplementedError

    def phi(self, z: Tensor) -> Tensor:
        clipped = z.clamp(-2.0, 1.99)
        left = torch.floor(clipped)
        rest = clipped - left
        rows = torch.arange(self.units, device=z.device) * self.knots
        index = (left + 2).long() + rows
        flat = self.heights().reshape(-1)
        return flat[index] * (1 - rest) + flat[index + 1] * rest


@convex("heights are sums of positive increments")
class InterpolatedSoftplus(Interpolated):
    def heights(self) -> Tensor:
        return torch.cumsum(F.softplus(self.raw), dim=1)


@convex("heights are made to rise by a running maximum")
class InterpolatedCummax(Interpolated):
    def heights(self) -> Tensor:
        return torch.cummax(self.raw, dim=1).values


@convex("heights are sorted")
class InterpolatedSorted(Interpolated):
    def heights(self) -> Tensor:
        return self.raw.sort(dim=-1)[0]


@gradient_only("any heights")
class InterpolatedFree(Interpolated):
    def heights(self) -> Tensor:
        return self.raw


@gradient_only("positive heights need not rise")
class InterpolatedPositiveHeights(Interpolated):
    def heights(self) -> Tensor:
        return F.softplus(self.raw)


@gradient_only("the sum runs over the units, not over the knots")
class InterpolatedWrongAxis(Interpolated):
    def heights(self) -> Tensor:
        return torch.cumsum(self.raw.square(), dim=0)


@gradient_only("an increment can be -0.1", values={"raw": -20.0})
class InterpolatedElu(Interpolated):
    def heights(self) -> Tensor:
        return torch.cumsum(F.elu(self.raw) + 0.9, dim=1)


def bspline(u: Tensor) -> Tensor:
    """The quadratic B-spline with the knots -1.5, -0.5, 0.5, 1.5."""
    parts = [F.relu(u + 1.5 - k) ** 2 for k in range(4)]
    return (parts[0] - 3 * parts[1] + 3 * parts[2] - parts[3]) / 2


@convex("rising coefficients, and z stays where the B-splines sum to 1")
class QuadraticClamped(SplineField):
    def phi(self, z: Tensor) -> Tensor:
        coefficients = self.raw.square().cumsum(-1)
        clipped = torch.clamp(z, -1.5, 1.5).unsqueeze(-1)
        return (coefficients * bspline(clipped - self.grid)).sum(-1)


@gradient_only("beyond the last knot it falls to 0")
class QuadraticUnclamped(SplineField):
    def phi(self, z: Tensor) -> Tensor:
        coefficients = self.raw.square().cumsum(-1)
        return (coefficients * bspline(z.unsqueeze(-1) - self.grid)).sum(-1)


@convex("learned knots in order, learned heights in order")
class FreeKnots(SplineField):
    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.randn(self.units, 1))
        self.gaps = nn.Parameter(torch.randn(self.units, self.knots))

    def phi(self, z: Tensor) -> Tensor:
        gaps = F.softplus(self.gaps) + 1e-2
        right = self.start + gaps.cumsum(dim=1)
        left = right - gaps
        z = z.unsqueeze(-1)
        return (self.raw.exp() / gaps * (F.relu(z - left) - F.relu(z - right))).sum(-1)


@convex("steep sigmoids with nonnegative heights")
class SigmoidSteps(SplineField):
    def phi(self, z: Tensor) -> Tensor:
        out = torch.zeros_like(z)
        for k in range(self.knots):
            out = out + self.raw[:, k] ** 2 * torch.sigmoid(4 * (z - self.grid[k]))
        return out


@convex("slopes between 0 and 1 on each piece")
class NonexpansivePieces(SplineField):
    def slopes(self) -> Tensor:
        return self.raw.clamp(0, 1)

    def phi(self, z: Tensor) -> Tensor:
        slopes = self.slopes()
        out = slopes[:, 0] * torch.minimum(z, self.grid[1])
        for k in range(1, self.knots - 1):
            piece = torch.minimum(torch.maximum(z, self.grid[k]), self.grid[k + 1]) - self.grid[k]
            out = out + slopes[:, k] * piece
        return out + slopes[:, -1] * F.relu(z - self.grid[-1])


@convex("z less a spline with slopes between 0 and 1")
class NonexpansiveRest(NonexpansivePieces):
    def phi(self, z: Tensor) -> Tensor:
        return z - super().phi(z)


@gradient_only("z less 1.05 times a spline with slopes between 0 and 1", values={"raw": 1.0})
class NonexpansiveOver(NonexpansivePieces):
    def phi(self, z: Tensor) -> Tensor:
        return z - 1.05 * super().phi(z)
