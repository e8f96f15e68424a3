"""Measure a network's Jacobian at given points, and judge it there.

Measuring and judging are separate. A measurement at points is no proof: it can refute a claim,
never establish it.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Map = Callable[[Tensor], Tensor]


def jacobian(f: Map, x: Tensor) -> Tensor:
    """Return J_f at each sample by automatic differentiation, J[s, i, j] = df_i/dx_j (x_s).

    Args:
        f: a map of samples (N, n) -> (N, n); sample s of the output depends on sample s alone.
        x: points, shape (N, n), floating.

    Returns:
        Shape (N, n, n), dtype of x.

    Raises:
        ValueError: x is not of shape (N, n) with N, n >= 1, or f(x) has another shape.
        TypeError: x is not floating.

    >>> jacobian(lambda x: x**2, torch.tensor([[1.0, 2.0]])).tolist()
    [[[2.0, 0.0], [0.0, 4.0]]]
    """
    with torch.enable_grad():
        leaf = points(x).detach().clone().requires_grad_()
        y = image(f, leaf)
        if not y.requires_grad:
            return torch.zeros(*x.shape, x.shape[-1], dtype=x.dtype)
        rows = [
            torch.autograd.grad(
                y[:, i].sum(), leaf, retain_graph=True, allow_unused=True, materialize_grads=True
            )[0]
            for i in range(x.shape[-1])
        ]
    return torch.stack(rows, 1).detach()


def difference_jacobian(f: Map, x: Tensor, factor: float = 1.0) -> Tensor:
    """Return J_f at each sample by central differences of step factor eps^(1/3) max(1, |x|).

    Shapes and errors as in :func:`jacobian`. It sees the map itself, where automatic
    differentiation sees what the code declares to be its derivative.

    >>> x = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    >>> difference_jacobian(lambda x: x.detach()**2, x).round(decimals=6).tolist()
    [[[2.0, 0.0], [0.0, 4.0]]]
    """
    step = factor * torch.finfo(points(x).dtype).eps ** (1 / 3) * scale(x)
    with torch.no_grad():
        shifts = step * torch.eye(x.shape[-1], dtype=x.dtype)
        columns = [(image(f, x + h) - image(f, x - h)) / (2 * step) for h in shifts]
    return torch.stack(columns, -1)


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
    beside it, and when automatic differentiation disagrees with differences of f itself.

    Args:
        f: a map of samples (N, n) -> (N, n).
        x: points.
        tolerance: allowed max |J - J^T|; by default 100 eps of the dtype times max(1, |J|).

    Raises:
        AssertionError: with the point and the figure.
        ValueError, TypeError: as :func:`jacobian`.

    >>> assert_symmetric_at(lambda x: x**3, torch.rand(8, 2))
    >>> assert_symmetric_at(lambda x: x.roll(1, -1), torch.zeros(1, 3))
    Traceback (most recent call last):
        ...
    AssertionError: Jacobian not symmetric at x = [0.0, 0.0, 0.0]: |J - J^T| is 1.0, \
allowed 1.19e-05
    """
    J = trusted_jacobian(f, x)
    allowed = 100 * torch.finfo(x.dtype).eps * scale(J) if tolerance is None else tolerance
    gap = (J - J.mT).abs().amax((-2, -1))
    judge(gap, x, allowed, "Jacobian not symmetric", "|J - J^T|")


def assert_psd_at(f: Map, x: Tensor, tolerance: float | None = None) -> None:
    """Raise AssertionError unless J_f is symmetric PSD at the points x, within a tolerance.

    Args:
        f: a map of samples (N, n) -> (N, n).
        x: points.
        tolerance: allowed max |J - J^T| and allowed size of a negative eigenvalue; by default
            100 eps of the dtype times max(1, |J|).

    Raises:
        AssertionError: with the point and the figure; also as in :func:`assert_symmetric_at`.
        ValueError, TypeError: as :func:`jacobian`.

    >>> assert_psd_at(torch.tanh, torch.rand(8, 2))
    >>> assert_psd_at(torch.sin, torch.full((1, 2), 3.0))
    Traceback (most recent call last):
        ...
    AssertionError: Jacobian not PSD at x = [3.0, 3.0]: minus the least eigenvalue is 0.99, \
allowed 1.19e-05
    """
    assert_symmetric_at(f, x, tolerance)
    J = jacobian(f, x)
    allowed = 100 * torch.finfo(x.dtype).eps * scale(J) if tolerance is None else tolerance
    least = torch.linalg.eigvalsh((J + J.mT) / 2).amin(-1)
    judge(-least, x, allowed, "Jacobian not PSD", "minus the least eigenvalue")


def trusted_jacobian(f: Map, x: Tensor) -> Tensor:
    """Return the Jacobian by automatic differentiation once three lies are excluded."""
    with torch.no_grad():
        y = image(f, points(x))
        alone = torch.cat([image(f, x[i : i + 1]) for i in range(min(len(x), 4))])
    finite = torch.isfinite(y).all(-1)
    if not finite.all():
        raise AssertionError(f"f(x) is not finite at x = {x[~finite][0].tolist()}")
    change = (alone - y[: len(alone)]).abs().amax(-1)
    allowed = torch.finfo(x.dtype).eps ** 0.5 * scale(y)
    judge(change, x, allowed, "f depends on the samples beside", "the change")
    J, near, far = jacobian(f, x), difference_jacobian(f, x), difference_jacobian(f, x, 2.0)
    # What two steps differ by bounds the error of the smaller one; the rest is rounding.
    rounding = 100 * torch.finfo(x.dtype).eps ** (2 / 3) * max(scale(J), scale(y), scale(x))
    allowed = rounding + (near - far).abs().amax((-2, -1))
    gap = (J - near).abs().amax((-2, -1))
    judge(gap, x, allowed, "automatic differentiation disagrees with differences of f", "the gap")
    return J


def judge(figure: Tensor, x: Tensor, allowed: Tensor | float, complaint: str, name: str) -> None:
    """Raise AssertionError for the worst point whose figure is not at most what is allowed."""
    excess = figure - allowed
    worst = int(torch.argmax(torch.nan_to_num(excess, nan=torch.inf)))
    if not excess[worst] <= 0:
        bound = float(allowed[worst] if isinstance(allowed, Tensor) else allowed)
        raise AssertionError(
            f"{complaint} at x = {x[worst].tolist()}: {name} is {figure[worst].item():.3},"
            f" allowed {bound:.3}"
        )


def scale(tensor: Tensor) -> float:
    """Return max(1, |tensor|), the size that rounding errors are relative to."""
    return max(1.0, tensor.abs().max().item())


def points(x: Tensor) -> Tensor:
    """Return x if it is a floating tensor of shape (N, n), N, n >= 1."""
    if not isinstance(x, Tensor) or not x.is_floating_point():
        raise TypeError(f"x: expected a floating tensor, got {getattr(x, 'dtype', type(x))}")
    if x.ndim != 2 or 0 in x.shape:
        raise ValueError(f"x: expected shape (N, n) with N, n >= 1, got {tuple(x.shape)}")
    return x


def image(f: Map, x: Tensor) -> Tensor:
    """Return f(x) if it has the shape of x."""
    y = f(x)
    if y.shape != x.shape:
        raise ValueError(f"f: expected output of shape {tuple(x.shape)}, got {tuple(y.shape)}")
    return y
