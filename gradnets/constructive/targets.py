"""What is to be approximated on the cube [0, 1]^n, with the constants that the bounds need."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gradnets import checks

Function = Callable[[Tensor], Tensor]


def constant(name: str, value: float, least: float = 0.0) -> float:
    """Return the value if it is a finite number of at least ``least``.

    Raises:
        ValueError: naming the argument, the value and what was expected.

    >>> constant("lipschitz", -1.0)
    Traceback (most recent call last):
        ...
    ValueError: lipschitz: expected a finite number of at least 0.0, got -1.0
    """
    if not isinstance(value, int | float) or not math.isfinite(value) or value < least:
        raise ValueError(f"{name}: expected a finite number of at least {least}, got {value!r}")
    return float(value)


@dataclass(frozen=True)
class Target:
    """A function F with a Lipschitz gradient, on a neighbourhood of the cube.

    |grad F(x) - grad F(y)| <= ell |x - y|, and F + (c/2) |x|^2 is convex, for all x, y closer to
    the cube than the margin. F itself is convex there if c = 0 (Theorem 4); else it is a
    difference of convex functions (Lemma 4, Theorem 5).

    Attributes:
        dim: n.
        potential: F, (..., n) -> (...), float64.
        gradient: grad F, (..., n) -> (..., n), float64.
        lipschitz: ell > 0.
        concavity: c, between 0 and ell.
        margin: how far around the cube all this holds; inf for all of R^n.

    Raises:
        ValueError: a dim below 1, a constant outside of these ranges.

    >>> F = Target(2, lambda x: x.square().sum(-1) / 2, lambda x: x, lipschitz=1.0)
    >>> F.gradient(torch.ones(2)).tolist()
    [1.0, 1.0]
    """

    dim: int
    potential: Function
    gradient: Function
    lipschitz: float
    concavity: float = 0.0
    margin: float = math.inf

    def __post_init__(self) -> None:
        checks.size("dim", self.dim)
        if constant("lipschitz", self.lipschitz) == 0:
            raise ValueError("lipschitz: expected a positive number, got 0")
        if constant("concavity", self.concavity) > self.lipschitz:
            raise ValueError(
                f"concavity: expected at most lipschitz = {self.lipschitz}, got {self.concavity}"
            )
        if not self.margin > 0:
            raise ValueError(f"margin: expected a positive number, got {self.margin!r}")


@dataclass(frozen=True)
class Profile:
    """A function psi of a number, with a Lipschitz derivative, as in (18) and (31).

    Attributes:
        potential: psi, elementwise, float64.
        derivative: psi', elementwise, float64.
        lipschitz: L with |psi'(u) - psi'(v)| <= L |u - v| wherever psi is used.
        convex: whether psi' is nondecreasing there.

    Raises:
        ValueError: a negative or infinite L.

    >>> square = Profile(lambda u: u**2, lambda u: 2 * u, lipschitz=2.0, convex=True)
    >>> square.derivative(torch.tensor([3.0])).item()
    6.0
    """

    potential: Function
    derivative: Function
    lipschitz: float
    convex: bool = False

    def __post_init__(self) -> None:
        constant("lipschitz", self.lipschitz)


@dataclass(frozen=True, eq=False)
class Ridges:
    """A finite sum of ridge functions, F(x) = sum_i psi_i(a_i^T x) (18), Definition 6.

    Attributes:
        directions: the a_i as the rows of an r x n matrix, none of them 0; float64.
        profiles: psi_1 .. psi_r.

    Raises:
        ValueError: directions of another shape or dtype, a row that is 0 or not finite, another
            number of profiles.

    >>> wave = Profile(torch.cos, lambda u: -torch.sin(u), lipschitz=1.0)
    >>> F = Ridges(torch.tensor([[3.0, 4.0]], dtype=torch.float64), (wave,))
    >>> F.potential(torch.zeros(5, 2, dtype=torch.float64)).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """

    directions: Tensor
    profiles: tuple[Profile, ...]

    def __post_init__(self) -> None:
        a = self.directions
        if a.ndim != 2 or a.dtype != torch.float64 or 0 in a.shape:
            got = f"{tuple(a.shape)} of {a.dtype}"
            raise ValueError(f"directions: expected shape (r, n) of torch.float64, got {got}")
        if not (a.isfinite().all() and a.abs().amax(-1).min() > 0):
            raise ValueError(f"directions: expected finite rows that are not 0, got {a.tolist()}")
        if len(self.profiles) != len(a):
            raise ValueError(f"profiles: expected {len(a)}, got {len(self.profiles)}")

    @property
    def dim(self) -> int:
        """n."""
        return self.directions.shape[1]

    @property
    def convex(self) -> bool:
        """Whether every psi_i is claimed to be convex."""
        return all(psi.convex for psi in self.profiles)

    def potential(self, x: Tensor) -> Tensor:
        """Return F(x), (..., n) -> (...)."""
        z = (x @ self.directions.mT).unbind(-1)
        return torch.stack([p.potential(v) for p, v in zip(self.profiles, z, strict=True)]).sum(0)

    def gradient(self, x: Tensor) -> Tensor:
        """Return grad F(x) = sum_i psi_i'(a_i^T x) a_i, (..., n) -> (..., n)."""
        z = (x @ self.directions.mT).unbind(-1)
        slopes = [p.derivative(v) for p, v in zip(self.profiles, z, strict=True)]
        return torch.stack(slopes, -1) @ self.directions

    def intervals(self) -> tuple[Tensor, Tensor]:
        """Return the least and greatest a_i^T x over the cube, each of shape (r,)."""
        return self.directions.clamp(max=0).sum(-1), self.directions.clamp(min=0).sum(-1)


@dataclass(frozen=True, eq=False)
class Composition:
    """A transformation of a sum of ridges, F(x) = phi(sum_i psi_i(a_i^T x)) (31), Definition 7.

    Attributes:
        outer: phi; its constants hold wherever the sum of any values of psi_1 .. psi_r lies, each
            on its interval, and sqrt(n)/2 times the wanted error around.
        inner: the sum of ridges.
        monotone: whether phi is nondecreasing on the range of the sum, as Theorem 10 asks.

    Raises:
        ValueError: monotone without phi and every psi_i convex.

    >>> square = Profile(lambda u: u**2, lambda u: 2 * u, lipschitz=2.0, convex=True)
    >>> norm = Ridges(torch.eye(2, dtype=torch.float64), (square, square))
    >>> Composition(square, norm, monotone=True).gradient(torch.ones(2, dtype=torch.float64))
    tensor([8., 8.], dtype=torch.float64)
    """

    outer: Profile
    inner: Ridges
    monotone: bool = False

    def __post_init__(self) -> None:
        if self.monotone and not (self.outer.convex and self.inner.convex):
            raise ValueError("monotone: expected a convex outer and convex inner profiles")

    @property
    def dim(self) -> int:
        """n."""
        return self.inner.dim

    def potential(self, x: Tensor) -> Tensor:
        """Return F(x), (..., n) -> (...)."""
        return self.outer.potential(self.inner.potential(x))

    def gradient(self, x: Tensor) -> Tensor:
        """Return grad F(x) = phi'(G(x)) grad G(x) (37), (..., n) -> (..., n)."""
        rho = self.outer.derivative(self.inner.potential(x))
        return rho.unsqueeze(-1) * self.inner.gradient(x)
