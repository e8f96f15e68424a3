from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from gradnets import GradNetC, GradNetM, initial, mGradNet, mGradNetC, mGradNetM
from gradnets.experiments import EXPERIMENTS

CLASSES: list[Callable[..., nn.Module]] = [GradNetC, mGradNetC, GradNetM, mGradNetM]


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "wtanh"])
@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 7, 4), (40, 30, 2)])
def test_unit_gain(
    cls: Callable[..., nn.Module], activation: str, sizes: tuple[int, int, int]
) -> None:
    torch.manual_seed(0)
    net = cls(*sizes, activation)
    with torch.no_grad():
        y = net(torch.randn(5000, sizes[0]))
    assert 0.7 < y.square().mean().sqrt() < 1.4
    assert y.mean(0).abs().max() < 0.5


@pytest.mark.parametrize("cls", CLASSES)
def test_authors_values_are_small_and_uniform(cls: Callable[..., nn.Module]) -> None:
    torch.manual_seed(0)
    net = cls(2, 200, 4, init="authors")
    W = next(iter(net.parameters()))
    assert 0.95 * 2**-0.5 < W.abs().max() <= 2**-0.5
    with pytest.raises(ValueError, match="init: expected one of unit, authors, got 'he'"):
        cls(2, 7, 4, init="he")


def test_free_networks_rise_and_fall_from_the_start() -> None:
    for seed in range(20):
        torch.manual_seed(seed)
        net = GradNetM(2, 7, 4)
        assert net.c.sign().sum() == 0
        assert GradNetC(2, 8, 4).alpha[-1].sign().sum() == 0


def test_experiments_start_where_the_authors_do() -> None:
    for name in ("convex_field", "nonconvex_field"):
        models = EXPERIMENTS[name]("quick", 1).models
        for model, make in ((m, models[m]) for m in models if "GradNet" in m):
            torch.manual_seed(3)
            ours = make().state_dict()
            torch.manual_seed(3)
            kind = {"m": mGradNetC, "G": GradNetC} if model[-1] == "C" else {
                "m": mGradNetM, "G": GradNetM}  # fmt: skip
            theirs = kind[model[0]](2, 7, 4, init="authors").state_dict()
            assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("init", initial.INIT)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_fitting_to_samples_is_the_change_of_scale_that_it_says(
    cls: Callable[..., nn.Module], init: str, dtype: torch.dtype
) -> None:
    torch.manual_seed(0)
    net = cls(3, 7, 4, init=init).to(dtype)
    x = 5 + 0.3 * torch.randn(400, 3, dtype=dtype)
    y = 30 * x - 7 + x.cos()
    u, w = x.mean(0), y.mean(0)
    r, v = (x - u).square().mean().sqrt(), (y - w).square().mean().sqrt()
    expected = v * net((x - u) / r) + w
    initial.to_samples(net, x, y)
    tolerance = 1e-10 if dtype == torch.float64 else 1e-3
    torch.testing.assert_close(net(x), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("rho", ["softplus", "identity"])
def test_fitting_keeps_a_gate(rho: str) -> None:
    torch.manual_seed(0)
    net = mGradNetM(2, 7, 4, "tanh", rho).double()
    x = torch.rand(100, 2, dtype=torch.float64)
    u = x.mean(0)
    r = (x - u).square().mean().sqrt()
    expected = net((x - u) / r)
    initial.to_samples(net, x, x)
    torch.testing.assert_close((net(x) - u) / r, expected)


def test_samples_without_spread_change_no_scale() -> None:
    net = mGradNetC(2, 3, 2)
    expected = net(torch.zeros(1, 2))
    initial.to_samples(net, torch.full((4, 2), 3.0), torch.full((4, 2), 1.0))
    torch.testing.assert_close(net(torch.full((1, 2), 3.0)), expected + 1, rtol=1e-4, atol=1e-4)


def test_bad_input() -> None:
    x = torch.rand(5, 2)
    with pytest.raises(TypeError, match="net: expected a cascaded or modular network, got mGradN"):
        initial.to_samples(mGradNet(2, 7), x, x)
    net = mGradNetC(2, 7, 4)
    with pytest.raises(ValueError, match=r"x, y: expected shape \(samples, 2\), got \(5, 3\), "):
        initial.to_samples(net, torch.rand(5, 3), x)
    with pytest.raises(ValueError, match="x, y: expected finite values"):
        initial.to_samples(net, x, x / 0)
    with pytest.raises(TypeError, match=r"x, y: expected dtype torch.float32, got torch.float64, "):
        initial.to_samples(net, x.double(), x.double())


def test_raw_values_and_softplus_are_inverse() -> None:
    value = torch.logspace(-3, 3, 50, dtype=torch.float64)
    torch.testing.assert_close(softplus(initial.positive(value)), value)
