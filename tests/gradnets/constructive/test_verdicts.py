"""The built networks are ordinary modules: verify decides both claims about them."""

import pytest

import verify
from gradnets.constructive import build

from .known import COMPOSITIONS, bowl, log_cosh, nonconvex_field, quadratic, ridges, wave

BUILT = {
    "Theorem 4": (quadratic(2), "psd"),
    "Theorem 5": (nonconvex_field, "symmetric"),
    "Theorem 6": (ridges(wave, log_cosh, dim=2), "symmetric"),
    "Theorem 8": (ridges(bowl, log_cosh, dim=2), "psd"),
    "Theorem 9": (COMPOSITIONS["sin"], "symmetric"),
    "Theorem 10": (COMPOSITIONS["exp(|x|^2 / 2)"], "psd"),
}


@pytest.mark.parametrize("name", BUILT)
def test_built_networks_are_proved(name: str) -> None:
    target, claim = BUILT[name]
    network = build(target, 6.0 if name == "Theorem 5" else 0.5).network
    verdict = verify.decide(network, claim, dim=target.dim)
    assert str(verdict).startswith(f"proved: {claim}"), str(verdict)
