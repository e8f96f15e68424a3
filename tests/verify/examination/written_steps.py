"""Steps of algorithms: descent, polynomials of a matrix, diffusion along a path."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class Quadratic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(3, 3) / 2)
        self.c = nn.Parameter(torch.randn(3))
        self.eta = nn.Parameter(torch.tensor(0.5))

    @property
    def G(self) -> Tensor:  # noqa: N802
        return self.A.mT @ self.A

    @property
    def S(self) -> Tensor:  # noqa: N802
        return (self.A + self.A.mT) / 2


class Descent(Quadratic):
    steps = 2

    def gradient(self, y: Tensor) -> Tensor:
        return (y - self.c) @ self.G

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(self.steps):
            x = x - self.eta * self.gradient(x)
        return x


@convex("two steps on a quadratic: (1 - eta G)^2")
class TwoDescents(Descent):
    pass


@gradient_only("three steps: (1 - eta G)^3", values={"eta": 5.0})
class ThreeDescents(Descent):
    steps = 3


@convex("four steps with a matrix that is only symmetric")
class FourDescents(Descent):
    steps = 4

    def gradient(self, y):
        return (y - self.c) @ self.S


@no_gradient("two steps with a matrix that is not symmetric")
class TwoDescentsOpen(Descent):
    def gradient(self, y):
        return (y - self.c) @ self.A


@no_gradient("two steps on another energy than a quadratic")
class TwoDescentsTanh(Descent):
    def gradient(self, y):
        return torch.tanh(y @ self.A.T) @ self.A


@gradient_only("one step on it", values={"eta": 3.0})
class OneDescentTanh(TwoDescentsTanh):
    steps = 1


class Polynomial(Quadratic):
    """A polynomial of a symmetric matrix, by Horner."""

    coefficients: tuple[float, ...] = ()

    def matrix(self) -> Tensor:
        return self.S

    def forward(self, x: Tensor) -> Tensor:
        y = torch.zeros_like(x)
        for c in reversed(self.coefficients):
            y = y @ self.matrix() + c * x
        return y


@convex("1 - t + t^2 is positive")
class Neumann(Polynomial):
    coefficients = (1.0, -1.0, 1.0)


@gradient_only("1 - t + t^2 - t^3 is not")
class NeumannLonger(Polynomial):
    coefficients = (1.0, -1.0, 1.0, -1.0)


@convex("1 + t + t^2 / 2")
class ExpSecond(Polynomial):
    coefficients = (1.0, 1.0, 0.5)


@convex("(1 - t / 2)^2, with equality at 2")
class PerfectSquare(Polynomial):
    coefficients = (1.0, -1.0, 0.25)


@gradient_only("2 t^2 - 1")
class Chebyshev(Polynomial):
    coefficients = (-1.0, 0.0, 2.0)


@convex("positive coefficients and W^T W")
class PositivePowers(Polynomial):
    coefficients = (0.0, 1.0, 0.5, 0.25)

    def matrix(self):
        return self.G


@no_gradient("a product of two symmetric matrices")
class ProductOfSymmetric(Quadratic):
    def forward(self, x):
        return x @ self.S @ self.G


@convex("P Q P of two Gram matrices")
class SandwichOfGrams(Quadratic):
    def forward(self, x):
        P = torch.outer(self.c, self.c)
        return x @ P @ self.G @ P


@gradient_only("P Q + Q P")
class Anticommutator(Quadratic):
    def forward(self, x):
        P = torch.outer(self.c, self.c)
        return x @ (P @ self.G + self.G @ P)


class Path(nn.Module):
    """Differences along a path of three: D^T D has the eigenvalues 0, 1 and 3."""

    tau = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.zeros(()))

    def flux(self, d: Tensor) -> Tensor:
        lam = F.softplus(self.raw)
        return d.clamp(-lam, lam)

    def forward(self, x: Tensor) -> Tensor:
        flux = self.flux(torch.diff(x, dim=-1))
        return x + self.tau * torch.diff(F.pad(flux, (1, 1)), dim=-1)


@convex("a quarter of the total variation's smoothed gradient")
class PathQuarter(Path):
    tau = 0.25


@gradient_only("half of it is too much for the eigenvalue 3",
               values={"raw": 3.0}, points=[[0.1, -0.2, 0.1], [0, 0, 0]])  # fmt: skip
class PathHalf(Path):
    tau = 0.5


@convex("Perona and Malik: slopes of the flux between -1/8 and 1, times 3, is less than 4")
class PeronaMalik(Path):
    tau = 0.25

    def flux(self, d):
        return d / (1 + d**2)


@gradient_only("the edge-stopping flux alone, without x", points=[[0.0, 5, 0], [0, 6, 0]])
class PeronaMalikAlone(PeronaMalik):
    def forward(self, x):
        return x - 2 * super().forward(x) + x


@convex("one implicit step of the heat equation on a path")
class ImplicitHeat(Path):
    def forward(self, x):
        eye = torch.eye(3, dtype=x.dtype)
        D = torch.diff(eye, dim=0)
        return torch.linalg.solve(eye + self.raw.exp() * D.T @ D, x, left=False)
