"""Calls of a module before it is traced: what code they run, what they change and keep."""

import gc
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import product
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any
from weakref import ReferenceType, ref

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from verify.trusted.computed import computed, copied, hooked, uncached
from verify.trusted.contents import PLAIN
from verify.trusted.dice import undrawn
from verify.trusted.ran import Ran
from verify.trusted.shared import Entry, Shared
from verify.trusted.state import changed, state
from verify.trusted.surroundings import (
    behind,
    captured,
    installed,
    is_librarys,
    named,
    of_a_library,
    parts_in,
    reached,
    within,
)
from verify.trusted.values import TraceError, mixing, unreadable

# How a module may be called: with gradients on, with one wanted, of one sample instead of many.
WAYS = tuple(product((True, False), (False, True), (False, True)))
# What refused calls have changed for good, kept alive, and what was told of it.
SPOILT: list[tuple[Any, str]] = []
COPYING = {"__copy__", "__deepcopy__", "__getstate__", "__reduce__", "__reduce_ex__"}
LAYOUTS = {"to", "type_as", "expand_as", "view_as", "reshape_as"}  # of another's kind or shape
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
        given = (args[0],) if name in LAYOUTS else (args, kwargs)
        if not by_size and any(map(self.is_derived, tree_leaves(given))):
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


def in_all_ways(net: nn.Module, x: Tensor) -> None:
    """Call a module in each of the ``WAYS``, take gradients, and leave torch as it was."""
    trained = [t for t in net.parameters() if t.requires_grad]
    before = torch.is_autocast_enabled("cpu"), torch.get_default_dtype()
    try:
        with undrawn():
            for grad, wants, alone in WAYS:
                with suppress(Exception), torch.set_grad_enabled(grad), uncached(net):
                    sample = (x[:1] if alone else x).clone().requires_grad_(wants)
                    y = net(sample)
                    if grad and wants:
                        differentiate(y, [sample, *trained])
            with suppress(Exception), torch.set_grad_enabled(torch.is_grad_enabled()):
                net(x)  # it may cache attributes
    finally:
        torch.set_autocast_enabled("cpu", before[0])
        torch.set_default_dtype(before[1])


def differentiate(y: Tensor, given: Sequence[Tensor]) -> None:
    """Take gradients, where the user's code may count too, and keep nothing of them."""
    before = [t.grad for t in given]
    try:
        torch.autograd.grad(y.sum(), given, allow_unused=True, retain_graph=True)
    except RuntimeError:  # torch's checkpoints want all gradients, or have none
        y.sum().backward()
    finally:
        for t, grad in zip(given, before, strict=True):
            t.grad = grad
        # after an error torch keeps what it has not come to, until it takes others
        one = torch.zeros(()).requires_grad_()
        torch.autograd.grad(one * 1, one)


def warm(net: nn.Module, samples: Tensor) -> tuple[list[CodeType], list[Entry]]:
    """Call a copy, so that what the user's code caches is made of numbers, not of a trace.

    Returned is the user's code that runs in the ways in which a trace calls the module, and the
    calls behind the caches of Python's that it uses.

    Raises:
        TraceError: a class or a file keeps something of the first samples that are seen.
    """
    if odd := overrides(net, COPYING):
        raise mixing(f"copies of {odd} are made by code of its own, which may leave something out")
    if parametrize._cache_enabled:
        raise mixing("torch's parametrize.cached keeps what it makes of the parameters")
    try:
        mine = copied(net)
    except Exception as error:  # of the user's code, of any kind
        text = " ".join(str(error).split())[:80]
        told = f"the module cannot be copied, to call it apart: {type(error).__name__}: {text}"
        raise unreadable(told) from error
    derived, shared = Derived(samples), Shared(mine)
    met = within(net)[1] if SPOILT else ()
    if told := next((told for value, told in SPOILT if id(value) in met), ""):
        raise mixing(told)
    try:
        with Ran() as ran, derived:
            in_all_ways(mine, samples)
        codes = [*ran.codes.values()]
        if derived.read:
            raise mixing(COUNTED)
        if derived.kept():
            raise mixing("the call keeps a tensor that it makes of the samples")
        cached = shared.check(
            [t for t in (*net.parameters(), *mine.parameters()) if t.requires_grad]
        )
        known = {id(f.__code__) for f in reached(net)}
        unseen = [code for code in codes if id(code) not in known]
        if odd := [f.__qualname__ for f in behind(net, unseen) if holds_any(f)]:
            raise mixing(f"{odd[0]} is found only when it runs, and may keep what it then makes")
    except BaseException as error:  # an interruption too
        shared.forget()
        shared.put_back()
        told = error.detail if isinstance(error, TraceError) else "a call did not end"
        SPOILT.extend((value, told) for value in shared.spoilt())
        raise
    return codes, cached


def holds_any(function: FunctionType) -> bool:
    """Return whether a function names or has anything but libraries and functions of Python's."""
    values = [*captured(function), *(home[name] for home, name in named(function))]
    given = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    values += [value for value in given if type(value) not in PLAIN]
    known = [v for v in values if isinstance(v, BuiltinFunctionType | ModuleType)]
    libraries = [v for v in known if isinstance(v, BuiltinFunctionType) or installed(v)]
    return len(libraries) < len(values)


def overrides(net: nn.Module, names: set[str]) -> str:
    """Return the name of a class of modules with methods of the user's of these names, or ""."""
    parts = parts_in(net)
    if odd := [m for m in parts if names & {*vars(m)}]:
        return type(odd[0]).__name__
    for cls in {c: None for module in parts for c in type(module).__mro__}:
        made = [vars(cls)[name] for name in names & {*vars(cls)} if not of_a_library(cls)]
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
