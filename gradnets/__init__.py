"""Gradient networks of Chaudhari, Pranav and Moura, in torch: the contents page."""

from gradnets.activations import Sigmoid, Softmax, Softplus, Tanh, WSoftmax, WTanh
from gradnets.cascaded import GradNetC, mGradNetC
from gradnets.gradnet import GradNet, mGradNet
from gradnets.modular import GradNetM, mGradNetM

__version__ = "0.1.0"

__all__ = [
    "GradNet",
    "GradNetC",
    "GradNetM",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "WSoftmax",
    "WTanh",
    "mGradNet",
    "mGradNetC",
    "mGradNetM",
]
