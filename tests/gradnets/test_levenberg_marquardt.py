import copy
from pathlib import Path

import pytest
import torch
from scipy.optimize import least_squares
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from gradnets import (
    GradNetC,
    GradNetM,
    VectorComposition,
    fields,
    initial,
    mGradNetC,
    mGradNetM,
    mQuadratic,
)
from gradnets.levenberg_marquardt import Finish, levenberg_marquardt
from gradnets.trials import Data


def make_data(trials: int = 3, samples: int = 200, dtype: torch.dtype = torch.float64) -> Data:
    generator = torch.Generator().manual_seed(7)
    x, x_val = (torch.rand(trials, n, 2, generator=generator, dtype=dtype) for n in (samples, 50))
    return Data(x, x**3, x_val, x_val**3)


def make_nets(cls: type[nn.Module] = mGradNetC, trials: int = 3) -> list[nn.Module]:
    torch.manual_seed(0)
    return [cls(2, 4, 2).double() for _ in range(trials)]


def mean_square(net: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    return (net(x) - y).square().mean().item()


@pytest.mark.parametrize("cls", [mGradNetC, mGradNetM, GradNetC, GradNetM])
def test_loss_never_grows_and_best_weights_are_returned(cls: type[nn.Module]) -> None:
    data, nets = make_data(), make_nets(cls)
    history = levenberg_marquardt(nets, data, 15, progress=None)
    assert (history.train_loss.diff(dim=1) <= 0).all()
    assert (history.train_loss[:, -1] < 2e-3).all()
    for trial, net in enumerate(nets):
        least = history.validation_loss[trial].min().item()
        measured = mean_square(net, data.x_val[trial], data.y_val[trial])
        assert measured == pytest.approx(least, rel=1e-9)


def test_it_comes_as_low_as_scipy() -> None:
    data, nets = make_data(trials=1), make_nets(trials=1)
    other = copy.deepcopy(nets[0])

    def residual(theta: object) -> object:
        vector_to_parameters(torch.as_tensor(theta), other.parameters())
        with torch.no_grad():
            return (other(data.x[0]) - data.y[0]).flatten().numpy()

    start = parameters_to_vector(other.parameters()).detach().numpy()
    theirs = least_squares(residual, start, method="lm", max_nfev=2000)
    history = levenberg_marquardt(nets, data, 60, progress=None)
    assert history.train_loss[0, -1].item() < 2 * (2 * theirs.cost / data.y[0].numel())


def test_a_network_of_the_same_shape_is_found_again() -> None:
    teacher, learner = make_nets(trials=2)
    with torch.no_grad():
        for ours, theirs in zip(learner.parameters(), teacher.parameters(), strict=True):
            ours.copy_(theirs + 0.02 * torch.randn_like(theirs))
    x = make_data(1).x
    y = teacher(x).detach()
    history = levenberg_marquardt([learner], Data(x, y, x, y), 60, progress=None)
    assert history.train_loss[0, -1] < 1e-14


def test_the_jacobian_is_that_of_the_residuals_in_every_chunk() -> None:
    data = make_data(trials=2, samples=1500)
    run = Finish(make_nets(trials=2), data, 1)
    matrix, vector = run.normal_equations()
    for trial in range(2):
        fixed = {key: value[trial] for key, value in run.fixed.items()}

        def residuals(theta: torch.Tensor, trial: int = trial, fixed: dict = fixed):
            return run.residual(theta, fixed, data.x[trial], data.y[trial]).flatten()

        J = torch.func.jacrev(residuals)(run.theta[trial])
        torch.testing.assert_close(matrix[trial], J.mT @ J)
        torch.testing.assert_close(vector[trial], J.mT @ residuals(run.theta[trial]))


def test_a_trial_does_not_depend_on_its_company() -> None:
    data, nets = make_data(), make_nets()
    alone = copy.deepcopy(nets[1:2])
    levenberg_marquardt(nets, data, 8, progress=None)
    one = Data(*(sample[1:2] for sample in (data.x, data.y, data.x_val, data.y_val)))
    levenberg_marquardt(alone, one, 8, progress=None)
    x = data.x_val[1]
    torch.testing.assert_close(nets[1](x), alone[0](x), rtol=1e-4, atol=1e-5)


def test_the_curvature_is_that_of_the_residuals_along_the_step() -> None:
    data = make_data(trials=2)
    run = Finish(make_nets(trials=2), data, 1)
    p = 0.01 * torch.randn(run.theta.shape, generator=torch.Generator().manual_seed(1)).double()
    measured = run.curvature(p)
    for trial in range(2):
        fixed = {key: value[trial] for key, value in run.fixed.items()}
        theta, along = run.theta[trial], p[trial]

        def residuals(theta: torch.Tensor, trial: int = trial, fixed: dict = fixed):
            return run.residual(theta, fixed, data.x[trial], data.y[trial]).flatten()

        def along_step(h: torch.Tensor, theta=theta, along=along, r=residuals):
            return r(theta + h * along)

        bend = torch.func.jacrev(torch.func.jacrev(along_step))(torch.zeros(()).double())
        expected = torch.func.jacrev(residuals)(theta).mT @ bend
        torch.testing.assert_close(measured[trial], expected, rtol=1e-4, atol=1e-7)


def test_acceleration_pays() -> None:
    x = make_data().x
    y = fields.nonconvex.gradient(x)
    losses = []
    for accelerated in (False, True):
        torch.manual_seed(0)
        nets = [GradNetC(2, 12, 2).double() for _ in range(3)]
        for net, own, target in zip(nets, x, y, strict=True):
            initial.to_samples(net, own, target)
        history = levenberg_marquardt(
            nets, Data(x, y, x, y), 60, accelerated=accelerated, progress=None
        )
        losses.append(history.train_loss[:, -1].median().item())
    assert losses[1] < losses[0] / 3


def test_float32_is_asked_for() -> None:
    data = make_data(dtype=torch.float32)
    nets = [net.float() for net in make_nets()]
    history = levenberg_marquardt(nets, data, 5, dtype=torch.float32, progress=None)
    assert history.train_loss.dtype == torch.float32
    assert (history.train_loss.diff(dim=1) <= 0).all()


def test_the_history_tells_the_time_and_the_last_weights() -> None:
    data, nets = make_data(), make_nets()
    history = levenberg_marquardt(nets, data, 3, progress=None)
    assert history.spent.wall > 0
    for trial, net in enumerate(nets):
        net.load_state_dict({key: value[trial] for key, value in history.last.items()})
        loss = mean_square(net, data.x[trial], data.y[trial])
        assert loss == pytest.approx(history.train_loss[trial, -1].item(), rel=1e-9)


class Stop(KeyboardInterrupt):
    pass


def test_stop_and_resume_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, nets, file = make_data(), make_nets(), tmp_path / "run.pt"
    whole = copy.deepcopy(nets)
    expected = levenberg_marquardt(whole, data, 6, progress=None)
    advance = Finish.advance

    def stopping(self: Finish) -> None:
        if self.epoch == 3:
            raise Stop
        advance(self)

    with monkeypatch.context() as patch:
        patch.setattr(Finish, "advance", stopping)
        with pytest.raises(Stop):
            levenberg_marquardt(nets, data, 6, checkpoint=file, progress=None)
    history = levenberg_marquardt(nets, data, 6, checkpoint=file, progress=None)
    assert torch.equal(history.train_loss, expected.train_loss)
    for one, other in zip(nets, whole, strict=True):
        assert all(torch.equal(one.state_dict()[k], v) for k, v in other.state_dict().items())
    with pytest.raises(ValueError, match="is of other networks, data, seeds or settings"):
        levenberg_marquardt(make_nets(mGradNetM), data, 6, checkpoint=file, progress=None)


def test_float32_networks_stay_float32() -> None:
    data = make_data(dtype=torch.float32)
    nets = [net.float() for net in make_nets()]
    history = levenberg_marquardt(nets, data, 5, progress=None)
    assert history.train_loss.dtype == torch.float64
    assert {p.dtype for net in nets for p in net.parameters()} == {torch.float32}


def test_frozen_parameters_stay_and_dead_ones_do_no_harm() -> None:
    data, nets = make_data(), make_nets()
    for net in nets:
        net.W.requires_grad_(False)  # pyright: ignore
        net.extra = nn.Parameter(torch.ones(2, dtype=torch.float64))
    before = [net.W.clone() for net in nets]  # pyright: ignore
    history = levenberg_marquardt(nets, data, 5, progress=None)
    assert (history.train_loss[:, -1] < history.train_loss[:, 0]).all()
    for net, W in zip(nets, before, strict=True):
        assert torch.equal(net.W, W)  # pyright: ignore
        assert torch.equal(net.extra, torch.ones(2, dtype=torch.float64))  # pyright: ignore


def test_bad_input() -> None:
    data, nets = make_data(), make_nets()
    with pytest.raises(ValueError, match="steps: expected an integer of at least 1, got 0"):
        levenberg_marquardt(nets, data, 0, progress=None)
    with pytest.raises(ValueError, match="nets: expected 3, one a trial of data, got 2"):
        levenberg_marquardt(nets[:2], data, 1, progress=None)
    with torch.no_grad():
        nets[1].W.fill_(torch.inf)  # pyright: ignore
    with pytest.raises(FloatingPointError, match=r"nets: the loss of networks \[1\] is not finit"):
        levenberg_marquardt(nets, data, 1, progress=None)


def test_scalar_parameters_are_learned_too() -> None:
    nets = [VectorComposition([mQuadratic(2, 2), mQuadratic(2, 2)]).double()]
    assert nets[0].raw_t.ndim == 0
    history = levenberg_marquardt(nets, make_data(trials=1), 5, progress=None)
    assert history.train_loss[0, -1] < history.train_loss[0, 0]
