"""Where tensors lie in memory: whether a tensor meets itself, or another one."""

import itertools
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.lib.array_utils import byte_bounds
from torch import Tensor, fx, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.nn.parameter import is_lazy
from torch.utils._pytree import tree_leaves

from verify.trusted.values import mixing, unreadable


def folded(t: Tensor) -> bool:
    """Return whether entries of a tensor may lie at one place: an axis steps into a shorter one."""
    end = 0  # of what the axes of shorter steps cover
    for by, n in sorted(zip(t.stride(), t.shape, strict=True)):
        if n > 1 and by <= end:
            return True
        end += by * (n - 1)
    return False


def ends(t: Tensor) -> tuple[int, int]:
    """Return the addresses between which a tensor lies."""
    last = sum(by * (n - 1) for by, n in zip(t.stride(), t.shape, strict=True))
    return t.data_ptr(), t.data_ptr() + t.element_size() * (last + 1)


def overlap(a: Tensor, b: Tensor) -> bool:
    """Return whether two tensors may share memory.

    >>> t = torch.zeros(4)
    >>> overlap(t[:2], t[2:]), overlap(t[:3], t[2:])
    (False, True)
    """
    (a_first, a_last), (b_first, b_last) = ends(a), ends(b)
    return bool(a.numel() and b.numel()) and a_first < b_last and b_first < a_last


def crosses(node: fx.Node) -> bool:
    """Return whether an operation in place reads what it writes to, but entry by entry."""
    own = node.target is torch.ops.aten.copy_.default
    own = own or torch.Tag.pointwise in getattr(node.target, "tags", ())
    return any(root(a) is root(b) and meet(a, b, own) for a, b in itertools.product(*sides(node)))


def sides(node: fx.Node) -> tuple[list[fx.Node], list[fx.Node]]:
    """Return the tensors that an operation reads, and those that it writes to."""
    arguments = node.target._schema.arguments  # type: ignore[union-attr]
    given = {**dict(zip([a.name for a in arguments], node.args, strict=False)), **node.kwargs}
    written = {a.name for a in arguments if a.alias_info is not None and a.alias_info.is_write}
    read, out = ([v for k, v in given.items() if (k in written) is side] for side in (False, True))
    leaves = [[a for a in tree_leaves(part) if isinstance(a, fx.Node)] for part in (read, out)]
    return leaves[0], leaves[1]


def root(node: Any) -> Any:
    """Return the operation that made the memory that a result lies in."""
    while node.op == "call_function":
        if node.target is operator.getitem:
            node = node.args[0]
            continue
        returned = getattr(getattr(node.target, "_schema", None), "returns", ())
        if not returned or returned[0].alias_info is None:
            break
        node = (*sides(node)[1], node.args[0])[0]
    return node


def meet(a: fx.Node, b: fx.Node, own: bool) -> bool:
    """Return whether two views of one tensor share entries; if ``own``, and are not the same."""
    one, two = (
        [*map(hinted, (*t.shape, *t.stride(), t.storage_offset()))] for t in map(value, (a, b))
    )
    return not (own and one == two) and bool(entries(a) & entries(b))


def entries(node: fx.Node) -> set[int]:
    """Return where the entries of a tensor lie, for the example of a number of samples."""
    places = {hinted(value(node).storage_offset())}
    for n, by in zip(value(node).shape, value(node).stride(), strict=True):
        places = {p + k * hinted(by) for p in places for k in range(hinted(n))}
    return places


def value(node: fx.Node) -> Tensor:
    return node.meta["val"]  # type: ignore[no-any-return]


def hinted(size: Any) -> int:
    """Return a size, of a symbolic one the example."""
    return int(size.node.hint) if isinstance(size, torch.SymInt) else int(size)


def check_tensors(tensors: Mapping[str, Tensor], parameters: Mapping[str, Tensor]) -> None:
    """Raise unless parameters are dense floating numbers in memory of their own."""
    owned = {id(t) for t in parameters.values()}
    for name, t in tensors.items():
        if is_lazy(t) or t.layout != torch.strided:
            got = "one that is not" if is_lazy(t) else str(t.layout)
            raise ValueError(f"{name}: expected a dense tensor that is initialized, got {got}")
        if type(t) not in (Tensor, nn.Parameter):
            raise ValueError(f"{name}: expected a tensor or a parameter, got {type(t).__name__}")
        if t.device.type != "cpu":
            raise ValueError(f"{name}: expected a tensor on the CPU, got {t.device}")
        if name in parameters and t.dtype not in (torch.float32, torch.float64):
            raise ValueError(f"{name}: expected float32 or float64, got {t.dtype}")
        if name in parameters and folded(t):
            raise unreadable(f"{name} shares memory with itself")
        if t.requires_grad and (not t.is_leaf or id(t) not in owned):
            raise unreadable(f"{name} requires a gradient and is no parameter")
    for (name, t), (other, u) in itertools.combinations(tensors.items(), 2):
        if t is not u and (t.requires_grad or u.requires_grad) and overlap(t, u):
            raise unreadable(f"{name} and {other} share memory")


def check_apart(held: Iterable[Any], thetas: Sequence[Tensor]) -> None:
    """Raise if something else that is held lies in a parameter's memory, and changes with it."""
    known = {id(t) for t in thetas}
    arrays = [v for v in held if isinstance(v, np.ndarray) and not v.dtype.hasobject]
    tensors = [v for v in held if isinstance(v, Tensor) and not isinstance(v, FakeTensor)]
    tensors += [v._values() for v in tensors if v.layout == torch.sparse_coo]
    tensors = [v for v in tensors if v.layout == torch.strided and v.device.type == "cpu"]
    found = [v for v in tensors if id(v) not in known and not (v.is_nested or is_lazy(v))]
    stores = [v for v in held if isinstance(v, torch.UntypedStorage | torch.TypedStorage)]
    places = [(v, *ends(v)) for v in found] + [(v, *byte_bounds(v)) for v in arrays if v.size]
    places += [(v, v.data_ptr(), v.data_ptr() + v.nbytes()) for v in stores]
    for value, first, last in places:
        for t in thetas:
            if t.numel() and first < ends(t)[1] and ends(t)[0] < last:
                kind = type(value).__name__
                raise mixing(f"a {kind} is kept that shares the memory of a parameter")


@contextmanager
def filled(thetas: Sequence[Tensor], factor: float | None) -> Iterator[None]:
    """Put other numbers where the parameters are, which only what goes behind torch can see."""
    saved = [] if factor is None else [t.detach().clone() for t in thetas]
    generator = torch.Generator().manual_seed(0)
    try:
        for t, old in zip(thetas, saved, strict=False):
            noise = torch.rand(min(t.numel(), 997), generator=generator) + 0.5
            t.data.copy_(noise.repeat(-(-t.numel() // 997))[: t.numel()].view(t.shape))
            t.data.mul_(factor or 1).sub_(old)
        yield
    finally:
        for t, old in zip(thetas, saved, strict=False):
            t.data.copy_(old)
