"""Shorter witnesses: simpler parameters and points that still settle the claim."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from flint import fmpq

from verify.search.balls import each, fraction
from verify.search.settle import FULL, Enclosure, Exact, Limits, settle
from verify.search.tangents import Field


@dataclass(frozen=True)
class Witness:
    """Parameters and points that refute a claim, with the enclosures that say so."""

    kind: str
    params: tuple[np.ndarray, ...]
    points: tuple[np.ndarray, ...]
    pair: tuple[int, int] | None
    found: dict[str, Enclosure]


Tries = Generator[Witness, bool | None, None]  # sent back: whether the attempt held


def witness(
    field: Field,
    kind: str,
    params: Sequence[np.ndarray],
    points: Sequence[np.ndarray],
    pair: tuple[int, int] | None = None,
    limits: Limits = FULL,
) -> Witness | None:
    """Return the witness that these are, in exact numbers, None if they are none."""
    f = Exact(field, tuple(params))
    found = settle(f, kind, points, pair, limits)
    return Witness(kind, tuple(params), tuple(points), pair, found) if found else None


def shrink(field: Field, first: Witness, free: bool, tries: int) -> Witness:
    """Return a shorter witness, in so many tries; the parameters stay unless they are free."""
    quick = Limits((128,), 60)
    best = first
    if first.kind == "triangle":
        tries //= 5
    steps: list[Callable[[Witness], Tries]] = [_points]
    if free:
        steps = [_tensors, _entries, _points]
    for step in steps:
        tried = step(best)
        taken = None
        while tries > 0:
            tries -= 1
            try:
                attempt = tried.send(taken) if taken is not None else next(tried)
            except StopIteration:
                break
            f = Exact(field, attempt.params)
            found = settle(f, best.kind, attempt.points, best.pair, quick)
            taken = bool(found)
            if found:
                best = replace(attempt, found=found)
    return best


def _tensors(best: Witness) -> Tries:
    """Try each parameter tensor as 0, all ones, rounded; what is sent back says if it held."""
    for k, p in enumerate(best.params):
        for simple in _simpler(p):
            attempt = replace(best, params=(*best.params[:k], simple, *best.params[k + 1 :]))
            if (yield attempt):
                best = attempt
                break


def _simpler(p: np.ndarray) -> Iterator[np.ndarray]:
    zero = np.full(p.shape, fmpq(0), dtype=object)
    same = np.array_equal
    if not same(p, zero):
        yield zero
        one = np.full(p.shape, fmpq(1), dtype=object)
        if not same(p, one):
            yield one
            for bits in (0, 1, 3):
                rounded = _round(p, bits)
                if not same(rounded, p) and rounded.any():
                    yield rounded


def _entries(best: Witness) -> Tries:
    if sum(p.size for p in best.params) > 80:
        return
    for k in range(len(best.params)):
        for place in np.ndindex(best.params[k].shape):
            for number in (fmpq(0), fmpq(1), fmpq(-1)):
                now: Any = best.params[k][place]
                if now == number or (number != 0 and now.height_bits() <= 2):
                    continue
                simple = best.params[k].copy()
                simple[place] = number
                attempt = replace(best, params=(*best.params[:k], simple, *best.params[k + 1 :]))
                if (yield attempt):
                    best = attempt
                    break


def _points(best: Witness) -> Tries:
    """Try points rounded to few binary places, coarse first."""
    x = best.points[0]
    others = [p - x for p in best.points[1:]]
    for bits in (0, 1, 2, 3, 5, 8, 12, 17, 24, 32):
        start = _round(x, bits)
        for digits in (1, 2, 4, 8, 16) if others else (1,):
            points = (start, *(start + _significant(d, digits) for d in others))
            if all(np.array_equal(a, b) for a, b in zip(points, best.points, strict=True)):
                return
            if (yield replace(best, points=points)):
                return


def _round(p: np.ndarray, bits: int) -> np.ndarray:
    scale = fmpq(1 << bits)
    rounded = {}  # equal results are one object

    def entry(u: Any) -> Any:
        number = (u * scale).round()
        return rounded.setdefault(number, fmpq(number) / scale)

    return each(entry, p)


def _significant(d: np.ndarray, digits: int) -> np.ndarray:
    """Return a vector rounded to so many digits of its largest entry."""
    size = max((abs(fraction(u)) for u in d), default=fraction(fmpq(0)))
    if size == 0:
        return d
    bits = digits - (size.numerator.bit_length() - size.denominator.bit_length())
    scale = fmpq(2) ** bits
    act = np.frompyfunc(lambda u: fmpq((u * scale).round()) / scale, 1, 1)
    return np.asarray(act(d), dtype=object)
