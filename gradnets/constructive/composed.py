"""Gradients of transformed sums of ridges by rho(beta + G(x)) g(x): Theorems 9, 10, Lemmas 5, 6."""

import math

import torch
from flint import arb
from torch import Tensor, nn
from torch.nn.functional import softplus

from gradnets.constructive import claims, ridges, staircase
from gradnets.constructive.approximation import LIMIT, Approximation, affordable, wanted
from gradnets.constructive.ridges import ROUNDING_SHARE, lemma_5
from gradnets.constructive.rounding import MARGIN, above
from gradnets.constructive.sigmoids import Sigmoids
from gradnets.constructive.staircase import Staircase
from gradnets.constructive.targets import Composition, Profile, Ridges
from gradnets.modular import GradNetM, mGradNetM

RANGE_POINTS = 1024
FLOOR = 1 / 8  # of rho's error: what Lemma 6 gives up near 0, which softplus never reaches
SHARPNESS = 4.0  # the scale of that softplus times the floor
LINEAR = 2.0**-28  # torch's softplus is linear above 20, where it misses e^-20


class Rho(nn.Module):
    """A learned function of a number, for (35): q(beta + s), or onto the positive numbers.

    rho(s) = q(beta + s),                                     q a sum of sigmoids (Theorem 9)
    rho(s) = (1/k) softplus(k q(beta + s)),  q nondecreasing, k > 0 (Theorem 10, Lemma 6)

    Args:
        steps: sigmoids of q.
        monotone: the second form, nonnegative and nondecreasing for all weights; k = exp(log_k).

    Acts on s of any shape (..., 1, N); beta and log_k have shape (1, 1).

    Raises:
        ValueError: a number of steps below 1.

    >>> bool((Rho(5)(torch.randn(1, 100)) > 0).all())
    True
    """

    def __init__(self, steps: int, monotone: bool = True) -> None:
        super().__init__()
        self.q = Sigmoids(1, steps, monotone)
        self.beta = nn.Parameter(torch.zeros(1, 1))
        self.log_k = nn.Parameter(torch.zeros(1, 1)) if monotone else None

    def forward(self, s: Tensor) -> Tensor:
        q = self.q(self.beta + s)
        if self.log_k is None:
            return q
        k = torch.exp(self.log_k)
        return softplus(k * q) / k


def build(target: Composition, error: float, *, limit: int = LIMIT) -> Approximation:
    """Return rho(beta + G(x)) g(x) (35) within the error of the gradient of F = phi(H), (31).

    grad F = phi'(H) grad H (37),  H(x) = sum_i psi_i(a_i^T x)

    g is the network of :func:`gradnets.constructive.ridges.build`, |g - grad H| <= e; G is its
    potential, and beta makes beta + G agree with H at the centre x_0 of the cube, so that
    |beta + G - H| <= delta = e sqrt(n)/2 (Lemma 5). rho is within e' of phi' on the range of H,
    widened by delta. With phi' of Lipschitz constant L, |grad H| <= Gamma and |phi'(H)| <= P:

    |f - grad F| <= |rho(beta + G) - phi'(H)| |g| + |phi'(H)| |g - grad H|
                 <= (e' + L delta) (Gamma + e) + P e

    Half of the wanted error is for e' (Gamma + e), half for the rest; that gives e' and
    e, which is at most the wanted error. The
    range of H, Gamma and P are enclosed by values at nodes and Lipschitz constants.

    If the target is monotone, f is an mGradNetM of one module (Theorem 10): rho is softplus(k q)/k,
    1-Lipschitz in q, for q within 7 e'/8 of the inverse image of max(phi', e'/8) (Lemma 6). With
    k = 32 / e' that costs 2 percent of neurons, where softplus itself would cost a factor 8 / e'.
    Else f is a GradNetM of one module and rho a sum of sigmoids (Theorem 9).

    Args:
        target: F; what it claims is tried at nodes and samples.
        error: the wanted bound.
        limit: the greatest number of sigmoids, those of rho included.

    Raises:
        ValueError: an error that is not positive, is too small for float64, or takes more than
            the limit; a target that is not what it claims to be.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 5.3.

    >>> square = Profile(lambda u: u**2 / 2, lambda u: u, lipschitz=1.0, convex=True)
    >>> line = Ridges(torch.tensor([[1.0]], dtype=torch.float64), (square,))
    >>> near = build(Composition(square, line, monotone=True), 0.1)  # x^4 / 8
    >>> near.bound <= 0.1, type(near.network).__name__
    (True, 'mGradNetM')
    """
    wanted(error)
    if target.monotone:
        claims.judge_monotone(target)
    low, high, steep = reach(target.inner)
    P = greatest(target.outer, low, high)
    e, outer_error = shares(target, error * (1 - ROUNDING_SHARE), steep, P)
    inner = ridges.construct(target.inner, e, stacked=False, limit=limit, asked=error)
    e, n = inner.bound, target.dim
    delta = lemma_5(e, n) + MARGIN * size(target.inner, inner)
    stairs, k = outer(target, low - delta, high + delta, outer_error, limit, error)
    count = affordable(inner.neurons + len(stairs.c), limit, error, n)
    within = arb(stairs.bound) + (outer_error * FLOOR + LINEAR / k if k else 0)
    off = (within + arb(target.outer.lipschitz) * delta) * (arb(steep) + e)
    bound = above(off + arb(P) * e) * (1 + MARGIN)
    if bound > error:
        raise ValueError(f"error: {error} is too small for float64 at this target")
    network = join(target, inner, stairs, k)
    return Approximation(target, network, count, bound, lemma_5(bound, n), None)


def shares(target: Composition, error: float, steep: float, P: float) -> tuple[float, float]:
    """Return e and e' with L sqrt(n)/2 e (Gamma + e) + P e = e' (Gamma + e) = error / 2."""
    a = target.outer.lipschitz * target.dim**0.5 / 2
    b = a * steep + P
    scale = b + math.sqrt(b * b + 2 * a * error)
    e = min(error / scale, error) if scale > 0 else error
    return e, error / (2 * (steep + e))


def reach(inner: Ridges) -> tuple[float, float, float]:
    """Return bounds low <= H <= high on the cube, and one of |grad H|.

    >>> square = Profile(lambda u: u**2, lambda u: 2 * u, lipschitz=2.0)
    >>> low, high, steep = reach(Ridges(torch.eye(2).double(), (square, square)))
    >>> -0.01 < low <= 0 and 2 <= high < 2.01 and 8**0.5 <= steep < 2.84
    True
    """
    lows, highs, slopes = [], [], []
    for psi, low, high in zip(
        inner.profiles, *(e.tolist() for e in inner.intervals()), strict=True
    ):
        nodes = torch.linspace(low, high, RANGE_POINTS, dtype=torch.float64)
        H = claims.values("potential", psi.potential(nodes), nodes.shape)
        slopes.append(greatest(psi, low, high))
        between = slopes[-1] * (high - low) / (2 * (RANGE_POINTS - 1))
        between += MARGIN * (H.abs().max().item() + slopes[-1])
        lows.append(H.min().item() - between)
        highs.append(H.max().item() + between)
    return sum(lows), sum(highs), ridges.spread(inner.directions, slopes)


def greatest(psi: Profile, low: float, high: float) -> float:
    """Return a bound of |psi'| on [low, high], from nodes and the Lipschitz constant."""
    nodes = torch.linspace(low, high, RANGE_POINTS, dtype=torch.float64)
    seen = claims.values("derivative", psi.derivative(nodes), nodes.shape).abs().max().item()
    return (seen + psi.lipschitz * (high - low) / (2 * (RANGE_POINTS - 1))) * (1 + MARGIN)


def size(inner: Ridges, near: Approximation) -> float:
    """Return a bound of the numbers that are added up to G and beta."""
    corners = torch.stack(inner.intervals()).abs().amax(0)
    c = near.network.sigma
    assert isinstance(c, Sigmoids)
    with torch.no_grad():
        widths = (corners[:, None] + c.u.abs()) + 1 / torch.exp(c.log_t)
        terms = (c.weights().abs() * widths).sum((0, 2)) + c.d.abs()[:, 0] * corners
    return 4 * terms.sum().item()


def outer(
    target: Composition, low: float, high: float, error: float, limit: int, asked: float
) -> tuple[Staircase, float | None]:
    """Return q near phi' on [low, high], or near its inverse image under softplus(k q)/k, and k."""
    profile, k = target.outer, None
    if target.monotone:
        profile, k = preimage(target.outer, error)
        error = error * (1 - FLOOR)
    total = staircase.share(profile.convex) * profile.lipschitz * arb(high - low)
    for count in staircase.counts(total, error * (1 - ROUNDING_SHARE)):
        affordable(count, limit, asked, target.dim)
        stairs = staircase.build(profile, low, high, count)
        if stairs.bound <= error:
            return stairs, k
    raise ValueError(f"error: {asked} is too small for float64 at this target")


def preimage(phi: Profile, error: float) -> tuple[Profile, float]:
    """Return the profile of q = log(exp(k max(phi', floor)) - 1) / k, and k: Lemma 6.

    |softplus(k q)/k - max(phi', 0)| is at most the floor, error / 8; the inverse of softplus(k q)/k
    has slope 1 / (1 - exp(-k y)) <= 1 / (1 - e^-4) at y >= floor, as k floor = 4.
    """
    floor = error * FLOOR
    k = SHARPNESS / floor
    steeper = above(phi.lipschitz / (1 - (-arb(SHARPNESS)).exp())) * (1 + MARGIN)

    def q(u: Tensor) -> Tensor:
        y = phi.derivative(u).clamp(min=floor)
        return y + torch.log(-torch.expm1(-k * y)) / k

    return Profile(phi.potential, q, steeper, phi.convex), k


def join(
    target: Composition, inner: Approximation, stairs: Staircase, k: float | None
) -> GradNetM | mGradNetM:
    """Return the network (35) as a GradNetM of one module, with c = t = 1 and a = 0."""
    W, n = target.inner.directions, target.dim
    sigma, rho = inner.network.sigma, Rho(len(stairs.c), target.monotone).double()
    assert isinstance(sigma, Sigmoids)
    staircase.fill(rho.q, [stairs])
    one = math.log(math.expm1(1.0))
    assert inner.potential is not None
    with torch.no_grad():
        centre = torch.full((n, 1), 0.5, dtype=torch.float64)
        rho.beta.copy_(target.inner.potential(centre[:, 0]) - sigma.potential(W @ centre))
        if rho.log_k is not None:
            assert k is not None
            rho.log_k.fill_(math.log(k))
        kind = mGradNetM if target.monotone else GradNetM
        net = kind(n, len(target.inner.profiles), 1, lambda m: sigma, rho, "authors").double()
        net.W.copy_(W)
        net.b.zero_()
        net.a.zero_()
        net.raw_t.fill_(one)
        (net.raw_c if isinstance(net, mGradNetM) else net.c).fill_(one if target.monotone else 1.0)
    return net
