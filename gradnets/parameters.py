"""The authors' initial values: uniform on an interval around zero."""

import math

import torch
from torch import nn


def uniform(*shape: int, fan_in: int) -> nn.Parameter:
    """Return a parameter drawn from U(-k, k), k = 1 / sqrt(fan_in), as in the authors' code.

    >>> bool((uniform(100, 1, fan_in=4).abs() <= 0.5).all())
    True
    """
    bound = 1 / math.sqrt(fan_in)
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
