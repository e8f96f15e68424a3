"""Vectors of units that act together: softmax in disguise, lengths, groups, ties, and gates."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class Group(nn.Module):
    """W^T g(W x + b)."""

    units = 4

    def __init__(self) -> None:
        super().__init__()
        self.lift = nn.Linear(3, self.units)
        self.a = nn.Parameter(torch.zeros(2))

    def g(self, z: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("bm,mn->bn", self.g(self.lift(x)), self.lift.weight)


@convex("the gradient of log(sum exp z + 1e-8)")
class SoftmaxEps(Group):
    def g(self, z):
        e = torch.exp(z)
        return e / (e.sum(-1, keepdim=True) + 1e-8)


@convex("one more logit, always 0, then left out")
class SoftmaxWithSink(Group):
    def g(self, z):
        zero = torch.zeros(z.size(0), 1, dtype=z.dtype)
        return torch.cat((z, zero), dim=1).softmax(dim=1)[:, :-1]


@convex("sinh over the sum of cosh: logsumexp of z and -z")
class HyperbolicSoftmax(Group):
    def g(self, z):
        return z.sinh() / z.cosh().sum(dim=1, keepdim=True)


@convex("the same by softmax of z and -z")
class SoftmaxOfBoth(Group):
    def g(self, z):
        up, down = torch.cat([z, -z], dim=-1).softmax(-1).chunk(2, dim=-1)
        return up - down


@no_gradient("the two halves are added")
class SoftmaxOfBothAdded(Group):
    def g(self, z):
        up, down = torch.cat([z, -z], dim=-1).softmax(-1).chunk(2, dim=-1)
        return up + down


@no_gradient("log softmax takes the same number off each entry")
class LogProbabilities(Group):
    def g(self, z):
        return F.log_softmax(z, dim=1)


@no_gradient("squares of probabilities")
class SquaredProbabilities(Group):
    def g(self, z):
        return torch.softmax(z, 1).square()


@gradient_only("the gradient of minus the entropy")
class NegativeEntropy(Group):
    def g(self, z):
        p, log_p = z.softmax(1), z.log_softmax(1)
        return p * (log_p - (p * log_p).sum(1, keepdim=True))


@gradient_only("the gradient of the mean of z under softmax, of two units like silu")
class SoftmaxMean(Group):
    def g(self, z):
        p = z.softmax(1)
        return p * (1 + z - torch.sum(p * z, 1, True))


@no_gradient("z times softmax of z")
class SoftmaxSelfGated(Group):
    def g(self, z):
        return z * z.softmax(1)


@gradient_only("sigmoid over the sum of softplus: its logarithm is not convex")
class LogOfSoftplusSum(Group):
    def g(self, z):
        return torch.sigmoid(z) / F.softplus(z).sum(1, keepdim=True)


@convex("the fourth root of a sum of fourth powers of sqrt(1 + z^2)")
class FourNorm(Group):
    def g(self, z):
        q = 1 + z.pow(2)
        return z * q / q.square().sum(1, keepdim=True).pow(0.75)


@no_gradient("the power -0.5 on the sum belongs to half as much inside")
class FourNormWrong(Group):
    def g(self, z):
        q = 1 + z.pow(2)
        return z / q.square().sum(1, keepdim=True).pow(0.75)


class Tree(Group):
    """Softmax among groups of the logsumexp of each, and softmax in each."""

    def share(self, z: Tensor) -> Tensor:
        return z.logsumexp(-1)

    def tau(self) -> Tensor:
        return self.a[0].exp()

    def g(self, z):
        z = z.unflatten(1, (2, 2))
        groups = torch.softmax(self.tau() * self.share(z), -1)
        return (groups.unsqueeze(-1) * z.softmax(-1)).flatten(1)


@convex("a positive inverse temperature among the groups")
class TreeSoftmax(Tree):
    pass


@gradient_only("an inverse temperature of any sign", values={"a": -4.0})
class TreeSoftmaxFree(Tree):
    def tau(self):
        return self.a[0]


@no_gradient("the mean of a group has another gradient")
class TreeOfMeans(Tree):
    def share(self, z):
        return z.mean(-1)


@convex("tanh of the length, along the vector, by where")
class LengthTanh(Group):
    def g(self, z):
        r = torch.linalg.norm(z, dim=-1, keepdim=True)
        safe = torch.where(r > 0, r, 1.0)
        return torch.where(r > 0, torch.tanh(safe) / safe, torch.ones_like(r)) * z


@convex("the squash of capsules: r^2 / (1 + r^2) rises")
class Squash(Group):
    def g(self, z):
        sq = (z * z).sum(-1, keepdim=True)
        return z * (sq / (1 + sq)) / torch.sqrt(sq + 1e-9)


@gradient_only("r^3 / (1 + r^4) falls far out")
class SquashTooMuch(Group):
    def g(self, z):
        sq = (z * z).sum(-1, keepdim=True)
        return z * sq / (1 + sq * sq)


@no_gradient("each entry by a window of its neighbours")
class LocalResponse(Group):
    def g(self, z):
        return nn.LocalResponseNorm(2, alpha=0.5)(z.unsqueeze(-1)).squeeze(-1)


@convex("RMS normalisation without gains")
class PlainRms(Group):
    def __init__(self):
        super().__init__()
        self.norm = nn.RMSNorm(4, eps=1e-5, elementwise_affine=False)

    def g(self, z):
        return self.norm(z)


@no_gradient("RMS normalisation with gains")
class GainRms(PlainRms):
    def __init__(self):
        super().__init__()
        self.norm = nn.RMSNorm(4, eps=1e-5)


class Gained(Group):
    """Group normalisation with gains made from two numbers."""

    def gains(self) -> Tensor:
        return self.a.exp().repeat_interleave(2)

    def g(self, z):
        return F.group_norm(z, 2, weight=self.gains(), eps=1e-3)


@convex("a positive gain for each group")
class GroupGains(Gained):
    pass


@gradient_only("a gain of any sign for each group", values={"a": [-1.0, 1.0]})
class GroupGainsFree(Gained):
    def gains(self):
        return self.a.repeat_interleave(2)


@no_gradient("the gains alternate within the groups", values={"a": [1.0, -1.0]})
class GroupGainsAcross(Gained):
    def gains(self):
        return self.a.exp().repeat(2)


@convex("ones for the largest entries, shared where several are largest")
class LargestShared(nn.Module):
    def forward(self, x):
        top = (x == x.amax(-1, keepdim=True)).to(x.dtype)
        return top / top.sum(-1, keepdim=True)


@no_gradient(
    "two ones where two entries are equally large",
    points=[[0.0, 0, -9], [1, 1, -9], [1, 0, -9]],
)
class LargestTwice(nn.Module):
    def forward(self, x):
        return (x == x.amax(-1, keepdim=True)).to(x.dtype)


@convex("a sign at the entry of largest modulus, shared at ties")
class LargestModulus(nn.Module):
    def forward(self, x):
        size = x.abs()
        top = torch.where(size >= size.max(dim=1, keepdim=True)[0], 1.0, 0.0)
        return x.sign() * top / top.sum(1, keepdim=True)


class WithSquare(Group):
    """The gate sees the potential of all that it multiplies."""

    part = 1.0

    def forward(self, x):
        z = self.lift(x)
        s = F.softplus(z).sum(-1, keepdim=True) + 0.5 * (x * x).sum(-1, keepdim=True)
        return F.softplus(s) * (torch.sigmoid(z) @ self.lift.weight + self.part * x)


@convex("softplus of the sum of both potentials")
class GateOfBoth(WithSquare):
    pass


@no_gradient("x counts twice outside")
class GateOfBothWrong(WithSquare):
    part = 2.0


@no_gradient("the potential is taken before the bias")
class GateBeforeBias(Group):
    def forward(self, x):
        u = x @ self.lift.weight.T
        s = F.softplus(u).sum(-1, keepdim=True)
        return torch.sigmoid(s) * (torch.sigmoid(u + self.lift.bias) @ self.lift.weight)


@convex("a temperature of p^2; p = 0 is outside the claim")
class SquareTemperature(Group):
    def g(self, z):
        return torch.softmax(z / self.a[0] ** 2, dim=-1)
