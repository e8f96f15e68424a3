"""Deep elementwise functions between W^T and W: little networks a neuron, norms, odd sizes."""

# pyright: reportOperatorIssue=false, reportOptionalMemberAccess=false

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from .everyday import convex, gradient_only, no_gradient, no_verdict


class Tied(nn.Module):
    """x -> act(x A) A^T, samples as rows."""

    def __init__(self, dim: int = 3, width: int = 5) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(dim, width))
        self.bias = nn.Parameter(torch.randn(width))

    def act(self, z: Tensor) -> Tensor:
        return torch.tanh(z)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(x @ self.A + self.bias) @ self.A.T


class Neurons(Tied):
    """A network of one hidden layer for each neuron: sum_k a_ik tanh(w_ik z_i + c_ik)."""

    def __init__(self) -> None:
        super().__init__()
        self.w, self.c, self.a = (nn.Parameter(torch.randn(5, 4)) for _ in range(3))

    def neuron(self, z: Tensor, w: Tensor, a: Tensor) -> Tensor:
        return (a * torch.tanh(z.unsqueeze(-1) * w + self.c)).sum(-1)


@convex("nonnegative weights in and out, two levels")
class PositiveNeurons(Neurons):
    def act(self, z: Tensor) -> Tensor:
        for _ in range(2):
            z = z + self.neuron(z, F.softplus(self.w), F.softplus(self.a))
        return z


@convex("the weights out have the signs of the weights in: a_ik = w_ik")
class SameSigns(Neurons):
    def act(self, z: Tensor) -> Tensor:
        return self.neuron(z, self.w, self.w)


@convex("a = w s^2")
class SameSignsScaled(Neurons):
    def act(self, z: Tensor) -> Tensor:
        return self.neuron(z, self.w, self.w * self.a**2)


@gradient_only("a free network a neuron")
class FreeNeurons(Neurons):
    def act(self, z: Tensor) -> Tensor:
        return self.neuron(z, self.w, self.a)


class Grouped(Tied):
    """The networks of the neurons by grouped convolutions over a length of 1."""

    groups = 5

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Conv1d(5, 15, 1, groups=self.groups)
        self.down = nn.Conv1d(15, 5, 1, groups=self.groups)

    def act(self, z: Tensor) -> Tensor:
        return self.down(torch.tanh(self.up(z.unsqueeze(-1)))).squeeze(-1)


@gradient_only("each group sees one neuron")
class GroupedNeurons(Grouped):
    pass


@no_gradient("one group: the neurons are mixed")
class UngroupedNeurons(Grouped):
    groups = 1


class Exponential(nn.Module):
    def forward(self, w: Tensor) -> Tensor:
        return torch.exp(w)


@convex("grouped convolutions with positive weights by parametrize")
class PositiveGroups(Grouped):
    def __init__(self) -> None:
        super().__init__()
        for conv in (self.up, self.down):
            parametrize.register_parametrization(conv, "weight", Exponential())


@convex("one activation for all neurons: a network on an axis of its own")
class SharedNeuron(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.w1, self.w2 = nn.Parameter(torch.randn(8, 1)), nn.Parameter(torch.randn(1, 8))
        self.b1 = nn.Parameter(torch.randn(8))

    def act(self, z: Tensor) -> Tensor:
        h = F.softplus(F.linear(z[..., None], self.w1.abs(), self.b1))
        return F.linear(h, self.w2.abs())[..., 0]


@gradient_only("one free network for all neurons", dim=4)
class SharedFreeNeuron(Tied):
    def __init__(self) -> None:
        super().__init__(4, 5)
        self.phi = nn.Sequential(nn.Linear(1, 6), nn.GELU(), nn.Linear(6, 1))

    def act(self, z: Tensor) -> Tensor:
        return self.phi(z.reshape(-1, 1)).reshape(z.shape)


class Normed(Tied):
    affine = False

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(5, affine=self.affine)
        self.norm.running_mean.copy_(torch.linspace(-1, 1, 5))
        self.norm.running_var.copy_(torch.linspace(0.5, 2, 5))

    def act(self, z: Tensor) -> Tensor:
        return torch.tanh(self.norm(z)) + F.dropout(torch.relu(z), 0.3, self.training)


@convex("batch norm and dropout in eval mode, no affine part")
class EvalNorm(Normed):
    def __init__(self) -> None:
        super().__init__()
        self.eval()


@gradient_only("batch norm in eval mode with a scale of any sign",
               values={"A": 0.1, "norm.weight": -50.0, "norm.bias": 0.0, "bias": 0.0})  # fmt: skip
class EvalNormAffine(EvalNorm):
    affine = True


@no_verdict("batch norm and dropout in train mode")
class TrainNorm(Normed):
    pass


@no_verdict("the norm keeps a running mean, though it does not normalise by the batch")
class RunningShift(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(5))
        self.mean: Tensor

    def act(self, z: Tensor) -> Tensor:
        y = torch.tanh(z - self.mean.to(z.dtype))
        self.mean = 0.9 * self.mean + 0.1 * z.detach().mean(0).to(self.mean.dtype)
        return y


@no_verdict("the cascade begins where the last call ended")
class WarmStart(Tied):
    state: Tensor | None = None

    def act(self, z: Tensor) -> Tensor:
        start = torch.zeros_like(z) if self.state is None else self.state.mean(0)
        y = torch.tanh(z + 0.5 * start)
        self.state = y.detach()
        return y


class Surrogate(torch.autograd.Function):
    """sin, whose backward says cos^2."""

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        ctx.save_for_backward(z)
        return torch.sin(z)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (z,) = ctx.saved_tensors
        return grads[0] * torch.cos(z) ** 2


class StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        return torch.sign(z)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return grads[0] * -1


@gradient_only("sin with a backward that is never negative")
class LyingSine(Tied):
    def act(self, z: Tensor) -> Tensor:
        return Surrogate.apply(z)


@convex("sign with a backward of the wrong sign")
class StraightThroughSign(Tied):
    def act(self, z: Tensor) -> Tensor:
        return StraightThrough.apply(z)


@gradient_only("relu less 1e-30 z, in the second of two levels", unseen="of size 1e-30")
class HairFalling(Tied):
    def act(self, z: Tensor) -> Tensor:
        z = F.leaky_relu(z, 0.1)
        return F.relu(z) - 1e-30 * z


@convex("relu plus 1e-30 z")
class HairRising(Tied):
    def act(self, z: Tensor) -> Tensor:
        return torch.where(z > 0, z, 1e-30 * z)


@no_gradient("1e-12 of a rotation is added", unseen="an asymmetry of 1e-12")
class HairTurning(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + 1e-12 * torch.cross(x, torch.ones_like(x), dim=-1)


@no_gradient("1e-12 of the previous neuron", unseen="an asymmetry of 1e-12")
class HairLeaking(Tied):
    def act(self, z: Tensor) -> Tensor:
        return torch.tanh(z + 1e-12 * torch.tanh(z).roll(1, -1))


@convex("a dense positive network of one input and one output", dim=1)
class DenseOfOne(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.ParameterList([torch.rand(4, 1), torch.rand(4, 4), torch.rand(1, 4)])

    def forward(self, x: Tensor) -> Tensor:
        for w in self.weights:
            x = torch.asinh(F.linear(x, w**2))
        return x


@gradient_only("a multilayer perceptron of one number", dim=1)
class PerceptronOfOne(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 8), nn.ReLU(), nn.Linear(8, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


@convex("dense mixing of a single neuron is elementwise", dim=3)
class WidthOne(Tied):
    def __init__(self) -> None:
        super().__init__(3, 1)
        self.mix = nn.Linear(1, 1)

    def act(self, z: Tensor) -> Tensor:
        return torch.tanh(F.linear(torch.sigmoid(z), self.mix.weight.exp(), self.mix.bias))


@no_gradient("the same with two neurons", dim=3)
class WidthTwo(Tied):
    def __init__(self) -> None:
        super().__init__(3, 2)
        self.mix = nn.Linear(2, 2)

    def act(self, z: Tensor) -> Tensor:
        return torch.tanh(F.linear(torch.sigmoid(z), self.mix.weight.exp(), self.mix.bias))


@gradient_only("torch stores the base of an orthogonal W, orthogonal to 1e-7 only", dim=4,
               unseen="a slope of -1e-8", scored=False)  # fmt: skip
class OrthogonalResidual(nn.Module):
    tau = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.lin = parametrizations.orthogonal(nn.Linear(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        z = self.lin(x)
        return x - self.tau * torch.sin(z) @ self.lin.weight


@convex("with a step below 1 there is room for the rounding", dim=4)
class OrthogonalStep(OrthogonalResidual):
    tau = 0.9
