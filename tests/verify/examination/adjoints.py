"""A^T sigma(A x + b) for linear maps A that are no matrix: convolutions, sums, moves of entries."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine, examined

Linear = Callable[[Tensor], Tensor]


class Sandwich(nn.Module):
    def __init__(self, there: Linear, back: Linear, width: int) -> None:
        super().__init__()
        self.there, self.back = there, back
        self.b = nn.Parameter(torch.randn(width))
        self.raw = nn.Parameter(torch.randn(width))

    def forward(self, x: Tensor) -> Tensor:
        return self.back(F.softplus(self.raw) * torch.tanh(self.there(x) + self.b))


def suffix_sums(z: Tensor) -> Tensor:
    return z.flip(-1).cumsum(-1).flip(-1)


def diff_adjoint(z: Tensor) -> Tensor:
    return F.pad(z, (1, 0)) - F.pad(z, (0, 1))


def haar(z: Tensor) -> Tensor:
    return torch.cat([z[:, 0::2] + z[:, 1::2], z[:, 0::2] - z[:, 1::2]], -1)


def haar_adjoint(z: Tensor) -> Tensor:
    s, d = z.chunk(2, -1)
    return torch.stack([s + d, s - d], -1).flatten(1)


CYCLE = torch.tensor([1, 2, 3, 0])
SWAP = torch.tensor([1, 0, 3, 2])
HIPPO = torch.tensor([[1.0, 2.0, 0.0, 0.0], [0.0, 1.0, 3.0, 0.0], [0.5, 0.0, 0.0, 1.0]])

PAIRS: dict[str, tuple[Linear, Linear, int]] = {
    "cumsum": (lambda x: x.cumsum(-1), suffix_sums, 4),
    "suffix_sums": (suffix_sums, lambda z: torch.cumsum(z, 1), 4),
    "cumsum_by_subtraction": (
        lambda x: x.cumsum(-1),
        lambda z: z.sum(-1, keepdim=True) - z.cumsum(-1) + z,
        4,
    ),
    "flip": (lambda x: x.flip(-1), lambda z: torch.flip(z, [1]), 4),
    "roll": (lambda x: x.roll(1, -1), lambda z: z.roll(-1, -1), 4),
    "roll_around": (lambda x: x.roll(1, -1), lambda z: z.roll(3, -1), 4),
    "permutation": (lambda x: x[:, CYCLE], lambda z: z[:, torch.argsort(CYCLE)], 4),
    "involution": (lambda x: x[:, SWAP], lambda z: z[:, SWAP], 4),
    "index_select": (
        lambda x: torch.index_select(x, 1, CYCLE),
        lambda z: torch.zeros_like(z).index_add(1, CYCLE, z),
        4,
    ),
    "diff": (lambda x: x.diff(dim=-1), diff_adjoint, 3),
    "diff_by_slices": (lambda x: x[:, 1:] - x[:, :-1], diff_adjoint, 3),
    "slice_and_pad": (lambda x: x[:, 1:3], lambda z: F.pad(z, (1, 1)), 2),
    "pad_and_slice": (lambda x: F.pad(x, (2, 1)), lambda z: z[:, 2:-1], 7),
    "every_second": (
        lambda x: x[:, ::2],
        lambda z: torch.stack([z, torch.zeros_like(z)], -1).reshape(-1, 4),
        2,
    ),
    "sum_and_expand": (lambda x: x.sum(-1, keepdim=True), lambda z: z.expand(-1, 4), 1),
    "mean_and_expand": (lambda x: x.mean(-1, keepdim=True), lambda z: z.repeat(1, 4) / 4, 1),
    "average_pool": (
        lambda x: F.avg_pool1d(x[:, None], 2).squeeze(1),
        lambda z: z.repeat_interleave(2, dim=-1) / 2,
        2,
    ),
    "repeat_and_sum": (lambda x: x.repeat(1, 2), lambda z: z[:, :4] + z[:, 4:], 8),
    "interleave_and_sum": (
        lambda x: x.repeat_interleave(2, -1),
        lambda z: z.reshape(-1, 4, 2).sum(-1),
        8,
    ),
    "haar": (haar, haar_adjoint, 4),
    "matrix_transpose": (
        lambda x: x.view(-1, 2, 2).mT.reshape(-1, 4),
        lambda z: z.reshape(-1, 2, 2).transpose(1, 2).flatten(1),
        4,
    ),
    "fixed_matrix": (lambda x: x @ HIPPO.to(x).T, lambda z: z @ HIPPO.to(z), 3),
    "tril": (
        lambda x: x @ torch.ones(4, 4, dtype=x.dtype).tril().T,
        lambda z: z @ torch.ones(4, 4, dtype=z.dtype).tril(),
        4,
    ),
    "unfold": (
        lambda x: x.unfold(1, 2, 1).flatten(1),
        lambda z: F.pad(z[:, ::2], (0, 1)) + F.pad(z[:, 1::2], (1, 0)),
        6,
    ),
    "first_and_rest": (
        lambda x: torch.cat([x[:, :1] * 2, x[:, 1:] - x[:, :1]], -1),
        lambda z: torch.cat([2 * z[:, :1] - z[:, 1:].sum(-1, keepdim=True), z[:, 1:]], -1),
        4,
    ),
}
MISMATCHED: dict[str, tuple[Linear, Linear, int]] = {
    "cumsum_twice": (lambda x: x.cumsum(-1), lambda z: z.cumsum(-1), 4),
    "roll_same_way": (lambda x: x.roll(1, -1), lambda z: z.roll(1, -1), 4),
    "roll_too_far": (lambda x: x.roll(1, -1), lambda z: z.roll(-2, -1), 4),
    "permutation_twice": (lambda x: x[:, CYCLE], lambda z: z[:, CYCLE], 4),
    "no_flip_back": (lambda x: x.flip(-1), lambda z: z, 4),
    "diff_of_other_sign": (lambda x: x.diff(dim=-1), lambda z: -diff_adjoint(z), 3),
    "slice_and_pad_elsewhere": (lambda x: x[:, 1:3], lambda z: F.pad(z, (0, 2)), 2),
    "mean_and_sum_of_part": (
        lambda x: x.mean(-1, keepdim=True),
        lambda z: F.pad(z.expand(-1, 3), (0, 1)),
        1,
    ),
    "interleave_and_halves": (
        lambda x: x.repeat_interleave(2, -1),
        lambda z: z[:, :4] + z[:, 4:],
        8,
    ),
    "haar_inverse_order": (haar, lambda z: haar(z), 4),
}


def sandwich(there: Linear, back: Linear, width: int) -> Callable[[], nn.Module]:
    return lambda: Sandwich(there, back, width)


for name, (there, back, width) in PAIRS.items():
    examine(
        sandwich(there, back, width),
        dim=4,
        symmetric=True,
        psd=True,
        why="the second linear map is the adjoint of the first",
        kind="adjoints",
        name=name,
    )
for name, (there, back, width) in MISMATCHED.items():
    examine(
        sandwich(there, back, width),
        dim=4,
        symmetric=name == "diff_of_other_sign",
        psd=False,
        why="the second linear map is not the adjoint of the first, or it is minus that",
        kind="adjoints",
        name=name,
    )


class Convolutions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(3, 1, 3))
        self.other = nn.Parameter(torch.randn(3, 1, 3))
        self.bias = nn.Parameter(torch.randn(3))


@examined(dim=6, symmetric=True, psd=True, why="conv_transpose1d is the adjoint of conv1d")
class Convolution(Convolutions):
    def forward(self, x: Tensor) -> Tensor:
        z = F.conv1d(x[:, None], self.kernel, self.bias, padding=1)
        return F.conv_transpose1d(torch.tanh(z), self.kernel, padding=1).squeeze(1)


@examined(dim=5, symmetric=True, psd=True, why="the adjoint, strided and dilated alike")
class StridedConvolution(Convolutions):
    def forward(self, x: Tensor) -> Tensor:
        z = F.conv1d(x.unsqueeze(1), self.kernel, stride=2, padding=2, dilation=2)
        return F.conv_transpose1d(F.relu(z), self.kernel, stride=2, padding=2, dilation=2)[:, 0]


@examined(dim=6, symmetric=True, psd=True, why="softmax over channels between a pair of adjoints")
class ConvolutionSoftmax(Convolutions):
    def forward(self, x: Tensor) -> Tensor:
        z = F.conv1d(x.view(-1, 1, 6), self.kernel, self.bias)
        return F.conv_transpose1d(torch.softmax(z, 1), self.kernel).view(-1, 6)


@examined(dim=9, symmetric=True, psd=True, why="images: conv2d and its adjoint")
class Convolution2d(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        z = F.softplus(self.conv(x.reshape(-1, 1, 3, 3)))
        return F.conv_transpose2d(z, self.conv.weight, padding=1).reshape(-1, 9)


@examined(dim=5, symmetric=True, psd=True, why="circular padding and its adjoint by folding back")
class CircularConvolution(Convolutions):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.tanh(F.conv1d(F.pad(x[:, None], (1, 1), mode="circular"), self.kernel))
        y = F.conv_transpose1d(z, self.kernel)[:, 0]
        first, middle, last = y[:, :1], y[:, 1:-1], y[:, -1:]
        return middle + F.pad(last, (0, 4)) + F.pad(first, (4, 0))


@examined(dim=6, symmetric=True, psd=True, why="the adjoint of a convolution is one with a flip")
class FlippedKernel(Convolutions):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.sigmoid(F.conv1d(x[:, None], self.kernel, padding=1))
        return F.conv1d(z, self.kernel.flip(-1).transpose(0, 1), padding=1)[:, 0]


@examined(dim=6, symmetric=False, psd=False, why="conv1d twice, the kernel not flipped")
class KernelNotFlipped(Convolutions):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.sigmoid(F.conv1d(x[:, None], self.kernel, padding=1))
        return F.conv1d(z, self.kernel.transpose(0, 1), padding=1)[:, 0]


@examined(dim=6, symmetric=False, psd=False, why="two kernels")
class UntiedConvolution(Convolutions):
    def forward(self, x: Tensor) -> Tensor:
        z = F.conv1d(x[:, None], self.kernel, self.bias, padding=1)
        return F.conv_transpose1d(torch.tanh(z), self.other, padding=1).squeeze(1)


@examined(dim=6, symmetric=False, psd=False, why="reflected padding without its adjoint")
class ReflectedPadding(Convolutions):
    def forward(self, x: Tensor) -> Tensor:
        z = F.conv1d(F.pad(x[:, None], (1, 1), mode="reflect"), self.kernel)
        return F.conv_transpose1d(torch.tanh(z), self.kernel, padding=1)[:, 0]


@examined(
    dim=6, symmetric=True, psd=True, why="a convex ridge regularizer: splines of convolutions"
)
class ConvexRidge(Convolutions):
    def forward(self, x: Tensor) -> Tensor:
        centred = self.kernel - self.kernel.mean(-1, keepdim=True)
        z = F.conv1d(x[:, None], centred, padding=1)
        slope = F.softplus(self.bias)[:, None]
        return F.conv_transpose1d(slope * torch.clamp(z, -1, 1), centred, padding=1)[:, 0]
