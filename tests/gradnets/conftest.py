"""Every network of the package at small sizes, for tests that judge them all alike."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import nn

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

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    **{
        f"{cls.__name__}-{activation}": lambda cls=cls, activation=activation: cls(3, 5, activation)
        for cls in (GradNet, mGradNet)
        for activation in ("tanh", "sigmoid", "softplus", "softmax", "wtanh", "wsoftmax")
    },
    **{
        f"{cls.__name__}-{activation}": lambda cls=cls, activation=activation: cls(
            3, 5, 3, activation
        )
        for cls in (GradNetC, mGradNetC)
        for activation in ("tanh", "sigmoid", "softplus", "wtanh")
    },
    **{
        f"{cls.__name__}-{activation}-{rho}": lambda cls=cls, activation=activation, rho=rho: cls(
            3, 5, 2, activation, rho
        )
        for cls in (GradNetM, mGradNetM)
        for activation, rho in (
            ("softmax", "one"),
            ("wsoftmax", "one"),
            ("softplus", "one"),
            ("softmax", "softplus"),
            ("wsoftmax", "softplus"),
            ("tanh", "identity"),
            ("sigmoid", "identity"),
            ("wtanh", "identity"),
            ("tanh", "softplus"),
        )
    },
    **{
        f"{kind}GradNetC-{sigma.__name__}": lambda cls=cls, sigma=sigma, rising=rising: cls(
            3, 5, 2, partial(sigma, monotone=rising)
        )
        for kind, cls, rising in (("", GradNetC, False), ("m", mGradNetC, True))
        for sigma in (LinearSpline, TanhSum)
    },
    **{
        f"{kind}GradNetM-{sigma.__name__}-{rho}": lambda c=cls, s=sigma, m=rising, rho=rho: c(
            3, 5, 2, partial(s, monotone=m), rho
        )
        for kind, cls, rising in (("", GradNetM, False), ("m", mGradNetM, True))
        for sigma, rho in ((LinearSpline, "softplus"), (TanhSum, "identity"))
    },
    "LinearCombination": lambda: LinearCombination([GradNet(3, 5), GradNetC(3, 5, 2)]),
    "LinearCombination-fixed": lambda: LinearCombination(
        [GradNet(3, 5), GradNetM(3, 5, 2)], (2, -1)
    ),
    "mConicalCombination": lambda: mConicalCombination([mGradNetC(3, 5, 2), mGradNetM(3, 5, 2)]),
    "mConicalCombination-quadratic": lambda: mConicalCombination(
        [mGradNet(3, 5), mQuadratic(3, 2, bias=False)], (1, 1)
    ),
    "Difference": lambda: Difference(mGradNet(3, 5), mGradNetM(3, 5, 2)),
    "mQuadratic": lambda: mQuadratic(3, 2),
    "mStronglyMonotone": lambda: mStronglyMonotone(mGradNetC(3, 5, 2)),
    "mStronglyMonotone-fixed": lambda: mStronglyMonotone(mGradNetM(3, 5, 2), 0.5),
    "mLipschitzShift": lambda: mLipschitzShift(GradNet(3, 5)),
    "ScalarComposition": lambda: ScalarComposition(GradNet(3, 5), "identity"),
    "ScalarComposition-learned": lambda: ScalarComposition(
        GradNetM(3, 5, 2), ScalarNet(4, monotone=False)
    ),
    **{
        f"mScalarComposition-{rho}": lambda rho=rho: mScalarComposition(mGradNet(3, 5), rho)
        for rho in ("softplus", "sigmoid", "exp")
    },
    "mScalarComposition-learned": lambda: mScalarComposition(mGradNet(3, 5), ScalarNet(4)),
    "VectorComposition": lambda: VectorComposition([GradNet(3, 5), GradNet(3, 4)], "wsoftmax"),
    **{
        f"mVectorComposition-{gate}": lambda gate=gate: mVectorComposition(
            [mGradNet(3, 5), mQuadratic(3, 2), mGradNetM(3, 4, 2)], gate
        )
        for gate in ("softmax", "sigmoid", "softplus")
    },
    "ICNN": lambda: ICNN(3, 5),
    "ICGN": lambda: ICGN(3, 5),
    "CRR": lambda: CRR(3, 5),
    "RR": lambda: RR(3, 5),
    "MLP": lambda: MLP(3, (5, 4)),
}


@pytest.fixture(params=NETWORKS)
def net(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    network = NETWORKS[request.param]()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) / 2)
    return network
