"""More readings against torch: losses, patches, rounding, angles."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from verify import decide
from verify.trusted.trace import TraceError, trace

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


def halved_below(m: Any, x: Tensor) -> Tensor:
    y = x.clone()
    y[x < 0] = 0.25 * torch.tanh(x[x < 0]) + m.c
    return y


def scaled_in_place(m: Any, x: Tensor) -> Tensor:
    y = x @ m.A
    inside = y.abs() < 1
    y[inside] *= 0.1
    outside = ~inside
    y[outside] = y[outside] ** 2 + m.c * y[outside]
    return y


def rows_beyond(m: Any, x: Tensor) -> Tensor:
    r = x.norm(dim=-1, keepdim=True)
    far, y = (r > 1.5).squeeze(1), x * m.b
    y[far] = x[far] / r[far] + m.b
    return y


def undefined_elsewhere(m: Any, x: Tensor) -> Tensor:
    y = torch.zeros_like(x)
    y[x > 0] = torch.log(x[x > 0])
    return y


MASKED = (halved_below, scaled_in_place, rows_beyond, undefined_elsewhere)


@pytest.mark.parametrize("function", MASKED)
def test_masked(function: Callable[[Any, Tensor], Tensor]) -> None:
    agree(Map(function), points())


def elsewhere(m: Any, x: Tensor) -> Tensor:
    y = x.clone()
    y[x < 0] = x[x < 0.5]
    return y


def summed(m: Any, x: Tensor) -> Tensor:
    y = x.clone()
    y[x < 0] = x[x < 0] - x[x < 0].mean()
    return y


def moved(m: Any, x: Tensor) -> Tensor:
    y = x.clone()
    y[x < 0] = x[x < 0].flip(0)
    return y


def added(m: Any, x: Tensor) -> Tensor:
    return x + x[x > 0].sum()


def other_rows(m: Any, x: Tensor) -> Tensor:
    y, below = x.clone(), x < 0
    y[below] = (x @ m.A)[below.roll(1, 0)]
    return y


@pytest.mark.parametrize("function", [elsewhere, summed, moved, added, other_rows])
def test_masked_otherwise_is_not_read(function: Callable[[Any, Tensor], Tensor]) -> None:
    with pytest.raises(TraceError, match=r"not a sample map|not readable"):
        trace(Map(function), 4)


class ByCount(Map):
    """A branch by how many entries a mask picks, of which the trace sees a symbol."""

    def forward(self, x: Tensor) -> Tensor:
        y, low = x.clone(), x[x < 0] * 2
        y[x < 0] = low
        return y + {"2": 1.0}.get(str(low.numel()), 0.0)


def test_how_many_a_mask_picks_is_no_part_of_a_sample() -> None:
    verdict = decide(ByCount(lambda m, x: x), "symmetric", 4)
    assert verdict.status == "unknown"
    assert verdict.reason is not None
    assert verdict.reason.kind == "not a sample map"
    assert decide(Map(halved_below), "symmetric", 4).status == "proved"
    falling = Map(lambda m, x: scaled_in_place(m, x))
    assert decide(falling, "symmetric", 4).status == "refuted"


RESIZED: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "nearest": lambda m, x: F.interpolate(x[:, None], scale_factor=2, mode="nearest")[:, 0, 2:6],
    "nearest by 3/4": lambda m, x: F.interpolate(x[:, None], size=3)[:, 0] @ m.A[:3],
    "exact": lambda m, x: F.interpolate(x[:, None], size=7, mode="nearest-exact")[:, 0, 1:5],
    "linear": lambda m, x: F.interpolate(
        x[:, None], scale_factor=2, mode="linear", align_corners=True
    )[:, 0, 1:5],
    "bilinear": lambda m, x: F.interpolate(
        x.view(-1, 1, 2, 2), scale_factor=2, mode="bilinear", align_corners=False
    )[:, 0, 1],
    "places in floats": lambda m, x: x[:, (torch.arange(4) * 0.7 + 0.1).floor().long()],
}


@pytest.mark.parametrize("name", RESIZED)
def test_resized(name: str) -> None:
    agree(Map(RESIZED[name]), points(), 1e-6)


def test_rounding_to_decimals() -> None:
    agree(Map(lambda m, x: torch.special.round(x) + x.round(decimals=1)),
          points())  # fmt: skip
