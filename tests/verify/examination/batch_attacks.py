"""Modules that are no map of one sample, as they look at the batch; the answer is unknown."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examined


class Tied(nn.Module):
    """What a trace at one batch size, or of one sample, takes them for."""

    def __init__(self, dim: int = 3, width: int = 4) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(width, dim))
        self.V = nn.Parameter(torch.randn(width, dim))

    def tied(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T) @ self.W

    def untied(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T) @ self.V


def coupled(why: str):
    return examined(symmetric=None, psd=None, why=why)


@coupled("another map for a batch of one")
class BatchOfOne(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x) if x.shape[0] == 1 else self.tied(x)


@coupled("another map for batches of four and more")
class BatchOfFour(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x) if len(x) >= 4 else self.tied(x)


@coupled("another map for odd batches")
class OddBatch(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x) if x.size(0) % 2 else self.tied(x)


@coupled("another map for large batches")
class LargeBatch(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x) if x.numel() > 60 else self.tied(x)


@coupled("another map for one batch size only")
class BatchOfNine(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x) if x.shape == (9, 3) else self.tied(x)


@coupled("the batch size is a factor")
class TimesBatchSize(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x) / x.shape[0]


@coupled("the batch size, hidden in a sum of ones")
class SumOfOnes(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x) * torch.exp(x * 0).sum(0)


@coupled("ones_like, summed over the batch")
class CountOfSamples(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return x + torch.ones_like(x).sum(0)


@coupled("the sum over the batch is added")
class BatchSum(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x) + x.sum(0)


@coupled("centred over the batch")
class BatchCentred(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x - x.mean(0, keepdim=True))


@coupled("softmax over the batch")
class BatchSoftmax(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(x @ self.W.T, dim=0) @ self.W


@coupled("nn.Softmax over the first axis")
class BatchSoftmaxModule(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.sigma = nn.Softmax(dim=0)

    def forward(self, x: Tensor) -> Tensor:
        return self.sigma(x @ self.W.T) @ self.W


@coupled("batch statistics in train mode")
class BatchNormTrain(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.norm(x @ self.W.T)) @ self.W


@coupled("batch statistics by the function")
class BatchNormFunction(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(F.batch_norm(x @ self.W.T, None, None, training=True)) @ self.W


@coupled("no running statistics: the batch's own, even in eval mode")
class BatchNormWithoutStatistics(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4, affine=False, track_running_stats=False)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.norm(x @ self.W.T)) @ self.W


@coupled("the batch is sorted")
class BatchSorted(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x.sort(0).values)


@coupled("samples in reverse order")
class BatchFlipped(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x).flip(0)


@coupled("each sample is answered for its neighbour")
class BatchRolled(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(torch.roll(x, 1, 0))


@coupled("running sums over the batch")
class BatchCumsum(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x.cumsum(0))


@coupled("the first sample enters every answer")
class FirstSample(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x + x[:1])


@coupled("the position in the batch is a factor")
class PositionInBatch(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x) * (1 + torch.arange(len(x), dtype=x.dtype))[:, None]


@coupled("divided by the largest entry of the batch")
class GlobalMaximum(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return x / (1 + x.abs().max())


@coupled("the norm of the whole batch")
class GlobalNorm(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return x / torch.sqrt(1 + x.norm() ** 2)


@coupled("normalized over the batch")
class NormalizedOverBatch(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x, dim=0)


@coupled("log-sum-exp over everything, a gate of the batch")
class GlobalLogsumexp(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return F.softplus(torch.logsumexp(x, (0, 1))) * torch.softmax(x, -1)


@coupled("layer norm over the whole batch")
class GlobalLayerNorm(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, list(x.shape))


@coupled("samples attend to each other")
class AttentionOverBatch(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(x @ x.T, -1) @ x


@coupled("an attention layer reads (batch, dim) as one sequence")
class AttentionLayer(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(3, 1, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x, need_weights=False)[0]


@coupled("a recurrent layer reads (batch, dim) as one sequence")
class RecurrentLayer(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0]


@coupled("a layout that mixes the samples")
class MixedByReshape(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x.reshape(3, -1).T)


@coupled("the gradient of a mean over the batch")
class GradientOfMean(Tied):
    def forward(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            y = x.detach().requires_grad_(True)
            return torch.autograd.grad(F.softplus(y @ self.W.T).sum(-1).mean(), y)[0]


@coupled("a Python branch on the values of the batch")
class BranchOnBatch(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x) if bool((x.abs() > 20).any()) else self.tied(x)


@coupled("a loop on the values of the batch")
class LoopOnBatch(Tied):
    def forward(self, x: Tensor) -> Tensor:
        while float(x.detach().norm()) > 1:
            x = x / 2
        return self.tied(x)


@coupled("a float of the batch")
class FloatOfBatch(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x) + float(x.detach().sum())


@coupled("distinct samples only")
class UniqueSamples(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(torch.unique(x, dim=0))
