"""Counterexamples of modules: replayed, written, read, and spoilt."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest
import torch
from torch import Tensor, nn

from verify.counterexample import Counterexample, CounterexampleError, ReplayError
from verify.search.refute import refute
from verify.trusted.trace import trace


class Ridge(nn.Module):
    """W^T act(W x + b), or with another V in place of W."""

    def __init__(self, act: Callable[[Tensor], Tensor], tied: bool = True, dim: int = 3) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.act = act
        self.W = nn.Parameter(torch.randn(4, dim, generator=generator))
        self.b = nn.Parameter(torch.randn(1, 4, generator=generator))
        self.V = self.W if tied else nn.Parameter(torch.randn(4, dim, generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        return self.act(x @ self.W.T + self.b) @ self.V


NETS: dict[str, tuple[Callable[[], nn.Module], str, str]] = {
    "points": (lambda: Ridge(torch.nn.functional.silu), "psd", "points"),
    "jacobian": (lambda: Ridge(torch.tanh, tied=False), "symmetric", "jacobian"),
    "triangle": (lambda: Ridge(torch.sign, tied=False, dim=2), "symmetric", "triangle"),
}


def found(kind: str, scope: str = "all") -> tuple[nn.Module, Counterexample]:
    return NETS[kind][0](), search(kind, scope)


@cache
def search(kind: str, scope: str) -> Counterexample:
    make, claim, _ = NETS[kind]
    net = make()
    counterexample = refute(trace(net, net.W.shape[1]), claim, scope)  # type: ignore[attr-defined]
    assert counterexample is not None
    return counterexample


@pytest.mark.parametrize("scope", ["all", "current"])
@pytest.mark.parametrize("kind", NETS)
def test_it_replays_on_its_module(kind: str, scope: str) -> None:
    net, counterexample = found(kind, scope)
    assert counterexample.kind == NETS[kind][2]
    assert set(counterexample.parameters) == (set() if scope == "current" else names(net))
    fresh = counterexample.replay(net)
    assert set(fresh) == set(counterexample.enclosures)


def names(net: nn.Module) -> set[str]:
    return {name for name, _ in net.named_parameters()}


@pytest.mark.parametrize("kind", NETS)
def test_it_is_written_and_read(kind: str) -> None:
    net, counterexample = found(kind)
    again = Counterexample.from_json(counterexample.to_json())
    assert again == counterexample
    again.replay(net)


def test_it_reads_as_text() -> None:
    _, counterexample = found("points")
    said = str(counterexample)
    assert said.startswith("not psd: two points with a negative product\n  W = ((")
    assert "\n  x = (" in said
    assert "(f(x) - f(y)).(x - y) in [-" in said


def test_its_numbers_are_short() -> None:
    _, counterexample = found("points")
    numbers = [q for _, entries in counterexample.parameters.values() for q in entries]
    numbers += [q for p in counterexample.points for q in p]
    assert all(q.denominator <= 8 and abs(q) < 100 for q in numbers)


@pytest.mark.parametrize("kind", NETS)
def test_a_repaired_module_is_not_refuted(kind: str) -> None:
    net, counterexample = found(kind)
    net.act = torch.relu  # type: ignore[assignment]
    net.V = net.W  # type: ignore[assignment]
    parameters = {k: v for k, v in counterexample.parameters.items() if k != "V"}
    with pytest.raises(ReplayError, match="does not settle"):
        replace(counterexample, parameters=parameters).replay(net)


def test_two_points_do_not_refute_symmetry() -> None:
    net, counterexample = found("points")
    with pytest.raises(ReplayError, match="points does not refute symmetric"):
        replace(counterexample, claim="symmetric").replay(net)


def test_other_shapes_are_not_those_of_the_module() -> None:
    _, counterexample = found("points")
    with pytest.raises(ReplayError, match=r"parameter .*: expected shape"):
        replace(counterexample, parameters={}).replay(NETS["points"][0]())


def test_other_enclosures_are_not_those_of_the_module() -> None:
    net, counterexample = found("points")
    wrong = {name: (Fraction(-10), Fraction(-9)) for name in counterexample.enclosures}
    with pytest.raises(ReplayError, match="this module has it in"):
        replace(counterexample, enclosures=wrong).replay(net)


def test_points_of_another_dimension_are_refused() -> None:
    _, counterexample = found("points")
    with pytest.raises(ValueError, match=r"."):
        replace(counterexample, points=((Fraction(0),), (Fraction(1),))).replay(NETS["points"][0]())


def spoilt(document: dict[str, object], **changes: object) -> str:
    return json.dumps({**document, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "certificate"}, "format: expected one of"),
        ({"version": 2}, "version: expected one of"),
        ({"kind": "square"}, "kind: expected one of"),
        ({"claim": ["psd"]}, "claim: expected one of"),
        ({"claim": "symmetric"}, "kind: points does not refute symmetric"),
        ({"points": []}, "points: 2"),
        ({"points": [["0"], ["1", "2"]]}, "points: expected equal lengths"),
        ({"points": [["0"], [1]]}, 'points: expected "p/q"'),
        ({"points": [["1/0"], ["1"]]}, "points: a denominator of 0"),
        ({"points": [["1" * 9000], ["1"]]}, 'points: expected "p/q"'),
        ({"points": [[], []]}, "points: expected equal lengths"),
        ({"parameters": []}, "parameters: expected an object"),
        ({"parameters": {"W": [[2], ["1"]]}}, "W: expected as many entries"),
        ({"parameters": {"W": [[-1], []]}}, "W: expected whole sizes"),
        ({"parameters": {"W": [[10**9] * 9, ["1"]]}}, "W: expected as many entries"),
        ({"parameters": {"W": "1"}}, r"W: expected \[shape, entries\]"),
        ({"enclosures": {"f": ["0", "1"]}}, "f: two bounds"),
        ({"enclosures": {"J_ij": ["2", "1"]}}, "J_ij: two bounds"),
        ({"more": 1}, "expected keys"),
    ],
)
def test_spoilt_documents_are_refused(changes: dict[str, object], message: str) -> None:
    _, counterexample = found("points")
    document = json.loads(counterexample.to_json())
    with pytest.raises(CounterexampleError, match=message):
        Counterexample.from_json(spoilt(document, **changes))


@pytest.mark.parametrize("indices", [None, [0], [0, 3], ["0", 1], [True, 0]])
def test_spoilt_indices_are_refused(indices: object) -> None:
    _, counterexample = found("jacobian")
    document = json.loads(counterexample.to_json())
    with pytest.raises(CounterexampleError, match="indices: expected two whole numbers"):
        Counterexample.from_json(spoilt(document, indices=indices))


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 10**5, "null", '{"format": NaN}', "1" * 100])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(CounterexampleError):
        Counterexample.from_json(text)
