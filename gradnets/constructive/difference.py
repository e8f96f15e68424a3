"""Gradients of functions with bounded Hessian by differences of two mGradNets: Theorem 5."""

import dataclasses
from collections.abc import Callable

from torch import Tensor

from gradnets.combinations import Difference
from gradnets.constructive import claims, lse
from gradnets.constructive.approximation import LIMIT, Approximation, affordable, wanted
from gradnets.constructive.targets import Target


def build(target: Target, error: float, *, limit: int = LIMIT) -> Approximation:
    """Return a difference of two mGradNets within the error of grad F, as Theorem 5 builds it.

    F = (F + (c/2) |x|^2) - (c/2) |x|^2, Lemma 4

    Both parts are convex, with gradients of Lipschitz constants ell + c and c, and are built by
    :func:`gradnets.constructive.lse.build`. A part takes about (ell_i / error_i)^n neurons; the
    wanted error is shared so that their sum is least, error_i ~ ell_i^(n / (n + 1)). The bounds
    are the sums of the parts' bounds.

    Args:
        target: F with concavity c > 0.
        error: the wanted bound.
        limit: the greatest number of neurons of both networks together.

    Raises:
        ValueError: as :func:`gradnets.constructive.lse.build`, or a concavity of 0.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", Theorem 5.

    >>> import torch
    >>> near = build(Target(1, lambda x: torch.cos(x[..., 0]), lambda x: -x.sin(), 1.0, 1.0), 0.1)
    >>> near.neurons, near.bound <= 0.1
    (31, True)
    """
    wanted(error)
    n, c = target.dim, target.concavity
    if c == 0:
        raise ValueError("target: expected concavity > 0, a convex F takes one network (Theorem 4)")
    claims.judge(target)
    parts = decompose(target)
    shares = [part.lipschitz ** (n / (n + 1)) for part in parts]
    errors = [error * share / sum(shares) * (1 - 1e-15) for share in shares]
    count = sum(lse.per_axis(p, e) ** n for p, e in zip(parts, errors, strict=True))
    affordable(count, limit, error, n)
    first, second = (lse.build(p, e, limit=limit) for p, e in zip(parts, errors, strict=True))
    return Approximation(
        target,
        Difference(first.network, second.network),
        count,
        (first.bound + second.bound) * (1 + 1e-15),
        (first.potential_bound + second.potential_bound) * (1 + 1e-15),
        difference(first.potential, second.potential),
    )


def decompose(target: Target) -> tuple[Target, Target]:
    """Return F + (c/2) |x|^2 and (c/2) |x|^2, both convex: Lemma 4.

    >>> import torch
    >>> parts = decompose(Target(1, lambda x: torch.cos(x[..., 0]), lambda x: -x.sin(), 1.0, 1.0))
    >>> [part.lipschitz for part in parts]
    [2.0, 1.0]
    """
    c = target.concavity
    bowl = Target(target.dim, lambda x: c / 2 * x.square().sum(-1), lambda x: c * x, c)
    convex = dataclasses.replace(
        target,
        potential=lambda x: target.potential(x) + bowl.potential(x),
        gradient=lambda x: target.gradient(x) + bowl.gradient(x),
        lipschitz=target.lipschitz + c,
        concavity=0.0,
    )
    return convex, bowl


def difference(
    g: Callable[[Tensor], Tensor] | None, h: Callable[[Tensor], Tensor] | None
) -> Callable[[Tensor], Tensor] | None:
    """Return x -> g(x) - h(x)."""
    return None if g is None or h is None else lambda x: g(x) - h(x)
