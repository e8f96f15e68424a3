"""Ridge regularisers: one hidden layer with a learned linear spline a neuron."""

from functools import partial
from typing import Any

from gradnets.gradnet import GradNet
from gradnets.splines import LinearSpline


class RR(GradNet):
    """The gradient of a ridge regulariser, a sum of ridges of any shape.

    f(x) = W^T sigma(W x + b) + a                                       (7)

    with a free learned linear spline sigma_i a neuron, linear beyond its knots.

    Args:
        dim: n, the dimension of x and of f(x).
        width: m, the number of neurons; W has shape (m, n), b (m, 1), a (n, 1).
        knots: K of each spline, odd and at least 5.
        limit: the knots are uniform on [-limit, limit].

    Input (..., n), output the same shape; float32 or float64. With dim 2, width 10 and 7 knots
    there are 20 + 10 + 2 + 70 = 102 parameters, as in Table 2. The text gives width, knots and
    count; that the 12 left over are b and a is our reading. The published regulariser has no
    biases: its images are compared with themselves at 0, which a field on [0, 1]^2 is not. The
    place of the knots is open: the default, 1, lies within reach of W x + b at its initial values.

    Raises:
        ValueError: a size below 1, knots even or below 5, a limit that is not positive, an input
            whose last dimension is not n.
        TypeError: an input of another dtype than the weights.

    Source: Goujon et al., "A neural-network-based convex regularizer for inverse problems", 2023.

    >>> sum(p.numel() for p in RR(dim=2).parameters())
    102
    """

    def __init__(self, dim: int, width: int = 10, knots: int = 7, limit: float = 1.0) -> None:
        spline = partial(LinearSpline, knots=knots, limit=limit, monotone=False)
        super().__init__(dim, width, spline)


class CRR(GradNet):
    """The gradient of a convex ridge regulariser: :class:`RR` with increasing splines.

    f(x) = W^T sigma(W x + b) + a,  sigma_i nondecreasing                (7), Proposition 3.3

    As in Goujon et al.: the gradient W^T sigma(W x) of a sum of convex ridges, uniform knots, and
    the projection of the splines' values in every forward pass, through which training goes, see
    :class:`gradnets.splines.LinearSpline`; it needs no step of its own. Otherwise: W is dense where
    theirs is a product of convolutions; b and a are added; the splines start as the identity where
    theirs start at 0; and what is learned is a given field, not a denoiser that takes steps along
    it. Their learning rates, :func:`training_rates`, give way in Table 1 to the protocol that it
    has for all networks, and so does their penalty on bends, ``sigma.tv2()`` times 0.002 of the
    noise, which these fields do not have. ``benchmarks/ridge_rule.py`` compares both rules.

    Args:
        dim: n, the dimension of x and of f(x).
        width: m, the number of neurons; W has shape (m, n), b (m, 1), a (n, 1).
        knots: K of each spline, odd and at least 5.
        limit: the knots are uniform on [-limit, limit].

    Input (..., n), output the same shape; float32 or float64. With dim 2, width 10 and 7 knots
    there are 102 parameters, as in Table 1, shaped as those of :class:`RR`.

    Raises:
        ValueError, TypeError: as :class:`RR`.

    Source: Goujon et al., "A neural-network-based convex regularizer for inverse problems", 2023.

    >>> sum(p.numel() for p in CRR(dim=2).parameters())
    102
    """

    def __init__(self, dim: int, width: int = 10, knots: int = 7, limit: float = 1.0) -> None:
        super().__init__(dim, width, partial(LinearSpline, knots=knots, limit=limit))


def training_rates(net: RR | CRR) -> list[dict[str, Any]]:
    """Return parameter groups for torch.optim.Adam, with the rates at which Goujon et al. train.

    0.001 for W, and b and a with it; 0.00005 for values of splines whose knots are 0.01 apart,
    here in proportion to the distance of the knots. Theirs fall by a factor of 0.75 ten times.

    Source: the authors' public code (axgoujon/convex_ridge_regularizers), training/trainer.py.

    >>> import torch
    >>> net = CRR(dim=2, limit=1.5)
    >>> optimiser = torch.optim.Adam(training_rates(net))
    >>> schedule = torch.optim.lr_scheduler.StepLR(optimiser, step_size=100, gamma=0.75)
    >>> [group["lr"] for group in optimiser.param_groups]
    [0.001, 0.0025]
    """
    sigma = net.sigma
    return [
        {"params": [net.W, net.b, net.a], "lr": 0.001},
        {"params": [sigma.coefficients], "lr": 0.00005 * sigma.step / 0.01},
    ]
