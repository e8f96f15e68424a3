"""What a module keeps in Python: the call of a map of one sample leaves it as it is."""

import gc
import sys
import warnings
from collections import deque
from collections.abc import Iterator
from copy import copy
from functools import cached_property, partial
from random import Random
from types import (
    BuiltinFunctionType,
    FunctionType,
    GeneratorType,
    MemberDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    NoneType,
    SimpleNamespace,
)
from typing import Any

import torch
from numpy import ndarray
from numpy.random import Generator, RandomState
from torch import Tensor, nn
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from verify.trusted.surroundings import (
    WRAPPERS,
    captured,
    globals_of,
    installed,
    is_librarys,
    of_a_library,
)
from verify.trusted.values import mixing

HOLDERS = "argparse collections contextlib fractions string"
MEMBER = MemberDescriptorType
PARTS = ("__self__", "__func__", "func", "args", "keywords")  # of a method, of a partial


def holds(kind: type) -> bool:
    """Return whether instances of a library's class are told apart by what they hold."""
    return issubclass(kind, nn.Module | SimpleNamespace) or kind.__module__ in HOLDERS.split()


def position(walk: Any) -> list[Any]:
    """Return how far an iterator of Python's own has come."""
    if isinstance(walk, GeneratorType):
        frame = walk.gi_frame
        return [frame.f_lasti, *frame.f_locals.values(), walk.gi_yieldfrom] if frame else []
    if hasattr(walk, "__length_hint__") and type(walk).__name__ != "repeat":
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
    if isinstance(value, Random | Generator | RandomState | torch.Generator):
        return id(value), rolled(value)
    if kind.__module__ in ("numpy", "array") or isinstance(value, ndarray):
        return id(value), repr(value), getattr(value, "tobytes", bytes)()
    if id(value) in known:
        return id(value)
    known[id(value)] = value  # kept alive, so that no other object gets its id
    if issubclass(kind, Iterator) and kind.__module__ in ("builtins", "itertools"):
        return id(value), [snapshot(part, known) for part in position(value)]
    if issubclass(kind, dict | list | tuple | set | frozenset | deque):
        parts = [*value, *value.values()] if issubclass(kind, dict) else value
        own = None if of_a_library(kind) else [kind, getattr(value, "__dict__", None)]
        return id(value), [snapshot(v, known) for v in parts], own and snapshot(own, known)[1]
    if issubclass(kind, FunctionType) and not is_librarys(value):
        parts = [value.__dict__, value.__defaults__, value.__kwdefaults__, *captured(value)]
        return id(value), [snapshot(part, known) for part in parts]
    if issubclass(kind, MethodType | partial):
        return id(value), [snapshot(getattr(value, name, None), known) for name in PARTS]
    if issubclass(kind, BuiltinFunctionType | MethodWrapperType):
        own = value.__self__  # of a method of a list, of an iterator
        return id(value), None if isinstance(own, ModuleType) else snapshot(own, known)
    if issubclass(kind, WRAPPERS):
        held = [part for part in gc.get_referents(value) if not isinstance(part, type)]
        return id(value), [snapshot(part, known) for part in held]
    own = value if issubclass(kind, type) else kind
    foreign = of_a_library(own)
    if own is value and not foreign:  # a class may count calls
        users = [c for c in (*value.__mro__, kind) if not of_a_library(c)]
        return id(value), [snapshot(dict(vars(c)), known)[1] for c in users]
    if issubclass(kind, ModuleType) and not installed(value):
        return id(value), [(k, entry(v, known)) for k, v in vars(value).items()]
    if issubclass(kind, type | ModuleType) or (foreign and not holds(kind)):
        return id(value), counted(value)
    slots = [v for c in kind.__mro__ for v in vars(c).values() if isinstance(v, MEMBER)]
    held = [slot.__get__(value) for slot in slots if hasattr(value, slot.__name__)]
    own = None if foreign else snapshot(kind, known)
    return id(value), own, snapshot([*held, getattr(value, "__dict__", None)], known)[1]


def entry(value: Any, known: dict[int, Any]) -> Any:
    """Return a snapshot of what a module of the user's holds; its code is told by identity."""
    if isinstance(value, type):
        return id(value), counted(value)
    code = isinstance(value, FunctionType | BuiltinFunctionType | ModuleType)
    return id(value) if code else snapshot(value, known)


PLAIN = (int, float, complex, str, bytes, bool, NoneType)


def counted(value: Any) -> list[tuple[str, Any]]:
    """Return the numbers and texts of a library's object, and how long its lists are."""
    found: list[tuple[str, Any]] = []
    if str(getattr(value, "__name__", "")).split(".")[0] == "sympy":  # with which torch traces
        return found
    for name, held in getattr(value, "__dict__", {}).items():
        if type(held) in PLAIN:
            found.append((str(name), repr(held)))
        elif type(held) in (list, set):
            found.append((str(name), len(held)))
        elif type(held) is dict and isinstance(value, ModuleType):
            found += [(f"{name}.{k}", v) for k, v in held.items() if type(v) in (int, float)]
        elif isinstance(held, type) and isinstance(value, ModuleType):
            found.append((str(name), counted(held)))
    return found


def rolled(dice: Random | Generator | RandomState | torch.Generator) -> str:
    """Return the state of a source of random numbers."""
    if isinstance(dice, torch.Generator):
        return str(dice.get_state().tolist())
    if isinstance(dice, Random):
        return str(dice.getstate())
    return str(dice.bit_generator.state if isinstance(dice, Generator) else dice.get_state())


# Of a class or a module, what Python keeps there.
PYTHONS = (
    *(
        "__annotations__",
        "__builtins__",
        "__cached__",
        "__dict__",
        "__doc__",
        "__file__",
        "__loader__",
        "__module__",
    ),
    *("__name__", "__package__", "__path__", "__spec__", "__warningregistry__", "__weakref__"),
)


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
            owner = sys.modules.get(cls.__module__)
            if of_a_library(cls) and getattr(owner, cls.__name__, None) is cls:
                continue
            for key, value in vars(cls).items():
                if key not in PYTHONS:
                    found[f"{cls.__name__}.{key}"] = value
                for k, cell in enumerate(getattr(value, "__closure__", None) or ()):
                    found[f"{cls.__name__}.{key} closure {k}"] = cell.cell_contents
            for key, value in vars(owner).items() if owner and not installed(owner) else ():
                if key not in PYTHONS:
                    found[f"{cls.__module__}.{key}"] = value
    held = {name: home.get(key) for name, (home, key) in globals_of(net).items()}
    return {**held, **found}


def computed(net: nn.Module) -> set[str]:
    """Return the attributes that torch's own hooks set anew, and those that Python caches.

    They are put back, so that each call computes them.
    """
    found = set()
    for path, module in net.named_modules():
        hooks = module._forward_pre_hooks.values()
        own = {hook.name for hook in hooks if isinstance(hook, WeightNorm | SpectralNorm)}
        names = {name for name in own if isinstance(vars(module).get(name), Tensor)}
        for cls in type(module).__mro__:
            names |= {k for k, v in vars(cls).items() if isinstance(v, cached_property)}
        found |= {f"{path}.{name}".lstrip(".") for name in names}
    return found


def state(net: nn.Module) -> tuple[dict[str, Any], dict[int, Any]]:
    """Return snapshots of all that may hold state, and the objects they keep alive."""
    known: dict[int, Any] = {}
    return {name: snapshot(value, known) for name, value in kept_by(net).items()}, known


def contents(value: Any) -> Any:
    return copy(value) if isinstance(value, dict | list | set) else None


class Unchanged:
    """Raises TraceError if a block changes what a module keeps; puts attributes back."""

    def __init__(self, net: nn.Module) -> None:
        self.net, self.before = net, state(net)

    def __enter__(self) -> None:
        self.copies = {
            module: {key: (value, contents(value)) for key, value in vars(module).items()}
            for module in self.net.modules()
        }

    def __exit__(self, *_: object) -> None:
        before, after = self.before[0], state(self.net)
        changed = [n for n in {**before, **after[0]} if before.get(n) != after[0].get(n)]
        for module, attributes in self.copies.items() if changed else ():
            restore(module, attributes)
        self.before = state(self.net) if changed else after
        if set(changed) - computed(self.net):
            raise mixing(f"the call changes {changed[0]}")


def restore(module: nn.Module, attributes: dict[str, tuple[Any, Any]]) -> None:
    """Put attributes back, the contents of containers too."""
    vars(module).clear()
    for key, (value, contents) in attributes.items():
        if contents is not None:
            value.clear()
            value.extend(contents) if isinstance(value, list) else value.update(contents)
        vars(module)[key] = value
