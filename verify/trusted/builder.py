"""Values while a module is read: entries of graph nodes, laid out along the axes of a torch tensor.

A torch axis is a tuple of atoms, its factors in row-major order: none for size 1, several where
axes were merged by a view. An atom is the batch or an axis of the node that the value indexes by
it; an atom that the value does not index by is a broadcast. Samples cannot meet: no node has the
batch for an axis, a value that depends on x has the batch in exactly one place, and to index by it,
to split it or to sum over it raises.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Self

import torch
from torch import Tensor
from torch.fx.experimental.symbolic_shapes import free_unbacked_symbols

from verify.trusted.graph import Graph, Literal, Node, Ref

LARGEST = 1 << 22  # entries of a constant

Extent = tuple[int, bool]  # a size, and whether it is to be multiplied by the number of samples


class TraceError(ValueError):
    """What stands in the way of a reading: its kind, what it is, and the user's "file:line"."""

    def __init__(self, kind: str, detail: str, source: str = "") -> None:
        super().__init__(f"{kind}: {detail}" + (f" ({source})" if source else ""))
        self.kind, self.detail, self.source = kind, detail, source


def mixing(what: str) -> TraceError:
    return TraceError("not a sample map", what)


def unreadable(what: str) -> TraceError:
    return TraceError("not readable", what)


class Size:
    """The size of an axis: a number, which stands for every size unless it is pinned."""

    def __init__(self, value: int) -> None:
        self.value, self.pinned, self.parent = value, False, self

    def root(self) -> "Size":
        return self if self.parent is self else self.parent.root()

    def pin(self) -> int:
        self.root().pinned = True
        return self.value

    def unify(self, other: "Size") -> None:
        a, b = self.root(), other.root()
        if a.value != b.value:
            raise unreadable(f"sizes {a.value} and {b.value} where one is needed")
        a.pinned, b.parent = a.pinned or b.pinned, a


class Atom:
    """A factor of a torch axis: a size, once for each sample if ``batch``."""

    def __init__(self, size: Size, batch: bool = False) -> None:
        self.size, self.batch = size, batch

    @property
    def extent(self) -> Extent:
        return self.size.value, self.batch


Axis = tuple[Atom, ...]
Index = tuple[Atom | int, ...]


def axis_of(extent: Extent) -> Axis:
    """Return an axis of that size that no value indexes by."""
    return () if extent == (1, False) else (Atom(Size(extent[0]), extent[1]),)


def divides(a: Extent, b: Extent) -> bool:
    return b[0] % a[0] == 0 and a[1] <= b[1]


def quotient(b: Extent, a: Extent) -> Extent:
    return b[0] // a[0], b[1] and not a[1]


def refine(a: list[Extent], b: list[Extent]) -> list[Extent]:
    """Return the coarsest factors that two ways to factor an axis have in common."""
    out = []
    while a and b:
        (p, *a), (q, *b) = a, b
        if divides(q, p):
            p, q, a, b = q, p, b, a
        if not divides(p, q):
            mixed = any(extent[1] for extent in (p, q, *a, *b))
            raise (mixing if mixed else unreadable)("axes that were merged in different ways meet")
        out.append(p)
        b = b if p == q else [quotient(q, p), *b]
    return [*out, *a, *b]


def one_hot(positions: Tensor, size: int) -> Tensor:
    """Return the tensor with 1 at [k, *p] where positions[*p] == k."""
    if size * positions.numel() > LARGEST:
        raise unreadable(f"a rearrangement of {size} entries into {positions.numel()}")
    return (torch.arange(size).view(-1, *[1] * positions.ndim) == positions).long()


def letters(ndim: int) -> str:
    return "".join(chr(97 + k) for k in range(ndim))


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor of the traced program: ``node`` indexed by atoms and numbers, along ``axes``."""

    b: "Builder"
    node: int
    index: Index
    axes: tuple[Axis, ...]
    span: tuple[float, float] = (-math.inf, math.inf)  # kept for whole numbers

    def __post_init__(self) -> None:
        batches = sum(atom.batch for axis in self.axes for atom in axis)
        if batches > 1 or (self.b.depends[self.node] and batches < self.b.batched):
            raise mixing("an operation combines samples")

    @property
    def ndim(self) -> int:
        return len(self.axes)

    @property
    def extents(self) -> list[Extent]:
        return [self.extent(d) for d in range(self.ndim)]

    def extent(self, dim: int) -> Extent:
        extents = [atom.extent for atom in self.axes[dim]]
        return math.prod(e[0] for e in extents), any(e[1] for e in extents)

    def size(self, dim: int) -> int:
        """Return the size of an axis as a number, which pins it."""
        if self.extent(dim)[1]:
            raise mixing("an operation along the samples, or their number in a value")
        return math.prod(atom.size.pin() for atom in self.axes[dim])

    def uses(self, dim: int) -> bool:
        return any(atom in self.index for atom in self.axes[dim])

    def lay(self, axes: Iterable[Axis]) -> Self:
        return replace(self, axes=tuple(axes))

    def put(self, dim: int, *axes: Axis, gone: int = 1) -> Self:
        """Return the value with other axes in the place of one, or of none."""
        return self.lay((*self.axes[:dim], *axes, *self.axes[dim + gone :]))

    def permute(self, order: Iterable[int]) -> Self:
        return self.lay(self.axes[d] for d in order)

    def rename(self, new: dict[Atom, Axis]) -> Self:
        """Return the value with atoms in place of atoms, several for one it does not index by."""
        index = tuple(new[i][0] if isinstance(i, Atom) and i in new else i for i in self.index)
        axes = tuple(tuple(n for a in axis for n in new.get(a, (a,))) for axis in self.axes)
        return replace(self, index=index, axes=axes)

    def split(self, atom: Atom, extents: list[Extent]) -> "Value":
        """Return the value with an atom split into factors."""
        parts = tuple(part for extent in extents for part in axis_of(extent))
        if atom not in self.index:
            return self.rename({atom: parts})
        sizes = [extent[0] for extent in extents]
        count = math.prod(sizes)
        table = self.b.value(one_hot(torch.arange(count).reshape(sizes), count))
        whole, *parts = (a for axis in table.axes for a in axis)
        atom.size.unify(whole.size)
        refs = [(self.node, self.index), (table.node, table.rename({whole: (atom,)}).index)]
        axes = [tuple(n for a in x for n in (parts if a is atom else (a,))) for x in self.axes]
        return self.b.multiply(Fraction(1), refs, tuple(axes))

    def remap(self, dim: int, matrix: Tensor) -> "Value":
        """Return sum_k v[.., k, ..] matrix[k, new..], the new axes in the place of the old."""
        parts, new = self.axes[dim], letters(matrix.ndim - 1).upper()
        table = matrix.reshape(*(a.size.value for a in parts), *matrix.shape[1:])
        old, inner = letters(self.ndim), "".join(chr(913 + k) for k in range(len(parts)))
        mine, out = (old[:dim] + word + old[dim + 1 :] for word in (inner, new))
        return self.b.einsum(
            f"{mine},{inner}{new}->{out}", self.put(dim, *((a,) for a in parts)), table
        )

    def take(self, dim: int, positions: Tensor) -> "Value":
        """Return the entries at these positions of an axis, their axes in the place of the old."""
        if not self.uses(dim):
            return self.put(dim, *(axis_of((n, False)) for n in positions.shape))
        positions = positions % self.size(dim)
        if positions.numel() > 1 or len(self.axes[dim]) > 1:
            return self.remap(dim, one_hot(positions, self.size(dim)))
        at, index = self.axes[dim][0], int(positions)
        out = self.put(dim, *[()] * positions.ndim)
        return replace(out, index=tuple(index if i is at else i for i in self.index))

    def view(self, extents: Sequence[Extent]) -> "Value":
        """Return the value laid out anew, in row-major order."""
        v, axes, rest = self, [], [a for axis in self.axes for a in axis]
        for need in extents:
            axis: list[Atom] = []
            while need != (1, False):
                if not rest:
                    raise unreadable("a reshape to another number of entries")
                extent = rest[0].extent
                if divides(extent, need):
                    axis.append(rest.pop(0))
                    need = quotient(need, extent)
                elif divides(need, extent):
                    done = sum(len(a) for a in axes) + len(axis)
                    v = v.split(rest[0], [need, quotient(extent, need)])
                    rest = [a for x in v.axes for a in x][done:]
                else:
                    return self.reshuffle(extents)
            axes.append(tuple(axis))
        atoms = iter(a for axis in v.axes for a in axis)
        return v.lay(tuple(next(atoms) for _ in axis) for axis in axes)

    def reshuffle(self, extents: Sequence[Extent]) -> "Value":
        """Return a view whose axes divide none of the old: merge all but the batch, and split."""
        flat = [a for axis in self.axes for a in axis]
        lead = bool(flat) and flat[0].extent == (1, True) == extents[0]
        if any(a.batch for a in flat[lead:]) or any(e[1] for e in extents[lead:]):
            raise mixing("a reshape moves entries between samples")
        sizes = [extent[0] for extent in extents[lead:]]
        merged = self.lay((tuple(flat[:lead]), tuple(flat[lead:])))
        out = merged.remap(
            1, one_hot(torch.arange(math.prod(sizes)).reshape(sizes), merged.size(1))
        )
        return out if lead else out.lay(out.axes[1:])

    def __add__(self, other: Any) -> "Value":
        return self.b.linear((1, self), (1, other))

    def __sub__(self, other: Any) -> "Value":
        return self.b.linear((1, self), (-1, other))

    def __rsub__(self, other: Any) -> "Value":
        return self.b.linear((1, other), (-1, self))

    def __neg__(self) -> "Value":
        return self.b.product(-1, self)

    def __mul__(self, other: Any) -> "Value":
        return self.b.product(self, other)

    def __truediv__(self, other: Any) -> "Value":
        q = self.b.number(other)
        if q is None:
            return self * self.b.fn("inv", other)
        if q == 0:
            raise unreadable("a division by zero")
        return self * self.b.value(1 / q).lay(self.b.value(other).axes)

    __radd__, __rmul__ = __add__, __mul__


PIECES: dict[str, Callable[[Fraction], Fraction]] = {
    "relu": lambda q: max(q, Fraction(0)),
    "step": lambda q: Fraction(q > 0),
    "iszero": lambda q: Fraction(q == 0),
    "floor": lambda q: Fraction(math.floor(q)),
    "round": lambda q: Fraction(round(q)),
}


class Builder:
    """The nodes of a graph in the making: each is there once."""

    def __init__(self, batched: bool) -> None:
        self.batched = batched
        self.nodes: list[tuple[str, tuple[Size, ...], Any, Any, str, Any]] = []
        self.depends: list[bool] = []  # whether a node depends on x
        self.sources: list[str] = []
        self.known: dict[Any, int] = {}
        self.literals: dict[Literal, int] = {}
        self.source = ""
        self.now: Any = None  # the operation that is read, of which shapes and dtypes are used

    def extents(self, result: int | None = None) -> list[Extent]:
        """Return the shape of the result, or of one of the results, of the operation that is read."""
        val = self.now.meta["val"]
        return [extent_of(size) for size in (val if result is None else val[result]).shape]

    def make(self, op: str, axes: Iterable[Axis], used: Sequence[Atom], refs: Sequence[tuple[int, Index]] = (),
             coefs: Sequence[Any] = (), name: str = "", attrs: Sequence[Any] = ()) -> Value:  # fmt: skip
        """Return the value of a node whose output is indexed by ``used``; other atoms are bound."""
        names: dict[Any, Any] = {a: f"i{k}" for k, a in enumerate(used)}
        for a in (a for _, index in refs for a in index if isinstance(a, Atom)):
            names.setdefault(a, f"j{len(names) - len(used)}")
        args = tuple((node, tuple(names.get(i, i) for i in index)) for node, index in refs)
        bare = {i for _, index in args for i in index}.issuperset(f"i{k}" for k in range(len(used)))
        free = () if bare or op in ("x", "param", "lit") else tuple(id(a.size.root()) for a in used)
        key = (op, args, tuple(coefs), name, tuple(attrs), free)
        shape = tuple(a.size for a in used)
        if key not in self.known:
            self.known[key] = len(self.nodes)
            self.nodes.append((op, shape, args, tuple(coefs), name, tuple(attrs)))
            self.depends.append(op == "x" or any(self.depends[node] for node, _ in args))
            self.sources.append(self.source)
        node = self.known[key]
        for mine, other in zip(shape, self.nodes[node][1], strict=True):
            mine.unify(other)
        return Value(self, node, tuple(used), tuple(axes))

    def leaf(self, op: str, shape: Iterable[int], *attrs: int) -> Value:
        """Return a node without arguments."""
        axes = [axis_of((n, False)) for n in shape]
        return self.make(op, axes, [a for axis in axes for a in axis], attrs=attrs)

    def number(self, value: Any) -> Fraction | None:
        """Return the number that a value is everywhere, if it is one."""
        if isinstance(value, Tensor):
            value = self.value(value)
        if isinstance(value, Value):
            op, _, args, coefs, *_ = self.nodes[value.node]
            return coefs[0] if op == "mul" and not args else None
        if not isinstance(value, int | float | Fraction) or not math.isfinite(value):
            raise unreadable(f"the number {value!r}")
        return Fraction(value)

    def value(self, t: Any) -> Value:
        """Return a constant as a value: one number, the identity, or an exact literal."""
        if isinstance(t, Value):
            return t
        if not isinstance(t, Tensor):
            return self.make("mul", (), (), coefs=(self.number(t),))
        odd = t.dtype.is_complex or t.dtype in (torch.float16, torch.bfloat16)
        if odd or t.layout != torch.strided or not 0 < t.numel() <= LARGEST or t.requires_grad:
            raise unreadable(f"a constant of shape {tuple(t.shape)}, {t.dtype}, {t.layout}")
        first = t.flatten()[0]
        if bool((t == first).all()):
            same = self.value(first.item()).lay(axis_of((n, False)) for n in t.shape)
            return replace(same, span=(first.item(), first.item()))
        if not torch.isfinite(t).all():
            raise unreadable("a constant that is not finite")
        if t.ndim == 2 and t.shape[0] == t.shape[1] and torch.equal(t, torch.eye(len(t)).to(t)):
            out = self.leaf("eye", t.shape)
            out.axes[0][0].size.unify(out.axes[1][0].size)
            return replace(out, span=(0, 1))
        literal = Literal(
            tuple(n for n in t.shape if n > 1), tuple(map(Fraction, t.flatten().tolist()))
        )
        out = self.leaf("lit", t.shape, self.literals.setdefault(literal, len(self.literals)))
        for d in range(out.ndim):
            out.size(d)
        return replace(out, span=(t.min().item(), t.max().item()))

    def align(
        self, values: Sequence[Any], specs: Sequence[Sequence[Any]]
    ) -> tuple[list[Value], dict[Any, Axis]]:
        """Return values whose axes of the same letter have the same atoms or none, and those."""
        out = [self.value(v) for v in values]
        out = [v.rename({a: (Atom(a.size, a.batch),) for x in v.axes for a in x}) for v in out]
        axes: dict[Any, Axis] = {}
        for letter in dict.fromkeys(c for spec in specs for c in spec):
            places = [(k, spec.index(letter)) for k, spec in enumerate(specs) if letter in spec]
            places = [(k, d) for k, d in places if out[k].axes[d]]
            extents: list[Extent] = []
            for k, d in places:
                extents = refine(extents, [a.extent for a in out[k].axes[d]])
            axes[letter] = ()
            for k, d in places:
                rest = list(extents)
                for atom in out[k].axes[d]:
                    parts, need = [], atom.extent
                    while need != (1, False):
                        parts.append(rest.pop(0))
                        need = quotient(need, parts[-1])
                    out[k] = out[k] if len(parts) == 1 else out[k].split(atom, parts)
                mine = out[k].axes[d]
                axes[letter] = axes[letter] or mine
                for a, b in zip(axes[letter], mine, strict=True):
                    a.size.unify(b.size)
                pairs = zip(axes[letter], mine, strict=True)
                out[k] = out[k].rename({b: (a,) for a, b in pairs})
        return out, axes

    def broadcast(self, values: Sequence[Any]) -> tuple[list[Value], tuple[Axis, ...], list[Atom]]:
        """Return values aligned as torch broadcasts them, axes and indices of the result."""
        ndims = [self.value(v).ndim for v in values]
        out, axes = self.align(values, [range(-n, 0) for n in ndims])
        order = tuple(axes[d] for d in range(-max(ndims), 0))
        return out, order, [a for axis in order for a in axis if any(a in v.index for v in out)]

    def fn(self, name: str, *values: Any) -> Value:
        """Return an elementwise function."""
        out, axes, used = self.broadcast(values)
        q = self.number(out[0])
        if q is not None and name in PIECES:
            return self.value(PIECES[name](q)).lay(axes)
        if q is not None and name == "where":
            return out[1 if q else 2].lay(axes)
        return self.make("fn", axes, used, [(v.node, v.index) for v in out], name=name)

    def linear(self, *terms: tuple[Any, Any]) -> Value:
        """Return a linear combination."""
        out, axes, used = self.broadcast([v for _, v in terms])
        refs, coefs, constant = [], [], Fraction(0)
        for (q, _), v in zip(terms, out, strict=True):
            c, inside = self.opened(v.node, v.index)
            if self.number(v) is not None:
                constant += q * c
            else:
                refs.append(inside[0] if self.scaled(v.node) else (v.node, v.index))
                coefs.append(q * c if self.scaled(v.node) else Fraction(q))
        if not refs or (len(refs) == 1 and not constant):
            return self.multiply(coefs[0] if refs else constant, refs, axes)
        pairs = sorted(zip(refs, coefs, strict=True), key=lambda pair: self.rank(pair[0]))
        pairs += [((self.value(constant).node, ()), Fraction(1))] if constant else []
        return self.make("add", axes, used, *zip(*pairs, strict=True))

    def scaled(self, node: int) -> bool:
        """Return whether a node is a number times an entry of another node."""
        op, _, args, *_ = self.nodes[node]
        return op == "mul" and len(args) == 1 and not any(str(i)[0] == "j" for i in args[0][1])

    def opened(self, node: int, index: Index) -> tuple[Fraction, list[tuple[int, Index]]]:
        """Return a product's number and factors, or 1 and the node."""
        op, _, args, coefs, *_ = self.nodes[node]
        if op != "mul":
            return Fraction(1), [(node, index)]
        names: dict[Any, Any] = {f"i{k}": i for k, i in enumerate(index)}
        for inner, places in args:
            for i, size in zip(places, self.nodes[inner][1], strict=True):
                names.setdefault(i, Atom(size) if isinstance(i, str) else i)
        return coefs[0], [(inner, tuple(names[i] for i in places)) for inner, places in args]

    def multiply(
        self, q: Fraction, refs: Sequence[tuple[int, Index]], axes: tuple[Axis, ...]
    ) -> Value:
        """Return q times a product, summed over the atoms that are not in the axes."""
        factors: list[tuple[int, Index]] = []
        for node, index in refs:
            c, inside = self.opened(node, index)
            plain = self.scaled(node) or not inside
            q, factors = q * c if plain else q, factors + (inside if plain else [(node, index)])
        kept = [a for axis in axes for a in axis]
        if (
            q == 1
            and len(factors) == 1
            and all(isinstance(i, int) or i in kept for i in factors[0][1])
        ):
            return Value(self, *factors[0], axes)
        used = [a for a in kept if any(a in index for _, index in factors)]
        return self.make("mul", axes, used, sorted(factors, key=self.rank), (q,))

    def rank(self, ref: tuple[int, Index]) -> Any:
        """Return by what the arguments of sums and products are ordered, where it tells them apart."""
        op, shape, _, _, name, _ = self.nodes[ref[0]]
        return self.depends[ref[0]], op, name, len(shape)

    def product(self, *values: Any) -> Value:
        """Return an elementwise product."""
        out, axes, _ = self.broadcast(values)
        return self.multiply(Fraction(1), [(v.node, v.index) for v in out], axes)

    def einsum(self, spec: str, *values: Any, q: Any = 1) -> Value:
        """Return q times a sum of products as torch.einsum spells it; size 1 broadcasts."""
        inputs, result = spec.split("->")
        out, axes = self.align(values, inputs.split(","))
        refs, q = [(v.node, v.index) for v in out], Fraction(q)
        gone = [a for letter, axis in axes.items() if letter not in result for a in axis]
        if len(refs) == 1 and gone:
            c, refs = self.opened(*refs[0])
            q *= c
        if any(a.batch for a in gone):
            # A potential is summed over the samples before its gradient is taken; leave it per sample.
            self.multiply(q, refs, tuple(x for k, x in axes.items() if k in result or x[0].batch))
            raise mixing("a sum over the samples")
        for atom in gone:
            q *= 1 if any(atom in index for _, index in refs) else atom.size.pin()
        return self.multiply(q, refs, tuple(axes[letter] for letter in result))

    def solid(self, v: Value) -> Value:
        """Return a value as a node of its own, with axes in the order of the value's."""
        used = [a for axis in v.axes for a in axis if a in v.index]
        return self.make("mul", v.axes, used, [(v.node, v.index)], (Fraction(1),))

    def total(self, v: Value, dims: Sequence[int], keep: bool = False, q: Any = 1) -> Value:
        """Return q times the sum over axes."""
        old = letters(v.ndim)
        out = self.einsum(
            f"{old}->{''.join(c for d, c in enumerate(old) if d not in dims)}", v, q=q
        )
        for d in sorted(dims) if keep else ():
            out = out.put(d, (), gone=0)
        return out

    def call(self, name: str, v: Value, acted: int, new: int, *statics: int) -> Value:
        """Return an operation on the last axes of a value, which gives ``new`` ones of their sizes."""
        if any(e[1] for e in v.extents[-acted:]):
            raise mixing(f"{name} over the samples")
        last = [a for axis in v.axes[-acted:] for a in axis]
        if any(a not in v.index for a in last):
            raise unreadable(f"{name} along a broadcast")
        v = v if [a for a in v.index if a in last] == last else self.solid(v)
        axes = [tuple(Atom(a.size) for a in axis) for axis in v.axes[v.ndim - new :]]
        tail = [a for axis in axes for a in axis]
        used = [a for axis in v.axes[:-acted] for a in axis if a in v.index] + tail
        return self.make("call", (*v.axes[:-acted], *axes), used, [(v.node, v.index)], name=name,
                         attrs=(len(last), len(tail), *statics))  # fmt: skip


def extent_of(size: Any) -> Extent:
    """Return a size of the traced program as so many times the number of samples."""
    if isinstance(size, int):
        return size, False
    symbols = size.node.expr.free_symbols
    factor = size.node.expr / next(iter(symbols)) if len(symbols) == 1 else None
    if factor is None or not factor.is_Integer or free_unbacked_symbols(size):
        raise mixing(f"an axis of size {size.node.expr}, which depends on values")
    return int(factor), True


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
    shapes = [tuple(symbols.get(s, s) for s in params[k]) for k in tables["param"]]
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
