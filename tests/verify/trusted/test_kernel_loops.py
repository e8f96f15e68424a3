"""Loops, sizes and regressions: what the kernel must not take for a proof."""

import pytest

from verify.search.evaluate import evaluate

from .draft import Draft, Value, gradient, jacobian, ridge


def cascade(through: str = "softplus", step: str = "tanh", q: int = 1) -> tuple[Draft, list[Value]]:
    """W^T z_L, z_0 = W x, z_l = W x + q through(a_l) step(z_{l-1}), and the parts of a ridge."""
    d = Draft()
    W, x, a = d.param("m", "n"), d.x("n"), d.param("rounds", "m", family=True)
    u = d.mul(("m",), W("i0", "s"), x("s"))

    def loop(number: int, start: Value) -> Value:
        own = d.add(("m",), (1, a(f"l{number}", "i0")))
        scale = d.fn(through, own) if through else own
        z = d.state(number, "m")
        more = d.mul(("m",), scale.own, d.fn(step, z).own, q=q)
        return d.loop(number, start, d.add(("m",), (1, start.own), (1, more.own)), "rounds")

    top = loop(0, u)
    d.mul(("n",), W("s", "i0"), top("s"))
    d.output()
    v = d.var("u", "m")
    return d, [W, v, loop(1, v)]


def test_a_loop_whose_step_keeps_the_direction() -> None:
    d, proof = cascade()
    d.accepted(ridge(*proof))


@pytest.mark.parametrize(
    ("through", "step", "q"),
    [("", "tanh", 1), ("sin", "tanh", 1), ("softplus", "sin", 1), ("softplus", "tanh", -1)],
)
def test_a_loop_whose_step_may_fall(through: str, step: str, q: int) -> None:
    d, proof = cascade(through, step, q)
    d.accepted(ridge(*proof), "symmetric")
    d.rejected(ridge(*proof), "phi not seen to nondecrease", "psd")


@pytest.mark.parametrize("rounds", ["more", 3])
def test_a_family_that_the_graph_does_not_have(rounds: str | int) -> None:
    d, (W, v, _) = cascade()
    other = d.param(rounds, "m", family=True)
    z = d.state(7, "m")
    more = d.mul(("m",), d.fn("exp", d.add(("m",), (1, other("l7", "i0")))).own, z.own)
    top = d.loop(7, v, d.add(("m",), (1, v.own), (1, more.own)), rounds)
    d.rejected(ridge(W, v, top), "only tensors that the output needs")


@pytest.mark.parametrize("rounds", ["rounds", "m", 3])
def test_another_loop(rounds: str | int) -> None:
    d, (W, v, _) = cascade()
    z = d.state(7, "m")
    top = d.loop(7, v, d.add(("m",), (1, v.own), (1, d.fn("tanh", z).own)), rounds)
    d.rejected(ridge(W, v, top), "the parts do not add up")


def test_a_step_that_mixes_its_state() -> None:
    d = Draft()
    W, x = d.param("m", "n"), d.x("n")
    u = d.mul(("m",), W("i0", "s"), x("s"))
    z = d.state(0, "m")
    mixed = d.add(("m",), (1, d.fn("tanh", z).own), (1, d.mul((), z("s"))()))
    top = d.loop(0, u, mixed, "rounds")
    d.mul(("n",), W("s", "i0"), top("s"))
    d.output()
    v = d.var("u", "m")
    w = d.state(1, "m")
    mixed = d.add(("m",), (1, d.fn("tanh", w).own), (1, d.mul((), w("s"))()))
    d.rejected(ridge(W, v, d.loop(1, v, mixed, "rounds")), "the step mixes entries of its state")


def modules(q: int = 1, tied: bool = True) -> tuple[Draft, list[tuple[Value, Value]]]:
    """x + q sum_l V_l^T tanh(W_l x) by a loop that adds, and its squares."""
    d = Draft()
    x, W = d.x("n"), d.param("rounds", "m", "n", family=True)
    V = W if tied else d.param("rounds", "m", "n", family=True)
    z = d.state(0, "n")
    u = d.mul(("m",), W("l0", "i0", "s"), x("s"))
    more = d.mul(("n",), V("l0", "s", "i0"), d.fn("tanh", u)("s"), q=q)
    d.loop(0, x, d.add(("n",), (1, z.own), (1, more.own)), "rounds")
    d.output()
    v, one = d.var("v", "n"), d.add(("n",), (1, d.mul(())()))
    u = d.mul(("rounds", "m"), W("i0", "i1", "s"), x("s"))
    w = d.mul(("rounds", "m"), W("i0", "i1", "s"), v("s"))
    return d, [(one, v), (d.fn("sech2", u), w)]


def test_a_loop_that_adds_is_a_sum() -> None:
    d, squares = modules()
    d.accepted(jacobian(d.count - 1, *squares))
    d.rejected(jacobian(d.count - 1, squares[0]), "not the sum of squares", "psd")
    d, squares = modules(q=-1)
    d.accepted(jacobian(d.count - 1), "symmetric")
    d.rejected(jacobian(d.count - 1, *squares), "not the sum of squares", "psd")
    d, squares = modules(tied=False)
    d.rejected(jacobian(d.count - 1, *squares), r"J\['o0', 'p0'\] is not")


def test_a_state_is_no_part_of_a_proof() -> None:
    d, squares = modules()
    (c, _), more = squares
    state = next(Value(k, 1) for k, node in enumerate(d.nodes) if node.op == "state")
    d.rejected(jacobian(d.count - 1, (c, state), more), "variables", "psd")
    d.rejected(gradient(d.mul((), state("s"), state("s"))), "the potential has variables")


def test_a_round_outside_of_its_loop() -> None:
    """phi(x + b_l) of a sum phi over rounds: the l is no round of that sum."""
    d = Draft()
    x, a, b = d.x(), d.param("rounds", family=True), d.param("rounds", family=True)
    zero = d.mul((), q=0)

    def summed_over(number: int, u: Value) -> Value:
        z, at = d.state(number), a(f"l{number}")
        more = d.mul((), at, at, d.fn("tanh", u).own)
        return d.loop(number, zero, d.add((), (1, z.own), (1, more.own)), "rounds")

    summed_over(0, d.add((), (1, x.own), (1, b("l0"))))
    d.output()
    v = d.var("u")
    phi, inner = summed_over(1, v), d.add((), (1, x.own), (1, b("l1")))
    proof = {"rule": "chain", "inner": inner.number, "argument": v.number, "phi": phi.number}
    d.rejected(proof, "stands at a round outside of its loop")


def test_a_loop_inside_of_a_loop() -> None:
    """x -> -x: an inner step that is the outer state is no sum that ends where it starts."""
    d = Draft()
    x = d.x("n")
    outer = d.state(0, "n")
    inner = d.loop(1, d.mul(("n",), x.own, q=-1), outer, 3)
    d.loop(0, x, d.add(("n",), (1, outer.own), (-2, inner.own)), 1)
    d.output()
    assert evaluate(d.graph(), {"n": 2}, [], [[1.0, 2.0]]).tolist() == [[-1.0, -2.0]]
    v, one = d.var("v", "n"), d.add(("n",), (3, d.mul(())()))
    squares = [(one, v)]
    d.rejected(jacobian(d.count - 1, *squares), "a loop inside a loop")


@pytest.mark.parametrize("name", ["la", "l", "s", "zz", "b1_0", "t1", "o0", "p0", "j0", "cut"])
def test_no_name_of_an_index_is_special(name: str) -> None:
    """sum_k W_k V_k is not sum_k W_k sum_k V_k."""
    d = Draft()
    W, V, A, x = d.param("m"), d.param("m"), d.param("n", "n"), d.x("n")
    dot = d.mul((), W(name), V(name))
    product = d.mul((), d.mul((), W(name))(), d.mul((), V(name))())
    gap = d.add((), (1, dot.own), (-1, product.own))
    d.mul(("n",), gap.own, A("i0", "s"), x("s"))
    d.output()
    d.rejected(jacobian(d.count - 1), "is not", "symmetric")


@pytest.mark.parametrize("name", ["x", "eye", "state", "cut", "param", "lit", "var", "where", "e"])
def test_no_name_of_a_function_is_special(name: str) -> None:
    """-x + 2 name(p) falls, whatever a function of that name may be."""
    d = Draft()
    x, p = d.x(), d.param()
    d.add((), (-1, x.own), (2, d.fn(name, p).own))
    d.output()
    one = d.mul(())
    d.rejected(jacobian(d.count - 1, (one, d.var("v"))), ":", "psd")


def test_numbers_of_arguments() -> None:
    for name, count in (("tanh", 2), ("exp", 3), ("where", 1), ("where", 2), ("where", 4)):
        d = Draft()
        x = d.x("n")
        d.node("fn", ("n",), *[x.own] * count, name=name)
        d.output()
        d.rejected(jacobian(d.count - 1), ":", "symmetric")


def test_writing_out() -> None:
    """A symmetric matrix of numbers has a symmetric Jacobian once its entries are read."""
    for data, symmetric in (((1, 2, 2, 5), True), ((1, 2, 3, 5), False)):
        d = Draft()
        A, x = d.lit((2, 2), *data), d.x(2)
        d.mul((2,), A("i0", "s"), x("s"))
        d.output()
        proof = jacobian(d.count - 1)
        d.rejected(proof, r"J\['o0', 'p0'\] is not", "symmetric")
        if symmetric:
            d.accepted({**proof, "expand": True}, "symmetric")
        else:
            d.rejected({**proof, "expand": True}, r"J\[0, 1\] is not J\[1, 0\]", "symmetric")
    for value in (False, None, 1, "true", [True]):
        d.rejected({**proof, "expand": value}, "expand", "symmetric")
    d, squares = modules()  # x has no fixed size: its entries stay names
    d.accepted({**jacobian(d.count - 1, *squares), "expand": True})


def test_squares_written_out() -> None:
    """v^T C v, C = [[2, 1], [1, 2]], is (v_0 + v_1)^2 + |v|^2; not so for [[1, 2], [2, 1]]."""
    for data, q in (((2, 1, 1, 2), 1), ((1, 2, 2, 1), 2)):
        d = Draft()
        C, x = d.lit((2, 2), *data), d.x(2)
        d.mul((2,), C("i0", "s"), x("s"))
        d.output()
        v, one = d.var("v", 2), d.mul(())
        both = d.add((), (1, v(0)), (1, v(1)))
        left = d.add((2,), (1, d.mul(())()))
        rest = d.mul((2,), left.own, q=data[0] - data[1])
        pairs = (d.mul((), one.own, q=q), both), (rest, v)
        proof = {**jacobian(d.count - 1, *pairs), "expand": True}
        if data[0] > data[1]:
            d.accepted(proof)
        else:
            d.rejected(proof, "not seen to be nonnegative", "psd")


@pytest.mark.parametrize("name", ["sort", "amax", "amin", "prod", "cumprod", "median", "inverse"])
def test_whole_axis_operations(name: str) -> None:
    """Only what is defined everywhere and locally bounded, and a derivative of extremes alone."""
    d = Draft()
    x = d.x("n")
    new = ("n",) if name in ("sort", "cumprod") else ()
    y = d.node("call", new, x("s"), name=name, attrs=(1, len(new)))
    d.add(("n",), (1, x.own), (1, y.own))
    d.output()
    known = {"sort": "no derivative of", "amax": "is not J", "amin": "is not J"}
    message = known.get(name, "not known to be defined everywhere")
    d.rejected(jacobian(d.count - 1), message)
