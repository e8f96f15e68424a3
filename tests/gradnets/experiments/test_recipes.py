import copy

import pytest
import torch
from torch import nn

from gradnets import fields, initial, mGradNetC
from gradnets.experiments.parts import seeded
from gradnets.experiments.recipes import Recipe, Squares, first, follow
from gradnets.levenberg_marquardt import levenberg_marquardt
from gradnets.trials import Data, Protocol

GRADIENT = fields.convex.gradient
SEARCH = Squares(steps=4, points=60, starts=3, search_steps=3, search_points=40)


def make_data(trials: int = 2, samples: int = 80) -> Data:
    generator = torch.Generator().manual_seed(5)
    x, x_val = (torch.rand(trials, n, 2, generator=generator) for n in (samples, 50))
    return Data(x, GRADIENT(x), x_val, GRADIENT(x_val))


def make_nets(count: int) -> list[nn.Module]:
    return [seeded(lambda: mGradNetC(2, 4, 2), seed) for seed in range(count)]


def test_adam_alone_is_the_protocol() -> None:
    nets, data = make_nets(2), make_data()
    done = follow(Recipe(adam=Protocol(epochs=2, batch=40)), nets, data, GRADIENT, [0, 1])
    assert done.nets == nets
    assert done.history.train_loss.shape == (2, 2)
    assert done.history.spent.cpu > 0
    assert {p.dtype for net in nets for p in net.parameters()} == {torch.float32}


def test_fitted_networks_start_at_the_mean_of_the_samples() -> None:
    data, recipe = make_data(), Recipe(fitted=True, squares=Squares(steps=1, points=80))
    nets = make_nets(2)
    expected = [copy.deepcopy(net).double() for net in nets]
    for net, x in zip(expected, data.x.double(), strict=True):
        initial.to_samples(net, x, GRADIENT(x))
    exact = Data(*(v.double() for v in (data.x, data.y, data.x_val, data.y_val)))
    exact = Data(exact.x, GRADIENT(exact.x), exact.x_val, GRADIENT(exact.x_val))
    levenberg_marquardt(expected, exact, 1, progress=None)
    done = follow(recipe, nets, data, GRADIENT, [0, 1])
    for net, other in zip(done.nets, expected, strict=True):
        assert all(torch.equal(net.state_dict()[k], v) for k, v in other.state_dict().items())


def test_each_seed_goes_on_with_its_best_start() -> None:
    data, nets = make_data(), make_nets(6)
    alone = []
    for trial in range(2):
        own = [copy.deepcopy(net).double() for net in nets[3 * trial : 3 * trial + 3]]
        x, x_val = data.x[trial].double(), data.x_val[trial, :40].double()
        part = Data(*(v[:40].expand(3, -1, -1) for v in (x, GRADIENT(x), x_val, GRADIENT(x_val))))
        levenberg_marquardt(own, part, 3, progress=None)
        losses = [(net(x_val) - GRADIENT(x_val)).square().mean().item() for net in own]
        alone.append(3 * trial + losses.index(min(losses)))
    done = follow(Recipe(squares=SEARCH), nets, data, GRADIENT, [0, 1])
    assert [next(i for i, net in enumerate(nets) if net is kept) for kept in done.nets] == alone


def test_targets_are_exact_in_the_dtype_of_the_squares() -> None:
    nets, data = make_nets(2), make_data()
    done = follow(Recipe(squares=Squares(steps=2, points=80)), nets, data, GRADIENT, [0, 1])
    assert {p.dtype for net in done.nets for p in net.parameters()} == {torch.float64}
    squares = Squares(steps=2, points=80, dtype="float32")
    done = follow(Recipe(squares=squares), make_nets(2), data, GRADIENT, [0, 1])
    assert {p.dtype for net in done.nets for p in net.parameters()} == {torch.float32}
    assert done.history.train_loss.dtype == torch.float32


def test_stages_share_a_name_and_add_their_time(tmp_path) -> None:
    adam = Protocol(epochs=1, batch=40)
    recipe = Recipe(adam=adam, squares=Squares(steps=1, points=40))
    checkpoint = tmp_path / "late.pt"
    done = follow(recipe, make_nets(2), make_data(), GRADIENT, [0, 1], checkpoint)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["late-adam.pt", "late-squares.pt"]
    again = follow(recipe, make_nets(2), make_data(), GRADIENT, [0, 1], checkpoint)
    for net, other in zip(done.nets, again.nets, strict=True):
        assert all(torch.equal(net.state_dict()[k], v) for k, v in other.state_dict().items())


def test_bad_recipe() -> None:
    with pytest.raises(ValueError, match="recipe: expected one that trains"):
        follow(Recipe(), make_nets(2), make_data(), GRADIENT, [0, 1])


def test_first_samples() -> None:
    part = first(make_data(), 30)
    assert part.x.shape == (2, 30, 2)
    assert torch.equal(part.y, GRADIENT(part.x))
