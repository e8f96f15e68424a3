"""Gradients of sums of ridges by learned elementwise activations: Theorems 6, 8, Cor 6.1, 8.1."""

import torch
from flint import arb
from torch import Tensor

from gradnets.constructive import staircase
from gradnets.constructive.approximation import LIMIT, Approximation, affordable, wanted
from gradnets.constructive.rounding import MARGIN
from gradnets.constructive.sigmoids import Sigmoids
from gradnets.constructive.staircase import Staircase
from gradnets.constructive.targets import Function, Ridges
from gradnets.gradnet import GradNet, mGradNet

VERTICES = 12  # ridges up to which all signs are tried
ROUNDING_SHARE = 2.0**-20  # of the error


def build(
    target: Ridges, error: float, *, stacked: bool = False, limit: int = LIMIT
) -> Approximation:
    """Return a network within the error of grad F for F(x) = sum_i psi_i(a_i^T x) (18).

    f(x) = A^T sigma(A x),  sigma_i = S_i near psi_i' on the interval of a_i^T x, x in the cube

    with the S_i of :func:`gradnets.constructive.staircase.build`, N sigmoids each: an mGradNet
    if every psi_i is convex (Theorem 8), else a GradNet (Theorem 6). Stacked, the same function is
    one layer of r N scaled sigmoids (Corollaries 6.1 and 8.1):

    f(x) = W^T (c * sigmoid(t * (W x - u)) + d),  W the rows of A, each N times

    With |S_i - psi_i'| <= eps_i, |f - grad F| is at most the greatest |A^T e| over |e_i| <= eps_i
    (19), a convex function of e: the greatest at the signs of e = +-eps, which is computed for up
    to 12 ridges; for more, sum_i |a_i| eps_i (20). There is an N for which (20) with the a priori
    eps_i is within the error; N is the least of some smaller numbers whose computed bound is, or
    this. The potential that agrees with F at the centre of the cube is within
    sqrt(n)/2 times the bound of F: Lemma 5 with the centre for x_0.

    Args:
        target: F; what its profiles claim is tried at the nodes.
        error: the wanted bound.
        stacked: one layer of scaled sigmoids in place of learned activations.
        limit: the greatest number r N of sigmoids.

    Raises:
        ValueError: an error that is not positive, is too small for float64, or takes more than
            the limit; a profile that is not what it claims to be.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 5.2.

    >>> from gradnets.constructive.targets import Profile
    >>> wave = Profile(torch.cos, lambda u: -torch.sin(u), lipschitz=1.0)
    >>> near = build(Ridges(torch.tensor([[1.0, 2.0]], dtype=torch.float64), (wave,)), 0.1)
    >>> near.neurons, near.bound <= 0.1
    (7, True)
    """
    return construct(target, wanted(error), stacked=stacked, limit=limit, asked=error)


def construct(
    target: Ridges, error: float, *, stacked: bool, limit: int, asked: float
) -> Approximation:
    """Return the network; ``asked`` is the error that messages name, where this is a part."""
    stairs, bound = staircases(target, error, limit, asked)
    return Approximation(
        target,
        (stack if stacked else learn)(target, stairs),
        sum(len(stair.c) for stair in stairs),
        bound,
        lemma_5(bound, target.dim),
        anchored(target, target.directions, activation(stairs, len(stairs[0].c), target.convex)),
    )


def staircases(
    target: Ridges, error: float, limit: int, asked: float
) -> tuple[list[Staircase], float]:
    """Return S_1 .. S_r, of the fewest steps tried that are enough, and the bound they give."""
    ends = list(zip(target.profiles, *(end.tolist() for end in target.intervals()), strict=True))
    lengths = target.directions.norm(dim=-1).tolist()
    total = arb(0)
    for (psi, low, high), length in zip(ends, lengths, strict=True):
        total += staircase.share(psi.convex) * psi.lipschitz * arb(high - low) * length
    for count in staircase.counts(total, error * (1 - ROUNDING_SHARE)):
        affordable(len(ends) * count, limit, asked, target.dim)
        stairs = [staircase.build(psi, low, high, count) for psi, low, high in ends]
        bound = spread(target.directions, [stair.bound for stair in stairs])
        if bound <= error:
            return stairs, bound
    raise ValueError(f"error: {asked} is too small for float64 at this target")


def spread(directions: Tensor, eps: list[float]) -> float:
    """Return a bound of |A^T e| over |e_i| <= eps_i, the greatest if there are few ridges.

    >>> round(spread(torch.eye(2).double(), [3.0, 4.0]), 6)
    5.0
    """
    rows = directions * torch.tensor(eps, dtype=torch.float64)[:, None]
    if len(rows) > VERTICES:
        return rows.norm(dim=-1).sum().item() * (1 + MARGIN)
    signs = torch.cartesian_prod(*[torch.tensor([1.0, -1.0], dtype=torch.float64)] * len(rows))
    return (signs.reshape(-1, len(rows)) @ rows).norm(dim=-1).max().item() * (1 + MARGIN)


def lemma_5(error: float, n: int) -> float:
    """Return the bound of the potential that agrees at the centre: sqrt(n)/2 times the error.

    (32)-(34): F^ - F vanishes at x_0 and has slope at most the error, so that it is at most
    the error times |x - x_0|; about the centre of the cube this is sqrt(n)/2 at most, where an
    arbitrary x_0 costs sqrt(n).

    >>> lemma_5(1.0, 4) >= 1.0
    True
    """
    return error * n**0.5 / 2 * (1 + MARGIN)


def activation(stairs: list[Staircase], steps: int, monotone: bool) -> Sigmoids:
    """Return sigma with sigma_i the i-th staircase."""
    sigma = Sigmoids(len(stairs), steps, monotone).double()
    staircase.fill(sigma, stairs)
    return sigma


def learn(target: Ridges, stairs: list[Staircase]) -> GradNet:
    """Return A^T sigma(A x), each sigma_i a sum of sigmoids: Theorems 6 and 8."""
    steps = len(stairs[0].c)
    return network(target, stairs, target.directions, steps)


def stack(target: Ridges, stairs: list[Staircase]) -> GradNet:
    """Return the single layer of scaled sigmoids: Corollaries 6.1 and 8.1."""
    singles = [
        Staircase(u[None], c[None], stair.t, stair.d / len(stair.c), stair.bound, stair.size)
        for stair in stairs
        for u, c in zip(stair.u, stair.c, strict=True)
    ]
    W = target.directions.repeat_interleave(len(stairs[0].c), 0)
    return network(target, singles, W, 1)


def network(target: Ridges, stairs: list[Staircase], W: Tensor, steps: int) -> GradNet:
    """Return the mGradNet or GradNet with these rows and staircases."""
    sigma = activation(stairs, steps, target.convex)
    kind = mGradNet if target.convex else GradNet
    net = kind(target.dim, len(W), lambda m: sigma).double()
    with torch.no_grad():
        net.W.copy_(W)
        net.b.zero_()
        net.a.zero_()
    return net


def anchored(target: Ridges, directions: Tensor, sigma: Sigmoids) -> Function:
    """Return the potential s(A x) + constant that agrees with F at the centre of the cube."""
    n = target.dim

    def free(x: Tensor) -> Tensor:
        return sigma.potential(directions @ x.reshape(-1, n).mT).reshape(x.shape[:-1])

    centre = torch.full((n,), 0.5, dtype=torch.float64)
    with torch.no_grad():
        constant = target.potential(centre) - free(centre)
    return lambda x: free(x) + constant
