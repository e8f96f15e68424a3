"""Layers named in papers: gradient networks, sorting, Lipschitz, rotary and normalising layers."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class Cascade(nn.Module):
    """One matrix, a bias, a scale of the input and a scale of the activation for each level."""

    def __init__(self, levels: int = 3) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(5, 2))
        new = [nn.ParameterDict({k: torch.randn(5) for k in "abs"}) for _ in range(levels)]
        self.levels: Any = nn.ModuleList(new)

    def positive(self, raw: Tensor) -> Tensor:
        return F.softplus(raw)

    def forward(self, x: Tensor) -> Tensor:
        y = F.linear(x, self.W)
        z = torch.zeros_like(y)
        for level in self.levels:
            z = self.positive(level["b"]) * (y + level["s"]) + z
            z = self.positive(level["a"]) * torch.tanh(z)
        return F.linear(z, self.W.T)


@convex("scales by softplus", dim=2)
class MonotoneCascade(Cascade):
    pass


@gradient_only("free scales", dim=2)
class AnyCascade(Cascade):
    def positive(self, raw: Tensor) -> Tensor:
        return raw


class Modules(nn.Module):
    """A sum of modules c_k W_k^T softmax(t_k (W_k x + b_k))."""

    def __init__(self, modules: int = 3) -> None:
        super().__init__()
        self.inner: Any = nn.ModuleList([nn.Linear(2, 4) for _ in range(modules)])
        self.t = nn.Parameter(torch.zeros(modules))
        self.c = nn.Parameter(torch.ones(modules))
        self.offset = nn.Parameter(torch.zeros(2))

    def factor(self, k: int) -> Tensor:
        return F.softplus(self.c[k])

    def forward(self, x: Tensor) -> Tensor:
        total = self.offset.expand_as(x)
        for k, lin in enumerate(self.inner):
            p = F.softmax(F.softplus(self.t[k]) * lin(x), dim=-1)
            total = total + self.factor(k) * p @ lin.weight
        return total


@convex("positive factors", dim=2)
class MonotoneModules(Modules):
    pass


@gradient_only("any factors", dim=2, values={"c": -1.0})
class AnyModules(Modules):
    def factor(self, k: int) -> Tensor:
        return self.c[k]


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.enc = nn.Linear(3, 4)

    def act(self, z: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.enc(x)).matmul(self.enc.weight)


@gradient_only("pairs are put in order: an exchange is a symmetric matrix, of eigenvalue -1")
class MaxMin(Tied):
    def act(self, z: Tensor) -> Tensor:
        a, b = z[:, 0::2], z[:, 1::2]
        return torch.stack([torch.maximum(a, b), torch.minimum(a, b)], dim=-1).flatten(1)


@no_gradient("four are put in order: a cycle is no symmetric matrix")
class FullSort(Tied):
    def act(self, z: Tensor) -> Tensor:
        return z.sort(dim=-1).values


@no_gradient("each sees all before it", values={"enc.bias": 0.0})
class RunningLogSumExp(Tied):
    def act(self, z: Tensor) -> Tensor:
        return torch.logcumsumexp(z, dim=-1)


@convex("swish with a learned slope, and a tenth of z")
class SwishPlus(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.ones(4))

    def act(self, z: Tensor) -> Tensor:
        return z * torch.sigmoid(self.beta * z) + 0.1 * z


@gradient_only(
    "the least slope of swish is -0.09984",
    values={"beta": 1.0, "enc.weight": 1.0, "enc.bias": 0.0},
    points=[[-2.45, 0.0, 0.0], [-2.35, 0.0, 0.0]],
)
class SwishPlusLess(SwishPlus):
    def act(self, z: Tensor) -> Tensor:
        return z * torch.sigmoid(self.beta * z) + 0.0995 * z


@convex("a power with the sign kept")
class SignedPower(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.tensor(0.5))

    def act(self, z: Tensor) -> Tensor:
        return z.sign() * z.abs().pow(1 + F.softplus(self.p))


class Lipschitz(nn.Module):
    """x less a layer that is scaled so that the whole is 1-Lipschitz."""

    step = 2.0

    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 3))
        self.b = nn.Parameter(torch.zeros(4))

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.abs(self.W @ self.W.T).sum(dim=1)
        h = torch.relu(x @ self.W.T + self.b)
        return x - self.step * (h / scale) @ self.W


@gradient_only("the step of the paper, 2, reflects")
class FullStep(Lipschitz):
    pass


@convex("one half of that step")
class HalfStep(Lipschitz):
    step = 1.0


class Rotary(nn.Module):
    """Pairs are turned by fixed angles, shortened, and turned back."""

    def __init__(self) -> None:
        super().__init__()
        angles = torch.tensor([0.3, 1.1])
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())
        self.cos: Tensor
        self.sin: Tensor
        self.b = nn.Parameter(torch.zeros(4))

    def turn(self, x: Tensor, sign: float) -> Tensor:
        a, b = x[:, :2], x[:, 2:]
        s = sign * self.sin
        return torch.cat([self.cos * a - s * b, s * a + self.cos * b], dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        return self.turn(torch.sigmoid(self.turn(x, 1.0) + self.b), -1.0)


@convex("turned and turned back", dim=4)
class RotaryBack(Rotary):
    pass


@no_gradient("turned and turned on", dim=4)
class RotaryOn(Rotary):
    def turn(self, x: Tensor, sign: float) -> Tensor:
        return super().turn(x, 1.0)


@convex("the length of pairs is rectified, with a bias of any sign", dim=4)
class ModRelu(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.tensor([[-0.5], [0.5]]))

    def forward(self, x: Tensor) -> Tensor:
        z = x.view(-1, 2, 2)
        r = torch.linalg.vector_norm(z, dim=-1, keepdim=True)
        return (z * F.relu(r + self.bias) / r.clamp_min(1e-6)).view(-1, 4)


@convex("centred, over the standard deviation and eps", dim=4)
class NormByHand(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        c = x - x.mean(-1, keepdim=True)
        return c / (x.std(-1, keepdim=True) + 1e-5)


@no_gradient("over the standard deviation, but not centred", dim=4)
class ScaledByDeviation(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x / (x.std(-1, keepdim=True) + 1e-2)


@no_gradient("the range of the entries as the unit", dim=4)
class MinMax(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        low, high = x.amin(-1, keepdim=True), x.amax(-1, keepdim=True)
        return (x - low) / (high - low + 1)


@convex("x and its normalisation", dim=4)
class PreNorm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4, elementwise_affine=False)
        self.mix = nn.Parameter(torch.tensor(0.0))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.mix.exp() * self.norm(x)


@no_gradient("a gate for each entry from all of them", dim=4)
class SqueezeExcite(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(4, 2), nn.Linear(2, 4)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(x))))
