"""What the convexity calculus sees of lengths."""

from verify.trusted.graph import Ref
from verify.trusted.kernel import Checker

from .draft import Draft, Value


def length(d: Draft, *terms: tuple[int | str, Ref]) -> Value:
    """Return sqrt(terms)."""
    return d.fn("sqrt", d.add((), *terms))


def test_lengths_are_convex() -> None:
    """sqrt(c + sum q f^2), c, q >= 0, f affine or convex and >= 0; of no other f, c, q."""
    d = Draft()
    p, b, x = d.param(), d.param("n"), d.x("n")
    z = d.add(("n",), (2, x.own), (1, b.own))
    one, square, other = d.mul(()), d.mul((), z("s"), z("s")), d.mul((), x("s"), x("s"), q=3)
    soft, tail = d.fn("softplus", x), d.fn("sech2", x)
    soft2, tail2 = d.mul((), soft("s"), soft("s")), d.mul((), tail("s"), tail("s"))
    above = d.fn("softplus", p)
    d.add(("n",), (1, x.own))
    d.output()

    def bend(*terms: tuple[int | str, Ref]) -> int | None:
        number = length(d, *terms).number
        return Checker(d.graph(), tuple(d.nodes), psd=True).curvature(number)

    for terms in (
        [("1e-9", one.own), (1, square.own)],
        [(1, above.own), (1, square.own), ("1/2", other.own)],
        [(1, one.own), (1, soft2.own)],
    ):
        assert bend(*terms) == 1
    for terms in (
        [(1, p.own), (1, square.own)],
        [(1, square.own)],
        [(0, one.own), (1, square.own)],
        [(1, one.own), (1, square.own), ("-1e-12", other.own)],
        [(1, one.own), (1, tail2.own)],
        [(1, one.own), (1, d.mul((), x("s"), z("s")).own), (1, square.own)],
        [(1, one.own), (1, d.mul((), soft("s")).own)],
    ):
        assert bend(*terms) is None
