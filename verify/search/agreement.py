"""The graph against the module itself, at random points and parameters, in every mode of torch."""

import copy
import inspect
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from verify.search.evaluate import evaluate
from verify.trusted.trace import Traced

JUMPS = ("step", "floor", "round", "iszero", "where", "hardmax")
DIFFERS = "the module's values are not those of its graph"
Map = Callable[[Tensor], Tensor]
Run = tuple[float, float, int, Callable[[Map, Tensor], Tensor]]
FRAME = sys._getframe
READS: tuple[tuple[Any, str], ...] = (
    (Tensor, "numpy tolist __array__ __dlpack__ data_ptr untyped_storage storage"),
    (Tensor, "stride storage_offset is_contiguous _version nbytes element_size is_leaf grad_fn"),
    (torch, "get_default_dtype get_num_threads is_inference_mode_enabled is_autocast_enabled"),
    (torch, "are_deterministic_algorithms_enabled"),
    (torch.compiler, "is_compiling"),
    (inspect, "stack currentframe"),
    (sys, "getsizeof _getframe"),
    (torch._C, "_to_dlpack"),
    (time, "time time_ns monotonic perf_counter"),
    (type(os.environ), "__getitem__"),
)


def disagreement(net: nn.Module, traced: Traced, scope: str) -> str:
    """Return how the module's values differ from its graph's, "" where they do not.

    Looked at: the parameters as they are, and random ones; small and large points; as a leaf, as a
    result, transposed, and in inference mode. Only where the graph jumps may one sample in three
    differ: rounding may take it to the other side. A value that Python reads, or a random number
    that it draws, is a disagreement too: the graph cannot know.
    """
    try:
        net = copy.deepcopy(net)
    except Exception:  # of the user's code, of any kind
        return "the module cannot be copied, so its values were not compared with its graph's"
    finite = False
    for number, run in enumerate(RUNS):
        told, known = compared(net, traced, run, number)
        if told == DIFFERS and run[1] > 1:  # there rounding may be all that is left
            told, known = compared(copy.deepcopy(net).double(), traced, run, number)
        if told:
            return told
        finite = finite or (known and (scope == "all" or not run[0]))
    return "" if finite else "the module is not finite at any of the points looked at"


def compared(net: nn.Module, traced: Traced, run: Run, seed: int) -> tuple[str, bool]:
    """Return how values differ in one run, "" if they do not, and whether some are finite."""
    (scale, size, samples, way), rng = run, np.random.default_rng(seed)
    names = dict(net.named_parameters())
    if not set(traced.names) <= set(names):
        return "a parameter of the graph is not one of the module's", False
    own = {name: tensor.detach().clone() for name, tensor in names.items()}
    values = {name: tensor_like(own[name], rng, scale) for name in traced.names}
    x = torch.from_numpy(rng.normal(size=(samples, dim(traced))) * size)
    plain_kinds = (torch.get_default_dtype(), torch.float64)
    free = not names and not dict(net.named_buffers())  # a module of any kind of numbers
    kind = next((p.dtype for p in names.values()), plain_kinds[seed % 2 if free else 0])
    x = x.to(kind)
    told: list[str] = []
    try:
        put(names, values)
        bare = way(net, x).detach().double().numpy()
        with watched(told):
            seen = way(net, x)
        seen = seen.detach().double().numpy()
    except Exception as error:  # of the user's code, of any kind
        return f"the module raises at random parameters: {short(error)}", False
    finally:
        put(names, own)
    if told:
        return told[0], False
    if not np.array_equal(bare, seen, equal_nan=True):
        return "the module computes something else at a second call, or when it is watched", False
    params = [flat(values[name]) for name in traced.names]
    points, small = x.double().numpy(), 1e-6 if x.dtype == torch.float32 else 1e-12
    with np.errstate(all="ignore"):
        read, near = (
            np.asarray(evaluate(traced.graph, traced.sizes, params, p)).reshape(seen.shape)
            for p in (points, points * (1 + small))
        )
        rough = np.nan_to_num(np.abs(read - near).max(-1, initial=0.0), nan=np.inf)
        bound = 1e4 * small * (1 + np.abs(seen).max(-1, initial=0.0)) + 10 * rough
        far = ~(np.abs(seen - read).max(-1, initial=0.0) <= bound)
    known = np.isfinite(seen).all(-1) & np.isfinite(read).all(-1)
    jumps = any(node.name in JUMPS for node in traced.graph.nodes)
    if (far & known).sum() > (samples // 3 if jumps else 0):
        return DIFFERS, False
    return "", bool(known.any())


def put(names: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
    """Copy values into tensors."""
    with torch.no_grad():
        for name, value in values.items():
            names[name].copy_(value)


def short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def plain(f: Map, x: Tensor) -> Tensor:
    return f(x)


def result(f: Map, x: Tensor) -> Tensor:
    return f(x.clone().requires_grad_() * 1)


def part(f: Map, x: Tensor) -> Tensor:
    return f(torch.cat([x[:1], x])[1:])


def transposed(f: Map, x: Tensor) -> Tensor:
    return f(x.T.contiguous().T)


def inference(f: Map, x: Tensor) -> Tensor:
    try:
        with torch.inference_mode():
            return f(x).clone()
    except RuntimeError:  # a gradient taken in forward is not possible there
        return f(x)


# The size of random parameters (0: as they are, < 0: all positive), of points, their number, how
# they are given.
RUNS = (
    (0.0, 1.0, 64, plain),
    (0.0, 1.0, 5, plain),
    (-0.5, 1.0, 6, result),
    (1.0, 1e3, 3, transposed),
    (0.0, 30.0, 2, inference),
    (0.0, 1e6, 7, part),
    (0.0, 1.0, 1, plain),
    (0.0, 1.0, 300, plain),
)

# What tells Python something of values, or of how many there are of a kind.
COUNTS = {
    *("_local_scalar_dense", "equal", "is_nonzero", "nonzero", "masked_select", "allclose"),
    *("_unique2", "unique_dim", "unique_consecutive", "bincount", "histc"),
    *("_nnz", "to_sparse", "_to_sparse"),
}


class Watch(TorchDispatchMode):
    """Notes that a number was taken out of a tensor."""

    def __init__(self, told: list[str]) -> None:
        super().__init__()
        self.told = told

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        masks = [
            i
            for i in (args[1] if func.overloadpacket is torch.ops.aten.index else ())
            if i is not None
        ]
        counted = any(i.dtype == torch.bool for i in masks)
        if counted or func.overloadpacket.__name__ in COUNTS:
            self.told.append("Python code reads a value of a tensor, and may depend on it")
        return func(*args, **(kwargs or {}))


class Checked(TorchFunctionMode):
    """Forgets what one_hot reads, which only checks its argument: of a given number of classes."""

    def __init__(self, told: list[str]) -> None:
        super().__init__()
        self.told = told

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, before = kwargs or {}, len(self.told)
        out = func(*args, **kwargs)
        if func is one_hot and kwargs.get("num_classes", [-1, *args[1:]][-1]) >= 0:
            del self.told[before:]
        return out


@contextmanager
def watched(told: list[str]) -> Iterator[None]:
    """Note what the module reads of tensors' values, of the clock and the environment, of dice."""

    def noted(owner: Any, name: str) -> Any:
        original = getattr(owner, name)

        def method(*args: Any, **kwargs: Any) -> Any:
            caller = str(FRAME(1).f_globals.get("__name__"))
            if owner is Tensor or not caller.startswith("torch."):  # torch asks in its own code
                what = f"{owner.__name__}.{name}"
                told.append(f"Python code reads {what}, which is no part of a sample")
            return original(*args, **kwargs) if callable(original) else original.__get__(*args)

        return method if callable(original) else property(method)

    before = dice()
    with ExitStack() as stack:
        for owner, name in [(owner, name) for owner, names in READS for name in names.split()]:
            stack.enter_context(patch.object(owner, name, noted(owner, name)))
        stack.enter_context(Watch(told))
        stack.enter_context(Checked(told))
        yield
    if dice() != before:
        told.append("the module draws random numbers")


def dice() -> tuple[Any, ...]:
    """Return the states of the random generators."""
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002, what users' code draws from
    return (
        random.getstate(),
        (kind, bytes(np.asarray(keys).tobytes()), *rest),
        bytes(torch.get_rng_state().numpy().tobytes()),
    )


def dim(traced: Traced) -> int:
    shape = traced.graph.nodes[traced.graph.output].shape
    return int(traced.sizes.get(shape[0], shape[0])) if shape else 1  # type: ignore[arg-type]


def tensor_like(tensor: Tensor, rng: np.random.Generator, scale: float) -> Tensor:
    """Return a tensor itself (scale 0), or random values of its shape."""
    if not scale:
        return tensor
    values = torch.from_numpy(np.asarray(rng.normal(size=tuple(tensor.shape)) * scale))
    return (values.abs() if scale < 0 else values).to(tensor.dtype)


def flat(tensor: Tensor) -> Any:
    """Return a tensor's values without its axes of size 1."""
    values = tensor.detach().double().numpy()
    return values.reshape([size for size in values.shape if size > 1])
