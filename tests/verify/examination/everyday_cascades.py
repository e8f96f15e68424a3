"""Cascades with one W, in their users' own spellings, and cascades that are none."""

# Parts that torch makes have no narrower type than Tensor | Module.
# pyright: reportAssignmentType=false

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class Gate(nn.Module):
    """One level: what it adds to beta u is an increasing function of z."""

    def __init__(self, width: int, act: nn.Module) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(width))
        self.beta = nn.Parameter(torch.rand(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.act = act

    def forward(self, u: Tensor, z: Tensor) -> Tensor:
        return self.beta.square() * u + self.bias + self.log_scale.exp() * self.act(z)


class Stack(nn.Module):
    acts: tuple[type[nn.Module], ...] = (nn.Tanh, nn.Softplus, nn.Sigmoid)

    def __init__(self, dim: int = 3, width: int = 6) -> None:
        super().__init__()
        self.embed = nn.Linear(dim, width)
        self.levels = nn.ModuleList([Gate(width, act()) for act in self.acts])

    def hidden(self, x: Tensor) -> Tensor:
        u = self.embed(x)
        z = u
        for level in self.levels:
            z = level(u, z)
        return z

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(self.hidden(x), self.embed.weight.t())


@convex("levels in a ModuleList, each increasing in u, one weight")
class Levels(Stack):
    pass


@convex("five kinds of activations, all nondecreasing", dim=4)
class LevelsOfAllKinds(Stack):
    acts = (nn.ELU, nn.Hardtanh, nn.Softsign, nn.LeakyReLU, nn.Softplus)

    def __init__(self) -> None:
        super().__init__(4, 5)


@gradient_only("one of the activations is silu")
class LevelsWithSilu(Stack):
    acts = (nn.Tanh, nn.SiLU, nn.Softplus)


@gradient_only("a learned slope of prelu may be negative")
class LevelsWithPrelu(Stack):
    acts = (nn.PReLU, nn.Tanh)


@no_gradient("softmax between the levels")
class LevelsWithSoftmax(Stack):
    acts = (lambda: nn.Softmax(dim=-1), nn.Tanh)


@no_gradient("a normalisation layer between the levels")
class LevelsWithNorm(Stack):
    acts = (lambda: nn.LayerNorm(6, elementwise_affine=False), nn.Tanh)


@no_gradient("a second Linear that only starts as the transpose of the first")
class CopiedAtInit(Stack):
    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(6, 3, bias=False)
        self.out.weight.data.copy_(self.embed.weight.data.t())

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.hidden(x))


@convex("at its present values the second Linear is the transpose of the first", scope="current")
class CopiedNow(CopiedAtInit):
    pass


@no_gradient("a learned scale on the output alone")
class ScaledOutput(Stack):
    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.gamma * super().forward(x)


@convex("the same scale on the input and on the output")
class ScaledInAndOut(ScaledOutput):
    def forward(self, x: Tensor) -> Tensor:
        return self.gamma * Stack.forward(self, x * self.gamma)


@no_gradient("one network after another")
class TwoStacks(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(Stack(), Stack())

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Cell(nn.Module):
    """The letters of the paper: W, and b, alpha, beta with a row a layer."""

    def __init__(self, dim: int = 2, width: int = 7, depth: int = 4) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(width, dim) / dim)
        self.b, self.alpha, self.beta = (
            nn.ParameterList([nn.Parameter(torch.randn(width)) for _ in range(depth)])
            for _ in range(3)
        )
        self.depth = depth

    def u(self, x: Tensor) -> Tensor:
        return torch.einsum("mn,bn->bm", self.W, x)

    def out(self, z: Tensor) -> Tensor:
        return torch.einsum("mn,bm->bn", self.W, z)


@convex("mGradNet-C as printed, softplus of raw gates", dim=2)
class AsPrinted(Cell):
    def forward(self, x: Tensor) -> Tensor:
        z = F.softplus(self.beta[0]) * (self.u(x) + self.b[0])
        for i in range(1, self.depth):
            z = F.softplus(self.beta[i]) * (self.u(x) + self.b[i]) + F.softplus(
                self.alpha[i - 1]
            ) * torch.tanh(z)
        return self.out(F.softplus(self.alpha[-1]) * torch.tanh(z))


@gradient_only("GradNet-C as printed, free gates", dim=2)
class AsPrintedFree(Cell):
    def forward(self, x: Tensor) -> Tensor:
        z = self.beta[0] * (self.u(x) + self.b[0])
        for (a, _), (_, b), beta in zip(
            pairwise(self.alpha), pairwise(self.b), self.beta, strict=False
        ):
            z = beta * (self.u(x) + b) + a * torch.tanh(z)
        return self.out(self.alpha[-1] * torch.tanh(z))


@convex("every level has its own head, all through the same W", dim=2)
class Heads(Cell):
    def forward(self, x: Tensor) -> Tensor:
        z, total = self.u(x), torch.zeros_like(x)
        for b, a, beta in zip(self.b, self.alpha, self.beta, strict=True):
            z = torch.sigmoid(z + b) * a.abs() + beta.pow(2) * self.u(x)
            total = total + self.out(z)
        return total


@convex("lerp towards tanh by a learned share in (0, 1)", dim=2)
class Lerp(Cell):
    def forward(self, x: Tensor) -> Tensor:
        z = self.u(x)
        for b, a in zip(self.b, self.alpha, strict=True):
            z = torch.lerp(z, torch.tanh(z + b), torch.sigmoid(a))
        return self.out(z)


@convex("z - sigmoid(a) tanh z has a positive slope", dim=2)
class Shrinking(Cell):
    def forward(self, x: Tensor) -> Tensor:
        z = self.u(x)
        for b, a in zip(self.b, self.alpha, strict=True):
            z = z - a.sigmoid() * torch.tanh(z) + b
        return self.out(z)


@gradient_only("softplus(a) may exceed 1, and z - softplus(a) tanh z falls", dim=2)
class OverShrinking(Cell):
    def forward(self, x: Tensor) -> Tensor:
        z = self.u(x) + self.b[0]
        return self.out(z - F.softplus(self.alpha[0]) * torch.tanh(z))


@convex("gates 1 + sin(a), which touch 0", dim=2)
class TouchingZero(Cell):
    def forward(self, x: Tensor) -> Tensor:
        z = self.u(x)
        for b, a in zip(self.b, self.alpha, strict=True):
            z = self.u(x) + (1 + torch.sin(a)) * torch.atan(z + b)
        return self.out(z)


@gradient_only("gates 0.99 + sin(a)", dim=2, values={"alpha.0": -1.5707963})
class BelowZero(Cell):
    def forward(self, x: Tensor) -> Tensor:
        return self.out((0.99 + self.alpha[0].sin()) * torch.atan(self.u(x) + self.b[0]))


@convex("the same cell six times, the fixed point begun, a nonnegative feedback", dim=2)
class Equilibrium(Cell):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.zeros_like(self.b[0])
        for _ in range(6):
            z = torch.tanh(self.u(x) + self.b[0] + self.alpha[0].square() * z)
        return self.out(z)


@gradient_only("the same with a feedback of any sign", dim=2,
               values={"W": 1.0, "b.0": 0.0, "alpha.0": -3.0},
               points=((0.01, 0.0), (-0.01, 0.0)))  # fmt: skip
class EquilibriumFree(Cell):
    def forward(self, x: Tensor) -> Tensor:
        z = 0 * self.b[0]
        for _ in range(6):
            z = torch.tanh(self.u(x) + self.b[0] + self.alpha[0] * z)
        return self.out(z)


@no_gradient("the feedback passes through a dense matrix", dim=2)
class EquilibriumDense(Cell):
    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(7, 7) / 7)

    def forward(self, x: Tensor) -> Tensor:
        z = torch.zeros(len(x), 7, dtype=x.dtype)
        for _ in range(3):
            z = torch.tanh(self.u(x) + z @ self.A)
        return self.out(z)


@no_gradient("another W at each level", dim=2)
class WeightPerLevel(Cell):
    def __init__(self) -> None:
        super().__init__()
        self.inject = nn.ModuleList([nn.Linear(2, 7) for _ in range(2)])

    def forward(self, x: Tensor) -> Tensor:
        z = self.u(x)
        for layer in self.inject:
            z = layer(x) + torch.tanh(z)
        return self.out(z)


@convex("W times a positive number at each level", dim=2)
class ScalePerLevel(Cell):
    def forward(self, x: Tensor) -> Tensor:
        z = self.u(x)
        for b, a in zip(self.b, self.alpha, strict=True):
            z = F.linear(x, a[0].exp() * self.W, b) + F.elu(z)
        return z @ self.W


@no_gradient("gates that see the norm of x", dim=2)
class NormGates(Cell):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.tanh(self.u(x) + self.b[0])
        return self.out(F.softplus(x.norm(dim=-1, keepdim=True)) * z)


@no_gradient("a gate of its own linear layer, outside the activation", dim=2)
class LinearGates(Cell):
    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Sequential(nn.Linear(2, 7), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.tanh(self.u(x)) * self.gate(x))


@gradient_only("a gate of the same z: silu in two factors", dim=2)
class OwnGates(Cell):
    def forward(self, x: Tensor) -> Tensor:
        z = self.u(x) + self.b[0]
        return self.out(torch.sigmoid(self.alpha[0] * z) * z)


@convex("detach changes no value", dim=2)
class DetachedSkip(Cell):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.tanh(self.u(x) + self.b[0])
        z = self.u(x) + F.softplus(self.alpha[1]) * z.detach()
        return self.out(torch.tanh(z))
