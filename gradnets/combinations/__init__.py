"""Gradient networks made of gradient networks: sums, shifts and compositions."""

from gradnets.combinations.compositions import ScalarComposition, mScalarComposition
from gradnets.combinations.quadratic import mQuadratic
from gradnets.combinations.scalar_net import ScalarNet
from gradnets.combinations.shifts import mLipschitzShift, mStronglyMonotone
from gradnets.combinations.sums import Difference, LinearCombination, mConicalCombination
from gradnets.combinations.vector import VectorComposition, mVectorComposition

__all__ = [
    "Difference",
    "LinearCombination",
    "ScalarComposition",
    "ScalarNet",
    "VectorComposition",
    "mConicalCombination",
    "mLipschitzShift",
    "mQuadratic",
    "mScalarComposition",
    "mStronglyMonotone",
    "mVectorComposition",
]
