"""Layers and cascades of layers in their authors' spellings; what stands between W and W^T."""

# Parts that torch makes have no narrower type than Tensor | Module.
# pyright: reportArgumentType=false

import copy
from functools import partial, reduce

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import orthogonal, weight_norm

from .everyday import convex, gradient_only, no_gradient


class Wrap(nn.Module):
    """Any map by its function."""

    def __init__(self, function, **parts: nn.Module) -> None:
        super().__init__()
        self.parts = nn.ModuleDict(parts)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, **self.parts)


@convex("functions of a Linear and an activation, by partial")
def functional_layer():
    def layer(x, lin, act):
        return F.linear(act(lin(x)), lin.weight.mT)

    return Wrap(layer, lin=nn.Linear(3, 5), act=nn.Softplus(beta=3))


@no_gradient("a deep copy of the layer goes back")
def functional_layer_copied():
    lin = nn.Linear(3, 5)

    def layer(x, lin, other):
        return F.linear(torch.tanh(lin(x)), other.weight.mT)

    return Wrap(layer, lin=lin, other=copy.deepcopy(lin))


class Abs(nn.Module):
    def forward(self, t: Tensor) -> Tensor:
        return t.abs()


class Square(nn.Module):
    def forward(self, t: Tensor) -> Tensor:
        return t * t


class Cascade(nn.Module):
    """x is added anew at each layer through the one U; alpha and beta may be parametrized."""

    constraint: type[nn.Module] | None = None
    act = staticmethod(torch.tanh)

    def __init__(self, n: int = 3, m: int = 4, depth: int = 2) -> None:
        super().__init__()
        self.U = nn.Parameter(torch.randn(n, m))
        self.alpha = nn.Parameter(torch.rand(depth, m))
        self.beta = nn.Parameter(torch.rand(depth, m))
        self.gamma = nn.Parameter(torch.zeros(depth, m))
        if self.constraint is not None:
            for name in ("alpha", "beta"):
                parametrize.register_parametrization(self, name, self.constraint())

    def step(self, u: Tensor, z: Tensor, row: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        a, b, c = row
        return a * self.act(z) + b * u + c

    def forward(self, x: Tensor) -> Tensor:
        u = x @ self.U
        rows = zip(self.alpha, self.beta, self.gamma, strict=True)
        return reduce(partial(self.step, u), rows, u) @ self.U.T


@convex("moduli by parametrization")
class CascadeAbs(Cascade):
    constraint = Abs


@convex("squares by parametrization, elu")
class CascadeSquare(Cascade):
    constraint = Square
    act = staticmethod(F.elu)


@gradient_only("no constraint")
class CascadeFree(Cascade):
    pass


@gradient_only("squares, and an activation that falls")
class CascadeCos(Cascade):
    constraint = Square
    act = staticmethod(torch.cos)


@convex("z + sin(z) has slopes in [0, 2]")
class CascadeSine(Cascade):
    def step(self, u, z, row):
        return z + torch.sin(z + row[2])


@no_gradient("the layers are mixed by a matrix that starts as a multiple of the identity")
class CascadeMixed(Cascade):
    constraint = Square

    def __init__(self):
        super().__init__()
        self.mix = nn.Parameter(0.5 * torch.eye(4))

    def step(self, u, z, row):
        return super().step(u, z @ self.mix, row)


@convex("the same matrix, frozen")
class CascadeMixedFrozen(CascadeMixed):
    def __init__(self):
        super().__init__()
        self.mix.requires_grad_(False)


@no_gradient("the same matrix frozen with another entry of 1e-9", unseen="of size 1e-9")
class CascadeMixedAlmost(CascadeMixed):
    def __init__(self):
        super().__init__()
        self.mix.requires_grad_(False)
        self.mix[0, 1] = 1e-9


@no_gradient("a convolution along the units between the layers")
class CascadeConvolved(Cascade):
    constraint = Abs

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 3, padding=1, bias=False)

    def step(self, u, z, row):
        return super().step(u, self.conv(z.unsqueeze(1)).squeeze(1), row)


@gradient_only(
    "a convolution of width 1 is one number, of any sign",
    values={
        "conv.weight": -1.0,
        "parametrizations.alpha.original": [[0.0] * 4, [1.0] * 4],
        "parametrizations.beta.original": [[1.0] * 4, [0.0] * 4],
    },
)
class CascadeConvolvedByOne(CascadeConvolved):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 1, bias=False)


@no_gradient("dropout is off, but the mean over the units is taken off each layer")
class CascadeCentred(Cascade):
    constraint = Abs

    def step(self, u, z, row):
        z = F.dropout(z, 0.5, training=False)
        return super().step(u, z - z.mean(-1, keepdim=True), row)


@no_gradient("a gate of u stands outside the activation of another layer's U", dim=3)
class TwoEmbeddings(Cascade):
    constraint = Abs

    def __init__(self):
        super().__init__()
        self.V = nn.Parameter(torch.randn(3, 4))

    def forward(self, x):
        return (torch.tanh(x @ self.U) * torch.sigmoid(x @ self.V)) @ self.U.T


@gradient_only("both factors have their own way back: the gradient of a product")
class ProductOfUnits(TwoEmbeddings):
    def forward(self, x):
        u, v = x @ self.U, x @ self.V
        left = torch.sigmoid(u) * torch.sigmoid(-u) * F.softplus(v)
        right = torch.sigmoid(u) * torch.sigmoid(v)
        return left @ self.U.T + right @ self.V.T


@gradient_only("householder keeps the raw diagonal, which is 1 or -1 at the start only", dim=4)
def orthogonal_layer_free():
    lin = orthogonal(nn.Linear(4, 4), orthogonal_map="householder")
    return Wrap(lambda x, lin: x - torch.tanh(lin(x)) @ lin.weight, lin=lin)


@convex(
    "an orthogonal layer, up to the rounding of its base, on both sides, and less than 1", dim=4
)
def orthogonal_layer():
    lin = orthogonal(nn.Linear(4, 4), orthogonal_map="cayley")
    return Wrap(lambda x, lin: x - 0.9 * torch.tanh(lin(x)) @ lin.weight, lin=lin)


@gradient_only("one and a half times the tanh", dim=4)
def orthogonal_layer_more():
    lin = orthogonal(nn.Linear(4, 4), orthogonal_map="householder")
    return Wrap(lambda x, lin: x - 1.5 * torch.tanh(lin(x)) @ lin.weight, lin=lin)


@gradient_only("not orthogonal any more")
def weight_normed_rest():
    lin = weight_norm(nn.Linear(3, 3))
    return Wrap(lambda x, lin: x - torch.tanh(lin(x)) @ lin.weight, lin=lin)


@convex("weight_norm along the other axis, on both sides")
def weight_normed_other_axis():
    lin = weight_norm(nn.Linear(3, 5, bias=False), dim=1)
    return Wrap(lambda x, lin: torch.matmul(F.relu6(lin(x)), lin.weight), lin=lin)


class Symmetric(nn.Module):
    def forward(self, t: Tensor) -> Tensor:
        return t.triu() + t.triu(1).T


class Positive(nn.Module):
    def forward(self, t: Tensor) -> Tensor:
        return t.T @ t


@gradient_only("a symmetric weight by parametrization")
def symmetric_parametrization():
    lin = nn.Linear(3, 3)
    parametrize.register_parametrization(lin, "weight", Symmetric())
    return lin


@convex("first symmetric, then its square")
def two_parametrizations():
    lin = nn.Linear(3, 3)
    parametrize.register_parametrization(lin, "weight", Symmetric())
    parametrize.register_parametrization(lin, "weight", Positive())
    return lin


@no_gradient("a symmetric weight, and an activation behind it")
def symmetric_then_tanh():
    lin = nn.Linear(3, 3)
    parametrize.register_parametrization(lin, "weight", Symmetric())
    return nn.Sequential(lin, nn.Tanh())


@no_gradient("a symmetric weight on both sides, and another bias-free Linear of its own")
def symmetric_both_sides_plus():
    lin = nn.Linear(3, 3)
    parametrize.register_parametrization(lin, "weight", Symmetric())
    return Wrap(
        lambda x, lin, rest: torch.tanh(lin(x)) @ lin.weight + rest(x),
        lin=lin,
        rest=nn.Linear(3, 3, bias=False),
    )


@convex("in float64, with one layer shared by three heads")
def heads_of_doubles():
    class Heads(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(3, 6, dtype=torch.float64)
            self.tilt = nn.Parameter(torch.zeros(3, 6, dtype=torch.float64))

        def forward(self, x):
            z = self.lin(x).unsqueeze(1) + self.tilt
            y = torch.stack([F.relu(z[:, 0]), torch.tanh(z[:, 1]), torch.sigmoid(z[:, 2])])
            return torch.tensordot(y.sum(0), self.lin.weight, dims=([1], [0]))

    return Heads()
