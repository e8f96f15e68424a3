"""What the kernel sees of signs, against values; what is false must not be seen."""

import math
import random
from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest

from verify.trusted.graph import Graph, Node
from verify.trusted.inequalities import enclosed
from verify.trusted.kernel import Checker
from verify.trusted.polys import Poly, RingError

FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sigmoid": lambda u: 1 / (1 + math.exp(-u)),
    "dsigmoid": lambda u: 1 / (2 + math.exp(-u) + math.exp(u)),
    "softplus": lambda u: math.log1p(math.exp(u)),
    "exp": math.exp,
    "relu": lambda u: max(u, 0.0),
    "cos": math.cos,
    "sin": math.sin,
    "floor": math.floor,
}


def checker() -> Checker:
    graph = Graph((Node("x", ("n0",)),), 0)
    return Checker(graph, graph.nodes, psd=True)


def value(p: Poly, at: dict[str, float]) -> float:
    """Return a Poly without indices at values of its entries."""
    total = 0.0
    for (_, factors), q in p.terms.items():
        product = float(q)
        for a, e in factors:
            inner = [value(arg, at) for arg in a.args]
            if a.head == "E":
                product *= math.exp(float(e) * inner[0])
                continue
            own = {"log": math.log, "inv": lambda u: 1 / u, **FUNCTIONS}
            product *= (own[a.head](*inner) if inner else at[a.head]) ** e
        total += product
    return total


def drawn(rng: random.Random, c: Checker) -> Poly:
    """Return a random combination of products of functions of two entries."""
    ring = c.ring
    s, t = ring.entry("param 0", ()), ring.entry("param 1", ())
    numbers = [Fraction(n, d) for n in range(-4, 5) for d in (1, 2, 4)]

    def factor() -> Poly:
        u = ring.add((rng.choice([-1, 1, 2]), rng.choice([s, s, t])), (1, ring.number(
            rng.choice([0, 0, 1, -1]))))  # fmt: skip
        return rng.choice([u, ring.of(rng.choice([*FUNCTIONS]), u)])

    parts = [(rng.choice(numbers), ring.mul(*[factor() for _ in range(rng.randint(1, 2))]))
             for _ in range(rng.randint(1, 3))]  # fmt: skip
    return ring.add(*parts, (rng.choice(numbers), ring.number(1)))


def points(rng: random.Random) -> Iterator[dict[str, float]]:
    for _ in range(60):
        wide = rng.choice([0.5, 2, 8])
        yield {f"param {k}": rng.uniform(-wide, wide) for k in range(2)}


@pytest.mark.parametrize("seed", range(6))
def test_seen_signs_hold_at_values(seed: int) -> None:
    rng, seen = random.Random(seed), 0
    for _ in range(150):
        c = checker()
        try:
            p = drawn(rng, c)
            sign = c.sign_by_corners(p)
        except RingError:
            continue
        seen += sign != 0
        for at in points(rng) if sign else ():
            try:
                v = value(p, at)
            except OverflowError:
                continue
            assert v * sign > -1e-9, (sign, at, v)
    assert seen > 10


def powers(c: Checker, *coefs: Fraction | int | str, head: str = "") -> Poly:
    """Return sum coefs[k] t^k of an entry t, or of a function of it."""
    ring, t = c.ring, c.ring.entry("param 0", ())
    t = ring.of(head, t) if head else t
    return ring.add(*((Fraction(q), ring.mul(ring.number(1), *[t] * k))
                      for k, q in enumerate(coefs)))  # fmt: skip


@pytest.mark.parametrize(
    ("coefs", "head", "sign"),
    [
        (("1/4", -1, 1), "", 1),
        (("26/100", -1, 1), "", 2),
        (("-26/100", 1, -1), "", -2),
        ((1, 0, -2, 0, 1), "", 1),
        (("1/2", 2, -2), "sigmoid", 2),
        ((0, 1, -1), "sigmoid", 2),
        (("1/4", -1), "dsigmoid", 1),
        ((-1, 1), "exp", 0),
        (("24/100", -1, 1), "", 0),
        (("1/5", 1), "", 0),
        ((1, 0, 0, 1), "", 0),
        ((1, 0, 1, 0, 0, 0, -1), "", 0),
        (("1/8", -1, 1), "sigmoid", 0),
        ((0, 1, -2), "sigmoid", 0),
    ],
)
def test_polynomials(coefs: tuple[str | int, ...], head: str, sign: int) -> None:
    c = checker()
    assert c.sign_by_corners(powers(c, *coefs, head=head)) == sign


def test_tangents_and_what_is_just_too_much() -> None:
    c = checker()
    ring, t = c.ring, c.ring.entry("param 0", ())
    minus = ring.add((-1, t))
    both = (1, ring.of("softplus", t)), (1, ring.of("softplus", minus))
    number = ring.number(1)
    assert c.sign_by_corners(ring.add(*both, (Fraction("-1.38"), number))) == 2
    assert c.sign_by_corners(ring.add(*both, (Fraction("-1.39"), number))) == 0
    grown = (1, ring.exp(t))
    assert c.sign_by_corners(ring.add(grown, (-1, t), (-1, number))) >= 1
    assert c.sign_by_corners(ring.add(grown, (-1, t), (Fraction("-1.01"), number))) == 0
    assert c.sign_by_corners(ring.add(grown, (-2, t), (Fraction("-0.61"), number))) >= 1
    assert c.sign_by_corners(ring.add(grown, (-2, t), (Fraction("-0.62"), number))) == 0
    assert c.sign_by_corners(ring.add(grown, (Fraction("-2.72"), t))) == 0
    assert c.sign_by_corners(ring.add((1, ring.of("softplus", t)), (-2, ring.of("relu", t)))) == 0
    assert c.sign_by_corners(ring.add((1, ring.of("cos", t)), (Fraction(1, 2), number))) == 0


def test_values_in_order() -> None:
    c = checker()
    ring, t = c.ring, c.ring.entry("param 0", ())
    later = ring.add((1, t), (1, ring.number(1)))
    s, further = ring.of("sigmoid", t), ring.of("sigmoid", later)
    assert c.sign_by_corners(ring.add((1, further), (-1, s))) == 1
    assert c.sign_by_corners(ring.add((1, s), (-1, further))) == -1
    assert c.sign_by_corners(ring.add((2, s), (-1, further))) == 0
    assert c.sign_by_corners(ring.add((1, ring.of("sigmoid", ring.add((2, t)))), (-1, s))) == 0


@pytest.mark.parametrize("q", ["1", "2", "1/2", "3/2", "3/4", "7", "1/7", "100000", "1/999999"])
def test_logarithms_are_enclosed(q: str) -> None:
    low, high = enclosed(Fraction(q))
    assert low <= high < low + Fraction(1, 10**25)
    assert float(low) == pytest.approx(math.log(Fraction(q)), abs=1e-12)


def test_log_2_is_not_the_float() -> None:
    c = checker()
    log2 = c.ring.of("log", c.ring.number(2))
    for steps, sign in ((0, 2), (1, -2)):
        near = Fraction(math.log(2.0)) + steps * Fraction(1, 2**53)
        assert c.sign_by_corners(c.ring.add((1, log2), (-near, c.ring.number(1)))) == sign
