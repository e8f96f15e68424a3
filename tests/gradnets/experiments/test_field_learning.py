import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gradnets.experiments import EXPERIMENTS, Config, run
from gradnets.experiments.configuration import protocol
from gradnets.experiments.field_learning import band
from gradnets.experiments.parts import sample, seeded
from gradnets.experiments.reported import read_toml, reported
from gradnets.trials import Protocol

TABLES = {  # Tables 1 and 2 of the paper
    "convex_field": {"ICNN": 109, "ICGN": 96, "CRR": 102, "mGradNetC": 100, "mGradNetM": 94},
    "nonconvex_field": {"MLP": 102, "RR": 102, "GradNetC": 100, "GradNetM": 94},
}


def tiny(name: str = "convex_field", seeds: int = 2) -> Config:
    """The experiment with its real models, shrunk so that it runs in a second."""
    return replace(
        EXPERIMENTS[name]("quick", seeds),
        protocol=Protocol(epochs=2, batch=100),
        train_points=400,
        validation_points=100,
        grid=9,
    )


@pytest.mark.parametrize("profile", ["quick", "full"])
@pytest.mark.parametrize("name", TABLES)
def test_protocol_is_the_papers(name: str, profile: str) -> None:
    config = EXPERIMENTS[name](profile)
    assert (config.train_points, config.validation_points, config.grid) == (100_000, 10_000, 100)
    assert (config.protocol.batch, config.protocol.lr) == (1000, 0.005)
    assert config.seeds == {"quick": 5, "full": 20}[profile]
    assert protocol("full").epochs == 200
    assert set(config.models) == set(TABLES[name])
    for model in config.models:
        stated = band(config, model)
        assert stated
        assert -60 < stated[0] < stated[1] < -14
        theirs = reported(model)
        assert theirs
        assert set(theirs) == ({"paper", "authors"} if "GradNet" in model else {"paper"})


def test_data_files_name_what_exists() -> None:
    models = {model for table in TABLES.values() for model in table}
    assert set(read_toml("reported.toml")) == models
    bands = read_toml("bands.toml")
    for name, table in TABLES.items():
        assert {p: set(models) for p, models in bands[name].items()} == {
            "quick": set(table),
            "full": set(table),
        }


@pytest.mark.parametrize("name", TABLES)
def test_run_and_what_it_writes(name: str, tmp_path: Path) -> None:
    result = run(tiny(name), progress=False)
    result.write(tmp_path)
    written = json.loads((tmp_path / "results.json").read_text())
    assert written["seeds"] == [0, 1]
    for model, trials in result.trials.items():
        assert trials.errors.shape == (2, 9, 9)
        figures = written["models"][model]
        assert figures["parameters"] == TABLES[name][model]
        assert figures["seconds"]["cpu"] > 0
        assert figures["verdict"] == "worse"
        mean_square = trials.errors.double().square().mean((1, 2))
        assert figures["mse_db"]["trials"] == pytest.approx((10 * mean_square.log10()).tolist())
        rmse = mean_square.sqrt()
        assert figures["rmse_db"]["trials"] == pytest.approx((10 * rmse.log10()).tolist())
        net = seeded(result.config.models[model], 0)
        states = torch.load(tmp_path / f"{model}.pt", weights_only=True)
        assert set(states) == {0, 1}
        net.load_state_dict(states[1])
    gate = written["gate"]
    assert len(gate) == len(TABLES[name]), "two epochs on 400 points are outside every band"


def test_a_model_without_a_band_does_not_pass() -> None:
    config = replace(tiny(seeds=1), name="another_field")
    config = replace(config, models={"mGradNetC": config.models["mGradNetC"]})
    complaint = "another_field quick mGradNetC: no band is stated in bands.toml"
    assert run(config, progress=False).gate() == [complaint]


def test_trials_differ_and_do_not_depend_on_their_number() -> None:
    few, many = sample(tiny(seeds=1)), sample(tiny(seeds=3))
    assert torch.equal(few.x[0], many.x[0])
    assert not torch.equal(many.x[0], many.x[1])
    before = torch.random.get_rng_state()
    make = tiny().models["mGradNetC"]
    assert torch.equal(seeded(make, 1).W, seeded(make, 1).W)  # pyright: ignore
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_bad_arguments(name: str) -> None:
    with pytest.raises(ValueError, match="profile: expected quick or full, got 'draft'"):
        EXPERIMENTS[name]("draft")
    with pytest.raises(ValueError, match="seeds: expected an integer of at least 1, got 0"):
        EXPERIMENTS[name]("quick", 0)
