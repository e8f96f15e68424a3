"""The command line as a user meets it: exit codes, one-line errors, nothing half-written."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import filelock
import pytest
import torch

from gradnets import __main__ as command
from gradnets import experiments, training
from gradnets.trials import Protocol

UNFINISHED = "unfinished-convex_field-quick"


@pytest.fixture(autouse=True)
def short_protocol(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Shrink the experiments, and work in an empty folder."""

    def shrunk(name: str) -> object:
        config = experiments.EXPERIMENTS[name]

        def short(profile: str, seeds: int | None) -> experiments.Config:
            protocol = Protocol(epochs=3, batch=50)
            return replace(
                config(profile, seeds), protocol=protocol, train_points=200, validation_points=50
            )

        return short

    monkeypatch.setattr(command, "EXPERIMENTS", {n: shrunk(n) for n in experiments.EXPERIMENTS})
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> int:
    return command.main(arguments)


def test_run_prints_the_table_and_writes_the_results(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "convex_field", "--seeds", "2") == 0
    out = Path("results/convex_field-quick")
    names = sorted(path.name for path in out.iterdir())
    weights = ["CRR.pt", "ICGN.pt", "ICNN.pt", "mGradNetC.pt", "mGradNetM.pt"]
    maps = ["errors.png", "field.png", "predictions.png"]
    assert names == sorted([*weights, *maps, "results.json"])
    printed = capsys.readouterr().out
    assert "10 log10 RMSE, as in the paper (dB)" in printed
    assert "10 log10 MSE, as the authors' (dB)" in printed
    assert "mGradNetC       100" in printed
    assert "outside the band" in printed


def test_keep_writes_the_figures_of_a_full_run(capsys: pytest.CaptureFixture[str]) -> None:
    Path("kept").mkdir()
    assert run("run", "convex_field", "--keep", "kept") == 3
    assert "keep: expected the profile full, got 'quick'" in capsys.readouterr().err
    full = ("run", "convex_field", "--profile", "full", "--seeds", "2")
    assert run(*full, "--keep", "nowhere") == 3
    assert not Path("results").exists(), "what cannot be kept is not trained"
    assert run(*full, "--keep", "kept") == 0
    kept = json.loads(Path("kept/convex_field.json").read_text())
    assert kept == json.loads(Path("results/convex_field-full/results.json").read_text()) | {
        "date": kept["date"]
    }


def test_gate_decides_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "nonconvex_field", "--seeds", "1", "--gate", "--out", "there") == 1
    assert Path("there/results.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "cubic_field"], "separating_field: invalid choice: 'cubic_field'"),
        (["run", "convex_field", "--seeds", "0"], "--seeds: expected an integer from 1 to 999999"),
        (["run", "convex_field", "--seeds", "x"], "--seeds: expected an integer from 1 to 999999"),
        (["run", "convex_field", "--profile", "draft"], "--profile: invalid choice: 'draft'"),
        ([], "the following arguments are required"),
        (["run", "convex_field", "--threads", "99999999999"], "--threads: expected"),
        (["published", "nowhere_mGN-C.pt"], "path: no file nowhere_mGN-C.pt"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = run(*arguments)
    except SystemExit as error:
        code = error.code
    printed = capsys.readouterr()
    assert code == 3
    assert message in printed.err
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""


def test_a_folder_that_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("in the way")
    assert run("run", "convex_field", "--out", "file/out") == 3
    assert capsys.readouterr().err.startswith("gradnets: --out: cannot write to file/out/")


def test_interrupted_and_taken_up_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("run", "convex_field", "--seeds", "1", "--out", "whole")
    advance = training.Run.advance
    epochs = []

    def advance_to_the_fifth_epoch(self: training.Run) -> None:
        if len(epochs) == 4:
            raise KeyboardInterrupt
        epochs.append(self.epoch)
        advance(self)

    with monkeypatch.context() as patch:
        patch.setattr(training.Run, "advance", advance_to_the_fifth_epoch)
        assert run("run", "convex_field", "--seeds", "1", "--out", "parts") == 130
    assert "interrupted; the same command goes on from here" in capsys.readouterr().err
    assert [path.name for path in Path("parts").iterdir()] == [UNFINISHED]
    assert run("run", "convex_field", "--seeds", "1", "--out", "parts") == 0
    assert epochs == [0, 1, 2, 0], "one model whole and the next begun"
    for name in ("mGradNetC.pt", "mGradNetM.pt"):
        one, other = (torch.load(Path(d) / name, weights_only=True)[0] for d in ("whole", "parts"))
        assert all(torch.equal(one[key], other[key]) for key in one)
    assert not Path("parts", UNFINISHED).exists()


def test_what_else_is_in_the_folder_stays() -> None:
    Path("mine/checkpoints").mkdir(parents=True)
    Path("mine/checkpoints/thesis").write_text("kept")
    assert run("run", "convex_field", "--seeds", "1", "--out", "mine") == 0
    assert Path("mine/checkpoints/thesis").read_text() == "kept"


def test_two_runs_in_one_folder(capsys: pytest.CaptureFixture[str]) -> None:
    Path("both", UNFINISHED).mkdir(parents=True)
    with filelock.FileLock(Path("both", UNFINISHED, "lock")):
        assert run("run", "convex_field", "--seeds", "1", "--out", "both") == 3
    assert "--out: another run is at work in both" in capsys.readouterr().err


def test_published_names_model_and_field(capsys: pytest.CaptureFixture[str]) -> None:
    weights = {"W": torch.zeros(7, 2), "bias.1": torch.zeros(2)}
    weights |= {f"{key}.0": torch.zeros(7) for key in ("bias", "alpha", "beta")}
    torch.save(weights, "convex_mGN-C_trial0.pt")
    torch.save(weights, "weights.pt")
    assert run("published", "convex_mGN-C_trial0.pt") == 0
    assert "mGradNetC, convex field, " in capsys.readouterr().out
    assert run("published", "weights.pt") == 3
    assert "model: weights.pt does not name it" in capsys.readouterr().err
    assert run("published", "weights.pt", "--model", "GradNetC") == 3
    assert "--field: weights.pt does not name it" in capsys.readouterr().err
    assert run("published", "weights.pt", "--model", "GradNetC", "--field", "nonconvex") == 0


def test_module_entry_point() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gradnets", "--help"], capture_output=True, text=True, check=True
    )
    assert "published" in done.stdout
