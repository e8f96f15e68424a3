"""What a module shares with others: whether a first call, whatever it is of, fills it alike."""

import gc
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Sequence
from copy import copy
from functools import _lru_cache_wrapper, partial
from types import CellType, FunctionType, ModuleType
from typing import Any

import torch
from numpy import ndarray
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten

from verify.trusted.computed import copied
from verify.trusted.state import PLAIN, changed, kept_by, state
from verify.trusted.surroundings import globals_of, installed, of_a_library
from verify.trusted.unchanged import entries
from verify.trusted.values import mixing

# How what is shared is filled again: samples, their size, gradients on, the mode turned and a
# gradient wanted, a seed.
FILLINGS = ((2, 0.0, True, False, 1), (1, 1.0, False, False, 2), (3, -2.0, True, True, 3))


class Shared:
    """What a module shares with others, which its first call may fill: dicts, and caches.

    Whatever call comes first, in whatever mode and with whatever parameters, has to fill in the
    same numbers, and to result in what later ones do. All else that it leaves behind is refused.
    """

    def __init__(self, net: nn.Module) -> None:
        self.net = net
        self.before, known = state(net)
        held = [*known.values()]
        caches = [value for value in held if isinstance(value, _lru_cache_wrapper)]
        inside = {id(part) for cache in caches for part in gc.get_referents(cache)}
        self.dicts = [(d, dict(d)) for d in held if type(d) is dict and id(d) not in inside]
        self.caches = [(cache, cache.cache_info().currsize) for cache in caches]
        self.others = [put_back for value in held if (put_back := undo(value))]
        self.names = [(home, k, home[k]) for home, k in globals_of(net).values() if k in home]

    def check(self, x: Tensor) -> None:
        """Raise TraceError for what a first call leaves behind."""
        if state(self.net)[0] == self.before:
            return
        self.dicts = [(held, old) for held, old in self.dicts if same(held) != same(old)]
        self.caches = [(c, size) for c, size in self.caches if c.cache_info().currsize != size]
        for held, old in self.dicts:
            if any(k not in held or not (v is None or is_same(held[k], v)) for k, v in old.items()):
                raise mixing("the first call changes what is shared with others")
        found: list[Any] = []
        for filling in FILLINGS:
            self.empty()
            if not found and (odd := self.left()):
                raise mixing(f"the call changes {odd}")
            if not filled_alike(copied(self.net), x, filling):
                raise mixing("the first call results in something else than the second")
            found.append(self.contents())
        if not all(alike(found[0], other) for other in found[1:]):
            raise mixing("what the first call keeps depends on when and of what it is called")

    def empty(self) -> None:
        for held, old in self.dicts:
            held.clear()
            held.update(old)
        for cache, _ in self.caches:
            cache.cache_clear()

    def put_back(self) -> None:
        """Leave all as it was, so that another first call is one too."""
        self.empty()
        for put_back in self.others:
            put_back()
        for home, name, value in self.names:
            if home.get(name) is not value:
                home[name] = value

    def contents(self) -> list[Any]:
        """Return what was put into dicts, by key, and into caches."""
        new = [{k: v for k, v in held.items() if old.get(k) is None} for held, old in self.dicts]
        return [*new, *(results_of(cache) for cache, _ in self.caches)]

    def left(self) -> str:
        """Return what a call has changed beside, "" if nothing."""
        values = kept_by(self.net)
        for name in changed(self.before, state(self.net)[0]):
            value = values.get(name)
            fills = isinstance(value, ModuleType) and installed(value)  # its own caches
            if not (fills or isinstance(value, _lru_cache_wrapper)):
                return name
        return ""


def undo(value: Any) -> Callable[[], None] | None:
    """Return what puts back the contents of a container, a class, a file or a closure, if one."""
    if type(value) in (list, set, deque, OrderedDict, defaultdict):
        old = copy(value)

        def put_back() -> None:
            if entries(value) != entries(old):
                value.clear()
                (value.extend if isinstance(value, list | deque) else value.update)(old)

        return put_back
    if type(value) is ndarray:
        return partial(rewritten, value, value.copy())
    users = not of_a_library(value) if isinstance(value, type) else False
    if users or (isinstance(value, ModuleType) and not installed(value)):
        return partial(renamed, value, {k: v for k, v in vars(value).items() if k[:2] != "__"})
    cells = [*(value.__closure__ or ())] if isinstance(value, FunctionType) else []
    held = [(cell, cell.cell_contents) for cell in cells if cell != CellType()]
    return partial(recaptured, held) if held else None


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


def results_of(cache: Any) -> list[Any]:
    """Return what a cache of Python's own holds; of a bounded one its links hide it."""
    tables = [d for d in gc.get_referents(cache) if type(d) is dict and d is not vars(cache)]
    found = []
    for key, held in [pair for table in tables for pair in table.items()]:
        given = key if type(key) is tuple else (key,)
        hidden = "lru_list" in type(held).__name__
        named = any(type(part) is object for part in given)  # Python's mark before keywords
        found.append(held if not hidden else object() if named else cache(*given))
    return found


def is_same(one: Any, other: Any) -> bool:
    return one is other or (type(one) in PLAIN and equal(one, other))


def same(held: dict[Any, Any]) -> list[tuple[int, int]]:
    return [(id(key), id(value)) for key, value in held.items()]


def filled_alike(net: nn.Module, x: Tensor, filling: tuple[int, float, bool, bool, int]) -> bool:
    """Return whether the first call of a copy results in what the second does."""
    samples, size, grad, turned, seed = filling
    x = x[:1].expand(samples, -1) + size * torch.linspace(0.5, 1, x.shape[1], dtype=x.dtype)
    for module in net.modules() if turned else ():
        module.training = not module.training
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(seed / 8)
    results = []
    with torch.random.fork_rng(), torch.set_grad_enabled(grad):
        torch.manual_seed(seed)
        for _ in range(2):
            try:
                results.append(net(x.clone().requires_grad_(turned)).detach())
            except Exception:  # of the user's code: where values are compared it is reported
                results.append(None)
    return turned or alike(*results)


def alike(one: Any, other: Any) -> bool:
    """Return whether two things are tensors, numbers and texts of equal values."""
    (leaves, form), (others, shape) = tree_flatten(one), tree_flatten(other)
    return form == shape and all(map(equal, leaves, others))


def equal(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        known = a.shape == b.shape and a.dtype == b.dtype
        return known and torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)
    return type(a) in PLAIN and type(a) is type(b) and repr(a) == repr(b)
