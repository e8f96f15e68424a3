"""Atoms and the Polys made of them: sums, over rationals, of index-summed products."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from verify.trusted.graph import Index, Size

Bounds = tuple[tuple[str, Size], ...]
Mono = tuple[Bounds, tuple[tuple["Atom", Any], ...]]
ONE: Mono = ((), ())


class RingError(ValueError):
    """What has no normal form or no derivative here."""


class Atom:
    """head[index](args): an entry of a tensor, or a function of Polys."""

    __slots__ = ("args", "free", "head", "heads", "height", "index", "key")

    def __init__(self, head: str, index: tuple[Index, ...], args: tuple["Poly", ...], key: int):
        self.head, self.index, self.args, self.key = head, index, args, key
        self.free = frozenset(i for i in index if isinstance(i, str)).union(*(p.free for p in args))
        self.heads = frozenset([head]).union(*(p.heads for p in args))
        self.height = max((p.height for p in args), default=0)


class Poly:
    """A sum of monomials, interned: equal ones are one object."""

    __slots__ = ("free", "heads", "height", "key", "terms")

    def __init__(self, terms: dict[Mono, Fraction], key: int):
        self.terms, self.key = terms, key
        atoms = {a for _, factors in terms for a, _ in factors}
        bound = {name for bounds, _ in terms for name, _ in bounds}
        self.free = frozenset[str]().union(*[a.free for a in atoms]) - bound
        self.heads = frozenset[str]().union(*[a.heads for a in atoms])
        self.height = max((_height(m) for m in terms), default=0)

    @property
    def constant(self) -> Fraction | None:
        """The number that the Poly is, or None."""
        if not self.terms:
            return Fraction(0)
        return self.terms.get(ONE) if len(self.terms) == 1 else None


def _height(mono: Mono) -> int:
    return max((a.height for a, _ in mono[1]), default=0) + 1


def lone(p: Poly) -> Atom | None:
    """Return the atom that a Poly is, or None."""
    (bounds, factors), q = next(iter(p.terms.items()), (ONE, Fraction(0)))
    if len(p.terms) != 1 or q != 1 or bounds or len(factors) != 1 or factors[0][1] != 1:
        return None
    return factors[0][0]


def sized(atoms: Iterable[Atom], name: str) -> bool:
    """Return whether a name stands on an axis of a leaf, which has one size; an eye has any."""
    for a in atoms:
        if name in a.index and a.head.split()[0] in ("x", "param", "lit"):
            return True
        if any(sized((b for b, _ in factors), name) for p in a.args for _, factors in p.terms):
            return True
    return False


def level(args: Iterable[Poly]) -> int:
    """Return a number for the names that a call of these arguments binds: none inside has it.

    A call inside can have a greater one than its height: a renaming may have lowered that.
    """
    args = [*args]
    inside = {i.partition("_")[0] for p in args for i in p.free}
    found = max(p.height for p in args)
    while f"c{found}" in inside:
        found += 1
    return found


def bits(q: Fraction) -> int:
    """Return the length of a number."""
    return q.numerator.bit_length() + q.denominator.bit_length()


def is_fractional(q: Poly) -> bool:
    """Return whether q is a number, not whole: u^q is defined, and >= 0, for u >= 0 only."""
    return q.constant is not None and q.constant.denominator > 1
