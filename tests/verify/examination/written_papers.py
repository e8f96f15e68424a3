"""Networks of the literature as their repositories have them: denoisers, flows, attention, OT."""

# Parts that torch makes have no narrower type than Tensor | Module.
# pyright: reportArgumentType=false, reportCallIssue=false

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient


class MultiConv(nn.Module):
    """A chain of convolutions, its transpose, and profiles between them."""

    n = 5

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Conv1d(1, 2, 3, padding=1, bias=False),
                nn.Conv1d(2, 3, 3, padding=1, bias=False),
            ]
        )
        self.alpha = nn.Parameter(torch.zeros(1, 3, 1))
        self.mu = nn.Parameter(torch.zeros(1))

    def analyse(self, x: Tensor) -> Tensor:
        for conv in self.layers:
            x = conv(x)
        return x

    def synthesise(self, y: Tensor) -> Tensor:
        for conv in reversed(list(self.layers)):
            y = F.conv_transpose1d(y, conv.weight, padding=conv.padding)
        return y

    def profile(self, y: Tensor) -> Tensor:
        s = torch.exp(self.alpha)
        return torch.clamp(y * s, -1, 1) / s

    def forward(self, x: Tensor) -> Tensor:
        y = self.profile(self.analyse(x.unsqueeze(1)))
        return torch.exp(self.mu) * self.synthesise(y).squeeze(1)


@convex("Huber profiles scaled in and out for each channel", dim=5)
class ConvexRidges(MultiConv):
    pass


@gradient_only("a weakly convex profile: the difference of two Huber profiles", dim=5)
class WeaklyConvexRidges(MultiConv):
    def profile(self, y):
        s = torch.exp(self.alpha)
        return (torch.clamp(2 * y * s, -1, 1) - torch.clamp(y * s, -1, 1)) / s


@no_gradient("the chain of transposes runs forwards", dim=5)
class ConvexRidgesForwards(MultiConv):
    def synthesise(self, y):
        first, second = self.layers
        y = F.conv_transpose1d(y[:, :2], first.weight, padding=1)
        return y + 0 * second.weight.sum()


@no_gradient("padding of the transpose by reflection, not by zeros", dim=5)
class ConvexRidgesReflected(MultiConv):
    def analyse(self, x):
        for conv in self.layers:
            x = F.conv1d(F.pad(x, (1, 1), mode="reflect"), conv.weight)
        return x


@no_gradient("a scale of each position, inside only", dim=5)
class ScaledPositions(MultiConv):
    def __init__(self):
        super().__init__()
        self.p = nn.Parameter(torch.zeros(5))

    def forward(self, x):
        return super().forward(x * self.p.exp())


@convex("the scale of each position, inside and outside", dim=5)
class ScaledPositionsBoth(ScaledPositions):
    def forward(self, x):
        return self.p.exp() * super().forward(x)


class Hopfield(nn.Module):
    """Retrieval from learned patterns."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = nn.Parameter(torch.randn(6, 4))
        self.q = nn.Linear(4, 4, bias=False)
        self.log_beta = nn.Parameter(torch.zeros(()))

    def attend(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        scores = query @ keys.T * self.log_beta.exp()
        return F.softmax(scores, dim=-1) @ values


@convex("one step of retrieval, masked by a constant", dim=4)
class MaskedRetrieval(Hopfield):
    def forward(self, x):
        mask = torch.tensor([True, True, False, True, True, False])
        scores = (x @ self.keys.T * self.log_beta.exp()).masked_fill(~mask, -math.inf)
        return torch.softmax(scores, -1) @ self.keys


@convex("queries through Q, values back through Q^T", dim=4)
class RetrievalThroughQ(Hopfield):
    def forward(self, x):
        return F.linear(self.attend(self.q(x), self.keys, self.keys), self.q.weight.T)


@no_gradient("values go back as they are", dim=4)
class RetrievalThroughQOnce(Hopfield):
    def forward(self, x):
        return self.attend(self.q(x), self.keys, self.keys)


@no_gradient("two steps of retrieval", dim=4)
class TwoRetrievals(Hopfield):
    def forward(self, x):
        y = self.attend(x, self.keys, self.keys)
        return self.attend(y, self.keys, self.keys)


@gradient_only("x less the retrieval: the gradient of the energy", dim=4)
class RetrievalEnergy(Hopfield):
    def forward(self, x):
        return x - self.attend(x, self.keys, self.keys)


@gradient_only("the scores fall where the values rise", dim=4)
class RetrievalOpposed(Hopfield):
    def forward(self, x):
        return self.attend(x, -self.keys, self.keys)


@no_gradient("scaled dot products of torch, queries through Q", dim=4)
class TorchAttention(Hopfield):
    def forward(self, x):
        k = self.keys.expand(len(x), -1, -1)
        return F.scaled_dot_product_attention(self.q(x).unsqueeze(1), k, k).squeeze(1)


@convex("scaled dot products of torch on the stored patterns", dim=4)
class TorchRetrieval(Hopfield):
    def forward(self, x):
        k = self.keys.expand(len(x), -1, -1)
        return F.scaled_dot_product_attention(x.unsqueeze(1), k, k).squeeze(1)


class Mixture(nn.Module):
    """Gaussians with learned means and one variance."""

    def __init__(self) -> None:
        super().__init__()
        self.means = nn.Parameter(torch.randn(5, 2))
        self.logits = nn.Parameter(torch.zeros(5))
        self.log_var = nn.Parameter(torch.zeros(()))

    def posterior(self, x: Tensor) -> Tensor:
        d = torch.cdist(x, self.means, compute_mode="donot_use_mm_for_euclid_dist")
        return torch.softmax(self.logits - d**2 / (2 * self.log_var.exp()), dim=1)


@convex("Tweedie: the posterior mean of a mixture of points", dim=2)
class Tweedie(Mixture):
    def forward(self, x):
        return self.posterior(x) @ self.means


@gradient_only("the score of the mixture", dim=2)
class MixtureScore(Mixture):
    def forward(self, x):
        return (self.posterior(x) @ self.means - x) / self.log_var.exp()


@no_gradient("a variance for each Gaussian, but the mean of points as for one variance", dim=2)
class TweedieManyVariances(Mixture):
    def posterior(self, x):
        gaps = x.unsqueeze(1) - self.means
        return F.softmax(-gaps.pow(2).sum(-1) * self.logits.exp(), dim=-1)

    def forward(self, x):
        return self.posterior(x) @ self.means


@gradient_only("the score with a precision for each Gaussian, weights that fit", dim=2)
class ScoreManyPrecisions(Mixture):
    def forward(self, x):
        gaps = x.unsqueeze(1) - self.means
        lam = self.logits.exp()
        p = F.softmax(-gaps.pow(2).sum(-1) * lam / 2, dim=-1)
        return -torch.einsum("bk,k,bkn->bn", p, lam, gaps)


@convex("the map to the nearest point of max-affine transport", dim=2)
class MaxAffineTransport(Mixture):
    def forward(self, x):
        k = (x @ self.means.T - self.logits).argmax(dim=1)
        return F.embedding(k, self.means)


@gradient_only("argmin of the lines: their minimum is concave", dim=2)
class MinAffineTransport(Mixture):
    def forward(self, x):
        return self.means[(x @ self.means.T - self.logits).argmin(dim=1)]


@convex("the nearest mean: argmin of distances", dim=2)
class NearestMean(Mixture):
    def forward(self, x):
        d = (x[:, None, :] - self.means).square().sum(-1)
        return self.means[d.argmin(-1)]


@no_gradient("the nearest mean by weighted distances", dim=2,
             values={"logits": [0.0, 2.0, 0.0, 0.0, 0.0],
                     "means": [[0.0, 0], [1, 0], [50, 50], [50, 51], [50, 52]]},
             points=[[0.0, 0], [1.0, 0.6], [1, -0.2]])  # fmt: skip
class NearestMeanWeighted(Mixture):
    def forward(self, x):
        d = (x[:, None, :] - self.means).square().sum(-1) * self.logits.exp()
        return self.means[d.argmin(-1)]


class Flow(nn.Module):
    """A convex potential flow layer or a residual one."""

    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Linear(4, 8)
        self.v = nn.Parameter(torch.randn(8))
        self.raw = nn.Parameter(torch.zeros(2))

    def inner(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.W(x)) * self.v.square() @ self.W.weight


@convex("softplus w0 times the gradient plus softplus w1 times x, as in CP-Flow", dim=4)
class CpFlow(Flow):
    def forward(self, x):
        w0, w1 = F.softplus(self.raw).unbind()
        return w0 * self.inner(x) + w1 * x


@gradient_only("tanh w0 may be negative", dim=4, values={"raw": -2.0})
class CpFlowTanh(Flow):
    def forward(self, x):
        return torch.tanh(self.raw[0]) * self.inner(x)


@no_gradient("actnorm before the layer only", dim=4)
class CpFlowActnorm(Flow):
    def __init__(self):
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        return self.inner(x * self.log_scale.exp()) + x


@no_gradient("two layers one after another", dim=4)
class CpFlowTwice(CpFlow):
    def forward(self, x):
        return super().forward(super().forward(x))


@convex("Sylvester: x + Q R h(R^T Q^T x), with the diagonal R positive", dim=4)
class SylvesterPositive(Flow):
    def forward(self, x):
        Q, _ = torch.linalg.qr(self.W.weight[:4])
        r = F.softplus(self.v[:4])
        return x + (r * torch.tanh(r * (x @ Q))) @ Q.T


@no_gradient("affine coupling", dim=4)
class Coupling(Flow):
    def forward(self, x):
        a, b = x.chunk(2, -1)
        s = torch.tanh(F.linear(a, self.W.weight[:2, :2]))
        return torch.cat([a, b * s.exp()], dim=-1)


@gradient_only("coupling both ways as a Hessian of a product: (A^T b, A a)", dim=4)
class SymplecticCoupling(Flow):
    def forward(self, x):
        a, b = torch.split(x, 2, dim=-1)
        A = self.W.weight[:2, :2]
        return torch.cat([b @ A, a @ A.T], dim=-1)
