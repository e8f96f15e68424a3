"""Measure a network's Jacobian at given points, and judge it there.

Measuring and judging are separate. A measurement at points is no proof: it can refute a claim,
never establish it.
"""

import torch
from torch import Tensor

from gradnets.differences import Map, differences


def jacobian(f: Map, x: Tensor) -> Tensor:
    """Return J_f at each sample by automatic differentiation, J[s, i, j] = df_i/dx_j (x_s).

    Args:
        f: a map of samples (N, n) -> (N, n); sample s of the output depends on sample s alone.
        x: points, shape (N, n), float32 or float64.

    Returns:
        Shape (N, n, n), dtype of x.

    Raises:
        ValueError: x is not of shape (N, n) with N, n >= 1, or f(x) has another shape.
        TypeError: x is of another dtype.

    >>> jacobian(lambda x: x**2, torch.tensor([[1.0, 2.0]])).tolist()
    [[[2.0, 0.0], [0.0, 4.0]]]
    """
    with torch.enable_grad():
        leaf = points(x).detach().clone().requires_grad_()
        y = checked(f(leaf), x)
        if not y.requires_grad:
            return x.new_zeros(*x.shape, x.shape[-1])
        rows = [
            torch.autograd.grad(
                y[:, i].sum(), leaf, retain_graph=True, allow_unused=True, materialize_grads=True
            )[0]
            for i in range(x.shape[-1])
        ]
    return torch.stack(rows, 1).detach()


def jacobian_asymmetry(f: Map, x: Tensor) -> float:
    """Return max |J_f - J_f^T| over the entries and the points x, shape (N, n).

    Zero for a GradNet (Theorem 2), up to rounding.

    Raises:
        ValueError, TypeError: as :func:`jacobian`.

    >>> A = torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
    >>> jacobian_asymmetry(lambda x: x @ A, torch.zeros(3, 2))
    2.0
    """
    J = jacobian(f, x)
    return (J - J.mT).abs().max().item()


def min_eigenvalue(f: Map, x: Tensor) -> float:
    """Return the least eigenvalue of (J_f + J_f^T) / 2 over the points x, shape (N, n).

    Nonnegative for an mGradNet (Theorem 3), up to rounding.

    Raises:
        ValueError, TypeError: as :func:`jacobian`.

    >>> min_eigenvalue(lambda x: -3 * x, torch.zeros(1, 2))
    -3.0
    """
    J = jacobian(f, x)
    return torch.linalg.eigvalsh((J + J.mT) / 2).min().item()


def assert_symmetric_at(f: Map, x: Tensor, tolerance: float | None = None) -> None:
    """Raise AssertionError unless J_f = J_f^T at the points x, shape (N, n), within a tolerance.

    Also raised when the outputs are not finite, when a sample's output changes with the samples
    beside it, and when automatic differentiation disagrees with differences of f itself, or these
    are too coarse in this dtype to tell.

    Args:
        f: a map of samples (N, n) -> (N, n).
        x: points, float32 or float64.
        tolerance: allowed max |J - J^T|; by default, point by point, what rounding can do:
            1000 eps of the size of J or f, and ten times the change of J when x moves by 4 eps.

    Raises:
        AssertionError: with the point and the figure.
        ValueError, TypeError: as :func:`jacobian`.

    >>> assert_symmetric_at(lambda x: x**3, torch.rand(8, 2))
    >>> assert_symmetric_at(lambda x: x.roll(1, -1), torch.zeros(1, 3))
    Traceback (most recent call last):
        ...
    AssertionError: Jacobian not symmetric at x = [0.0, 0.0, 0.0]: |J - J^T| is 1.0, \
allowed 0.000119
    """
    symmetric_jacobian(f, x, tolerance)


def assert_psd_at(f: Map, x: Tensor, tolerance: float | None = None) -> None:
    """Raise AssertionError unless J_f is symmetric PSD at the points x, within a tolerance.

    Args:
        f: a map of samples (N, n) -> (N, n).
        x: points, float32 or float64.
        tolerance: allowed max |J - J^T| and allowed size of a negative eigenvalue; by default
            what rounding can do, as in :func:`assert_symmetric_at`.

    Raises:
        AssertionError: with the point and the figure; also as in :func:`assert_symmetric_at`.
        ValueError, TypeError: as :func:`jacobian`.

    >>> assert_psd_at(torch.tanh, torch.rand(8, 2))
    >>> assert_psd_at(torch.sin, torch.full((1, 2), 3.0))
    Traceback (most recent call last):
        ...
    AssertionError: Jacobian not PSD at x = [3.0, 3.0]: minus the least eigenvalue is 0.99, \
allowed 0.00012
    """
    J, allowed = symmetric_jacobian(f, x, tolerance)
    least = torch.linalg.eigvalsh((J + J.mT) / 2).amin(-1)
    judge(-least, x, allowed, "Jacobian not PSD", "minus the least eigenvalue")


def symmetric_jacobian(f: Map, x: Tensor, tolerance: float | None) -> tuple[Tensor, Tensor]:
    """Return J once it is judged symmetric, and the tolerance of each point, shape (N,)."""
    J, rounding = trusted_jacobian(f, x)
    allowed = rounding if tolerance is None else torch.full_like(rounding, tolerance)
    judge((J - J.mT).abs().amax((-2, -1)), x, allowed, "Jacobian not symmetric", "|J - J^T|")
    return J, allowed


def trusted_jacobian(f: Map, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return J by automatic differentiation and its rounding error, shape (N,), no lie left."""
    y = image(f, points(x))
    finite = torch.isfinite(y).all(-1)
    if not finite.all():
        raise AssertionError(f"f(x) is not finite at x = {x[~finite][0].tolist()}")
    J = jacobian(f, x)
    rounding = rounding_error(f, x, y, J)
    assert_alone(f, x, y, J)
    assert_same_without_gradients(f, x, y)
    d = differences(lambda v: image(f, v), x)
    allowed = 6 * d.error + rounding
    complaint = "automatic differentiation disagrees with differences of f"
    judge(d.gap(J), x, allowed, complaint, "the gap")
    largest = J.abs().amax((-2, -1))
    # A saturated point has a small J; there a thousandth of the largest J is fine enough.
    enough = torch.maximum(largest, 1e-3 * largest.max())
    coarse = torch.where(enough > 0, allowed, 0)
    judge(coarse, x, enough, "differences of f are too coarse to judge", "their error")
    return J, rounding


def rounding_error(f: Map, x: Tensor, y: Tensor, J: Tensor) -> Tensor:
    """Return what rounding can do to J, a point each: a share of its size, and 4 eps of x."""
    eps = torch.finfo(x.dtype).eps
    moved = [jacobian(f, x * (1 + sign * 4 * eps)) for sign in (1, -1)]
    change = torch.stack([(J - other).abs() for other in moved]).amax((0, -2, -1))
    largest = J.abs().amax((-2, -1))
    # Where a network is saturated its J is small and its rounding is not: there the sizes count
    # that J and f reach at a quarter of the points. A few steep points do not move these.
    spread = (y - y.median(0).values).abs().amax(-1) / x.abs().amax(-1).clamp(min=1)
    usual = [torch.quantile(v, 0.75, interpolation="lower") for v in (largest, spread)]
    size = torch.stack([largest, spread, *(v.expand_as(largest) for v in usual)]).amax(0)
    return 1000 * eps * size + 10 * change


def assert_alone(f: Map, x: Tensor, y: Tensor, J: Tensor) -> None:
    """Raise AssertionError if f or J at a sample changes with the samples beside it."""
    few = range(min(len(x), 4))
    figures = [
        (y, image(f, torch.cat([x, x.flip(0) / 2 + 0.25]))[: len(x)]),
        (y, torch.cat([image(f, x[i : i + 1]) for i in few])),
        (J.flatten(1), torch.cat([jacobian(f, x[i : i + 1]) for i in few]).flatten(1)),
    ]
    for here, other in figures:
        here = here[: len(other)]
        change = (other - here).abs().amax(-1)
        allowed = torch.full_like(change, torch.finfo(x.dtype).eps ** 0.5 * float(here.abs().max()))
        judge(change, x, allowed, "f depends on the samples beside", "the change")


def assert_same_without_gradients(f: Map, x: Tensor, y: Tensor) -> None:
    """Raise AssertionError if f is another map where gradients are switched off."""
    try:
        with torch.no_grad():
            other = f(x)
    except RuntimeError:
        return  # f differentiates inside and has no other face
    change = (checked(other, x) - y).abs().amax(-1)
    allowed = torch.full_like(change, torch.finfo(x.dtype).eps ** 0.5 * float(y.abs().max()))
    judge(change, x, allowed, "f is another map under no_grad", "the change")


def judge(figure: Tensor, x: Tensor, allowed: Tensor, complaint: str, name: str) -> None:
    """Raise AssertionError for the worst point whose figure is not at most what is allowed."""
    excess = figure - allowed
    worst = int(torch.argmax(torch.nan_to_num(excess, nan=torch.inf)))
    if not excess[worst] <= 0:
        raise AssertionError(
            f"{complaint} at x = {x[worst].tolist()}: {name} is {figure[worst].item():.3},"
            f" allowed {allowed[worst].item():.3}"
        )


def points(x: Tensor) -> Tensor:
    """Return x if it is a float32 or float64 tensor of shape (N, n), N, n >= 1."""
    if not isinstance(x, Tensor) or x.dtype not in (torch.float32, torch.float64):
        kind = getattr(x, "dtype", type(x))
        raise TypeError(f"x: expected a tensor of dtype float32 or float64, got {kind}")
    if x.ndim != 2 or 0 in x.shape:
        raise ValueError(f"x: expected shape (N, n) with N, n >= 1, got {tuple(x.shape)}")
    return x


def image(f: Map, x: Tensor) -> Tensor:
    """Return f(x), detached, if it has the shape of x; f may differentiate inside."""
    with torch.enable_grad():
        y = f(x.detach().requires_grad_())
    return checked(y, x).detach()


def checked(y: Tensor, x: Tensor) -> Tensor:
    """Return y if it has the shape of x."""
    if not isinstance(y, Tensor) or y.shape != x.shape:
        shape = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise ValueError(f"f: expected output of shape {tuple(x.shape)}, got {shape}")
    return y
