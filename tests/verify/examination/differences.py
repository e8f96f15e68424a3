"""What can be seen of the two claims without derivatives: differences of the plain function.

Jacobians are central differences in float64, circulations are midpoint sums around triangles, and
monotonicity is read off pairs of points. Nothing here uses autograd, so a lying backward does not
show.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

SCALES = (0.0, 0.3, 1.0, 3.0)
ASYMMETRY = 1e-5
DROP = 1e-10
CIRCULATION = 1e-2


def evaluate(net: nn.Module, x: Tensor) -> Tensor:
    """Return f(x) for x of shape (N, n), without a graph; nan where a matrix is singular."""
    try:
        return net(x.clone()).detach().double()
    except RuntimeError as error:
        if "singular" not in str(error):
            raise
        return torch.full_like(x, torch.nan)


def draws(net: nn.Module, scope: str, repeats: int = 2) -> Iterator[nn.Module]:
    """Yield the module in float64 as it is and, for scope all, at random trainable parameters."""
    net = net.double()
    yield net
    if scope == "current" or not any(p.requires_grad for p in net.parameters()):
        return
    generator = torch.Generator().manual_seed(1)
    for repeat in range(repeats):
        for scale in SCALES if repeat else SCALES[1:]:
            with torch.no_grad():
                for p in net.parameters():
                    if p.requires_grad:
                        noise = torch.randn(p.shape, generator=generator, dtype=torch.float64)
                        p.copy_(scale * noise)
            yield net


def samples(dim: int, count: int = 24) -> Tensor:
    """Return points of several sizes, among them 0 and points with small integer coordinates."""
    generator = torch.Generator().manual_seed(2)
    spread = torch.randn(count, dim, generator=generator, dtype=torch.float64)
    sizes = torch.tensor([0.1, 0.5, 1.0, 2.0, 5.0], dtype=torch.float64)
    spread = spread * sizes[torch.arange(count) % len(sizes)][:, None]
    grid = torch.randint(-2, 3, (count // 3, dim), generator=generator).double()
    return torch.cat([torch.zeros(1, dim, dtype=torch.float64), spread, grid])


def jacobians(net: nn.Module, x: Tensor, h: float) -> Tensor:
    """Return J[k, i, j] = df_i/dx_j at x_k by central differences of step h."""
    count, dim = x.shape
    steps = h * torch.eye(dim, dtype=x.dtype)
    both = torch.stack([x[:, None] + steps, x[:, None] - steps])
    up, down = evaluate(net, both.reshape(-1, dim)).reshape(2, count, dim, dim)
    return ((up - down) / (2 * h)).mT


def asymmetry(net: nn.Module, dim: int) -> float:
    """Return the largest relative asymmetry of J over points where two step sizes agree on J."""
    x = samples(dim)[1:25] + 1e-3
    fine, coarse = jacobians(net, x, 1e-5), jacobians(net, x, 3e-5)
    size = coarse.abs().amax((1, 2)) + 1e-8
    smooth = (fine - coarse).abs().amax((1, 2)) < ASYMMETRY / 10 * size
    skew = (fine - fine.mT).abs().amax((1, 2)) / size
    skew = skew[smooth & skew.isfinite() & (size > 1e-6)]
    return float(skew.max()) if len(skew) else 0.0


def circulation(net: nn.Module, corners: Tensor, pieces: int = 4000) -> float:
    """Return |sum of f . dl| / sum |f||dl| around the triangle of the corners, shape (3, n)."""
    t = (torch.arange(pieces, dtype=torch.float64) + 0.5)[:, None] / pieces
    total, size = 0.0, 1e-12
    for start, end in zip(corners, corners.roll(-1, 0), strict=True):
        values = evaluate(net, start + t * (end - start))
        total += float((values @ (end - start)).mean())
        size += float((values.norm(dim=1) * (end - start).norm()).mean())
    return abs(total) / size


def circulations(net: nn.Module, dim: int, count: int = 2) -> float:
    """Return the largest relative circulation around a few random triangles."""
    generator = torch.Generator().manual_seed(3)
    corners = 2 * torch.randn(count, 3, dim, generator=generator, dtype=torch.float64)
    found = [circulation(net, c) for c in corners]
    return max([f for f in found if f == f], default=0.0)


def products(net: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return (f(x) - f(y)).(x - y) / ((|f(x)| + |f(y)|) |x - y|), a value in [-1, 1], per pair."""
    fx, fy = evaluate(net, x), evaluate(net, y)
    size = (fx.norm(dim=1) + fy.norm(dim=1)) * (x - y).norm(dim=1)
    product = ((fx - fy) * (x - y)).sum(1) / (size + 1e-300)
    return product[product.isfinite() & (size > 1e-250)]


def drop(net: nn.Module, dim: int) -> float:
    """Return the largest -(f(x) - f(y)).(x - y), relative, over near and far pairs of points."""
    x = samples(dim)
    generator = torch.Generator().manual_seed(4)
    worst = 0.0
    for distance in (0.01, 0.3, 1.0, 4.0):
        step = torch.randn(x.shape, generator=generator, dtype=torch.float64)
        found = products(net, x, x + distance * step)
        worst = max(worst, -float(found.min()) if len(found) else 0.0)
    return worst


def is_asymmetric(net: nn.Module, dim: int) -> bool:
    return asymmetry(net, dim) > ASYMMETRY or circulations(net, dim) > CIRCULATION


def falls(net: nn.Module, dim: int) -> bool:
    return drop(net, dim) > DROP


def maps_samples(make: Callable[[], nn.Module], dim: int) -> bool:
    """Whether a fresh module sends each sample to the same place, whatever else happens.

    Calls follow one another, in batches of several sizes and orders, with and without gradients.
    """
    x = samples(dim)[:9] + 0.1
    net = make()
    first = evaluate(net, x)
    try:
        found = again(make, net, x)
    except ValueError:
        return False
    return all(torch.allclose(first, y, rtol=1e-9, atol=1e-12, equal_nan=True) for y in found)


def again(make: Callable[[], nn.Module], net: nn.Module, x: Tensor) -> list[Tensor]:
    """Return f(x), nine samples, asked for in other ways."""
    with torch.no_grad():
        found = [
            torch.cat([evaluate(make(), x[:4]), evaluate(make(), x[4:])]),
            evaluate(net, x),
            torch.cat([evaluate(net, sample[None]) for sample in x]),
            evaluate(net, x.flip(0)).flip(0),
            torch.cat([evaluate(net, x[:4]), evaluate(net, x[4:])]),
            evaluate(net, torch.cat([x, 30 * x, -30 * x]))[:9],
        ]
    return [*found, evaluate(net, x.requires_grad_())]
