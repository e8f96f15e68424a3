"""W^T tanh(W x): the gradient of a convex function, for the tests to build on."""

import torch
from torch import Tensor, nn


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 3, bias=False)

    def tanh(self, x: Tensor) -> Tensor:
        return torch.tanh(self.lin(x)) @ self.lin.weight
