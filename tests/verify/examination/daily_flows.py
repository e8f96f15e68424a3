"""Steps of normalizing flows: planar, Sylvester, couplings, reflections, triangular factors."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class Planar(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(3))
        self.u = nn.Parameter(torch.randn(3))
        self.b = nn.Parameter(torch.zeros(1))
        self.c = nn.Parameter(torch.zeros(1))

    def direction(self) -> Tensor:
        return self.u

    def forward(self, x: Tensor) -> Tensor:
        return x + self.direction() * torch.tanh(x @ self.w + self.b).unsqueeze(-1)


@no_gradient("two directions")
class PlanarFree(Planar):
    pass


@convex("one direction, a positive factor")
class PlanarTied(Planar):
    def direction(self) -> Tensor:
        return F.softplus(self.c) * self.w


@gradient_only("one direction, any factor", values={"c": -5.0})
class PlanarAnyFactor(Planar):
    def direction(self) -> Tensor:
        return self.c * self.w


@convex("a factor that cannot turn x around: at least -1 / |w|^2")
class PlanarInvertible(Planar):
    def direction(self) -> Tensor:
        square = self.w @ self.w
        return (F.softplus(self.c) - 1) * self.w / (1 + square)


@convex("an upper triangle and a rectangle on both sides", dim=4)
class Sylvester(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.Q = nn.Parameter(torch.randn(4, 2))
        self.R = nn.Parameter(torch.randn(2, 2))
        self.R2 = nn.Parameter(torch.randn(2, 2))

    def back(self) -> Tensor:
        return self.R

    def forward(self, x: Tensor) -> Tensor:
        h = torch.tanh(x @ self.Q @ self.R.triu())
        return x + h @ self.back().triu().mT @ self.Q.mT


@no_gradient("two upper triangles", dim=4)
class SylvesterTwo(Sylvester):
    def back(self) -> Tensor:
        return self.R2


@no_gradient("one half shifts the other", dim=4)
class AdditiveCoupling(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))

    def forward(self, x: Tensor) -> Tensor:
        left, right = x.chunk(2, dim=-1)
        return torch.cat([left, right + self.net(left)], dim=-1)


@no_gradient("scales depend on the entries before", dim=3)
class Autoregressive(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(3, 3))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.exp(torch.tanh(x @ self.W.tril(-1).T))


class ActNorm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(4))
        self.loc = nn.Parameter(torch.zeros(4))
        self.W = nn.Parameter(torch.randn(6, 4))

    def core(self, x: Tensor) -> Tensor:
        return F.softsign(x @ self.W.T) @ self.W


@convex("the same scales before and after", dim=4)
class ActNormTwice(ActNorm):
    def forward(self, x: Tensor) -> Tensor:
        scale = self.log_scale.exp()
        return scale * self.core(scale * x + self.loc)


@no_gradient("scales before, their inverse after", dim=4)
class ActNormUndone(ActNorm):
    def forward(self, x: Tensor) -> Tensor:
        scale = self.log_scale.exp()
        return (self.core(scale * x + self.loc) - self.loc) / scale


@convex("positive scales on the diagonal", dim=4)
class ActNormAlone(ActNorm):
    def forward(self, x: Tensor) -> Tensor:
        return x * torch.exp(self.log_scale) + self.loc


class Reflection(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.v = nn.Parameter(torch.tensor([1.0, -2.0, 0.5]))

    def reflect(self, x: Tensor) -> Tensor:
        return x - 2 * torch.outer(x @ self.v, self.v) / self.v.dot(self.v)


@gradient_only("a reflection has the eigenvalue -1")
class Householder(Reflection):
    def forward(self, x: Tensor) -> Tensor:
        return self.reflect(x)


@convex("an elementwise map between two reflections")
class HouseholderTwice(Reflection):
    def forward(self, x: Tensor) -> Tensor:
        return self.reflect(F.leaky_relu(self.reflect(x), 0.1))


class Factors(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.randn(3, 3))
        self.d = nn.Parameter(torch.randn(3))

    def low(self) -> Tensor:
        return self.raw.tril(-1) + torch.eye(3, dtype=self.raw.dtype)


@convex("L exp(D) L^T")
class SquareRootFree(Factors):
    def forward(self, x: Tensor) -> Tensor:
        low = self.low()
        return ((x @ low) * self.d.exp()) @ low.T


@gradient_only("L D L^T", values={"d": -1.0})
class AnyDiagonal(Factors):
    def forward(self, x: Tensor) -> Tensor:
        low = self.low()
        return x @ (low @ torch.diag(self.d) @ low.T)


@no_gradient("L exp(D) U")
class LowerUpper(Factors):
    def forward(self, x: Tensor) -> Tensor:
        up = self.raw.triu(1) + torch.eye(3, dtype=self.raw.dtype)
        return x @ (self.low() @ torch.diag(self.d.exp()) @ up).T


class Plane(nn.Module):
    def __init__(self, angle: float) -> None:
        super().__init__()
        self.angle = nn.Parameter(torch.tensor(angle))

    def forward(self, x: Tensor) -> Tensor:
        c, s = torch.cos(self.angle), torch.sin(self.angle)
        return torch.stack([c * x[:, 0] - s * x[:, 1], s * x[:, 0] + c * x[:, 1]], dim=-1)


@no_gradient("a rotation by a learned angle", dim=2)
def rotation() -> nn.Module:
    return Plane(0.0)


@convex("a rotation by 0, as it is now", dim=2, scope="current")
def rotation_now() -> nn.Module:
    return Plane(0.0)


@convex("a residual block that starts at zero, as it is now", scope="current")
class ZeroStart(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        first, last = nn.Linear(3, 8), nn.Linear(8, 3)
        self.net = nn.Sequential(first, nn.Tanh(), last)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.net(x)
