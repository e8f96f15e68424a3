"""Small symbolic instances: the exported graph of a torch module, read as SymPy expressions.

The module that is trained is the module that is read: its forward pass is exported by
``torch.export`` and every operation is carried out on arrays of SymPy expressions, with one symbol
for each entry of each parameter. What is shown for an instance holds for its sizes only, and for
exact real arithmetic.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
import torch
from torch import nn

from verify.operations import RULES, Array

RESHAPES = {"aten.reshape.default", "aten.view.default"}


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

    The parameters become symbols, buffers and constants their exact values; the module is read in
    the mode, train or eval, that it is in, and taken to keep no state of its own in Python. A
    module that mixes its samples, or computes with their number, is not read. Removable
    singularities are removed: x / x is read as 1.

    Args:
        net: a module that maps (batch, dim) to (batch, dim).
        dim: n.

    Raises:
        NotReadableError: what stands in the way: an operation without a reading (named, with its
            line), samples that are mixed, a tensor that is not floating, tensors that share memory.

    >>> linear = torch.nn.Linear(2, 2, bias=False)
    >>> instance(linear, 2).f
    Matrix([
    [weight_0,0*x_0 + weight_0,1*x_1],
    [weight_1,0*x_0 + weight_1,1*x_1]])
    """
    x, other = symbols("x", (1, dim)), symbols("y", (1, dim))
    parameters = name_parameters(net, [x, other])
    alone = evaluate(export(net, dim, batch=1), x, parameters)
    program = export(net, dim, batch=None)
    pair = evaluate(program, np.concatenate([x, other]), parameters)
    refuse_mixing(program, dim)
    renamed = dict(zip(x.flat, other.flat, strict=True))
    second = [sp.sympify(e).subs(renamed, simultaneous=True) for e in alone.flat]
    if [*alone.flat, *second] != [*pair.flat]:
        raise NotReadableError("the module mixes its samples, or depends on how many there are")
    return Instance(sp.Matrix(x.reshape(dim, 1)), sp.Matrix(alone.reshape(dim, 1)), parameters)


def export(net: nn.Module, dim: int, batch: int | None) -> torch.export.ExportedProgram:
    """Return the module exported for a batch of this size, or of any size from 2 on."""
    dtype = next((p.dtype for p in net.parameters()), torch.get_default_dtype())
    dynamic = None if batch else ({0: torch.export.Dim.DYNAMIC},)
    example = torch.zeros(batch or 3, dim, dtype=dtype)
    try:
        program = torch.export.export(net, (example,), dynamic_shapes=dynamic)
    except Exception as error:  # export raises errors of many kinds, of the user's code too
        reason = next(iter(str(error).splitlines()), "")
        raise NotReadableError(f"torch.export: {type(error).__name__}: {reason}") from None
    for bounds in program.range_constraints.values():
        if bounds.lower > 2 or bounds.upper < 2**31:
            raise NotReadableError(f"the module asks for the number of samples: {bounds}")
    return program


def refuse_mixing(program: torch.export.ExportedProgram, dim: int) -> None:
    """Raise NotReadableError if a sample's output depends on the others, or on how many there are.

    One finite sample among samples of nan: whatever is computed from another becomes nan.
    """
    for node in program.graph.nodes:
        if str(node.target) == "aten.sym_size.int":
            others = {str(user.target) for user in node.users} - {
                "aten.reshape.default",
                "aten.view.default",
            }
            if others:
                raise NotReadableError(f"the number of samples enters {', '.join(sorted(others))}")
    dtype = next((p.dtype for p in program.parameters()), torch.get_default_dtype())
    generator = torch.Generator().manual_seed(0)
    for place in range(3):
        x = torch.full((3, dim), torch.nan, dtype=dtype)
        x[place] = torch.rand(dim, generator=generator, dtype=dtype)
        with torch.no_grad():
            y = program.module()(x)
        if not isinstance(y, torch.Tensor) or y.shape != x.shape:
            raise NotReadableError(f"expected one output of shape (batch, {dim})")
        if torch.isnan(y[place]).any():
            raise NotReadableError("the module mixes its samples, or is nan at a random point")


def evaluate(
    program: torch.export.ExportedProgram, x: Array, parameters: dict[str, Array]
) -> Array:
    """Return what a program computes from these samples and parameters, in the shape of x."""
    signature = program.graph_signature
    inputs: dict[str, Array] = {str(node): x for node in signature.user_inputs}
    for node, name in signature.inputs_to_parameters.items():
        inputs[node] = parameters[name]
    constants = {**program.constants, **program.state_dict}
    fixed = {**signature.inputs_to_buffers, **signature.inputs_to_lifted_tensor_constants}
    owned = {p.untyped_storage().data_ptr() for p in program.parameters()}
    for node, name in fixed.items():
        tensor = constants[name]
        if isinstance(tensor, nn.Parameter) or tensor.requires_grad:
            raise NotReadableError(f"{name} is trainable but not a registered parameter")
        if tensor.untyped_storage().data_ptr() in owned:
            raise NotReadableError(f"{name} shares memory with a parameter")
        inputs[node] = exact(name, tensor)
    if signature.buffers_to_mutate or signature.user_inputs_to_mutate:
        raise NotReadableError("the module changes a buffer or its input")
    outputs = read(program.graph, inputs)
    if len(outputs) != 1 or getattr(outputs[0], "shape", None) != x.shape:
        shapes = [getattr(output, "shape", output) for output in outputs]
        raise NotReadableError(f"expected one output of shape {x.shape}, got {shapes}")
    return outputs[0]


def name_parameters(net: nn.Module, inputs: list[Array]) -> dict[str, Array]:
    """Return the parameters' names -> symbols; tied parameters get the same ones.

    Raises:
        NotReadableError: a parameter that is not floating, tensors that share memory without being
            the same, or names that would give two entries one symbol.
    """
    tied: dict[int, Array] = {}
    memory: dict[int, str] = {}
    parameters = {}
    tensors = [*net.named_parameters(remove_duplicate=False), *net.named_buffers()]
    for name, tensor in tensors:
        if id(tensor) not in tied and tensor.numel():
            other = memory.setdefault(tensor.untyped_storage().data_ptr(), name)
            if other != name:
                raise NotReadableError(f"{other} and {name} share memory")
        if isinstance(tensor, nn.Parameter):
            if not tensor.is_floating_point():
                raise NotReadableError(f"{name} is {tensor.dtype}, not floating")
            tied.setdefault(id(tensor), symbols(name, tuple(tensor.shape)))
            parameters[name] = tied[id(tensor)]
    arrays = [*inputs, *tied.values()]
    entries = [symbol for array in arrays for symbol in array.flat]
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


def exact(name: str, tensor: torch.Tensor) -> Array:
    """Return the exact rational values of a floating tensor; others have another arithmetic."""
    if not tensor.is_floating_point() or tensor.layout != torch.strided:
        raise NotReadableError(f"{name} is {tensor.dtype}, {tensor.layout}, not dense floating")
    if not torch.isfinite(tensor).all():
        raise NotReadableError(f"{name} holds values that are not finite")
    values = np.vectorize(lambda v: sp.Rational(v), otypes=[object])
    return values(tensor.detach().double().numpy())


def read(graph: torch.fx.Graph, inputs: dict[str, Array]) -> list[Any]:
    """Carry out a graph on arrays of expressions; return its outputs."""
    values: dict[torch.fx.Node, Any] = {}
    for node in graph.nodes:
        args, kwargs = torch.fx.map_arg((node.args, node.kwargs), lambda n: values[n])
        if node.op == "placeholder":
            values[node] = inputs[node.name]
        elif node.op == "output":
            return list(args[0])
        else:
            values[node] = apply(node, args, kwargs)
    raise NotReadableError("the graph has no output")


def apply(node: torch.fx.Node, args: Any, kwargs: Any) -> Any:
    """Return what one operation makes of arrays of expressions."""
    rule = RULES.get(str(node.target), RULES.get(getattr(node.target, "__name__", "")))
    try:
        if rule is not None:
            return rule(*args, **kwargs)
    except (TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError):
        pass  # arguments that the rule does not know: no reading either
    line = " ".join((node.meta.get("stack_trace") or "").strip().splitlines()[-2:])
    raise NotReadableError(f"no symbolic reading of {node.format_node()} {line}".rstrip())
