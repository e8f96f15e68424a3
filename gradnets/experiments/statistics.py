"""Statistics of a figure over the trials of a model."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

LEVEL = 0.95
RESAMPLES = 10_000


def mean(values: Tensor) -> Tensor:
    """Return the mean over the last axis."""
    return values.mean(-1)


def median(values: Tensor) -> Tensor:
    """Return the median over the last axis, of an even number the mean of the middle two.

    >>> median(torch.tensor([4.0, 1.0, 2.0, 9.0])).item()
    3.0
    """
    return values.quantile(0.5, -1)


def figures(values: Tensor) -> dict[str, Any]:
    """Return the statistics of one figure over the trials; std divides by trials - 1.

    Of one trial there is no std and no interval: they are None.

    >>> figures(torch.tensor([-1.0, -3.0, -2.0], dtype=torch.float64))["std"]
    1.0
    """
    several = len(values) > 1
    return {
        "mean": mean(values).item(),
        "mean_interval": bootstrap(values, mean) if several else None,
        "std": values.std().item() if several else None,
        "median": median(values).item(),
        "median_interval": bootstrap(values, median) if several else None,
        "worst": values.max().item(),
        "trials": values.tolist(),
    }


def bootstrap(values: Tensor, statistic: Callable[[Tensor], Tensor]) -> list[float]:
    """Return a 95 % interval of a statistic by the percentile bootstrap.

    The ends are quantiles of the statistic over 10,000 samples drawn with replacement from the
    values, as many as there are; the draws are the same in every call.

    Args:
        values: shape (trials,).
        statistic: (..., trials) -> (...).

    Source: Efron, "Bootstrap methods: another look at the jackknife", 1979.

    >>> low, high = bootstrap(torch.arange(100.0), mean)
    >>> 43 < low < 45, 54 < high < 56  # 49.5 and twice 28.9 / sqrt(100) to each side
    (True, True)
    """
    generator = torch.Generator().manual_seed(0)
    draws = torch.randint(len(values), (RESAMPLES, len(values)), generator=generator)
    tail = (1 - LEVEL) / 2
    return [statistic(values[draws]).quantile(q).item() for q in (tail, 1 - tail)]
