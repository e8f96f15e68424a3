"""Everything that gradnets offers: each network, activation and rho."""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gradnets import (
    Difference,
    GradNet,
    GradNetC,
    GradNetM,
    LinearCombination,
    ScalarComposition,
    ScalarNet,
    VectorComposition,
    mConicalCombination,
    mGradNet,
    mGradNetC,
    mGradNetM,
    mLipschitzShift,
    mQuadratic,
    mScalarComposition,
    mStronglyMonotone,
    mVectorComposition,
)
from gradnets.baselines import CRR, ICGN, ICNN, MLP, RR
from gradnets.splines import LinearSpline
from gradnets.tanh_sums import TanhSum

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


def gated(rho: Callable[[Tensor], Tensor]) -> mGradNetM:
    """Return a net with a rho that the constructor would refuse."""
    net = mGradNetM(3, 4, 2, "softmax", "softplus")
    net.rho = rho
    return net


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
    lambda: gated(torch.sin),
    False,
    "sin of the potential has any sign",
)
enter(
    "mGradNetM-softmax-falling",
    lambda: gated(lambda s: torch.exp(-3 * s)),
    False,
    "a falling rho",
)
enter(
    "GradNetM-own-wave-sine",
    lambda: GradNetM(3, 4, 2, lambda m: Wave(), torch.sin),
    False,
    "symmetric all the same",
)
for sigma, rho in ((LinearSpline, "one"), (TanhSum, "one"), (TanhSum, "identity")):
    act, free = sigma.__name__, partial(sigma, monotone=False)
    if rho == "one":
        enter(
            f"GradNet-{act}",
            lambda free=free: GradNet(3, 4, free),
            False,
            "Corollary 2.3, sigma of any slope",
        )
        enter(f"mGradNet-{act}", lambda s=sigma: mGradNet(3, 4, partial(s)), True, "Theorem 8")
        enter(f"mGradNetC-{act}", lambda s=sigma: mGradNetC(3, 4, 2, partial(s)), True, "Theorem 8")
    enter(
        f"GradNetM-{act}-{rho}",
        lambda free=free, rho=rho: GradNetM(3, 4, 2, free, rho),
        False,
        "Theorem 12, coefficients of any sign",
    )
    enter(
        f"mGradNetM-{act}-{rho}",
        lambda sigma=sigma, rho=rho: mGradNetM(3, 4, 2, partial(sigma), rho),
        True,
        "Corollary 12.1",
    )
enter(
    "GradNetC-TanhSum",
    lambda: GradNetC(3, 4, 2, partial(TanhSum, monotone=False)),
    False,
    "Theorem 11, alpha and beta of any sign",
)
enter("ICNN", lambda: ICNN(3, 4), True, "convex rising layers, nonnegative inner weights")
enter("ICGN", lambda: ICGN(3, 4), True, "the Jacobian is a Gram matrix, in closed form")
enter("CRR", lambda: CRR(3, 4), True, "splines projected to nonnegative slopes")
enter("RR", lambda: RR(3, 4), False, "splines of any slope")
enter("MLP", lambda: MLP(3, (4, 5)), False, "tanh is not convex")


COMBINATIONS: dict[str, tuple[Callable[[], nn.Module], bool, str]] = {
    "LinearCombination": (
        lambda: LinearCombination([mGradNet(3, 4), mGradNetM(3, 4, 2)]),
        False,
        "Corollary 2.1, weights of any sign",
    ),
    "LinearCombination-fixed": (
        lambda: LinearCombination([mGradNet(3, 4), mGradNetM(3, 4, 2)], (2, -1.5)),
        False,
        "Corollary 2.1, a negative weight",
    ),
    "mConicalCombination": (
        lambda: mConicalCombination([mGradNet(3, 4), mGradNetM(3, 4, 2)]),
        True,
        "Corollary 3.1",
    ),
    "mConicalCombination-quadratic": (
        lambda: mConicalCombination([mGradNetC(3, 4, 2), mQuadratic(3, 2, bias=False)], (1, 1)),
        True,
        "Corollary 3.1 with the term V^T V x",
    ),
    "Difference": (
        lambda: Difference(mGradNetM(3, 4, 2), mGradNetM(3, 4, 2)),
        False,
        "Theorem 5: a difference of monotone maps",
    ),
    "mQuadratic": (lambda: mQuadratic(3, 2), True, "the Jacobian is V^T V"),
    "mStronglyMonotone": (lambda: mStronglyMonotone(mGradNetM(3, 4, 2)), True, "Proposition 3.1"),
    "mStronglyMonotone-fixed": (
        lambda: mStronglyMonotone(mGradNetC(3, 4, 2), 0.5),
        True,
        "Proposition 3.1",
    ),
    "mLipschitzShift": (
        lambda: mLipschitzShift(GradNet(3, 4)),
        True,
        "Proposition 3.2, ell from the eigenvalues of a bound of the Jacobian",
    ),
    "mLipschitzShift-promised": (
        lambda: mLipschitzShift(GradNet(3, 4), 2.0),
        False,
        "other weights have a greater Lipschitz constant than the number given",
    ),
    "ScalarComposition": (
        lambda: ScalarComposition(GradNetM(3, 4, 2)),
        False,
        "Theorem 9, a potential that is not convex",
    ),
    "ScalarComposition-learned": (
        lambda: ScalarComposition(GradNet(3, 4), ScalarNet(4, monotone=False)),
        False,
        "Theorem 9, a rho of any sign",
    ),
    **{
        f"mScalarComposition-{rho}": (
            lambda rho=rho: mScalarComposition(mGradNet(3, 4), rho),
            True,
            "Theorem 10",
        )
        for rho in ("softplus", "sigmoid", "exp")
    },
    "mScalarComposition-learned": (
        lambda: mScalarComposition(mGradNet(3, 4, "softmax"), ScalarNet(4)),
        True,
        "Theorem 10, a learned monotone rho",
    ),
    "VectorComposition": (
        lambda: VectorComposition([GradNet(3, 4, "tanh"), mQuadratic(3, 2)], "wsoftmax"),
        False,
        "Theorem 9 for two potentials, gates of any sign",
    ),
    **{
        f"mVectorComposition-{gate}": (
            lambda gate=gate: mVectorComposition(
                [mGradNet(3, 4, "sigmoid"), mGradNet(3, 4, "softmax")], gate
            ),
            True,
            "Theorem 10 for two potentials",
        )
        for gate in ("softmax", "sigmoid", "softplus")
    },
    "mVectorComposition-tanh": (
        lambda: mVectorComposition([mGradNet(3, 4), mQuadratic(3, 2)]),
        True,
        "Theorem 10 for two potentials, one a sum of log cosh",
    ),
    "mVectorComposition-quadratics": (
        lambda: mVectorComposition([mQuadratic(3, 2) for _ in range(3)]),
        True,
        "a soft maximum of convex quadratics",
    ),
}
for name, (build, psd, why) in COMBINATIONS.items():
    enter(name, build, psd, why)
