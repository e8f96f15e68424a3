from dataclasses import replace

import pytest
import torch
from torch import nn

import verify
from gradnets import GradNetC, fields, mGradNetC
from gradnets.activations import Tanh
from gradnets.experiments import EXPERIMENTS, run
from gradnets.experiments.equal_size import config, goal, says
from gradnets.experiments.field_learning import band
from gradnets.experiments.ingredients import shares
from gradnets.experiments.last_full_run import last_full_run
from gradnets.experiments.parts import part, seeded
from gradnets.experiments.reported import read_toml

FIELDS = [fields.convex, fields.nonconvex]
GROUPS = ("equal_size", "ablation")


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f.name)
@pytest.mark.parametrize("group", GROUPS)
def test_rows_are_no_larger_than_the_papers(group: str, field: fields.Field) -> None:
    c = EXPERIMENTS[f"{group}_{field.name}"]("full")
    assert c.name == f"{group}_{field.name}"
    assert set(c.models) == set(says(group)) == set(c.recipes)
    for row, make in c.models.items():
        net = make()
        assert isinstance(net, mGradNetC if field.name == "convex" else GradNetC)
        assert sum(p.numel() for p in net.parameters()) <= 100
        assert band(c, row)
        assert band(replace(c, profile="quick"), row)


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f.name)
def test_the_goal_is_for_the_papers_shape_and_tanh(field: fields.Field) -> None:
    assert goal(field) == {"convex": -75, "nonconvex": -65}[field.name]
    c = config("equal_size", field, "full")
    assert c.seeds == 20
    for row in ("paper", read_toml("equal_size.toml")["goals"]["answer"]):
        net: nn.Module = c.models[row]()
        assert (net.width, net.depth) == (7, 4)
        assert all(isinstance(sigma, Tanh) for sigma in net.sigmas)  # pyright: ignore
    papers = c.recipes["paper"]
    assert (papers.adam, papers.squares, papers.fitted) == (c.protocol, None, False)
    assert (c.protocol.epochs, c.protocol.lr, c.protocol.schedule) == (200, 0.005, "constant")


def test_ingredients_are_taken_away_one_by_one() -> None:
    rows = config("ablation", fields.convex, "full").recipes
    ours = config("equal_size", fields.convex, "full").recipes["restarts"]
    assert ours.squares
    assert rows["float32"] == replace(ours, squares=replace(ours.squares, dtype="float32"))
    assert rows["accelerated"] == replace(ours, squares=replace(ours.squares, starts=1))
    without = replace(ours.squares, starts=1, accelerated=False)
    assert rows["squares"] == replace(ours, squares=without)
    assert rows["authors"] == replace(ours, fitted=False)
    assert rows["late"].adam
    assert rows["late"].adam.epochs == 20
    assert rows["cosine"].squares is None


def test_each_seed_has_starts_of_its_own() -> None:
    c = config("equal_size", fields.convex, seeds=2)
    nets = part(c, "restarts", [0, 1], compile=False).nets
    assert len(nets) == 8
    first = seeded(c.models["restarts"], 1)
    assert all(torch.equal(nets[4].state_dict()[k], v) for k, v in first.state_dict().items())
    assert len({net.W[0, 0].item() for net in nets}) == 8  # pyright: ignore


def test_quick_run_beats_the_goal_of_convex_and_is_proved() -> None:
    c = config("equal_size", fields.convex, seeds=1)
    result = run(replace(c, models={"restarts": c.models["restarts"]}), progress=False)
    trials = result.trials["restarts"]
    assert result.gate() == []
    assert trials.mse_db.max() < goal(fields.convex)
    verdict = verify.decide(trials.nets[0], "psd", scope="current")
    assert verdict.status == "proved"


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="profile: expected quick or full, got 'draft'"):
        config("equal_size", fields.convex, "draft")
    with pytest.raises(ValueError, match="seeds: expected an integer of at least 1, got 0"):
        config("ablation", fields.convex, "quick", 0)


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f.name)
def test_the_last_full_run_reached_the_goal_in_time(field: fields.Field) -> None:
    kept = last_full_run(f"equal_size_{field.name}")
    assert len(kept["seeds"]) == 20
    assert kept["gate"] == []
    told = kept["models"]["restarts"]
    assert told["parameters"] <= 100
    assert told["mse_db"]["median"] <= goal(field)
    assert shares(kept)["restarts"] <= 1
    assert list(kept["models"]) == list(config("equal_size", field, "full").models)
    rows = last_full_run(f"ablation_{field.name}")["models"]
    assert list(rows) == list(config("ablation", field, "full").models)
