"""Small symbolic instances: the exported graph of a torch module, read as SymPy expressions.

The module that is trained is the module that is read: its forward pass is exported by
``torch.export`` and every operation is carried out on arrays of SymPy expressions, with one symbol
for each entry of each parameter. What is shown for an instance holds for its sizes only, and for
exact real arithmetic.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
import torch
from torch import nn

from verify.atoms import sigmoid, softmax, softplus, tanh

Array = np.ndarray


class NotReadableError(ValueError):
    """The module uses an operation that has no symbolic reading here."""


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

    Args:
        net: a module that maps (batch, dim) to (batch, dim).
        dim: n.

    Raises:
        NotReadableError: an operation that has no reading here; it is named, with the source line.

    >>> linear = torch.nn.Linear(2, 2, bias=False)
    >>> instance(linear, 2).f
    Matrix([
    [weight_0,0*x_0 + weight_0,1*x_1],
    [weight_1,0*x_0 + weight_1,1*x_1]])
    """
    dtype = next((p.dtype for p in net.parameters()), torch.get_default_dtype())
    dynamic = ({0: torch.export.Dim.DYNAMIC},)
    program = torch.export.export(net, (torch.zeros(3, dim, dtype=dtype),), dynamic_shapes=dynamic)
    x = symbols("x", (1, dim))
    parameters = name_parameters(net, x)
    inputs: dict[str, Array] = {}
    signature = program.graph_signature
    for node, name in signature.inputs_to_parameters.items():
        inputs[node] = parameters[name]
    for node, name in signature.inputs_to_buffers.items():
        inputs[node] = exact(program.state_dict[name])
    for node in signature.user_inputs:
        inputs[str(node)] = x
    f = read(program.graph, inputs)
    return Instance(sp.Matrix(x.reshape(dim, 1)), sp.Matrix(f.reshape(dim, 1)), parameters)


def name_parameters(net: nn.Module, x: Array) -> dict[str, Array]:
    """Return the parameters' names -> symbols; tied parameters get the same ones.

    Raises:
        NotReadableError: parameters that share memory without being the same, or whose names
            would give two entries one symbol.
    """
    tied: dict[int, Array] = {}
    memory: dict[int, str] = {}
    parameters = {}
    for name, parameter in net.named_parameters(remove_duplicate=False):
        if id(parameter) not in tied:
            other = memory.setdefault(parameter.untyped_storage().data_ptr(), name)
            if other != name and parameter.numel():
                raise NotReadableError(f"parameters {other} and {name} share memory")
            tied[id(parameter)] = symbols(name, tuple(parameter.shape))
        parameters[name] = tied[id(parameter)]
    entries = [*x.flat, *(symbol for array in tied.values() for symbol in array.flat)]
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


def exact(tensor: torch.Tensor) -> Array:
    """Return the exact rational values of a tensor."""
    values = np.vectorize(lambda v: sp.Rational(v), otypes=[object])
    return values(tensor.detach().double().numpy())


def read(graph: torch.fx.Graph, inputs: dict[str, Array]) -> Array:
    """Carry out a graph on arrays of expressions."""
    values: dict[torch.fx.Node, Any] = {}
    for node in graph.nodes:
        if node.op == "placeholder":
            values[node] = inputs[node.name]
        elif node.op == "output":
            return torch.fx.map_arg(node.args[0], lambda n: values[n])[0]
        else:
            rule = RULES.get(str(node.target), RULES.get(getattr(node.target, "__name__", "")))
            if rule is None:
                line = (node.meta.get("stack_trace") or "").strip().splitlines()[-2:]
                raise NotReadableError(f"no symbolic reading of {node.target}: {' '.join(line)}")
            args, kwargs = torch.fx.map_arg((node.args, node.kwargs), lambda n: values[n])
            try:
                values[node] = rule(*args, **kwargs)
            except TypeError:
                raise NotReadableError(f"no symbolic reading of {node.format_node()}") from None
    raise NotReadableError("the graph has no output")


def entrywise(function: Callable[..., Any]) -> Callable[..., Array]:
    """Return a function of numbers as one of arrays, with broadcasting."""
    return np.vectorize(function, otypes=[object])


def group_softmax(z: Array, axis: int, dtype: None = None) -> Array:
    """Return softmax along an axis, each entry an atom that knows the whole group."""
    moved = np.moveaxis(z, axis, -1)
    p = np.empty(moved.shape, dtype=object)
    for index in np.ndindex(moved.shape):
        p[index] = softmax(sp.Integer(index[-1]), *moved[index[:-1]])
    return np.moveaxis(p, -1, axis)


def log_sum_exp(z: Array, axes: list[int], keepdim: bool = False) -> Array:
    """Return log sum exp along axes."""
    total = entrywise(sp.exp)(z).sum(axis=tuple(axes), keepdims=keepdim)
    return entrywise(sp.log)(total)


def number(value: Any) -> Any:
    """Return a Python number exactly, anything else as it is."""
    return sp.Rational(value) if isinstance(value, int | float) else value


RULES: dict[str, Callable[..., Any]] = {
    "getitem": operator.getitem,
    "aten.sym_size.int": lambda a, axis: a.shape[axis],
    "aten.reshape.default": lambda a, shape: a.reshape(shape),
    "aten.view.default": lambda a, shape: a.reshape(shape),
    "aten.flatten.using_ints": lambda a, start=0, end=-1: a.reshape(
        *a.shape[:start], -1, *a.shape[end % a.ndim + 1 :]
    ),
    "aten.expand.default": lambda a, shape: np.broadcast_to(
        a, [s if e == -1 else e for e, s in zip(shape, a.shape, strict=True)]
    ),
    "aten.unsqueeze.default": np.expand_dims,
    "aten.squeeze.dim": np.squeeze,
    "aten.mT.default": lambda a: np.swapaxes(a, -1, -2),
    "aten.numpy_T.default": np.transpose,
    "aten.t.default": np.transpose,
    "aten.transpose.int": np.swapaxes,
    "aten.unbind.int": lambda a, axis=0: list(np.moveaxis(a, axis, 0)),
    "aten.select.int": lambda a, axis, index: np.take(a, index, axis),
    "aten.matmul.default": operator.matmul,
    "aten.linear.default": lambda x, W, b=0: x @ W.T + b,
    "aten.add.Tensor": lambda a, b, alpha=1: number(a) + number(alpha) * number(b),
    "aten.sub.Tensor": lambda a, b, alpha=1: number(a) - number(alpha) * number(b),
    "aten.mul.Tensor": lambda a, b: a * number(b),
    "aten.div.Tensor": lambda a, b: a / number(b),
    "aten.neg.default": operator.neg,
    "aten.pow.Tensor_Scalar": lambda a, k: a ** number(k),
    "aten.square.default": lambda a: a**2,
    "aten.sum.dim_IntList": lambda a, axes, keepdim=False: a.sum(tuple(axes), keepdims=keepdim),
    "aten.exp.default": entrywise(sp.exp),
    "aten.sin.default": entrywise(sp.sin),
    "aten.tanh.default": entrywise(tanh),
    "aten.sigmoid.default": entrywise(sigmoid),
    # With an explicit beta or threshold softplus is another, piecewise map: no reading.
    "aten.softplus.default": lambda a: entrywise(softplus)(a),
    "aten.softmax.int": group_softmax,
    "aten.logsumexp.default": log_sum_exp,
}
