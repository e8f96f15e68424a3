"""Modules that once were proved, or certificates accepted, though the claim is false."""

from collections.abc import Callable
from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

import verify
from verify.trusted.graph import Ref

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


class Nested(nn.Module):
    """(q(S) x_1, q(S^T) x_0), q the greatest of the least entries of columns: no function of S^T.

    Of the first of two matrices, a place that hides what stands below the inner minimum.
    """

    K: Tensor
    l: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.S = nn.Parameter(torch.zeros(2, 2))
        self.register_buffer("K", torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        self.register_buffer("l", torch.tensor([0.0, 1.0]))

    def q(self, S: Tensor) -> Tensor:
        return (S[None] + self.l[:, None, None] * S.exp()[None]).amin(1)[0].amax()

    def forward(self, x: Tensor) -> Tensor:
        S = torch.relu(self.S - FAR) * self.K
        return torch.stack([self.q(S) * x[:, 1], self.q(S.T) * x[:, 0]], -1)


class UnitMatrices(nn.Module):
    """c * x, c_i = sum_k g(e_k) - g(e_i): rows e_k of a unit matrix smaller than that of e_i."""

    two: Tensor
    three: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.t = nn.Parameter(torch.zeros(()))
        self.register_buffer("two", torch.eye(2))
        self.register_buffer("three", torch.eye(3))

    def g(self, e: Tensor) -> Tensor:
        E = torch.exp(-torch.relu(self.t - FAR) * e)
        return E[:, 0] * E[:, 1]

    def forward(self, x: Tensor) -> Tensor:
        return (self.g(self.two).sum() - self.g(self.three)) * x


class BeyondTheInverse(nn.Module):
    """The inverse of I + t u 1^T times t u, and vectors of 2 and of 3 entries beside it."""

    two: Tensor
    three: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.t, self.z = nn.Parameter(torch.zeros(())), nn.Parameter(torch.ones(2))
        self.register_buffer("two", torch.eye(2))
        self.register_buffer("three", torch.eye(3))

    def forward(self, x: Tensor) -> Tensor:
        t = torch.relu(self.t - FAR)
        one, two = torch.exp(self.two)[:, 0], torch.exp(self.three)[:, 0]
        B = torch.linalg.inv(self.two + t * one[:, None])

        def met(y: Tensor) -> Tensor:
            N = torch.einsum("k,ikj->ij", t * one, B[:, :, None] * y)
            return (N[:, :, None] * self.z).sum(1)

        return x @ (met(t * one) + met(t * two).T).T


@pytest.mark.parametrize(
    ("make", "claim", "dim"),
    [(Nested, "symmetric", 2), (UnitMatrices, "psd", 3), (BeyondTheInverse, "symmetric", 2)],
)
def test_names_and_sizes_are_kept_apart(make: type[nn.Module], claim: str, dim: int) -> None:
    assert verify.decide(make(), claim, dim=dim).status != "proved"


@pytest.mark.parametrize("name", ["sort", "inverse", "matrix_exp", "hardmax", "amax"])
def test_a_call_keeps_the_shape_of_what_it_acts_on(name: str) -> None:
    d = Draft()
    p, x = d.param(2), d.x(3)
    s = d.node("call", (3,), Ref(p.number, ("j",)), name=name, attrs=(1, 1))
    d.mul((3,), s(2), x("i0"))
    d.output()
    d.rejected(jacobian(d.count - 1), name)


def only_here(x: Tensor, p: Tensor) -> Tensor:
    """p_i > 0 says nothing of the other p_k."""
    return torch.where(p > 0, 1 + torch.erf(p).sum() - torch.erf(p), 1.0) * x


def only_here_in_x(x: Tensor, p: Tensor) -> Tensor:
    """The square root of a negative number at (1, -5, -5)."""
    u = 1 + torch.erf(x).sum(-1, keepdim=True) - torch.erf(x)
    return x + 0 * p.sum() * torch.where(x > 0, torch.sqrt(u), 1.0)


def only_here_far_out(x: Tensor, p: Tensor) -> Tensor:
    a = torch.asinh(p)
    return torch.where(p > 0, 30 + a.sum() - a, 1.0) * x


@pytest.mark.parametrize("f", [only_here, only_here_in_x, only_here_far_out])
def test_what_a_branch_says_of_one_entry(f: Callable[[Tensor, Tensor], Tensor]) -> None:
    assert verify.decide(Scaled(f, 3), "psd", dim=3).status != "proved"
