"""Learned linear splines as activations, increasing where asked, by projection."""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from gradnets import checks


class LinearSpline(nn.Module):
    """A linear spline a neuron, learned by its values at K uniform knots, linear beyond them.

    sigma(z) = c_0 + d_0 u + sum_{k=1}^{K-2} (d_k - d_{k-1}) relu(u - k),  d_k = c_{k+1} - c_k,

    where u = (z + limit) / step counts steps from the first knot: the continuous function, linear
    between its values c_k at the knots -limit + k step. Monotone, c is the projection of the
    learned values that Goujon et al. use: differences clamped to d_k >= 0, d_0 and the last one
    set to 0, so that sigma is constant beyond the knots, and sigma(0) = 0. It is computed in every
    forward pass and training differentiates through it, through a clamp at d_k = 0 too, so that
    splines that start at 0 learn; the first and last values then never count. sigma is not
    differentiable at the knots, where autograd gives the slope to the left; its potential is C^1.

    Args:
        width: number of neurons; the learned ``coefficients`` have shape (width, knots).
        knots: K, odd, so that 0 is a knot, and at least 5.
        limit: the outermost knots are at -limit and limit.
        monotone: whether sigma is projected to a nondecreasing one, or free.

    Acts on z of shape (..., width, N) of the dtype of the coefficients, with K - 2 numbers in
    memory for each of z. The initial spline is the identity between the knots, or all of it.

    Raises:
        ValueError: a width below 1, knots that are even or below 5, a limit that is not positive.

    Source: Goujon et al., "A neural-network-based convex regularizer for inverse problems", 2023.

    >>> spline = LinearSpline(3, knots=7, limit=1.5)
    >>> spline(torch.tensor([[-9.0, -0.75, 0.0, 1.0, 9.0]]).expand(3, 5))[0].tolist()
    [-1.0, -0.75, 0.0, 1.0, 1.0]
    >>> from functools import partial
    >>> from gradnets import mGradNetC
    >>> mGradNetC(2, 7, 4, activation=partial(LinearSpline, knots=9))(torch.zeros(5, 2)).shape
    torch.Size([5, 2])
    """

    def __init__(
        self, width: int, knots: int = 7, limit: float = 1.0, monotone: bool = True
    ) -> None:
        super().__init__()
        self.width = checks.size("width", width)
        if checks.size("knots", knots) < 5 or knots % 2 == 0:
            raise ValueError(f"knots: expected an odd number of at least 5, got {knots}")
        if not isinstance(limit, int | float) or not 0 < limit < float("inf"):
            raise ValueError(f"limit: expected a positive number, got {limit!r}")
        self.step = 2 * limit / (knots - 1)
        self.middle = knots // 2
        self.monotone = monotone
        values = self.step * (torch.arange(knots) - self.middle)
        self.coefficients = nn.Parameter(values.repeat(width, 1))

    def differences(self) -> Tensor:
        """Return d, the rises of the spline from knot to knot, shape (width, K - 1)."""
        d = self.coefficients.diff(dim=-1)
        if not self.monotone:
            return d
        flat = torch.zeros_like(d[:, :1])
        return torch.cat([flat, d[:, 1:-1].clamp(min=0), flat], -1)

    def start(self, d: Tensor) -> Tensor:
        """Return c_0, shape (width, 1): the learned value, or the one that makes sigma(0) = 0."""
        if not self.monotone:
            return self.coefficients[:, :1]
        return -d[:, : self.middle].sum(-1, keepdim=True)

    def hinges(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return u, of the shape of z, and relu(u - k), shape (..., width, K - 2, N)."""
        u = z / self.step + self.middle
        inner = torch.arange(1, 2 * self.middle, dtype=z.dtype, device=z.device).unsqueeze(-1)
        return u, relu(u.unsqueeze(-2) - inner)

    def forward(self, z: Tensor) -> Tensor:
        d = self.differences()
        u, hinges = self.hinges(z)
        bends = (d.diff(dim=-1).unsqueeze(-2) @ hinges).squeeze(-2)
        return self.start(d) + d[:, :1] * u + bends

    def potential(self, z: Tensor) -> Tensor:
        """Return s(z) = sum_i int_0^{z_i} sigma_i, a quadratic spline, shape (..., 1, N)."""
        primitive = self.primitive(z) - self.primitive(torch.zeros_like(z[..., :1]))
        return primitive.sum(-2, keepdim=True)

    def primitive(self, z: Tensor) -> Tensor:
        """Return int sigma from the first knot to z, of the shape of z."""
        d = self.differences()
        u, hinges = self.hinges(z)
        bends = (d.diff(dim=-1).unsqueeze(-2) @ hinges.square()).squeeze(-2)
        return self.step * (self.start(d) * u + (d[:, :1] * u.square() + bends) / 2)

    def derivative(self, z: Tensor) -> Tensor:
        """Return the slope at z, at a knot the one to its left."""
        d = self.differences()
        passed = (self.hinges(z)[1] > 0).to(z.dtype)
        return (d[:, :1] + (d.diff(dim=-1).unsqueeze(-2) @ passed).squeeze(-2)) / self.step

    def slopes(self) -> tuple[Tensor, Tensor]:
        """Return the least and the greatest slope of each neuron, both of shape (width, 1)."""
        d = self.differences() / self.step
        return d.amin(-1, keepdim=True), d.amax(-1, keepdim=True)

    def strip(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return inf twice: a spline is not analytic."""
        bound = torch.full_like(x + y, torch.inf)
        return bound, bound

    def tv2(self) -> Tensor:
        """Return TV2 = sum |sigma''|, the changes of slope at all knots, over all neurons.

        Goujon et al. add a multiple of it to the loss, for fewer bends: 0.002 times the standard
        deviation of the noise they remove. The field experiments, which have no noise, add none.

        >>> LinearSpline(3).tv2().item()
        6.0
        """
        return self.differences().diff(dim=-1).abs().sum() / self.step
