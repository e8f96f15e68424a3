"""What a first call leaves behind, in a module and in what it shares with others."""

import gc
import sys
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import _lru_cache_wrapper, partial
from random import Random
from types import CellType, ModuleType
from typing import Any

import torch
from numpy import ndarray
from numpy.random import Generator, RandomState
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_leaves

from verify.trusted.computed import cached, computed
from verify.trusted.contents import CODE, PLAIN, spelled
from verify.trusted.dice import dice, undrawn
from verify.trusted.memory import filled
from verify.trusted.state import changed, kept_by, snapshot, state
from verify.trusted.surroundings import (
    attributes_of,
    globals_in,
    globals_of,
    installed,
    of_a_library,
    parts_in,
    within,
)
from verify.trusted.undo import undo
from verify.trusted.values import mixing

SIZES = (
    *(getattr(Tensor, name).__get__ for name in ("shape", "ndim", "dtype", "device")),
    *(Tensor.size, Tensor.dim, Tensor.numel, Tensor.__len__, Tensor.new_zeros, Tensor.new_ones),
    *(torch.zeros_like, torch.ones_like, torch.numel),
)
OWN = ("_parameters", "_buffers")
Entry = tuple[Callable[[], Any], Any]  # a call, and what is kept of it
FIRST = ((True, None),)  # gradients on? other numbers as parameters
FILLINGS = ((False, 1), (True, -1000))  # in the other mode, training or not, too
KEEPING = (
    *(dict, list, set, deque, bytearray, array, ndarray, Tensor, Iterator, CellType),
    *(Random, torch.Generator, Generator, RandomState),
)


class Shared:
    """What a module keeps and shares: its first call may fill caches of Python's, and no more.

    Whatever else it leaves behind is refused, and put back: it may be special to the first call.
    Not looked at are the module's own tensors, as a trace sees what is written to them, and if
    ``narrow`` what stands in its files and its code does not come to: other threads may write it.
    """

    def __init__(self, net: nn.Module, narrow: bool = False) -> None:
        where = [(f"{path}.", module) for path, module in net.named_modules()]
        tensors = [f"{path}{key}".lstrip(".") for path, _ in where for key in OWN]
        known = [(path, vars(m).keys() & cached(m)) for path, m in where]
        there = {f"{path}{key}".lstrip(".") for path, names in known for key in names}
        self.net, self.narrow = net, narrow
        self.without = {*tensors, *computed(net)} - there | self.unreached()
        self.before, found = state(net, (), self.without)
        held = [*found.values()]
        self.tensors = [value for value in held if isinstance(value, Tensor)]
        caches = [value for value in held if isinstance(value, _lru_cache_wrapper)]
        self.caches = [(cache, cache.cache_info()) for cache in caches]
        met = within(net)[1]  # what else there is, other threads may write to
        mine = [value for value in held if id(value) in met]
        self.undoing = [put_back for value in mine if (put_back := undo(value))]
        self.names = self.named()
        self.files = {id(vars(file)) for file in [*sys.modules.values()] if file is not None}

    def check(self, thetas: Sequence[Tensor]) -> list[Entry]:
        """Return the calls behind the caches that a first call uses, and what is kept of each.

        Raises:
            TraceError: a first call, or one of these, leaves something behind; a cache keeps what
                is made of parameters, or may be another at each call.
        """
        self.refuse()
        made = kept_anew(self.net)
        for cache, known in self.caches:
            made += entries(cache) if cache.cache_info() != known else []
        steady = True
        for ways in (FIRST, FILLINGS) if made else ():
            with in_other_mode(self.net) if ways is not FIRST else nullcontext():
                steady = steady and all(is_steady(entry, thetas, ways) for entry in made)
            self.refuse()
        if not steady:
            raise mixing("a cache keeps what is made of parameters, or may be another at each call")
        return made

    def refuse(self) -> None:
        if odd := [*self.left()]:
            raise mixing(f"the call changes {odd[0]}")

    def forget(self) -> None:
        """Empty the caches that were empty, so that another first call is one too."""
        for cache, known in self.caches:
            if cache.cache_info().misses != known.misses and not known.currsize:
                cache.cache_clear()

    def put_back(self) -> None:
        """Put back all but what caches of Python's keep."""
        for put_back in self.undoing:
            with suppress(Exception):  # of the user's objects: then they are spoilt
                put_back()
        for home, name, value in self.names:
            if isinstance(home, dict) and home.get(name) is not value:  # not a library's class
                home[name] = value
        known = {(id(home), name) for home, name, _ in self.names}
        for home, name, _ in self.named():
            here = id(home) in self.files and is_users_file(home)  # not one that a call imports
            if (id(home), name) not in known and here and not isinstance(home[name], ModuleType):
                del home[name]

    def unreached(self) -> set[str]:
        return elsewhere(self.net) if self.narrow else set()

    def named(self) -> list[tuple[dict[str, Any], str, Any]]:
        """Return the globals that code names, where they are kept."""
        return [(home, k, home[k]) for home, k in globals_of(self.net).values() if k in home]

    def left(self) -> dict[str, Any]:
        """Return by its names what a call has changed, but caches and what each call computes."""
        without = self.without | self.unreached()
        names = changed(self.before, state(self.net, (), without, self.before)[0])
        names = [name for name in names if name not in without]
        values = kept_by(self.net, within(self.net)[0]) if names else {}
        odd = {name: values.get(name) for name in names}
        return {k: v for k, v in odd.items() if not (is_librarys_file(v) and self.is_known(k, v))}

    def is_known(self, name: str, value: Any) -> bool:
        """Return whether a name stands for what it did before, or is new: torch imports too."""
        was = self.before.get(name, id(value))
        return (was[0] if isinstance(was, tuple) else was) == id(value)

    def spoilt(self) -> list[Any]:
        """Return what has stayed changed, and what it holds that may be changed."""
        known: dict[int, Any] = {}
        odd = [*self.left().values()]
        snapshot(odd, known)
        held = [v for v in known.values() if v is not odd and not isinstance(v, CODE)]
        held = [v for v in held if isinstance(v, KEEPING) or not of_a_library(type(v))]
        return [v for v in (*odd, *held) if not (type(v) in PLAIN or is_librarys_file(v))]


def elsewhere(net: nn.Module) -> set[str]:
    """Return the names of what stands in a module's files and its code does not come to."""
    reached, met = within(net)
    named = globals_in(reached)
    owners = {cls.__module__: None for m in net.modules() for cls in type(m).__mro__}
    files = [(name, sys.modules[name]) for name in owners if name in sys.modules]
    held = [(f"{name}.{k}", v) for name, file in files for k, v in vars(file).items()]
    return {name for name, value in held if name not in named and id(value) not in met}


def is_users_file(home: dict[str, Any]) -> bool:
    file = sys.modules.get(str(home.get("__name__")))
    return file is not None and vars(file) is home and not installed(file)


def is_librarys_file(value: Any) -> bool:
    return isinstance(value, ModuleType) and installed(value)


def calls_of(cache: Any) -> list[partial[Any]]:
    """Return the calls of the function behind a cache of Python's that its keys tell of."""
    tables = [d for d in gc.get_referents(cache) if type(d) is dict and d is not vars(cache)]
    tables = [] if cache.cache_parameters()["typed"] else tables  # its keys tell of kinds too
    found = []
    for key in [key for table in tables for key in table]:
        given = key if type(key) is tuple else (key,)
        marks = [k for k, part in enumerate(given) if type(part) is object]  # before keywords
        count = marks[0] if marks else len(given)
        named = dict(zip(given[count + 1 :: 2], given[count + 2 :: 2], strict=False))
        found.append(partial(cache.__wrapped__, *given[:count], **named))
    return found


def entries(cache: Any) -> list[Entry]:
    """Return the calls that a cache was made of, and what it keeps of each."""
    if cache.cache_parameters()["typed"]:
        return [(object, None)]
    return [(call, cache(*call.args, **call.keywords)) for call in calls_of(cache)]


def kept_anew(net: nn.Module) -> list[Entry]:
    """Return the calls behind the attributes of a module that Python has cached, and those."""
    found = [(m, name) for m in net.modules() for name in cached(m) & vars(m).keys()]
    return [(partial(getattr(type(m), name).func, m), vars(m)[name]) for m, name in found]


class Touches(TorchFunctionMode):
    """Notes what is computed of given tensors, but of their sizes and kinds.

    Attributes:
        touched: whether anything was.
    """

    def __init__(self, thetas: Sequence[Tensor]) -> None:
        super().__init__()
        self.known, self.touched = {id(t) for t in thetas}, False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = tree_leaves((args, kwargs)) if func not in SIZES else ()
        self.touched |= any(id(t) in self.known for t in given)
        return func(*args, **(kwargs or {}))


@contextmanager
def in_other_mode(net: nn.Module) -> Iterator[None]:
    """Have a module evaluate if it trains, and train if not."""
    before = [(vars(part), vars(part)["training"]) for part in parts_in(net)]
    try:
        for held, training in before:
            held["training"] = not training
        yield
    finally:
        for held, training in before:
            held["training"] = training


def is_steady(entry: Entry, thetas: Sequence[Tensor], ways: Sequence[Any]) -> bool:
    """Return whether a call results again in what is kept of it, and draws no random numbers.

    Also with other numbers as parameters, of which it may not compute anything.
    """
    call, kept = entry
    for grad, factor in ways:
        with undrawn(), filled(thetas, factor), torch.set_grad_enabled(grad):
            before = dice()
            try:
                with Touches(thetas) as mode:
                    again = call()
            except Exception:  # of the user's code
                return False
            if mode.touched or dice() != before or not alike(kept, again):
                return False
    return True


def alike(one: Any, other: Any) -> bool:
    """Return whether two things are tensors, numbers and texts of equal values."""
    (leaves, form), (others, shape) = tree_flatten(one), tree_flatten(other)
    return form == shape and all(map(equal, leaves, others))


def equal(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        known = a.shape == b.shape and a.dtype == b.dtype and a.requires_grad == b.requires_grad
        known = known and alike(attributes_of(a) or {}, attributes_of(b) or {})
        known = known and not (a.is_leaf and b.is_leaf and (a.grad is None) != (b.grad is None))
        return known and torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)
    if isinstance(a, ndarray) and isinstance(b, ndarray) and not a.dtype.hasobject:
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return a is b or (type(a) in PLAIN and type(a) is type(b) and spelled(a) == spelled(b))
