"""Learn a convex field that no sum of convex ridges comes near, however many there are."""

from gradnets import fields
from gradnets.baselines import CRR
from gradnets.cascaded import mGradNetC
from gradnets.experiments.configuration import Config, protocol
from gradnets.modular import mGradNetM

SEEDS = 5


def config(profile: str = "quick", seeds: int | None = None) -> Config:
    """Return the experiment: the paper's protocol and shapes, on the separating field.

    Args:
        profile: "quick", a tenth of the epochs, or "full", the paper's protocol.
        seeds: the number of trials, 5 by default.

    Raises:
        ValueError: another profile, or seeds < 1.

    >>> list(config().models)
    ['CRR', 'mGradNetC', 'mGradNetM']
    """
    return Config(
        name="separating_field",
        profile=profile,
        field=fields.separating,
        models={
            "CRR": lambda: CRR(dim=2, width=10, knots=7),
            "mGradNetC": lambda: mGradNetC(dim=2, width=7, depth=4),
            "mGradNetM": lambda: mGradNetM(dim=2, width=7, modules=4),
        },
        protocol=protocol(profile),
        seeds=SEEDS if seeds is None else seeds,
        compared=False,
    )
