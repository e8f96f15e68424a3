"""The loss of classes against torch: constant classes, those that x itself is nearest to."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from verify import decide
from verify.trusted.trace import TraceError, trace

from .aten_stories import gradient
from .test_aten import Map, agree, points


def fixed(x: Tensor, k: int = 2) -> Tensor:
    return torch.full((len(x),), k)


def loss(of: Callable[[Any, Tensor], Tensor]) -> Callable[[Any, Tensor], Tensor]:
    return lambda m, x: gradient(lambda z: of(m, z), x)


CLASSES: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "sum": loss(lambda m, z: F.cross_entropy(z @ m.A, fixed(z), reduction="sum")),
    "each": loss(lambda m, z: F.cross_entropy(z @ m.A, fixed(z), reduction="none").sum()),
    "weighted": loss(
        lambda m, z: (z[:, 0] ** 2 * F.nll_loss(z @ m.A, fixed(z, 0), reduction="none")).sum()
    ),
    "one's own": loss(lambda m, z: F.nll_loss(z @ m.A, z.argmax(1), reduction="sum")),
    "by value": loss(
        lambda m, z: F.nll_loss(z @ m.A, z[:, 0].floor().clamp(0, 3).long(), reduction="sum")
    ),
    "the loss itself": lambda m, x: x * F.nll_loss(x @ m.A, fixed(x, 1), reduction="none")[:, None],
}


@pytest.mark.parametrize("name", CLASSES)
def test_classes(name: str) -> None:
    agree(Map(CLASSES[name]), points())


UNREAD: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "ignored": loss(
        lambda m, z: F.cross_entropy(z @ m.A, fixed(z), reduction="sum", ignore_index=2)
    ),
    "weights": loss(lambda m, z: F.cross_entropy(z @ m.A, fixed(z), m.b.exp(), reduction="sum")),
    "a mean": loss(lambda m, z: F.cross_entropy(z @ m.A, fixed(z))),
    "perhaps none": loss(
        lambda m, z: F.cross_entropy(
            z @ m.A, z[:, 0].floor().clamp(-100, 3).long(), reduction="sum"
        )
    ),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_not_read(name: str) -> None:
    with pytest.raises(TraceError):
        trace(Map(UNREAD[name]), 4)


def test_the_claims() -> None:
    assert decide(Map(CLASSES["sum"]), "psd", 4).status == "proved"
    falling = Map(lambda m, x: -CLASSES["sum"](m, x))
    assert decide(falling, "symmetric", 4).status == "proved"
    assert decide(falling, "psd", 4).status == "refuted"
