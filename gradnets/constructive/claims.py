"""What a target claims, tried at samples: a lie that they show is an error, no proof otherwise."""

import torch
from torch import Tensor

from gradnets.constructive.targets import Composition, Target

POINTS = 64
NEAR = 2.0**-10
REACH = 0.5


def values(name: str, result: Tensor, shape: torch.Size) -> Tensor:
    """Return the result of a target's function if it is finite, float64 and of that shape.

    Raises:
        ValueError: naming the function and what it returned.
    """
    if not isinstance(result, Tensor) or result.shape != shape or result.dtype != torch.float64:
        got = f"{tuple(result.shape)} {result.dtype}" if isinstance(result, Tensor) else result
        raise ValueError(f"{name}: expected shape {tuple(shape)} torch.float64, got {got}")
    if not result.isfinite().all():
        raise ValueError(f"{name}: expected finite values, got some that are not")
    return result.detach()


def pairs(target: Target) -> tuple[Tensor, Tensor]:
    """Return pairs of points around the cube, far and near ones, each of shape (N, n)."""
    generator = torch.Generator().manual_seed(0)
    reach = min(target.margin, REACH) * 0.999
    shape = (POINTS, target.dim)
    x = torch.rand(shape, generator=generator, dtype=torch.float64) * (1 + 2 * reach) - reach
    step = torch.randn(shape, generator=generator, dtype=torch.float64)
    # Rectangular: every point with every other, then each with one beside it.
    far = torch.cartesian_prod(torch.arange(POINTS), torch.arange(POINTS))
    near = x + step * (NEAR * min(1.0, reach) / step.norm(dim=-1, keepdim=True))
    return torch.cat([x[far[:, 0]], x]), torch.cat([x[far[:, 1]], near])


def judge(target: Target) -> None:
    """Raise unless the target's constants hold at samples, up to rounding.

    -(c/2) |y - x|^2 <= F(y) - F(x) - grad F(x)^T (y - x) <= (ell/2) |y - x|^2
    |grad F(y) - grad F(x)| <= ell |y - x|

    Raises:
        ValueError: naming what fails, and where.

    >>> judge(Target(1, lambda x: -x[..., 0] ** 2, lambda x: -2 * x, lipschitz=2.0))
    Traceback (most recent call last):
        ...
    ValueError: potential: expected F(y) - F(x) - grad F(x).(y - x) >= -concavity/2 |y - x|^2 with \
concavity = 0.0, got -3.94992 at x = [-0.49057857231125224], y = [1.496863244491872]
    """
    x, y = pairs(target)
    F, G = (values("potential", target.potential(p), p.shape[:-1]) for p in (x, y))
    f, g = (values("gradient", target.gradient(p), p.shape) for p in (x, y))
    square = (y - x).square().sum(-1)
    bend = G - F - (f * (y - x)).sum(-1)
    slack = 1e-12 * (1 + F.abs().max() + G.abs().max() + f.abs().max())
    low, high = -target.concavity / 2 * square, target.lipschitz / 2 * square
    report("potential", "concavity", ">= -", bend, low - bend - slack, target, x, y)
    report("potential", "lipschitz", "<= ", bend, bend - high - slack, target, x, y)
    change = (g - f).norm(dim=-1)
    excess = change - target.lipschitz * square.sqrt() - slack
    worst = int(excess.argmax())
    if excess[worst] > 0:
        raise ValueError(
            f"lipschitz: expected |grad F(y) - grad F(x)| <= {target.lipschitz} |y - x|, got"
            f" {change[worst]:.6g} at x = {x[worst].tolist()}, y = {y[worst].tolist()}"
        )


def report(
    name: str,
    constant: str,
    relation: str,
    bend: Tensor,
    excess: Tensor,
    target: Target,
    x: Tensor,
    y: Tensor,
) -> None:
    """Raise at the worst pair, if its excess is positive."""
    worst = int(excess.argmax())
    if excess[worst] > 0:
        raise ValueError(
            f"{name}: expected F(y) - F(x) - grad F(x).(y - x) {relation}{constant}/2 |y - x|^2"
            f" with {constant} = {getattr(target, constant)}, got {bend[worst]:.6g}"
            f" at x = {x[worst].tolist()}, y = {y[worst].tolist()}"
        )


def judge_monotone(target: Composition) -> None:
    """Raise unless phi is nondecreasing at samples of the sum of ridges, as Theorem 10 asks.

    Raises:
        ValueError: naming the least phi'.
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(POINTS**2, target.dim, generator=generator, dtype=torch.float64)
    rho = target.outer.derivative(target.inner.potential(x))
    least = values("outer", rho, x.shape[:-1]).min().item()
    if least < 0:
        raise ValueError(f"monotone: expected phi' >= 0 on the range of the sum, got {least:.6g}")
