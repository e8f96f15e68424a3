"""The table of an experiment: our figures beside the reported ones, both dB conventions."""

from tabulate import tabulate

from gradnets.experiments.field_learning import Result, figures, reported

REPORTED = "reported: 5 trials, 200 epochs"
HEADERS = [
    "model",
    "params",
    "error in dB",
    "mean",
    "std",
    "median",
    "worst",
    "reported: 5 trials, 200 epochs",
]


def table(result: Result, style: str = "simple") -> str:
    """Return the table, two rows a model: 10 log10 RMSE as the paper, 10 log10 MSE as the authors.

    Args:
        result: of an experiment.
        style: a format of tabulate, such as "simple", "github" or "html"; the last renders itself
            in a notebook.
    """
    rows = []
    for model, trials in result.trials.items():
        conventions = (
            ("10 log10 RMSE", trials.rmse_db, "paper"),
            ("10 log10 MSE", trials.mse_db, "authors"),
        )
        for convention, values, source in conventions:
            ours, theirs = figures(values), reported(model)[source]
            rows.append(
                [
                    model,
                    trials.parameters,
                    convention,
                    f"{ours['mean']:.2f}",
                    "" if ours["std"] is None else f"{ours['std']:.2f}",
                    f"{ours['median']:.2f}",
                    f"{ours['worst']:.2f}",
                    f"{theirs['mean']:.2f} ± {theirs['std']:.2f} ({source})",
                ]
            )
    align = ("left", "right", "left", *["right"] * 4, "left")
    return tabulate(rows, HEADERS, style, disable_numparse=True, colalign=align)
