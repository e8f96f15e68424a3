"""What is kept of the last full runs is of this code's protocol, consistent, in the bands."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gradnets.experiments import EXPERIMENTS, Result
from gradnets.experiments.last_full_run import check, keep, last_full_run
from gradnets.experiments.parts import seeded
from gradnets.experiments.reported import read_toml, reported, verdict
from gradnets.experiments.statistics import figures

TABLES = ("convex_field", "nonconvex_field")


@pytest.mark.parametrize("name", TABLES)
def test_it_is_of_the_experiment_as_it_stands(name: str) -> None:
    kept, config = last_full_run(name), EXPERIMENTS[name]("full")
    assert (kept["experiment"], kept["profile"]) == (name, "full")
    assert kept["seeds"] == list(range(config.seeds))
    protocol = kept["protocol"]
    assert protocol.pop("train_points") == config.train_points
    assert protocol.pop("validation_points") == config.validation_points
    assert type(config.protocol)(**protocol) == config.protocol
    assert list(kept["models"]) == list(config.models)
    for model, told in kept["models"].items():
        net = seeded(config.models[model], 0)
        assert told["parameters"] == sum(p.numel() for p in net.parameters())
        assert len(told["rmse_db"]["trials"]) == config.seeds


@pytest.mark.parametrize("name", TABLES)
def test_what_it_tells_follows_from_its_trials(name: str) -> None:
    kept = last_full_run(name)
    for model, told in kept["models"].items():
        mse_db = torch.tensor(told["mse_db"]["trials"], dtype=torch.float64)
        for key, values in (("mse_db", mse_db), ("rmse_db", mse_db / 2)):
            for statistic, value in figures(values).items():
                assert told[key][statistic] == pytest.approx(value, abs=1e-6), (model, statistic)
        theirs = reported(model)
        assert theirs
        assert told["reported"] == theirs
        assert told["verdict"] == verdict(told["rmse_db"], theirs["paper"])


@pytest.mark.parametrize("name", TABLES)
def test_it_is_in_the_bands(name: str) -> None:
    for model, told in last_full_run(name)["models"].items():
        low, high = read_toml("bands.toml")[name]["full"][model]
        assert low <= told["mse_db"]["median"] <= high
        assert told["band_mse_db"] == [low, high]


def test_keep_writes_what_the_result_tells(small: Result, tmp_path: Path) -> None:
    told = json.loads(keep(small, tmp_path).read_text())
    expected = json.loads(json.dumps(small.as_dict()))
    assert [p.name for p in tmp_path.iterdir()] == ["convex_field.json"]
    assert told | {"date": expected["date"]} == expected


def test_what_cannot_be_kept(small: Result, tmp_path: Path) -> None:
    quick = Result(replace(small.config, profile="quick"), small.trials)
    with pytest.raises(ValueError, match="keep: expected the profile full, got 'quick'"):
        keep(quick, tmp_path)
    with pytest.raises(ValueError, match=r"keep: expected a folder, got .*nowhere"):
        check(tmp_path / "nowhere", small.config)
    assert list(tmp_path.iterdir()) == []


def test_none_is_kept() -> None:
    with pytest.raises(ValueError, match="experiment: of cubic_field no full run is kept"):
        last_full_run("cubic_field")
