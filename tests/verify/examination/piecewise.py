"""Maps defined in pieces: torch.where, sort, floor, argmax, masks."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined


class Pieces(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 3))
        self.A = nn.Parameter(torch.randn(2, 3))
        self.b = nn.Parameter(torch.randn(4))
        self.v = nn.Parameter(torch.randn(3))
        self.low = nn.Parameter(torch.randn(3))
        self.high = nn.Parameter(torch.randn(3))
        self.p = nn.Parameter(torch.randn(()))


@examined(symmetric=True, psd=True, why="grad max_k (W_k x + b_k): the row of the first maximum")
class MaxAffine(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return self.W[torch.argmax(x @ self.W.T + self.b, dim=-1)]


@examined(symmetric=False, psd=False, why="the row of another matrix where W x + b is largest")
class NearestOther(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return (self.W.roll(1, 0))[torch.argmax(x @ self.W.T + self.b, dim=-1)]


@examined(symmetric=True, psd=True, why="two slopes, one a side, elementwise")
class TwoSlopes(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T + self.b
        return torch.where(z > 0, 3 * z, 0.5 * z) @ self.W


@examined(symmetric=True, psd=False, why="the second piece falls")
class SlopeDown(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T + self.b
        return torch.where(z > 0, torch.sin(z), z) @ self.W


@examined(
    symmetric=True,
    psd=False,
    why="both pieces rise, the jump between them falls",
    values={"W": torch.eye(4, 3), "b": 0.0},
    points=((0.25, 0, 0), (0.255, 0, 0)),
)
class JumpDown(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T + self.b
        return torch.where(z > 0.25, z - 0.01, z) @ self.W


@examined(symmetric=True, psd=True, why="both pieces rise and so does the jump")
class JumpUp(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T + self.b
        return torch.where(z > 0.25, z + 0.01, z) @ self.W


@examined(symmetric=True, psd=True, why="exp on the left, a parabola on the right, fitting at 0")
class ExpThenParabola(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T
        return torch.where(z < 0, torch.exp(z), 1 + z + z**2 / 2) @ self.W


@examined(symmetric=True, psd=True, why="log z only where z > 1")
class LogWhereSafe(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T
        return torch.where(z > 1, torch.log(z), z - 1) @ self.W


@examined(symmetric=None, psd=False, why="log z at z = 0, where nothing shields it", scored=False)
class LogWhereUnsafe(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T
        return torch.where(z >= 0, torch.log(z), z - 1) @ self.W


@examined(symmetric=True, psd=True, why="u u^T (x - c) added on one side of u . x = u . c")
class RidgeSwitch(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        s = x @ self.v - self.p
        return torch.where(s[:, None] > 0, x + s[:, None] * self.v, x)


@examined(
    symmetric=False, psd=False, why="doubled on one side of a plane, which it then tears along"
)
class TornAtThePlane(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where((x @ self.v)[:, None] > 0, 2 * x, x)


@examined(symmetric=False, psd=False, why="a gradient on each side, different along the plane")
class TwoFields(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        f, g = torch.tanh(x), torch.tanh(x @ self.W.T) @ self.W
        return torch.where(x[:, :1] > self.p, f, g)


@examined(symmetric=True, psd=True, why="doubled outside a ball: it jumps outwards")
class DoubledOutside(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x.norm(dim=-1, keepdim=True) > 1, 2 * x, x)


@examined(symmetric=True, psd=False, why="doubled inside a ball: it jumps inwards")
class DoubledInside(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x.norm(dim=-1, keepdim=True) < 1, 2 * x, x)


@examined(symmetric=False, psd=False, why="another field outside a ball")
class OtherOutside(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x.norm(dim=-1, keepdim=True) > 1, x * self.v, x)


@examined(
    symmetric=False, psd=False, why="V^T floor(W x): the Jacobian is 0, the circulation is not"
)
class UntiedFloor(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return torch.floor(x @ self.W.T) @ self.W.flip(0)


@examined(symmetric=False, psd=False, why="V^T sign(W x)")
class UntiedSign(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sign(x @ self.W.T) @ (self.W + self.b[:, None])


@examined(symmetric=True, psd=True, why="quantized, tied")
class Quantized(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T / 0.1
        return (torch.round(z) * 0.1) @ self.W


@examined(symmetric=True, psd=True, why="grad of the largest entry: ties share by amax")
class LargestEntry(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        best = (x == x.amax(-1, keepdim=True)).to(x.dtype)
        return best / best.sum(-1, keepdim=True)


@examined(symmetric=False, psd=False, why="sorting three entries: cycles of length 3")
class SortThree(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return x.sort(dim=-1).values


@examined(
    dim=2, symmetric=True, psd=False, why="sorting two: the identity or the exchange, grad xy"
)
class SortTwo(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sort(x, dim=-1)[0]


@examined(symmetric=True, psd=True, why="sorted, weighted by increasing weights, put back")
class SortedWeights(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        rank = torch.argsort(torch.argsort(x, dim=-1, stable=True), dim=-1, stable=True)
        return torch.cumsum(F.softplus(self.low), 0)[rank]


@examined(symmetric=True, psd=False, why="the weights of the ranks are free")
class RankWeights(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        rank = torch.argsort(torch.argsort(x, dim=-1, stable=True), dim=-1, stable=True)
        return self.low[rank]


@examined(symmetric=True, psd=True, why="max(x, 0) - max(-x, 0) is x")
class PositiveAndNegative(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return torch.maximum(x, torch.zeros_like(x)) - (-x).clamp(min=0)


@examined(symmetric=False, psd=False, why="the maximum of neighbours")
class MaxPool(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return torch.maximum(x, x.roll(1, -1))


@examined(symmetric=False, psd=False, why="maxout, untied")
class Maxout(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return (x @ self.W.T + self.b).view(-1, 2, 2).amax(-1) @ self.A


@examined(symmetric=False, psd=False, why="running maxima")
class Cummax(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cummax(x, -1).values


@examined(symmetric=True, psd=True, why="a masked entry: where with a fixed mask")
class Masked(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        mask = torch.tensor([True, False, True])
        return torch.where(mask, torch.tanh(x), torch.zeros_like(x))


@examined(symmetric=True, psd=True, why="masked_fill, both sides alike")
class MaskedFill(Pieces):
    def forward(self, x: Tensor) -> Tensor:
        mask = torch.tensor([False, True, False, True])
        return F.softplus(x @ self.W.T).masked_fill(mask, 0.0) @ self.W
