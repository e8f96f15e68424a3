"""Programs that torch's own code makes for one number of samples, made for all numbers again.

Some of torch's kernels, below ``torch.func.vmap`` most of all, ask for sizes as plain numbers. The
program that is traced then holds the example of a number of samples. Where it stands as a size it
is the number of samples; where it stands as anything else, a program traced with another example is
another one.
"""

import operator
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FunctionType
from typing import Any
from unittest.mock import patch

import sympy
import torch
from torch import Tensor, fx, overrides
from torch._ops import OpOverload
from torch._subclasses import fake_tensor
from torch.fx.experimental import proxy_tensor
from torch.fx.experimental.symbolic_shapes import ShapeEnv
from torch.overrides import TorchFunctionMode

from verify.trusted.surroundings import OURS

# Examples of a number of samples; a program that is special to one has guards.
EXAMPLES = (113, 131, 137, 139, 149, 151, 157)
MOST = 1 << 40  # larger numbers stand for "up to the end"
# What takes sizes, and makes nothing of them but shapes.
SHAPING = """
    view reshape expand broadcast_to new_zeros new_ones new_empty new_full zeros ones empty full
    unflatten flatten size
"""
# Whose answers no number of samples decides; as many gradients as are asked for.
PLAIN = """
    ndim dim ndimension dtype device layout requires_grad is_floating_point is_complex is_leaf
    is_cuda is_sparse grad
"""
ASKED = ("__bool__", "__int__", "__index__", "__float__")
KEPT = ("__init__", "__new__", "__repr__", "__str__", "__hash__")  # program.py looks at texts, keys
KINDS = (torch.SymInt, torch.SymFloat, torch.SymBool)
BETWEEN = (
    *(proxy_tensor.__file__, overrides.__file__, fake_tensor.__file__),
    *(str(Path(torch.__file__).parent / file) for file in ("_compile.py", "_dynamo", "_ops.py")),
    OURS,
)
SIZES = re.compile(r"SymInt\S* (\w+)")  # in a schema's text
SIZE = torch.ops.aten.size.default


class Asked(TorchFunctionMode):
    """Notes who makes the number of samples a plain number: torch's kernels, or anybody else.

    Attributes:
        by_torch: whether one of torch's kernels was the first to.
        by_code: whether code that is not torch's asks for it, gives it to torch as anything but a
            size, or is told it as a plain number, of which it may compute others.
    """

    def __init__(self, env: ShapeEnv, example: int, torchs: Sequence[str]) -> None:
        super().__init__()
        self.env, self.example, self.torchs = env, example, tuple(torchs)
        self.by_torch = self.by_code = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, out = kwargs or {}, func(*args, **(kwargs or {}))
        if self.is_users(sys._getframe(1)):
            name, owner = getattr(func, "__name__", ""), getattr(func, "__self__", None)
            name = getattr(owner, "__name__", "") if name == "__get__" else name
            given = name not in SHAPING.split() and any(map(is_symbolic, leaves((args, kwargs))))
            self.by_code |= given or (bool(self.env.replacements) and self.tells(name, out))
        return out

    def tells(self, name: str, out: Any) -> bool:
        """Return whether an answer may tell the number of samples, once it is a plain number.

        So may the size of any part, be it as large for both examples, or how many parts there are.
        """
        results = isinstance(out, Tensor | None) or type(out).__module__ == "torch.return_types"
        return not results and name not in PLAIN.split()

    def is_users(self, frame: Any) -> bool:
        """Return whether code that is not torch's asks, by way of what only hands on."""
        while frame.f_back and frame.f_code.co_filename.startswith(BETWEEN):
            frame = frame.f_back
        return not frame.f_code.co_filename.startswith(self.torchs)

    def by_torch_alone(self) -> bool:
        """Return whether torch's kernels, and nothing else, have settled the number of samples."""
        settled = [*self.env.replacements.items()]
        known = len(settled) == 1 and settled[0][1] == self.example
        self.settled = [sympy.Eq(*pair) for pair in settled]
        return known and self.by_torch and not self.by_code

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what a block asks."""
        sizes = fake_tensor._DISPATCH_META_HANDLERS[SIZE]

        def asked_by_torch(args: Any) -> Any:
            before = bool(self.env.replacements)
            found = sizes(args)
            self.by_torch |= bool(self.env.replacements) and not before
            return found

        def asking(original: Any, name: str) -> Any:
            def asked(*args: Any) -> Any:
                if name in ASKED or self.env.replacements:
                    self.by_code |= self.is_users(sys._getframe(1))
                return original(*args)

            return asked

        methods = [
            (kind, name, method) for kind in KINDS for name, method in vars(kind).items()
            if isinstance(method, FunctionType) and name not in KEPT
        ]  # fmt: skip
        with ExitStack() as stack:
            handlers = {SIZE: asked_by_torch}
            stack.enter_context(patch.dict(fake_tensor._DISPATCH_META_HANDLERS, handlers))
            stack.enter_context(self)
            try:
                for kind, name, method in methods:
                    setattr(kind, name, asking(method, name))
                yield
            finally:
                for kind, name, method in methods:
                    setattr(kind, name, method)


def is_symbolic(value: Any) -> bool:
    return isinstance(value, KINDS)


def leaves(value: Any) -> Iterator[Any]:
    """Yield the parts of arguments, those of slices too."""
    if isinstance(value, slice):
        yield from leaves((value.start, value.stop, value.step))
    elif isinstance(value, dict):
        yield from leaves([*value.values()])
    elif isinstance(value, tuple | list):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def for_all(out: fx.GraphModule, example: int) -> fx.GraphModule:
    """Return a program with the number of samples for sizes that are a multiple of an example."""
    graph = out.graph
    x = [node for node in graph.nodes if node.op == "placeholder"][-1]
    with graph.inserting_after(x):
        samples = graph.call_function(torch.ops.aten.sym_size.int, (x, 0))
        samples.meta["val"] = x.meta["val"].shape[0]
    for node in reversed(graph.nodes):  # what only asks for sizes asks again
        asks = node.target is SIZE or (
            node.args[:1] and getattr(node.args[0], "target", None) is SIZE
        )
        if asks and not node.users:
            graph.erase_node(node)
    for node in [n for n in graph.nodes if isinstance(n.target, OpOverload) and n is not samples]:
        names = [a.name for a in node.target._schema.arguments]
        sizes = {*SIZES.findall(str(node.target._schema))}
        with graph.inserting_before(node):
            args = [
                resized(graph, samples, example, v) if name in sizes else v
                for name, v in zip(names, node.args, strict=False)
            ]
            kwargs = {
                name: resized(graph, samples, example, v) if name in sizes else v
                for name, v in node.kwargs.items()
            }
        node.args, node.kwargs = tuple(args), kwargs
    out.recompile()
    return out


def resized(graph: fx.Graph, samples: fx.Node, example: int, value: Any) -> Any:
    """Return a size, or sizes, with the number of samples for a multiple of the example."""
    if isinstance(value, list | tuple):
        return [resized(graph, samples, example, part) for part in value]
    if type(value) is not int or value % example or not 0 < value < MOST:
        return value
    if value == example:
        return samples
    return graph.call_function(operator.mul, (samples, value // example))


def examples(sizes: Sequence[int]) -> list[int]:
    """Return examples that divide none of some sizes."""
    return [p for p in EXAMPLES if all(n % p for n in sizes)]
