"""Activations of a whole group of units: softmax, gates by logsumexp, normalisation layers."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient, no_verdict


class Pulled(nn.Module):
    """x -> act(x A + b) A^T, columns of A are the units."""

    n, m = 3, 4

    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(self.n, self.m))
        self.b = nn.Parameter(torch.randn(self.m))
        self.t = nn.Parameter(torch.tensor(0.3))
        self.make()

    def make(self) -> None:
        """For layers of one's own."""

    def act(self, z: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.act(torch.addmm(self.b, x, self.A)) @ self.A.t()


@convex("exponentials over their sum")
class ByHand(Pulled):
    def act(self, z: Tensor) -> Tensor:
        e = z.exp()
        return e / e.sum(dim=1, keepdim=True)


@convex("stable, by the largest entry")
class Stable(Pulled):
    def act(self, z: Tensor) -> Tensor:
        e = torch.exp(z - z.amax(dim=-1, keepdim=True))
        return e / torch.sum(e, -1).unsqueeze(-1)


@convex("log_softmax and exp")
class ByLogSoftmax(Pulled):
    def act(self, z: Tensor) -> Tensor:
        return nn.LogSoftmax(dim=-1)(z).exp()


@convex("a temperature above 0.1")
class Tempered(Pulled):
    def act(self, z: Tensor) -> Tensor:
        return F.softmax(z / (F.softplus(self.t) + 0.1), dim=-1)


@gradient_only("the inverse temperature is free", values={"t": -1.0})
class FreeTemperature(Pulled):
    def act(self, z: Tensor) -> Tensor:
        return F.softmax(self.t * z, dim=-1)


@convex("temperature both inside and outside")
class TemperatureTwice(Pulled):
    def act(self, z: Tensor) -> Tensor:
        return self.t * F.softmax(self.t * z, dim=-1)


@no_gradient("each unit with a temperature of its own, inside only")
class OwnTemperatures(Pulled):
    def make(self) -> None:
        self.taus = nn.Parameter(torch.rand(4))

    def act(self, z: Tensor) -> Tensor:
        return F.softmax(self.taus.exp() * z, dim=-1)


@convex("each unit with a scale of its own, inside and outside")
class OwnTemperaturesTwice(OwnTemperatures):
    def act(self, z: Tensor) -> Tensor:
        return self.taus.exp() * super().act(z)


@no_gradient("probabilities times gains")
class Gains(Pulled):
    def make(self) -> None:
        self.gain = nn.Parameter(torch.zeros(4))

    def act(self, z: Tensor) -> Tensor:
        return z.softmax(-1) * F.softplus(self.gain)


@convex("softmax in each of two groups")
class InGroups(Pulled):
    m = 6

    def act(self, z: Tensor) -> Tensor:
        return torch.softmax(z.view(z.shape[0], 2, 3), dim=1).flatten(1)


@no_gradient("the groups are laid out anew before they go back")
class GroupsTransposed(Pulled):
    m = 6

    def act(self, z: Tensor) -> Tensor:
        return torch.softmax(z.view(-1, 2, 3), dim=2).transpose(1, 2).reshape(-1, 6)


@convex("a prior in the logits")
class Prior(Pulled):
    def act(self, z: Tensor) -> Tensor:
        return (z + F.log_softmax(self.b * 2, dim=0)).softmax(dim=-1)


@gradient_only("half the square of logsumexp, which may be negative", values={"b": -6.0})
class SquaredLogSumExp(Pulled):
    def act(self, z: Tensor) -> Tensor:
        return torch.logsumexp(z, dim=-1, keepdim=True) * torch.softmax(z, dim=-1)


@convex("softplus of logsumexp is positive and rises")
class SoftplusLogSumExp(Pulled):
    def act(self, z: Tensor) -> Tensor:
        s = torch.logsumexp(z, dim=-1, keepdim=True)
        return F.softplus(s) * torch.exp(z - s)


@convex("group normalisation without its affine part")
class GroupNormed(Pulled):
    m = 6

    def make(self) -> None:
        self.norm = nn.GroupNorm(2, 6, affine=False)

    def act(self, z: Tensor) -> Tensor:
        return self.norm(z)


@convex("layer normalisation without its affine part")
class LayerNormed(Pulled):
    def make(self) -> None:
        self.norm = nn.LayerNorm(4, elementwise_affine=False)

    def act(self, z: Tensor) -> Tensor:
        return self.norm(z)


@no_gradient("layer normalisation with gains")
class LayerNormedAffine(LayerNormed):
    def make(self) -> None:
        self.norm = nn.LayerNorm(4)


@convex("layer normalisation with a bias and no gains")
class LayerNormedBias(LayerNormed):
    def make(self) -> None:
        self.norm = nn.LayerNorm(4, elementwise_affine=False)
        self.shift = nn.Parameter(torch.zeros(4))

    def act(self, z: Tensor) -> Tensor:
        return self.norm(z) + self.shift


@convex("root mean squares, eps inside the root")
class RootMeanSquares(Pulled):
    def act(self, z: Tensor) -> Tensor:
        return z * torch.rsqrt(z.pow(2).mean(-1, keepdim=True) + 1e-6)


@convex("F.normalize divides by the norm, at least by eps")
class Normalized(Pulled):
    def act(self, z: Tensor) -> Tensor:
        return F.normalize(z, dim=-1, eps=1e-3)


@no_gradient("the norm of sums of moduli has another direction")
class NormalizedL1(Pulled):
    def act(self, z: Tensor) -> Tensor:
        return F.normalize(z, p=1.0, dim=-1, eps=0.1)


@no_gradient("squares over one plus their sum")
class SquaresOverSum(Pulled):
    def act(self, z: Tensor) -> Tensor:
        z2 = z.square()
        return z2 / (1 + z2.sum(dim=-1, keepdim=True))


@convex("a rectified vector over one plus its length")
class RectifiedLength(Pulled):
    def act(self, z: Tensor) -> Tensor:
        r = F.relu(z)
        return r / (1 + r.norm(dim=-1, keepdim=True))


@no_verdict("softmax along the batch")
class AlongBatch(Pulled):
    def act(self, z: Tensor) -> Tensor:
        return torch.softmax(z, dim=0)
