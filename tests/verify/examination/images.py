"""Layers of images: convolutions over two axes, of vectors that are laid out as images."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .entry import examined


class Filters(nn.Module):
    """A K x + b and its adjoint, on images of ``channels`` of side ``side``."""

    side, channels, stride = 5, 1, 1

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(self.channels, 2, 3, self.stride, padding=1)

    def responses(self, x: Tensor) -> Tensor:
        return self.conv(x.view(-1, self.channels, self.side, self.side))

    def adjoint(self, z: Tensor) -> Tensor:
        y = F.conv_transpose2d(z, self.conv.weight, None, self.stride, padding=1)
        return y.flatten(1)


@examined(dim=25, symmetric=True, psd=True, why="filters, an activation and their adjoint")
class Denoiser(Filters):
    def forward(self, x: Tensor) -> Tensor:
        return self.adjoint(torch.tanh(self.responses(x)))


@examined(dim=25, symmetric=True, psd=True, why="every second pixel, there and back")
class Strided(Filters):
    stride = 2

    def forward(self, x: Tensor) -> Tensor:
        return self.adjoint(F.softplus(self.responses(x)))


@examined(dim=27, symmetric=True, psd=True, why="three colours")
class Colours(Filters):
    side, channels = 3, 3

    def forward(self, x: Tensor) -> Tensor:
        return self.adjoint(F.relu(self.responses(x)))


@examined(dim=25, symmetric=True, psd=True, why="two layers of filters without a bias between")
class TwoLayers(Filters):
    def __init__(self) -> None:
        super().__init__()
        self.second = nn.Conv2d(2, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        z = torch.sigmoid(self.second(self.responses(x)))
        return self.adjoint(F.conv_transpose2d(z, self.second.weight, padding=1))


@examined(dim=25, symmetric=True, psd=True, why="the gradient of a convex energy of the responses")
class Energy(Filters):
    def forward(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            x = x if x.requires_grad else x.clone().requires_grad_()
            energy = F.softplus(self.responses(x)).sum()
            return torch.autograd.grad(energy, x, create_graph=True)[0]


@examined(dim=25, symmetric=True, psd=False, why="the activation falls")
class Falling(Filters):
    def forward(self, x: Tensor) -> Tensor:
        return self.adjoint(torch.cos(self.responses(x)))


@examined(dim=25, symmetric=False, psd=False, why="filters of its own on the way back")
class Untied(Filters):
    def __init__(self) -> None:
        super().__init__()
        self.back = nn.ConvTranspose2d(2, 1, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.back(torch.tanh(self.responses(x))).flatten(1)


@examined(dim=25, symmetric=False, psd=False, why="the image is turned on the way back")
class Turned(Filters):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.tanh(self.responses(x))
        y = F.conv_transpose2d(z, self.conv.weight, padding=1)
        return y.transpose(2, 3).flatten(1)


@examined(dim=25, symmetric=False, psd=False, why="the filters are flipped on the way back")
class Flipped(Filters):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.tanh(self.responses(x))
        return F.conv_transpose2d(z, self.conv.weight.flip(2), padding=1).flatten(1)


@examined(dim=27, symmetric=False, psd=False, why="colours come first there and last back")
class ColoursLast(Filters):
    side, channels = 3, 3

    def forward(self, x: Tensor) -> Tensor:
        z = torch.tanh(self.responses(x))
        y = F.conv_transpose2d(z, self.conv.weight, padding=1)
        return y.permute(0, 2, 3, 1).flatten(1)
