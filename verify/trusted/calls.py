"""Calls of a module before it is traced: what code they run, what they change and keep."""

import gc
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from functools import _lru_cache_wrapper
from itertools import product
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any
from weakref import ReferenceType, ref

import torch
from torch import Tensor, nn
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_leaves

from verify.trusted.computed import computed, copied, hooked
from verify.trusted.state import PLAIN, changed, kept_by, state
from verify.trusted.surroundings import Ran, captured, installed, is_librarys, of_a_library
from verify.trusted.values import TraceError, mixing

# How a module may be called: with gradients on, with one wanted, of one sample instead of many.
WAYS = tuple(product((True, False), (False, True), (False, True)))
COPYING = {"__copy__", "__deepcopy__", "__getstate__", "__reduce__", "__reduce_ex__"}
NUMBERS = {"item", "__bool__", "__complex__", "__float__", "__index__", "__int__", "is_nonzero"}
COUNTED = "Python code reads a value of a tensor, and may depend on it"


class Derived(TorchFunctionMode):
    """Follows what is made of the samples, but for their size.

    Attributes:
        read: whether Python took a number out of it, which it may keep.
    """

    def __init__(self, samples: Tensor) -> None:
        super().__init__()
        self.read = False
        self.made: dict[int, ReferenceType[Tensor]] = {id(samples): ref(samples)}
        self.samples = samples

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out, name = func(*args, **(kwargs or {})), str(getattr(func, "__name__", ""))
        by_size = name.endswith("_like") or name.startswith("new_")
        if not by_size and any(map(self.is_derived, tree_leaves((args, kwargs)))):
            self.read |= name in NUMBERS
            made = [t for t in tree_leaves(out) if isinstance(t, Tensor)]
            self.made.update((id(t), ref(t)) for t in made)
        return out

    def is_derived(self, value: Any) -> bool:
        return id(value) in self.made and self.made[id(value)]() is value

    def kept(self) -> bool:
        """Return whether some of it is still there after the calls."""

        def alive() -> bool:
            found = [made() for made in self.made.values()]
            return any(t is not None and t is not self.samples for t in found)

        return alive() and gc.collect() >= 0 and alive()


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
        self.others = [(value, kept) for value in held if (kept := kept_in(value)) is not None]

    def check(self, x: Tensor) -> None:
        """Raise TraceError for what a first call leaves behind."""
        if state(self.net)[0] == self.before:
            return
        self.dicts = [(held, old) for held, old in self.dicts if same(held) != same(old)]
        self.caches = [(c, size) for c, size in self.caches if c.cache_info().currsize != size]
        for held, old in self.dicts:
            if not all(
                key in held and (held[key] is v or equal(held[key], v)) for key, v in old.items()
            ):
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
        for value, old in self.others:
            restored(value, old)

    def contents(self) -> list[Any]:
        """Return what was put into dicts, by key, and into caches."""
        new = [{k: v for k, v in held.items() if k not in old} for held, old in self.dicts]
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


def kept_in(value: Any) -> Any:
    """Return a copy of what a list, a set, a class or a file of the user's, or a cell holds."""
    if type(value) in (list, set, deque):
        return type(value)(value)
    users = not of_a_library(value) if isinstance(value, type) else False
    if users or (isinstance(value, ModuleType) and not installed(value)):
        return {k: v for k, v in vars(value).items() if k[:2] != "__"}
    return (
        list(value.__closure__ or ()) and captured(value)
        if isinstance(value, FunctionType)
        else None
    )


def restored(value: Any, old: Any) -> None:
    """Put back what ``kept_in`` found."""
    if isinstance(value, list | deque):
        value.clear()
        value.extend(old)
    elif isinstance(value, set):
        value.clear()
        value.update(old)
    elif isinstance(value, FunctionType):
        for cell, held in zip(
            [c for c in value.__closure__ or () if c != CellType()], old, strict=True
        ):
            if cell.cell_contents is not held:
                cell.cell_contents = held
    else:
        for key in [k for k in vars(value) if k[:2] != "__" and k not in old]:
            delattr(value, key)
        for key, held in old.items():
            if vars(value).get(key) is not held:
                setattr(value, key, held)


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


def in_all_ways(net: nn.Module, x: Tensor) -> None:
    """Call a module in each of the ``WAYS``, and leave torch as it was."""
    before = torch.is_autocast_enabled("cpu"), torch.get_default_dtype()
    try:
        with torch.random.fork_rng():
            for grad, wants, alone in WAYS:
                with suppress(Exception), torch.set_grad_enabled(grad):  # found later
                    net((x[:1] if alone else x).clone().requires_grad_(wants))
    finally:
        torch.set_autocast_enabled("cpu", before[0])
        torch.set_default_dtype(before[1])


def warm(net: nn.Module, samples: Tensor) -> list[CodeType]:
    """Call a copy, so that what the user's code caches is made of numbers, not of a trace.

    Returned is the user's code that runs in the ways in which a trace calls the module.

    Raises:
        TraceError: a class or a file keeps something of the first samples that are seen.
    """
    if odd := copies_itself(net):
        raise mixing(f"copies of {odd} are made by code of its own, which may leave something out")
    derived, shared = Derived(samples), Shared(net)
    with suppress(Exception), Ran() as ran, derived:
        in_all_ways(copied(net), samples)
    try:
        if derived.read:
            raise mixing(COUNTED)
        if derived.kept():
            raise mixing("the call keeps a tensor that it makes of the samples")
        shared.check(samples)
    except TraceError:
        shared.put_back()
        raise
    return [*ran.codes.values()]


def copies_itself(net: nn.Module) -> str:
    """Return the name of a class of modules whose code of the user's copies it, "" if none does."""
    for cls in {c: None for module in net.modules() for c in type(module).__mro__}:
        made = [vars(cls)[name] for name in COPYING & {*vars(cls)} if not of_a_library(cls)]
        if any(not (isinstance(f, FunctionType) and is_librarys(f)) for f in made):
            return cls.__name__
    return ""


def renewed(net: nn.Module, x: Tensor, ran: Iterable[FunctionType]) -> frozenset[str]:
    """Return the attributes of ``computed``; TraceError if second calls change what is there."""
    try:
        net = copied(net)
    except Exception:  # of any kind: it is reported where values are compared
        return frozenset(computed(net))
    in_all_ways(net, x)
    names = computed(net)
    before = state(net, ran)
    in_all_ways(net, x)
    after = state(net, ran)
    hooks = [
        (f"{p}.{n}".lstrip("."), m, n, h) for p, m in net.named_modules() for n, h in hooked(m)
    ]
    for name, module, key, hook in hooks:
        weight = hook.compute_weight(module, *[False] * isinstance(hook, SpectralNorm))
        if not torch.equal(weight, vars(module)[key]):
            raise mixing(f"the call changes {name}")
    anew = {name for name, *_ in hooks}
    if odd := [name for name in changed(before[0], after[0]) if name not in anew]:
        raise mixing(f"the call changes {odd[0]}")
    return frozenset(names)
