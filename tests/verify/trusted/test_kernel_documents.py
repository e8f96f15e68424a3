"""The document of a certificate: exactly these keys, these types, numbers of nodes that exist."""

import copy
from typing import Any

import pytest

from verify.trusted import kernel, ring
from verify.trusted.kernel import Rejected, check

from .draft import Draft, jacobian, ridge, summed


def good() -> dict[str, Any]:
    """Return the certificate that W^T tanh(W x) is psd."""
    d = Draft()
    W, x = d.param("m", "n"), d.x("n")
    z = d.fn("tanh", d.mul(("m",), W("i0", "s"), x("s")))
    d.mul(("n",), W("s", "i0"), z("s"))
    d.output()
    u = d.var("u", "m")
    return d.document(summed(ridge(W, u, d.fn("tanh", u))))


def changed(path: list[Any], value: Any) -> dict[str, Any]:
    document = copy.deepcopy(good())
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return document


def rejected(document: Any, match: str) -> None:
    with pytest.raises(Rejected, match=match):
        check(document)


def test_the_certificate_itself() -> None:
    check(good())
    check(changed(["claim"], "symmetric"))
    check(changed(["scope"], "current"))
    assert good().keys() == kernel.KEYS


@pytest.mark.parametrize("key", sorted(kernel.KEYS))
def test_a_missing_key(key: str) -> None:
    document = good()
    del document[key]
    rejected(document, "document: expected")


@pytest.mark.parametrize("document", [None, [], "certificate", 1, {}, {**good(), "note": ""}])
def test_what_is_no_document(document: Any) -> None:
    rejected(document, "document: expected")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "another"),
        ("format", ["gradient-map-certificate"]),
        ("version", 2),
        ("version", "1"),
        ("version", True),
        ("version", 1.0),
        ("version", None),
        ("claim", "convex"),
        ("claim", ["psd"]),
        ("claim", None),
        ("claim", {}),
        ("scope", "some"),
        ("scope", 1),
        ("aux", {}),
        ("aux", None),
        ("aux", [None]),
        ("aux", [[]]),
        ("graph", []),
        ("proof", None),
        ("proof", []),
        ("proof", "ridge"),
    ],
)
def test_a_wrong_value(key: str, value: Any) -> None:
    rejected(changed([key], value), ":")


WRONG = [-1, 99, True, False, "0", 1.0, None, [0], {"node": 0}, 2**70]


@pytest.mark.parametrize("key", ["linear", "argument", "phi"])
@pytest.mark.parametrize("number", WRONG, ids=repr)
def test_numbers_of_no_node(key: str, number: Any) -> None:
    rejected(changed(["proof", "parts", 0, key], number), f"{key}: no node")


@pytest.mark.parametrize("number", WRONG, ids=repr)
def test_numbers_of_no_map(number: Any) -> None:
    rejected(changed(["proof"], {**jacobian(3), "map": number}), "map: no node")
    rejected(changed(["proof"], {"rule": "gradient", "potential": number}), "potential: no node")


@pytest.mark.parametrize(
    "rule", ["", "Ridge", "induction", None, 1, True, [], ["ridge"], {}, "__class__", "expand"]
)
def test_unknown_rules(rule: Any) -> None:
    rejected(changed(["proof", "rule"], rule), "unknown rule")
    rejected(changed(["proof", "parts", 0, "rule"], rule), "unknown rule")


def test_keys_of_proofs() -> None:
    part = good()["proof"]["parts"][0]
    for key in part:
        less = {k: v for k, v in part.items() if k != key}
        rejected(changed(["proof", "parts", 0], less), "expected|unknown rule")
    rejected(changed(["proof", "parts", 0], {**part, "note": 1}), "expected")
    rejected(changed(["proof", "parts", 0], {**part, "expand": True}), "expected")
    rejected(changed(["proof", "parts", 0, "map"], 3), "expected")
    rejected(changed(["proof", "parts"], [part, None]), "expected an object")
    rejected(changed(["proof", "parts"], part), "expected parts")


def test_a_proof_nested_too_deep() -> None:
    proof = good()["proof"]["parts"][0]
    for _ in range(20_000):
        proof = summed(proof)
    document = good()
    document["proof"] = proof
    rejected(document, "nested too deep")
    while isinstance(proof, dict) and "parts" in proof:  # or its end would recurse too
        proof = proof.pop("parts")[0]


def test_edits_of_nodes() -> None:
    for path, value in (
        (["graph", "nodes", 3, 4], "sigmoid"),
        (["graph", "nodes", 4, 2, 0], [0, "i0", "s"]),
        (["graph", "nodes", 4, 3, 0], "2"),
        (["graph", "nodes", 4, 3, 0], "-1"),
        (["graph", "output"], 1),
        (["aux", 0, 1, 0], "n"),
        (["aux", 1, 4], "sigmoid"),
        (["aux", 1, 4], "no_function"),
        (["aux", 1, 0], "loop"),
        (["graph", "params", 0, 0], "n"),
        (["graph", "families"], [1]),
    ):
        document = changed(path, value)
        rejected(document, ":")
    check(changed(["aux", 0, 5, 0], "v"))  # a variable may have any name
    check(changed(["graph", "families"], [0]))  # and no loop need use a family


def test_what_is_wrong_is_one_kind_of_error() -> None:
    with pytest.raises(ValueError, match="document: expected") as caught:
        check({})
    assert isinstance(caught.value, Rejected)
    assert caught.value.step == "document"


def test_a_normal_form_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """(sum_k x_k)^12, written out, has more terms than the ring takes."""
    monkeypatch.setattr(ring, "LIMIT", 2_000)
    d = Draft()
    x = d.x(12)
    total = d.mul((), x("s"))
    d.mul((12,), *[total.own] * 12)
    d.output()
    with pytest.raises(Rejected, match="too large a normal form"):
        check(d.document({**jacobian(d.count - 1), "expand": True}, "symmetric"))
