"""The tables of an experiment: errors in both dB conventions, and our figures beside the paper's.

They are made of what :meth:`gradnets.experiments.Result.as_dict` tells, so that they can show a run
that was kept as well as one just done.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

Run = dict[str, Any]


def errors_table(runs: Mapping[str, Run], convention: str, style: str = "simple") -> str:
    """Return the statistics of the error over the trials in dB, a row a model and run.

    Args:
        runs: label -> run, of one experiment, such as a quick run and the last full one.
        convention: "rmse_db", as in the paper, or "mse_db", twice that, as in the authors'
            notebooks.
        style: a format of tabulate, such as "simple", "github" or "html"; the last renders itself
            in a notebook.
    """
    rows = []
    for model in next(iter(runs.values()))["models"]:
        for label, run in runs.items():
            f = run["models"][model][convention]
            rows.append(
                [
                    model,
                    label,
                    *map(number, (f["mean"], f["std"], f["median"], f["worst"])),
                    interval(f["mean_interval"]),
                    interval(f["median_interval"]),
                ]
            )
    headers = ["model", "run", "mean", "std", "median", "worst", "95 % of mean", "95 % of median"]
    align = ("left", "left", *["right"] * 6)
    return tabulate(rows, headers, style, disable_numparse=True, colalign=align)


def comparison_table(run: Run, style: str = "simple") -> str:
    """Return our means beside the paper's (10 log10 RMSE) and the authors' (10 log10 MSE).

    The verdict of a row is that of :func:`gradnets.experiments.reported.verdict`.

    Args:
        run: of an experiment.
        style: as for :func:`errors_table`.
    """
    rows = []
    for model, figures in run["models"].items():
        theirs = figures["reported"] or {}
        rows.append(
            [
                model,
                figures["parameters"],
                number(figures["rmse_db"]["mean"]),
                interval(figures["rmse_db"]["mean_interval"]),
                spread(theirs.get("paper")),
                figures["verdict"] or "",
                number(figures["mse_db"]["mean"]),
                spread(theirs.get("authors")),
            ]
        )
    headers = ["model", "params", "10 log10 RMSE", "95 % of mean", "paper", "verdict"]
    headers += ["10 log10 MSE", "authors"]
    align = ("left", "right", "right", "right", "right", "left", "right", "right")
    return tabulate(rows, headers, style, disable_numparse=True, colalign=align)


def last_epoch_table(run: Run, style: str = "simple") -> str:
    """Return the error with the weights of the best and of the last epoch (10 log10 RMSE, dB).

    The verdict is on the last epoch's, by :func:`gradnets.experiments.reported.verdict`.

    Args:
        run: of an experiment.
        style: as for :func:`errors_table`.
    """
    rows = []
    for model, figures in run["models"].items():
        theirs, last = figures["reported"] or {}, figures["last_epoch"]
        rows.append(
            [
                model,
                spread(figures["rmse_db"]),
                spread(last["rmse_db"]),
                interval(last["rmse_db"]["mean_interval"]),
                spread(theirs.get("paper")),
                last["verdict"] or "",
            ]
        )
    headers = ["model", "best epoch", "last epoch", "95 % of mean", "paper", "verdict on the last"]
    align = ("left", *["right"] * 4, "left")
    return tabulate(rows, headers, style, disable_numparse=True, colalign=align)


def size(run: Run) -> str:
    """Return how long and how often a run trained.

    >>> size({"profile": "full", "seeds": [0, 1], "protocol": {"epochs": 200}})
    '200 epochs, 2 seeds'
    """
    return f"{run['protocol']['epochs']} epochs, {len(run['seeds'])} seeds"


def number(value: float | None) -> str:
    """Return a figure to two places, nothing for None.

    >>> number(-24.0801)
    '-24.08'
    """
    return "" if value is None else f"{value:.2f}"


def interval(ends: Sequence[float] | None) -> str:
    """Return an interval to two places, nothing for None.

    >>> interval([-25.128, -24.0])
    '-25.13 .. -24.00'
    """
    return "" if ends is None else f"{ends[0]:.2f} .. {ends[1]:.2f}"


def spread(figures: dict[str, Any] | None) -> str:
    """Return mean ± std to two places, nothing for None; of one trial there is no std.

    >>> spread({"mean": -24.08, "std": 0.44})
    '-24.08 ± 0.44'
    """
    if figures is None:
        return ""
    return " ± ".join(filter(None, map(number, (figures["mean"], figures["std"]))))
