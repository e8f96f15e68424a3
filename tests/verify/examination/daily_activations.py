"""One layer around an activation that torch.nn or torch.special offers, as factories write it."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class Layer(nn.Module):
    """weight^T act(weight x + bias), the weight of an nn.Linear on both sides."""

    def __init__(self, act: Callable[[Tensor], Tensor], dim: int = 3, hidden: int = 5) -> None:
        super().__init__()
        self.lin = nn.Linear(dim, hidden)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(self.act(self.lin(x)), self.lin.weight.t())


@convex("1 / (1 + |z|)^2 is the slope")
def softsign() -> nn.Module:
    return nn.Sequential(Layer(nn.Softsign(), hidden=7))


@convex("jumps from -3 to 1")
def threshold_upwards() -> nn.Module:
    return Layer(nn.Threshold(1.0, -3.0))


@gradient_only("jumps from 20 down to 0.1")
def threshold_downwards() -> nn.Module:
    return Layer(nn.Threshold(0.1, 20.0))


@gradient_only("falls for negative z")
def elu_of_negative_alpha() -> nn.Module:
    return Layer(nn.ELU(alpha=-0.3))


@convex("it is the logarithm of a sigmoid")
def softplus_of_negative_beta() -> nn.Module:
    return Layer(nn.Softplus(beta=-1.0))


@convex("the logarithm of an increasing function", dim=2)
def log_ndtr() -> nn.Module:
    return Layer(torch.special.log_ndtr, dim=2)


@convex("odd, and the derivative of I0, which is convex")
def bessel_i1() -> nn.Module:
    return Layer(torch.special.i1)


@gradient_only("it tends to 0 again")
def bessel_i1e() -> nn.Module:
    return Layer(torch.special.i1e)


@gradient_only("sin(z) / z is even", dim=2)
def spherical_bessel() -> nn.Module:
    return Layer(torch.special.spherical_bessel_j0, dim=2)


@gradient_only("even", dim=4)
def bessel_j0() -> nn.Module:
    return Layer(torch.special.bessel_j0, dim=4)


@convex("ln Gamma rises from 2 on")
def gammaln_of_relu() -> nn.Module:
    return Layer(lambda z: torch.special.gammaln(2 + torch.relu(z)))


@convex("the second derivative of digamma rises")
def polygamma_of_softplus() -> nn.Module:
    return Layer(lambda z: torch.special.polygamma(2, F.softplus(z) + 0.5))


@convex("z log(1 + z^2) has the slope log(1 + z^2) + 2 z^2 / (1 + z^2)", dim=4)
def xlog1py_of_square() -> nn.Module:
    return Layer(lambda z: torch.special.xlog1py(z, z.square()), dim=4)


@gradient_only("(5 z^3 - 3 z) / 2 falls at 0")
def legendre() -> nn.Module:
    return Layer(lambda z: torch.special.legendre_polynomial_p(z, 3))


@convex("erfcx falls")
def minus_erfcx() -> nn.Module:
    return Layer(lambda z: -torch.special.erfcx(z), hidden=2)


@gradient_only("z sigmoid(z), by two equal halves")
def glu_of_equal_halves() -> nn.Module:
    return Layer(lambda z: F.glu(torch.cat([z, z], dim=-1)))


@gradient_only("softmax of -z")
def softmin() -> nn.Module:
    return Layer(nn.Softmin(dim=-1))


@no_gradient("the Jacobian is I - 1 p^T")
def log_softmax() -> nn.Module:
    return Layer(nn.LogSoftmax(dim=-1))


@convex("a parametric leaky slope between 0 and 1", dim=5)
class LeakyByHand(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(5, 8, bias=False)
        self.rho = nn.Parameter(torch.zeros(8))

    def forward(self, x: Tensor) -> Tensor:
        u = self.fc(x)
        leak = self.rho.sigmoid()
        return (u.clamp(min=0) + leak * u.clamp(max=0)).matmul(self.fc.weight)


@gradient_only("the slope of PReLU is free", values={"act.weight": -0.5})
def prelu_channels() -> nn.Module:
    return Layer(nn.PReLU(5))


@no_gradient("two matrices", dim=2)
class EncoderDecoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 6), nn.Mish(), nn.Linear(6, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)
