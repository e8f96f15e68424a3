"""Section 7.1: learn the gradient (47) of a convex polynomial; Table 1, Figs 4 and 5."""

from gradnets import fields
from gradnets.cascaded import mGradNetC
from gradnets.experiments.configuration import Config, protocol
from gradnets.modular import mGradNetM


def config(profile: str = "quick", seeds: int = 5) -> Config:
    """Return the experiment in a profile, "quick" (some epochs) or "full" (the paper's protocol).

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
            "mGradNetC": lambda: mGradNetC(dim=2, width=7, depth=4, init="authors"),
            "mGradNetM": lambda: mGradNetM(dim=2, width=7, modules=4, init="authors"),
        },
        protocol=protocol(profile),
        seeds=seeds,
    )
