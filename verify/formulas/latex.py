r"""Formulas set in LaTeX, as MathJax reads it.

>>> style = Latex()
>>> u = style.total([(Fraction(1), style.symbol("u")), (Fraction(-1, 2), style.number(1))])
>>> print(style.product([style.transpose(style.symbol("W")), style.apply("tanh", [u])]).text)
W^\top\,\tanh(u - \tfrac{1}{2})
"""

import re
from collections.abc import Sequence
from fractions import Fraction

from verify.formulas.typography import APPLIED, ATOM, POINTWISE, PRODUCT, Piece, Plain

GREEK = frozenset(
    {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
     "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi",
     "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"}
)  # fmt: skip
LATEX = {"sech2": r"\operatorname{{sech}}^2({0})",
    "rsqrt": r"\frac{{1}}{{\sqrt{{{0}}}}}", "cauchy": r"\frac{{1}}{{1 + ({0})^2}}",
    "rhypot": r"\frac{{1}}{{\sqrt{{1 + ({0})^2}}}}", "dsigmoid": r"\sigma'({0})",
    "gauss": r"\operatorname{{erf}}'({0})", "step": r"\mathbf 1[{0} > 0]",
    "iszero": r"\mathbf 1[{0} = 0]", "pow": r"({0})^{{{1}}}", "exp": r"e^{{{0}}}",
    "where": r"\begin{{cases}} {1} & {0} \ne 0 \\ {2} & \text{{else}} \end{{cases}}",
    "sqrt": r"\sqrt{{{0}}}", "floor": r"\lfloor {0} \rfloor", "sum": r"\mathbf 1^\top {0}",
    "hessian": r"\nabla^2 {0}", "gradient": r"\nabla {0}", "abs": r"\lvert {0} \rvert",
    "norm": r"\lVert {0} \rVert^2", "inverse": r"({0})^{{-1}}"}  # fmt: skip
COMMANDS = {"sigmoid": r"\sigma", "atan": r"\arctan", "amax": r"\max", "amin": r"\min",
    **{name: rf"\{name}" for name in ("tanh", "sin", "cos", "log", "det")}}  # fmt: skip


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
        if re.fullmatch(r"[0-9]+|\w|[a-zA-Z]-1", name):
            return name
        if name == ":":
            return r"\cdot"
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
        shown = words.replace("J_ij = J_ji", "$J_{ij} = J_{ji}$")
        shown = shown.replace("v^T J v", r"$v^\top J v$")
        if "$" not in shown:
            shown = re.sub(r"[^\w .,:-]", "", shown).replace("_", r"\_")
        return rf"\text{{{shown}}}"

    def remark(self, remark: str) -> str:
        return rf",\quad {remark.replace('..', chr(92) + 'ldots')}"
