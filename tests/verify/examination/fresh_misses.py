"""Maps that are nearly right, and some that only look wrong."""

# Written as users write: their attributes have no types.
# pyright: reportIncompatibleMethodOverride=false

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Function

from .everyday import convex, gradient_only, no_gradient, no_verdict


class Ridge(nn.Module):
    def __init__(self, dim: int = 3, width: int = 5):
        super().__init__()
        self.up = nn.Linear(dim, width)
        self.down = nn.Linear(width, dim)
        self.mid = nn.Linear(width, width, bias=False)
        self.c = nn.Parameter(torch.randn(width))

    def adjoint(self, h: Tensor) -> Tensor:
        return F.linear(h, self.up.weight.mT, self.down.bias)

    def unit(self, z: Tensor) -> Tensor:
        return torch.tanh(z)

    def forward(self, x):
        return self.adjoint(self.unit(self.up(x)))


@no_gradient("two layers of their own weights")
class Untied(Ridge):
    def forward(self, x):
        return self.down(torch.tanh(self.up(x)))


@no_gradient("a residual perceptron", dim=2)
def residual_perceptron():
    class Residual(nn.Sequential):
        def forward(self, x):
            return x + super().forward(x)

    return Residual(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))


@gradient_only("a function of one variable", dim=1)
def scalar_perceptron():
    return nn.Sequential(nn.Linear(1, 8), nn.SiLU(), nn.Linear(8, 1))


@convex("one variable, positive weights, rising units", dim=1)
class ScalarRising(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(6, 1))
        self.v = nn.Parameter(torch.randn(1, 6))
        self.b = nn.Parameter(torch.randn(6))

    def forward(self, x):
        return F.linear(torch.sigmoid(F.linear(x, self.w.exp(), self.b)), self.v.square())


@gradient_only("the amplitudes have any sign")
class FreeAmplitudes(Ridge):
    def unit(self, z):
        return self.c * torch.tanh(z)


@convex("a product of two amplitudes with the same sign")
class SquaredAmplitudes(Ridge):
    def unit(self, z):
        return self.c * torch.tanh(self.c * z)


@no_gradient("the gate stands outside")
class GateOutside(Ridge):
    def forward(self, x):
        z = self.up(x)
        return torch.sigmoid(z.sum(-1, keepdim=True)) * self.adjoint(F.relu(z))


@no_gradient("x times a gate of all its entries")
class GatedInput(Ridge):
    def forward(self, x):
        return x * torch.sigmoid(self.down(self.up(x)))


@gradient_only("each entry is gated by itself: the diagonal of a layer")
class GatedByItself(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(3)), nn.Parameter(torch.zeros(3))

    def forward(self, x):
        return x * torch.sigmoid(self.scale * x + self.shift)


@no_gradient("gated linear units of one matrix")
class GluRidge(Ridge):
    def forward(self, x):
        a, b = self.up(x)[:, :4].chunk(2, dim=-1)
        h = a * torch.sigmoid(b)
        return h @ self.up.weight[:2]


@no_gradient("a softmax, then a dense level, then W^T")
class SoftmaxThenDense(Ridge):
    def unit(self, z):
        return torch.tanh(self.mid(z.softmax(-1)))


@no_gradient("a group activation inside a cascade with diagonal weights")
class SoftmaxCascade(Ridge):
    def unit(self, z):
        return F.softmax(z + self.c.exp() * F.softmax(z, dim=-1), dim=-1)


@no_gradient("x plus its reversal in a tanh, with a gain for each entry")
class ReversedGain(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return self.gain * torch.tanh(x + x.flip(-1))


@convex("the same with the flip undone and no gain: J = (I + P) D, D = P D P")
class ReversedSum(nn.Module):
    def forward(self, x):
        return torch.tanh(x + x.flip(-1))


@gradient_only("the exchange of two entries", dim=2)
class Exchange(nn.Module):
    def forward(self, x):
        return x.roll(1, dims=-1)


@no_gradient("the shift of three entries")
class ShiftOfThree(Exchange):
    pass


@no_gradient("a quarter turn plus x: monotone all the same", dim=2)
class QuarterTurn(nn.Module):
    def forward(self, x):
        return x + torch.stack([-x[:, 1], x[:, 0]], dim=-1)


@gradient_only("the value is that of silu, whatever is detached")
class DetachedGate(Ridge):
    def unit(self, z):
        return z * torch.sigmoid(z).detach()


@convex("hard forward, smooth backward: the forward is a step up")
class StraightThroughStep(Ridge):
    def unit(self, z):
        soft = torch.sigmoid(z)
        return soft + ((z > 0).to(z.dtype) - soft).detach()


class ClaimsToRise(Function):
    @staticmethod
    def forward(ctx, z):
        return -torch.atan(z)

    @staticmethod
    def backward(ctx, g):
        return g


class ClaimsToFall(Function):
    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return z.clamp(min=-1.0, max=1.0)

    @staticmethod
    def backward(ctx, g):
        (z,) = ctx.saved_tensors
        return -g * z.cosh()


@gradient_only("the forward falls, the backward says that it rises")
class LyingArctan(Ridge):
    def unit(self, z):
        return ClaimsToRise.apply(z)


@convex("the forward rises, the backward says that it falls")
class LyingClamp(Ridge):
    def unit(self, z):
        return ClaimsToFall.apply(z)


@gradient_only("the slope on the left is -1e-30", points=[[-1, -1, -1], [-3, -2, -2]])
class HairDown(nn.Module):
    def forward(self, x):
        return F.leaky_relu(x, negative_slope=-1e-30)


@convex("the slope on the left is 1e-30")
class HairUp(nn.Module):
    def forward(self, x):
        return F.leaky_relu(x, negative_slope=1e-30)


@no_gradient("one entry of the matrix is off by 1e-12", unseen="1e-12 is below the differences")
class HairSkew(nn.Module):
    def __init__(self):
        super().__init__()
        A = torch.tensor([[2.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 2.0]], dtype=torch.float64)
        A[0, 1] += 1e-12
        self.register_buffer("A", A)

    def forward(self, x):
        return x.double() @ self.A


@gradient_only("mu may be negative")
class PlusAnyMu(Ridge):
    def __init__(self):
        super().__init__()
        self.mu = nn.Parameter(torch.tensor(0.1))

    def forward(self, x):
        return super().forward(x) + self.mu * x


@no_gradient("x plus a constant times the sum of its squares")
class PlusEnergy(nn.Module):
    def forward(self, x):
        return x + 0.1 * x.square().sum(-1, keepdim=True)


@no_verdict("softmax over the batch")
class SoftmaxOverBatch(Ridge):
    def unit(self, z):
        return torch.softmax(z, dim=0)


@no_verdict("the mean of the batch is taken off")
class CentredOnBatch(Ridge):
    def forward(self, x):
        return super().forward(x - x.mean(0))


@no_verdict("a step at every call")
class Annealed(Ridge):
    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def unit(self, z):
        self.calls += 1
        return torch.tanh(z) / self.calls


@no_verdict("noise on the units")
class NoisyUnits(Ridge):
    def unit(self, z):
        return torch.tanh(z + 0.1 * torch.randn_like(z))


@no_verdict("the logarithm of what may be negative")
class LogUnits(Ridge):
    def unit(self, z):
        return torch.log(z)


@no_verdict("x / |x| has no value at 0")
class UnitDirection(nn.Module):
    def forward(self, x):
        return x / x.norm(dim=-1, keepdim=True)
