"""The search for proofs: what it finds is small and checked, what it does not is explained."""

import copy
from typing import Any

import pytest
import torch
from torch import nn

from verify.search.prove import WAYS, Failure, packed, prove, renumbered, roots
from verify.search.workbench import Workbench
from verify.trusted import kernel
from verify.trusted.graph import Graph, decode, decode_node
from verify.trusted.trace import freeze, trace

from .pool import MODULES, Fixed, Map, certificates
from .trusted.draft import Draft


@pytest.mark.parametrize(
    "document", certificates(), ids=lambda d: f"{d['claim']} {d['proof']}"[:60]
)
def test_no_node_of_a_proof_is_to_spare(document: dict[str, Any]) -> None:
    first = len(document["graph"]["nodes"])
    aux = [decode_node(value, first + k) for k, value in enumerate(document["aux"])]
    needed = set(roots(document["proof"]))
    for number in range(first + len(aux) - 1, first - 1, -1):
        if number in needed:
            node = aux[number - first]
            needed.update(ref.node for ref in node.args)
            needed.update(node.attrs[1:2] if node.op == "loop" else ())
    assert needed >= set(range(first, first + len(aux)))
    assert document["format"] == kernel.FORMAT
    kernel.check(document)


def test_proofs_are_found_again_the_same() -> None:
    for name in ("mGradNet", "softmax", "radial"):
        make, dim = MODULES[name]
        graph = trace(make(), dim).graph
        for claim in ("symmetric", "psd"):
            assert prove(graph, (), claim, "all") == prove(graph, (), claim, "all")


FALSE = {
    "untied": Map(lambda x, W, V: torch.tanh(x @ W.T) @ V, W=(3, 2), V=(3, 2)),
    "free sign": Map(lambda x, W, a: (a * torch.tanh(x @ W.T)) @ W, W=(3, 2), a=(3,)),
    "gate outside": Map(lambda x, W, a: a * (torch.tanh(x @ W.T) @ W), W=(3, 2), a=(2,)),
    "mixed": Map(lambda x, W, A: torch.tanh(torch.tanh(x @ W.T) @ A) @ W, W=(3, 2), A=(3, 3)),
    "asymmetric": Fixed([1.0, 1e-12], [0.0, 1.0]),
    "indefinite": Fixed([1.0, 2.0], [2.0, 1.0]),
    "falls a little": Map(lambda x: torch.tanh(x) - 1e-30 * x),
    "falls": Map(lambda x: x - 2 * torch.sin(x)),
    "jumps down": Map(lambda x: x - (x > 0).to(x.dtype)),
    "falling radius": Map(lambda x: x * torch.exp(-(x * x).sum(-1, keepdim=True))),
}
SYMMETRIC = ("free sign", "indefinite", "falls a little", "falls", "jumps down", "falling radius")


@pytest.mark.parametrize("name", FALSE)
def test_what_is_false_is_not_proved(name: str) -> None:
    graph = trace(FALSE[name], 2).graph
    for claim in ("symmetric", "psd"):
        found = prove(graph, (), claim, "all")
        true = claim == "symmetric" and name in SYMMETRIC
        assert isinstance(found, dict) == true
        if isinstance(found, Failure):
            assert all(len(attempt) == 3 for attempt in found.tried)
            assert {way for way, _, _ in found.tried} <= {way for way, _ in WAYS[claim]}


def test_a_failure_names_the_step() -> None:
    graph = trace(Map(lambda x: torch.log(torch.exp(x) - 1)), 2).graph
    found = prove(graph, (), "symmetric", "all")
    assert isinstance(found, Failure)
    steps = [f"{step}: {reason}" for _, step, reason in found.tried]
    assert any("(log)" in step and "positive" in step for step in steps)


def test_an_operation_of_no_table() -> None:
    for act in (torch.special.erfinv, lambda x: torch.sort(x).values.cumprod(-1)):
        graph = trace(Map(lambda x, act=act: act(torch.tanh(x) / 2)), 2).graph
        assert isinstance(prove(graph, (), "symmetric", "all"), Failure)


def test_numbers_are_proved_written_out_at_their_dimension() -> None:
    document = prove(trace(Fixed([2.0, 1.0], [1.0, 2.0]), 2).graph, (), "psd", "all")
    assert isinstance(document, dict)
    assert document["proof"]["expand"] is True


def test_the_present_parameters() -> None:
    net = nn.Linear(2, 2)
    net.weight.data = torch.tensor([[2.0, 1.0], [1.0, 2.0]])
    traced = trace(net, 2)
    assert isinstance(prove(traced.graph, (), "psd", "all"), Failure)
    document = prove(freeze(traced), (), "psd", "current")
    assert isinstance(document, dict)
    assert document["scope"] == "current"
    assert decode(document["graph"]).params == ()
    net.weight.data[0, 1] = -5
    assert isinstance(prove(freeze(trace(net, 2)), (), "psd", "current"), Failure)


def test_a_liar_among_the_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a way yields is a proof only once the kernel has accepted it."""
    proof = {"rule": "gradient", "potential": 0}
    monkeypatch.setitem(WAYS, "psd", [("liar", lambda bench: iter([proof]))])
    found = prove(trace(Map(lambda x: -x), 2).graph, (), "psd", "all")
    assert isinstance(found, Failure)
    assert [way for way, _, _ in found.tried] == ["liar"]


def test_packing_renumbers() -> None:
    d = Draft()
    x = d.x("n")
    d.fn("tanh", x)
    d.output()
    bench = Workbench(d.graph(), (), True)
    proof = {"rule": "jacobian", "map": 1, "squares": []}
    document = packed(bench, proof, "symmetric", "all")
    assert document["aux"] == []
    assert document["proof"] == proof
    assert renumbered({"rule": "sum", "parts": [[2, 3]], "expand": True}, {2: 5, 3: 4}) == {
        "rule": "sum",
        "parts": [[5, 4]],
        "expand": True,
    }
    assert [*roots({"rule": "ridge", "linear": 1, "argument": 7, "phi": 3})] == [1, 7, 3]


def test_the_search_leaves_the_graph_alone() -> None:
    for name in ("mGradNetM", "ICNN"):
        make, dim = MODULES[name]
        graph: Graph = trace(make(), dim).graph
        before = copy.deepcopy(graph)
        prove(graph, (), "psd", "all")
        assert graph == before
