"""Formulas of graphs: in matrices where that fits, in indices where it does not."""

from fractions import Fraction

import pytest

from verify.formulas.latex import Latex
from verify.formulas.notation import Notation
from verify.formulas.typography import Plain
from verify.trusted.graph import Graph, Literal, Node, Ref
from verify.verdict import Reason, Verdict

from .layer import ONE, SOFTMAX, TANH, WX, B, W, X, Z, add, fn, graph, mul, out


def formula(g: Graph, names: tuple[str, ...] = ("W", "b"), style: Plain | None = None) -> list[str]:
    notation = Notation(g, (), names, style or Plain())
    last = notation.piece(g.output).text
    return [*(f"{left.text} = {right.text}" for left, right, _ in notation.definitions), last]


def test_the_layer_reads_as_on_paper() -> None:
    assert formula(TANH) == ["W^T tanh(W x + b)"]
    assert formula(TANH, style=Latex()) == [r"W^\top\,\tanh(W\,x + b)"]
    assert formula(SOFTMAX) == ["z_1 = exp(W x + b)", "W^T (z_1 / sum(z_1))"]
    assert formula(SOFTMAX, style=Latex()) == [
        r"z_{1} = e^{W\,x + b}",
        r"W^\top\,\frac{z_{1}}{\mathbf 1^\top z_{1}}",
    ]


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ((mul(("n0",), (Z, "i0"), (Z, "i0")), out(5)), "W^T (W x + b)^2"),
        ((mul((), (X, "j0"), (X, "j0")), mul(("n1",), (5,), (X, "i0"))), "|x|^2 x"),
        (
            (mul((), (X, "j0"), (W, "j1", "j0"), (B, "j1")), mul(("n1",), (5,), (X, "i0"))),
            "(x^T W^T b) x",
        ),
        ((mul(("n1",), (W, "j0", "i0"), (W, "j0", "j1"), (X, "j1")),), "W^T W x"),
        ((mul(("n1",), (W, "j0", "i0"), (B, "j0"), (WX, "j0"), q="-3/2"),), "-3/2 W^T (b * W x)"),
        (
            (
                mul(("n1", "n1"), (W, "j0", "i0"), (B, "j0"), (W, "j0", "i1")),
                mul(("n1",), (5, "i0", "j0"), (X, "j0")),
            ),
            "W^T diag(b) W x",
        ),
        (
            (
                mul(("n1", "n1"), (X, "i0"), (X, "i1")),
                mul(("n1",), (5, "i0", "j0"), (X, "j0")),
            ),
            "x x^T x",
        ),
        ((mul((), q="1/4"), add((), (-1, 5)), mul(("n1",), (6,), (X, "i0"))), "-1/4 x"),
        ((mul(("n1",), (X, "i0"), q=Fraction(0.1)),), "0.1 x"),
        ((mul(("n1",), (X, "i0"), q=Fraction(1, 3**20)),), "2.86797e-10.. x"),
        ((fn("relu", ("n1",), X), add(("n1",), (1, X), (-2, 5))), "x - 2 relu(x)"),
        ((fn("rsqrt", ("n1",), X), fn("sech2", ("n1",), 5)), "sech(1/sqrt(x))^2"),
        ((Node("call", ("n1",), (Ref(X, ("j0",)),), name="sort", attrs=(1, 1, 0)),), "sort(x)"),
    ],
)
def test_products_and_sums(nodes: tuple[Node, ...], expected: str) -> None:
    found = Notation(graph(*nodes), (), ("W", "b"), Plain())
    assert found.piece(4 + len(nodes)).text == expected


def test_what_has_no_matrices_is_written_in_indices() -> None:
    tensor = Node("param", (3, "n1", "n1"), attrs=(0,))
    g = Graph(
        (tensor, Node("x", ("n1",)), mul(("n1",), (0, 1, "i0", "j0"), (1, "j0"), (1, "j0"))),
        2,
        ((3, "n1", "n1"),),
    )
    assert formula(g, ("T",)) == ["T_1 x^2"]
    cubic = mul(("n1",), (0, "j1", "i0", "j0"), (0, "j1", "j0", "i0"), (1, "j0"))
    g = Graph((tensor, Node("x", ("n1",)), cubic), 2, ((3, "n1", "n1"),))
    assert formula(g, ("T",)) == ["z_1,i = sum_j,k T_j,i,k T_j,k,i x_k", "z_1"]
    assert formula(g, ("T",), Latex())[0] == (r"z_{1,i} = \sum_{j,k} T_{j,i,k}\,T_{j,k,i}\,x_{k}")


def test_loops_are_written_as_recursions() -> None:
    state = ("i0",)
    nodes = (
        Node("x", (2,)),
        Node("lit", (2, 2), attrs=(0,)),
        mul((2,), (1, "i0", "j0"), (0, "j0")),
        Node("param", ("n0",), attrs=(0,)),
        Node("state", (2,), attrs=(0,)),
        fn("tanh", (2,), 4),
        mul((2,), (3, "l0"), (5, "i0")),
        Node("add", (2,), (Ref(4, state), Ref(6, state)), ONE * 2),
        Node("loop", (2,), (Ref(2, state),), attrs=(0, 7, "n0")),
    )
    identity = Literal((2, 2), tuple(map(Fraction, (1, 0, 0, 1))))
    g = Graph(nodes, 8, (("n0",),), (identity,), (0,))
    assert formula(g, ("layers.*.a",)) == ["h_0 = C_0 x", "h_l = h_l-1 + a_l tanh(h_l-1)", "h_L"]
    said = str(Verdict("unknown", "psd", "all", 2, reason=Reason("a", "b"), graph=g))
    assert "h_l = h_l-1 + theta_0,l tanh(h_l-1),  l = 1, .., L" in said


def test_of_many_terms_the_first_and_the_last_are_shown() -> None:
    names = ["tanh", "sin", "cos", "erf", "atan", "asinh", "relu", "floor", "round", "exp"]
    terms = [(1, 5 + k) for k in range(len(names))]
    many = graph(*(fn(name, ("n1",), X) for name in names), add(("n1",), *terms))
    assert formula(many) == ["tanh(x) + sin(x) + cos(x) + ... + exp(x)"]
