"""A small run of a real experiment, for the tests of what is told and shown of it."""

from dataclasses import replace

import matplotlib
import pytest

from gradnets.experiments import Result, convex_field, run
from gradnets.trials import Protocol

matplotlib.use("agg")


@pytest.fixture(scope="session")
def small() -> Result:
    """Three trials of every model, on 400 points."""
    config = replace(
        convex_field.config("full", 3),
        protocol=Protocol(epochs=2, batch=100),
        train_points=400,
        validation_points=100,
        grid=9,
    )
    return run(config, progress=False)
