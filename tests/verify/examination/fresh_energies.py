"""Potentials differentiated inside forward, convex networks, integrals over a parameter."""

# Written as users write: their attributes have no types.
# pyright: reportArgumentType=false, reportAssignmentType=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import grad, vjp, vmap

from .everyday import convex, gradient_only, no_gradient, no_verdict


class Potential(nn.Module):
    """f(x) = grad E(x), by autograd."""

    def __init__(self, dim: int = 3, width: int = 5):
        super().__init__()
        self.dim = dim
        self.first = nn.Linear(dim, width)
        self.W = nn.Parameter(torch.randn(width, width) / width)
        self.skip = nn.Linear(dim, width)
        self.out = nn.Parameter(torch.randn(width))

    def energy(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x):
        with torch.enable_grad():
            x = x if x.requires_grad else x.detach().requires_grad_(True)
            (g,) = torch.autograd.grad(self.energy(x).sum(), x, create_graph=True)
        return g


class FuncPotential(Potential):
    """The same by torch.func, one sample at a time."""

    def forward(self, x):
        return vmap(grad(lambda sample: self.energy(sample[None]).sum()))(x)


@convex("weights by softplus, convex nondecreasing units")
class InputConvex(Potential):
    def energy(self, x):
        h = F.softplus(self.first(x))
        h = F.softplus(F.linear(h, F.softplus(self.W)) + self.skip(x))
        return h @ F.softplus(self.out)


@convex("elu, clipped weights, and a strongly convex term", dim=2)
class InputConvexElu(FuncPotential):
    def __init__(self):
        super().__init__(dim=2)

    def energy(self, x):
        h = F.elu(self.first(x))
        h = F.elu(h @ self.W.clamp(min=0).T + self.skip(x))
        return h @ self.out.abs() + 0.05 * x.pow(2).sum(-1)


@gradient_only("the weight between the levels has any sign")
class InputConvexFree(Potential):
    def energy(self, x):
        h = F.softplus(self.first(x))
        h = F.softplus(F.linear(h, self.W) + self.skip(x))
        return h @ F.softplus(self.out)


@gradient_only("tanh is not convex", dim=2)
class InputConvexTanh(FuncPotential):
    def __init__(self):
        super().__init__(dim=2)

    def energy(self, x):
        h = torch.tanh(self.first(x))
        return F.softplus(F.linear(h, self.W.exp())) @ self.out.exp()


@gradient_only("a perceptron as potential")
class PerceptronPotential(FuncPotential):
    def energy(self, x):
        return F.linear(torch.sigmoid(self.first(x)), self.W).tanh() @ self.out


@no_gradient("the second factor is held fixed")
class HeldFactor(Potential):
    def energy(self, x):
        return (F.softplus(self.first(x)) * self.skip(x).square().detach()).sum(-1)


@gradient_only("both factors are followed")
class FollowedFactor(Potential):
    def energy(self, x):
        return (F.softplus(self.first(x)) * self.skip(x).square()).sum(-1)


@convex("a sum of quadratic, Charbonnier and log cosh terms")
class SumOfPenalties(Potential):
    def energy(self, x):
        z, y = self.first(x), self.skip(x)
        smooth = torch.sqrt(1 + z**2).sum(-1) + torch.log(torch.cosh(y)).sum(-1)
        return smooth + 0.5 * (x**2).sum(-1)


@convex("the root of 1 + |W x + b|^2", dim=4)
class SmoothNorm(FuncPotential):
    def __init__(self):
        super().__init__(dim=4)

    def energy(self, x):
        return (1 + self.first(x).square().sum(-1)).sqrt()


@gradient_only("log(1 + |W x + b|^2): its tails are flat")
class CauchyNorm(Potential):
    def energy(self, x):
        return torch.log1p(self.first(x).square().sum(-1))


@gradient_only("a mixture of bumps", dim=2)
class Bumps(nn.Module):
    def __init__(self):
        super().__init__()
        self.centres = nn.Parameter(torch.randn(6, 2))
        self.heights = nn.Parameter(torch.rand(6))

    def energy(self, x):
        d2 = (x[:, None] - self.centres).square().sum(-1)
        return torch.exp(-0.5 * d2) @ self.heights.exp()

    def forward(self, x):
        with torch.enable_grad():
            x = x.requires_grad_()
            return torch.autograd.grad(self.energy(x).sum(), x, create_graph=True)[0]


@convex("the log of a sum of exponentials of convex quadratics", dim=2)
class LseOfParabolas(Bumps):
    def energy(self, x):
        d2 = (x[:, None] - self.centres).square().sum(-1)
        return torch.logsumexp(0.5 * d2 + self.heights, dim=-1)


@gradient_only("minus the log of a mixture: wells", dim=2)
class SoftMinOfParabolas(Bumps):
    def energy(self, x):
        d2 = (x[:, None] - self.centres).square().sum(-1)
        return -torch.logsumexp(self.heights - 2 * d2, dim=-1)


@gradient_only("half x^T A x with any A")
class FreeQuadratic(nn.Module):
    def __init__(self):
        super().__init__()
        self.A = nn.Parameter(torch.randn(3, 3))

    def energy(self, x):
        return 0.5 * x @ self.A @ x

    def forward(self, x):
        return vmap(grad(self.energy))(x)


@convex("x^T A^T A x / 2 - b.x + a one-norm, smoothed")
class SmoothLasso(FreeQuadratic):
    def energy(self, x):
        r = self.A @ x
        return 0.5 * r.dot(r) - x.sum() + torch.sqrt(x**2 + 1e-2).sum()


@no_gradient("x A^T without the transpose's half")
class HalfOfQuadratic(FreeQuadratic):
    def forward(self, x):
        return F.linear(x, self.A)


@gradient_only("J^T g, that is the gradient of |g|^2 / 2")
class PulledBackSelf(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 3))

    def forward(self, x):
        g, pull = vjp(self.net, x)
        return pull(g)[0]


@no_gradient("J^T x")
class PulledBackInput(PulledBackSelf):
    def forward(self, x):
        _, pull = vjp(self.net, x)
        return pull(x)[0]


@gradient_only("x minus a gradient", dim=4)
class StepOfDenoiser(FuncPotential):
    def __init__(self):
        super().__init__(dim=4)

    def energy(self, x):
        residual = x - torch.tanh(self.first(x)) @ self.first.weight
        return 0.5 * residual.square().sum(-1)

    def forward(self, x):
        return x - super().forward(x)


@convex("the largest of affine functions")
class MaxAffine(Potential):
    def energy(self, x):
        return self.first(x).max(dim=-1).values


@gradient_only("the smallest")
class MinAffine(Potential):
    def energy(self, x):
        return self.first(x).min(dim=-1).values


@no_verdict("the mean is over the batch: the step depends on its size")
class MeanEnergy(Potential):
    def forward(self, x):
        with torch.enable_grad():
            x = x.requires_grad_()
            loss = F.softplus(self.first(x)).sum(-1).mean()
            return torch.autograd.grad(loss, x, create_graph=True)[0]


class Integral(nn.Module):
    """An integral over a parameter by a rule with fixed nodes."""

    def __init__(self, dim: int = 3, width: int = 5):
        super().__init__()
        self.lin = nn.Linear(dim, width)
        self.register_buffer("nodes", torch.tensor([0.1127016654, 0.5, 0.8872983346]))
        self.register_buffer("weights", torch.tensor([5.0, 8.0, 5.0]) / 18)


@convex("an integral over shifts of the bias", dim=2)
class OverShifts(Integral):
    def __init__(self):
        super().__init__(2)

    def forward(self, x):
        z = self.lin(x).unsqueeze(-1) + self.nodes
        return (torch.sigmoid(z) * self.weights).sum(-1) @ self.lin.weight


@convex("the trapezoidal rule over the threshold of a relu")
class OverThresholds(Integral):
    def forward(self, x):
        t = torch.linspace(-1.0, 1.0, 5)
        h = torch.trapezoid(F.relu(self.lin(x)[..., None] - t), t, dim=-1)
        return F.linear(h, self.lin.weight.T)


@gradient_only("three nodes on the ray do not integrate a bump that is narrower")
class AlongRay(Integral):
    def forward(self, x):
        Wx = F.linear(x, self.lin.weight)
        total = torch.zeros_like(Wx)
        for s, w in zip(self.nodes, self.weights, strict=True):
            p = torch.sigmoid(s * Wx + self.lin.bias)
            total = total + w * p * (1 - p) * Wx
        return total @ self.lin.weight


@no_gradient("the nodes are on the ray through x, a dense level follows")
class AlongRayDense(Integral):
    def __init__(self):
        super().__init__()
        self.mix = nn.Linear(5, 5)

    def forward(self, x):
        h = sum(torch.tanh(s * self.lin(x)) for s in self.nodes)
        return self.mix(h) @ self.lin.weight
