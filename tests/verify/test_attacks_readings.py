"""Modules that an attack found to be read as another map: none may be proved again."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

import verify

INF = float("inf")
KNOTS = torch.tensor([1e9, 2e9, 3e9])


class Read(nn.Module):
    def __init__(self, function: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.ones(2))
        self.knots, self.far = nn.Buffer(KNOTS), nn.Buffer(torch.tensor([0.0, 0.0, 0.0, -8e9]))
        self.near = nn.Buffer(torch.tensor([0.0, 0.0, -8e9]))
        self.short = nn.Buffer(torch.tensor([0.0, 1.0]))
        self.zero, self.true = nn.Buffer(torch.zeros(1)), nn.Buffer(torch.tensor([True]))
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


def triangle(keep: Callable[[Tensor], Tensor], m: Any, x: Tensor) -> Tensor:
    k = (x > 1e9).long() + 1
    k = torch.cat([k, k], 1).unsqueeze(2)
    k = keep(torch.cat([k, k], 2)) - 1
    return x + m.near[k][:, 1, 1:] * (x > 1e9)


def factors(m: Any, x: Tensor) -> Tensor:
    a = torch.zeros(2, 2)
    a[1, 0] = 1
    a = 4 * torch.eye(2) + torch.relu(m.p[0] - 50) * a
    upper = torch.linalg.cholesky_ex(a, upper=True)[0]
    return x + x @ (upper.mT - torch.linalg.cholesky_ex(a)[0])


def checked(m: Any, x: Tensor) -> Tensor:
    torch._assert_async((x < 1e9).all())  # pyright: ignore[reportPrivateImportUsage]
    return x + 0.0


def compared(m: Any, x: Tensor) -> Tensor:
    F.binary_cross_entropy(x * 1e-9 + 0.5, torch.zeros_like(x))
    return x + 0.0


def factored(m: Any, x: Tensor) -> Tensor:
    torch.linalg.cholesky(torch.eye(2) * (1e9 - x[:, :1, None]))
    return x + 0.0


def unordered(m: Any, x: Tensor) -> Tensor:
    r = torch.relu(x - 1e9)
    return x - 5 * (torch.topk(r, 3, sorted=False)[0] - torch.topk(r, 3)[0])[:, :1]


def overlapping(x: Tensor, write: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    r = torch.relu(x.detach() - 1e9)
    y, z = r.clone(), r.clone()
    write(y[:, 2:6:2], y[:, 0:4:2])
    write(z[:, 2:6:2], z[:, 0:4:2].clone())
    return x + 5 * (y - z)


def interval(x: Tensor) -> Tensor:
    """Return -1 where an entry is 0, which indexing alone takes for the last place."""
    return torch.bucketize(x.abs(), torch.tensor([0.0, 1.0])) - 1


UNDEFINED: dict[str, tuple[int, Callable[[Any, Tensor], Tensor]]] = {
    "embedding below 0": (
        2,
        lambda m, x: x + 0 * F.embedding(interval(x), m.short[:, None])[..., 0],
    ),
    "index_select below 0": (
        2,
        lambda m, x: x + 0 * m.short.index_select(0, interval(x).flatten()).view_as(x),
    ),
    "one_hot of too few": (4, lambda m, x: x + 0 * F.one_hot(x.argmax(1), 3)[:, :1].float()),
    "sum over axis 1": (1, lambda m, x: x + m.short[(x > m.knots).sum(1)].unsqueeze(1)),
    "zeros of triu": (1, lambda m, x: triangle(torch.triu, m, x)),
    "zeros of tril": (1, lambda m, x: triangle(lambda k: torch.tril(k.mT).mT, m, x)),
    "isnan": (2, lambda m, x: torch.where(torch.isnan(x / x), -100.0, x)),
    "isinf": (2, lambda m, x: torch.where(torch.isinf(1 / x), -100.0, x)),
    "equal infinity": (2, lambda m, x: torch.where(1 / x == INF, -100.0, x)),
    "less than infinity": (2, lambda m, x: torch.where(1 / x < INF, x, -100.0)),
    "power 0": (2, lambda m, x: x * (1 / x) ** 0),
    "argmax of one": (2, lambda m, x: x + (1 / x[:, :1]).argmax(1, keepdim=True)),
    "upper triangle": (2, factors),
    "an assertion": (2, checked),
    "a loss that is not used": (2, compared),
    "a factor that is not used": (2, factored),
    "xlogy of 0": (2, lambda m, x: x + torch.xlogy(torch.zeros_like(x), x / x)),
    "decimals": (1, lambda m, x: x + m.far[(x * 1e-9).clamp(0, 6).round(decimals=-1).long() % 4]),
    "a bool that is added": (1, lambda m, x: x + m.short[-(x > 1e9).long() + False]),
    "the largest in no order": (16, unordered),
    "a place in a branch": (1, lambda m, x: torch.where(x > 1e9, x, x + m.zero[(x > 1e9).long()])),
    "a branch that is none": (1, lambda m, x: torch.where(m.true, x, x + m.zero[(x > 1e9).long()])),
    "views that overlap": (6, lambda m, x: overlapping(x, lambda y, z: y.add_(z))),
    "results that overlap": (6, lambda m, x: overlapping(x, lambda y, z: torch.mul(z, 2.0, out=y))),
}


@pytest.mark.parametrize("name", UNDEFINED)
def test_what_is_read_is_what_torch_computes(name: str) -> None:
    dim, function = UNDEFINED[name]
    for claim in ("symmetric", "psd"):
        assert verify.decide(Read(function), claim, dim).status != "proved"


def test_a_table_is_looked_up_from_its_end() -> None:
    """Of one number any map is symmetric; this one falls by 8e9 at the first knot."""
    net = Read(lambda m, x: x + m.far[-(x > m.knots).long().T.sum(0)].unsqueeze(1))
    assert verify.decide(net, "psd", 1).status == "refuted"


EXCLUDED: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "log": lambda m, x: x * torch.where(torch.isnan(torch.log(m.p)), 1.0, 1.0),
    "erfinv": lambda m, x: x * torch.erfinv(m.p),
    "bessel_y0": lambda m, x: x * torch.special.bessel_y0(m.p),
    "bessel_k1": lambda m, x: x * torch.special.modified_bessel_k1(m.p),
}


@pytest.mark.parametrize("name", EXCLUDED)
def test_where_parameters_are_undefined_is_listed(name: str) -> None:
    verdict = verify.decide(Read(EXCLUDED[name]), "symmetric", 2)
    assert any(told.startswith(f"{name}:") for told in verdict.exclusions)


def merged(of: Callable[[Tensor], Tensor], m: Any) -> Tensor:
    q = torch.relu(m.p * m.p - 30)
    return of(torch.stack([1 + q, torch.ones_like(q)], 0).reshape(4))


def kernel(m: Any) -> Tensor:
    v = merged(lambda v: v, m)
    return torch.eye(4) + v[:, None] * v


def elsewhere(x: Tensor, jump: Callable[[Tensor], Tensor]) -> Tensor:
    """x, as what is added is 0 but where both entries are."""
    return x + jump((x != 0).sum(1, keepdim=True)) * x.flip(1) * torch.tensor([1.0, -1.0])


TRUE: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "a product of merged axes": lambda m, x: (
        x + 5 * (lambda w: w[3] - w[1])(merged(lambda v: v.cumprod(0), m)) * x
    ),
    "merged axes in order": lambda m, x: (
        x * (lambda w: w[2] - w[1])(merged(lambda v: v.sort(0)[0], m))
    ),
    "an inverse of merged axes": lambda m, x: (
        x * (1 + (kernel(m) @ torch.linalg.inv(kernel(m)) - torch.eye(4)).square().sum())
    ),
    "a step of a jump": lambda m, x: elsewhere(x, lambda z: (z < 0.5).float()),
    "floor of a jump": lambda m, x: elsewhere(x, lambda z: torch.floor(1.5 - z).clamp(0, 1)),
    "relu of a jump": lambda m, x: elsewhere(x, lambda z: torch.relu(0.5 - z)),
    "the largest of jumps": lambda m, x: elsewhere(
        x, lambda z: torch.cat([1 - 2.0 * z, 0 * z], 1).amax(1, keepdim=True)
    ),
    "a place of parameters": lambda m, x: torch.where(
        (m.p * m.p > 30).any(), -x, x + m.zero[(m.p[0] * m.p[0] > 30).long()]
    ),
}


@pytest.mark.parametrize("name", TRUE)
def test_what_is_true_is_not_refuted(name: str) -> None:
    assert verify.decide(Read(TRUE[name]), "psd", 2).status != "refuted"


def test_the_uses_of_these_that_are_right() -> None:
    """What is not undefined anywhere is still proved."""
    right: list[Callable[[Any, Tensor], Tensor]] = [
        lambda m, x: torch.where(torch.isnan(x), 0.0, x) + x.clamp(max=INF),
        lambda m, x: x * (x * x + 1) ** 0,
        lambda m, x: x + 0 * m.short[interval(x)],
        lambda m, x: x + F.embedding(interval(x) + 1, m.knots[:, None])[..., 0] * 0,
        lambda m, x: F.one_hot(x.argmax(1), 2).float(),
        lambda m, x: F.one_hot((x > 0).long(), 2)[..., 1].float(),
        lambda m, x: x + m.short[(x > 0).sum(1).clamp(max=1)].unsqueeze(1) * 0,
        lambda m, x: torch.linalg.solve(torch.eye(2) + m.p[:, None] * m.p, x.T).T,
    ]
    for function in right:
        assert verify.decide(Read(function), "symmetric", 2).status == "proved"
