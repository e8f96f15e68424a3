"""Networks of gradnets put together, and departures from them that a newcomer might write."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gradnets import GradNet, GradNetC, GradNetM, mGradNet, mGradNetC, mGradNetM
from gradnets.activations import Tanh

from .entry import examine, examined


@examined(symmetric=True, psd=True, why="a conical sum, + mu x, + L^T L x")
class Conical(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.f, self.g = mGradNet(3, 4), mGradNetM(3, 4, 2)
        self.raw = nn.Parameter(torch.randn(3))
        self.L = nn.Parameter(torch.randn(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        p, q, mu = F.softplus(self.raw)
        return p * self.f(x) + q * self.g(x) + mu * x + x @ self.L.T @ self.L


@examined(symmetric=True, psd=False, why="a difference of monotone networks")
class Difference(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.f, self.g = mGradNetC(3, 4, 2), mGradNet(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.f(x) - self.g(x)


@examined(symmetric=False, psd=False, why="one network after another")
class Composition(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.f, self.g = mGradNet(3, 4), mGradNet(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.g(self.f(x))


@examined(symmetric=True, psd=True, why="A^T f(A x + c) with a network f")
class Pulled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin, self.f = nn.Linear(3, 2), mGradNet(2, 4, "softmax")

    def forward(self, x: Tensor) -> Tensor:
        return self.f(self.lin(x)) @ self.lin.weight


@examined(symmetric=False, psd=False, why="an outer matrix of its own")
class UntiedGradNet(mGradNet):
    def __init__(self) -> None:
        super().__init__(3, 4)
        self.V = nn.Parameter(torch.randn(4, 3))

    def forward(self, x: Tensor) -> Tensor:
        return (self.V.mT @ self.sigma(self.W @ x.mT + self.b) + self.a).mT


@examined(symmetric=False, psd=False, why="a scale outside")
class ScaledGradNet(mGradNet):
    def __init__(self) -> None:
        super().__init__(3, 4)
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * super().forward(x)


class Cascade(mGradNetC):
    """The recursion of mGradNetC, with parts to depart from."""

    def __init__(self) -> None:
        super().__init__(3, 4, 3)
        self.mix = nn.Parameter(torch.randn(4, 4))
        self.U = nn.Parameter(torch.randn(3, 4, 3))

    def alpha(self) -> Tensor:
        return F.softplus(self.raw_alpha)

    def beta(self) -> Tensor:
        return F.softplus(self.raw_beta)

    def mixed(self, h: Tensor, l: int) -> Tensor:
        return h

    def affine(self, x: Tensor, l: int) -> Tensor:
        return self.W @ x + self.b[l]

    def forward(self, x: Tensor) -> Tensor:
        alpha, beta, x = self.alpha(), self.beta(), x.mT
        z = beta[0] * self.affine(x, 0)
        for l in (1, 2):
            h = alpha[l - 1] * self.sigmas[l - 1](z)
            z = beta[l] * self.affine(x, l) + self.mixed(h, l)
        return (self.W.mT @ (alpha[2] * self.sigmas[2](z)) + self.a).mT


@examined(symmetric=True, psd=True, why="the recursion of mGradNetC written again")
class SameCascade(Cascade):
    pass


@examined(symmetric=True, psd=False, why="alpha of any sign")
class FreeAlpha(Cascade):
    def alpha(self) -> Tensor:
        return self.raw_alpha


@examined(symmetric=True, psd=False, why="beta of any sign")
class FreeBeta(Cascade):
    def beta(self) -> Tensor:
        return self.raw_beta


@examined(symmetric=True, psd=True, why="squares in place of softplus")
class SquaredGates(Cascade):
    def alpha(self) -> Tensor:
        return self.raw_alpha**2

    def beta(self) -> Tensor:
        return self.raw_beta.exp()


@examined(symmetric=False, psd=False, why="dense mixing between the layers")
class DenseMixing(Cascade):
    def mixed(self, h: Tensor, l: int) -> Tensor:
        return self.mix @ h


@examined(symmetric=False, psd=False, why="dense positive mixing is no better")
class PositiveMixing(Cascade):
    def mixed(self, h: Tensor, l: int) -> Tensor:
        return self.mix.exp() @ h


@examined(symmetric=False, psd=False, why="a W of its own for each layer")
class ManyWeights(Cascade):
    def affine(self, x: Tensor, l: int) -> Tensor:
        return self.U[l] @ x + self.b[l]


@examined(symmetric=False, psd=False, why="neurons exchanged between the layers")
class RolledNeurons(Cascade):
    def mixed(self, h: Tensor, l: int) -> Tensor:
        return h.roll(1, 0)


@examined(symmetric=False, psd=False, why="one layer of three is mixed")
class MixedOnce(Cascade):
    def mixed(self, h: Tensor, l: int) -> Tensor:
        return h + 1e-3 * (self.mix @ h) if l == 2 else h


@examined(symmetric=True, psd=False, why="one layer of three has a gate of any sign")
class FreeOnce(Cascade):
    def alpha(self) -> Tensor:
        return torch.stack(
            [F.softplus(self.raw_alpha[0]), self.raw_alpha[1], self.raw_alpha[2].exp()]
        )


class Modules(nn.Module):
    """The sum of mGradNetM, with parts to depart from."""

    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(3, 4, 3))
        self.V = nn.Parameter(torch.randn(3, 4, 3))
        self.raw = nn.Parameter(torch.randn(3))
        self.sigma = Tanh()

    def weight(self, k: int) -> Tensor:
        return F.softplus(self.raw[k])

    def gate(self, z: Tensor, k: int) -> Tensor:
        return F.softplus(self.sigma.potential(z))

    def outer(self, k: int) -> Tensor:
        return self.W[k]

    def forward(self, x: Tensor) -> Tensor:
        f = torch.zeros_like(x).mT
        for k in range(3):
            z = self.W[k] @ x.mT
            f = f + self.weight(k) * self.gate(z, k) * (self.outer(k).mT @ self.sigma(z))
        return f.mT


@examined(symmetric=True, psd=True, why="the sum of mGradNetM written again")
class SameModules(Modules):
    pass


@examined(symmetric=True, psd=False, why="weights of any sign")
class FreeWeights(Modules):
    def weight(self, k: int) -> Tensor:
        return self.raw[k]


@examined(symmetric=True, psd=False, why="a gate that falls in the potential")
class FallingGate(Modules):
    def gate(self, z: Tensor, k: int) -> Tensor:
        return torch.exp(-self.sigma.potential(z))


@examined(symmetric=False, psd=False, why="a gate by the norm of z, no potential of tanh")
class OtherGate(Modules):
    def gate(self, z: Tensor, k: int) -> Tensor:
        return F.softplus(z.square().sum(-2, keepdim=True))


@examined(symmetric=False, psd=False, why="the gate of one module on all")
class FirstGate(Modules):
    def forward(self, x: Tensor) -> Tensor:
        z = self.W[0] @ x.mT
        return (self.gate(z, 0) * super().forward(x).mT).mT


@examined(symmetric=False, psd=False, why="the outer matrix of the last module is another")
class LastUntied(Modules):
    def outer(self, k: int) -> Tensor:
        return self.V[k] if k == 2 else self.W[k]


SIZES: dict[str, Callable[[], nn.Module]] = {
    "GradNet-64-256": lambda: GradNet(64, 256, "wtanh"),
    "mGradNet-64-256": lambda: mGradNet(64, 256, "softmax"),
    "GradNetC-64-256": lambda: GradNetC(64, 256, 8),
    "mGradNetC-64-256": lambda: mGradNetC(64, 256, 8),
    "GradNetM-64-256": lambda: GradNetM(64, 256, 8, "softmax", "softplus"),
    "mGradNetM-64-256": lambda: mGradNetM(64, 256, 8, "tanh", "identity"),
    "mGradNetC-1-1": lambda: mGradNetC(1, 1, 1),
    "mGradNet-1-4": lambda: mGradNet(1, 4),
    "mGradNetM-2-2": lambda: mGradNetM(2, 2, 8, "softmax", "softplus"),
}
for name, build in SIZES.items():
    examine(
        build,
        dim=int(name.split("-")[1]),
        symmetric=True,
        psd=name.startswith("m"),
        why="at other sizes",
        unseen="many differences at this size; seen at small ones" if "256" in name else "",
        kind="departures",
        name=name,
    )
