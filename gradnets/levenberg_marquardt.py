"""Second-order training for networks of a hundred parameters, many networks at once."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, stack_module_state, vjp, vmap

from gradnets import checks
from gradnets.alike import check_alike, fingerprint
from gradnets.resumable import complete
from gradnets.trials import Data, History

DAMPINGS = 12  # tries a step; from one to the next the damping grows fourfold
CHUNK = 1000  # samples whose Jacobian is held at once
APART = 0.1  # of a step, to both sides: the distance at which its curve is measured
MOST_BEND = 0.75  # of twice the acceleration to the step, in the norm of the damping


def levenberg_marquardt(
    nets: Sequence[nn.Module],
    data: Data,
    steps: int = 20,
    *,
    accelerated: bool = True,
    dtype: torch.dtype = torch.float64,
    checkpoint: str | Path | None = None,
    progress: str | None = "Levenberg-Marquardt",
) -> History:
    """Train T networks of one architecture side by side by damped least squares.

    (J^T J + d s I) p = -J^T r,   r = f(x) - y over all samples, J = dr/dtheta, s = tr(J^T J) / P
    (J^T J + d s I) q = -J^T r'', r'' the second derivative of r along p

    The step is p + q / 2: a straight step leaves the curved valley of such a loss at once, and the
    geodesic acceleration q bends along with it. A step is taken if it lowers mean(r^2) and |q| is
    at most 3/4 |p|, otherwise the network's own damping d grows and both are solved for again; so
    the loss never grows. Each network ends with the weights of its least validation loss, the ones
    it came with among them. For P parameters a step costs one Jacobian and O(P^3): meant for some
    hundred parameters and some thousand samples, after :func:`gradnets.training.train` or in its
    place.

    Args:
        nets: T networks of one class and the same shapes, float32 or float64, changed in place.
        data: T trials, of the dtype of the networks.
        steps: at most; a network that finds no better point stays where it is.
        accelerated: whether to add q / 2; twice the time a step, and far fewer of them.
        dtype: in which to compute; in float32 J^T J, a square, leaves 3 digits.
        checkpoint: a file written after every step. If it exists, the run goes on from it.
        progress: the label of a progress bar, None for no bar.

    Returns the losses after each step; ``best_epoch`` 0 says that the first weights were best.

    Raises:
        ValueError: networks that differ, a wrong number of networks, a checkpoint of another run.
        FloatingPointError: a network whose loss is not finite at the start.
        OSError: a checkpoint that cannot be written; the one before it stays.

    Source: Marquardt, "An algorithm for least-squares estimation of nonlinear parameters", 1963;
    Transtrum and Sethna, "Improvements to the Levenberg-Marquardt algorithm for nonlinear
    least-squares minimization", 2012.

    >>> from gradnets import mGradNet
    >>> x = torch.rand(1, 64, 2, generator=torch.Generator().manual_seed(0))
    >>> history = levenberg_marquardt([mGradNet(2, 3)], Data(x, x**2, x, x**2), progress=None)
    >>> bool(history.train_loss[0, -1] < 1e-3)
    True
    """
    nets = list(nets)
    run = Finish(nets, data, checks.size("steps", steps), accelerated, dtype)
    spent = complete(run, steps, checkpoint, progress)
    return replace(run.finish(nets), spent=spent)


class Finish:
    """The state of a run: the parameters of T networks as rows, their dampings, their best."""

    def __init__(
        self,
        nets: list[nn.Module],
        data: Data,
        steps: int,
        accelerated: bool = True,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        check_alike(nets, data, list(range(len(nets))))
        name = "Levenberg-Marquardt"
        self.fingerprint = fingerprint(nets, data, name, steps, accelerated, dtype)
        self.accelerated, self.dtype = accelerated, dtype
        self.samples = data.x.to(dtype), data.y.to(dtype)
        self.validation = data.x_val.to(dtype), data.y_val.to(dtype)
        stacked, buffers = stack_module_state(nets)
        self.shapes = {k: p.shape for k, p in nets[0].named_parameters() if p.requires_grad}
        rows = [stacked[key].detach().reshape(len(nets), -1) for key in self.shapes]
        self.theta = torch.cat(rows, 1).to(dtype)
        fixed = {k: v for k, v in (stacked | buffers).items() if k not in self.shapes}
        self.fixed = {k: v.detach().to(dtype) if v.is_floating_point() else v
                      for k, v in fixed.items()}  # fmt: skip
        self.residual = self.batched_residual(nets[0])
        self.loss = self.mean_square(self.theta, *self.samples)
        if not torch.isfinite(self.loss).all():
            where = (~torch.isfinite(self.loss)).nonzero().flatten().tolist()
            raise FloatingPointError(f"nets: the loss of networks {where} is not finite")
        self.epoch, self.damping = 0, torch.full_like(self.loss, 1e-3)
        self.best, self.best_loss = self.theta.clone(), self.mean_square(
            self.theta, *self.validation
        )  # fmt: skip
        self.best_epoch = torch.zeros(len(nets), dtype=torch.long)
        self.losses = self.loss.new_full((2, len(nets), steps), torch.nan)

    def batched_residual(self, net: nn.Module) -> Callable[..., Tensor]:
        """Return (theta (P,), fixed, x (n,), y (n,)) -> f(x) - y of a network like this one."""
        skeleton = copy.deepcopy(net).to(self.dtype)
        sizes = [shape.numel() for shape in self.shapes.values()]

        def residual(theta: Tensor, fixed: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
            parts = zip(self.shapes.items(), theta.split(sizes), strict=True)
            learned = {key: part.reshape(shape) for (key, shape), part in parts}
            return functional_call(skeleton, (learned, fixed), (x,)) - y

        return residual

    @torch.no_grad()
    def mean_square(self, theta: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Return mean(r^2) of each network, shape (T,)."""
        return vmap(self.residual)(theta, self.fixed, x, y).square().mean((1, 2))

    @torch.no_grad()
    def normal_equations(self) -> tuple[Tensor, Tensor]:
        """Return J^T J, shape (T, P, P), and J^T r, shape (T, P)."""
        trials, size = self.theta.shape
        matrix = self.theta.new_zeros(trials, size, size)
        vector = self.theta.new_zeros(trials, size)
        slopes = vmap(jacrev(self.residual), in_dims=(None, None, 0, 0))
        for x, y in zip(*(sample.split(CHUNK, 1) for sample in self.samples), strict=True):
            J = vmap(slopes)(self.theta, self.fixed, x, y).flatten(1, 2)
            r = vmap(self.residual)(self.theta, self.fixed, x, y).flatten(1)
            matrix += J.mT @ J
            vector += (J.mT @ r.unsqueeze(-1)).squeeze(-1)
        return matrix, vector

    def advance(self) -> None:
        """Take one step with each network that finds a better point."""
        matrix, vector = self.normal_equations()
        scale = matrix.diagonal(dim1=1, dim2=2).mean(1, keepdim=True).expand_as(vector)
        waiting = torch.ones_like(self.loss, dtype=torch.bool)
        for _ in range(DAMPINGS):
            damped = matrix + torch.diag_embed(self.damping.unsqueeze(1) * scale)
            step, small = self.step(torch.linalg.lu_factor_ex(damped)[:2], vector, scale)
            proposed = self.theta + step
            loss = self.mean_square(proposed, *self.samples)
            better = waiting & small & (loss < self.loss)
            self.theta = torch.where(better.unsqueeze(1), proposed, self.theta)
            self.loss = torch.where(better, loss, self.loss)
            waiting &= ~better
            grown = torch.where(waiting, 4 * self.damping, self.damping)
            self.damping = torch.where(better, self.damping / 5, grown).clamp(1e-12, 1e12)
            if not waiting.any():
                break
        self.keep_best()

    @torch.no_grad()
    def step(self, lu: Sequence[Tensor], vector: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
        """Return the step of each network, and whether its acceleration is small enough."""
        p = -torch.linalg.lu_solve(*lu, vector.unsqueeze(-1)).squeeze(-1)
        if not self.accelerated:
            return p, torch.ones_like(self.loss, dtype=torch.bool)
        bend = -torch.linalg.lu_solve(*lu, self.curvature(p).unsqueeze(-1)).squeeze(-1) / 2
        sizes = [(v.square() * scale).sum(1).sqrt() for v in (bend, p)]
        return p + bend, 2 * sizes[0] <= MOST_BEND * sizes[1]

    def curvature(self, p: Tensor) -> Tensor:
        """Return J^T r'', shape (T, P), r'' by a central difference along p."""

        def residuals(theta: Tensor) -> Tensor:
            return vmap(self.residual)(theta, self.fixed, *self.samples)

        middle, pull = vjp(residuals, self.theta)[:2]
        around = residuals(self.theta + APART * p) + residuals(self.theta - APART * p)
        return pull((around - 2 * middle) / APART**2)[0]

    def keep_best(self) -> None:
        """Note the losses, and the weights of the trials whose validation loss is least so far."""
        validation = self.mean_square(self.theta, *self.validation)
        self.losses[:, :, self.epoch] = torch.stack([self.loss, validation])
        self.epoch += 1
        better = validation < self.best_loss
        self.best = torch.where(better.unsqueeze(1), self.theta, self.best)
        self.best_loss = torch.where(better, validation, self.best_loss)
        self.best_epoch[better] = self.epoch

    KEPT = ("epoch", "theta", "loss", "damping", "best", "best_loss", "best_epoch", "losses")

    def state(self) -> dict[str, Any]:
        """Return all that a later run needs to go on exactly as this one would."""
        return {name: getattr(self, name) for name in self.KEPT}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a state that :meth:`state` returned."""
        for name in self.KEPT:
            setattr(self, name, state[name])

    def finish(self, nets: list[nn.Module]) -> History:
        """Give each network its best weights, in its own dtype."""
        sizes = [shape.numel() for shape in self.shapes.values()]
        for net, row in zip(nets, self.best, strict=True):
            parts = zip(self.shapes.items(), row.split(sizes), strict=True)
            net.load_state_dict({k: part.reshape(s) for (k, s), part in parts}, strict=False)
        parts = zip(self.shapes.items(), self.theta.split(sizes, 1), strict=True)
        last = {key: part.reshape(-1, *shape) for (key, shape), part in parts}
        return History(self.losses[0], self.losses[1], self.best_epoch, last)
