"""The statements as a drawing and as a table: what each uses, and how far it is established."""

from collections.abc import Iterator
from html import escape
from itertools import groupby
from textwrap import wrap

from statements import Record, Statement, kinds

from verify.evidence import KINDS, SIGNS

WIDTH, HEIGHT, GAP, ROW, LINE, MARGIN, LETTERS = 94, 60, 6, 98, 21, 4, 16
SHORT = {"Definition": "Def", "Theorem": "Thm", "Corollary": "Cor", "Proposition": "Prop",
         "Lemma": "Lem", "Equations": "Eqs"}  # fmt: skip
MEANING = {
    "all sizes": "a certificate for all sizes, checked by the kernel",
    "constructive": "constructed, with a computed bound of the error",
    "instance": "an exact proof for an instance of small size",
    "refuted": "exact counterexamples",
    "cited": "cited",
    "": "a definition",
}
Place = tuple[float, float]


def places(rows: list[Statement]) -> dict[str, Place]:
    """Where each box has its upper left corner: a line of boxes for each chapter, in order."""
    lines = [list(group) for _, group in groupby(rows, key=lambda row: row.chapter)]
    longest = max(map(len, lines), default=1)
    return {
        row.label: (MARGIN + (k + (longest - len(line)) / 2) * (WIDTH + GAP), number * ROW + 8)
        for number, line in enumerate(lines)
        for k, row in enumerate(line)
    }


def drawing(rows: list[Statement], records: list[Record]) -> str:
    """An SVG that takes its colours from the page, its boxes links, with a legend above."""
    at = places(rows)
    right = max((x for x, _ in at.values()), default=0) + WIDTH + MARGIN
    bottom = max((y for _, y in at.values()), default=0) + HEIGHT + MARGIN
    boxes = "\n".join(box(row, kinds(records, row.label), at[row.label]) for row in rows)
    arrows = "\n".join(arrow(used, row, at) for row in rows for used in row.uses)
    text = f"How {len(rows)} statements lead to each other, and how far each is established."
    return f"""<div class="statement-graph">
{legend(kinds_shown(rows, records))}
<div class="statement-graph-scroll">
<svg viewBox="0 0 {right:g} {bottom:g}" width="{right:g}" height="{bottom:g}"
 role="graphics-document" aria-label="{text} The same as a table: the page Statements.">
<style>{"".join(highlights(rows))}</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6"
 orient="auto"><path d="M0 0 L8 4 L0 8 z"/></marker></defs>
<g class="arrows">
{arrows}
</g>
{boxes}
</svg>
</div>
</div>
"""


def kinds_shown(rows: list[Statement], records: list[Record]) -> list[str]:
    """The kinds that the drawing shows, "" for a statement without evidence."""
    found = {kind for row in rows for kind in kinds(records, row.label)}
    found |= {"" for row in rows if not kinds(records, row.label)}
    return [kind for kind in (*KINDS, "") if kind in found]


def legend(shown: list[str]) -> str:
    """What the signs mean, as a list."""
    items = "".join(
        f'<li class="{slug(kind)}">{SIGNS.get(kind, "□")} {MEANING[kind]}</li>' for kind in shown
    )
    return f'<ul class="statement-graph-legend">{items}</ul>'


def strongest(row: Statement, found: list[str]) -> str:
    """What colours a box: counterexamples only where they are what the statement is about."""
    if "refuted" in row.needs and "refuted" in found:
        return "refuted"
    return next((kind for kind in found if kind != "refuted"), "")


def slug(kind: str) -> str:
    """The class of a kind of evidence."""
    return f"kind-{kind.replace(' ', '-') or 'none'}"


def box(row: Statement, found: list[str], place: Place) -> str:
    """One statement: its name, the signs of its evidence, what it says; a link to it."""
    x, y = place
    kind, _, number = row.name.partition(" ")
    title = "".join(
        f'<text x="{x + 9:g}" y="{y + 28 + 12 * k:g}" class="says">{escape(line)}</text>'
        for k, line in enumerate(wrap(row.title, LETTERS))
    )
    signs = " ".join(SIGNS[k] for k in found) or "□"
    shown = ", ".join(found) or "a definition"
    return (
        f'<a href="notebooks/{row.chapter}.html#{row.label}" id="box-{row.label}"'
        f' class="{slug(strongest(row, found))}">'
        f"<title>{escape(f'{row.name}: {row.title} ({shown})')}</title>"
        f'<rect class="frame" x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="3"/>'
        f'<rect class="stripe" x="{x:g}" y="{y:g}" width="4" height="{HEIGHT}"/>'
        f'<text x="{x + 9:g}" y="{y + 15:g}" class="name">{SHORT.get(kind, kind)} {number}</text>'
        f'<text x="{x + 9:g}" y="{y + 54:g}" class="signs">{signs}</text>{title}</a>'
    )


def arrow(used: str, row: Statement, at: dict[str, Place]) -> str:
    """A curve from what is used down to what uses it; over the boxes within one line."""
    (x0, y0), (x1, y1) = at[used], at[row.label]
    if y0 == y1:
        start = (x0 + WIDTH, y0 + HEIGHT / 2) if x0 < x1 else (x0, y0 + HEIGHT / 2)
        end = (x1, y1 + HEIGHT / 2) if x0 < x1 else (x1 + WIDTH, y1 + HEIGHT / 2)
        if abs(x1 - x0) > WIDTH + GAP:
            start, end = (x0 + WIDTH / 2, y0), (x1 + WIDTH / 2, y1)
            lift = y0 - LINE
            bend = f"C{start[0]:g} {lift:g} {end[0]:g} {lift:g}"
            path = f"M{start[0]:g} {start[1]:g} {bend} {end[0]:g} {end[1]:g}"
            return f'<path class="from-{used} to-{row.label}" d="{path}"/>'
        path = f"M{start[0]:g} {start[1]:g} L{end[0]:g} {end[1]:g}"
        return f'<path class="from-{used} to-{row.label}" d="{path}"/>'
    (xa, ya), (xb, yb) = (x0 + WIDTH / 2, y0 + HEIGHT), (x1 + WIDTH / 2, y1)
    half = max(ROW / 2, (yb - ya) / 2)
    path = f"M{xa:g} {ya:g} C{xa:g} {ya + half:g} {xb:g} {yb - half:g} {xb:g} {yb:g}"
    return f'<path class="from-{used} to-{row.label}" d="{path}"/>'


def highlights(rows: list[Statement]) -> Iterator[str]:
    """Rules that show the arrows of the box under the pointer, or in focus."""
    for row in rows:
        here = f".statement-graph:has(#box-{row.label}:is(:hover,:focus))"
        yield f"{here} :is(.from-{row.label},.to-{row.label})"
        yield "{stroke:var(--pst-color-primary);stroke-width:2;opacity:1}"


def table(rows: list[Statement], records: list[Record]) -> str:
    """All statements, with each piece of evidence, as HTML."""
    return "\n".join(["<table class='statements'>", *(entry(r, records) for r in rows), "</table>"])


def entry(row: Statement, records: list[Record]) -> str:
    """The line of one statement."""
    found = [r for kind in KINDS for r in records if r.label == row.label and r.kind == kind]
    items = "".join(
        f"<li>{SIGNS[r.kind]} {r.kind}: {escape(r.about)}"
        + "".join(f"; {escape(f'{k} {v}')}" for k, v in r.detail.items())
        + "</li>"
        for r in found
    )
    link = f'<a href="notebooks/{row.chapter}.html#{row.label}">{escape(row.name)}</a>'
    return (
        f"<tr id='row-{row.label}'><th scope='row'>{link}</th>"
        f"<td>{escape(row.title)}<ul>{items}</ul></td></tr>"
    )
