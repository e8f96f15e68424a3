"""Powers with exponents that are not whole, constant and learned, and their wrong versions."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine
from .icnn import gradient

Field = Callable[["Powers", Tensor], Tensor]


class Powers(nn.Module):
    def __init__(self, field: Field) -> None:
        super().__init__()
        self.W, self.b = nn.Parameter(torch.randn(4, 3)), nn.Parameter(torch.randn(4))
        self.p = nn.Parameter(torch.randn(()))
        self.field = field

    def z(self, x: Tensor) -> Tensor:
        return x @ self.W.T + self.b

    def forward(self, x: Tensor) -> Tensor:
        return self.field(self, x)


def radius(x: Tensor) -> Tensor:
    return x.norm(dim=-1, keepdim=True)


def smooth(x: Tensor) -> Tensor:
    return 1 + x.square().sum(-1, keepdim=True)


PSD: dict[str, Field] = {
    "relu": lambda s, x: F.relu(s.z(x)).pow(1.5) @ s.W,
    "softplus": lambda s, x: F.softplus(s.z(x)).pow(0.7) @ s.W,
    "minus_inverse": lambda s, x: -F.softplus(s.z(x)).pow(-0.7) @ s.W,
    "signed": lambda s, x: (torch.sign(s.z(x)) * s.z(x).abs() ** 1.3) @ s.W,
    "potential_of_abs": lambda s, x: gradient(lambda y: s.z(y).abs().pow(1.5).sum(-1), x),
    "potential_of_relu": lambda s, x: gradient(lambda y: F.relu(s.z(y)).pow(2.5).sum(-1), x),
    "learned": lambda s, x: (F.relu(s.z(x)) ** (1 + F.softplus(s.p))) @ s.W,
    "learned_each": lambda s, x: (F.softplus(s.z(x)) ** F.softplus(s.b)) @ s.W,
    "learned_potential": lambda s, x: gradient(
        lambda y: (F.relu(s.z(y)) ** (1 + F.softplus(s.p))).sum(-1), x
    ),
    "radial_learned": lambda s, x: x * smooth(x).pow(F.softplus(s.p)),
    "radial_norm": lambda s, x: x * radius(x) ** 1.5,
    "radial_root": lambda s, x: x * (radius(x) + 1) ** -0.5,
}
SYMMETRIC: dict[str, Field] = {
    "any_weights": lambda s, x: (F.relu(s.z(x)).pow(1.5) * s.b) @ s.W,
    "inverse": lambda s, x: F.softplus(s.z(x)).pow(-0.7) @ s.W,
    "learned_any_sign": lambda s, x: (F.softplus(s.z(x)) ** s.b) @ s.W,
    "radial_falls": lambda s, x: x * (radius(x) + 1) ** -1.5,
    "abs_without_sign": lambda s, x: (s.z(x).abs() ** 1.3) @ s.W,
}
NEITHER: dict[str, Field] = {
    "other_rows": lambda s, x: F.relu(s.z(x)).pow(1.5) @ s.W.flip(0),
    "mixed": lambda s, x: x * x.flip(-1).square().add(1).pow(0.3),
}


def of(field: Field) -> Callable[[], nn.Module]:
    return lambda: Powers(field)


for name, field in PSD.items():
    why = "the power rises, or r times it"
    examine(of(field), symmetric=True, psd=True, why=why, kind="powers", name=name)
for name, field in SYMMETRIC.items():
    why = "a power that falls somewhere"
    examine(of(field), symmetric=True, psd=False, why=why, kind="powers", name=name)
for name, field in NEITHER.items():
    why = "a power that is not tied"
    examine(of(field), symmetric=False, psd=False, why=why, kind="powers", name=name)
