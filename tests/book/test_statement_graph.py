"""book/statement_graph.py: a drawing and a table of the statements."""

import xml.etree.ElementTree as ET
from textwrap import wrap

import pytest
from chapters import ROOT
from statement_graph import HEIGHT, LETTERS, WIDTH, drawing, places, strongest, table
from statements import Record, statements

ROWS = statements(ROOT)
RECORDS = [Record(r.chapter, r.label, kind, "a < b", {}) for r in ROWS for kind in r.needs]


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)


def test_every_statement_is_a_link_with_the_sign_of_its_evidence():
    links = {a.get("id"): a for a in parsed(drawing(ROWS, RECORDS)).iter("a")}
    assert len(links) == len(ROWS)
    for row in ROWS:
        link = links[f"box-{row.label}"]
        assert link.get("href") == f"notebooks/{row.chapter}.html#{row.label}"
        kind = row.needs[0] if row.needs else "none"
        assert link.get("class") == f"kind-{kind.replace(' ', '-')}"


def test_counterexamples_to_dropped_conditions_do_not_colour():
    by_label = {row.label: row for row in ROWS}
    assert strongest(by_label["eqs-1-4"], ["instance", "refuted"]) == "refuted"
    assert strongest(by_label["lem-1"], ["refuted", "cited"]) == "cited"
    assert strongest(by_label["def-3"], ["refuted"]) == ""


def test_without_evidence_nothing_is_coloured():
    classes = {a.get("class") for a in parsed(drawing(ROWS, [])).iter("a")}
    assert classes == {"kind-none"}


def test_every_use_is_an_arrow():
    paths = [p.get("class") for p in parsed(drawing(ROWS, RECORDS)).iter("path")]
    assert [p for p in paths if p] == [f"from-{u} to-{r.label}" for r in ROWS for u in r.uses]


def test_no_two_boxes_overlap():
    at = list(places(ROWS).values())
    for k, (x, y) in enumerate(at):
        for u, v in at[:k]:
            assert abs(x - u) >= WIDTH or abs(y - v) >= HEIGHT


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.label)
def test_titles_fit_their_boxes(row):
    assert len(wrap(row.title, LETTERS)) <= 2


def test_nothing_is_used_before_it_is_stated():
    seen = set()
    for row in ROWS:
        assert seen.issuperset(row.uses), row.label
        seen.add(row.label)


def test_the_table_holds_each_piece_of_evidence():
    found = parsed(table(ROWS, RECORDS))
    assert len(list(found.iter("tr"))) == len(ROWS)
    assert len(list(found.iter("li"))) == len(RECORDS)
