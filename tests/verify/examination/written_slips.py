"""W^T g(W x + b) for many g of all units together, each right or with one slip."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine

KIND = "written_slips"
UNITS = {"W": [[1.0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], "b": 0.0}


class Units(nn.Module):
    """g may use two vectors of parameters."""

    def __init__(self, g: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 3))
        self.b = nn.Parameter(torch.randn(4))
        self.p = nn.Parameter(torch.randn(4))
        self.q = nn.Parameter(torch.randn(4))
        self.g = g

    def forward(self, x: Tensor) -> Tensor:
        return self.g(torch.addmm(self.b, x, self.W.t()), self.p, self.q) @ self.W


def enter(
    name: str,
    g: Callable[[Tensor, Tensor, Tensor], Tensor],
    symmetric: bool,
    psd: bool,
    why: str,
    **more: object,
) -> None:
    examine(lambda: Units(g), symmetric=symmetric, psd=psd, why=why, kind=KIND, name=name,
            **more)  # fmt: skip # pyright: ignore[reportArgumentType]


def squares(u: Tensor) -> Tensor:
    return u.square().sum(-1, keepdim=True)


def length(u: Tensor) -> Tensor:
    return torch.sqrt(squares(u) + 1)


ACROSS = {"values": UNITS, "points": [[1e-3, 0, 0], [-1e-3, 0, 0]]}
enter("step-less", lambda u, p, q: torch.tanh(u) - 0.1 * u.sign(), True, False,
      "a step down at 0", **ACROSS)  # fmt: skip
enter("step-more", lambda u, p, q: torch.tanh(u) + 1e-9 * u.sign(), True, True, "a step up at 0")
enter("square-hinges", lambda u, p, q: F.relu(u) ** 2 - F.relu(-u) ** 2 * p.tanh() ** 2,
      True, True, "squares on both sides, the left one with a sign")  # fmt: skip
enter("square-hinges-free", lambda u, p, q: F.relu(u) ** 2 - F.relu(-u) ** 2 * p.tanh(),
      True, False, "the sign on the left is learned")  # fmt: skip
enter("step-of-parameter", lambda u, p, q: torch.where(u > p, u, u + q), True, False,
      "a step of -q at p")  # fmt: skip
enter("step-of-modulus", lambda u, p, q: torch.where(u > p, u + q.abs(), u), True, True,
      "a step of |q| at p")  # fmt: skip
enter("where-mean", lambda u, p, q: torch.where(u > u.mean(-1, True), u, 0.5 * u), False, False,
      "cut at the mean of the units")  # fmt: skip
enter("where-ball", lambda u, p, q: torch.where(squares(u) < 1, u, 1.5 * u), True, True,
      "longer outside the ball")  # fmt: skip
enter("where-ball-less", lambda u, p, q: torch.where(squares(u) < 1, u, 0.5 * u), True, False,
      "shorter outside the ball", values=UNITS, points=[[0.9, 0, 0], [1.1, 0, 0]])  # fmt: skip
enter("where-ball-of-two", lambda u, p, q: torch.where(squares(u[:, :2]) < 1, u, 1.5 * u),
      False, False, "cut by two of the units")  # fmt: skip
enter("larger-line", lambda u, p, q: torch.maximum(p.abs() * u + q, q.abs() * u + p), True, True,
      "two lines that rise")  # fmt: skip
enter("larger-line-free", lambda u, p, q: torch.maximum(p.abs() * u + q, q * u + p), True, False,
      "one of them may fall")  # fmt: skip
enter("cubic", lambda u, p, q: u**3 - 3 * p * u**2 + 3 * p**2 * u, True, True, "slope 3 (u - p)^2")
enter("cubic-less", lambda u, p, q: u**3 - 3 * p * u**2 + 2.9 * p**2 * u, True, False,
      "slope -0.1 p^2 at p", values={**UNITS, "p": 2.0},
      points=[[2.01, 0, 0], [1.99, 0, 0]])  # fmt: skip
enter("odd-steepness", lambda u, p, q: torch.tanh(p.sinh() * p.tanh() * u), True, True,
      "sinh and tanh have one sign")  # fmt: skip
enter("two-steepnesses", lambda u, p, q: torch.tanh(p.sinh() * q.tanh() * u), True, False,
      "of two parameters they have not")  # fmt: skip
enter("gated-length", lambda u, p, q: u / length(u) * torch.tanh(length(u) - 1), True, True,
      "tanh of at least 0")  # fmt: skip
enter("gated-length-less", lambda u, p, q: u / length(u) * torch.tanh(length(u) - 1.1),
      True, False, "tanh of -0.1 at 0", **ACROSS)  # fmt: skip
enter("gated-length-falling", lambda u, p, q: u / length(u) * torch.tanh(3 - length(u)),
      True, False, "the gate falls")  # fmt: skip


def crossed(u: Tensor, both: bool) -> Tensor:
    a, b = u.chunk(2, -1)
    left = a.softmax(-1) * b.logsumexp(-1, keepdim=True)
    right = b.softmax(-1) * (a.logsumexp(-1, keepdim=True) if both else 1)
    return torch.cat([left, right], -1)


enter("crossed-gates", lambda u, p, q: crossed(u, True), True, False,
      "the gradient of a product of two logsumexps")  # fmt: skip
enter("crossed-gate", lambda u, p, q: crossed(u, False), False, False, "one gate is missing")
enter("weighted-potential", lambda u, p, q: (p.exp() * F.softplus(u)).sum(-1, True)
      * p.exp() * u.sigmoid(), True, True, "weights in the potential and in the field")  # fmt: skip
enter("weights-once", lambda u, p, q: (p.exp() * F.softplus(u)).sum(-1, True) * u.sigmoid(),
      False, False, "weights in the potential only")  # fmt: skip
enter("cumulative-gate", lambda u, p, q: u.sigmoid() * F.softplus(u).cumsum(-1), False, False,
      "each gate sees the units before it")  # fmt: skip
enter("softmax-less-sharper", lambda u, p, q: u.softmax(-1) - (2 * u).softmax(-1), True, False,
      "a difference")  # fmt: skip
enter("counted-twice", lambda u, p, q: u.exp() / (u.exp().sum(-1, True) + u.exp()), False, False,
      "each unit counts itself twice")  # fmt: skip
enter("centred-above-only", lambda u, p, q: (u - u.mean(-1, True))
      * torch.rsqrt(squares(u) / 4 + 1e-5), False, False, "mean squares about 0")  # fmt: skip
enter("centred-at-one", lambda u, p, q: (u - u.mean(-1, True))
      * torch.rsqrt(squares(u - u[:, :1]) + 1e-5), False, False, "about a unit")  # fmt: skip
enter("unbiased", lambda u, p, q: (u - u.mean(-1, True)) * torch.rsqrt(u.var(-1, keepdim=True)
      + 1e-5), True, True, "the variance with n - 1")  # fmt: skip
enter("mixed-by-mean", lambda u, p, q: torch.tanh(u.tanh().mean(-1, True) * p.exp() + u.tanh()),
      False, False, "a rank one between two activations")  # fmt: skip
