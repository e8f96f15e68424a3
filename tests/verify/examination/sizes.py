"""Properties that hold at some dimensions only."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine

Map = Callable[[Tensor], Tensor]


class Bare(nn.Module):
    def __init__(self, apply_to: Map) -> None:
        super().__init__()
        self.apply_to = apply_to

    def forward(self, x: Tensor) -> Tensor:
        return self.apply_to(x)


def total(x: Tensor) -> Tensor:
    return x.sum(-1, keepdim=True)


def stencil(x: Tensor, middle: float) -> Tensor:
    return middle * x + F.pad(x[:, 1:], (0, 1)) + F.pad(x[:, :-1], (1, 0))


def steps(x: Tensor) -> Tensor:
    return torch.arange(x.shape[-1], dtype=x.dtype)


# name: map, then for each dim (symmetric, psd)
MAPS: dict[str, tuple[Map, dict[int, tuple[bool, bool]]]] = {
    "minus_half_the_sum": (
        lambda x: x - total(x) / 2,
        {1: (True, True), 2: (True, True), 3: (True, False), 5: (True, False)},
    ),
    "minus_a_third_of_the_sum": (
        lambda x: x - total(x) / 3,
        {2: (True, True), 3: (True, True), 4: (True, False)},
    ),
    "minus_the_mean": (lambda x: x - x.mean(-1, keepdim=True), {1: (True, True), 6: (True, True)}),
    "twice_the_mean": (
        lambda x: 2 * x.mean(-1, keepdim=True) - x,
        {1: (True, True), 2: (True, False)},
    ),
    "box": (lambda x: stencil(x, 1.0), {2: (True, True), 3: (True, False)}),
    "wide_box": (
        lambda x: stencil(x, 1.5),
        {2: (True, True), 3: (True, True), 4: (True, False)},
    ),
    "times_the_sum": (
        lambda x: x * total(x),
        {1: (True, False), 2: (False, False), 3: (False, False)},
    ),
    "roll_by_two": (
        lambda x: x.roll(2, -1),
        {1: (True, True), 2: (True, True), 3: (False, False), 4: (True, False), 5: (False, False)},
    ),
    "numbered": (
        lambda x: x * (2 - steps(x)),
        {1: (True, True), 2: (True, True), 3: (True, True), 4: (True, False)},
    ),
    "sum_of_numbered": (
        lambda x: (x * steps(x)).sum(-1, keepdim=True).expand_as(x),
        {1: (True, True), 2: (False, False), 3: (False, False)},
    ),
    "log_softmax": (
        lambda x: F.log_softmax(x, -1),
        {1: (True, True), 2: (False, False), 3: (False, False)},
    ),
    "softmax_squared": (
        lambda x: torch.softmax(x, -1) ** 2,
        {1: (True, True), 2: (False, False)},
    ),
    "sort": (
        lambda x: x.sort(-1).values,
        {1: (True, True), 2: (True, False), 3: (False, False)},
    ),
    "one_norm": (
        lambda x: x / (1 + x.abs().sum(-1, keepdim=True)),
        {1: (True, True), 2: (False, False)},
    ),
    "sign_of_the_first": (
        lambda x: x.sign() + x[:, :1].sign(),
        {1: (True, True), 2: (False, False)},
    ),
    "layer_norm_of_tanh": (
        lambda x: F.layer_norm(torch.tanh(x), (x.shape[-1],)),
        {1: (True, True), 3: (False, False)},
    ),
    "cumsum_of_cumsum": (
        lambda x: x.cumsum(-1).flip(-1),
        {1: (True, True), 2: (True, False), 3: (True, False)},
    ),
}


def bare(apply_to: Map) -> Callable[[], nn.Module]:
    return lambda: Bare(apply_to)


for name, (apply_to, truths) in MAPS.items():
    for dim, (symmetric, psd) in truths.items():
        examine(
            bare(apply_to),
            dim=dim,
            symmetric=symmetric,
            psd=psd,
            why="at this dimension",
            kind="sizes",
            name=f"{name}_{dim}",
        )
