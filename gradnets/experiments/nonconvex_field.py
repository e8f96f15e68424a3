"""Section 7.2: learn the gradient (49) of a nonconvex function; Table 2, Figs 6 and 7."""

from gradnets import fields
from gradnets.baselines import MLP, RR
from gradnets.cascaded import GradNetC
from gradnets.experiments.configuration import Config, protocol, trials
from gradnets.modular import GradNetM


def config(profile: str = "quick", seeds: int | None = None) -> Config:
    """Return the experiment in a profile.

    Args:
        profile: "quick", a tenth of the epochs and 5 seeds, or "full", the paper's protocol and 20.
        seeds: the number of trials, the profile's by default.

    Raises:
        ValueError: another profile, or seeds < 1.

    >>> config("quick").protocol.epochs
    20
    """
    return Config(
        name="nonconvex_field",
        profile=profile,
        field=fields.nonconvex,
        models={
            "MLP": lambda: MLP(dim=2, widths=(7, 9)),
            "RR": lambda: RR(dim=2, width=10, knots=7),
            "GradNetC": lambda: GradNetC(dim=2, width=7, depth=4, init="authors"),
            "GradNetM": lambda: GradNetM(dim=2, width=7, modules=4, init="authors"),
        },
        protocol=protocol(profile),
        seeds=trials(profile, seeds),
    )
