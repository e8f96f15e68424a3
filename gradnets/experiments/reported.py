"""What others report, and the verdict on each row: reproduced, better or worse."""

import tomllib
from importlib import resources
from typing import Any


def reported(model: str) -> dict[str, dict[str, float]] | None:
    """Return the figures of the paper and, where there are, of the authors' notebooks.

    Of a variant, ROW-WHAT, those of the row. None where nobody reports the model.

    >>> reported("mGradNetC")["paper"]["mean"]
    -24.08
    >>> reported("MLP-sigmoid") == reported("MLP")
    True
    """
    return read_toml("reported.toml").get(model.partition("-")[0])


def verdict(rmse_db: dict[str, Any], paper: dict[str, float]) -> str | None:
    """Return "reproduced", "better" or "worse": our mean against the paper's, 10 log10 RMSE.

    With [a, b] the 95 % bootstrap interval of our mean, p the paper's mean and s its standard
    deviation over 5 trials:

        reproduced  a - s <= p <= b + s
        better      b + s < p
        worse       p < a - s

    None for a single trial, which has no interval.

    Args:
        rmse_db: of :func:`gradnets.experiments.statistics.figures`.
        paper: mean and std.

    >>> verdict({"mean_interval": [-25.0, -24.5]}, {"mean": -24.1, "std": 0.5})
    'reproduced'
    >>> verdict({"mean_interval": [-25.0, -24.7]}, {"mean": -24.1, "std": 0.5})
    'better'
    """
    if rmse_db["mean_interval"] is None:
        return None
    low, high = rmse_db["mean_interval"]
    if high + paper["std"] < paper["mean"]:
        return "better"
    return "worse" if paper["mean"] < low - paper["std"] else "reproduced"


def read_toml(name: str) -> dict[str, Any]:
    """Return the content of a data file of this package."""
    return tomllib.loads((resources.files("gradnets.experiments") / name).read_text())
