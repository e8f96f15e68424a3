"""An entry of the examination: a module as its users write it, and the truth about its claims."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import nn

Build = Callable[[], nn.Module]
B = TypeVar("B", bound=Build)
Points = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Entry:
    """A module with known truth.

    Attributes:
        kind: the file that it stands in.
        name: unique within its kind.
        build: makes the module.
        dim: n, the dimension of x and of f(x).
        symmetric: whether the claim is true; None where no claim may be settled, as the module is
            no deterministic map of one sample or is undefined somewhere.
        psd: the same for the claim psd.
        why: one line.
        scope: "all" or "current".
        values: parameters, by name, at which a false claim is seen.
        points: two points with a negative product, or a triangle with a nonzero circulation.
        unseen: why differences in float64 are not asked, or cannot see that a claim is false.
        scored: whether an unknown counts against verify; a wrong verdict always does.
    """

    kind: str
    name: str
    build: Build
    dim: int
    symmetric: bool | None
    psd: bool | None
    why: str
    scope: str = "all"
    values: Mapping[str, object] | None = None
    points: Points | None = None
    unseen: str = ""
    scored: bool = True

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    def make(self) -> nn.Module:
        """Return the module, the same at every call."""
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return self.build()

    def truth(self, claim: str) -> bool | None:
        return self.symmetric if claim == "symmetric" else self.psd


ENTRIES: list[Entry] = []


def examine(
    build: Build,
    *,
    dim: int = 3,
    symmetric: bool | None,
    psd: bool | None,
    why: str,
    kind: str,
    name: str,
    scope: str = "all",
    values: Mapping[str, object] | None = None,
    points: Points | None = None,
    unseen: str = "",
    scored: bool = True,
) -> None:
    """Put a module into the examination."""
    ENTRIES.append(
        Entry(kind, name, build, dim, symmetric, psd, why, scope, values, points, unseen, scored)
    )


def examined(
    *,
    dim: int = 3,
    symmetric: bool | None,
    psd: bool | None,
    why: str,
    scope: str = "all",
    values: Mapping[str, object] | None = None,
    points: Points | None = None,
    unseen: str = "",
    scored: bool = True,
) -> Callable[[B], B]:
    """Put a module class without arguments, or a function that makes one, into the examination."""

    def register(build: B) -> B:
        examine(
            build,
            dim=dim,
            symmetric=symmetric,
            psd=psd,
            why=why,
            kind=build.__module__.rpartition(".")[2],
            name=build.__name__,
            scope=scope,
            values=values,
            points=points,
            unseen=unseen,
            scored=scored,
        )
        return build

    return register
