"""The authors' weights: their own files where they are present, files of the same form always."""

import os
from pathlib import Path

import pytest
import torch

from gradnets import fields, published

FOLDER = Path(os.environ.get("GRADNETS_PUBLISHED", Path(__file__).parents[3] / "shared/authors"))
ERRORS = {
    "convex_mGN-C_trial0.pt": -47.811,
    "convex_mGN-M_trial0.pt": -43.282,
    "nonconvex_GN-C_trial0.pt": -41.521,
    "nonconvex_GN-M_trial0.pt": -40.209,
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_of_the_published_weights(name: str) -> None:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"the authors' file {name} is not part of this repository; set the folder in "
                    "GRADNETS_PUBLISHED to test with it")  # fmt: skip
    field = fields.nonconvex if name.startswith("non") else fields.convex
    x = fields.unit_grid(100)
    with torch.no_grad():
        error = published.load(path)(x) - field.gradient(x)
    mse_db = 10 * error.double().square().sum(-1).mean().log10().item()
    assert round(mse_db, 3) == ERRORS[name]


def cascaded_file(depth: int = 3, *, learned: bool = False) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    weights = {"W": torch.randn(5, 2), f"bias.{depth}": torch.randn(2)}
    for i in range(depth):
        weights |= {f"{key}.{i}": torch.randn(5) for key in ("bias", "alpha", "beta")}
        if learned:
            weights |= {f"nonlinearity.{i}.{key}": torch.randn(5) for key in "ab"}
    return weights


def modular_file(modules: int = 3, *, learned: bool = False) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    weights = {"alpha": torch.randn(modules), "bias": torch.randn(2)}
    for k in range(modules):
        weights |= {
            f"mmgn_modules.{k}.W": torch.randn(5, 2),
            f"mmgn_modules.{k}.b": torch.randn(5),
            f"mmgn_modules.{k}.beta": torch.randn(1),
        }
        if learned:
            weights |= {f"mmgn_modules.{k}.act.{key}": torch.randn(()) for key in "ab"}
    return weights


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("model", ["mGradNetC", "GradNetC"])
def test_cascaded_file(tmp_path: Path, model: str, learned: bool) -> None:
    torch.save(cascaded_file(learned=learned), tmp_path / "model.pt")
    net = published.load(tmp_path / "model.pt", model)
    assert type(net).__name__ == model
    assert net.depth == 3
    if learned:  # the authors' free network uses the last activation but one twice
        same = torch.equal(net.sigmas[1].a, net.sigmas[2].a)  # pyright: ignore
        assert same == (model == "GradNetC")


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("model", ["mGradNetM", "GradNetM"])
def test_modular_file(tmp_path: Path, model: str, learned: bool) -> None:
    weights = modular_file(learned=learned)
    torch.save(weights, tmp_path / "model.pt")
    net = published.load(tmp_path / "model.pt", model)
    assert type(net).__name__ == model
    assert torch.equal(net.W[1], weights["mmgn_modules.1.W"])  # pyright: ignore


def test_model_read_from_the_path(tmp_path: Path) -> None:
    folder = tmp_path / "convex" / "mGN-C" / "trial0"
    folder.mkdir(parents=True)
    torch.save(cascaded_file(), folder / "model.pt")
    assert type(published.load(folder / "model.pt")).__name__ == "mGradNetC"


def broken(tmp_path: Path, weights: object, model: str | None = "mGradNetC") -> str:
    path = tmp_path / "model.pt"
    if isinstance(weights, bytes):
        path.write_bytes(weights)
    else:
        torch.save(weights, path)
    with pytest.raises(ValueError, match=r".") as caught:
        published.load(path, model)
    return str(caught.value)


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    good = cascaded_file()
    missing = {key: value for key, value in good.items() if key != "beta.1"}
    assert "no entry 'beta.1'" in broken(tmp_path, missing)
    assert "11 entries" not in broken(tmp_path, good | {"extra": torch.zeros(1)})
    assert "entries where" in broken(tmp_path, good | {"extra": torch.zeros(1)})
    assert "differ in shape" in broken(tmp_path, good | {"alpha.1": torch.zeros(4)})
    assert "does not fit" in broken(tmp_path, good | {"W": torch.zeros(4, 2)})
    assert "expected 2 axes" in broken(tmp_path, good | {"W": torch.zeros(10)})
    assert "does not fit" in broken(tmp_path, modular_file())
    assert "does not fit" in broken(tmp_path, good, "mGradNetM")
    for W in (torch.zeros(5, 2).to_sparse(), torch.zeros(5, 2).int(), torch.zeros(5, 2) * 1j):
        assert "not dense floating" in broken(tmp_path, good | {"W": W})
    assert "not finite" in broken(
        tmp_path, good | {"W": torch.full((5, 2), 1e300, dtype=torch.float64)}
    )
    assert "not finite" in broken(tmp_path, good | {"W": torch.full((5, 2), torch.nan)})


def test_files_that_are_no_weights(tmp_path: Path) -> None:
    assert "not a file of torch weights" in broken(tmp_path, b"")
    assert "not a file of torch weights" in broken(tmp_path, b"not a zip archive")
    assert "not a file of torch weights" in broken(tmp_path, b"\x80\x02.")
    torch.save(cascaded_file(), tmp_path / "whole.pt")
    whole = (tmp_path / "whole.pt").read_bytes()
    for part in (len(whole) // 2, len(whole) * 4 // 5, len(whole) * 9 // 10):
        assert "not a file of torch weights" in broken(tmp_path, whole[:part])
    assert "state dict of tensors, got list" in broken(tmp_path, [1, 2])
    assert "model: " in broken(tmp_path, cascaded_file(), None)
    assert "model: expected one of" in broken(tmp_path, cascaded_file(), "ICNN")


def test_code_in_a_file_does_not_run(tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return exec, ("raise SystemExit('ran')",)

    assert "not a file of torch weights" in broken(tmp_path, {"W": Payload()})


def test_missing_file() -> None:
    with pytest.raises(FileNotFoundError, match=r"path: no file nowhere\.pt"):
        published.load("nowhere.pt", "mGradNetC")
