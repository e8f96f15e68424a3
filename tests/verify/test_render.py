"""Verdicts as they are read: in a terminal, and as Markdown with LaTeX."""

from fractions import Fraction
from typing import Any

import pytest

import verify
from gradnets import mGradNetC
from verify.counterexample import Counterexample
from verify.trusted.graph import Graph, Node, encode, encode_node, text
from verify.verdict import Certificate, Reason, Verdict

from .layer import TANH, B, W, X, Z, add, fn, graph, mul

NAMES = ("lin.weight", "lin.bias")


def test_large_graphs_are_elided() -> None:
    nodes: list[Node] = []
    for k in range(5, 405, 2):
        last = X if k == 5 else k - 1
        nodes += [fn("tanh", ("n1",), last), add(("n1",), (1, k), (2, X))]
    g = graph(*nodes)
    verdict = Verdict("unknown", "psd", "all", 2, reason=Reason("a", "b"), graph=g)
    assert len(str(verdict).splitlines()) < 40
    assert "more)" in str(verdict)
    assert len(verdict._repr_markdown_()) < 6000


def proved(g: Graph, aux: tuple[Node, ...], proof: Any, claim: str = "psd") -> Verdict:
    document = {
        "format": "gradient-map-certificate",
        "version": 1,
        "claim": claim,
        "scope": "all",
        "graph": encode(g),
        "aux": [encode_node(node) for node in aux],
        "proof": proof,
    }
    certificate = Certificate.from_json(text(document))
    return Verdict("proved", claim, "all", 3, certificate, sizes="all sizes", names=NAMES)


def ridge(*activation: Node) -> Verdict:
    """W^T phi(W x + b); the variable is node 7, the activation acts on node 8."""
    aux = (Node("var", ("n0",), attrs=("u",)), add(("n0",), (1, 7), (1, B)), *activation)
    rule = {"rule": "ridge", "linear": W, "argument": 7, "phi": 8 + len(activation)}
    return proved(TANH, aux, rule)


def test_a_ridge_shows_its_jacobian() -> None:
    verdict = ridge(fn("tanh", ("n0",), 8))
    assert verdict.certificate
    assert str(verdict).splitlines() == [
        "proved: psd, for all values of the parameters",
        "  f(x)   = W^T tanh(W x + b)",
        "  J(x)   = W^T diag(sech(W x + b)^2) W",
        "  where  tanh(W x + b): ridge: nondecreasing in its argument",
        "         sech(W x + b)^2: >= 0",
        "         W is lin.weight",
        "         b is lin.bias",
        "  sizes  all sizes",
        f"  sha256 {verdict.certificate.digest}",
    ]
    assert verdict._repr_markdown_().splitlines() == [
        "**proved**: psd, for all values of the parameters",
        "",
        "$$",
        r"\begin{aligned}",
        r"f(x) &= W^\top\,\underbrace{\tanh(W\,x + b)}_"
        r"{\text{ridge: nondecreasing in its argument}} \\",
        r"J(x) &= W^\top\,\operatorname{diag}"
        r"(\underbrace{\operatorname{sech}^2(W\,x + b)}_{\ge 0})\,W",
        r"\end{aligned}",
        "$$",
        "",
        "$W$ is `lin.weight`; $b$ is `lin.bias`",
        "",
        "sizes: `all sizes`  ",
        "",
        f"sha256: `{verdict.certificate.digest}`  ",
    ]


@pytest.mark.parametrize(
    ("activation", "slope"),
    [
        ([fn("softplus", ("n0",), 8)], "W^T diag(sigmoid(W x + b)) W"),
        ([add(("n0",), (3, 8))], "3 W^T W"),
        ([add(("n0",), (1, 8))], "W^T W"),
        ([mul(("n0",), (8, "i0"), (8, "i0"), (8, "i0"))], "3 W^T diag((W x + b)^2) W"),
        ([mul(("n0",), (B, "i0"), (8, "i0"))], "W^T diag(b) W"),
        ([fn("tanh", ("n0",), B)], "0"),
        ([fn("exp", ("n0",), B), mul(("n0",), (9, "i0"), (8, "i0"))], "W^T diag(exp(b)) W"),
        ([fn("relu", ("n0",), 8)], None),
        ([fn("floor", ("n0",), 8)], None),
    ],
)  # fmt: skip
def test_slopes(activation: list[Node], slope: str | None) -> None:
    lines = str(ridge(*activation)).splitlines()
    shown = [line.split("= ", 1)[1] for line in lines if line.startswith("  J(x)")]
    assert shown == ([] if slope is None else [slope])


def test_sums_and_potentials() -> None:
    squared = (mul((), (X, "j0"), (X, "j0")), fn("exp", (), 7))
    aux = (
        *squared,
        Node("eye", ("n1", "n1")),
        Node("var", ("n1",), attrs=("u",)),
        fn("relu", ("n1",), 10),
    )
    parts = [
        {"rule": "gradient", "potential": 8},
        {"rule": "ridge", "linear": 9, "argument": 10, "phi": 11},
        {"rule": "magic", "power": 9},
    ]
    said = str(proved(TANH, aux, {"rule": "sum", "parts": parts})).splitlines()
    assert said[1] == "  f(x)   = gradient(F(x)) + relu(x) + W^T tanh(W x + b)"
    assert said[2] == "  where  F(x) = exp(|x|^2)"
    assert said[3] == "         exp(|x|^2): a convex potential"
    assert said[5] == "         W^T tanh(W x + b): magic"
    parts = [{"rule": "gradient", "potential": 8}] * 2
    said = str(proved(TANH, aux, {"rule": "sum", "parts": parts}, "symmetric")).splitlines()
    assert said[2] == "  J(x)   = hessian(F(x)) + hessian(F_2(x))"


def test_squares() -> None:
    aux = (
        Node("var", ("n1",), attrs=("v",)),
        mul(("n0",), (W, "i0", "j0"), (7, "j0")),
        fn("tanh", ("n0",), Z),
        fn("sech2", ("n0",), Z),
    )
    rule = {"rule": "jacobian", "map": 6, "squares": [[10, 8]]}
    said = str(proved(TANH, aux, rule)).splitlines()
    assert said[2] == "  J(x)   = W^T diag(sech(W x + b)^2) W"


def test_a_refutation_shows_the_numbers_that_settle_it() -> None:
    half, large = Fraction(1, 2), Fraction(3**60 + 1, 3**60)
    found = Counterexample(
        "psd",
        "all",
        "points",
        ((half, Fraction(0)), (-half, large)),
        {"gamma": ((), (Fraction(-1),)), "W": ((1, 2, 2), tuple(map(Fraction, range(4))))},
        None,
        {"(f(x) - f(y)).(x - y)": (Fraction(-1, 2), Fraction(-1, 2))},
    )
    verdict = Verdict(
        "refuted", "psd", "all", 2, counterexample=found, suggestion="psd if gamma >= 0", graph=TANH
    )
    said = str(verdict)
    assert said.splitlines()[0] == "refuted: psd, for all values of the parameters"
    assert "  x = (1/2, 0)" in said
    assert "repair psd if gamma >= 0" in said
    markdown = verdict._repr_markdown_()
    assert r"\gamma &= -1" in markdown
    assert r"W &= \begin{pmatrix} 0 & 1 \\ 2 & 3 \end{pmatrix}" in markdown
    assert r"x &= (1/2, 0)" in markdown
    assert r"y &= (-1/2, 1{\ldots})" in markdown
    assert r"(f(x) - f(y)) \cdot (x - y) &= -1/2 < 0" in markdown
    assert "repair: `psd if gamma >= 0`" in markdown


def test_names_cannot_break_out() -> None:
    reason = Reason("side `condition`", "<script>\n$x$ `ls`", "net.py:3")
    names = ("a<b>$", "{\\x}")
    verdict = Verdict("unknown", "psd", "all", 2, reason=reason, names=names, graph=TANH)
    markdown = verdict._repr_markdown_()
    assert "`side 'condition': <script> $x$ 'ls' (net.py:3)`" in markdown
    assert r"\mathrm{a\_b\_\_}" in markdown
    assert "<b>$`" in markdown, "inside of code only"


def test_a_family_has_the_name_of_all_that_it_stands_for() -> None:
    verdict = verify.decide(mGradNetC(2, 3, depth=3), "symmetric")
    assert verdict.certificate
    assert verdict.certificate.graph.families
    said = " ".join(str(verdict).split())
    assert "h_l = softplus(raw_beta_l) * (W x + b_l) + softplus(raw_alpha_l) * tanh(h_l-1)" in said
    assert "raw_beta_l is raw_beta[1:3]" in said
    assert "raw_alpha_l is raw_alpha[0:2]" in said
