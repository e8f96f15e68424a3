"""Denoisers after published code: learned regularizers, their gradient steps, unrolled schemes."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class MultiConv(nn.Module):
    """Two convolutions without an activation between them, and their adjoint."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(1, 2, 3, padding=1, bias=False)
        self.conv2 = nn.Conv1d(2, 4, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv1(x.unsqueeze(1)))

    def transpose(self, y: Tensor) -> Tensor:
        y = F.conv_transpose1d(y, self.conv2.weight, padding=1)
        return F.conv_transpose1d(y, self.conv1.weight, padding=1).squeeze(1)


class RidgeRegularizer(nn.Module):
    """The gradient of a convex ridge regularizer: slopes of splines, a scale for each channel."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_layer = MultiConv()
        self.alpha = nn.Parameter(torch.zeros(1, 4, 1))
        self.slopes = nn.Parameter(torch.rand(4, 1, 5))
        self.lmbda = nn.Parameter(torch.tensor(1.0))
        self.register_buffer("knots", torch.linspace(-1, 1, 6))
        self.knots: Tensor

    def spline(self, z: Tensor, slopes: Tensor) -> Tensor:
        pieces = torch.maximum(z.unsqueeze(-1), self.knots[:-1])
        pieces = torch.minimum(pieces, self.knots[1:]) - self.knots[:-1]
        return (pieces * slopes).sum(dim=-1)

    def activation(self, z: Tensor) -> Tensor:
        return self.spline(z, self.slopes.clamp(min=0))

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.exp(self.alpha)
        y = self.conv_layer(x) * scale
        return self.conv_layer.transpose(self.activation(y) / scale)


@convex("clipped slopes", dim=5)
class Convex(RidgeRegularizer):
    pass


@gradient_only("slopes of any sign", dim=5, values={"slopes": -1.0})
class Ridge(RidgeRegularizer):
    def activation(self, z: Tensor) -> Tensor:
        return self.spline(z, self.slopes)


@gradient_only("a difference of two splines", dim=5)
class WeaklyConvex(RidgeRegularizer):
    def activation(self, z: Tensor) -> Tensor:
        return self.spline(z, self.slopes.relu()) - 0.5 * self.spline(2 * z, self.slopes.sigmoid())


@gradient_only("a step of descent of any length", dim=5, values={"lmbda": 30.0})
class DescentStep(Convex):
    def forward(self, x: Tensor) -> Tensor:
        return x - F.softplus(self.lmbda) * super().forward(x)


@no_gradient("two steps of descent", dim=5)
class TwoDescentSteps(RidgeRegularizer):
    def forward(self, x: Tensor) -> Tensor:
        y = x - 0.5 * super().forward(x)
        return y - 0.5 * super().forward(y)


@no_gradient("the scale is not undone but applied to x afterwards", dim=5)
class ScaledBehind(RidgeRegularizer):
    def __init__(self) -> None:
        super().__init__()
        self.behind = nn.Parameter(torch.randn(5))

    def forward(self, x: Tensor) -> Tensor:
        return self.behind.exp() * super().forward(x)


class Dictionary(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.D = nn.Parameter(torch.randn(6, 3))
        self.threshold = nn.Parameter(torch.full((6,), -1.0))
        self.register_buffer("sigma", torch.tensor(0.3))
        self.sigma: Tensor

    def shrink(self, z: Tensor) -> Tensor:
        return z.sign() * F.relu(z.abs() - F.softplus(self.threshold))


@convex("one step of iterated thresholding from 0")
class OneThreshold(Dictionary):
    def forward(self, x: Tensor) -> Tensor:
        return self.shrink(x @ self.D.T) @ self.D


@no_gradient("two steps of iterated thresholding")
class TwoThresholds(Dictionary):
    def forward(self, x: Tensor) -> Tensor:
        y = x @ self.D.T
        code = self.shrink(y)
        code = self.shrink(code + 0.2 * (y - code @ self.D @ self.D.T))
        return code @ self.D


@convex("scaled by the level of the noise, a buffer")
class NoiseLevel(Dictionary):
    def forward(self, x: Tensor) -> Tensor:
        return self.sigma * torch.tanh(x @ self.D.T / self.sigma) @ self.D


@gradient_only("what an energy of the residual of a network takes off x")
class GradientStep(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 8), nn.Softplus(), nn.Linear(8, 3))

    def forward(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            y = x if x.requires_grad else x.detach().requires_grad_()
            energy = 0.5 * (y - self.net(y)).pow(2).sum()
            (step,) = torch.autograd.grad(energy, y, create_graph=True)
        return x - step


@convex("isotropic variation of an image of 2 x 3 pixels", dim=6)
class IsotropicVariation(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.log_weight = nn.Parameter(torch.tensor(0.0))

    def forward(self, x: Tensor) -> Tensor:
        u = x.view(-1, 2, 3)
        dh = F.pad(u[:, :, 1:] - u[:, :, :-1], (0, 1))
        dv = F.pad(u[:, 1:] - u[:, :-1], (0, 0, 0, 1))
        size = torch.sqrt(dh**2 + dv**2 + 1e-2)
        ph, pv = dh / size, dv / size
        div = ph - F.pad(ph[:, :, :-1], (1, 0)) + pv - F.pad(pv[:, :-1], (0, 0, 1, 0))
        return -self.log_weight.exp() * div.flatten(1)


@no_gradient("means weighted by likeness", dim=4)
class NonLocalMeans(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.h = nn.Parameter(torch.tensor(0.0))

    def forward(self, x: Tensor) -> Tensor:
        d = x.unsqueeze(2) - x.unsqueeze(1)
        weights = torch.softmax(-F.softplus(self.h) * d**2, dim=2)
        return torch.einsum("bij,bj->bi", weights, x)


class Diffusion(nn.Module):
    """A step of diffusion on a path of four nodes."""

    most = 0.25

    def __init__(self) -> None:
        super().__init__()
        self.tau = nn.Parameter(torch.tensor(0.0))
        steps = torch.eye(4)[1:] - torch.eye(4)[:-1]
        self.register_buffer("laplacian", steps.T @ steps)
        self.laplacian: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return x - self.most * torch.sigmoid(self.tau) * (x @ self.laplacian)


@convex("a step of at most 1 / 4, the largest eigenvalue is below 4", dim=4)
class StableDiffusion(Diffusion):
    pass


@gradient_only("a step of up to 1 / 3", dim=4, values={"tau": 9.0})
class UnstableDiffusion(Diffusion):
    most = 1 / 3


@convex("the root transform of counts, rectified", dim=3)
class CountRoot(Dictionary):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * torch.sqrt(F.relu(x @ self.D.T) + 3 / 8) @ self.D
