"""Gradient networks of Chaudhari, Pranav and Moura, in torch: the contents page."""

from gradnets.activations import Sigmoid, Softmax, Softplus, Tanh, WSoftmax, WTanh
from gradnets.cascaded import GradNetC, mGradNetC
from gradnets.combinations import (
    Difference,
    LinearCombination,
    ScalarComposition,
    ScalarNet,
    VectorComposition,
    mConicalCombination,
    mLipschitzShift,
    mQuadratic,
    mScalarComposition,
    mStronglyMonotone,
    mVectorComposition,
)
from gradnets.gradnet import GradNet, mGradNet
from gradnets.modular import GradNetM, mGradNetM

__version__ = "0.1.0"

__all__ = [
    "Difference",
    "GradNet",
    "GradNetC",
    "GradNetM",
    "LinearCombination",
    "ScalarComposition",
    "ScalarNet",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "VectorComposition",
    "WSoftmax",
    "WTanh",
    "mConicalCombination",
    "mGradNet",
    "mGradNetC",
    "mGradNetM",
    "mLipschitzShift",
    "mQuadratic",
    "mScalarComposition",
    "mStronglyMonotone",
    "mVectorComposition",
]
