import numpy as np
import pytest
import torch

from gradnets.experiments.statistics import bootstrap, figures, mean, median


def test_statistics_are_numpys() -> None:
    values = torch.randn(20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    told = figures(values)
    assert told["mean"] == pytest.approx(np.mean(values.numpy()))
    assert told["median"] == pytest.approx(np.median(values.numpy()))
    assert told["std"] == pytest.approx(np.std(values.numpy(), ddof=1))
    assert told["worst"] == max(told["trials"]) == values.max()


def test_one_trial_has_no_deviation_and_no_interval() -> None:
    told = figures(torch.tensor([-20.0]))
    assert (told["std"], told["mean_interval"], told["median_interval"]) == (None, None, None)


def test_intervals_of_the_mean_cover_it_about_as_often_as_they_say() -> None:
    generator = torch.Generator().manual_seed(1)
    samples = torch.randn(200, 20, generator=generator, dtype=torch.float64)
    intervals = [bootstrap(sample, mean) for sample in samples]
    covered = sum(low <= 0 <= high for low, high in intervals)
    assert 176 <= covered <= 198  # of 200: bootstrap intervals of 20 values are a little short


def test_intervals_are_those_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    values = torch.randn(20, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    for ours, theirs in ((mean, np.mean), (median, np.median)):
        expected = stats.bootstrap(
            (values.numpy(),), theirs, n_resamples=10_000, method="percentile", rng=0
        ).confidence_interval
        assert bootstrap(values, ours) == pytest.approx(list(expected), abs=0.03)


def test_the_same_values_have_the_same_interval() -> None:
    values = torch.randn(20)
    before = torch.random.get_rng_state()
    assert bootstrap(values, median) == bootstrap(values, median)
    assert torch.equal(before, torch.random.get_rng_state())
