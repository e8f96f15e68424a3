"""The gate on the real quick profile: it passes as the code stands, and a wrong sign trips it."""

import inspect
import textwrap
from dataclasses import replace
from typing import Any

import pytest
import torch

from gradnets import mGradNetC, modular
from gradnets.experiments import Result, convex_field, run
from gradnets.ridges import Ridges
from gradnets.testing import assert_psd_at


def quick_run(model: str) -> Result:
    config = convex_field.config("quick", seeds=3)
    return run(replace(config, models={model: config.models[model]}), progress=False)


def flip(patch: pytest.MonkeyPatch, owner: Any, name: str, right: str, wrong: str) -> None:
    """Replace one piece of the source of a function of a module or a class."""
    function = getattr(owner, name)
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(right) == 1
    namespace = dict(vars(inspect.getmodule(function)))
    exec(source.replace(right, wrong), namespace)
    patch.setattr(owner, name, namespace[name])


@pytest.mark.parametrize("model", ["mGradNetC", "mGradNetM"])
def test_training_lands_in_its_band(model: str) -> None:
    assert quick_run(model).gate() == []


@pytest.mark.parametrize(
    ("model", "owner", "name", "right", "wrong"),
    [
        ("mGradNetC", Ridges, "__call__", "return alpha[-1]", "return -alpha[-1]"),
        ("mGradNetC", Ridges, "__call__", "z = beta[l] *", "z = -beta[l] *"),
        ("mGradNetM", modular, "modular", "term = c_k *", "term = -c_k *"),
    ],
)
def test_a_wrong_sign_in_a_layer_trips_the_gate(
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    owner: Any,
    name: str,
    right: str,
    wrong: str,
) -> None:
    flip(monkeypatch, owner, name, right, wrong)
    complaints = quick_run(model).gate()
    assert len(complaints) == 1
    assert f"convex_field quick {model}: median" in complaints[0]


def test_a_wrong_sign_that_still_trains_is_seen_in_the_jacobian(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flip(monkeypatch, Ridges, "__call__", "+ alpha[l - 1]", "- 3 * alpha[l - 1]")
    torch.manual_seed(0)
    net = mGradNetC(2, 7, 4).double()
    with pytest.raises(AssertionError, match="not PSD"):
        assert_psd_at(net, torch.randn(200, 2, dtype=torch.float64))
