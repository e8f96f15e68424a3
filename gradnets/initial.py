"""Initial values: the authors', or of unit gain, and how they are fitted to samples.

The authors draw every weight around zero. On samples that lie away from zero, such as the unit
square's, every pre-activation then has an offset and varies little: an affine map explains all but
0.4 per cent of what the most bent module of a GradNet-M does (median over 20 seeds), so all modules
begin as nearly the same affine map, and which of them will bend for what in the field is left to
small differences. On the convex field one seed in four ends 8 dB above the others, at -43 dB where
they reach -52, with nothing in between: in these no module's bend ends above 0.14 of its output,
in the others one's is 0.18 and more. The place and the scale of the samples are the cause: unit
gain alone, made for standardised samples, keeps the worse seeds, and the authors' values lose them
too once :func:`to_samples` has fitted them to the samples, as it does with any of these networks.
Fitted, all 20 seeds end between -52 and -57 dB, with either. The table, and the bends of each seed,
are printed by

    python benchmarks/initialisation.py --full --bends --only mGradNetM

Where the free coefficients c_k of a GradNet-M all have one sign, which is one seed in 2^(K-1), the
network begins monotone up to sign. Training leaves that, but late: of 20 seeds on the nonconvex
field three begin so, and end between -28 and -36 dB, all above the median, -37. "unit" starts with
as many rising terms as falling ones.

A constructor sees no samples. Where samples are at hand, "unit" fitted to them is the best of
all in the benchmark; :class:`gradnets.regressor.GradientFieldRegressor`, which standardises its
samples, starts there, and before :func:`gradnets.training.train` it is a line:

>>> from gradnets import fields, initial, mGradNetM
>>> net, x = mGradNetM(dim=2, width=7, modules=4), fields.unit_grid(20)
>>> initial.to_samples(net, x, fields.convex.gradient(x))
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

Map = Callable[[Tensor], Tensor]

SAMPLES = 512  # standard normal points on which the output's variance is measured
INIT = ("unit", "authors")


def check(init: str) -> str:
    """Return a name of initial values.

    >>> check("zero")
    Traceback (most recent call last):
        ...
    ValueError: init: expected one of unit, authors, got 'zero'
    """
    if init not in INIT:
        raise ValueError(f"init: expected one of {', '.join(INIT)}, got {init!r}")
    return init


def positive(value: Tensor) -> Tensor:
    """Return raw with softplus(raw) = value > 0.

    >>> round(torch.nn.functional.softplus(positive(torch.tensor(0.3))).item(), 4)
    0.3
    """
    return value + torch.log(-torch.expm1(-value))


def read(net: Any, name: str) -> Tensor:
    """Return a coefficient by its paper's name, whether it is learned raw or as it is."""
    raw = getattr(net, f"raw_{name}", None)
    return getattr(net, name) if raw is None else nn.functional.softplus(raw)


def write(net: Any, name: str, value: Tensor) -> None:
    """Set a coefficient by its paper's name, whether it is learned raw or as it is."""
    raw = getattr(net, f"raw_{name}", None)
    if raw is None:
        getattr(net, name).copy_(value)
    else:
        raw.copy_(positive(value))


def alternate(count: int) -> Tensor:
    """Return 1, -1, 1, ..: as many rising terms as falling ones.

    >>> alternate(3)
    tensor([ 1., -1.,  1.])
    """
    return 1.0 - 2.0 * (torch.arange(count) % 2)


def kinks(W: Tensor, *layers: int) -> Tensor:
    """Return b such that each neuron's W x + b is 0 at a standard normal point, as columns."""
    points = torch.randn(*layers, *W.shape)
    return -(W * points).sum(-1, keepdim=True)


@torch.no_grad()
def cascaded(net: Any, f: Map) -> None:
    """Give a cascade (38)-(40), f, unit gain on standard normal x.

    The rows of W have norm 1 and beta_0 = 1, so z_0 has unit variance; later layers mix halves,
    beta_l = alpha_l = 1/2, with random signs where they may be negative.
    """
    free, (depth, width, _) = "alpha" in net._parameters, net.b.shape
    net.W.copy_(nn.functional.normalize(torch.randn_like(net.W), dim=1))
    net.b.copy_(kinks(net.W, depth))
    beta, alpha = (torch.full((depth, width, 1), 0.5) for _ in range(2))
    if free:
        beta, alpha = (torch.where(torch.rand(v.shape) < 0.5, -v, v) for v in (beta, alpha))
        alpha[-1] = alternate(width).unsqueeze(1)
    beta[0], alpha[-1] = 1.0, alpha[-1].sign() * net.dim / width
    write(net, "beta", beta)
    write(net, "alpha", alpha)
    scale_output(net, f, last_alpha)


@torch.no_grad()
def modular(net: Any, f: Map) -> None:
    """Give a sum of modules (43)-(44), f, unit gain on standard normal x.

    The entries of W_k have variance 1/n and t_k = 1, so z_k has unit variance.
    """
    count, _, dim = net.W.shape
    net.W.copy_(torch.randn_like(net.W) / dim**0.5)
    net.b.copy_(kinks(net.W))
    net.raw_t.copy_(positive(torch.ones(count)))
    c = torch.full((count,), dim / count)
    write(net, "c", c * alternate(count) if "c" in net._parameters else c)
    scale_output(net, f, all_c)


def last_alpha(net: Any, factor: Tensor) -> None:
    """Scale f - a of a cascade."""
    alpha = read(net, "alpha").clone()
    alpha[-1] *= factor
    write(net, "alpha", alpha)


def all_c(net: Any, factor: Tensor) -> None:
    """Scale f - a of a sum of modules."""
    write(net, "c", read(net, "c") * factor)


def scale_output(net: Any, f: Map, scale: Callable[[Any, Tensor], None]) -> None:
    """Scale and shift f to mean 0 and mean square 1 on standard normal x."""
    net.a.zero_()
    y = f(torch.randn(SAMPLES, net.dim))
    size = (y - y.mean(0)).square().mean().sqrt()
    scale(net, torch.where((size > 0) & torch.isfinite(size), 1 / size, torch.ones(())))
    net.a.copy_(-f(torch.randn(SAMPLES, net.dim)).mean(0).unsqueeze(-1))


@torch.no_grad()
def to_samples(net: nn.Module, x: Tensor, y: Tensor) -> None:
    """Fit a network's initial values to samples of the field that it is to learn, in place.

    f(x) = v g((x - u) / r) + w,   g the network before, f after

    u and w are the means of x and y, r and v the roots of their mean squares around them: what g
    does on standard normal points, f does on the samples. Exact up to rounding where x spreads.

    Args:
        net: GradNetC, mGradNetC, GradNetM or mGradNetM.
        x, y: samples of shape (N, n), of the dtype of the network.

    Raises:
        TypeError: another network, or samples of another dtype.
        ValueError: samples of another shape, or that are not finite.

    >>> from gradnets import mGradNetC
    >>> x = torch.rand(100, 2)
    >>> net = mGradNetC(dim=2, width=7, depth=4)
    >>> before = net((x - x.mean(0)) / (x - x.mean(0)).square().mean().sqrt())
    >>> to_samples(net, x, 5 * x)
    >>> v = 5 * (x - x.mean(0)).square().mean().sqrt()
    >>> torch.allclose(net(x), v * before + 5 * x.mean(0), atol=1e-4)
    True
    """
    parts: Any = net
    if not hasattr(parts, "W") or not (coefficient(parts, "alpha") or coefficient(parts, "c")):
        raise TypeError(f"net: expected a cascaded or modular network, got {type(net).__name__}")
    if x.ndim != 2 or x.shape[1] != parts.dim or y.shape != x.shape:
        raise ValueError(
            f"x, y: expected shape (samples, {parts.dim}), got {tuple(x.shape)}, {tuple(y.shape)}"
        )
    if x.dtype != parts.W.dtype or y.dtype != x.dtype:
        raise TypeError(f"x, y: expected dtype {parts.W.dtype}, got {x.dtype}, {y.dtype}")
    if not (torch.isfinite(x).all() and torch.isfinite(y).all()):
        raise ValueError("x, y: expected finite values")
    (u, r), (w, v) = spread(x), spread(y)
    shift = parts.W @ u.unsqueeze(-1)
    if coefficient(parts, "alpha"):
        write(parts, "beta", read(parts, "beta") / r)
        parts.b.copy_(r * parts.b - shift)
        last_alpha(parts, v)
    else:
        parts.b.sub_(shift / r)
        parts.W.div_(r)
        all_c(parts, v * r)
    parts.a.copy_(v * parts.a + w.unsqueeze(-1))


def coefficient(net: Any, name: str) -> bool:
    """Whether the network has that coefficient, raw or as it is."""
    return hasattr(net, name) or hasattr(net, f"raw_{name}")


def spread(samples: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean, shape (n,), and the root of the mean square around it, 1 if that is 0."""
    mean = samples.mean(0)
    size = (samples - mean).square().mean().sqrt()
    return mean, torch.where(size > 0, size, torch.ones_like(size))
