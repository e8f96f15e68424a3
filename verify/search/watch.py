"""What a module reads beside its sample, and whether it catches errors of torch."""

import inspect
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from verify.trusted.aten import RANDOM
from verify.trusted.calls import COUNTED, WAYS
from verify.trusted.computed import copied, uncached
from verify.trusted.dice import dice
from verify.trusted.ran import Ran

FRAME = sys._getframe
REGISTERS = "torch.nn.modules.module"  # a parameter, of a slice of a ParameterList; or raises
READS: tuple[tuple[Any, str], ...] = (
    (Tensor, "numpy tolist __array__ __dlpack__ data_ptr untyped_storage storage"),
    (Tensor, "stride storage_offset is_contiguous _version nbytes element_size is_leaf grad_fn"),
    (Tensor, "is_inference"),
    (torch, "get_default_dtype get_num_threads is_inference_mode_enabled is_autocast_enabled"),
    (torch, "initial_seed seed get_rng_state"),
    (torch.random, "initial_seed seed get_rng_state"),
    (torch, "get_autocast_dtype are_deterministic_algorithms_enabled is_warn_always_enabled"),
    (torch.compiler, "is_compiling is_exporting is_dynamo_compiling"),
    (torch.jit, "is_tracing"),
    (inspect, "stack currentframe"),
    (sys, "getsizeof _getframe"),
    (torch._C, "_to_dlpack"),
    (time, "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time"),
    (time, "localtime gmtime strftime ctime"),
    (os, "getcwd urandom getpid"),
)

# What tells Python something of values, or of how many there are of a kind.
COUNTS = {
    *("_local_scalar_dense", "equal", "is_nonzero", "nonzero", "masked_select", "allclose"),
    *("_unique2", "unique_dim", "unique_consecutive", "bincount", "histc"),
    *("_nnz", "to_sparse", "_to_sparse"),
}

TAKEN = ("_local_scalar_dense", "is_nonzero")  # what one number of a constant is taken by

PROBED = ("_wrapped_number", "_typed_storage")  # by torch itself, of any tensor


class Watch(TorchDispatchMode):
    """Notes that a number was taken out of a tensor that is not made of constants alone."""

    def __init__(self, told: list[str], fixed: Sequence[Tensor]) -> None:
        super().__init__()
        self.told = told
        self.fixed = {id(t): t for t in fixed}  # kept alive, so that no other tensor gets an id

    def is_fixed(self, *values: Any) -> bool:
        """Return whether there are tensors, none of which depends on a sample or a parameter."""
        given = [t for t in tree_leaves(values) if isinstance(t, Tensor)]
        return bool(given) and all(id(t) in self.fixed for t in given)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        masks = [
            i
            for i in (args[1] if func.overloadpacket is torch.ops.aten.index else ())
            if i is not None
        ]
        counted = any(i.dtype == torch.bool for i in masks)
        name, fixed = func.overloadpacket.__name__, self.is_fixed(args, kwargs)
        if (counted or name in COUNTS) and not (fixed and name in TAKEN):
            self.told.append(COUNTED)
        out = func(*args, **(kwargs or {}))
        if fixed and not any(word in name for word in RANDOM):
            self.fixed.update((id(t), t) for t in tree_leaves(out) if isinstance(t, Tensor))
        return out


class Checked(TorchFunctionMode):
    """Forgets what one_hot and masks read: the one only checks, of the other a size is left.

    one_hot: of a given number of classes. How many entries a mask picks is told where Python asks
    what is made of them for anything that is no tensor.
    """

    def __init__(self, told: list[str]) -> None:
        super().__init__()
        self.told = told
        self.picked: dict[int, Tensor] = {}  # kept alive, so that no other tensor gets an id

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, before = kwargs or {}, len(self.told)
        out = func(*args, **kwargs)
        if func is one_hot and kwargs.get("num_classes", [-1, *args[1:]][-1]) >= 0:
            del self.told[before:]
        known = any(id(a) in self.picked for a in tree_leaves((args, kwargs)))
        if func is Tensor.__setitem__ or not (known or func is Tensor.__getitem__):
            return out
        masked = func is Tensor.__getitem__ and self.told[before:] == [COUNTED]
        if masked:
            del self.told[before:]
        if known or masked:
            made = [a for a in tree_leaves(out) if isinstance(a, Tensor)]
            self.picked.update((id(a), a) for a in made)
            if not isinstance(out, Tensor):
                self.told.append(COUNTED)
        return out


# What raises another error than RuntimeError for some values: of a place, of a matrix.
PLACES = "embedding index index_put index_select take"
MATRICES = (
    "linalg_cholesky_ex linalg_inv_ex _linalg_solve_ex _linalg_eigh linalg_eig _linalg_svd"
    " linalg_lu_factor_ex linalg_ldl_factor_ex linalg_lstsq cholesky inverse _linalg_check_errors"
)
# Documented, though not listed as exported.
SINGULAR = torch.linalg.LinAlgError  # pyright: ignore[reportPrivateImportUsage]
RAISING: dict[str, type[Exception]] = {
    **dict.fromkeys(PLACES.split(), IndexError),
    **dict.fromkeys(MATRICES.split(), SINGULAR),
}
MOST = 256  # operations that are made to raise an error


class Failing(TorchDispatchMode):
    """Lets one operation raise an error."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.left = at

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.left -= 1
        if self.left < 0:
            self.left = 10**9
            raise RAISING.get(func.overloadpacket.__name__, RuntimeError)("as values may cause it")
        return func(*args, **(kwargs or {}))


def swallows(net: nn.Module, x: Tensor, put_back: Callable[[], None] = lambda: None) -> bool:
    """Return whether a module goes on where one of its operations raises an error.

    What the error leaves half done is ``put_back``.
    """
    for grad, wants, alone in WAYS:
        sample = (x[:1] if alone else x).clone().requires_grad_(wants)
        ran = Ran()
        with suppress(Exception), torch.set_grad_enabled(grad), uncached(net), ran:
            net(sample)  # a gradient in forward may not be possible
        if ran.handles and goes_on(net, sample, grad, put_back):
            return True
    return False


def goes_on(net: nn.Module, x: Tensor, grad: bool, put_back: Callable[[], None]) -> bool:
    """Return whether a call ends well though an operation raises, or is too long to know."""
    for at in range(MOST):
        mode, tried = Failing(at), copied(net)  # an error may leave it half done
        try:
            with torch.set_grad_enabled(grad), uncached(tried), mode:
                tried(x)
        except Exception:  # of the operation, or of the user's code in its wake
            put_back()
            continue
        return mode.left > MOST  # it did raise, else there are no more of them
    return True


@contextmanager
def watched(told: list[str], fixed: Sequence[Tensor] = ()) -> Iterator[None]:
    """Note what the module reads of tensors' values, of the clock and the environment, of dice.

    ``fixed``: constants, of which Python may take numbers.
    """
    here, watch = threading.get_ident(), Watch(told, fixed)

    def noted(owner: Any, name: str) -> Any:
        original = getattr(owner, name)

        def method(*args: Any, **kwargs: Any) -> Any:
            frame: Any = FRAME(1)
            while frame.f_globals is globals():  # by way of ``Checked``
                frame = frame.f_back
            caller = str(frame.f_globals.get("__name__"))
            ours = threading.get_ident() == here  # a notebook's threads read the clock meanwhile
            ours = ours and not (name == "is_leaf" and not args[0].requires_grad)  # True for any
            ours = ours and not (name == "tolist" and watch.is_fixed(args[0]))
            ours = ours and not (name == "grad_fn" and caller == REGISTERS)
            if ours and (owner is Tensor or not caller.startswith(("torch.", "verify."))):
                what = f"{owner.__name__}.{name}"
                told.append(f"Python code reads {what}, which is no part of a sample")
            return original(*args, **kwargs) if callable(original) else original.__get__(*args)

        return method if callable(original) else property(method)

    def absent(tensor: Any, name: str) -> Any:
        known = name in PROBED or name[:2] == "__"
        if not known and not str(FRAME(1).f_globals.get("__name__")).startswith("torch."):
            told.append(f"Python code asks for Tensor.{name}, which is no part of a sample")
        raise AttributeError(f"'Tensor' object has no attribute '{name}'")

    before = dice()
    with ExitStack() as stack:
        for owner, name in [(owner, name) for owner, names in READS for name in names.split()]:
            stack.enter_context(patch.object(owner, name, noted(owner, name)))
        stack.enter_context(patch.object(Tensor, "__getattr__", absent, create=True))
        stack.enter_context(watch)
        stack.enter_context(Checked(told))
        yield
    if dice() != before:
        told.append("the module draws random numbers")
