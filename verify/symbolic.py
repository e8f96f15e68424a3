"""Small symbolic instances: the graph of a torch module, carried out on SymPy expressions.

The module that is trained is the module that is read: its graph, which the proofs are about, is
carried out on arrays of expressions, with one symbol for each entry of each trainable parameter.
What is shown for an instance holds for its sizes only, and for exact real arithmetic.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations, product
from typing import Any

import numpy as np
import sympy as sp
from torch import nn

from verify.atoms import sech2, sigmoid, softmax, softplus, tanh
from verify.trusted.graph import Graph, Node, Ref
from verify.trusted.trace import Traced, trace

Array = np.ndarray
Group = tuple[int, int, int]


class NotReadableError(ValueError):
    """The module cannot be read as symbols; the message says what stands in the way."""


@dataclass(frozen=True)
class Instance:
    """A module at its own small sizes, as expressions.

    Attributes:
        x: the input, an n x 1 matrix of real symbols.
        f: the output, an n x 1 matrix of expressions in x and the parameters.
        parameters: the module's names -> arrays of real symbols, in the shapes of the module.
    """

    x: sp.Matrix
    f: sp.Matrix
    parameters: dict[str, Array]

    @property
    def jacobian(self) -> sp.Matrix:
        """J, J[i, j] = df_i/dx_j."""
        return self.f.jacobian(self.x)


def instance(net: nn.Module, dim: int) -> Instance:
    """Return a module R^dim -> R^dim as symbolic expressions.

    The trainable parameters become symbols; buffers, constants and frozen parameters their exact
    values. The module is read in the mode, train or eval, that it is in. A module that mixes its
    samples, or computes with their number, is not read. Removable singularities are removed: x / x
    is read as 1.

    Args:
        net: a module that maps (batch, dim) to (batch, dim).
        dim: n.

    Raises:
        NotReadableError: what stands in the way: an operation without a reading (named, with its
            line), samples that are mixed, tensors that share memory.

    >>> linear = nn.Linear(2, 2, bias=False)
    >>> instance(linear, 2).f
    Matrix([
    [weight_0,0*x_0 + weight_0,1*x_1],
    [weight_1,0*x_0 + weight_1,1*x_1]])
    """
    try:
        traced = trace(net, dim)
    except ValueError as error:  # a TraceError, or a module of another kind
        raise NotReadableError(str(error)) from None
    x = symbols("x", (1, dim))
    parameters = name_parameters(net, x)
    f = read(traced, x, parameters)
    return Instance(sp.Matrix(x.reshape(dim, 1)), sp.Matrix(f.reshape(dim, 1)), parameters)


def name_parameters(net: nn.Module, x: Array) -> dict[str, Array]:
    """Return the parameters' names -> symbols; tied parameters get the same ones.

    Raises:
        NotReadableError: names that would give two entries one symbol.
    """
    tied: dict[int, Array] = {}
    parameters = {}
    for name, tensor in net.named_parameters(remove_duplicate=False):
        tied.setdefault(id(tensor), symbols(name, tuple(tensor.shape)))
        parameters[name] = tied[id(tensor)]
    entries = [symbol for array in (x, *tied.values()) for symbol in array.flat]
    if len(set(entries)) < len(entries):
        raise NotReadableError(f"parameter names too alike to tell apart: {', '.join(parameters)}")
    return parameters


def symbols(name: str, shape: tuple[int, ...]) -> Array:
    """Return an array of real symbols; an index is left out where its axis has size 1.

    A parameter of a submodule carries the path as a superscript: ``sigma.a`` is another than ``a``.

    >>> symbols("sigma.b", (2, 1))
    array([[b^sigma_0],
           [b^sigma_1]], dtype=object)
    """
    path, _, base = name.rpartition(".")
    stem = f"{base}^{path}" if path else base
    array = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        kept = ",".join(str(i) for i, size in zip(index, shape, strict=True) if size > 1)
        array[index] = sp.Symbol(f"{stem}_{kept}" if kept else stem, real=True)
    return array


def read(traced: Traced, x: Array, parameters: dict[str, Array]) -> Array:
    """Carry out a graph on arrays of expressions; return its output."""
    values: list[Array] = []
    for number, node in enumerate(traced.graph.nodes):
        shape: Any = tuple(traced.sizes.get(str(size), size) for size in node.shape)
        if node.op == "x":
            value = x.reshape(shape)
        elif node.op == "param":
            value = parameters[traced.names[node.attrs[0]]].reshape(shape)
        else:
            try:
                value = carry_out(traced.graph, number, shape, values)
            except NotReadableError as error:
                raise NotReadableError(f"{error} at {traced.sources[number]}") from None
        values.append(value)
    return values[traced.graph.output]


def carry_out(graph: Graph, number: int, shape: tuple[int, ...], values: list[Array]) -> Array:
    """Return the array of a node, of these numbers of entries, from those of earlier nodes."""
    node = graph.nodes[number]
    if node.op == "lit":
        numbers = [number_of(q) for q in graph.literals[node.attrs[0]].data]
        return np.array(numbers, dtype=object).reshape(shape)
    group = group_of(graph, node)
    array = np.empty(shape, dtype=object)
    for place in np.ndindex(shape):
        at = dict(zip(node.out, place, strict=True))
        if node.op == "eye":
            array[place] = sp.Integer(int(place[0] == place[1]))
        elif node.op == "mul":
            array[place] = total(graph, node, group, at, values)
        elif node.op == "add":
            terms = zip(node.coefs, node.args, strict=True)
            array[place] = sp.Add(*(number_of(q) * entry(ref, at, values) for q, ref in terms))
        elif node.op == "fn":
            array[place] = function(node, [entry(ref, at, values) for ref in node.args])
        else:
            raise NotReadableError(f"no symbolic reading of {node.name or node.op}")
    return array


def number_of(q: Fraction) -> Any:
    return sp.Rational(q.numerator, q.denominator)


def entry(ref: Ref, at: dict[str, int], values: list[Array]) -> Any:
    """Return the entry that a reference is at positions of its index names."""
    return values[ref.node][tuple(at[i] if isinstance(i, str) else i for i in ref.index)]


def total(
    graph: Graph, node: Node, group: Group | None, at: dict[str, int], values: list[Array]
) -> Any:
    """Return q sum prod of a ``mul``, over the indices that are not of its output."""
    sizes: dict[str, int] = {}
    for ref in node.args:
        for i, size in zip(ref.index, values[ref.node].shape, strict=True):
            if isinstance(i, str) and i not in at:
                sizes[i] = size
    terms = []
    for place in product(*(range(size) for size in sizes.values())):
        here = {**at, **dict(zip(sizes, place, strict=True))}
        alone = [k for k in range(len(node.args)) if group is None or k not in group[:2]]
        factors = [entry(node.args[k], here, values) for k in alone]
        if group is not None:
            factors.append(group_softmax(graph, node.args[group[0]], group[2], here, values))
        terms.append(sp.Mul(*factors))
    return number_of(node.coefs[0]) * sp.Add(*terms)


def group_of(graph: Graph, node: Node) -> Group | None:
    """Return (i, j, axis) where factor i of a product is e = exp(..), and j is 1 / sum e over axis.

    The first such pair is meant; None where there is none.
    """
    for i, j in permutations(range(len(node.args)) if node.op == "mul" else (), 2):
        e, divisor = node.args[i], node.args[j]
        inverse = graph.nodes[divisor.node]
        if graph.nodes[e.node].name != "exp" or inverse.name != "inv":
            continue
        (below,) = inverse.args
        s = graph.nodes[below.node]
        if s.op != "mul" or s.coefs != (1,) or [ref.node for ref in s.args] != [e.node]:
            continue
        index = s.args[0].index
        axes = [axis for axis, name in enumerate(index) if name not in s.out]
        rest = tuple(name for axis, name in enumerate(index) if axis not in axes)
        mine = tuple(name for axis, name in enumerate(e.index) if axis not in axes)
        whole = len(axes) == 1 and isinstance(index[axes[0]], str)
        if whole and rest == s.out and below.index == inverse.out and mine == divisor.index:
            return i, j, axes[0]
    return None


def group_softmax(graph: Graph, e: Ref, axis: int, at: dict[str, int], values: list[Array]) -> Any:
    """Return an entry of a softmax as an atom that knows the whole group."""
    node = graph.nodes[e.node]
    place = [at[i] if isinstance(i, str) else i for i in e.index]
    group = []
    for k in range(values[e.node].shape[axis]):
        here = [*place[:axis], k, *place[axis + 1 :]]
        group.append(entry(node.args[0], dict(zip(node.out, here, strict=True)), values))
    return softmax(sp.Integer(place[axis]), *group)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": sp.exp,
    "log": sp.log,
    "inv": lambda u: 1 / u,
    "sqrt": sp.sqrt,
    "rsqrt": lambda u: 1 / sp.sqrt(u),
    "tanh": tanh,
    "sech2": sech2,
    "sigmoid": sigmoid,
    "dsigmoid": lambda u: sigmoid(u) * sigmoid(-u),
    "softplus": softplus,
    "erf": sp.erf,
    "gauss": lambda u: 2 / sp.sqrt(sp.pi) * sp.exp(-(u**2)),
    "sin": sp.sin,
    "cos": sp.cos,
    "atan": sp.atan,
    "cauchy": lambda u: 1 / (1 + u**2),
    "asinh": sp.asinh,
    "rhypot": lambda u: 1 / sp.sqrt(1 + u**2),
    "relu": lambda u: sp.Max(u, 0),
    "step": lambda u: sp.Heaviside(u, sp.Integer(0)),  # type: ignore[arg-type]
    "i0": lambda u: sp.besseli(0, u),
    "i1": lambda u: sp.besseli(1, u),
}
# SymPy forgets where these are undefined: sqrt(x)**2 and exp(log(x)) become x.
DOMAINS = {"sqrt": "nonnegative", "log": "positive", "rsqrt": "positive", "inv": "nonzero"}


def function(node: Node, args: Sequence[Any]) -> Any:
    """Return an elementwise function of expressions."""
    if node.name not in FUNCTIONS:
        raise NotReadableError(f"no symbolic reading of {node.name}")
    (u,) = args
    domain = DOMAINS.get(node.name, "")
    known = u != 0 if domain == "nonzero" else not domain or getattr(u, f"is_{domain}")
    if not known:
        raise NotReadableError(f"no symbolic reading of {node.name} of what may not be {domain}")
    return FUNCTIONS[node.name](u)
