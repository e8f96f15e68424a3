"""Holds a verdict against differences of the plain function, where no truth is known."""

from typing import Any

import torch
from torch import Tensor, nn

from . import differences
from .entry import Entry


def contradiction(entry: Entry, verdict: Any) -> str:
    """Return what differences see against a verdict, or "".

    A proved claim is contradicted by a violation anywhere, a refuted one by its own
    counterexample, where that shows clearly that there is no violation. Any answer is contradicted
    by a module that is no map of one sample.
    """
    if verdict.status == "unknown":
        return ""
    if not differences.maps_samples(lambda: entry.make().double(), entry.dim):
        return f"{verdict.status}, but it is no map of one sample"
    if verdict.status == "refuted":
        return "" if confirmed(entry, verdict.counterexample) else "the counterexample is none"
    for net in differences.draws(entry.make(), entry.scope):
        if differences.is_asymmetric(net, entry.dim):
            return f"proved {verdict.claim}, but it is asymmetric"
        if verdict.claim == "psd" and differences.falls(net, entry.dim):
            return "proved psd, but it falls"
    return ""


def placed(entry: Entry, found: Any) -> nn.Module:
    """Return the module in float64 at the parameters of a counterexample."""
    net = entry.make().double()
    with torch.no_grad():
        for name, (shape, values) in found.parameters.items():
            exact = torch.tensor([float(v) for v in values], dtype=torch.float64)
            net.get_parameter(name).copy_(exact.reshape(shape))
    return net


def confirmed(entry: Entry, found: Any) -> bool:
    """Whether float64 sees the violation of a counterexample, or is too coarse to see it."""
    net = placed(entry, found)
    points = torch.tensor([[float(q) for q in p] for p in found.points], dtype=torch.float64)
    if found.kind == "points":
        return bool((raw_product(net, points) < rounding(net, points)).all())
    if found.kind == "triangle":
        return differences.circulation(net, points) > 1e-3 or is_tiny(found)
    i, j = found.indices
    size = float(points.abs().max())
    J = differences.jacobians(net, points, 1e-6 * max(1.0, size))[0]
    if not J.isfinite().all():  # beyond a pole that is nearer than the step
        J = differences.jacobians(net, points, 1e-6 * size)[0]
    return bool((J[i, j] - J[j, i]).abs() > 1e-5 * J.abs().max()) or is_tiny(found)


def raw_product(net: nn.Module, points: Tensor) -> Tensor:
    values = differences.evaluate(net, points)
    return ((values[0] - values[1]) * (points[0] - points[1])).sum()


def rounding(net: nn.Module, points: Tensor) -> Tensor:
    """Return a bound of what rounding may do to the product."""
    values = differences.evaluate(net, points)
    return 1e-12 * values.abs().sum() * (points[0] - points[1]).abs().sum() + 1e-300


def is_tiny(found: Any) -> bool:
    """Whether the counterexample itself claims a violation below what float64 shows."""
    bounds = list(found.enclosures.values())
    size = max((abs(float(b)) for pair in bounds for b in pair), default=0.0)
    last = max(abs(float(b)) for b in bounds[-1]) if bounds else 0.0
    return last < 1e-4 * size or size < 1e-6
