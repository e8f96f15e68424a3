"""Counts of extrema: what they are divided by is at least 1, and no other sum is taken for one."""

from dataclasses import replace
from fractions import Fraction

import pytest

from verify.trusted.counts import counts_extrema
from verify.trusted.graph import Node, Ref

ONE = Fraction(1)
N = ("n0",)
# sum_k (h_k + 0 h_k z_k), h_k = [z_k = max z]
NODES = (
    Node("x", N),
    Node("call", (), (Ref(0, ("j0",)),), (), "amax", (1, 0)),
    Node("add", N, (Ref(1, ()), Ref(0, ("i0",))), (-ONE, ONE)),
    Node("fn", N, (Ref(2, ("i0",)),), (), "iszero"),
    Node("mul", N, (Ref(1, ()), Ref(0, ("i0",))), (Fraction(0),)),
    Node("mul", N, (Ref(3, ("i0",)), Ref(4, ("i0",))), (ONE,)),
    Node("add", N, (Ref(3, ("i0",)), Ref(4, ("i0",)), Ref(5, ("i0",))), (ONE, ONE, -ONE)),
    Node("mul", (), (Ref(6, ("j0",)),), (ONE,)),
)
PLAIN = Node("mul", (), (Ref(3, ("j0",)),), (ONE,))


def test_a_count_of_the_largest() -> None:
    assert counts_extrema(NODES, PLAIN)


def test_terms_that_are_nothing_are_dropped() -> None:
    assert counts_extrema(NODES, NODES[-1])


@pytest.mark.parametrize(
    ("place", "changes"),
    [
        (4, {"coefs": (ONE,)}),  # something is added
        (6, {"coefs": (-ONE, ONE, -ONE)}),
        (6, {"coefs": (Fraction(1, 2), ONE, -ONE)}),
        (6, {"args": (Ref(3, (0,)), Ref(4, ("i0",)), Ref(5, ("i0",)))}),  # another place
        (6, {"args": (Ref(3, ("i0",)), Ref(3, ("i0",)), Ref(5, ("i0",)))}),  # twice
        (6, {"args": (Ref(4, ("i0",)), Ref(4, ("i0",)), Ref(5, ("i0",)))}),  # nothing at all
        (7, {"coefs": (Fraction(2),)}),
        (2, {"coefs": (ONE, ONE)}),
        (1, {"name": "amin", "args": (Ref(4, ("j0",)),)}),  # of something else
    ],
)
def test_liars(place: int, changes: dict[str, object]) -> None:
    nodes = [*NODES]
    nodes[place] = replace(nodes[place], **changes)  # type: ignore[arg-type] - of any field
    assert not counts_extrema(nodes, nodes[-1])
