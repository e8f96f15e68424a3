"""The search for a counterexample: candidates in float64, each confirmed in ball arithmetic."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from verify.search import candidates as seek
from verify.search.balls import exact, finite, precision
from verify.search.candidates import Candidate, Probe, probe
from verify.search.cover import uncovered
from verify.search.definite import negative_direction
from verify.search.derivatives import JUMPS
from verify.search.draws import Params, draws, points, ways, without
from verify.search.settle import Limits, nonzero
from verify.search.shrink import Witness, shrink, witness
from verify.search.tangents import BALLS, Field
from verify.trusted.graph import Graph

if TYPE_CHECKING:
    from verify.counterexample import Counterexample
    from verify.trusted.trace import Traced

BITS = 400


@dataclass(frozen=True)
class Effort:
    """How much to look at: rounds of draws, samples in a round, seconds, attempts to confirm."""

    rounds: int
    draws: int
    samples: int
    lines: int
    exact: int
    seconds: float
    shrink: float


EFFORTS = {
    "glance": Effort(1, 3, 24, 4, 1, 0.1, 0.0),
    "quick": Effort(4, 24, 512, 24, 3, 1.5, 0.2),
    "full": Effort(32, 48, 1536, 48, 4, 4.0, 0.4),
}


def refute(
    traced: "Traced", claim: str, scope: str = "all", seed: int = 0, effort: str = "full"
) -> "Counterexample | None":
    """Return a counterexample to a claim about a traced module, None where none is found.

    ``effort`` is "full" (some seconds), "quick" or "glance" (a handful of points).
    Raises ValueError for another claim, scope or effort.
    """
    for name, value, known in (
        ("claim", claim, ("symmetric", "psd")),
        ("scope", scope, ("all", "current")),
        ("effort", effort, tuple(EFFORTS)),
    ):
        if value not in known:
            raise ValueError(f"{name}: expected one of {known}, got {value!r}")
    from verify.counterexample import counterexample

    search = Search(traced, claim, scope, seed, EFFORTS[effort])
    found = search.run()
    return None if found is None else counterexample(traced, claim, scope, found)


class Search:
    """One search: a module, a claim, a scope, random numbers and an effort."""

    def __init__(self, traced: "Traced", claim: str, scope: str, seed: int, effort: Effort) -> None:
        self.graph, self.sizes = traced.graph, traced.sizes
        self.psd, self.free, self.effort = claim == "psd", scope == "all", effort
        self.rng = np.random.default_rng(seed)
        self.own = own_values(traced)
        self.n = int(self.size(self.graph.nodes[self.graph.output].shape))
        self.balls = Field(self.graph, self.sizes, BALLS)
        self.offsets = offsets(self.graph)
        self.jumpy = any(node.op == "fn" and node.name in JUMPS for node in self.graph.nodes)
        self.number = 0
        self.more = np.zeros(0, dtype=int), np.zeros((0, self.n))
        self.end = time.monotonic() + effort.seconds
        self.limits = Limits(end=self.end + effort.seconds)

    def size(self, shape: tuple[Any, ...]) -> int:
        return next((s if isinstance(s, int) else self.sizes[s] for s in shape), 1)

    def run(self) -> Witness | None:
        """Return a short witness against the claim."""
        if self.n == 1 and not self.psd:
            return None
        source = iter(lambda: self.own, 0)
        if self.free and self.own:
            source = draws(self.own, self.rng, self.offsets)
        for number in range(self.effort.rounds):
            small, self.number = number == 0, number
            count = self.effort.draws if self.free and self.own else 1
            params = list(islice(source, min(count, 6) if small else count))
            with np.errstate(all="ignore"):
                found = self.round(params, self.effort.samples // (6 if small else 1))
            if found is not None:
                free = self.free and bool(self.own)
                return shrink(self.balls, found, free, self.effort.shrink)
            if self.late():
                break
        return None

    def late(self) -> bool:
        return time.monotonic() > self.end

    def round(self, params: list[Params], samples: int) -> Witness | None:
        """Return a witness among some draws of the parameters."""
        f = probe(self.graph, self.sizes, params)
        if not f.together and len(params) > 1:
            cost = sum(p.size for p in params[0])
            params = params[: max(2, min(len(params), 20_000_000 // (cost + 1)))]
            samples = min(samples, 16 * len(params))
            f = probe(self.graph, self.sizes, params)
        self.more = uncovered(f, *self.spread(len(params), samples // 4), self.rng)
        for stage in (self.derivatives, self.exactly, self.lines, self.around):
            for candidate in stage(f, params, samples):
                found = candidate if isinstance(candidate, Witness) else self.confirm(f, candidate)
                if found is not None:
                    return found
                if self.late():
                    return None
        return None

    def derivatives(self, f: Probe, params: list[Params], samples: int) -> Iterator[Candidate]:
        """Look at Jacobians at points of many scales, then near the worst of them."""
        draw, x = self.spread(len(params), samples)
        draw, x = np.concatenate([draw, self.more[0]]), np.concatenate([x, self.more[1]])
        n = x.shape[1]
        axes = np.arange(n)
        if n > seek.AXES:
            axes = np.sort(self.rng.choice(n, seek.AXES, replace=False))
        for turn in range(4):
            J = seek.jacobians(f, draw, x, axes)
            found = seek.rank(seek.asymmetric(draw, x, J, axes), 4)
            yield from found
            if not self.psd:
                return
            some, score = seek.indefinite(draw, x, J, axes)
            found = seek.rank(some, 4)
            yield from found
            if self.effort.rounds == 1 or not np.isfinite(score).any():
                return
            best = np.argsort(-score)[:16]
            step = 2.0 ** -(2 * turn + 1) * self.rng.integers(-8, 9, (16 * len(best), n)) / 8
            size = 1 + np.abs(x[best]).max(axis=1).repeat(16)
            draw, x = draw[best].repeat(16), x[best].repeat(16, axis=0) + step * size[:, None]

    def spread(self, count: int, samples: int) -> tuple[np.ndarray, np.ndarray]:
        """Return draws and points, so many samples in all."""
        each = max(1, samples // count)
        x = np.concatenate([points(each, self.n, self.rng) for _ in range(count)])
        return np.repeat(np.arange(count), each), x

    def exactly(self, f: Probe, params: list[Params], samples: int) -> Iterator[Witness]:
        """Look at a few Jacobians in many digits: a slope of -1e-30 is seen there."""
        axes = np.arange(self.n)
        if self.n > 64:
            axes = np.sort(self.rng.choice(self.n, seek.AXES, replace=False))
        identity = exact(np.eye(self.n)[axes])
        for k in range(self.effort.exact):
            draw = params[(k // 2 + self.number) % len(params)]
            if sum(p.size for p in draw) > 100_000:
                return
            if k % 2 == 0 and self.free:
                draw = without(self.offsets, draw)
            numbers = [exact(p) for p in draw]
            x = exact(points(4, self.n, self.rng)[0 if k % 2 == 0 else 3])
            with precision(BITS):
                J = self.balls.tangent(numbers, x, identity)[:, axes]
                if not all(map(finite, J.flat)):
                    continue
                places = ((i, j) for i, j in np.ndindex(J.shape) if i < j)
                pair = next((ij for ij in places if nonzero(J[ij] - J[ij[::-1]])), None)
                way = negative_direction((J + J.T) / 2) if self.psd and pair is None else None
            if pair is not None:
                ij = int(axes[pair[0]]), int(axes[pair[1]])
                found = witness(self.balls, "jacobian", numbers, [x], ij)
                if found:
                    yield found
            if way is not None:
                full = exact(np.zeros(self.n))
                full[axes] = way
                found = self.step(numbers, x, full, tuple(2.0**-k for k in range(0, 64, 4)))
                if found:
                    yield found

    def lines(self, f: Probe, params: list[Params], samples: int) -> Iterator[Candidate]:
        """Look along lines for falls and jumps down, or around triangles for a circulation."""
        count = min(self.effort.lines, samples)
        draw = np.arange(count) % len(params)
        base = points(count, self.n, self.rng)
        base[: count // 3] = 0
        if len(self.more[0]):
            taken = self.rng.integers(len(self.more[0]), size=count // 4)
            draw[-len(taken) :], base[-len(taken) :] = self.more[0][taken], self.more[1][taken]
        way = np.concatenate(
            [ways(1, self.n, self.rng, params[k] if self.n < 4096 else []) for k in draw]
        )
        if self.psd:
            yield from seek.rank(seek.falling(f, draw, base, way), 6)
            if self.jumpy:
                yield from seek.rank(seek.jumps(f, draw, base, way), 6)

    def around(self, f: Probe, params: list[Params], samples: int) -> Iterator[Candidate]:
        """Look around triangles for a circulation: of a map that jumps, or around a hole."""
        if self.n == 1 or self.effort.rounds == 1 or not (self.jumpy or self.number % 4 == 1):
            return
        count = max(8, samples // 8)
        draw = np.arange(count) % len(params)
        center = points(count, self.n, self.rng)[:, None]
        center[::3] = 0
        size = 2.0 ** self.rng.integers(-6, 4, (count, 1, 1))
        corners = center + size * self.rng.integers(-4, 5, (count, 3, self.n)) / 4
        score = np.abs(seek.circulations(f, draw, corners, 32))
        best = np.argsort(-np.nan_to_num(score))[:48]
        draw, corners = draw[best], corners[best]
        score = np.abs(seek.circulations(f, draw, corners, 512))
        crossed = seek.crossings(f, draw, corners, 64)
        order = np.argsort(np.where(score > 0.03, crossed, np.inf))[:4]  # jumps cost time
        order = order[score[order] > 0.03]
        again = np.abs(seek.circulations(f, draw[order], corners[order], 4096))
        for k, s in zip(order, again, strict=True):
            if abs(s - score[k]) < 0.3 * s:
                self.limits = Limits(end=time.monotonic() + SLICE)
                yield Candidate(1.0, int(draw[k]), corners[k])

    def confirm(self, f: Probe, c: Candidate) -> Witness | None:
        """Return the witness that a candidate is, None if ball arithmetic does not say so."""
        numbers = [exact(p) for p in f.params[c.draw]]
        if c.pair is not None:
            return witness(self.balls, "jacobian", numbers, [exact(c.x)], c.pair, self.limits)
        if c.x.ndim == 2:
            kind = "points" if len(c.x) == 2 else "triangle"
            corners = [exact(p) for p in c.x]
            return witness(self.balls, kind, numbers, corners, None, self.limits)
        assert c.way is not None
        return self.near(f, numbers, c)

    def near(self, f: Probe, numbers: list[np.ndarray], c: Candidate) -> Witness | None:
        """Return two points on the line through a point along a direction of negative slope."""
        assert c.way is not None
        for bits in (2, 5, 10, 24):
            way = np.round(c.way / np.abs(c.way).max() * 2.0**bits) / 2.0**bits
            t = 2.0 ** -np.arange(-3, 40)
            draw = np.full(len(t), c.draw)
            change = f.map(draw, c.x + t[:, None] * way) - f.map(draw, np.tile(c.x, (len(t), 1)))
            fall = (change * way).sum(axis=1) / (np.abs(change * way).sum(axis=1) + 1e-300)
            good = t[np.flatnonzero(np.nan_to_num(fall) < -NOISE)]
            steps = (*good[:3], *good[3:12:4], *(2.0**-k for k in (8, 16, 24)))
            found = self.step(numbers, exact(c.x), exact(way), steps)
            if found:
                return found
        return None

    def step(
        self, numbers: list[np.ndarray], x: np.ndarray, way: np.ndarray, steps: tuple[float, ...]
    ) -> Witness | None:
        """Return the points x and x + t way for the first step t that settles the claim."""
        for t in steps:
            found = witness(self.balls, "points", numbers, [x, x + exact(t)[()] * way])
            if found or self.late():
                return found
        return None


NOISE = 1e-8
SLICE = 1.5  # seconds for one attempt to enclose a circulation


def offsets(graph: Graph) -> set[int]:
    """Return the parameters that are added to what depends on x."""
    depends: list[bool] = []
    found = set()
    for node in graph.nodes:
        depends.append(node.op in ("x", "state") or any(depends[ref.node] for ref in node.args))
        if node.op == "add" and depends[-1]:
            terms = (graph.nodes[ref.node] for ref in node.args)
            found |= {term.attrs[0] for term in terms if term.op == "param"}
    return found


def own_values(traced: "Traced") -> Params:
    """Return the module's own parameter values in the shapes of the graph."""
    values = []
    for tensor, shape in zip(traced.tensors, traced.graph.params, strict=True):
        lengths = [s if isinstance(s, int) else traced.sizes[s] for s in shape]
        values.append(tensor.detach().double().cpu().numpy().reshape(lengths))
    return values
