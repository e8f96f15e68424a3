from dataclasses import replace

import pytest

from gradnets.experiments import run
from gradnets.experiments.ridge_floor import ridge_floor
from gradnets.experiments.separating_field import config


def test_shapes_are_those_of_table_1() -> None:
    models = config("full").models
    counts = {name: sum(p.numel() for p in make().parameters()) for name, make in models.items()}
    assert counts == {"CRR": 102, "mGradNetC": 100, "mGradNetM": 94}
    assert config("full").protocol.epochs == 200


def test_only_modules_come_under_the_floor() -> None:
    c = config(seeds=1)
    result = run(replace(c, protocol=replace(c.protocol, epochs=12)), progress=False)
    floor = ridge_floor(c.field).mse_db
    reached = {model: trials.mse_db.item() for model, trials in result.trials.items()}
    assert reached["mGradNetM"] < floor - 2
    assert min(reached["CRR"], reached["mGradNetC"]) > floor
    assert result.as_dict()["models"]["CRR"]["reported"] is None, "nobody reports on this field"


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="profile: expected quick or full, got 'draft'"):
        config("draft")
    with pytest.raises(ValueError, match="seeds: expected an integer of at least 1, got 0"):
        config("quick", 0)
