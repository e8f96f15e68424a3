"""Section 7.2: learn the gradient (49) of a nonconvex function; Table 2, Figs 6 and 7."""

from gradnets import fields
from gradnets.cascaded import GradNetC
from gradnets.experiments.configuration import Config, protocol
from gradnets.modular import GradNetM


def config(profile: str = "quick", seeds: int = 5) -> Config:
    """Return the experiment in a profile, "quick" (some epochs) or "full" (the paper's protocol).

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
            "GradNetC": lambda: GradNetC(dim=2, width=7, depth=4, init="authors"),
            "GradNetM": lambda: GradNetM(dim=2, width=7, modules=4, init="authors"),
        },
        protocol=protocol(profile),
        seeds=seeds,
    )
