"""Values that are not what their backward or their look says, and very small deviations."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class TanhWithSine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return torch.tanh(z)

    @staticmethod
    def backward(ctx, grad):  # pyright: ignore[reportIncompatibleMethodOverride]
        return grad * torch.sin(ctx.saved_tensors[0])


class FallsButSaysItRises(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        return -torch.atan(z)

    @staticmethod
    def backward(ctx, grad):  # pyright: ignore[reportIncompatibleMethodOverride]
        return grad


class Bare(nn.Module):
    """W^T g(W x), W the parameter w."""

    def __init__(self, dim: int = 3, width: int = 4) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(width, dim))
        self.extra()

    def extra(self) -> None:
        """For parameters of one's own."""

    def g(self, z: Tensor) -> Tensor:
        return z.tanh()

    def forward(self, x: Tensor) -> Tensor:
        return self.g(x @ self.w.T) @ self.w


@convex("tanh, whatever its backward says")
class LyingTanh(Bare):
    def g(self, z: Tensor) -> Tensor:
        return TanhWithSine.apply(z)


@gradient_only("minus atan, whatever its backward says")
class LyingAtan(Bare):
    def g(self, z: Tensor) -> Tensor:
        return FallsButSaysItRises.apply(z)


@convex("straight through: the value is that of round")
class StraightThrough(Bare):
    def g(self, z: Tensor) -> Tensor:
        return z + (z.round() - z).detach()


@gradient_only("the value is z sigmoid(z), the detached gate is no constant")
class DetachedGate(Bare):
    def g(self, z: Tensor) -> Tensor:
        return z * torch.sigmoid(z.detach())


@convex("the same weight, once detached")
class DetachedWeight(Bare):
    def forward(self, x: Tensor) -> Tensor:
        return F.selu(x @ self.w.T) @ self.w.detach()


@no_gradient("only the detached part lacks its way back")
class DetachedResidual(Bare):
    def forward(self, x: Tensor) -> Tensor:
        z = x.detach() @ self.w.T
        return torch.tanh(x @ self.w.T) @ self.w + z[:, :3]


@gradient_only(
    "the slope is -1e-30 for negative z",
    values={"w": 1.0},
    points=[[-1e20, 0.0, 0.0], [-2e20, 0.0, 0.0]],
)
class AlmostFlat(Bare):
    def g(self, z: Tensor) -> Tensor:
        return F.relu(z) - 1e-30 * z


@convex("the slope is 1e-30 for negative z")
class AlmostFlatRising(Bare):
    def g(self, z: Tensor) -> Tensor:
        return F.relu(z) + 1e-30 * z


@no_gradient("an entry is larger by 1e-12", unseen="too small for differences")
class AlmostSymmetric(Bare):
    def extra(self) -> None:
        skew = torch.zeros(3, 3, dtype=torch.float64)
        skew[0, 2] = 1e-12
        self.register_buffer("skew", skew)
        self.skew: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + F.linear(x, self.skew.to(x.dtype))


@gradient_only("softplus less a thousandth", values={"p": -12.0})
class AlmostPositive(Bare):
    def extra(self) -> None:
        self.p = nn.Parameter(torch.zeros(4))

    def g(self, z: Tensor) -> Tensor:
        return (F.softplus(self.p) - 1e-3) * z.tanh()


@gradient_only("in dimension 1 each map is a gradient", dim=1)
def perceptron_of_one() -> nn.Module:
    return nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))


@convex("in dimension 1 positive weights on both sides are enough", dim=1)
class RisingPerceptron(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.randn(1, 5))
        self.b = nn.Parameter(torch.randn(5))
        self.c = nn.Parameter(torch.randn(5, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(x @ self.a.exp() + self.b) @ self.c.exp()


@no_gradient("the same in dimension 2", dim=2)
class RisingPerceptronOfTwo(RisingPerceptron):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.randn(2, 5))
        self.c = nn.Parameter(torch.randn(5, 2))


class Ring(nn.Module):
    """A sum of shifted copies of x."""

    def __init__(self, own: float, *shifts: int) -> None:
        super().__init__()
        self.own, self.shifts = own, shifts

    def forward(self, x: Tensor) -> Tensor:
        return self.own * x + sum(torch.roll(x, s, dims=-1) for s in self.shifts)


@gradient_only("a shift by one is an exchange in dimension 2", dim=2)
def shift_of_two() -> nn.Module:
    return Ring(0.5, 1)


@no_gradient("a shift by one is a rotation in dimension 3", dim=3)
def shift_of_three() -> nn.Module:
    return Ring(5.0, 1)


@gradient_only("half of the way around is its own inverse", dim=4)
def half_way_around() -> nn.Module:
    return Ring(0.0, 2)


@convex("neighbours on a ring of four, with the least own weight", dim=4)
def neighbours() -> nn.Module:
    return Ring(2.0, 1, -1)


@gradient_only(
    "neighbours on a ring of four, own weight a little too small",
    dim=4,
    points=[[1.0, -1.0, 1.0, -1.0], [0.0, 0.0, 0.0, 0.0]],
)
def neighbours_too_strong() -> nn.Module:
    return Ring(1.99, 1, -1)


class Deep(Bare):
    """One matrix on the outside, a second activation inside."""

    def extra(self) -> None:
        self.d = nn.Parameter(torch.randn(4))
        self.D = nn.Parameter(torch.randn(4, 4))


@convex("positive scales between two activations")
class DeepScaled(Deep):
    def g(self, z: Tensor) -> Tensor:
        return F.softplus(self.d.exp() * z.tanh() + z)


@no_gradient("a dense matrix between two activations, even a symmetric one")
class DeepDense(Deep):
    def g(self, z: Tensor) -> Tensor:
        return torch.tanh(z.tanh() @ (self.D + self.D.T))
