"""Ridges that look like others: rounded constants, edges of domains, thresholds, odd operations."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .entry import examined

FLAT = {"W": 0.0}


class Ridge(nn.Module):
    def __init__(self, dim: int = 3) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, dim))
        self.b = nn.Parameter(torch.randn(4))
        self.p = nn.Parameter(torch.randn(4))
        self.register_buffer("tenth", torch.tensor(0.1))
        self.tenth: Tensor

    def phi(self, u: Tensor) -> Tensor:
        return torch.tanh(u)

    def forward(self, x: Tensor) -> Tensor:
        return torch.matmul(self.phi(torch.addmm(self.b, x, self.W.mT)), self.W)


@examined(symmetric=True, psd=True, why="0.1 + 0.2 is more than 0.3 in doubles")
class ThreeTenths(Ridge):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x) + 0.1 * x + 0.2 * x - 0.3 * x


@examined(
    symmetric=True,
    psd=False,
    why="0.3 is less than 0.1 + 0.2 in doubles",
    values=FLAT,
    unseen="of size 1e-17",
)
class ThreeTenthsLess(Ridge):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + 0.3 * x - 0.1 * x - 0.2 * x


@examined(symmetric=True, psd=True, why="the tenth of float32 is more than that of float64")
class TenthOfTensor(Ridge):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + self.tenth * x - 0.1 * x


@examined(
    symmetric=True, psd=False, why="the tenth of float32 is more than that of float64", values=FLAT
)
class TenthLessTensor(Ridge):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + 0.1 * x - self.tenth * x


@examined(symmetric=True, psd=True, why="x - 3 (x / 3) is 0")
class Thirds(Ridge):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x) + (x - 3 * (x / 3))


@examined(
    symmetric=True,
    psd=False,
    why="1/3 is rounded down, a division by 3 is not",
    values=FLAT,
    unseen="of size 1e-17",
)
class ThirdOnceRounded(Ridge):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + x * (1 / 3) - x / 3


@examined(symmetric=True, psd=True, why="2 ln 2 is the smallest value, and log(2) is rounded down")
class GateAtLogTwo(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        gate = F.softplus(self.p) + F.softplus(-self.p) - 2 * math.log(2)
        return gate * torch.tanh(u)


@examined(symmetric=True, psd=False, why="1.3863 is above 2 ln 2", values={"p": 0.0})
class GateAboveLogTwo(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        gate = F.softplus(self.p) + F.softplus(-self.p) - 1.3863
        return gate * torch.tanh(u)


@examined(
    symmetric=True,
    psd=False,
    why="beyond its threshold softplus steps down, by e^-30",
    unseen="of size 1e-13",
)
class SoftplusFarThreshold(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return F.softplus(u, beta=1, threshold=30)


@examined(
    symmetric=True,
    psd=False,
    why="steps down from 2.5034 to 2.5",
    values={"W": 1.0, "b": 2.5},
    points=[[-1e-4, -1e-4, -1e-4], [1e-4, 1e-4, 1e-4]],
)
class SoftplusThreshold(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return nn.Softplus(beta=2, threshold=5)(u)


@examined(symmetric=None, psd=None, why="0 / 0 where p = 0 and u = 0")
class SoftSignWidth(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return u / (self.p.abs() + u.abs())


@examined(symmetric=None, psd=None, why="0 * infinity where p = 0 and u = 0")
class RootWidth(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return u * torch.rsqrt(self.p**2 + u**2)


@examined(symmetric=True, psd=True, why="exp(p) keeps the root away from 0")
class RootExpWidth(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return u * torch.rsqrt(self.p.exp() + u**2)


@examined(symmetric=None, psd=None, why="log 0 where u <= 0 and p <= 0")
class LogOfRelus(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return torch.log(F.relu(u) + F.relu(self.p))


@examined(symmetric=True, psd=True, why="the root of relu is defined, and 0 at 0")
class RootOfRelu(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return F.relu(u).sqrt()


@examined(symmetric=True, psd=True, why="a power of relu with a positive exponent")
class PowerOfRelu(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return F.relu(u) ** F.softplus(self.p)


@examined(symmetric=None, psd=False, why="a power of 0 with an exponent below 0", scored=False)
class FreePowerOfRelu(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return torch.pow(F.relu(u), self.p)


@examined(
    symmetric=None,
    psd=False,
    why="log u has no bound near 0, and is below -20 there",
    scored=False,
    unseen="within e^-20 of a plane",
)
class SafeLog(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return torch.where(u > 0, torch.log(u), torch.full_like(u, -20.0))


@examined(symmetric=True, psd=True, why="atanh undoes tanh")
class AtanhOfTanh(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return torch.atanh(torch.tanh(u))


@examined(symmetric=True, psd=True, why="asin rises on the range of tanh")
class AsinOfTanh(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return torch.asin(torch.tanh(u))


@examined(symmetric=True, psd=False, why="acos falls")
class AcosOfClamp(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return torch.acos(u.clamp(-1, 1))


@examined(symmetric=True, psd=True, why="erfinv rises on the range of tanh")
class ErfinvOfTanh(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return torch.erfinv(torch.tanh(u))


@examined(symmetric=True, psd=True, why="sigmoid is below 1: cast to whole numbers it is 0")
class NeverOne(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return torch.sigmoid(u).long().to(u.dtype)


@examined(symmetric=True, psd=True, why="a base of at least 1")
class Power(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return torch.pow(1 + self.p.abs(), u)


@examined(symmetric=True, psd=False, why="a base below 1 where p < 0")
class PowerOfExp(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return torch.exp(self.p) ** u


@examined(symmetric=True, psd=True, why="atan2(u, 1) is atan u")
class Atan2(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return torch.atan2(u, torch.ones_like(u))


@examined(symmetric=True, psd=False, why="atan2 falls where p < 0")
class Atan2Free(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return torch.atan2(u, self.p.expand_as(u))


@examined(symmetric=True, psd=False, why="|elu u| falls below 0")
class AbsoluteElu(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return F.elu(u).abs()


@examined(symmetric=True, psd=True, why="u 2^p")
class Ldexp(Ridge):
    def phi(self, u: Tensor) -> Tensor:
        return F.elu(torch.ldexp(u, self.p))


@examined(symmetric=True, psd=True, why="what is saved in memory is no other map")
class Checkpointed(Ridge):
    def forward(self, x: Tensor) -> Tensor:
        out = checkpoint(super().forward, x, use_reentrant=False)
        assert isinstance(out, Tensor)
        return out


class Vectors(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.v, self.w = nn.Parameter(torch.randn(3)), nn.Parameter(torch.randn(3))


@examined(symmetric=True, psd=True, why="v x (x x v) is |v|^2 x - v (v . x)")
class CrossTwice(Vectors):
    def forward(self, x: Tensor) -> Tensor:
        v = self.v.expand_as(x)
        return torch.cross(v, torch.cross(x, v, dim=-1), dim=-1)


@examined(symmetric=True, psd=False, why="v x (v x x) is minus that")
class CrossTwiceFalling(Vectors):
    def forward(self, x: Tensor) -> Tensor:
        v = self.v.expand_as(x)
        return torch.cross(v, torch.cross(v, x, dim=-1), dim=-1)


@examined(symmetric=False, psd=False, why="x cross v is skew")
class CrossOnce(Vectors):
    def forward(self, x: Tensor) -> Tensor:
        return x + torch.linalg.cross(x, self.v.expand_as(x))


@examined(symmetric=True, psd=False, why="v w^T + w v^T has eigenvalues of both signs")
class OuterSum(Vectors):
    def forward(self, x: Tensor) -> Tensor:
        return x @ (torch.outer(self.v, self.w) + torch.outer(self.w, self.v))


@examined(symmetric=False, psd=False, why="running logsumexp looks back only")
class RunningLogSumExp(Vectors):
    def forward(self, x: Tensor) -> Tensor:
        return self.v.square() * torch.logcumsumexp(x, dim=-1)


@examined(dim=4, symmetric=False, psd=False, why="attention among the entries as tokens")
def attention() -> nn.Module:
    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attend = nn.MultiheadAttention(1, 1, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            t = x.unsqueeze(-1)
            return self.attend(t, t, t, need_weights=False)[0].squeeze(-1)

    return Tokens()
