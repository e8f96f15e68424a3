"""A program of torch, read operation by operation as values of a graph in the making."""

import math
import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.experimental.symbolic_shapes import free_unbacked_symbols
from torch.utils._pytree import tree_leaves, tree_map

from verify.trusted.aten import (
    CHOICE,
    CLAMPS,
    FILLED,
    LAYOUT,
    LOGIC,
    MOVED,
    PICKS,
    RANDOM,
    RAW,
    READINGS,
    ROUNDED,
    SIZED,
    TRUTHS,
    UNREAD,
    ZEROS,
    name_of,
)
from verify.trusted.builder import Builder
from verify.trusted.extents import extent_of, one_sample
from verify.trusted.ladders import levels
from verify.trusted.memory import overlap
from verify.trusted.packed import Packed, picked, through
from verify.trusted.program import source
from verify.trusted.readings.elementwise import iszero
from verify.trusted.unused import check_unused, guarded, needed
from verify.trusted.values import ROWS, TraceError, Value, axis_of, mixing, offset, unreadable

Span = tuple[float, float]

MISSING, NUMBER = object(), object()  # what has no reading; the number of samples
COUNTED = (NUMBER,), (0, NUMBER), (0, NUMBER, 1)  # the arguments of arange(number of samples)
IGNORED = {"memory_format", "layout", "device", "pin_memory", "non_blocking", "implicit"}
EXACT_DTYPES = (torch.float32, torch.float64, torch.int64, torch.int32)


class Reader:
    """The values of a traced program, node by node.

    Attributes:
        b: the nodes of the graph; x is the first.
        thetas: the trainable tensors, each a parameter of the graph.
        env: what each operation of the program results in: a value, a constant tensor, a number.
        unset: of tensors that are allocated and not filled, which entries are not set.
    """

    def __init__(self, made: fx.GraphModule, thetas: Sequence[Tensor], batched: bool) -> None:
        self.made, self.thetas, self.b = made, thetas, Builder(batched)
        self.env: dict[fx.Node, Any] = {}
        self.unset: dict[fx.Node, Tensor] = {}
        self.numbers: dict[fx.Node, Any] = {}  # constants in torch's own arithmetic

    def run(self, tensors: Sequence[Tensor], dim: int) -> Value:
        """Return the value of the output; what it does not need is read where that can be done."""
        lead, axis = axis_of((1, self.b.batched)), axis_of((dim, False))
        leaves = iter([self.b.make("x", (lead, axis), axis), *map(self.leaf, tensors)])
        x = next(leaves)
        *nodes, last = self.made.graph.nodes
        (out,) = tree_leaves(last.args)
        live = needed(out)
        for node in nodes:
            self.b.now, self.b.source = node, source(node) or self.b.source
            try:
                if node.op == "placeholder":
                    self.env[node] = next(leaves, x)
                elif node.op == "get_attr":
                    self.env[node] = self.leaf(getattr(self.made, str(node.target)))
                else:
                    self.env[node] = self.read(node)
                    self.mark(node)
            except Exception as error:  # readings raise many kinds for arguments they do not know
                if node in live:
                    raise self.located(error, node) from error
        if out in self.unset:
            raise mixing("values that are not set are returned")
        check_unused(nodes, live, self.env)
        return guarded(self.b.value(self.env[out]))

    def located(self, error: Exception, node: fx.Node) -> TraceError:
        if isinstance(error, TraceError):
            return TraceError(error.kind, error.detail, error.source or self.b.source)
        reason = " ".join(str(error).split())[:200]
        what = f"{node.target} with these arguments ({type(error).__name__}: {reason})"
        return TraceError("not readable", what, self.b.source)

    def leaf(self, t: Any) -> Any:
        """Return a parameter as a value, another tensor as it is."""
        for k, theta in enumerate(self.thetas):
            if t is theta:
                return self.b.leaf("param", t.shape, k)
        if type(t) not in (Tensor, nn.Parameter):
            raise unreadable(f"a {type(t).__name__} among the constants")
        if t.requires_grad:
            raise unreadable("a trainable tensor that is no registered parameter")
        if any(overlap(t, theta) for theta in self.thetas):
            raise unreadable("a tensor that shares memory with a parameter")
        return t.detach()

    def read(self, node: fx.Node) -> Any:
        """Return the value of an operation."""
        args, kwargs = fx.map_arg((node.args, node.kwargs), lambda n: self.env.get(n, MISSING))
        if node.target is operator.getitem:
            part = present(present(args[0])[args[1]])
            return self.checked("detach", part, [part])
        result, (name, base) = node.meta.get("val"), name_of(node)
        if name == "view.dtype" or "assert" in base or node.kwargs.get("sorter") is not None:
            raise unreadable(f"{name} in the module")
        if isinstance(result, torch.SymInt | torch.SymFloat | torch.SymBool):
            return MISSING if free_unbacked_symbols(result) else NUMBER
        if base in FILLED:
            return self.checked(base, self.filled(base, args), [])
        given = [a for k, a in enumerate(args) if k != UNREAD.get(base)] + [*kwargs.values()]
        given = [present(a) for a in tree_leaves(given) if a is not None]
        if base == "arange" and args in COUNTED and self.b.extents() == [(1, True)]:
            return ROWS  # from 0 on, by ones
        counted = NUMBER in given and base not in LAYOUT | SIZED
        if counted or (any(a is ROWS for a in given) and "index" not in base):
            raise mixing(f"the number of samples in {base}")
        if any(isinstance(a, Packed) for a in given):
            args, kwargs = self.lifted(args), {k: a for k, a in kwargs.items() if k not in IGNORED}
            return self.checked(base, through(base, args, self.lifted(kwargs)), [])
        if self.constant(base, given):
            with torch.no_grad():
                return node.target(*args, **kwargs)  # type: ignore[operator]
        if (whole := self.whole(base, node)) is not None:
            return whole
        reading = READINGS.get(name) or READINGS.get(base)
        if reading is None:
            if any(word in base for word in RANDOM):
                raise mixing(f"{base} is random")
            raise TraceError("unknown operation", base)
        args = [a if k == RAW.get(base) else self.lifted(a) for k, a in enumerate(args)]
        if base == "index" and (packed := picked(*args)):
            return packed
        kwargs = {k: self.lifted(a) for k, a in kwargs.items() if k not in IGNORED}
        for k, operand in enumerate(node.args if base in TRUTHS else ()):
            if isinstance(operand, fx.Node) and operand.meta["val"].dtype != torch.bool:
                if base.startswith("bitwise"):
                    raise unreadable(f"{base} of {operand.meta['val'].dtype}")
                args[k] = 1 - iszero(args[k])
        return self.checked(base, reading(*args, **kwargs), given)

    def whole(self, base: str, node: fx.Node) -> Tensor | None:
        """Return constant whole numbers that torch makes of constants, in its own arithmetic.

        A place that is computed in floats, as floor(k / 3), is the one that torch comes to.
        """
        known = fx.map_arg((node.args, node.kwargs), self.plain)
        leaves = tree_leaves(known)
        outs = isinstance(node.meta.get("val"), Tensor)
        if MISSING in leaves or not outs or any(word in base for word in RANDOM):
            return None
        with torch.no_grad():
            self.numbers[node] = t = node.target(*known[0], **known[1])  # type: ignore[operator]
        return None if t.is_floating_point() or t.dtype == torch.bool or t.is_complex() else t

    def plain(self, n: fx.Node) -> Any:
        t = self.numbers.get(n, self.env.get(n, MISSING))
        return t if isinstance(t, Tensor) else MISSING

    def constant(self, base: str, given: Sequence[Any]) -> bool:
        """Return whether torch itself computes the exact constants that an operation results in."""
        results = [t for t in tree_leaves(self.b.now.meta.get("val")) if isinstance(t, Tensor)]
        if not results or any(isinstance(a, Value) or a is NUMBER for a in given):
            return False
        whole = not any(t.is_floating_point() or t.is_complex() for t in results)
        kinds = set(map(type, given))
        exact = whole or base in LAYOUT or (base in PICKS and float not in kinds)
        exact = exact or Tensor not in {Tensor if issubclass(k, Tensor) else k for k in kinds}
        return exact and not any(word in base for word in RANDOM)

    def filled(self, base: str, args: Sequence[Any]) -> Value:
        """Return what fills a tensor."""
        place, dtype = FILLED[base], self.b.now.meta["val"].dtype
        fill = present(args[place]) if place else int("one" in base)
        if fill is NUMBER:
            raise mixing("the number of samples in a value")
        given = self.b.now.args[place] if place else 0
        taken = given.meta["val"].dtype if isinstance(given, fx.Node) else type(fill)
        if not dtype.is_floating_point and taken not in (dtype, int, bool):
            raise unreadable(f"{base}: numbers that are cast to {dtype}")
        if dtype == torch.bool and type(fill) is int:
            fill = int(bool(fill))
        v = self.b.value(fill).fill(self.b.extents())
        return replace(v, span=(fill, fill)) if isinstance(fill, int) else v

    def mark(self, node: fx.Node) -> None:
        """Note which entries of a tensor nothing has been put into; they must not be used."""
        base = name_of(node)[1]
        if "empty" in base:
            mask = torch.ones(one_sample(node), dtype=torch.bool)
        else:
            used = [a for k, a in enumerate(node.args) if k != UNREAD.get(base)]
            if base in FILLED:
                used = used[FILLED[base] :] if FILLED[base] else []
            if not any(a in self.unset for a in tree_leaves(used) if isinstance(a, fx.Node)):
                return
            if base not in MOVED:
                raise mixing("values that are not set")
            args: Any = fx.map_arg(node.args, self.mask)
            call: Any = node.target  # a function here, elsewhere a text
            mask = args[1].expand(one_sample(node)) if base == "copy" else call(*args)
        if mask.any():
            self.unset[node] = mask

    def mask(self, node: fx.Node) -> Tensor:
        return self.unset.get(node, torch.zeros(one_sample(node), dtype=torch.bool))

    def lifted(self, a: Any) -> Any:
        return tree_map(lambda t: self.b.value(t) if isinstance(t, Tensor) else t, a)

    def checked(self, base: str, out: Any, given: Sequence[Any]) -> Any:
        """Return a value if it has the shape and the exact arithmetic of what torch computes."""
        if not isinstance(out, Value):
            return out
        dtype = self.b.now.meta["val"].dtype
        if out.extents != self.b.extents():
            raise unreadable(f"{base}: a shape other than torch's")
        if dtype == torch.bool:
            if base not in LOGIC | CHOICE | LAYOUT | set(FILLED):
                raise unreadable(f"{base} of truth values")
            return replace(out, span=(0, 1))
        if dtype not in EXACT_DTYPES:
            raise unreadable(f"arithmetic in {dtype}")
        rows = levels(out)
        own = (float(min(rows)), float(max(rows))) if rows else out.span
        span = self.span(base, own, given, dtype.is_floating_point)
        plain = base == "add" and not dtype.is_floating_point and not self.b.now.kwargs
        return replace(out, span=span, offset=offset(*given) if plain else None)

    def span(self, base: str, own: Span, given: Sequence[Any], floating: bool) -> Span:
        """Return bounds of a result; of whole numbers only where nothing can overflow."""
        numbers = [a for a in given if isinstance(a, int | float | Value | Tensor)]
        spans, now = [span_of(a) for a in numbers], self.b.now
        if base in ("bucketize", "searchsorted"):
            return 0, sum(a.numel() for a in given if isinstance(a, Tensor))
        cut = base != "_to_copy" or now.args[0].meta["val"].is_floating_point()
        if base in ROUNDED and cut and (base != "_to_copy" or not floating):
            low, high = max(spans[0][0], own[0]), min(spans[0][1], own[1])
            return (low if math.isinf(low) else math.floor(low),
                    high if math.isinf(high) else math.ceil(high))  # fmt: skip
        if base in CLAMPS:
            low, high = CLAMPS[base](now)
            if isinstance(low, fx.Node) or isinstance(high, fx.Node):
                return -math.inf, math.inf
            low, high = (-math.inf if low is None else low), (math.inf if high is None else high)
            return min(max(spans[0][0], low), high), min(max(spans[0][1], low), high)
        if floating or base in FILLED or base in ("argmax", "argmin"):
            return own
        if base in LAYOUT | CHOICE:
            spans = [span_of(a) for a in numbers if isinstance(a, Value | Tensor) or base in CHOICE]
            spans += [(0, 0)] if base in ZEROS else []
            return min(s[0] for s in spans), max(s[1] for s in spans)
        first = spans[0] if spans else (0, math.inf)
        if base in ("sum", "cumsum"):  # the numbers among the arguments are axes
            many = math.prod(extent_of(n)[0] for n in now.args[0].meta["val"].shape)
            found = min(0, first[0]) * many, max(0, first[1]) * many
        elif base == "neg":
            found = -first[1], -first[0]
        elif base in ("add", "sub", "rsub", "mul") and len(spans) == 2:
            (a, b), (c, d) = spans
            products = [p * q for p in (a, b) for q in (c, d)]
            found = {
                "add": (a + c, b + d), "sub": (a - d, b - c), "rsub": (c - b, d - a),
                "mul": (min(products), max(products)),
            }[base]  # fmt: skip
        else:
            found = first if base == "_to_copy" else (0, math.inf)
        if not max(map(abs, found)) < 1 << 31:
            raise unreadable(f"{base} of whole numbers that may overflow")
        return found


def present(value: Any) -> Any:
    if value is None or value is MISSING:
        raise unreadable("a result that has no reading, such as the indices of a sort, is used")
    return value


def span_of(a: Any) -> Span:
    if isinstance(a, Tensor):
        return float(a.min()), float(a.max())
    return a.span if isinstance(a, Value) else (a, a)
