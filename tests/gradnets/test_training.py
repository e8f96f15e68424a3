import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import mse_loss

from gradnets import GradNetM, mGradNet, mGradNetC, mGradNetM, training
from gradnets.training import train
from gradnets.trials import Data, Protocol

PROTOCOL = Protocol(epochs=6, batch=32, lr=0.01)


def make_data(trials: int = 3, samples: int = 100) -> Data:
    generator = torch.Generator().manual_seed(7)
    x, x_val = (torch.rand(trials, n, 2, generator=generator) for n in (samples, 50))
    return Data(x, x**2, x_val, x_val**2)


def make_nets(trials: int = 3, make: Callable[[], nn.Module] | None = None) -> list[nn.Module]:
    torch.manual_seed(0)
    return [(make or (lambda: mGradNetC(2, 4, 2)))() for _ in range(trials)]


def weights(nets: list[nn.Module]) -> torch.Tensor:
    return torch.stack(
        [torch.cat([p.detach().flatten() for p in net.parameters()]) for net in nets]
    )


def plain_loop(net: nn.Module, data: Data, protocol: Protocol, seed: int) -> list[float]:
    """The protocol as anyone would write it for one network; best weights, validation losses."""
    optimiser = torch.optim.Adam(net.parameters(), lr=protocol.lr)
    generator = torch.Generator().manual_seed(seed)
    best, losses = copy.deepcopy(net.state_dict()), []
    for _ in range(protocol.epochs):
        for index in torch.randperm(data.x.shape[1], generator=generator).split(protocol.batch):
            optimiser.zero_grad()
            mse_loss(net(data.x[0, index]), data.y[0, index]).backward()
            optimiser.step()
        with torch.no_grad():
            loss = mse_loss(net(data.x_val[0]), data.y_val[0]).item()
        if loss < min(losses, default=torch.inf):
            best = copy.deepcopy(net.state_dict())
        losses.append(loss)
    net.load_state_dict(best)
    return losses


def one(data: Data, trial: int) -> Data:
    keep = slice(trial, trial + 1)
    return Data(data.x[keep], data.y[keep], data.x_val[keep], data.y_val[keep])


def test_batched_training_is_the_plain_loop_for_each_trial() -> None:
    data, nets = make_data(), make_nets()
    plain = copy.deepcopy(nets)
    history = train(nets, data, PROTOCOL, progress=None)
    for trial, net in enumerate(plain):
        losses = plain_loop(net, one(data, trial), PROTOCOL, seed=trial)
        assert history.validation_loss[trial].tolist() == pytest.approx(losses, rel=1e-4)
    torch.testing.assert_close(weights(nets), weights(plain), rtol=1e-3, atol=1e-4)


def test_a_trial_does_not_depend_on_its_company() -> None:
    data, nets = make_data(), make_nets()
    alone = copy.deepcopy(nets[1:2])
    train(nets, data, PROTOCOL, progress=None)
    train(alone, one(data, 1), PROTOCOL, seeds=[1], progress=None)
    torch.testing.assert_close(weights(nets[1:2]), weights(alone), rtol=1e-3, atol=1e-4)


def test_weights_are_those_of_the_best_validation_epoch() -> None:
    data = make_data()
    nets = make_nets()
    history = train(nets, data, Protocol(epochs=30, batch=10, lr=0.3), progress=None)
    assert (history.best_epoch < 30).any()
    for trial, net in enumerate(nets):
        loss = mse_loss(net(data.x_val[trial]), data.y_val[trial]).item()
        least = history.validation_loss[trial].min().item()
        assert loss == pytest.approx(least, rel=1e-4)
        assert history.validation_loss[trial, history.best_epoch[trial] - 1].item() == least


def test_cosine_rate_is_the_plain_schedule() -> None:
    data, nets = make_data(1), make_nets(1)
    plain = copy.deepcopy(nets[0])
    protocol = Protocol(epochs=6, batch=32, lr=0.01, schedule="cosine")
    run = training.Run(nets, data, protocol, [0], False, torch.device("cpu"))
    optimiser = torch.optim.Adam(plain.parameters(), lr=protocol.lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, protocol.epochs * 4)
    generator = torch.Generator().manual_seed(0)
    for _ in range(protocol.epochs):
        run.advance()
        for index in torch.randperm(100, generator=generator).split(protocol.batch):
            optimiser.zero_grad()
            mse_loss(plain(data.x[0, index]), data.y[0, index]).backward()
            optimiser.step()
            schedule.step()
    for key, value in plain.named_parameters():
        torch.testing.assert_close(run.params[key][0], value.detach(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_both_dtypes(dtype: torch.dtype) -> None:
    data = make_data(1)
    data = Data(*(v.to(dtype) for v in (data.x, data.y, data.x_val, data.y_val)))
    nets = [net.to(dtype) for net in make_nets(1)]
    history = train(nets, data, PROTOCOL, progress=None)
    assert history.train_loss.dtype == weights(nets).dtype == dtype


def test_a_device_that_is_not_there() -> None:
    absent = "xpu" if torch.cuda.is_available() else "cuda"
    with pytest.raises(ValueError, match=f"device: expected cpu or one that .*, got '{absent}'"):
        train(make_nets(), make_data(), PROTOCOL, device=absent, progress=None)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA here")
def test_a_gpu_trains_as_the_cpu_does() -> None:
    data, nets = make_data(), make_nets()
    other = copy.deepcopy(nets)
    train(nets, data, PROTOCOL, progress=None)
    train(other, data, PROTOCOL, device="cuda", progress=None)
    torch.testing.assert_close(weights(nets), weights(other), rtol=1e-2, atol=1e-3)


class Stop(KeyboardInterrupt):
    pass


def interrupt_at(monkeypatch: pytest.MonkeyPatch, epoch: int) -> None:
    advance = training.Run.advance

    def stopping(self: training.Run) -> None:
        if self.epoch == epoch:
            raise Stop
        advance(self)

    monkeypatch.setattr(training.Run, "advance", stopping)


@pytest.mark.parametrize("epoch", [0, 1, 4])
def test_stop_and_resume_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epoch: int
) -> None:
    data, nets = make_data(), make_nets()
    whole, file = copy.deepcopy(nets), tmp_path / "run.pt"
    expected = train(whole, data, PROTOCOL, progress=None)
    with monkeypatch.context() as patch:
        interrupt_at(patch, epoch)
        with pytest.raises(Stop):
            train(nets, data, PROTOCOL, checkpoint=file, progress=None)
    assert [path.name for path in tmp_path.iterdir()] == (["run.pt"] if epoch else [])
    history = train(nets, data, PROTOCOL, checkpoint=file, progress=None)
    assert torch.equal(weights(nets), weights(whole))
    assert torch.equal(history.validation_loss, expected.validation_loss)
    assert torch.equal(history.train_loss, expected.train_loss)


def test_checkpoint_of_another_run(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    train(make_nets(), make_data(), PROTOCOL, checkpoint=file, progress=None)
    before = file.read_bytes()
    for nets, data, protocol, seeds in (
        (make_nets(), make_data(samples=90), PROTOCOL, None),
        (make_nets(), make_data(), Protocol(epochs=7, batch=32, lr=0.01), None),
        (make_nets(), make_data(), PROTOCOL, [3, 4, 5]),
        (make_nets(make=lambda: mGradNet(2, 4)), make_data(), PROTOCOL, None),
        (make_nets(make=lambda: mGradNetC(2, 4, 2, "sigmoid")), make_data(), PROTOCOL, None),
    ):
        with pytest.raises(ValueError, match=r"checkpoint: .*run\.pt is of other networks"):
            train(nets, data, protocol, seeds=seeds, checkpoint=file, progress=None)
    assert file.read_bytes() == before


def test_checkpoint_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    train(make_nets(), make_data(), PROTOCOL, checkpoint=file, progress=None)
    whole = file.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for damaged in (b"", b"\x80\x02.", whole[: len(whole) * 4 // 5], bytes(flipped)):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"is not a whole checkpoint of this version; remove"):
            train(make_nets(), make_data(), PROTOCOL, checkpoint=file, progress=None)


def test_networks_that_do_not_fit() -> None:
    data = make_data()
    with pytest.raises(ValueError, match=r"nets: expected 3, one a trial of data, got 2"):
        train(make_nets(2), data, PROTOCOL, progress=None)
    with pytest.raises(ValueError, match=r"nets: expected all alike, got network 2"):
        train([*make_nets(2), mGradNet(2, 4)], data, PROTOCOL, progress=None)
    with pytest.raises(ValueError, match=r"seeds: expected 3, one a network, got 1"):
        train(make_nets(), data, PROTOCOL, seeds=[0], progress=None)
    with pytest.raises(ValueError, match=r"data: expected dtype torch.float64 as the networks"):
        train([net.double() for net in make_nets()], data, PROTOCOL, progress=None)


class Explodes(nn.Module):
    """Overflows once its weight has grown past a bound."""

    def __init__(self, bound: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))
        self.bound = nn.Parameter(torch.tensor(bound), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.weight * x + torch.relu(self.weight - self.bound) * 1e38 * 1e38


def test_divergence_is_said_and_the_best_weights_stay() -> None:
    data = make_data()
    nets: list[nn.Module] = [Explodes(9.0), Explodes(0.03), Explodes(9.0)]
    with pytest.warns(RuntimeWarning, match=r"seed 1 diverged; its network has the weights of epo"):
        train(nets, data, Protocol(epochs=20, batch=100, lr=0.01), progress=None)
    assert torch.isfinite(weights(nets)).all()


def test_divergence_from_the_start() -> None:
    nets: list[nn.Module] = [Explodes(9.0), Explodes(-1.0), Explodes(9.0)]
    with pytest.raises(FloatingPointError, match=r"seeds \[1\]: the validation loss was never fin"):
        train(nets, make_data(), PROTOCOL, progress=None)
    assert weights(nets)[0, 0] != 0, "what the other trials learned is not lost"


def test_compile_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(RuntimeError, match=r"compile: no C\+\+ compiler 'no-such-compiler' found"):
        train(make_nets(), make_data(), PROTOCOL, compile=True, progress=None)


def test_frozen_parameters_and_buffers_stay() -> None:
    nets = make_nets()
    for net in nets:
        net.W.requires_grad_(False)  # pyright: ignore
        net.scale = nn.Buffer(torch.ones(1))
    before = [net.W.clone() for net in nets]  # pyright: ignore
    train(nets, make_data(), PROTOCOL, progress=None)
    for net, W in zip(nets, before, strict=True):
        assert torch.equal(net.W, W)  # pyright: ignore
        assert not net.W.requires_grad  # pyright: ignore
        assert net.raw_alpha.requires_grad  # pyright: ignore


def test_a_checkpoint_knows_rho(tmp_path: Path) -> None:
    data, file = make_data(), tmp_path / "run.pt"
    train(
        make_nets(make=lambda: mGradNetM(2, 4, 2)), data, PROTOCOL, checkpoint=file, progress=None
    )
    others = make_nets(make=lambda: mGradNetM(2, 4, 2, rho="softplus"))
    with pytest.raises(ValueError, match="is of other networks"):
        train(others, data, PROTOCOL, checkpoint=file, progress=None)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(2, 2), nn.Linear(2, 2)
        self.b.weight = self.a.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.b(torch.tanh(self.a(x)))


def test_tied_parameters_stay_tied() -> None:
    data, nets = make_data(), make_nets(make=Tied)
    plain = copy.deepcopy(nets)
    train(nets, data, PROTOCOL, progress=None)
    for trial, net in enumerate(plain):
        plain_loop(net, one(data, trial), PROTOCOL, seed=trial)
        assert nets[trial].a.weight is nets[trial].b.weight  # pyright: ignore
    torch.testing.assert_close(weights(nets), weights(plain), rtol=1e-3, atol=1e-4)


def test_nothing_to_train_and_twice_the_same() -> None:
    data, nets = make_data(), make_nets()
    with pytest.raises(ValueError, match="nets: expected different networks, got one of them"):
        train([nets[0]] * 3, data, PROTOCOL, progress=None)
    with pytest.raises(ValueError, match="nets: expected parameters to train, got none"):
        train([nn.Tanh() for _ in range(3)], data, PROTOCOL, progress=None)


@settings(max_examples=10)
@given(samples=st.integers(1, 70), batch=st.integers(1, 80), trials=st.integers(1, 3))
def test_any_sizes(samples: int, batch: int, trials: int) -> None:
    nets = make_nets(trials, lambda: GradNetM(2, 3, 2))
    data = make_data(trials, samples)
    history = train(nets, data, Protocol(epochs=2, batch=batch), progress=None)
    assert torch.isfinite(history.train_loss).all()
    assert history.train_loss.shape == (trials, 2)
