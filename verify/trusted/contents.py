"""What an object of Python's holds, by whatever way it does."""

import gc
from contextlib import suppress
from logging import Logger
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MemberDescriptorType,
    ModuleType,
)
from typing import Any
from weakref import ReferenceType

import sympy

from verify.trusted.surroundings import FOREIGN, attributes_of

MEMBER = MemberDescriptorType
KEEPING = (sympy.MatrixBase, sympy.NDimArray)  # containers that may be written to
# What they hold changes by itself.
CACHING = {*FOREIGN, "_abc"} - {"torch", "numpy"}
CODE = (type, ModuleType, FunctionType, BuiltinFunctionType, CodeType)


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
    """Return what a library's object holds; of a logger what was put there."""
    if isinstance(value, Logger):
        return [held for k, held in vars(value).items() if k not in {"manager", *vars(Logger(""))}]
    root = str(type(value).__module__).split(".")[0]
    if isinstance(value, ReferenceType):
        return [value()]
    if root in CACHING:
        written = isinstance(value, KEEPING) or type(value).__name__ in ("matrix", "DomainMatrix")
        return [repr(value)] if written else []
    attributes_of(value)
    parts = [part for part in gc.get_referents(value) if not isinstance(part, CODE)]
    return [part for part in parts if not (type(part) is dict and "__spec__" in part)]  # globals
