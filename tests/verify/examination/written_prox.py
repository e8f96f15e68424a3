"""Solves, sorts, projections and proximal maps, and steps that only look like them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined
from .everyday import convex, gradient_only, no_gradient


@convex("the larger and the smaller of two add up to both: the identity")
class MeanByExtremes(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        a, b, c = x.unbind(-1)
        high, low = torch.maximum(a, b), torch.minimum(a, b)
        return torch.stack([high + low - b, high + low - a, c], dim=-1)


@no_gradient("sorted entries stay where the sort puts them")
class SortedPlain(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + torch.sort(x, dim=-1)[0]


class Ranked(nn.Module):
    """Weights by rank, back at the entries: the gradient of a sum of sorted entries."""

    def __init__(self) -> None:
        super().__init__()
        self.r = nn.Parameter(torch.randn(4))

    def weights(self) -> Tensor:
        return F.softplus(self.r).cumsum(0)

    def forward(self, x: Tensor) -> Tensor:
        order = x.argsort(dim=-1)
        return torch.zeros_like(x).scatter(1, order, self.weights().expand_as(x))


@convex("the largest weight at the largest entry", dim=4)
class RankedRising(Ranked):
    pass


@gradient_only("weights in any order", dim=4)
class RankedFree(Ranked):
    def weights(self):
        return self.r


@no_gradient("gathered, not scattered: the weights follow the inverse order", dim=4)
class RankedGathered(Ranked):
    def forward(self, x):
        return self.weights()[x.argsort(dim=-1)]


@convex("two argsorts are ranks", dim=4)
class RankedTwice(Ranked):
    def forward(self, x):
        return self.weights()[x.argsort(-1).argsort(-1)]


class Simplex(nn.Module):
    """The projection onto a simplex by a sort."""

    def height(self) -> Tensor | float:
        return 1.0

    def forward(self, x: Tensor) -> Tensor:
        h = self.height()
        top = x.sort(dim=-1, descending=True).values
        k = torch.arange(1, x.shape[-1] + 1, dtype=x.dtype)
        mean = (top.cumsum(-1) - h) / k
        count = (top > mean).sum(-1, keepdim=True)
        return F.relu(x - mean.gather(-1, count - 1))


@convex("a height of 2", dim=3)
class SimplexOfTwo(Simplex):
    def height(self):
        return 2.0


@convex("a learned height above 0", dim=3)
class SimplexLearned(Simplex):
    def __init__(self):
        super().__init__()
        self.h = nn.Parameter(torch.tensor(0.0))

    def height(self):
        return self.h.exp()


@convex("x less its projection, doubled: the gradient of the squared distance", dim=3)
class SimplexDistance(Simplex):
    def forward(self, x):
        return 2 * (x - super().forward(x))


class Ridge(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(2, 3))
        self.y = nn.Parameter(torch.randn(2))
        self.log_rho = nn.Parameter(torch.zeros(()))
        self.d = nn.Parameter(torch.randn(3))

    def gram(self) -> Tensor:
        return self.A.T @ self.A + self.log_rho.exp() * torch.eye(3, dtype=self.A.dtype)


@convex("the proximal map of a least-squares term")
class ProxLeastSquares(Ridge):
    def forward(self, x):
        rhs = (self.log_rho.exp() * x + self.y @ self.A).unsqueeze(-1)
        return torch.linalg.solve(self.gram(), rhs).squeeze(-1)


@convex("the same by a Cholesky factor")
class ProxByCholesky(Ridge):
    def forward(self, x):
        L = torch.linalg.cholesky(self.gram())
        return torch.cholesky_solve((x + self.y @ self.A).T, L).T


@no_gradient("a diagonal before the solve only")
class SolvedScaled(Ridge):
    def forward(self, x):
        return torch.linalg.solve(self.gram(), (self.d * x).T).T


@convex("the diagonal on both sides")
class SolvedScaledBoth(Ridge):
    def forward(self, x):
        return self.d * torch.linalg.solve(self.gram(), (self.d * x).T).T


@convex("a pseudo-inverse, and a rising profile between it and its transpose")
class PseudoInverse(Ridge):
    def forward(self, x):
        P = torch.linalg.solve(self.gram(), self.A.T)
        return torch.tanh(x @ P) @ P.T


@gradient_only("a reflection at a line, almost")
class ReflectedPlane(Ridge):
    def forward(self, x):
        G = self.A @ self.A.T + 1e-3 * torch.eye(2, dtype=x.dtype)
        return x - 2 * torch.linalg.solve(G, self.A @ x.T).T @ self.A


@convex("projection onto a half-space a . x <= b", dim=3)
class HalfSpaceStep(Ridge):
    def forward(self, x):
        a = self.A[0]
        over = F.relu(x @ a - self.y[0]) / (a.dot(a) + 1e-12)
        return x - over.unsqueeze(-1) * a


@gradient_only("one step and a half beyond the plane")
class HalfSpaceOver(Ridge):
    def forward(self, x):
        a = self.A[0]
        over = F.relu(x @ a - self.y[0]) / (a.dot(a) + 1e-12)
        return x - 1.5 * over.unsqueeze(-1) * a


@no_gradient("two half-spaces, one after the other")
class TwoHalfSpaces(Ridge):
    def forward(self, x):
        for a, b in zip(self.A, self.y, strict=True):
            x = x - (F.relu(x @ a - b) / (a @ a + 1e-12)).unsqueeze(-1) * a
        return x


@convex("the average of the two projections")
class AverageOfHalfSpaces(Ridge):
    def forward(self, x):
        steps = [
            x - (F.relu(x @ a - b) / (a @ a + 1e-12)).unsqueeze(-1) * a
            for a, b in zip(self.A, self.y, strict=True)
        ]
        return torch.stack(steps).mean(0)


@convex("projection onto a slab: the distance beyond either face")
class Slab(Ridge):
    def forward(self, x):
        a = F.normalize(self.A[0], dim=0)
        u = x @ a
        return x - torch.outer(u - u.clamp(-1.0, 1.0), a)


@convex("projection onto a ray")
class Ray(Ridge):
    def forward(self, x):
        a = F.normalize(self.d, dim=0, eps=1e-6)
        return F.relu(x @ a)[:, None] * a


@convex("the nearest point of a box, by median of three")
class BoxByMedian(Ridge):
    def forward(self, x):
        low, high = -self.d.abs().expand_as(x), self.d.square().expand_as(x)
        return torch.stack([low, x, high]).median(dim=0).values


@convex("learned shrinkage of differences: Haar there and back", dim=4)
class HaarShrink(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.t = nn.Parameter(torch.zeros(2))

    def forward(self, x):
        even, odd = x[:, ::2], x[:, 1::2]
        mean, gap = (even + odd) / 2, (even - odd) / 2
        gap = F.relu(gap - self.t.exp()) - F.relu(-gap - self.t.exp())
        return torch.stack([mean + gap, mean - gap], dim=-1).flatten(1)


@no_gradient("the halves come back in another order", dim=4)
class HaarShrinkLaidOut(HaarShrink):
    def forward(self, x):
        mean, gap = (x[:, ::2] + x[:, 1::2]) / 2, (x[:, ::2] - x[:, 1::2]) / 2
        gap = F.softshrink(gap, 0.1)
        return torch.cat([mean + gap, mean - gap], dim=-1)


@convex("group lasso, smoothed, a weight for each group", dim=4)
class SmoothGroupLasso(HaarShrink):
    def forward(self, x):
        g = x.unflatten(-1, (2, 2))
        r = torch.sqrt(g.square().sum(-1, keepdim=True) + 1e-4)
        return (self.t.abs().unsqueeze(-1) * g / r).flatten(-2)


@gradient_only("more shrinkage than there is length near 0", dim=4,
               values={"t": 1.0}, points=[[1e-3, 0, 0, 0], [-1e-3, 0, 0, 0]])  # fmt: skip
class SmoothGroupShrink(HaarShrink):
    def forward(self, x):
        g = x.unflatten(-1, (2, 2))
        r = torch.sqrt(g.square().sum(-1, keepdim=True) + 1e-4)
        return (g - self.t.abs().unsqueeze(-1) * g / r).flatten(-2)


@convex("less than the slope 1 that there is at 0", dim=4)
class SmoothGroupShrinkLess(HaarShrink):
    def forward(self, x):
        g = x.unflatten(-1, (2, 2))
        r = torch.sqrt(g.square().sum(-1, keepdim=True) + 1)
        t = (self.t.abs() / (1 + self.t.abs())).unsqueeze(-1)
        return (g - t * g / r).flatten(-2)


@examined(
    symmetric=None,
    psd=False,
    why="1 / x is undefined at 0, and falls elsewhere",
    scored=False,
    points=[[1.0, 1.0, 1.0], [2.0, 1.0, 1.0]],
)
class SolvedByInput(nn.Module):
    def forward(self, x):
        return torch.linalg.solve(torch.diag_embed(x), torch.ones_like(x))
