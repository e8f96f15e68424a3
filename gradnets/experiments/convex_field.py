"""Section 7.1: learn the gradient (47) of a convex polynomial; Table 1, Figs 4 and 5."""

from gradnets import fields
from gradnets.baselines import CRR, ICGN, ICNN
from gradnets.cascaded import mGradNetC
from gradnets.experiments.configuration import Config, protocol, trials
from gradnets.modular import mGradNetM


def config(profile: str = "quick", seeds: int | None = None) -> Config:
    """Return the experiment in a profile.

    Args:
        profile: "quick", a tenth of the epochs and 5 seeds, or "full", the paper's protocol and 20.
        seeds: the number of trials, the profile's by default.

    Raises:
        ValueError: another profile, or seeds < 1.

    >>> config("full").protocol.epochs
    200
    """
    return Config(
        name="convex_field",
        profile=profile,
        field=fields.convex,
        models={
            "ICNN": lambda: ICNN(dim=2, width=7, depth=2),
            "ICGN": lambda: ICGN(dim=2, width=32),
            "CRR": lambda: CRR(dim=2, width=10, knots=7),
            "mGradNetC": lambda: mGradNetC(dim=2, width=7, depth=4, init="authors"),
            "mGradNetM": lambda: mGradNetM(dim=2, width=7, modules=4, init="authors"),
        },
        protocol=protocol(profile),
        seeds=trials(profile, seeds),
    )
