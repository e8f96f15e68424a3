"""Functions of a number by sums of scaled and shifted sigmoids: Theorem 7, (21)-(30)."""

import math
from dataclasses import dataclass

import torch
from flint import arb
from torch import Tensor

from gradnets.constructive import claims
from gradnets.constructive.rounding import MARGIN, above
from gradnets.constructive.sigmoids import Sigmoids
from gradnets.constructive.targets import Profile

KAPPA = 5.5  # t h, the scale of the sigmoids times their distance
FINE = 64  # points a step, where the sum is compared with the function
NUMBERS_AT_ONCE = 2**22
FEWER = tuple(2 ** (j / 2) for j in range(8, -1, -1))  # fractions of the a priori number


@dataclass(frozen=True, eq=False)
class Staircase:
    """A sum of sigmoids S(z) = d + sum_j c_j sigmoid(t (z - u_j)) near a function on [low, high].

    Attributes:
        u: the u_j, shape (steps,), equally spaced.
        c: the c_j, shape (steps,); positive where the function is claimed nondecreasing.
        t: the scale.
        d: the value at the left.
        bound: on |S - the function| over [low, high].
        size: on |the function| over [low, high].
    """

    u: Tensor
    c: Tensor
    t: float
    d: float
    bound: float
    size: float


def share(monotone: bool) -> arb:
    """Return C of |S - phi| <= C L h, see :func:`build`.

    >>> share(monotone=True) < share(monotone=False) < 1.01
    True
    """
    tail = 1 / (arb(KAPPA).exp() - 1)
    return 1 + (tail if monotone else 2 * tail)


def counts(total: arb, error: float) -> list[int]:
    """Return numbers of steps to try, from few to the least N with total / N <= error.

    The total is a sum of C L (high - low); the last number suffices a priori, see :func:`build`.

    >>> counts(arb(1), 0.01)
    [7, 9, 13, 18, 26, 36, 51, 72, 101]
    """
    last = max(1, math.ceil(above(total / arb(error))))
    return sorted({math.ceil(last / fewer) for fewer in FEWER})


def build(profile: Profile, low: float, high: float, count: int) -> Staircase:
    """Return S near phi = psi' on [low, high], with N steps.

    S(z) = phi(v_0) + sum_j (phi(v_j) - phi(v_(j-1))) sigmoid(t (z - u_j)),  j = 1 .. N

    with v_j = low + j h, h = (high - low)/N, u_j between v_(j-1) and v_j, and t = 5.5 / h (21).
    Let H be the same sum of jumps at the u_j (23).

    *A priori*, (24)-(29). H is phi(v_j) for the v_j nearest to z, so that |H - phi| <= L h / 2. The
    jumps are at most L h, and those on either side of z add at most L h (1/2 + q) to S - H, with
    q = 1/(e^(t h) - 1). If phi is nondecreasing, both sides have opposite signs: |S - phi| <=
    L h (1 + q). If not, they are together largest at a jump, and |S - phi| <= L h (1 + 2 q).

    *A posteriori.* S has Lipschitz constant max |jump| (t h / 4 + 1) / h, as the sum of a function
    with one peak over a lattice is at most its peak plus its integral. At the centres of intervals
    of length w, |S - phi| is computed; between them it is larger by at most (Lip S + L) w / 2.

    The bound is the smaller of the two, plus the margin for rounding.

    Raises:
        ValueError: values that show that L is too small, or that phi is not nondecreasing where
            the profile is said to be convex.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", Theorem 7, for Lipschitz phi.

    >>> cubic = Profile(lambda u: u**4 / 4, lambda u: u**3, lipschitz=3.0, convex=True)
    >>> S = build(cubic, 0.0, 1.0, 64)
    >>> S.bound < 3 / 64
    True
    """
    nodes = torch.linspace(low, high, count + 1, dtype=torch.float64)
    h, L = (high - low) / count, profile.lipschitz
    phi = claims.values("derivative", profile.derivative(nodes), nodes.shape)
    judge(profile, nodes, phi)
    jumps = phi.diff()
    c = jumps.clamp(min=torch.finfo(torch.float64).tiny) if profile.convex else jumps
    u, t, d = (nodes[1:] + nodes[:-1]) / 2, KAPPA / h, phi[0].item()
    lipschitz = c.abs().max().item() / h * (KAPPA / 4 + 1)
    size = phi.abs().max().item() + L * h / 2
    rounding = (c - jumps).sum().item() + MARGIN * (c.abs().sum().item() + abs(d) + size)
    rounding += MARGIN * (lipschitz + L) * (abs(low) + abs(high))
    centres = low + (torch.arange(FINE * count, dtype=torch.float64) + 0.5) * (h / FINE)
    exact = claims.values("derivative", profile.derivative(centres), centres.shape)
    seen = (evaluate(u, c, t, d, centres) - exact).abs().max().item()
    between = (arb(lipschitz) + L) * arb(h) / (2 * FINE)
    bound = min(above(share(profile.convex) * L * arb(h)), above(seen + between))
    return Staircase(u, c, t, d, (bound + 2 * rounding) * (1 + MARGIN), size * (1 + MARGIN))


def judge(profile: Profile, nodes: Tensor, phi: Tensor) -> None:
    """Raise if the values phi at the nodes show that the profile's claims are wrong.

    Raises:
        ValueError: naming the claim, and where.

    >>> nodes = torch.tensor([0.0, 1.0])
    >>> judge(Profile(torch.exp, torch.exp, lipschitz=1.0), nodes, torch.exp(nodes))
    Traceback (most recent call last):
        ...
    ValueError: lipschitz: expected |psi'(v) - psi'(u)| <= 1.0 |v - u|, got 1.71828 between \
u = 0.0 and v = 1.0
    """
    rise, slack = phi.diff(), 1e-12 * (1 + phi.abs().max())
    worst = int((rise.abs() - profile.lipschitz * nodes.diff()).argmax())
    place = f"between u = {nodes[worst]} and v = {nodes[worst + 1]}"
    if rise[worst].abs() > profile.lipschitz * nodes.diff()[worst] * (1 + 1e-12) + slack:
        raise ValueError(
            f"lipschitz: expected |psi'(v) - psi'(u)| <= {profile.lipschitz} |v - u|,"
            f" got {rise[worst].abs():.6g} {place}"
        )
    least = int(rise.argmin())
    if profile.convex and rise[least] < -slack:
        place = f"between u = {nodes[least]} and v = {nodes[least + 1]}"
        raise ValueError(f"convex: expected psi' nondecreasing, got {rise[least]:.6g} {place}")


def evaluate(u: Tensor, c: Tensor, t: float, d: float, z: Tensor) -> Tensor:
    """Return S at z of shape (N,)."""
    parts = z.split(max(1, NUMBERS_AT_ONCE // len(u)))
    return torch.cat([torch.sigmoid(t * (part[:, None] - u)) @ c + d for part in parts])


def fill(sigma: Sigmoids, stairs: list[Staircase]) -> None:
    """Set the weights of an activation so that neuron i computes the i-th staircase.

    >>> cubic = Profile(lambda u: u**4 / 4, lambda u: u**3, lipschitz=3.0, convex=True)
    >>> S, sigma = build(cubic, 0.0, 1.0, 8), Sigmoids(1, 8).double()
    >>> fill(sigma, [S])
    >>> (sigma(torch.ones(1, 1).double()) - 1).abs().item() <= S.bound
    True
    """
    c = torch.stack([stair.c for stair in stairs], -1)[..., None]
    with torch.no_grad():
        # The inverse of softplus.
        sigma.raw_c.copy_(c + torch.log(-torch.expm1(-c)) if sigma.monotone else c)
        sigma.u.copy_(torch.stack([stair.u for stair in stairs], -1)[..., None])
        sigma.log_t.copy_(torch.tensor([stair.t for stair in stairs])[:, None].double().log())
        sigma.d.copy_(torch.tensor([[stair.d] for stair in stairs], dtype=torch.float64))
