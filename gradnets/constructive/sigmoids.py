"""Learned elementwise activations: sums of scaled and shifted sigmoids (21), Theorems 6 to 8."""

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from gradnets import checks


class Sigmoids(nn.Module):
    """An elementwise activation, each neuron with a network R -> R of one hidden layer of its own.

    sigma_i(z_i) = d_i + sum_j c_ij sigmoid(t_ij (z_i - u_ij)),   t_ij > 0

    Monotone: c = softplus(raw_c) > 0, so that every sigma_i is nondecreasing (21). Otherwise
    c = raw_c. The scale is t = exp(log_t). One step a neuron is the scaled sigmoid of
    Corollaries 6.1 and 8.1; one neuron is a function of a number, such as rho in (35).

    Args:
        width: number of neurons; d has shape (width, 1).
        steps: sigmoids a neuron; raw_c, log_t and u have shape (steps, width, 1).
        monotone: which of the two forms.

    Acts on z of shape (..., width, N); ``potential`` returns s(z), grad s = sigma, of shape
    (..., 1, N). It starts as a staircase of equal steps between -1 and 1.

    Raises:
        ValueError: a width or a number of steps below 1.

    >>> Sigmoids(3, steps=4)(torch.zeros(3, 5)).shape
    torch.Size([3, 5])
    """

    def __init__(self, width: int, steps: int = 1, monotone: bool = True) -> None:
        super().__init__()
        shape = (checks.size("steps", steps), checks.size("width", width), 1)
        self.monotone = monotone
        self.raw_c = nn.Parameter(torch.full(shape, 1 / steps))
        self.log_t = nn.Parameter(torch.zeros(shape))
        places = (2 * torch.arange(steps, dtype=torch.get_default_dtype()) + 1) / steps - 1
        self.u = nn.Parameter(places[:, None, None].repeat(1, width, 1))
        self.d = nn.Parameter(torch.zeros(width, 1))

    def weights(self) -> Tensor:
        """Return c, shape (steps, width, 1)."""
        return softplus(self.raw_c) if self.monotone else self.raw_c

    def forward(self, z: Tensor) -> Tensor:
        steps = torch.sigmoid(torch.exp(self.log_t) * (z.unsqueeze(-3) - self.u))
        return (self.weights() * steps).sum(-3) + self.d

    def potential(self, z: Tensor) -> Tensor:
        t = torch.exp(self.log_t)
        ramps = -logsigmoid(-t * (z.unsqueeze(-3) - self.u)) / t
        return ((self.weights() * ramps).sum(-3) + self.d * z).sum(-2, keepdim=True)
