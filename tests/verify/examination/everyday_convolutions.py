"""Convolutions, patches and their adjoints, and code that only looks like the adjoint."""

# Parts that torch makes have no narrower type than Tensor | Module.
# pyright: reportArgumentType=false

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined


class CircularConv(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 3, 3, padding=1, padding_mode="circular", bias=False)

    def adjoint(self, z: Tensor) -> Tensor:
        kernel = self.conv.weight.flip(-1).transpose(0, 1)
        return F.conv1d(F.pad(z, (1, 1), mode="circular"), kernel)

    def forward(self, x: Tensor) -> Tensor:
        return self.adjoint(F.softplus(self.conv(x.unsqueeze(1)))).squeeze(1)


@examined(dim=5, symmetric=True, psd=True, why="circular in both directions, the kernel flipped")
def circular_convolution() -> nn.Module:
    return CircularConv()


@examined(dim=5, symmetric=False, psd=False, why="the kernel is not flipped")
class CircularNotFlipped(CircularConv):
    def adjoint(self, z: Tensor) -> Tensor:
        z = F.pad(z, (1, 1), mode="circular")
        return F.conv1d(z, self.conv.weight.transpose(0, 1))


@examined(dim=5, symmetric=False, psd=False, why="circular there, zeros on the way back")
class CircularZerosBack(CircularConv):
    def adjoint(self, z: Tensor) -> Tensor:
        return F.conv_transpose1d(z, self.conv.weight, padding=1)


@examined(dim=6, symmetric=True, psd=True, why="two channels, each with kernels of its own")
class Depthwise(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(4, 1, 2))

    def forward(self, x: Tensor) -> Tensor:
        z = F.conv1d(x.view(-1, 2, 3), self.kernel, groups=2, padding=1)
        return F.conv_transpose1d(torch.tanh(z), self.kernel, groups=2, padding=1).flatten(1)


@examined(dim=9, symmetric=True, psd=True, why="a chain of convolutions and its adjoint, reversed")
class MultiConv(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        sizes = [(1, 2), (2, 3)]
        self.convs = nn.ModuleList(nn.Conv2d(i, o, 2, padding=1, bias=False) for i, o in sizes)
        self.log_slope = nn.Parameter(torch.zeros(1, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        y = x.view(-1, 1, 3, 3)
        for conv in self.convs:
            y = conv(y)
        y = F.hardtanh(y) * self.log_slope.exp()
        for conv in reversed(self.convs):
            y = F.conv_transpose2d(y, conv.weight, padding=1)
        return y.reshape(-1, 9)


@examined(dim=6, symmetric=False, psd=False, why="the adjoints are not reversed")
class MultiConvForwards(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv1d(2, 2, 3, padding=1, bias=False) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        y = x.view(-1, 2, 3)
        for conv in self.convs:
            y = conv(y)
        y = torch.atan(y)
        for conv in self.convs:
            y = F.conv_transpose1d(y, conv.weight, padding=1)
        return y.flatten(1)


@examined(dim=5, symmetric=True, psd=True, why="Conv1d and ConvTranspose1d with one weight")
class SharedModules(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv1d(1, 4, 3)
        self.up = nn.ConvTranspose1d(4, 1, 3)
        self.up.weight = self.down.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.up(F.relu(self.down(x[:, None, :])))[:, 0]


@examined(dim=5, symmetric=False, psd=False, why="an autoencoder, decoder and encoder apart")
class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = nn.Conv1d(1, 4, 3), nn.ConvTranspose1d(4, 1, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.up(F.relu(self.down(x[:, None, :])))[:, 0]


@examined(dim=5, symmetric=False, psd=False, why="cropped at the wrong end")
class Cropped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(2, 1, 3))

    def forward(self, x: Tensor) -> Tensor:
        z = torch.tanh(F.conv1d(x[:, None], self.weight, padding=1))
        return F.conv_transpose1d(z, self.weight)[:, 0, 2:]


@examined(dim=9, symmetric=True, psd=True, why="patches by unfold, put back by fold")
class Patches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.atoms = nn.Parameter(torch.randn(3, 4))

    def forward(self, x: Tensor) -> Tensor:
        patches = F.unfold(x.view(-1, 1, 3, 3), 2)
        z = F.softshrink(self.atoms @ patches, 0.2)
        return F.fold(self.atoms.t() @ z, (3, 3), 2).flatten(1)
