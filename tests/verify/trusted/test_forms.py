"""Other forms of a Poly: sums of squares, ends inside of sums, logarithms, double angles."""

from fractions import Fraction

from verify.trusted.graph import Graph, Node
from verify.trusted.kernel import Checker
from verify.trusted.polys import Poly


class Signs:
    """Entries of parameters, and what the kernel sees of signs."""

    def __init__(self) -> None:
        graph = Graph((Node("x", ("n0",)),), 0)
        self.checker = Checker(graph, graph.nodes, psd=True)
        self.ring = self.checker.ring

    def a(self, k: int, *index: str) -> Poly:
        return self.ring.entry(f"param {k}", index)

    def sum(self, *factors: Poly, **sizes: int) -> Poly:
        return self.ring.sum(self.ring.mul(*factors), dict(sizes))

    def sign(self, *parts: tuple[Fraction | int | str, Poly]) -> int:
        return self.checker.sign_by_corners(self.ring.add(*((Fraction(q), p) for q, p in parts)))


def test_sums_of_squares() -> None:
    s = Signs()
    gram = s.sum(s.a(0, "p", "r"), s.a(0, "q", "r"), p=3, q=3, r=4)
    assert s.sign((1, gram)) == 1
    assert s.sign((-1, gram)) == -1
    assert s.sign((1, s.sum(s.a(0, "p", "r"), s.a(0, "r", "q"), p=3, q=3, r=3))) == 0
    assert s.sign((1, s.sum(s.a(0, "p", "r"), s.a(0, "q", "r"), p=3, q=4, r=4))) == 0
    assert s.sign((1, s.sum(s.a(0, "p", "r"), s.a(1, "q", "r"), p=3, q=3, r=4))) == 0
    seminorm = [s.a(2, "p"), s.a(0, "p", "r"), s.a(2, "q"), s.a(0, "q", "r")]
    assert s.sign((1, s.sum(*seminorm, p=3, q=3, r=4))) == 1
    assert s.sign((1, s.sum(*seminorm, s.a(3, "r"), p=3, q=3, r=4))) == 0
    weighted = [*seminorm, s.ring.of("exp", s.a(3, "r"))]
    assert s.sign((1, s.sum(*weighted, p=3, q=3, r=4))) == 1
    assert s.sign((1, s.sum(*seminorm, s.ring.of("exp", s.a(3, "p")), p=3, q=3, r=4))) == 0


def test_ends_inside_of_sums() -> None:
    s = Signs()
    d, square = s.ring.of("dsigmoid", s.a(0, "k")), s.ring.mul(s.a(1, "k"), s.a(1, "k"))
    slopes, norm = s.sum(d, square, k=4), s.sum(square, k=4)
    assert s.sign((1, norm), (-4, slopes)) == 1
    assert s.sign((1, norm), (-4, slopes), ("1/10", s.ring.number(1))) == 2
    assert s.sign((1, norm), (Fraction("-4.000000000001"), slopes)) == 0
    assert s.sign((-1, norm), (4, slopes)) == -1
    free = s.sum(d, s.a(1, "k"), k=4)
    assert s.sign((1, s.sum(s.a(1, "k"), k=4)), (-4, free)) == 0
    # The sum of all p_i p_j is not negative, each of them may be.
    pairs = [s.a(1, "k"), s.a(1, "i")]
    for factor in ("sigmoid", "relu", "softplus", "step", "sin"):
        product = s.sum(s.ring.of(factor, s.a(1, "k")), *pairs, k=4, i=4)
        assert s.sign((1, product)) == s.sign((-1, product)) == 0
        assert s.sign((1, s.sum(*pairs, k=4, i=4)), (Fraction("1e-6"), product)) == 0


def test_a_logarithm_beside_another() -> None:
    s = Signs()
    exps = s.sum(s.ring.exp(s.a(0, "k")), k=4)
    assert s.sign((1, s.ring.of("log", exps)), (-1, s.a(0, "i"))) == 1
    assert s.sign((-1, s.ring.of("log", exps)), (1, s.a(0, "i"))) == -1
    assert s.sign((1, s.ring.of("log", exps)), (-2, s.a(0, "i"))) == 0
    assert s.sign((1, s.ring.of("log", exps)), (-1, s.a(1, "i"))) == 0


def test_what_all_terms_share() -> None:
    s = Signs()
    t = s.a(0)
    lifted = s.ring.add((1, s.ring.of("sigmoid", s.ring.of("relu", t))), (Fraction(-1, 2),
                        s.ring.number(1)))  # fmt: skip
    for factor, sign in ((s.ring.of("softplus", s.a(1)), 1), (s.a(1), 0)):
        assert s.sign((1, s.ring.mul(lifted, factor))) == sign
    more = s.ring.add((1, lifted), (Fraction(-1, 10**12), s.ring.number(1)))
    assert s.sign((1, s.ring.mul(more, s.ring.of("softplus", s.a(1))))) == 0
    odd = s.ring.of("tanh", t)  # neither t nor tanh t has a sign: their product has
    assert s.sign((1, s.ring.mul(odd, t)), (-1, t)) == 0


def test_double_angles() -> None:
    s = Signs()
    both = s.ring.mul(s.ring.of("sin", s.a(0)), s.ring.of("cos", s.a(0)))
    assert s.sign((1, s.ring.number(1)), (2, both)) == 1
    assert s.sign((1, s.ring.number(1)), (Fraction("2.000000000001"), both)) == 0
    other = s.ring.mul(s.ring.of("sin", s.a(0)), s.ring.of("cos", s.a(1)))
    assert s.sign((1, s.ring.number(1)), (Fraction("1.1"), other)) == 0


def share(s: Signs, d: Poly, *more: Poly, k: int = 3) -> Poly:
    """Return sum_kj w_kj^2 / d_k^2, times more."""
    w, one = s.a(0, "k", "j"), s.ring.inv(d)
    return s.sum(w, w, one, one, *more, k=k, j=4)


def test_shares_of_what_is_larger() -> None:
    s = Signs()
    w, one, tiny = s.a(0, "k", "j"), s.ring.number(1), Fraction(1, 10**12)
    length = s.ring.of("sqrt", s.sum(w, w, j=4))
    above = s.ring.of("relu", s.ring.add((1, length), (-tiny, one)))
    d, slope = s.ring.add((tiny, one), (1, above)), s.ring.of("dsigmoid", s.a(1, "k"))
    assert s.sign((3, one), (-1, share(s, d))) == 1  # max(|w_k|, 1e-12)
    assert s.sign((1, one), (Fraction(-4, 3), share(s, d, slope))) == 1
    for rest in (s.ring.number(1), s.ring.number(tiny)):  # |w_k| + c
        assert s.sign((3, one), (-1, share(s, s.ring.add((1, length), (1, rest))))) == 1
    for q in (Fraction(3) - tiny, Fraction(1)):
        assert s.sign((q, one), (-1, share(s, d))) == 0
    assert s.sign((3, one), (-1, share(s, d, k=4))) == 0
    assert s.sign((3, one), (-1 - tiny, share(s, d))) == 0
    assert s.sign((3, one), (-1, share(s, d, s.a(1, "k")))) == 0  # of no sign
    assert s.sign((-3, one), (1, share(s, d))) == -1
    assert s.sign((-3, one), (1, share(s, d)), (1, s.a(2))) == 0


def test_shares_of_what_may_be_less() -> None:
    s = Signs()
    w, one, tiny = s.a(0, "k", "j"), s.ring.number(1), Fraction(1, 10**12)
    length = s.ring.of("sqrt", s.sum(w, w, j=4))
    short = s.ring.of("sqrt", s.sum(w, w, j=3))  # without one of the entries
    first = s.ring.of("sqrt", s.sum(s.a(0, "q", "j"), s.a(0, "q", "j"), j=4))  # of another row
    for d in (
        s.ring.add((1, length), (-tiny, one)),  # |w| - 1e-12
        s.ring.add((1 - tiny, length), (1, one)),
        s.ring.add((1, length), (1, s.a(1))),
        s.ring.add((1, short), (1, one)),
        s.ring.add((1, first), (1, one)),
        s.ring.add((1, one), (-1, s.ring.of("relu", s.ring.add((1, length), (-1, one))))),
        s.ring.add((1, one), (1, s.ring.of("relu", s.ring.add((1, length), (-2, one))))),
        s.ring.add((1, one), (Fraction(1, 2), s.ring.of("relu", length))),
    ):
        assert s.sign((3, one), (-1, share(s, d))) == 0


def test_roots_and_inverses_away_from_0() -> None:
    s = Signs()
    one, u = s.ring.number(1), s.ring.add((1, s.a(0, "k")), (1, s.a(1)))
    square = s.ring.mul(u, u)
    root = s.ring.of("sqrt", s.ring.add((1, one), (1, square)))
    other = s.ring.of("sqrt", s.ring.add((4, one), (2, square)))
    assert s.sign((1, root), (-1, one)) == 1
    assert s.sign((1, other), (-2, one)) == 1
    assert s.sign((1, s.sum(root, k=4)), (-4, one)) == 1
    assert s.sign((1, one), (-1, s.ring.inv(root))) == 1
    assert s.sign((1, one), (-2, s.ring.inv(other))) == 1
    assert s.sign((1, s.ring.of("sqrt", s.ring.add((2, one), (1, square)))), ("-1.414", one)) == 2
    tiny = Fraction(1, 10**12)
    assert s.sign((1, root), (-1 - tiny, one)) == 0
    assert s.sign((1, s.sum(root, k=4)), (-4 - tiny, one)) == 0
    assert s.sign((1, s.sum(root, k=3)), (-4, one)) == 0
    assert s.sign((1 - tiny, one), (-1, s.ring.inv(root))) == 0
    assert s.sign((1, s.ring.of("sqrt", s.ring.add((2, one), (1, square)))), ("-1.415", one)) == 0
    for more in ((1, u), (-1, square), (1, s.ring.add((1, square), (2, s.a(1))))):
        less = s.ring.of("sqrt", s.ring.add((1, one), more))
        assert s.sign((1, less), (-1, one)) < 1
        assert s.sign((1, one), (-1, s.ring.inv(less))) < 1
