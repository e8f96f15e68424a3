"""Proofs by trying: each rule of the kernel has a way of finding what it needs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from verify.search.compositions import compositions, ridge_rule, shared_out
from verify.search.emit import emit
from verify.search.forms import affine_part, of_words
from verify.search.gram import diagonal
from verify.search.layers import named_functions
from verify.search.potentials import potentials
from verify.search.ridges import rewritten, ridges, together
from verify.search.rounds import summed_over_rounds
from verify.search.squares import levelled, repaired, squares
from verify.search.workbench import Workbench
from verify.trusted import kernel
from verify.trusted.gains import MOST, limit
from verify.trusted.graph import Graph, Node, Ref, encode, encode_node
from verify.trusted.ring import LIMIT, TOO_LARGE

Proof = dict[str, Any]
WRITTEN = 4_000_000  # steps of work on what is written out
WORK = 15_000_000  # steps of work after which no other way is begun
TERMS = 64  # of a normal form from which a proof goes on

KEPT = ("rule", "expand", "gains")  # no nodes in a proof
STOPPED = "the search stopped"
STOPS = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True)
class Failure:
    """Why no proof was found: each way that was tried, and where it ended."""

    tried: tuple[tuple[str, str, str], ...]

    @property
    def is_of_size(self) -> bool:
        """Whether some way ended in too large a normal form."""
        return any(step == STOPPED and TOO_LARGE in why for _, step, why in self.tried)


def prove(graph: Graph, spare: Sequence[Node], claim: str, scope: str) -> Proof | Failure:
    """Return a certificate document that the kernel accepted, or what stood in the way.

    Where there is none, nodes on parameters that are >= 0 are read as positive parameters.
    """
    found = proved(graph, graph, spare, claim, scope)
    if not isinstance(found, Failure) or any(step == "not tried" for _, step, _ in found.tried):
        return found
    try:
        gains = gains_of(graph)
        free, given = limit(graph, gains) if gains else (graph, {})
    except STOPS:
        return found
    if not gains:
        return found
    again = proved(graph, free, (), claim, scope, gains, given)
    return found if isinstance(again, Failure) else again


def gains_of(graph: Graph) -> list[int]:
    """Return nodes of few entries, on parameters alone, that are >= 0, or > 0 and sums."""
    bench = Workbench(graph, (), False)
    signs = {
        n: bench.attempt(lambda n=n: bench.sign(n)) or 0
        for n in range(len(graph.nodes))
        if not bench.varies(n)
    }
    moving = {r.node for n, node in enumerate(graph.nodes) if not signs.get(n) for r in node.args}
    still = [n for n in sorted(moving) if n in signs and len(graph.nodes[n].shape) < 2]
    held = [n for n in still if signs[n] == 1 or (signs[n] == 2 and len(bench.poly(n).terms) > 1)]
    return [n for n in held if "param" in bench.reach[n]][:MOST]


def proved(
    graph: Graph,
    free: Graph,
    spare: Sequence[Node],
    claim: str,
    scope: str,
    gains: Sequence[int] = (),
    given: dict[int, int] | None = None,
) -> Proof | Failure:
    """Return a certificate document about a graph, by a proof for one with gains as params."""
    tried, spent = [], 0
    for name, way in WAYS[claim]:
        if gains and name.endswith("written out"):  # costly, and tried without gains
            continue
        if spent > WORK:
            tried.append((name, "not tried", "the ways before it took too long"))
            continue
        bench = Workbench(free, spare, claim == "psd", given)
        bench.ends, bench.root = True, summed_over_rounds(bench, graph.output)
        proofs: list[Proof] = []
        try:
            bench.attempt(lambda way=way, proofs=proofs, bench=bench: proofs.extend(way(bench)))
        except STOPS as error:  # nothing is lost
            tried.append((name, STOPPED, f"{type(error).__name__}: {error}"))
        spent += bench.ring.work
        for proof in proofs:
            proof = {**proof, "gains": [*gains]} if gains else proof
            document = packed(bench, proof, claim, scope, graph)
            try:
                kernel.check(document)
            except kernel.Rejected as error:
                tried.append((name, error.step, error.reason))
                spent += LIMIT if error.reason == TOO_LARGE else 0
            else:
                return document
    return Failure(tuple(tried))


Way = Callable[[Workbench], Iterator[Proof]]


def jacobian(bench: Workbench) -> Iterator[Proof]:
    """The Jacobian is symmetric as it stands."""
    yield {"rule": "jacobian", "map": bench.root, "squares": []}


def sum_of_squares(bench: Workbench) -> Iterator[Proof]:
    """v^T J v is a sum of squares."""
    found = squares(bench, bench.root)
    good = repaired(bench, found) if found is not None else None
    pairs = [(q.c, q.s) for q in good or ()]
    if good is None and found and bench.expand:
        pairs = levelled(bench, [(q.c, q.s) for q in found]) or []
    if good is not None or pairs:
        yield {"rule": "jacobian", "map": bench.root, "squares": [[c, s] for c, s in pairs]}


def diagonal_form(bench: Workbench) -> Iterator[Proof]:
    """v^T J v, written out, is a sum of squares for each product of entries in it."""
    ring, parts = bench.ring, []
    for i in bench.places(bench.shape, "o"):
        f = bench.at(Ref(bench.root, i))
        for j in bench.places(bench.shape, "p"):
            slope = ring.derivative(f, "x", j)
            q = ring.mul(slope, ring.entry("var v", i), ring.entry("var v", j))
            parts.append((1, q if bench.expand else bench.total(q, (*i, *j), bench.shape * 2)))
    found = diagonal(bench, ring.add(*parts))
    if found is not None and not all(bench.sign(c) >= 1 for c, _ in found):
        found = levelled(bench, found)
    if found is not None and all(bench.sign(c) >= 1 for c, _ in found):
        pairs = [[c, s] for c, s in found]
        yield {"rule": "jacobian", "map": bench.root, "squares": pairs}


def squares_of_words(bench: Workbench) -> Iterator[Proof]:
    """v^T J v is a sum of squares of products of the matrices at hand; or of the affine part."""
    bench.ring.limit = WRITTEN
    parts = affine_part(bench, bench.root) or (bench.root, None)
    found = of_words(bench, parts[0])
    rest = ridges(bench, parts[1]) if found is not None and parts[1] is not None else None
    if found is not None and (rest or parts[1] is None):
        form = {"rule": "jacobian", "map": parts[0], "squares": [[c, s] for c, s in found]}
        yield summed([form, *[ridge_rule(ridge) for ridge in rest or ()]])


def sum_of_ridges(bench: Workbench) -> Iterator[Proof]:
    """The map is a sum of ridges."""
    found = ridges(bench, bench.root)
    if found:
        yield summed([ridge_rule(ridge) for ridge in found])
        fewer = together(bench, found)
        if len(fewer) < len(found):
            yield summed([ridge_rule(ridge) for ridge in fewer])
        fewer = bench.attempt(lambda: shared_out(bench, fewer)) if bench.psd else ()
        if fewer:
            yield summed([ridge_rule(ridge) for ridge in fewer])
    more = ridges(bench, bench.root, True) if bench.psd else None
    if more and more != found:
        yield summed([ridge_rule(ridge) for ridge in more])
        yield summed([ridge_rule(rewritten(bench, ridge)) for ridge in more])


def gradient(bench: Workbench) -> Iterator[Proof]:
    """The map is the gradient of what the module computes on its way."""
    for number in potentials(bench):
        yield {"rule": "gradient", "potential": number}


def layers(bench: Workbench) -> Iterator[Proof]:
    """The map is a gradient through functions whose slopes the module computes."""
    bench.ring.limit = WRITTEN
    functions = named_functions(bench)
    if functions:
        bench.ring.limit = 3 * WRITTEN
        bench.named(functions)
        for proof in (*gradient(bench), *compositions(bench)):
            yield {**proof, "functions": functions}


def of_normal_form(way: Way) -> Way:
    """Return a way that goes on from the map's normal form: a shift of softmax is gone there."""

    def rewritten(bench: Workbench) -> Iterator[Proof]:
        node, p = bench.nodes[bench.root], bench.attempt(lambda: bench.poly(bench.root))
        if p is not None and len(p.terms) <= TERMS:
            bench.root = emit(bench, p, node.out, node.shape)
            yield from way(bench)

    return rewritten


def expanded(way: Way) -> Way:
    """Return a way that writes out all axes of fixed size."""

    def written_out(bench: Workbench) -> Iterator[Proof]:
        sizes = {size for node in bench.graph.nodes for size in node.shape if isinstance(size, int)}
        if sizes and max(sizes) <= 16:
            bench.expand, bench.ring.limit = True, WRITTEN
            for proof in way(bench):
                yield {**proof, "expand": True}

    return written_out


WAYS: dict[str, list[tuple[str, Way]]] = {
    "symmetric": [
        ("layers", layers),
        ("jacobian", jacobian),
        ("ridges", sum_of_ridges),
        ("ridges of the normal form", of_normal_form(sum_of_ridges)),
        ("gradient", gradient),
        ("compositions", compositions),
        ("ridges, written out", expanded(sum_of_ridges)),
        ("jacobian, written out", expanded(jacobian)),
    ],
    "psd": [
        ("layers", layers),
        ("ridges", sum_of_ridges),
        ("ridges of the normal form", of_normal_form(sum_of_ridges)),
        ("squares", sum_of_squares),
        ("squares of the normal form", of_normal_form(sum_of_squares)),
        ("gradient", gradient),
        ("compositions", compositions),
        ("squares of products", squares_of_words),
        ("ridges, written out", expanded(sum_of_ridges)),
        ("gradient, written out", expanded(gradient)),
        ("squares, written out", expanded(sum_of_squares)),
        ("diagonal form, written out", expanded(diagonal_form)),
    ],
}


def summed(parts: list[Proof]) -> Proof:
    return parts[0] if len(parts) == 1 else {"rule": "sum", "parts": parts}


def packed(
    bench: Workbench, proof: Proof, claim: str, scope: str, graph: Graph | None = None
) -> Proof:
    """Return the certificate document, with the nodes that the proof needs and no others."""
    count = len(bench.graph.nodes)
    needed = {n for root in roots(proof) for n in bench.below(root)}
    kept = [n for n in sorted(needed) if n >= count]
    new = {n: n for n in range(count)} | {n: count + k for k, n in enumerate(kept)}
    aux = []
    for n in kept:
        node = bench.nodes[n]
        args = tuple(Ref(new[ref.node], ref.index) for ref in node.args)
        attrs = node.attrs
        if node.op == "loop":
            attrs = (attrs[0], new[attrs[1]], attrs[2])
        aux.append(encode_node(replace(node, args=args, attrs=attrs)))
    return {
        "format": kernel.FORMAT,
        "version": kernel.VERSION,
        "claim": claim,
        "scope": scope,
        "graph": encode(graph or bench.graph),
        "aux": aux,
        "proof": renumbered(proof, new),
    }


def roots(proof: Any) -> Iterator[int]:
    """Yield the nodes that a proof names."""
    if isinstance(proof, dict):
        for key, value in proof.items():
            if key not in KEPT:
                yield from roots(value)
    elif isinstance(proof, list):
        for value in proof:
            yield from roots(value)
    elif isinstance(proof, int):
        yield proof


def renumbered(proof: Any, new: dict[int, int]) -> Any:
    """Return a proof with its nodes' numbers replaced."""
    if isinstance(proof, dict):
        return {k: v if k in KEPT else renumbered(v, new) for k, v in proof.items()}
    if isinstance(proof, list):
        return [renumbered(value, new) for value in proof]
    return new[proof]
