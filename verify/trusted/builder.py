"""The nodes of a graph in the making: each operation on values becomes a node, each node once."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from verify.trusted.canonical import turned
from verify.trusted.extents import extent_of, refine
from verify.trusted.graph import Literal
from verify.trusted.ladders import PIECES, Ladder, known_entries, regrouped
from verify.trusted.stairs import Broken
from verify.trusted.values import (
    LARGEST,
    Atom,
    Axis,
    Extent,
    Index,
    Size,
    Value,
    axis_of,
    letters,
    mixing,
    quotient,
    unreadable,
)

ANY_AXES = ["amax", "amin", "argmax", "hardmax"]  # act on several axes as on one


class Builder:
    """The nodes of a graph in the making: each is there once."""

    def __init__(self, batched: bool) -> None:
        self.batched = batched
        self.nodes: list[tuple[str, tuple[Size, ...], Any, Any, str, Any]] = []
        self.depends: list[bool] = []  # whether a node depends on x
        self.sources, self.source = list[str](), ""
        self.known, self.literals = dict[Any, int](), dict[Literal, int]()
        self.tables: dict[Any, list[int]] = {}
        self.raising: list[Value] = []  # what is undefined where torch raises an error
        # Of the first nodes, what is seen by ladders.py and by stairs.py.
        self.ladders, self.broken = list[Ladder | None](), list[Broken]()
        self.now: Any = None  # the operation that is read, of which shapes and dtypes are used

    def extents(self, result: int | None = None) -> list[Extent]:
        """Return the shape of what the operation that is read results in."""
        val = self.now.meta["val"]
        return [extent_of(size) for size in (val if result is None else val[result]).shape]

    def make(
        self, op: str, axes: Iterable[Axis], used: Sequence[Atom],
        refs: Sequence[tuple[int, Index]] = (), coefs: Sequence[Any] = (), name: str = "",
        attrs: Sequence[Any] = (),
    ) -> Value:  # fmt: skip
        """Return the value of a node whose output is indexed by ``used``; other atoms are bound."""
        names: dict[Any, Any] = {a: f"i{k}" for k, a in enumerate(used)}
        for a in (a for _, index in refs for a in index if isinstance(a, Atom)):
            names.setdefault(a, f"j{len(names) - len(used)}")
        args = tuple((node, tuple(names.get(i, i) for i in index)) for node, index in refs)
        bare = {i for _, index in args for i in index}.issuperset(f"i{k}" for k in range(len(used)))
        free = () if bare or op in ("x", "param", "lit") else tuple(id(a.size.root()) for a in used)
        if (literal := known_entries(self, op, args, coefs, name)) is not None:
            attrs = (self.literals.setdefault(literal, len(self.literals)),)
            op, args, coefs, name, free = "lit", (), (), "", ()
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

    def literal(self, node: int) -> Literal:
        """Return the exact constant of a node."""
        return [*self.literals][self.nodes[node][5][0]]

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
        bare = t.squeeze()
        order, key = turned(bare)
        first = self.tables.setdefault(key, order)  # of the table of that key that came first
        kept = bare.permute([order[first.index(d)] for d in range(bare.ndim)])
        literal = Literal(tuple(kept.shape), tuple(map(Fraction, kept.flatten().tolist())))
        out = self.leaf("lit", kept.shape, self.literals.setdefault(literal, len(self.literals)))
        axes = iter([out.axes[first[order.index(d)]] for d in range(bare.ndim)])
        out = replace(out, axes=tuple(next(axes) if n > 1 else () for n in t.shape))
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
        return self.make("add", axes, used, [ref for ref, _ in pairs], [q for _, q in pairs])

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
        """Return what the arguments of sums and products are ordered by, as far as it goes.

        What depends on x keeps the order that it is written in: the first of many rounds, whose
        state may be any operation, is to look like the others.
        """
        op, shape, _, _, name, _ = self.nodes[ref[0]]
        varies = self.depends[ref[0]]
        return varies, *(("", "") if varies else (op, name)), len(shape)

    def product(self, *values: Any) -> Value:
        """Return an elementwise product."""
        out, axes, _ = self.broadcast(values)
        return regrouped(self.multiply(Fraction(1), [(v.node, v.index) for v in out], axes))

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
            # A potential, summed over the samples before its gradient is taken: leave it for one.
            kept = (x for k, x in axes.items() if k in result or any(a.batch for a in x))
            self.multiply(q, refs, tuple(kept))
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
        """Return an operation on the last axes, which gives ``new`` ones of the same sizes."""
        if any(e[1] for e in v.extents[-acted:]):
            raise mixing(f"{name} over the samples")
        for d in range(v.ndim - acted, v.ndim if name not in ANY_AXES else 0):
            v = v.remap(d, torch.eye(v.size(d))) if len(v.axes[d]) > 1 else v  # merges others
        last = [a for axis in v.axes[-acted:] for a in axis]
        if any(a not in v.index for a in last):
            raise unreadable(f"{name} along a broadcast")
        v = v if [a for a in v.index if a in last] == last else self.solid(v)
        axes = [tuple(Atom(a.size) for a in axis) for axis in v.axes[v.ndim - new :]]
        tail = [a for axis in axes for a in axis]
        used = [a for axis in v.axes[:-acted] for a in axis if a in v.index] + tail
        return self.make("call", (*v.axes[:-acted], *axes), used, [(v.node, v.index)], name=name,
                         attrs=(len(last), len(tail), *statics))  # fmt: skip
