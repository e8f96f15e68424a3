"""Gates made of parameters: determinants, variances, eigenvalues and shifted activations."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined


class Gates(nn.Module):
    """W^T diag(g) tanh(W x + b), g a function of the parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(3, 3))
        self.b = nn.Parameter(torch.randn(3))
        self.p = nn.Parameter(torch.randn(3))
        self.S = nn.Parameter(torch.randn(3, 3))

    def gate(self) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return (torch.tanh(x @ self.W.T + self.b) * self.gate()) @ self.W


@examined(symmetric=True, psd=True, why="gelu is above -0.17")
class GeluLifted(Gates):
    def gate(self) -> Tensor:
        return F.gelu(self.p) + 0.17


@examined(symmetric=True, psd=True, why="silu is above -0.2785")
class SiluLifted(Gates):
    def gate(self) -> Tensor:
        return F.silu(self.p) + 0.28


@examined(symmetric=True, psd=False, why="silu is -0.2784 at -1.278", values={"p": -1.278})
class SiluLiftedTooLittle(Gates):
    def gate(self) -> Tensor:
        return F.silu(self.p) + 0.27


@examined(symmetric=True, psd=True, why="softplus rises")
class SoftplusStep(Gates):
    def gate(self) -> Tensor:
        return F.softplus(self.p) - F.softplus(self.p - 1)


@examined(symmetric=True, psd=True, why="a variance")
class Variance(Gates):
    def gate(self) -> Tensor:
        return self.p.var()


@examined(symmetric=True, psd=True, why="a mean of squares less the square of the mean")
class VarianceByMeans(Gates):
    def gate(self) -> Tensor:
        return self.p.square().mean() - self.p.mean().square()


@examined(
    symmetric=True, psd=False, why="the mean of fourth powers less the square of the mean of cubes"
)
class NoVariance(Gates):
    def gate(self) -> Tensor:
        return self.p.pow(4).mean() - self.p.pow(3).mean().square()


@examined(symmetric=True, psd=True, why="logsumexp is above the largest entry")
class LogSumExpGap(Gates):
    def gate(self) -> Tensor:
        return torch.logsumexp(self.p, 0) - self.p


@examined(symmetric=True, psd=False, why="the mean less an entry")
class MeanGap(Gates):
    def gate(self) -> Tensor:
        return self.p.mean() - self.p


@examined(symmetric=True, psd=True, why="probabilities of breaking a stick")
class StickBreaking(Gates):
    def gate(self) -> Tensor:
        left = torch.sigmoid(self.p)
        return left * torch.cumprod(torch.cat([left.new_ones(1), 1 - left[:-1]]), dim=0)


@examined(symmetric=True, psd=True, why="the eigenvalues of a Gram matrix")
class Eigenvalues(Gates):
    def gate(self) -> Tensor:
        return torch.linalg.eigvalsh(self.S @ self.S.T)


@examined(symmetric=True, psd=True, why="singular values")
class SingularValues(Gates):
    def gate(self) -> Tensor:
        return torch.linalg.svdvals(self.S)


@examined(symmetric=True, psd=True, why="the squared length of S^T 1")
class SumOfGram(Gates):
    def gate(self) -> Tensor:
        return (self.S @ self.S.T).sum()


@examined(symmetric=True, psd=False, why="tr S^2 is negative for a rotation")
class TraceOfSquare(Gates):
    def gate(self) -> Tensor:
        return torch.trace(self.S @ self.S)


@examined(symmetric=True, psd=False, why="determinants have either sign")
class Determinant(Gates):
    def gate(self) -> Tensor:
        return torch.linalg.det(self.S)


@examined(symmetric=True, psd=True, why="squares of a unit vector; p = 0 is divided by 1e-12")
class SquaredUnitVector(Gates):
    def gate(self) -> Tensor:
        return F.normalize(self.p, dim=0).square()


@examined(symmetric=True, psd=True, why="scope current: the gates as they stand", scope="current")
class PositiveNow(Gates):
    def __init__(self) -> None:
        super().__init__()
        nn.init.uniform_(self.p, 0.5, 1.0)

    def gate(self) -> Tensor:
        return self.p


@examined(symmetric=True, psd=False, why="one gate is negative as it stands", scope="current")
class NegativeNow(Gates):
    def __init__(self) -> None:
        super().__init__()
        with torch.no_grad():
            self.p.copy_(torch.tensor([1.0, -0.01, 1.0]))

    def gate(self) -> Tensor:
        return self.p
