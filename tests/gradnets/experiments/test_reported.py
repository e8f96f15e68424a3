from typing import Any

import pytest

from gradnets.experiments.reported import reported, verdict

PAPER = {"mean": -20.0, "std": 1.0}


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ([-20.5, -19.5], "reproduced"),
        ([-22.0, -21.0], "reproduced"),  # touches the std on the better side
        ([-22.0, -21.01], "better"),
        ([-19.0, -18.0], "reproduced"),  # and on the worse
        ([-18.99, -18.0], "worse"),
        ([-30.0, -10.0], "reproduced"),
        (None, None),
    ],
)
def test_verdict(interval: Any, expected: str | None) -> None:
    assert verdict({"mean_interval": interval}, PAPER) == expected


def test_nobody_reports_it() -> None:
    assert reported("Perceptron") is None
