"""A scalar function of a potential: f(x) = rho(beta + G(x)) g(x), g = grad G."""

from torch import Tensor, nn

from gradnets import rho as scalar
from gradnets.bounds import Bounds, composed
from gradnets.combinations.parts import Combination
from gradnets.combinations.scalar_net import ScalarNet
from gradnets.jacobians import Factors, jacobian_factors, rank_one_factors, slope
from gradnets.rho import Rho


class ScalarComposition(Combination):
    """The gradient of a scalar function of a potential.

    f(x) = rho(beta + G(x)) g(x),  g = grad G                                   (35), Theorem 9

    Args:
        net: g, a GradNet with ``potential`` G, or a user's own module with ``dim`` and both.
        rho: "identity", "softplus", "sigmoid", "exp", or a differentiable elementwise function of
            a tensor, as :class:`ScalarNet`. The scalar beta is learned, from 0.

    Input (..., n), output the same shape; float32 or float64.

    Raises:
        ValueError: a network without a potential, an unknown rho, an input whose last dimension
            is not n.
        TypeError: an input of another dtype than the weights of g.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 5.

    >>> import torch
    >>> from gradnets import GradNet, ScalarNet
    >>> net = ScalarComposition(GradNet(32, 64), ScalarNet(16, monotone=False))
    >>> net(torch.zeros(1000, 32)).shape
    torch.Size([1000, 32])
    """

    def __init__(self, net: nn.Module, rho: Rho = "softplus") -> None:
        super().__init__([net], with_potential=True)
        self.beta = nn.Parameter(self.like_parts())
        self.rho = scalar.build(rho, ("identity", "softplus", "sigmoid", "exp"))

    def forward(self, x: Tensor) -> Tensor:
        assert self.rho is not None
        (G,), (g,) = self.potentials(x), self.gradients(x)
        return self.rho(self.beta + G).unsqueeze(-1) * g

    def jacobian_factors(self, x: Tensor) -> Factors | None:
        """Return those of rho J_g + rho' g g^T, None if g knows none."""
        factors = jacobian_factors(self.nets[0], x)
        if factors is None:
            return None
        assert self.rho is not None
        s = self.beta + self.potentials(x)[0].reshape(1, -1)
        g = self.gradients(x)[0].reshape(-1, self.dim).mT
        return factors.times(self.rho(s)).plus(rank_one_factors(g, slope(self.rho, s)))

    def potential(self, x: Tensor) -> Tensor:
        """Return F(x) = R(beta + G(x)), R' = rho and grad F = f, shape x.shape[:-1].

        R is known for identity, sigmoid, exp and :class:`ScalarNet`; another rho says its own in
        an attribute ``primitive``.

        Raises:
            ValueError: a rho without a primitive, as softplus, whose primitive is a dilogarithm;
                an input whose last dimension is not n.
        """
        return scalar.primitive(self.rho, self.beta + self.potentials(x)[0])


class mScalarComposition(ScalarComposition):
    """The gradient of a convex nondecreasing function of a convex potential.

    f(x) = rho(beta + G(x)) g(x),  g = grad G,  rho >= 0 nondecreasing        (35), Theorem 10

    Args:
        net: g, an mGradNet with ``potential`` G.
        rho: "softplus", "sigmoid", "exp", or a nonnegative nondecreasing elementwise function of
            a tensor, as :class:`ScalarNet`. A function is tried on a grid of [-20, 20] when it
            is given; that it is monotone everywhere, and stays so in training, is the caller's
            promise. The scalar beta is learned, from 0.

    Input (..., n), output the same shape; float32 or float64.

    Raises:
        ValueError: a network without a potential, a rho that is unknown, negative or falling, an
            input whose last dimension is not n.
        TypeError: an input of another dtype than the weights of g.

    Source: Chaudhari, Pranav and Moura, "Gradient Networks", section 5.

    >>> import torch
    >>> from gradnets import ScalarNet, mGradNet
    >>> net = mScalarComposition(mGradNet(32, 64), ScalarNet(16))
    >>> net(torch.zeros(1000, 32)).shape
    torch.Size([1000, 32])
    >>> net.potential(torch.zeros(1000, 32)).shape
    torch.Size([1000])
    >>> mScalarComposition(mGradNet(2, 7), torch.tanh)
    Traceback (most recent call last):
        ...
    ValueError: rho: expected a nonnegative function, got rho(-20) = -1
    """

    def __init__(self, net: nn.Module, rho: Rho = "softplus") -> None:
        function = scalar.build(rho, ("softplus", "sigmoid", "exp"))
        assert function is not None
        if isinstance(rho, ScalarNet) and not rho.monotone:
            raise ValueError("rho: expected a monotone ScalarNet, got one with monotone=False")
        if not isinstance(rho, str):
            scalar.check_monotone(function)
        super().__init__(net, function)
        self.certified = isinstance(rho, str) or (isinstance(rho, ScalarNet) and rho.monotone)

    def jacobian_bounds(self) -> Bounds:
        """Return 0 as the lower bound where rho is the package's own and g certified."""
        return composed(self.nets, self.certified)
