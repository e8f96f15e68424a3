"""What torch keeps of tensors, and for all, is left as it was; so are slots and other dice."""

import random

import numpy as np
import torch
from torch import Tensor, nn

import verify

from .tied import Tied

HEAD = nn.Linear(3, 3)
LAYERED = [nn.Linear(3, 3)]
ROLLING = random.Random(0)


class Slotted:
    __slots__ = ("busy",)

    def __init__(self) -> None:
        self.busy = False


SECTION = Slotted()


class Frozen(Tied):
    """Ends by an error, where it is traced, between what it does and undoes."""

    def forward(self, x: Tensor) -> Tensor:
        torch.set_default_dtype(torch.float64)
        torch.use_deterministic_algorithms(True)
        HEAD.requires_grad_(False)
        SECTION.busy = True
        y = self.tanh(HEAD(x))
        assert np.isfinite(y.detach().numpy()).all()
        SECTION.busy = False
        HEAD.requires_grad_(True)
        torch.use_deterministic_algorithms(False)
        torch.set_default_dtype(torch.float32)
        return y


class Backward(Tied):
    """Gathers gradients in its own layers, and in some that it does not register."""

    def forward(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            y = x.detach().requires_grad_()
            self.lin(LAYERED[0](y)).sum().backward()
        ROLLING.random()
        self.lin.weight.register_hook(lambda g: g)
        return torch.zeros_like(x) if y.grad is None else y.grad


def test_what_torch_keeps_of_tensors_and_for_all_is_put_back() -> None:
    net, known = Backward(), ROLLING.getstate()
    net.lin.weight.grad = torch.ones(3, 3)
    verify.decide(Frozen(), "psd", 3)
    verify.decide(net, "psd", 3)
    assert (HEAD.weight.requires_grad, SECTION.busy) == (True, False)
    assert torch.get_default_dtype() is torch.float32
    assert not torch.are_deterministic_algorithms_enabled()
    assert LAYERED[0].weight.grad is None
    assert torch.equal(net.lin.weight.grad, torch.ones(3, 3))
    assert not net.lin.weight._backward_hooks
    assert ROLLING.getstate() == known
