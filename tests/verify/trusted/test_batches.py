"""Kernels of torch that ask for the number of samples as a plain number: code that does is seen."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.func import grad, vmap
from torch.nn.functional import dropout, layer_norm, softplus

import verify
from verify.trusted.batches import EXAMPLES, examples

PLACES = torch.tensor([2, 0, 1])
ENERGIES: dict[str, Callable[[Tensor], Tensor]] = {
    "gather": lambda u: softplus(u.gather(0, PLACES)).sum(),
    "index_select": lambda u: softplus(u.index_select(0, PLACES)).sum(),
    "max": lambda u: u.max(dim=0).values,
    "chunk": lambda u: sum((softplus(part).sum() for part in u.chunk(3)), torch.zeros(())),
    "diff": lambda u: softplus(u.diff()).sum() + softplus(-u.diff()).sum(),
    "layer_norm": lambda u: layer_norm(u, (3,)).sum(),
}


class Field(nn.Module):
    """The gradient of an energy, one sample at a time, and then something with the batch."""

    def __init__(
        self,
        energy: Callable[[Tensor], Tensor] = ENERGIES["gather"],
        after: Callable[[Tensor, Tensor], Tensor] = lambda y, x: y,
        before: bool = False,
    ) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(3, 3))
        self.energy, self.after, self.before = energy, after, before

    def gradient(self, x: Tensor) -> Tensor:
        return vmap(grad(lambda z: self.energy(self.W @ z)))(x)

    def forward(self, x: Tensor) -> Tensor:
        if self.before:
            return self.gradient(self.after(x, x))
        return self.after(self.gradient(x), x)


@pytest.mark.parametrize("name", ENERGIES)
def test_energies_of_one_sample(name: str) -> None:
    verdict = verify.decide(Field(ENERGIES[name]), "psd", 3)
    assert verdict.status == "proved"
    assert verdict.certificate is not None
    verify.check(verdict.certificate, Field(ENERGIES[name]), 3)


def if_many(y: Tensor, x: Tensor) -> Tensor:
    return -y if x.shape[0] > 1000 else y


def if_there(y: Tensor, x: Tensor) -> Tensor:
    many = torch.where(torch.tensor(x.shape[0]) > 1000, -1.0, 1.0)
    return y * many


def in_a_loop(y: Tensor, x: Tensor) -> Tensor:
    for _ in range(min(x.shape[0], 3)):
        y = y * 2
    return y


BY_NUMBER: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "branch": if_many,
    "where": if_there,
    "loop": in_a_loop,
    "times": lambda y, x: y * x.shape[0],
    "times a float": lambda y, x: y * float(len(x)),
    "times a root": lambda y, x: y * math.sqrt(x.shape[0]),
    "times a truth": lambda y, x: y * (x.shape[0] < 1000),
    "times numel": lambda y, x: y / x.numel(),
    "of a mean": lambda y, x: y * x.mean(),
    "power": lambda y, x: y ** (x.size(0) // 100),
    "clamp": lambda y, x: torch.clamp(y, max=x.shape[0]),
    "roll": lambda y, x: y.roll(x.shape[0], 1),
    "column": lambda y, x: y + y[:, x.shape[0] % 3, None] * 0 + x[:, [1, 2, 0]],
    "full": lambda y, x: y * torch.full((3,), x.shape[0]),
    "new_full": lambda y, x: y * x.new_full((), x.shape[0]),
    "arange": lambda y, x: y * torch.arange(x.shape[0])[:, None],
    "count of ones": lambda y, x: y * torch.ones(x.shape[0]).sum(),
    "least": lambda y, x: y * min(x.shape[0], 1000),
    "shape as a tensor": lambda y, x: y * torch.tensor(x.shape).float()[0],
    "linspace": lambda y, x: y * torch.linspace(0, 1, x.shape[0])[-1],
    "softplus": lambda y, x: softplus(y, beta=x.shape[0]),
    "own rows": lambda y, x: y if y.shape[0] < 1000 else -y,
    "own size": lambda y, x: y if y.numel() < 3000 else -y,
    "most": lambda y, x: y if max(y.shape) < 1000 else -y,
    "one shape": lambda y, x: y if y.shape != (2000, 3) else -y,
    "a list": lambda y, x: [y, -y][y.shape[0] // 1000],
    "in a range": lambda y, x: y if len(y) in range(1000) else -y,
    "rows": lambda y, x: y if len(y.unbind(0)) < 1000 else -y,
    "one more": lambda y, x: -y if len(torch.cat([x, torch.zeros(1, 3)])) > 1000 else y,
    "one more, a few": lambda y, x: -y if 10 < len(torch.cat([x[:1] * 0, x])) < 60 else y,
    "at most": lambda y, x: -y if len(x[:64]) < 64 else y,
    "parts": lambda y, x: -y if len(x.split(50)) < 3 else y,
    "turns": lambda y, x: -y if sum(1 for _ in zip(range(64), y, strict=False)) < 64 else y,
    "like another": lambda y, x: -y if y.is_same_size(torch.zeros(2000, 3)) else y,
    "turned": lambda y, x: y.T.reshape(x.shape),
    "sorted": lambda y, x: y.sort(0).values,
    "other row": lambda y, x: y.flip(0),
}


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("name", BY_NUMBER)
def test_the_number_of_samples_is_no_part_of_one(name: str, before: bool) -> None:
    for claim in ("symmetric", "psd"):
        verdict = verify.decide(Field(after=BY_NUMBER[name], before=before), claim, 3)
        if name == "column":
            assert verdict.status != "proved"
        else:
            assert verdict.status == "unknown"


TAKEN_BEFORE: dict[str, Callable[[Tensor, int], Tensor]] = {
    "branch": lambda y, n: -y if n > 1000 else y,
    "one number": lambda y, n: -y if n == 64 else y,
    "truth as a number": lambda y, n: y * (1 - 2 * (n > 1000)),
    "parity": lambda y, n: y * (n % 2),
    "root": lambda y, n: y * (n * 1.0) ** 0.5,
    "in a tensor": lambda y, n: y * torch.as_tensor(n),
    "least": lambda y, n: y * torch.sym_min(n, 1000),
    "dropout": lambda y, n: dropout(y, 1.0 * (n > 1000)),
    "of one sample": lambda y, n: vmap(lambda z: z if n < 1000 else -z)(y),
    "positions": lambda y, n: y * (torch.arange(n) < 1000)[:, None],
}


class Before(Field):
    def __init__(self, use: Callable[[Tensor, int], Tensor]) -> None:
        super().__init__()
        self.use = use

    def forward(self, x: Tensor) -> Tensor:
        n = x.shape[0]
        return self.use(self.gradient(x), n)


@pytest.mark.parametrize("name", TAKEN_BEFORE)
def test_the_number_of_samples_is_not_kept_for_later(name: str) -> None:
    for claim in ("symmetric", "psd"):
        assert verify.decide(Before(TAKEN_BEFORE[name]), claim, 3).status == "unknown"


def test_a_shape_may_be_kept_for_later() -> None:
    assert verify.decide(Before(lambda y, n: y.view(n, 3)), "psd", 3).status == "proved"


ALIKE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "reshape": lambda y, x: y.reshape(x.shape[0], 3, 1).squeeze(-1),
    "zeros": lambda y, x: y + torch.zeros(x.shape[0], 3),
    "expand": lambda y, x: y + torch.zeros(3).expand(len(x), 3),
    "flat": lambda y, x: y.reshape(-1).view(x.size(0), x.size(1)),
}


@pytest.mark.parametrize("name", ALIKE)
def test_shapes_may_be_made_of_it(name: str) -> None:
    verdict = verify.decide(Field(after=ALIKE[name], before=True), "psd", 3)
    assert verdict.status == "proved"


def test_examples_divide_no_size() -> None:
    assert examples([2, 3]) == [*EXAMPLES]
    assert examples([2 * EXAMPLES[0], 3]) == [*EXAMPLES[1:]]


@pytest.mark.parametrize("dim", [EXAMPLES[0], EXAMPLES[1], 60])
def test_sizes_that_are_an_example(dim: int) -> None:
    class Wide(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.ones(dim))

        def forward(self, x: Tensor) -> Tensor:
            places = torch.arange(dim).flip(0)
            both = lambda z: torch.cat([z, z[: EXAMPLES[0] - 60]])  # noqa: E731
            energy = lambda z: softplus(both(z * self.w).index_select(0, places)).sum()  # noqa: E731
            return vmap(grad(energy))(x)

    assert verify.decide(Wide(), "psd", dim).status in ("proved", "unknown")
