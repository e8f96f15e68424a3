import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from gradnets.experiments import Result
from gradnets.experiments.figures import draw_errors, draw_field, draw_predictions, draw_trials


@pytest.fixture(autouse=True)
def close() -> object:
    yield
    plt.close("all")


def test_errors_are_the_mean_of_the_trials(small: Result) -> None:
    panels = [ax for ax in draw_errors(small).axes if ax.images]
    assert [ax.get_title() for ax in panels] == list(small.trials)
    for ax, trials in zip(panels, small.trials.values(), strict=True):
        shown = torch.as_tensor(ax.images[0].get_array())
        torch.testing.assert_close(shown, trials.errors.mean(0).T)


def test_predictions_are_of_the_median_trial(small: Result) -> None:
    panels = [ax for ax in draw_predictions(small).axes if ax.get_title()]
    assert [ax.get_title() for ax in panels] == ["convex field", *small.trials]
    for ax, trials in zip(panels[1:], small.trials.values(), strict=True):
        arrows = ax.collections[0]
        x = torch.as_tensor(np.asarray(arrows.get_offsets()), dtype=torch.float32)
        middle = trials.mse_db.tolist().index(trials.mse_db.median().item())
        with torch.no_grad():
            expected = trials.nets[middle](x)
        drawn = np.stack([arrows.U, arrows.V], -1)  # pyright: ignore[reportAttributeAccessIssue]
        np.testing.assert_allclose(drawn, expected.numpy(), rtol=1e-5, atol=1e-6)


def test_field(small: Result) -> None:
    assert len(draw_field(small.config.field).axes) == 4


def test_each_trial_has_a_mark(small: Result) -> None:
    told = small.as_dict()
    ax = draw_trials({"now": told, "before": told}).axes[0]
    marks = [line for line in ax.lines if line.get_label() in ("now", "before")]
    assert len(marks) == 2 * len(small.trials)
    for line, model in zip(marks[::2], small.trials, strict=True):
        assert list(line.get_xdata()) == told["models"][model]["rmse_db"]["trials"]  # pyright: ignore
    assert [label.get_text() for label in ax.get_yticklabels()] == list(small.trials)
