"""A constant matrix times a value that is itself a constant matrix times another: one matrix.

sum_t M[t, k] sum_s L[s, t] v[s] = sum_s (L M)[s, k] v[s], in exact arithmetic; and term by term in
a sum, where what does not have the axis t is multiplied by sum_t M[t, k].
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from verify.trusted.graph import Literal
from verify.trusted.values import Atom, Value

if TYPE_CHECKING:
    from verify.trusted.builder import Builder

Matrix = list[list[Fraction]]
ZERO = Fraction(0)


def applied(v: Value, dim: int, matrix: Matrix) -> Value:
    """Return sum_t v[.., t, ..] matrix[t, k], k in the place of t, for an axis of one atom."""
    (atom,) = v.axes[dim]
    atom.size.pin()
    new = Atom(type(atom.size)(len(matrix[0])))
    new.size.pin()
    axes = (*v.axes[:dim], (new,), *v.axes[dim + 1 :])
    return inside(v.b, v.node, v.index, axes, atom, new, matrix)


def inside(
    b: "Builder", node: int, index: Any, axes: Any, atom: Atom, new: Atom, matrix: Matrix
) -> Value:
    """Return ``applied`` of a node at an index."""
    op, _, args, coefs, *_ = b.nodes[node]
    names: dict[Any, Any] = {f"i{k}": i for k, i in enumerate(index)}
    if atom not in index or index.count(atom) > 1:
        return multiplied(b, [(node, index)], axes, atom, new, matrix)
    if op == "add":
        parts = []
        for q, (inner, places) in zip(coefs, args, strict=True):
            at = tuple(names.get(i, i) for i in places)
            parts.append((q, inside(b, inner, at, axes, atom, new, matrix)))
        return b.linear(*parts)
    if op != "mul":
        return multiplied(b, [(node, index)], axes, atom, new, matrix)
    q, factors = b.opened(node, index)
    mine = [ref for ref in factors if atom in ref[1]]
    others = [ref for ref in factors if ref not in mine]
    if len(mine) != 1 or len(factors) > 2 or b.nodes[mine[0][0]][0] != "lit":
        return multiplied(b, [(node, index)], axes, atom, new, matrix)
    table, bound = b.literal(mine[0][0]), [i for i in mine[0][1] if i is not atom]
    (s,) = bound if len(bound) == 1 and len(mine[0][1]) == 2 else (0,)
    met = others[0][1] if others else ()
    if not isinstance(s, Atom) or s in index or met.count(s) != 1 or {*met} - {s} - {*index}:
        return multiplied(b, [(node, index)], axes, atom, new, matrix)
    first = mine[0][1][0] is atom
    rows, columns = table.shape
    size, by_t, by_s = (columns, columns, 1) if first else (rows, 1, columns)
    less = [
        [
            q
            * sum((table.data[t * by_t + k * by_s] * row[n] for t, row in enumerate(matrix)), ZERO)
            for n in range(len(matrix[0]))
        ]
        for k in range(size)
    ]
    return inside(b, *others[0], axes, s, new, less)


def multiplied(
    b: "Builder", refs: Sequence[Any], axes: Any, atom: Atom, new: Atom, matrix: Matrix
) -> Value:
    """Return sum_t matrix[t, k] times a product."""
    used = any(atom in index for _, index in refs)
    if not used:
        matrix = [[sum(column, ZERO) for column in zip(*matrix, strict=True)]]
    data = [q for row in matrix for q in row]
    if len({*data}) == 1 and not data[0]:
        return b.value(0).lay(axes)
    shape = (len(matrix), len(matrix[0])) if used else (len(matrix[0]),)
    where = [(n, a) for n, a in zip(shape, (atom, new) if used else (new,), strict=True) if n > 1]
    literal = Literal(tuple(n for n, _ in where), tuple(data))
    table = b.leaf("lit", literal.shape, b.literals.setdefault(literal, len(b.literals)))
    for axis, (_, a) in zip(table.axes, where, strict=True):
        a.size.unify(axis[0].size)
    return b.multiply(Fraction(1), [*refs, (table.node, tuple(a for _, a in where))], axes)
