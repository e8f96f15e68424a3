"""Points on the sides of kinks and jumps that random points do not reach."""

import numpy as np

from verify.search.candidates import Probe
from verify.search.derivatives import KINKS
from verify.search.draws import Params

ENTRIES, STARTS, STEPS = 32, 6, 8


def uncovered(
    f: Probe, draw: np.ndarray, x: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return draws and points at which arguments of kinks have the sign that no sample gives them.

    Newton's iteration on each such argument, from the samples where it is nearest to 0.
    """
    if not f.together or x.shape[1] > 24:
        return draw[:0], x[:0]
    values, _ = _arguments(f, draw, x)
    if not values.shape[1]:
        return draw[:0], x[:0]
    known = np.isfinite(values).all(axis=0)
    one_sided = known & ((values > 0).all(axis=0) | (values <= 0).all(axis=0))
    entries = np.flatnonzero(one_sided & values.any(axis=0))
    entries = rng.permutation(entries)[:ENTRIES]
    if not len(entries):
        return draw[:0], x[:0]
    starts = np.argsort(np.abs(values[:, entries]), axis=0)[: 8 * STARTS : 8].T
    entry = np.repeat(entries, starts.shape[1])
    draw, x = draw[starts.ravel()], x[starts.ravel()].copy()
    aim = np.where(values[0, entry] > 0, -1.0, 1.0)
    rows = np.arange(len(x))
    for step in range(STEPS):
        values, slopes = _arguments(f, draw, x)
        value, slope = values[rows, entry], slopes[rows, :, entry]
        size = (slope * slope).sum(axis=1)
        goal = aim * 2.0 ** rng.integers(-6, 2, len(x))
        move = slope * ((goal - value) / np.where(size > 0, size, np.inf))[:, None]
        move = np.where(np.isfinite(move), move, 0)
        x = np.where((value * aim > 0)[:, None], x, x + move * (1 if step % 2 else 0.75))
    reached = _arguments(f, draw, x)[0][rows, entry] * aim > 0
    draw, x = draw[reached], x[reached]
    near = np.repeat(x, 6, axis=0)
    step = rng.normal(size=near.shape) * 2.0 ** rng.integers(-8, 1, (len(near), 1))
    step[::6] = 0
    return np.repeat(draw, 6), np.round((near + step) * 1024) / 1024


def _arguments(f: Probe, draw: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the arguments of kinks (S, E) and their derivatives (S, n, E)."""
    params: Params = [p[draw] for p in f.stacked]
    count, n = x.shape
    duals = f.field.duals(params, x, np.eye(n))
    values, slopes = [np.zeros((count, 0))], [np.zeros((count, n, 0))]
    for node in f.field.graph.nodes:
        if node.op == "fn" and node.name in KINKS:
            d = duals[node.args[0].node]
            if d.tangent is not None:
                shape = d.value.shape[1:]
                slope = np.broadcast_to(d.tangent, (count, n, *shape))
                values.append(d.value.reshape(count, -1))
                slopes.append(slope.reshape(count, n, -1))
    return np.concatenate(values, axis=1), np.concatenate(slopes, axis=2)
