"""The globals that a module's code names, in any file, by way of what it calls."""

import builtins
import dis
import gc
import os
import site
import sys
import sysconfig
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache, partialmethod
from pathlib import Path
from types import CellType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import mpmath
import numpy
import sympy
import torch
from torch import nn

# Libraries whose objects are told apart by identity: among a notebook's globals they fill caches.
FOREIGN = (
    *("torch", "numpy", "sympy", "mpmath", "matplotlib", "IPython", "ipykernel", "traitlets"),
    "verify",
)
OURS = str(Path(__file__).parent.parent) + os.sep
HOMES = (  # whatever way libraries are installed; torch and what it needs may stand elsewhere
    *(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib")),
    *(site.getusersitepackages(), *site.getsitepackages()),
    *(str(Path(library.__file__ or "").parent) for library in (torch, numpy, sympy, mpmath)),
)
LIBRARIES = tuple({home + os.sep for home in HOMES})
JUDGED: set[str] = set()  # the installed packages that a module which is judged is of
MADE = 1 << 9  # CPython's flag of a class that code makes
PRISTINE = {*vars(builtins)}
WRAPPERS = property, classmethod, staticmethod, cached_property, partialmethod
CONTAINERS = dict, list, tuple, set, frozenset, deque, bytearray
ATTRIBUTES = int, float, bool, str, list, dict, set
# Of Python's, where the classes are whose objects hold others.
HOLDING = ("builtins", "argparse", "collections", "contextlib", "enum", "functools", "types")


def attributes_of(value: Any) -> Any:
    """Return the attributes that an object keeps, whatever it says itself; None if it keeps none.

    Python makes them when it is asked for them.
    """
    try:
        return object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None


def of_a_library(value: Any) -> bool:
    """Return whether a function, a class or an instance is Python's or of one of these libraries.

    ``__module__`` may be None.
    """
    if isinstance(value, type) and value.__flags__ & MADE and is_stray(value):
        return False
    return is_library(str(value.__module__).split(".")[0])


def container(kind: type) -> Any:
    """Return the library's class of a container: a user's may hide entries, or refuse to change."""
    return next(c for c in kind.__mro__ if of_a_library(c) and issubclass(c, CONTAINERS))


def is_stray(kind: type) -> bool:
    """Return whether a class is not found in the module that it names, of Python's or torch's.

    Then exec made it, types.new_class, or torch of a user's, or a file of the user's of that name.
    """
    home, first = str(kind.__module__), kind.__qualname__.split(".")[0]
    known = home.split(".")[0] in {"torch", *sys.stdlib_module_names}
    named = known and "<locals>" not in kind.__qualname__
    return named and not hasattr(sys.modules.get(home), first)


def is_library(root: str) -> bool:
    """Return whether a top-level name is Python's or of one of these libraries, not a user's."""
    file = getattr(sys.modules.get(root), "__file__", None)
    elsewhere = file is not None and not file.startswith((*LIBRARIES, OURS))
    return root in {*FOREIGN, *sys.stdlib_module_names} and not elsewhere


@contextmanager
def judged(net: Any) -> Iterator[None]:
    """Look into the packages that a module and its parts are of, though they may be installed."""
    before = {*JUDGED}
    parts = parts_in(net) if isinstance(net, nn.Module) else []
    kinds = {cls for part in parts for cls in type(part).__mro__}
    roots = {str(cls.__module__).split(".")[0] for cls in kinds}
    for home in [sys.modules.get(root) for root in roots if not is_library(root)]:
        folders = [f"{folder}{os.sep}" for folder in getattr(home, "__path__", ())]
        file = getattr(home, "__file__", None)
        JUDGED.update(folders or ([file] if file else []))
    try:
        yield
    finally:
        JUDGED.clear()
        JUDGED.update(before)


def parts_in(net: nn.Module) -> list[nn.Module]:
    """Return a module and all its parts, whatever it says itself that these are."""
    parts = [net]
    for part in parts:
        inner = [m for m in vars(part).get("_modules", {}).values() if isinstance(m, nn.Module)]
        parts += [m for m in inner if not any(m is known for known in parts)]
    return parts


def is_installed(file: str) -> bool:
    """Return whether a file is Python's or an installed package's, and of none that is judged."""
    return file.startswith(LIBRARIES) and not any(map(file.startswith, JUDGED))


def is_librarys(function: FunctionType) -> bool:
    """Return whether a function's code is Python's or a library's, whatever its name says."""
    made = function.__code__.co_filename.startswith("<")
    home = sys.modules.get(str(function.__globals__.get("__name__"))) if made else None
    inside = home is not None and vars(home) is function.__globals__ and installed(home)
    return of_library_code(function.__code__) or inside


def of_library_code(code: CodeType) -> bool:
    return code.co_filename.startswith((OURS, "<frozen")) or is_installed(code.co_filename)


def captured(function: FunctionType) -> list[Any]:
    """Return what a function has of where it was defined."""
    empty = CellType()
    return [cell.cell_contents for cell in function.__closure__ or () if cell != empty]


@lru_cache(maxsize=10_000)
def names_in(code: CodeType) -> tuple[list[str], list[str]]:
    """Return the names in code and in what is defined inside of it, and those that it imports."""
    codes = [code]
    for code in codes:
        codes += [part for part in code.co_consts if isinstance(part, CodeType)]
    steps = [step for code in codes if code.co_names for step in dis.get_instructions(code)]
    imported = [step.argval for step in steps if step.opname.startswith("IMPORT_")]
    return list(dict.fromkeys(n for code in codes for n in code.co_names)), imported


def named(function: FunctionType) -> list[tuple[dict[str, Any], str]]:
    """Return where the globals are kept that a function names, and what is defined inside of it.

    Also named are attributes of modules and classes of the user's, and what is imported inside.
    """
    names = [*names_in(function.__code__)[0], *relative(function)]
    added = {n: vars(builtins)[n] for n in vars(builtins).keys() - PRISTINE}
    homes: list[dict[str, Any]] = [sys.modules, function.__globals__, added]
    found = []
    for home in homes:
        users = home is function.__globals__ or home.get("__name__") not in sys.modules
        users = users or not installed(sys.modules[home["__name__"]])
        kept = [n for n in names if n in home and home[n] is not sys.modules]
        if home is sys.modules:  # a library's comes when torch first needs it
            kept = [n for n in kept if not (home[n] is None or installed(home[n]))]
        found += [(home, n) for n in kept if users or not callable(home[n])]  # torch wraps its own
        librarys = [home[n] for n in kept if isinstance(home[n], FunctionType | type)]
        librarys = [value for value in librarys if not users or of_a_library(value)]
        found += [(vars(value), key) for value in librarys for key in put_on(value)]
        held = [home[n] for n in names if n in home]
        inner = [vars(m) for m in held if isinstance(m, ModuleType)]
        homes += [inside for inside in inner if not any(inside is home for home in homes)]
    return found


def put_on(value: Any) -> list[str]:
    """Return the numbers, texts and containers among the attributes of a function or a class."""
    known = vars(value) if isinstance(value, FunctionType | type) else {}
    return [k for k, held in known.items() if type(held) in ATTRIBUTES and k[:2] != "__"]


def relative(function: FunctionType) -> list[str]:
    """Return the modules of its package that a function imports: ``from .name import ..``."""
    package = f"{function.__globals__.get('__package__') or ''}."
    homes = [package[: k + 1] for k, letter in enumerate(package) if letter == "."]
    imported = names_in(function.__code__)[1]
    return [name for home in homes for n in imported if (name := f"{home}{n}") in sys.modules]


def installed(module: ModuleType) -> bool:
    """Return whether a module is Python's or a library's, and not one of the user's."""
    kept = attributes_of(module)  # some import themselves when they are asked
    file, spec = kept.get("__file__"), kept.get("__spec__")
    library = is_library(str(kept.get("__name__", "")).split(".")[0])
    built_in = getattr(spec, "origin", None) in ("built-in", "frozen")
    return library or built_in or (file is not None and is_installed(file))


def inside(value: Any) -> Iterable[Any]:
    """Return what a call of a value, of its methods or of what it holds may come to."""
    if isinstance(value, FunctionType):
        made = [*captured(value), *vars(value).values(), value.__defaults__, value.__kwdefaults__]
        return made if is_librarys(value) else [*made, *(home[n] for home, n in named(value))]
    if isinstance(value, ModuleType):
        return () if installed(value) else vars(value).values()
    if isinstance(value, type):
        users = [cls for cls in value.__mro__ if not of_a_library(cls)]
        return [part for cls in users for part in (type(cls), *vars(cls).values())]
    kind = type(value)
    if of_a_library(kind) and not (kind.__module__ in HOLDING or isinstance(value, nn.Module)):
        return ()
    attributes_of(value)
    globals_too = isinstance(value, dict) and "__spec__" in value
    return () if globals_too or isinstance(value, FrameType) else gc.get_referents(value)


def called(home: dict[str, Any], name: str, found: Mapping[str, Any]) -> str:
    """Return a name for a global, another one for each of two modules of one name."""
    text = f"{home.get('__name__')}.{name}"
    while text in found and found[text][0] is not home:
        text += "'"
    return text


def within(net: nn.Module, also: Iterable[FunctionType] = ()) -> tuple[list[Any], set[int]]:
    """Return the objects that a module's code is seen to come to, and the ids of all they hold."""
    queue: list[Any] = [*also, net]
    met = {id(value) for value in queue}
    for value in queue:
        for part in inside(value):
            if id(part) not in met and gc.is_tracked(part):
                queue.append(part)
            met.add(id(part))
    return queue, met


def reached(net: nn.Module, also: Iterable[FunctionType] = ()) -> list[FunctionType]:
    """Return the functions of the user's that a module's code is seen to come to, and others."""
    return users_functions(within(net, also)[0])


def users_functions(objects: Iterable[Any]) -> list[FunctionType]:
    return [f for f in objects if isinstance(f, FunctionType) and not is_librarys(f)]


def behind(net: nn.Module, ran: Sequence[CodeType]) -> list[FunctionType]:
    """Return the functions whose code ran, but those that are ``reached`` in any case."""
    known = {id(function) for function in reached(net)}
    found = gc.get_referrers(*ran) if ran else []
    return [f for f in users_functions(found) if id(f) not in known]


def globals_of(net: nn.Module) -> dict[str, tuple[dict[str, Any], str]]:
    """Return where the globals are kept that a module's code may come to.

    >>> [*globals_of(nn.Tanh())]
    []
    """
    return globals_in(within(net)[0])


def globals_in(objects: Iterable[Any]) -> dict[str, tuple[dict[str, Any], str]]:
    """Return where the functions of the user's are kept among objects, and globals they name."""
    functions = users_functions(objects)
    found = {f"{f.__qualname__} at {id(f)}": ({"": f}, "") for f in functions}
    for function in functions:
        for home, name in named(function):
            found[called(home, name, found)] = home, name
    return found
