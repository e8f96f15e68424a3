"""A function of several potentials: f(x) = sum_k phi_k(G_1(x), .., G_K(x)) g_k(x)."""

from collections.abc import Iterable
from functools import reduce
from operator import add

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gradnets import activations
from gradnets.activations import Activation
from gradnets.bounds import Bounds, composed
from gradnets.combinations.parts import Combination, unsoftplus
from gradnets.jacobians import Factors, curvature_of, jacobian_factors, rank_one_factors

MONOTONE = ("softmax", "sigmoid", "softplus")


class VectorComposition(Combination):
    """The gradient of a function of several potentials.

    f(x) = sum_k sigma_k(t (beta + G(x))) g_k(x),  g_k = grad G_k,  sigma = grad phi
    F(x) = phi(t (beta + G(x))) / t

    Theorem 9 for K potentials; sigma is the gate. With softmax, phi is log-sum-exp and F a soft
    maximum of the beta_k + G_k, the sharper the greater t.

    Args:
        nets: g_1 .. g_K, modules with ``dim`` and ``potential``, all of the same dim.
        activation: sigma = grad phi on R^K, by name or as a function of K; as elsewhere it acts on
            columns. beta, shape (K, 1), is learned from 0, and t = softplus(raw_t) from 1.

    Input (..., n), output the same shape; float32 or float64.

    Raises:
        ValueError: different dims, a network without a potential, an unknown activation, an input
            whose last dimension is not n.
        TypeError: an input of another dtype than the weights of the parts.

    Source: an extension of ours of Chaudhari, Pranav and Moura, "Gradient Networks", Theorem 9.

    >>> from gradnets import GradNet, GradNetM
    >>> net = VectorComposition([GradNet(32, 64), GradNetM(32, 16, modules=4)], "wsoftmax")
    >>> net(torch.zeros(1000, 32)).shape
    torch.Size([1000, 32])
    """

    def __init__(self, nets: Iterable[nn.Module], activation: Activation = "softmax") -> None:
        super().__init__(nets, with_potential=True)
        count = len(self.nets)
        self.sigma = activations.build(activation, count, monotone=False)
        self.sigma.to(self.like_parts())
        self.beta = nn.Parameter(self.like_parts(count, 1))
        self.raw_t = nn.Parameter(self.like_parts(fill=unsoftplus(1)))

    def inner(self, x: Tensor, t: Tensor) -> Tensor:
        """Return t (beta + G(x)), the samples as columns, shape (K, N)."""
        return t * (self.beta + torch.stack([G.reshape(-1) for G in self.potentials(x)]))

    def forward(self, x: Tensor) -> Tensor:
        gates = self.sigma(self.inner(x, softplus(self.raw_t)))
        shape = (*x.shape[:-1], 1)
        terms = zip(gates.unbind(), self.gradients(x), strict=True)
        return reduce(add, (gate.reshape(shape) * g for gate, g in terms))

    def jacobian_factors(self, x: Tensor) -> Factors | None:
        """Return those of sum_k sigma_k J_{g_k} + t [g_1 .. g_K] J_sigma [g_1 .. g_K]^T."""
        parts = [jacobian_factors(net, x) for net in self.nets]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts) or not hasattr(self.sigma, "derivative"):
            return None
        t = softplus(self.raw_t)
        z = self.inner(x, t)
        g = torch.stack([g.reshape(-1, self.dim).mT for g in self.gradients(x)])  # (K, n, N)
        total = reduce(Factors.plus, map(Factors.times, known, self.sigma(z)))
        d, pairs = curvature_of(self.sigma, z)
        for k, row in enumerate(d):
            total = total.plus(rank_one_factors(g[k], t * row[None]))
        for e, p in pairs:
            total = total.plus(rank_one_factors((p[:, None] * g).sum(0), t * e))
        return total

    def potential(self, x: Tensor) -> Tensor:
        """Return F(x) = phi(t (beta + G(x))) / t, grad F = f, shape x.shape[:-1].

        Raises:
            ValueError: an activation without a potential, as softplus; an input whose last
                dimension is not n.
        """
        t = softplus(self.raw_t)
        return (activations.potential(self.sigma, self.inner(x, t)) / t).reshape(x.shape[:-1])


class mVectorComposition(VectorComposition):
    """The gradient of a convex function, nondecreasing in each argument, of convex potentials.

    f(x) = sum_k sigma_k(t (beta + G(x))) g_k(x),  sigma = grad phi >= 0,  phi convex

    Theorem 10 for K potentials: J = sum_k sigma_k J_{g_k} + t [g_1 .. g_K] J_sigma [g_1 .. g_K]^T.
    With softmax a gated sum of networks, the gradient of a soft maximum.

    Args:
        nets: g_1 .. g_K, mGradNets with ``potential``, all of the same dim.
        activation: "softmax", "sigmoid" or "softplus" (of each potential by itself), or a function
            of K that makes a nonnegative monotone sigma. Its sigma is tried at random points when
            it is made; that it is so everywhere is the caller's promise.

    Input (..., n), output the same shape; float32 or float64.

    Raises:
        ValueError: different dims, a network without a potential, an activation that is unknown,
            negative or not monotone, an input whose last dimension is not n.
        TypeError: an input of another dtype than the weights of the parts.

    Source: an extension of ours of Chaudhari, Pranav and Moura, "Gradient Networks", Theorem 10.

    A maximum of three quadratics, as in the field "polymax", learned by three gated ones:

    >>> from gradnets import mQuadratic
    >>> from gradnets.training import Protocol, train
    >>> from gradnets.trials import Data
    >>> _ = torch.manual_seed(0)
    >>> x, A = torch.randn(1, 500, 4), torch.randn(3, 4, 4)
    >>> F = (x @ A.mT[:, None]).square().sum(-1)
    >>> y = 2 * ((x @ A.mT[:, None]) @ A[:, None]).gather(0, F.argmax(0)[None, ..., None]
    ...     .expand(1, 1, 500, 4))[0]
    >>> net = mVectorComposition([mQuadratic(4, rank=4) for _ in range(3)])
    >>> history = train([net], Data(x, y, x, y), Protocol(epochs=60, batch=50, lr=0.02),
    ...                 progress=None)
    >>> bool(history.validation_loss[0, -1] < 0.05 * y.square().mean())
    True
    """

    def __init__(self, nets: Iterable[nn.Module], activation: Activation = "softmax") -> None:
        if isinstance(activation, str) and activation not in MONOTONE:
            raise ValueError(
                f"activation: expected one of {', '.join(MONOTONE)} or a function of the number of"
                f" networks, got {activation!r}"
            )
        super().__init__(nets, activation)
        check_monotone(self.sigma, len(self.nets))
        self.certified = isinstance(activation, str)

    def jacobian_bounds(self) -> Bounds:
        """Return 0 as the lower bound where sigma is named and all g_k are certified."""
        return composed(self.nets, self.certified)


@torch.no_grad()
def check_monotone(sigma: nn.Module, count: int) -> None:
    """Raise ValueError unless sigma >= 0 and (sigma(z) - sigma(y)).(z - y) >= 0 at random pairs."""
    generator = torch.Generator().manual_seed(0)
    first = next(sigma.parameters(), torch.empty(()))
    z, y = (4 * torch.randn(2, count, 1000, generator=generator, dtype=torch.float64)).to(first)
    a, b = sigma(z), sigma(y)
    if not (a >= 0).all():
        raise ValueError(f"activation: expected nonnegative values, got {a.min().item():.3}")
    product = ((a - b) * (z - y)).sum(0)
    if not (product >= -torch.finfo(z.dtype).eps * (z - y).abs().amax(0)).all():
        low = product.min().item()
        raise ValueError(f"activation: expected a monotone map, got a product of {low:.3}")
