"""Modules that are no map of one sample, as one function each."""

import itertools
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

A = torch.tensor([[1.0, 2.0], [0.0, 1.0]])


class Spelled(nn.Module):
    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(2, 2))
        self.b = nn.Parameter(torch.randn(2))
        self.scale = 1.0
        self.calls: Any = 0
        self.state = torch.zeros(1)
        self.kept: list[Any] = [self.A]
        self.noise = nn.Buffer(torch.ones(2))
        self.array: Any = None
        self.function = function

    def forward(self, x: Tensor) -> Any:
        return self.function(self, x)


def linear(m: Any, x: Tensor) -> Tensor:
    return x @ m.A


def remember(m: Any, x: Tensor) -> Tensor:
    m.calls += 1
    return x if m.calls < 100 else linear(m, x)


def append(m: Any, x: Tensor) -> Tensor:
    m.kept.append(1)
    return x if len(m.kept) < 50 else linear(m, x)


def cache(m: Any, x: Tensor) -> Tensor:
    m.cached = x if m.scale == 2 else x * 2
    m.state = x.detach().mean()
    return x


def write_buffer(m: Any, x: Tensor) -> Tensor:
    m.noise.mul_(2)
    return x * m.noise


def write_plain(m: Any, x: Tensor) -> Tensor:
    m.state.add_(1)
    return x * m.state


def write_input(m: Any, x: Tensor) -> Tensor:
    x[:, 0] = 0
    return x


def write_input_view(m: Any, x: Tensor) -> Tensor:
    x.view(-1).mul_(2)
    return x + 0


def write_parameter(m: Any, x: Tensor) -> Tensor:
    with torch.no_grad():
        m.A.add_(1)
    return x @ m.A


def write_data(m: Any, x: Tensor) -> Tensor:
    m.A.data.fill_(1)
    return x @ m.A


def freeze_parameter(m: Any, x: Tensor) -> Tensor:
    m.A.requires_grad_(False)
    return x @ m.A


def replace_parameter(m: Any, x: Tensor) -> Tensor:
    m.b = nn.Parameter(torch.ones(2))
    return x + m.b


def replace_buffer(m: Any, x: Tensor) -> Tensor:
    m.noise = m.noise + 1
    return x * m.noise


def add_buffer(m: Any, x: Tensor) -> Tensor:
    m.register_buffer(f"more{len(list(m.buffers()))}", x.detach().mean())
    return x


def change_default(m: Any, x: Tensor) -> Tensor:
    torch.set_default_dtype(torch.float64)
    return x


def switch_mode(m: Any, x: Tensor) -> Tensor:
    m.train(not m.training)
    return x if m.training else linear(m, x)


OTHER_KINDS = {"unique": "unknown operation"}


def partly_set(x: Tensor) -> Tensor:
    y = torch.empty_like(x)
    y[:, 0] = x[:, 1]
    return y


COUNT = 0
TABLE: dict[str, int] = {}
STEPS = itertools.count()


def count_globally(m: Any, x: Tensor) -> Tensor:
    global COUNT
    COUNT += 1
    return x if COUNT < 100 else linear(m, x)


def count_in_a_table(m: Any, x: Tensor) -> Tensor:
    TABLE["n"] = TABLE.get("n", 0) + 1
    return x if TABLE["n"] < 100 else linear(m, x)


def count_by_an_iterator(m: Any, x: Tensor) -> Tensor:
    return x if next(STEPS) < 100 else linear(m, x)


def fallback(m: Any, x: Tensor) -> Tensor:
    try:
        return x if float(x.sum()) > -1e9 else linear(m, x)
    except Exception:
        return x


NO_SAMPLE_MAP: dict[str, Callable[[Any, Tensor], Any]] = {
    # samples that meet, or are counted
    "softmax over the batch": lambda m, x: torch.softmax(x, 0),
    "batch mean": lambda m, x: x - x.mean([0], keepdim=True),
    "mean of all": lambda m, x: x - x.mean(),
    "times the batch's sum": lambda m, x: x * x.sum(0, keepdim=True),
    "gram": lambda m, x: x @ x.T @ x,
    "distances": lambda m, x: torch.cdist(x, x).sum(1, keepdim=True) * x,
    "pairs": lambda m, x: (x[:, None] - x[None]).sum(1),
    "first sample": lambda m, x: x + x[0],
    "first sample by slice": lambda m, x: x + x[:1],
    "all but the last": lambda m, x: F.pad(x[1:], (0, 0, 0, 1)),
    "batch size": lambda m, x: x * x.shape[0],
    "batch size as a float": lambda m, x: x / float(len(x)),
    "number of entries": lambda m, x: x * x.numel(),
    "range": lambda m, x: x * torch.arange(x.shape[0])[:, None],
    "reshuffled": lambda m, x: x.T.reshape(-1, 2),
    "merged and cut": lambda m, x: x.reshape(-1)[: x.numel()].view(2, -1).T,
    "branch above": lambda m, x: x if x.shape[0] < 4 else x @ A,
    "branch below": lambda m, x: x if x.shape[0] > 2 else x @ A,
    "branch at two": lambda m, x: x if x.shape[0] >= 3 else x @ A,
    "branch at one": lambda m, x: x if x.shape[0] == 1 else x @ A,
    "branch far above": lambda m, x: x if x.shape[0] < 100000 else x @ A,
    "branch at the example": lambda m, x: x @ A if x.shape[0] != 7919 else x,
    "odd batches": lambda m, x: x if x.shape[0] % 2 else x @ A,
    "loop over the batch": lambda m, x: torch.stack([z * 2 for z in x]),
    "branch on the size of memory": lambda m, x: x if x.numel() < 1000 else x @ A,
    "number of samples by a sum": lambda m, x: x + (torch.exp(x * 0).sum(0) - 1) * (x @ A),
    "number of samples in numbers": lambda m, x: x + (x.shape[0] - 1) * (x.shape[0] - 2) * (x @ A),
    "number of samples in a tensor": lambda m, x: x * torch.full((2,), x.shape[0]),
    "number by expansion": lambda m, x: x * m.b[:1].expand(x.shape[0], 1).sum(),
    "number by ones": lambda m, x: x * torch.ones_like(x).sum(),
    "number by a mean": lambda m, x: torch.autograd.grad((x.requires_grad_() ** 2).mean(), x)[0],
    "sorted samples": lambda m, x: x.sort(0)[0],
    "flipped samples": lambda m, x: x.flip(0),
    "rolled samples": lambda m, x: x.roll(1, 0),
    "cumulated samples": lambda m, x: x.cumsum(0),
    "largest sample": lambda m, x: x - x.amax(0),
    "batch norm": lambda m, x: F.batch_norm(x, None, None, training=True),
    "samples chosen by value": lambda m, x: x[x[:, 0] > 0],
    "unique": lambda m, x: x * x.unique().numel(),
    "matmul over samples": lambda m, x: x * torch.mm(x.T, x).trace(),
    # randomness and what is not set
    "dropout": lambda m, x: F.dropout(x, 0.5, True),
    "rrelu": lambda m, x: F.rrelu(x, training=True),
    "random": lambda m, x: x + torch.rand(2),
    "random like": lambda m, x: x * torch.randn_like(x),
    "bernoulli": lambda m, x: x * torch.bernoulli(torch.full((2,), 0.5)),
    "numpy's random": lambda m, x: x * float(np.random.default_rng().random()),
    "permutation": lambda m, x: x[:, torch.randperm(2)],
    "not set": lambda m, x: x * torch.empty(2),
    "partly set": lambda m, x: partly_set(x),
    # values, modes, state
    "value of x": lambda m, x: x if x.sum() > 0 else x @ A,
    "value of a parameter": lambda m, x: x if m.A.sum() > 0 else x @ A,
    "item": lambda m, x: x if x[0, 0].item() > 0 else x @ A,
    "list": lambda m, x: x * x.tolist()[0][0],
    "value swallowed": fallback,
    "grad mode": lambda m, x: x if torch.is_grad_enabled() else x @ A,
    "x requires grad": lambda m, x: x if x.requires_grad else x @ A,
    "both": lambda m, x: x @ A if x.requires_grad and not torch.is_grad_enabled() else x,
    "one sample without gradient": lambda m, x: (
        x @ A if x.shape[0] == 1 and x.requires_grad and not torch.is_grad_enabled() else x
    ),
    "counter": remember,
    "list that grows": append,
    "cache": cache,
    "global counter": count_globally,
    "counter in a table": count_in_a_table,
    "counter by an iterator": count_by_an_iterator,
    "training mode": switch_mode,
    "default dtype": change_default,
    "autocast": lambda m, x: [torch.autocast("cpu", torch.bfloat16).__enter__(), x][1],
    "grad mode for good": lambda m, x: [torch.set_grad_enabled(x.requires_grad), x][1],
    "environment": lambda m, x: x * len(os.environ.setdefault("X", "1")) * next(STEPS),
    "write to a buffer": write_buffer,
    "write to a plain tensor": write_plain,
    "write to the input": write_input,
    "write to a view of the input": write_input_view,
    "write to a parameter": write_parameter,
    "write to a parameter's data": write_data,
    "freeze a parameter": freeze_parameter,
    "replace a parameter": replace_parameter,
    "replace a buffer": replace_buffer,
    "add a buffer": add_buffer,
    "baked by numpy": lambda m, x: x @ torch.from_numpy(m.array * 1.0),
    "baked number": lambda m, x: x * float(m.array[0, 0]),
    "baked branch": lambda m, x: x if m.array[0, 0] > 0 else x @ A,
}
