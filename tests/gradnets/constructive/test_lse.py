import math

import mpmath
import pytest
import torch
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from gradnets.constructive import Target, lse, measured_error

from .known import convex_field, nonconvex_field, points, quadratic


@given(st.lists(st.floats(0, 50), min_size=1, max_size=30))
def test_mean_energy_is_at_most_lambert_s_v(a: list[float]) -> None:
    a = [x - min(a) for x in a]
    p = [math.exp(-x) for x in a]
    mean = sum(x * q for x, q in zip(a, p, strict=True)) / sum(p)
    assert mean <= float(lse.entropy(len(a)).upper()) + 1e-12


@pytest.mark.parametrize("N", [2, 10, 65536])
def test_lambert_s_v_is_reached_and_below_log(N: int) -> None:
    v = float(lse.entropy(N).mid())
    a = v + 1
    p = (N - 1) * math.exp(-a)
    assert math.isclose(a * p / (1 + p), v, rel_tol=1e-12)
    assert v < math.log(N)
    assert math.isclose(v, float(mpmath.lambertw((N - 1) / mpmath.e).real), rel_tol=1e-12)


@pytest.mark.parametrize("margin", [0.001, 0.1, math.inf])
def test_bound_is_the_best_step(margin: float) -> None:
    target = Target(1, lambda x: x[..., 0] ** 2, lambda x: 2 * x, 2.0, margin=margin)
    E = 0.01
    steps = torch.linspace(1e-6, min(margin, 1.0), 100_000, dtype=torch.float64)
    best = (E / steps + target.lipschitz * steps / 2).min().item()
    bound = float(lse.inverse_energy(target, arb(E)).mid())
    assert math.isclose(bound, best, rel_tol=1e-6)
    assert math.isclose(lse.energy(target, bound), E, rel_tol=1e-9)


@pytest.mark.parametrize("margin", [1e-3, 1e-2, 1.0])
def test_a_small_margin_costs_neurons(margin: float) -> None:
    target = Target(1, lambda x: x[..., 0] ** 2, lambda x: 2 * x, 2.0, margin=margin)
    near = lse.build(target, 0.1)
    assert measured_error(near, points(1)) <= near.bound <= 0.1
    assert near.neurons >= lse.build(quadratic(1, 2.0), 0.1).neurons


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_bound_is_sharp_at_quadratics(dim: int) -> None:
    near = lse.build(quadratic(dim), 0.2)
    assert measured_error(near, points(dim)) > 0.7 * near.bound


def test_a_temperature_a_hundred_times_lower_breaks_the_bound() -> None:
    near = lse.build(quadratic(2), 0.1)
    with torch.no_grad():
        sigma = near.network.get_submodule("sigma")
        sigma.get_parameter("log_t").sub_(math.log(100))
    assert measured_error(near, points(2)) > near.bound


def test_a_shifted_plane_breaks_the_bound() -> None:
    near = lse.build(quadratic(2), 0.1)
    with torch.no_grad():
        near.network.get_parameter("b")[17] += 0.1
    assert measured_error(near, points(2)) > near.bound


def test_not_convex() -> None:
    with pytest.raises(ValueError, match=r"target: expected concavity 0 \(Theorem 4\), got 11.1"):
        lse.build(nonconvex_field, 1.0)


def test_field_of_the_paper_at_two_errors() -> None:
    for error, neurons in ((1.0, 144), (0.25, 2304)):
        assert lse.build(convex_field, error).neurons == neurons
