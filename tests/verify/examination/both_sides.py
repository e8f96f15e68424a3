"""A^T f(A x + b) for a gradient network f: projected, reflected, scaled; and one side only."""

import torch
from torch import Tensor, nn

from .combinations import Parts, Ridge
from .entry import examined


@examined(symmetric=True, psd=True, why="P f(P x) with a fixed projector")
class ProjectedBothSides(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x @ self.P.to(x)) @ self.P.to(x)


@examined(symmetric=False, psd=False, why="P f(x)")
class ProjectedOutside(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x) @ self.P.to(x)


@examined(symmetric=False, psd=False, why="f(P x)")
class ProjectedInside(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x @ self.P.to(x))


@examined(symmetric=True, psd=True, why="Q f(Q x) with Q = I - v v^T / |v|^2")
class LearnedProjector(Parts):
    def project(self, x: Tensor) -> Tensor:
        v = self.d / self.d.norm()
        return x - (x @ v)[:, None] * v

    def forward(self, x: Tensor) -> Tensor:
        return self.project(self.g(self.project(x)))


@examined(symmetric=True, psd=True, why="centred on both sides")
class CentredBothSides(Parts):
    def forward(self, x: Tensor) -> Tensor:
        y = self.f(x - x.mean(-1, keepdim=True))
        return y - y.mean(-1, keepdim=True)


@examined(symmetric=False, psd=False, why="centred inside only")
class CentredInside(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x - x.mean(-1, keepdim=True))


@examined(symmetric=True, psd=True, why="B^T f(B x + c)")
class Pulled(Parts):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(3, 5)
        self.h = Ridge(5)

    def forward(self, x: Tensor) -> Tensor:
        return self.h(self.inner(x)) @ self.inner.weight


@examined(symmetric=True, psd=True, why="S f(S x) with S symmetric")
class SymmetricBothSides(Parts):
    def forward(self, x: Tensor) -> Tensor:
        S = self.S + self.S.T
        return self.f(x @ S) @ S


@examined(symmetric=True, psd=True, why="-f(-x)")
class Reflected(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return -self.g(-x)


@examined(symmetric=True, psd=False, why="f(-x)")
class ReflectedInside(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.g(-x)


@examined(symmetric=True, psd=True, why="t f(t x), t of any sign")
class ScaledBothSides(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.mu * self.f(self.mu * x)


@examined(symmetric=True, psd=True, why="f(x + d)")
class Shifted(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.f(x + self.d) - self.nu


@examined(symmetric=True, psd=True, why="an average over shifts")
class Smoothed(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([self.f(x + t * self.d) for t in (-1.0, 0.0, 1.0)]).mean(0)


@examined(symmetric=False, psd=False, why="g(f(x)): a composition of gradients is none")
class Composed(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.g(self.f(x))


@examined(symmetric=False, psd=False, why="x + f(x), then y + g(y)")
class ResidualComposed(Parts):
    def forward(self, x: Tensor) -> Tensor:
        y = x + self.f(x)
        return y + self.g(y)


@examined(symmetric=False, psd=False, why="D f(x)")
class ScaledOneSide(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.d * self.f(x)


@examined(symmetric=True, psd=True, why="D f(D x)")
class ScaledAlike(Parts):
    def forward(self, x: Tensor) -> Tensor:
        return self.d * self.f(self.d * x)
