"""Numbers as in the paper: statements, proofs and equations keep the numbers they have there."""

import re
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, cast

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.domains import Domain
from sphinx.domains.math import MathDomain
from sphinx.domains.std import StandardDomain
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

KINDS = ("Definition", "Theorem", "Corollary", "Proposition", "Lemma", "Remark", "Equations")
NUMBER = re.compile(r"[A-Z]?\d+(\.\d+)*|\(\d+\)–\(\d+\)")
EQUATION_LABEL = re.compile(r"eq-(\d+[a-z]?)")

# what a chapter may say of a statement; verify.evidence has the same kinds
CLAIMS = {
    "all sizes": "● proved for all sizes",
    "constructive": "▲ constructed, with a bound",
    "instance": "◐ proved for an instance",
    "refuted": "✗ with exact counterexamples",
    "cited": "○ cited",
}

logger = logging.getLogger(__name__)


class Box(nodes.General, nodes.Element):
    """A statement or a proof, set apart from the text around it."""


class StatementDirective(SphinxDirective):
    """A numbered statement, headed as in the paper: `:::{statement} Theorem 11`."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = {
        "label": directives.unchanged_required,
        "title": directives.unchanged_required,
        "evidence": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """The box, its label registered so that `ref` finds it from any page."""
        name, label = self.heading(), self.label()
        box = Box(ids=[label], classes=["statement", name.split()[0].lower()])
        self.set_source_info(box)
        box += self.title_line(name, label)
        claims = self.claims()
        if claims:
            shown = " · ".join(CLAIMS[kind] for kind in claims)
            box += nodes.paragraph("", shown, classes=["box-claims"])
        box += self.parse_content_to_nodes()
        domain = cast(PaperDomain, self.env.get_domain("paper"))
        domain.note_statement(self.env.docname, label, name, box)
        domain.note_claims(self.env.docname, label, claims, box)
        return [box]

    def claims(self) -> list[str]:
        """The kinds of evidence that the chapter says it has, strongest first."""
        given = [kind.strip() for kind in self.options.get("evidence", "").split(",")]
        for kind in filter(None, given):
            if kind not in CLAIMS:
                raise self.error(f"unknown evidence {kind!r}: it is one of {', '.join(CLAIMS)}")
        return [kind for kind in CLAIMS if kind in given]

    def heading(self) -> str:
        """The argument, "Kind number", or an error that says what is allowed."""
        kind, _, number = " ".join(self.arguments[0].split()).partition(" ")
        if kind not in KINDS:
            raise self.error(f"unknown kind {kind!r}: a statement is one of {', '.join(KINDS)}")
        if not NUMBER.fullmatch(number):
            raise self.error(f"{kind} needs the paper's number, such as '{kind} 3.1'")
        return f"{kind} {number}"

    def label(self) -> str:
        """The label, which is also the anchor, or an error if it cannot be one."""
        label = self.options.get("label", "")
        if not label or nodes.make_id(label) != label:
            raise self.error(f"a statement needs a label such as 'thm-11', not {label!r}")
        return label

    def title_line(self, name: str, label: str) -> nodes.paragraph:
        """The heading line, which links to itself."""
        line = nodes.paragraph(classes=["box-title"])
        line += nodes.strong("", name)
        if "title" in self.options:
            parsed, messages = self.state.inline_text(self.options["title"], self.lineno)
            line += [nodes.Text(" ("), *parsed, nodes.Text(")"), *messages]
        line += nodes.Text(".")
        line += nodes.reference("", "#", refid=label, classes=["headerlink"])
        return line


class ProofDirective(SphinxDirective):
    """A proof, closed by its box."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """The content under the word Proof, with the closing sign in its last paragraph."""
        self.assert_has_content()
        box = Box(classes=["proof"])
        self.set_source_info(box)
        box += nodes.paragraph("", "", nodes.emphasis("", "Proof."), classes=["box-title"])
        box += self.parse_content_to_nodes()
        last = box[-1]
        if not isinstance(last, nodes.paragraph):
            last = nodes.paragraph()
            box += last
        last += nodes.inline("", "\N{WHITE SQUARE}", classes=["qed"])
        return [box]


class PaperDomain(Domain):
    """Knows every statement of the book, and that no two share a label."""

    name = "paper"
    label = "statements of the paper"

    @property
    def statements(self) -> list[tuple[str, str, int]]:
        """Page, label and line of every statement."""
        return self.data.setdefault("statements", [])

    @property
    def claims(self) -> list[tuple[str, str, list[str], int]]:
        """Page, label, claimed evidence and line of every statement."""
        return self.data.setdefault("claims", [])

    def note_claims(self, docname: str, label: str, claims: list[str], node: nodes.Element) -> None:
        """Keep what a page says of a statement, until all that was established is known."""
        self.claims.append((docname, label, claims, node.line or 0))

    def note_statement(self, docname: str, label: str, name: str, node: nodes.Element) -> None:
        """Make a label known here and to the roles of the standard domain."""
        self.statements.append((docname, label, node.line or 0))
        standard = cast(StandardDomain, self.env.get_domain("std"))
        standard.labels[label] = (docname, label, name)
        standard.anonlabels[label] = (docname, label)

    def clear_doc(self, docname: str) -> None:
        """Forget the statements of one page."""
        self.statements[:] = [row for row in self.statements if row[0] != docname]
        self.claims[:] = [row for row in self.claims if row[0] != docname]

    def merge_domaindata(self, docnames: Iterable[str], otherdata: dict[str, Any]) -> None:
        """Take over what a parallel reader found."""
        found = otherdata.get("statements", [])
        self.statements.extend(row for row in found if row[0] in docnames)
        self.claims.extend(row for row in otherdata.get("claims", []) if row[0] in docnames)

    def check_consistency(self) -> None:
        """Report what is wrong with the labels and claims; only here are all the pages known."""
        self.check_labels()
        established = self.env.config.paper_established
        if established is not None:
            self.check_claims(established)

    def check_claims(self, established: dict[str, tuple[str, list[str]]]) -> None:
        """Report claims without evidence, and statements that their page does not hold."""
        for docname, label, claims, line in self.claims:
            for kind in claims:
                if kind not in established.get(label, ("", []))[1]:
                    message = "statement %s claims evidence of kind %r that no cell recorded"
                    logger.error(message, label, kind, location=(docname, line))
        stated = {(label, docname) for docname, label, *_ in self.claims}
        for label, (page, _) in established.items():
            if (label, page) not in stated:
                logger.error("%s does not state %s, as book/statements.toml says", page, label)

    def check_labels(self) -> None:
        """Report each label that is used twice."""
        first: dict[str, str] = {}
        for docname, label, line in sorted(self.statements):
            if label in first:
                message = "duplicate label of statement %s, other instance in %s"
                logger.error(message, label, first[label], location=(docname, line))
            first.setdefault(label, docname)

    def resolve_any_xref(
        self, env: Any, fromdocname: Any, builder: Any, target: Any, node: Any, contnode: Any
    ) -> list[Any]:
        """Leave references to the standard domain, where the labels are."""
        return []


class PaperMathDomain(MathDomain):
    """Numbers a display equation by its label: `eq-38` is (38)."""

    def note_equation(self, docname: str, labelid: str, location: Any = None) -> None:
        """Take the number out of the label."""
        match = EQUATION_LABEL.fullmatch(labelid)
        if not match:
            message = "equation label %s is not of the form eq-38: give the paper's number or none"
            logger.error(message, labelid, location=location)
        super().note_equation(docname, labelid, location)
        number = match.group(1) if match else "?"
        cast(dict[str, Any], self.equations)[labelid] = (docname, number)

    def merge_domaindata(self, docnames: Iterable[str], otherdata: dict[str, Any]) -> None:
        """Take over a parallel reader's equations; Sphinx would let a duplicate pass here."""
        for label, (docname, _) in otherdata["objects"].items():
            if docname in docnames and label in self.equations:
                message = "duplicate label of equation %s, other instance in %s"
                logger.error(message, label, self.equations[label][0], location=docname)
        super().merge_domaindata(docnames, otherdata)


def visit_box(self: Any, node: Box) -> None:
    """Open the box."""
    self.body.append(self.starttag(node, "div", CLASS="paper-box"))


def depart_box(self: Any, _: Box) -> None:
    """Close the box."""
    self.body.append("</div>\n")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register all of it with Sphinx."""
    # label -> its page, and the kinds of evidence that cells recorded; None: not known
    app.add_config_value("paper_established", None, "env", types=[dict])
    app.add_node(Box, html=(visit_box, depart_box))
    app.add_domain(PaperDomain)
    app.add_domain(PaperMathDomain, override=True)
    app.add_directive("statement", StatementDirective)
    app.add_directive("proof", ProofDirective)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True}
