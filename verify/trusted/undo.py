"""What puts back what a container, an array, a class, a file or a closure held."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from types import CellType, FunctionType, ModuleType
from typing import Any
from weakref import ProxyTypes

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from verify.trusted.contents import MEMBER
from verify.trusted.dice import redrawn
from verify.trusted.state import PYTHONS, UNCOMPILED
from verify.trusted.surroundings import container, installed, of_a_library

HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")
LARGEST = 1_000_000  # entries of a tensor or an array that is put back


def undo(value: Any) -> Callable[[], None] | None:
    """Return what puts back the contents of a container, a class, a file or a closure, if one."""
    if issubclass(type(value), dict | list | set | deque | bytearray):
        return partial(refill, value, contents(value))
    if type(value) is ndarray and not value.dtype.hasobject and value.size <= LARGEST:
        return partial(rewritten, value, value.copy())
    if isinstance(value, Tensor) and type(value) in (Tensor, nn.Parameter) and restorable(value):
        return partial(rewritten, value, value.detach().clone())
    if dice := redrawn(value):
        return dice
    users = not of_a_library(value) if isinstance(value, type) else False
    if users or (isinstance(value, ModuleType) and not installed(value)):
        return partial(renamed, value, {k: v for k, v in vars(value).items() if k not in PYTHONS})
    if not isinstance(value, FunctionType):
        return slotted(value)
    cells = [cell for cell in value.__closure__ or () if cell != CellType()]
    held = [(cell, cell.cell_contents) for cell in cells]
    given = value.__defaults__, value.__kwdefaults__
    return partial(redefined, value, held, given, contents(vars(value)))


def slotted(value: Any) -> Callable[[], None] | None:
    """Return what puts back what is in the slots of a user's object, if any."""
    if type(value) in ProxyTypes or of_a_library(type(value)):
        return None
    found = [v for c in type(value).__mro__ for v in vars(c).values() if isinstance(v, MEMBER)]
    old = [(slot, slot.__get__(value)) for slot in found if is_set(slot, value)]

    def put_back() -> None:
        for slot, held in old:
            if not is_set(slot, value) or slot.__get__(value) is not held:
                slot.__set__(value, held)
        for slot in found:
            if is_set(slot, value) and not any(slot is known for known, _ in old):
                slot.__delete__(value)

    return put_back if found else None


def is_set(slot: Any, value: Any) -> bool:
    try:
        slot.__get__(value)
    except AttributeError:
        return False
    return True


def switched() -> Callable[[], None]:
    """Return what puts back torch's modes and its default kind of numbers, and NumPy's warnings."""
    warned = np.geterr()
    grad, kind = torch.is_grad_enabled(), torch.get_default_dtype()
    cast, threads = torch.is_autocast_enabled("cpu"), torch.get_num_threads()
    strict = torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()

    def put_back() -> None:
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(kind)
        torch.set_autocast_enabled("cpu", cast)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict, warn_only=warns)
        np.seterr(**warned)

    return put_back


def graded(t: Tensor) -> Callable[[], None]:
    """Return what puts back a tensor's kind of numbers, its shape, its gradient and its hooks."""
    data = t.detach() if restorable(t) else None
    wants, grad = t.requires_grad, t.grad if t.is_leaf else None
    own = grad.detach().clone() if grad is not None and restorable(grad) else None
    hooks = [(name, dict(getattr(t, name, None) or {})) for name in HOOKS]

    def put_back() -> None:
        with suppress(RuntimeError):  # where a call has made it one of another kind of numbers
            if data is not None and (t.dtype, t.shape) != (data.dtype, data.shape):
                t.data = data
            if t.is_leaf and t.requires_grad != wants:
                t.requires_grad_(wants)
            if t.is_leaf and t.grad is not grad:
                t.grad = grad
            if grad is not None and own is not None:
                rewritten(grad, own)
        for name, old in hooks:
            held = getattr(t, name, None)
            if held is not None and held != old:
                held.clear()
                held.update(old)

    return put_back


def contents(value: Any) -> list[Any]:
    """Return what a container holds: of a dict, pairs."""
    kind = container(type(value))
    return [*kind.items(value)] if issubclass(kind, dict) else [*kind.__iter__(value)]


def refill(value: Any, old: list[Any]) -> None:
    """Give a container again what it held, if it holds something else."""
    kind = container(type(value))
    if [*map(parts, contents(value))] != [*map(parts, old)]:
        kind.clear(value)
        if isinstance(value, dict):
            for key, held in old:
                kind.__setitem__(value, key, held)
        else:
            (kind.update if isinstance(value, set) else kind.extend)(value, old)


def parts(entry: Any) -> Any:
    """Return what tells an entry, or the key and the value of a dict's, apart from others."""
    return [*map(id, entry)] if type(entry) is tuple else id(entry)


def restorable(t: Tensor) -> bool:
    """Return whether a tensor's entries can be read: its memory may have been freed."""
    whole = t.layout == torch.strided and not (t.is_nested or t.is_quantized or is_lazy(t))
    if not whole or t.device.type != "cpu" or t.numel() > LARGEST:
        return False
    last = t.storage_offset() + sum(by * (n - 1) for by, n in zip(t.stride(), t.shape, strict=True))
    return not t.numel() or (last + 1) * t.element_size() <= t.untyped_storage().nbytes()


def rewritten(value: Any, old: Any) -> None:
    """Put back the entries of an array or a tensor, unless it has another shape by now."""
    if value.shape != old.shape or value.dtype != old.dtype:
        return
    with torch.no_grad():
        alike = (value == old) | ((value != value) & (old != old))
        if not alike.all() and (isinstance(value, Tensor) or value.flags.writeable):
            value[...] = old


def renamed(value: Any, old: dict[str, Any]) -> None:
    now = vars(value)
    added = [k for k in now if k not in PYTHONS and k not in old]
    for key in [k for k in added if not isinstance(now[k], ModuleType)]:  # what is imported stays
        delattr(value, key)
    for key in [k for k, held in old.items() if now.get(k) is not held]:
        setattr(value, key, old[key])


def redefined(
    f: FunctionType, held: Sequence[tuple[CellType, Any]], given: tuple[Any, Any], own: list[Any]
) -> None:
    """Put back what a function has of where it was defined, its defaults and its attributes."""
    for cell, value in held:
        if cell == CellType() or cell.cell_contents is not value:
            cell.cell_contents = value
    if (f.__defaults__, f.__kwdefaults__) != given:
        f.__defaults__, f.__kwdefaults__ = given
    if {*vars(f)} - {key for key, _ in own} != {UNCOMPILED}:
        refill(vars(f), own)
