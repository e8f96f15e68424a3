"""Verdicts to be read: as text in a terminal, as Markdown with LaTeX in a notebook or a book."""

import re
import textwrap
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from verify.counterexample import LATEX, Counterexample
from verify.formulas.latex import Latex
from verify.formulas.naming import parameter_names, symbols
from verify.formulas.structure import Line, Structure
from verify.formulas.typography import Plain
from verify.verdict import Verdict

SCOPES = {"all": "for all values of the parameters", "current": "for the parameters as they are"}
WIDTH, SHOWN, DIGITS, COLUMNS = 100, 8, 24, 70


def headline(verdict: Verdict) -> str:
    """Return what was decided, in a few words."""
    return f"{verdict.claim}, {SCOPES[verdict.scope]}"


def structure(verdict: Verdict, style: Plain) -> Structure | None:
    """Return the equations of the map of a verdict, as its proof reads it."""
    certificate = verdict.certificate
    if certificate is not None:
        proof = certificate.document["proof"]
        graph, aux = certificate.graph, certificate.aux
        names = verdict.names
        if verdict.graph is not None:
            names = parameter_names(graph, verdict.graph, names)
        return Structure(graph, names, style, verdict.claim, aux, proof)
    return Structure(verdict.graph, verdict.names, style) if verdict.graph is not None else None


def facts(verdict: Verdict) -> list[tuple[str, str]]:
    """Return what else is to be said of a verdict, as (word, text)."""
    found = []
    if verdict.reason:
        found.append(("why", str(verdict.reason)))
    if verdict.suggestion:
        found.append(("repair", verdict.suggestion))
    if verdict.sizes:
        found.append(("sizes", verdict.sizes))
    found += [("except", exclusion) for exclusion in verdict.exclusions]
    if verdict.certificate:
        found.append(("sha256", verdict.certificate.digest))
    return found


def terminal(verdict: Verdict) -> str:
    """Return a verdict as lines of at most 100 characters, if the names in it allow."""
    lines = [f"{verdict.status}: {headline(verdict)}"]
    if verdict.counterexample is not None:
        lines += str(verdict.counterexample).splitlines()
    entries: list[tuple[str, str]] = []
    shown = structure(verdict, Plain())
    if shown:
        entries += [(line.left, f"= {line.right}") for line in shown.lines]
        where = [f"{d.left} = {d.right}{d.remark}" for d in shown.definitions]
        where += [f"{part}: {label}" for part, label in shown.notes]
        where += [f"{symbol} is {name}" for symbol, name in shown.legend]
        entries += [("where" if k == 0 else "", entry) for k, entry in enumerate(few(where))]
    entries += facts(verdict)
    margin = max([len(word) for word, _ in entries if len(word) < 12], default=0)
    for word, entry in entries:
        lines += textwrap.wrap(
            f"  {word:{margin}} {entry}", WIDTH, subsequent_indent=" " * (margin + 5),
            break_long_words=False, break_on_hyphens=False,
        ) or [""]  # fmt: skip
    return "\n".join(lines)


def short(q: Fraction) -> str:
    """Return a rational number exactly, or its first digits where it is long.

    >>> short(Fraction(-3, 2)), short(Fraction(1, 3**60))
    ('-3/2', '2.35898e-29..')
    """
    exact = str(Fraction(q))
    if len(exact) <= DIGITS:
        return exact
    return ("-" if q < 0 else "") + Plain().decimal(abs(Fraction(q))).text


def few(lines: Sequence[Any]) -> list[Any]:
    """Return lines, of many the first and the last."""
    if len(lines) <= 2 * SHOWN:
        return [*lines]
    return [*lines[:SHOWN], f"... ({len(lines) - 2 * SHOWN} more)", *lines[-SHOWN:]]


def aligned(lines: Sequence[Line]) -> str:
    """Return equations as one block of Markdown."""
    rows = []
    for line in lines:
        row = f"{line.left} &= {broken(line.right)}"
        wide = line.remark and seen(line.right + line.remark) > COLUMNS
        rows.append(row + (" \\\\\n&" if wide else "") + line.remark.lstrip("," * bool(wide)))
    return block(rows)


def block(rows: Sequence[str]) -> str:
    """Return rows of aligned LaTeX as a block of Markdown."""
    return "$$\n\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}\n$$"


def broken(formula: str) -> str:
    r"""Return a long LaTeX formula in lines, broken at its outermost signs.

    >>> print(broken(" + ".join(["x" * 40, "(y - y)", "z" * 60])))
    xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx + (y - y) \\
    &\quad + zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz
    """
    rows, start, depth, sign = [], 0, 0, 0
    for found in re.finditer(r"\\[a-z]+|[{(]|[})]| [+-] ", formula):
        opening, closing = found[0] in ("{", "(", r"\begin"), found[0] in ("}", ")", r"\end")
        depth += opening - closing
        if found[0] in (" + ", " - ") and not depth:
            if sign > start and seen(formula[start : found.start()]) > COLUMNS:
                rows.append(formula[start:sign])
                start = sign
            sign = found.start()
    if sign > start and seen(formula[start:]) > COLUMNS:
        rows.append(formula[start:sign])
        start = sign
    return " \\\\\n&\\quad".join([*rows, formula[start:]])


def seen(formula: str) -> int:
    """Return about how many characters of a LaTeX formula are seen on a line."""
    shown = re.sub(r"_\{\\(text\{.*?\}|ge 0)\}", "", formula)
    shown = re.sub(r"\\(operatorname|mathrm|underbrace|left|right|,)", "", shown)
    return len(re.sub(r"[{}_^]", "", re.sub(r"\\[a-zA-Z]+", "x", shown)))


def markdown(verdict: Verdict) -> str:
    """Return a verdict as Markdown with LaTeX."""
    parts = [f"**{verdict.status}**: {headline(verdict)}"]
    shown = structure(verdict, Latex())
    if shown:
        parts.append(aligned(shown.lines))
        if shown.definitions:
            known = [d for d in few(shown.definitions) if isinstance(d, Line)]
            hidden = len(shown.definitions) - len(known)
            more = f" ({hidden} more in between)" if hidden else ""
            parts += [f"where{more}", aligned(known)]
        if shown.legend:
            parts.append("; ".join(f"${symbol}$ is {code(name)}" for symbol, name in shown.legend))
    if verdict.counterexample is not None:
        parts.append(refutation(verdict.counterexample))
    parts += [f"{word}: {code(text)}  " for word, text in facts(verdict)]
    return "\n\n".join(parts)


def refutation(found: Counterexample) -> str:
    """Return a counterexample as equations."""
    rows = []
    letters = symbols([*found.parameters], len(found.parameters))
    for symbol, (shape, entries) in zip(letters, found.parameters.values(), strict=True):
        rows.append(f"{Latex().symbol(*symbol).text} &= {tensor(shape, entries)}")
    for name, point in zip(found.point_names, found.points, strict=True):
        rows.append(f"{name} &= {tensor((len(point),), point)}")
    if found.indices:
        rows.append("(i, j) &= ({}, {})".format(*found.indices))
    for name, (low, high) in found.enclosures.items():
        said = [tex(short(low)), tex(short(high))]
        end = f" {said[0]}" if said[0] == said[1] else rf"\in [{said[0]},\, {said[1]}]"
        sign = " < 0" if high < 0 else " > 0" if low > 0 else ""
        rows.append(f"{LATEX.get(name, name)} &{'=' * (said[0] == said[1])}{end}{sign}")
    return block(rows)


def tensor(shape: tuple[int, ...], entries: Sequence[Fraction]) -> str:
    """Return a tensor of rational numbers in LaTeX, of a large one the first entries.

    >>> print(tensor((2, 2), [Fraction(1), Fraction(-1, 2), Fraction(0), Fraction(3)]))
    \\begin{pmatrix} 1 & -1/2 \\\\ 0 & 3 \\end{pmatrix}
    """
    shape = tuple(size for size in shape if size > 1)
    if not shape:
        return tex(short(entries[0]))
    if len(shape) == 2 and max(shape) <= SHOWN:
        rows = [entries[k * shape[1] : (k + 1) * shape[1]] for k in range(shape[0])]
        cells = r" \\ ".join(" & ".join(tex(short(q)) for q in row) for row in rows)
        return rf"\begin{{pmatrix}} {cells} \end{{pmatrix}}"
    shown = [tex(short(q)) for q in entries[:SHOWN]] + [r"\ldots"] * (len(entries) > SHOWN)
    return f"({', '.join(shown)})"


def tex(text: str) -> str:
    """Return a number in LaTeX.

    >>> print(tex("-3/2"), tex("8.2e-20.."))
    -3/2 8.2{\\ldots} \\cdot 10^{-20}
    """
    mantissa, _, power = text.removesuffix("..").partition("e")
    found = mantissa + (r"{\ldots}" if text.endswith("..") else "")
    return found + (rf" \cdot 10^{{{int(power)}}}" if power else "")


def code(text: str) -> str:
    """Return text as code in Markdown, whatever stands in it."""
    return "`" + text.replace("`", "'").replace("\n", " ") + "`"
