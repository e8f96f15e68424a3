"""Train many networks as one batched model: MSE, Adam, best-validation weights, stop and resume."""

import copy
import os
import shutil
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

from gradnets.alike import check_alike, fingerprint
from gradnets.resumable import complete
from gradnets.trials import Data, History, Protocol

State = dict[str, Tensor]

# 2 / (1 + exp(-2 z)) - 1 in place of tanh, whose CPU kernel is ten times slower; eps apart.
COMPILED: dict[str, Any] = {"cpp.use_decompose_tanh": True}


def train(
    nets: Sequence[nn.Module],
    data: Data,
    protocol: Protocol | None = None,
    *,
    seeds: Sequence[int] | None = None,
    checkpoint: str | Path | None = None,
    compile: bool = False,
    device: str | torch.device = "cpu",
    progress: str | None = "training",
) -> History:
    """Train T networks of one architecture side by side, each on its own data.

    Minimises mean((f(x) - y)^2) by Adam; each network ends with the weights of its best validation
    epoch. A trial depends on its own data and seed alone; what is batched with it changes rounding.

    Args:
        nets: T networks of one class and the same shapes; they are changed in place.
        data: T trials.
        protocol: epochs, batch size, learning rate and its schedule; the paper's by default.
        seeds: of the order in which each trial sees its samples; 0 .. T-1 by default.
        checkpoint: a file written after every epoch. If it exists, training goes on from it, to
            the same weights as without a stop; it must be of the same networks, data and protocol.
        compile: compile the step with torch.compile; needs a C++ compiler, pays after about a
            thousand steps.
        device: where to compute, "cuda" for a GPU; networks and data stay on the CPU.
        progress: the label of a progress bar, None for no bar.

    Raises:
        ValueError: networks that differ, a wrong number of networks or seeds, a checkpoint of
            another run, a device that this machine has not.
        OSError: a checkpoint that cannot be written; the one before it stays.
        FloatingPointError: a trial whose validation loss was never finite.
        RuntimeError: ``compile`` without a C++ compiler.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 7.1.

    Three trials at once, stopped after 10 of 20 epochs and taken up again:

    >>> import tempfile
    >>> from gradnets import mGradNet
    >>> x = torch.rand(3, 64, 2, generator=torch.Generator().manual_seed(0))
    >>> nets, data = [mGradNet(2, 7) for _ in range(3)], Data(x, 2 * x, x, 2 * x)
    >>> file = Path(tempfile.mkdtemp()) / "nets.checkpoint"
    >>> protocol = Protocol(epochs=20, batch=16, lr=0.05, schedule="cosine")
    >>> stopped = Run(nets, data, protocol, [0, 1, 2], compiled=False, device=chosen("cpu"))
    >>> _ = complete(stopped, 10, file, label=None)
    >>> history = train(nets, data, protocol, checkpoint=file, progress=None)
    >>> bool((history.validation_loss[:, -1] < history.validation_loss[:, 0]).all())
    True
    """
    nets, protocol = list(nets), protocol or Protocol()
    seeds = list(range(len(nets))) if seeds is None else list(seeds)
    run = Run(nets, data, protocol, seeds, compile, chosen(device))
    spent = complete(run, protocol.epochs, checkpoint, progress)
    return replace(run.finish(nets), spent=spent)


class Run:
    """The state of a training run: T networks stacked, their optimiser, their best weights."""

    def __init__(
        self,
        nets: list[nn.Module],
        data: Data,
        protocol: Protocol,
        seeds: list[int],
        compiled: bool,
        device: torch.device,
    ) -> None:
        check_alike(nets, data, seeds)
        self.protocol, self.seeds, self.epoch = protocol, seeds, 0
        stacked, buffers = stack_module_state(nets)
        learned = {name for name, p in nets[0].named_parameters() if p.requires_grad}
        state = {k: v.detach().clone().to(device) for k, v in (stacked | buffers).items()}
        self.params: State = {name: state[name] for name in state if name in learned}
        self.fixed: State = {name: state[name] for name in state if name not in learned}
        self.best: State = {key: value.clone() for key, value in self.params.items()}
        trials = len(nets)
        self.best_loss = torch.full((trials,), torch.inf, dtype=data.x.dtype)
        self.best_epoch = torch.zeros(trials, dtype=torch.long)
        self.losses = torch.full((2, trials, protocol.epochs), torch.nan, dtype=data.x.dtype)
        self.optimiser = torch.optim.Adam(self.params.values(), lr=protocol.lr, fused=True)
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        # Samples as columns, x above y: one contiguous gather an epoch, and what the nets compute.
        self.columns = torch.cat([data.x, data.y], -1).mT.contiguous().to(device)
        self.validation = data.x_val.to(device), data.y_val.to(device)
        self.fingerprint = fingerprint(nets, data, protocol, seeds)
        loss = batched_loss(nets[0])
        self.validate: Callable[..., Tensor] = vmap(loss)
        self.check_stacked(nets)
        self.step: Callable[..., tuple[State, Tensor]] = vmap(grad_and_value(loss))
        if compiled:
            self.step = compile_step(self.step)

    @torch.no_grad()
    def check_stacked(self, nets: list[nn.Module]) -> None:
        """Raise ValueError unless the stacked networks compute what each computes by itself."""
        samples = [sample[:, :100] for sample in self.validation]
        stacked = self.validate(self.params, self.fixed, *samples).cpu()
        for i, net in enumerate(nets):
            x, y = (sample[i].cpu() for sample in samples)
            alone = (net(x) - y).square().mean()
            if not torch.allclose(alone, stacked[i], rtol=1e-3, equal_nan=True):
                raise ValueError(
                    f"nets: expected all alike, got network {i} that computes something else than"
                    " network 0 would with its weights"
                )

    def advance(self) -> None:
        """Train one epoch, validate, keep the best weights."""
        trials, features, samples = self.columns.shape
        shuffled = torch.stack(
            [
                columns.index_select(
                    1, torch.randperm(samples, generator=generator).to(columns.device)
                )
                for columns, generator in zip(self.columns, self.generators, strict=True)
            ]
        )
        total = self.columns.new_zeros(trials)
        batches = shuffled.split(self.protocol.batch, -1)
        for step, batch in enumerate(batches):
            done = (self.epoch + step / len(batches)) / self.protocol.epochs
            self.optimiser.param_groups[0]["lr"] = self.protocol.rate(done)
            x, y = batch.mT.split(features // 2, -1)
            grads, loss = self.step(self.params, self.fixed, x, y)
            for key, value in self.params.items():
                value.grad = grads[key]
            self.optimiser.step()
            total += loss.detach() * batch.shape[-1]
        with torch.no_grad():
            validation = self.validate(self.params, self.fixed, *self.validation).cpu()
        self.losses[0, :, self.epoch] = total / samples
        self.losses[1, :, self.epoch] = validation
        self.epoch += 1
        self.keep_best(validation)

    def keep_best(self, validation: Tensor) -> None:
        """Keep the weights of the trials whose validation loss is their least so far."""
        better = validation < self.best_loss
        self.best_loss = torch.where(better, validation, self.best_loss)
        self.best_epoch[better] = self.epoch
        for key, value in self.params.items():
            self.best[key][better.to(value.device)] = value[better.to(value.device)]

    def state(self) -> dict[str, Any]:
        """Return all that a later run needs to go on exactly as this one would."""
        return {
            "epoch": self.epoch,
            "params": self.params,
            "best": self.best,
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
            "losses": self.losses,
            "optimiser": self.optimiser.state_dict(),
            "generators": [generator.get_state() for generator in self.generators],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a state that :meth:`state` returned."""
        self.epoch = state["epoch"]
        for key, value in self.params.items():
            value.copy_(state["params"][key])
            self.best[key].copy_(state["best"][key])
        self.best_loss, self.best_epoch = state["best_loss"], state["best_epoch"]
        self.losses = state["losses"]
        self.optimiser.load_state_dict(state["optimiser"])
        for generator, saved in zip(self.generators, state["generators"], strict=True):
            generator.set_state(saved)

    def finish(self, nets: list[nn.Module]) -> History:
        """Give each network its best weights; say which trials diverged."""
        never = torch.isinf(self.best_loss)
        for trial in (~never).nonzero().flatten().tolist():
            best = {name: value[trial] for name, value in self.best.items()}
            nets[trial].load_state_dict(best, strict=False)
        if never.any():
            lost = [self.seeds[trial] for trial in never.nonzero().flatten().tolist()]
            raise FloatingPointError(
                f"seeds {lost}: the validation loss was never finite; their networks are as they"
                " were, the others have their best weights"
            )
        diverged = ~torch.isfinite(self.losses).all(-1).all(0)
        for trial in diverged.nonzero().flatten().tolist():
            warnings.warn(
                f"seed {self.seeds[trial]} diverged; its network has the weights of epoch"
                f" {int(self.best_epoch[trial])}",
                RuntimeWarning,
                stacklevel=3,
            )
        last = {name: value.cpu() for name, value in self.params.items()}
        return History(self.losses[0], self.losses[1], self.best_epoch, last)


def batched_loss(net: nn.Module) -> Callable[[State, State, Tensor, Tensor], Tensor]:
    """Return (learned, fixed, x, y) -> MSE of a network like this one."""
    skeleton = copy.deepcopy(net)

    def loss(params: State, fixed: State, x: Tensor, y: Tensor) -> Tensor:
        return (functional_call(skeleton, (params, fixed), (x,)) - y).square().mean()

    return loss


def chosen(device: str | torch.device) -> torch.device:
    """Return the device, or say at once that this machine has it not.

    >>> chosen("abacus")
    Traceback (most recent call last):
        ...
    ValueError: device: expected cpu or one that this machine has, got 'abacus'
    """
    try:
        return torch.empty(1, device=device).device
    except (RuntimeError, AssertionError):  # as torch built without CUDA raises
        text = f"device: expected cpu or one that this machine has, got {device!r}"
        raise ValueError(text) from None


def compile_step(step: Callable[..., Any]) -> Callable[..., Any]:
    """Return the step compiled, or say at once that no C++ compiler is there for it."""
    compiler = os.environ.get("CXX") or "g++"
    if shutil.which(compiler) is None:
        raise RuntimeError(f"compile: no C++ compiler {compiler!r} found; train without compile")
    return torch.compile(step, options=COMPILED)
