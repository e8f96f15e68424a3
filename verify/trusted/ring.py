"""Entries of tensors in normal form: sums, over rationals, of index-summed products of atoms.

A Poly is a sum of monomials q sum_{b1, b2, ..} prod_a a^e. Two Polys that are the same object are
equal as functions, pointwise, wherever both are defined; different ones may still be equal. Every
rewriting here is an identity between functions. Bound indices are named by the height of what
stands below them, so that no renaming ever captures one. Exponents are whole and positive, but
for exp: the atom ``E`` of a monomial m carries any rational exponent c, e^(c m).
"""

from fractions import Fraction
from itertools import groupby, islice, permutations, product
from typing import Any
from zlib import crc32

from verify.trusted import functions, parity
from verify.trusted.graph import Index, Literal, Size
from verify.trusted.matrices import contracted
from verify.trusted.polys import ONE, Atom, Bounds, Mono, Poly, RingError, bits
from verify.trusted.relations import cancel, rewrite

TOO_LARGE = "too large a normal form"
LIMIT = 20_000_000  # steps of work, about a microsecond each
BITS = 60_000  # of a coefficient
STEPS, POWER = 100, 1000  # steps of one normal form; the highest power


class Ring:
    """The atoms and Polys of one check; ``literals`` are the exact constants of its graph."""

    def __init__(self, literals: tuple[Literal, ...] = ()) -> None:
        self.literals = literals
        self.atoms: dict[Any, Atom] = {}
        self.polys: dict[Any, Poly] = {}
        self.renamed: dict[Any, Poly] = {}
        self.derivatives, self.substituted = dict[Any, Poly](), dict[Any, Poly]()
        self.marks, self.usual = dict[Any, int](), dict[Atom, bool]()
        self.scales, self.leads = dict[int, Fraction](), dict[Poly, Mono | None]()
        self.slopes: dict[str, str] = {}  # of named functions (primitives.py)
        self.work, self.fresh, self.limit = 0, 0, LIMIT
        self.first = False  # whether the derivative of a maximum is the first's, not the mean

    def atom(self, head: str, index: tuple[Index, ...] = (), args: tuple[Poly, ...] = ()) -> Atom:
        """Return the atom of this head, index and arguments."""
        if head == "eye" or head.startswith("symmetric "):  # numbers sort before names
            index = tuple(sorted(index, key=str))
        key = (head, index, args)
        if key not in self.atoms:
            self.atoms[key] = Atom(head, index, args, len(self.atoms))
        return self.atoms[key]

    def spend(self, steps: int) -> None:
        """Count steps of work; raise RingError where there are too many."""
        self.work += steps
        if self.work > self.limit:
            raise RingError(TOO_LARGE)

    def poly(self, terms: dict[Mono, Fraction]) -> Poly:
        """Return the Poly of these canonical monomials."""
        self.spend(4 * len(terms))
        terms = {m: q for m, q in terms.items() if q}
        if any(bits(q) > BITS for q in terms.values()):
            raise RingError("too long a number")
        key = frozenset((m, q.numerator, q.denominator) for m, q in terms.items())
        if key not in self.polys:
            self.spend(STEPS + 10 * len(terms))
            self.polys[key] = Poly(terms, len(self.polys))
        return self.polys[key]

    def power(self, q: Fraction, e: int) -> Fraction:
        """Return q^e, of bounded length."""
        if e * bits(q) > BITS:
            raise RingError("too long a number")
        return q**e

    def number(self, q: Fraction | int) -> Poly:
        """Return a constant."""
        return self.poly({ONE: Fraction(q)})

    def entry(self, head: str, index: tuple[Index, ...] = (), args: tuple[Poly, ...] = ()) -> Poly:
        """Return an atom as a Poly."""
        return self.lift(self.atom(head, index, args))

    def lift(self, a: Atom) -> Poly:
        """Return an atom as a Poly."""
        return self.normal(Fraction(1), {}, {a: 1})

    def add(self, *parts: tuple[Fraction | int, Poly]) -> Poly:
        """Return sum q P."""
        terms: dict[Mono, Fraction] = {}
        self.spend(sum(len(part.terms) for _, part in parts))
        for q, part in parts:
            for mono, c in part.terms.items():
                term = c if q == 1 else q * c
                terms[mono] = terms[mono] + term if mono in terms else term
        return self.poly(terms)

    def mul(self, *factors: Poly) -> Poly:
        """Return the product."""
        result = factors[0] if factors else self.number(1)
        for factor in factors[1:]:
            terms: dict[Mono, Fraction] = {}
            for (m, p), (n, q) in product(result.terms.items(), factor.terms.items()):
                pq = p if q == 1 else p * q
                for mono, c in self.times(m, n).terms.items():
                    term = pq if c == 1 else pq * c
                    terms[mono] = terms[mono] + term if mono in terms else term
            result = self.poly(terms)
        return result

    def times(self, m: Mono, n: Mono) -> Poly:
        """Return the product of two monomials, their bound indices kept apart."""
        (bounds, factors), (more, others) = self.open(*m), self.open(*n)
        bounds.update(more)
        for a, e in others.items():
            factors[a] = factors.get(a, 0) + e
        return self.normal(Fraction(1), bounds, factors)

    def open(self, bounds: Bounds, factors: Any) -> tuple[dict[str, Size], dict[Atom, Any]]:
        """Return the indices and factors of a monomial with new names for its bound indices."""
        names: dict[str, Index] = {name: self.name() for name, _ in bounds}
        return {str(names[n]): size for n, size in bounds}, self.merge(dict(factors), names)

    def sum(self, body: Poly, sizes: dict[str, Size]) -> Poly:
        """Return the sum of a Poly over free names of it."""
        parts = []
        for (bounds, factors), q in body.terms.items():
            opened, powers = self.open(bounds, factors)
            parts.append((q, self.normal(Fraction(1), {**opened, **sizes}, powers)))
        return self.add(*parts)

    def name(self) -> str:
        """Return an index name that nothing else has."""
        self.fresh += 1
        return f"t{self.fresh}"

    def rename(self, p: Poly, names: dict[str, Index]) -> Poly:
        """Return a Poly with free indices replaced, by names or by numbers."""
        names = {k: v for k, v in names.items() if k in p.free and k != v}
        if not names:
            return p
        key = (p, tuple(sorted(names.items())))
        if key not in self.renamed:
            parts = []
            for (bounds, factors), q in p.terms.items():
                opened, powers = self.open(bounds, factors)
                parts.append((q, self.normal(Fraction(1), opened, self.merge(powers, names))))
            self.renamed[key] = self.add(*parts)
        return self.renamed[key]

    def rename_atom(self, a: Atom, names: dict[str, Any]) -> Atom:
        """Return an atom with free indices replaced."""
        if a.free.isdisjoint(names):
            return a
        index = tuple(names.get(i, i) if isinstance(i, str) else i for i in a.index)
        return self.atom(a.head, index, tuple(self.rename(p, names) for p in a.args))

    def normal(self, q: Fraction, bounds: dict[str, Size], factors: dict[Atom, Any]) -> Poly:
        """Return q sum_bounds prod factors in normal form; no free name may be canonical."""
        self.spend(STEPS + len(factors) + len(bounds))
        if any(e > POWER for a, e in factors.items() if a.head != "E"):
            raise RingError("too high a power")
        for a in list(factors):
            if a.head == "eye":
                i, j = a.index
                if i == j or i in bounds or j in bounds:
                    del factors[a]
                    if i != j:
                        gone, kept = (i, j) if i in bounds else (j, i)
                        bounds = {n: s for n, s in bounds.items() if n != gone}
                        factors = self.merge(factors, {str(gone): kept})
                    return self.normal(q, bounds, factors)
                if isinstance(i, int) and isinstance(j, int):
                    return self.number(0)
                others = {b: e for b, e in factors.items() if b is not a}
                if any(str(j) in b.free for b in others):  # where eye is not 0, j is i
                    return self.normal(q, bounds, {**self.merge(others, {str(j): i}), a: 1})
                factors[a] = 1
            elif a.head.startswith("lit ") and not a.free:
                q *= self.power(self.value(a), factors.pop(a))
            elif a.head == "inv" and a.args[0].constant:  # made so by a renaming
                q /= self.power(a.args[0].constant, factors.pop(a))
            elif a.args and (known := functions.constant(a.head, a.args[0].constant)) is not None:
                q *= self.power(known, factors.pop(a))
        factors = {a: e for a, e in factors.items() if e}
        for n, size in list(bounds.items()):  # a sum over what does not depend on it
            if isinstance(size, int) and all(n not in a.free for a in factors):
                q, bounds = q * size, {m: s for m, s in bounds.items() if m != n}
        found = rewrite(self, factors) or cancel(self, bounds, factors) if q else None
        rewritten = found or contracted(self, bounds, factors) if q else None
        if rewritten is None:
            return self.product(q, bounds, factors)
        gone, rest, instead = rewritten
        bounds = {n: s for n, s in bounds.items() if n not in gone}
        parts = []
        for (inner, new), c in instead.terms.items():
            opened, powers = self.open(inner, new)
            for a, e in rest.items():
                powers[a] = powers.get(a, 0) + e
            parts.append((c, self.normal(q, {**bounds, **opened}, powers)))
        return self.add(*parts)

    def merge(self, factors: dict[Atom, Any], names: dict[str, Index]) -> dict[Atom, Any]:
        """Return factors renamed, the powers of equal ones added."""
        powers: dict[Atom, Any] = {}
        for a, e in factors.items():
            b = self.rename_atom(a, names)
            powers[b] = powers.get(b, 0) + e
        return powers

    def value(self, a: Atom) -> Fraction:
        """Return an entry of an exact constant."""
        literal, place = self.literals[int(a.head[4:])], 0
        for i, size in zip(a.index, literal.shape, strict=True):
            if not 0 <= int(i) < size:
                raise RingError("a place beyond a constant")
            place = place * size + int(i)
        return literal.data[place]

    def product(self, q: Fraction, bounds: dict[str, Size], factors: dict[Atom, Any]) -> Poly:
        """Return q sum_bounds prod factors, its bound indices named by height and structure.

        The argument of an even or odd function may change its sign. What is its own negative is 0.
        """
        if not bounds:
            sign, powers = parity.turned(self, factors)
            listed = tuple(sorted(powers.items(), key=lambda f: f[0].key))
            return self.poly({((), listed): q * sign})
        height = max((a.height for a in factors), default=0) + 1
        colors = self.colors(bounds, factors)
        order = sorted(bounds, key=lambda n: colors[n])
        groups = [list(g) for _, g in groupby(order, key=lambda n: colors[n])]
        best: Any = None
        for arranged in islice(product(*(islice(permutations(g), 24) for g in groups)), 24):
            names = [n for group in arranged for n in group]
            new = {n: f"b{height}_{k}" for k, n in enumerate(names)}
            sign, powers = parity.turned(self, self.merge(factors, dict(new)))
            listed = tuple(sorted(powers.items(), key=lambda f: f[0].key))
            mono: Mono = tuple((new[n], bounds[n]) for n in names), listed
            key = [(a.key, e) for a, e in listed]
            if best is None or key < best[0]:
                best = key, mono, sign
            elif mono == best[1] and sign != best[2]:
                return self.number(0)
        return self.poly({best[1]: q * best[2]})

    def colors(self, bounds: dict[str, Size], factors: dict[Atom, Any]) -> dict[str, int]:
        """Return a number for each bound index that no renaming changes."""
        colors = {n: crc32(str(size).encode()) for n, size in bounds.items()}
        for _ in range(len(bounds) if len(bounds) > 1 else 0):
            new = {}
            for n in bounds:
                marked = {**colors, n: -1}
                near = [(a, e) for a, e in factors.items() if n in a.free]
                new[n] = hash(
                    (colors[n], *sorted(hash((self.mark(a, marked), e)) for a, e in near))
                )
            colors = new
        return colors

    def mark(self, a: Atom, colors: dict[str, int]) -> int:
        """Return a number for an atom that depends on its index names by their colors only."""
        key = a.key, *map(colors.get, a.free)
        if key not in self.marks:
            self.marks[key] = self.mark_parts(a, colors)
        return self.marks[key]

    def mark_parts(self, a: Atom, colors: dict[str, int]) -> int:
        """Return the number of an atom from its head, indices and arguments."""
        self.spend(5)
        index = [colors.get(str(i), 0) if isinstance(i, str) else i + 1 for i in a.index]
        index = sorted(index) if a.head.startswith(("eye", "symmetric ")) else index
        marks = [[(q, self.mark_mono(m, colors)) for m, q in p.terms.items()] for p in a.args]
        signs = (1, -1) if a.head in parity.PARITY else (1,)  # one mark for both
        parts = [sum(hash((sign * q, mark)) for sign in signs for q, mark in p) for p in marks]
        return hash((crc32(a.head.encode()), *index, *parts))

    def mark_mono(self, m: Mono, colors: dict[str, int]) -> int:
        """Return the number of a monomial."""
        sizes = sorted(crc32(str(size).encode()) for _, size in m[0])
        return hash((*sizes, *sorted(hash((self.mark(a, colors), e)) for a, e in m[1])))

    def of(self, name: str, *args: Poly) -> Poly:
        """Return name(args) by the identities of its function, else as an atom."""
        return functions.of(self, name, *args)

    def exp(self, p: Poly) -> Poly:
        """Return e^p."""
        return functions.exp(self, p)

    def inv(self, p: Poly) -> Poly:
        """Return 1 / p."""
        return functions.inv(self, p)

    def substitute(self, p: Poly, what: str | Atom, value: Poly) -> Poly:
        """Return p with all entries of a head replaced by one value without index names."""
        return functions.substitute(self, p, what, value)

    def derivative(self, p: Poly, head: str, index: tuple[Index, ...]) -> Poly:
        """Return the formal derivative of p by the entry head[index]."""
        return functions.derivative(self, p, head, index)
