"""How much a search looks at: less where one evaluation costs more, the same at every run."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod

from verify.trusted.graph import Graph, Size


@dataclass(frozen=True)
class Effort:
    """What a search may spend.

    Attributes:
        rounds, draws, samples, lines: rounds, and parameter draws, points and lines in each.
        exact: Jacobians in many digits in each round.
        pieces: parts of segments to enclose.
        tries: attempts to shorten a counterexample.
        seconds: after which to stop; met only where the estimates are far off.
    """

    rounds: int
    draws: int
    samples: int
    lines: int
    exact: int
    pieces: int
    tries: int
    seconds: float


LARGE = 1_000_000  # multiplications: past it one enclosure takes seconds, too long for a glance
EFFORTS = {
    "glance": Effort(1, 4, 24, 4, 1, 40, 0, 0.5),
    "quick": Effort(4, 24, 512, 24, 3, 200, 60, 10.0),
    "full": Effort(24, 48, 1536, 48, 4, 400, 150, 30.0),
}


def fitted(effort: Effort, graph: Graph, sizes: Mapping[str, int], n: int) -> Effort:
    """Return the effort that suits a graph of some size."""
    work = flops(graph, sizes)
    many = work * min(n, 24)
    rounds = _between(6e6 / many, min(3, effort.rounds), effort.rounds)
    return replace(
        effort,
        rounds=0 if effort.rounds == 1 and work > LARGE else rounds,
        samples=_between(1e8 / many, min(16, effort.samples), effort.samples),
        lines=_between(2e5 / work, 2, effort.lines),
        exact=_between((4e6 if effort.rounds > 1 else 4e5) / (work * n), 0, effort.exact),
        pieces=_between(min(3e6 / work, 12000 / len(graph.nodes)), 40, effort.pieces),
        tries=_between(3e6 / work, min(3, effort.tries), effort.tries),
    )


def _between(value: float, low: int, high: int) -> int:
    return max(low, min(high, int(value)))


def flops(graph: Graph, sizes: Mapping[str, int]) -> int:
    """Return about how many multiplications one evaluation takes.

    >>> from verify.trusted.graph import Node, Ref
    >>> product = Node("mul", (), (Ref(0, ("j0",)), Ref(0, ("j0",))))
    >>> flops(Graph((Node("x", (3,)), product), 1), {})
    6
    """

    def number(size: Size) -> int:
        return size if isinstance(size, int) else sizes[size]

    total = 0
    for node in graph.nodes:
        axes = dict(zip(node.out, map(number, node.shape), strict=True))
        for ref in node.args:
            lengths = map(number, graph.nodes[ref.node].shape)
            for name, length in zip(ref.index, lengths, strict=True):
                if isinstance(name, str):
                    axes[name] = length
        total += prod(axes.values()) * (8 if node.op == "fn" else 1)
    return total
