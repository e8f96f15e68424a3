"""Candidates for a refutation, found in float64: nothing here is sure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from verify.search.derivatives import JUMPS
from verify.search.draws import Params
from verify.search.tangents import FLOATS, Field
from verify.trusted.graph import Graph

AXES = 24  # directions of the derivative at a time
NOISE = 1e-9
CLEAR = 1e-3  # a score by which a claim fails beyond doubt


@dataclass(frozen=True)
class Candidate:
    """Where a claim may fail.

    Attributes:
        score: how much it fails, in units of the size of what is compared; negative: it does not.
        draw: the number of the parameter draw.
        x: the point, or the corners.
        way: the direction for ``psd``.
        pair: the indices i, j for ``symmetric``.
    """

    score: float
    draw: int
    x: np.ndarray
    way: np.ndarray | None = None
    pair: tuple[int, int] | None = None


class Probe:
    """A map in float64 at several parameter draws at a time."""

    def __init__(self, field: Field, params: Sequence[Params], together: bool) -> None:
        self.field, self.params, self.together = field, params, together
        if together and params:
            self.stacked = [np.stack(p) for p in zip(*params, strict=True)]

    def both(
        self, draw: np.ndarray, x: np.ndarray, ways: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return f(x) (S, n) and J(x) v (S, D, n) of sample s at the parameters of draw[s]."""
        if self.together:
            return self.field.both([p[draw] for p in self.stacked], x, ways)
        value = np.empty_like(x)
        tangent = np.empty((len(x), ways.shape[-2], x.shape[-1]))
        for k in np.unique(draw):
            these = draw == k
            v = ways if ways.ndim == 2 else ways[these]
            value[these], tangent[these] = self.field.both(self.params[k], x[these], v)
        return value, tangent

    def map(self, draw: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return f(x) (S, n)."""
        if self.together:
            return self.field.map([p[draw] for p in self.stacked], x)
        value = np.empty_like(x)
        for k in np.unique(draw):
            value[draw == k] = self.field.map(self.params[k], x[draw == k])
        return value

    def pieces(self, draw: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return (S, P) whole numbers that change where the map may jump."""
        if not self.together:
            parts = np.empty((len(x), 0))
            for k in np.unique(draw):
                these = draw == k
                found = self._pieces(self.params[k], x[these])
                if parts.shape[1] != found.shape[1]:
                    parts = np.zeros((len(x), found.shape[1]))
                parts[these] = found
            return parts
        return self._pieces([p[draw] for p in self.stacked], x)

    def _pieces(self, params: Params, x: np.ndarray) -> np.ndarray:
        nodes = self.field.graph.nodes
        duals = self.field.duals(params, x, np.zeros((1, x.shape[1])))
        found = [
            d.value.reshape(len(x), -1)
            for d, node in zip(duals, nodes, strict=True)
            if node.name in JUMPS and d.tangent is not None
        ]
        found = [np.broadcast_to(v, (len(x), v.shape[1])) for v in found]
        return np.concatenate(found, axis=1) if found else np.zeros((len(x), 0))


def probe(graph: Graph, sizes: dict[str, int], params: Sequence[Params]) -> Probe:
    """Return a probe of a graph; small parameters are evaluated together for all draws."""
    entries = sum(p.size for p in params[0]) if params else 0
    return Probe(Field(graph, sizes, FLOATS), params, bool(params) and entries <= 4000)


def jacobians(f: Probe, draw: np.ndarray, x: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Return the rows and columns ``axes`` of J(x), shape (S, D, D), entry [s, j, i] = J_ij."""
    return f.both(draw, x, np.eye(x.shape[1])[axes])[1][:, :, axes]


def rank(found: list[Candidate], many: int) -> list[Candidate]:
    """Return the best candidates, at most two of one draw; clear ones by how short they read."""
    best: list[Candidate] = []
    for c in sorted(found, key=lambda c: (-min(c.score, CLEAR), c.draw, np.abs(c.x).sum())):
        if c.score > NOISE and sum(c.draw == b.draw for b in best) < 2:
            best.append(c)
        if len(best) == many:
            break
    return best


def asymmetric(draw: np.ndarray, x: np.ndarray, J: np.ndarray, axes: np.ndarray) -> list[Candidate]:
    """Return candidates for J_ij != J_ji, one for each sample."""
    gap = np.abs(J - J.transpose(0, 2, 1))
    size = np.abs(J).max(axis=(1, 2)) + 1e-300
    score = gap.max(axis=(1, 2)) / size
    place = gap.reshape(len(J), -1).argmax(axis=1)
    good = np.flatnonzero(np.isfinite(score) & (score > NOISE))
    good = good[np.argsort(-score[good])][:64]
    pairs = [np.unravel_index(place[s], J.shape[1:]) for s in good]
    return [
        Candidate(float(score[s]), int(draw[s]), x[s], pair=(int(axes[i]), int(axes[j])))
        for s, (i, j) in zip(good, pairs, strict=True)
    ]


def indefinite(
    draw: np.ndarray, x: np.ndarray, J: np.ndarray, axes: np.ndarray
) -> tuple[list[Candidate], np.ndarray]:
    """Return candidates for v^T J v < 0 and the scores of all samples, -inf where undefined."""
    score = np.full(len(J), -np.inf)
    fine = np.flatnonzero(np.isfinite(J).all(axis=(1, 2)))
    size = np.abs(J[fine]).max(axis=(1, 2))
    fine, size = fine[(size > 1e-280) & (size < 1e280)], size[(size > 1e-280) & (size < 1e280)]
    if not len(fine):
        return [], score
    values, vectors = np.linalg.eigh(
        (J[fine] + J[fine].transpose(0, 2, 1)) / 2 / size[:, None, None]
    )
    score[fine] = -values[:, 0]
    best = np.argsort(-score[fine])[:64]
    found = []
    for k in best:
        if score[fine[k]] > NOISE:
            way = np.zeros(x.shape[1])
            way[axes] = vectors[k, :, 0]
            found.append(Candidate(float(score[fine[k]]), int(draw[fine[k]]), x[fine[k]], way=way))
    return found, score


def falling(
    f: Probe, draw: np.ndarray, base: np.ndarray, way: np.ndarray, t: np.ndarray
) -> list[Candidate]:
    """Return candidates for psd on lines base + t way: falls between places, and slopes < 0."""
    found: list[Candidate] = []
    rows = np.arange(len(base))
    gaps = np.maximum(np.diff(t, prepend=t[0]), np.diff(t, append=t[-1]))
    t, gaps = (np.broadcast_to(a, (len(base), len(t))) for a in (t, gaps))
    for _ in range(3):
        values, slopes = _along(f, draw, base, way, t)
        found += _falls(draw, base, way, t, values)
        size = np.nanmax(np.abs(slopes), axis=1, initial=1e-300, where=np.isfinite(slopes))
        low = _lowest(slopes)
        place, gap = t[rows, low], gaps[rows, low]
        score = -slopes[rows, low] / size
        found += [
            Candidate(float(score[k]), int(draw[k]), base[k] + place[k] * way[k], way=way[k])
            for k in np.flatnonzero(np.isfinite(score) & (score > NOISE))
        ]
        t = place[:, None] + np.arange(-16, 17) / 16 * gap[:, None]
        gaps = np.broadcast_to(gap[:, None] / 16, t.shape)
    return found


def _lowest(slopes: np.ndarray) -> np.ndarray:
    """Return the place of the least slope of each line, for every other line of a shallow dip."""
    slopes = np.where(np.isfinite(slopes), slopes, np.inf)
    dips = np.full(slopes.shape, np.inf)
    inner = slopes[:, 1:-1]
    deep = (inner < slopes[:, :-2]) & (inner < slopes[:, 2:])
    dips[:, 1:-1] = np.where(deep, -np.minimum(slopes[:, :-2], slopes[:, 2:]) + inner, np.inf)
    low = slopes.argmin(axis=1)
    low[1::2] = np.where(deep.any(axis=1), dips.argmin(axis=1), low)[1::2]
    return low


def _along(
    f: Probe, draw: np.ndarray, base: np.ndarray, way: np.ndarray, t: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return v.f and v.J v at base + t v for each line, shapes (L, T)."""
    x = base[:, None] + t[..., None] * way[:, None]
    v = np.broadcast_to(way[:, None], x.shape)
    value, tangent = f.both(
        np.repeat(draw, t.shape[1]), x.reshape(-1, x.shape[2]), v.reshape(-1, 1, x.shape[2])
    )
    value = (value.reshape(x.shape) * v).sum(axis=2)
    return value, (tangent.reshape(x.shape) * v).sum(axis=2)


def _falls(
    draw: np.ndarray, base: np.ndarray, way: np.ndarray, t: np.ndarray, values: np.ndarray
) -> list[Candidate]:
    known = np.isfinite(values)
    low = np.where(known, values, -np.inf)
    high = np.maximum.accumulate(low, axis=1)
    drop = np.where(known & np.isfinite(high), high - values, 0)
    size = np.nanmax(np.abs(values), axis=1, initial=1e-300, where=known)
    last = drop.argmax(axis=1)
    rows = np.arange(len(base))
    score = drop[rows, last] / size
    found = []
    for k in np.flatnonzero(score > 1e-12):
        first = int(low[k, : last[k] + 1].argmax())
        x = np.stack([base[k] + s * way[k] for s in (t[k, first], t[k, last[k]])])
        found.append(Candidate(float(score[k]) + 1, int(draw[k]), x, way=way[k]))
    return found


def jumps(
    f: Probe, draw: np.ndarray, base: np.ndarray, way: np.ndarray, t: np.ndarray
) -> list[Candidate]:
    """Return candidates for psd right before and behind the jumps on lines base + t way."""
    x = base[:, None] + t[:, None] * way[:, None]
    pieces = f.pieces(np.repeat(draw, len(t)), x.reshape(-1, x.shape[2]))
    if not pieces.shape[1]:
        return []
    pieces = pieces.reshape(len(base), len(t), -1)
    lines, places = np.nonzero((pieces[:, 1:] != pieces[:, :-1]).any(axis=2))
    if not len(lines):
        return []
    keep = np.random.default_rng(len(lines)).permutation(len(lines))[:512]
    lines, places = lines[keep], places[keep]
    low, high = t[places], t[places + 1]
    target, d, b, v = pieces[lines, places], draw[lines], base[lines], way[lines]
    for _ in range(44):
        middle = (low + high) / 2
        same = (f.pieces(d, b + middle[:, None] * v) == target).all(axis=1)
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    before, behind = b + low[:, None] * v, b + high[:, None] * v
    change = ((f.map(d, behind) - f.map(d, before)) * v).sum(axis=1)
    size = np.abs(f.map(d, before) * v).sum(axis=1) + np.abs(change) + 1e-300
    score = np.where(np.isfinite(change), -change / size, 0)
    return [
        Candidate(float(score[k]) + 1, int(d[k]), np.stack([before[k], behind[k]]), way=v[k])
        for k in np.flatnonzero(score > NOISE)
    ]


def _around(corners: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points along the edges of triangles (K, 3, n), shape (K, 3, steps, n), and edges."""
    along = np.roll(corners, -1, axis=1) - corners
    t = (np.arange(steps) + 0.5) / steps
    return corners[:, :, None] + t[:, None] * along[:, :, None], along


def circulations(f: Probe, draw: np.ndarray, corners: np.ndarray, steps: int) -> np.ndarray:
    """Return the integrals of f(x).dx around triangles (K, 3, n) by the midpoint rule, scaled."""
    x, along = _around(corners, steps)
    value = f.map(np.repeat(draw, 3 * steps), x.reshape(-1, x.shape[-1])).reshape(x.shape)
    parts = (value * along[:, :, None]).sum(axis=3)
    size = np.abs(parts - parts.mean(axis=2, keepdims=True)).mean(axis=2).sum(axis=1) + 1e-300
    return parts.mean(axis=2).sum(axis=1) / (size + NOISE * np.abs(parts).mean(axis=(1, 2)))


def crossings(f: Probe, draw: np.ndarray, corners: np.ndarray, steps: int) -> np.ndarray:
    """Return how many jumps the edges of triangles cross, seen in so many steps."""
    x, _ = _around(corners, steps)
    pieces = f.pieces(np.repeat(draw, 3 * steps), x.reshape(-1, x.shape[-1]))
    pieces = pieces.reshape(len(corners), 3 * steps, -1)
    return (pieces[:, 1:] != pieces[:, :-1]).sum(axis=(1, 2))
