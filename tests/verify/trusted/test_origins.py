"""Signs by a slope from the origin: it must hold at all values of the entry."""

import pytest

from verify.trusted.kernel import Checker

from .draft import Draft


@pytest.mark.parametrize("domain", ["log", "sqrt", "none"])
def test_a_slope_that_is_known_in_a_domain_only(domain: str) -> None:
    """a h(a) < 0 at a = 3/2, for h(a) the integral of atan(s - 1) from 0; h' >= 0 for a > 1."""
    d = Draft()
    a, one = d.param(), d.mul(())
    u = d.add((), (1, a.own), (-1, one.own))
    root = d.fn("sqrt", u) if domain == "sqrt" else one
    positive = d.fn("exp", d.fn("log", u)) if domain == "log" else d.mul((), root.own, root.own)
    log = d.fn("log", d.add((), (1, one.own), (1, d.mul((), u.own, u.own).own)))
    terms = [(1, d.mul((), u.own, d.fn("atan", u).own).own), ("-1/2", log.own)]
    ends = [(-1, d.fn("atan", one).own), ("1/2", d.fn("log", d.mul((), q=2)).own)]
    product = d.mul((), a.own, d.add((), *terms, *ends).own)
    total = d.add((), ("1/1000", positive.own), (1, product.own))
    d.mul(("n",), total(), d.x("n").own)
    d.output()
    checker = Checker(d.graph(), tuple(d.nodes), psd=True)
    checker.sign(positive.number)
    assert checker.sign(product.number) == 0


def test_a_slope_that_is_known_at_all_values() -> None:
    """a atan(a) >= 0, by the slope of atan."""
    d = Draft()
    a = d.param()
    product = d.mul((), a.own, d.add((), (1, d.fn("atan", a).own), (1, a.own)).own)
    d.mul(("n",), product(), d.x("n").own)
    d.output()
    checker = Checker(d.graph(), tuple(d.nodes), psd=True)
    assert checker.sign(product.number) >= 1
