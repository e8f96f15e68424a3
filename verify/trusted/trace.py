"""From a torch module to the graph of the map that it computes, and what is no such map.

The module itself is run, on tensors without data, in all ways that may make a difference: with a
gradient to be taken or not, for one sample and for any number, with the memory of the parameters
filled with other numbers. Each run must give the same graph, and must leave the module as it was.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor, fx, nn

from verify.trusted.arguments import check_output, checked_dim
from verify.trusted.builder import Builder
from verify.trusted.calls import renewed, warm
from verify.trusted.canonical import canonical
from verify.trusted.computed import hooked, uncached
from verify.trusted.dice import undrawn
from verify.trusted.graph import Graph, Literal, Node, Ref
from verify.trusted.memory import check_apart, check_tensors, filled
from verify.trusted.program import OutputError, check_taken, explained, program
from verify.trusted.reader import Reader
from verify.trusted.surroundings import behind, within
from verify.trusted.unchanged import Unchanged
from verify.trusted.values import TraceError, Value, mixing

__all__ = ["TraceError", "Traced", "fix", "freeze", "trace"]


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
        cached: the calls behind the caches of Python's that the module uses.
    """

    graph: Graph
    sizes: dict[str, int]
    tensors: tuple[Tensor, ...]
    names: tuple[str, ...]
    sources: tuple[str, ...]
    spare: tuple[Node, ...] = ()
    exclusions: tuple[str, ...] = ()
    cached: tuple[Callable[[], Any], ...] = ()


def trace(net: nn.Module, dim: int | None = None) -> Traced:
    """Return the graph of the map of one sample that a module computes.

    Args:
        net: a module that maps (batch, dim) to (batch, dim).
        dim: n; where the module says it (dim, in_features) it may be left out.

    Raises:
        TypeError: not a module.
        ValueError: a wrong dim or output, parameters that are not float32 or float64.
        TraceError: the module is not read as a map of one sample.

    >>> trace(nn.Linear(2, 2), 2).names
    ('bias', 'weight')
    """
    dim, parameters = checked_dim(net, dim), dict(net.named_parameters(remove_duplicate=False))
    tensors = {**parameters, **dict(net.named_buffers(remove_duplicate=False))}
    check_tensors(tensors, parameters)
    kinds = [t.dtype for t in tensors.values() if t.is_floating_point()]
    samples = torch.zeros(2, dim, dtype=kinds[0] if kinds else None)
    codes, cached = warm(net, samples)
    if cached:  # by the module itself, not by its copy: of numbers too
        with suppress(Exception), undrawn(), uncached(net):
            net(samples)
    ran = behind(net, codes)
    found: dict[Any, Traced] = {}
    same = Unchanged(net, ran, renewed(net, samples, ran))
    anew = {id(vars(m)[name]) for m in net.modules() for name, _ in hooked(m)}
    met = within(net, ran)[1] - anew
    others = [value for k, value in same.before[1].items() if k in met]
    with torch._C.DisableTorchFunctionSubclass():  # as in ``version``
        check_apart(others, [t for t in parameters.values() if t.requires_grad])
    for batch in (None, 1):
        for grad, wants in itertools.product((True, False), (False, True)):
            fill = {(True, False): None, (True, True): 1, (False, False): torch.nan}
            way = batch, grad, wants, fill.get((grad, wants), -1000)
            try:
                read_once(net, dim, tensors, parameters, way, found, same)
            except TraceError as error:
                if "require grad" not in error.detail or (grad and wants):
                    raise
    same.check()
    return replace(next(iter(found.values())), cached=tuple(call for call, _ in cached))


def read_once(
    net: nn.Module, dim: int, tensors: Mapping[str, Tensor], parameters: Mapping[str, Tensor],
    way: tuple[int | None, bool, bool, float | None], found: dict[Any, Traced], same: Unchanged,
) -> None:  # fmt: skip
    """Run the module in one way; read the program unless it is known; raise for another graph.

    What writes in place may do so by a view or to a copy, as a batch lies in memory: in two ways.
    """
    batch, grad, wants, fill = way
    thetas = list({id(t): t for t in parameters.values() if t.requires_grad}.values())
    for turned in (False, True):
        with filled(thetas, fill), same:
            try:
                with torch.set_grad_enabled(grad):
                    made = program(net, tensors, dim, batch, wants, not found, turned)
            except Exception as error:  # the user's code may raise anything
                if turned and not isinstance(error, TraceError):
                    break  # view of such a batch
                raise reported(explained(error), dim) from error
            key = spelled(made, batch)
            if key not in found:
                found[key] = read(made, [*tensors.values()], dim, batch, thetas, parameters)
        if not made.meta.get("writes"):
            break
    if len({traced.graph.digest for traced in found.values()}) > 1:
        raise mixing("another map with gradients switched off, for one sample, at a second call,"
                     " in another layout, or with other numbers as parameters")  # fmt: skip


def read(
    made: fx.GraphModule, tensors: Sequence[Tensor], dim: int, batch: int | None,
    thetas: Sequence[Tensor], parameters: Mapping[str, Tensor],
) -> Traced:  # fmt: skip
    """Return the graph of a program."""
    check_output(made, batch, dim)
    check_taken(made)
    try:
        reader = Reader(made, thetas, batch is None)
        return finish(reader.b, reader.run(tensors, dim), parameters)
    except TraceError:
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        what = f"{type(error).__name__} while the program was read: {error}"
        raise TraceError("not readable", what) from error


def reported(error: Exception, dim: int) -> Exception:
    if isinstance(error, OutputError):
        return ValueError(f"net: expected one output of shape (batch, {dim}), got {error}")
    return error


def spelled(made: fx.GraphModule, batch: int | None) -> Any:
    """Return a program as something to compare; with constants inside, no two are the same."""
    nodes = list(made.graph.nodes)
    if any(node.op == "get_attr" for node in nodes):
        return object()
    shapes = [getattr(node.meta.get("val"), "shape", None) for node in nodes]
    texts = [(str(n.target), str(n.args), str(n.kwargs)) for n in nodes]
    return batch, tuple(texts), str(shapes)


PARTIAL = {
    "inv": "0", "rsqrt": "<= 0", "log": "<= 0", "sqrt": "< 0", "lgamma": "a pole",
    "pow": "< 0, or 0 to a power <= 0", "digamma": "a pole", "inverse": "singular",
    "cholesky": "not positive definite", "erfinv": "<= -1 or >= 1",
    **{f"bessel_{kind}": "<= 0" for kind in ("y0", "y1", "k0", "k1")},
}  # fmt: skip


def finish(b: Builder, out: Value, parameters: Mapping[str, Tensor]) -> Traced:
    """Return the canonical graph of an output, and what belongs to it."""
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
    named = {id(t): (name, t) for name, t in reversed([*parameters.items()]) if t.requires_grad}
    thetas = [named[k] for k in dict.fromkeys(map(id, parameters.values())) if k in named]
    shapes = {node.attrs[0]: node.shape for node in nodes if node.op == "param"}
    table = [shapes.get(k, ()) for k in range(len(thetas))]
    graph, new, kept, names = canonical(nodes, out.node, list(b.literals), table)
    spare = spared(nodes, b.depends, new, names, len(graph.nodes))
    first = {number: b.sources[k] for k, number in sorted(new.items(), reverse=True)}
    return Traced(
        graph,
        {symbol: numbers[s] for s, symbol in names.items()},
        tuple(thetas[k][1] for k in kept),
        tuple(thetas[k][0] for k in kept),
        (*(first[k] for k in range(len(graph.nodes))), *(b.sources[k] for k in spare)),
        tuple(spare.values()),
        exclusions(b, nodes, sorted(new)),
    )


def exclusions(b: Builder, nodes: Sequence[Node], live: Sequence[int]) -> tuple[str, ...]:
    """Return where operations on parameters alone are undefined for some parameters."""
    found: dict[str, None] = {}
    free: set[int] = set()
    for k in live:
        node = nodes[k]
        if not b.depends[k] and (node.op == "param" or any(r.node in free for r in node.args)):
            free.add(k)
            if node.name in PARTIAL and not (node.name == "sqrt" and squares(nodes, node.args[0])):
                found[f"{node.name}: {PARTIAL[node.name]} at {b.sources[k]}"] = None
    return tuple(found)


def squares(nodes: Sequence[Node], ref: Ref) -> bool:
    """Return whether a node is a sum of squares."""
    node = nodes[ref.node]
    return node.op == "mul" and node.coefs[0] >= 0 and node.args[::2] == node.args[1::2]


def spared(
    nodes: Sequence[Node], depends: Sequence[bool], new: Mapping[int, int],
    names: Mapping[str, str], count: int,
) -> dict[int, Node]:  # fmt: skip
    """Return the nodes that depend on x, and those they need, beyond a graph's, by old numbers."""
    wanted: set[int] = set()
    for k in reversed(range(len(nodes))):
        if k not in new and (depends[k] or k in wanted):
            wanted.update([k, *(ref.node for ref in nodes[k].args)])
    number, spare = dict(new), {}
    for k in sorted(wanted - set(new)):
        node = nodes[k]
        known = all(isinstance(s, int) or s in names for s in node.shape)
        if known and all(r.node in number for r in node.args) and node.op not in ("param", "lit"):
            number[k] = count + len(spare)
            args = tuple(Ref(number[ref.node], ref.index) for ref in node.args)
            shape = tuple(s if isinstance(s, int) else names[s] for s in node.shape)
            spare[k] = replace(node, shape=shape, args=args)
    return spare


def fix(traced: Traced) -> Graph:
    """Return the graph at the module's sizes."""
    return at_sizes(traced, list(traced.graph.literals), {})


def freeze(traced: Traced) -> Graph:
    """Return the graph with the parameters' present values as constants, at the module's sizes."""
    literals = {literal: k for k, literal in enumerate(traced.graph.literals)}
    values: dict[int, Fraction | int] = {}
    for k, t in enumerate(traced.tensors):
        entries = tuple(map(Fraction, t.detach().flatten().tolist()))
        literal = Literal(tuple(n for n in t.shape if n > 1), entries)
        number = None if len({*entries}) == 1 else literals.setdefault(literal, len(literals))
        values[k] = entries[0] if number is None else number
    return at_sizes(traced, list(literals), values)


def at_sizes(
    traced: Traced, literals: Sequence[Literal], values: Mapping[int, Fraction | int]
) -> Graph:
    """Return the graph at the module's sizes; some params have one value, or are literals."""

    def numbers(shape: Sequence[Any]) -> tuple[int, ...]:
        return tuple(s if isinstance(s, int) else traced.sizes[s] for s in shape)

    nodes = []
    for node in traced.graph.nodes:
        node = replace(node, shape=numbers(node.shape))
        value = values.get(node.attrs[0]) if node.op == "param" else None
        if isinstance(value, int):
            node = replace(node, op="lit", attrs=(value,))
        elif value is not None:
            node = replace(node, op="mul", attrs=(), coefs=(value,))
        nodes.append(node)
    params = [numbers(shape) for shape in traced.graph.params]
    return canonical(nodes, traced.graph.output, literals, params)[0]
