"""Gains: nodes on parameters alone that are >= 0, as the square or the relu of a temperature.

    f continuous in x and in g >= 0, g a node on parameters    S(f) [M(f)] for all g > 0
    ------------------------------------------------------------------------------------ limit
    S(f) [M(f)]                      at parameters with g = a it is the limit of f at g = a + e, all
                                     else as it is, for e > 0 that falls to 0: uniform on bounded
                                     sets, so circulations and (f(x) - f(y)).(x - y) converge

So g is read as a parameter of its own, first of any values >= 0, where f has to be defined, then,
for the proof, of values > 0. Where another operation on parameters is defined at g = a, it is for
small e too: the domains of those that depend on g are open.
"""

from dataclasses import replace
from typing import Any

from verify.trusted.atoms import ROWS
from verify.trusted.conditions import EDGES, Conditions
from verify.trusted.entries import require
from verify.trusted.graph import Graph, Node
from verify.trusted.pieces import JUMPS

OPS = ("x", "param", "lit", "eye", "mul", "add")
MOST = 8


def limited(graph: Graph, proof: Any) -> tuple[Graph, dict[int, int], Any]:
    """Return the graph that a proof is about, the params of it that are > 0, the proof of that."""
    if not isinstance(proof, dict) or "gains" not in proof:
        return graph, {}, proof
    rest = {key: value for key, value in proof.items() if key != "gains"}
    return (*limit(graph, proof["gains"]), rest)


def limit(graph: Graph, gains: Any) -> tuple[Graph, dict[int, int]]:
    """Return a graph with nodes read as parameters, and that these are > 0, if the limit may be."""
    step, nodes = "gains", graph.nodes
    known = isinstance(gains, list) and all(type(n) is int for n in gains)
    require(known and 0 < len({*gains}) == len(gains) <= MOST, step, "expected some nodes")
    plain = Conditions(graph, nodes)
    for n in gains:
        alone = 0 <= n < len(nodes) and plain.reach[n] <= {"param", "lit"}
        require(alone and "param" in plain.reach[n], step, f"node {n} is not of parameters alone")
        require(plain.sign(n) >= 1, step, f"node {n} is not seen to be nonnegative")
    free = replace(graph, nodes=read_as_parameters(graph, gains), params=graph.params + tuple(
        nodes[n].shape for n in gains))  # fmt: skip
    own = range(len(graph.params), len(free.params))
    weak = Conditions(free, free.nodes, dict.fromkeys(own, 1))
    for n, node in enumerate(free.nodes):
        require(continuous(node), step, f"node {n} ({node.name}) is not seen to be continuous")
        moves = not weak.varies(n) and not {*gains}.isdisjoint(weak.below(n))
        closed = node.name in ROWS and ROWS[node.name].domain == "nonnegative"
        require(not (moves and closed), step, f"node {n} ({node.name}): its domain is not open")
    weak.defined(graph.output, step)
    return free, dict.fromkeys(own, 2)


def read_as_parameters(graph: Graph, gains: list[int]) -> tuple[Node, ...]:
    """Return the nodes of a graph with some as parameters of their own, numbered on."""
    nodes = [*graph.nodes]
    for k, n in enumerate(gains):
        nodes[n] = Node("param", nodes[n].shape, attrs=(len(graph.params) + k,))
    return tuple(nodes)


def continuous(node: Node) -> bool:
    """Return whether an operation is continuous on its domain."""
    if node.op == "fn":
        return node.name in ROWS and node.name not in JUMPS
    return node.op in OPS or (node.op == "call" and node.name in EDGES)
