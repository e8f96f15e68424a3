import pytest
import torch

from gradnets.constructive import measured_error, ridges, staircase

from . import known


@pytest.mark.parametrize("profiles", [(known.bowl, known.log_cosh), (known.wave, known.log_cosh)])
def test_one_layer_computes_the_same(profiles: tuple) -> None:
    target = known.ridges(*profiles, dim=2)
    learned, stacked = (ridges.build(target, 0.05, stacked=s) for s in (False, True))
    x = known.points(2)
    torch.testing.assert_close(learned.network(x), stacked.network(x), rtol=0, atol=1e-9)
    assert learned.neurons == stacked.neurons
    assert len(stacked.network.get_parameter("W")) == stacked.neurons
    assert measured_error(stacked, x) <= stacked.bound


@pytest.mark.parametrize("profile", [known.cubic, known.log_cosh, known.wave, known.sine])
@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_staircase_is_within_its_bound_and_the_a_priori_one(
    profile: known.Profile, count: int
) -> None:
    S = staircase.build(profile, 0.0, 1.0, count)
    z = torch.linspace(0, 1, 10_001, dtype=torch.float64)
    error = (staircase.evaluate(S.u, S.c, S.t, S.d, z) - profile.derivative(z)).abs().max().item()
    a_priori = float(staircase.share(profile.convex).upper()) * profile.lipschitz / count
    assert error <= S.bound <= a_priori * (1 + 1e-6)


def test_a_missing_step_breaks_the_bound() -> None:
    near = ridges.build(known.monotone, 0.01)
    with torch.no_grad():
        near.network.get_parameter("sigma.raw_c")[-1] -= 1
    assert measured_error(near, known.points(1)) > near.bound


def test_many_ridges_are_bounded_by_the_triangle() -> None:
    target = known.ridges(*[known.log_cosh] * 14, dim=3)
    near = ridges.build(target, 0.5)
    assert measured_error(near, known.points(3)) <= near.bound <= 0.5
