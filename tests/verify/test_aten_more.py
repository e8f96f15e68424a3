"""More readings against torch: losses, patches, rounding, angles."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from .aten_stories import gradient
from .test_aten import Map, agree, knots, points


def bce(m: Any, x: Tensor) -> Tensor:
    t = torch.sigmoid(m.b)
    plain = F.binary_cross_entropy_with_logits(x, t.expand_as(x), reduction="none")
    weighted = F.binary_cross_entropy_with_logits(
        x, t.expand_as(x), m.M[1].abs(), pos_weight=m.M[0].abs(), reduction="none"
    )
    return plain + weighted


def patches(m: Any, x: Tensor) -> Tensor:
    z = F.unfold(x.view(-1, 1, 4, 4), (2, 3), dilation=(2, 1), padding=(1, 1), stride=(1, 2))
    z = torch.tanh(m.A[:, :6] @ z)
    y = F.fold(m.A[:, :6].T @ z, (4, 4), (2, 3), dilation=(2, 1), padding=(1, 1), stride=(1, 2))
    two = F.fold(F.unfold(x.view(-1, 2, 2, 4), 2), (2, 4), 2)
    return y.flatten(1) + two.flatten(1)


def distance(p: float) -> Callable[[Any, Tensor], Tensor]:
    return lambda m, x: gradient(lambda z: torch.cdist(z, m.W, p=p).sum(), x)


MORE: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "bce": bce,
    "bce gradient": lambda m, x: gradient(
        lambda z: F.binary_cross_entropy_with_logits(
            z, torch.sigmoid(m.b).expand_as(z), reduction="sum"
        ),
        x,
    ),
    "ldexp": lambda m, x: torch.ldexp(x, m.b) + torch.ldexp(x, torch.tensor(3)),
    "distances": distance(2),
    "distances 1": distance(1),
    "distances 3": distance(3),
}


@pytest.mark.parametrize("name", MORE)
def test_more(name: str) -> None:
    agree(Map(MORE[name]), points())


def test_patches() -> None:
    agree(Map(patches, 16), points(16))


ANGLES: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "of constants": lambda m, x: torch.atan2(x, torch.ones_like(x)),
    "behind": lambda m, x: torch.atan2(x, -torch.ones_like(x)),
    "all around": lambda m, x: torch.atan2(x, torch.cos(7 * x.abs())),
    "above": lambda m, x: torch.atan2(x, torch.zeros_like(x)),
}


@pytest.mark.parametrize("name", ANGLES)
def test_angles(name: str) -> None:
    agree(Map(ANGLES[name], 2), knots())
