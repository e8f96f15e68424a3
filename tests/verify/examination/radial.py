"""q(|z|) z with z = A x + b or x, in whatever spelling of the norm."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine, examined

Function = Callable[[Tensor], Tensor]


class Radial(nn.Module):
    def __init__(self, q: Function) -> None:
        super().__init__()
        self.centre = nn.Parameter(torch.randn(3))
        self.p = nn.Parameter(torch.randn(()))
        self.q = q

    def forward(self, x: Tensor) -> Tensor:
        z = x - self.centre
        r = torch.linalg.vector_norm(z, dim=-1, keepdim=True)
        return self.q(r) * z


RISING: dict[str, Function] = {
    "linear": lambda r: r,
    "square": lambda r: r**2,
    "constant": lambda r: torch.ones_like(r),
    "saturating": lambda r: 1 / (1 + r),
    "root": lambda r: torch.rsqrt(1 + r**2),
    "exp": torch.exp,
    "softplus": F.softplus,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "clamped": lambda r: 1 / torch.clamp(r, min=0.5),
    "outside": lambda r: torch.where(r > 1, torch.ones_like(r), torch.zeros_like(r)),
    "huber": lambda r: torch.where(r <= 1, torch.ones_like(r), 1 / r),
    "shrink": lambda r: torch.where(r > 0.5, 1 - 0.5 / r, torch.zeros_like(r)),
    "shrink_clamped": lambda r: F.relu(1 - 0.5 / r.clamp(min=1e-8)),
    "log1p": torch.log1p,
    "student_wide": lambda r: 1 - 0.5 / (1 + r**2),
    "floor": torch.floor,
    "one_plus_gauss": lambda r: 1 + torch.exp(-(r**2)),
}
TURNING: dict[str, Function] = {
    "gauss": lambda r: torch.exp(-(r**2) / 2),
    "student": lambda r: 1 / (1 + r**2),
    "one_minus": lambda r: 1 - r,
    "minus": lambda r: -r,
    "sin": torch.sin,
    "cos": torch.cos,
    "inside": lambda r: (r < 1).to(r.dtype),
    "laplace": lambda r: torch.exp(-r),
    "steep_inverse": lambda r: 1 / r.clamp(min=0.5) ** 2,
    "one_plus_8_gauss": lambda r: 1 + 8 * torch.exp(-(r**2)),
    "well": lambda r: r**2 - 1,
    "minus_gauss": lambda r: 0.1 - torch.exp(-(r**2)),
}
UNDEFINED: dict[str, Function] = {
    "coulomb": lambda r: 1 / r**3,
    "unit": lambda r: 1 / r,
    "log": torch.log,
    "tanh_over": lambda r: torch.tanh(r) / r,
}


def radial(q: Function) -> Callable[[], nn.Module]:
    return lambda: Radial(q)


for table, symmetric, psd, why in (
    (RISING, True, True, "r q(r) is nondecreasing"),
    (TURNING, True, False, "radial, so symmetric; r q(r) falls somewhere"),
):
    for name, q in table.items():
        examine(radial(q), symmetric=symmetric, psd=psd, why=why, kind="radial", name=name)
for name, q in UNDEFINED.items():
    examine(
        radial(q),
        symmetric=None,
        psd=False if name in ("coulomb", "log") else None,
        why="undefined at z = 0; two other points may refute psd, an unknown is as good",
        kind="radial",
        name=name,
        scored=False,
    )


class Norms(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(4, 3))
        self.b = nn.Parameter(torch.randn(4))
        self.p = nn.Parameter(torch.randn(()))
        self.d = nn.Parameter(torch.randn(3))


@examined(symmetric=True, psd=True, why="A^T q(|z|) z with z = A x + b")
class Affine(Norms):
    def forward(self, x: Tensor) -> Tensor:
        z = F.linear(x, self.A, self.b)
        return (z / torch.sqrt(1 + torch.sum(z * z, dim=1, keepdim=True))) @ self.A


@examined(symmetric=True, psd=True, why="the norm is of A x, and A^T A x is its direction")
class Quadratic(Norms):
    def forward(self, x: Tensor) -> Tensor:
        M = self.A.T @ self.A
        s = torch.einsum("bi,ij,bj->b", x, M, x)
        return torch.tanh(s).unsqueeze(-1) * (x @ M)


@examined(symmetric=False, psd=False, why="the norm is of A x, the direction is x")
class OtherDirection(Norms):
    def forward(self, x: Tensor) -> Tensor:
        s = (x @ self.A.T).norm(dim=-1, keepdim=True)
        return torch.tanh(s) * x


@examined(symmetric=False, psd=False, why="the centre of the norm is not that of the direction")
class OtherCentre(Norms):
    def forward(self, x: Tensor) -> Tensor:
        return torch.exp(-(x - self.d).pow(2).sum(-1, keepdim=True)) * x


@examined(symmetric=False, psd=False, why="an ellipsoidal norm with a spherical direction")
class Ellipsoid(Norms):
    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(1 + (self.d**2 * x**2).sum(-1, keepdim=True))


@examined(symmetric=True, psd=True, why="an ellipsoidal norm and its own direction")
class EllipsoidTied(Norms):
    def forward(self, x: Tensor) -> Tensor:
        e = self.d.exp()
        return e * x * torch.rsqrt(1 + (e * x**2).sum(-1, keepdim=True))


@examined(symmetric=True, psd=False, why="the direction D x of x^T D x with D of any sign")
class Indefinite(Norms):
    def forward(self, x: Tensor) -> Tensor:
        s = (self.d * x**2).sum(-1, keepdim=True)
        return torch.sigmoid(s) * self.d * x


@examined(symmetric=True, psd=True, why="a positive weight and a power above 1")
class PositiveScale(Norms):
    def forward(self, x: Tensor) -> Tensor:
        return F.softplus(self.p) * x * (1 + x.square().sum(-1, keepdim=True)) ** 0.25


@examined(symmetric=True, psd=False, why="psd if p >= 0")
class FreeScale(Norms):
    def forward(self, x: Tensor) -> Tensor:
        return self.p * x * x.norm(dim=-1, keepdim=True)


@examined(symmetric=True, psd=True, why="r (1 + r^2)^(-0.4) is nondecreasing")
class SmallPower(Norms):
    def forward(self, x: Tensor) -> Tensor:
        return x * (1 + x.square().sum(-1, keepdim=True)).pow(-0.4)


@examined(symmetric=True, psd=False, why="r (1 + r^2)^(-0.6) falls for large r")
class LargePower(Norms):
    def forward(self, x: Tensor) -> Tensor:
        return x * (1 + x.square().sum(-1, keepdim=True)).pow(-0.6)


@examined(symmetric=False, psd=False, why="the 1-norm is no potential of the identity")
class OneNorm(Norms):
    def forward(self, x: Tensor) -> Tensor:
        return x / (1 + x.abs().sum(-1, keepdim=True))


@examined(dim=1, symmetric=True, psd=True, why="in one dimension the 1-norm is the norm")
class OneNormOfOne(Norms):
    def forward(self, x: Tensor) -> Tensor:
        return x / (1 + x.abs().sum(-1, keepdim=True))


@examined(symmetric=True, psd=True, why="groups of their own, each shrunk by its norm")
class GroupShrink(Norms):
    def forward(self, x: Tensor) -> Tensor:
        pair, rest = x[:, :2], x[:, 2:]
        r = pair.norm(dim=-1, keepdim=True)
        return torch.cat([pair * F.relu(r - 1) / r.clamp(min=1.0), F.softshrink(rest, 1.0)], -1)
