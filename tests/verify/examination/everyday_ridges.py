"""Ridge layers with activations of torch.nn, torch.special and torch.distributions."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, distributions, nn, special

from .entry import examined

NEAR = [[0.0, 0.0, 0.0], [0.003, 0.003, 0.003]]


class Layer(nn.Module):
    """lin.weight^T act(lin(x)) + offset."""

    def __init__(self, act: nn.Module | None = None, dim: int = 3, width: int = 5) -> None:
        super().__init__()
        self.lin = nn.Linear(dim, width)
        self.offset = nn.Parameter(torch.zeros(dim))
        self.act = act
        self.p = nn.Parameter(torch.randn(width))
        self.q = nn.Parameter(torch.randn(width))

    def phi(self, u: Tensor) -> Tensor:
        assert self.act is not None
        return self.act(u)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(self.phi(self.lin(x)), self.lin.weight.T, self.offset)


@examined(symmetric=True, psd=True, why="the slope of gelu is above -0.1290")
class GeluPlus(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return F.gelu(u) + 0.13 * u


@examined(
    symmetric=True,
    psd=False,
    why="the slope of gelu falls to -0.1289 at -sqrt 2",
    values={"lin.weight": 1.0, "lin.bias": -math.sqrt(2)},
    points=NEAR,
)
class GeluPlusTooLittle(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return F.gelu(u) + 0.12 * u


@examined(dim=2, symmetric=True, psd=True, why="the slope of silu is above -0.0999")
class SiluLeak(Layer):
    def __init__(self) -> None:
        super().__init__(dim=2)

    def phi(self, u: Tensor) -> Tensor:
        return F.silu(u) + 0.1 * u


@examined(symmetric=True, psd=True, why="the slope of mish is above -0.12")
class MishLeak(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return 0.8 * F.mish(u) + 0.2 * u


@examined(symmetric=True, psd=True, why="the slope of hardswish is -1/2 at least, at -3")
class HardswishLeak(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return F.hardswish(u) + u / 2


@examined(symmetric=False, psd=False, why="a gated linear unit between W^T and W")
class GatedLinearUnit(Layer):
    def __init__(self) -> None:
        super().__init__(width=6)

    def forward(self, x: Tensor) -> Tensor:
        return F.glu(self.lin(x), dim=-1) @ self.lin.weight[:3]


@examined(
    dim=4, symmetric=True, psd=False, why="the gradient of sum a sigmoid(b), a = A x, b = B x"
)
class GateEnergy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Linear(4, 6, bias=False)
        self.B = nn.Linear(4, 6, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        a, s = self.A(x), torch.sigmoid(self.B(x))
        return s @ self.A.weight + (a * s * (1 - s)) @ self.B.weight


@examined(dim=4, symmetric=False, psd=False, why="the derivative of the gate is forgotten")
class GateEnergyHalf(GateEnergy):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.B(x)) @ self.A.weight


@examined(symmetric=True, psd=True, why="u log(1 + u^2) is odd and rises")
class LogSquare(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return special.xlog1py(u, u * u)


@examined(symmetric=True, psd=True, why="logit undoes expit")
class LogitOfExpit(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return special.logit(special.expit(u))


@examined(symmetric=True, psd=False, why="-p log p rises and falls on (0, 1)")
class EntropyOfSigmoid(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return special.entr(torch.sigmoid(u))


@examined(symmetric=True, psd=False, why="u e^u falls below -1")
class ExpLogExp(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return special.xlogy(u.exp(), u.exp())


@examined(symmetric=True, psd=True, why="the incomplete gamma function rises")
class GammaInc(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return special.gammainc(torch.full_like(u, 2.0), F.softplus(u))


@examined(symmetric=True, psd=False, why="the complement falls")
class GammaIncC(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return special.gammaincc(torch.full_like(u, 2.0), u.exp())


@examined(symmetric=True, psd=True, why="digamma rises on the positive numbers")
class DigammaOfExp(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return special.digamma(torch.exp(u))


@examined(symmetric=True, psd=False, why="trigamma falls on the positive numbers")
class Trigamma(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return special.polygamma(1, F.softplus(u) + 0.1)


@examined(symmetric=True, psd=True, why="gammaln rises from 2 on")
class GammaLn(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return special.gammaln(2 + u.exp())


@examined(symmetric=True, psd=False, why="gammaln falls on (1, 1.46)")
class GammaLnOne(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return special.gammaln(1 + u.exp())


@examined(symmetric=True, psd=True, why="erfcx falls, so that erfcx(-u) rises")
class ErfcxReflected(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return special.erfcx(-u)


@examined(symmetric=True, psd=True, why="I0 rises on the positive numbers")
class BesselOfRelu(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return special.i0(F.relu(u))


@examined(symmetric=True, psd=True, why="T3(u) + 3 u is 4 u^3")
class ChebyshevPlus(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return special.chebyshev_polynomial_t(u, 3) + 3 * u


@examined(symmetric=True, psd=False, why="u^3 - 3 u")
class Hermite(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return special.hermite_polynomial_he(u, 3)


@examined(symmetric=True, psd=False, why="one learned slope below 0, of any sign")
def prelu() -> nn.Module:
    return Layer(nn.PReLU(5))


@examined(symmetric=True, psd=True, why="its absolute value")
class PreluAbs(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return F.prelu(u, self.p.abs())


@examined(symmetric=True, psd=True, why="in eval mode the slope is the middle of the two bounds")
def rrelu_eval() -> nn.Module:
    return Layer(nn.RReLU()).eval()


@examined(symmetric=None, psd=None, why="in train mode the slope is drawn")
def rrelu_train() -> nn.Module:
    return Layer(nn.RReLU())


@examined(symmetric=True, psd=True, why="dropout does nothing in eval mode")
def dropouts_eval() -> nn.Module:
    return Layer(nn.Sequential(nn.Dropout(0.3), nn.ELU(), nn.AlphaDropout(0.2))).eval()


@examined(symmetric=None, psd=None, why="a mask is drawn")
def dropout_train() -> nn.Module:
    return Layer(nn.Sequential(nn.ELU(), nn.Dropout(0.3)))


@examined(symmetric=True, psd=False, why="the trained scale of the normalization, of any sign")
def batch_norm_eval() -> nn.Module:
    return Layer(nn.Sequential(nn.BatchNorm1d(5), nn.Softplus())).eval()


@examined(symmetric=True, psd=True, why="running statistics are fixed in eval mode")
def batch_norm_plain_eval() -> nn.Module:
    return Layer(nn.Sequential(nn.BatchNorm1d(5, affine=False), nn.Tanh())).eval()


@examined(symmetric=None, psd=None, why="the statistics of the batch")
def batch_norm_train() -> nn.Module:
    return Layer(nn.Sequential(nn.BatchNorm1d(5, affine=False), nn.Tanh()))


@examined(symmetric=True, psd=True, why="the scale g of the normalization on both sides: g^2")
class BatchNormTied(Layer):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(5)
        self.eval()

    def phi(self, u: Tensor) -> Tensor:
        return self.norm.weight * torch.tanh(self.norm(u))


@examined(symmetric=True, psd=True, why="slope 1 + sin(2 a u)")
class Snake(Layer):
    def phi(self, u: Tensor) -> Tensor:
        a = self.p.exp()
        return u + torch.sin(a * u) ** 2 / a


@examined(symmetric=True, psd=False, why="slope 1 + 2 sin(2 a u)")
class SnakeTwice(Layer):
    def phi(self, u: Tensor) -> Tensor:
        a = self.p.exp()
        return u + 2 * torch.sin(a * u).square() / a


@examined(symmetric=True, psd=True, why="a mixture of logistic distribution functions")
class LogisticMixture(Layer):
    def phi(self, u: Tensor) -> Tensor:
        z = (u.unsqueeze(-1) - self.p) * torch.exp(-self.q)
        return (torch.sigmoid(z) * torch.softmax(self.p, dim=0)).sum(-1)


@examined(symmetric=True, psd=True, why="distribution functions rise")
class NormalCdf(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return distributions.Normal(self.p, self.q.exp(), validate_args=False).cdf(u)


@examined(symmetric=True, psd=False, why="a density rises and falls")
class NormalDensity(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return distributions.Normal(self.p, self.q.exp(), validate_args=False).log_prob(u).exp()


@examined(symmetric=True, psd=True, why="slope sigmoid(b u) for b of any sign; b = 0 is outside")
class SharpSoftplus(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return torch.log1p(torch.exp(self.p * u)) / self.p


@examined(symmetric=True, psd=True, why="the Gudermannian")
class Gudermann(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return 2 * torch.atan(torch.tanh(u / 2))


@examined(symmetric=True, psd=True, why="an inverse square root unit with alpha = a^2")
class Isru(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return u * torch.rsqrt(1 + (self.p * u) ** 2)


@examined(symmetric=None, psd=None, why="1 + a u^2 is negative somewhere where a < 0")
class IsruFree(Layer):
    def phi(self, u: Tensor) -> Tensor:
        return u / torch.sqrt(1 + self.p * u**2)
