"""What a trace is asked for: a module, the size of its samples, an output of their shape."""

from contextlib import suppress
from typing import Any

import torch
from torch import fx, nn
from torch.utils._pytree import tree_leaves

from verify.trusted.calls import overrides
from verify.trusted.extents import extent_of
from verify.trusted.values import mixing

KINDS = "buffers", "children", "modules", "parameters"
LISTING = {f"{named}{kind}" for named in ("", "named_") for kind in KINDS}


def checked_dim(net: Any, dim: Any) -> int:
    """Return n, or raise what is wrong with the arguments."""
    if not isinstance(net, nn.Module):
        raise TypeError(f"net: expected a torch.nn.Module, got {type(net).__name__}")
    if isinstance(net, torch.jit.ScriptModule):
        raise TypeError("net: expected a torch.nn.Module that is not compiled to TorchScript")
    if "_modules" not in vars(net):
        raise TypeError("net: expected a torch.nn.Module whose super().__init__() was called")
    if odd := overrides(net, LISTING):
        raise mixing(f"{odd} lists its parts by code of its own, which may leave something out")
    if dim is None:
        dim = told(net, "dim")
    if dim is None:
        linears = [m for m in net.modules() if isinstance(told(m, "in_features"), int)]
        ends = [(m.in_features, told(m, "out_features")) for m in linears]
        one = len(ends) == 1 or (ends and ends[0][0] == ends[-1][1])
        dim = ends[0][0] if one else None
    if not isinstance(dim, int) or isinstance(dim, bool) or dim < 1:
        raise ValueError(f"dim: expected an integer of at least 1, got {dim!r}")
    return dim


def told(module: nn.Module, name: str) -> Any:
    """Return an attribute of a module, None if it has none: code of its own may raise anything."""
    with suppress(Exception):
        return getattr(module, name, None)
    return None


def check_output(made: fx.GraphModule, batch: int | None, dim: int) -> None:
    """Raise ValueError unless the output has the shape (batch, dim)."""
    (out,) = (node.meta["val"] for node in tree_leaves(list(made.graph.nodes)[-1].args))
    if [extent_of(n) for n in out.shape] != [(1, not batch), (dim, False)]:
        shape = ", ".join("batch" if not isinstance(n, int) else str(n) for n in out.shape)
        raise ValueError(f"net: expected one output of shape (batch, {dim}), got ({shape})")
    if not out.is_floating_point():
        raise ValueError(f"net: expected a floating output, got {out.dtype}")
