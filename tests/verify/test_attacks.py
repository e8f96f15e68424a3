"""Modules that once were proved, or certificates accepted, though the claim is false."""

from collections.abc import Callable
from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

import verify

from .trusted.draft import Draft, jacobian

FAR = 2.0**20  # what goes wrong does so far out, where no glance looks


class Scaled(nn.Module):
    """x times, or a function of, a parameter in units of FAR."""

    def __init__(self, f: Callable[[Tensor, Tensor], Tensor], *shape: int) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.zeros(shape))
        self.f = f

    def forward(self, x: Tensor) -> Tensor:
        return self.f(x, self.a)


def positive(u: Tensor) -> Tensor:
    return (u > 0).to(u.dtype)


def jump_in_a_sum_in_a_kink(x: Tensor, b: Tensor) -> Tensor:
    u = x / FAR
    steps = positive(u.unsqueeze(-1) - 1 - b**2).sum(-1)
    return x + positive(u - 10 + 20 * steps) * (u - 10)


def kink_in_a_sum_in_a_kink(x: Tensor, b: Tensor) -> Tensor:
    u = x / FAR
    k = torch.relu(torch.sign(u.unsqueeze(-1) - 1 - b**2)).sum(-1)
    v = u - 10 + 20 * k
    return x + torch.relu(v) - 20 * k * positive(v)


def least_less_most(x: Tensor, a: Tensor) -> Tensor:
    t = torch.sort(torch.stack([torch.zeros_like(a), a / FAR], -1), -1)[0]
    return x * (1 + t[..., 0] - t[..., 1])


def entries_of_an_inverse(x: Tensor, a: Tensor) -> Tensor:
    one, c = torch.ones_like(a), a / FAR
    rows = [torch.stack([one, c], -1), torch.stack([0 * c, one], -1)]
    inverse = torch.linalg.inv(torch.stack(rows, -2))
    return x * (1 + inverse[..., 0, 1] - inverse[..., 1, 0])


def convex_beside_a_pole(x: Tensor, a: Tensor) -> Tensor:
    c = a / FAR
    return x * (1 / ((1 - c) * (1 - c)) - 2 * c)


def convex_where_it_is_defined(x: Tensor, a: Tensor) -> Tensor:
    c = a / FAR + 1.01
    return x * (-torch.log(c - 1) - c)


def sign_by_division(x: Tensor, a: Tensor) -> Tensor:
    c = a / FAR
    sign = (c - 5) / torch.sqrt((c - 5) * (c - 5))
    return x * (1 + positive(c - 9.999 + 10 * sign) * (c - 17))


@pytest.mark.parametrize(
    ("f", "size"),
    [
        (jump_in_a_sum_in_a_kink, 3),
        (kink_in_a_sum_in_a_kink, 3),
        (least_less_most, 3),
        (entries_of_an_inverse, 3),
        (convex_beside_a_pole, 0),
        (convex_where_it_is_defined, 0),
        (sign_by_division, 0),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_falls_far_out_is_not_proved(f: Callable[[Tensor, Tensor], Tensor], size: int) -> None:
    assert verify.decide(Scaled(f, *[size] * (size > 0)), "psd", dim=3).status != "proved"


def test_where_is_strict_only_if_both_branches_are() -> None:
    """x / sqrt(x^2 + d), d = 0 on an open set of parameters."""

    def f(x: Tensor, a: Tensor) -> Tensor:
        d = torch.where(a[0] + FAR > 0, 1.0, torch.relu(a[1] + FAR))
        return x / torch.sqrt(x * x + d)

    assert verify.decide(Scaled(f, 2), "psd", dim=2).status != "proved"


@pytest.mark.parametrize("slope", [-2, 2])
@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("scale", [0, 1])
def test_a_norm_of_what_is_no_sample(slope: int, sign: int, scale: int) -> None:
    """f = 2 t x of either sign is no square: not even with 1 / (0 x + |t| - t)^2 in it."""
    d = Draft()
    x, t = d.x("n"), d.param()
    d.mul(("n",), t(), x("i0"), q=slope)
    d.output()
    root = d.fn("sqrt", d.mul((), t(), t()))
    b = d.add((), (1, root()), (sign, t()))
    z = d.add(("n",), (scale, x("i0")), (1, b()))
    inverse = d.fn("inv", d.mul(("n",), z("i0"), z("i0")))
    c = d.mul(("n",), b(), b(), b(), inverse("i0"))
    d.rejected(jacobian(d.count - 1, (c, d.var("v", "n"))), ":", "psd")


@pytest.mark.parametrize("q", [Fraction(-1), Fraction(0), Fraction(1, 2)])
def test_a_logarithm_has_the_sign_of_its_argument_less_1(q: Fraction) -> None:
    """-log(q) x is monotone for 0 < q < 1; below 0 there is no logarithm."""
    d = Draft()
    x = d.x("n")
    d.mul(("n",), d.fn("log", d.mul((), q=str(q)))(), x("i0"), q=-1)
    d.output()
    c = d.mul(("n",), d.fn("log", d.mul((), q=str(q)))(), q=-1)
    proof = jacobian(d.count - 1, (c, d.var("v", "n")))
    d.accepted(proof) if q > 0 else d.rejected(proof, ":", "psd")
