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

from verify.trusted.atoms import ROWS, monomials
from verify.trusted.graph import Index, Literal, Size

Bounds = tuple[tuple[str, Size], ...]
Mono = tuple[Bounds, tuple[tuple["Atom", Any], ...]]
Rewriting = tuple[tuple[str, ...], dict["Atom", Any], "Poly"]
ONE: Mono = ((), ())
LIMIT = 200_000


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
        self.free = frozenset[str]().union(*(a.free for a in atoms)) - bound
        self.heads = frozenset[str]().union(*(a.heads for a in atoms))
        self.height = max((_height(m) for m in terms), default=0)

    @property
    def constant(self) -> Fraction | None:
        """The number that the Poly is, or None."""
        if not self.terms:
            return Fraction(0)
        return self.terms.get(ONE) if len(self.terms) == 1 else None


def _height(mono: Mono) -> int:
    return max((a.height for a, _ in mono[1]), default=0) + 1


class Ring:
    """The atoms and Polys of one check; ``literals`` are the exact constants of its graph."""

    def __init__(self, literals: tuple[Literal, ...] = ()) -> None:
        self.literals = literals
        self.atoms: dict[Any, Atom] = {}
        self.polys: dict[Any, Poly] = {}
        self.renamed: dict[Any, Poly] = {}
        self.derivatives: dict[Any, Poly] = {}
        self.marks: dict[int, int] = {}
        self.work = self.fresh = 0

    # Building

    def atom(self, head: str, index: tuple[Index, ...] = (), args: tuple[Poly, ...] = ()) -> Atom:
        """Return the atom of this head, index and arguments."""
        if head == "eye":  # symmetric; numbers sort before names
            index = tuple(sorted(index, key=str))
        key = (head, index, args)
        if key not in self.atoms:
            self.atoms[key] = Atom(head, index, args, len(self.atoms))
        return self.atoms[key]

    def poly(self, terms: dict[Mono, Fraction]) -> Poly:
        """Return the Poly of these canonical monomials."""
        terms = {m: q for m, q in terms.items() if q}
        key = frozenset(terms.items())
        if key not in self.polys:
            self.polys[key] = Poly(terms, len(self.polys))
        return self.polys[key]

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
        for q, part in parts:
            for mono, c in part.terms.items():
                terms[mono] = terms.get(mono, Fraction(0)) + q * c
        return self.poly(terms)

    def mul(self, *factors: Poly) -> Poly:
        """Return the product."""
        result = self.number(1)
        for factor in factors:
            terms: dict[Mono, Fraction] = {}
            for (m, p), (n, q) in product(result.terms.items(), factor.terms.items()):
                for mono, c in self.times(m, n).terms.items():
                    terms[mono] = terms.get(mono, Fraction(0)) + p * q * c
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

    # Renaming

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

    # Normal form

    def normal(self, q: Fraction, bounds: dict[str, Size], factors: dict[Atom, Any]) -> Poly:
        """Return q sum_bounds prod factors in normal form; no free name may be canonical."""
        self.work += 1
        if self.work > LIMIT:
            raise RingError("too large a normal form")
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
                q *= self.value(a) ** factors.pop(a)
        factors = {a: e for a, e in factors.items() if e}
        for n, size in list(bounds.items()):  # a sum over what does not depend on it
            if isinstance(size, int) and all(n not in a.free for a in factors):
                q, bounds = q * size, {m: s for m, s in bounds.items() if m != n}
        rewritten = (self.rewrite(factors) or self.cancel(bounds, factors)) if q else None
        if rewritten is None:
            return self.poly({self.canonical(bounds, factors): q})
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
            place = place * size + int(i)
        return literal.data[place]

    def rewrite(self, factors: dict[Atom, Any]) -> Rewriting | None:
        """Return what replaces some of the factors by a relation between functions, or None."""
        for a, e in factors.items():
            square = self.square(a) if e >= 2 and a.head != "E" else None
            if square is not None:
                return (), {**factors, a: e - 2}, square
            pair = self.pair(a, factors) if a.head in ("relu", "step", "inv") else None
            if pair is not None:
                return (), pair, self.number(1) if pair else self.number(0)
        return None

    def square(self, a: Atom) -> Poly | None:
        """Return what a^2 is equal to, where its function has a relation."""
        if a.head == "sigmoid":
            return self.add((1, self.lift(a)), (-1, self.of("dsigmoid", *a.args)))
        if a.head in ("step", "iszero"):
            return self.lift(a)
        if a.head == "sqrt":
            return a.args[0]
        if a.head == "sin":
            cos = self.of("cos", *a.args)
            return self.add((1, self.number(1)), (-1, self.mul(cos, cos)))
        root = lone(a.args[0]) if a.head == "inv" else None
        return self.of("inv", root.args[0]) if root and root.head == "sqrt" else None

    def pair(self, a: Atom, factors: dict[Atom, Any]) -> dict[Atom, Any] | None:
        """Return the factors after a relation between a and another; {} stands for 0."""
        if a.head == "inv":  # b inv(b) = 1, sqrt(p) inv(p) = inv(sqrt(p))
            b, root = lone(a.args[0]), self.atoms.get(("sqrt", (), a.args))
            if b in factors:
                return {**factors, a: factors[a] - 1, b: factors[b] - 1}
            if root in factors:
                inverse = self.atom("inv", (), (self.lift(root),))
                rest = {**factors, a: factors[a] - 1, root: factors[root] - 1}
                return {**rest, inverse: factors.get(inverse, 0) + 1}
            return None
        mirrored = self.add((-1, a.args[0]))
        for b in factors:
            if b.head in ("relu", "step") and b.args[0] is mirrored:
                return {}
            if a.head == "relu" and b.head == "step" and a.args == b.args:
                return {**factors, b: 0}
        return None

    def cancel(self, bounds: dict[str, Size], factors: dict[Atom, Any]) -> Rewriting | None:
        """Return m inv(m + r) replaced by 1 - r inv(m + r), m a monomial of a divisor, or None."""
        for a in factors:
            if a.head != "inv":
                continue
            terms = a.args[0].terms
            lead = max(terms, key=lambda m: (len(m[1]), len(m[0]), self.mark_mono(m, {})))
            found = self.without(bounds, {**factors, a: factors[a] - 1}, lead)
            if found is not None and a.free.isdisjoint(found[0]):
                others = self.poly({m: q for m, q in terms.items() if m != lead})
                instead = self.add((1, self.number(1)), (-1, self.mul(others, self.lift(a))))
                return *found, self.add((1 / terms[lead], instead))
        return None

    def without(
        self, bounds: dict[str, Size], factors: dict[Atom, Any], part: Mono
    ) -> tuple[tuple[str, ...], dict[Atom, Any]] | None:
        """Return (indices, factors left) after a monomial, alone in its indices, is taken."""
        wanted, sizes = part[1], [size for _, size in part[0]]
        for names in permutations(bounds, len(sizes)):
            if [bounds[n] for n in names] != sizes:
                continue
            taken = self.merge(dict(wanted), dict(zip((n for n, _ in part[0]), names, strict=True)))
            if all(factors.get(b, 0) >= e > 0 or factors.get(b) == e for b, e in taken.items()):
                rest = {b: e - taken.get(b, 0) for b, e in factors.items()}
                rest = {b: e for b, e in rest.items() if e}
                if all(b.free.isdisjoint(names) for b in rest):
                    return names, rest
        return None

    # Canonical names of bound indices

    def canonical(self, bounds: dict[str, Size], factors: dict[Atom, Any]) -> Mono:
        """Return a monomial with its bound indices named by height and structure."""
        if not bounds:
            return (), tuple(sorted(factors.items(), key=lambda f: f[0].key))
        height = max((a.height for a in factors), default=0) + 1
        colors = self.colors(bounds, factors)
        order = sorted(bounds, key=lambda n: colors[n])
        groups = [list(g) for _, g in groupby(order, key=lambda n: colors[n])]
        best: Any = None
        for arranged in islice(product(*(permutations(g) for g in groups)), 24):
            names = [n for group in arranged for n in group]
            new = {n: f"b{height}_{k}" for k, n in enumerate(names)}
            powers = self.merge(factors, dict(new))
            listed = tuple(sorted(powers.items(), key=lambda f: f[0].key))
            key = [(a.key, e) for a, e in listed]
            if best is None or key < best[0]:
                best = key, (tuple((new[n], bounds[n]) for n in names), listed)
        return best[1]

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
        if not a.free.isdisjoint(colors):
            return self.mark_parts(a, colors)
        if a.key not in self.marks:
            self.marks[a.key] = self.mark_parts(a, {})
        return self.marks[a.key]

    def mark_parts(self, a: Atom, colors: dict[str, int]) -> int:
        """Return the number of an atom from its head, indices and arguments."""
        index = [colors.get(str(i), 0) if isinstance(i, str) else i + 1 for i in a.index]
        parts = [
            sum(hash((q, self.mark_mono(m, colors))) for m, q in p.terms.items()) for p in a.args
        ]
        return hash((crc32(a.head.encode()), *index, *parts))

    def mark_mono(self, m: Mono, colors: dict[str, int]) -> int:
        """Return the number of a monomial."""
        sizes = sorted(crc32(str(size).encode()) for _, size in m[0])
        return hash((*sizes, *sorted(hash((self.mark(a, colors), e)) for a, e in m[1])))

    # Functions

    def of(self, name: str, *args: Poly) -> Poly:
        """Return name(args) by the identities of its function, else as an atom."""
        p = args[0]
        if name in ("tanh", "sech2"):
            half = self.of("sigmoid" if name == "tanh" else "dsigmoid", self.add((2, p)))
            return (
                self.add((4, half))
                if name == "sech2"
                else self.add((2, half), (-1, self.number(1)))
            )
        if name in ("cauchy", "rhypot"):
            one = self.add((1, self.number(1)), (1, self.mul(p, p)))
            return self.of("inv", one if name == "cauchy" else self.of("sqrt", one))
        if name == "rsqrt":
            return self.of("inv", self.of("sqrt", p))
        if name == "gauss" and p.terms:
            square = self.of("exp", self.add((-1, self.mul(p, p))))
            return self.mul(self.of("gauss", self.number(0)), square)
        if name == "where":
            if self.mul(p, p) is not p:
                raise RingError("a condition that is not seen to be 0 or 1")
            return self.add((1, args[2]), (1, self.mul(p, args[1])), (-1, self.mul(p, args[2])))
        if name in ("exp", "log", "inv"):
            return {"exp": self.exp, "log": self.log, "inv": self.inv}[name](p)
        if name == "softplus" and not p.terms:
            return self.log(self.number(2))
        value = constant(name, p.constant) if p.constant is not None else None
        if value is not None:
            return self.number(value)
        inside = lone(p)
        if inside and (name, inside.head) in SAME:  # step(relu(u)) = step(u)
            return self.of("step" if "step" in (name, inside.head) else "relu", *inside.args)
        scale = self.scale(p)
        if scale < 0 and name in ODD | EVEN | {"sigmoid"}:
            mirrored = self.of(name, self.add((-1, p)))
            if name == "sigmoid":
                return self.add((1, self.number(1)), (-1, mirrored))
            return self.add((-1 if name in ODD else 1, mirrored))
        if name in ("relu", "step") and abs(scale) not in (0, 1):
            unit = self.entry(name, (), (self.add((1 / abs(scale), p)),))
            return self.add((abs(scale) if name == "relu" else 1, unit))
        return self.entry(name, (), args)

    def scale(self, p: Poly) -> Fraction:
        """Return a coefficient of p that no renaming changes, 0 if there is none to tell."""
        sums: dict[int, Fraction] = {}
        for m, q in p.terms.items():
            mark = self.mark_mono(m, {})
            sums[mark] = sums.get(mark, Fraction(0)) + q
        return next((sums[mark] for mark in sorted(sums) if sums[mark]), Fraction(0))

    def exp(self, p: Poly) -> Poly:
        """Return e^p as a product over the monomials of p."""
        factors: dict[Atom, Any] = {}
        rest = self.number(1)
        for mono, c in p.terms.items():
            inside = lone(self.poly({mono: Fraction(1)}))
            if inside and inside.head == "log" and c.denominator == 1:
                power = inside.args[0] if c > 0 else self.inv(inside.args[0])
                rest = self.mul(rest, *[power] * abs(c.numerator))
            else:
                factors[self.atom("E", (), (self.poly({mono: Fraction(1)}),))] = c
        return self.mul(rest, self.poly({self.canonical({}, factors): Fraction(1)}))

    def log(self, p: Poly) -> Poly:
        """Return log p, the exponentials that are a factor of all of p taken out."""
        out, rest = self.take_exponentials(p)
        if rest.constant == 1:
            return out
        if self.is_one_plus_exponential(rest):
            (m, _), (n, _) = rest.terms.items()
            inner = self.take_exponentials(self.poly({(n if m == ONE else m): Fraction(1)}))[0]
            return self.add((1, out), (1, self.of("softplus", inner)))
        return self.add((1, out), (1, self.entry("log", (), (rest,))))

    def inv(self, p: Poly) -> Poly:
        """Return 1 / p."""
        if p.constant is not None and p.constant:
            return self.number(1 / p.constant)
        out, rest = self.take_exponentials(p)
        if out.terms:
            return self.mul(self.exp(self.add((-1, out))), self.inv(rest))
        if self.is_one_plus_exponential(p):
            (m, _), (n, _) = p.terms.items()
            inner = self.take_exponentials(self.poly({(n if m == ONE else m): Fraction(1)}))[0]
            return self.of("sigmoid", self.add((-1, inner)))
        if len(p.terms) > 1 or not p.terms:
            scale = self.scale(p) or Fraction(1)
            return self.add((1 / scale, self.entry("inv", (), (self.add((1 / scale, p)),))))
        ((bounds, factors), q), *_ = p.terms.items()
        free = [(a, e) for a, e in factors if a.free.isdisjoint(n for n, _ in bounds)]
        parts = [self.number(1 / q)]
        for a, e in free:
            inverse = a.args[0] if a.head == "inv" else self.entry("inv", (), (self.lift(a),))
            parts += [inverse] * e
        if bounds:
            held = tuple(f for f in factors if f not in free)
            sum_alone = self.poly({self.canonical(dict(bounds), dict(held)): Fraction(1)})
            parts.append(self.entry("inv", (), (sum_alone,)))
        return self.mul(*parts)

    def is_one_plus_exponential(self, p: Poly) -> bool:
        """Return whether p is 1 + e^m."""
        others = [m for m in p.terms if m != ONE]
        return (
            len(p.terms) == 2
            and len(others) == 1
            and set(p.terms.values()) == {1}
            and (not others[0][0] and all(a.head == "E" for a, _ in others[0][1]))
        )

    def take_exponentials(self, p: Poly) -> tuple[Poly, Poly]:
        """Return (m, r) with p = e^m r, m the exponents of what all monomials of p share."""
        shared: dict[Atom, Any] | None = None
        for bounds, factors in p.terms:
            names = {n for n, _ in bounds}
            powers = {a: e for a, e in factors if a.head == "E" and a.free.isdisjoint(names)}
            if shared is None:
                shared = powers
            shared = {a: e for a, e in shared.items() if powers.get(a) == e}
        shared = shared or {}
        out = self.add(*((e, a.args[0]) for a, e in shared.items()))
        if not shared:
            return out, p
        inverse = self.poly({self.canonical({}, {a: -e for a, e in shared.items()}): Fraction(1)})
        return out, self.mul(p, inverse)

    def substitute(self, p: Poly, head: str, value: Poly) -> Poly:
        """Return p with all entries of a head replaced by one value without index names."""
        if head not in p.heads:
            return p
        parts = []
        for (bounds, factors), q in p.terms.items():
            sizes, powers = self.open(bounds, factors)
            body = self.normal(q, {}, {a: e for a, e in powers.items() if head not in a.heads})
            for a, e in powers.items():
                if head in a.heads:
                    args = [self.substitute(b, head, value) for b in a.args]
                    if a.head == "E":
                        body = self.mul(body, self.exp(self.add((e, args[0]))))
                    else:
                        new = value if a.head == head else self.of(a.head, *args)
                        body = self.mul(body, *[new] * e)
            parts.append((1, self.sum(body, sizes)))
        return self.add(*parts)

    # Derivative

    def derivative(self, p: Poly, head: str, index: tuple[Index, ...]) -> Poly:
        """Return the formal derivative of p by the entry head[index]."""
        if head not in p.heads:
            return self.number(0)
        key = (p, head, index)
        if key not in self.derivatives:
            parts = []
            for (bounds, factors), q in p.terms.items():
                sizes, powers = self.open(bounds, factors)
                for a, e in powers.items():
                    inner = self.slope(a, head, index)
                    if a.head == "E":
                        rest = self.mul(self.normal(Fraction(1), {}, dict(powers)), inner)
                    else:
                        left = {b: f - (b is a) for b, f in powers.items()}
                        rest = self.mul(self.normal(Fraction(1), {}, left), inner)
                    parts.append((q * e, self.sum(rest, sizes)))
            self.derivatives[key] = self.add(*parts)
        return self.derivatives[key]

    def slope(self, a: Atom, head: str, index: tuple[Index, ...]) -> Poly:
        """Return the derivative of an atom (of the exponent, for an exponential)."""
        if a.head == head:
            return self.mul(*(self.entry("eye", pair) for pair in zip(a.index, index, strict=True)))
        if head not in a.heads:
            return self.number(0)
        inner = self.derivative(a.args[0], head, index) if len(a.args) == 1 else None
        if a.head == "E" and inner:
            return inner
        row = ROWS.get(a.head)
        if inner is None or row is None or not row.derivative:
            raise RingError(f"no derivative of {a.head}")
        parts = []
        for q, functions in monomials(row.derivative):
            values = (a.args[0] if f == "u" else self.of(f, a.args[0]) for f in functions)
            parts.append((q, self.mul(*values, inner)))
        return self.add(*parts)


SAME = set(product(("relu", "step"), repeat=2))
ODD = {"erf", "sin", "atan", "asinh", "i1"}
EVEN = {"dsigmoid", "cos", "i0"}


def lone(p: Poly) -> Atom | None:
    """Return the atom that a Poly is, or None."""
    (bounds, factors), q = next(iter(p.terms.items()), (ONE, Fraction(0)))
    if len(p.terms) != 1 or q != 1 or bounds or len(factors) != 1 or factors[0][1] != 1:
        return None
    return factors[0][0]


def constant(name: str, q: Fraction | None) -> Fraction | None:
    """Return name(q) where it is rational and known."""
    if q is None:
        return None
    if name in ("relu", "step", "iszero", "floor"):
        values = {"relu": max(q, Fraction(0)), "step": Fraction(q > 0), "iszero": Fraction(q == 0)}
        return values.get(name, Fraction(q.__floor__()))
    at_zero = {"sigmoid": Fraction(1, 2), "dsigmoid": Fraction(1, 4), "cos": 1, "i0": 1, "sqrt": 0}
    if q == 0 and (name in ODD or name in at_zero):
        return Fraction(at_zero.get(name, 0))
    return Fraction(1) if name == "sqrt" and q == 1 else None
