"""A branch of ``where`` need only be defined where it is selected; liars about where that is."""

from typing import Any

import pytest

from verify.trusted import kernel

from .draft import Draft, Proof, Value, jacobian, ridge


def where(d: Draft, shape: tuple[Any, ...], condition: Value, one: Value, other: Value) -> Value:
    return d.node("fn", shape, condition.own, one.own, other.own, name="where")


def above(d: Draft, u: Value, q: int | str) -> Value:
    """Return [u > q]."""
    shape = d.nodes[u.number].shape
    return d.fn("step", d.add(shape, (1, u.own), (-1, d.mul((), q=q)())))


def guarded(d: Draft, u: Value, name: str, q: int | str) -> Value:
    """Return where(u > q, name(u), u)."""
    return where(d, d.nodes[u.number].shape, above(d, u, q), d.fn(name, u), u)


def entrywise(name: str, q: int | str) -> tuple[Draft, Proof]:
    """Return a map and its proof as a ridge over the identity."""
    d = Draft()
    guarded(d, d.x("n"), name, q)
    d.output()
    eye, u = d.node("eye", ("n", "n")), d.var("u", "n")
    return d, ridge(eye, u, guarded(d, u, name, q))


@pytest.mark.parametrize("name", ["inv", "log", "sqrt", "rsqrt", "digamma"])
def test_a_branch_where_its_function_is_defined(name: str) -> None:
    d, proof = entrywise(name, "1/4")
    d.accepted(proof, "symmetric")
    d, proof = entrywise(name, "-1/4")
    d.rejected(proof, "its argument is not seen to be", "symmetric")


@pytest.mark.parametrize("name", ["inv", "log", "rsqrt"])
def test_a_branch_up_to_the_edge_of_a_domain_is_not_bounded(name: str) -> None:
    d, proof = entrywise(name, 0)
    d.rejected(proof, "its argument is not seen to be", "symmetric")


def test_a_jump_between_branches_must_lead_up() -> None:
    d, proof = entrywise("sqrt", "1/4")
    d.accepted(proof)
    d, proof = entrywise("sqrt", 4)
    d.rejected(proof, "phi not seen to nondecrease", "psd")


def test_what_holds_in_a_branch_holds_there_only() -> None:
    """sqrt(x) sqrt(x) is x where it is defined; x >= 0 is not known elsewhere."""
    d = Draft()
    x = d.x("n")
    root = d.fn("sqrt", x)
    square = d.mul(("n",), root.own, root.own)
    one = d.mul(())
    inner = where(d, ("n",), above(d, x, 1), square, x)
    d.add(("n",), (1, inner.own), (1, d.fn("log", d.add(("n",), (1, x.own), (1, one()))).own))
    d.output()
    d.rejected(jacobian(d.count - 1), "not seen to be positive", "symmetric")


def test_the_other_branch_and_another_entry_are_not_guarded() -> None:
    d = Draft()
    x = d.x("n")
    where(d, ("n",), above(d, x, 1), x, d.fn("inv", x))
    d.output()
    d.rejected(jacobian(d.count - 1), "not seen to be nonzero", "symmetric")
    d = Draft()
    x, a = d.x("n"), d.param("n", "n")
    mixed = d.mul(("n",), a("i0", "s"), x("s"))
    where(d, ("n",), above(d, x, 1), d.fn("inv", mixed), x)
    d.output()
    d.rejected(jacobian(d.count - 1), "not seen to be nonzero", "symmetric")


@pytest.mark.parametrize("name", ["s", "t1", "t2", "t3", "t4", "t5", "t6", "t9", "t12"])
def test_a_guard_says_nothing_of_entries_that_are_summed_over(name: str) -> None:
    """where(x_i > 1, sum_j 1 / x_j, x_i), whatever j is called; also inside of another where."""
    d = Draft()
    x = d.x("n")
    total = d.mul(("n",), d.fn("inv", x)(name))
    where(d, ("n",), above(d, x, 1), total, x)
    d.output()
    d.rejected(jacobian(d.count - 1), "not seen to be nonzero", "symmetric")
    d = Draft()
    x = d.x("n")
    total = d.mul(("n",), guarded(d, d.fn("inv", x), "exp", 0)(name))
    where(d, ("n",), above(d, x, 1), total, x)
    d.output()
    d.rejected(jacobian(d.count - 1), "not seen to be nonzero", "symmetric")


def test_nested_guards_keep_their_axes_apart() -> None:
    """where(x_i > 1, sum_j where(x_j > 1, 1 / x_i + 1 / x_j, 0), x_i), and one with x_j > -1."""
    for q, good in ((1, True), (-1, False)):
        d = Draft()
        x = d.x("n")
        inverse = d.fn("inv", x)
        pair = d.add(("n", "n"), (1, inverse("i1")), (1, inverse("i0")))
        zero = d.mul((), q=0)
        condition = above(d, x, q)
        args = condition("i0"), pair.own, zero()
        inner = d.node("fn", ("n", "n"), *args, name="where")
        outer = above(d, x, 1)
        where(d, ("n",), outer, d.mul(("n",), inner("j", "i0")), x)
        d.output()
        message = "not known to be locally Lipschitz" if good else "not seen to be nonzero"
        d.rejected(jacobian(d.count - 1), message, "symmetric")


def radial(d: Draft, inner: Value, argument: Value, phi: Value) -> Proof:
    parts = {"inner": inner.number, "argument": argument.number, "phi": phi.number}
    return {"rule": "radial", **parts}


def direction(at_zero: str, power: int) -> tuple[Draft, Proof]:
    """Return where(|x| > 0, x / |x|^power, at_zero x), and phi(u) for it."""
    d = Draft()
    x = d.x("n")
    r = d.fn("sqrt", d.mul((), x("s"), x("s")))
    quotient = d.mul((), *[d.fn("inv", r)()] * power)
    q = where(d, (), above(d, r, 0), quotient, d.mul((), q=at_zero))
    d.mul(("n",), q(), x.own)
    d.output()
    u = d.fn("relu", argument := d.var("u"))
    quotient = d.mul((), *[d.fn("inv", u)()] * power)
    return d, radial(d, x, argument, where(d, (), above(d, u, 0), quotient, d.mul((), q=at_zero)))


def test_the_gradient_of_a_norm() -> None:
    d, proof = direction("0", 1)
    d.accepted(proof)
    d, proof = direction("3", 1)
    d.accepted(proof)  # 3 x at x = 0 is 0 too
    d, proof = direction("0", 2)
    d.rejected(proof, "not seen to be bounded", "symmetric")


def test_another_value_at_zero_is_no_subgradient() -> None:
    """where(|x| > 0, x / |x|, c): the proof of x / |x| is none of it."""
    d = Draft()
    x, c = d.x("n"), d.param("n")
    r = d.fn("sqrt", d.mul((), x("s"), x("s")))
    unit = d.mul(("n",), d.fn("inv", r)(), x.own)
    d.node("fn", ("n",), above(d, r, 0)(), unit.own, c.own, name="where")
    d.output()
    u = d.fn("relu", argument := d.var("u"))
    phi = where(d, (), above(d, u, 0), d.fn("inv", u), d.mul((), q=0))
    d.rejected(radial(d, x, argument, phi), "do not add up")


def test_a_mask_of_zeros_and_ones() -> None:
    for data, good in (((1, 0, 1), True), ((1, 2, 0), False)):
        d = Draft()
        x, mask = d.x(3), d.lit((3,), *data)
        where(d, (3,), mask, d.fn("tanh", x), x)  # type: ignore[arg-type]
        d.output()
        proof = jacobian(d.count - 1)
        if good:
            d.accepted(proof, "symmetric")
        else:
            d.rejected(proof, "condition", "symmetric")


def test_a_parameter_guards_an_operation_on_it() -> None:
    for q, good in ((0, True), (-1, False)):
        d = Draft()
        x, p = d.x("n"), d.param()
        z = d.mul(("n",), d.fn("inv", p)(), x.own)
        d.node("fn", ("n",), above(d, p, q)(), d.fn("tanh", z).own, x.own, name="where")
        d.output()
        document = d.document(jacobian(d.count - 1), "symmetric")
        if good:
            kernel.check(document)
        else:
            with pytest.raises(kernel.Rejected, match="not seen to be nonzero"):
                kernel.check(document)
