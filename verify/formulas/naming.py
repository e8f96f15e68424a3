"""The module's names for the parameters of a certificate's graph, and their symbols."""

import re
from collections.abc import Sequence

from verify.trusted.graph import Graph, GraphError
from verify.trusted.schema import covers, independent, written

Symbol = tuple[str, tuple[str, ...]]


def parameter_names(graph: Graph, traced: Graph, names: Sequence[str]) -> tuple[str, ...]:
    """Return a name for each theta_k of a graph that speaks of a traced one.

    ``names`` are those of the traced graph. A family has the name of all that it stands for, as
    "alpha[1:4]" or "layers.*.weight"; where nothing is known the answer is empty.
    """
    if graph == traced:
        return tuple(names)
    try:
        rounds = covers(graph, traced)
    except GraphError:
        return ()
    if rounds is None or not graph.params:
        return ()
    own, theirs = written(graph, rounds)[2], independent(traced)[2]
    found: dict[int, dict[int, str]] = {k: {} for k in range(len(graph.params))}
    for (k, *turn), (theta, *positions) in zip(own, theirs, strict=True):
        at = ",".join(str(position) for _, position in positions)
        found[k][turn[0] if turn else 0] = names[int(theta)] + (f"[{at}]" if at else "")
    return tuple(together([name for _, name in sorted(found[k].items())]) for k in found)


def together(names: Sequence[str]) -> str:
    """Return one name for the members of a family, in the order of the rounds.

    >>> together(["a[1]", "a[2]"]), together(["layers.0.W", "layers.1.W"]), together(["b"])
    ('a[1:3]', 'layers.*.W', 'b')
    """
    if len(names) < 2:
        return "".join(names)
    first, last = names[0], names[-1]
    one, other = re.fullmatch(r"(.*)\[(\d+)\]", first), re.fullmatch(r"(.*)\[(\d+)\]", last)
    if one and other and one[1] == other[1] and int(other[2]) - int(one[2]) == len(names) - 1:
        return f"{one[1]}[{one[2]}:{int(other[2]) + 1}]"
    parts = [first.split("."), last.split(".")]
    if len(parts[0]) == len(parts[1]) > 1:
        pairs = zip(*parts, strict=True)
        return ".".join(a if a == b else "*" for a, b in pairs)
    return f"{first}, {names[1]}, .."


def symbols(names: Sequence[str], count: int) -> list[Symbol]:
    """Return a symbol for each parameter: the shortest end of its name that tells it apart.

    >>> symbols(["0.weight", "0.bias", "sigma.alpha"], 3)
    [('W', ()), ('b', ()), ('alpha', ())]
    >>> symbols(["alpha[1:4]", "alpha[4]"], 2)
    [('alpha', ()), ('alpha', ('4',))]
    >>> symbols(["layers.0.a", "layers.1.a", "W1"], 3)
    [('a', ('0',)), ('a', ('1',)), ('W', ('1',))]
    """
    found: list[Symbol] = []
    bare = [re.sub(r"\[.*|,.*", "", name) for name in names]
    paths = [[part for part in name.split(".") if part not in ("*", "")] for name in bare]
    for k in range(count):
        path = paths[k] if k < len(paths) and paths[k] else []
        length = 1
        ends = [p[-1:] for n, p in zip(bare, paths, strict=True) if n != bare[k]] if path else []
        while length < len(path) and path[-length:] in ends:
            length += 1
            ends = [p[-length:] for n, p in zip(bare, paths, strict=True) if n != bare[k]]
        base = path[-1] if path else "theta"
        below = path[-length:-1] if path else [str(k)]
        base = {"weight": "W", "bias": "b"}.get(base, base)[:40]
        split = re.fullmatch(r"([^\W\d_]+)_?([0-9]+)", base)
        base, below = (split[1], [*below, split[2]]) if split else (base, below)
        place = re.search(r"\[([\d,]+)\]$", names[k]) if path else None
        below += place[1].split(",") if place else []
        found.append((base, tuple(part[:40] for part in below)))
    reserved = {("x", ()), ("I", ())}
    twice = {s for s in found if found.count(s) > 1} | reserved
    return [("theta", (str(k),)) if s in twice else s for k, s in enumerate(found)]
