"""Counts of the entries that are equal to an extremum: whole numbers from 1 on.

The gradient of a maximum divides by such a count.
"""

from collections.abc import Sequence

from verify.trusted.graph import Node

EXTREMA = ("amax", "amin")


def counts_extrema(nodes: Sequence[Node], node: Node) -> bool:
    """Tell whether a node is sum_k [z_k = max z] (or min z), over all k that the max is over.

    Of z_k that are no numbers torch's gradient tells too: their terms, 0 times others, are dropped.
    """
    if node.op != "mul" or len(node.args) != 1 or node.coefs != (1,):
        return False
    (ref,) = node.args
    hits, lead = _without_zeros(nodes, nodes[ref.node]), len(node.shape)
    summed = ref.index[lead:]
    if ref.index[:lead] != node.out or not _names(summed, node.out):
        return False
    if hits.op != "fn" or hits.name != "iszero" or hits.args[0].index != hits.out:
        return False
    gap = nodes[hits.args[0].node]
    if gap.op != "add" or len(gap.args) != 2 or sorted(gap.coefs) != [-1, 1]:
        return False
    for z, top in (gap.args, gap.args[::-1]):
        call = nodes[top.node]
        if (
            (call.op == "call" and call.name in EXTREMA)
            and (z.index == gap.out and top.index == gap.out[:lead])
            and (call.attrs == (len(summed), 0) and len(call.shape) == lead)
            and len(call.args) == 1
            and (call.args[0].node == z.node and call.args[0].index[:lead] == call.out)
            and _names(call.args[0].index[lead:], call.out)
        ):
            return True
    return False


def _without_zeros(nodes: Sequence[Node], node: Node) -> Node:
    """Return the only term of a sum that is not 0 times something, as long as there is one."""
    while node.op == "add":
        terms = zip(node.args, node.coefs, strict=True)
        kept = [(ref, c) for ref, c in terms if not _vanishes(nodes, nodes[ref.node])]
        if len(kept) != 1 or kept[0][0].index != node.out or kept[0][1] != 1:
            break
        node = nodes[kept[0][0].node]
    return node


def _vanishes(nodes: Sequence[Node], node: Node, depth: int = 2) -> bool:
    """Tell whether a node is 0 times something, which has to be defined all the same."""
    if node.op != "mul" or not depth:
        return False
    factors = (nodes[ref.node] for ref in node.args)
    return not node.coefs[0] or any(_vanishes(nodes, n, depth - 1) for n in factors)


def _names(index: Sequence[int | str], out: Sequence[str]) -> bool:
    """Tell whether an index is of distinct names, none of them an output's."""
    names = [i for i in index if isinstance(i, str) and i not in out]
    return len(set(names)) == len(index)
