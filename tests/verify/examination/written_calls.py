"""One map, many calls of torch: products, pads, scatters, transforms, pools; and slips in them."""

import torch
import torch.nn.functional as F
from torch import nn

from .everyday import convex, gradient_only, no_gradient


class Calls(nn.Module):
    def __init__(self, dim: int = 4, width: int = 6) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(width, dim) / 2)
        self.V = nn.Parameter(torch.randn(width, width) / 2)
        self.p = nn.Parameter(torch.randn(dim))
        self.b = nn.Parameter(torch.zeros(width))


@convex("multi_dot of four factors, the outer ones transposed", dim=4)
class MultiDot(Calls):
    def forward(self, x):
        return torch.linalg.multi_dot([x, self.W.T, self.V, self.V.T, self.W])


@no_gradient("V twice, not V and its transpose", dim=4)
class MultiDotTwice(Calls):
    def forward(self, x):
        return torch.linalg.multi_dot([x, self.W.T, self.V, self.V, self.W])


@convex("baddbmm in, bmm back, a batch of matrices that is one matrix", dim=4)
class BatchedProducts(Calls):
    def forward(self, x):
        W = self.W.expand(x.size(0), -1, -1)
        z = torch.baddbmm(self.b.view(1, -1, 1), W, x.unsqueeze(2), beta=2.0)
        return torch.bmm(W.transpose(1, 2), torch.relu(z)).squeeze(2)


@convex("addcmul and lerp", dim=4)
class AddCMul(Calls):
    def forward(self, x):
        y = torch.addcmul(x, self.p, self.p * torch.tanh(x), value=2.0)
        return torch.lerp(x, y, 0.25)


@gradient_only("a negative value for addcmul", dim=4, values={"p": 2.0})
class AddCMulNegative(Calls):
    def forward(self, x):
        return torch.addcmul(x, self.p, self.p * torch.tanh(x), value=-1.0)


@convex("blocks on the diagonal: a Gram matrix and two positive numbers", dim=4)
class Blocks(Calls):
    def forward(self, x):
        M = torch.block_diag(self.V[:2].matmul(self.V[:2].T), torch.diag(self.p[:2].exp()))
        return torch.inner(x, M)


@no_gradient("blocks that are not symmetric", dim=4)
class BlocksOpen(Calls):
    def forward(self, x):
        return torch.inner(x, torch.block_diag(self.V[:2, :2], torch.diag(self.p[:2].exp())))


@convex("scatter_add is the adjoint of gather", dim=4)
class GatherScatter(Calls):
    def forward(self, x):
        index = torch.tensor([0, 2, 2, 3, 1, 0]).expand(len(x), 6)
        z = torch.gather(x, 1, index) + self.b
        return torch.scatter_add(torch.zeros_like(x), 1, index, F.elu(z))


@no_gradient("read at some entries, added to others", dim=4)
class GatherScatterOther(Calls):
    def forward(self, x):
        into = torch.tensor([1, 2, 3, 3, 1, 0])
        out = torch.tensor([0, 2, 2, 3, 1, 0]).expand(len(x), 6)
        return torch.scatter_add(torch.zeros_like(x), 1, out, F.elu(x[:, into] + self.b))


@convex("index_put with accumulation", dim=4)
class IndexPut(Calls):
    def forward(self, x):
        i = torch.tensor([3, 1, 1])
        z = torch.tanh(x[:, i])
        rows = torch.arange(len(x))[:, None].expand(-1, 3)
        return torch.zeros_like(x).index_put((rows, i.expand(len(x), -1)), z, accumulate=True)


@convex("slice_scatter: half of the entries pass through tanh", dim=4)
class SliceScatter(Calls):
    def forward(self, x):
        return torch.slice_scatter(x, torch.tanh(x[:, 1:3]), dim=1, start=1, end=3)


@no_gradient("the slice is put back one further", dim=4)
class SliceScatterOff(Calls):
    def forward(self, x):
        return torch.slice_scatter(x, torch.tanh(x[:, 1:3]), dim=1, start=2, end=4)


@convex("the trapezoid rule over a learned grid of thresholds", dim=4)
class TrapezoidOverBias(Calls):
    def forward(self, x):
        t = torch.linspace(-2, 2, 9, dtype=x.dtype)
        z = (x @ self.W.T).unsqueeze(-1) + t
        return torch.trapezoid(torch.sigmoid(z), t, dim=-1) @ self.W


@convex("unfold and fold", dim=6)
class UnfoldFold(nn.Module):
    def __init__(self):
        super().__init__()
        self.K = nn.Parameter(torch.randn(4, 3))

    def forward(self, x):
        patches = F.unfold(x.view(-1, 1, 1, 6), (1, 3), padding=(0, 1))
        z = torch.tanh(self.K @ patches)
        return F.fold(self.K.T @ z, (1, 6), (1, 3), padding=(0, 1)).flatten(1)


@no_gradient("K is not transposed on the way back", dim=6)
class UnfoldFoldOpen(UnfoldFold):
    def __init__(self):
        super().__init__()
        self.K = nn.Parameter(torch.randn(3, 3))

    def forward(self, x):
        patches = F.unfold(x.view(-1, 1, 1, 6), (1, 3), padding=(0, 1))
        z = self.K @ torch.tanh(self.K @ patches)
        return F.fold(z, (1, 6), (1, 3), padding=(0, 1)).flatten(1)


@convex("grouped convolution and its transpose with as many groups", dim=6)
class GroupedConv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(2, 4, 3, groups=2, dilation=1, padding=1)

    def forward(self, x):
        z = F.softplus(self.conv(x.unflatten(1, (2, 3))))
        y = F.conv_transpose1d(z, self.conv.weight, groups=2, padding=1)
        return y.flatten(1)


@convex("a filter of positive numbers between rfft and irfft", dim=5)
class RealFilter(nn.Module):
    def __init__(self):
        super().__init__()
        self.h = nn.Parameter(torch.zeros(3))

    def response(self):
        return F.softplus(self.h)

    def forward(self, x):
        return torch.fft.irfft(self.response() * torch.fft.rfft(x, norm="ortho"), 5, norm="ortho")


@gradient_only("a filter of any real numbers", dim=5)
class RealFilterFree(RealFilter):
    def response(self):
        return self.h


@no_gradient("a filter of complex numbers", dim=5)
class ComplexFilter(RealFilter):
    def response(self):
        return torch.complex(torch.ones_like(self.h), self.h)


@convex("each coefficient is shrunk along itself", dim=4)
class SpectralShrink(nn.Module):
    def forward(self, x):
        c = torch.fft.fft(x)
        return torch.fft.ifft(c / (1 + c.abs())).real


@no_gradient("each coefficient by the modulus of the next", dim=4)
class SpectralShrinkNext(nn.Module):
    def forward(self, x):
        c = torch.fft.fft(x)
        return torch.fft.ifft(c / (1 + c.abs().roll(1, -1))).real


@no_gradient("a phase turned by a learned angle", dim=2)
class Phase(nn.Module):
    def __init__(self):
        super().__init__()
        self.angle = nn.Parameter(torch.tensor(0.2))

    def forward(self, x):
        z = torch.view_as_complex(x.contiguous().unsqueeze(1))
        turn = torch.polar(torch.ones_like(self.angle), self.angle)
        return torch.view_as_real(z * turn).squeeze(1)


@convex("turned, rectified, and turned back", dim=2)
class PhaseBack(Phase):
    def forward(self, x):
        c, s = self.angle.cos(), self.angle.sin()
        R = torch.stack([torch.stack([c, -s]), torch.stack([s, c])])
        return torch.relu(x @ R) @ R.T


@no_gradient("cosine similarities as weights of the rows", dim=4)
class CosineWeights(Calls):
    def forward(self, x):
        return F.cosine_similarity(x.unsqueeze(1), self.W, dim=-1, eps=1e-2) @ self.W


@convex("average pooling and its adjoint", dim=4)
class AveragePooled(Calls):
    def forward(self, x):
        z = F.avg_pool1d(x.unsqueeze(1), 2, stride=2)
        return 0.5 * torch.relu(z - 1).repeat_interleave(2, dim=-1).squeeze(1)


@no_gradient("tiled, not repeated entry by entry", dim=4)
class AveragePooledTiled(Calls):
    def forward(self, x):
        z = F.avg_pool1d(x.unsqueeze(1), 2, stride=2)
        return 0.5 * torch.relu(z - 1).tile(2).squeeze(1)


@convex("dropout with probability 0", dim=4)
class DropoutOfNothing(Calls):
    def forward(self, x):
        return F.elu(F.dropout(x @ self.W.T, 0.0, training=True)) @ self.W


@convex("renormalised rows on both sides", dim=4)
class Renormed(Calls):
    def forward(self, x):
        R = torch.renorm(self.W, 2, 0, 1.0)
        return torch.asinh(x @ R.mT) @ R


@convex("a cumulative product of sigmoids as weights", dim=4)
class CumulativeProduct(Calls):
    def forward(self, x):
        return torch.cumprod(torch.sigmoid(self.p), 0) * x.tanh()


@no_gradient("a cumulative product of the entries' own sigmoids", dim=4)
class CumulativeProductOfInput(Calls):
    def forward(self, x):
        return torch.cumprod(torch.sigmoid(x), 1) * self.p.exp()


@convex("the adjoint of a running mean by triangular ones", dim=4)
class RunningMeans(Calls):
    def forward(self, x):
        T = torch.ones(4, 4, dtype=x.dtype).tril() / torch.arange(1, 5, dtype=x.dtype)[:, None]
        return F.hardswish(x @ T.T).clamp(min=0) @ T


@no_gradient("the running mean twice", dim=4)
class RunningMeansTwice(Calls):
    def forward(self, x):
        n = torch.arange(1, 5, dtype=x.dtype)
        return torch.relu(x.cumsum(1) / n).cumsum(1) / n


@convex("the weight read off the layer as its own Jacobian", dim=4)
class JacobianOfLayer(Calls):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 5)

    def forward(self, x):
        J = torch.func.jacrev(self.lin)(torch.zeros(4, dtype=x.dtype))
        return torch.sigmoid(self.lin(x)) @ J
