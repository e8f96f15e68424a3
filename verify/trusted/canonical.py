"""Nodes in canonical order, numbered and named by the way to them from the output alone.

And tables, of which those that differ by the order of their axes are one.
"""

from collections.abc import Sequence
from itertools import chain, groupby, islice, permutations, product
from typing import Any

from torch import Tensor

from verify.trusted.graph import Graph, Literal, Node, Ref

ORDERS = 24  # of axes of one size that are compared


def canonical(
    nodes: Sequence[Node], output: int, literals: Sequence[Literal], params: Sequence[Any]
) -> tuple[Graph, dict[int, int], list[int], dict[str, str]]:
    """Return the live part in canonical order; new numbers of nodes; params kept; new symbols."""
    new: dict[int, int] = {}
    made: dict[Node, int] = {}
    tables: dict[str, list[int]] = {"param": [], "lit": []}
    symbols: dict[str, str] = {}
    stack = [output]
    while stack:
        node = nodes[stack[-1]]
        missing = [ref.node for ref in node.args if ref.node not in new]
        if missing:
            stack.append(missing[0])
            continue
        fresh = renumbered(node, new, tables, symbols)
        new[stack.pop()] = made.setdefault(fresh, len(made))
    given: dict[Any, Any] = dict(symbols)
    shapes = [tuple(given.get(s, s) for s in params[k]) for k in tables["param"]]
    kept = [literals[k] for k in tables["lit"]]
    graph = Graph(tuple(made), new[output], tuple(shapes), tuple(kept))
    return graph, new, tables["param"], symbols


def renumbered(
    node: Node, new: dict[int, int], tables: dict[str, list[int]], symbols: dict[str, str]
) -> Node:
    """Return a node with the numbers of a canonical graph, which grows by what is met first."""
    attrs = node.attrs
    if node.op in tables:
        table = tables[node.op]
        table.extend([attrs[0]] if attrs[0] not in table else [])
        attrs = (table.index(attrs[0]),)
    shape = tuple(
        s if isinstance(s, int) else symbols.setdefault(s, f"n{len(symbols)}") for s in node.shape
    )
    args = tuple(Ref(new[ref.node], ref.index) for ref in node.args)
    return Node(node.op, shape, args, node.coefs, node.name, attrs)


def turned(t: Tensor) -> tuple[list[int], Any]:
    """Return an order of a table's axes, and a key: tables of one key are equal in their orders.

    So a table of three axes or more is one constant whatever their order is, as in a reshape of the
    input and in that of the output.
    """
    axes = sorted(range(t.ndim), key=lambda k: t.shape[k])
    alike = [[*group] for _, group in groupby(axes, key=lambda k: t.shape[k])]
    many = product(*map(permutations, alike)) if t.ndim > 2 else [(range(t.ndim),)]
    orders = [[*chain.from_iterable(parts)] for parts in islice(many, ORDERS)]
    texts = [t.permute(order).contiguous().numpy().tobytes() for order in orders]
    text, order = min(zip(texts, orders, strict=True))
    return order, (t.dtype, tuple(t.shape[k] for k in order), text)
