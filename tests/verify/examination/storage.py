"""Copies, views, writing in place, casts and round trips: what the values are in the end.

For those that can hardly be read an unknown does not count against verify.
"""

import numpy as np
import torch
from torch import Tensor, nn

from .batch_attacks import Tied
from .entry import examined


@examined(symmetric=False, psd=False, why="a stale copy of W, which training leaves behind")
class StaleCopy(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.outer = self.W.detach().clone()

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.W.T) @ self.outer.to(x.dtype)


@examined(symmetric=True, psd=True, why="a plain tensor as it is, on both sides")
class PlainTensor(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.M = torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]])

    def forward(self, x: Tensor) -> Tensor:
        M = self.M.to(x.dtype)
        return torch.tanh(x @ M.T) @ M


@examined(symmetric=True, psd=True, why="a view written to: the neurons 0 and 1 are doubled")
class WrittenView(Tied):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.tanh(x @ self.W.T)
        z[:, :2].mul_(2)
        return z @ self.W


@examined(symmetric=False, psd=False, why="a view written to before it is read again")
class WrittenThenRead(Tied):
    def forward(self, x: Tensor) -> Tensor:
        h = x.clone()
        first = h[:, :1]
        first += h[:, 1:2]
        return h


@examined(symmetric=False, psd=False, why="out= writes one entry into another's place")
class WrittenEntries(Tied):
    def forward(self, x: Tensor) -> Tensor:
        h = torch.zeros_like(x)
        h[:, 0], h[:, 1:] = x[:, 1], x[:, 1:]
        return h


@examined(symmetric=True, psd=True, why="in place on a tensor of its own")
class InPlace(Tied):
    def forward(self, x: Tensor) -> Tensor:
        z = x @ self.W.T
        z.tanh_().mul_(3)
        return z @ self.W


@examined(symmetric=True, psd=True, why="relu in place, as often written")
class InPlaceRelu(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin, self.act = nn.Linear(3, 4), nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.lin(x)) @ self.lin.weight


@examined(symmetric=True, psd=True, why="x.data is x", scored=False)
class ReadsData(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x.data @ self.W.T) @ self.W.data


@examined(symmetric=True, psd=True, why="no_grad changes no value")
class WithoutGrad(Tied):
    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            z = x @ self.W.T
        return torch.tanh(z) @ self.W


@examined(symmetric=True, psd=True, why="tanh by numpy", scored=False)
class NumpyTanh(Tied):
    def forward(self, x: Tensor) -> Tensor:
        z = (x @ self.W.T).detach().numpy()
        return torch.from_numpy(np.tanh(z)) @ self.W


@examined(symmetric=False, psd=False, why="numpy rolls", scored=False)
class NumpyRoll(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return torch.from_numpy(np.roll(self.tied(x).detach().numpy(), 1, -1).copy())


@examined(
    symmetric=False, psd=False, why="a list of floats comes back in another order", scored=False
)
class ListOfFloats(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tensor([[c, a, b] for a, b, c in x.tolist()], dtype=x.dtype)


@examined(symmetric=True, psd=False, why="a cast to bool is 1 but at 0",
          points=((-1, 0, 0), (0, 0, 0)), values={})  # fmt: skip
class BoolCast(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return x.bool().to(x.dtype)


@examined(symmetric=True, psd=False, why="twice the half, truncated, taken from x")
class TruncatedRest(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return x - 2 * (x / 2).to(torch.int64).to(x.dtype)


@examined(symmetric=True, psd=True, why="exact arithmetic: 1e30 comes and goes")
class LargeConstant(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return (x + 1e30) - 1e30


@examined(symmetric=True, psd=True, why="the real part of a complex product", scored=False)
class ComplexProduct(Tied):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.complex(x, torch.zeros_like(x)) @ torch.complex(self.W, self.W).T
        return torch.tanh(z.real) @ self.W


@examined(symmetric=True, psd=True, why="a part called with the parameters of another")
class FunctionalCall(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(3, 4), nn.Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        z = torch.func.functional_call(self.inner, {"weight": self.outer.weight}, (x,))
        return torch.tanh(z) @ self.outer.weight


@examined(symmetric=False, psd=False, why="a part called with the parameters of another, untied")
class FunctionalCallUntied(FunctionalCall):
    def forward(self, x: Tensor) -> Tensor:
        z = torch.func.functional_call(self.inner, {"weight": self.outer.weight}, (x,))
        return torch.tanh(z) @ self.inner.weight


@examined(symmetric=True, psd=True, why="writes to its input, and returns the right thing",
          scored=False)  # fmt: skip
class WrittenInput(Tied):
    def forward(self, x: Tensor) -> Tensor:
        x += 1
        return self.tied(x)


@examined(symmetric=False, psd=False, why="writes one entry of its input to another", scored=False)
class ShearedInput(Tied):
    def forward(self, x: Tensor) -> Tensor:
        x[:, 0] += x[:, 1]
        return x
