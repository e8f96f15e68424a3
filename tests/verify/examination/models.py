"""Maps of the literature: memories, kernels, mixtures, denoisers, transport, energies."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined


class Points(nn.Module):
    """Centres, weights and a scale."""

    def __init__(self, dim: int = 3, count: int = 4) -> None:
        super().__init__()
        self.c = nn.Parameter(torch.randn(count, dim))
        self.w = nn.Parameter(torch.randn(count))
        self.g = nn.Parameter(torch.randn(count))
        self.s = nn.Parameter(torch.randn(()))
        self.Q = nn.Parameter(torch.randn(dim, dim))
        self.Z = nn.Parameter(torch.randn(dim, dim))

    def squares(self, x: Tensor) -> Tensor:
        return (x[:, None, :] - self.c).square().sum(-1)


@examined(symmetric=True, psd=True, why="a modern Hopfield network: X^T softmax(beta X x)")
class Hopfield(Points):
    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(2.0 * x @ self.c.T, -1) @ self.c


@examined(
    symmetric=True, psd=False, why="the gradient of the Hopfield energy, x - X^T softmax(X x)"
)
class HopfieldEnergy(Points):
    def forward(self, x: Tensor) -> Tensor:
        return x - torch.softmax(x @ self.c.T, -1) @ self.c


@examined(symmetric=False, psd=False, why="keys and values are projected by different matrices")
class CrossAttention(Points):
    def forward(self, x: Tensor) -> Tensor:
        scores = (x @ self.Q) @ self.c.T
        return torch.softmax(scores, -1) @ (self.c @ self.Z)


@examined(symmetric=True, psd=True, why="the values are the keys, as the scores see them")
class TiedAttention(Points):
    def forward(self, x: Tensor) -> Tensor:
        keys = self.c @ self.Q.T
        return F.softmax(torch.einsum("bn,kn->bk", x, keys) / 3**0.5, dim=-1) @ keys


@examined(symmetric=True, psd=True, why="the posterior mean of a Gaussian mixture: |x|^2 cancels")
class PosteriorMean(Points):
    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(-self.squares(x) / 2, -1) @ self.c


@examined(symmetric=True, psd=True, why="the same with weights of the components")
class WeightedPosteriorMean(Points):
    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(F.log_softmax(self.w, 0) - self.squares(x) / 2, -1) @ self.c


@examined(symmetric=True, psd=False, why="the score of a Gaussian mixture")
class Score(Points):
    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(-self.squares(x) / 2, -1) @ self.c - x


@examined(symmetric=True, psd=False, why="minus the score of a mixture: not log-concave")
class MinusScore(Points):
    def forward(self, x: Tensor) -> Tensor:
        return x - torch.softmax(-self.squares(x) / 2, -1) @ self.c


@examined(symmetric=False, psd=False, why="a variance of its own for each component, ignored")
class WrongVariances(Points):
    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(-self.squares(x) * self.w.exp(), -1) @ self.c


@examined(symmetric=True, psd=True, why="an entropic transport map: softmax(x . y - g) of targets")
class EntropicTransport(Points):
    def forward(self, x: Tensor) -> Tensor:
        eps = F.softplus(self.s)
        return torch.softmax((x @ self.c.T - self.g) / eps, dim=1) @ self.c


@examined(symmetric=True, psd=True, why="the same from distances, weights and a fixed eps")
class SinkhornMap(Points):
    def forward(self, x: Tensor) -> Tensor:
        log_plan = (self.g - torch.cdist(x, self.c) ** 2 / 2) / 0.5 + F.log_softmax(self.w, 0)
        return torch.exp(log_plan - torch.logsumexp(log_plan, 1, keepdim=True)) @ self.c


@examined(symmetric=True, psd=False, why="a kernel expansion: bumps are not convex")
class KernelField(Points):
    def forward(self, x: Tensor) -> Tensor:
        k = self.w * torch.exp(-self.squares(x) / 2)
        return (k[:, :, None] * (x[:, None, :] - self.c)).sum(1)


@examined(symmetric=False, psd=False, why="a kernel smoother of other values")
class KernelSmoother(Points):
    def forward(self, x: Tensor) -> Tensor:
        k = torch.softmax(-self.squares(x), -1)
        return k @ self.c @ self.Q


@examined(symmetric=True, psd=True, why="sums of multiquadrics, positive weights")
class Multiquadrics(Points):
    def forward(self, x: Tensor) -> Tensor:
        d = x[:, None, :] - self.c
        r = torch.sqrt(1 + d.square().sum(-1, keepdim=True))
        return (F.softplus(self.w)[:, None] * d / r).sum(1)


@examined(symmetric=True, psd=True, why="Weiszfeld: the sum of smoothed distances to the points")
class Median(Points):
    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([F.normalize(x - c, dim=-1) for c in self.c]).mean(0)


@examined(symmetric=True, psd=False, why="the gradient of a random Fourier expansion")
class FourierFeatures(Points):
    def forward(self, x: Tensor) -> Tensor:
        return (self.w * torch.cos(x @ self.c.T + self.g)) @ self.c


@examined(symmetric=True, psd=False, why="a restricted Boltzmann machine: x - a - W^T sigmoid(W x)")
class FreeEnergy(Points):
    def forward(self, x: Tensor) -> Tensor:
        return x - torch.sigmoid(x @ self.c.T + self.g) @ self.c


@examined(symmetric=True, psd=True, why="logistic regression: grad of the loss in the weights")
class LogisticRegression(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("data", torch.tensor([[1.0, 2, 0], [0, 1, 1], [-1, 0, 2], [2, 1, 1]]))
        self.register_buffer("labels", torch.tensor([0.0, 1, 1, 0]))
        self.data: Tensor
        self.labels: Tensor

    def forward(self, x: Tensor) -> Tensor:
        data, labels = self.data.to(x.dtype), self.labels.to(x.dtype)
        return (torch.sigmoid(x @ data.T) - labels) @ data / 4 + 0.1 * x


@examined(symmetric=True, psd=True, why="ridge regression")
class LeastSquares(LogisticRegression):
    def forward(self, x: Tensor) -> Tensor:
        data = self.data.to(x.dtype)
        return (x @ data.T - self.labels.to(x.dtype)) @ data


@examined(symmetric=False, psd=False, why="one step of gradient descent with a learned metric")
class Preconditioned(LogisticRegression):
    def __init__(self) -> None:
        super().__init__()
        self.d = nn.Parameter(torch.randn(3))

    def forward(self, x: Tensor) -> Tensor:
        data = self.data.to(x.dtype)
        return self.d.exp() * (torch.tanh(x @ data.T) @ data)


@examined(symmetric=True, psd=True, why="support vectors: squared hinges")
class SquaredHinge(LogisticRegression):
    def forward(self, x: Tensor) -> Tensor:
        data = self.data.to(x.dtype)
        return -F.relu(1 - x @ data.T) @ data + x


@examined(symmetric=True, psd=True, why="regularization by a weakly convex ridge, compensated")
class WeaklyConvexRidge(Points):
    """x - W^T psi(W x) with |psi'| <= 1 and W divided by its Frobenius norm."""

    def forward(self, x: Tensor) -> Tensor:
        W = self.c / self.c.norm()
        return x - torch.sin(x @ W.T) @ W


@examined(symmetric=True, psd=False, why="the same without the division")
class WeaklyConvexRidgeFree(Points):
    def forward(self, x: Tensor) -> Tensor:
        return x - torch.sin(x @ self.c.T) @ self.c


@examined(symmetric=True, psd=True, why="a cascade with one W and positive gates")
class Cascade(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 5)
        self.raw = nn.Parameter(torch.randn(3, 5))
        self.shift = nn.Parameter(torch.randn(3, 5))

    def forward(self, x: Tensor) -> Tensor:
        u = self.lin(x)
        z = u
        for raw, shift in zip(self.raw, self.shift, strict=True):
            z = u + shift + F.softplus(raw) * torch.tanh(z)
        return z @ self.lin.weight


@examined(symmetric=True, psd=False, why="a cascade with gates of any sign")
class FreeCascade(Cascade):
    def forward(self, x: Tensor) -> Tensor:
        u = self.lin(x)
        z = u
        for raw, shift in zip(self.raw, self.shift, strict=True):
            z = u + shift + raw * torch.tanh(z)
        return z @ self.lin.weight


@examined(symmetric=False, psd=False, why="dense mixing between cascaded layers")
class DenseCascade(Cascade):
    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(5, 5)

    def forward(self, x: Tensor) -> Tensor:
        u = self.lin(x)
        return torch.tanh(u + self.mix(torch.tanh(u))) @ self.lin.weight


@examined(symmetric=False, psd=False, why="softmax between cascaded layers")
class SoftmaxCascade(Cascade):
    def forward(self, x: Tensor) -> Tensor:
        u = self.lin(x)
        return torch.tanh(u + self.raw[0] * torch.softmax(u, -1)) @ self.lin.weight
