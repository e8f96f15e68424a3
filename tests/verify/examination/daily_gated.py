"""A whole layer scaled by a function of its own potential, and vectors scaled by their length."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class Gated(nn.Module):
    """rho(s(z)) W^T sigma(z) for z = W x + b."""

    def __init__(self) -> None:
        super().__init__()
        self.affine = nn.Linear(3, 4)
        self.beta = nn.Parameter(torch.zeros(1))

    def sigma(self, z: Tensor) -> Tensor:
        return z.tanh()

    def s(self, z: Tensor) -> Tensor:
        return torch.log(torch.cosh(z)).sum(-1, keepdim=True)

    def rho(self, s: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        z = self.affine(x)
        return self.rho(self.s(z)) * (self.sigma(z) @ self.affine.weight)


@convex("s >= 0, and s / (1 + s) rises there")
class Saturating(Gated):
    def rho(self, s: Tensor) -> Tensor:
        return s / (1 + s)


@gradient_only("s - 1 is negative near the minimum of s")
class Shifted(Gated):
    def rho(self, s: Tensor) -> Tensor:
        return s - 1


@gradient_only("exp(-s) falls")
class Decaying(Gated):
    def rho(self, s: Tensor) -> Tensor:
        return torch.exp(-s)


@convex("the slope exp(beta) is positive")
class Growing(Gated):
    def rho(self, s: Tensor) -> Tensor:
        return torch.sigmoid(self.beta.exp() * s)


@gradient_only("the slope beta is free", values={"beta": -3.0})
class AnySlope(Gated):
    def rho(self, s: Tensor) -> Tensor:
        return torch.sigmoid(self.beta * s)


class Soft(Gated):
    def sigma(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z)

    def s(self, z: Tensor) -> Tensor:
        return F.softplus(z).sum(dim=-1, keepdim=True)


@convex("tanh of a positive potential")
class SoftTanh(Soft):
    def rho(self, s: Tensor) -> Tensor:
        return torch.tanh(s)


@convex("the mean is the sum over four")
class SoftMean(Soft):
    def s(self, z: Tensor) -> Tensor:
        return F.softplus(z).mean(dim=-1, keepdim=True)

    def rho(self, s: Tensor) -> Tensor:
        return s + s**3


@no_gradient("a potential of sigmoid(2 z)")
class SoftTwice(Soft):
    def s(self, z: Tensor) -> Tensor:
        return F.softplus(2 * z).sum(dim=-1, keepdim=True)

    def rho(self, s: Tensor) -> Tensor:
        return torch.tanh(s)


@no_gradient("the potential of the first two units only")
class SoftFirst(Soft):
    def s(self, z: Tensor) -> Tensor:
        return F.softplus(z[:, :2]).sum(dim=-1, keepdim=True)

    def rho(self, s: Tensor) -> Tensor:
        return 1 + s


@no_gradient("each unit is gated by its neighbour")
class SoftNeighbour(Soft):
    def gates(self, z: Tensor) -> Tensor:
        return 1 + F.softplus(z).roll(1, -1)

    def forward(self, x: Tensor) -> Tensor:
        z = self.affine(x)
        return (self.gates(z) * self.sigma(z)) @ self.affine.weight


@gradient_only("two units gate each other: (1 + softplus(a)) (1 + softplus(b)) is their potential")
class SoftPartner(SoftNeighbour):
    def gates(self, z: Tensor) -> Tensor:
        return 1 + F.softplus(z).flip(-1)


@convex("a learned gate: slopes by softplus, hinges on the potential")
class LearnedGate(Soft):
    def __init__(self) -> None:
        super().__init__()
        self.slopes = nn.Parameter(torch.randn(5))
        self.register_buffer("hinges", torch.linspace(0, 4, 5))
        self.hinges: Tensor

    def rho(self, s: Tensor) -> Tensor:
        return (F.softplus(self.slopes) * F.relu(s - self.hinges)).sum(-1, keepdim=True) + 0.1


@convex("z over sqrt(1 + z^2), gated by the sum of sqrt(1 + z^2)")
class Hyperbolic(Gated):
    def sigma(self, z: Tensor) -> Tensor:
        return z / torch.sqrt(1 + z**2)

    def s(self, z: Tensor) -> Tensor:
        return torch.hypot(z, torch.ones_like(z)).sum(-1, keepdim=True)

    def rho(self, s: Tensor) -> Tensor:
        return torch.sigmoid(s + self.beta)


class Radial(nn.Module):
    """(x - c) scaled by a function of its length."""

    def __init__(self) -> None:
        super().__init__()
        self.c = nn.Parameter(torch.zeros(3))
        self.A = nn.Parameter(torch.randn(4, 3))
        self.raw = nn.Parameter(torch.tensor(0.5))

    def forward(self, x: Tensor) -> Tensor:
        d = x - self.c
        return d * self.q(d)

    def q(self, d: Tensor) -> Tensor:
        raise NotImplementedError


@convex("r sigmoid(r) rises for r >= 0")
class RadialSwish(Radial):
    def q(self, d: Tensor) -> Tensor:
        return torch.sigmoid(torch.linalg.vector_norm(d, dim=-1, keepdim=True))


@gradient_only("r exp(-r^2) falls from 0.71 on")
class RadialBump(Radial):
    def q(self, d: Tensor) -> Tensor:
        return (-d.square().sum(-1, keepdim=True)).exp()


@convex("r log(1 + r^2)")
class RadialLog(Radial):
    def q(self, d: Tensor) -> Tensor:
        return torch.log1p((d * d).sum(1)).unsqueeze(1)


@gradient_only("r (2 + sin r) falls where r cos r < -3")
class RadialSine(Radial):
    def q(self, d: Tensor) -> Tensor:
        return 2 + torch.sin(d.norm(dim=1, keepdim=True))


@convex("shrinkage of the length by a learned threshold")
class RadialShrink(Radial):
    def q(self, d: Tensor) -> Tensor:
        r = d.norm(dim=-1, keepdim=True).clamp(min=1e-6)
        return F.relu(1 - F.softplus(self.raw) / r)


@convex("projection onto the unit ball around c, shifted by c")
class RadialBall(Radial):
    def q(self, d: Tensor) -> Tensor:
        return 1 / torch.clamp(d.norm(dim=-1, keepdim=True), min=1.0)


@no_gradient("the length of A d scales d")
class RadialOther(Radial):
    def q(self, d: Tensor) -> Tensor:
        return torch.sigmoid((d @ self.A.T).square().sum(-1, keepdim=True))


@convex("the length of A d scales A^T A d")
class RadialPulled(Radial):
    def forward(self, x: Tensor) -> Tensor:
        z = (x - self.c) @ self.A.T
        return (z * torch.sigmoid(z.square().sum(-1, keepdim=True))) @ self.A


@no_gradient("the sum of moduli scales d")
class RadialL1(Radial):
    def q(self, d: Tensor) -> Tensor:
        return torch.sigmoid(d.abs().sum(-1, keepdim=True))


@convex("bumps of Student with a learned strength, and enough x")
class Student(Radial):
    def forward(self, x: Tensor) -> Tensor:
        d = x - self.c
        return x - torch.sigmoid(self.raw) * d / (1 + d.square().sum(-1, keepdim=True))
