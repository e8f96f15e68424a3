"""Proximal maps and projections, as functions of x alone."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class Learned(nn.Module):
    """A map with a vector and a number to learn."""

    def __init__(self) -> None:
        super().__init__()
        self.v = nn.Parameter(torch.tensor([0.4, -0.3, 0.1, 0.2]))
        self.tau = nn.Parameter(torch.tensor(-0.5))


def soft(x: Tensor, threshold: Tensor) -> Tensor:
    return x - x.clamp(min=-threshold, max=threshold)


def ball(x: Tensor, radius: float = 1.0) -> Tensor:
    return x / torch.clamp(x.norm(dim=1, keepdim=True) / radius, min=1.0)


@convex("soft thresholding by clamp", dim=4)
class Soft(Learned):
    def forward(self, x: Tensor) -> Tensor:
        return soft(x, self.v.exp())


@convex("elastic net", dim=4)
class Elastic(Learned):
    def forward(self, x: Tensor) -> Tensor:
        return soft(x, F.softplus(self.v)) / (1 + self.tau.square())


@convex("hard thresholding jumps upwards", dim=4)
class Hard(Learned):
    def forward(self, x: Tensor) -> Tensor:
        return x * (x.abs() > self.tau.exp()).to(x.dtype)


@convex("groups of two are shortened", dim=4)
class GroupSoft(Learned):
    def forward(self, x: Tensor) -> Tensor:
        pairs = x.reshape(-1, 2, 2)
        length = pairs.norm(dim=2, keepdim=True).clamp(min=1e-8)
        return (pairs * F.relu(1 - F.softplus(self.tau) / length)).reshape(-1, 4)


@convex("thresholded first, into the ball afterwards: the support is kept", dim=4)
class BallOfSoft(Learned):
    def forward(self, x: Tensor) -> Tensor:
        return ball(soft(x, self.v.exp()))


@no_gradient("into the ball first, thresholded afterwards", dim=4)
class SoftOfBall(Learned):
    def forward(self, x: Tensor) -> Tensor:
        return soft(ball(x, 2.0), 0.3 * torch.sigmoid(self.v))


@convex("the slope of an envelope, x less its projection", dim=4)
class Distance(Learned):
    def forward(self, x: Tensor) -> Tensor:
        return x - self.v - ball(x - self.v)


@gradient_only("a reflection at the ball", dim=4)
class Reflected(Learned):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * ball(x) - x


@convex("onto a hyperplane with a learned normal", dim=4)
class Hyperplane(Learned):
    def forward(self, x: Tensor) -> Tensor:
        excess = (x * self.v).sum(-1, keepdim=True) - self.tau
        return x - excess * self.v / self.v.square().sum()


@gradient_only("beyond the hyperplane", dim=4)
class BeyondHyperplane(Learned):
    def forward(self, x: Tensor) -> Tensor:
        excess = (x * self.v).sum(-1, keepdim=True) - self.tau
        return x - 1.2 * excess * self.v / self.v.square().sum()


@convex("the proximal map of minus a logarithm", dim=4)
class Barrier(Learned):
    def forward(self, x: Tensor) -> Tensor:
        return (x + torch.sqrt(x**2 + 4 * F.softplus(self.tau))) / 2


@convex("the proximal map of the pinball loss", dim=4)
class Pinball(Learned):
    def forward(self, x: Tensor) -> Tensor:
        level = torch.sigmoid(self.tau)
        return x - torch.maximum(torch.minimum(x, level), level - 1)


@convex("onto the simplex, by sorting", dim=4)
class Simplex(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        u = torch.sort(x, dim=-1, descending=True).values
        excess = torch.cumsum(u, dim=-1) - 1
        k = torch.arange(1, 5, dtype=x.dtype, device=x.device)
        theta = (excess / k).amax(dim=-1, keepdim=True)
        return F.relu(x - theta)


@no_gradient("divided by the sum of what is positive", dim=4)
class SimplexByDivision(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(x)
        return y / y.sum(dim=-1, keepdim=True).clamp(min=1.0)


@convex("a diagonal metric", dim=4)
class DiagonalMetric(Learned):
    def forward(self, x: Tensor) -> Tensor:
        d = self.v.exp()
        return F.softshrink(d * x, 0.5) / d


@no_gradient("a dense matrix and its inverse", dim=2)
class DenseMetric(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.M = nn.Parameter(torch.tensor([[1.0, 0.5], [0.0, 1.0]]))

    def forward(self, x: Tensor) -> Tensor:
        return F.softshrink(x @ self.M, 0.5) @ torch.linalg.inv(self.M)
