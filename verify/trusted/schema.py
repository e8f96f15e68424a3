"""One graph for every number of rounds: independent parameters told apart, loops written out.

A graph speaks of all sizes, all parameters and, by its loops, all numbers of rounds. ``covers``
says whether it speaks of a flat graph: the claim of such a schema is then a claim of that graph.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import islice, product
from operator import mul
from typing import Any

from verify.trusted.graph import Graph, Index, Literal, Node, Ref, Size, expect, validate

Canonical = tuple[Graph, dict[int, int], list[tuple[Any, ...]], dict[Any, Size]]
LARGEST = 1 << 17  # nodes written out
TRIES, UNFOLDED = 100_000, 64  # numbers of rounds tried for several loops: to count, to compare


def canonical(
    nodes: Sequence[Node], output: int, literals: Sequence[Literal], families: Collection[Any] = ()
) -> Canonical:
    """Return the live part in canonical order; new numbers of nodes; attrs of params; new sizes.

    The nodes may come in any order, equal ones become one; what ``attrs`` say tells params apart,
    and by the first of them in ``families`` which are families.
    """
    new: dict[int, int] = {}
    made: dict[Node, int] = {}
    tables: dict[str, dict[Any, Any]] = {op: {} for op in ("param", "lit", "loop", "size")}
    loops = {f"l{node.attrs[0]}": node.attrs[0] for node in nodes if node.op == "loop"}

    def place(table: str, key: Any) -> int:
        return tables[table].setdefault(key, len(tables[table]))

    def size(s: Size) -> Size:
        return s if isinstance(s, int) else f"n{place('size', s)}"

    def index(i: Index) -> Index:
        return f"l{place('loop', loops[i])}" if i in loops else i

    def renumbered(node: Node) -> Node:
        shape = tuple(map(size, node.shape))
        attrs: tuple[Any, ...] = node.attrs
        if node.op in ("param", "lit"):
            attrs = (place(node.op, attrs if node.op == "param" else attrs[0]),)
        if node.op == "state":
            attrs = (place("loop", attrs[0]),)
        if node.op == "loop":
            attrs = (place("loop", attrs[0]), new[attrs[1]], size(attrs[2]))
        args = tuple(Ref(new[ref.node], tuple(map(index, ref.index))) for ref in node.args)
        return Node(node.op, shape, args, node.coefs, node.name, attrs)

    stack = [output]
    while stack:
        missing = [n for n in needs(nodes[stack[-1]]) if n not in new]
        if missing:
            stack.append(missing[0])
            continue
        fresh = renumbered(nodes[stack[-1]])
        new[stack.pop()] = made.setdefault(fresh, len(made))
    shapes = {node.attrs[0]: node.shape for node in made if node.op == "param"}
    graph = Graph(
        tuple(made),
        new[output],
        tuple(shapes.values()),
        tuple(literals[k] for k in tables["lit"]),
        tuple(k for attrs, k in tables["param"].items() if attrs[0] in families),
    )
    return graph, new, [*tables["param"]], {s: size(s) for s in tables["size"]}


def needs(node: Node) -> list[int]:
    """Return the numbers of the nodes that a node is computed from."""
    return [ref.node for ref in node.args] + list(node.attrs[1:2] * (node.op == "loop"))


def split(graph: Graph) -> Graph:
    """Return a flat graph, the entries of a param that are only ever selected now params.

    A selected entry of mul, add, fn or call is the same operation on entries of its arguments;
    entries of a free tensor at different positions are free tensors.
    """
    return independent(graph)[0]


def independent(graph: Graph) -> Canonical:
    """Return ``split`` as ``canonical`` does."""
    expect(all(node.op not in ("loop", "state") for node in graph.nodes), "split", "no loops")
    axes: dict[int, set[int]] = {}
    nodes = selected(graph, axes)
    for ref in (ref for node in nodes for ref in node.args if nodes[ref.node].op == "param"):
        numbers = {axis for axis, i in enumerate(ref.index) if isinstance(i, int)}
        k = nodes[ref.node].attrs[0]
        axes[k] = axes.get(k, numbers) & numbers
    return canonical(selected(graph, axes), 0, graph.literals)


def selected(graph: Graph, axes: Mapping[int, Collection[int]]) -> list[Node]:
    """Return nodes, the output first, with selections made at the leaves, of params at ``axes``."""
    todo: list[tuple[int, tuple[tuple[int, int], ...]]] = [(graph.output, ())]
    known, nodes = {todo[0]: 0}, []
    for number, fixed in todo:  # a node, and the positions that are selected on axes of it
        node, gone = graph.nodes[number], dict(fixed)
        left = [axis for axis in range(len(node.shape)) if axis not in gone]
        names: dict[Any, Any] = {f"i{axis}": f"i{k}" for k, axis in enumerate(left)}
        names |= {f"i{axis}": position for axis, position in fixed}
        args = []
        for ref in node.args:
            inner, index = graph.nodes[ref.node], [names.get(i, i) for i in ref.index]
            apart = axes.get(inner.attrs[0], ()) if inner.op == "param" else lead(inner)
            at = tuple((a, i) for a, i in enumerate(index) if a in apart and isinstance(i, int))
            if (ref.node, at) not in known:
                known[ref.node, at] = len(todo)
                todo.append((ref.node, at))
            rest = tuple(i for a, i in enumerate(index) if a not in dict(at))
            args.append(Ref(known[ref.node, at], rest))
        attrs = (*node.attrs, *fixed) if node.op == "param" else node.attrs
        shape = tuple(node.shape[axis] for axis in left)
        nodes.append(replace(node, shape=shape, args=tuple(args), attrs=attrs))
    return nodes


def lead(node: Node) -> range:
    """Return the axes at whose positions an operation computes apart."""
    new = node.attrs[1] if node.op == "call" else 0
    return range(len(node.shape) - new if node.op in ("mul", "add", "fn", "call") else 0)


def unfold(schema: Graph, rounds: Mapping[str, int] | int) -> Graph:
    """Return a well-formed graph with its loops written out, a family's params one for each round.

    ``rounds`` are numbers for the symbols that say how often loops repeat. Raises GraphError for a
    loop inside a loop, and where a family or a number of rounds is used in another way.
    """
    return written(schema, rounds)[0]


def written(schema: Graph, rounds: Mapping[str, int] | int) -> Canonical:
    """Return ``unfold`` as ``canonical`` does."""
    loops = {f"l{node.attrs[0]}": node.attrs for node in schema.nodes if node.op == "loop"}
    depends = inside(schema, loops)
    counts = {count for _, _, count in loops.values() if isinstance(count, str)}
    nodes: list[Node] = []
    at: dict[int, int] = {}

    def put(node: Node) -> int:
        expect(counts.isdisjoint(node.shape), "loop", "no number of rounds as a size")
        expect(len(nodes) < LARGEST, "loop", "fewer rounds")
        nodes.append(node)
        return len(nodes) - 1

    def entry(ref: Ref, turn: int | None) -> Ref:
        inner = schema.nodes[ref.node]
        if inner.op != "param" or inner.attrs[0] not in schema.families:
            return Ref(at[ref.node], ref.index)
        expect(ref.index[0] in loops, "loop", "a family at a round")
        return Ref(put(Node("param", inner.shape[1:], attrs=(*inner.attrs, turn))), ref.index[1:])

    def write(number: int, turn: int | None = None) -> int:
        node = schema.nodes[number]
        return put(replace(node, args=tuple(entry(ref, turn) for ref in node.args)))

    for number, node in enumerate(schema.nodes):
        if node.op == "loop":
            loop, step, count = node.attrs
            body = [n for n in range(number) if depends[n] == {f"l{loop}"}]
            state = at[node.args[0].node]
            if isinstance(count, str):
                count = rounds if isinstance(rounds, int) else rounds[count]
            for turn in range(min(count, LARGEST) if body else 1):
                for n in body:
                    at[n] = state if schema.nodes[n].op == "state" else write(n, turn)
                state = at[step]
            at[number] = state
        elif not depends[number] and not (node.op == "param" and node.attrs[0] in schema.families):
            at[number] = write(number)
    return canonical(nodes, at[schema.output], schema.literals)


def inside(schema: Graph, loops: Collection[str]) -> list[set[str]]:
    """Return for each node the loop, if there is one, on whose round it depends."""
    depends: list[set[str]] = []
    for node in schema.nodes:
        found = {f"l{node.attrs[0]}"} if node.op == "state" else set()
        for ref in node.args:
            found |= depends[ref.node] | {str(i) for i in ref.index if i in loops}
        if node.op == "loop":
            found = (found | depends[node.attrs[1]]) - {f"l{node.attrs[0]}"}
            expect(not found, "loop", "no loop inside of a loop")
        expect(len(found) < 2, "loop", "one round at a time")
        depends.append(found)
    return depends


def covers(
    schema: Graph, graph: Graph, sizes: Mapping[str, int] | None = None
) -> dict[str, int] | None:
    """Return the numbers of rounds at which a schema, unfolded, is a split flat graph, or None.

    They are the same at the ``sizes`` of the graph and some of the schema, or else at all sizes.

    >>> from fractions import Fraction
    >>> theta = Node("param", ("n1", "n0"), attrs=(0,))
    >>> terms = (Ref(2, ("i0",)), Ref(1, ("l0", "i0")))
    >>> step = Node("add", ("n0",), terms, (Fraction(1), Fraction(1)))
    >>> loop = Node("loop", ("n0",), (Ref(0, ("i0",)),), attrs=(0, 3, "n1"))
    >>> nodes = (Node("x", ("n0",)), theta, Node("state", ("n0",), attrs=(0,)), step, loop)
    >>> flat = unfold(Graph(nodes, 4, (theta.shape,), families=(0,)), 8)
    >>> covers(Graph(nodes, 4, (theta.shape,), families=(0,)), flat)
    {'n1': 8}
    """
    validate(schema)
    flat, _, _, symbols = independent(graph)
    numbers: dict[Size, Size] = {new: (sizes or {}).get(s, new) for s, new in symbols.items()}
    counts = {node.attrs[2] for node in schema.nodes if node.op == "loop"}
    names = sorted(count for count in counts if isinstance(count, str))
    once = dict.fromkeys(names, 1)
    least = len(unfold(schema, once).nodes)
    spare = len(flat.nodes) - least
    if spare < 0:
        return None
    growth = [len(unfold(schema, {**once, name: 2}).nodes) - least for name in names]
    sums = islice(product(*(range(spare // more + 1 if more > 0 else 1) for more in growth)), TRIES)
    fits = (extra for extra in sums if sum(map(mul, extra, growth)) == spare)
    for extra in islice(fits, UNFOLDED):
        rounds = {name: 1 + k for name, k in zip(names, extra, strict=True)}
        if alike(unfold(schema, rounds), flat, numbers):
            return rounds
    return None


def alike(general: Graph, graph: Graph, numbers: Mapping[Size, Size]) -> bool:
    """Return whether a graph, at these sizes, is the general one at some sizes."""
    bound: dict[Size, Size] = {}
    for one, other in zip(general.nodes, graph.nodes, strict=False):
        if replace(one, shape=()) != replace(other, shape=()) or len(one.shape) != len(other.shape):
            return False
        for size, number in zip(one.shape, other.shape, strict=True):
            number = numbers.get(number, number)
            if number != (size if isinstance(size, int) else bound.setdefault(size, number)):
                return False
    rest = [(len(g.nodes), g.output, g.literals) for g in (general, graph)]
    return rest[0] == rest[1]
