"""Parameters and points at which a claim may fail: short dyadic numbers of many kinds."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np

Params = list[np.ndarray]
SCALES = 2.0 ** np.array([0, 0, -1, 1, -2, 2, 3, -4, 4, 6, -7, 8])
LARGE = 4000  # entries of a tensor above which it is drawn sparse


def draws(
    own: Sequence[np.ndarray], rng: np.random.Generator, offsets: Collection[int] = ()
) -> Iterator[Params]:
    """Yield parameter values without end: short ones, the module's own, then random ones."""
    own = [np.asarray(p, dtype=np.float64) for p in own]
    yield [shape_of(p, rng, "small") for p in own]
    yield [diagonal(p) for p in own]
    yield list(own)
    for sign in (-1.0, 0.0):
        for k in range(min(len(own), 6)):
            yield [p if n != k else sign * p for n, p in enumerate(own)]
    while True:
        theme = rng.integers(5)
        if theme == 0:  # one tensor is drawn anew
            k = int(rng.integers(len(own))) if own else 0
            yield [p if n != k else shape_of(p, rng) for n, p in enumerate(own)]
        elif theme == 1:
            yield [shape_of(p, rng, "small") for p in own]
        elif theme == 2:  # at x = 0 every argument is 0
            yield without(offsets, [shape_of(p, rng) for p in own])
        else:
            yield [shape_of(p, rng) for p in own]


def without(offsets: Collection[int], params: Params) -> Params:
    """Return parameters with those of these numbers 0."""
    return [0 * p if k in offsets else p for k, p in enumerate(params)]


def shape_of(like: np.ndarray, rng: np.random.Generator, style: str = "") -> np.ndarray:
    """Return a random dyadic tensor of this shape.

    >>> shape_of(np.zeros((2, 2)), np.random.default_rng(0), "small").shape
    (2, 2)
    """
    shape = like.shape
    style = style or STYLES[rng.integers(len(STYLES))]
    if like.size > LARGE:
        return _sparse(shape, rng, style)
    whole = rng.integers(-8, 9, size=shape).astype(float)
    if style == "small":
        return whole / 8
    scale = SCALES[rng.integers(len(SCALES))] / 4
    if style == "own":
        return like * rng.choice([-1.0, 1.0]) * SCALES[rng.integers(len(SCALES))]
    if style == "zero":
        return np.zeros(shape)
    if style == "equal":
        return np.full(shape, scale * float(rng.integers(-8, 9)))
    if style == "positive":
        return np.abs(whole) * scale
    if style == "negative":
        return -np.abs(whole) * scale
    if style == "sparse":
        return whole * (rng.random(shape) < 0.3) * scale
    if style == "diagonal":
        return diagonal(like) * float(rng.integers(-8, 9)) * scale
    if style == "twins" and like.ndim:
        first, second = rng.integers(len(like), size=2)
        whole[second] = whole[first]
    return whole * scale


STYLES = ("small", "any", "any", "any", "own", "zero", "equal", "positive", "negative", "sparse")
STYLES = (*STYLES, "diagonal", "twins")


def diagonal(like: np.ndarray) -> np.ndarray:
    """Return ones where all indices of the last two axes are equal, ones for fewer axes."""
    if like.ndim < 2:
        return np.ones(like.shape)
    value = np.zeros(like.shape)
    value[..., *[np.arange(min(like.shape[-2:]))] * 2] = 1.0
    return value


def _sparse(shape: tuple[int, ...], rng: np.random.Generator, style: str) -> np.ndarray:
    value = np.zeros(shape)
    if style in ("zero",):
        return value
    places = tuple(rng.integers(0, n, size=4 * max(shape)) for n in shape)
    value[places] = rng.integers(-8, 9, size=len(places[0])) / 8
    if len(shape) > 1 and rng.random() < 0.7:  # a narrow network inside the wide one
        value[3:] = 0
        value[:3] = rng.integers(-8, 9, size=value[:3].shape) / 8
    return value


def points(count: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return points (count, n) of many scales, some on the axes, the first one 0."""
    whole = rng.integers(-8, 9, size=(count, n)) / 8
    x = whole * SCALES[rng.integers(len(SCALES), size=(count, 1))]
    x[count // 2 :] *= rng.random((count - count // 2, n)) < 0.7
    for k in range(0, count, 8):
        x[k] *= np.arange(n) == rng.integers(n)
    for k in range(1, count, 16):
        x[k] *= 2.0**-30
    x[0] = 0
    return x


def ways(count: int, n: int, rng: np.random.Generator, params: Params) -> np.ndarray:
    """Return directions (count, n): axes, differences of axes, rows of parameters, random ones."""
    found = rng.integers(-4, 5, size=(count, n)) / 4
    rows = [row for p in params for row in _rows(p, n, rng)]
    for k in range(count):
        kind = rng.integers(4)
        if kind == 0:
            found[k] = np.arange(n) == rng.integers(n)
        elif kind == 1 and n > 1:
            i, j = rng.choice(n, size=2, replace=False)
            found[k] = (np.arange(n) == i) - 1.0 * (np.arange(n) == j)
        elif kind == 2 and rows:
            found[k] = rows[rng.integers(len(rows))]
    found[~found.any(axis=1), 0] = 1
    return found


def _rows(p: np.ndarray, n: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return some vectors along the axes of length n of a parameter, at most 1 in size, short."""
    if n == 1 or n not in p.shape:
        return []
    flat = np.moveaxis(p, p.shape.index(n), -1).reshape(-1, n)
    flat = flat[rng.integers(len(flat), size=min(len(flat), 6))]
    flat = flat[flat.any(axis=1)]
    size = 2.0 ** np.ceil(np.log2(np.abs(flat).max(axis=1, keepdims=True, initial=1e-300)))
    return list(np.round(flat / size * 64) / 64)


def grid(rng: np.random.Generator) -> np.ndarray:
    """Return places on a line: even near 0, wider and wider farther out, others every time."""
    near = np.arange(-48, 49) / 8
    steps = (0.8125, 0.875, 1, 1.0625, 1.125, 1.25, 1.375, 1.5)
    far = np.array([2.0**k * q for k in range(3, 11) for q in steps])
    far *= 1 + rng.integers(0, 16) / 64
    return np.unique(np.concatenate([near, far, -far, [2.0**-k for k in (5, 10, 20)]]))
