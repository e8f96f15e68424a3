"""Rows of Tables 1 and 2 that are not reproduced, read otherwise: causes that were tested.

A variant is named ROW-WHAT; its verdict is against the paper's figure of the row.
"""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gradnets import fields
from gradnets.baselines import CRR, ICGN, ICNN, MLP
from gradnets.experiments.configuration import Config, protocol


class SampledWhenTested(nn.Module):
    """An ICGN that is trained by its exact integral and, in eval mode, summed at random points.

    Args:
        net: an ICGN.
        points: how many values of t, new ones in every call.
    """

    def __init__(self, net: ICGN, points: int = 100) -> None:
        super().__init__()
        self.net, self.points = net, points

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x) if self.training else self.net.sampled(x, self.points)


def convex(profile: str = "quick", seeds: int | None = None) -> Config:
    """Return the variants of Table 1, with 5 seeds by default.

    Raises:
        ValueError: another profile, or seeds < 1.

    >>> list(convex().models)
    ['ICNN-softplus', 'ICGN-sampled', 'CRR-narrow', 'CRR-wide']
    """
    return Config(
        name="convex_causes",
        profile=profile,
        field=fields.convex,
        models={
            "ICNN-softplus": lambda: ICNN(dim=2, width=7, depth=2, nonnegative=softplus),
            "ICGN-sampled": lambda: SampledWhenTested(ICGN(dim=2, width=32)),
            "CRR-narrow": lambda: CRR(dim=2, width=10, knots=7, limit=0.1),
            "CRR-wide": lambda: CRR(dim=2, width=10, knots=7, limit=3.0),
        },
        protocol=protocol(profile),
        seeds=5 if seeds is None else seeds,
    )


def nonconvex(profile: str = "quick", seeds: int | None = None) -> Config:
    """Return the variants of Table 2, with 5 seeds by default.

    Raises:
        ValueError: another profile, or seeds < 1.

    >>> list(nonconvex().models)
    ['MLP-softplus', 'MLP-sigmoid', 'MLP-relu', 'MLP-plain', 'MLP-plain-relu']
    """
    gradient = partial(MLP, dim=2, widths=(7, 9))
    return Config(
        name="nonconvex_causes",
        profile=profile,
        field=fields.nonconvex,
        models={
            "MLP-softplus": partial(gradient, activation=softplus),
            "MLP-sigmoid": partial(gradient, activation=torch.sigmoid),
            "MLP-relu": partial(gradient, activation=torch.relu),
            "MLP-plain": partial(plain, nn.Tanh),
            "MLP-plain-relu": partial(plain, nn.ReLU),
        },
        protocol=protocol(profile),
        seeds=5 if seeds is None else seeds,
    )


def plain(activation: type[nn.Module]) -> nn.Module:
    """Return a perceptron R^2 -> R^2 with 20 neurons, which is no gradient, 102 parameters.

    >>> sum(p.numel() for p in plain(nn.Tanh).parameters())
    102
    """
    return nn.Sequential(nn.Linear(2, 20), activation(), nn.Linear(20, 2))
