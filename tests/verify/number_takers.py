"""Modules that take numbers out of tensors: of constants, and of what moves."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


class Holder(nn.Module):
    def __init__(self, act: Callable[["Holder", Tensor], Tensor]) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.eye(3) + 0.1)
        self.frozen = nn.Parameter(torch.tensor(2.0), requires_grad=False)
        self.register_buffer("n", torch.zeros(1))
        self.register_buffer("order", torch.tensor([2, 0, 1]))
        self.plain = torch.tensor([0.5, 3.0])
        self.n: Tensor
        self.order: Tensor
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self, x)


class Sharing(Holder):
    """Keeps a part of its parameter's memory."""

    def __init__(self, act: Callable[["Sharing", Tensor], Tensor]) -> None:
        super().__init__(act)  # type: ignore[arg-type] - it is called with this one
        self.part = self.W.detach()[0]


def of_a_part(net: Sharing, x: Tensor) -> Tensor:
    return x if float(net.part.sum()) < 1e9 else -x


def taken(net: Holder, x: Tensor) -> Tensor:
    return torch.stack([torch.tanh(x[:, int(i)]) for i in net.order.argsort()], 1)[:, net.order]


CONSTANTS: dict[str, Callable[[Holder, Tensor], Tensor]] = {
    "float": lambda net, x: x.clamp(-float(net.plain[1]), net.plain.max().item()),
    "branch": lambda net, x: x if net.n.sum() == 0 else -x,
    "frozen": lambda net, x: net.frozen.item() * x,
    "list": lambda net, x: torch.relu(x[:, net.order.tolist()])[:, net.order.argsort()],
    "places": taken,
}


def counted(change: Callable[[Holder], object]) -> Callable[[Holder, Tensor], Tensor]:
    def act(net: Holder, x: Tensor) -> Tensor:
        change(net)
        return x * (1 - 6 * (float(net.n) > 3000))

    return act


def after(change: Callable[[Holder], object]) -> Callable[[Holder, Tensor], Tensor]:
    def act(net: Holder, x: Tensor) -> Tensor:
        seen = float(net.n)
        change(net)
        return x * (1 - 6 * (seen > 3000))

    return act


def local(change: Callable[[Tensor], object]) -> Callable[[Holder, Tensor], Tensor]:
    """A copy is changed, and then read: 1 - 2 = -1 times x."""

    def act(net: Holder, x: Tensor) -> Tensor:
        c = torch.cat([net.n, net.n])
        change(c)
        return x * (1 - 2 * float(c[0]))

    return act


CHANGES: dict[str, Callable[[Tensor], object]] = {
    "add_": lambda n: n.add_(1),
    "item": lambda n: n.__setitem__(0, n[0] + 1),
    "view": lambda n: n.view(-1)[:1].add_(1),
    "detach": lambda n: n.detach().add_(1),
    "data": lambda n: n.data.add_(1),
    "set": lambda n: setattr(n, "data", n + 1),
    "out": lambda n: torch.add(n, 1, out=n),
    "foreach": lambda n: torch._foreach_add_([n], 1),  # pyright: ignore[reportPrivateImportUsage]
    "set_": lambda n: n.set_(n + 1),  # type: ignore[arg-type] - it is called with this one
    "unsafe": lambda n: n.unsafe_split(1)[0].add_(1),
}
MOVING: dict[str, Callable[[Holder, Tensor], Tensor]] = {
    "parameter": lambda net, x: x if net.W.sum() > -1e9 else -x,
    "parameter's data": lambda net, x: x if float(net.W.data[0, 0]) > -1e9 else -x,
    "parameter's list": lambda net, x: x if net.W.tolist()[0][0] < 1e9 else -x,
    "sample": lambda net, x: x if (x.detach().sum() * net.n).item() == 0 else -x,
    "sample, put": lambda net, x: x if float(net.n.clone().fill_(x[0, 0].item())) < 9 else -x,
    "number of samples": lambda net, x: x * float(len(x) * net.n + 1),
    "chance": lambda net, x: x * (1 - 2 * float(torch.rand(1) > 2)),
    "not set": lambda net, x: x if float(torch.empty(1)) < 1e30 else -x,
}
LIARS = {
    **MOVING,
    **{f"counted by {k}": counted(lambda net, f=f: f(net.n)) for k, f in CHANGES.items()},
    **{f"counted after, {k}": after(lambda net, f=f: f(net.n)) for k, f in CHANGES.items()},
    **{f"a copy, {k}": local(f) for k, f in CHANGES.items()},
}


def negated(net: Holder, x: Tensor) -> Tensor:
    return x * (-1 if float(net.n) == 0 else 1)
