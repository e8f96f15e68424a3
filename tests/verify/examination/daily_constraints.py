"""Signs and norms kept by a formula or by torch.nn.utils.parametrize."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from .everyday import convex, gradient_only, no_gradient


class Exponent(nn.Module):
    def forward(self, raw: Tensor) -> Tensor:
        return raw.exp()


class Modulus(nn.Module):
    def forward(self, raw: Tensor) -> Tensor:
        return raw.abs()


class Symmetrised(nn.Module):
    def forward(self, raw: Tensor) -> Tensor:
        return raw.triu() + raw.triu(1).mT


class Skew(nn.Module):
    def forward(self, raw: Tensor) -> Tensor:
        return raw.triu(1) - raw.triu(1).mT


class GramPlusDiagonal(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.d = nn.Parameter(torch.zeros(3))

    def forward(self, raw: Tensor) -> Tensor:
        return raw @ raw.mT + torch.diag(F.softplus(self.d))


def linear(parametrization: nn.Module) -> nn.Module:
    layer = nn.Linear(3, 3)
    parametrize.register_parametrization(layer, "weight", parametrization)
    return layer


@gradient_only("a symmetric matrix")
def symmetric_linear() -> nn.Module:
    return linear(Symmetrised())


@no_gradient("a skew matrix")
def skew_linear() -> nn.Module:
    return linear(Skew())


@convex("a Gram matrix and a positive diagonal")
def gram_linear() -> nn.Module:
    return linear(GramPlusDiagonal())


@no_gradient("positive entries make no symmetry")
def positive_linear() -> nn.Module:
    return linear(Exponent())


class Scaled(nn.Module):
    """W^T (gain * tanh(W x + b)), the gain under a parametrization."""

    def __init__(self, parametrization: nn.Module | None = None) -> None:
        super().__init__()
        self.inner = nn.Linear(3, 6)
        self.gain = nn.Parameter(torch.ones(6))
        if parametrization is not None:
            parametrize.register_parametrization(self, "gain", parametrization)

    def forward(self, x: Tensor) -> Tensor:
        return (self.gain * self.inner(x).tanh()) @ self.inner.weight


@convex("a modulus")
def gain_modulus() -> nn.Module:
    return Scaled(Modulus())


@convex("softplus registered as a parametrization")
def gain_softplus() -> nn.Module:
    return Scaled(nn.Softplus())


@gradient_only("no parametrization", values={"gain": -1.0})
def gain_free() -> nn.Module:
    return Scaled()


@gradient_only("tanh keeps the sign", values={"parametrizations.gain.original": -1.0})
def gain_tanh() -> nn.Module:
    return Scaled(nn.Tanh())


@convex("two parametrizations, one after the other")
def gain_centred_exponent() -> nn.Module:
    net = Scaled(nn.Tanh())
    parametrize.register_parametrization(net, "gain", Exponent())
    return net


class Normed(nn.Module):
    """The inner layer with weight_norm, spectral_norm or orthogonal of torch."""

    def __init__(self, wrap: str) -> None:
        super().__init__()
        self.inner = getattr(parametrizations, wrap)(nn.Linear(3, 3))

    def forward(self, x: Tensor) -> Tensor:
        return F.softsign(self.inner(x)) @ self.inner.weight


@convex("weight_norm on both sides")
def weight_normed() -> nn.Module:
    return Normed("weight_norm")


@convex("spectral_norm in eval mode")
def spectral_normed() -> nn.Module:
    return Normed("spectral_norm").eval()


@convex("a rotation on both sides")
def orthogonal() -> nn.Module:
    return Normed("orthogonal")


@gradient_only("the direction alone on the way back: the magnitudes are gains of any sign")
class DirectionBack(Normed):
    def __init__(self) -> None:
        super().__init__("weight_norm")

    def forward(self, x: Tensor) -> Tensor:
        direction = self.inner.parametrizations.weight.original1
        return F.softsign(self.inner(x)) @ direction


@convex("x less a 1-Lipschitz layer of a rotation")
class CayleyRest(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.randn(3, 3))
        self.bias = nn.Parameter(torch.zeros(3))

    @property
    def rotation(self) -> Tensor:
        skew = self.raw - self.raw.T
        eye = torch.eye(3, dtype=skew.dtype, device=skew.device)
        return torch.linalg.solve(eye + skew, eye - skew)

    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.rotation.T
        return (z - torch.tanh(z + self.bias)) @ self.rotation


class Temperature(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 2))
        self.t = nn.Parameter(torch.rand(4) + 0.5)


@convex("t tanh(t z) has the slope t^2 / cosh^2", dim=2)
class InAndOut(Temperature):
    def forward(self, x: Tensor) -> Tensor:
        return (self.t * torch.tanh(self.t * (x @ self.W.T))) @ self.W


@gradient_only("tanh(t z) falls for negative t", dim=2, values={"t": -1.0})
class InOnly(Temperature):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.t * (x @ self.W.T)) @ self.W


@gradient_only("t^2 tanh(t z) falls for negative t", dim=2, values={"t": -1.0})
class SquareOut(Temperature):
    def forward(self, x: Tensor) -> Tensor:
        return (self.t**2 * torch.tanh(self.t * (x @ self.W.T))) @ self.W


@convex("a mixture whose weights are a softmax", dim=2)
class MixtureWeights(Temperature):
    def forward(self, x: Tensor) -> Tensor:
        return (F.softmax(self.t, dim=0) * F.elu(x @ self.W.T)) @ self.W


@gradient_only("a cap from above is no bound from below", dim=2, values={"t": -1.0})
class Capped(Temperature):
    def forward(self, x: Tensor) -> Tensor:
        return (self.t.clamp(max=1.0) * F.elu(x @ self.W.T)) @ self.W


@gradient_only("the centred sigmoid is negative for negative t", dim=2, values={"t": -2.0})
class CentredSigmoid(Temperature):
    def forward(self, x: Tensor) -> Tensor:
        return ((torch.sigmoid(self.t) - 0.5) * F.elu(x @ self.W.T)) @ self.W


@convex("gains made by a small network that ends in softplus", dim=2)
class HyperNetwork(Temperature):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("code", torch.tensor([1.0, -0.5]))
        self.hyper = nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 4), nn.Softplus())

    def forward(self, x: Tensor) -> Tensor:
        return (self.hyper(self.code) * F.hardtanh(x @ self.W.T)) @ self.W


@no_gradient("positive on both sides, but two matrices", dim=2)
class PositiveTwice(Temperature):
    def __init__(self) -> None:
        super().__init__()
        self.V = nn.Parameter(torch.randn(4, 2))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x @ self.W.square().T) @ F.softplus(self.V)
