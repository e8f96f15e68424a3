"""Vector fields written out: polynomials, oscillators, physics; gradients and ones that are not."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine, examined
from .icnn import gradient

Field = Callable[..., tuple[Tensor, ...]]


class Plane(nn.Module):
    """A field of the plane (or of space), entry by entry."""

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack(self.field(*x.unbind(-1)), dim=-1)


# name: field, dim, symmetric, psd
FIELDS: dict[str, tuple[Field, int, bool, bool]] = {
    "rotation": (lambda x, y: (-y, x), 2, False, False),
    "saddle": (lambda x, y: (x, -y), 2, True, False),
    "exchange": (lambda x, y: (y, x), 2, True, False),
    "bowl": (lambda x, y: (2 * x + y, x + 3 * y), 2, True, True),
    "spiral": (lambda x, y: (x - y, x + y), 2, False, False),
    "shear": (lambda x, y: (x + y, y), 2, False, False),
    "paper_convex": (
        lambda x, y: (4 * x**3 + x + y / 2, x / 2 + 3 * y - y**2), 2, True, False
    ),
    "paper_nonconvex": (
        lambda x, y: (
            math.pi / 2 * torch.cos(2 * math.pi * x) * torch.cos(math.pi * y) + y / 2,
            -math.pi / 4 * torch.sin(2 * math.pi * x) * torch.sin(math.pi * y) + x / 2 - y,
        ),
        2,
        True,
        False,
    ),
    "rosenbrock": (
        lambda x, y: (-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)), 2, True, False
    ),
    "himmelblau": (
        lambda x, y: (
            4 * x * (x**2 + y - 11) + 2 * (x + y**2 - 7),
            2 * (x**2 + y - 11) + 4 * y * (x + y**2 - 7),
        ),
        2,
        True,
        False,
    ),
    "double_well": (lambda x, y: (x**3 - x, y), 2, True, False),
    "quartic_bowl": (lambda x, y: (x**3 + x * y**2, y**3 + y * x**2), 2, True, True),
    "quartic_sum": (lambda x, y: (4 * (x + y) ** 3 + x, 4 * (x + y) ** 3 + y), 2, True, True),
    "quartic_cross": (lambda x, y: (x**3 + 4 * x * y**2, y**3 + 4 * y * x**2), 2, True, False),
    "quartic_definite": (
        lambda x, y: (4 * x**3 + 2 * x * y**2, 4 * y**3 + 2 * x**2 * y), 2, True, True
    ),
    "sixth": (lambda x, y: (6 * x**5 + y, x + 6 * y**5 + y), 2, True, False),
    "monomial": (lambda x, y: (2 * x * y, x**2), 2, True, False),
    "monomial_wrong": (lambda x, y: (x * y, x**2), 2, False, False),
    "van_der_pol": (lambda x, y: (y, (1 - x**2) * y - x), 2, False, False),
    "lotka_volterra": (lambda x, y: (x - x * y, x * y - y), 2, False, False),
    "pendulum": (lambda x, y: (y, -torch.sin(x)), 2, False, False),
    "mexican_hat": (
        lambda x, y: (x * (x**2 + y**2 - 1), y * (x**2 + y**2 - 1)), 2, True, False
    ),
    "log_sum_exp": (
        lambda x, y: (torch.exp(x) / (torch.exp(x) + torch.exp(y)),
                      torch.exp(y) / (torch.exp(x) + torch.exp(y))), 2, True, True
    ),
    "sines": (lambda x, y: (torch.sin(x + y), torch.sin(x + y)), 2, True, False),
    "sines_wrong": (lambda x, y: (torch.sin(x + y), torch.sin(x - y)), 2, False, False),
    "softplus_sum": (lambda x, y: (F.softplus(x + y) + x, F.softplus(x + y)), 2, True, True),
    "product_of_exps": (lambda x, y: (torch.exp(x + y), torch.exp(x + y)), 2, True, True),
    "exp_of_product": (
        lambda x, y: (y * torch.exp(x * y), x * torch.exp(x * y)), 2, True, False
    ),
    "gradient_of_xyz": (lambda x, y, z: (y * z, x * z, x * y), 3, True, False),
    "curl": (lambda x, y, z: (z - y, x - z, y - x), 3, False, False),
    "lorenz": (lambda x, y, z: (10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z), 3, False,
               False),
    "springs": (lambda x, y, z: (2 * x - y, 2 * y - x - z, 2 * z - y), 3, True, True),
    "toda": (
        lambda x, y, z: (
            torch.exp(x - y), torch.exp(y - z) - torch.exp(x - y), -torch.exp(y - z)
        ), 3, True, True
    ),
    "one_sided_springs": (lambda x, y, z: (x - y, y - z, z - x), 3, False, False),
    "even_powers": (lambda x, y, z: (x**3, y**5 + y, z**7), 3, True, True),
    "square_entries": (lambda x, y, z: (x**2, y**2, z**2), 3, True, False),
    "exp_of_sum_of_squares": (
        lambda x, y: (x * torch.exp((x**2 + y**2) / 9), y * torch.exp((x**2 + y**2) / 9)),
        2,
        True,
        True,
    ),
    "quotient": (
        lambda x, y: (2 * x / (1 + y**2), -2 * y * x**2 / (1 + y**2) ** 2), 2, True, False
    ),
    "quadratic_over_linear_like": (
        lambda x, y: (
            2 * x / (1 + torch.exp(y)), -(x**2) * torch.exp(y) / (1 + torch.exp(y)) ** 2
        ), 2, True, False
    ),
    "angle": (lambda x, y: (-y / (1 + x**2 + y**2), x / (1 + x**2 + y**2)), 2, False, False),
    "only_line": (lambda x: (torch.sin(x) + 2 * x,), 1, True, True),
    "only_line_falls": (lambda x: (torch.sin(3 * x),), 1, True, False),
    "only_line_jumps": (lambda x: (torch.floor(x) - x / 2,), 1, True, False),
}  # fmt: skip


def plane(field: Field) -> Callable[[], nn.Module]:
    return lambda: Plane(field)


for name, (field, dim, symmetric, psd) in FIELDS.items():
    examine(
        plane(field),
        dim=dim,
        symmetric=symmetric,
        psd=psd,
        why="cross derivatives " + ("agree" if symmetric else "differ"),
        kind="fields",
        name=name,
    )


class Coupled(nn.Module):
    def __init__(self, dim: int = 4) -> None:
        super().__init__()
        self.K = nn.Parameter(torch.randn(dim, dim))
        self.omega = nn.Parameter(torch.randn(dim))

    def differences(self, x: Tensor) -> Tensor:
        return x[:, :, None] - x[:, None, :]


@examined(dim=4, symmetric=True, psd=False, why="oscillators with symmetric couplings of any sign")
class Kuramoto(Coupled):
    def forward(self, x: Tensor) -> Tensor:
        K = self.K + self.K.T
        return self.omega + (K * torch.sin(self.differences(x))).sum(-1)


@examined(dim=4, symmetric=False, psd=False, why="oscillators with couplings of either direction")
class KuramotoDirected(Coupled):
    def forward(self, x: Tensor) -> Tensor:
        return self.omega + (self.K * torch.sin(self.differences(x))).sum(-1)


@examined(dim=4, symmetric=True, psd=True, why="attraction, nondecreasing in the difference")
class Consensus(Coupled):
    def forward(self, x: Tensor) -> Tensor:
        K = F.softplus(self.K + self.K.T)
        return (K * torch.tanh(self.differences(x))).sum(-1)


@examined(dim=4, symmetric=True, psd=False, why="repulsion of neighbours")
class Repulsion(Coupled):
    def forward(self, x: Tensor) -> Tensor:
        d = self.differences(x)
        return -(d * torch.exp(-(d**2))).sum(-1)


@examined(dim=4, symmetric=True, psd=True, why="a graph Laplacian with nonnegative weights")
class Laplacian(Coupled):
    def forward(self, x: Tensor) -> Tensor:
        K = self.K.square() + self.K.square().T
        return x * K.sum(1) - x @ K


@examined(dim=4, symmetric=True, psd=False, why="a graph Laplacian with weights of any sign")
class SignedLaplacian(Coupled):
    def forward(self, x: Tensor) -> Tensor:
        K = self.K + self.K.T
        return x * K.sum(1) - x @ K


@examined(dim=4, symmetric=False, psd=False, why="a normalized adjacency is not symmetric")
class RandomWalk(Coupled):
    def forward(self, x: Tensor) -> Tensor:
        return x - x @ torch.softmax(self.K, -1).T


@examined(dim=4, symmetric=False, psd=False, why="a recurrent net with free couplings")
class Recurrent(Coupled):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x) @ self.K.T + self.omega - x


@examined(dim=3, symmetric=True, psd=True, why="total variation, smoothed")
class TotalVariation(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        d = x[:, 1:] - x[:, :-1]
        s = d / torch.sqrt(d**2 + 1e-2)
        return F.pad(s, (1, 0)) - F.pad(s, (0, 1))


@examined(dim=3, symmetric=True, psd=True, why="total variation itself, a subgradient")
class TotalVariationSign(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        s = torch.sign(x.diff(dim=-1))
        return F.pad(s, (1, 0)) - F.pad(s, (0, 1))


@examined(symmetric=True, psd=False, scored=False,
          why="of |grad F|^2; torch cuts off the second derivative of softplus at 20")  # fmt: skip
class SlopeOfSlope(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 3))

    def forward(self, x: Tensor) -> Tensor:
        def squared(y: Tensor) -> Tensor:
            return gradient(lambda z: F.softplus(z @ self.W.T).sum(-1), y).square().sum(-1)

        return gradient(squared, x)
