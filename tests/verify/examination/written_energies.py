"""Gradients of energies taken inside forward, some of them of what is not the energy at all."""

# Parts that torch makes have no narrower type than Tensor | Module.
# pyright: reportAssignmentType=false

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient, no_verdict


class Energy(nn.Module):
    """forward is the gradient of energy by autograd, in the manner of score networks."""

    width = 5

    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(self.width, 3) / 2)
        self.c = nn.Parameter(torch.zeros(self.width))

    def z(self, x: Tensor) -> Tensor:
        return F.linear(x, self.W, self.c)

    def energy(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            y = x if x.requires_grad else x.detach().requires_grad_()
            (g,) = torch.autograd.grad([self.energy(y).sum()], [y], create_graph=True)
        return g


@convex("weights held fixed: z / sqrt(1 + z^2) rises")
class Reweighted(Energy):
    def energy(self, x):
        z = self.z(x)
        w = torch.rsqrt(1 + z.detach() ** 2)
        return 0.5 * (w * z**2).sum(-1)


@gradient_only("weights held fixed: z / (1 + z^2) falls beyond 1")
class ReweightedCauchy(Energy):
    def energy(self, x):
        z = self.z(x)
        return (z**2 / (1 + z.detach() ** 2)).sum(-1) / 2


@gradient_only("one weight for all of z: z / (1 + |z|^2)")
class ReweightedByLength(Energy):
    def energy(self, x):
        z = self.z(x)
        sq = torch.sum(z * z, dim=-1)
        return 0.5 * sq / (1 + sq.detach())


@no_gradient("each weight is its neighbour's")
class ReweightedByNeighbour(Energy):
    def energy(self, x):
        z = self.z(x)
        w = torch.rsqrt(1 + z.detach().roll(1, -1) ** 2)
        return 0.5 * (w * z**2).sum(-1)


@no_gradient("half of a quadratic form with the other half held fixed, with an open matrix")
class HalfForm(Energy):
    width = 3

    def energy(self, x):
        return torch.einsum("bi,ij,bj->b", x, self.W, x.detach())


@convex("the same with W^T W")
class HalfGram(Energy):
    width = 3

    def energy(self, x):
        return torch.einsum("bi,ij,bj->b", x, self.W.T @ self.W, x.detach())


class CubeThatSaysTanh(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return z**3

    @staticmethod
    def backward(ctx, grad):  # pyright: ignore[reportIncompatibleMethodOverride]
        (z,) = ctx.saved_tensors
        return grad * torch.tanh(z)


class CubeThatSaysOther(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return z**3

    @staticmethod
    def backward(ctx, grad):  # pyright: ignore[reportIncompatibleMethodOverride]
        (z,) = ctx.saved_tensors
        return grad * torch.tanh(z.roll(1, -1))


@convex("what the lying backward says is computed: tanh")
class LyingEnergy(Energy):
    def energy(self, x):
        return CubeThatSaysTanh.apply(self.z(x)).sum(-1)


@no_gradient("what the lying backward says is no gradient")
class LyingEnergyRolled(Energy):
    def energy(self, x):
        return CubeThatSaysOther.apply(self.z(x)).sum(-1)


@convex("relu, clipped on its way back by a hook")
class HookedBack(Energy):
    def energy(self, x):
        z = self.z(x)
        z.register_hook(lambda g: g.clamp(0, 1))
        return F.relu(z).square().sum(-1)


@no_gradient("the gradient itself is clipped to the ball after W^T")
class HookedInput(Energy):
    def energy(self, x):
        z = self.z(x)
        h = x.clone()
        h.register_hook(lambda g: g / g.norm(dim=-1, keepdim=True).clamp(min=1.0))
        return F.relu(F.linear(h, self.W, self.c)).square().sum(-1) + 0 * z.sum(-1)


class Icnn(Energy):
    """Two layers; the subclass says how the second weights are kept nonnegative."""

    def __init__(self) -> None:
        super().__init__()
        self.U = nn.Parameter(torch.randn(4, self.width))
        self.skip = nn.Linear(3, 4)
        self.v = nn.Parameter(torch.randn(4))

    def pos(self, t: Tensor) -> Tensor:
        return F.softplus(t)

    def act(self, z: Tensor) -> Tensor:
        return F.softplus(z)

    def energy(self, x):
        h = self.act(self.z(x))
        h = self.act(h @ self.pos(self.U).T + self.skip(x))
        return h @ self.pos(self.v)


@convex("softplus with beta 10 and softplus weights")
class IcnnSharp(Icnn):
    def act(self, z):
        return F.softplus(z, beta=10) / 2 + 0.01 * z


@convex("softplus by logaddexp, moduli as weights")
class IcnnModulus(Icnn):
    def pos(self, t):
        return t.abs()

    def act(self, z):
        return torch.logaddexp(z, torch.zeros_like(z))


@gradient_only("log cosh falls for z < 0, which spoils the second layer")
class IcnnLogCosh(Icnn):
    def act(self, z):
        return torch.log(torch.cosh(z))


@gradient_only("relu(t) - 0.01 may be negative")
class IcnnLeakyWeights(Icnn):
    def pos(self, t):
        return F.relu(t) - 0.01


@gradient_only("leaky weights: negative ones are small, not nonnegative")
class IcnnLeakyRelu(Icnn):
    def pos(self, t):
        return F.leaky_relu(t, 0.1)


@convex("squares of ICNN outputs above 0")
class IcnnSquared(Icnn):
    def energy(self, x):
        return super().energy(x) ** 2


@gradient_only("squares of outputs of either sign", values={"v": -1.0, "U": 0.0})
class IcnnSquaredAnySign(Icnn):
    def energy(self, x):
        return (super().energy(x) - 10) ** 2


@convex("logsumexp of three convex outputs and a quadratic")
class IcnnLse(Icnn):
    def energy(self, x):
        h = self.act(self.z(x)) @ self.pos(self.U).T + self.skip(x)
        return torch.logsumexp(h, -1) + 0.5 * (x * x).sum(-1)


@gradient_only("minus a soft minimum of convex outputs has no sign")
class IcnnSoftMin(Icnn):
    def energy(self, x):
        h = self.act(self.z(x)) @ self.pos(self.U).T + self.skip(x)
        return -torch.logsumexp(-h, -1)


@convex("skip connections from x to each layer, in a ModuleList, batch by vmap", dim=2)
class DeepIcnn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.xs = nn.ModuleList([nn.Linear(2, k) for k in (4, 4, 1)])
        self.zs = nn.ParameterList([nn.Parameter(torch.randn(k, 4) - 1) for k in (4, 1)])
        self.log_mu = nn.Parameter(torch.tensor(-2.0))

    def scalar(self, x: Tensor) -> Tensor:
        z = F.softplus(self.xs[0](x))
        for layer, weight in zip(list(self.xs)[1:], self.zs, strict=True):
            z = F.softplus(layer(x) + weight.exp() @ z)
        return z[0] + self.log_mu.exp() * x.dot(x)

    def forward(self, x: Tensor) -> Tensor:
        return torch.vmap(torch.func.grad(self.scalar))(x)


@gradient_only("the product of two convex energies", dim=2)
class ProductOfEnergies(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(2, 3), nn.Linear(2, 3)

    def energy(self, x: Tensor) -> Tensor:
        return F.softplus(self.a(x)).sum() * F.softplus(self.b(x)).sum()

    def forward(self, x: Tensor) -> Tensor:
        return torch.func.vmap(torch.func.grad(self.energy))(x)


@no_gradient("a Jacobian on a vector, of a net that is no gradient", dim=2)
class JacobianVector(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 2))

    def forward(self, x: Tensor) -> Tensor:
        J = torch.vmap(torch.func.jacrev(self.net))(x)
        return torch.einsum("bij,bj->bi", J, x)


@gradient_only("the gradient of half the squared length of a net", dim=2)
class HalfSquaredNet(JacobianVector):
    def forward(self, x: Tensor) -> Tensor:
        y, back = torch.func.vjp(self.net, x)
        return back(y)[0]


@no_gradient("x - g J^T N less a detached residual: the detached part has no way back", dim=2)
class DenoiserDetached(JacobianVector):
    def forward(self, x: Tensor) -> Tensor:
        y, back = torch.func.vjp(self.net, x)
        return x - back(x - y)[0]


@gradient_only("a gradient step: x less the gradient of |x - N(x)|^2 / 2", dim=2)
class GradientStepDenoiser(JacobianVector):
    def forward(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            y = x.clone().requires_grad_()
            g = 0.5 * (y - self.net(y)).pow(2).sum()
            return y - torch.autograd.grad(g, y, create_graph=True)[0]


@no_verdict("the energy couples the samples", dim=2)
class CoupledEnergy(JacobianVector):
    def forward(self, x: Tensor) -> Tensor:
        return torch.func.grad(lambda y: self.net(y).sum().square())(x)
