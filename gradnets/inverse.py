"""The inverse of a strongly monotone network, the gradient of the convex conjugate of F."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gradnets import checks
from gradnets.bounds import curvature
from gradnets.jacobians import jacobian, jacobian_factors

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}
# A bracket of a continuous function halves at least every second step.
MOST_CUTS = 80

Solve = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Inverse:
    """What :func:`inverse` found for y of shape (..., n).

    Attributes:
        x: shape (..., n).
        residual: |f(x) - y|, shape (...).
        error: residual / mu, a bound of |x - f^{-1}(y)|, up to the rounding errors of f.
        iterations: Newton steps taken, shape (...), int64.
        converged: where residual <= tolerance (1 + |y|), shape (...).
    """

    x: Tensor
    residual: Tensor
    error: Tensor
    iterations: Tensor
    converged: Tensor


def inverse(
    net: nn.Module,
    y: Tensor,
    tolerance: float | None = None,
    max_iterations: int = 200,
) -> Inverse:
    """Return x with f(x) = y for a strongly monotone network f = grad F.

    x = argmin F(x) - y.x = grad F*(y), by Newton's method on this strongly convex function. A full
    step counts if it halves the least residual so far. Otherwise, and else only finitely often, the
    step is cut to where the slope (f(x + t p) - y).p is between -half of that at t = 0 and 0,
    or kept whole if it is not above 0 there; each such step lowers F(x) - y.x by at least a fixed
    multiple of |f(x) - y|^2. So the method converges for every strongly monotone Lipschitz
    gradient, one with kinks too, from any start. Where f is C^2 it ends quadratically.

    Args:
        net: a network with a certified mu > 0, :func:`gradnets.bounds.strong_convexity`.
        y: values, shape (..., n), of the dtype of the weights.
        tolerance: a sample has converged once |f(x) - y| <= tolerance (1 + |y|); 1e-12 in float64
            and 1e-5 in float32 by default.
        max_iterations: Newton steps. A sample that has not converged by then, or that rounding
            lets get no further, is told by ``converged``.

    Returns:
        :class:`Inverse`. Its x is differentiable once in y and in the weights, by the implicit
        function theorem: dx = J_f(x)^{-1} (dy - df). The samples are solved as one batch, each
        leaving it as it converges, so the loop cannot be traced or put under vmap.

    Raises:
        ValueError: a network that is not certified strongly monotone, a tolerance that is not
            positive, no iterations, values that are not finite; as the network does for x.
        TypeError: as the network does for x.

    Source: Rockafellar, "Convex analysis", Theorem 26.5; the line search is this package's.

    >>> from gradnets import mGradNetC, mStronglyMonotone
    >>> net = mStronglyMonotone(mGradNetC(dim=3, width=7, depth=2), mu=0.1).double()
    >>> x = torch.ones(5, 3, dtype=torch.float64)
    >>> found = inverse(net, net(x))
    >>> bool(found.converged.all() and (found.x - x).abs().max() < 1e-9)
    True
    >>> inverse(mGradNetC(dim=3, width=7, depth=2), torch.zeros(3))
    Traceback (most recent call last):
        ...
    ValueError: net: expected a strongly monotone map, certified are slopes of at least 0; add \
mu x with mu > 0, as mStronglyMonotone does
    """
    mu = strong(net)
    tolerance, most = check(y, tolerance), checks.size("max_iterations", max_iterations)
    values = y.reshape(-1, y.shape[-1])
    with torch.no_grad():
        allowed = tolerance * (1 + values.norm(dim=-1))
        x, iterations = newton(net, values.detach(), allowed, mu, most)
    residual = net(x) - values
    if residual.requires_grad:
        x = Implicit.apply(residual, x, solver(net, x))
    size = residual.detach().norm(dim=-1)
    shape = y.shape[:-1]
    return Inverse(
        x.reshape(y.shape),
        size.reshape(shape),
        (size / mu).reshape(shape),
        iterations.reshape(shape),
        (size <= allowed).reshape(shape),
    )


def newton(
    net: nn.Module, y: Tensor, allowed: Tensor, mu: float, most: int
) -> tuple[Tensor, Tensor]:
    """Return x of shape (N, n) and the steps taken, shape (N,); y of shape (N, n)."""
    x = torch.zeros_like(y)
    r = net(x) - y
    least = r.norm(dim=-1)
    iterations = torch.zeros(len(y), dtype=torch.long, device=y.device)
    at_work = least > allowed
    for _ in range(most):
        if not at_work.any():
            break
        i = at_work.nonzero()[:, 0]
        p = direction(net, x[i], r[i], mu)
        x_new, r_new = x[i] + p, net(x[i] + p) - y[i]
        halved = r_new.norm(dim=-1) <= least[i] / 2
        long = ~halved & ~(dot(r_new, p) <= 0)
        if long.any():
            j = i[long]
            t = cut(net, x[j], y[j], p[long], dot(r[j], p[long]))
            x_new[long] = x[j] + t[:, None] * p[long]
            r_new[long] = net(x_new[long]) - y[j]
        least[i] = torch.where(halved, r_new.norm(dim=-1), least[i])
        moved = (x_new != x[i]).any(-1)
        x[i], r[i] = x_new, r_new
        iterations[i] += 1
        at_work[i] = moved & (r_new.norm(dim=-1) > allowed[i])
    return x, iterations


def direction(net: nn.Module, x: Tensor, r: Tensor, mu: float) -> Tensor:
    """Return -J^{-1} r, or -r / mu where rounding has spoilt it: -r.p = p.J p >= mu |p|^2."""
    p = -solver(net, x)(r)
    sound = -dot(r, p) >= 0.5 * mu * p.square().sum(-1)
    return torch.where((sound & p.isfinite().all(-1))[:, None], p, -r / mu)


def cut(net: nn.Module, x: Tensor, y: Tensor, p: Tensor, start: Tensor) -> Tensor:
    """Return t in (0, 1) with start / 2 <= (f(x + t p) - y).p <= 0, start < 0 the slope at 0.

    The slope is continuous, nondecreasing in t, and above 0, or not finite, at t = 1: secant steps
    to start / 4 and halvings of the bracket in turn. All of shape (N,), x, y and p (N, n).
    """
    low, high = torch.zeros_like(start), torch.ones_like(start)
    low_slope, high_slope = start, torch.full_like(start, torch.inf)
    t = torch.full_like(start, 0.5)
    for k in range(MOST_CUTS):
        slope = dot(net(x + t[:, None] * p) - y, p)
        under = slope <= 0
        low, low_slope = torch.where(under, t, low), torch.where(under, slope, low_slope)
        high, high_slope = torch.where(under, high, t), torch.where(under, high_slope, slope)
        if (low_slope >= start / 2).all():
            break
        secant = low + (high - low) * (start / 4 - low_slope) / (high_slope - low_slope)
        inside = (secant > low) & (secant < high) & (k % 2 == 0)
        open_ = low_slope < start / 2
        t = torch.where(open_, torch.where(inside, secant, (low + high) / 2), low)
    return low


def solver(net: nn.Module, x: Tensor) -> Solve:
    """Return v -> J_f(x)^{-1} v for v of shape (N, n)."""
    with torch.no_grad():
        factors = jacobian_factors(net, x)
        J = jacobian(net, x) if factors is None else None
    if factors is not None:
        return factors.solve
    assert J is not None
    return lambda v: torch.linalg.solve_ex(J, v)[0]


class Implicit(torch.autograd.Function):
    """x as a function of the residual f(x) - y that vanishes there: dx = -J^{-1} d(residual)."""

    @staticmethod
    def forward(ctx: Any, residual: Tensor, x: Tensor, solve: Solve) -> Tensor:
        ctx.solve = solve
        return x.clone()

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *grads: Tensor
    ) -> tuple[Tensor, None, None]:
        if torch.is_grad_enabled():  # J moves with x, which this derivative of it would miss
            raise RuntimeError("inverse: differentiable once, got create_graph=True")
        return -ctx.solve(grads[0]), None, None


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Return a.b of each sample."""
    return (a * b).sum(-1)


@torch.no_grad()
def strong(net: nn.Module) -> float:
    """Return the certified mu > 0 of a network, or say what to add."""
    low = curvature(net)[0].item()
    if low > 0:
        return low
    if low == -math.inf or math.isnan(low):
        raise ValueError(
            "net: expected a strongly monotone map, no lower bound of the slopes is known of"
            f" {type(net).__name__}"
        )
    raise ValueError(
        "net: expected a strongly monotone map, certified are slopes of at least"
        f" {low + 0.0:.4g}; add mu x with mu > {abs(low):.4g}, as mStronglyMonotone does"
    )


def check(y: Tensor, tolerance: float | None) -> float:
    """Return the tolerance, the default of the dtype if None; y must be finite."""
    if not isinstance(y, Tensor) or y.dtype not in TOLERANCE or y.ndim == 0:
        raise TypeError(f"y: expected a float32 or float64 tensor of shape (..., n), got {y!r}")
    if not y.isfinite().all():
        raise ValueError("y: expected finite values, got nan or inf")
    if tolerance is None:
        return TOLERANCE[y.dtype]
    if not isinstance(tolerance, int | float) or not 0 < tolerance < math.inf:
        raise ValueError(f"tolerance: expected a positive number, got {tolerance!r}")
    return tolerance
