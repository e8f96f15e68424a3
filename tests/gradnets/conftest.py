"""Every network of the package at small sizes, for tests that judge them all alike."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from gradnets import GradNet, GradNetC, GradNetM, mGradNet, mGradNetC, mGradNetM

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
}


@pytest.fixture(params=NETWORKS)
def net(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    network = NETWORKS[request.param]()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) / 2)
    return network
