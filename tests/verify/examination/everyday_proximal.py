"""Proximal operators, projections, residual denoisers, conical sums, and their wrong versions."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined


class Prox(nn.Module):
    def __init__(self, dim: int = 3) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.zeros(dim))
        self.scalar = nn.Parameter(torch.zeros(()))
        self.center = nn.Parameter(torch.randn(dim))
        self.A = nn.Parameter(torch.randn(2, dim))
        self.y = nn.Parameter(torch.randn(2))


@examined(symmetric=True, psd=True, why="the elastic net")
class ElasticNet(Prox):
    def forward(self, x: Tensor) -> Tensor:
        t, mu = F.softplus(self.raw), F.softplus(self.scalar)
        return torch.sign(x) * torch.clamp(x.abs() - t, min=0) / (1 + mu)


@examined(symmetric=True, psd=False, why="1 + mu has either sign")
class ElasticNetFree(Prox):
    def forward(self, x: Tensor) -> Tensor:
        return F.softshrink(x, 0.1) / (1 + self.scalar)


@examined(symmetric=True, psd=False, why="relu(|x| - t) without the sign: even")
class Unsigned(Prox):
    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x.abs() - F.softplus(self.raw))


@examined(symmetric=True, psd=True, why="firm thresholding: 0, then steep, then the identity")
class FirmThreshold(Prox):
    def forward(self, x: Tensor) -> Tensor:
        steep = 2 * (x.abs() - 1) * torch.sign(x)
        return torch.where(x.abs() <= 1, 0.0, torch.where(x.abs() <= 2, steep, x))


@examined(symmetric=True, psd=False, why="x - soft(x) is the clamp; twice the clamp is too much")
class OverRelaxed(Prox):
    def forward(self, x: Tensor) -> Tensor:
        return x - 2 * torch.clamp(x, -F.softplus(self.raw), F.softplus(self.raw))


class Groups(Prox):
    def __init__(self) -> None:
        super().__init__(4)


@examined(dim=4, symmetric=True, psd=True, why="pairs of entries, each shrunk along itself")
class GroupLasso(Groups):
    def forward(self, x: Tensor) -> Tensor:
        g = x.view(-1, 2, 2)
        r = g.norm(dim=-1, keepdim=True).clamp_min(1e-8)
        return (F.relu(1 - F.softplus(self.scalar) / r) * g).reshape(-1, 4)


@examined(dim=4, symmetric=False, psd=False, why="each pair is shrunk by the length of the other")
class GroupLassoExchanged(Groups):
    def forward(self, x: Tensor) -> Tensor:
        g = x.view(-1, 2, 2)
        r = g.flip(1).norm(dim=-1, keepdim=True).clamp_min(1e-8)
        return (F.relu(1 - F.softplus(self.scalar) / r) * g).reshape(-1, 4)


@examined(
    symmetric=True, psd=True, why="the nearest point of a ball with learned centre and radius"
)
class BallAround(Prox):
    def forward(self, x: Tensor) -> Tensor:
        d, radius = x - self.center, F.softplus(self.scalar)
        return self.center + d * (radius / torch.maximum(d.norm(dim=-1, keepdim=True), radius))


@examined(symmetric=True, psd=True, why="x / max(1, |x|)")
class UnitBall(Prox):
    def forward(self, x: Tensor) -> Tensor:
        return x / torch.linalg.vector_norm(x, dim=-1, keepdim=True).clamp(min=1.0)


@examined(symmetric=False, psd=False, why="the centre is not put back before D")
class ScaledBall(Prox):
    def forward(self, x: Tensor) -> Tensor:
        d = (x - self.center) * self.raw.exp()
        return self.center + d / d.norm(dim=-1, keepdim=True).clamp(min=1.0)


@examined(symmetric=True, psd=True, why="a box with learned corner and sides")
class LearnedBox(Prox):
    def forward(self, x: Tensor) -> Tensor:
        return torch.minimum(torch.maximum(x, self.center), self.center + self.raw.exp())


@examined(
    symmetric=True, psd=True, why="the nearest point of {A x = y}; a singular A A^T is outside"
)
class Affine(Prox):
    def forward(self, x: Tensor) -> Tensor:
        residual = x @ self.A.T - self.y
        return x - torch.linalg.solve(self.A @ self.A.T, residual.T).T @ self.A


@examined(symmetric=True, psd=False, why="a step of descent of length 1, too long for a large A")
class DescentStep(Prox):
    def forward(self, x: Tensor) -> Tensor:
        return x - (x @ self.A.T - self.y) @ self.A


@examined(symmetric=True, psd=True, why="a step shorter than 1 / tr A^T A")
class ShortDescentStep(Prox):
    def forward(self, x: Tensor) -> Tensor:
        step = torch.sigmoid(self.scalar) / (1 + torch.trace(self.A @ self.A.T))
        return x - step * (x @ self.A.T - self.y) @ self.A


@examined(symmetric=False, psd=False, why="a proximal gradient step: the prox after the step")
class ProximalGradient(Prox):
    def forward(self, x: Tensor) -> Tensor:
        z = x - 0.1 * (x @ self.A.T - self.y) @ self.A
        return F.softshrink(z, 0.1)


@examined(symmetric=True, psd=True, why="the nearest point of the second-order cone")
class LorentzCone(Prox):
    def forward(self, x: Tensor) -> Tensor:
        z, t = x[:, :2], x[:, 2:]
        r = z.norm(dim=-1, keepdim=True)
        edge = 0.5 * (1 + t / r) * torch.cat([z, r], dim=-1)
        return torch.where(r <= t, x, torch.where(r <= -t, torch.zeros_like(x), edge))


@examined(symmetric=True, psd=True, why="orthant and ball: the nearest point of their intersection")
class OrthantOfBall(Prox):
    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(x)
        return y / y.norm(dim=-1, keepdim=True).clamp_min(1.0)


@examined(symmetric=False, psd=False, why="ball, then box: not the nearest point of both")
class BoxOfBall(Prox):
    def forward(self, x: Tensor) -> Tensor:
        y = x / x.norm(dim=-1, keepdim=True).clamp_min(1.0)
        return y.clamp(-0.6, 0.6)


@examined(symmetric=True, psd=True, why="the prox of |A x|_1 for orthonormal rows up to a scale")
class RotatedShrinkage(Prox):
    def forward(self, x: Tensor) -> Tensor:
        c, s = torch.cos(self.scalar), torch.sin(self.scalar)
        Q = torch.stack([torch.stack([c, -s, 0 * c]), torch.stack([s, c, 0 * c])])
        z = x @ Q.T
        return x + (F.softshrink(z, 0.5) - z) @ Q


class Denoiser(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 5) for _ in range(2))
        self.weights = nn.Parameter(torch.randn(2))
        self.mu = nn.Parameter(torch.randn(()))
        self.register_buffer("mask", torch.tensor([1.0, 0.0, 1.0, 1.0]))
        self.mask: Tensor

    def ridge(self, k: int, x: Tensor) -> Tensor:
        lin = self.layers[k]
        assert isinstance(lin, nn.Linear)
        return torch.sigmoid(lin(x)) @ lin.weight


@examined(dim=4, symmetric=True, psd=True, why="relu of the weights, softplus of mu")
class ConicalSum(Denoiser):
    def forward(self, x: Tensor) -> Tensor:
        fields = torch.stack([self.ridge(k, x) for k in range(2)])
        return torch.einsum("k,kbn->bn", F.relu(self.weights), fields) + F.softplus(self.mu) * x


@examined(dim=4, symmetric=True, psd=False, why="weights of length 1, of any sign")
class NormalizedWeights(Denoiser):
    def forward(self, x: Tensor) -> Tensor:
        w = F.normalize(self.weights, dim=0)
        return sum(w[k] * self.ridge(k, x) for k in range(2)) + x * self.mu.square()


@examined(
    dim=4, symmetric=True, psd=False, why="mu > -0.001 only", values={"weights": 0.0, "mu": 0.0}
)
class AlmostNonnegativeMu(Denoiser):
    def forward(self, x: Tensor) -> Tensor:
        return self.ridge(0, x) * self.weights[0].abs() + (self.mu.abs() - 1e-3) * x


@examined(dim=4, symmetric=True, psd=True, why="masked inside and outside, and the data term")
class Inpainting(Denoiser):
    def forward(self, x: Tensor) -> Tensor:
        data = self.mask * (self.mask * x - 0.5)
        return data + self.mask * self.ridge(1, self.mask * x)


@examined(dim=4, symmetric=False, psd=False, why="masked outside only")
class InpaintingOutside(Denoiser):
    def forward(self, x: Tensor) -> Tensor:
        return x + self.mask * self.ridge(1, x)


@examined(dim=4, symmetric=True, psd=False, why="the residual of a monotone map")
class Residual(Denoiser):
    def forward(self, x: Tensor) -> Tensor:
        return x - self.ridge(0, x)


@examined(dim=4, symmetric=False, psd=False, why="two residual steps, one after another")
class Unrolled(Denoiser):
    def forward(self, x: Tensor) -> Tensor:
        for k in range(2):
            x = x - 0.1 * self.ridge(k, x)
        return x


@examined(dim=4, symmetric=None, psd=None, why="noise is added before denoising")
class Noisy(Denoiser):
    def forward(self, x: Tensor) -> Tensor:
        return self.ridge(0, x + 0.1 * torch.randn_like(x))


@examined(dim=4, symmetric=None, psd=None, why="the mean of the batch is taken off")
class CentredOverBatch(Denoiser):
    def forward(self, x: Tensor) -> Tensor:
        return self.ridge(0, x - x.mean(dim=0))
