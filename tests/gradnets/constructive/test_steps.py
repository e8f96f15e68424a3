import pytest
import torch
from flint import arb

import verify
from gradnets import mGradNet
from gradnets.constructive import steps
from gradnets.testing import assert_psd_at

LINE = torch.linspace(0, 1, 20_001, dtype=torch.float64)


def ramp(x: torch.Tensor) -> torch.Tensor:
    return (3 * x - 1).clamp(0, 1)


def level(x: torch.Tensor) -> torch.Tensor:
    return torch.full_like(x, -2.0)


FUNCTIONS = {"sqrt": torch.sqrt, "ramp": ramp, "exp": torch.exp, "level": level}


def measured(near: steps.Nondecreasing, phi: steps.Function) -> float:
    x = torch.cat([LINE, near.nodes])
    with torch.no_grad():
        return (near.network(x[:, None])[:, 0] - phi(x)).abs().max().item()


@pytest.mark.parametrize("partition", ["heights", "widths"])
@pytest.mark.parametrize("shape", steps.SHAPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_measured_error_is_within_the_bound_and_the_bound_within_the_error(
    name: str, shape: str, partition: str
) -> None:
    phi = FUNCTIONS[name]
    for error in (0.3, 0.05):
        near = steps.build(phi, error, shape=shape, partition=partition)
        assert measured(near, phi) <= near.bound <= error


@pytest.mark.parametrize("shape", steps.SHAPES)
def test_shape_is_between_0_and_1_and_within_its_tail(shape: str) -> None:
    s = steps.SHAPES[shape]
    z = torch.linspace(-30, 30, 601, dtype=torch.float64)
    y = s.function(z)
    assert y.min() >= 0
    assert y.max() <= 1
    assert y.diff().min() >= 0
    for v in (0.1, 0.4, 1.0, 5.0, 30.0):
        ends = s.function(torch.tensor([-v, v], dtype=torch.float64))
        tail = float(s.tail(arb(v)).upper())
        assert max(ends[0].item(), 1 - ends[1].item()) <= tail * (1 + 1e-9) + 1e-15


@pytest.mark.parametrize("shape", steps.SHAPES)
def test_built_network_is_monotone(shape: str) -> None:
    near = steps.build(torch.exp, 0.3, shape=shape)
    # a ramp has corners, where no Jacobian is
    x = torch.rand(50, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert_psd_at(near.network, x)


@pytest.mark.parametrize("shape", steps.SHAPES)
def test_networks_of_these_steps_are_proved(shape: str) -> None:
    net = mGradNet(2, 3, lambda m: steps.Steps(m, shape))
    assert verify.decide(net, "psd").status == "proved"


def test_heights_need_no_modulus_of_continuity() -> None:
    heights = steps.build(torch.sqrt, 0.05).neurons
    widths = steps.build(torch.sqrt, 0.05, partition="widths").neurons
    assert widths > 20 * heights


@pytest.mark.parametrize("partition", ["heights", "widths"])
def test_missing_steps_break_the_bound(partition: str) -> None:
    near = steps.build(torch.exp, 0.05, partition=partition)
    with torch.no_grad():
        near.network.sigma.raw_c[-2:] -= 5
    assert measured(near, torch.exp) > near.bound


def test_a_flat_scale_breaks_the_bound() -> None:
    near = steps.build(torch.exp, 0.05)
    with torch.no_grad():
        near.network.sigma.log_t.sub_(5)
    assert measured(near, torch.exp) > near.bound


def test_a_falling_function() -> None:
    with pytest.raises(ValueError, match=r"^phi: expected a nondecreasing function, got phi\(1"):
        steps.build(torch.cos, 0.1)
    with pytest.raises(ValueError, match=r"^phi: expected a nondecreasing function, got phi\(0"):
        steps.build(lambda x: (8 * x).sin() + x, 0.1, partition="widths")


@pytest.mark.parametrize("error", [0, -1.0, float("nan")])
def test_wrong_error(error: float) -> None:
    with pytest.raises(ValueError, match=r"^error: expected a "):
        steps.build(torch.exp, error)


def test_too_small_an_error() -> None:
    with pytest.raises(ValueError, match=r"^error: 0.001 in dimension n = 1 takes 1833 neurons"):
        steps.build(torch.exp, 0.001, limit=100)
    with pytest.raises(ValueError, match=r"^error: 1e-09 in dimension n = 1 takes \d+ neurons"):
        steps.build(torch.exp, 1e-9)
    with pytest.raises(ValueError, match=r"^error: 0.001 is too small for float64 at this phi"):
        steps.build(lambda x: torch.sigmoid(1e12 * (x - 0.5)), 0.001)


def test_wrong_names() -> None:
    with pytest.raises(ValueError, match="shape: expected one of sigmoid, normal, arctan, ramp"):
        steps.build(torch.exp, 0.1, shape="softplus")
    with pytest.raises(ValueError, match="shape: expected one of sigmoid, normal, arctan, ramp"):
        steps.Steps(3, "tanh")
    with pytest.raises(ValueError, match="partition: expected heights or widths, got 'even'"):
        steps.build(torch.exp, 0.1, partition="even")
