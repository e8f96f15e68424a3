"""Flat graphs written by hand, as tracing leaves them: cascades, sums of modules, residuals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from verify.trusted.graph import Graph, Index, Node, Ref, Size, validate
from verify.trusted.schema import canonical

ONE = Fraction(1)


@dataclass
class Flat:
    """Nodes in the making, each there once; a value is a reference."""

    nodes: dict[Node, int] = field(default_factory=dict)
    params: list[tuple[Size, ...]] = field(default_factory=list)

    def node(self, *parts: object, name: str = "", attrs: tuple[int, ...] = ()) -> Ref:
        op, shape, args, coefs = (*parts, (), (), ())[:4]
        node = Node(op, shape, args, coefs, name, attrs)  # type: ignore[arg-type]
        return Ref(self.nodes.setdefault(node, len(self.nodes)), node.out)

    def param(self, *shape: Size) -> Ref:
        self.params.append(shape)
        return self.node("param", shape, attrs=(len(self.params) - 1,))

    def x(self, n: Size = "n") -> Ref:
        return self.node("x", (n,))

    def size(self, *values: Ref) -> tuple[Size, ...]:
        shapes = {i: s for v in values for i, s in zip(v.index, self.shape(v), strict=True)}
        return tuple(shapes[f"i{k}"] for k in range(len([i for i in shapes if str(i)[0] == "i"])))

    def shape(self, value: Ref) -> tuple[Size, ...]:
        return [*self.nodes][value.node].shape

    def add(self, a: Ref, b: Ref, q: int | Fraction = 1) -> Ref:
        return self.node("add", self.size(a, b), (a, b), (ONE, Fraction(q)))

    def mul(self, *values: Ref, q: int | Fraction = 1) -> Ref:
        return self.node("mul", self.size(*values), values, (Fraction(q),))

    def fn(self, name: str, value: Ref) -> Ref:
        return self.node("fn", self.size(value), (value,), name=name)

    def matmul(self, W: Ref, v: Ref, transposed: bool = False) -> Ref:
        *lead, _, _ = W.index
        rows = ("j0", "i0") if transposed else ("i0", "j0")
        return self.mul(Ref(W.node, (*lead, *rows)), Ref(v.node, ("j0",)))

    def graph(self, output: Ref) -> Graph:
        graph = canonical([*self.nodes], output.node, ())[0]
        validate(graph)
        return graph


def at(value: Ref, k: Index) -> Ref:
    """Return the entries of a stack at a position."""
    return Ref(value.node, (k, *(f"i{axis}" for axis in range(len(value.index) - 1))))


Activation = Callable[[Flat, Ref], Ref]


def tanh(b: Flat, z: Ref) -> Ref:
    return b.fn("tanh", z)


def wtanh(b: Flat, z: Ref) -> Ref:
    """softplus(a) tanh z + softplus(b) (z - tanh z), with weights of its own."""
    one, other = (b.fn("softplus", b.param("m")) for _ in range(2))
    rest = b.add(z, tanh(b, z), -1)
    return b.add(b.mul(one, tanh(b, z)), b.mul(other, rest))


def softmax(b: Flat, z: Ref) -> Ref:
    e = b.fn("exp", z)
    total = b.mul(Ref(e.node, ("j0",)))
    return b.mul(e, b.fn("inv", total))


def cascade(
    depth: int, sigma: Activation | Sequence[Activation] = tanh, through: str = "", tied: int = -1
) -> Graph:
    """z_0 = beta_0 (W x + b_0), z_l = beta_l (W x + b_l) + alpha_{l-1} sigma(z_{l-1}), f = W^T ..

    The stacks beta and alpha go ``through`` a function; ``tied`` is a round that has the beta of
    the one before.
    """
    b = Flat()
    W, x, bias, alpha, beta = b.param("m", "n"), b.x(), *(b.param(depth, "m") for _ in range(3))
    a, u = b.param("n"), b.matmul(W, x)
    if through:
        alpha, beta = b.fn(through, alpha), b.fn(through, beta)
    sigmas = [sigma] * depth if callable(sigma) else sigma
    z = b.mul(at(beta, 0), b.add(u, at(bias, 0)))
    for l in range(1, depth):
        own = b.mul(at(beta, l - 1 if l == tied else l), b.add(u, at(bias, l)))
        z = b.add(own, b.mul(at(alpha, l - 1), sigmas[l - 1](b, z)))
    top = b.mul(at(alpha, depth - 1), sigmas[depth - 1](b, z))
    return b.graph(b.add(b.matmul(W, top, transposed=True), a))


def modular(
    count: int, sigma: Activation = tanh, stacked: bool = True, start: bool = True, sign: int = 1
) -> Graph:
    """f = a + sum_k softplus(c_k) W_k^T sigma(W_k x + b_k), the last with a sign; or without a."""
    b = Flat()
    x = b.x()
    if stacked:
        stacks = b.param(count, "m", "n"), b.param(count, "m"), b.fn("softplus", b.param(count))
        blocks = [tuple(at(v, k) for v in stacks) for k in range(count)]
    else:
        blocks = [
            (b.param(f"m{k}", "n"), b.param(f"m{k}"), b.fn("softplus", b.param()))
            for k in range(count)
        ]
    f = b.param("n") if start else None
    for k, (W, bias, c) in enumerate(blocks):
        inner = sigma(b, b.add(b.matmul(W, x), bias))
        term = b.mul(c, b.matmul(W, inner, transposed=True))
        f = b.add(f, term, sign if k == count - 1 else 1) if f else term
    assert f is not None
    return b.graph(f)


def residual(depth: int) -> Graph:
    """z_l = z_{l-1} + W_l^T tanh(W_l z_{l-1} + b_l) from z_0 = x, each width m_l for itself."""
    b = Flat()
    z = b.x()
    for l in range(depth):
        W, bias = b.param(f"m{l}", "n"), b.param(f"m{l}")
        z = b.add(z, b.matmul(W, tanh(b, b.add(b.matmul(W, z), bias)), transposed=True))
    return b.graph(z)
