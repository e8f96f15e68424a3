"""Functions of a tensor with a story: in place, filled later, a backward that lies."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def gradient(potential: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with torch.enable_grad():
        x = x if x.requires_grad else x.detach().requires_grad_()
        return torch.autograd.grad(potential(x), x, create_graph=True)[0]


class Liar(torch.autograd.Function):
    """2 x, with a backward pass that lies."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return 2 * x

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return -g


def symmetric(m: Any) -> Tensor:
    rows, columns = torch.triu_indices(4, 4)
    S = torch.zeros(4, 4, dtype=m.A.dtype)
    S[rows, columns] = m.A.flatten()[:10]
    return S + S.T


def triangular(m: Any) -> Tensor:
    L = m.A.new_zeros(4, 4)
    L[torch.tril_indices(4, 4, -1).unbind()] = m.A.flatten()[:6]
    L.diagonal().copy_(m.b.exp())
    return L @ L.T


def columns_in_place(x: Tensor) -> Tensor:
    y = torch.zeros_like(x)
    y[:, 0] = x[:, 1] ** 2
    y[:, 1:] += x[:, 1:]
    y[:, 2] *= 3
    return y


def filled_later(x: Tensor) -> Tensor:
    y = torch.empty_like(x)
    y[:, :2] = x[:, 2:]
    y[:, 2:] = x[:, :2].exp()
    return y


def slices_in_place(x: Tensor) -> Tensor:
    y = x @ torch.ones(4, 4, dtype=x.dtype)
    y[:, ::2] -= 1
    y[:, [1, 3]] = x[:, [3, 1]]
    y[..., 0].tanh_()
    return y


def masked_in_place(x: Tensor) -> Tensor:
    y = x.clone()
    y[y > 0.5] = 0.5
    return y
