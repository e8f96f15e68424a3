"""Constraints on weights, parametrizations, linear maps with their adjoints, sums."""

# Written as users write: their attributes have no types.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOperatorIssue=false

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from .everyday import convex, gradient_only, no_gradient


class Amplitudes(nn.Module):
    def __init__(self, dim: int = 3, width: int = 4):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width, dim))
        self.bias = nn.Parameter(torch.randn(width))
        self.gain = nn.Parameter(torch.randn(width))

    def positive(self) -> Tensor:
        return self.gain

    def forward(self, x):
        h = torch.tanh(F.linear(x, self.weight, self.bias))
        return (h * self.positive()) @ self.weight


@convex("elu + 1 is positive")
class EluPlusOne(Amplitudes):
    def positive(self):
        return F.elu(self.gain) + 1


@gradient_only("elu + 1/2 is not")
class EluPlusHalf(Amplitudes):
    def positive(self):
        return F.elu(self.gain) + 0.5


@convex("clipped at 0")
class ClampedGain(Amplitudes):
    def positive(self):
        return self.gain.clamp(min=0.0, max=10.0)


@convex("sigmoid times an upper bound")
class SigmoidGain(Amplitudes):
    def positive(self):
        return 5.0 * torch.sigmoid(self.gain)


@gradient_only("silu is negative somewhere")
class SiluGain(Amplitudes):
    def positive(self):
        return F.silu(self.gain)


@convex("a sum of squares plus a modulus, by torch.diag")
class DiagonalOfSquares(Amplitudes):
    def forward(self, x):
        D = torch.diag((self.gain**2).sum() + self.gain.abs())
        return F.softplus(x @ self.weight.T + self.bias) @ D @ self.weight


@convex("a mixture of three layers, weights by softmax of a parameter", dim=2)
class MixtureOfLayers(nn.Module):
    def __init__(self, dim=2, width=5):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(dim, width) for _ in range(3)])
        self.logits = nn.Parameter(torch.zeros(3))
        self.acts = [torch.tanh, F.relu, torch.sigmoid]

    def forward(self, x):
        w = torch.softmax(self.logits, dim=0)
        parts = [a(l(x)) @ l.weight for a, l in zip(self.acts, self.layers, strict=True)]
        return sum(c * p for c, p in zip(w, parts, strict=True))


@gradient_only("a difference of two monotone layers, plus x")
class DifferenceOfLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.plus, self.minus = nn.Linear(3, 4), nn.Linear(3, 4)

    def forward(self, x):
        up = self.plus(x).relu() @ self.plus.weight
        down = self.minus(x).relu() @ self.minus.weight
        return x + up - down


class Square(nn.Module):
    def forward(self, X):
        return X * X


class Symmetrize(nn.Module):
    def forward(self, X):
        return 0.5 * (X + X.transpose(-1, -2))


class Skew(nn.Module):
    def forward(self, X):
        return X.triu(1) - X.triu(1).transpose(-1, -2)


@convex("diagonal scales by a registered square")
class SquaredScales(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.randn(3))
        parametrize.register_parametrization(self, "scale", Square())

    def forward(self, x):
        return self.scale * torch.asinh(x) + 0.1 * x


@gradient_only("a symmetric matrix of any sign", dim=4)
def symmetric_linear_layer():
    layer = nn.Linear(4, 4)
    parametrize.register_parametrization(layer, "weight", Symmetrize())
    return layer


@no_gradient("x + S x with a skew S: monotone, no gradient")
class IdentityPlusSkew(nn.Module):
    def __init__(self):
        super().__init__()
        self.S = nn.Linear(3, 3, bias=False)
        parametrize.register_parametrization(self.S, "weight", Skew())

    def forward(self, x):
        return x + self.S(x)


class NormedRidge(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = parametrizations.weight_norm(nn.Linear(3, 5))

    def forward(self, x):
        z = self.lin(x)
        return F.linear(F.softsign(z), self.lin.weight.T)


@convex("weight_norm, its weight used twice")
class WeightNormRidge(NormedRidge):
    pass


@gradient_only("forth with the normed weight, back with the direction: a gain of any sign")
class WeightNormDirection(NormedRidge):
    def forward(self, x):
        v = self.lin.parametrizations.weight.original1
        return F.softsign(self.lin(x)) @ v


@convex("an orthogonal frame, a threshold in it", dim=3)
class OrthogonalThreshold(nn.Module):
    def __init__(self):
        super().__init__()
        self.frame = parametrizations.orthogonal(nn.Linear(3, 3, bias=False))
        self.t = nn.Parameter(torch.zeros(3))

    def forward(self, x):
        c = self.frame(x)
        return (F.relu(c - self.t.exp()) - F.relu(-c - self.t.exp())) @ self.frame.weight


@convex("the exponential of a symmetric matrix")
class MatrixExponential(nn.Module):
    def __init__(self):
        super().__init__()
        self.A = nn.Parameter(0.3 * torch.randn(3, 3))

    def forward(self, x):
        return x @ torch.matrix_exp(self.A + self.A.T)


@convex("diagonal plus low rank")
class DiagonalPlusLowRank(nn.Module):
    def __init__(self, dim=3, rank=2):
        super().__init__()
        self.d, self.U = nn.Parameter(torch.zeros(dim)), nn.Parameter(torch.randn(dim, rank))

    def forward(self, x):
        return F.softplus(self.d) * x + (x @ self.U) @ self.U.T


@gradient_only("diagonal minus low rank")
class DiagonalMinusLowRank(DiagonalPlusLowRank):
    def forward(self, x):
        return F.softplus(self.d) * x - (x @ self.U) @ self.U.T


@no_gradient("the mask on one of the two matrices only")
class MaskedOnce(Amplitudes):
    def forward(self, x):
        causal = torch.tril(self.weight)
        return torch.relu(F.linear(x, causal, self.bias)) @ self.weight


@convex("the mask on both")
class MaskedTwice(Amplitudes):
    def forward(self, x):
        causal = torch.tril(self.weight)
        return torch.relu(F.linear(x, causal, self.bias)) @ causal


class Kernel(nn.Module):
    def __init__(self, channels: int = 2, size: int = 3):
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(channels, 1, size))
        self.bias = nn.Parameter(torch.randn(channels))

    def forward(self, x):
        h = F.softplus(F.conv1d(x[:, None], self.kernel, self.bias, padding=1))
        return self.back(h).squeeze(1)

    def back(self, h: Tensor) -> Tensor:
        return F.conv_transpose1d(h, self.kernel, padding=1)


@convex("convolution and its transpose", dim=5)
class ConvRidge(Kernel):
    pass


@convex("convolution with the reversed kernel, channels exchanged", dim=4)
class ConvRidgeReversed(Kernel):
    def back(self, h):
        return F.conv1d(h, self.kernel.flip(-1).transpose(0, 1), padding=1)


@no_gradient("the kernel is not reversed", dim=4)
class ConvRidgeNotReversed(Kernel):
    def back(self, h):
        return F.conv1d(h, self.kernel.transpose(0, 1), padding=1)


@convex("two by two images, stride 1", dim=4)
class ImageRidge(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, kernel_size=2, padding=1, bias=False)

    def forward(self, x):
        h = F.hardtanh(self.conv(x.view(-1, 1, 2, 2)))
        return F.conv_transpose2d(h, self.conv.weight, padding=1).flatten(1)


@convex("D^T huber'(D x), D the forward differences", dim=5)
class SmoothedVariation(nn.Module):
    def forward(self, x):
        d = torch.diff(x, dim=-1).clamp(-0.5, 0.5)
        return F.pad(d, (1, 0)) - F.pad(d, (0, 1))


@gradient_only("the sign of D^T is wrong", dim=4)
class SmoothedVariationUp(nn.Module):
    def forward(self, x):
        d = torch.diff(x, dim=-1).clamp(-0.5, 0.5)
        return F.pad(d, (0, 1)) - F.pad(d, (1, 0))


@no_gradient("forward differences on the way back as well", dim=4)
class RolledDifferences(nn.Module):
    def forward(self, x):
        d = torch.arctan(x - x.roll(1, -1))
        return d - d.roll(1, -1)


@convex("projected on both sides onto mean zero")
class CentredRelu(Amplitudes):
    def centre(self, x):
        return x - x.mean(dim=-1, keepdim=True)

    def forward(self, x):
        z = F.linear(self.centre(x), self.weight, self.bias)
        return self.centre(F.relu(z) @ self.weight)


@no_gradient("projected before only")
class CentredReluBefore(CentredRelu):
    def forward(self, x):
        return F.relu(F.linear(self.centre(x), self.weight, self.bias)) @ self.weight


@convex("suffix sums undo prefix sums: tied cumulative sums", dim=4)
class PrefixSuffix(nn.Module):
    def forward(self, x):
        h = torch.sinh(x.cumsum(-1))
        return h.sum(-1, keepdim=True) - h.cumsum(-1) + h
