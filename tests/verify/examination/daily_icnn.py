"""Gradients of scalar networks, taken inside forward."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient, no_verdict


class Potential(nn.Module):
    """forward is the gradient of energy, by torch.autograd.grad."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 6)
        self.skip = nn.Linear(3, 6)
        self.mix = nn.Parameter(0.3 * torch.randn(6, 6))
        self.out = nn.Parameter(0.3 * torch.randn(6))

    def energy(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def total(self, e: Tensor) -> Tensor:
        return e.sum()

    def forward(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            if not x.requires_grad:
                x = x.clone().requires_grad_(True)
            return torch.autograd.grad(self.total(self.energy(x)), x, create_graph=True)[0]


class ByFunc(Potential):
    """The same by torch.func, one sample at a time."""

    def forward(self, x: Tensor) -> Tensor:
        def scalar(one: Tensor) -> Tensor:
            return self.energy(one.unsqueeze(0)).squeeze(0)

        return torch.func.vmap(torch.func.grad(scalar))(x)


@convex("weights are rectified, softplus is convex and rises")
class ClampedWeights(Potential):
    def energy(self, x: Tensor) -> Tensor:
        z = F.softplus(self.first(x))
        z = F.softplus(z @ self.mix.clamp(min=0) + self.skip(x))
        return z @ self.out.relu()


@gradient_only("the weights between the layers are free")
class FreeWeights(Potential):
    def energy(self, x: Tensor) -> Tensor:
        z = F.softplus(self.first(x))
        return F.softplus(z @ self.mix + self.skip(x)).sum(-1)


@convex("a leaky relu squared, then leaky relus with positive weights")
class SquaredLeaky(ByFunc):
    def energy(self, x: Tensor) -> Tensor:
        z = F.leaky_relu(self.first(x), 0.2) ** 2
        z = F.elu(F.linear(z, self.mix.exp(), None) + self.skip(x))
        z = F.softplus(F.linear(z, self.mix.exp()))
        return (z * self.out.square()).sum(-1) + 0.5 * x.square().sum(-1)


@gradient_only("tanh inside is not convex")
class SquashedInside(ByFunc):
    def energy(self, x: Tensor) -> Tensor:
        z = torch.tanh(self.first(x))
        return F.softplus(z @ self.mix.exp() + self.skip(x)).sum(-1)


@convex("the square root of a quadratic form and one")
class Elliptic(Potential):
    def energy(self, x: Tensor) -> Tensor:
        y = self.first(x)
        return torch.sqrt(1 + (y * y).sum(dim=-1)) + 0.5 * F.softplus(self.skip(x)).square().sum(-1)


@gradient_only("a determinant of the identity and an outer product")
class LogDeterminant(Potential):
    def energy(self, x: Tensor) -> Tensor:
        y = self.first(x)
        return torch.log(1 + torch.einsum("bi,bi->b", y, y))


@convex("logsumexp of squared distances to learned points")
class FarthestPoint(ByFunc):
    def energy(self, x: Tensor) -> Tensor:
        d = x.unsqueeze(1) - self.first.weight
        return torch.logsumexp(d.square().sum(-1) / 2, dim=1)


@gradient_only("minus logsumexp of minus squared distances")
class NearestPoint(ByFunc):
    def energy(self, x: Tensor) -> Tensor:
        d = x.unsqueeze(1) - self.first.weight
        return -torch.logsumexp(-d.square().sum(-1), dim=1)


@no_gradient("one factor is detached")
class HalfDetached(Potential):
    def energy(self, x: Tensor) -> Tensor:
        return (torch.tanh(self.first(x)) * self.skip(x).detach()).sum(-1)


@gradient_only("the derivative of a convex energy along a learned vector")
class DirectionalDerivative(Potential):
    def __init__(self) -> None:
        super().__init__()
        self.v = nn.Parameter(torch.ones(3))

    def energy(self, x: Tensor) -> Tensor:
        slopes = torch.sigmoid(self.first(x))
        return slopes @ (self.first.weight @ self.v)


@convex("weights made from a context, rectified where they must be")
class PartiallyConvex(Potential):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("context", torch.tensor([0.3, -1.0]))
        self.hyper = nn.Linear(2, 6)
        self.shift = nn.Linear(2, 6)

    def energy(self, x: Tensor) -> Tensor:
        gate = F.relu(self.hyper(self.context))
        z = F.relu(self.first(x) + self.shift(self.context)) ** 2
        return F.softplus((gate * z) @ self.mix.abs() + self.skip(x)).sum(-1)


@convex("grad_and_value hands out both")
class GradAndValue(ClampedWeights):
    def forward(self, x: Tensor) -> Tensor:
        grad, _ = torch.func.grad_and_value(lambda y: self.energy(y).sum())(x)
        return grad


@gradient_only("a perceptron with a scalar output")
class Perceptron(ByFunc):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 8), nn.SiLU(), nn.Linear(8, 8), nn.Tanh(),
                                 nn.Linear(8, 1))  # fmt: skip

    def energy(self, x: Tensor) -> Tensor:
        return self.net(x).squeeze(-1)


@no_verdict("the mean over the batch makes the slope depend on its size")
class MeanOverBatch(ClampedWeights):
    def total(self, e: Tensor) -> Tensor:
        return e.mean()
