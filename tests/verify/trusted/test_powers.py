"""Powers u^q of what is positive, or 0 below a positive exponent."""

from fractions import Fraction

import pytest

from verify.trusted.polys import Poly
from verify.trusted.ring import Ring

from .draft import Draft, Value, gradient, ridge


def power(d: Draft, base: Value, exponent: Value) -> Value:
    names = tuple(f"i{k}" for k in range(base.rank))
    shape = d.nodes[base.number].shape
    return d.node("fn", shape, base(*names), exponent(), name="pow")


def entrywise(inner: str, q: str, claims: tuple[str, ...], message: str = "") -> None:
    """Judge the map inner(x)^q as a ridge."""
    d = Draft()
    x, exponent = d.x("n"), d.mul((), q=q)
    power(d, d.fn(inner, x), exponent)
    d.output()
    eye, u = d.node("eye", ("n", "n")), d.var("u", "n")
    proof = ridge(eye, u, power(d, d.fn(inner, u), exponent))
    if message:
        d.rejected(proof, message, *claims)
    else:
        d.accepted(proof, *claims)


def test_where_a_power_is_defined_and_rises() -> None:
    entrywise("relu", "3/2", ("symmetric", "psd"))
    entrywise("softplus", "1/3", ("symmetric", "psd"))
    entrywise("softplus", "-1/3", ("symmetric",))
    entrywise("softplus", "-1/3", ("psd",), "phi not seen to nondecrease")
    entrywise("relu", "-1/3", ("symmetric",), "its base is not seen to be positive")
    entrywise("tanh", "3/2", ("symmetric",), "its base is not seen to be positive")


@pytest.mark.parametrize(("q", "accepted"), [("5/2", True), ("1", True), ("1/3", False)])
def test_where_a_power_is_locally_lipschitz(q: str, accepted: bool) -> None:
    d = Draft()
    x = d.x("n")
    d.mul(("n",), x.own)
    d.output()
    term = d.mul((), power(d, d.fn("relu", x), d.mul((), q=q))("s"))
    square = d.mul((), x("s"), x("s"), q="1/2")
    proof = gradient(d.add((), (1, square.own), (1, term.own), (-1, term.own)))
    if accepted:
        d.accepted(proof, "symmetric")
    else:
        d.rejected(proof, "not known to be locally Lipschitz", "symmetric")


def test_identities_of_powers() -> None:
    ring = Ring()
    x, one = ring.entry("x", ("i0",)), ring.number(1)
    far = ring.add((1, one), (1, ring.mul(x, x)))

    def of(u: Poly, q: str) -> Poly:
        return ring.of("pow", u, ring.number(Fraction(q)))

    assert ring.mul(of(far, "1/4"), of(far, "3/4")) is far
    assert ring.mul(of(far, "1/4"), of(far, "1/4")) is ring.of("sqrt", far)
    assert ring.mul(of(far, "5/3"), of(far, "-5/3")) is one
    assert of(far, "-1/3") is ring.mul(of(far, "2/3"), ring.inv(far))
    assert ring.derivative(of(far, "3/4"), "x", ("i0",)) is ring.add(
        (Fraction(3, 2), ring.mul(x, of(far, "-1/4")))
    )
    assert ring.mul(of(far, "1/4"), of(far, "1/2")) is not far
    edge = ring.of("relu", x)
    assert ring.derivative(of(edge, "5/2"), "x", ("i0",)) is ring.add(
        (Fraction(5, 2), ring.mul(of(edge, "3/2"), ring.of("step", x)))
    )
    assert of(ring.number(0), "5/2") is ring.number(0)
    assert of(ring.mul(x, x), "1/2") is not x  # |x|
