"""Sums of gradient networks: linear, conical, and the difference of two."""

import math
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add

from torch import Tensor, nn
from torch.nn.functional import softplus

from gradnets.bounds import Bounds, known_bounds
from gradnets.combinations.parts import Combination, unsoftplus
from gradnets.jacobians import Factors, jacobian_factors

Weights = Sequence[float] | None


class LinearCombination(Combination):
    """A linear combination of gradient networks.

    f(x) = sum_k c_k f_k(x)                                                       Corollary 2.1

    Args:
        nets: f_1 .. f_K, modules with an attribute ``dim``, all of the same.
        weights: c_1 .. c_K of any sign, fixed; learned if None, from c_k = 1 / K.

    Input (..., n), output the same shape; float32 or float64.

    Raises:
        ValueError: different dims, not one finite weight a network, an input whose last
            dimension is not n.
        TypeError: an input of another dtype than the weights of the parts.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 3.

    >>> import torch
    >>> from gradnets import GradNet, GradNetM
    >>> net = LinearCombination([GradNet(32, 64), GradNetM(32, 16, modules=4)])
    >>> net(torch.zeros(1000, 32)).shape
    torch.Size([1000, 32])
    >>> LinearCombination([GradNet(2, 7), GradNet(3, 7)])
    Traceback (most recent call last):
        ...
    ValueError: nets: expected modules of the same dim, got dims [2, 3]
    """

    def __init__(self, nets: Iterable[nn.Module], weights: Weights = None) -> None:
        super().__init__(nets)
        count = len(self.nets)
        self.fixed = None if weights is None else finite(weights, count)
        if self.fixed is None:
            self.c = nn.Parameter(self.like_parts(count, fill=1 / count))

    def coefficients(self) -> Iterable[float | Tensor]:
        """Return c_1 .. c_K."""
        return self.c if self.fixed is None else self.fixed

    def forward(self, x: Tensor) -> Tensor:
        return weighted(self.coefficients(), self.gradients(x))

    def potential(self, x: Tensor) -> Tensor:
        """Return F(x) = sum_k c_k F_k(x), grad F = f, shape x.shape[:-1].

        Raises:
            ValueError: a part without a potential, an input whose last dimension is not n.
        """
        return weighted(self.coefficients(), self.potentials(x))

    def jacobian_factors(self, x: Tensor) -> Factors | None:
        """Return those of sum_k c_k J_{f_k}, None if a part knows none."""
        parts = [jacobian_factors(net, x) for net in self.nets]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        return reduce(Factors.plus, map(Factors.times, known, self.coefficients()))

    def jacobian_bounds(self) -> Bounds:
        """Return bounds of sum_k c_k J_{f_k} over all x."""
        parts = [known_bounds(net) for net in self.nets]
        return reduce(Bounds.plus, map(Bounds.times, parts, self.coefficients()))


class mConicalCombination(LinearCombination):
    """A conical combination of monotone gradient networks, itself monotone.

    f(x) = sum_k c_k f_k(x),  c_k >= 0                                            Corollary 3.1

    Args:
        nets: f_1 .. f_K, mGradNets, all of the same dim.
        weights: c_1 .. c_K, nonnegative and fixed; learned if None, c = softplus(raw_c), from
            c_k = 1 / K.

    Input (..., n), output the same shape; float32 or float64.

    Raises:
        ValueError: different dims, a negative weight, not one finite weight a network, an input
            whose last dimension is not n.
        TypeError: an input of another dtype than the weights of the parts.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 4.

    The earlier conference paper's networks carry a term V^T V x:

    >>> import torch
    >>> from gradnets import mGradNetC, mQuadratic
    >>> term = mQuadratic(32, rank=32, bias=False)
    >>> net = mConicalCombination([mGradNetC(32, 64, depth=4), term], weights=[1, 1])
    >>> net(torch.zeros(1000, 32)).shape
    torch.Size([1000, 32])
    >>> mConicalCombination([term, term], weights=[1, -1])
    Traceback (most recent call last):
        ...
    ValueError: weights: expected nonnegative numbers, got -1
    """

    def __init__(self, nets: Iterable[nn.Module], weights: Weights = None) -> None:
        Combination.__init__(self, nets)
        count = len(self.nets)
        self.fixed = None if weights is None else finite(weights, count)
        if self.fixed is None:
            self.raw_c = nn.Parameter(self.like_parts(count, fill=unsoftplus(1 / count)))
        for c in self.fixed or ():
            if c < 0:
                raise ValueError(f"weights: expected nonnegative numbers, got {c!r}")

    def coefficients(self) -> Iterable[float | Tensor]:
        """Return c_1 .. c_K, each at least 0."""
        return softplus(self.raw_c) if self.fixed is None else self.fixed


class Difference(LinearCombination):
    """The difference of two monotone gradient networks, the gradient of a difference of convex.

    f(x) = p(x) - q(x)                                                                Theorem 5

    Universal for gradients with a bounded Hessian where p and q are for gradients of convex
    functions.

    Args:
        p: an mGradNet.
        q: an mGradNet of the same dim.

    Input (..., n), output the same shape; float32 or float64.

    Raises:
        ValueError: different dims, an input whose last dimension is not n.
        TypeError: an input of another dtype than the weights of the parts.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 5.

    >>> import torch
    >>> from gradnets import fields, mGradNetC
    >>> from gradnets.training import Protocol, train
    >>> from gradnets.trials import Data
    >>> _ = torch.manual_seed(0)
    >>> net = Difference(mGradNetC(2, 7, depth=2), mGradNetC(2, 7, depth=2))
    >>> x = fields.unit_grid(20)[None]
    >>> y = fields.nonconvex.gradient(x)
    >>> history = train([net], Data(x, y, x, y), Protocol(epochs=40, batch=50, lr=0.03),
    ...                 progress=None)
    >>> bool(history.validation_loss[0, -1] < 0.1 * y.square().mean())
    True
    >>> net.potential(x).shape
    torch.Size([1, 400])
    """

    def __init__(self, p: nn.Module, q: nn.Module) -> None:
        super().__init__([p, q], weights=(1, -1))


def weighted(weights: Iterable[float | Tensor], values: Iterable[Tensor]) -> Tensor:
    """Return sum_k c_k y_k."""
    return reduce(add, (c * y for c, y in zip(weights, values, strict=True)))


def finite(weights: Sequence[float], count: int) -> tuple[float, ...]:
    """Return the weights if there are ``count`` of them, all finite numbers."""
    try:
        given = tuple(weights)
    except TypeError:
        raise ValueError(f"weights: expected {count} numbers, got {weights!r}") from None
    if len(given) != count:
        raise ValueError(f"weights: expected {count}, one a network, got {len(given)}")
    for c in given:
        if not isinstance(c, int | float) or not math.isfinite(c):
            raise ValueError(f"weights: expected finite numbers, got {c!r}")
    return given
