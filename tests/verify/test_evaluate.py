from fractions import Fraction

import numpy as np
import pytest
import torch

from verify.search.contract import contract
from verify.search.derivatives import DERIVATIVES
from verify.search.evaluate import Floats, evaluate
from verify.search.functions import FUNCTIONS, function, operation
from verify.search.tangents import FLOATS, Field
from verify.trusted.graph import Graph, GraphError, Node, Ref

from .sketch import Sketch, by, ridge

ONE = (Fraction(1),)
rng = np.random.default_rng(0)


def test_a_product_of_many_indices_is_the_sum_that_it_says() -> None:
    a, b, c = rng.normal(size=(2, 3, 3)), rng.normal(size=(3, 4)), rng.normal(size=(4, 2))
    ours = contract(
        [(a, ("s", "i", "i")), (b, ("i", "k")), (c, ("k", 1))], ("i", "s"), {"i": 3, "s": 2}
    )
    assert ours == pytest.approx(np.einsum("sii,ik,k->is", a, b, c[:, 1]))


def test_a_name_that_no_term_has_is_broadcast() -> None:
    ours = contract([(np.arange(2.0), ("i",))], ("k", "i"), {"k": 3, "i": 2})
    assert ours.tolist() == [[0, 1]] * 3


@pytest.mark.parametrize(("n", "width"), [(1, 1), (3, 5), (64, 256), (1024, 1024)])
def test_a_hidden_layer_is_what_torch_computes(n: int, width: int) -> None:
    graph = ridge(by("tanh"), n, width).traced().graph
    W, b = torch.randn(width, n).double(), torch.randn(width).double()
    x = torch.randn(7, n).double()
    assert evaluate(graph, {}, [W, b], x) == pytest.approx((torch.tanh(x @ W.T + b) @ W).numpy())


def test_parameters_may_differ_from_sample_to_sample() -> None:
    f = Floats(ridge(by("tanh")).traced().graph, {})
    W, b, x = rng.normal(size=(4, 5, 3)), rng.normal(size=(4, 5)), rng.normal(size=(4, 3))
    each = [f([W[k], b[k]], x[k : k + 1])[0] for k in range(4)]
    assert f([W, b], x) == pytest.approx(np.stack(each))


def test_a_loop_runs_its_rounds_with_its_own_parameters() -> None:
    nodes = (
        Node("x", ("n",)),
        Node("state", ("n",), attrs=(0,)),
        Node("param", ("L", "n", "n"), attrs=(0,)),
        Node("mul", ("n",), (Ref(2, ("l0", "i0", "j0")), Ref(1, ("j0",))), ONE),
        Node("fn", ("n",), (Ref(3, ("i0",)),), name="sin"),
        Node("loop", ("n",), (Ref(0, ("i0",)),), attrs=(0, 4, "L")),
    )
    graph = Graph(nodes, 5, (("L", "n", "n"),), (), (0,))
    W, x = rng.normal(size=(4, 3, 3)), rng.normal(size=(7, 3))
    z = x
    for k in range(4):
        z = np.sin(z @ W[k].T)
    assert evaluate(graph, {"n": 3, "L": 4}, [W], x) == pytest.approx(z)


def test_a_loop_without_rounds_is_its_start() -> None:
    nodes = (
        Node("x", (2,)),
        Node("state", (2,), attrs=(0,)),
        Node("mul", (2,), (Ref(1, ("i0",)),), (Fraction(2),)),
        Node("loop", (2,), (Ref(0, ("i0",)),), attrs=(0, 2, 0)),
    )
    assert evaluate(Graph(nodes, 3), {}, [], [[1.0, 2.0]]).tolist() == [[1, 2]]


def test_the_output_of_one_variable_has_its_axis() -> None:
    graph = Graph((Node("x", ()), Node("fn", (), (Ref(0, ()),), name="exp")), 1)
    assert evaluate(graph, {}, [], [[0.0], [1.0]]) == pytest.approx(np.exp([[0.0], [1.0]]))


def test_a_size_without_a_value_is_an_error() -> None:
    graph = Graph((Node("eye", ("n", "n")), Node("x", ("n",))), 1)
    with pytest.raises(GraphError, match="size n has no value"):
        evaluate(graph, {}, [], [[0.0]])


def test_what_is_undefined_is_nan_unless_where_leaves_it_out() -> None:
    u = np.array([-1.0, 0.0, 2.0])
    assert np.isnan(function("log", u)).tolist() == [True, True, False]
    kept = function("where", function("step", u), function("log", u), u)
    assert kept == pytest.approx([-1, 0, np.log(2)])
    assert np.isnan(function("step", np.array([np.nan]))).all()


MATRIX = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]])


@pytest.mark.parametrize(
    ("name", "attrs", "torchs"),
    [
        ("amax", (1, 0), lambda m: m.amax(-1)),
        ("amin", (2, 0), lambda m: m.amin()),
        ("prod", (1, 0), lambda m: m.prod(-1)),
        ("sort", (1, 1), lambda m: m.sort(-1).values),
        ("sort", (1, 1, 1), lambda m: m.sort(-1, descending=True).values),
        ("median", (1, 0), lambda m: m.median(-1).values),
        ("cumprod", (1, 1), lambda m: m.cumprod(-1)),
        ("cummax", (1, 1), lambda m: m.cummax(-1).values),
        ("cummin", (1, 1), lambda m: m.cummin(-1).values),
        ("inverse", (2, 2), torch.linalg.inv),
        ("det", (2, 0), torch.linalg.det),
        ("cholesky", (2, 2), torch.linalg.cholesky),
        ("matrix_exp", (2, 2), torch.linalg.matrix_exp),
    ],
)
def test_a_call_is_what_torch_computes(name: str, attrs: tuple[int, ...], torchs) -> None:
    ours = operation(name, [MATRIX], attrs)
    assert ours == pytest.approx(torchs(torch.tensor(MATRIX)).numpy())


def test_a_singular_matrix_is_undefined_and_spoils_no_other() -> None:
    both = np.stack([np.zeros((3, 3)), MATRIX])
    ours = operation("inverse", [both], (2, 2))
    assert np.isnan(ours[0]).all()
    assert ours[1] @ MATRIX == pytest.approx(np.eye(3))


@pytest.mark.parametrize("name", sorted(set(DERIVATIVES) - {"step", "floor", "round", "iszero"}))
def test_derivatives_are_differences(name: str) -> None:
    s = Sketch(3)
    s.fn(name, s.add((Fraction(1, 8), s.x), (Fraction(1, 2), s.mul(q=1))))
    f = Field(s.traced().graph, {}, FLOATS)
    x, h = np.array([[0.3, 1.1, 2.7]]), 1e-5
    slope = f.tangent([], x, np.eye(3))[0]
    differences = [(f.map([], x + h * e) - f.map([], x - h * e))[0] / (2 * h) for e in np.eye(3)]
    # torch's Bessel functions are good to 1e-8
    assert slope == pytest.approx(np.stack(differences), abs=3e-4 if "bessel" in name else 1e-5)


@pytest.mark.parametrize("name", ["sort", "cummax", "cumprod"])
def test_calls_of_x_itself_have_derivatives(name: str) -> None:
    s = Sketch(3)
    s.call(name, s.x, (1, 1))
    f = Field(s.traced().graph, {}, FLOATS)
    x, h = np.array([[0.5, -1.0, 2.0], [3.0, 4.0, 1.0]]), 1e-6
    slope = f.tangent([], x, np.eye(3))
    differences = [(f.map([], x + h * e) - f.map([], x - h * e)) / (2 * h) for e in np.eye(3)]
    assert slope == pytest.approx(np.stack(differences, axis=1), abs=1e-6)


def test_every_function_has_a_derivative_but_the_selection() -> None:
    assert {*FUNCTIONS} - {*DERIVATIVES} == {"pow", "where", "trigamma", "airy_ai_prime"}
