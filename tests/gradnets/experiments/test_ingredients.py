import pytest

from gradnets.experiments.ingredients import ingredients_table, shares


def told(epochs: int, **cpu: float) -> dict:
    rows = {
        row: {
            "seconds": {"cpu": seconds, "wall": 2 * seconds},
            "mse_db": {"median": -seconds, "worst": -1.0, "trials": [0.0, 0.0]},
        }
        for row, seconds in cpu.items()
    }
    return {"protocol": {"epochs": epochs}, "models": rows}


def test_shares_of_the_papers_200_epochs() -> None:
    assert shares(told(200, paper=8.0, ours=2.0)) == {"paper": 1.0, "ours": 0.25}
    assert shares(told(10, paper=8.0, ours=2.0)) == {"paper": 1.0, "ours": 2 / 160}
    run = told(200, paper=8.0, ours=2.0)
    run["models"]["ours"]["seconds"]["wall"] = 16.0
    assert shares(run, "wall")["ours"] == 1.0


def test_table_shows_the_rows_that_are_named() -> None:
    runs = {"now": [told(10, paper=8.0), told(10, cosine=3.0)], "full": [told(200, paper=9.0)]}
    text = ingredients_table(runs, {"paper": "the paper's"})
    assert "the paper's" in text
    assert "-8.00" in text
    assert "-9.00" in text
    assert "cosine" not in text
    with pytest.raises(ValueError, match="names: expected rows of the runs, got 'cosine'"):
        ingredients_table(runs, {"cosine": "cosine"})
