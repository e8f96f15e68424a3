"""Targets with known constants, for every test of the constructions."""

import math

import torch
from torch.nn.functional import softplus

from gradnets import fields
from gradnets.constructive import Composition, Profile, Ridges, Target

F64 = torch.float64

cubic = Profile(lambda u: u**4 / 4, lambda u: u**3, 3.0, convex=True)  # on [-1, 1]
bowl = Profile(lambda u: u * u / 2, lambda u: u, 1.0, convex=True)
log_cosh = Profile(lambda u: torch.logaddexp(u, -u), torch.tanh, 1.0, convex=True)
wave = Profile(torch.cos, lambda u: -torch.sin(u), 1.0)
sine = Profile(torch.sin, torch.cos, 1.0)
soft = Profile(softplus, torch.sigmoid, 0.25, convex=True)
exponential = Profile(torch.exp, torch.exp, math.exp(1.3), convex=True)  # up to 1.3

convex_field = Target(2, fields.convex_potential, fields.convex_gradient, 16.25, margin=1 / 8)
# (48) is (sin u + sin v)/8, u, v = 2 pi x1 +- pi x2, whose Hessian has norm at most pi^2, plus a
# quadratic whose Hessian has norm (1 + sqrt 2)/2: 11.08 together.
nonconvex_field = Target(2, fields.nonconvex_potential, fields.nonconvex_gradient, 11.1, 11.1)


def quadratic(dim: int, scale: float = 1.0) -> Target:
    return Target(dim, lambda x: scale / 2 * x.square().sum(-1), lambda x: scale * x, scale)


def log_sum_exp(dim: int, t: float) -> Target:
    """(1/t) log(1 + sum_i exp(t x_i)); its Hessian is at most t / 2."""

    def logits(x: torch.Tensor) -> torch.Tensor:
        return torch.cat([torch.zeros_like(x[..., :1]), t * x], -1)

    return Target(
        dim,
        lambda x: torch.logsumexp(logits(x), -1) / t,
        lambda x: torch.softmax(logits(x), -1)[..., 1:],
        t / 2,
    )


def ridges(*profiles: Profile, dim: int, seed: int = 0) -> Ridges:
    generator = torch.Generator().manual_seed(seed)
    directions = torch.randn(len(profiles), dim, generator=generator, dtype=F64)
    return Ridges(directions, profiles)


monotone = Ridges(torch.ones(1, 1, dtype=F64), (cubic,))
identity = torch.eye(2, dtype=F64)
COMPOSITIONS = {
    "exp(|x|^2 / 2)": Composition(exponential, Ridges(identity, (bowl, bowl)), monotone=True),
    "softplus": Composition(soft, ridges(bowl, log_cosh, dim=3), monotone=True),
    "sin": Composition(sine, ridges(wave, log_cosh, dim=2)),
    "1-D": Composition(bowl, Ridges(identity[:1, :1], (bowl,)), monotone=True),
}


def points(dim: int, count: int = 2000) -> torch.Tensor:
    """Random points of the cube and its corners, where errors are often greatest."""
    generator = torch.Generator().manual_seed(dim)
    x = torch.rand(count, dim, generator=generator, dtype=F64)
    return torch.cat([x, x.round()])
