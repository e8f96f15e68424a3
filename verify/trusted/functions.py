"""Functions of Polys by their identities, and derivatives by the table."""

from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

from verify.trusted.atoms import ROWS, bound, monomials
from verify.trusted.extrema import slope_of_extremum
from verify.trusted.graph import Index
from verify.trusted.parity import ODD, PARITY, scale
from verify.trusted.polys import Atom, Poly, RingError, is_fractional, lone

if TYPE_CHECKING:
    from verify.trusted.ring import Ring

SAME = set(product(("relu", "step"), repeat=2))
HIGHEST = 64  # power of a sum


def of(ring: "Ring", name: str, *args: Poly) -> Poly:
    """Return name(args) by the identities of its function, else as an atom."""
    p = args[0]
    if name in ("tanh", "sech2"):
        half = of(ring, "sigmoid" if name == "tanh" else "dsigmoid", ring.add((2, p)))
        return ring.add((4, half)) if name == "sech2" else ring.add((2, half), (-1, ring.number(1)))
    if name in ("cauchy", "rhypot"):
        one = ring.add((1, ring.number(1)), (1, ring.mul(p, p)))
        return of(ring, "inv", one if name == "cauchy" else of(ring, "sqrt", one))
    if name == "rsqrt":
        return of(ring, "inv", of(ring, "sqrt", p))
    if name == "gauss" and p.terms:
        square = of(ring, "exp", ring.add((-1, ring.mul(p, p))))
        return ring.mul(of(ring, "gauss", ring.number(0)), square)
    if name == "where":
        if ring.mul(p, p) is not p:
            raise RingError("a condition that is not seen to be 0 or 1")
        return ring.add((1, args[2]), (1, ring.mul(p, args[1])), (-1, ring.mul(p, args[2])))
    if name == "pow":
        return power(ring, p, args[1])
    if name in ("exp", "log", "inv"):
        return {"exp": exp, "log": log, "inv": inv}[name](ring, p)
    if name == "softplus" and not p.terms:
        return log(ring, ring.number(2))
    value = constant(name, p.constant) if p.constant is not None else None
    if value is not None:
        return ring.number(value)
    inside = lone(p)
    if name in ("relu", "step"):
        if least(p) == 2 or (least(p) and name == "relu"):
            return p if name == "relu" else ring.number(1)
        if least(ring.add((-1, p))):
            return ring.number(0)
    if name == "iszero":
        signs = [of(ring, "step", ring.add((q, p))) for q in (1, -1)]
        return ring.add((1, ring.number(1)), *((-1, sign) for sign in signs))
    if inside and (name, inside.head) in SAME:  # step(relu(u)) = step(u)
        return of(ring, "step" if "step" in (name, inside.head) else "relu", *inside.args)
    size = scale(ring, p)
    if size < 0 and name in PARITY | {"sigmoid"}:
        mirrored = of(ring, name, ring.add((-1, p)))
        if name == "sigmoid":
            return ring.add((1, ring.number(1)), (-1, mirrored))
        return ring.add((-1 if name in ODD else 1, mirrored))
    if name in ("relu", "step") and abs(size) not in (0, 1):
        unit = ring.entry(name, (), (ring.add((1 / abs(size), p)),))
        return ring.add((abs(size) if name == "relu" else 1, unit))
    return ring.entry(name, (), args)


def least(p: Poly) -> int:
    """Return 2 for what is seen to be positive wherever it is defined, 1 not negative, else 0."""
    signs = [1]
    for (_, factors), q in p.terms.items():
        found = 2 if q > 0 else 0
        for a, e in factors:
            low = bound(ROWS[a.head].low) if a.head in ROWS else None
            sign = least(a.args[0]) if a.head == "inv" else 0
            sign = int(is_fractional(a.args[1])) if a.head == "pow" else sign
            if low and low[0] >= 0:
                sign = 1 if low == (0, True) else 2
            sign = 2 if a.head == "E" else sign or int(e % 2 == 0)
            found = min(found, sign)
        signs.append(found)
    return max(signs) if all(signs) else 0


def exp(ring: "Ring", p: Poly) -> Poly:
    """Return e^p, a product over the monomials of p; e^(c log u) is u^k e^(s log u), 0 <= s < 1."""
    factors: dict[Atom, Any] = {}
    rest = ring.number(1)
    for mono, c in p.terms.items():
        inside = lone(ring.poly({mono: Fraction(1)}))
        if inside and inside.head == "log":
            whole, part = divmod(c, 1)
            if abs(whole) > HIGHEST:
                raise RingError("too high a power")
            base = inside.args[0] if whole > 0 else inv(ring, inside.args[0])
            rest = ring.mul(rest, *[base] * abs(whole))
            if part == Fraction(1, 2):
                rest = ring.mul(rest, of(ring, "sqrt", inside.args[0]))
            elif part:
                factors[ring.atom("E", (), (ring.poly({mono: Fraction(1)}),))] = part
        else:
            factors[ring.atom("E", (), (ring.poly({mono: Fraction(1)}),))] = c
    return ring.mul(rest, ring.product(Fraction(1), {}, factors))


def power(ring: "Ring", u: Poly, q: Poly) -> Poly:
    """Return u^q: e^(q log u) where u > 0; u may be 0 where q > 0."""
    c = q.constant
    if least(u) == 2:
        return exp(ring, ring.mul(q, log(ring, u)))
    if c is not None and c > 0 and not u.terms:
        return u
    if c == Fraction(1, 2):
        return of(ring, "sqrt", u)
    if c is not None and c.denominator == 1 and 0 < c <= HIGHEST:
        return ring.mul(*[u] * int(c))
    return ring.entry("pow", (), (u, q))


def log(ring: "Ring", p: Poly) -> Poly:
    """Return log p, the exponentials that are a factor of all of p taken out.

    log(q e^m + q e^n) = log q + n + softplus(m - n), for q > 0.
    """
    out, rest = take_exponentials(ring, p)
    if rest.constant == 1:
        return out
    pair = exponents_of(ring, rest)
    if pair is None:
        return ring.add((1, out), (1, ring.entry("log", (), (rest,))))
    q, (m, n) = next(iter(rest.terms.values())), pair
    turned = scale(ring, ring.add((1, m), (-1, n))) < 0 if m.terms and n.terms else not m.terms
    if turned:  # 1 + e^m as it is
        m, n = n, m
    signs = ((1, q.numerator), (-1, q.denominator))
    logs = [(sign, log(ring, ring.number(k))) for sign, k in signs]
    return ring.add((1, out), *logs, (1, n), (1, of(ring, "softplus", ring.add((1, m), (-1, n)))))


def exponents_of(ring: "Ring", p: Poly) -> list[Poly] | None:
    """Return the exponents of a sum of two exponentials of one positive coefficient, or None."""
    if len(p.terms) != 2 or len({*p.terms.values()}) != 1 or min(p.terms.values()) < 0:
        return None
    if any(bounds or any(a.head != "E" for a, _ in factors) for bounds, factors in p.terms):
        return None
    return [ring.add(*((e, a.args[0]) for a, e in factors)) for _, factors in p.terms]


def inv(ring: "Ring", p: Poly) -> Poly:
    """Return 1 / p; 1 / (q e^m + q e^n) = sigmoid(n - m) / (q e^n), where n - m is one term."""
    if p.constant is not None and p.constant:
        return ring.number(1 / p.constant)
    out, rest = take_exponentials(ring, p)
    if out.terms:
        return ring.mul(exp(ring, ring.add((-1, out))), inv(ring, rest))
    if pair := exponents_of(ring, p):
        m, n = sorted(pair, key=lambda e: bool(e.terms), reverse=True)
        gap = ring.add((1, n), (-1, m))
        if not n.terms or len(gap.terms) == 1:
            size = ring.number(1 / next(iter(p.terms.values())))
            return ring.mul(size, exp(ring, ring.add((-1, n))), of(ring, "sigmoid", gap))
    if len(p.terms) > 1 or not p.terms:
        size = scale(ring, p) or Fraction(1)
        return ring.add((1 / size, ring.entry("inv", (), (ring.add((1 / size, p)),))))
    ((bounds, factors), q), *_ = p.terms.items()
    free = [(a, e) for a, e in factors if a.free.isdisjoint(n for n, _ in bounds)]
    parts = [ring.number(1 / q)]
    for a, e in free:
        inverse = a.args[0] if a.head == "inv" else ring.entry("inv", (), (ring.lift(a),))
        parts += [inverse] * e
    if bounds:
        held = tuple(f for f in factors if f not in free)
        parts.append(ring.entry("inv", (), (ring.product(Fraction(1), dict(bounds), dict(held)),)))
    return ring.mul(*parts)


def take_exponentials(ring: "Ring", p: Poly) -> tuple[Poly, Poly]:
    """Return (m, r) with p = e^m r, m the exponents of what all monomials of p share."""
    shared: dict[Atom, Any] | None = None
    for bounds, factors in p.terms:
        names = {n for n, _ in bounds}
        powers = {a: e for a, e in factors if a.head == "E" and a.free.isdisjoint(names)}
        if shared is None:
            shared = powers
        shared = {a: e for a, e in shared.items() if powers.get(a) == e}
    shared = shared or {}
    out = ring.add(*((e, a.args[0]) for a, e in shared.items()))
    if not shared:
        return out, p
    inverse = ring.product(Fraction(1), {}, {a: -e for a, e in shared.items()})
    return out, ring.mul(p, inverse)


def substitute(ring: "Ring", p: Poly, what: str | Atom, value: Poly) -> Poly:
    """Return p with an atom, or a head's entries, replaced by a value with p's free names only."""
    key = (p, what, value)
    if (what if isinstance(what, str) else what.head) not in p.heads:
        return p
    if key not in ring.substituted:
        parts = []
        for (bounds, factors), q in p.terms.items():
            sizes, powers = ring.open(bounds, factors)
            kept, new = {}, []
            for a, e in powers.items():
                args = tuple(substitute(ring, b, what, value) for b in a.args)
                if what in (a, a.head):
                    new += [value] * e
                elif args == a.args:
                    kept[a] = e
                elif a.head == "E":
                    new.append(exp(ring, ring.add((e, args[0]))))
                elif a.head in ROWS or a.head == "pow":
                    new += [of(ring, a.head, *args)] * e
                else:
                    raise RingError(f"a variable inside of {a.head}")
            parts.append((1, ring.sum(ring.mul(ring.normal(q, {}, kept), *new), sizes)))
        ring.substituted[key] = ring.add(*parts)
    return ring.substituted[key]


def derivative(ring: "Ring", p: Poly, head: str, index: tuple[Index, ...]) -> Poly:
    """Return the formal derivative of p by the entry head[index]."""
    if head not in p.heads:
        return ring.number(0)
    key = (p, head, index)
    if key not in ring.derivatives:
        parts = []
        for (bounds, factors), q in p.terms.items():
            sizes, powers = ring.open(bounds, factors)
            for a, e in powers.items():
                inner = slope(ring, a, head, index)
                if a.head == "E":
                    rest = ring.mul(ring.normal(Fraction(1), {}, dict(powers)), inner)
                else:
                    left = {b: f - (b is a) for b, f in powers.items()}
                    rest = ring.mul(ring.normal(Fraction(1), {}, left), inner)
                parts.append((q * e, ring.sum(rest, sizes)))
        ring.derivatives[key] = ring.add(*parts)
    return ring.derivatives[key]


def slope(ring: "Ring", a: Atom, head: str, index: tuple[Index, ...]) -> Poly:
    """Return the derivative of an atom (of the exponent, for an exponential)."""
    if a.head == head:
        return ring.mul(*(ring.entry("eye", pair) for pair in zip(a.index, index, strict=True)))
    if head not in a.heads:
        return ring.number(0)
    if a.head.startswith(('["amax",', '["amin",')):
        return slope_of_extremum(ring, a, head, index)
    if a.head == "pow" and head not in a.args[1].heads:
        less = power(ring, a.args[0], ring.add((1, a.args[1]), (-1, ring.number(1))))
        return ring.mul(a.args[1], less, derivative(ring, a.args[0], head, index))
    inner = derivative(ring, a.args[0], head, index) if len(a.args) == 1 else None
    if a.head == "E" and inner:
        return inner
    if a.head in ring.slopes and inner:
        return ring.mul(ring.entry(ring.slopes[a.head], a.index, a.args), inner)
    row = ROWS.get(a.head)
    if inner is None or row is None or not row.derivative:
        raise RingError(f"no derivative of {a.head}")
    parts = []
    for q, functions in monomials(row.derivative):
        values = (a.args[0] if f == "u" else of(ring, f, a.args[0]) for f in functions)
        parts.append((q, ring.mul(*values, inner)))
    return ring.add(*parts)


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
