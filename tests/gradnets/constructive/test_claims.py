import dataclasses
import math

import pytest
import torch
from torch import Tensor

from gradnets import fields
from gradnets.constructive import Composition, Profile, Target, build, claims

from .known import bowl, convex_field, cubic, log_sum_exp, nonconvex_field, quadratic, ridges, wave


def square(x: Tensor) -> Tensor:
    return x.square().sum(-1)


@pytest.mark.parametrize(
    "target",
    [quadratic(1), quadratic(3, 20.0), log_sum_exp(2, 8.0), convex_field, nonconvex_field],
)
def test_honest_targets_pass(target: Target) -> None:
    claims.judge(target)


LIARS = {
    "too small a constant": (dataclasses.replace(convex_field, lipschitz=12.0), "lipschitz"),
    "a gradient twice too large": (Target(2, square, lambda x: 4 * x, 4.0), "potential"),
    "not convex": (dataclasses.replace(nonconvex_field, concavity=0.0), "concavity = 0.0"),
    "too little concavity": (dataclasses.replace(nonconvex_field, concavity=5.0), "concavity = 5"),
    "convex on the cube alone": (
        Target(1, lambda x: x[..., 0] ** 3, lambda x: 3 * x**2, 9.0, margin=0.5),
        "concavity = 0.0",
    ),
    "no gradient field": (Target(2, square, lambda x: 2 * x.flip(-1), 2.0), "potential"),
    "constant in the wrong place": (
        Target(2, square, lambda x: 2 * x + 1, 2.0),
        "potential",
    ),
    "another shape": (Target(2, lambda x: x, lambda x: x, 1.0), r"potential: expected shape"),
    "single precision": (
        Target(2, lambda x: square(x).float(), lambda x: 2 * x, 2.0),
        "potential: expected shape .* torch.float64, got .* torch.float32",
    ),
    "not finite": (
        Target(1, lambda x: x[..., 0].log(), lambda x: 1 / x, 2.0),
        "potential: expected finite values",
    ),
}


@pytest.mark.parametrize("name", LIARS)
def test_liars_are_caught(name: str) -> None:
    target, message = LIARS[name]
    with pytest.raises(ValueError, match=message):
        build(target, 0.5)


PROFILES = {
    "lipschitz": dataclasses.replace(cubic, lipschitz=0.5),
    "convex": dataclasses.replace(wave, convex=True),
    "derivative": Profile(torch.sqrt, lambda u: u.rsqrt(), 1.0),
}


@pytest.mark.parametrize("name", PROFILES)
def test_lying_profiles_are_caught(name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name}: expected"):
        build(ridges(PROFILES[name], dim=2), 0.1)


def test_a_decreasing_outer_is_not_monotone() -> None:
    falling = Profile(lambda u: (-u).exp(), lambda u: -(-u).exp(), math.e, convex=True)
    with pytest.raises(ValueError, match=r"monotone: expected phi' >= 0 on the range of the sum"):
        build(Composition(falling, ridges(bowl, bowl, dim=2), monotone=True), 0.1)


def test_field_of_the_paper_is_convex_up_to_three_eighths_only() -> None:
    far = Target(2, fields.convex_potential, fields.convex_gradient, 80.0, margin=1.0)
    with pytest.raises(ValueError, match=r"concavity = 0.0"):
        claims.judge(dataclasses.replace(far, margin=0.9))
