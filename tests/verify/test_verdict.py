"""Certificates from strangers: read whole or refused in one line, in bounded time and memory."""

import copy
import json
import time
import tracemalloc
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify import bounded_json
from verify.trusted.graph import Graph, Node, Ref, encode, encode_node, text
from verify.verdict import Certificate, CertificateError, Reason, Verdict

ONE = (Fraction(1),)


def document() -> dict[str, Any]:
    """W^T tanh(W x) is the gradient of a ridge: a certificate that the kernel accepts."""
    nodes = (
        Node("param", ("n0", "n1"), attrs=(0,)),
        Node("x", ("n1",)),
        Node("mul", ("n0",), (Ref(0, ("i0", "j0")), Ref(1, ("j0",))), ONE),
        Node("fn", ("n0",), (Ref(2, ("i0",)),), name="tanh"),
        Node("mul", ("n1",), (Ref(0, ("j0", "i0")), Ref(3, ("j0",))), ONE),
    )
    aux = (
        Node("var", ("n0",), attrs=("u",)),
        Node("fn", ("n0",), (Ref(5, ("i0",)),), name="tanh"),
    )
    return {
        "format": "gradient-map-certificate",
        "version": 1,
        "claim": "psd",
        "scope": "all",
        "graph": encode(Graph(nodes, 4, (("n0", "n1"),))),
        "aux": [encode_node(node) for node in aux],
        "proof": {"rule": "ridge", "linear": 0, "argument": 5, "phi": 6},
    }


def changed(**parts: Any) -> str:
    return json.dumps({**document(), **parts})


def test_there_and_back() -> None:
    certificate = Certificate.from_json(json.dumps(document(), indent=3))
    assert certificate.document == document()
    again = Certificate.from_json(certificate.to_json().encode())
    assert again == certificate
    assert hash(again) == hash(certificate)
    assert again.digest == certificate.digest
    assert (again.claim, again.scope, len(again.graph.nodes), len(again.aux)) == (
        "psd",
        "all",
        5,
        2,
    )


def test_the_digest_tells_edits_apart() -> None:
    whole = Certificate.from_json(text(document()))
    edited = Certificate.from_json(changed(claim="symmetric"))
    assert edited.digest != whole.digest
    assert edited != whole


NODE = ["tanh", ["n0"], [], [], "", []]


@pytest.mark.parametrize(
    ("spelled", "message"),
    [
        ("", "expected JSON, Expecting value: line 1"),
        (text(document())[:-200], "expected JSON, "),
        (b"\xff\xfe{}", "expected UTF-8 text, got byte 0 not so"),
        ("[1, 2]", "expected a JSON object"),
        ("7", "expected a JSON object"),
        ("{}", "expected the format 'gradient-map-certificate', got none"),
        (changed(format="zip"), "expected the format 'gradient-map-certificate', got 'zip'"),
        (changed(version=2), "expected the version 1, got 2"),
        (changed(version=True), "expected the version 1, got True"),
        (changed(version="1"), "expected the version 1, got '1'"),
        (changed(version=[1]), "expected the version 1, got none"),
        (changed(claim="convex"), "expected the claim 'symmetric' or 'psd', got 'convex'"),
        (changed(scope="some"), "expected the scope 'all' or 'current', got 'some'"),
        (changed(note="hi"), "missing or not known: 'note'"),
        (changed(**{"a\nb": 1}), r"missing or not known: 'a\nb'"),
        (changed(proof=[]), "proof: expected an object that names its rule"),
        (changed(proof={"rule": 1}), "proof: expected an object that names its rule"),
        (changed(aux={}), "aux: expected a list of nodes"),
        (changed(aux=[NODE]), "node 5: expected a known operation"),
        (changed(graph=7), "graph: expected an object with exactly families, literals"),
        (changed(claim="psd")[:-1] + ', "claim": "psd"}', "expected each key once in an object"),
        (changed(version=1.0), "expected no numbers but whole ones, got 1.0"),
        (changed(version=float("nan")), "expected no numbers but whole ones, got NaN"),
        (changed(version=float("inf")), "expected no numbers but whole ones, got Infinity"),
        ('{"version": 1e9999999}', "expected no numbers but whole ones, got 1e9999999"),
        (changed(version=10**50), "expected whole numbers of at most 19 digits"),
        ('{"version": ' + "9" * 10**6 + "}", "expected whole numbers of at most 19 digits"),
        ("[" * 10**6, "expected at most 100 brackets inside each other"),
        ('{"a":' * 10**6, "expected at most 100 brackets inside each other"),
        ("[" * 101 + "]" * 101, "expected at most 100 brackets inside each other"),
        ('"' + "[" * 10**6, "expected JSON, Unterminated string"),
        ('"' + r"\"" * 10**6, "expected JSON, Unterminated string"),
        ('"\\', "expected JSON, Unterminated string"),
        (b" " * 17 * 10**6, "expected at most 16 MB of JSON, got 17.0 MB"),
    ],
)
def test_what_is_no_certificate(spelled: str | bytes, message: str) -> None:
    start = time.process_time()
    with pytest.raises(CertificateError) as caught:
        Certificate.from_json(spelled)
    said = str(caught.value)
    assert said.startswith("certificate: ")
    assert message in said
    assert "\n" not in said
    assert len(said) < 400
    assert time.process_time() - start < 5


def test_a_hundred_megabytes_are_refused_at_once() -> None:
    spelled = bytes(10**8)
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(CertificateError, match=r"at most 16 MB of JSON, got 100\.0 MB"):
        Certificate.from_json(spelled)
    assert time.process_time() - start < 0.1
    assert tracemalloc.get_traced_memory()[1] < 10**5
    tracemalloc.stop()


def test_a_fraction_bomb_is_refused() -> None:
    value = document()
    value["graph"]["nodes"][2][3] = ["1e999999999"]
    with pytest.raises(CertificateError, match=r"node 2: expected fractions in lowest terms"):
        Certificate.from_json(json.dumps(value))


def test_brackets_in_strings_do_not_count() -> None:
    assert bounded_json.read(json.dumps(["[" * 1000, '"[{\\' * 9])) == ["[" * 1000, '"[{\\' * 9]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9) | st.just("1/2"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=9,
)


@given(JSON)
def test_all_else_of_json_is_read(value: Any) -> None:
    assert bounded_json.read(json.dumps(value)) == value
    assert bounded_json.read(json.dumps(value, ensure_ascii=False).encode()) == value


def read_or_refuse(spelled: str) -> Certificate | None:
    """Return what is read, None if it is refused in one line."""
    refused = None
    try:
        return Certificate.from_json(spelled)
    except CertificateError as error:
        refused = str(error)
    assert "\n" not in refused
    return None


@given(st.data())
def test_edited_text_is_read_or_refused(data: st.DataObject) -> None:
    whole = text(document())
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 20)))
    piece = data.draw(st.sampled_from(["", "[", "]", '"', "\\", "{", "1", "-", "null", ",", "é"]))
    certificate = read_or_refuse(whole[:start] + piece + whole[end:])
    if certificate:
        assert Certificate.from_json(certificate.to_json()) == certificate


@given(st.sampled_from(sorted(document())), JSON)
def test_a_replaced_part_is_read_or_refused(key: str, value: Any) -> None:
    edited = copy.deepcopy(document())
    edited[key] = value
    certificate = read_or_refuse(json.dumps(edited))
    assert certificate is None or certificate.document == edited


def test_verdicts_as_json() -> None:
    certificate = Certificate.from_json(text(document()))
    proved = Verdict("proved", "psd", "all", 3, certificate, sizes="all sizes")
    row = json.loads(json.dumps(proved.to_document()))
    assert row["status"] == "proved"
    assert row["certificate"] == document()
    assert row["digest"] == certificate.digest
    assert row["counterexample"] is None
    assert repr(proved) == f"<Verdict: psd proved, {certificate.digest[:12]}>"
    reason = Reason("unknown operation", "fancy", "net.py:3")
    unknown = Verdict("unknown", "psd", "all", 3, reason=reason)
    row = unknown.to_document()
    assert row["reason"] == {"kind": "unknown operation", "detail": "fancy", "source": "net.py:3"}
    assert repr(unknown) == "<Verdict: psd unknown>"
