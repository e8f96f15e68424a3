"""Input-convex networks, maxout, lying and iterated derivatives, as users write them."""

# Parts that torch makes have no narrower type than Tensor | Module.
# pyright: reportCallIssue=false

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from .everyday import convex, gradient_only, no_gradient, no_verdict


class Energy(nn.Module):
    def energy(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def grad(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            if not x.requires_grad:
                x = x.detach().clone().requires_grad_(True)
            return torch.autograd.grad(self.energy(x).sum(), x, create_graph=self.training)[0]

    def forward(self, x: Tensor) -> Tensor:
        return self.grad(x)


class NonNegative(nn.Module):
    def forward(self, w: Tensor) -> Tensor:
        return torch.relu(w)


class Amos(Energy):
    """W_z z + W_x x + b, with W_z kept nonnegative by a parametrization."""

    act: Any = staticmethod(F.softplus)
    first: Any = None

    def __init__(self, dim: int = 3, hidden: tuple[int, ...] = (6, 5, 1)) -> None:
        super().__init__()
        self.skips = nn.ModuleList([nn.Linear(dim, h) for h in hidden])
        self.wz = nn.ModuleList([nn.Linear(a, b, bias=False) for a, b in pairwise(hidden)])
        self.constrain()

    def constrain(self) -> None:
        for layer in self.wz:
            parametrize.register_parametrization(layer, "weight", NonNegative())

    def energy(self, x: Tensor) -> Tensor:
        z = (self.first or self.act)(self.skips[0](x))
        for skip, wz in zip(self.skips[1:], self.wz, strict=True):
            z = self.act(wz(z) + skip(x))
        return z


@convex("an input-convex network of softplus")
class AmosSoftplus(Amos):
    pass


@convex("celu of alpha 1 is convex and nondecreasing", dim=4)
class AmosCelu(Amos):
    act = nn.CELU()

    def __init__(self) -> None:
        super().__init__(4, (5, 4, 1))


@convex("elu with alpha 1/2 is convex: slopes from 0 to 1/2, then 1")
class AmosEluHalf(Amos):
    act = nn.ELU(alpha=0.5)


@gradient_only("elu with alpha 2 is not convex: its slope falls from 2 to 1 at 0",
               values={"skips.0.bias": 0.0})  # fmt: skip
class AmosEluTwo(Amos):
    act = nn.ELU(alpha=2.0)


@convex("the first layer may be convex without rising")
class AmosCoshFirst(Amos):
    first = staticmethod(lambda z: torch.log(torch.cosh(z)))


@gradient_only("log cosh in later layers falls on negative arguments")
class AmosCoshAll(Amos):
    act = staticmethod(lambda z: torch.log(torch.cosh(z)))


@gradient_only("mish is not convex")
class AmosMish(Amos):
    act = nn.Mish()


@gradient_only("nothing keeps the inner weights nonnegative")
class AmosUnclipped(Amos):
    def constrain(self) -> None:
        for layer in self.wz:
            layer.weight.data.clamp_(min=0)


@convex("clipped once, as it is now", scope="current")
class AmosClippedNow(AmosUnclipped):
    pass


@convex("a strongly convex transport map: mu x and the gradient")
class AmosTransport(Amos):
    def __init__(self) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.zeros(2))

    def forward(self, x: Tensor) -> Tensor:
        w = F.softplus(self.raw)
        return w[0] * x + w[1] * self.grad(x)


@gradient_only("a denoising step x - tau grad")
class AmosDenoiser(Amos):
    def forward(self, x: Tensor) -> Tensor:
        return x - 0.5 * self.grad(x)


@no_gradient("the step taken twice: a composition of gradients", dim=3)
class AmosTwoSteps(AmosDenoiser):
    def forward(self, x: Tensor) -> Tensor:
        return AmosDenoiser.forward(self, AmosDenoiser.forward(self, x))


@no_gradient("the gradient at A x, without A^T")
class AmosMoved(Amos):
    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.grad(self.A(x))


@convex("the gradient at A x, with A^T")
class AmosPulled(AmosMoved):
    def forward(self, x: Tensor) -> Tensor:
        return self.grad(self.A(x)) @ self.A.weight


@no_gradient("a preconditioner before the gradient")
class AmosPreconditioned(AmosMoved):
    def forward(self, x: Tensor) -> Tensor:
        return self.grad(x) @ (self.A.weight @ self.A.weight.T)


@no_gradient("each entry of the gradient clipped by itself")
class AmosClippedGradient(Amos):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.grad(x))


@convex("the energy times its gradient; softplus energies are positive")
class AmosEnergyTimes(Amos):
    def forward(self, x: Tensor) -> Tensor:
        return self.energy(x) * self.grad(x)


@no_verdict("scaled by the largest energy of the batch")
class AmosBatchScaled(Amos):
    def forward(self, x: Tensor) -> Tensor:
        return self.grad(x) / (1 + self.energy(x).max())


class Maxout(Energy):
    sign = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.lin, self.mix = nn.Linear(3, 12), nn.Parameter(torch.randn(4, 6))

    def energy(self, x: Tensor) -> Tensor:
        h = self.lin(x).reshape(-1, 4, 3).amax(dim=-1)
        h = torch.maximum(*(h @ self.weights()).chunk(2, dim=-1))
        return self.sign * h.sum(-1)

    def weights(self) -> Tensor:
        return self.mix**2


@convex("maxima of nonnegative combinations of maxima of affine functions")
class MaxoutSquares(Maxout):
    pass


@gradient_only("combinations of any sign")
class MaxoutFree(Maxout):
    def weights(self) -> Tensor:
        return self.mix


@convex("max_pool1d over the units, then logsumexp")
class MaxoutPooled(Maxout):
    def energy(self, x: Tensor) -> Tensor:
        h = F.max_pool1d(self.lin(x).unsqueeze(1), 3).squeeze(1)
        return torch.logsumexp(h @ self.weights(), -1)


class Spike(torch.autograd.Function):
    """A step whose derivative is said to be that of a sigmoid."""

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        ctx.save_for_backward(z)
        return (z > 0).to(z.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (z,) = ctx.saved_tensors
        return grads[0] * torch.sigmoid(z)


class Turned(torch.autograd.Function):
    """Softplus whose derivative is said to be its neighbour's."""

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        ctx.save_for_backward(z)
        return F.softplus(z)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (z,) = ctx.saved_tensors
        return grads[0] * torch.sigmoid(z).roll(1, -1)


class Waved(Turned):
    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (z,) = ctx.saved_tensors
        return grads[0] * torch.sin(z)


class Ridge(Energy):
    function: Any = Spike

    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 5)

    def energy(self, x: Tensor) -> Tensor:
        return self.function.apply(self.lin(x)).sum(-1)


@convex("autograd returns W^T sigmoid(z), whatever the energy")
class RidgeSpiking(Ridge):
    pass


@no_gradient("autograd returns W^T of a rolled sigmoid, though the energy is convex")
class RidgeTurned(Ridge):
    function = Turned


@gradient_only("autograd returns W^T sin(z), though the energy is convex")
class RidgeWaved(Ridge):
    function = Waved


@convex("a rounding that lets gradients through: W^T round(z)")
class RidgeRounded(Ridge):
    def energy(self, x: Tensor) -> Tensor:
        z = self.lin(x)
        return ((z + (z.round() - z).detach()) ** 2).sum(-1) / 2


@gradient_only("H(x) x is the gradient of x . grad E - E")
class RidgeHessianTimesX(Ridge):
    def forward(self, x: Tensor) -> Tensor:
        def slope(y: Tensor) -> Tensor:
            return torch.sigmoid(self.lin(y)) @ self.lin.weight

        return torch.func.vjp(slope, x)[1](x)[0]


@gradient_only("H grad E is the gradient of |grad E|^2 / 2")
class RidgeSquaredSlope(Ridge):
    def forward(self, x: Tensor) -> Tensor:
        def half_norm(y: Tensor) -> Tensor:
            g = torch.func.grad(lambda u: F.softplus(self.lin(u)).sum())(y)
            return g.square().sum() / 2

        return torch.func.vmap(torch.func.grad(half_norm))(x)
