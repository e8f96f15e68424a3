"""The places of maxima: maxout, argmax, one-hot rows, nearest points, and their wrong versions."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine
from .icnn import gradient

Field = Callable[["Rows", Tensor], Tensor]


class Rows(nn.Module):
    """A field of W x + b, eight numbers; c and V are for what is made of them."""

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(8, 3))
        self.b, self.c = nn.Parameter(torch.randn(8)), nn.Parameter(torch.randn(4))
        self.V, self.U = nn.Parameter(torch.randn(6, 4)), nn.Parameter(torch.randn(6, 3))
        self.field = field

    def z(self, x: Tensor) -> Tensor:
        return x @ self.W.T + self.b

    def pairs(self, x: Tensor) -> Tensor:
        return self.z(x).view(-1, 4, 2).max(-1).values

    def distances(self, x: Tensor) -> Tensor:
        return torch.cdist(x, self.W)

    def maxout(self, x: Tensor, V: Tensor) -> Tensor:
        return (self.pairs(x) @ V.T + x @ self.U.T).view(-1, 3, 2).max(dim=-1)[0].sum(-1)

    def forward(self, x: Tensor) -> Tensor:
        return self.field(self, x)


def straight_through(s: Rows, x: Tensor) -> Tensor:
    soft = torch.softmax(s.z(x), -1)
    hard = F.one_hot(s.z(x).argmax(-1), 8).to(x.dtype)
    return ((hard - soft).detach() + soft) @ s.W


def scattered(s: Rows, x: Tensor) -> Tensor:
    z = s.z(x)
    return torch.zeros_like(z).scatter_(1, z.argmax(1, keepdim=True), 1.0) @ s.W


def gathered(s: Rows, x: Tensor) -> Tensor:
    z = s.z(x)
    return z.gather(1, z.argmax(1, keepdim=True)).squeeze(1)


PSD: dict[str, Field] = {
    "maxout_gradient": lambda s, x: gradient(lambda y: s.pairs(y) @ F.softplus(s.c), x),
    "maxout_layers": lambda s, x: gradient(lambda y: s.maxout(y, F.softplus(s.V)), x),
    "relu_of_max": lambda s, x: gradient(lambda y: F.relu(s.z(y).max(-1).values), x),
    "squared_hinge_of_max": lambda s, x: gradient(lambda y: F.relu(s.z(y).max(1)[0]) ** 2, x),
    "minus_min": lambda s, x: gradient(lambda y: -s.z(y).min(-1).values, x),
    "gathered": lambda s, x: gradient(lambda y: gathered(s, y), x),
    "indices_of_max": lambda s, x: s.W[s.z(x).max(-1).indices],
    "one_hot": lambda s, x: F.one_hot(s.z(x).argmax(-1), 8).to(x.dtype) @ s.W,
    "scattered": scattered,
    "index_select": lambda s, x: torch.index_select(s.W, 0, s.z(x).argmax(1)),
    "embedding": lambda s, x: F.embedding(s.z(x).argmax(1), s.W),
    "nearest_by_cdist": lambda s, x: s.W[s.distances(x).argmin(-1)],
    "straight_through": straight_through,
    "one_hot_of_x": lambda s, x: F.one_hot(x.argmax(-1), 3).to(x.dtype),
}
SYMMETRIC: dict[str, Field] = {
    "maxout_any_sign": lambda s, x: gradient(lambda y: s.maxout(y, s.V), x),
    "plus_min": lambda s, x: gradient(lambda y: s.z(y).min(-1).values, x),
    "farthest": lambda s, x: s.W[s.distances(x).argmax(-1)],
    "minus_rows": lambda s, x: -s.W[s.z(x).argmax(1)],
    "rows_of_the_least": lambda s, x: s.W[s.z(x).argmin(1)],
    "identity_less_one_hot": lambda s, x: x - F.one_hot(x.argmax(-1), 3).to(x.dtype),
}
NEITHER: dict[str, Field] = {
    "other_rows": lambda s, x: s.W.flip(0)[s.z(x).argmax(1)],
    "one_hot_of_another": lambda s, x: F.one_hot(x.flip(-1).argmax(-1), 3).to(x.dtype),
    "sum_times_one_hot": lambda s, x: F.one_hot(x.argmax(-1), 3) * x.sum(-1, keepdim=True),
}


def of(field: Field) -> Callable[[], nn.Module]:
    return lambda: Rows(field)


for name, field in PSD.items():
    why = "a subgradient of a maximum of convex functions: of the first that attains it"
    examine(of(field), symmetric=True, psd=True, why=why, kind="maxima", name=name)
for name, field in SYMMETRIC.items():
    why = "of a maximum that is not convex, or of a minimum"
    examine(of(field), symmetric=True, psd=False, why=why, kind="maxima", name=name)
for name, field in NEITHER.items():
    why = "other rows than those of the maximum"
    examine(of(field), symmetric=False, psd=False, why=why, kind="maxima", name=name)
