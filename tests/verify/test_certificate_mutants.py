"""Liars: certificates with something changed are rejected, or what they conclude is true."""

import copy
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from verify.trusted import kernel
from verify.trusted.atoms import ROWS
from verify.trusted.graph import Graph, GraphError, decode

from .duals import asymmetry
from .pool import certificates, judge, proofs

Random = np.random.Generator
Document = dict[str, Any]
COUNT, GRAPHS = 1300, 120
FUNCTIONS = sorted(ROWS)


def one(rng: Random, values: Any) -> Any:
    values = list(values)
    return values[int(rng.integers(len(values)))]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything inside of a JSON value."""
    keys: Any = ()
    if isinstance(value, dict):
        keys = value
    elif isinstance(value, list):
        keys = range(len(value))
    inner = [place for key in keys for place in places(value[key], (*path, key))]
    return [path, *inner] if path else inner


def get(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    get(value, path[:-1])[path[-1]] = new


def nodes_of(document: Document) -> list[Any]:
    return [*document["graph"]["nodes"], *document["aux"]]


def other(rng: Random, old: Any, document: Document) -> Any:
    """Return something like what a leaf was: another number, index, function, fraction."""
    count = len(nodes_of(document))
    if isinstance(old, bool) or old is None:
        return not old
    if isinstance(old, int):
        return one(rng, [old + 1, old - 1, 0, int(rng.integers(count))])
    if old in ROWS:
        return one(rng, FUNCTIONS)
    if old[:1] in "-0123456789":
        negated = old[1:] if old.startswith("-") else f"-{old}"
        return one(rng, [negated, "0", "1", "-1", "2", "1/2", "-1/3"])
    return one(rng, ["i0", "i1", "j0", "s", "n0", "n1", "l0", "u", "v", "symmetric", "psd", "x"])


def part_of(rng: Random, document: Document) -> str:
    return one(rng, [part for part in ("graph", "aux", "proof") if document[part]])


def leaf(rng: Random, document: Document) -> None:
    """Change one leaf: of the graph, the nodes of the proof, or the proof."""
    part = part_of(rng, document)
    found = [
        p for p in places(document[part]) if not isinstance(get(document[part], p), dict | list)
    ]
    if found:
        path = one(rng, found)
        put(document[part], path, other(rng, get(document[part], path), document))


def moved(rng: Random, document: Document) -> None:
    """Put a part of the document in the place of another of its kind."""
    part = part_of(rng, document)
    found = places(document[part])
    if len(found) > 1:
        path = one(rng, found)
        alike = [
            p for p in found if type(get(document[part], p)) is type(get(document[part], path))
        ]
        put(document[part], path, copy.deepcopy(get(document[part], one(rng, alike))))


def shortened(rng: Random, document: Document) -> None:
    """Leave out, or write twice, an item of a list."""
    part = part_of(rng, document)
    lists = [p for p in places(document[part]) if isinstance(get(document[part], p), list)]
    filled = [p for p in lists if get(document[part], p)]
    if filled:
        items = get(document[part], one(rng, filled))
        k = int(rng.integers(len(items)))
        if rng.random() < 0.5:
            del items[k]
        else:
            items.insert(k, copy.deepcopy(items[k]))


def everywhere(rng: Random, document: Document) -> None:
    """Change a function, the numbers of sums and products, or the use of a param everywhere."""
    nodes = nodes_of(document)
    kind = one(rng, ["function", "sign", "param", "argument"])
    if kind == "function":
        names = sorted({node[4] for node in nodes if node[4] in ROWS})
        old, new = one(rng, names or ["tanh"]), one(rng, FUNCTIONS)
        for node in nodes:
            node[4] = new if node[4] == old else node[4]
    elif kind == "sign":
        old = one(rng, sorted({q for node in nodes for q in node[3]} or {"1"}))
        new = other(rng, old, document)
        for node in nodes:
            node[3] = [new if q == old else q for q in node[3]]
    elif kind == "param":
        params = [k for k, node in enumerate(nodes) if node[0] == "param"]
        if params:
            old, new = one(rng, params), one(rng, params)
            for node in nodes:
                node[2] = [[new if ref[0] == old else ref[0], *ref[1:]] for ref in node[2]]
    else:
        functions = [node for node in nodes if node[0] == "fn" and node[2]]
        if functions:
            old = one(rng, functions)[2][0][0]
            new = int(rng.integers(len(nodes)))
            for node in functions:
                node[2] = [[new if ref[0] == old else ref[0], *ref[1:]] for ref in node[2]]


def claimed(rng: Random, document: Document) -> None:
    """Claim more, of another scope, or by a part of the proof."""
    kind = one(rng, ["psd", "part", "expand", "squares"])
    if kind == "part" and "parts" in document["proof"]:
        document["proof"] = one(rng, document["proof"]["parts"])
    elif kind == "expand":
        document["proof"]["expand"] = True
    elif kind == "squares" and document["proof"].get("squares"):
        one(rng, document["proof"]["squares"])[int(rng.integers(2))] += 1
    else:
        document["claim"] = "psd"


MUTATIONS: list[Callable[[Random, Document], None]] = [
    leaf, leaf, leaf, moved, shortened, everywhere, everywhere, claimed,
]  # fmt: skip


def mutant(rng: Random) -> Document:
    """Return a certificate with one to three things changed."""
    original = one(rng, certificates())
    while True:
        document = copy.deepcopy(original)
        for _ in range(int(rng.integers(1, 4))):
            # after one change a part may have another shape than the next expects
            with suppress(IndexError, KeyError, TypeError, AttributeError):
                one(rng, MUTATIONS)(rng, document)
        if document != original:
            return document


def true(graph: Graph, claim: str, rng: Random) -> str:
    """Return how far a conclusion was seen to be true; raise where it is not."""
    try:
        held = judge(graph, claim, rng)
    except KeyError:  # a function or operation of no table: the claim is about any
        return "not judged"
    return "true" if held else "not judged"


def test_the_pool() -> None:
    rng = np.random.default_rng(0)
    for document in certificates():
        kernel.check(document)
        assert true(decode(document["graph"]), document["claim"], rng) == "true"
    assert len(certificates()) >= 22
    rules = {str(document["proof"]) for document in certificates()}
    for word in ("ridge", "jacobian", "gradient", "sum"):
        assert any(f"'{word}'" in rule for rule in rules)


def test_mutants_of_certificates(capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(1)
    seen: Counter[str] = Counter()
    for _ in range(COUNT):
        document = mutant(rng)
        try:
            kernel.check(document)
        except kernel.Rejected as rejected:
            seen["rejected"] += 1
            seen[rejected.step.split(":")[0].split(".")[0].split("[")[0]] += 1
            continue
        seen[true(decode(document["graph"]), document["claim"], rng)] += 1
    with capsys.disabled():
        print(f"\n{COUNT} mutants of {len(certificates())} certificates: {dict(seen)}")
    assert seen["rejected"] + seen["true"] + seen["not judged"] == COUNT >= 1000
    assert seen["not judged"] <= 0.03 * COUNT


def test_proofs_of_mutated_graphs(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the search proves of a graph that nobody wrote is true of it."""
    rng = np.random.default_rng(2)
    seen: Counter[str] = Counter()
    while seen["graphs"] < GRAPHS:
        original = one(rng, certificates())
        document = {"graph": copy.deepcopy(original["graph"]), "aux": [], "proof": {}}
        for _ in range(int(rng.integers(1, 3))):
            with suppress(IndexError, KeyError, TypeError, AttributeError):
                one(rng, [leaf, moved, everywhere, everywhere])(rng, document)
        try:
            graph = decode(document["graph"])
        except GraphError:
            continue
        if document["graph"] == original["graph"]:
            continue
        seen["graphs"] += 1
        for claim in ("symmetric", "psd"):
            found = proofs(graph, claim)
            if found is None:
                continue
            kernel.check(found)
            seen[f"{claim} {true(graph, claim, rng)}"] += 1
            assert not asymmetry(graph, seed=seen["graphs"])
    with capsys.disabled():
        print(f"\n{GRAPHS} mutated graphs: {dict(seen)}")
