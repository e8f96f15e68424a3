"""torch.nn.utils.parametrize, weight_norm, orthogonal, spectral_norm, and constraints by hand."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from .entry import examined


class Symmetric(nn.Module):
    def forward(self, X: Tensor) -> Tensor:
        return X.triu() + X.triu(1).mT


class Gram(nn.Module):
    def forward(self, X: Tensor) -> Tensor:
        return X.mT @ X


class Skew(nn.Module):
    def forward(self, X: Tensor) -> Tensor:
        return X.triu(1) - X.triu(1).mT


class Exponential(nn.Module):
    def forward(self, X: Tensor) -> Tensor:
        return torch.matrix_exp(X)


class Cayley(nn.Module):
    def forward(self, X: Tensor) -> Tensor:
        eye = torch.eye(X.shape[0], dtype=X.dtype)
        return torch.linalg.solve(eye + X, eye - X)


class Positive(nn.Module):
    def forward(self, X: Tensor) -> Tensor:
        return F.softplus(X)


class UnitRows(nn.Module):
    def forward(self, X: Tensor) -> Tensor:
        return F.normalize(X, dim=-1)


class Square(nn.Module):
    """A x with a parametrized A."""

    def __init__(self, *maps: nn.Module) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 3)
        for each in maps:
            parametrize.register_parametrization(self.lin, "weight", each)

    def forward(self, x: Tensor) -> Tensor:
        return self.lin(x)


class Tied(nn.Module):
    """W^T tanh(W x + b) with a parametrized W."""

    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 4)
        self.parametrize()

    def parametrize(self) -> None:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.lin(x)) @ self.lin.weight


@examined(symmetric=True, psd=False, why="a symmetric matrix of any signs")
def symmetric_linear() -> nn.Module:
    return Square(Symmetric())


@examined(symmetric=True, psd=True, why="a Gram matrix")
def gram_linear() -> nn.Module:
    return Square(Gram())


@examined(symmetric=True, psd=True, why="the square of a symmetric matrix")
def gram_of_symmetric_linear() -> nn.Module:
    return Square(Symmetric(), Gram())


@examined(symmetric=True, psd=True, why="the exponential of a symmetric matrix")
def exponential_of_symmetric() -> nn.Module:
    return Square(Symmetric(), Exponential())


@examined(symmetric=False, psd=False, why="an antisymmetric matrix")
def skew_linear() -> nn.Module:
    return Square(Skew())


@examined(symmetric=False, psd=False, why="the exponential of an antisymmetric matrix: a rotation")
def rotation_linear() -> nn.Module:
    return Square(Skew(), Exponential())


@examined(symmetric=False, psd=False, why="positive entries do not make a psd matrix")
def positive_linear() -> nn.Module:
    return Square(Positive())


@examined(symmetric=False, psd=False, why="an orthogonal matrix is not symmetric")
def orthogonal_linear() -> nn.Module:
    net = Square()
    parametrizations.orthogonal(net.lin, orthogonal_map="matrix_exp")
    return net


@examined(symmetric=True, psd=True, why="weight_norm, tied; v = 0 is outside the claim")
class WeightNorm(Tied):
    def parametrize(self) -> None:
        parametrizations.weight_norm(self.lin)


@examined(symmetric=True, psd=True, why="weight_norm over all rows at once")
class WeightNormWhole(Tied):
    def parametrize(self) -> None:
        parametrizations.weight_norm(self.lin, dim=-1)


@examined(symmetric=True, psd=False, why="the rows of v are multiples of those of W, by any sign")
class WeightNormDirection(Tied):
    def parametrize(self) -> None:
        parametrizations.weight_norm(self.lin)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.lin(x)) @ self.lin.get_parameter("parametrizations.weight.original1")


@examined(symmetric=True, psd=True, why="weight_norm by hand, on both sides")
class WeightNormByHand(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.v = nn.Parameter(torch.randn(4, 3))
        self.g = nn.Parameter(torch.randn(4, 1))

    def forward(self, x: Tensor) -> Tensor:
        W = self.g * self.v / self.v.norm(dim=1, keepdim=True)
        return torch.sigmoid(x @ W.T) @ W


@examined(symmetric=True, psd=False, why="the gains g on one side only")
class WeightNormGainInside(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.v = nn.Parameter(torch.randn(4, 3))
        self.g = nn.Parameter(torch.randn(4))

    def forward(self, x: Tensor) -> Tensor:
        W = F.normalize(self.v, dim=1)
        return torch.sigmoid(self.g * (x @ W.T)) @ W


@examined(symmetric=True, psd=True, why="an orthogonal W, tied, by Householder reflections")
class OrthogonalHouseholder(Tied):
    def parametrize(self) -> None:
        parametrizations.orthogonal(self.lin)


@examined(symmetric=True, psd=True, why="an orthogonal W, tied, by the matrix exponential")
class OrthogonalExponential(Tied):
    def parametrize(self) -> None:
        self.lin = nn.Linear(3, 3)
        parametrizations.orthogonal(self.lin, orthogonal_map="matrix_exp")


@examined(symmetric=True, psd=True, why="an orthogonal W, tied, by the Cayley transform")
class OrthogonalCayley(Tied):
    def parametrize(self) -> None:
        self.lin = nn.Linear(3, 3)
        parametrizations.orthogonal(self.lin, orthogonal_map="cayley")


@examined(symmetric=True, psd=True, why="a Cayley transform by solve, tied")
class CayleyByHand(Tied):
    def parametrize(self) -> None:
        self.lin = nn.Linear(3, 3)
        parametrize.register_parametrization(self.lin, "weight", Skew())
        parametrize.register_parametrization(self.lin, "weight", Cayley())


@examined(symmetric=True, psd=True, why="spectral_norm in eval mode: divided by a fixed form")
class SpectralNormEval(Tied):
    def parametrize(self) -> None:
        parametrizations.spectral_norm(self.lin)
        self.eval()


@examined(symmetric=True, psd=True, why="rows of unit length, tied")
class UnitLength(Tied):
    def parametrize(self) -> None:
        parametrize.register_parametrization(self.lin, "weight", UnitRows())


@examined(symmetric=True, psd=True, why="positive entries, tied")
class PositiveEntries(Tied):
    def parametrize(self) -> None:
        parametrize.register_parametrization(self.lin, "weight", Positive())


class Scaled(Tied):
    """W^T (d tanh(W x + b)) with a parametrized d."""

    positive = True

    def parametrize(self) -> None:
        self.d = nn.Parameter(torch.randn(4))
        if self.positive:
            parametrize.register_parametrization(self, "d", Positive())

    def forward(self, x: Tensor) -> Tensor:
        return (self.d * torch.tanh(self.lin(x))) @ self.lin.weight


@examined(symmetric=True, psd=True, why="a gate parametrized to be positive")
class PositiveGate(Scaled):
    pass


@examined(symmetric=True, psd=False, why="a free gate")
class FreeGate(Scaled):
    positive = False


@examined(symmetric=True, psd=True, why="Q^T D Q x with Q orthogonal and D > 0")
class Eigenvalues(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 3)
        parametrizations.orthogonal(self.lin, orthogonal_map="cayley")
        self.log_d = nn.Parameter(torch.randn(3))

    def forward(self, x: Tensor) -> Tensor:
        Q = self.lin.weight
        return (self.log_d.exp() * (x @ Q.T)) @ Q


@examined(symmetric=False, psd=False, why="Q f(Q x): not the transpose")
class OrthogonalTwice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 3)
        parametrizations.orthogonal(self.lin, orthogonal_map="matrix_exp")

    def forward(self, x: Tensor) -> Tensor:
        Q = self.lin.weight
        return torch.tanh(x @ Q.T) @ Q.T


@examined(
    symmetric=True,
    psd=False,
    why="x - Q^T Q x is not 0 where Q is orthogonal up to the rounding of its base",
    unseen="of size 1e-7",
)
class OrthogonalCancels(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 3)
        parametrizations.orthogonal(self.lin, orthogonal_map="cayley")

    def forward(self, x: Tensor) -> Tensor:
        Q = self.lin.weight
        return torch.tanh(x) + 2 * (x - x @ Q.T @ Q)
