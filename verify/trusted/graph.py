"""The graph of a map of one sample: operations in index notation, sizes that may stay symbols.

A graph is a list of nodes, each a tensor whose entries are given by the entries of earlier nodes:

    x      v[i] = x[i]                                   the sample
    param  v[..] = theta_k[..]                           attrs (k,): trainable, any real value
    lit    v[..] = data_k[..]                            attrs (k,): exact rational numbers
    eye    v[i, j] = 1 if i == j else 0
    mul    v[out] = q sum_{other indices} prod_a a[index_a]     coefs (q,)
    add    v[out] = sum_a q_a a[index_a]                        coefs (q_a, ..); an index per axis
    fn     v[out] = name(a[index_a], b[index_b], ..)     an elementwise function of atoms.py
    call   v[lead, new] = name(a[lead, acted], ..)[new]  attrs (acted axes, new axes, *statics)
    loop   v = z_L of z_0 = args[0], z_l = step(z_{l-1})    attrs (loop id, step node, L)
    state  v = z_{l-1}, inside the step of its loop      attrs (loop id,)

The entries of an output are indexed by the names "i0", "i1", .., one for each axis of ``shape``; a
reference indexes an axis by one of these, by another name (summed over, in ``mul``; acted upon, in
``call``), by a whole number, or, for a param inside a loop, by the loop's name "l<id>". A size is a
whole number or a symbol; a symbol stands for every size from 1 on.
"""

import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

Size = int | str
Index = int | str

OPS = ("x", "param", "lit", "eye", "mul", "add", "fn", "call", "loop", "state")


class GraphError(ValueError):
    """What is no graph; the message says where."""


@dataclass(frozen=True)
class Ref:
    """An entry of a node: v[index]."""

    node: int
    index: tuple[Index, ...]


@dataclass(frozen=True)
class Node:
    """One tensor, defined by an operation on entries of earlier nodes."""

    op: str
    shape: tuple[Size, ...]
    args: tuple[Ref, ...] = ()
    coefs: tuple[Fraction, ...] = ()
    name: str = ""
    attrs: tuple[Any, ...] = ()

    @property
    def out(self) -> tuple[str, ...]:
        """The names of the output's indices."""
        return tuple(f"i{axis}" for axis in range(len(self.shape)))


@dataclass(frozen=True)
class Literal:
    """An exact rational tensor, row by row."""

    shape: tuple[int, ...]
    data: tuple[Fraction, ...]


@dataclass(frozen=True)
class Graph:
    """A map of one sample: nodes, the number of the output node, exact constants.

    ``params[k]`` is the shape of theta_k; ``families`` holds the params that stand for one tensor
    for each round of a loop, their first axis being the round.
    """

    nodes: tuple[Node, ...]
    output: int
    params: tuple[tuple[Size, ...], ...] = ()
    literals: tuple[Literal, ...] = ()
    families: tuple[int, ...] = ()

    @property
    def digest(self) -> str:
        """The SHA-256 of the graph's canonical text."""
        return hashlib.sha256(text(encode(self)).encode()).hexdigest()


def text(value: Any) -> str:
    """Return the canonical text of a JSON value."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, allow_nan=False)


def encode(graph: Graph) -> dict[str, Any]:
    """Return a graph as a JSON value."""
    return {
        "nodes": [encode_node(node) for node in graph.nodes],
        "output": graph.output,
        "params": [list(shape) for shape in graph.params],
        "literals": [[list(c.shape), [str(q) for q in c.data]] for c in graph.literals],
        "families": list(graph.families),
    }


def encode_node(node: Node) -> list[Any]:
    """Return a node as a JSON value."""
    refs = [[ref.node, *ref.index] for ref in node.args]
    coefs = [str(q) for q in node.coefs]
    return [node.op, list(node.shape), refs, coefs, node.name, list(node.attrs)]


FIELDS = frozenset({"nodes", "output", "params", "literals", "families"})
FRACTION = re.compile(r"-?[0-9]{1,2000}(/[1-9][0-9]{0,1999})?")
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
RESERVED = re.compile(r"[il][0-9]+")


def expect(holds: object, where: str, what: str) -> None:
    """Raise GraphError unless something holds."""
    if not holds:
        raise GraphError(f"{where}: expected {what}")


def entries(values: Any, where: str, least: int) -> tuple[Any, ...]:
    """Return a JSON list of names and of whole numbers from ``least`` on; True is no number."""
    expect(type(values) is list, where, "a list")
    for value in values:
        named = type(value) is str and NAME.fullmatch(value)
        numbered = type(value) is int and least <= value < 2**63
        expect(named or numbered, where, f"names, or whole numbers from {least} on")
    return tuple(values)


def fractions(values: Any, where: str) -> tuple[Fraction, ...]:
    """Return a JSON list of fractions spelled in lowest terms, "3" or "-3/2"."""
    texts = type(values) is list and all(type(q) is str and FRACTION.fullmatch(q) for q in values)
    found = [Fraction(q) for q in values] if texts else []
    expect(texts and [str(q) for q in found] == values, where, 'fractions in lowest terms, "-3/2"')
    return tuple(found)


def decode_node(value: Any, number: int) -> Node:
    """Return a node whose parts are of the right types; ``validate`` judges what they say."""
    where = f"node {number}"
    expect(type(value) is list and len(value) == 6, where, "a list of 6 items")
    op, shape, refs, coefs, name, attrs = cast(list[Any], value)
    expect(op in (*OPS, "var"), where, "a known operation")
    expect(name == "" or (type(name) is str and NAME.fullmatch(name)), where, "a name")
    expect(type(refs) is list and all(refs), where, "references [node, index, ..]")
    args = tuple(Ref(ref[0], ref[1:]) for ref in (entries(ref, where, 0) for ref in refs))
    expect(all(type(ref.node) is int for ref in args), where, "references to nodes by number")
    shape, attrs = entries(shape, where, 1), entries(attrs, where, -(2**63))
    return Node(op, shape, args, fractions(coefs, where), name, attrs)


def decode(value: Any) -> Graph:
    """Return the well-formed graph that a JSON value encodes, or raise GraphError."""
    known = type(value) is dict and value.keys() == FIELDS
    expect(known, "graph", f"an object with exactly {', '.join(sorted(FIELDS))}")
    for key in FIELDS - {"output"}:
        expect(type(value[key]) is list, key, "a list")
    expect(type(value["output"]) is int, "output", "the number of a node")
    pairs = all(type(literal) is list and len(literal) == 2 for literal in value["literals"])
    expect(pairs, "literals", "[shape, data] each")
    graph = Graph(
        tuple(decode_node(node, number) for number, node in enumerate(value["nodes"])),
        value["output"],
        tuple(entries(shape, "params", 1) for shape in value["params"]),
        tuple(
            Literal(entries(shape, f"literal {k}", 1), fractions(data, f"literal {k}"))
            for k, (shape, data) in enumerate(value["literals"])
        ),
        entries(value["families"], "families", 0),
    )
    validate(graph)
    return graph


def validate(graph: Graph, aux: Sequence[Node] = ()) -> None:
    """Raise GraphError unless all nodes are well-formed, and the graph closed with none to spare.

    ``aux`` are nodes numbered on after the graph's; they may use it, and what is in its loops.
    """
    nodes, count = (*graph.nodes, *aux), len(graph.nodes)
    families = all(k in range(len(graph.params)) and graph.params[k] for k in graph.families)
    expect(families, "families", "numbers of params with axes")
    repeats = [node for node in nodes if node.op == "loop" and len(node.attrs) == 3]
    loops = {f"l{node.attrs[0]}": node for node in repeats}
    expect(len(loops) == len(repeats) <= 64, "loops", "at most 64, each with its own id")
    within: list[set[str]] = []  # for each node, the loops on whose round it depends
    for number, node in enumerate(nodes):
        where = f"node {number} ({node.name or node.op})"
        expect(all(0 <= ref.node < number for ref in node.args), where, "earlier nodes in its refs")
        expect(node.op != "var" or number >= count, where, "no variable in the graph")
        expect(well_formed(graph, nodes, number, loops), where, "what belongs to its operation")
        within.append(rounds := indexed(graph, nodes, number, loops))
        for ref in node.args:
            rounds |= within[ref.node]
        if node.op == "state":
            rounds.add(f"l{node.attrs[0]}")
        if node.op == "loop":
            expect(f"l{node.attrs[0]}" not in rounds, where, "a start outside of the loop")
            rounds |= within[node.attrs[1]] - {f"l{node.attrs[0]}"}
    expect(graph.output in range(count), "output", "the number of a node")
    expect(not within[graph.output], "output", "no state outside of its loop")
    xs = {node.shape for node in nodes if node.op == "x"} | {nodes[graph.output].shape}
    expect(len(xs) == 1, "output", "the shape of x")
    needed = {graph.output}
    for number in range(graph.output, -1, -1):
        if number in needed:
            needed.update(ref.node for ref in nodes[number].args)
            needed.update(nodes[number].attrs[1:2] if nodes[number].op == "loop" else ())
    expect(len(needed) == count, "nodes", "only nodes that the output needs")
    for op, table in (("param", graph.params), ("lit", graph.literals)):
        used = {node.attrs[0] for node in graph.nodes if node.op == op}
        expect(len(used) == len(table), op, "only tensors that the output needs")


def well_formed(graph: Graph, nodes: Sequence[Node], number: int, loops: dict[str, Node]) -> bool:
    """Return whether shape, name, attrs, numbers of coefs and references suit the operation."""
    node, shape = nodes[number], nodes[number].shape
    args, coefs, named = len(node.args), len(node.coefs), node.op in ("fn", "call")
    if named != (node.name != "") or coefs != {"mul": 1, "add": args}.get(node.op, 0):
        return False
    if len(shape) > 64:  # the product of more sizes could take long
        return False
    match node.op, node.attrs:
        case ("mul" | "add", ()):
            return True
        case "fn", ():
            return args > 0
        case "call", (int(acted), int(new), *statics):
            numbers = all(isinstance(static, int) for static in statics)
            return args > 0 and acted >= 0 and 0 <= new <= len(shape) and numbers
        case "loop", (int(k), int(step), rounds) if args == 1 and k >= 0 and 0 <= step < number:
            start = node.args[0]
            same = shape == nodes[start.node].shape == nodes[step].shape
            return same and start.index == node.out and (isinstance(rounds, str) or rounds > 0)
        case "x", ():
            right = len(shape) <= 1
        case "eye", ():
            right = len(shape) == 2 and shape[0] == shape[1]
        case "var", (str(),):
            right = True
        case "param", (int(k),):
            right = k in range(len(graph.params)) and shape == graph.params[k]
        case "lit", (int(k),):
            right = k in range(len(graph.literals)) and shape == graph.literals[k].shape
            sizes = [size for size in shape if isinstance(size, int)]
            right = right and len(graph.literals[k].data) == math.prod(sizes) and sizes == [*shape]
        case "state", (int(k),):
            right = f"l{k}" in loops and shape == loops[f"l{k}"].shape
        case _:
            right = False
    return right and args == 0


def indexed(graph: Graph, nodes: Sequence[Node], number: int, loops: dict[str, Node]) -> set[str]:
    """Return the loops by whose round a node's references index; raise GraphError if one errs."""
    node, rounds = nodes[number], set()
    where = f"node {number} ({node.name or node.op})"
    lead = node.out[: len(node.shape) - (node.attrs[1] if node.op == "call" else 0)]
    sizes = dict(zip(node.out, node.shape, strict=True))
    for ref in node.args:
        source = nodes[ref.node]
        expect(len(ref.index) == len(source.shape), where, f"an index per axis of node {ref.node}")
        for axis, (index, size) in enumerate(zip(ref.index, source.shape, strict=True)):
            if isinstance(index, int):
                inside = isinstance(size, int) and 0 <= index < size
                expect(inside, where, f"no position {index} on axis {axis} of node {ref.node}")
            elif index in loops:
                family = axis == 0 and source.op == "param" and source.attrs[0] in graph.families
                expect(family and size == loops[index].attrs[2], where, f"a family at {index}")
                rounds.add(index)
            else:
                free = node.op in ("mul", "call") and not RESERVED.fullmatch(index)
                expect(index in lead or free, where, f"no index {index}")
                expect(sizes.setdefault(index, size) == size, where, f"one size at {index}")
    return rounds
