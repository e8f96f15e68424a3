"""The networks that the approximation proofs build, with their error bounds: the contents page."""

from gradnets.constructive.approximation import (
    Approximation,
    measured_error,
    measured_potential_error,
)
from gradnets.constructive.composed import Rho
from gradnets.constructive.dispatch import build
from gradnets.constructive.lse import ScaledSoftmax
from gradnets.constructive.sigmoids import Sigmoids
from gradnets.constructive.targets import Composition, Profile, Ridges, Target

__all__ = [
    "Approximation",
    "Composition",
    "Profile",
    "Rho",
    "Ridges",
    "ScaledSoftmax",
    "Sigmoids",
    "Target",
    "build",
    "measured_error",
    "measured_potential_error",
]
