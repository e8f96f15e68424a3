"""What torch computes otherwise where it is traced: no such module is proved of what it is not."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

import verify
from verify.search.agreement import far_out
from verify.trusted.trace import trace


class Plain(nn.Module):
    def __init__(self, function: Callable[["Plain", Tensor], Tensor]) -> None:
        super().__init__()
        self.W, self.drop = nn.Parameter(torch.eye(2)), nn.Dropout(0.3)
        self.function = function
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


def written(x: Tensor, write: Callable[[Tensor], object]) -> Tensor:
    """x, and what is written to a copy of what lies beyond 1e9."""
    r = (x.detach() - 1e9).relu()
    y = r.clone()
    write(y)
    return x + y


def cut(net: Plain, x: Tensor) -> Tensor:
    y = x * 1
    net.drop(y).masked_fill_(y > 1e7, 0.0)
    return y


def unsafe(net: Plain, x: Tensor) -> Tensor:
    y = x * 1
    torch.unsafe_split(y, 1, 1)[0].masked_fill_(y[:, :1] > 1e7, 0.0)
    return y


def margin(net: Plain, x: Tensor) -> Tensor:
    with torch.enable_grad():
        z = x.detach().requires_grad_()
        loss = F.multi_margin_loss(z, z.detach().argmax(1), reduction="sum")
        return torch.autograd.grad(loss, z)[0]


def resized(x: Tensor, **how: object) -> Tensor:
    return F.interpolate(x[:, None], **how)[:, 0, :2]  # type: ignore[arg-type]


LIES: dict[str, Callable[[Plain, Tensor], Tensor]] = {
    "dropout returns its argument": cut,
    "a product in its own place": lambda net, x: written(x, lambda y: y.addmm_(y, net.W)),
    "out= of a product": lambda net, x: written(x, lambda y: torch.mm(y, net.W, out=y)),
    "a view or a copy": lambda net, x: written(x, lambda y: y.flatten().mul_(-2)),
    "views that are not told": unsafe,
    "the end of a margin": margin,
    "another entry": lambda net, x: resized(x, size=41, mode="nearest-exact"),
    "a scale that changes no size": lambda net, x: resized(x, scale_factor=1.2, mode="linear"),
    "q beyond 1": lambda net, x: (
        x + torch.quantile(torch.zeros(1), (x[:, 0] - 1e9).relu())[:, None]
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", LIES)
def test_what_torch_computes_otherwise_is_not_proved(name: str) -> None:
    assert verify.decide(Plain(LIES[name]), "psd", dim=2).status != "proved"


RIGHT: dict[str, Callable[[Plain, Tensor], Tensor]] = {
    "dropout": lambda net, x: torch.tanh(net.drop(x @ net.W.T)) @ net.W,
    "dropout by name": lambda net, x: F.dropout(x, p=0.5, training=False),
    "dropout of nothing": lambda net, x: torch.dropout(x, 0.0, train=True),
    "sums in place": lambda net, x: written(x, lambda y: y.add_(y)),
    "a whole scale": lambda net, x: F.avg_pool1d(F.interpolate(x[:, None], scale_factor=2.0), 2)[
        :, 0
    ],
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_it_computes_alike_is_proved(name: str) -> None:
    assert verify.decide(Plain(RIGHT[name]), "psd", dim=2).status == "proved"


def test_points_beyond_the_numbers_of_the_code() -> None:
    net = Plain(lambda net, x: x + (x - 2e9).relu())
    assert 4e9 in [run[1] for run in far_out(net, trace(net, 2))]


def test_a_process_in_which_something_was_compiled() -> None:
    """torch.compile changes nn.Module: what it puts there is torch's, not the user's."""
    compiled = torch.compile(nn.Linear(2, 2), backend="eager")
    compiled(torch.ones(3, 2))
    assert verify.decide(Plain(RIGHT["dropout"]), "psd", dim=2).status == "proved"


def test_an_interpolation_below_a_gradient() -> None:
    def smooth(x: Tensor) -> Tensor:
        return F.interpolate(x[:, None], scale_factor=2, mode="linear")

    net = Plain(lambda net, x: torch.func.vjp(smooth, x)[1](smooth(x))[0])
    assert verify.decide(net, "psd", 4).status == "proved"
