"""The refuter's settings: effort, bounds, words, and the same search at every run."""

from fractions import Fraction

import pytest
from flint import fmpq

from verify.search.balls import interval
from verify.search.effort import EFFORTS, fitted
from verify.search.refute import refute
from verify.search.settle import enclosure
from verify.trusted.graph import Node, Ref

from .sketch import Sketch, by, ridge
from .test_refute import gelu, silu


def test_glances_look_at_few_points() -> None:
    assert EFFORTS["glance"].samples <= 24
    graph = ridge(by("tanh"), 64, 256).traced().graph
    assert fitted(EFFORTS["full"], graph, {}, 64).rounds < EFFORTS["full"].rounds


def test_the_search_is_the_same_at_every_run() -> None:
    first, second = (refute(ridge(gelu).traced(), "psd") for _ in range(2))  # type: ignore[arg-type]
    assert first == second


def test_bounds_are_rounded_outwards() -> None:
    lower, upper = enclosure(interval(fmpq(1, 3), fmpq(2, 3)), digits=6) or (0, 0)
    assert lower <= Fraction(1, 3) < Fraction(2, 3) <= upper
    assert lower > Fraction(3, 10)


@pytest.mark.parametrize(
    "wrong", [{"claim": "convex"}, {"scope": "some"}, {"effort": "endless"}], ids=str
)
def test_other_words_are_refused(wrong: dict[str, str]) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name}: expected one of"):
        refute(ridge(silu).traced(), **{"claim": "psd", **wrong})  # type: ignore[arg-type]


def test_a_parameter_free_map_needs_no_draws() -> None:
    nodes = Sketch(2)
    nodes.node(Node("mul", (2,), (Ref(0, ("i0",)),), (Fraction(-1),)))
    found = refute(nodes.traced(), "psd")  # type: ignore[arg-type]
    assert found is not None
    assert found.parameters == {}
