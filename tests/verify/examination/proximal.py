"""Projections, proximal operators and gradients of Moreau envelopes, and their wrong versions."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .entry import examined
from .piecewise import Pieces


@examined(symmetric=True, psd=True, why="the gradient of Huber's function, entry by entry")
class Huber(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x.abs() <= 1, x, torch.sign(x))


@examined(symmetric=True, psd=True, why="the projection onto a ball; the quotient only where r > 1")
class BallByWhere(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        r = x.norm(dim=-1, keepdim=True)
        return torch.where(r > 1, x / r, x)


@examined(symmetric=True, psd=True, why="soft thresholding with a positive threshold")
class SoftThreshold(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        t = F.softplus(self.p)
        return torch.sign(x) * F.relu(x.abs() - t)


@examined(symmetric=True, psd=False, why="with a negative gain it falls")
class SoftThresholdGain(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return self.p * (torch.sign(x) * F.relu(x.abs() - 0.3))


@examined(symmetric=True, psd=True, why="hard thresholding jumps up")
class HardThreshold(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T
        return torch.where(z.abs() > 1, z, torch.zeros_like(z)) @ self.W


@examined(symmetric=True, psd=False, why="inside out: it falls to 0 at |z| = 1")
class InverseHardThreshold(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T
        return torch.where(z.abs() > 1, torch.zeros_like(z), z) @ self.W


@examined(symmetric=True, psd=True, why="the projection onto a box, whatever its sides")
class Box(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return torch.clamp(x, self.low, self.high)


@examined(symmetric=True, psd=True, why="the projection onto a half-space")
class HalfSpace(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        excess = F.relu(x @ self.v - self.p)
        return x - excess[:, None] * self.v / self.v.square().sum()


@examined(symmetric=True, psd=True, why="the projection onto a hyperplane")
class Hyperplane(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return x - ((x @ self.v - self.p) / (self.v @ self.v))[:, None] * self.v


@examined(symmetric=False, psd=False, why="an oblique projection")
class ObliqueProjection(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return x - F.relu(x @ self.v - self.p)[:, None] * self.low


@examined(symmetric=True, psd=True, why="the projection onto the simplex")
class Simplex(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        ordered = torch.sort(x, dim=-1, descending=True).values
        k = torch.arange(1, 4, dtype=x.dtype)
        heights = (ordered.cumsum(-1) - 1) / k
        return F.relu(x - heights.amax(-1, keepdim=True))


@examined(symmetric=True, psd=True, why="the nearest of four points: x . c - |c|^2 / 2 is largest")
class NearestPoint(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        distances = (x[:, None, :] - self.W).square().sum(-1)
        return self.W[distances.argmin(-1)]


@examined(symmetric=True, psd=True, why="the proximal operator of |x|: x - clamp(x, -t, t)")
class Moreau(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        t = self.p.abs()
        return x - torch.minimum(torch.maximum(x, -t), t)


@examined(symmetric=True, psd=True, why="the gradient of a Moreau envelope")
class Envelope(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        t = self.p.exp()
        return (x - F.softshrink(x, 1.0)) * t
