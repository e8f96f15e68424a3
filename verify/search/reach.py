"""What a module's code may reach: torch, arithmetic, containers; nothing that tells where it runs.

Whatever else Python offers may depend on the time, the place or the number of a call: the clock,
the stack, the file system, chance, the address of an object, a cache. It is refused by where it
comes from, so that what nobody thought of is refused as well.
"""

import builtins
import dis
import re
import sys
from argparse import Namespace
from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from functools import _lru_cache_wrapper, partial
from gc import get_referents
from inspect import Signature
from logging import Logger
from operator import attrgetter, methodcaller
from pathlib import PurePath
from threading import RLock
from types import BuiltinFunctionType, FrameType, FunctionType, MethodDescriptorType, ModuleType
from typing import Any
from weakref import ProxyTypes, ReferenceType

import numpy as np
import torch
from torch import Tensor, nn

from verify.trusted.surroundings import is_stray, of_library_code

# Of Python's own modules, those that compute and keep nothing, or nothing that state.py misses.
PLAIN = """
    __future__ _abc _bisect _collections _collections_abc _functools _heapq _operator _random
    _struct abc array bisect builtins cmath collections contextlib copy copyreg dataclasses enum
    fractions functools heapq itertools math numbers operator random re string types
    typing warnings
"""
# Names of what tells more than a sample, in builtins and as attributes of anything.
BUILTINS = """
    __import__ ascii breakpoint compile dir eval exec globals hash id
    input locals memoryview open repr type vars
"""
ATTRIBUTES = """
    __builtins__ __class__ __closure__ __code__ __dict__ __globals__ __hash__ __reduce__
    __reduce_ex__ __repr__ __sizeof__ __subclasses__ __traceback__ __weakref__ ag_frame
    cache_clear cache_info cr_frame f_back f_code f_globals f_locals get_cache_token gi_frame
    next_functions tb_frame _sequence_nr MemoryError RecursionError __eq__ __ne__ __lt__ __le__
    __gt__ __ge__
"""
CLOCK = ("now", "today")
LIMITS = ("MemoryError", "RecursionError")
ARRAYS = """
    busday_count busday_offset busdaycalendar frompyfunc is_busday open_memmap
    datetime64 empty empty_like errstate fromfile genfromtxt get_printoptions getbufsize geterr
    geterrcall load loadtxt memmap printoptions set_printoptions setbufsize seterr seterrcall
    shares_memory may_share_memory show_config
"""
TORCH = """
    torch._dynamo torch.backends torch.compiler torch.cuda torch.distributed torch.futures torch.hub
    torch.jit torch.multiprocessing torch.nn.parallel torch.random
    torch.serialization torch.utils.data torch._subclasses torch.fx torch._guards
    torch.autograd.forward_ad torch.autograd.profiler torch.monitor torch.profiler torch.onnx
    torch.overrides torch.utils._traceback torch.utils.benchmark torch.utils.collect_env
    torch.utils.cpp_extension torch.utils.file_baton
"""
PRIVATE = (
    "torch._C",
    "torch._C._autograd",
    "torch._C._functorch",
)  # not what is below: torch's operations
HIDDEN = re.compile(
    r"get_|(is|are)_(anomaly|autocast|inference|warn|deterministic)|_(?!assert)|(initial_)?seed"
)
# Of modules that tell more, what does not; of a logger, what only writes.
HARMLESS = (
    *("Decimal", "version_info", "float_info", "maxsize", "is_scripting", "record_function"),
    "is_available",
)
WRITES = ["debug", "info", "warning", "error", "exception", "critical", "log"]
ARRAY_FUNCTION = type(np.sum)
OPAQUE = """
    callable_iterator iterator formatteriterator unpack_iterator arrayiterator _deque_iterator
    memory_iterator coroutine async_generator
"""
KINDS = (ARRAY_FUNCTION, FunctionType, BuiltinFunctionType, MethodDescriptorType, type)
LOCK = type(RLock())  # of each cached property
HELD = (
    *(*KINDS, ModuleType, Decimal, Enum, nn.Module, Namespace, Logger, PurePath, Signature),
    *(LOCK, ReferenceType),
)
NUMERIC = (np.ndarray, np.generic, np.dtype, np.random.Generator, np.random.RandomState, np.ufunc)


def beyond(value: Any) -> str:
    """Return the name of a function, a class or a module that tells more than a sample, or ""."""
    if isinstance(value, ModuleType):
        return value.__name__ if is_beyond(value.__name__, "") else ""
    if not isinstance(value, KINDS):
        return ""
    code = isinstance(value, FunctionType) and not of_library_code(value.__code__)
    if code or (isinstance(value, type) and is_stray(value)):
        return ""  # the user's, in a file that is called like one of Python's
    bases = value.__mro__[1:] if isinstance(value, type) and not issubclass(value, HELD) else ()
    for known in (
        value,
        *filter(is_odd, bases),
    ):  # a user's may be made of such
        home, name = str(getattr(known, "__module__", None)), known.__name__
        if is_beyond(home, name):
            return f"{home}.{name}"
    return ""


def is_beyond(home: str, name: str) -> bool:
    """Return whether what has this name, in this module, may tell more than a sample."""
    root = home.split(".")[0]
    if root == "builtins":
        return name in BUILTINS.split() and hasattr(builtins, name)
    if root == "numpy":
        return name in ARRAYS.split() or (home.startswith("numpy.random") and bool(name))
    if root == "torch":
        inside = home in PRIVATE or any(f"{home}.".startswith(f"{p}.") for p in TORCH.split())
        if name in HARMLESS:
            return False
        modes = home in ("torch", "torch.amp.autocast_mode", "torch.sparse")
        return inside or (modes and bool(HIDDEN.match(name)))
    if root in ("random", "_random"):
        return True
    if root == "logging":
        return name not in ("", "Logger", *WRITES)
    return root in sys.stdlib_module_names and root not in PLAIN.split() and name not in HARMLESS


def keeper(value: Any) -> str:
    """Return the kind of an object of Python's or NumPy's that may keep a state unseen, or ""."""
    kind = type(value)
    root, name = str(kind.__module__).split(".")[0], f"a {kind.__name__}"
    if isinstance(value, _lru_cache_wrapper):
        return f"{name} of what can change" if any(map(changes, cached(value))) else ""
    if root == "numpy":
        objects = isinstance(value, np.ndarray) and value.dtype.hasobject
        return name if objects or not isinstance(value, (*NUMERIC, ARRAY_FUNCTION)) else ""
    if name[2:] in OPAQUE.split():
        return name
    if isinstance(value, attrgetter | methodcaller):
        return spelled([repr(value)])
    if kind in ProxyTypes:  # they say that they are what they stand for
        return name
    odd = kind is memoryview or any(map(is_odd, kind.__mro__))
    return name if odd and not isinstance(value, HELD) else ""


def is_odd(kind: type) -> bool:
    """Return whether a class is Python's, and none of those that compute and keep nothing."""
    root = str(kind.__module__).split(".")[0]
    return root in sys.stdlib_module_names and root not in PLAIN.split()


def cached(value: Any) -> list[Any]:
    """Return what a cache of Python's own holds, as far as it can be seen."""
    tables = [d for d in get_referents(value) if type(d) is dict and d is not vars(value)]
    held = [entry for d in tables for entry in d.values()]
    links = [entry for entry in held if "lru_list" in type(entry).__name__]
    plain = [entry for entry in held if "lru_list" not in type(entry).__name__]
    return plain + [part for link in links for part in get_referents(link)]


def changes(value: Any) -> bool:
    """Return whether what a cache holds may change, as far as it is known not to."""
    if isinstance(value, tuple):
        return any(map(changes, value))
    return not isinstance(value, int | float | complex | str | bytes | Tensor | None)


def spelled(texts: Iterable[str]) -> str:
    """Return an attribute that tells more, or the clock of NumPy's, that texts name, or ""."""
    texts = [*texts]
    if clock := next((text for text in texts if text in CLOCK), ""):
        return clock
    words = (word for text in texts for word in re.findall(r"\w+", text))
    return next((word for word in words if word in ATTRIBUTES.split()), "")


NAMED = -1  # the place of what a text in the code names, for getattr or attrgetter


def asked(frame: FrameType) -> dict[int, str]:
    """Return what of its surroundings the code of a frame names, by the instructions that do."""
    found: dict[int, str] = {}
    value: Any = None
    before = -1
    texts = [t for t in frame.f_code.co_consts if isinstance(t, str)]
    if named := spelled([*texts, *(n for n in frame.f_code.co_names if n in LIMITS)]):
        found[NAMED] = named
    for step in dis.get_instructions(frame.f_code):
        name, kind, told = str(step.argval), step.opname, ""
        if kind in ("LOAD_GLOBAL", "LOAD_NAME"):
            value = frame.f_globals.get(name, getattr(builtins, name, None))
            told = beyond(value) or keeper(value)
        elif kind in ("LOAD_ATTR", "LOAD_METHOD"):
            value = vars(value).get(name) if isinstance(value, ModuleType) else None
            told = name if name in ATTRIBUTES.split() else beyond(value) or keeper(value)
        elif kind == "IMPORT_NAME":
            told = name if is_beyond(name, "") or name == "builtins" else ""
        elif kind != "PRECALL":
            value = None
        if kind in ("LOAD_ATTR", "LOAD_METHOD") and name in HARMLESS:
            found.pop(before, None)
            told = ""
        if told:
            found[step.offset] = told
        before = step.offset
    return found


def called(function: Any) -> str:
    """Return the name of a function of C that tells more than a sample, or ""."""
    owner, name = getattr(function, "__self__", None), function.__name__
    if isinstance(owner, torch.Generator) and ("seed" in name or "state" in name):
        return f"Generator.{name}"
    number = type(owner) if owner is not None else getattr(function, "__objclass__", None)
    if number in (int, float) and name[:2] == "__":  # which a traced size does not answer
        return f"{number.__name__}.{name}"
    if owner is None or isinstance(owner, ModuleType):
        return beyond(function)
    return beyond(owner) if isinstance(owner, type) else keeper(owner)


def held_by(values: Iterable[Any]) -> str:
    """Return what is held that tells more though nothing of it is called by name, or ""."""
    for value in values:
        function = value.func if isinstance(value, partial) else value
        told = "" if isinstance(value, np.ndarray) else keeper(value)  # its entries are held too
        if not told and not isinstance(function, FunctionType):  # of Python: its calls are seen
            told = beyond(function)
        if told:
            return told
    return ""
