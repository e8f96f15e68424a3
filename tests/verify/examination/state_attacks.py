"""Modules with randomness, memory, or modes of the interpreter; the answer is unknown."""

import itertools
import random
import time
from collections import Counter

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .batch_attacks import Tied
from .entry import examined

CALLS: Counter[str] = Counter()


def stateful(why: str, unseen: str = ""):
    return examined(symmetric=None, psd=None, why=why, unseen=unseen)


@stateful("another map without gradients")
class GradMode(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x) if torch.is_grad_enabled() else self.untied(x)


@stateful("another map where x requires a gradient")
class RequiresGrad(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x) if x.requires_grad else self.tied(x)


@stateful("another map in inference mode", unseen="only in inference mode")
class InferenceMode(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x) if torch.is_inference_mode_enabled() else self.tied(x)


@stateful("another map for a leaf that requires a gradient")
class Leaf(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x) if x.grad_fn is not None or x.requires_grad else self.tied(x)


@examined(
    symmetric=False,
    psd=False,
    why="another map in single precision, in which it is given",
    unseen="in double precision it is tied",
    scored=False,
)
class Precision(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.untied(x) if x.dtype == torch.float32 else self.tied(x)


@stateful("dropout in train mode")
class DropoutTrain(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.drop(torch.tanh(x @ self.W.T)) @ self.W


@stateful("dropout that does not ask for the mode")
class DropoutAlways(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(torch.tanh(x @ self.W.T)) @ self.W


@stateful("random slopes in train mode")
class RandomSlopes(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.phi = nn.RReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.phi(x @ self.W.T) @ self.W


@stateful("noise")
class Noise(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x + 0.01 * torch.randn_like(x))


@stateful("noise of the parameters")
class NoisyWeights(Tied):
    def forward(self, x: Tensor) -> Tensor:
        W = self.W + 0.01 * torch.randn(4, 3, dtype=x.dtype)
        return torch.tanh(x @ W.T) @ W


@stateful("noise with a seed, but a draw for each place in the batch")
class SeededNoise(Tied):
    def forward(self, x: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return self.tied(x + torch.randn(x.shape, generator=generator, dtype=x.dtype))


@stateful("Gumbel noise")
class GumbelSoftmax(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return F.gumbel_softmax(x @ self.W.T) @ self.W


@stateful("Python's own random numbers")
class PythonRandom(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x) * (1 + random.random())


@stateful("a random branch")
class RandomBranch(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x) if random.random() < 0.5 else self.untied(x)


@stateful("the clock")
class Clock(Tied):
    def forward(self, x: Tensor) -> Tensor:
        return self.tied(x) * (1 + time.perf_counter() % 1)


@stateful("counts its calls and changes after the fifth")
class CountsCalls(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.untied(x) if self.calls > 5 else self.tied(x)


@stateful("counts its calls in a buffer")
class CountsInBuffer(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))
        self.calls: Tensor

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.tied(x) * self.calls


@stateful("counts in a global")
class CountsInGlobal(Tied):
    def forward(self, x: Tensor) -> Tensor:
        CALLS["global"] += 1
        return self.tied(x) if CALLS["global"] % 2 else self.untied(x)


@stateful("counts in a list of its own")
class CountsInList(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.log: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.log.append(len(x))
        return self.tied(x) if len(self.log) < 4 else self.untied(x)


@stateful("alternates between two activations")
class Alternates(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.turn = itertools.cycle([torch.tanh, torch.sin])

    def forward(self, x: Tensor) -> Tensor:
        return next(self.turn)(x @ self.W.T) @ self.W


@stateful("an attribute of the class counts")
class CountsInClass(Tied):
    calls = 0

    def forward(self, x: Tensor) -> Tensor:
        type(self).calls += 1
        return self.tied(x) if type(self).calls % 3 else self.untied(x)


@stateful("hidden state")
class HiddenState(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("h", torch.zeros(3))
        self.h: Tensor

    def forward(self, x: Tensor) -> Tensor:
        y = self.tied(x + self.h)
        self.h = y.mean(0).detach()
        return y


@stateful("a running mean of what it has seen")
class RunningMean(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(3))
        self.mean: Tensor

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            self.mean.lerp_(x.mean(0).to(self.mean.dtype), 0.1)
        return self.tied(x - self.mean)


@stateful("remembers its first batch")
class Cache(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.first: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.first is None:
            self.first = x.detach().mean(0)
        return self.tied(x - self.first)


@stateful("answers from memory")
class Memory(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.known: dict[int, Tensor] = {}

    def forward(self, x: Tensor) -> Tensor:
        shift = self.known.setdefault(len(x), x.detach()[0])
        return self.tied(x) + shift


@stateful("its parameters move at each call")
class MovingWeights(Tied):
    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            self.W.mul_(1.01)
        return self.tied(x)


@stateful("flips its own mode at each call")
class FlipsMode(Tied):
    def forward(self, x: Tensor) -> Tensor:
        self.train(not self.training)
        return self.tied(x) if self.training else self.untied(x)


@stateful("the power iteration of spectral_norm in train mode", unseen="it has nearly converged")
class SpectralNormTrain(Tied):
    def __init__(self) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 4)
        nn.utils.parametrizations.spectral_norm(self.lin)

    def forward(self, x: Tensor) -> Tensor:
        W = self.lin.weight
        return torch.tanh(x @ W.T) @ W
