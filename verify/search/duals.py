"""Values with their derivatives along several directions, and how their axes are laid out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from verify.search import balls, elementwise, functions, positions
from verify.search.evaluate import BATCH, names_of
from verify.trusted.graph import Node

WAY = "+"  # the axis of the directions


@dataclass(frozen=True)
class Numbers:
    """A type of number: how its functions and whole-axis operations are computed."""

    function: Callable[..., np.ndarray]
    operation: Callable[..., np.ndarray]
    array: Callable[[Any], np.ndarray]
    exact: bool


FLOATS = Numbers(functions.function, functions.operation, np.asarray, exact=False)
BALLS = Numbers(elementwise.function, positions.operation, balls.exact, exact=True)


@dataclass(frozen=True)
class Dual:
    """Values, their derivatives along the directions (None: they do not depend on x).

    ``value`` has the shape of its node, after an axis for the samples where it depends on them;
    ``tangent`` one more axis, for the directions, before the shape. ``flat`` tells in ball
    arithmetic which entries are constant near the point.
    """

    value: np.ndarray
    tangent: np.ndarray | None = None
    flat: np.ndarray | None = None


@dataclass(frozen=True)
class Term:
    """An argument of a node: its dual and the index it is read by."""

    dual: Dual
    index: tuple[int | str, ...]

    @property
    def moves(self) -> bool:
        """Whether it has a tangent."""
        return self.dual.tangent is not None

    def value(self) -> tuple[np.ndarray, tuple[int | str, ...]]:
        """Return the values and the names of their axes."""
        return self.dual.value, names_of(self.dual.value, self.index)

    def tangent(self) -> tuple[np.ndarray, tuple[int | str, ...]]:
        """Return the tangents and the names of their axes."""
        assert self.dual.tangent is not None
        batch = (BATCH,) if self.dual.tangent.ndim == len(self.index) + 2 else ()
        return self.dual.tangent, (*batch, WAY, *self.index)

    def flat(self) -> tuple[np.ndarray, tuple[int | str, ...]]:
        """Return which entries are constant near the point."""
        flat = self.dual.flat
        return (np.full(self.dual.value.shape, True) if flat is None else flat), self.index


@dataclass(frozen=True)
class Layout:
    """The axes of a node's value and tangent: samples and directions where it has them."""

    out: tuple[str, ...]
    ways: tuple[str, ...]
    sizes: Mapping[str, int]

    @staticmethod
    def of(node: Node, shape: tuple[int, ...], terms: Sequence[Term]) -> "Layout":
        """Return the layout of a node from its arguments."""
        sizes = dict(zip(node.out, shape, strict=True))
        for term in terms:
            for array, names in [term.value(), *([term.tangent()] if term.moves else [])]:
                sizes.update(
                    (name, length)
                    for name, length in zip(names, array.shape, strict=True)
                    if name in (BATCH, WAY)
                )
        batch = (BATCH,) if BATCH in sizes else ()
        return Layout((*batch, *node.out), (*batch, WAY, *node.out), sizes)

    def value(self, array: np.ndarray) -> np.ndarray:
        """Return a value in its full shape."""
        return np.broadcast_to(array, tuple(self.sizes[name] for name in self.out))

    def tangent(self, array: np.ndarray) -> np.ndarray:
        """Return a tangent in its full shape."""
        return np.broadcast_to(array, tuple(self.sizes[name] for name in self.ways))

    def aside(self, array: np.ndarray) -> np.ndarray:
        """Return a value with an axis of length 1 for the directions."""
        return np.expand_dims(array, self.ways.index(WAY))
