"""Each rule of the kernel: a true certificate is accepted, its near misses are not."""

from collections.abc import Callable

import pytest

from .draft import Draft, Value, gradient, jacobian, ridge, summed

Phi = Callable[[Draft, Value], Value]


def layer(phi: Phi, out: str = "W", own: Phi | None = None) -> tuple[Draft, Value, Value, Value]:
    """Return V^T phi(W x + b) with V = W (or not), and linear, argument and phi of a ridge."""
    d = Draft()
    W, x, b = d.param("m", "n"), d.x("n"), d.param("m")
    V = W if out == "W" else d.param("m", "n")
    Wx = d.mul(("m",), W("i0", "s"), x("s"))
    z = phi(d, d.add(("m",), (1, Wx.own), (1, b.own)))
    d.mul(("n",), V("s", "i0"), z("s"))
    d.output()
    u = d.var("u", "m")
    z = (own or phi)(d, d.add(("m",), (1, u.own), (1, b.own)))
    return d, W, u, z


def fn(name: str) -> Phi:
    return lambda d, u: d.fn(name, u)


@pytest.mark.parametrize("name", ["tanh", "softplus", "step", "relu", "atan", "floor", "asinh"])
def test_ridge(name: str) -> None:
    d, *proof = layer(fn(name))
    d.accepted(ridge(*proof))


@pytest.mark.parametrize("name", ["sin", "gauss", "sech2", "iszero", "bessel_j0"])
def test_a_ridge_whose_phi_also_falls_is_symmetric_only(name: str) -> None:
    d, *proof = layer(fn(name))
    d.accepted(ridge(*proof), "symmetric")
    d.rejected(ridge(*proof), "phi not seen to nondecrease", "psd")


def test_a_falling_phi() -> None:
    d, *proof = layer(lambda d, u: d.mul(("m",), d.fn("tanh", u).own, q=-1))
    d.accepted(ridge(*proof), "symmetric")
    d.rejected(ridge(*proof), "phi not seen to nondecrease", "psd")


@pytest.mark.parametrize(("through", "accepted"), [("softplus", True), ("", False), ("sin", False)])
def test_a_coefficient_without_a_sign(through: str, accepted: bool) -> None:
    def scaled(d: Draft, u: Value) -> Value:
        a = Value(2, 1)  # b, once more
        return d.mul(("m",), (d.fn(through, a) if through else a).own, d.fn("tanh", u).own)

    d, *proof = layer(scaled)
    d.accepted(ridge(*proof), "symmetric")
    if accepted:
        d.accepted(ridge(*proof))
    else:
        d.rejected(ridge(*proof), "phi not seen to nondecrease", "psd")


def test_a_part_without_its_transpose() -> None:
    d, *proof = layer(fn("tanh"), out="V")
    d.rejected(ridge(*proof), "the parts do not add up to the output")


def test_a_phi_of_another_map() -> None:
    d, *proof = layer(fn("tanh"), own=fn("sigmoid"))
    d.rejected(ridge(*proof), "the parts do not add up")


def test_a_phi_that_mixes_its_arguments() -> None:
    def mean(d: Draft, u: Value) -> Value:
        return d.add(("m",), (1, d.mul((), u("s"))()))

    d, *proof = layer(mean)
    d.rejected(ridge(*proof), "phi mixes its arguments")


def test_the_parts_of_a_ridge() -> None:
    d, W, u, z = layer(fn("tanh"))
    d.rejected(ridge(W, z, z), "argument and phi differ")
    d.rejected(ridge(W, d.var("u", "n"), z), "argument and phi differ")
    d.rejected(ridge(u, u, z), r"linear: expected the shape")
    d.rejected(ridge(d.add(("n", "m"), (1, W("i1", "i0"))), u, z), "linear: expected the shape")
    x = Value(1, 1)
    moved = d.mul(("m", "n"), W("i0", "i1"), x("i1"))
    d.rejected(ridge(moved, u, z), "linear: depends on a variable")
    inside = d.mul(("m",), z.own, d.fn("exp", d.mul((), x("s"), x("s"))).own)
    d.rejected(ridge(W, u, inside), "phi: depends on x")
    other = d.fn("tanh", d.var("w", "m"))
    d.rejected(ridge(W, u, other), "phi: depends on x")
    large = d.mul(("m", "n"), W.own, q=2)
    d.rejected(ridge(large, u, z), "the parts do not add up")


def test_sum() -> None:
    d = Draft()
    W, x = d.param("m", "n"), d.x("n")
    z = d.fn("tanh", d.mul(("m",), W("i0", "s"), x("s")))
    d.add(("n",), (1, d.mul(("n",), W("s", "i0"), z("s")).own), (3, x.own))
    d.output()
    eye, u, w = d.node("eye", ("n", "n")), d.var("u", "m"), d.var("w", "n")
    first, second = ridge(W, u, d.fn("tanh", u)), ridge(eye, w, d.mul(("n",), w.own, q=3))
    d.accepted(summed(first, second))
    d.accepted(summed(second, summed(first)))
    for parts in ([first], [first, second, second], [first, first]):
        d.rejected(summed(*parts), "the parts do not add up")
    d.rejected(summed(), "expected parts")
    d.rejected({"rule": "sum", "parts": {"0": first}}, "expected parts")
    less = ridge(eye, w, d.mul(("n",), w.own, q=-3))
    d.rejected(summed(first, less), "phi not seen to nondecrease", "psd")
    d.rejected(summed(first, less), "the parts do not add up", "symmetric")


def potential(name: str, q: int = 1, both: bool = False) -> tuple[Draft, Value]:
    """Return the gradient W^T f'(W x) of sum_k f(W x)_k, and q times that sum."""
    slopes = {"softplus": "sigmoid", "cos": "sin", "relu": "step", "exp": "exp", "atan": "cauchy"}
    d = Draft()
    W, x = d.param("m", "n"), d.x("n")
    u = d.mul(("m",), W("i0", "s"), x("s"))
    z = d.fn(slopes[name], u)
    d.mul(("n",), W("s", "i0"), z("s"), q=-1 if name == "cos" else 1)
    d.output()
    return d, d.mul((), d.fn(name, u)("s"), q=q)


@pytest.mark.parametrize("name", ["softplus", "relu", "exp"])
def test_gradient(name: str) -> None:
    d, F = potential(name)
    d.accepted(gradient(F))
    d, F = potential(name, q=2)
    d.rejected(gradient(F), "the parts do not add up")


@pytest.mark.parametrize("name", ["cos", "atan"])
def test_a_potential_that_is_not_convex(name: str) -> None:
    d, F = potential(name)
    d.accepted(gradient(F), "symmetric")
    d.rejected(gradient(F), "potential not seen to be convex", "psd")


def test_the_parts_of_a_gradient() -> None:
    d, F = potential("softplus")
    d.rejected(gradient(d.add(("n",), (1, F.own))), "the potential is not a scalar")
    v = d.var("v", "n")
    d.rejected(gradient(d.mul((), v("s"), v("s"))), "the potential has variables")
    x = Value(1, 1)
    square = d.mul((), x("s"), x("s"))
    jump = d.mul((), d.fn("step", x)("s"))
    d.rejected(gradient(d.add((), (1, F.own), (1, jump.own), (-1, jump.own))), "locally Lipschitz")
    root = d.fn("sqrt", d.mul((), d.fn("relu", x)("s")))
    d.rejected(gradient(d.add((), (1, F.own), (1, root.own), (-1, root.own))), "locally Lipschitz")
    one = d.mul(())
    far = d.fn("sqrt", d.add((), (1, one.own), (1, square.own)))
    d.accepted(gradient(d.add((), (1, F.own), (1, far.own), (-1, far.own))))
    d.rejected(gradient(d.add((), (1, F.own), (-1, far.own))), "not seen to be convex", "psd")


def test_convexity_of_compositions() -> None:
    """log sum exp, squares of what is nonnegative and convex; not squares of what is convex."""
    d = Draft()
    x = d.x("n")
    e = d.fn("exp", x)
    d.mul(("n",), e.own, d.fn("inv", d.mul((), e("s"))).own)
    d.output()
    d.accepted(gradient(d.fn("log", d.mul((), e("s")))))
    unsigned = d.fn("log", d.add((), (2, d.mul((), e("s")).own), (-1, d.mul((), e("s")).own)))
    d.rejected(gradient(unsigned), "convex", "psd")

    d = Draft()
    x = d.x("n")
    r, s = d.fn("relu", x), d.fn("step", x)
    d.mul(("n",), r.own, s.own, q=2)
    d.output()
    d.accepted(gradient(d.mul((), r("s"), r("s"))))

    d = Draft()  # (|x|^2 - 1)^2 is not convex
    x = d.x("n")
    less = d.add((), (1, d.mul((), x("s"), x("s")).own), (-1, d.mul(()).own))
    d.mul(("n",), less.own, x.own, q=4)
    d.output()
    F = d.mul((), less.own, less.own)
    d.accepted(gradient(F), "symmetric")
    d.rejected(gradient(F), "convex", "psd")


def softmax(sign: int = 1) -> tuple[Draft, list[tuple[Value, Value]]]:
    """Return softmax and the squares of v^T J v = sum_k p_k (v_k - sum_j p_j v_j)^2."""
    d = Draft()
    x = d.x("n")
    e = d.fn("exp", x)
    p = d.mul(("n",), e.own, d.fn("inv", d.mul((), e("s"))).own, q=sign)
    d.output()
    v = d.var("v", "n")
    mean = d.mul((), p("s"), v("s"), q=sign)
    return d, [(p, d.add(("n",), (1, v.own), (-1, mean.own)))]


def test_jacobian() -> None:
    d, squares = softmax()
    d.accepted(jacobian(d.count - 1, *squares))
    ((c, s),) = squares
    d.rejected(jacobian(d.count - 1), "not the sum of squares", "psd")
    d.rejected(jacobian(d.count - 1, (c, s), (c, s)), "not the sum of squares", "psd")
    d.rejected(jacobian(d.count - 1, (s, c)), "variables", "psd")
    less = d.mul(("n",), c.own, q=-1)
    d.rejected(jacobian(d.count - 1, (less, s)), "not seen to be nonnegative", "psd")
    d.rejected(jacobian(d.count - 1, (d.mul((), c("s")), s)), "different shapes", "psd")
    other = d.add(("n",), (1, d.var("w", "n").own))
    d.rejected(jacobian(d.count - 1, (c, other)), "variables", "psd")
    d, squares = softmax(sign=-1)
    d.accepted(jacobian(d.count - 1), "symmetric")
    d.rejected(jacobian(d.count - 1, *squares), "not seen to be nonnegative", "psd")


def test_squares_are_pairs_of_numbers() -> None:
    d, _ = softmax()
    for pairs in ([[1]], [[1, 2, 3]], [[True, 2]], [[1, "2"]], [[-1, 2]], [[1, 99]], [1], [None]):
        proof = {"rule": "jacobian", "map": d.count - 1, "squares": pairs}
        d.rejected(proof, "expected pairs of nodes", "psd")
    proof = {"rule": "jacobian", "map": d.count - 1, "squares": {}}
    d.rejected(proof, "expected squares", "psd")


def test_a_jacobian_that_is_not_symmetric() -> None:
    d = Draft()
    A, x = d.param("n", "n"), d.x("n")
    d.mul(("n",), A("i0", "s"), x("s"))
    d.output()
    d.rejected(jacobian(d.count - 1), r"J\['o0', 'p0'\] is not")
    d = Draft()
    A, x = d.param("n", "n"), d.x("n")
    both = d.add(("n", "n"), (1, A("i0", "i1")), (1, A("i1", "i0")))
    d.mul(("n",), both("i0", "s"), x("s"))
    d.output()
    d.accepted(jacobian(d.count - 1), "symmetric")


@pytest.mark.parametrize("name", ["step", "floor", "round", "iszero", "sqrt"])
def test_a_map_that_is_not_locally_lipschitz(name: str) -> None:
    d = Draft()
    x = d.x("n")
    u = d.mul((), d.fn("relu", x)("s"))
    d.mul(("n",), d.fn(name, u).own, x.own)
    d.output()
    d.rejected(jacobian(d.count - 1), "not known to be locally Lipschitz", "symmetric")


def test_a_norm_is_locally_lipschitz() -> None:
    d = Draft()
    x = d.x("n")
    norm = d.fn("sqrt", d.mul((), x("s"), x("s")))
    d.mul(("n",), norm.own, x.own)
    d.output()
    d.accepted(jacobian(d.count - 1), "symmetric")
    one = d.add(("n",), (1, x.own), (1, d.mul(())()))
    other = d.fn("sqrt", d.mul((), one("s"), one("s")))
    moved = d.mul(("n",), other.own, x.own)
    d.rejected(jacobian(moved), r"J\['o0', 'p0'\] is not", "symmetric")
    jump = d.fn("step", x)
    square = d.mul((), jump("s"), jump("s"))
    d.rejected(jacobian(d.mul(("n",), d.fn("sqrt", square).own, x.own)), "Lipschitz")


def test_the_map_of_a_jacobian() -> None:
    d, squares = softmax()
    e = Value(1, 1)
    d.rejected(jacobian(e), "the parts do not add up", "symmetric")
    d.rejected(jacobian(Value(2, 0)), "the map has another shape than x")
    v = d.var("w", "n")
    d.rejected(jacobian(d.fn("exp", v)), "the map has variables")
    assert squares


def test_one_dimension() -> None:
    d = Draft()
    x = d.x()
    d.fn("sin", x)
    d.output()
    d.accepted(jacobian(d.count - 1), "symmetric")
    v, c = d.var("v"), d.fn("cos", x)
    d.rejected(jacobian(d.count - 1, (c, v)), "not seen to be nonnegative", "psd")
    d = Draft()
    x = d.x()
    d.mul((), x(), x(), x())
    d.output()
    v, c = d.var("v"), d.mul((), x(), x(), q=3)
    d.accepted(jacobian(d.count - 1, (c, v)))
