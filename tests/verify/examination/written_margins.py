"""Claims that hold, or fail, by a margin: ranges of gates, least slopes, small asymmetries."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient

LINE = {"lin.weight": [[1.0, 0.0, 0.0]] * 4, "lin.bias": 0.0}


class RootGate(nn.Module):
    """rho(s) grad s with s a sum of roots, so that s >= 4."""

    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(3, 4)

    def rho(self, s: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x):
        z = self.lin(x)
        root = torch.sqrt(1 + z**2)
        gate = self.rho(root.sum(dim=1, keepdim=True))
        return gate * torch.mm(z / root, self.lin.weight)


@convex("s - 4 is 0 at the least value of s")
class GateFromFour(RootGate):
    def rho(self, s):
        return s - 4


@gradient_only(
    "s - 4.001 is negative where s is least",
    values=LINE,
    points=[[0.01, 0, 0], [-0.01, 0, 0]],
)
class GateBelowFour(RootGate):
    def rho(self, s):
        return s - 4.001


@convex("the parabola (s - 2)^2 rises from s = 4 on")
class ParabolaBehind(RootGate):
    def rho(self, s):
        return (s - 2) ** 2


@gradient_only(
    "the parabola (s - 5)^2 falls between 4 and 5",
    values=LINE,
    points=[[0.5, 0, 0], [0.55, 0, 0]],
)
class ParabolaAhead(RootGate):
    def rho(self, s):
        return (s - 5) ** 2


@convex("silu is nonnegative and rises on s >= 4")
class SiluGate(RootGate):
    def rho(self, s):
        return F.silu(s)


@convex("clamped from above it still does not fall")
class CeiledGate(RootGate):
    def rho(self, s):
        return torch.clamp(s, max=5.0)


@convex("4 - 16 / s rises from 0")
class ReciprocalGate(RootGate):
    def rho(self, s):
        return 4 - 16 / s


@gradient_only("a negative power falls", values=LINE, points=[[2.0, 0, 0], [3.0, 0, 0]])
class ReciprocalGateFalling(RootGate):
    def rho(self, s):
        return 1000 * s ** (-4)


class SoftmaxGate(RootGate):
    """The same with logsumexp, whose range is the whole line."""

    def forward(self, x):
        z = self.lin(x)
        return self.rho(z.logsumexp(1).unsqueeze(1)) * (z.softmax(1) @ self.lin.weight)


@gradient_only(
    "silu lifted above 0 still falls where s < -1.28",
    values={"lin.weight": [[1.0, 0.0, 0.0]] * 4, "lin.bias": 0.0},
    points=[[-3.5, 0, 0], [-3.0, 0, 0]],
)
class SiluGateOfLine(SoftmaxGate):
    def rho(self, s):
        return F.silu(s) + 0.3


@convex("elu + 1 is positive and rises on the line")
class EluGateOfLine(SoftmaxGate):
    def rho(self, s):
        return F.elu(s) + 1


@gradient_only(
    "elu + 0.999 is negative far to the left",
    values={
        "lin.weight": [[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [0, 0, 0]],
        "lin.bias": -20.0,
    },
    points=[[0.0, 0, 0], [0.5, 0, 0]],
)
class EluGateTooLow(SoftmaxGate):
    def rho(self, s):
        return F.elu(s) + 0.999


@convex("x / (1 + x^2) has least slope -1/8, at the root of 3")
class WitchJustRising(nn.Module):
    def forward(self, x):
        return x / (1 + x * x) + 0.125 * x


@gradient_only("0.1249 is less than 1/8", points=[[1.70, 0, 0], [1.76, 0, 0]])
class WitchJustFalling(nn.Module):
    def forward(self, x):
        return x / (1 + x * x) + 0.1249 * x


@convex("x + sin x has slope 0 at pi")
class SineJustRising(nn.Module):
    def forward(self, x):
        return torch.add(x, torch.sin(x))


@gradient_only("a slope of -1e-4 near pi", points=[[3.14, 0, 0], [3.15, 0, 0]])
class SineJustFalling(nn.Module):
    def forward(self, x):
        return torch.add(0.9999 * x, x.sin())


@gradient_only("softplus less 1e-30 z", points=[[-100.0, 0, 0], [-200.0, 0, 0]],
               values={"w": [[1.0, 0, 0], [0.0, 0, 0]]})  # fmt: skip
class SoftplusBarelyFalling(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(2, 3))

    def forward(self, x):
        z = x @ self.w.T
        return (F.softplus(z) - 1e-30 * z) @ self.w


@convex("softplus and 1e-30 z")
class SoftplusBarelyMore(SoftplusBarelyFalling):
    def forward(self, x):
        z = x @ self.w.T
        return (F.softplus(z) + 1e-30 * z) @ self.w


@gradient_only(
    "elu with a negative scale falls on the left",
    values={"w": [[1.0, 0, 0], [0.0, 0, 0]]},
    points=[[-1.0, 0, 0], [-2.0, 0, 0]],
)
class EluBarelyFalling(SoftplusBarelyFalling):
    def forward(self, x):
        return F.elu(x @ self.w.T, alpha=-1e-9) @ self.w


@convex("threshold at 0.1 with the value 0.1: the maximum of z and 0.1")
class ThresholdEven(SoftplusBarelyFalling):
    def forward(self, x):
        return F.threshold(x @ self.w.T, 0.1, 0.1) @ self.w


@gradient_only("steps down by 1e-15 at 0.1", unseen="of size 1e-15")
class ThresholdBarelyDown(SoftplusBarelyFalling):
    def forward(self, x):
        return F.threshold(x @ self.w.T, 0.1, 0.1 + 1e-15) @ self.w


@convex("an exchange of two entries, times 1e-12, is symmetric", dim=2)
class RollBarely(nn.Module):
    def forward(self, x):
        return x + 1e-12 * x.roll(1, dims=1)


@no_gradient("a cycle of three is not", unseen="of size 1e-12")
class RollBarelyOfThree(RollBarely):
    pass


@convex("frozen gains, all 1: layer normalisation as it is")
class FrozenOnes(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(3, bias=False)
        self.norm.weight.requires_grad_(False)

    def forward(self, x):
        return self.norm(x)


@no_gradient("a frozen gain is larger by a millionth", unseen="of size 1e-6")
class FrozenAlmostOnes(FrozenOnes):
    def __init__(self):
        super().__init__()
        self.norm.weight[2] += 2.0**-20


@convex("one entry less its mean is 0: only the bias is left", dim=1)
def norm_of_one():
    return nn.Sequential(nn.LayerNorm(1), nn.Tanh())


@no_gradient("gains of two entries differ", dim=2)
def norm_of_two():
    return nn.LayerNorm(2)


@convex("nothing is below the smallest entry")
class GapsToLeast(nn.Module):
    def __init__(self):
        super().__init__()
        self.p = nn.Parameter(torch.randn(5))
        self.frame = nn.Parameter(torch.randn(5, 3))

    def scale(self):
        return self.p - self.p.min()

    def forward(self, x):
        return torch.einsum("kn,k,km,bm->bn", self.frame, self.scale(), self.frame, x)


@gradient_only("half of the entries are below the mean")
class GapsToMean(GapsToLeast):
    def scale(self):
        return self.p - self.p.mean()


@convex("shares of squares")
class SharesOfSquares(GapsToLeast):
    def scale(self):
        return self.p.square() / self.p.square().sum()


@gradient_only("shares of a sum may be negative", values={"p": [-1.0, 1.0, 1.0, 1.0, 1.0]})
class SharesOfSum(GapsToLeast):
    def scale(self):
        return self.p / self.p.sum()


@convex("a reversal and the identity: eigenvalues 0 and 2")
class PlusReversal(nn.Module):
    def forward(self, x):
        return x + x.flip(-1)


@gradient_only("an eigenvalue of -1e-7", points=[[1.0, 0, -1.0], [0, 0, 0]])
class PlusMoreReversal(nn.Module):
    def forward(self, x):
        return x + (1 + 1e-7) * x.flip(-1)
