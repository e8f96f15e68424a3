"""Decisions: three answers, a certificate that is the module's and no other's, bad input."""

import copy
import itertools
from typing import Any

import pytest
import torch
from torch import nn

import verify
from gradnets import mGradNet
from verify.decide import readings, sizes
from verify.trusted import kernel
from verify.trusted.trace import trace

from .pool import Fixed, Map


def layer(x: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    return torch.tanh(x @ W.T) @ W


def test_proved() -> None:
    net = Map(layer, W=(3, 2))
    verdict = verify.decide(net, "psd", dim=2)
    assert (verdict.status, verdict.claim, verdict.scope, verdict.dim) == (
        "proved",
        "psd",
        "all",
        2,
    )
    assert verdict.sizes == "all sizes"
    assert verdict.certificate is not None
    assert verdict.counterexample is None
    assert verdict.reason is None
    assert "W" in verdict.names[0]
    verify.check(verdict.certificate)
    verify.check(verdict.certificate, net, dim=2)
    verify.check(verify.Certificate.from_json(verdict.certificate.to_json()), net, dim=2)


def test_refuted() -> None:
    net = Map(lambda x, W: -layer(x, W), W=(3, 2))
    assert verify.decide(net, "symmetric", dim=2).status == "proved"
    verdict = verify.decide(net, "psd", dim=2)
    assert verdict.status == "refuted"
    assert verdict.certificate is None
    assert verdict.counterexample is not None
    verdict.counterexample.replay(net)


class Counter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.calls = itertools.count()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * (1 + next(self.calls))


@pytest.mark.parametrize("claim", ["symmetric", "psd"])
@pytest.mark.parametrize(
    "net",
    [
        Map(lambda x: torch.softmax(x, 0)),
        nn.BatchNorm1d(2),
        nn.Dropout(),
        Counter(),
        Map(lambda x: x - x.mean(0)),
        Map(lambda x: x + torch.randn_like(x)),
    ],
    ids=["over the batch", "batch statistics", "dropout", "counter", "batch mean", "noise"],
)
def test_what_is_no_map_of_a_sample(net: nn.Module, claim: str) -> None:
    verdict = verify.decide(net, claim, dim=2)
    assert verdict.status == "unknown"
    assert verdict.certificate is None
    assert verdict.counterexample is None
    assert verdict.reason is not None
    assert verdict.reason.kind == "not a sample map"


def test_an_unknown_operation_is_named_with_its_line() -> None:
    verdict = verify.decide(Map(lambda x: torch.special.zeta(x.exp() + 1, x.exp())), "psd", dim=2)
    assert verdict.status == "unknown"
    assert verdict.reason is not None
    assert verdict.reason.kind == "unknown operation"
    assert "zeta" in verdict.reason.detail
    assert "pool.py:" in verdict.reason.source


def test_a_side_condition_is_named_with_its_line() -> None:
    verdict = verify.decide(Map(lambda x: torch.special.ndtri(torch.sigmoid(x))), "psd", dim=2)
    assert verdict.status == "unknown"
    assert verdict.reason is not None
    assert verdict.reason.kind == "side condition"
    assert "erfinv" in verdict.reason.detail
    assert "pool.py:" in verdict.reason.source


def test_the_present_parameters() -> None:
    net = nn.Linear(2, 2)
    net.weight.data = torch.tensor([[2.0, 1.0], [1.0, 2.0]])
    assert verify.decide(net, "psd").status == "refuted"
    verdict = verify.decide(net, "psd", scope="current")
    assert verdict.status == "proved"
    assert verdict.certificate is not None
    assert verdict.certificate.scope == "current"
    verify.check(verdict.certificate, net)
    with torch.no_grad():
        net.weight[0, 0] += 1
    with pytest.raises(verify.Rejected, match="another map"):
        verify.check(verdict.certificate, net)
    with torch.no_grad():
        net.weight[0, 0] = 0.25
    assert verify.decide(net, "psd", scope="current").status == "refuted"


def test_a_proof_for_all_parameters_is_one_for_the_present_ones() -> None:
    verdict = verify.decide(mGradNet(2, 3), "psd", scope="current")
    assert verdict.status == "proved"
    assert verdict.certificate is not None
    assert verdict.certificate.scope == "all"


def test_what_sizes_a_proof_is_for() -> None:
    assert verify.decide(nn.Tanh(), "psd", dim=3).sizes == "all sizes"
    fixed = verify.assert_proved(Fixed([2.0, 1.0], [1.0, 2.0]), "psd", dim=2)
    assert sizes(fixed) == "dim = 2 only"
    verify.check(fixed, Fixed([2.0, 1.0], [1.0, 2.0]), dim=2)
    with pytest.raises(verify.Rejected, match="another map"):
        verify.check(fixed, Fixed([2.0, 1.0], [1.0, 3.0]), dim=2)
    with pytest.raises(verify.Rejected, match="another map"):
        verify.check(fixed, nn.Tanh(), dim=3)


def test_what_holds_at_the_module_s_sizes_only() -> None:
    def centred(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        return x - x.sum(-1, keepdim=True) / 2 + torch.tanh(x @ w.T) @ w

    verdict = verify.decide(Map(centred, w=(3, 2)), "psd", dim=2)
    assert verdict.certificate is not None
    assert verdict.sizes == "dim = 2 only; axes of 3 as they are"
    verify.check(verdict.certificate, Map(centred, w=(3, 2)), dim=2)
    for size in ((3, 3), (4, 2)):
        with pytest.raises(verify.Rejected, match="another map"):
            verify.check(verdict.certificate, Map(centred, w=size), dim=size[1])
    assert verify.decide(Map(centred, w=(3, 3)), "psd", dim=3).status == "refuted"


def test_exclusions_are_told() -> None:
    verdict = verify.decide(Map(lambda x, v: x * v / v.norm(), v=()), "symmetric", dim=2)
    assert verdict.status in ("proved", "unknown")
    assert any("inv" in text for text in verdict.exclusions)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((nn.Tanh(), "convex", 2), ValueError, "claim: expected one of symmetric, psd"),
        ((nn.Tanh(), "psd", 2, "some"), ValueError, "scope: expected one of all, current"),
        ((nn.Tanh(), "psd"), ValueError, "dim: expected an integer of at least 1, got None"),
        ((nn.Tanh(), "psd", 0), ValueError, "dim: expected"),
        ((nn.Tanh(), "psd", True), ValueError, "dim: expected"),
        ((nn.Tanh(), "psd", 2.0), ValueError, "dim: expected"),
        ((torch.tanh, "psd", 2), TypeError, r"net: expected a torch\.nn\.Module"),
        ((nn.Tanh, "psd", 2), TypeError, r"net: expected a torch\.nn\.Module"),
        ((nn.Linear(2, 3), "psd", 2), ValueError, "shape"),
        ((nn.Linear(2, 2).half(), "psd"), ValueError, "float32 or float64"),
        ((nn.Linear(2, 2, dtype=torch.complex64), "psd"), ValueError, "float32 or float64"),
    ],
)
def test_bad_input(arguments: tuple[Any, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        verify.decide(*arguments)


def test_assert_proved() -> None:
    assert verify.assert_proved(nn.Tanh(), "psd", dim=2).claim == "psd"
    with pytest.raises(AssertionError, match="refuted"):
        verify.assert_proved(nn.Linear(2, 2), "psd")
    with pytest.raises(AssertionError, match="unknown"):
        verify.assert_proved(nn.Dropout(), "psd", dim=2)


def test_a_certificate_that_was_edited() -> None:
    good = verify.assert_proved(nn.Tanh(), "psd", dim=2)
    document = copy.deepcopy(good.document)
    document["proof"]["rule"] = "sum"
    with pytest.raises(verify.Rejected):
        verify.check(verify.Certificate(document))
    document = copy.deepcopy(good.document)
    document["graph"]["nodes"][1][4] = "sin"
    with pytest.raises(verify.Rejected):
        verify.check(verify.Certificate(document), nn.Tanh(), dim=2)


def test_checking_against_what_is_no_map() -> None:
    certificate = verify.assert_proved(nn.Tanh(), "psd", dim=2)
    with pytest.raises(verify.Rejected, match="trace"):
        verify.check(certificate, Map(lambda x: x - x.mean(0)), dim=2)


def test_what_is_plainly_refuted_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a kernel says."""
    monkeypatch.setattr(kernel, "check", lambda document: None)
    net = Map(lambda x, W: x @ W.T, W=(2, 2))
    verdict = verify.decide(net, "symmetric", dim=2)
    assert verdict.status == "refuted"
    assert verdict.counterexample is not None
    assert verdict.counterexample.replay(net)


def test_readings() -> None:
    """As traced, at the module's sizes where these are few, and with its numbers."""
    traced, wide = trace(nn.Linear(2, 2), 2), trace(nn.Linear(9, 9), 9)
    assert [scope for _, scope in readings(traced, "all")] == ["all", "all"]
    assert [scope for _, scope in readings(traced, "current")] == ["all", "all", "current"]
    assert [scope for _, scope in readings(wide, "current")] == ["all", "current"]
    assert [scope for _, scope in readings(trace(nn.Tanh(), 2), "current")] == ["all", "all"]


class Hooked(nn.Module):
    """Takes a layer's output by a hook, which an error in between leaves where it is."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: list[torch.Tensor] = []

        def keep(_module: nn.Module, _given: Any, y: torch.Tensor) -> None:
            found.append(y)

        hook = self.layer.register_forward_hook(keep)
        self.layer(x)
        hook.remove()
        return torch.tanh(found[0]) @ self.layer.weight


def test_an_error_of_another_kind_of_numbers_leaves_nothing_behind() -> None:
    assert verify.decide(Hooked(), "psd", dim=2).status == "proved"
