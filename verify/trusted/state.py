"""What a module keeps in Python: the call of a map of one sample leaves it as it is."""

import gc
import sys
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from functools import partial
from types import (
    CellType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
    NoneType,
    SimpleNamespace,
)
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from verify.trusted.values import mixing

# Libraries whose objects are told apart by identity: among a notebook's globals they fill caches.
FOREIGN = ("torch", "numpy", "sympy", "mpmath", "matplotlib", "IPython", "ipykernel", "traitlets")


PARTS = ("__self__", "__func__", "func", "args", "keywords")  # of a method, of a partial


def captured(function: FunctionType) -> list[Any]:
    """Return what a function of the user's has of its surroundings."""
    if (function.__module__ or "").split(".")[0] in {*FOREIGN, *sys.stdlib_module_names}:
        return []
    empty = CellType()
    return [cell.cell_contents for cell in function.__closure__ or () if cell != empty]


def position(walk: Any) -> list[Any]:
    """Return how far an iterator of Python's own has come."""
    if isinstance(walk, GeneratorType):
        frame = walk.gi_frame
        return [frame.f_lasti, *frame.f_locals.values(), walk.gi_yieldfrom] if frame else []
    if hasattr(walk, "__length_hint__"):
        return [walk.__length_hint__()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of itertools
        try:
            parts = walk.__reduce__()[1:]
        except (AttributeError, TypeError):  # of an iterator over what calls give
            return [repr(walk), *gc.get_referents(walk)]
    return [entry for part in parts for entry in (part if isinstance(part, tuple) else (part,))]


def snapshot(value: Any, known: dict[int, Any] | None = None) -> Any:
    """Return something to compare, which changes when a value is changed in place."""
    kind, known = type(value), {} if known is None else known
    if kind in (int, float, complex, str, bytes, bytearray, bool, NoneType):
        return kind, repr(value)
    if issubclass(kind, Tensor):
        return id(value), value._version, value.requires_grad
    if kind.__module__ in ("numpy", "random", "array"):
        return id(value), repr(value), getattr(value, "tobytes", bytes)()
    if id(value) in known:
        return id(value)
    known[id(value)] = value  # kept alive, so that no other object gets its id
    if issubclass(kind, Iterator) and kind.__module__ in ("builtins", "itertools"):
        return id(value), [snapshot(part, known) for part in position(value)]
    if issubclass(kind, dict):
        return id(value), [(snapshot(k, known), snapshot(v, known)) for k, v in value.items()]
    if issubclass(kind, list | tuple | set | frozenset | deque):
        return id(value), [snapshot(v, known) for v in value]
    if issubclass(kind, FunctionType):
        parts = [value.__dict__, value.__defaults__, value.__kwdefaults__, *captured(value)]
        return id(value), [snapshot(part, known) for part in parts]
    if issubclass(kind, MethodType | partial):
        return id(value), [snapshot(getattr(value, name, None), known) for name in PARTS]
    own = value if issubclass(kind, type) else kind
    foreign = str(own.__module__).split(".")[0] in {*FOREIGN, *sys.stdlib_module_names}
    if own is value and not foreign:  # a class may count calls
        return id(value), snapshot(dict(vars(value)), known)[1]
    if issubclass(kind, type | ModuleType) or (
        foreign and not issubclass(kind, nn.Module | SimpleNamespace)
    ):
        return id(value)
    slots = [name for cls in kind.__mro__ for name in getattr(cls, "__slots__", ())]
    held = {name: getattr(value, name, None) for name in slots if isinstance(name, str)}
    return id(value), snapshot({**held, **getattr(value, "__dict__", {})}, known)[1]


def kept_by(net: nn.Module) -> dict[str, Any]:
    """Return what may hold state: attributes of modules and classes, globals, closures."""
    found: dict[str, Any] = {
        "torch's grad mode": torch.is_grad_enabled(),
        "torch's inference mode": torch.is_inference_mode_enabled(),
        "torch's autocast": torch.is_autocast_enabled("cpu"),
        "torch's default dtype": str(torch.get_default_dtype()),
        "torch's determinism": torch.are_deterministic_algorithms_enabled(),
        "torch's threads": torch.get_num_threads(),
    }
    for path, module in net.named_modules():
        for key, value in vars(module).items():
            parts = key == "_modules"  # each with a path of its own
            held = str([(name, id(part)) for name, part in value.items()]) if parts else value
            found[f"{path}.{key}".lstrip(".")] = held
        for cls in type(module).__mro__:
            if str(cls.__module__).split(".")[0] in ("torch", "builtins"):
                continue
            for key, value in vars(cls).items():
                if key[:2] != "__" or isinstance(value, FunctionType):
                    found[f"{cls.__name__}.{key}"] = value
                for k, cell in enumerate(getattr(value, "__closure__", None) or ()):
                    found[f"{cls.__name__}.{key} closure {k}"] = cell.cell_contents
            owner = sys.modules.get(cls.__module__)
            for key, value in vars(owner).items() if owner else ():
                if key[:2] != "__":
                    found[f"{cls.__module__}.{key}"] = value
    return found


def computed(net: nn.Module) -> set[str]:
    """Return the attributes that torch's own hooks set anew before each call."""
    return {
        f"{path}.{hook.name}".lstrip(".")
        for path, module in net.named_modules()
        for hook in module._forward_pre_hooks.values()
        if isinstance(hook, WeightNorm | SpectralNorm)
    }


def state(net: nn.Module) -> tuple[dict[str, Any], dict[int, Any]]:
    """Return snapshots of all that may hold state, and the objects they keep alive."""
    known: dict[int, Any] = {}
    return {name: snapshot(value, known) for name, value in kept_by(net).items()}, known


def contents(value: Any) -> Any:
    return copy(value) if isinstance(value, dict | list | set) else None


@contextmanager
def unchanged(net: nn.Module) -> Iterator[None]:
    """Raise TraceError if a block changes what a module keeps; put attributes back."""
    copies = {
        module: {key: (value, contents(value)) for key, value in vars(module).items()}
        for module in net.modules()
    }
    before, _known = state(net)
    try:
        yield
    finally:
        after, _ = state(net)
        changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        for module, attributes in copies.items() if changed else ():
            restore(module, attributes)
        if set(changed) - computed(net):
            raise mixing(f"the call changes {changed[0]}")


def restore(module: nn.Module, attributes: dict[str, tuple[Any, Any]]) -> None:
    """Put attributes back, the contents of containers too."""
    vars(module).clear()
    for key, (value, contents) in attributes.items():
        if contents is not None:
            value.clear()
            value.extend(contents) if isinstance(value, list) else value.update(contents)
        vars(module)[key] = value
