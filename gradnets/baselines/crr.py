"""Ridge regularisers: one hidden layer with a learned linear spline a neuron."""

from functools import partial

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

    The splines are projected in every forward pass as Goujon et al. do it, see
    :class:`gradnets.splines.LinearSpline`; training needs no step of its own. Their other rules,
    a penalty on bends (``sigma.tv2()``) and a smaller learning rate for the splines than for W,
    give way here to the protocol that Table 1 has for all networks.

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
