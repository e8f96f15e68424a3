import json
from dataclasses import replace
from pathlib import Path

import matplotlib
import pytest
import torch

from gradnets.experiments import EXPERIMENTS, Config, convex_field, run
from gradnets.experiments.configuration import protocol
from gradnets.experiments.field_learning import band, read_toml, reported
from gradnets.experiments.parts import sample, seeded
from gradnets.experiments.tables import table
from gradnets.published import MODELS
from gradnets.trials import Protocol

matplotlib.use("agg")


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
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_protocol_is_the_papers(name: str, profile: str) -> None:
    config = EXPERIMENTS[name](profile)
    assert (config.train_points, config.validation_points, config.grid) == (100_000, 10_000, 100)
    assert (config.protocol.batch, config.protocol.lr, config.seeds) == (1000, 0.005, 5)
    assert protocol("full").epochs == 200
    for model in config.models:
        low, high = band(config, model)
        assert -60 < low < high < -15
        assert set(reported(model)) == {"paper", "authors"}


def test_data_files_name_what_exists() -> None:
    assert set(read_toml("reported.toml")) == set(MODELS)
    bands = read_toml("bands.toml")
    assert {n: set(p) for n, p in bands.items()} == {n: {"quick", "full"} for n in EXPERIMENTS}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_run_and_what_it_writes(name: str, tmp_path: Path) -> None:
    result = run(tiny(name), progress=False)
    result.write(tmp_path)
    written = json.loads((tmp_path / "results.json").read_text())
    assert written["seeds"] == [0, 1]
    for model, trials in result.trials.items():
        assert trials.errors.shape == (2, 9, 9)
        figures = written["models"][model]
        assert figures["parameters"] == {"C": 100, "M": 94}[model[-1]]
        mean_square = trials.errors.double().square().mean((1, 2))
        assert figures["mse_db"]["trials"] == pytest.approx((10 * mean_square.log10()).tolist())
        rmse = mean_square.sqrt()
        assert figures["rmse_db"]["trials"] == pytest.approx((10 * rmse.log10()).tolist())
        net = seeded(result.config.models[model], 0)
        states = torch.load(tmp_path / f"{model}.pt", weights_only=True)
        assert set(states) == {0, 1}
        net.load_state_dict(states[1])
    assert len(written["gate"]) == 2, "two epochs on 400 points must be outside every band"


def test_table_gives_both_conventions_beside_both_sources() -> None:
    result = run(tiny(), progress=False)
    text = table(result)
    lines = [line for line in text.splitlines() if line.startswith("mGradNetC")]
    assert [line.count("10 log10 RMSE") for line in lines] == [1, 0]
    assert "-24.08 ± 0.44 (paper)" in lines[0]
    assert "-49.05 ± 0.96 (authors)" in lines[1]
    median = result.trials["mGradNetC"].mse_db.median().item()
    assert f"{median / 2:.2f}" in lines[0]
    assert f"{median:.2f}" in lines[1]
    assert "<table>" in table(result, "html")


def test_one_trial_has_no_deviation() -> None:
    result = run(tiny(seeds=1), progress=False)
    assert result.as_dict()["models"]["mGradNetC"]["mse_db"]["std"] is None
    assert "nan" not in table(result)


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


def test_figures_show_the_errors() -> None:
    from gradnets.experiments.figures import draw_errors, draw_field

    result = run(tiny(), progress=False)
    maps = [ax.images[0] for ax in draw_errors(result).axes if ax.images]
    for image, trials in zip(maps, result.trials.values(), strict=True):
        shown = torch.as_tensor(image.get_array())
        torch.testing.assert_close(shown, trials.errors.mean(0).T)
    assert len(draw_field(convex_field.config().field).axes) == 4
