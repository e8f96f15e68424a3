"""Sums over nodes of an integral, layers of iterative algorithms, and convolutions of one field."""

# Parts that torch makes have no narrower type than Tensor | Module.
# pyright: reportOperatorIssue=false

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient

LEGENDRE = ((0.5 - math.sqrt(0.15), 5 / 18), (0.5, 4 / 9), (0.5 + math.sqrt(0.15), 5 / 18))


class Icgn(nn.Module):
    """f(x) = int_0^1 V(tx)^T V(tx) x dt, by three nodes, V(x) = diag(sqrt s(Wx + b)) W."""

    def __init__(self) -> None:
        super().__init__()
        self.W, self.b = nn.Parameter(torch.randn(4, 3)), nn.Parameter(torch.zeros(4))
        self.theta = nn.Parameter(torch.randn(3, 3))

    def slope(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z) * torch.sigmoid(-z)

    def nodes(self) -> Iterator[tuple[float, float]]:
        yield from LEGENDRE

    def forward(self, x: Tensor) -> Tensor:
        u = F.linear(x, self.W)
        total = 0
        for t, w in self.nodes():
            total = total + w * self.slope(t * u + self.b) * u
        return total @ self.W


@gradient_only("the slope of softplus falls to 0 faster than u grows",
               values={"W": 1.0, "b": 0.0}, points=((-60, 0, 0), (-8, 0, 0)))  # fmt: skip
class IcgnSoftplus(Icgn):
    def slope(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z)


@gradient_only("the bell alone falls far out", values={"W": 1.0, "b": 0.0},
               points=((10, 0, 0), (40, 0, 0)))  # fmt: skip
class IcgnBell(Icgn):
    pass


@convex("the slope 1 + z^2 is integrated exactly")
class IcgnSquare(Icgn):
    def slope(self, z: Tensor) -> Tensor:
        return 1 + z**2


@gradient_only("weights 4/3 and -1/3 of an extrapolation", values={"W": 1.0, "b": 0.0},
               points=((-6, 0, 0), (-4, 0, 0)))  # fmt: skip
class IcgnExtrapolated(Icgn):
    def nodes(self) -> Iterator[tuple[float, float]]:
        yield from ((0.5, 4 / 3), (1.0, -1 / 3))


@no_gradient("a dense V of two layers is no Jacobian")
class IcgnDense(Icgn):
    def forward(self, x: Tensor) -> Tensor:
        total = torch.zeros_like(x)
        for t, w in LEGENDRE:
            V = torch.sigmoid(t * x @ self.W.T + self.b)[:, :, None] * self.W
            total = total + w * torch.einsum("bmi,bmj,bj->bi", V, torch.tanh(V), x)
        return total


@convex("a path of matrices, the same on both sides, nodes by softmax", dim=3)
class Rotating(Icgn):
    def forward(self, x: Tensor) -> Tensor:
        total = torch.zeros_like(x)
        weights = self.theta.flatten().softmax(0)
        for t, w in zip(torch.linspace(0, 1, 9).tolist(), weights, strict=True):
            A = math.cos(t) * self.theta + math.sin(t) * self.theta.T
            total = total + w * F.softmax(x @ A, dim=-1) @ A.T
        return total


@no_gradient("the same path with A again where A^T belongs", dim=3)
class RotatingWrong(Icgn):
    def forward(self, x: Tensor) -> Tensor:
        return sum(
            F.softmax(x @ (self.theta + t * self.W[:3]), dim=-1) @ (self.theta + t * self.W[:3])
            for t in (0.0, 0.5, 1.0)
        ) + torch.zeros_like(x)


@convex("torch.trapezoid over shifts of the bias")
class Shifts(Icgn):
    def forward(self, x: Tensor) -> Tensor:
        t = torch.linspace(-1, 1, 9, dtype=x.dtype)
        z = F.linear(x, self.W, self.b)
        return torch.trapezoid(torch.tanh(z[..., None] - t), t, dim=-1) @ self.W


@convex("stacked features over nodes by einsum, learned positive weights")
class Stacked(Icgn):
    def forward(self, x: Tensor) -> Tensor:
        scales = self.theta[0].exp()
        z = torch.einsum("k,mn,bn->bkm", scales, self.W, x) + self.b
        weights = F.softplus(self.theta[1])
        return torch.einsum("k,k,bkm,mn->bn", weights, scales, torch.atan(z), self.W)


@gradient_only("the scales of the nodes forgotten, and of any sign")
class StackedFree(Icgn):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.einsum("k,mn,bn->bkm", self.theta[0], self.W, x) + self.b
        return torch.einsum("bkm,mn->bn", torch.atan(z), self.W)


@no_gradient("every node is scaled neuron by neuron in space, on the inside only")
class StackedInside(Icgn):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.einsum("kn,mn,bn->bkm", self.theta.exp(), self.W, x) + self.b
        return torch.einsum("bkm,mn->bn", torch.atan(z), self.W)


@gradient_only("u/2 sum w softplus(net(..)), a density that three nodes do not integrate",
               values={"net.0.weight": -40.0, "net.0.bias": 2.0, "net.2.weight": 5.0,
                       "net.2.bias": 0.0, "W": 1.0, "b": 0.0},
               points=((0.1, 0, 0), (4, 0, 0)))  # fmt: skip
class Unconstrained(Icgn):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))

    def slope(self, z: Tensor) -> Tensor:
        return F.softplus(self.net(z.unsqueeze(-1)).squeeze(-1))


@no_gradient("a step of ista: the threshold follows I - W^T W")
class IstaStep(Icgn):
    def forward(self, x: Tensor) -> Tensor:
        return F.softshrink(x - 0.1 * F.linear(x, self.W, self.b) @ self.W, 0.3)


@convex("the step in the coefficients, pulled back by W")
class ThresholdOfCoefficients(Icgn):
    def forward(self, x: Tensor) -> Tensor:
        z = F.linear(x, self.W, self.b)
        return z.sign().mul(F.relu(z.abs() - F.softplus(self.b))) @ self.W


@convex("the first step from 0 is elementwise, and the gain is pulled back")
class ForwardBackward(Icgn):
    def forward(self, x: Tensor) -> Tensor:
        z = F.linear(x, self.W)
        y = torch.zeros_like(z)
        for k in range(3):
            y = F.relu(y - 0.5 * (y - z) - 0.1 / (k + 1))
        return y @ self.W


@no_gradient("the Newton direction")
class Newton(Icgn):
    def forward(self, x: Tensor) -> Tensor:
        z = F.linear(x, self.W, self.b)
        slope = torch.sigmoid(z) * torch.sigmoid(-z)
        H = torch.eye(3, dtype=x.dtype) + torch.einsum("bm,mi,mj->bij", slope, self.W, self.W)
        g = x + torch.sigmoid(z) @ self.W
        return torch.linalg.solve(H, g[:, :, None]).squeeze(-1)


class Signal(nn.Module):
    """Fields of a signal of five samples, filtered there and back."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(4, 1, 3))
        self.gain = nn.Parameter(torch.ones(4, 1))

    def analyse(self, x: Tensor) -> Tensor:
        return F.conv1d(x.unsqueeze(1), self.kernel, padding=1)

    def synthesise(self, y: Tensor) -> Tensor:
        return F.conv_transpose1d(y, self.kernel, padding=1).squeeze(1)


@convex("a ridge regulariser by filters, a gain of squares inside and out", dim=5)
class Filtered(Signal):
    def forward(self, x: Tensor) -> Tensor:
        return self.synthesise(self.gain**2 * torch.tanh(self.gain**2 * self.analyse(x)))


@convex("softmax over the channels at each place", dim=5)
class FilteredSoftmax(Signal):
    def forward(self, x: Tensor) -> Tensor:
        return self.synthesise(F.softmax(self.analyse(x), dim=1))


@convex("group shrinkage over the channels at each place", dim=5)
class FilteredGroups(Signal):
    def forward(self, x: Tensor) -> Tensor:
        z = self.analyse(x)
        return self.synthesise(z / torch.sqrt(1 + z.square().sum(1, keepdim=True)))


@gradient_only("x less the filtered", dim=5)
class FilteredResidual(Signal):
    def forward(self, x: Tensor) -> Tensor:
        return x - self.synthesise(F.hardtanh(self.analyse(x)))


@no_gradient("filtered back without flipping the kernel", dim=5)
class FilteredTwice(Signal):
    def forward(self, x: Tensor) -> Tensor:
        y = torch.tanh(self.analyse(x))
        return F.conv1d(y, self.kernel.transpose(0, 1), padding=1).squeeze(1)


@no_gradient("a gain inside alone of any channel, and softmax", dim=5)
class FilteredGain(Signal):
    def forward(self, x: Tensor) -> Tensor:
        return self.synthesise(F.softmax(self.gain * self.analyse(x), dim=1))


@convex("a cascade in double precision, its scale a buffer", dim=5)
class Doubles(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(9, 5, dtype=torch.float64))
        self.register_buffer("scale", torch.tensor(1 / math.sqrt(5), dtype=torch.float64))
        self.scale: Tensor

    def forward(self, x: Tensor) -> Tensor:
        z = self.scale * (x.to(self.W) @ self.W.mT)
        return self.scale * (torch.special.expit(z + torch.special.erf(z)) @ self.W).to(x.dtype)


@no_gradient("a projector computed in single precision is symmetric to 1e-8 only",
             unseen="an asymmetry of 1e-8", scored=False)  # fmt: skip
class ProjectorBuffer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        basis = torch.tensor([[1.0, 0.3], [-0.7, 1.1], [0.2, 0.9]])
        self.register_buffer("P", basis @ torch.linalg.inv(basis.T @ basis) @ basis.T)
        self.P: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.P.to(x.dtype)
