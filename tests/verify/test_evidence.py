"""verify/evidence.py records what holds, and refuses what does not."""

import json

import pytest
import sympy as sp
import torch
from torch import nn

import verify
from verify import evidence
from verify.evidence import MIME, EvidenceError


class Untied(nn.Module):
    def __init__(self, dim: int = 2) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.eye(dim))
        self.V = nn.Parameter(torch.eye(dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x @ self.W.T) @ self.V


class OnlyInThePlane(nn.Module):
    """Symmetric for n = 2 and no other n: the sizes are fixed by a frozen matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("A", torch.tensor([[1.0, 2.0], [2.0, 1.0]]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.get_buffer("A")


@pytest.fixture(scope="module")
def proof() -> verify.Certificate:
    return verify.assert_proved(nn.Tanh(), "psd", dim=2)


def test_a_record_carries_its_certificate_out_of_sight(proof):
    shown, hidden = evidence.all_sizes("thm-11", "tanh", proof)._repr_mimebundle_()
    assert shown[MIME] == {
        "label": "thm-11",
        "kind": "all sizes",
        "about": "tanh",
        "claim": "psd",
        "certificate": proof.digest[:12],
    }
    assert verify.Certificate.from_json(hidden[MIME]["certificate"]).digest == proof.digest
    assert "Theorem 11" in shown["text/html"]


def test_what_is_shown_is_escaped():
    record = evidence.instance("thm-1", "a < b & c", sp.true)
    shown, _ = record._repr_mimebundle_()
    assert "a &lt; b &amp; c" in shown["text/html"]


def test_a_forged_certificate_is_rejected(proof):
    document = json.loads(proof.to_json())
    document["claim"] = "symmetric"
    document["graph"]["nodes"] = document["graph"]["nodes"][:1]
    document["graph"]["output"] = 0
    forged = verify.Certificate(document)
    with pytest.raises(EvidenceError, match="rejected"):
        evidence.all_sizes("thm-11", "forged", forged)


def test_a_certificate_about_another_net_is_rejected(proof):
    with pytest.raises(EvidenceError, match="rejected"):
        evidence.all_sizes("thm-11", "tanh", proof, (nn.Sigmoid(), 3))


def test_a_certificate_of_one_size_is_not_for_all():
    net = OnlyInThePlane()
    plane = verify.assert_proved(net, "symmetric", dim=2)
    with pytest.raises(EvidenceError, match="dim = 2 only"):
        evidence.all_sizes("cor-2-2", "a frozen matrix", plane)


def test_current_weights_are_not_all():
    net = nn.Linear(2, 2)
    with torch.no_grad():
        net.weight.copy_(torch.eye(2))
    found = verify.assert_proved(net, "psd", scope="current")
    with pytest.raises(EvidenceError, match="all sizes"):
        evidence.all_sizes("cor-2-2", "the identity", found)


@pytest.mark.parametrize("lie", [False, sp.false, 1, 1.0, None, "True", sp.Symbol("x") > 0, []])
def test_only_true_is_true(lie):
    with pytest.raises(EvidenceError, match="not True"):
        evidence.instance("thm-1", "F_xy = F_yx", True, lie)


def test_nothing_is_no_instance():
    with pytest.raises(EvidenceError, match="at least one"):
        evidence.instance("thm-1", "F_xy = F_yx")


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [(0.1, 0.2)],
        [(float("inf"), 0.2)],
        [(float("nan"), 0.2)],
        [(0.1, float("nan"))],
        [(0.1, -0.1)],
        [(0.1, 0.1), (0.1, 0.1)],
        [(0.1, 0.05), (0.2, 0.1)],
    ],
)
def test_constructions_that_show_nothing(pairs):
    with pytest.raises(EvidenceError, match="expected"):
        evidence.constructive("lem-3", "x^2", pairs)


def test_a_refutation_is_replayed():
    verdict = verify.decide(Untied(), "symmetric", dim=2)
    assert evidence.refuted("prop-2-1", "untied", verdict, Untied()).kind == "refuted"
    with pytest.raises(EvidenceError, match="untied"):
        evidence.refuted("prop-2-1", "untied", verdict, nn.Linear(2, 2))


def test_a_proof_is_no_refutation():
    with pytest.raises(EvidenceError, match="expected a refuted claim"):
        evidence.refuted("prop-2-1", "tanh", verify.decide(nn.Tanh(), "psd", 2), nn.Tanh())


@pytest.mark.parametrize("ends", [(0, 1), (-1, 1), (2, 1), (0.5, 0.5), ("a", "a"), (-2, -1)])
def test_enclosures_that_settle_nothing(ends):
    with pytest.raises(EvidenceError, match=r"settle|rational"):
        evidence.violated("eqs-1-4", "Popoviciu", *ends)


@pytest.mark.parametrize("label", ["", "thm", "thm-", "thm 1", "Thm-1", "axiom-1", "thm-1-", 3])
def test_labels_that_name_no_statement(label):
    with pytest.raises((EvidenceError, TypeError), match=r"label|expected string"):
        evidence.cited(label, "a book", "key")


def test_every_record_says_what():
    with pytest.raises(EvidenceError, match="about"):
        evidence.cited("lem-1", " ", "key")
