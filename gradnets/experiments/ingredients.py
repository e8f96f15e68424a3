"""What each ingredient of training gave, and in what part of the paper's time."""

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from gradnets.experiments.configuration import EPOCHS
from gradnets.experiments.tables import Run, number


def shares(run: Run, clock: str = "cpu") -> dict[str, float]:
    """Return the time of each row of an equal_size run as a part of the paper's training's.

    The paper's 200 epochs count, of which a quick run does some and the rest is reckoned.

    Args:
        run: as :meth:`gradnets.experiments.Result.as_dict` tells it, with a row "paper".
        clock: "cpu" or "wall".

    >>> rows = {"paper": {"seconds": {"cpu": 8.0}}, "ours": {"seconds": {"cpu": 4.0}}}
    >>> shares({"protocol": {"epochs": 20}, "models": rows})
    {'paper': 1.0, 'ours': 0.05}
    """
    papers = run["models"]["paper"]["seconds"][clock] * EPOCHS["full"] / run["protocol"]["epochs"]
    done = run["protocol"]["epochs"] / EPOCHS["full"]
    own = {row: told["seconds"][clock] / papers for row, told in run["models"].items()}
    return own | {"paper": own["paper"] / done}


def ingredients_table(
    runs: Mapping[str, Sequence[Run]], names: Mapping[str, str], style: str = "simple"
) -> str:
    """Return median and worst error, 10 log10 MSE, of each row: a column pair a label.

    Args:
        runs: label -> runs whose rows stand below each other, such as equal_size and ablation.
        names: row -> what it is called; the rows to show, in this order.
        style: a format of tabulate, such as "simple" or "html".
    """
    rows = []
    for row, name in names.items():
        line = [name]
        for several in runs.values():
            told = next((run["models"][row] for run in several if row in run["models"]), None)
            if told is None:
                raise ValueError(f"names: expected rows of the runs, got {row!r}")
            mse_db = told["mse_db"]
            line += [str(len(mse_db["trials"])), number(mse_db["median"]), number(mse_db["worst"])]
        rows.append(line)
    headers = ["training"]
    for label in runs:
        headers += [f"{label}: seeds", "median", "worst"]
    align = ("left", *["right"] * 3 * len(runs))
    return tabulate(rows, headers, style, disable_numparse=True, colalign=align)
