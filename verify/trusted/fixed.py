"""Numbers that Python takes out of tensors that are the module's constants.

Python may ask a buffer, a frozen parameter or any other tensor that is no sample and no parameter
for a number. It is what torch computes of copies of those constants, by the operations that are
traced. Asked of anything else, or after a write to what does not depend on the sample, there is no
number. What outlives the call is not written to at all: a program that does so is refused.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, fx
from torch.fx.experimental.proxy_tensor import get_proxy_mode, get_proxy_slot
from torch.overrides import handle_torch_function
from torch.utils._python_dispatch import _disable_current_modes
from torch.utils._pytree import tree_leaves

from verify.trusted.memory import overlap, root, sides
from verify.trusted.values import mixing


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAKES = {
    getattr(Tensor, name): name
    for name in ("item", "tolist", "__float__", "__int__", "__bool__", "__index__")
}
KNOWN = words(  # operations that neither write nor draw
    "select slice unbind split split_with_sizes index_select index gather getitem view _unsafe_view"
    " reshape expand t transpose permute squeeze unsqueeze flatten detach alias lift_fresh"
    " lift_fresh_copy clone _to_copy min max amin amax aminmax sum mean any all prod argmax argmin"
    " sort cumsum norm linalg_vector_norm std var abs neg sign floor ceil round trunc sqrt exp log"
    " log2 add sub rsub mul div remainder floor_divide pow reciprocal maximum minimum clamp where"
    " eq ne lt le gt ge logical_and logical_or logical_not bitwise_and bitwise_or bitwise_not isnan"
    " isfinite isinf diff arange full full_like zeros zeros_like ones ones_like eye linspace"
    " scalar_tensor"
)
MOST = 1 << 20  # entries of a constant that is computed


def as_list(t: Tensor) -> Any:
    """Ask for a list as for a number: a tensor without data would take itself apart."""
    return handle_torch_function(Tensor.tolist, (t,), t)


class MovingError(Exception):
    """What is asked for a number is no constant."""


def taken(func: Any, t: Any, given: Sequence[Tensor]) -> tuple[Any] | None:
    """Return the number that a constant is asked for, or None where it is none.

    Args:
        func: how it is asked, one of ``TAKES``.
        t: the tensor, as it is traced.
        given: the module's tensors, in the order of the program's arguments.
    """
    mode = get_proxy_mode()
    if mode is None or not isinstance(t, Tensor):
        return None
    try:
        with torch.no_grad():
            value = Constants(mode.tracer, given).of(t)
            with _disable_current_modes():
                return (func(value),)
    except MovingError:
        if func is Tensor.tolist:
            raise mixing("a list is made of values") from None
        return None


class Constants:
    """The constants among the results of a program that is being traced."""

    def __init__(self, tracer: Any, given: Sequence[Tensor]) -> None:
        self.tracer, self.given = tracer, given
        inputs = [n for n in tracer.graph.nodes if n.op == "placeholder"]
        self.tensors = dict(zip(inputs, given, strict=False))  # the sample is the last
        self.found: dict[fx.Node, Any] = {}

    def of(self, t: Tensor) -> Any:
        """Return a traced tensor's numbers, or raise."""
        slot = get_proxy_slot(t, self.tracer, None)
        node = getattr(getattr(slot, "proxy", None), "node", None)
        if not isinstance(node, fx.Node) or any(map(self.disturbs, self.tracer.graph.nodes)):
            raise MovingError
        return self.value(node)

    def disturbs(self, node: fx.Node) -> bool:
        """Return whether an operation writes to what does not depend on the sample."""
        schema = getattr(node.target, "_schema", None)
        if node.op != "call_function" or schema is None or not schema.is_mutable:
            return False
        return not all(self.moves(root(written)) for written in sides(node)[1])

    def moves(self, node: fx.Node) -> bool:
        """Return whether an operation is given the sample, or what is made of it."""
        seen, new = {node}, [node]
        while new:
            more = {*new.pop().all_input_nodes} - seen
            seen |= more
            new += more
        return any(n.op == "placeholder" and n not in self.tensors for n in seen)

    def value(self, node: fx.Node) -> Any:
        """Return what an operation on constants results in, or raise."""
        if node not in self.found:
            self.found[node] = self.computed(node)
        return self.found[node]

    def computed(self, node: fx.Node) -> Any:
        if node.op in ("placeholder", "get_attr"):
            held = getattr(self.tracer.root, str(node.target), None)
            return self.copied(self.tensors.get(node) if node.op == "placeholder" else held)
        name = getattr(node.target, "__name__", "").split(".")[0]
        if node.op != "call_function" or name not in KNOWN:
            raise MovingError
        args, kwargs = fx.map_arg((node.args, node.kwargs), self.value)
        odd = (torch.SymInt, torch.SymFloat, torch.SymBool)
        if any(isinstance(a, odd) for a in tree_leaves((args, kwargs))):
            raise MovingError
        with _disable_current_modes():
            return node.target(*args, **kwargs)  # type: ignore[operator]

    def copied(self, t: Any) -> Tensor:
        """Return a copy of a constant: what is computed of it does not write to the module's."""
        if type(t) not in (Tensor, torch.nn.Parameter) or t.requires_grad:
            raise MovingError
        trained = [u for u in self.given if u.requires_grad]
        with _disable_current_modes():
            if t.numel() > MOST or any(overlap(t, u) for u in trained):
                raise MovingError
            return t.detach().clone()
