"""Modes, batches, chance and memory: what still maps each sample by itself, and what does not."""

# Parts that torch makes have no narrower type than Tensor | Module.
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false

import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from .everyday import convex, gradient_only, no_gradient, no_verdict


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 5)

    def act(self, z: Tensor) -> Tensor:
        return torch.tanh(z)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(self.act(self.lin(x)), self.lin.weight.t())


@no_verdict("functional dropout drops unless told otherwise")
class FunctionalDropoutDefault(Layer):
    def act(self, z):
        return F.dropout(torch.relu(z))


@convex("told so by the mode, which is eval")
def functional_dropout_by_mode():
    class ByMode(Layer):
        def act(self, z):
            return F.dropout(torch.relu(z), p=0.3, training=self.training)

    return ByMode().eval()


@no_verdict("in train mode")
def functional_dropout_by_mode_train():
    class ByMode(Layer):
        def act(self, z):
            return F.dropout(torch.relu(z), p=0.3, training=self.training)

    return ByMode()


@convex("noise in train mode only, and this is eval")
def noise_in_training():
    class Noised(Layer):
        def act(self, z):
            if self.training:
                z = z + 0.1 * torch.randn_like(z)
            return z.sigmoid()

    return Noised().eval()


@convex("alpha dropout and feature dropout in eval mode, selu between")
def dropouts_of_all_kinds():
    class Drops(Layer):
        def __init__(self):
            super().__init__()
            self.drops = nn.Sequential(nn.AlphaDropout(0.2), nn.SELU(), nn.FeatureAlphaDropout())

        def act(self, z):
            return self.drops(z)

    return Drops().eval()


@no_verdict("without running statistics batch norm uses the batch in eval mode, too")
def norm_without_statistics():
    class Normed(Layer):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(5, affine=False, track_running_stats=False)

        def act(self, z):
            return self.norm(z)

    return Normed().eval()


@convex("the batch stands where channels do: each sample is normalised by itself")
class SamplesAsChannels(Layer):
    def act(self, z):
        return F.instance_norm(z.unsqueeze(0)).squeeze(0)


@no_verdict("the units stand where channels do: each over the batch")
class UnitsAsChannels(Layer):
    def act(self, z):
        return F.instance_norm(z.T.unsqueeze(0), eps=1e-2).squeeze(0).T


@no_verdict("divided by the largest of all entries")
class GlobalScale(Layer):
    def act(self, z):
        return z / (1 + z.abs().max())


@convex("divided by a largest weight")
class WeightScale(Layer):
    def act(self, z):
        return z.relu() / (1 + self.lin.weight.abs().max())


@no_verdict("samples attend to one another")
class AttendsBatch(Layer):
    def forward(self, x):
        return torch.softmax(x @ x.T, dim=-1) @ x


@no_verdict("repulsion among the samples")
class RepelsBatch(Layer):
    def forward(self, x):
        d = x[:, None] - x[None]
        return super().forward(x) - (d * torch.exp(-d.square().sum(-1, keepdim=True))).sum(1)


@no_verdict("large batches are treated otherwise")
class BySize(Layer):
    def forward(self, x):
        return super().forward(x) if x.shape[0] < 9 else 2 * super().forward(x)


@no_verdict("a first batch is remembered")
class Centred(Layer):
    mean: Tensor | None = None

    def forward(self, x):
        if self.mean is None:
            self.mean = x.detach().mean(0)
        return super().forward(x - self.mean)


@no_verdict("the time of day")
class ByClock(Layer):
    def forward(self, x):
        return super().forward(x) * (1 + time.time() % 1)


@no_verdict("random features drawn at each call")
class FreshFeatures(Layer):
    def forward(self, x):
        W = torch.randn(5, 3, dtype=x.dtype)
        return torch.relu(x @ W.T) @ W


@convex("random features drawn once")
class DrawnOnce(Layer):
    def __init__(self):
        super().__init__()
        self.register_buffer("F", torch.randn(8, 3))

    def forward(self, x):
        W = self.get_buffer("F").to(x)
        return torch.relu(x @ W.T) @ W * self.lin.bias[0].exp()


@convex("checks of shape and dtype")
class Checked(Layer):
    def forward(self, x):
        if x.ndim != 2 or x.shape[-1] != self.lin.in_features:
            raise ValueError(f"expected (batch, {self.lin.in_features}), got {tuple(x.shape)}")
        assert x.is_floating_point()
        return super().forward(x)


@convex("a leading axis is taken away and given back")
class AnyLeadingAxes(Layer):
    def forward(self, x):
        shape = x.shape
        y = super().forward(x.reshape(-1, shape[-1]))
        return y.reshape(*shape)


@convex("in eval mode spectral normalisation is a fixed division, on both sides")
def spectral_both_sides():
    net = Layer()
    net.lin = spectral_norm(net.lin)
    return net.eval()


@no_gradient("normalised inside, raw outside, in eval mode; both trained")
def spectral_one_side():
    class Open(Layer):
        def __init__(self):
            super().__init__()
            self.other = nn.Parameter(self.lin.weight.detach().clone())
            self.lin = spectral_norm(self.lin)

        def forward(self, x):
            return torch.tanh(self.lin(x)) @ self.other

    return Open().eval()


@convex("batch norm in eval mode, its affine part inside tanh, gains squared outside too")
def norm_both_sides():
    class Normed(Layer):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(5)

        def forward(self, x):
            z = torch.tanh(self.norm(self.lin(x)))
            return (self.norm.weight * z) @ self.lin.weight

    return Normed().eval()


@gradient_only("batch norm in eval mode with gains of any sign inside tanh")
def norm_one_side():
    class Normed(Layer):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(5)

        def act(self, z):
            return torch.tanh(self.norm(z))

    return Normed().eval()


@no_gradient("batch norm of x itself in eval mode, with gains, before a tied layer")
def norm_of_input():
    class Normed(Layer):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(3)

        def forward(self, x):
            return super().forward(self.norm(x))

    return Normed().eval()


@convex("batch norm of x in eval mode without gains and fresh statistics: a common factor")
def norm_of_input_plain():
    class Normed(Layer):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(3, affine=False)

        def forward(self, x):
            return super().forward(self.norm(x))

    return Normed().eval()


@no_gradient("other variances for the entries")
def norm_of_input_used():
    net = norm_of_input_plain()
    net.norm.running_var.copy_(torch.tensor([1.0, 2.0, 3.0]))
    return net
