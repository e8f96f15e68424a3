r"""Formulas set in two ways: LaTeX, and plain characters for a terminal.

A piece of a formula knows how tightly it binds, so that parentheses stand where they are needed.

>>> plain, latex = Plain(), Latex()
>>> for style in (plain, latex):
...     u = style.total([(Fraction(1), style.symbol("u")), (Fraction(-1, 2), style.number(1))])
...     print(style.product([style.transpose(style.symbol("W")), style.apply("tanh", [u])]).text)
W^T tanh(u - 1/2)
W^\top\,\tanh(u - \tfrac{1}{2})
"""

import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import NamedTuple

SUM, MINUS, POINTWISE, PRODUCT, APPLIED, ATOM = range(6)
LONG = 8
GREEK = frozenset(
    {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
     "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi",
     "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"}
)  # fmt: skip
PLAIN = {"sech2": "sech({0})^2", "rsqrt": "1/sqrt({0})",
    "cauchy": "1/(1 + ({0})^2)", "rhypot": "1/sqrt(1 + ({0})^2)", "dsigmoid": "sigmoid'({0})",
    "gauss": "erf'({0})", "step": "[{0} > 0]", "iszero": "[{0} = 0]", "pow": "({0})^({1})",
    "where": "({1} if {0} else {2})", "norm": "|{0}|^2"}  # fmt: skip
LATEX = {"sech2": r"\operatorname{{sech}}^2({0})",
    "rsqrt": r"\frac{{1}}{{\sqrt{{{0}}}}}", "cauchy": r"\frac{{1}}{{1 + ({0})^2}}",
    "rhypot": r"\frac{{1}}{{\sqrt{{1 + ({0})^2}}}}", "dsigmoid": r"\sigma'({0})",
    "gauss": r"\operatorname{{erf}}'({0})", "step": r"\mathbf 1[{0} > 0]",
    "iszero": r"\mathbf 1[{0} = 0]", "pow": r"({0})^{{{1}}}", "exp": r"e^{{{0}}}",
    "where": r"\begin{{cases}} {1} & {0} \ne 0 \\ {2} & \text{{else}} \end{{cases}}",
    "sqrt": r"\sqrt{{{0}}}", "floor": r"\lfloor {0} \rfloor", "sum": r"\mathbf 1^\top {0}",
    "hessian": r"\nabla^2 {0}", "gradient": r"\nabla {0}", "abs": r"\lvert {0} \rvert",
    "norm": r"\lVert {0} \rVert^2", "inverse": r"({0})^{{-1}}"}  # fmt: skip
LOOSE = frozenset({"rsqrt", "cauchy", "rhypot"})
LINEAR = frozenset({"sum", "diag"})
COMMANDS = {"sigmoid": r"\sigma", "atan": r"\arctan", "amax": r"\max", "amin": r"\min",
    **{name: rf"\{name}" for name in ("tanh", "sin", "cos", "log", "det")}}  # fmt: skip


class Piece(NamedTuple):
    """A part of a formula, how tightly it binds, and what it is a multiple of."""

    text: str
    level: int
    q: Fraction = Fraction(1)
    multiple: "Piece | None" = None

    @property
    def body(self) -> "Piece":
        """The piece without its coefficient q."""
        return self.multiple or self


UNIT = Piece("1", ATOM)


def scale(factors: Sequence[Piece]) -> Fraction:
    """Return the product of the coefficients."""
    return prod((f.q for f in factors), start=Fraction(1))


class Plain:
    """Formulas in ASCII."""

    apart, dot, top, dots, minus = " ", " * ", "^T", "...", "-"
    ones = Piece("ones", ATOM)
    functions = PLAIN

    def number(self, q: Fraction | int) -> Piece:
        """Return a number: exactly if that is short, else its first digits."""
        return self.times(Fraction(q), UNIT)

    def digits(self, q: Fraction) -> Piece:
        """Return a number that is not negative."""
        if q.denominator == 1 and q < 10**6:
            return Piece(str(q), ATOM)
        if q.numerator < 1000 and q.denominator < 1000:
            return self.ratio(q)
        return self.decimal(q)

    def ratio(self, q: Fraction) -> Piece:
        """Return a fraction of small numbers."""
        return Piece(str(q), PRODUCT)

    def decimal(self, q: Fraction) -> Piece:
        """Return the first digits of a positive number, all of them if it is a short double."""
        try:
            near = float(q)
        except OverflowError:
            return Piece("1e+308..", ATOM)
        exact = repr(near) if near == q and len(repr(near)) < 10 else f"{near:.6g}.."
        return Piece(exact, ATOM)

    def symbol(self, base: str, subscripts: Sequence[str] = ()) -> Piece:
        """Return a letter or name, with subscripts."""
        return Piece("_".join([base, *([",".join(subscripts)] if subscripts else [])]), ATOM)

    def wrap(self, piece: Piece, level: int) -> str:
        """Return the text of a piece, in parentheses if it binds less tightly than this."""
        return piece.text if piece.level >= level else self.parentheses(piece.text)

    def parentheses(self, text: str) -> str:
        """Return a text in parentheses."""
        return f"({text})"

    def total(self, terms: Sequence[tuple[Fraction, Piece]], elided: bool = False) -> Piece:
        """Return a linear combination; of many terms, the first and the last."""
        merged: dict[Piece, Fraction] = {}
        for q, piece in terms:
            merged[piece.body] = merged.get(piece.body, Fraction(0)) + q * piece.q
        terms = [(q, piece) for piece, q in merged.items() if q] or [(Fraction(0), UNIT)]
        if len(terms) == 1:
            return self.times(*terms[0])
        if len(terms) > LONG:
            terms, elided = [*terms[:3], terms[-1]], True
        parts = []
        for q, piece in terms:
            signed = self.times(q, piece)
            if signed.level == MINUS:
                parts.append(f"{self.minus} {signed.text.removeprefix(self.minus)}")
            else:
                negative = signed.text.startswith(self.minus)
                parts.append(f"+ {self.parentheses(signed.text) if negative else signed.text}")
        if elided:
            parts.insert(-1, f"+ {self.dots}")
        text = " ".join(parts).removeprefix("+ ")
        leads = text.startswith(f"{self.minus} ")
        return Piece(self.minus + text[len(self.minus) + 1 :] if leads else text or "0", SUM)

    def times(self, q: Fraction, piece: Piece) -> Piece:
        """Return a number times a piece."""
        q, body = q * piece.q, piece.body
        if q == 1:
            return body
        number = self.digits(abs(q))
        if q == 0 or body in (UNIT, self.ones):
            text, level, body = number.text, number.level, UNIT
        elif q == -1:
            text, level = self.wrap(body, POINTWISE), MINUS
        else:
            text, level = f"{number.text}{self.apart}{self.wrap(body, PRODUCT)}", PRODUCT
        if q < 0:
            text, level = self.minus + text, MINUS
        return Piece(text, level, q, body)

    def product(self, factors: Sequence[Piece]) -> Piece:
        """Return a product of matrices, vectors and numbers, side by side."""
        bodies = [f.body for f in factors if f.body != UNIT] or [UNIT]
        body = Piece(self.apart.join(self.wrap(f, PRODUCT) for f in bodies), PRODUCT)
        return self.times(scale(factors), body if len(bodies) > 1 else bodies[0])

    def pointwise(self, factors: Sequence[Piece]) -> Piece:
        """Return the product entry by entry; equal factors become a power."""
        bodies = [f.body for f in factors]
        moving = self.powers([body for body in bodies if body not in (UNIT, self.ones)])
        if len(moving) < 2:
            return self.times(scale(factors), (moving or bodies or [self.ones])[0])
        shown = [self.wrap(f, POINTWISE) for f in moving]
        shown = shown if len(shown) <= LONG else [*shown[:3], self.dots, shown[-1]]
        return self.times(scale(factors), Piece(self.dot.join(shown), POINTWISE))

    def powers(self, factors: Sequence[Piece]) -> list[Piece]:
        """Return the factors, those that are equal as one power."""
        counts = Counter(factors)
        return [self.power(f, n) if n > 1 else f for f, n in counts.items()]

    def power(self, piece: Piece, exponent: int) -> Piece:
        """Return a power, entry by entry."""
        return self.times(piece.q**exponent, self.raised(piece.body, exponent))

    def raised(self, piece: Piece, exponent: int) -> Piece:
        """Return a power of a piece without coefficient."""
        return Piece(f"{self.wrap(piece, ATOM)}^{exponent}", APPLIED)

    def transpose(self, piece: Piece) -> Piece:
        """Return the transpose; twice is not at all."""
        body = piece.body
        if body.level == APPLIED and body.text.endswith(self.top):
            return self.times(piece.q, Piece(body.text.removesuffix(self.top), ATOM))
        return self.times(piece.q, Piece(self.wrap(body, ATOM) + self.top, APPLIED))

    def entry(self, piece: Piece, subscripts: Sequence[str]) -> Piece:
        """Return an entry of what is no symbol."""
        return Piece(f"{self.wrap(piece, ATOM)}[{','.join(subscripts)}]", ATOM)

    def quotient(self, above: Piece, below: Piece) -> Piece:
        """Return a quotient."""
        return self.times(above.q / below.q, self.divided(above.body, below.body))

    def divided(self, above: Piece, below: Piece) -> Piece:
        """Return a quotient of pieces without coefficients."""
        level = PRODUCT if above == UNIT else POINTWISE
        slash = "/" if above == UNIT else " / "
        return Piece(f"{self.wrap(above, PRODUCT)}{slash}{self.wrap(below, APPLIED)}", level)

    def sum_over(self, letters: Sequence[str], piece: Piece) -> Piece:
        """Return the sum over indices."""
        return Piece(f"sum_{','.join(letters)} {self.wrap(piece, POINTWISE)}", MINUS + 1)

    def apply(self, name: str, arguments: Sequence[Piece]) -> Piece:
        """Return a function of pieces."""
        if name in LINEAR:
            return self.times(arguments[0].q, self.applied(name, [arguments[0].body]))
        if name == "norm":
            return self.times(arguments[0].q ** 2, self.applied(name, [arguments[0].body]))
        if name == "inv":
            return self.quotient(UNIT, arguments[0])
        return self.applied(name, arguments)

    def applied(self, name: str, arguments: Sequence[Piece]) -> Piece:
        """Return a function of pieces as its template or its name has it."""
        texts = [piece.text for piece in arguments]
        template = self.functions.get(name)
        if template is None:
            return Piece(f"{self.name(name)}{self.parentheses(', '.join(texts))}", APPLIED)
        text = template.format(*texts)
        return Piece(text, PRODUCT if name in LOOSE else POINTWISE if self.top in text else APPLIED)

    def name(self, name: str) -> str:
        """Return the name of a function."""
        return name

    def brace(self, piece: Piece, label: str) -> Piece:
        """Return a piece with a label below, where that can be set."""
        return piece

    def words(self, words: str) -> str:
        """Return words in a formula."""
        return words

    def remark(self, remark: str) -> str:
        """Return for which rounds a definition is meant."""
        return remark


class Latex(Plain):
    """Formulas in LaTeX, as MathJax reads it."""

    apart, dot, top, dots = r"\,", r" \odot ", r"^\top", r"\cdots"
    ones = Piece(r"\mathbf 1", ATOM)
    functions = LATEX

    def ratio(self, q: Fraction) -> Piece:
        return Piece(rf"\tfrac{{{q.numerator}}}{{{q.denominator}}}", ATOM)

    def decimal(self, q: Fraction) -> Piece:
        mantissa, _, exponent = super().decimal(q).text.replace("..", r"{\ldots}").partition("e")
        power = exponent.replace(r"{\ldots}", "").lstrip("+")
        return Piece(mantissa if not power else rf"{mantissa}\cdot 10^{{{int(power)}}}", PRODUCT)

    def symbol(self, base: str, subscripts: Sequence[str] = ()) -> Piece:
        below = ",".join(self.letter(s) for s in subscripts)
        return Piece(self.letter(base) + (f"_{{{below}}}" if below else ""), ATOM)

    def letter(self, name: str) -> str:
        """Return a name in LaTeX: a letter, a Greek letter, or upright."""
        if name in GREEK:
            return f"\\{name}"
        if len(name) == 1 or re.fullmatch(r"[0-9]+|[a-zA-Z]-1", name):
            return name if name.isalnum() else r"\cdot"
        return rf"\mathrm{{{self.upright(name)}}}"

    def upright(self, name: str) -> str:
        """Return a name whose characters mean nothing to LaTeX."""
        return "".join(c if c.isalnum() or c == "." else r"\_" for c in name)

    def parentheses(self, text: str) -> str:
        tall = r"\frac" in text or r"\begin" in text
        return rf"\left({text}\right)" if tall else f"({text})"

    def entry(self, piece: Piece, subscripts: Sequence[str]) -> Piece:
        return Piece(f"{{{self.wrap(piece, ATOM)}}}_{{{','.join(subscripts)}}}", ATOM)

    def raised(self, piece: Piece, exponent: int) -> Piece:
        return Piece(f"{{{self.wrap(piece, ATOM)}}}^{{{exponent}}}", APPLIED)

    def divided(self, above: Piece, below: Piece) -> Piece:
        return Piece(rf"\frac{{{above.text}}}{{{below.text}}}", PRODUCT)

    def sum_over(self, letters: Sequence[str], piece: Piece) -> Piece:
        return Piece(rf"\sum_{{{','.join(letters)}}} {self.wrap(piece, POINTWISE)}", POINTWISE)

    def name(self, name: str) -> str:
        shown = name.replace("_", r"\_")
        return COMMANDS.get(name) or rf"\operatorname{{{shown}}}"

    def brace(self, piece: Piece, label: str) -> Piece:
        return Piece(rf"\underbrace{{{piece.text}}}_{{{label}}}", ATOM)

    def words(self, words: str) -> str:
        return rf"\text{{{words}}}"

    def remark(self, remark: str) -> str:
        return rf"\quad {remark.replace('..', self.dots)}"
