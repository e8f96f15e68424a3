"""What a first call leaves behind, in a module and in what it shares with others."""

import gc
from collections import deque
from collections.abc import Callable, Sequence
from functools import _lru_cache_wrapper, partial
from types import CellType, FunctionType, ModuleType
from typing import Any

import torch
from numpy import ndarray
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten

from verify.trusted.computed import cached, computed
from verify.trusted.dice import dice, undrawn
from verify.trusted.memory import filled
from verify.trusted.state import PLAIN, changed, kept_by, snapshot, state
from verify.trusted.surroundings import globals_of, installed, of_a_library
from verify.trusted.values import mixing

OWN = ("_parameters", "_buffers")


class Shared:
    """What a module keeps and shares: its first call may fill caches of Python's, and no more.

    Whatever else it leaves behind is refused, and put back: it may be special to the first call.
    Not looked at are the module's own tensors, as a trace sees what is written to them.
    """

    def __init__(self, net: nn.Module) -> None:
        self.net = net
        self.before, known = state(net)
        held = [*known.values()]
        caches = [value for value in held if isinstance(value, _lru_cache_wrapper)]
        inside = {id(part) for cache in caches for part in gc.get_referents(cache)}
        self.caches = [(cache, cache.cache_info(), function_of(cache)) for cache in caches]
        mine = [value for value in held if id(value) not in inside]
        self.others = [put_back for value in mine if (put_back := undo(value))]
        self.names = [(home, k, home[k]) for home, k in globals_of(net).values() if k in home]

    def check(self, thetas: Sequence[Tensor]) -> None:
        """Raise TraceError for what a first call leaves behind, or caches of the parameters."""
        if odd := [*self.left()]:
            raise mixing(f"the call changes {odd[0]}")
        used = [(cache, f) for cache, known, f in self.caches if cache.cache_info() != known]
        made = [
            (partial(getattr(type(m), k).func, m), value) for m, k, value in kept_anew(self.net)
        ]
        made += [entry for cache, _ in used for entry in entries(cache)]
        same = all(function_of(cache) == f for cache, f in used)
        if not (same and all(is_steady(call, kept, thetas) for call, kept in made)):
            raise mixing("a cache keeps what another call would not result in")

    def put_back(self) -> None:
        """Leave all as it was, so that another first call is one too."""
        for cache, known, _ in self.caches:
            if cache.cache_info().misses != known.misses:
                cache.cache_clear()
        for put_back in self.others:
            put_back()
        for home, name, value in self.names:
            if home.get(name) is not value:
                home[name] = value

    def left(self) -> dict[str, Any]:
        """Return by its names what a call has changed, but caches and what each call computes."""
        values, paths = kept_by(self.net), dict(self.net.named_modules())
        tensors = {f"{path}.{key}".lstrip(".") for path in paths for key in OWN}
        names = [*changed(self.before, state(self.net)[0])]
        odd = {n: values.get(n) for n in names if n not in tensors | computed(self.net)}
        return {name: value for name, value in odd.items() if not fills(value)}


def fills(value: Any) -> bool:
    """Return whether something has caches of its own, of Python's or a library's."""
    library = isinstance(value, ModuleType) and installed(value)
    return library or isinstance(value, _lru_cache_wrapper)


def function_of(cache: Any) -> Any:
    """Return a snapshot of the function behind a cache, and of what it keeps itself."""
    return snapshot(cache.__wrapped__, {id(cache): cache})


def keys_of(cache: Any) -> list[tuple[Any, ...]]:
    """Return what a cache of Python's was called with, as its own keys tell it."""
    tables = [d for d in gc.get_referents(cache) if type(d) is dict and d is not vars(cache)]
    return [key if type(key) is tuple else (key,) for table in tables for key in table]


def entries(cache: Any) -> list[tuple[Callable[[], Any], Any]]:
    """Return the calls that a cache was made of, and what it keeps of each."""
    keys = keys_of(cache)
    if any(type(part) is object for key in keys for part in key):  # Python's mark before keywords
        return [(object, None)]
    return [(partial(cache.__wrapped__, *key), cache(*key)) for key in keys]


def kept_anew(net: nn.Module) -> list[tuple[nn.Module, str, Any]]:
    """Return the attributes of a module that Python has cached."""
    return [(m, k, vars(m)[k]) for m in net.modules() for k in cached(m) & vars(m).keys()]


def is_steady(call: Callable[[], Any], kept: Any, thetas: Sequence[Tensor]) -> bool:
    """Return whether a call results again in what is kept of it.

    Also with other numbers as parameters, of both signs; and draws no random numbers.
    """
    for grad, factor in ((True, None), (False, 1), (True, -1000)):
        with undrawn(), filled(thetas, factor), torch.set_grad_enabled(grad):
            before = dice()
            try:
                again = call()
            except Exception:  # of the user's code
                return False
            if dice() != before or not alike(kept, again):
                return False
    return True


def alike(one: Any, other: Any) -> bool:
    """Return whether two things are tensors, numbers and texts of equal values."""
    (leaves, form), (others, shape) = tree_flatten(one), tree_flatten(other)
    return form == shape and all(map(equal, leaves, others))


def equal(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        known = a.shape == b.shape and a.dtype == b.dtype
        return known and torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)
    return a is b or (type(a) in PLAIN and type(a) is type(b) and repr(a) == repr(b))


def undo(value: Any) -> Callable[[], None] | None:
    """Return what puts back the contents of a container, a class, a file or a closure, if one."""
    if isinstance(value, dict | list | set | deque | bytearray):  # a user's kind may hide some
        plain: Any = next(c for c in type(value).__mro__ if of_a_library(c))
        old = [*plain.items(value)] if isinstance(value, dict) else [*plain.__iter__(value)]
        return partial(refilled, plain, value, old)
    if type(value) is ndarray:
        return partial(rewritten, value, value.copy())
    users = not of_a_library(value) if isinstance(value, type) else False
    if users or (isinstance(value, ModuleType) and not installed(value)):
        return partial(renamed, value, {k: v for k, v in vars(value).items() if k[:2] != "__"})
    cells = [*(value.__closure__ or ())] if isinstance(value, FunctionType) else []
    held = [(cell, cell.cell_contents) for cell in cells if cell != CellType()]
    return partial(recaptured, held) if held else None


def refilled(plain: Any, value: Any, old: list[Any]) -> None:
    now = [*plain.items(value)] if isinstance(value, dict) else [*plain.__iter__(value)]
    if [*map(parts, now)] != [*map(parts, old)]:
        plain.clear(value)
        if isinstance(value, dict):
            for key, held in old:
                plain.__setitem__(value, key, held)
        else:
            (plain.update if isinstance(value, set) else plain.extend)(value, old)


def parts(entry: Any) -> Any:
    """Return what tells an entry, or the key and the value of a dict's, apart from others."""
    return [*map(id, entry)] if type(entry) is tuple else id(entry)


def rewritten(value: Any, old: Any) -> None:
    if value.flags.writeable and value.tobytes() != old.tobytes():
        value[...] = old


def renamed(value: Any, old: dict[str, Any]) -> None:
    now = vars(value)
    for key in [k for k in now if k[:2] != "__" and k not in old]:
        delattr(value, key)
    for key in [k for k, held in old.items() if now.get(k) is not held]:
        setattr(value, key, old[key])


def recaptured(held: Sequence[tuple[CellType, Any]]) -> None:
    for cell, value in held:
        if cell == CellType() or cell.cell_contents is not value:
            cell.cell_contents = value
