"""The table of elementwise functions: derivative, range, monotonicity, regularity, source.

A newcomer adds an activation with one row. Each row is tested in ball arithmetic, and by SymPy
where it knows the function. ``derivative`` is a sum of products of table functions at the same
argument ("u" is the argument itself, numbers are rational); "" where none is claimed. ``low`` and
``high`` bound the values ("" for none), with "=" in front where the bound may be attained.
"""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Row:
    """What the kernel may use of a function u -> name(u).

    Attributes:
        derivative: "" if the kernel claims none.
        low, high: bounds of the values, "=" in front where attained, "" if there is none.
        monotone: +1 nondecreasing, -1 nonincreasing on its domain, 0 neither is claimed.
        lipschitz: locally Lipschitz, and differentiable outside a locally finite set.
        domain: "" all reals, "positive", "nonzero", "nonnegative".
        bounded: bounded on bounded sets of the domain, and Borel.
        source: where the row can be read.
    """

    derivative: str = ""
    low: str = ""
    high: str = ""
    monotone: int = 0
    lipschitz: bool = True
    domain: str = ""
    bounded: bool = True
    source: str = "elementary"


HALF_PI = "157079632679489661924/100000000000000000000"  # above pi / 2 = 1.57079632679489661923..

ROWS: dict[str, Row] = {
    # smooth
    "exp": Row("exp", low="0", monotone=1),
    "log": Row("inv", monotone=1, domain="positive", bounded=False),
    "inv": Row("-1 inv inv", domain="nonzero", bounded=False),
    "sqrt": Row("1/2 rsqrt", low="=0", monotone=1, lipschitz=False, domain="nonnegative"),
    "rsqrt": Row("-1/2 rsqrt rsqrt rsqrt", low="0", monotone=-1, domain="positive", bounded=False),
    "tanh": Row("sech2", low="-1", high="1", monotone=1),
    "sech2": Row("-2 tanh sech2", low="0", high="=1"),
    "sigmoid": Row("dsigmoid", low="0", high="1", monotone=1),
    "dsigmoid": Row("dsigmoid + -2 sigmoid dsigmoid", low="0", high="=1/4"),
    "softplus": Row("sigmoid", low="0", monotone=1),
    "erf": Row("gauss", low="-1", high="1", monotone=1, source="DLMF 7.2.1"),
    "gauss": Row("-2 u gauss", low="0", high="4/3", source="DLMF 7.2.1; 2/sqrt(pi) < 4/3"),
    "sin": Row("cos", low="=-1", high="=1"),
    "cos": Row("-1 sin", low="=-1", high="=1"),
    "atan": Row("cauchy", low=f"-{HALF_PI}", high=HALF_PI, monotone=1),
    "cauchy": Row("-2 u cauchy cauchy", low="0", high="=1"),
    "asinh": Row("rhypot", monotone=1),
    "rhypot": Row("-1 u rhypot rhypot rhypot", low="0", high="=1"),
    # special
    "i0": Row("i1", low="=1", source="DLMF 10.29.3"),
    "i1": Row("", monotone=1, source="DLMF 10.25.2: odd power series, coefficients > 0"),
    "i0e": Row("", low="0", high="=1", source="DLMF 10.32.1"),
    "i1e": Row("", low="-1", high="1", source="DLMF 10.32.3"),
    "erfcx": Row("", low="0", monotone=-1, source="DLMF 7.7.1: e^{-2ux-u^2} integrated"),
    "log_ndtr": Row("", high="0", monotone=1, source="the log of a distribution function"),
    "lgamma": Row("", domain="positive", bounded=False, source="DLMF 5.2.1"),
    "digamma": Row("", monotone=1, domain="positive", bounded=False, source="DLMF 5.7.6"),
    "bessel_j0": Row("-1 bessel_j1", low="-1", high="=1", source="DLMF 10.6.3, 10.14.1"),
    "bessel_j1": Row("", low="-1", high="1", source="DLMF 10.14.1"),
    "bessel_y0": Row("", domain="positive", bounded=False, source="DLMF 10.8.2"),
    "bessel_y1": Row("", domain="positive", bounded=False, source="DLMF 10.8.1"),
    "bessel_k0": Row(
        "-1 bessel_k1",
        low="0",
        monotone=-1,
        domain="positive",
        bounded=False,
        source="DLMF 10.32.9, 10.29.3",
    ),
    "bessel_k1": Row(
        "", low="0", monotone=-1, domain="positive", bounded=False, source="DLMF 10.32.9"
    ),
    "airy_ai": Row("", low="-1", high="1", source="DLMF 9.2"),
    "sinc": Row("", low="-1", high="=1", source="sin(pi u) / (pi u)"),
    "spherical_j0": Row("", low="-1", high="=1", source="sin(u) / u"),
    # piecewise
    "relu": Row("step", low="=0", monotone=1),
    "step": Row("0", low="=0", high="=1", monotone=1, lipschitz=False),
    "iszero": Row("0", low="=0", high="=1", lipschitz=False),
    "floor": Row("0", monotone=1, lipschitz=False),
    "round": Row("0", monotone=1, lipschitz=False),
}


def bound(limit: str) -> tuple[Fraction, bool] | None:
    """Return a bound of the table as (value, attained), or None.

    >>> bound("=1/4")
    (Fraction(1, 4), True)
    """
    return (Fraction(limit.lstrip("=")), limit.startswith("=")) if limit else None


def monomials(derivative: str) -> list[tuple[Fraction, list[str]]]:
    """Return a derivative as (coefficient, functions of u), one for each product.

    >>> monomials("dsigmoid + -2 sigmoid dsigmoid")
    [(Fraction(1, 1), ['dsigmoid']), (Fraction(-2, 1), ['sigmoid', 'dsigmoid'])]
    """
    parts = []
    for product in derivative.split(" + "):
        words = product.split()
        number = words[0].lstrip("-")[0].isdigit()
        parts.append((Fraction(words[0]) if number else Fraction(1), words[number:]))
    return parts
