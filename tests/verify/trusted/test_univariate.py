"""Enclosures of functions of one number, against ball arithmetic; what is too much is not seen."""

import random
from fractions import Fraction

import pytest
from flint import arb, ctx, fmpq

from verify.trusted import enclosures
from verify.trusted.enclosures import ONE, ROOT, of_range
from verify.trusted.graph import Graph, Node
from verify.trusted.kernel import Checker
from verify.trusted.lines import Lines, applied, level, product, total
from verify.trusted.polys import Poly
from verify.trusted.ring import Ring
from verify.trusted.univariate import OneNumber

FUNCTIONS = {
    "exp": lambda u: u.exp(),
    "softplus": lambda u: u.exp().log1p(),
    "sigmoid": lambda u: 1 / (1 + (-u).exp()),
    "dsigmoid": lambda u: 1 / (2 + (-u).exp() + u.exp()),
    "erf": lambda u: u.erf(),
    "log": lambda u: u.log(),
    "sqrt": lambda u: u.sqrt(),
    "inv": lambda u: 1 / u,
}


def ball(number: int) -> arb:
    return arb(fmpq(number, ONE))


@pytest.fixture(autouse=True)
def precision():
    before, ctx.prec = ctx.prec, 7000
    yield
    ctx.prec = before


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_lie_in_their_ranges(name: str) -> None:
    rng = random.Random(name)
    for _ in range(60):
        wide = rng.choice([1e-6, 0.01, 1, 5, 20, 64])
        u, v = sorted(round(rng.uniform(-wide, wide) * 2**60) * 2**20 + 1 for _ in range(2))
        if name in ("log", "sqrt", "inv"):
            u, v = sorted((abs(u), abs(v)))
        low, high = of_range(name, u, v)
        for at in (u, v, (u + v) // 2):
            value = FUNCTIONS[name](ball(at))
            assert low is not None
            assert ball(low) <= value
            assert high is None or value <= ball(high)
        near = of_range(name, u, u)
        assert None not in near
        far = FUNCTIONS[name](ball(u))
        assert ball((near[1] or 0) - (near[0] or 0)) < (1 + abs(far)) * arb("1e-10")


def test_constants() -> None:
    low, high = (enclosures.down(Fraction(q)) for q in ROOT)
    assert ball(low) < 2 / arb.pi().sqrt() < ball(high + 1)
    assert of_range("log", -ONE, ONE) == of_range("sqrt", -1, ONE) == (None, None)
    assert of_range("inv", -ONE, ONE) == of_range("inv", 0, ONE) == (None, None)
    assert of_range("exp", 65 * ONE, 65 * ONE)[1] is None


def test_products_of_lines_hold() -> None:
    rng = random.Random(0)
    for _ in range(2000):
        ends = [sorted(rng.choice([-2, -1, 0, 1, 3]) * ONE for _ in range(2)) for _ in range(4)]
        f, g = (Lines(a, r, b, c) for (a, b), (r, c) in (ends[:2], ends[2:]))
        added = total([(Fraction(2), f), (Fraction(-3), g)])
        both = (product(f, g), lambda p, q: p * q // ONE), (added, lambda p, q: 2 * p - 3 * q)
        for lines, of in both:
            for t in (0, 1, 5):
                for p in (f.low + f.rise * t, f.high + f.climb * t):  # type: ignore[operator]
                    for q in (g.low + g.rise * t, g.high + g.climb * t):  # type: ignore[operator]
                        value = of(p, q)
                        assert lines.low is None or lines.low + lines.rise * t <= value + 1
                        assert lines.high is None or value - 1 <= lines.high + lines.climb * t


def test_what_grows_does_not_decay() -> None:
    rising, falling = Lines(ONE, ONE, ONE, ONE), Lines(-ONE, -ONE, -ONE, -ONE)
    assert applied("exp", rising).decay is None
    assert applied("exp", falling).decay
    assert applied("sigmoid", rising).decay is None
    assert applied("sigmoid", falling).decay
    assert applied("softplus", rising).decay is None
    assert applied("1 - sigmoid", rising).decay
    assert applied("1 - erf", falling).decay is None
    assert applied("1 - erf", rising).decay
    assert applied("exp", Lines(0, 0, 65 * ONE, -ONE)).decay is None
    assert applied("dsigmoid", level(-ONE, ONE)).decay is None


def functions(ring: Ring, w: Poly) -> dict[str, tuple[Poly, str, int]]:
    """Return Polys with a number near one of their ends, and the sign of what they are beside it.

    The ends are -0.16997.., -0.27846.., -0.12893.., -0.09983.., 1.09983.., 2.
    """
    s, d = ring.of("sigmoid", w), ring.of("dsigmoid", w)
    half = ring.add((Fraction(1, 2), ring.mul(w, w)))
    normal = ring.add((Fraction(1, 2), ring.of("erf", ring.add((Fraction(5, 7), w)))),
                      (Fraction(1, 2), ring.number(1)))  # fmt: skip
    bell = ring.mul(w, ring.exp(ring.add((-1, half))))
    return {
        "gelu": (ring.mul(w, normal), "-0.1683", 1),
        "silu": (ring.mul(w, s), "-0.27847", 1),
        "slope of silu": (ring.add((1, s), (1, ring.mul(w, d))), "-0.09986", 1),
        "and above": (ring.add((1, s), (1, ring.mul(w, d))), "1.09985", -1),
        "bell": (bell, "-0.60654", 1),
        "bell above": (bell, "0.60654", -1),
        "quartic": (ring.add((1, ring.mul(w, w, w, w)), (-1, w)), "-0.47248", 1),
        "left of 1": (ring.add((1, ring.mul(w, s)), (-1, w)), "-0.0001", 0),
    }


@pytest.mark.parametrize("name", functions(Ring(), Ring().number(1)))
def test_a_function_beside_a_number_near_its_end(name: str) -> None:
    ring = Ring()
    w = ring.entry("cut", ())
    (atom,) = [a for m in w.terms for a, _ in m[1]]
    p, number, side = functions(ring, w)[name]
    one = OneNumber(ring, {atom: 1})
    q = Fraction(number)
    near = ring.add((1, p), (-q, ring.number(1)))
    far = ring.add((1, p), (-q + side * Fraction("1/500"), ring.number(1)))
    off = ring.add((1, p), (-q - side * Fraction("1/500"), ring.number(1)))
    assert one.sign(far) == one.sign(near) == 2 * side
    assert one.sign(off) == 0


def test_other_names_and_other_entries_are_not_one_number() -> None:
    graph = Graph((Node("x", ("n0",)),), 0)
    c = Checker(graph, graph.nodes, psd=True)
    ring = c.ring
    s, t = ring.entry("param 0", ("i0",)), ring.entry("param 0", ("i1",))
    lifted = ring.add((1, ring.mul(s, ring.of("sigmoid", s))), (Fraction("0.28"), ring.number(1)))
    crossed = ring.add((1, ring.mul(s, ring.of("sigmoid", t))), (Fraction("0.28"), ring.number(1)))
    assert c.sign_by_corners(lifted) == 2
    assert c.sign_by_corners(crossed) == 0
    assert c.sign_by_corners(ring.mul(lifted, ring.of("softplus", t))) == 2
    assert c.sign_by_corners(ring.mul(lifted, t)) == 0
    summed = ring.sum(ring.mul(s, ring.of("sigmoid", s)), {"i0": 3})
    assert c.sign_by_corners(ring.add((1, summed), (Fraction("0.28"), ring.number(1)))) == 0
