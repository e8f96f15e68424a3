"""A hair's breadth from true, or from false: tiny slopes and asymmetries, small sizes, one kink."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined


class Near(nn.Module):
    def __init__(self, dim: int = 3, width: int = 4) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(width, dim))
        self.V = nn.Parameter(torch.randn(width, dim))
        self.b = nn.Parameter(torch.randn(width))
        self.p = nn.Parameter(torch.randn(()))

    def ridge(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T + self.b) @ self.W


@examined(symmetric=True, psd=False, why="a slope of -1e-30 below 0", unseen="of size 1e-30")
class TinySlope(Near):
    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x @ self.W.T + self.b, -1e-30) @ self.W


@examined(symmetric=True, psd=False, why="-1e-30 x where tanh is flat; at W = 0 it is all there is",
          values={"W": 0.0})  # fmt: skip
class MinusTinyIdentity(Near):
    def forward(self, x: Tensor) -> Tensor:
        return self.ridge(x) - 1e-30 * x


@examined(symmetric=True, psd=True, why="+1e-30 x")
class PlusTinyIdentity(Near):
    def forward(self, x: Tensor) -> Tensor:
        return self.ridge(x) + 1e-30 * x


@examined(symmetric=False, psd=False, why="W + 1e-12 V outside", unseen="an asymmetry of 1e-12")
class TinyUntied(Near):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T + self.b) @ (self.W + 1e-12 * self.V)


@examined(symmetric=True, psd=True, why="W + 0 V outside")
class ZeroTimesUntied(Near):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T + self.b) @ (self.W + 0 * self.V)


@examined(symmetric=False, psd=False, why="1.0000001 in one entry", unseen="an asymmetry of 1e-7")
class OneEntry(Near):
    def forward(self, x: Tensor) -> Tensor:
        y = self.ridge(x)
        return torch.cat([y[:, :1] * 1.0000001, y[:, 1:]], -1)


@examined(symmetric=True, psd=False, why="softplus(p) - 1e-9 is negative for p below -21",
          values={"p": -40.0})  # fmt: skip
class AlmostPositive(Near):
    def forward(self, x: Tensor) -> Tensor:
        return (F.softplus(self.p) - 1e-9) * x


@examined(symmetric=True, psd=True, why="softplus(p) + 1e-9")
class SafelyPositive(Near):
    def forward(self, x: Tensor) -> Tensor:
        return (F.softplus(self.p) + 1e-9) * x


@examined(symmetric=True, psd=False, why="sin is increasing on [-1, 1] only, and tanh is not cut",
          values={"W": [[1.0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], "b": 0.0},
          points=((5, 0, 0), (2, 0, 0)))  # fmt: skip
class SineOfWideTanh(Near):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(1.6 * torch.tanh(x @ self.W.T + self.b)) @ self.W


@examined(symmetric=True, psd=True, why="sin is increasing on the range of tanh")
class SineOfTanh(Near):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(torch.tanh(x @ self.W.T + self.b)) @ self.W


@examined(symmetric=True, psd=True, why="u^2 is increasing on the range of softplus")
class SquareOfSoftplus(Near):
    def forward(self, x: Tensor) -> Tensor:
        return F.softplus(x @ self.W.T + self.b) ** 2 @ self.W


@examined(symmetric=True, psd=True, why="u - u^2 / 2 is increasing on (0, 1), the range of sigmoid")
class ParabolaOfSigmoid(Near):
    def forward(self, x: Tensor) -> Tensor:
        s = torch.sigmoid(x @ self.W.T + self.b)
        return (s - s**2 / 2) @ self.W


@examined(symmetric=True, psd=False, why="u - u^2 falls on (1/2, 1)")
class LogisticMap(Near):
    def forward(self, x: Tensor) -> Tensor:
        s = torch.sigmoid(x @ self.W.T + self.b)
        return (s - s**2) @ self.W


@examined(symmetric=True, psd=True, why="u - tanh(u)^2 / 2 has slope 1 - t (1 - t^2) > 0")
class SlopeBetween(Near):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T
        return (z - torch.tanh(z) ** 2 / 2) @ self.W


@examined(symmetric=True, psd=True, why="slope 1 + 0.99 cos u")
class AlmostFlat(Near):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T
        return (z + 0.99 * torch.sin(z)) @ self.W


@examined(symmetric=True, psd=True, why="e^u >= 1 + u, so that e^u - u^2 / 2 - u rises for u > ..: "
          "its slope is e^u - u - 1 >= 0")  # fmt: skip
class ExponentialRemainder(Near):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T
        return (torch.exp(z) - z**2 / 2 - z) @ self.W


@examined(dim=1, symmetric=True, psd=False, why="in one dimension everything is a gradient")
class UntiedOfOne(Near):
    def __init__(self) -> None:
        super().__init__(1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T + self.b) @ self.V


@examined(dim=1, symmetric=True, psd=False, why="a perceptron of one variable")
class PerceptronOfOne(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 4), nn.GELU(), nn.Linear(4, 4), nn.Tanh())
        self.out = nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.net(x))


@examined(dim=1, symmetric=True, psd=True, why="a monotone perceptron of one variable")
class MonotoneOfOne(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(4, 1))
        self.B = nn.Parameter(torch.randn(1, 4))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.A.exp().T) @ self.B.exp().T


@examined(dim=2, symmetric=False, psd=False, why="positive weights do not help in two dimensions")
class MonotoneOfTwo(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(4, 2))
        self.B = nn.Parameter(torch.randn(2, 4))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.A.exp().T) @ self.B.exp().T


@examined(dim=2, symmetric=True, psd=False, why="a roll by one is an exchange in two dimensions")
class RolledOfTwo(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x.roll(1, -1) + x) + x.roll(1, -1)


@examined(dim=3, symmetric=False, psd=False, why="a roll by one is no exchange in three dimensions")
class RolledOfThree(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x.roll(1, -1) + x) + x.roll(1, -1)


@examined(dim=2, symmetric=True, psd=True, why="softmax of two is a sigmoid of their difference")
class SoftmaxOfTwo(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        p = torch.sigmoid(x[:, :1] - x[:, 1:])
        return torch.cat([p, 1 - p], -1)


@examined(
    dim=2, symmetric=True, psd=True, why="squares of a softmax of two differ by its difference"
)
class SquaredSoftmaxOfTwo(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        p = torch.softmax(x, -1)
        return p**2 - 0.5 * (p**2).sum(-1, keepdim=True)


@examined(symmetric=True, psd=False, why="1 at u = 0 alone: a point falls out of line",
          values={"W": [[1.0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], "b": 0.0},
          points=((0, 0, 0), (1, 0, 0)))  # fmt: skip
class OneWrongPoint(Near):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T + self.b
        return torch.where(z == 0, torch.ones_like(z), torch.zeros_like(z)) @ self.W


@examined(symmetric=True, psd=False, why="a step whose value at its jump is above both sides",
          values={"W": [[1.0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], "b": 0.0},
          points=((0, 0, 0), (1, 0, 0)))  # fmt: skip
class StepAboveItself(Near):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T + self.b
        return torch.heaviside(z, torch.tensor(2.0, dtype=z.dtype)) @ self.W


@examined(symmetric=True, psd=False, why="log 2 rounded up leaves s(0) < 0",
          unseen="of size 1e-16")  # fmt: skip
class RoundedLogTwo(Near):
    def forward(self, x: Tensor) -> Tensor:
        s = (x + F.softplus(-2 * x) - 0.6931471805599454).sum(-1, keepdim=True)
        return s * torch.tanh(x)


@examined(symmetric=True, psd=False, why="falls for |u| between 30 and 31 only",
          values={"W": [[1.0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], "b": 0.0},
          points=((30, 0, 0), (31, 0, 0)))  # fmt: skip
class FarDip(Near):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T + self.b
        return (z.clamp(max=30) - 0.5 * (z.clamp(30, 31) - 30) + F.relu(z - 31)) @ self.W


@examined(symmetric=True, psd=False, why="a bump of height 1e-3 around u = 7, on a flat piece",
          values={"W": [[1.0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], "b": 0.0},
          points=((7, 0, 0), (7.5, 0, 0)))  # fmt: skip
class FarBump(Near):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T + self.b
        return (F.hardtanh(z) + 1e-3 * torch.exp(-100 * (z - 7) ** 2)) @ self.W


@examined(symmetric=False, psd=False, why="tied but for a patch around x = (4, 4, 4)",
          values={"p": 1.0}, points=((4, 4, 4), (4.5, 4, 4), (4, 4.5, 4)))  # fmt: skip
class AsymmetricPatch(Near):
    def forward(self, x: Tensor) -> Tensor:
        patch = F.relu(1 - (x - 4).abs().sum(-1, keepdim=True))
        return x + 3 * patch * torch.tensor([1.0, 2.0, 0.0], dtype=x.dtype)


ON_THE_DIAGONAL = [[1.0, 0, 0], [1.0, 0, 0], [0, 1.0, 0], [0, 0, 0]]


@examined(symmetric=False, psd=False, why="acts on z0 = z1 only, where some W sends every x",
          values={"W": ON_THE_DIAGONAL, "b": 0.0})  # fmt: skip
class OnASlice(Near):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T
        same = (z[:, :1] == z[:, 1:2]).to(x.dtype)
        return same * z[:, 2:3] * self.W[0]


@examined(symmetric=False, psd=False, why="a roll where v . x = 0, which at v = 0 is everywhere",
          values={"W": 0.0})  # fmt: skip
class OnAPlane(Near):
    def forward(self, x: Tensor) -> Tensor:
        on = (x @ self.W[0] == 0)[:, None]
        return torch.where(on, x.roll(1, -1), torch.zeros_like(x))


@examined(symmetric=True, psd=True, why="sin^2 + cos^2 = 1")
class Pythagoras(Near):
    def forward(self, x: Tensor) -> Tensor:
        return (torch.sin(self.p) ** 2 + torch.cos(self.p) ** 2) * x


@examined(symmetric=True, psd=True, why="2 sigmoid(2 u) - 1 is tanh u, and W^T of either is tied")
class TwoSpellings(Near):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T
        return (2 * torch.sigmoid(2 * z) - 1 + torch.tanh(z)) @ self.W
