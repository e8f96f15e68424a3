"""Softmax and its kin, log-sum-exp, gates rho(s), normalisation and radial maps."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class Scores(nn.Module):
    """Scores z = W x + b, and W^T back."""

    def __init__(self, dim: int = 3, width: int = 6):
        super().__init__()
        self.score = nn.Linear(dim, width)
        self.log_t = nn.Parameter(torch.zeros(()))

    def back(self, h: Tensor) -> Tensor:
        return h @ self.score.weight

    def group(self, z: Tensor) -> Tensor:
        return z.softmax(-1)

    def forward(self, x: Tensor) -> Tensor:
        return self.back(self.group(self.score(x)))


@convex("the largest score is taken off first")
class ShiftedSoftmax(Scores):
    def group(self, z):
        e = torch.exp(z - z.amax(-1, keepdim=True))
        return e / e.sum(-1, keepdim=True)


@convex("exp(z - logsumexp z)", dim=2)
class SoftmaxByLse(Scores):
    def __init__(self):
        super().__init__(2, 4)

    def group(self, z):
        return (z - z.logsumexp(-1, keepdim=True)).exp()


@convex("a temperature, exp of a parameter")
class ColdSoftmax(Scores):
    def group(self, z):
        return F.softmax(z / self.log_t.exp(), dim=-1)


@gradient_only("a temperature of either sign inside alone", values={"log_t": -1.0})
class SignedTemperature(Scores):
    def group(self, z):
        return F.softmax(self.log_t * z, dim=-1)


@gradient_only("softmin falls")
class Softmin(Scores):
    def group(self, z):
        return nn.Softmin(dim=-1)(z)


@convex("two heads of three scores", dim=4)
class Heads(Scores):
    def __init__(self):
        super().__init__(4)

    def group(self, z):
        return z.view(-1, 2, 3).softmax(dim=2).flatten(1)


@convex("the same, the heads compete with one another")
class HeadsCompete(Scores):
    def group(self, z):
        return z.unflatten(-1, (2, 3)).softmax(dim=1).flatten(1)


@no_gradient("a positive weight for each probability")
class WeightedProbabilities(Scores):
    def __init__(self):
        super().__init__()
        self.value = nn.Parameter(torch.ones(6))

    def group(self, z):
        return F.softplus(self.value) * z.softmax(-1)


@no_gradient("a temperature for each score")
class OwnTemperature(Scores):
    def __init__(self):
        super().__init__()
        self.tau = nn.Parameter(torch.randn(6))

    def group(self, z):
        return torch.softmax(self.tau.exp() * z, -1)


@no_gradient("z times its own probabilities")
class SelfWeighted(Scores):
    def group(self, z):
        return z * z.softmax(-1)


@convex("a softmax minus one of -z")
class TwoSided(Scores):
    def group(self, z):
        return z.softmax(-1) - F.softmax(-z, dim=-1)


@gradient_only("a softmax plus one of -z")
class TwoSidedSum(Scores):
    def group(self, z):
        return z.softmax(-1) + 2 * F.softmax(-z, dim=-1)


@convex("keys are values", dim=4)
class KeyLookup(nn.Module):
    def __init__(self):
        super().__init__()
        self.K = nn.Parameter(torch.randn(7, 4))

    def forward(self, q):
        attention = torch.softmax(torch.einsum("bd,kd->bk", q, self.K) / math.sqrt(4), dim=-1)
        return torch.einsum("bk,kd->bd", attention, self.K)


@no_gradient("keys and values", dim=4)
class KeyValueLookup(nn.Module):
    def __init__(self):
        super().__init__()
        self.K, self.V = nn.Parameter(torch.randn(7, 4)), nn.Parameter(torch.randn(7, 4))

    def forward(self, q):
        return torch.softmax(q @ self.K.T / 2, dim=-1) @ self.V


@convex("softplus'(lse) = sigmoid(lse) >= 0 and rises")
class SigmoidOfLse(Scores):
    def group(self, z):
        s = torch.logsumexp(z, dim=-1, keepdim=True)
        return torch.sigmoid(s) * F.softmax(z, dim=-1)


@gradient_only("lse itself is negative somewhere", values={"score.bias": -10.0})
class TimesLse(Scores):
    def group(self, z):
        return torch.logsumexp(z, dim=-1, keepdim=True) * F.softmax(z, dim=-1)


@gradient_only("the gate falls")
class GateFalls(Scores):
    def group(self, z):
        return torch.sigmoid(-torch.logsumexp(z, -1, True)) * F.softmax(z, dim=-1)


@no_gradient("the gate is of x, not of the potential")
class GateOfNorm(Scores):
    def forward(self, x):
        r = torch.sigmoid(x.square().sum(-1, keepdim=True))
        return r * self.back(self.score(x).softmax(-1))


@convex("1 - exp(-s) with s = |relu z|^2 / 2")
class OneMinusExp(Scores):
    def group(self, z):
        h = F.relu(z)
        return (1 - torch.exp(-0.5 * h.pow(2).sum(-1, keepdim=True))) * h


@gradient_only("exp(-s)")
class ExpMinus(Scores):
    def group(self, z):
        h = F.relu(z)
        return torch.exp(-0.5 * h.pow(2).sum(-1, keepdim=True)) * h


@convex("1 + s, s = sum log cosh >= 0")
class LogCoshGate(Scores):
    def group(self, z):
        s = (F.softplus(2 * z) - z - math.log(2)).sum(-1, keepdim=True)
        return (1.5 + s) * torch.tanh(z)


@gradient_only("1 / (1 + s) falls too fast")
class LogCoshGateDivided(Scores):
    def group(self, z):
        s = torch.log(torch.cosh(z)).sum(-1, keepdim=True)
        return torch.tanh(z) / (1 + s)


@no_gradient("the potential of sigmoid gates tanh")
class WrongPotential(Scores):
    def group(self, z):
        return F.softplus(z).sum(-1, keepdim=True) * torch.tanh(z)


@convex("layer norm without affine part", dim=4)
class PlainLayerNorm(Scores):
    def __init__(self):
        super().__init__(4, 5)
        self.norm = nn.LayerNorm(5, elementwise_affine=False)

    def group(self, z):
        return self.norm(z)


@no_gradient("its affine part stands between")
class AffineLayerNorm(Scores):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(6)

    def group(self, z):
        return self.norm(z)


@convex("as initialised the affine part is the identity", scope="current")
class AffineLayerNormNow(AffineLayerNorm):
    pass


@convex("rms norm, eps inside the root")
class PlainRmsNorm(Scores):
    def group(self, z):
        return F.rms_norm(z, (6,), eps=1e-5)


@no_gradient("weights of an rms norm")
class WeightedRmsNorm(Scores):
    def __init__(self):
        super().__init__()
        self.norm = nn.RMSNorm(6, eps=1e-5)

    def group(self, z):
        return self.norm(z)


@convex("groups of three, each normalised")
class PlainGroupNorm(Scores):
    def group(self, z):
        return F.group_norm(z, 2, eps=1e-3)


@convex("unit scores, where they are not tiny")
class UnitScores(Scores):
    def group(self, z):
        return F.normalize(z, dim=-1, eps=1e-6)


@no_gradient("divided by the sum of moduli")
class UnitScoresL1(Scores):
    def group(self, z):
        return F.normalize(z, p=1, dim=-1, eps=1e-3)


class Radial(nn.Module):
    def __init__(self, dim: int = 3):
        super().__init__()
        self.L = nn.Parameter(torch.randn(4, dim))
        self.c = nn.Parameter(torch.zeros(dim))

    def radius(self, d: Tensor) -> Tensor:
        return torch.sqrt((d * d).sum(dim=-1, keepdim=True))


@convex("r / (1 + r) rises", dim=2)
class RadialSoftsign(Radial):
    def __init__(self):
        super().__init__(2)

    def forward(self, x):
        return (x - self.c) / (1 + self.radius(x - self.c))


@gradient_only("r / (1 + r^2) falls beyond 1")
class RadialWitch(Radial):
    def forward(self, x):
        d = x - self.c
        return d / (1 + self.radius(d) ** 2)


@convex("r log(1 + r), of L x, and L^T")
class RadialLogPulled(Radial):
    def forward(self, x):
        z = F.linear(x, self.L)
        return (torch.log1p(self.radius(z)) * z) @ self.L


@no_gradient("the radius of L x, the direction of x")
class RadialMetric(Radial):
    def forward(self, x):
        return torch.tanh(self.radius(F.linear(x, self.L))) * x
