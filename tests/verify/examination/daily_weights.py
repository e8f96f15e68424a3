"""One linear map and its adjoint, tied in many spellings."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class Filters1d(nn.Module):
    def __init__(self, stride: int = 1) -> None:
        super().__init__()
        self.kernel = nn.Parameter(0.5 * torch.randn(4, 1, 3))
        self.bias = nn.Parameter(torch.zeros(4))
        self.stride = stride

    def analyse(self, x: Tensor) -> Tensor:
        return F.conv1d(x[:, None], self.kernel, self.bias, stride=self.stride, padding=1)

    def synthesise(self, y: Tensor) -> Tensor:
        return F.conv_transpose1d(y, self.kernel, stride=self.stride, padding=1).squeeze(1)

    def forward(self, x: Tensor) -> Tensor:
        return self.synthesise(F.softplus(self.analyse(x)))


@convex("a convolution and its adjoint", dim=6)
def filters() -> nn.Module:
    return Filters1d()


@convex("with a stride that fits the length", dim=5)
def filters_with_stride() -> nn.Module:
    return Filters1d(stride=2)


@no_gradient("the same correlation once more is no adjoint", dim=5)
class FiltersAgain(Filters1d):
    def synthesise(self, y: Tensor) -> Tensor:
        return F.conv1d(y, self.kernel.transpose(0, 1), padding=1).squeeze(1)


@convex("the adjoint by a flipped kernel", dim=5)
class FiltersFlipped(Filters1d):
    def synthesise(self, y: Tensor) -> Tensor:
        return F.conv1d(y, self.kernel.transpose(0, 1).flip(-1), padding=1).squeeze(1)


@convex("images of 2 x 3 pixels", dim=6)
class Filters2d(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, kernel_size=3, padding=1, bias=False)
        self.act = nn.Tanh()

    def forward(self, x: Tensor) -> Tensor:
        image = x.unflatten(1, (1, 2, 3))
        maps = self.act(self.conv(image))
        return F.conv_transpose2d(maps, self.conv.weight, padding=1).flatten(1)


@convex("the adjoint of a running sum runs from the other end", dim=4)
class Cumulative(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.b = nn.Parameter(torch.zeros(4))

    def back(self, g: Tensor) -> Tensor:
        return g.flip(-1).cumsum(-1).flip(-1)

    def forward(self, x: Tensor) -> Tensor:
        return self.back(torch.sigmoid(x.cumsum(-1) + self.b))


@no_gradient("two running sums from the same end", dim=4)
class CumulativeTwice(Cumulative):
    def back(self, g: Tensor) -> Tensor:
        return g.cumsum(-1)


@convex("smoothed total variation on a ring", dim=5)
class RingVariation(nn.Module):
    shift = 1

    def __init__(self) -> None:
        super().__init__()
        self.log_weight = nn.Parameter(torch.zeros(5))

    def forward(self, x: Tensor) -> Tensor:
        d = torch.roll(x, -1, dims=1) - x
        g = self.log_weight.exp() * d / torch.sqrt(1 + d * d)
        return torch.roll(g, self.shift, dims=1) - g


@no_gradient("rolled the same way twice", dim=5)
class RingVariationWrongWay(RingVariation):
    shift = -1


@convex("differences and their adjoint by padding", dim=5)
class Differences(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))

    def forward(self, x: Tensor) -> Tensor:
        g = torch.atan(self.scale * torch.diff(x, dim=-1)) * self.scale
        return F.pad(g, (1, 0)) - F.pad(g, (0, 1))


@convex("heads of a matrix with three axes, softmax in each")
class Heads(nn.Module):
    back = "bhk,hki->bi"

    def __init__(self) -> None:
        super().__init__()
        self.keys = nn.Parameter(torch.randn(2, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        scores = torch.einsum("bi,hki->bhk", x, self.keys)
        return torch.einsum(self.back, scores.softmax(dim=-1), self.keys)


@no_gradient("two axes exchanged on the way back")
class HeadsExchanged(Heads):
    back = "bhk,hik->bi"


@convex("a triangular matrix with a unit diagonal", dim=4)
class Triangular(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.randn(4, 4))

    def back(self) -> Tensor:
        return self.matrix()

    def matrix(self) -> Tensor:
        return torch.tril(self.raw, diagonal=-1) + torch.eye(4, dtype=self.raw.dtype)

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x @ self.matrix()) @ self.back().mT


@no_gradient("the other triangle on the way back", dim=4)
class TriangularOther(Triangular):
    def back(self) -> Tensor:
        return torch.tril(self.raw.mT, diagonal=-1) + torch.eye(4, dtype=self.raw.dtype)


@convex("one level of Haar wavelets, details shrunk", dim=4)
class Haar(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.threshold = nn.Parameter(torch.tensor([0.1, 0.2]))

    def forward(self, x: Tensor) -> Tensor:
        even, odd = x[:, 0::2], x[:, 1::2]
        a, d = (even + odd) / math.sqrt(2), (even - odd) / math.sqrt(2)
        d = torch.sign(d) * F.relu(d.abs() - self.threshold.abs())
        return torch.stack([a + d, a - d], dim=2).flatten(1) / math.sqrt(2)


@no_gradient("a cycle of three applied twice")
class Permuted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("order", torch.tensor([1, 2, 0]))
        self.order: Tensor
        self.b = nn.Parameter(torch.zeros(3))

    def back(self) -> Tensor:
        return self.order

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x[:, self.order] + self.b)[:, self.back()]


@convex("an order and its inverse")
class PermutedBack(Permuted):
    def back(self) -> Tensor:
        return torch.argsort(self.order)


@convex("means of pairs, given back to both", dim=4)
class Pooled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.b = nn.Parameter(torch.zeros(2))

    def forward(self, x: Tensor) -> Tensor:
        coarse = F.avg_pool1d(x.unsqueeze(1), 2).squeeze(1)
        return torch.repeat_interleave(F.gelu(coarse + self.b) + 0.2 * coarse, 2, dim=1) / 2


@convex("patches of an image, unfolded and folded", dim=4)
class Patchwise(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.q = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        patches = F.unfold(x.view(-1, 1, 2, 2), 2, padding=1)
        g = torch.tanh(self.q(patches.transpose(1, 2))) @ self.q.weight
        return F.fold(g.transpose(1, 2), (2, 2), 2, padding=1).flatten(1)


@gradient_only("two branches on the diagonal of blocks, one of them swish", dim=4)
class TwoBlocks(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.randn(3, 2))
        self.b = nn.Parameter(torch.randn(2, 2))

    def forward(self, x: Tensor) -> Tensor:
        w = torch.block_diag(self.a, self.b)
        return F.silu(x @ w.T) @ w
