from dataclasses import replace

import torch

from gradnets.experiments import Result
from gradnets.experiments.tables import comparison_table, errors_table, last_epoch_table


def line(text: str, model: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(model))


def test_errors_in_both_conventions(small: Result) -> None:
    told = small.as_dict()
    values = small.trials["CRR"].mse_db
    for convention, factor in (("rmse_db", 2), ("mse_db", 1)):
        row = line(errors_table({"now": told}, convention), "CRR")
        median = values.quantile(0.5).item() / factor
        for value in (values.mean().item() / factor, median, values.max().item() / factor):
            assert f"{value:.2f}" in row
    assert "<table>" in errors_table({"now": told}, "rmse_db", "html")


def test_two_runs_stand_beside_each_other(small: Result) -> None:
    told = small.as_dict()
    rows = errors_table({"now": told, "before": told}, "mse_db").splitlines()[2:]
    assert len(rows) == 10
    assert " now " in rows[0]
    assert " before " in rows[1]
    assert [row.split()[0] for row in rows[:4]] == ["ICNN", "ICNN", "ICGN", "ICGN"]


def test_comparison_gives_both_sources_and_the_verdict(small: Result) -> None:
    text = comparison_table(small.as_dict())
    assert "-24.08 ± 0.44" in line(text, "mGradNetC")
    assert "-49.05 ± 0.96" in line(text, "mGradNetC")
    assert "worse" in line(text, "ICNN")
    assert "-17.13 ± 2.53" in line(text, "ICNN")


def test_last_epoch_beside_the_best(small: Result) -> None:
    told = small.as_dict()["models"]["ICGN"]
    row = line(last_epoch_table(small.as_dict()), "ICGN")
    for figures in (told["rmse_db"], told["last_epoch"]["rmse_db"]):
        assert f"{figures['mean']:.2f} ± {figures['std']:.2f}" in row
    assert row.endswith(told["last_epoch"]["verdict"])


def test_one_trial_and_an_unreported_model(small: Result) -> None:
    trials = small.trials["CRR"]
    one = replace(
        trials, nets=trials.nets[:1], errors=trials.errors[:1], last_errors=trials.errors[:1]
    )
    told = Result(small.config, {"own": one}).as_dict()
    assert told["models"]["own"]["verdict"] is None
    for text in (
        comparison_table(told),
        last_epoch_table(told),
        errors_table({"now": told}, "rmse_db"),
    ):
        assert "nan" not in text
        assert "None" not in text
    assert torch.isfinite(one.mse_db).all()
