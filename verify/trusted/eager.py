"""What torch computes where it is traced, kept to what it computes where it is not."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from math import prod
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch._C import DispatchKey
from torch._dispatch.python import no_python_dispatcher
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
from torch._ops import OpOverload
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import _disable_current_modes

from verify.trusted.fixed import TAKES, taken
from verify.trusted.values import TraceError

KEYS = (DispatchKey.Autograd, DispatchKey.CompositeImplicitAutograd)


class Eager(TorchFunctionMode):
    """Note what leaves torch; have it compute as it does where it is not traced.

    One formula for distances, which torch chooses by their number. ``quantile`` asks whether q is
    from 0 to 1 only where it is not traced; unsafe views are no views where they are. Numbers of
    constants are what they are.
    """

    def __init__(self, given: Sequence[Tensor]) -> None:
        super().__init__()
        self.left, self.given = "", given

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name, kwargs = getattr(func, "__name__", ""), kwargs or {}
        if name in ("numpy", "__array__", "__dlpack__", "data_ptr"):
            self.left = f"values that leave torch by {name}"
        if name == "__set__" and func.__self__ is Tensor.data:
            self.left = "the call sets Tensor.data"
        if func in TAKES and (number := taken(func, args[0], self.given)):
            return number[0]
        if func is torch.cdist:
            args, kwargs = args[:3], {**kwargs, "compute_mode": "donot_use_mm_for_euclid_dist"}
        if name in ("quantile", "nanquantile") and isinstance(
            kwargs.get("q", [*args, 0, 0][1]), Tensor
        ):
            raise refused(name, "of a tensor q")
        if name.startswith("unsafe_") and "." not in name:  # torch's own code uses them well
            raise refused(name, "of views")
        return func(*args, **kwargs)


def refused(name: str, what: str) -> TraceError:
    return TraceError("not readable", f"{name} {what}, which torch does not trace as it is")


def dropout(_: Any, traced: Callable[..., Any]) -> Callable[..., Any]:
    """Return a dropout that returns its argument itself where nothing drops; torch's, a copy."""

    def kernel(x: Tensor, p: float, train: bool | None = True) -> Any:
        return traced(x, p, train) if train and p else x

    return kernel


def resized(op: Callable[..., Any], traced: Callable[..., Any]) -> Callable[..., Any]:
    """Return an interpolation that is refused where torch's formula in Python is another one.

    It may pick other entries, or interpolate what it would copy. Both are linear in each channel:
    they are compared at the unit vectors of one.
    """

    def kernel(x: Tensor, *args: Any, **kwargs: Any) -> Any:
        shape = [int(n) for n in x.shape[2:]]
        with (
            temporarily_clear_interpreter_stack(),
            _disable_current_modes(),
            no_python_dispatcher(),
        ):
            units = torch.eye(prod(shape), dtype=x.dtype).reshape(-1, 1, *shape)
            one, other = op(units, *args, **kwargs), traced(units, *args, **kwargs)
            alike = one.shape == other.shape and torch.allclose(one, other, atol=1e-4)
        if not alike:
            raise refused("interpolate", f"from {shape} entries")
        return traced(x, *args, **kwargs)

    return kernel


def margin(_: Any, traced: Callable[..., Any]) -> Callable[..., Any]:
    """Return a loss that is refused: at a margin torch's formula in Python has another slope."""

    def kernel(*args: Any, **kwargs: Any) -> Any:
        raise refused(traced.__name__, "at a margin")

    return kernel


def wrapper(name: str) -> Callable[[Any, Callable[..., Any]], Callable[..., Any]] | None:
    """Return what a torch function's formula in Python is wrapped in, if it is no other's."""
    if name == "dropout":
        return dropout
    if name in ("multi_margin_loss", "multilabel_margin_loss_forward"):
        return margin
    return resized if "upsample" in name and "backward" not in name else None


def overloads() -> Iterator[tuple[OpOverload, Any, Any]]:
    """Yield the operations whose formulas in Python are wrapped, with key and wrapped formula."""
    for name in dir(torch.ops.aten):
        wrap = wrapper(name)
        packet = getattr(torch.ops.aten, name) if wrap else None
        for overload in packet.overloads() if packet else ():
            op = getattr(packet, overload)
            for key in KEYS:
                if wrap and key in op.py_kernels:
                    yield op, key, wrap(op, op.py_kernels[key])


@contextmanager
def eager_kernels() -> Iterator[None]:
    """Have torch trace no formula that computes something else than its kernels."""
    ops = []
    with ExitStack() as stack:
        for op, key, kernel in overloads():
            stack.enter_context(patch.dict(op.py_kernels, {key: kernel}))
            op._dispatch_cache.clear()
            ops.append(op)
        try:
            yield
        finally:
            stack.close()
            for op in ops:
                op._dispatch_cache.clear()
