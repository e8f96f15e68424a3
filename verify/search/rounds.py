"""A loop that adds up, z + g(1) + .. + g(L), as a sum over an axis of rounds."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from verify.search.workbench import Workbench
from verify.trusted.graph import Index, Node, Ref, Size


def summed_over_rounds(bench: Workbench, number: int) -> int:
    """Return a node equal to the given one, its loops that only add to their state now sums."""
    made: dict[int, int] = {}
    for n in bench.below(number):
        node = bench.nodes[n]
        args = tuple(Ref(made[ref.node], ref.index) for ref in node.args)
        node = replace(node, args=args)
        summed = total(bench, node) if node.op == "loop" else None
        made[n] = bench.make(node) if summed is None else summed
    return made[number]


def total(bench: Workbench, loop: Node) -> int | None:
    """Return z_0 + sum_l g(l) for the step z + g(l), None for another step."""
    number, step, rounds = loop.attrs
    node = bench.nodes[step]
    terms = [*zip(node.coefs, node.args, strict=False)]
    states = [
        (q, ref) for q, ref in terms if q == 1 and ref.index == node.out
        and bench.nodes[ref.node].op == "state"
    ]  # fmt: skip
    if node.op != "add" or len(states) != 1:
        return None
    rest = [term for term in terms if term != states[0]]
    if any("state" in bench.reach[ref.node] for _, ref in rest):
        return None
    refs = lifted(bench, [ref for _, ref in rest], f"l{number}", rounds, {})
    each = bench.make(
        replace(node, shape=(rounds, *node.shape), args=refs, coefs=tuple(q for q, _ in rest))
    )
    summed = bench.mul(node.shape, [Ref(each, ("j0", *node.out))])
    return bench.add(node.shape, [(1, loop.args[0]), (Fraction(1), bench.whole(summed))])


def lifted(
    bench: Workbench, refs: Sequence[Ref], name: str, rounds: Size, made: dict[int, int]
) -> tuple[Ref, ...]:
    """Return references of a node in a loop's step for the same node with a first axis of rounds.

    ``made``: the nodes that change with the round, with this axis.
    """
    moved = []
    for ref in refs:
        node = bench.nodes[ref.node]
        index = tuple(shifted(i, name) for i in ref.index)
        inside = lifted(bench, node.args, name, rounds, made)
        if any("i0" in arg.index for arg in inside):
            made[ref.node] = bench.make(replace(node, shape=(rounds, *node.shape), args=inside))
            index = ("i0", *index)
        moved.append(Ref(made.get(ref.node, ref.node), index))
    return tuple(moved)


def shifted(index: Index, name: str) -> Index:
    """Return an index of a node for the node with one more axis: the loop's name is that axis."""
    if index == name:
        return "i0"
    axis = isinstance(index, str) and index.startswith("i") and index[1:].isdigit()
    return f"i{int(str(index)[1:]) + 1}" if axis else index
