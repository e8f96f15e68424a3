"""What an object of Python's holds, by whatever way it does."""

import gc
import marshal
import sys
import warnings
from contextlib import suppress
from hashlib import blake2b
from logging import Logger
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GeneratorType,
    MemberDescriptorType,
    ModuleType,
    NoneType,
)
from typing import Any
from weakref import ReferenceType

import sympy
import torch
from torch import Tensor

from verify.trusted.surroundings import FOREIGN, attributes_of, installed

MEMBER = MemberDescriptorType
KEEPING = (sympy.MatrixBase, sympy.NDimArray)  # containers that may be written to
# What they hold changes by itself.
CACHING = {*FOREIGN, "_abc"} - {"torch", "numpy"}
CODE = (type, ModuleType, FunctionType, BuiltinFunctionType, CodeType)
BARE = (dict, list, tuple, set, frozenset)  # hold their entries alone
MANY = 256  # entries of a container that is told apart by its text, if all in it is plain
DEEPEST, MOST = 16, 10**7  # containers inside of one another, and their entries at one depth
PLAIN = (int, float, complex, str, bytes, bool, NoneType)


def slots_of(value: Any) -> list[Any]:
    """Return what is in the slots of an object that are set."""
    held = []
    for slot in [v for c in type(value).__mro__ for v in vars(c).values() if isinstance(v, MEMBER)]:
        with suppress(AttributeError):
            held.append(slot.__get__(value))
    return held


def raw(value: Any) -> bytes:
    """Return what an object keeps in memory of its own, if it says so; else what it shows of it."""
    try:
        return bytes(memoryview(value))
    except (TypeError, ValueError, NotImplementedError):
        return b"" if gc.is_tracked(value) else repr(value).encode()


def parts_of(value: Any) -> list[Any]:
    """Return what a library's object holds; of a logger what was put there, of users' classes."""
    if isinstance(value, Logger):
        put = [held for k, held in vars(value).items() if k not in {"manager", *vars(Logger(""))}]
        homes = [(v, sys.modules.get(type(v).__module__)) for v in value.handlers + value.filters]
        return [*put, *(v for v, home in homes if home is not None and not installed(home))]
    root = str(type(value).__module__).split(".")[0]
    if isinstance(value, ReferenceType):
        return [value()]
    if root in CACHING:
        written = isinstance(value, KEEPING) or type(value).__name__ in ("matrix", "DomainMatrix")
        return [repr(value)] if written else []
    attributes_of(value)
    parts = [part for part in gc.get_referents(value) if not isinstance(part, CODE)]
    return [part for part in parts if not (type(part) is dict and "__spec__" in part)]  # globals


def position(walk: Any) -> list[Any]:
    """Return how far an iterator of Python's own has come."""
    if isinstance(walk, GeneratorType):
        frame = walk.gi_frame  # its loops' iterators are on its stack, which gc sees
        return [frame.f_lasti, *gc.get_referents(walk), walk.gi_yieldfrom] if frame else []
    if hasattr(walk, "__length_hint__") and type(walk).__name__ != "repeat":
        return [walk.__length_hint__()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of itertools
        try:
            parts = walk.__reduce__()[1:]
        except (AttributeError, TypeError):  # of an iterator over what calls give
            return [repr(walk), *gc.get_referents(walk)]
    return [entry for part in parts for entry in (part if isinstance(part, tuple) else (part,))]


def spelled(value: Any) -> Any:
    """Return a plain value as something that is equal to itself, and -0.0 not to 0.0."""
    return value if type(value) is int else repr(value)


def written(value: Any) -> bytes:
    """Return a digest of a container of nothing but plain values and containers of these, or b"".

    The second version of the format has no references, and floats as they are.
    """
    level = [value]
    for _ in range(DEEPEST):
        if sum(map(len, level)) > MOST:  # what stands at many places is written at each
            break
        held = gc.get_referents(*level)
        if not {*map(type, held)} <= {*PLAIN, *BARE}:
            return b""
        level = [part for part in held if type(part) in BARE]
        if not level:
            return blake2b(marshal.dumps(value, 2)).digest()
    return b""


def stands(proxy: Any) -> bool:
    """Return whether what a weak proxy stands for is still there."""
    try:
        return bool(proxy.__class__)
    except ReferenceError:
        return False


def version(t: Tensor) -> tuple[Any, ...]:
    """Return what changes when a tensor is written to, or gets a gradient, wants one, or moves."""
    with torch._C.DisableTorchFunctionSubclass():  # a user's class may not let it be asked
        kind = id(t.grad) if t.is_leaf else None, t.requires_grad, t.dtype
        kind = kind if t.is_nested else (*kind, t.shape)
        if not t.is_inference():
            return t._version, kind
        odd = t.layout != torch.strided or t.is_nested or t.is_quantized or t.is_meta
        return None if odd else str(t.tolist()), kind
