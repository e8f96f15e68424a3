"""The globals that a module's code names, in any file, by way of what it calls."""

import sys
import sysconfig
from collections.abc import Iterator
from functools import cached_property, partial, partialmethod
from pathlib import Path
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from torch import nn

# Libraries whose objects are told apart by identity: among a notebook's globals they fill caches.
FOREIGN = (
    *("torch", "numpy", "sympy", "mpmath", "matplotlib", "IPython", "ipykernel", "traitlets"),
    "verify",
)
OURS = str(Path(__file__).parent.parent)
LIBRARIES = tuple({sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib")})
WRAPPERS = property, classmethod, staticmethod, cached_property, partialmethod
INSIDE = ("__func__", "__wrapped__", "fget", "func", "__self__")  # of a wrapper, of a method


def of_a_library(value: Any) -> bool:
    """Return whether a function, a class or an instance is Python's or of one of these libraries.

    ``__module__`` may be None.
    """
    return str(value.__module__).split(".")[0] in {*FOREIGN, *sys.stdlib_module_names}


def is_librarys(function: FunctionType) -> bool:
    """Return whether a function's code is Python's or a library's, whatever its name says."""
    return function.__code__.co_filename.startswith((*LIBRARIES, OURS, "<frozen"))


def captured(function: FunctionType) -> list[Any]:
    """Return what a function has of where it was defined."""
    empty = CellType()
    return [cell.cell_contents for cell in function.__closure__ or () if cell != empty]


def named(function: FunctionType) -> list[tuple[dict[str, Any], str]]:
    """Return where the globals are kept that a function names, and what is defined inside of it.

    Also named are attributes of modules and classes of the user's, and what is imported inside.
    """
    codes = [function.__code__]
    for code in codes:
        codes += [part for part in code.co_consts if isinstance(part, CodeType)]
    names = list(dict.fromkeys(n for code in codes for n in code.co_names))
    homes: list[dict[str, Any]] = [sys.modules, function.__globals__]
    found = []
    for home in homes:
        users = home is function.__globals__ or home.get("__name__") not in sys.modules
        users = users or not installed(sys.modules[home["__name__"]])
        kept = [n for n in names if n in home and home[n] is not sys.modules]
        found += [(home, n) for n in kept if users or not callable(home[n])]  # torch wraps its own
        held = [home[n] for n in names if n in home]
        inner = [vars(m) for m in held if isinstance(m, ModuleType)]
        homes += [inside for inside in inner if not any(inside is home for home in homes)]
    return found


def installed(module: ModuleType) -> bool:
    """Return whether a module is Python's or a library's, and not one of the user's."""
    file = getattr(module, "__file__", None)
    library = module.__name__.split(".")[0] in {*FOREIGN, *sys.stdlib_module_names}
    return library or file is None or file.startswith(LIBRARIES)


def functions_of(value: Any, deep: int = 4) -> Iterator[FunctionType]:
    """Yield the functions of the user's that a call of a value, or of its methods, may run."""
    if isinstance(value, FunctionType):
        if not is_librarys(value):
            yield value
        for part in (*captured(value), getattr(value, "__wrapped__", None)) if deep else ():
            for one in part.values() if isinstance(part, dict) else (part,):  # of a decorator
                if isinstance(one, FunctionType):
                    yield from functions_of(one, deep - 1)
    elif isinstance(value, (MethodType, partial, *WRAPPERS)):
        for part in INSIDE:
            yield from functions_of(getattr(value, part, None), deep - 1) if deep else ()
    else:
        kind = value if isinstance(value, type) else type(value)
        for cls in () if of_a_library(kind) else kind.__mro__:
            for part in vars(cls).values() if not of_a_library(cls) else ():
                if isinstance(part, (FunctionType, *WRAPPERS)):
                    yield from functions_of(part)


def globals_of(net: nn.Module) -> dict[str, tuple[dict[str, Any], str]]:
    """Return where the globals are kept that a module's code may come to.

    >>> [*globals_of(nn.Tanh())]
    []
    """
    found: dict[str, tuple[dict[str, Any], str]] = {}
    queue = [f for module in net.modules() for f in functions_of(module)]
    for module in net.modules():
        for held in vars(module).values():
            hooks = held.values() if isinstance(held, dict) else (held,)
            queue += [f for hook in hooks for f in functions_of(hook)]
    seen: set[int] = set()
    for function in queue:
        if id(function) in seen:
            continue
        seen.add(id(function))
        kept = named(function)
        found |= {f"{home.get('__name__')}.{name}": (home, name) for home, name in kept}
        reached = [*captured(function), *(home[name] for home, name in kept)]
        queue += [f for value in reached for f in functions_of(value)]
    return found
