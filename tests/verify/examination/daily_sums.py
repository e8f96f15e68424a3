"""Sums, differences, residuals and projections of tied layers."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class Ridge(nn.Module):
    def __init__(self, n: int, m: int, act: nn.Module) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(m, n) / n)
        self.bias = nn.Parameter(torch.randn(m) / 2)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(self.act(F.linear(x, self.weight, self.bias)), self.weight.T)


class Ensemble(nn.Module):
    def __init__(self, n: int = 3) -> None:
        super().__init__()
        acts = (nn.Tanh(), nn.ReLU(), nn.Softmax(dim=-1))
        self.parts = nn.ModuleList([Ridge(n, 4 + k, act) for k, act in enumerate(acts)])
        self.w = nn.Parameter(torch.zeros(len(acts)))
        self.mu = nn.Parameter(torch.tensor(0.1))


@convex("weights by softplus, and x with a squared factor")
class Conical(Ensemble):
    def forward(self, x: Tensor) -> Tensor:
        out = self.mu**2 * x
        for weight, part in zip(F.softplus(self.w), self.parts, strict=True):
            out = out + weight * part(x)
        return out


@convex("probabilities as weights")
class Averaged(Ensemble):
    def forward(self, x: Tensor) -> Tensor:
        outs = torch.stack([part(x) for part in self.parts], dim=-1)
        return (outs * self.w.softmax(dim=0)).sum(dim=-1)


@gradient_only("one part is taken off")
class OneLess(Ensemble):
    def forward(self, x: Tensor) -> Tensor:
        return self.parts[0](x) + self.parts[1](x) - self.parts[2](x)


@gradient_only("mu is free", values={"mu": -3.0})
class AnyMu(Ensemble):
    def forward(self, x: Tensor) -> Tensor:
        return sum(part(x) for part in self.parts) + self.mu * x


@convex("an interpolation between two parts", dim=4)
class Interpolated(Ensemble):
    def __init__(self) -> None:
        super().__init__(4)

    def share(self) -> Tensor:
        return torch.sigmoid(self.mu)

    def forward(self, x: Tensor) -> Tensor:
        return torch.lerp(self.parts[0](x), self.parts[2](x), self.share())


@gradient_only("an extrapolation beyond one part", dim=4, values={"mu": 5.0})
class Extrapolated(Interpolated):
    def share(self) -> Tensor:
        return self.mu


@convex("a residual around one tied layer")
class Residual(Ensemble):
    def forward(self, x: Tensor) -> Tensor:
        return x + self.parts[0](x)


@no_gradient("two residual layers, one after the other")
class ResidualTwice(Ensemble):
    def forward(self, x: Tensor) -> Tensor:
        for part in self.parts[:2]:
            x = x + part(x)
        return x


@no_gradient("the next part sees what the first left over")
class Boosted(Ensemble):
    def forward(self, x: Tensor) -> Tensor:
        first = self.parts[0](x)
        return first + self.parts[1](x - first)


@convex("two activations between one pair, squared factors")
class TwoActivations(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(5, 3))
        self.a = nn.Parameter(torch.randn(5))
        self.b = nn.Parameter(torch.randn(5))

    def forward(self, x: Tensor) -> Tensor:
        z = torch.matmul(x, self.W.mT)
        return torch.matmul(self.a**2 * torch.erf(z) + self.b**2 * F.relu6(z), self.W)


class Quadratic(nn.Module):
    def __init__(self, rows: list[list[float]]) -> None:
        super().__init__()
        self.register_buffer("Q", torch.tensor(rows))
        self.Q: Tensor
        self.lin = nn.Parameter(torch.zeros(len(rows)))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.Q.T + self.lin


@convex("a matrix of eigenvalues 1 and 3", dim=2)
def quadratic_convex() -> nn.Module:
    return Quadratic([[2.0, 1.0], [1.0, 2.0]])


@convex("a singular matrix of rank one", dim=3)
def quadratic_singular() -> nn.Module:
    return Quadratic([[1.0, 2.0, -1.0], [2.0, 4.0, -2.0], [-1.0, -2.0, 1.0]])


@gradient_only("eigenvalues -1 and 3", dim=2)
def quadratic_saddle() -> nn.Module:
    return Quadratic([[1.0, 2.0], [2.0, 1.0]])


@no_gradient("an entry differs in the third digit", dim=2)
def quadratic_asymmetric() -> nn.Module:
    return Quadratic([[2.0, 1.0], [1.004, 2.0]])


class Projected(nn.Module):
    """The mean is taken off before, after, or both."""

    before = after = True

    def __init__(self) -> None:
        super().__init__()
        self.core = Ridge(4, 6, nn.Sigmoid())

    @staticmethod
    def centre(v: Tensor) -> Tensor:
        return v - v.mean(dim=-1, keepdim=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.core(self.centre(x) if self.before else x)
        return self.centre(y) if self.after else y


@convex("the mean is taken off on both sides", dim=4)
class BothSides(Projected):
    pass


@no_gradient("the mean is taken off before only", dim=4)
class BeforeOnly(Projected):
    after = False


@no_gradient("the mean is taken off after only", dim=4)
class AfterOnly(Projected):
    before = False


@convex("a mask on both sides, and the hidden entries are copied", dim=4)
class Masked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.core = Ridge(4, 6, nn.Softplus())
        self.register_buffer("keep", torch.tensor([True, False, True, True]))
        self.keep: Tensor

    def forward(self, x: Tensor) -> Tensor:
        seen = x.masked_fill(~self.keep, 0.0)
        return torch.where(self.keep, self.core(seen), x)


@no_gradient("the mask stands behind the layer only", dim=4)
class MaskedBehind(Masked):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where(self.keep, self.core(x), x)


@convex("the projection along a learned direction, on both sides")
class AlongDirection(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.core = Ridge(3, 4, nn.Tanh())
        self.v = nn.Parameter(torch.tensor([1.0, 0.5, -0.2]))

    def project(self, x: Tensor) -> Tensor:
        u = self.v / self.v.norm()
        return x - (x @ u).unsqueeze(-1) * u

    def forward(self, x: Tensor) -> Tensor:
        return self.project(self.core(self.project(x)))
