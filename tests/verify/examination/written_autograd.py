"""What autograd computes: derivatives of floor and of where, domains of both branches, weights."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient, no_verdict


class Derived(nn.Module):
    """forward is what autograd makes of energy(W x + b)."""

    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 4)

    def energy(self, u: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            y = x.detach().clone().requires_grad_(True)
            e = self.energy(self.lin(y)).sum()
            return torch.autograd.grad(e, y, create_graph=self.training)[0]


class ByFunc(Derived):
    """The same one sample at a time."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.vmap(torch.func.grad(lambda y: self.energy(self.lin(y)).sum()))(x)


@convex("floor has derivative 0: u floor(u) becomes floor(u)")
class FloorAsConstant(Derived):
    def energy(self, u):
        return u * torch.floor(u)


@gradient_only("frac has derivative 1: frac(u)^2 / 2 becomes frac(u)")
class FracAsItself(Derived):
    def energy(self, u):
        return torch.frac(u) ** 2 / 2


@convex("the sign is a constant: u sign(u) becomes sign(u)")
class SignAsConstant(ByFunc):
    def energy(self, u):
        return u * torch.sign(u)


@convex("a mask is a constant")
class MaskAsConstant(ByFunc):
    def energy(self, u):
        return 0.5 * (u > 0).to(u.dtype) * u**2


@gradient_only("1 within the bounds and 0 outside")
class ClampDerived(Derived):
    def energy(self, u):
        return torch.clamp(u, 0, 1)


@convex("a half where both are equal")
class MaximumDerived(Derived):
    def energy(self, u):
        return torch.maximum(u, torch.zeros_like(u))


@convex("the largest entry: shares at ties")
class LargestDerived(Derived):
    def energy(self, u):
        return u.amax(dim=-1)


@convex("the length: torch says 0 for its derivative at 0")
class LengthDerived(Derived):
    def energy(self, u):
        return torch.linalg.vector_norm(u, dim=-1)


@no_verdict("the root of a sum of squares: 0 / 0 at 0")
class RootDerived(Derived):
    def energy(self, u):
        return u.square().sum(-1).sqrt()


@convex("the root of a sum of squares and a little")
class RootEpsDerived(Derived):
    def energy(self, u):
        return torch.sqrt(u.square().sum(-1) + 1e-8)


@no_verdict("log of both branches is derived: 0 times the log of a negative number")
class BothBranches(Derived):
    def energy(self, u):
        return torch.where(u > 1, u * torch.log(u) - u, torch.full_like(u, -1.0))


@convex("the argument is safe in both branches")
class BothBranchesSafe(Derived):
    def energy(self, u):
        safe = torch.where(u > 1, u, 1.0)
        return torch.where(u > 1, safe * torch.log(safe) - safe, -1.0 + 0 * u)


@convex("the same derivative as a value: where needs only what it selects")
class ByValue(Derived):
    def forward(self, x):
        u = self.lin(x)
        return torch.where(u > 1, u.log(), 0 * u) @ self.lin.weight


@no_verdict("0 times the log of a negative number")
class ByMask(Derived):
    def forward(self, x):
        u = self.lin(x)
        return ((u > 1) * u.log()) @ self.lin.weight


class Weighted(Derived):
    """The vector that autograd.grad is given."""

    def outputs(self, y: Tensor, e: Tensor) -> Tensor:
        raise NotImplementedError

    def energy(self, u):
        return F.softplus(u).sum(-1)

    def forward(self, x):
        with torch.enable_grad():
            y = x if x.requires_grad else x.clone().requires_grad_(True)
            e = self.energy(self.lin(y))
            (g,) = torch.autograd.grad(e, y, grad_outputs=self.outputs(y, e), create_graph=True)
        return g


@convex("weights of 1")
class WeightedByOnes(Weighted):
    def outputs(self, y, e):
        return torch.ones_like(e)


@convex("weights by the energy itself: the gradient of exp(e)")
class WeightedByEnergy(Weighted):
    def outputs(self, y, e):
        return e.exp()


@gradient_only("weights 1 - e, the gradient of e - e^2 / 2")
class WeightedDown(Weighted):
    def outputs(self, y, e):
        return 1 - e


@no_gradient("weights by the sum of the entries")
class WeightedBySum(Weighted):
    def outputs(self, y, e):
        return torch.sigmoid(y.sum(-1))


@no_gradient("weights by another number of each sample: its first entry")
class WeightedByFirst(Weighted):
    def outputs(self, y, e):
        return 1 + y[:, 0] ** 2


class OwnUnits(Derived):
    """The derivative by u, not by x."""

    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(3, 3)

    def forward(self, x):
        with torch.enable_grad():
            u = self.lin(x.detach()).detach().requires_grad_(True)
            return torch.autograd.grad(self.energy(u).sum(), u)[0]


@no_gradient("the chain rule stops at u")
class ByUnits(OwnUnits):
    def energy(self, u):
        return F.softplus(u)


@convex("the chain rule by hand")
class ByUnitsBack(OwnUnits):
    def energy(self, u):
        return F.softplus(u)

    def forward(self, x):
        return super().forward(x) @ self.lin.weight


@gradient_only("the gradient of half the squared length of a gradient")
class GradientOfLength(ByFunc):
    def slope(self, y: Tensor) -> Tensor:
        return torch.func.grad(lambda t: F.softplus(self.lin(t)).sum())(y)

    def forward(self, x):
        return torch.vmap(torch.func.grad(lambda y: self.slope(y).square().sum() / 2))(x)


@convex("a Hessian at 0, applied to x")
class HessianAtZero(ByFunc):
    def forward(self, x):
        def total(t: Tensor) -> Tensor:
            return F.softplus(self.lin(t)).sum()

        return x @ torch.func.jacrev(torch.func.jacrev(total))(torch.zeros(3, dtype=x.dtype))


@no_gradient("a Hessian at x, applied to x, and x rolled")
class HessianAtX(ByFunc):
    def forward(self, x):
        def total(t: Tensor) -> Tensor:
            return F.softplus(self.lin(t)).sum()

        h = torch.vmap(torch.func.jacrev(torch.func.jacrev(total)))(x)
        return torch.einsum("bij,bj->bi", h, x) + x.roll(1, -1)


@gradient_only("H x is the gradient of x . grad E - E")
class HessianTimesPosition(ByFunc):
    def forward(self, x):
        def slope(t: Tensor) -> Tensor:
            return torch.func.grad(lambda y: F.softplus(self.lin(y)).sum())(t)

        return torch.vmap(lambda t: torch.func.jacrev(slope)(t) @ t)(x)


class StopAtFirst(torch.autograd.Function):
    """An identity that lets no derivative through but for the first unit."""

    @staticmethod
    def forward(ctx, u):
        return u.clone()

    @staticmethod
    def backward(ctx, grad):  # pyright: ignore[reportIncompatibleMethodOverride]
        return torch.cat([grad[:, :1], torch.zeros_like(grad[:, 1:])], dim=1)


@no_gradient("a group of units, all but one of which are stopped on the way back")
class Stopped(Derived):
    def energy(self, u):
        return torch.logsumexp(StopAtFirst.apply(u), dim=-1)


@convex("units of their own, all but one of which are stopped")
class StoppedAlone(Derived):
    def energy(self, u):
        return F.softplus(StopAtFirst.apply(u))


@convex("backward into x.grad")
class ByBackward(Derived):
    def forward(self, x):
        with torch.enable_grad():
            y = x.detach().requires_grad_(True)
            F.softplus(self.lin(y)).sum().backward(inputs=[y])
        assert y.grad is not None
        return y.grad
