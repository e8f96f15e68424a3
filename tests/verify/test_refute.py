"""The refuter on liars, and on true maps that look like them."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

from verify.counterexample import Counterexample
from verify.search.balls import exact, precision
from verify.search.refute import refute
from verify.search.settle import Limits, circulation, defined, exact_map

from .sketch import Sketch, Traced, by, plus, ridge

TINY = Fraction(1, 10**30)
CORNER = [0, 1, 0, 0, 0, 0, 0, 0, 0]
EYE = [1, 0, 0, 0, 1, 0, 0, 0, 1]


def silu(s: Sketch, z: int) -> int:
    return s.mul(z, s.fn("sigmoid", z))


def gelu(s: Sketch, z: int) -> int:
    phi = s.fn("erf", s.add((Fraction(7071, 10000), z)))
    return s.mul(z, s.add((Fraction(1, 2), phi), (Fraction(1, 2), s.mul(q=1))))


def sine_on_a_slope(amplitude: Fraction) -> Callable[[Sketch, int], int]:
    return lambda s, z: s.add((1, z), (amplitude, s.fn("sin", z)))


def late_jump(s: Sketch, z: int) -> int:
    return s.add((1, z), (Fraction(-1, 1000), s.fn("step", s.add((1, z), (-7, s.mul(q=1))))))


def falling_stairs(s: Sketch, z: int) -> int:
    return s.mul(s.fn("floor", z), q=-1)


def one_stair_down(s: Sketch, z: int) -> int:
    """Stairs that go up, but for one."""
    down = s.fn("step", s.add((1, z), (Fraction(-9, 2), s.mul(q=1))))
    return s.add((1, s.fn("floor", z)), (-2, down))


def gated(sign: int) -> Sketch:
    """Return g W^T tanh(W x) with a free gain g, or its square."""
    s = Sketch(3)
    W, g = s.param(4, 3), s.param()
    gain = g if sign < 0 else s.mul(g, g)
    s.mul(s.down(W, s.fn("tanh", s.up(W, s.x))), gain)
    return s


def sorted_ridge(untied: bool) -> Sketch:
    s = Sketch(3)
    W = s.param(4, 3)
    z = s.call("sort", s.up(W, s.x), (1, 1))
    s.down(s.param(4, 3) if untied else W, z)
    return s


def soft_maximum() -> Sketch:
    """Return W^T softmax(W x)."""
    s = Sketch(3)
    W = s.param(4, 3)
    e = s.fn("exp", s.up(W, s.x))
    s.down(W, s.mul(e, s.fn("inv", s.sum(e))))
    return s


def radial(power: str) -> Sketch:
    """Return q(|x|^2) x for q = inv(1 + r), whose map falls, or rhypot, whose map rises."""
    s = Sketch(3)
    r = s.sum(s.mul(s.x, s.x))
    q = s.fn("inv", s.add((1, r), (1, s.mul(q=1)))) if power == "inv" else None
    q = q or s.fn("rsqrt", s.add((1, r), (1, s.mul(q=1))))
    s.mul(s.x, q)
    return s


def fixed(entries: list[float]) -> Sketch:
    s = Sketch(math.isqrt(len(entries)))
    s.up(s.lit((s.n, s.n), [Fraction(q) for q in entries]), s.x)
    return s


def patch() -> Sketch:
    """Return x, and an asymmetry where |x - 4| < 1 only."""
    s = Sketch(3)
    far = s.add((1, s.x), (-4, s.mul(q=1)))
    size = s.add((1, s.fn("relu", far)), (1, s.fn("relu", s.mul(far, q=-1))))
    gate = s.fn("relu", s.add((-1, s.sum(size)), (1, s.mul(q=1))))
    s.add((1, s.x), (1, s.mul(s.lit((3,), [1, 2, 0]), gate)))
    return s


def one_hot(name: str) -> Sketch:
    """Return W^T e, e the mean of the unit vectors at which W x is greatest (least)."""
    s = Sketch(3)
    W = s.param(4, 3)
    z = s.up(W, s.x)
    gap = s.add((1, z), (-1, s.call(name, z, (1, 0))))
    hits = s.fn("iszero", gap)
    s.down(W, s.mul(hits, s.fn("inv", s.sum(hits))))
    return s


def line(act: Callable[[Sketch, int], int]) -> Sketch:
    s = Sketch(1)
    act(s, s.x)
    return s


FALSE: dict[str, tuple[Callable[[], Sketch], str]] = {
    "gelu": (lambda: ridge(gelu), "psd"),
    "silu": (lambda: ridge(silu), "psd"),
    "sine": (lambda: ridge(by("sin")), "psd"),
    "shallow dips": (lambda: ridge(sine_on_a_slope(Fraction(1001, 1000))), "psd"),
    "a late jump down": (lambda: ridge(late_jump), "psd"),
    "falling stairs": (lambda: ridge(falling_stairs), "psd"),
    "one stair down": (lambda: ridge(one_stair_down), "psd"),
    "one stair down on a line": (lambda: line(one_stair_down), "psd"),
    "slope -1e-30": (lambda: plus(ridge(by("tanh")), -TINY, EYE), "psd"),
    "a gain of any sign": (lambda: gated(-1), "psd"),
    "x / (1 + |x|^2)": (lambda: radial("inv"), "psd"),
    "indefinite": (lambda: fixed([1, 2, 2, 1]), "psd"),
    "indefinite by 1e-12": (lambda: fixed([1, 1, 1, 1 - 1e-12]), "psd"),
    "asymmetry 1e-12": (lambda: plus(ridge(by("tanh")), Fraction(1, 10**12), CORNER), "both"),
    "asymmetry 1e-30": (lambda: plus(ridge(by("tanh")), TINY, CORNER), "both"),
    "untied": (lambda: ridge(by("tanh"), tied=False), "both"),
    "untied relu": (lambda: ridge(by("relu"), tied=False), "both"),
    "untied step": (lambda: ridge(by("step"), tied=False), "both"),
    "untied floor": (lambda: ridge(by("floor"), 4, tied=False), "both"),
    "sort between untied": (lambda: sorted_ridge(True), "both"),
    "sort of W x, then W^T": (lambda: sorted_ridge(False), "both"),
    "the gradient of a minimum": (lambda: one_hot("amin"), "psd"),
    "a patch far out": (patch, "both"),
    "a rotation": (lambda: fixed([0, -1, 1, 0]), "both"),
    "wide silu": (lambda: ridge(silu, 64, 96), "psd"),
    "wide untied": (lambda: ridge(by("tanh"), 64, 96, tied=False), "both"),
}

TRUE: dict[str, tuple[Callable[[], Sketch], str]] = {
    **{
        name: (lambda name=name: ridge(by(name)), "both")
        for name in ("tanh", "relu", "step", "floor", "round", "softplus", "erf", "exp", "asinh")
    },
    "sine": (lambda: ridge(by("sin")), "symmetric"),
    "almost flat": (lambda: ridge(sine_on_a_slope(Fraction(999, 1000))), "both"),
    "silu": (lambda: ridge(silu), "symmetric"),
    "stairs down": (lambda: ridge(falling_stairs), "symmetric"),
    "slope 1e-30": (lambda: plus(ridge(by("tanh")), TINY, EYE), "both"),
    "a squared gain": (lambda: gated(1), "both"),
    "a gain of any sign": (lambda: gated(-1), "symmetric"),
    "the gradient of a maximum": (lambda: one_hot("amax"), "both"),
    "softmax": (soft_maximum, "both"),
    "x / sqrt(1 + |x|^2)": (lambda: radial("rsqrt"), "both"),
    "x / (1 + |x|^2)": (lambda: radial("inv"), "symmetric"),
    "singular": (lambda: fixed([1, 1, 1, 1]), "both"),
    "badly conditioned": (lambda: fixed([1, 2.0**-30, 2.0**-30, 2.0**-60]), "both"),
    "huge": (lambda: fixed([1e200, 1e100, 1e100, 1]), "both"),
    "narrow": (lambda: ridge(by("tanh"), 5, 2), "both"),
    "one unit": (lambda: ridge(by("relu"), 4, 1), "both"),
    "wide": (lambda: ridge(by("tanh"), 12, 20), "both"),
    "one variable": (lambda: ridge(silu, 1, 3), "symmetric"),
}


def cases(table: dict[str, tuple[Callable[[], Sketch], str]]) -> list[object]:
    return [
        pytest.param(make, claim, id=f"{name}-{claim}")
        for name, (make, claims) in table.items()
        for claim in (("symmetric", "psd") if claims == "both" else (claims,))
    ]


@pytest.mark.parametrize(("make", "claim"), cases(FALSE))
def test_a_false_claim_is_refuted(make: Callable[[], Sketch], claim: str) -> None:
    found = refute(make().traced(), claim)  # type: ignore[arg-type]
    assert found is not None
    assert found.claim == claim
    settles(make().traced(), found)


@pytest.mark.parametrize(("make", "claim"), cases(TRUE))
@pytest.mark.parametrize("effort", ["glance", "quick"])
def test_a_true_claim_is_not(make: Callable[[], Sketch], claim: str, effort: str) -> None:
    assert refute(make().traced(), claim, effort=effort) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("claim", ["symmetric", "psd"])
@pytest.mark.parametrize("name", ["slope -1e-30", "asymmetry 1e-30", "untied step", "silu"])
def test_values_as_they_are_may_suffice(name: str, claim: str) -> None:
    make, claims = FALSE[name]
    if claims not in (claim, "both"):
        return
    found = refute(make().traced(), claim, "current")  # type: ignore[arg-type]
    assert found is not None
    assert found.parameters == {}


def test_a_claim_that_only_other_values_break_stands_for_the_current_ones() -> None:
    traced = gated(-1).traced()
    traced.tensors[1].fill_(2)
    assert refute(traced, "psd", "current") is None  # type: ignore[arg-type]
    assert refute(traced, "psd") is not None  # type: ignore[arg-type]


def settles(traced: Traced, found: Counterexample) -> None:
    """Check a counterexample by plain differences in exact or ball arithmetic."""
    params = [
        exact(np.array([*entries, None], dtype=object)[:-1]).reshape(shape)
        for shape, entries in found.parameters.values()
    ]
    f = exact_map(traced.graph, traced.sizes, params)
    points = [exact(list(p)) for p in found.points]
    if found.kind == "points":
        x, y = points
        with precision(400):
            assert sum((f.map(x) - f.map(y)) * (x - y)) < 0
    if found.kind == "jacobian":
        i, j = found.indices or (0, 0)
        h, e = fmpq(1, 1 << 200), exact(np.eye(len(points[0])))
        with precision(1000):
            by_j = (f.map(points[0] + h * e[j]) - f.map(points[0] - h * e[j]))[i] / (2 * h)
            by_i = (f.map(points[0] + h * e[i]) - f.map(points[0] - h * e[i]))[j] / (2 * h)
            lower, upper = found.enclosures["J_ij - J_ji"]
            middle = (lower + upper) / 2
            error = by_j - by_i - fmpq(middle.numerator, middle.denominator)
            assert abs(error) < abs(fmpq(middle.numerator, middle.denominator)) / 1000
    lower, upper = [*found.enclosures.values()][-1]
    assert lower <= upper
    assert upper < 0 or (lower > 0 and found.kind != "points")


def test_a_segment_across_a_pole_is_not_used() -> None:
    """1/x falls from +inf to -inf at 0 only: no two points on one side refute -1/x."""
    s = Sketch(1)
    s.mul(s.fn("inv", s.x), q=-1)
    assert refute(s.traced(), "psd", effort="quick") is None  # type: ignore[arg-type]
    f = exact_map(s.traced().graph, {}, [])
    assert not defined(f, exact([-1.0]), exact([1.0]))
    assert defined(f, exact([1 / 1024]), exact([1.0]))


def test_a_count_of_maxima_is_never_0() -> None:
    f = exact_map(one_hot("amin").traced().graph, {}, [np.eye(4)[:, :3]])
    assert defined(f, exact([-1.0, 0.0, 0.0]), exact([0.0, -1.0, 0.0]))


def test_a_map_that_is_undefined_everywhere_is_not_refuted() -> None:
    s = Sketch(2)
    s.fn("log", s.mul(s.fn("exp", s.x), q=-1))
    assert refute(s.traced(), "psd", effort="quick") is None  # type: ignore[arg-type]


def test_the_circulation_around_a_hole() -> None:
    """(-y, x) / |x|^2 has a symmetric Jacobian, and the circulation 2 pi."""
    s = Sketch(2)
    r = s.fn("inv", s.sum(s.mul(s.x, s.x)))
    s.mul(s.up(s.lit((2, 2), [0, -1, 1, 0]), s.x), r)
    f = exact_map(s.traced().graph, {}, [])
    around = [exact([4.0, 0.0]), exact([-2.0, 3.0]), exact([-2.0, -3.0])]
    found = circulation(f, around)
    assert found is not None
    assert found[0] < 2 * math.pi < found[1]
    beside = [p + exact([10.0, 0.0]) for p in around]
    assert circulation(f, beside, Limits(pieces=60)) is None
