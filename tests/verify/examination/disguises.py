"""Modules that are other than they look: names, subclasses, hooks, overrides, views, casts.

The truth is about what a call of the module returns. Some can hardly be read; for those an
unknown does not count against verify.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .batch_attacks import Tied
from .entry import examined


class tanh(nn.Module):
    """Not the hyperbolic tangent."""

    def forward(self, z: Tensor) -> Tensor:
        return torch.sin(z)


def softplus(w: Tensor) -> Tensor:
    """Not softplus."""
    return w


@examined(symmetric=True, psd=False, why="a class named tanh that is sin")
class MisnamedClass(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.sigma = tanh()

    def forward(self, x: Tensor) -> Tensor:
        return self.sigma(x @ self.W.T) @ self.W


@examined(symmetric=True, psd=False, why="a function named softplus that is the identity")
class MisnamedFunction(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return (softplus(self.V[:, 0]) * torch.tanh(x @ self.W.T)) @ self.W


class Tanh(nn.Tanh):
    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input).roll(1, -1)


@examined(symmetric=False, psd=False, why="a subclass of nn.Tanh that rolls")
class SubclassedActivation(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.sigma = Tanh()

    def forward(self, x: Tensor) -> Tensor:
        return self.sigma(x @ self.W.T) @ self.W


class Linear(nn.Linear):
    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight.flip(0), self.bias)


@examined(symmetric=False, psd=False, why="a subclass of nn.Linear that flips its weight")
class SubclassedLinear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.lin(x)) @ self.lin.weight


@examined(
    symmetric=False, psd=False, why="a property that gives two parameters in turn", scored=False
)
class AlternatingProperty(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.randn(4, 3))
        self.B = nn.Parameter(torch.randn(4, 3))
        self.turn = False

    @property
    def weight(self) -> Tensor:
        self.turn = not self.turn
        return self.A if self.turn else self.B

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.weight.T) @ self.weight


@examined(symmetric=False, psd=False, why="a forward hook rolls the answer", scored=False)
class ForwardHook(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.register_forward_hook(lambda module, args, y: y.roll(1, -1))

    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x)


@examined(symmetric=False, psd=False, why="a hook before forward scales one entry", scored=False)
class PreHook(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.register_forward_pre_hook(
            lambda module, args: (args[0] * torch.tensor([1, 2, 1], dtype=args[0].dtype),)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x)


@examined(symmetric=False, psd=False, why="a hook of a part rolls its output", scored=False)
class PartHook(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 4)
        self.lin.register_forward_hook(lambda module, args, y: y.roll(1, -1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.lin(x)) @ self.lin.weight


@examined(symmetric=False, psd=False, why="__call__ does more than forward", scored=False)
class OverriddenCall(Tied):
    def __call__(self, x: Tensor) -> Tensor:
        return super().__call__(x).roll(1, -1)

    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x)


@examined(symmetric=False, psd=False, why="another forward hangs on the instance", scored=False)
def instance_forward() -> nn.Module:
    net = Tied()
    net.forward = net.untied
    return net


@examined(symmetric=False, psd=False, why="its copies are tied, itself it is not", scored=False)
class TiedCopies(Tied):
    def __deepcopy__(self, memo: dict[int, Any]) -> nn.Module:
        other = Tied()
        other.forward = other.tied
        return other

    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x)


@examined(
    symmetric=False,
    psd=False,
    why="its state_dict tells another weight",
    scored=False,
    scope="current",
)
class LyingState(Tied):
    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        state = super().state_dict(*args, **kwargs)
        return {**state, "V": state["W"]}

    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x)


@examined(symmetric=False, psd=False, why="hides a parameter from named_parameters", scored=False)
class HiddenParameter(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.V.data.copy_(self.W.data)

    def named_parameters(self, *args: Any, **kwargs: Any):
        return ((n, p) for n, p in super().named_parameters(*args, **kwargs) if n != "V")

    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x)


@examined(
    symmetric=False, psd=False, why="tied only while a compiler or exporter looks", scored=False
)
class CompilerDetected(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x) if torch.compiler.is_compiling() else self.untied(x)


@examined(symmetric=False, psd=False, why="tied only while exported", scored=False)
class ExporterDetected(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x) if torch.compiler.is_exporting() else self.untied(x)


@examined(symmetric=False, psd=False, why="tied only for stand-ins of tensors", scored=False)
class StandInDetected(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x) if type(x) is Tensor else self.tied(x)


@examined(
    symmetric=False, psd=False, why="tied only where the batch size is a symbol", scored=False
)
class SymbolDetected(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x) if type(x.shape[0]) is int else self.tied(x)


@examined(symmetric=False, psd=False, why="tied only where x has no value to read", scored=False)
class ValueDetected(Tied):
    def forward(self, x: Tensor) -> Tensor:
        try:
            x.detach().sum().item()
        except Exception:  # whatever a tensor without data raises
            return self.tied(x)
        return self.untied(x)


@examined(symmetric=False, psd=False, why="tied only inside a dispatch mode", scored=False)
class ModeDetected(Tied):
    def forward(self, x: Tensor) -> Tensor:
        modes = torch._C._len_torch_dispatch_stack()
        return self.tied(x) if modes else self.untied(x)


@examined(symmetric=False, psd=False, why="tied only in a copy of itself", scored=False)
class CopyDetected(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.me = id(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x) if id(self) == self.me else self.tied(x)


@examined(symmetric=False, psd=False, why="in eval mode it is not tied", scored=True)
def eval_mode() -> nn.Module:
    class InTraining(Tied):
        def forward(self, x: Tensor) -> Tensor:
            return self.tied(x) if self.training else self.untied(x)

    return InTraining().eval()


@examined(symmetric=True, psd=True, why="in train mode, as it is given, it is tied")
class TrainMode(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x) if self.training else self.untied(x)


@examined(symmetric=True, psd=False, why="torch.tanh is torch.sin for a while", scored=False)
class Patched(Tied):
    def forward(self, x: Tensor) -> Tensor:
        before = torch.tanh
        try:
            torch.tanh = torch.sin
            return self.tied(x)
        finally:
            torch.tanh = before


class Lying(Tensor):
    """A tensor whose product with another is rolled."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with torch._C.DisableTorchFunctionSubclass():
            y = func(*args, **(kwargs or {}))
        rolls = func in (torch.matmul, Tensor.matmul, Tensor.__rmatmul__)
        return y.roll(1, -1) if rolls and isinstance(y, Tensor) else y


@examined(symmetric=False, psd=False, why="a constant whose products are rolled", scored=False)
class LyingTensor(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.M = torch.eye(3).as_subclass(Lying)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh((x.float() @ self.M).as_subclass(Tensor)).to(x.dtype)
