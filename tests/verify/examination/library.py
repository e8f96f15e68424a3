"""Everything that gradnets offers: each network, activation and rho."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gradnets import GradNet, GradNetC, GradNetM, mGradNet, mGradNetC, mGradNetM

from .entry import examine

ACTIVATIONS = ("tanh", "sigmoid", "softplus", "wtanh", "softmax", "wsoftmax")
LEARNED = ("wtanh", "wsoftmax")
ELEMENTWISE = ("tanh", "sigmoid", "softplus", "wtanh")
GATED = (
    ("softmax", "one"),
    ("wsoftmax", "one"),
    ("tanh", "one"),
    ("softplus", "one"),
    ("wtanh", "one"),
    ("softmax", "softplus"),
    ("wsoftmax", "softplus"),
    ("tanh", "softplus"),
    ("sigmoid", "softplus"),
    ("wtanh", "softplus"),
    ("tanh", "identity"),
    ("sigmoid", "identity"),
    ("wtanh", "identity"),
)


class Relu(nn.Module):
    """An activation of the user's own, with its potential."""

    def forward(self, z: Tensor) -> Tensor:
        return F.relu(z)

    def potential(self, z: Tensor) -> Tensor:
        return F.relu(z).square().sum(-2, keepdim=True) / 2


class Wave(nn.Module):
    """Not monotone."""

    def forward(self, z: Tensor) -> Tensor:
        return torch.sin(z)

    def potential(self, z: Tensor) -> Tensor:
        return 1 - torch.cos(z).sum(-2, keepdim=True)


def enter(name: str, build: Callable[[], nn.Module], psd: bool, why: str, unseen: str = "") -> None:
    examine(
        build,
        symmetric=True,
        psd=psd,
        why=why,
        kind="library",
        name=name,
        unseen=unseen,
    )


for act in ACTIVATIONS:
    enter(
        f"GradNet-{act}",
        lambda act=act: GradNet(3, 4, act),
        act not in LEARNED,
        "Proposition 2.1; monotone where the activation is, and not learned",
    )
    enter(f"mGradNet-{act}", lambda act=act: mGradNet(3, 4, act), True, "Proposition 3.3")
for act in ELEMENTWISE:
    for depth in (1, 2, 3):
        enter(
            f"GradNetC-{act}-{depth}",
            lambda act=act, depth=depth: GradNetC(3, 4, depth, act),
            False,
            "Theorem 11, alpha and beta of any sign",
        )
        enter(
            f"mGradNetC-{act}-{depth}",
            lambda act=act, depth=depth: mGradNetC(3, 4, depth, act),
            True,
            "Corollary 11.1",
        )
for act, rho in GATED:
    enter(
        f"GradNetM-{act}-{rho}",
        lambda act=act, rho=rho: GradNetM(3, 4, 2, act, rho),
        False,
        "Theorem 12, coefficients of any sign",
    )
    enter(
        f"mGradNetM-{act}-{rho}",
        lambda act=act, rho=rho: mGradNetM(3, 4, 2, act, rho),
        True,
        "Corollary 12.1",
    )
for modules in (1, 3, 8):
    enter(
        f"mGradNetM-{modules}-modules", lambda k=modules: mGradNetM(3, 4, k), True, "Corollary 12.1"
    )
enter("mGradNet-dim-1", lambda: mGradNet(3, 1), True, "one neuron")
enter("mGradNet-own-relu", lambda: mGradNet(3, 4, lambda m: Relu()), True, "relu is monotone")
enter("mGradNet-own-wave", lambda: mGradNet(3, 4, lambda m: Wave()), False, "sin is not monotone")
enter(
    "mGradNetC-own-wave",
    lambda: mGradNetC(3, 4, 2, lambda m: Wave()),
    False,
    "sin is not monotone",
)
enter(
    "mGradNetM-own-relu-identity",
    lambda: mGradNetM(3, 4, 2, lambda m: Relu(), "identity"),
    True,
    "a nonnegative potential",
)
enter("mGradNetM-softmax-exp", lambda: mGradNetM(3, 4, 2, "softmax", torch.exp), True, "exp rises")
enter(
    "mGradNetM-softmax-sine",
    lambda: mGradNetM(3, 4, 2, "softmax", torch.sin),
    False,
    "sin of the potential has any sign",
)
enter(
    "mGradNetM-softmax-falling",
    lambda: mGradNetM(3, 4, 2, "softmax", lambda s: torch.exp(-3 * s)),
    False,
    "a falling rho",
)
enter(
    "GradNetM-own-wave-sine",
    lambda: GradNetM(3, 4, 2, lambda m: Wave(), torch.sin),
    False,
    "symmetric all the same",
)
