"""A table is the same constant, whatever the order of its axes is."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from verify.trusted.builder import Builder
from verify.trusted.canonical import turned
from verify.trusted.values import LARGEST, factors


@st.composite
def tables(draw: st.DrawFn) -> tuple[Tensor, list[int]]:
    shape = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    entries = draw(st.lists(st.integers(0, 2), min_size=(n := math.prod(shape)), max_size=n))
    return torch.tensor(entries).reshape(shape), draw(st.permutations(range(len(shape))))


@given(tables())
def test_a_key_is_that_of_an_order(drawn: tuple[Tensor, list[int]]) -> None:
    table, axes = drawn
    (order, key), (other, same) = turned(table), turned(table.permute(axes))
    assert sorted(order) == [*range(table.ndim)]
    assert torch.equal(table.permute(order), table.permute(axes).permute(other)) or key != same
    assert key == same or table.ndim < 3
    assert turned(table + 1)[1] != key
    assert turned(table.double())[1] != key


@given(tables())
def test_a_constant_has_the_entries_of_the_table(drawn: tuple[Tensor, list[int]]) -> None:
    table, axes = drawn
    b = Builder(batched=False)
    for t in (table, table.permute(axes), table + 1, table[None].double()):
        value = b.value(t)
        assert value.extents == [(n, False) for n in t.shape]
        op, shape, _, coefs, _, _ = b.nodes[value.node]
        if op == "lit":
            literal = b.literal(value.node)
            places = [value.index.index(a) for axis in value.axes for a in axis]
            read = torch.tensor([int(q) for q in literal.data]).reshape([s.value for s in shape])
            assert torch.equal(read.permute(places).reshape(t.shape), t.long())
        else:
            assert op == "eye" or torch.equal(t, torch.full(t.shape, int(coefs[0])))


def test_what_an_axis_is_split_into() -> None:
    assert factors((48, False), [(3, False), (4, False), (4, False)]) == [(3, 0), (4, 0), (4, 0)]
    assert factors((48, False), [(3, False), (1, False), (4, False)]) == [(3, 0), (4, 0), (4, 0)]
    assert factors((48, False), [(3, False), (5, False)]) == [(3, 0), (16, 0)]
    assert factors((6, True), [(1, True), (3, False)]) == [(1, True), (3, 0), (2, 0)]
    wide = 2 * math.isqrt(LARGEST)
    assert factors((wide, False), [(2, False), (2, False)]) == [(2, 0), (wide // 2, 0)]
