"""The stages of the search for a counterexample: where to look, and how to confirm what is seen."""

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from verify.search import candidates as seek
from verify.search.balls import exact, finite, precision
from verify.search.candidates import Candidate, Probe
from verify.search.cover import uncovered
from verify.search.definite import negative_direction
from verify.search.derivatives import JUMPS
from verify.search.draws import grid, points, ways, without
from verify.search.effort import Effort
from verify.search.settle import Exact, Limits, nonzero, slope
from verify.search.shrink import Witness, witness
from verify.search.tangents import BALLS, Field
from verify.trusted.graph import Graph

BITS = 400  # of the Jacobians in many digits
NOISE = 1e-8
CIRCLED = 8  # triangles that were enclosed in vain before that is given up


class Stages:
    """What one search knows of its map, and its random numbers."""

    def __init__(
        self, graph: Graph, sizes: Mapping[str, int], n: int, psd: bool, effort: Effort, seed: int
    ) -> None:
        self.n, self.psd, self.effort = n, psd, effort
        self.rng = np.random.default_rng(seed)
        self.balls = Field(graph, sizes, BALLS)
        self.offsets = offsets(graph)
        self.jumpy = any(node.name in JUMPS for node in graph.nodes)
        self.end = time.monotonic() + effort.seconds
        pieces = effort.pieces if self.jumpy else effort.pieces // 3
        self.limits = Limits((128, BITS), pieces, self.end + effort.seconds)
        self.number = self.failed = self.circled = 0
        self.more = np.zeros(0, dtype=int), np.zeros((0, n))

    def late(self) -> bool:
        """Tell whether it is time to stop."""
        return time.monotonic() > self.end

    def round(self, f: Probe, samples: int, free: bool) -> Witness | None:
        """Return a witness at one of the parameter draws of the probe."""
        self.more = uncovered(f, *self.spread(len(f.params), samples // 4), self.rng)
        for stage in (self.derivatives, self.exactly, self.lines, self.around):
            for candidate in stage(f, samples, free):
                found = candidate if isinstance(candidate, Witness) else self.confirm(f, candidate)
                if found is not None:
                    return found
                self.failed += 1
                if self.late():
                    return None
        return None

    def best(self, found: list[Candidate]) -> list[Candidate]:
        """Return the best candidates, fewer where many were mere rounding."""
        return seek.rank(found, 4 if self.failed < 12 else 1)

    def spread(self, count: int, samples: int) -> tuple[np.ndarray, np.ndarray]:
        """Return draws and points, so many samples in all."""
        each = max(1, samples // count)
        x = np.concatenate([points(each, self.n, self.rng) for _ in range(count)])
        return np.repeat(np.arange(count), each), x

    def axes(self, most: int) -> np.ndarray:
        """Return all axes, or some at random where they are too many."""
        if self.n <= most:
            return np.arange(self.n)
        return np.sort(self.rng.choice(self.n, seek.AXES, replace=False))

    def derivatives(self, f: Probe, samples: int, free: bool) -> Iterator[Candidate]:
        """Look at Jacobians at points of many scales, then near the worst of them."""
        draw, x = self.spread(len(f.params), samples)
        draw, x = np.concatenate([draw, self.more[0]]), np.concatenate([x, self.more[1]])
        axes = self.axes(seek.AXES)
        for turn in range(3 if self.psd else 1):
            J = seek.jacobians(f, draw, x, axes)
            yield from self.best(seek.asymmetric(draw, x, J, axes))
            if not self.psd:
                return
            found, score = seek.indefinite(draw, x, J, axes)
            yield from self.best(found)
            if self.effort.rounds == 1 or not np.isfinite(score).any():
                return
            best = np.argsort(-score)[:16]
            step = 2.0 ** -(2 * turn + 1) * self.rng.integers(-8, 9, (16 * len(best), self.n)) / 8
            size = 1 + np.abs(x[best]).max(axis=1).repeat(16)
            draw, x = draw[best].repeat(16), x[best].repeat(16, axis=0) + step * size[:, None]

    def exactly(self, f: Probe, samples: int, free: bool) -> Iterator[Witness]:
        """Look at a few Jacobians in many digits: a slope of -1e-30 is seen there."""
        axes = self.axes(64)
        identity = exact(np.eye(self.n)[axes])
        for k in range(self.effort.exact):
            draw = f.params[(k // 2 + self.number) % len(f.params)]
            at_zero = k % 2 == 0
            numbers = [exact(p) for p in (without(self.offsets, draw) if at_zero & free else draw)]
            x = exact(points(4, self.n, self.rng)[0 if at_zero else 3])
            with precision(BITS):
                J = self.balls.tangent(numbers, x, identity)[:, axes]
                if not all(map(finite, J.flat)):
                    continue
                places = ((i, j) for i, j in np.ndindex(J.shape) if i < j)
                pair = next((ij for ij in places if nonzero(J[ij] - J[ij[::-1]])), None)
                way = negative_direction((J + J.T) / 2) if self.psd and pair is None else None
            found = None
            if pair is not None:
                ij = int(axes[pair[0]]), int(axes[pair[1]])
                found = witness(self.balls, "jacobian", numbers, [x], ij, self.limits)
            elif way is not None:
                full = exact(np.zeros(self.n))
                full[axes] = way
                found = self.step(numbers, x, full, tuple(2.0**-k for k in range(0, 64, 4)))
            if found is not None:
                yield found

    def lines(self, f: Probe, samples: int, free: bool) -> Iterator[Candidate]:
        """Look along lines for falls, and down jumps."""
        if not self.psd:
            return
        count = self.effort.lines
        draw = np.arange(count) % len(f.params)
        base = points(count, self.n, self.rng)
        base[: count // 3] = 0
        if len(self.more[0]):
            taken = self.rng.integers(len(self.more[0]), size=1 + count // 4)
            draw[-len(taken) :], base[-len(taken) :] = self.more[0][taken], self.more[1][taken]
        way = np.concatenate([ways(1, self.n, self.rng, f.params[k]) for k in draw.tolist()])
        t = grid(self.rng)
        yield from self.best(seek.falling(f, draw, base, way, t))
        if self.jumpy:
            yield from self.best(seek.jumps(f, draw, base, way, t))

    def around(self, f: Probe, samples: int, free: bool) -> Iterator[Candidate]:
        """Look around triangles for a circulation: of a map that jumps, or around a hole."""
        if self.n == 1 or self.effort.rounds == 1 or not (self.jumpy or self.number % 4 == 1):
            return
        if self.circled > CIRCLED:
            return
        count = max(48, samples // 8)
        draw = np.arange(count) % len(f.params)
        center = points(count, self.n, self.rng)[:, None]
        center[::3] = 0
        size = 2.0 ** self.rng.integers(-6, 4, (count, 1, 1))
        corners = center + size * self.rng.integers(-4, 5, (count, 3, self.n)) / 4
        score = np.nan_to_num(np.abs(seek.circulations(f, draw, corners, 32)))
        best = np.argsort(-score)[:24]
        draw, corners = draw[best], corners[best]
        score = np.nan_to_num(np.abs(seek.circulations(f, draw, corners, 256)))
        crossed = seek.crossings(f, draw, corners, 64)
        order = np.lexsort((-score, crossed))  # a jump that is crossed costs time
        order = order[score[order] > 0.03][: 6 if self.jumpy else 2]
        again = np.abs(seek.circulations(f, draw[order], corners[order], 1024))
        for k, s in zip(order, again, strict=True):
            if abs(s - score[k]) < 0.3 * s:
                self.circled += 1
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
        for bits in (2, 5, 10, 24):
            way = np.round(c.way / np.abs(c.way).max() * 2.0**bits) / 2.0**bits
            form = slope(Exact(self.balls, numbers), exact(c.x), exact(way))
            if finite(form) and not form < 0:
                continue
            steps = self.steps(f, c, way)
            found = self.step(numbers, exact(c.x), exact(way), steps[: None if form < 0 else 3])
            if found or self.late():
                return found
        return None

    def steps(self, f: Probe, c: Candidate, way: np.ndarray) -> tuple[float, ...]:
        """Return lengths of steps from a point at which the product looks negative, long first."""
        t = 2.0 ** -np.arange(-3, 40)
        draw = np.full(len(t), c.draw)
        change = f.map(draw, c.x + t[:, None] * way) - f.map(draw, np.tile(c.x, (len(t), 1)))
        fall = (change * way).sum(axis=1) / (np.abs(change * way).sum(axis=1) + 1e-300)
        good = t[np.flatnonzero(np.nan_to_num(fall) < -NOISE)]
        return (*good[:3], *good[3:12:4], *(2.0**-k for k in (8, 16, 24, 36, 48)))

    def step(
        self,
        numbers: Sequence[np.ndarray],
        x: np.ndarray,
        way: np.ndarray,
        steps: Sequence[float],
    ) -> Witness | None:
        """Return the points x and x + t way for the first step t that settles the claim."""
        for t in steps:
            ends = [x, x + exact(t)[()] * way]
            found = witness(self.balls, "points", numbers, ends, None, self.limits)
            if found or self.late():
                return found
        return None


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
