"""The search for a counterexample: candidates in float64, each confirmed in ball arithmetic."""

from collections.abc import Iterator, Mapping
from itertools import islice, repeat
from typing import TYPE_CHECKING

import numpy as np

from verify.counterexample import Counterexample, counterexample, own_values
from verify.search.candidates import probe
from verify.search.derivatives import DERIVATIVES
from verify.search.draws import Params, draws
from verify.search.effort import EFFORTS, fitted
from verify.search.functions import CALLS
from verify.search.narrow import first, narrowed
from verify.search.shrink import Witness, shrink
from verify.search.stages import Stages
from verify.trusted.graph import Graph, Node

if TYPE_CHECKING:
    from verify.trusted.trace import Traced


def refute(
    traced: "Traced", claim: str, scope: str = "all", seed: int = 0, effort: str = "full"
) -> Counterexample | None:
    """Return a counterexample to a claim about a traced module, None where none is found.

    ``effort`` is "full" (some seconds where there is none), "quick" or "glance" (a few points).
    Raises ValueError for another claim, scope or effort.
    """
    for name, value, known in (
        ("claim", claim, ("symmetric", "psd")),
        ("scope", scope, ("all", "current")),
        ("effort", effort, tuple(EFFORTS)),
    ):
        if value not in known:
            raise ValueError(f"{name}: expected one of {known}, got {value!r}")
    graph, own, free = traced.graph, own_values(traced), scope == "all"
    narrow = narrowed(graph, traced.sizes) if free else None
    found = None
    with np.errstate(all="ignore"):
        if narrow is not None:
            short = [first(p, shape) for p, shape in zip(own, narrow.params, strict=True)]  # type: ignore[arg-type]
            found = search(narrow, {}, short, claim == "psd", free, seed, effort)
        if found is None and (narrow is None or effort != "glance"):
            found = search(graph, traced.sizes, own, claim == "psd", free, seed, effort)
    return None if found is None else counterexample(traced, claim, scope, found)


def known(node: Node) -> bool:
    """Tell whether a node can be evaluated and differentiated here."""
    if node.op == "fn":
        return node.name == "pow" or node.name == "where" or node.name in DERIVATIVES
    return node.op != "call" or node.name in CALLS


def search(
    graph: Graph, sizes: Mapping[str, int], own: Params, psd: bool, free: bool, seed: int,
    effort: str,
) -> Witness | None:  # fmt: skip
    """Return a short witness against a claim; with ``free`` the parameters may be any."""
    if not all(known(node) for node in graph.nodes):
        return None
    shape = graph.nodes[graph.output].shape
    n = next((s if isinstance(s, int) else sizes[s] for s in shape), 1)
    if n == 1 and not psd:
        return None
    plan = fitted(EFFORTS[effort], graph, sizes, n)
    stages = Stages(graph, sizes, n, psd, plan, seed)
    free = free and bool(own)
    source: Iterator[Params] = repeat(own)
    if free:
        source = draws(own, stages.rng, stages.offsets)
    together = sum(p.size for p in own) <= 4000
    many = (plan.draws if together else 4) if free else 1
    for number in range(plan.rounds):
        stages.number = number
        share = 6 if number == 0 else 1  # most are refuted at a few points
        f = probe(graph, dict(sizes), list(islice(source, min(many, 6) if number == 0 else many)))
        found = stages.round(f, max(8, plan.samples // share), free)
        if found is not None:
            return shrink(stages.balls, found, free, plan.tries)
        if stages.late():
            break
    return None
