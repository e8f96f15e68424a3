"""Modules that look tables up at places among knots."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

KNOTS = torch.tensor([-1.0, -0.25, 0.5, 0.5, 2.0])


class Table(nn.Module):
    """Some function of u, and of five heights."""

    def __init__(self, act: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor([0.5, -1.0, 2.0, 0.25, -3.0]))
        self.register_buffer("knots", KNOTS)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        return self.act(x, self.theta)


def below(u: Tensor) -> Tensor:
    return torch.bucketize(u.contiguous(), KNOTS)


def spline(u: Tensor, h: Tensor, t: Tensor) -> Tensor:
    v = u.clamp(-1.0, 2.0).contiguous()
    k = torch.bucketize(v, t).clamp(1, len(t) - 1)
    return h[k - 1] + (v - t[k - 1]) / (t[k] - t[k - 1]) * (h[k] - h[k - 1])


APART = torch.tensor([-1.0, -0.25, 0.5, 1.0, 2.0])
MAPS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "picked": lambda u, h: h[below(u).clamp(max=4)],
    "counted": lambda u, h: h[(u.unsqueeze(-1) >= KNOTS).sum(-1).clamp(0, 4)],
    "from the right": lambda u, h: h[
        4 - torch.bucketize(-u.contiguous(), KNOTS, right=True).clamp(max=4)
    ],
    "squared place": lambda u, h: u * KNOTS[(below(u) * below(u)).clamp(max=4)],
    "from the end": lambda u, h: h[below(u).clamp(max=3) - 2],
    "knots moved": lambda u, h: h[below(u + u.roll(1, -1)).clamp(max=4)],
    "summed": lambda u, h: (h.cumsum(0) - h.mean())[below(u).clamp(max=4)] * u,
    "gathered": lambda u, h: torch.outer(u.new_ones(len(u)), h).gather(1, below(u).clamp(max=4)),
    "spline": lambda u, h: spline(u, h, APART),
    "two places": lambda u, h: h[below(u).clamp(max=4)] * KNOTS[below(2 * u).clamp(max=4)],
}


RISING: dict[str, Callable[[Tensor], Tensor]] = {
    "sum of softplus": lambda h: softplus(h).cumsum(0),
    "running maximum": lambda h: h.cummax(0).values,
    "sorted": lambda h: h.sort().values,
    "running minimum, turned": lambda h: -h.cummin(0).values,
}
HEIGHTS: dict[str, Callable[[Tensor], Tensor]] = {
    "free": lambda h: h,
    "falling": lambda h: h.sort(descending=True).values,
    "running minimum": lambda h: h.cummin(0).values,
    "one exchanged": lambda h: h.sort().values[torch.tensor([0, 2, 1, 3, 4])],
    "less a little": lambda h: h.sort().values - 1e-9 * torch.arange(5),
    "less the first": lambda h: torch.cat([h[:1].square() * -1, h[1:].square()]).cumsum(0),
}


def of_heights(heights: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda u, h: spline(u, heights(h), APART)


def meeting(u: Tensor, h: Tensor) -> Tensor:
    return spline(u, h.sort().values, KNOTS)


def meeting_first(u: Tensor, h: Tensor) -> Tensor:
    return spline(u, h.sort().values, torch.tensor([-1.0, -1.0, 0.5, 1.0, 2.0]))


def one_number(u: Tensor, h: Tensor) -> Tensor:
    return u + KNOTS.new_ones(5)[below(1 / u).clamp(max=4)]
