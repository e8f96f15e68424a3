"""Kernels, pieces of quadratics, springs."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class Kernels(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.c = nn.Parameter(torch.randn(4, 3))
        self.a = nn.Parameter(torch.randn(4))

    def r2(self, x: Tensor) -> Tensor:
        return torch.sum((x.unsqueeze(-2) - self.c) ** 2, dim=-1)

    def pull(self, x: Tensor, w: Tensor) -> Tensor:
        """sum_k w_k (x - c_k)"""
        return w.sum(-1, keepdim=True) * x - w @ self.c


@convex("odd powers of affine functions, squared weights")
class CubicKernels(Kernels):
    def forward(self, x):
        return (self.a.square() * (x @ self.c.T + 1) ** 3) @ self.c


@gradient_only("even powers fall")
class SquareKernels(Kernels):
    def forward(self, x):
        return (self.a.square() * (x @ self.c.T + 1) ** 2) @ self.c


@gradient_only("smoothed thin plates")
class ThinPlates(Kernels):
    def forward(self, x):
        return self.pull(x, self.a * torch.log(self.r2(x) + 1e-3))


@convex("log(1 + r^2) + 2 times x - c")
class LogKernels(Kernels):
    def forward(self, x):
        return self.pull(x, self.a.abs() * (torch.log1p(self.r2(x)) + 2))


@no_gradient("the centres are shifted by one")
class KernelsShifted(Kernels):
    def forward(self, x):
        w = torch.exp(-self.r2(x))
        return w.sum(-1, keepdim=True) * x - w @ self.c.roll(1, 0)


@no_gradient("weights are normalised, but not by softmax of the kernel's own exponent")
class NadarayaWatson(Kernels):
    def forward(self, x):
        w = 1 / (1 + self.r2(x))
        return (w / w.sum(-1, keepdim=True)) @ self.c


class Quadratics(nn.Module):
    """One of three quadratics, by value."""

    def __init__(self) -> None:
        super().__init__()
        self.L = nn.Parameter(torch.randn(3, 2, 2))
        self.h = nn.Parameter(torch.randn(3, 2))
        self.t = nn.Parameter(torch.zeros(3))

    def matrices(self) -> Tensor:
        return self.L @ self.L.transpose(-1, -2)

    def fields(self, x: Tensor) -> tuple[Tensor, Tensor]:
        Gx = torch.einsum("kij,bj->bki", self.matrices(), x)
        values = 0.5 * torch.einsum("bi,bki->bk", x, Gx) + x @ self.h.T + self.t
        return Gx + self.h, values


@convex("a soft maximum of convex quadratics", dim=2)
class SoftQuadratics(Quadratics):
    def forward(self, x):
        fields, values = self.fields(x)
        return torch.einsum("bk,bki->bi", values.softmax(-1), fields)


@gradient_only("a soft minimum of them", dim=2)
class SoftMinQuadratics(Quadratics):
    def forward(self, x):
        fields, values = self.fields(x)
        return torch.einsum("bk,bki->bi", (-values).softmax(-1), fields)


@convex("the largest of the quadratics, by one_hot", dim=2)
class LargestQuadratic(Quadratics):
    def forward(self, x):
        fields, values = self.fields(x)
        pick = F.one_hot(values.argmax(-1), 3).to(x.dtype)
        return (pick.unsqueeze(-1) * fields).sum(1)


@no_gradient("the largest linear part", dim=2)
class LargestLinearPart(Quadratics):
    def forward(self, x):
        fields, _ = self.fields(x)
        pick = F.one_hot((x @ self.h.T).argmax(-1), 3).to(x.dtype)
        return (pick.unsqueeze(-1) * fields).sum(1)


@convex("a spring between neighbours: lengths by pairs, forces by Newton's third law", dim=4)
class Springs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.k = nn.Parameter(torch.zeros(3))

    def force(self, d: Tensor, k: Tensor) -> Tensor:
        return F.softplus(k) * d.pow(3)

    def forward(self, x):
        out = [torch.zeros_like(x[:, 0]) for _ in range(4)]
        for k, (i, j) in zip(self.k, pairwise(range(4)), strict=True):
            f = self.force(x[:, j] - x[:, i], k)
            out[i], out[j] = out[i] - f, out[j] + f
        return torch.stack(out, 1)


@gradient_only("springs with a length at rest: d^3 - d", dim=4)
class SpringsAtRest(Springs):
    def force(self, d, k):
        return F.softplus(k) * (d**3 - d)


@no_gradient("even forces: both ends are pushed alike", dim=4)
class SpringsEven(Springs):
    def forward(self, x):
        f = torch.diff(x, dim=1).square()
        return F.pad(f, (1, 0)) + F.pad(f, (0, 1))
