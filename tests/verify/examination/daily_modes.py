"""Train and eval mode, noise, other samples and hidden state."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .everyday import convex, gradient_only, no_gradient, no_verdict


class Net(nn.Module):
    """fc, a middle, act, and fc.weight on the way back."""

    def __init__(self, *middle: nn.Module) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 6)
        self.middle = nn.Sequential(*middle)

    def forward(self, x: Tensor) -> Tensor:
        return self.middle(self.fc(x)) @ self.fc.weight


@convex("dropout is the identity in eval mode", dim=4)
def dropout_eval() -> nn.Module:
    return Net(nn.Dropout(0.4), nn.ReLU(), nn.AlphaDropout(0.1)).eval()


@no_verdict("dropout draws in train mode", dim=4)
def dropout_training() -> nn.Module:
    return Net(nn.Tanh(), nn.Dropout(0.4))


@convex("fixed statistics, no affine part", dim=4)
def batch_norm_eval() -> nn.Module:
    norm = nn.BatchNorm1d(6, affine=False)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.copy_(torch.linspace(-1, 1, 6))
    norm.running_var.copy_(torch.linspace(0.5, 2, 6))
    return Net(norm, nn.Softplus()).eval()


@gradient_only("learned gains may be negative", dim=4, values={"middle.0.weight": -1.0})
def batch_norm_affine_eval() -> nn.Module:
    return Net(nn.BatchNorm1d(6), nn.Softplus()).eval()


@convex("gains on the pre-activation and the same after it", dim=4)
class BatchNormBothSides(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 5, bias=False)
        self.bn = nn.BatchNorm1d(5)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return (torch.sigmoid(self.bn(self.fc(x))) * self.bn.weight) @ self.fc.weight


@no_verdict("statistics of the batch in train mode", dim=4)
def batch_norm_training() -> nn.Module:
    return Net(nn.BatchNorm1d(6), nn.Softplus())


@no_verdict("without running statistics eval mode takes those of the batch", dim=4)
def batch_norm_untracked_eval() -> nn.Module:
    return Net(nn.BatchNorm1d(6, track_running_stats=False), nn.Softplus()).eval()


@no_verdict("F.dropout draws in eval mode too, unless told", dim=4)
class FunctionalDropout(Net):
    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(torch.tanh(self.fc(x)), 0.2) @ self.fc.weight


@convex("F.dropout told of the mode", dim=4)
class FunctionalDropoutTold(Net):
    def __init__(self) -> None:
        super().__init__()
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        h = F.dropout(torch.tanh(self.fc(x)), 0.2, training=self.training)
        return h @ self.fc.weight


@gradient_only("RReLU takes the mean slope, silu falls", dim=4)
def rrelu_and_silu_eval() -> nn.Module:
    return Net(nn.RReLU(0.1, 0.3), nn.SiLU()).eval()


@no_gradient("two weights, eval mode or not", dim=4)
def head_and_tail_eval() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 4)).eval()


@no_verdict("the mean of the batch is taken off", dim=4)
class CentredBatch(Net):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.fc(x - x.mean(dim=0))) @ self.fc.weight


@no_verdict("each sample is compared to the others", dim=4)
class Kernelised(Net):
    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(-torch.cdist(x, x).square(), dim=-1) @ x


@no_verdict("a hidden state is carried on", dim=4)
class Recurrent(Net):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("h", torch.zeros(6))

    def forward(self, x: Tensor) -> Tensor:
        out = torch.tanh(self.fc(x) + self.h) @ self.fc.weight
        self.h = torch.tanh(self.fc(x)).detach().mean(0)
        return out


@no_verdict("a counter warms the layer up", dim=4)
class WarmUp(Net):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return min(1.0, self.calls / 100) * torch.tanh(self.fc(x)) @ self.fc.weight
