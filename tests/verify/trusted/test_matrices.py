"""Identities of matrix functions in the ring: what holds is seen, and what does not is not."""

from fractions import Fraction

import pytest

from verify.search.workbench import Workbench
from verify.trusted.graph import Graph, Node, Ref

ONE = Fraction(1)


class Bench:
    """A workbench with a square parameter L and its Gram matrix plus I."""

    def __init__(self) -> None:
        self.n = ("n0", "n0")
        theta = (Node("param", self.n, attrs=(0,)), Node("param", self.n, attrs=(1,)))
        refs = (Ref(0, ("i0", "j0")), Ref(1, ("j0", "j1")), Ref(2, ("j1",)))
        out = Node("mul", ("n0",), refs, (ONE,))
        graph = Graph((*theta, Node("x", ("n0",)), out), 3, (self.n, self.n))
        self.b = Workbench(graph, (), psd=True)
        self.eye = self.b.make(Node("eye", self.n))
        self.gram = self.plus(self.times(0, 0, "ki,kj"), self.eye)
        self.outer = self.plus(self.times(0, 0, "ik,jk"), self.eye)
        self.symmetric = self.plus(0, self.turned(0))

    def times(self, a: int, c: int, spec: str) -> int:
        """Return a product of two matrices, as einsum spells it; k is summed over."""
        names = {"i": "i0", "j": "i1", "k": "j0"}
        refs = [Ref(m, tuple(names[n] for n in part))
                for m, part in zip((a, c), spec.split(","), strict=True)]  # fmt: skip
        return self.b.mul(self.n, refs)

    def plus(self, a: int, c: int, q: int = 1) -> int:
        return self.b.add(self.n, [(1, self.b.whole(a)), (q, self.b.whole(c))])

    def scaled(self, a: int, q: Fraction | int) -> int:
        return self.b.add(self.n, [(q, self.b.whole(a))])

    def turned(self, a: int) -> int:
        return self.b.add(self.n, [(1, Ref(a, ("i1", "i0")))])

    def of(self, name: str, a: int) -> int:
        args = (Ref(a, ("j0", "j1")),)
        return self.b.make(Node("call", self.n, args, (), name, (2, 2)))

    def same(self, a: int, c: int) -> bool:
        return self.b.poly(a) is self.b.poly(c)


@pytest.fixture
def m() -> Bench:
    return Bench()


def test_inverse_times_matrix(m: Bench) -> None:
    inverse = m.of("inverse", m.gram)
    assert m.same(m.times(inverse, m.gram, "ik,kj"), m.eye)
    assert m.same(m.times(m.gram, inverse, "ik,kj"), m.eye)
    free = m.of("inverse", 0)
    assert m.same(m.times(free, 0, "ik,kj"), m.eye)
    assert m.same(m.times(0, free, "ik,kj"), m.eye)
    less = m.scaled(m.plus(m.gram, m.eye, -1), 3)
    plain = m.plus(m.scaled(m.eye, 3), inverse, -3)
    assert m.same(m.times(inverse, less, "ik,kj"), plain)


def test_other_products_stay(m: Bench) -> None:
    inverse, free = m.of("inverse", m.gram), m.of("inverse", 0)
    assert not m.same(m.times(inverse, m.outer, "ik,kj"), m.eye)
    for spec in ("ki,kj", "ik,jk"):
        assert not m.same(m.times(free, 0, spec), m.eye)
    for spec in ("ij,ij", "ij,ji", "ik,ij", "ik,kj"):
        assert not m.same(m.times(free, 1, spec), m.eye)
    entrywise = m.times(inverse, m.gram, "ij,ij")
    assert not m.same(entrywise, m.eye)
    assert m.b.poly(entrywise).terms


def test_a_shared_index_is_not_contracted(m: Bench) -> None:
    free = m.of("inverse", 0)
    refs = [Ref(free, ("i0", "j0")), Ref(0, ("j0", "i1"))]
    thrice = m.b.mul(m.n, [*refs, Ref(1, ("j0", "i1"))])
    weighed = m.b.mul(m.n, [*refs, Ref(1, ("i0", "i1"))])
    diagonal = m.b.mul(m.n, [Ref(m.eye, ("i0", "i1")), Ref(1, ("i0", "i1"))])
    assert m.same(weighed, diagonal)
    assert not m.same(thrice, diagonal)


def test_transposes(m: Bench) -> None:
    for name in ("inverse", "matrix_exp"):
        assert m.same(m.turned(m.of(name, 0)), m.of(name, m.turned(0)))
        assert not m.same(m.of(name, 0), m.of(name, m.turned(0)))
        whole = m.of(name, m.symmetric)
        assert m.same(whole, m.turned(whole))
    other = m.of("cholesky", m.gram)
    assert not m.same(other, m.turned(other))


def test_exponentials(m: Bench) -> None:
    for a in (0, m.symmetric):
        e, back, half = (m.of("matrix_exp", m.scaled(a, q)) for q in (1, -1, Fraction(1, 2)))
        assert m.same(m.times(e, back, "ik,kj"), m.eye)
        assert m.same(m.times(half, half, "ik,kj"), e)
        assert not m.same(m.times(half, half, "ij,ij"), e)
    e, other = m.of("matrix_exp", 0), m.of("matrix_exp", 1)
    assert not m.same(m.times(e, other, "ik,kj"), m.of("matrix_exp", m.plus(0, 1)))
    assert not m.same(m.times(e, m.of("matrix_exp", m.scaled(0, -1)), "ki,kj"), m.eye)
