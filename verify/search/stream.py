"""The functions of torch that a module calls, and what it gives them: the same when it is traced?

A number that Python makes, of the type of a tensor or of a mode of torch, is seen where it goes
into torch, and a tensor that Python picks by it is seen as another one, though no branch depends
on it.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import EllipsisType, FrameType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor
from torch._ops import OpOverload
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from verify.trusted.computed import uncached

TORCH = str(Path(torch.__file__).parent) + os.sep
# A comparison is asked of the other tensor where that has the more special type.
MIRRORED = {"lt": "gt", "le": "ge"}


# What may be asked of a tensor whose answer is no tensor; all else is no part of a sample. What
# takes values out is told elsewhere, so that a constant may be asked for them.
QUESTIONS = (
    *("shape", "size", "dim", "ndim", "ndimension", "numel", "nelement", "__len__", "dtype"),
    *("device", "requires_grad", "is_leaf", "is_floating_point", "is_complex", "__setitem__"),
    *("is_cuda", "is_sparse", "layout", "__bool__", "item", "tolist", "numpy", "__array__"),
    *("__float__", "__int__", "__index__"),
)


@dataclass(frozen=True)
class Call:
    """A call of a function: its name and numbers, its tensors, and those it results in."""

    text: tuple[str, ...]
    given: list[Tensor]
    results: list[Tensor]


class Stream(TorchFunctionMode):
    """Notes each call of a function of torch."""

    def __init__(self, calls: list[Call], asked: list[str]) -> None:
        super().__init__()
        self.calls, self.asked = calls, asked

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        inside = isinstance(func, OpOverload) and asked_by_torch()
        result = func(*args, **kwargs)
        name, owner = getattr(func, "__name__", ""), getattr(func, "__self__", None)
        of = getattr(owner, "__name__", "")
        made = tensors(tree_leaves(result))
        if not made and not is_torchs(sys._getframe(1)):
            question = of if name == "__get__" else name
            self.asked += [] if question in QUESTIONS else [f"Tensor.{question}"]
        writes = name == "__setitem__" or name.startswith("_foreach")
        if inside or not (made or writes):  # not by the module's code, or a question
            return result
        leaves = [*flat((args, kwargs))][:: -1 if name in MIRRORED else 1]
        text = (of, MIRRORED.get(name, name), *sorted(kwargs), *map(spelled, leaves))
        self.calls.append(Call(text, tensors(leaves), made))
        return result


class Streamed(nn.Module):
    """A module whose calls of torch are noted, from what it holds to what it returns."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        self.calls: list[Call] = []
        self.asked: list[str] = []

    def forward(self, x: Tensor) -> Any:
        self.calls.append(Call((), [], [x, *held(self.net)]))
        with Stream(self.calls, self.asked), uncached(self.net):
            out = self.net(x)
        self.calls.append(Call((), tensors([out]), []))
        return out


def held(net: nn.Module) -> list[Tensor]:
    """Return the tensors that a module and its parts hold."""
    queue: list[Any] = [
        v for m in net.modules() for v in {**vars(m), **m._parameters, **m._buffers}.values()
    ]
    known: set[int] = set()
    for value in queue:
        inner = [*value.values()] if isinstance(value, dict) else value
        if isinstance(inner, list | tuple) and id(value) not in known:  # it may hold itself
            queue += inner
            known.add(id(value))
    return tensors(queue)


def tensors(leaves: Sequence[Any]) -> list[Tensor]:
    return [leaf for leaf in leaves if isinstance(leaf, Tensor)]


def flat(value: Any) -> Iterator[Any]:
    """Yield the parts of arguments, those of slices too."""
    if isinstance(value, slice):
        yield from ("slice", value.start, value.stop, value.step)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from flat(part)
    elif isinstance(value, dict):
        for key in sorted(value, key=str):
            yield from flat((key, value[key]))
    else:
        yield value


def spelled(value: Any) -> str:
    """Return an argument as it is compared; what has no spelling is told by identity."""
    if isinstance(value, torch.SymInt | torch.SymFloat | torch.SymBool):
        return repr(value.node.hint)
    if isinstance(value, Tensor):
        return "tensor"
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape} {value.tobytes()!r}"
    if isinstance(value, bytes | bytearray | memoryview):
        return repr(bytes(value))
    plain = isinstance(
        value, range | bool | int | float | complex | str | np.generic | EllipsisType | None
    )
    if plain or type(value).__module__ == "torch":  # a dtype, a device, a layout
        return repr(value)
    return f"{type(value).__name__} {id(value)}"


def is_torchs(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(TORCH)


def asked_by_torch() -> bool:
    """Return whether torch's own code calls an operation below its functions."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_code.co_filename == torch._ops.__file__:
        frame = frame.f_back
    return is_torchs(frame)


def is_constant(t: Tensor) -> bool:
    """Return whether a tensor holds numbers as it stands: it is not traced, nor a wrapper."""
    return type(t) in (Tensor, nn.Parameter) and not is_functorch_wrapped_tensor(t)


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
            if id(b) not in meant and is_constant(b) and a is not b:
                if not is_constant(a) or not torch.equal(a, b):
                    return True
                meant[id(b)] = {id(a)}
            if id(a) not in meant.setdefault(id(b), {id(a)}):
                return True
        for a, b in zip(mine.results, its.results, strict=True):
            meant.setdefault(id(b), set()).add(id(a))
    return False
