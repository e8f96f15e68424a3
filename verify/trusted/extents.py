"""Sizes of axes: of the traced program, and the factors that two of them have in common."""

from typing import Any

from torch import fx
from torch.fx.experimental.symbolic_shapes import free_unbacked_symbols

from verify.trusted.values import Extent, divides, mixing, quotient, unreadable


def extent_of(size: Any) -> Extent:
    """Return a size of the traced program as so many times the number of samples."""
    if isinstance(size, int):
        return size, False
    symbols = size.node.expr.free_symbols
    factor = size.node.expr / next(iter(symbols)) if len(symbols) == 1 else None
    if factor is None or not factor.is_Integer or free_unbacked_symbols(size):
        raise mixing(f"an axis of size {size.node.expr}, which depends on values")
    return int(factor), True


def one_sample(node: fx.Node) -> list[int]:
    """Return the shape of a tensor with one sample."""
    return [extent_of(size)[0] for size in node.meta["val"].shape]


def refine(a: list[Extent], b: list[Extent]) -> list[Extent]:
    """Return the coarsest factors that two ways to factor an axis have in common."""
    out = []
    while a and b:
        (p, *a), (q, *b) = a, b
        if divides(q, p):
            p, q, a, b = q, p, b, a
        if not divides(p, q):
            mixed = any(extent[1] for extent in (p, q, *a, *b))
            raise (mixing if mixed else unreadable)("axes that were merged in different ways meet")
        out.append(p)
        b = b if p == q else [quotient(q, p), *b]
    return [*out, *a, *b]
