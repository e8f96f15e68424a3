"""Whole layers and small networks of gradients, in the hands of many authors."""

# Parts that torch makes have no narrower type than Tensor | Module.
# pyright: reportOperatorIssue=false

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from .entry import examined


class Positive(nn.Module):
    def forward(self, raw: Tensor) -> Tensor:
        return F.softplus(raw)


@examined(dim=2, symmetric=True, psd=True, why="layers of several activations in a ModuleDict")
class ManyActivations(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        acts = {"relu": nn.ReLU(), "tanh": nn.Tanh(), "cube": nn.Softsign(), "elu": nn.ELU()}
        self.acts = nn.ModuleDict(acts)
        self.lins = nn.ModuleDict({name: nn.Linear(2, 8) for name in acts})
        self.temper = nn.Parameter(torch.zeros(len(acts)))

    def forward(self, x: Tensor) -> Tensor:
        out = torch.zeros_like(x)
        for t, (name, lin) in zip(self.temper.exp(), self.lins.items(), strict=True):
            out += t * (self.acts[name](lin(x)) @ lin.weight)
        return out


@examined(
    dim=5, symmetric=True, psd=True, why="a cascade with one W, gates by softplus, in float64"
)
class Cascade(nn.Module):
    def __init__(self, depth: int = 3, width: int = 6) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(width, 5, dtype=torch.float64) / 2)
        self.bias = nn.Parameter(torch.zeros(depth, width, dtype=torch.float64))
        self.gain = nn.Parameter(torch.zeros(depth, width, dtype=torch.float64))
        self.keep = nn.Parameter(torch.zeros(depth, width, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        h = x @ self.W.T
        z = torch.zeros_like(h)
        for b, g, k in zip(self.bias, F.softplus(self.gain), F.softplus(self.keep), strict=True):
            z = k * torch.tanh(g * (h + z) + b)
        return z @ self.W


@examined(dim=5, symmetric=True, psd=False, why="the gates before the last are free")
class CascadeFree(Cascade):
    def forward(self, x: Tensor) -> Tensor:
        h = x @ self.W.T
        z = torch.zeros_like(h)
        for b, g, k in zip(self.bias, self.gain, F.softplus(self.keep), strict=True):
            z = k * torch.tanh(g * (h + z) + b)
        return z @ self.W


@examined(dim=3, symmetric=True, psd=True, why="one small monotone network, applied to each neuron")
class NeuronNetwork(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.directions = nn.Linear(3, 4)
        self.net = nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Linear(3, 1))
        for layer in (self.net[0], self.net[2]):
            assert isinstance(layer, nn.Linear)
            parametrize.register_parametrization(layer, "weight", Positive())

    def forward(self, x: Tensor) -> Tensor:
        z = self.net(self.directions(x).unsqueeze(-1)).squeeze(-1)
        return F.linear(z, self.directions.weight.t())


@examined(dim=3, symmetric=True, psd=False, why="the outer weights of the small network are free")
class NeuronNetworkFree(NeuronNetwork):
    def __init__(self) -> None:
        super().__init__()
        self.net[2] = nn.Linear(3, 1)


@examined(dim=3, symmetric=False, psd=False, why="the small network sees all neurons at once")
class NeuronNetworkMixed(NeuronNetwork):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 4))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(self.net(self.directions(x)), self.directions.weight.t())


@examined(dim=3, symmetric=True, psd=False, why="u softplus(a u + b) falls on the left")
class MeanSlope(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 4)
        self.a, self.c = nn.Parameter(torch.ones(4)), nn.Parameter(torch.zeros(4))

    def forward(self, x: Tensor) -> Tensor:
        u = self.lin(x)
        slope = sum(F.softplus(self.a * t * u + self.c) for t in (0.25, 0.75)) / 2
        return (u * slope) @ self.lin.weight


@examined(
    dim=3, symmetric=True, psd=True, why="the integral of softplus(net) by its known primitive"
)
class KnownPrimitive(MeanSlope):
    def forward(self, x: Tensor) -> Tensor:
        u = self.lin(x)
        rise = F.softplus(self.c) * u + F.softplus(self.a) * torch.atan(u)
        return torch.einsum("bm,mn->bn", rise, self.lin.weight)


@examined(
    dim=4, symmetric=True, psd=True, why="orthogonal W and slopes in (0, 1): nonexpansive too"
)
class Nonexpansive(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = parametrizations.orthogonal(nn.Linear(4, 4), orthogonal_map="cayley")
        self.slope = nn.Parameter(torch.zeros(4))

    def forward(self, x: Tensor) -> Tensor:
        return (torch.sigmoid(self.slope) * torch.tanh(self.lin(x))) @ self.lin.weight


@examined(dim=4, symmetric=True, psd=True, why="positive and negative parts with one W")
class ConcatenatedRelu(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(4, 3)
        self.slopes = nn.Parameter(torch.ones(6))

    def forward(self, x: Tensor) -> Tensor:
        z = self.lin(x)
        parts = self.slopes.square() * torch.cat([F.relu(z), F.relu(-z)], dim=-1)
        return parts @ torch.cat([self.lin.weight, -self.lin.weight])


@examined(dim=4, symmetric=True, psd=False, why="the negative part with the wrong sign: |z|")
class ConcatenatedReluWrong(ConcatenatedRelu):
    def forward(self, x: Tensor) -> Tensor:
        z = self.lin(x)
        parts = self.slopes.square() * torch.cat([F.relu(z), F.relu(-z)], dim=-1)
        return parts @ torch.cat([self.lin.weight, self.lin.weight])


@examined(dim=6, symmetric=True, psd=True, why="a filter bank with learned clipping, and + mu x")
class ConvexRidgeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 3, 3, padding=1, bias=False)
        self.log_bound = nn.Parameter(torch.zeros(1, 3, 1))
        self.log_scale = nn.Parameter(torch.zeros(1, 3, 1))
        self.mu = nn.Parameter(torch.zeros(1))

    def activation(self, z: Tensor) -> Tensor:
        bound = torch.exp(self.log_bound)
        return torch.exp(self.log_scale) * torch.maximum(torch.minimum(z, bound), -bound)

    def forward(self, x: Tensor) -> Tensor:
        z = self.activation(self.conv(x.unsqueeze(1)))
        out = F.conv_transpose1d(z, self.conv.weight, padding=1).squeeze(1)
        return out + F.softplus(self.mu) * x


@examined(dim=6, symmetric=True, psd=False, why="a filter bank that is not convex: u exp(-u^2)")
class RidgeNet(ConvexRidgeNet):
    def activation(self, z: Tensor) -> Tensor:
        return z * torch.exp(-0.5 * z**2) * self.log_scale.exp()


@examined(
    dim=6,
    symmetric=True,
    psd=True,
    why="its slope is above -0.45, and mu is above 1/2: filters with squares that sum to 1 / 3",
)
class WeaklyConvexRidgeNet(ConvexRidgeNet):
    def forward(self, x: Tensor) -> Tensor:
        w = self.conv.weight
        kernel = w / (3 * w.square().sum().add(1e-6).sqrt())
        z = F.conv1d(x[:, None], kernel, padding=1)
        z = z * torch.exp(-0.5 * z.square())
        return F.conv_transpose1d(z, kernel, padding=1)[:, 0] + (0.5 + self.mu.exp()) * x


@examined(dim=3, symmetric=True, psd=True, why="weights shared by two layers at two scales")
class TwoScales(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 3))
        self.shifts = nn.ParameterList([nn.Parameter(torch.randn(4)) for _ in range(2)])

    def forward(self, x: Tensor) -> Tensor:
        z = self.W @ x.unsqueeze(-1)
        ys = [torch.sigmoid(s * z + b[:, None]) for s, b in zip((1, 4), self.shifts, strict=True)]
        return (self.W.mT @ torch.stack(ys).mean(0)).squeeze(-1)


@examined(dim=3, symmetric=True, psd=False, why="one of the scales is negative")
class TwoScalesNegative(TwoScales):
    def forward(self, x: Tensor) -> Tensor:
        z = self.W @ x.unsqueeze(-1)
        ys = [torch.sigmoid(s * z + b[:, None]) for s, b in zip((1, -4), self.shifts, strict=True)]
        return (self.W.mT @ torch.stack(ys).mean(0)).squeeze(-1)


@examined(dim=4, symmetric=True, psd=True, why="an encoder and its transpose, reversed")
class LinearChain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(4, 3, bias=False), nn.Linear(3, 5))
        self.gate = nn.Parameter(torch.ones(5))

    def forward(self, x: Tensor) -> Tensor:
        z = self.gate.abs() * F.softplus(self.encoder(x))
        for layer in reversed(self.encoder):
            assert isinstance(layer, nn.Linear)
            z = z @ layer.weight
        return z


@examined(
    dim=4,
    symmetric=True,
    psd=True,
    why="backpropagation by hand through relu, output weights "
    "and inner weights of the second layer nonnegative",
)
class HandMadeIcnn(LinearChain):
    def forward(self, x: Tensor) -> Tensor:
        first, second = self.encoder
        assert isinstance(first, nn.Linear)
        assert isinstance(second, nn.Linear)
        inner = second.weight.square()
        h = first(x)
        z = F.linear(F.softplus(h), inner, second.bias)
        back = (self.gate.square() * torch.sigmoid(z)) @ inner
        return (back * torch.sigmoid(h)) @ first.weight


@examined(dim=4, symmetric=True, psd=False, why="free inner weights: a gradient, not monotone")
class HandMadePerceptron(LinearChain):
    def forward(self, x: Tensor) -> Tensor:
        first, second = self.encoder
        assert isinstance(first, nn.Linear)
        assert isinstance(second, nn.Linear)
        h = first(x)
        z = second(F.softplus(h))
        back = (self.gate * torch.sigmoid(z)) @ second.weight
        return (back * torch.sigmoid(h)) @ first.weight


@examined(dim=4, symmetric=False, psd=False, why="tanh in the place of the derivative of softplus")
class HandMadeWrong(HandMadePerceptron):
    def forward(self, x: Tensor) -> Tensor:
        first, second = self.encoder
        assert isinstance(first, nn.Linear)
        assert isinstance(second, nn.Linear)
        h = first(x)
        z = second(F.softplus(h))
        return (((self.gate * torch.sigmoid(z)) @ second.weight) * torch.tanh(h)) @ first.weight


@examined(dim=3, symmetric=True, psd=True, why="an odd learned ridge: phi(u) - phi(-u)")
class OddRidge(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.atoms = nn.Parameter(torch.randn(3, 6))
        self.shift = nn.Parameter(torch.randn(6))

    def forward(self, x: Tensor) -> Tensor:
        u = x @ self.atoms
        odd = F.softplus(u - self.shift) - F.softplus(-u - self.shift)
        return odd @ self.atoms.T


@examined(dim=3, symmetric=True, psd=False, why="an even one: phi(u) + phi(-u)")
class EvenRidge(OddRidge):
    def forward(self, x: Tensor) -> Tensor:
        u = x @ self.atoms
        return (F.softplus(u - self.shift) + F.softplus(-u - self.shift)) @ self.atoms.T


@examined(dim=3, symmetric=True, psd=True, why="clipped between two shifted copies of u")
class Deadzone(OddRidge):
    def forward(self, x: Tensor) -> Tensor:
        u = x @ self.atoms
        width = self.shift.abs()
        return (F.relu(u - width) - F.relu(-u - width)).matmul(self.atoms.mT)
