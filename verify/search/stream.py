"""The functions of torch that a module calls, and what it gives them: the same when it is traced?

A number that Python makes, of the type of a tensor or of a mode of torch, is seen where it goes
into torch, and a tensor that Python picks by it is seen as another one, though no branch depends
on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

# A comparison is asked of the other tensor where that has the more special type.
MIRRORED = {"lt": "gt", "le": "ge"}


@dataclass(frozen=True)
class Call:
    """A call of a function: its name and numbers, its tensors, and those it results in."""

    text: tuple[str, ...]
    given: list[Tensor]
    results: list[Tensor]


class Stream(TorchFunctionMode):
    """Notes each call of a function of torch."""

    def __init__(self, calls: list[Call]) -> None:
        super().__init__()
        self.calls = calls

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        name, owner = getattr(func, "__name__", ""), getattr(func, "__self__", None)
        of = getattr(owner, "__name__", "")
        made = tensors(tree_leaves(result))
        if isinstance(func, OpOverload) or not made:  # not by the module's code, or a question
            return result
        leaves = tree_leaves((args, kwargs))[:: -1 if name in MIRRORED else 1]
        text = (of, MIRRORED.get(name, name), *sorted(kwargs), *map(spelled, leaves))
        self.calls.append(Call(text, tensors(leaves), made))
        return result


class Streamed(nn.Module):
    """A module whose calls of torch are noted, from what it holds to what it returns."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        self.calls: list[Call] = []

    def forward(self, x: Tensor) -> Any:
        self.calls.append(Call((), [], [x, *held(self.net)]))
        with Stream(self.calls):
            out = self.net(x)
        self.calls.append(Call((), tensors([out]), []))
        return out


def held(net: nn.Module) -> list[Tensor]:
    """Return the tensors that a module and its parts hold."""
    parts = [{**vars(m), **m._parameters, **m._buffers} for m in net.modules()]
    return tensors(tree_leaves([[*part.values()] for part in parts]))


def tensors(leaves: Sequence[Any]) -> list[Tensor]:
    return [leaf for leaf in leaves if isinstance(leaf, Tensor)]


def spelled(value: Any) -> str:
    """Return an argument as it is compared."""
    if isinstance(value, torch.SymInt | torch.SymFloat | torch.SymBool):
        return repr(value.node.hint)
    if isinstance(value, bool | int | float | complex | str | torch.dtype | None):
        return repr(value)
    return "tensor" if isinstance(value, Tensor) else type(value).__name__


def differs(here: Sequence[Call], there: Sequence[Call]) -> bool:
    """Return whether two runs call other functions, or give them other numbers or tensors.

    A tensor there stands for those here that came of the same calls: torch may return one as it is
    here, and a new one there.
    """
    if [call.text for call in here] != [call.text for call in there]:
        return True
    meant: dict[int, set[int]] = {}
    for mine, its in zip(here, there, strict=True):
        if len(mine.given) != len(its.given) or len(mine.results) != len(its.results):
            return True
        for a, b in zip(mine.given, its.given, strict=True):
            if id(a) not in meant.setdefault(id(b), {id(a)}):
                return True
        for a, b in zip(mine.results, its.results, strict=True):
            meant.setdefault(id(b), set()).add(id(a))
    return False
