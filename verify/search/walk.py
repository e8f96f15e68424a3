"""The order in which the nodes of a graph are computed: straight on, in loops round by round."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from verify.trusted.graph import GraphError, Index, Node, Ref, Size


@dataclass
class Walk:
    """The values of the nodes so far, the rounds of the loops and their states.

    ``compute(node, walk)`` gives the value of a node, of any type, from ``walk.values``.
    """

    nodes: Sequence[Node]
    sizes: Mapping[str, int]
    compute: Callable[[Node, "Walk"], Any]
    values: list[Any] = field(default_factory=list)
    rounds: dict[int, int] = field(default_factory=dict)
    states: dict[int, Any] = field(default_factory=dict)
    free: list[frozenset[int]] = field(default_factory=list)

    def run(self) -> list[Any]:
        """Return the values of all nodes; those inside a loop are of its last round."""
        self.values = [None] * len(self.nodes)
        self.free = _free(self.nodes)
        self._round(None)
        return self.values

    def size(self, size: Size) -> int:
        """Return a size as a number; raises GraphError for a symbol without a value."""
        if isinstance(size, int):
            return size
        if size not in self.sizes:
            raise GraphError(f"size {size} has no value")
        return self.sizes[size]

    def shape(self, node: Node) -> tuple[int, ...]:
        """Return the shape of a node in numbers."""
        return tuple(self.size(size) for size in node.shape)

    def index(self, ref: Ref) -> tuple[Index, ...]:
        """Return the index of a reference with the rounds of the loops in it."""
        if not self.rounds:
            return ref.index
        names = {f"l{loop}": number for loop, number in self.rounds.items()}
        return tuple(names.get(name, name) if isinstance(name, str) else name for name in ref.index)

    def _round(self, loop: int | None) -> None:
        for number, node in enumerate(self.nodes):
            free = self.free[number]
            if free <= self.rounds.keys() and (loop is None or loop in free):
                self.values[number] = self._value(node)

    def _value(self, node: Node) -> Any:
        if node.op == "state":
            return self.states[node.attrs[0]]
        if node.op != "loop":
            return self.compute(node, self)
        loop, step, length = node.attrs
        start = Node("mul", node.shape, node.args, (Fraction(1),))
        state = self.compute(start, self)
        for number in range(self.size(length)):
            self.rounds[loop], self.states[loop] = number, state
            self._round(loop)
            state = self.values[step]
        self.rounds.pop(loop, None)
        self.states.pop(loop, None)
        return state


def _free(nodes: Sequence[Node]) -> list[frozenset[int]]:
    """Return for each node the loops in whose rounds it changes."""
    free: list[frozenset[int]] = []
    for node in nodes:
        ids = {int(str(name)[1:]) for ref in node.args for name in ref.index if _is_round(name)}
        for ref in node.args:
            ids |= free[ref.node]
        if node.op == "state":
            ids.add(node.attrs[0])
        if node.op == "loop":
            ids = (ids | free[node.attrs[1]]) - {node.attrs[0]}
        free.append(frozenset(ids))
    return free


def _is_round(name: Index) -> bool:
    return isinstance(name, str) and name.startswith("l") and name[1:].isdigit()
