"""From a torch module to the graph of the map that it computes, and what is no such map.

The module itself is run, on tensors without data, in all ways that may make a difference: with a
gradient to be taken or not, for one sample and for any number, with the memory of the parameters
filled with other numbers. Each run must give the same graph, and must leave the module as it was.
"""

import itertools
import math
import operator
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy
import torch
from torch import Tensor, fx, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functional_call, functionalize
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.experimental.symbolic_shapes import (
    DimDynamic,
    ShapeEnv,
    StatelessSymbolicContext,
    free_unbacked_symbols,
)
from torch.overrides import TorchFunctionMode

from verify.trusted.aten import READINGS, iszero
from verify.trusted.builder import (
    Builder,
    TraceError,
    Value,
    axis_of,
    canonical,
    extent_of,
    mixing,
    unreadable,
)
from verify.trusted.graph import Graph, Literal, Node, Ref
from verify.trusted.state import unchanged

__all__ = ["TraceError", "Traced", "freeze", "trace"]


@dataclass(frozen=True)
class Traced:
    """A module's graph and what connects it to the module.

    Attributes:
        graph: the map of one sample.
        sizes: the sizes of this module, symbol -> number.
        tensors, names: theta_k -> the module's tensor and its name.
        sources: "file:line" of the user's code, node by node, of the graph and then of spare.
        spare: nodes that the output does not use, numbered on after the graph's.
        exclusions: parameter values outside the claim.
    """

    graph: Graph
    sizes: dict[str, int]
    tensors: tuple[Tensor, ...]
    names: tuple[str, ...]
    sources: tuple[str, ...]
    spare: tuple[Node, ...] = ()
    exclusions: tuple[str, ...] = ()


HINT = 7919  # an example of a number of samples; a program that is special to it has guards
# What fills a tensor, and at which place the filling stands; of the first tensor only the shape is used.
FILLED = {"full": 1, "full_like": 1, "new_full": 2, "fill": 1, "copy": 1, **dict.fromkeys(
    ("zeros ones zeros_like ones_like new_zeros new_ones empty empty_like new_empty"
     " new_empty_strided empty_strided").split(), 0)}  # fmt: skip
UNREAD = {"log_sigmoid_backward": 2, "rrelu_with_noise_backward": 2, "rrelu_with_noise": 1, "rrelu_with_noise_functional": 1, "native_group_norm": 3}
LAYOUT = set("detach alias clone contiguous lift_fresh lift_fresh_copy view reshape _unsafe_view"
             " squeeze unsqueeze expand permute transpose t repeat select slice index index_select cat"
             " stack flip roll tril triu diagonal diag_embed unbind split split_with_sizes".split())  # fmt: skip
LOGIC = set("gt lt ge le eq ne logical_not bitwise_not logical_and bitwise_and logical_or bitwise_or"
            " logical_xor bitwise_xor isnan isinf isfinite any all".split())  # fmt: skip
TRUTHS = set("logical_and logical_or logical_xor any all bitwise_and bitwise_or bitwise_xor"
             " bitwise_not".split())  # fmt: skip
SIZED = set("slice_backward select_backward diagonal_backward unfold_backward".split())
PLACES = set("slice select slice_scatter select_scatter alias detach clone copy".split())
PICKS = set("sort topk kthvalue median max min amax amin cummax cummin where".split())
CHOICE = set("where mul maximum minimum amax amin max min clamp clamp_min clamp_max _to_copy gather"
             " slice_scatter select_scatter".split())  # fmt: skip
RAW = {"index": 1, "_unsafe_index": 1, "index_select": 2, "index_put": 1, "_unsafe_index_put": 1,
       "gather": 2, "index_add": 2, "embedding": 1, "scatter": 2, "scatter_add": 2, "bucketize": 1, "searchsorted": 0}  # fmt: skip
RANDOM = (
    "rand",
    "bernoulli",
    "dropout",
    "normal",
    "uniform",
    "multinomial",
    "exponential",
    "rrelu",
)
ROUNDED = set("floor ceil trunc round _to_copy".split())
CLAMPS: dict[str, Callable[[fx.Node], tuple[Any, Any]]] = {
    "clamp": lambda n: (n.kwargs.get("min", at(n, 1)), n.kwargs.get("max", at(n, 2))),
    "clamp_min": lambda n: (at(n, 1), None),
    "clamp_max": lambda n: (None, at(n, 1)),
    "hardtanh": lambda n: (at(n, 1, -1), at(n, 2, 1)),
}
Span = tuple[float, float]
IGNORED = {"memory_format", "layout", "device", "pin_memory", "non_blocking", "implicit"}


def name_of(node: fx.Node) -> tuple[str, str]:
    """Return an operation's name with its overload, and without."""
    name = str(node.target).removeprefix("aten.").removesuffix(".default")
    base, _, overload = name.partition(".")
    if base.endswith("_copy") and base not in ("_to_copy", "lift_fresh_copy"):
        base = base.removesuffix("_copy")
    return f"{base}.{overload}", base


def at(node: fx.Node, place: int, default: Any = None) -> Any:
    return node.args[place] if len(node.args) > place else default


def program(
    net: nn.Module, tensors: dict[str, Tensor], dim: int, batch: int | None, wants: bool, lines: bool
) -> fx.GraphModule:
    """Return the operations that a module applies to a batch, of any size from 2 on for None."""
    env = ShapeEnv()
    mode = FakeTensorMode(shape_env=env, allow_non_fake_inputs=True)
    fakes = [mode.from_tensor(t, static_shapes=True) for t in tensors.values()]
    x = torch.empty(batch or HINT, dim, dtype=dtype_of(tensors), requires_grad=wants)
    sizes = [DimDynamic.STATIC if batch else DimDynamic.DYNAMIC, DimDynamic.STATIC]
    x = mode.from_tensor(x, symbolic_context=StatelessSymbolicContext(dynamic_sizes=sizes))

    def run(values: list[Tensor], x: Tensor) -> Any:
        return functional_call(net, dict(zip(tensors, values, strict=True)), (x,))

    def made(f: Any) -> fx.GraphModule:
        return make_fx(f, tracing_mode="symbolic", _allow_non_fake_inputs=True,
                       record_stack_traces=lines)(fakes, x)  # fmt: skip

    with Kernels():
        out = made(run)
    if [t.requires_grad for t in fakes] != [t.requires_grad for t in tensors.values()]:
        raise mixing("the call changes requires_grad of a parameter or a buffer")
    if any(writes(node) for node in out.graph.nodes):
        with fx.traceback.preserve_node_meta():
            out = made(functionalize(out, remove="mutations"))
    for node in filter(writes, out.graph.nodes):
        raise TraceError(
            "not a sample map", f"{node.target} writes to what outlives the call", source(node)
        )
    check_guards(env)
    return out


def writes(node: fx.Node) -> bool:
    schema = getattr(node.target, "_schema", None)
    return node.op == "call_function" and schema is not None and schema.is_mutable


def check_guards(env: ShapeEnv) -> None:
    """Raise unless the program is the same for all numbers of samples from 2 on."""
    for guard in env.guards:
        if not holds(guard.expr):
            raise mixing(f"what is computed depends on the number of samples: {guard.expr}")
    if env.replacements or env.deferred_runtime_asserts:
        raise mixing("what is computed depends on the number of samples, or on values")


def holds(claim: Any) -> bool:
    """Return whether a comparison is true of every whole number from 2 on, by its coefficients."""
    if isinstance(claim, sympy.Ne):
        return holds(sympy.Gt(*claim.args)) or holds(sympy.Lt(*claim.args))
    if not isinstance(claim, sympy.Rel) or len(claim.free_symbols) != 1:
        return claim is sympy.true
    (s,) = claim.free_symbols
    t = sympy.Symbol("t")
    gap = (claim.lhs - claim.rhs) * (-1 if isinstance(claim, sympy.Lt | sympy.Le) else 1)
    gap = sympy.expand(gap.subs(s, t + 2))
    if not gap.is_polynomial(t):
        return False
    coefficients = sympy.Poly(gap, t).all_coeffs()
    if isinstance(claim, sympy.Eq):
        return not any(coefficients)
    positive = isinstance(claim, sympy.Gt | sympy.Lt)
    return all(c >= 0 for c in coefficients) and (coefficients[-1] > 0 or not positive)


def source(node: fx.Node) -> str:
    """Return the "file:line" of the user's code that asked for an operation."""
    lines = [line.strip() for line in (node.meta.get("stack_trace") or "").splitlines()]
    files = [line for line in lines if line.startswith('File "')]
    files = [line for line in files if "eval_with_key" not in line]
    own = [line for line in files if "/torch/" not in line] or files
    if not own:
        return ""
    path, line = own[-1].split(", ")[:2]
    return f"{path.removeprefix('File ').strip(chr(34))}:{line.removeprefix('line ')}"


class Reader:
    """The values of a traced program, node by node."""

    def __init__(self, made: fx.GraphModule, thetas: dict[int, int], batched: bool) -> None:
        self.made, self.thetas, self.b = made, thetas, Builder(batched)
        self.env: dict[fx.Node, Any] = {}
        self.unset: dict[fx.Node, Tensor] = {}

    def run(self, tensors: Sequence[Tensor], dim: int) -> Value:
        """Return the value of the output; what it does not need is read where that can be done."""
        x = self.b.make(
            "x",
            [() if not self.b.batched else axis_of((1, True)), axis := axis_of((dim, False))],
            axis,
        )
        leaves = iter([*map(self.leaf, tensors), x])
        *nodes, last = self.made.graph.nodes
        (out,) = last.args if isinstance(last.args[0], fx.Node) else last.args[0]
        live = needed(out)
        for node in nodes:
            self.b.now, self.b.source = node, source(node) or self.b.source
            try:
                if node.op == "placeholder":
                    self.env[node] = next(leaves)
                elif node.op == "get_attr":
                    self.env[node] = self.leaf(getattr(self.made, node.target))
                else:
                    self.env[node] = self.read(node)
                    self.mark(node)
            except Exception as error:  # readings raise many kinds for arguments they do not know
                if node in live:
                    raise self.located(error, node) from error
        if out in self.unset:
            raise mixing("values that are not set are returned")
        return self.b.value(self.env[out])

    def mark(self, node: fx.Node) -> None:
        """Note which entries of a tensor nothing has been put into; they must not be used."""
        base = name_of(node)[1]
        if "empty" in base:
            mask = torch.ones(one_sample(node), dtype=torch.bool)
        else:
            used = node.args[FILLED[base] :] if FILLED.get(base) else () if base in FILLED else None
            used = [a for k, a in enumerate(node.args) if k != UNREAD.get(base)] if used is None else used
            used = [a for a in torch.utils._pytree.tree_leaves(used) if isinstance(a, fx.Node)]
            if not any(a in self.unset for a in used):
                return
            if base not in PLACES:
                raise mixing("values that are not set")
            args = fx.map_arg(node.args, self.mask)
            mask = args[1].expand(one_sample(node)) if base == "copy" else node.target(*args)
        if mask.any():
            self.unset[node] = mask

    def mask(self, node: fx.Node) -> Tensor:
        return self.unset.get(node, torch.zeros(one_sample(node), dtype=torch.bool))

    def located(self, error: Exception, node: fx.Node) -> TraceError:
        if isinstance(error, TraceError):
            return TraceError(error.kind, error.detail, error.source or self.b.source)
        what = f"{node.target} with these arguments ({type(error).__name__}: {error})"
        return TraceError("not readable", what, self.b.source)

    def leaf(self, t: Any) -> Any:
        """Return a parameter as a value, another tensor as it is."""
        if id(t) in self.thetas:
            return self.b.leaf("param", t.shape, self.thetas[id(t)])
        if not isinstance(t, Tensor) or t.requires_grad and not isinstance(t, nn.Parameter):
            raise unreadable("a tensor that requires a gradient and is no parameter of the module")
        if t.requires_grad:
            raise unreadable("a trainable tensor that is not registered with the module")
        return t.detach()

    def read(self, node: fx.Node) -> Any:
        """Return the value of an operation."""
        args, kwargs = fx.map_arg((node.args, node.kwargs), lambda n: self.env.get(n, MISSING))
        if node.target is operator.getitem:
            part = present(present(args[0])[args[1]])
            return self.checked("detach", part, [part])
        result = node.meta.get("val")
        name, base = name_of(node)
        if name == "view.dtype" or "assert" in base:
            raise unreadable(f"{name} in the module")
        if isinstance(result, torch.SymInt | torch.SymFloat | torch.SymBool):
            return MISSING if free_unbacked_symbols(result) else NUMBER
        if base in FILLED:
            return self.checked(base, self.full(base, args), [])
        given = [a for k, a in enumerate(args) if k != UNREAD.get(base)] + [*kwargs.values()]
        given = [present(a) for a in torch.utils._pytree.tree_leaves(given) if a is not None]
        if NUMBER in given and base not in LAYOUT | SIZED:
            raise mixing(f"the number of samples in {base}")
        results = [t for t in torch.utils._pytree.tree_leaves(result) if isinstance(t, Tensor)]
        if results and not any(isinstance(a, Value) or a is NUMBER for a in given):
            exact = base in LAYOUT | PICKS or not any(isinstance(a, Tensor) for a in given)
            exact = exact or not any(t.is_floating_point() for t in results)
            if exact and not any(word in base for word in RANDOM):
                with torch.no_grad():
                    return node.target(*args, **kwargs)
        reading = READINGS.get(name) or READINGS.get(base)
        if reading is None:
            if any(word in base for word in RANDOM):
                raise mixing(f"{base} is random")
            raise TraceError("unknown operation", base)
        raw = RAW.get(base, -1)
        args = [a if k == raw else self.lifted(a) for k, a in enumerate(args)]
        kwargs = {k: self.lifted(a) for k, a in kwargs.items() if k not in IGNORED}
        for k, operand in enumerate(node.args if base in TRUTHS else ()):
            if isinstance(operand, fx.Node) and operand.meta["val"].dtype != torch.bool:
                if base.startswith("bitwise"):
                    raise unreadable(f"{base} of {operand.meta['val'].dtype}")
                args[k] = 1 - iszero(args[k])
        return self.checked(base, reading(*args, **kwargs), given)

    def full(self, base: str, args: Sequence[Any]) -> Value:
        """Return what fills a tensor."""
        place = FILLED[base]
        fill = present(args[place]) if place else 0 if "zero" in base or "empty" in base else 1
        if fill is NUMBER:
            raise mixing("the number of samples in a value")
        whole = isinstance(fill, int) or (isinstance(fill, Tensor) and not fill.is_floating_point())
        if not whole and not self.b.now.meta["val"].is_floating_point():
            raise unreadable(f"{base}: numbers that are rounded")
        v = self.b.value(fill)
        extents = self.b.extents()
        axes = ((),) * (len(extents) - v.ndim) + v.axes
        v = v.lay(axis or axis_of(e) for axis, e in zip(axes, extents, strict=True))
        if isinstance(fill, int):
            v = replace(v, span=(fill, fill))
        return v

    def lifted(self, a: Any) -> Any:
        return torch.utils._pytree.tree_map(
            lambda t: self.b.value(t) if isinstance(t, Tensor) else t, a
        )

    def checked(self, base: str, out: Any, given: Sequence[Any]) -> Any:
        """Return a value if it has the shape and the exact arithmetic of what torch computes."""
        if not isinstance(out, Value):
            return out
        result = self.b.now.meta["val"]
        if out.extents != self.b.extents():
            raise unreadable(f"{base}: a shape other than torch's")
        if result.dtype == torch.bool:
            if base not in LOGIC | CHOICE | LAYOUT | set(FILLED):
                raise unreadable(f"{base} of truth values")
            return replace(out, span=(0, 1))
        if result.dtype not in (torch.float32, torch.float64, torch.int64, torch.int32):
            raise unreadable(f"arithmetic in {result.dtype}")
        return replace(out, span=self.span(base, out.span, given, result.is_floating_point()))

    def span(self, base: str, own: Span, given: Sequence[Any], floating: bool) -> Span:
        """Return bounds of a result; of whole numbers only where nothing can overflow."""
        spans = [span_of(a) for a in given if type(a) in (int, float) or isinstance(a, Value | Tensor)]
        if base in ("bucketize", "searchsorted"):
            return 0, sum(a.numel() for a in given if isinstance(a, Tensor))
        if base in ROUNDED and (base != "_to_copy" or not floating):
            return tuple(n if math.isinf(n) else f(n) for n, f in zip(spans[0], (math.floor, math.ceil), strict=True))
        if base in CLAMPS:
            low, high = (n if isinstance(n, int | float) else None for n in CLAMPS[base](self.b.now))
            low, high = (-math.inf if low is None else low), (math.inf if high is None else high)
            return min(max(spans[0][0], low), high), min(max(spans[0][1], low), high)
        if floating:
            return own
        if base in LAYOUT | set(FILLED) | (CHOICE - {"mul"}):
            return min(s[0] for s in spans), max(s[1] for s in spans)
        numbers = self.b.now.args[0].meta["val"].shape if base in ("sum", "cumsum") else ()
        (a, b), (c, d) = (*spans, (1, math.prod(extent_of(n)[0] for n in numbers)))[:2]
        products = [p * q for p in (a, b) for q in (c, d)]
        found = {
            "add": (a + c, b + d), "sub": (a - d, b - c), "rsub": (c - b, d - a), "neg": (-b, -a),
            **dict.fromkeys(("mul", "sum", "cumsum"), (min(products), max(products))),
        }.get(base, (0, math.inf))  # fmt: skip
        if len(spans) > 2 or not max(map(abs, found)) < 1 << 31:
            raise unreadable(f"{base} of whole numbers that may overflow")
        return found


MISSING, NUMBER = object(), object()  # what has no reading; the number of samples


def one_sample(node: fx.Node) -> list[int]:
    """Return the shape of a tensor with one sample."""
    return [extent_of(size)[0] for size in node.meta["val"].shape]


def present(value: Any) -> Any:
    if value is None or value is MISSING:
        raise unreadable("a result that has no reading, such as the indices of a sort, is used")
    return value


def span_of(a: Any) -> Span:
    if isinstance(a, Tensor):
        return float(a.min()), float(a.max())
    return a.span if isinstance(a, Value) else (a, a)


def needed(out: fx.Node) -> set[fx.Node]:
    """Return the operations whose values the output needs; of some only the shape is used."""
    live: set[fx.Node] = set()
    stack = [out]
    while stack:
        node = stack.pop()
        if node not in live:
            live.add(node)
            place = FILLED.get(name_of(node)[1])
            filling = [a for a in node.args[place : place + 1] if isinstance(a, fx.Node)] if place else []
            inputs = [a for k, a in enumerate(node.args) if k != UNREAD.get(name_of(node)[1])]
            inputs = [a for a in torch.utils._pytree.tree_leaves((inputs, dict(node.kwargs))) if isinstance(a, fx.Node)]
            stack.extend(inputs if place is None else filling)
    return live


def trace(net: nn.Module, dim: int | None = None) -> Traced:
    """Return the graph of the map of one sample that a module computes.

    Args:
        net: a module that maps (batch, dim) to (batch, dim).
        dim: n; where the module says it (dim, in_features) it may be left out.

    Raises:
        TypeError, ValueError: not a module, a wrong dim, parameters that are not float32 or float64.
        TraceError: the module is not read as a map of one sample.

    >>> trace(nn.Linear(2, 2), 2).names
    ('bias', 'weight')
    """
    dim = checked_dim(net, dim)
    parameters = dict(net.named_parameters(remove_duplicate=False))
    tensors = {**parameters, **dict(net.named_buffers(remove_duplicate=False))}
    thetas = list({id(t): t for t in tensors.values() if t.requires_grad}.values())
    check_tensors(tensors, thetas)
    first: tuple[Any, ...] | None = None
    read: dict[Any, str] = {}
    failed: list[TraceError] = []
    ways = itertools.product((None, 1), (True, False), (False, True))
    generator = torch.Generator().manual_seed(0)
    noise = [torch.rand(t.shape, generator=generator) + 0.5 for t in thetas]
    fills = itertools.cycle((None, 1, torch.nan, -1000))
    for (batch, grad, wants), fill in zip(ways, fills, strict=False):
        with filled(thetas, noise, fill), unchanged(net):
            try:
                with torch.set_grad_enabled(grad), plain_kernels():
                    made = program(net, tensors, dim, batch, wants, not read)
            except Exception as error:  # the user's code may raise anything
                found = explained(error)
                if "require grad" not in found.detail or (grad and wants):
                    raise found from error
                failed.append(found)
                continue
            key = spelled(made, batch)
            if key in read:
                continue
            reader = Reader(made, {id(t): k for k, t in enumerate(thetas)}, batch is None)
            check_output(made, batch, dim)
            result = finish(reader, reader.run(list(tensors.values()), dim), thetas)
        if first is None:
            first = result
        elif result[0].digest != first[0].digest:
            raise mixing("another map with gradients switched off, for one sample, at a second call,"
                         " or with other parameters in the module's memory")  # fmt: skip
        read[key] = result[0].digest
    if first is None:
        raise failed[0]
    graph, sizes, kept, sources, spare, exclusions = first
    names = {id(t): name for name, t in reversed(tensors.items())}
    chosen = [thetas[k] for k in kept]
    return Traced(
        graph, sizes, tuple(chosen), tuple(names[id(t)] for t in chosen), sources, spare, exclusions
    )


def spelled(made: fx.GraphModule, batch: int | None) -> Any:
    """Return a program as something to compare; with constants inside, no two are the same."""
    nodes = list(made.graph.nodes)
    if any(node.op == "get_attr" for node in nodes):
        return object()
    shapes = [getattr(node.meta.get("val"), "shape", None) for node in nodes]
    return batch, tuple(
        (str(n.target), str(n.args), str(n.kwargs), str(s))
        for n, s in zip(nodes, shapes, strict=True)
    )


def explained(error: Exception) -> TraceError:
    """Return an error of the user's code, or of torch on its behalf, as one line."""
    if isinstance(error, TraceError):
        return error
    frames = traceback.extract_tb(error.__traceback__)
    hidden = ("/torch/", "/verify/trusted/", "eval_with_key")
    own = [f for f in frames if not any(part in f.filename for part in hidden)]
    where = f"{own[-1].filename}:{own[-1].lineno}" if own else ""
    name = type(error).__name__
    if "DataDependent" in name or "DynamicOutputShape" in name or "Unbacked" in name:
        return TraceError(
            "not a sample map", "what is computed depends on values by a branch of Python", where
        )
    lines = [line for line in str(error).splitlines() if line.strip()]
    return TraceError("not readable", f"{name}: {lines[0] if lines else ''}", where)


@contextmanager
def plain_kernels() -> Iterator[None]:
    """Keep oneDNN from choosing kernels by the number of samples."""
    before = torch._C._get_mkldnn_enabled(), torch._C._get_nnpack_enabled()
    torch._C._set_mkldnn_enabled(False)
    torch._C._set_nnpack_enabled(False)
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(before[0])
        torch._C._set_nnpack_enabled(before[1])


class Kernels(TorchFunctionMode):
    """One formula for distances, which torch else chooses by the number of points."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.cdist:
            args = args[:3]
            kwargs = {**(kwargs or {}), "compute_mode": "donot_use_mm_for_euclid_dist"}
        return func(*args, **(kwargs or {}))


@contextmanager
def filled(thetas: Sequence[Tensor], noise: Sequence[Tensor], factor: float | None) -> Iterator[None]:
    """Put other numbers into the parameters' memory, where only what goes behind torch sees them."""
    saved = [] if factor is None else [t.detach().clone() for t in thetas]
    try:
        for t, new, _ in zip(thetas, noise, saved, strict=False):
            t.data.copy_(new).mul_(factor or 1)
        yield
    finally:
        for t, old in zip(thetas, saved, strict=False):
            t.data.copy_(old)


def dtype_of(tensors: dict[str, Tensor]) -> torch.dtype:
    floating = [t.dtype for t in tensors.values() if t.is_floating_point()]
    return floating[0] if floating else torch.get_default_dtype()


def checked_dim(net: Any, dim: Any) -> int:
    """Return n, or raise what is wrong with the arguments."""
    if not isinstance(net, nn.Module):
        raise TypeError(f"net: expected a torch.nn.Module, got {type(net).__name__}")
    if isinstance(net, torch.jit.ScriptModule):
        raise TypeError("net: expected a torch.nn.Module that is not compiled to TorchScript")
    linears = [m for m in net.modules() if isinstance(getattr(m, "in_features", None), int)]
    if dim is None:
        dim = getattr(net, "dim", None)
    if dim is None and linears:
        ends = linears[0].in_features, getattr(linears[-1], "out_features", None)
        dim = ends[0] if len(linears) == 1 or ends[0] == ends[1] else None
    if not isinstance(dim, int) or isinstance(dim, bool) or dim < 1:
        raise ValueError(f"dim: expected an integer of at least 1, got {dim!r}")
    return dim


def check_tensors(tensors: dict[str, Tensor], thetas: Sequence[Tensor]) -> None:
    """Raise unless parameters are dense floating numbers in memory of their own."""
    spans: list[tuple[int, int, str, Tensor]] = []
    for name, t in tensors.items():
        if isinstance(t, nn.parameter.UninitializedTensorMixin) or t.layout != torch.strided:
            raise ValueError(f"{name}: expected a dense tensor that is initialized, got {t.layout}")
        if t.device.type != "cpu":
            raise ValueError(f"{name}: expected a tensor on the CPU, got {t.device}")
        if t.dtype not in (torch.float32, torch.float64) and isinstance(t, nn.Parameter):
            raise ValueError(f"{name}: expected float32 or float64, got {t.dtype}")
        if t.requires_grad and not t.is_leaf:
            raise unreadable(f"{name} is computed from other tensors")
        if t.numel():
            last = sum((n - 1) * s for n, s in zip(t.shape, t.stride(), strict=True))
            spans.append((t.data_ptr(), t.data_ptr() + (last + 1) * t.element_size(), name, t))
    for one, two in itertools.combinations(spans, 2):
        if one[3] is not two[3] and one[0] < two[1] and two[0] < one[1]:
            if one[3].requires_grad or two[3].requires_grad:
                raise unreadable(f"{one[2]} and {two[2]} share memory")


def check_output(made: fx.GraphModule, batch: int | None, dim: int) -> None:
    """Raise ValueError unless there is one output of shape (batch, dim)."""
    outputs = fx.graph.map_arg(list(made.graph.nodes)[-1].args, lambda n: n.meta.get("val"))
    out = outputs[0]
    if isinstance(out, list | tuple) and len(out) == 1:
        out = out[0]
    shape = [extent_of(n) for n in out.shape] if isinstance(out, Tensor) else None
    if shape != [(1, not batch), (dim, False)]:
        got = f"shape {tuple(out.shape)}" if isinstance(out, Tensor) else f"{type(out).__name__}"
        raise ValueError(f"net: expected one output of shape (batch, {dim}), got {got}")


PARTIAL = {
    "inv": "0", "rsqrt": "<= 0", "log": "<= 0", "sqrt": "< 0", "pow": "< 0", "lgamma": "a pole",
    "digamma": "a pole", "inverse": "singular", "cholesky": "not positive definite",
}  # fmt: skip


def finish(reader: Reader, out: Value, thetas: Sequence[Tensor]) -> tuple[Any, ...]:
    """Return the canonical graph, its sizes, the parameters it uses, sources, spare nodes, exclusions."""
    b = reader.b
    if len(out.axes[1]) > 1:
        out = out.remap(1, torch.eye(out.size(1), dtype=torch.int64))
    for mine, given in zip(out.axes[1], b.nodes[0][1], strict=True):  # x is the first node
        mine.size.unify(given)
    if out.index != out.axes[1]:
        out = b.make("mul", out.axes, out.axes[1], [(out.node, out.index)], (Fraction(1),))
    symbols: dict[int, str] = {}
    numbers: dict[Any, int] = {}

    def size(s: Any) -> Any:
        root = s.root()
        named = root.value if root.pinned else symbols.setdefault(id(root), f"s{len(symbols)}")
        numbers[named] = root.value
        return named

    nodes = [
        Node(op, tuple(map(size, shape)), tuple(Ref(*a) for a in args), coefs, name, attrs)
        for op, shape, args, coefs, name, attrs in b.nodes
    ]
    shapes = {node.attrs[0]: node.shape for node in nodes if node.op == "param"}
    table = [shapes.get(k, ()) for k in range(len(thetas))]
    graph, new, kept, names = canonical(nodes, out.node, list(b.literals), table)
    sizes = {canon: numbers[s] for s, canon in names.items()}
    where = {new[k]: b.sources[k] for k in sorted(new, reverse=True)}
    excluded = []
    free: set[int] = set()
    for k in sorted(new):
        node = nodes[k]
        if node.op == "param" or any(ref.node in free for ref in node.args):
            if not b.depends[k]:
                free.add(k)
                if node.name in PARTIAL:
                    excluded.append(f"{node.name}: {PARTIAL[node.name]} at {b.sources[k]}")
    spare = tuple(spared(nodes, b.depends, new, names, kept, list(b.literals), graph))
    sources = [where[k] for k in range(len(graph.nodes))] + [b.sources[k] for k, _ in spare]
    return (
        graph,
        sizes,
        kept,
        tuple(sources),
        tuple(n for _, n in spare),
        tuple(dict.fromkeys(excluded)),
    )


def spared(
    nodes: Any, depends: Any, new: Any, names: Any, kept: Any, literals: Any, graph: Any
) -> Any:
    """Yield the nodes that depend on x, and those they need, beyond the graph's."""
    wanted: set[int] = set()
    for k in reversed(range(len(nodes))):
        if k not in new and (depends[k] or k in wanted):
            wanted.update([k, *(ref.node for ref in nodes[k].args)])
    number = dict(new)
    for k in sorted(wanted - set(new)):
        node = nodes[k]
        known = all(isinstance(s, int) or s in names for s in node.shape)
        if (
            not known
            or any(ref.node not in number for ref in node.args)
            or node.op in ("param", "lit")
        ):
            continue
        shape = tuple(names.get(s, s) for s in node.shape)
        args = tuple(Ref(number[ref.node], ref.index) for ref in node.args)
        number[k] = len(graph.nodes) + len(number) - len(new)
        yield k, Node(node.op, shape, args, node.coefs, node.name, node.attrs)


def freeze(traced: Traced) -> Graph:
    """Return the graph with the parameters' present values as literals, at the module's sizes."""
    graph, literals = traced.graph, list(traced.graph.literals)
    first = len(literals)
    for t in traced.tensors:
        values = map(Fraction, t.detach().flatten().tolist())
        literals.append(Literal(tuple(n for n in t.shape if n > 1), tuple(values)))
    nodes = []
    for node in graph.nodes:
        shape = tuple(s if isinstance(s, int) else traced.sizes[s] for s in node.shape)
        node = replace(node, shape=shape)
        if node.op == "param":
            node = replace(node, op="lit", attrs=(first + node.attrs[0],))
        nodes.append(node)
    return canonical(nodes, graph.output, literals, [])[0]
