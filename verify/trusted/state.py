"""What a module keeps in Python: the call of a map of one sample leaves it as it is."""

import gc
import sys
from collections import defaultdict, deque
from collections.abc import Container, Iterable, Iterator
from functools import _lru_cache_wrapper, partial
from random import Random
from types import (
    BuiltinFunctionType,
    FunctionType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    NoneType,
    SimpleNamespace,
)
from typing import Any
from weakref import ProxyTypes

import torch
from numpy import ndarray
from numpy.ma import masked
from numpy.random import Generator, RandomState
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.nn.parameter import is_lazy

from verify.trusted.contents import (
    BARE,
    CODE,
    MANY,
    PLAIN,
    parts_of,
    position,
    raw,
    slots_of,
    spelled,
    stands,
    version,
    written,
)
from verify.trusted.dice import rolled
from verify.trusted.surroundings import (
    WRAPPERS,
    attributes_of,
    captured,
    container,
    globals_in,
    installed,
    is_librarys,
    is_stray,
    of_a_library,
    within,
)
from verify.trusted.values import TraceError

HOLDERS = ("argparse", "collections", "contextlib", "fractions", "string")
STEPPING = ("builtins", "itertools")
UNCOMPILED = "__dynamo_disable"  # what torch keeps of a function when it is first called
PARTS = ("__self__", "__func__", "func", "args", "keywords", "__dict__")  # of a method, a partial


def holds(kind: type) -> bool:
    """Return whether instances of a library's class are told apart by what they hold."""
    return issubclass(kind, nn.Module | SimpleNamespace) or kind.__module__ in HOLDERS


def snapshot(value: Any, known: dict[int, Any] | None = None) -> Any:
    """Return something to compare, which changes when a value is changed in place."""
    kind, known = type(value), {} if known is None else known
    if kind in (int, float, complex, str, bytes, bool, NoneType):
        return kind, spelled(value)
    if issubclass(kind, torch.jit.ScriptModule | torch.ScriptObject):
        raise TraceError("not readable", f"TorchScript, whose state is not seen: {kind.__name__}")
    if kind in ProxyTypes:  # reach.py tells of those in use
        if stands(value):
            known[id(value)] = value
        return id(value)
    if issubclass(kind, Tensor):
        held = None if isinstance(value, FakeTensor) else attributes_of(value)
        own = [snapshot(held, known) if held else None, own_of(value, known)]
        known[id(value)] = value
        if is_lazy(value):
            return id(value), own
        return id(value), version(value), own
    if isinstance(value, Random | Generator | RandomState | torch.Generator):
        known[id(value)] = value
        return id(value), rolled(value), own_of(value, known)
    if id(value) in known:
        return id(value)
    known[id(value)] = value  # kept alive, so that no other object gets its id
    if value is masked:
        return id(value)
    if kind.__module__ in ("numpy", "array") or isinstance(value, ndarray):
        objects = getattr(getattr(value, "dtype", None), "hasobject", False)
        rows = value.ravel().tolist() if objects else ()
        parts = [part for row in rows for part in (row if value.dtype.names else (row,))]
        held = [snapshot(part, known) for part in parts]  # but for the rows, made anew each time
        kept = getattr(value, "tobytes", bytes)()
        flags = str(getattr(value, "flags", ""))
        return id(value), repr(value), kept, flags, held, own_of(value, known)
    if issubclass(kind, Iterator) and any(c.__module__ in STEPPING for c in kind.__mro__[:-1]):
        return id(value), [snapshot(part, known) for part in position(value)], own_of(value, known)
    if issubclass(kind, dict | list | tuple | set | frozenset | deque):
        plain = container(kind)
        parts = [*plain.__iter__(value)]
        if issubclass(kind, dict):  # exec puts Python's own names there
            parts += [v for k, v in plain.items(value) if k != "__builtins__"]
        own = [attributes_of(value)]
        own += [value.default_factory] if isinstance(value, defaultdict) else []
        own = [] if kind in BARE else [*own, *slots_of(value), *[kind] * (not of_a_library(kind))]
        return id(value), [snapshot(v, known) for v in (*parts, *own)]
    if issubclass(kind, FunctionType):  # one of torch's may be made around the user's
        parts = [value.__defaults__, value.__kwdefaults__, *captured(value)]
        own = [(k, snapshot(v, known)) for k, v in vars(value).items() if k != UNCOMPILED]
        own += [("", value.__name__), *said(value)]
        return id(value), own, [snapshot(part, known) for part in parts]
    if issubclass(kind, _lru_cache_wrapper):  # what it keeps is judged in shared.py
        return id(value), [snapshot(part, known) for part in (value.__wrapped__, vars(value))]
    if issubclass(kind, MethodType | partial):
        parts = [snapshot(getattr(value, name, None), known) for name in PARTS]
        return id(value), parts, own_of(value, known)
    if issubclass(kind, BuiltinFunctionType | MethodWrapperType):
        own = value.__self__  # of a method of a list, of an iterator
        return id(value), None if isinstance(own, ModuleType) else snapshot(own, known)
    if issubclass(kind, WRAPPERS):
        attributes_of(value)  # which makes them
        held = [part for part in gc.get_referents(value) if not isinstance(part, type)]
        return id(value), [snapshot(part, known) for part in held], own_of(value, known)
    own = value if issubclass(kind, type) else kind
    foreign = of_a_library(own)
    if own is value and not foreign:  # a class may count calls
        users = [c for c in (*value.__mro__, *type.mro(kind)) if not of_a_library(c)]
        known |= {id(c): c for c in users}
        kept = [{k: v for k, v in vars(c).items() if k not in PYTHONS} for c in users]
        return id(value), [snapshot(held, known)[1] for held in kept], [*map(said, users)]
    if issubclass(kind, ModuleType) and not installed(value):
        return id(value), [(k, entry(v, known)) for k, v in vars(value).items() if k not in PYTHONS]
    if issubclass(kind, CODE):
        return id(value), counted(value)
    if foreign and not holds(kind):
        parts = [snapshot(part, known) for part in parts_of(value)]
        return id(value), counted(value), parts, raw(value)
    own = None if foreign else snapshot(kind, known)
    held = [*slots_of(value), attributes_of(value), *parts_of(value)]
    return id(value), own, snapshot(held, known)[1], raw(value)


def said(value: Any) -> list[tuple[str, Any]]:
    """Return what a function or a class says of itself, of each annotation which object it is."""
    noted = vars(value).get("__annotations__", {}) if isinstance(value, type) else None
    noted = value.__annotations__ if noted is None else noted
    noted = noted if isinstance(noted, dict) else {}  # of a class written in C, what finds them
    return [("", value.__doc__), *((k, id(v)) for k, v in noted.items())]


def own_of(value: Any, known: dict[int, Any]) -> Any:
    """Return a snapshot of what a user's class adds to one of a library's."""
    if of_a_library(type(value)):
        return None
    held = [type(value), attributes_of(value), *slots_of(value)]
    return [snapshot(part, known) for part in held]


def entry(value: Any, known: dict[int, Any]) -> Any:
    """Return a snapshot of what a module of the user's holds; a library's is told by identity."""
    if isinstance(value, FunctionType):
        home = sys.modules.get(str(value.__module__))  # of what a library's is made around
        librarys = is_librarys(value) and home is not None and installed(home)
    else:
        kind = isinstance(value, type)
        home = sys.modules.get(str(value.__module__)) if kind else value
        librarys = isinstance(home, ModuleType) and installed(home)
        librarys = librarys and not (kind and is_stray(value))
    return id(value) if librarys else snapshot(value, known)


def counted(value: Any) -> list[tuple[str, Any]]:
    """Return the numbers and texts of a library's object, and how long its lists are."""
    found: list[tuple[str, Any]] = []
    if str(getattr(value, "__name__", "")).split(".")[0] == "sympy":  # with which torch traces
        return found
    file = isinstance(value, ModuleType)
    for name, held in (attributes_of(value) or {}).items():
        if name in PYTHONS:  # a warning is registered once
            continue
        if type(held) in PLAIN:
            found.append((str(name), spelled(held)))
        elif type(held) in (list, set):
            found.append((str(name), len(held)))
        elif file and type(held) is dict:
            found += [(f"{name}.{k}", v) for k, v in held.items() if type(v) in (int, float)]
        elif file and isinstance(held, type):
            found.append((str(name), counted(held)))
    return found


# Of a class or a module, what Python keeps there.
PYTHONS = {
    *("__annotations__", "__builtins__", "__cached__", "__dict__", "__doc__", "__file__"),
    *("__loader__", "__module__", "__name__", "__package__", "__path__", "__slotnames__"),
    *("__spec__", "__warningregistry__", "__weakref__"),
}


def put(found: dict[str, Any], name: str, value: Any) -> None:
    """Keep a value by a name, which a class, a file and an attribute may share."""
    while found.get(name, value) is not value:
        name += "'"
    found[name] = value


def kept_by(net: nn.Module, reached: Iterable[Any]) -> dict[str, Any]:
    """Return what may hold state: attributes of modules and classes, globals, closures.

    ``reached``: the objects that the code comes to, as ``within`` returns them.
    """
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
        for key, tensor in {**module._parameters, **module._buffers}.items():
            if own := attributes_of(tensor):
                found[f"{path}.{key}.__dict__".lstrip(".")] = own
        for k, held in enumerate(slots_of(module)):
            found[f"{path}.slot {k}".lstrip(".")] = held
    for module in net.modules():
        for cls in type(module).__mro__:
            owner = sys.modules.get(cls.__module__)
            if of_a_library(cls) and getattr(owner, cls.__name__, None) is cls:
                for key, value in vars(cls).items():
                    code = callable(value) or hasattr(type(value), "__get__")
                    kept = not (code and of_a_library(type(value)))
                    if kept and key not in PYTHONS:
                        put(found, f"{cls.__name__}.{key}", value)
                continue
            for key, value in vars(cls).items():
                if key not in PYTHONS:
                    put(found, f"{cls.__name__}.{key}", value)
                held_by = captured(value) if isinstance(value, FunctionType) else ()
                for k, part in enumerate(held_by):
                    put(found, f"{cls.__name__}.{key} closure {k}", part)
            for key, value in vars(owner).items() if owner and not installed(owner) else ():
                if key not in PYTHONS:
                    put(found, f"{cls.__module__}.{key}", value)
    for name, (home, key) in globals_in(reached).items():
        put(found, name, home.get(key))
    return found


def state(
    net: nn.Module,
    ran: Iterable[FunctionType] = (),
    without: Container[str] = (),
    first: Container[str] = (),
) -> tuple[dict[str, Any], dict[int, Any]]:
    """Return snapshots of all that may hold state, by names, and the objects they keep alive.

    What several names hold is seen by the first of them; ``without``: names that are left out,
    ``first``: those to begin with. Of large plain data that no code comes to, a digest is all that
    is kept.
    """
    known: dict[int, Any] = {}
    reached, met = within(net, ran)

    def told(value: Any) -> Any:
        far = type(value) in BARE and len(value) >= MANY and id(value) not in met | known.keys()
        if far and (text := written(value)):
            known[id(value)] = value
            return id(value), text
        return snapshot(value, known)

    for module in net.modules():
        if isinstance(module, torch.jit.ScriptModule):
            snapshot(module)
        if isinstance(module, dict | list | tuple | set | deque):
            raise TraceError(
                "not readable", f"a module that is a container: {type(module).__name__}"
            )
    try:
        kept = sorted(kept_by(net, reached).items(), key=lambda pair: pair[0] not in first)
        return {name: told(value) for name, value in kept if name not in without}, known
    except RecursionError:
        raise TraceError("not readable", "objects that hold one another too deeply") from None


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the names of the snapshots that differ."""
    return [name for name in {**before, **after} if before.get(name) != after.get(name)]
