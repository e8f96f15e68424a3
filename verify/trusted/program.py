"""The operations that a module applies to a batch: one run, on tensors without data.

Refused is what is no function of the sample: a program that is special to some numbers of samples,
that writes to what outlives the call, or that takes numbers out of tensors.
"""

import os
import re
import sys
import sysconfig
import traceback
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

import sympy
import torch
from torch import Tensor, fx, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.func import functional_call, functionalize
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.experimental.symbolic_shapes import (
    DimDynamic,
    ShapeEnv,
    StatelessSymbolicContext,
)
from torch.fx.traceback import preserve_node_meta

from verify.trusted.eager import Eager, eager_kernels
from verify.trusted.fixed import as_list
from verify.trusted.memory import crosses
from verify.trusted.surroundings import OURS
from verify.trusted.values import TraceError, mixing

LEN = len
PYTHON = sysconfig.get_paths()["stdlib"] + os.sep
READERS = tuple(  # of a size's text
    str(Path(file).parent) + os.sep for file in (torch.__file__, sympy.__file__ or "")
)
TEXT = {kind: kind.__repr__ for kind in (torch.SymInt, torch.SymFloat, torch.SymBool)}
USERS = re.compile("require grad")  # torch's words, by which trace.py knows its error
HASH = torch.SymInt.__hash__
HINT = 113  # an example of a number of samples; a program that is special to it has guards


class OutputError(ValueError):
    """The module has another output than one of shape (batch, dim)."""


def symbolic_len(value: Any) -> Any:
    """Return len(value), for a tensor its first size as it is traced: ``len`` makes it a number."""
    return value.shape[0] if isinstance(value, Tensor) and value.ndim else LEN(value)


def is_of_python(path: str) -> bool:
    return path.startswith(PYTHON) and "-packages" not in path


def is_for_torch(frame: FrameType) -> bool:
    """Return whether a text or a key is made for torch, which names sizes by it."""
    while frame.f_back and is_of_python(frame.f_code.co_filename):  # formatted for whom?
        frame = frame.f_back
    return frame.f_code.co_filename.startswith(READERS)


class Called(nn.Module):
    """A module that is called once, and keeps the parameters and buffers it has."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        before = self.registered()
        refused = mixing("the number of samples is made a text or a key")
        told: list[Any] = []  # the module may catch what is raised

        def as_text(size: Any) -> str:
            if not is_for_torch(sys._getframe(1)):
                told.append(size)
                raise refused
            return TEXT[type(size)](size)

        def as_key(size: Any) -> int:
            if not is_for_torch(sys._getframe(1)):
                told.append(size)
            return HASH(size)

        with ExitStack() as stack:
            stack.enter_context(patch("builtins.len", symbolic_len))
            stack.enter_context(patch.object(FakeTensor, "tolist", as_list))
            for kind in TEXT:
                stack.enter_context(patch.object(kind, "__repr__", as_text))
            stack.enter_context(patch.object(torch.SymInt, "__hash__", as_key))
            y = self.net(x)
        if told:
            raise refused
        if self.registered() != before:
            raise mixing(
                "the call replaces, adds or freezes a parameter or a buffer, or sets torch's mode"
            )
        if not isinstance(y, Tensor):
            raise OutputError(type(y).__name__)
        return y

    def registered(self) -> list[tuple[str, int, bool]]:
        parameters = self.net.named_parameters(remove_duplicate=False)
        buffers = self.net.named_buffers(remove_duplicate=False)
        modes = torch.is_autocast_enabled("cpu"), torch.is_grad_enabled()
        named = [(name, id(t), t.requires_grad) for name, t in [*parameters, *buffers]]
        return [*named, *(("torch's modes", 0, mode) for mode in modes)]


def program(
    net: nn.Module,
    tensors: Mapping[str, Tensor],
    dim: int,
    batch: int | None,
    wants: bool,
    lines: bool,
    turned: bool = False,
) -> fx.GraphModule:
    """Return the operations on a batch, of any size from 2 on for None, with lines of the source.

    x requires a gradient if it ``wants`` one, and lies column by column if it is ``turned``.
    """
    env, called = ShapeEnv(), Called(net)
    mode = FakeTensorMode(shape_env=env, allow_non_fake_inputs=True)
    fakes = [mode.from_tensor(t, static_shapes=True) for t in tensors.values()]
    dtypes = [t.dtype for t in tensors.values() if t.is_floating_point()]
    dtype = dtypes[0] if dtypes else torch.get_default_dtype()
    x = (
        torch.empty(dim, batch or HINT, dtype=dtype).T
        if turned
        else torch.empty(batch or HINT, dim, dtype=dtype)
    )
    x.requires_grad_(wants)
    sizes = [DimDynamic.STATIC if batch else DimDynamic.DYNAMIC, DimDynamic.STATIC]
    x = mode.from_tensor(x, symbolic_context=StatelessSymbolicContext(dynamic_sizes=sizes))

    own = set({place(net, name): name for name in reversed([*tensors])}.values())

    def run(values: list[Tensor], x: Tensor) -> Any:
        given = zip(tensors, values, strict=True)
        named = {f"net.{name}": t for name, t in given if name in own}
        return functional_call(called, named, (x,), tie_weights=False)

    def made(f: Any) -> fx.GraphModule:
        return make_fx(f, tracing_mode="symbolic", _allow_non_fake_inputs=True,
                       record_stack_traces=lines)(fakes, x)  # fmt: skip

    plain = torch.autocast("cpu", enabled=False)
    with plain_kernels(), eager_kernels(), plain, Eager([*tensors.values()]) as eager:
        out = made(run)
        if any(writes(node) for node in out.graph.nodes):
            out = without_writes(out, made)
            out.meta["writes"] = True
    if eager.left:
        raise mixing(eager.left)
    check_guards(env)
    return out


def place(net: nn.Module, name: str) -> tuple[int, str]:
    """Return where a tensor is kept; a module may stand at two places of another."""
    path, _, leaf = name.rpartition(".")
    return id(net.get_submodule(path)), leaf


def without_writes(out: fx.GraphModule, made: Any) -> fx.GraphModule:
    """Return a program without operations in place, or raise if one outlives the call."""
    first = next(filter(writes, out.graph.nodes))
    for node in filter(writes, out.graph.nodes):
        if crosses(node):
            what = f"{node.target} writes to what it reads elsewhere"
            raise TraceError("not readable", what, source(node))
    try:
        with preserve_node_meta():
            out = made(functionalize(out, remove="mutations"))
    except Exception as error:  # torch refuses writes to constants and parameters in several ways
        what = f"{first.target} writes to what outlives the call, or cannot be read"
        raise TraceError("not a sample map", what, source(first)) from error
    for node in filter(writes, out.graph.nodes):
        what = f"{node.target} writes to what outlives the call"
        raise TraceError("not a sample map", what, source(node) or source(first))
    return out


def writes(node: fx.Node) -> bool:
    schema = getattr(node.target, "_schema", None)
    return node.op == "call_function" and schema is not None and schema.is_mutable


@contextmanager
def plain_kernels() -> Iterator[None]:
    """Keep torch from choosing kernels by the number of samples."""
    before = torch._C._get_mkldnn_enabled(), torch._C._get_nnpack_enabled()
    torch._C._set_mkldnn_enabled(False)
    torch._C._set_nnpack_enabled(False)
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(before[0])
        torch._C._set_nnpack_enabled(before[1])


def check_guards(env: ShapeEnv) -> None:
    """Raise unless the program is the same for all numbers of samples from 2 on."""
    for guard in env.guards:
        if not holds(guard.expr):
            raise mixing(f"what is computed depends on the number of samples: {guard.expr}")
    if env.replacements or env.deferred_runtime_asserts:
        raise mixing("what is computed depends on the number of samples, or on values")


def holds(claim: Any) -> bool:
    """Return whether a comparison is true of every whole number from 2 on, by its coefficients.

    >>> n = sympy.Symbol("n")
    >>> holds(2 * n > 3), holds(n > 2), holds(sympy.Ne(n, 1)), holds(sympy.Ne(n, 5))
    (True, False, True, False)
    """
    if isinstance(claim, sympy.Ne):
        return holds(sympy.Gt(*claim.args)) or holds(sympy.Lt(*claim.args))
    if not isinstance(claim, sympy.Rel) or len(claim.free_symbols) != 1:
        return claim is sympy.true
    (s,) = claim.free_symbols
    t = sympy.Symbol("t")
    left: Any
    right: Any
    left, right = claim.args[::-1] if isinstance(claim, sympy.Lt | sympy.Le) else claim.args
    gap = left - right
    gap = sympy.expand(gap.subs(s, t + 2))
    if not gap.is_polynomial(t):
        return False
    coefficients = sympy.Poly(gap, t).all_coeffs()
    if isinstance(claim, sympy.Eq):
        return not any(coefficients)
    positive = isinstance(claim, sympy.Gt | sympy.Lt)
    return all(c >= 0 for c in coefficients) and bool(coefficients[-1] > 0 or not positive)


def source(node: fx.Node) -> str:
    """Return the "file:line" of the user's code that asked for an operation."""
    lines = [line.strip() for line in (node.meta.get("stack_trace") or "").splitlines()]
    files = [s for s in lines if s.startswith('File "') and "eval_with_key" not in s]
    own = [s for s in files if not inside(s.split('"')[1])] or files
    if not own:
        return ""
    path, line = own[-1].split(", ")[:2]
    return f"{path.removeprefix('File ').strip(chr(34))}:{line.removeprefix('line ')}"


def inside(path: str) -> bool:
    """Return whether a file is torch's or ours, and not the user's."""
    return path.startswith((*READERS, OURS, "<"))


def explained(error: Exception) -> Exception:
    """Return an error of the user's code, or of torch on its behalf, as one line."""
    if isinstance(error, TraceError | OutputError):
        return error
    frames = traceback.extract_tb(error.__traceback__)
    own = [f"{f.filename}:{f.lineno}" for f in frames if not inside(f.filename)]
    name, where = type(error).__name__, own[-1] if own else ""
    if "DataDependent" in name or "DynamicOutputShape" in name or "Unbacked" in name:
        what = "what is computed depends on values, by a branch or a loop of Python"
        return TraceError("not a sample map", what, where)
    text = str(error) if frames and inside(frames[-1].filename) else USERS.sub("", str(error))
    lines = [line for line in text.splitlines() if line.strip()]
    return TraceError("not readable", f"{name}: {lines[0] if lines else ''}", where)


def check_taken(out: fx.GraphModule) -> None:
    """Raise if the module looks at numbers in tensors, be it to no avail."""
    for node in out.graph.nodes:
        if "_local_scalar_dense" in str(node.target):
            raise TraceError("not readable", "a number is taken out of a tensor", source(node))
