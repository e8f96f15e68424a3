"""What would make a refuted claim true: the signs that a proof lacks, in the module's names."""

from verify.search.squares import Square, repaired, squares
from verify.search.workbench import Workbench
from verify.trusted.trace import Traced

WORK = 2_000_000  # steps of work that a suggestion is worth, about a microsecond each


def suggest(traced: Traced, claim: str) -> str:
    """Return "psd if gamma >= 0" where the squares lack the sign of parameters only, else ""."""
    if claim != "psd":
        return ""
    bench = Workbench(traced.graph, (), True)
    bench.ring.limit = WORK
    found = bench.attempt(lambda: squares(bench, traced.graph.output)) or []
    free = bench.attempt(lambda: {n for square in found for n in unsigned(bench, square)})
    lacking = sorted(free or ())
    if not lacking:
        return ""
    bench.signs = dict.fromkeys(lacking, 1)
    good = bench.attempt(lambda: repaired(bench, found))
    names = [traced.names[bench.nodes[n].attrs[0]] for n in lacking]
    return f"psd if {' and '.join(f'{name} >= 0' for name in names)}" if good is not None else ""


def unsigned(bench: Workbench, square: Square) -> list[int]:
    """Return the parameters of unknown sign that a coefficient has as factors."""
    pending, found = [square.c], []
    if bench.sign(square.c) >= 1:
        return []
    while pending:
        n = pending.pop()
        node = bench.nodes[n]
        if node.op == "param" and bench.sign(n) == 0:
            found.append(n)
        if node.op == "mul":
            pending += [ref.node for ref in node.args]
    return found
