"""Formulas set in plain characters, for a terminal; LaTeX is set in the same way.

A piece of a formula knows how tightly it binds, so that parentheses stand where they are needed.

>>> style = Plain()
>>> u = style.total([(Fraction(1), style.symbol("u")), (Fraction(-1, 2), style.number(1))])
>>> print(style.product([style.transpose(style.symbol("W")), style.apply("tanh", [u])]).text)
W^T tanh(u - 1/2)
"""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import NamedTuple

SUM, MINUS, POINTWISE, PRODUCT, APPLIED, ATOM = range(6)
LONG = 8
PLAIN = {"sech2": "sech({0})^2", "rsqrt": "1/sqrt({0})",
    "cauchy": "1/(1 + ({0})^2)", "rhypot": "1/sqrt(1 + ({0})^2)", "dsigmoid": "sigmoid'({0})",
    "gauss": "erf'({0})", "step": "[{0} > 0]", "iszero": "[{0} = 0]", "pow": "({0})^({1})",
    "where": "({1} if {0} else {2})", "norm": "|{0}|^2"}  # fmt: skip
LOOSE = frozenset({"rsqrt", "cauchy", "rhypot"})
LINEAR = frozenset({"sum", "diag"})


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
    ones, identity = Piece("ones", ATOM), Piece("I", ATOM)
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

    def grouped(self, piece: Piece) -> Piece:
        """Return a piece that can stand beside others, in parentheses if need be."""
        return piece if piece.level >= PRODUCT else Piece(self.parentheses(piece.text), ATOM)

    def parentheses(self, text: str) -> str:
        """Return a text in parentheses."""
        return f"({text})"

    def total(self, terms: Sequence[tuple[Fraction, Piece]], elided: bool = False) -> Piece:
        """Return a linear combination; of many terms, the first and the last."""
        merged: dict[Piece, Fraction] = {}
        for q, piece in terms:
            merged[piece.body] = merged.get(piece.body, Fraction(0)) + q * piece.q
        terms = [(q, piece) for piece, q in merged.items() if q or piece != UNIT]
        terms = terms or [(Fraction(0), UNIT)]
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
        if body in (UNIT, self.ones):
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
        if body == self.identity:
            return piece
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
        template = self.functions.get(name)
        bare = template and template.endswith("{0}")  # nothing closes the argument
        texts = [self.wrap(p, PRODUCT) if bare else p.text for p in arguments]
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
        return f",  {remark}"
