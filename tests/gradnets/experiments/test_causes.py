from dataclasses import replace

import pytest
import torch

from gradnets.baselines import ICGN
from gradnets.experiments import causes, run
from gradnets.experiments.causes import SampledWhenTested
from gradnets.experiments.last_full_run import last_full_run
from gradnets.experiments.reported import reported, verdict
from gradnets.trials import Protocol


def test_an_icgn_is_sampled_in_eval_mode_alone() -> None:
    torch.manual_seed(0)
    net, x = ICGN(2), torch.rand(50, 2)
    sampled = SampledWhenTested(net)
    assert torch.equal(sampled(x), net(x))
    error = (sampled.eval()(x) - net(x)).norm(dim=-1).max()
    assert 0 < error < 0.2
    assert (SampledWhenTested(net, 100_000).eval()(x) - net(x)).norm(dim=-1).max() < 0.01


def test_a_sampled_test_is_the_same_twice() -> None:
    config = replace(
        causes.convex("quick", 2),
        protocol=Protocol(epochs=1, batch=100),
        train_points=200,
        validation_points=50,
        grid=5,
    )
    config = replace(config, models={"ICGN-sampled": config.models["ICGN-sampled"]})
    first, second = (run(config, progress=False).trials["ICGN-sampled"] for _ in range(2))
    assert torch.equal(first.errors, second.errors)


@pytest.mark.parametrize("config", [causes.convex("full"), causes.nonconvex("full")])
def test_what_is_kept_is_of_the_variants_as_they_stand(config: causes.Config) -> None:
    kept = last_full_run(config.name)
    assert list(kept["models"]) == list(config.models)
    assert kept["protocol"]["epochs"] == config.protocol.epochs == 200
    for variant, told in kept["models"].items():
        theirs = reported(variant)
        assert theirs
        assert told["verdict"] == verdict(told["rmse_db"], theirs["paper"])
