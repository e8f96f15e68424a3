"""What the graph alone says of nodes: what they are functions of, and where they are affine."""

from itertools import product
from typing import Any

from verify.trusted.faces import Faces
from verify.trusted.graph import Ref


class Structure(Faces):
    """What is seen of nodes without their signs."""

    def excluded(self, number: int) -> bool:
        """Return whether the graph has a parameter-only operation, the claim its exclusions."""
        node = self.nodes[number]
        if "param" not in self.reach[number] or self.varies(number) or number in self.guarded:
            return False
        if self.cut is not None and self.cut in self.below(number):  # a variable, of any value
            return False
        first = len(self.graph.nodes)
        return number < first or any(
            other.name == node.name and not self.varies(n) and self.value(n) is self.value(number)
            for n, other in enumerate(self.nodes[:first])
            if n not in self.guarded and other.shape == node.shape
        )

    def rows_are_not_zero(self, k: int, matrix: Ref, out: tuple[str, ...]) -> bool:
        """Return whether a constant has an entry other than 0 at each place of the output."""
        literal = self.graph.literals[k]
        axes = [axis for axis, i in enumerate(matrix.index) if i in out]
        rows: dict[Any, bool] = {}
        for place, q in zip(product(*map(range, literal.shape)), literal.data, strict=True):
            row = tuple(place[axis] for axis in axes)
            rows[row] = rows.get(row, False) or q != 0
        return all(rows.values())

    def through(self, number: int, w: int, head: str) -> bool:
        """Return whether a node depends on a variable, and on a loop's state, through w only."""
        found, new = {number, w}, [number]
        while new:
            node = self.nodes[new.pop()]
            leaf = f"var {node.attrs[0]}" if node.op == "var" else node.op
            if leaf in ("state", head):
                return False
            for n in [ref.node for ref in node.args] + list(node.attrs[1:2] * (node.op == "loop")):
                if n not in found:
                    found.add(n)
                    new.append(n)
        return True

    def affine(self, number: int) -> bool:
        """Return whether a node is affine in x and in variables by its form."""
        node = self.nodes[number]
        if not self.varies(number) or node.op in ("x", "var"):
            return True
        if number in self.opaque:  # its formal derivative may be another one at a point
            return False
        moving = [ref.node for ref in node.args if self.varies(ref.node)]
        if node.op not in ("mul", "add") or (node.op == "mul" and len(moving) > 1):
            return False
        return all(self.affine(n) for n in moving)

    def is_named(self, number: int) -> bool:
        """Return whether a node is read as a name (primitives.py)."""
        return number in self.opaque and self.cut is None

    def outside(self, number: int) -> list[int]:
        """Return the nodes below, in place of what is inside of named functions their arguments.

        What is read as a variable takes any values, whatever it is a function of.
        """
        found, new = {number}, [number]
        while new:
            n = new.pop()
            node = self.nodes[n]
            inner = {ref.node for ref in node.args} | {*node.attrs[1:2] * (node.op == "loop")}
            inner = {self.opaque[n][1]} if self.is_named(n) else inner
            inner = set[int]() if n == self.cut else inner
            new += inner - found
            found |= inner
        return sorted(found)
