"""Fields that autograd or torch.func derives, of energies that their users believe in."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine

Energy = Callable[["Field", Tensor], Tensor]
Gradient = Callable[[Callable[[Tensor], Tensor], Tensor], Tensor]


def by_autograd(energy: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with torch.enable_grad():
        y = x.requires_grad_() if not x.requires_grad and x.is_leaf else x
        e = energy(y)
        (g,) = torch.autograd.grad(outputs=e, inputs=y, grad_outputs=torch.ones_like(e),
                                   create_graph=True, retain_graph=True)  # fmt: skip
    return g


def by_vmap(energy: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    return torch.func.vmap(torch.func.grad(lambda y: energy(y[None]).squeeze(0)))(x)


def by_func(energy: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    return torch.func.grad(lambda y: energy(y).sum())(x)


GRADIENTS: tuple[Gradient, ...] = (by_autograd, by_vmap, by_func)


class Field(nn.Module):
    def __init__(self, energy: Energy, gradient: Gradient) -> None:
        super().__init__()
        self.lin = nn.Linear(3, 5)
        self.centres = nn.Parameter(torch.randn(6, 3))
        self.a = nn.Parameter(torch.randn(6))
        self.L = nn.Parameter(torch.randn(3, 3))
        self.mlp = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3))
        self.energy, self.gradient = energy, gradient

    @property
    def gram(self) -> Tensor:
        return self.L @ self.L.T

    def d2(self, x: Tensor) -> Tensor:
        return (x[:, None] - self.centres).pow(2).sum(-1)

    def forward(self, x: Tensor) -> Tensor:
        return self.gradient(lambda y: self.energy(self, y), x)


def sq(z: Tensor) -> Tensor:
    return z.pow(2).sum(-1)


def with_eye(matrix: Tensor) -> Tensor:
    return torch.eye(3, dtype=matrix.dtype) + matrix


def outer(s: Field, weights: Tensor) -> Tensor:
    return torch.einsum("bm,mi,mj->bij", weights, s.lin.weight, s.lin.weight)


def attention_energy(s: Field, x: Tensor) -> Tensor:
    t = torch.cat([x, x[:, :1]], -1).view(-1, 2, 2)
    return -torch.logsumexp(t @ t.mT, -1).sum(-1)


CONVEX: dict[str, Energy] = {
    "gram_by_product": lambda s, x: (x @ s.L).square().sum(-1) / 2,
    "gram_by_einsum": lambda s, x: torch.einsum("bi,ij,bj->b", x, s.gram, x),
    "gram_by_bilinear": lambda s, x: F.bilinear(x, x, s.gram[None]).squeeze(-1),
    "gram_by_matvec": lambda s, x: (x * (x @ s.gram)).sum(1) + x @ s.a[:3],
    "mahalanobis": lambda s, x: (x * torch.linalg.solve(with_eye(s.gram), x.T).T).sum(-1),
    "least_squares": lambda s, x: 0.5 * (s.lin(x) - s.a[:5]).norm(dim=-1) ** 2,
    "mse_loss": lambda s, x: F.mse_loss(s.lin(x), 0 * s.lin(x), reduction="none").mean(-1),
    "log_det_posynomial": lambda s, x: torch.logdet(with_eye(outer(s, torch.exp(s.lin(x) / 20)))),
    "minus_log_softplus": lambda s, x: -F.softplus(s.lin(x)).log().sum(-1),
    "free_energy": lambda s, x: F.softplus(s.lin(x)).sum(-1) + x @ s.a[:3],
    "brenier": lambda s, x: torch.logsumexp(x @ s.centres.T + s.a - sq(s.centres) / 2, -1),
    "lse_of_squares": lambda s, x: torch.logsumexp(s.d2(x) / 4, -1),
    "max_of_squares": lambda s, x: (s.d2(x) + s.a).amax(-1),
    "multiquadrics": lambda s, x: torch.sqrt(1 + s.d2(x)) @ s.a.exp(),
    "distances": lambda s, x: torch.cdist(x, s.centres).sum(-1),
    "exponential_kernel": lambda s, x: torch.exp(x @ s.centres.T) @ s.a**2,
    "polynomial_kernel": lambda s, x: (x @ s.centres.T + 1).pow(4) @ s.a.abs(),
    "squared_distances": lambda s, x: s.d2(x) @ F.softplus(s.a),
    "charbonnier": lambda s, x: torch.sqrt(1e-3 + s.lin(x) ** 2).sum(-1),
    "seminorm": lambda s, x: torch.sqrt(1 + torch.einsum("bi,ij,bj->b", x, s.gram, x)),
    "group_norms": lambda s, x: s.lin(x)[:, :4].reshape(-1, 2, 2).norm(dim=-1).sum(-1),
    "norm_of_relu": lambda s, x: F.relu(s.lin(x)).norm(dim=-1),
    "mean_power": lambda s, x: (1 + s.lin(x) ** 2).pow(0.75).mean(-1),
    "power_three_halves": lambda s, x: s.lin(x).abs().pow(1.5).sum(-1),
    "to_the_ball": lambda s, x: F.relu(x.norm(dim=-1) - 1) ** 2 / 2,
    "hinges": lambda s, x: F.relu(s.lin(x)).square() @ s.a[:5].square(),
    "positive_mix": lambda s, x: torch.cosh(s.lin(x)) @ torch.softmax(s.a[:5], 0),
    "two_layers_of_lse": lambda s, x: torch.logsumexp(F.softplus(s.lin(x)) @ s.L.new_ones(5, 2), 1),
    "smooth_relu_of_gap": lambda s, x: F.softplus(s.lin(x).amax(-1) - s.lin(x).amin(-1)),
    "variance": lambda s, x: s.lin(x).var(dim=-1),
    "deviation": lambda s, x: torch.sqrt(s.lin(x).var(dim=-1) + 1e-2),
    "pairwise": lambda s, x: (s.lin(x)[:, :, None] - s.lin(x)[:, None]).cosh().log().sum((1, 2)),
    "cross_entropy": lambda s, x: (
        F.cross_entropy(s.lin(x), torch.full((len(x),), 2), reduction="none") + 0.05 * sq(x)
    ),
    "huber_of_norm": lambda s, x: torch.where(x.norm(dim=-1) < 1, sq(x) / 2, x.norm(dim=-1) - 0.5),
}
GRADIENT: dict[str, Energy] = {
    "free_einsum": lambda s, x: torch.einsum("bi,ij,bj->b", x, s.L, x),
    "free_bilinear": lambda s, x: F.bilinear(x, x, s.L[None]).squeeze(-1),
    "gauss_kernels": lambda s, x: torch.exp(-s.d2(x) / 2) @ s.a,
    "minus_gauss_kernels": lambda s, x: -torch.exp(-s.d2(x)) @ s.a.square(),
    "inverse_multiquadrics": lambda s, x: -(1 / torch.sqrt(1 + s.d2(x))).sum(-1),
    "student": lambda s, x: torch.log1p(s.d2(x)).sum(-1),
    "mixture": lambda s, x: torch.logsumexp(s.a.log_softmax(0) - s.d2(x) / 2, -1),
    "mixture_loss": lambda s, x: -torch.logsumexp(s.a - s.d2(x) / 2, -1),
    "nearest": lambda s, x: s.d2(x).amin(-1),
    "cubic_kernel": lambda s, x: (x @ s.centres.T + 1).pow(3).sum(-1),
    "free_kernel": lambda s, x: torch.exp(x @ s.centres.T) @ s.a,
    "periodic": lambda s, x: torch.sin(s.lin(x)).square().sum(-1),
    "log_det_of_squares": lambda s, x: torch.logdet(with_eye(outer(s, s.lin(x) ** 2))),
    "log_det_rank_one": lambda s, x: torch.logdet(with_eye(x[:, :, None] * x[:, None, :])),
    "network": lambda s, x: s.mlp(x).sum(-1),
    "norm_of_network": lambda s, x: sq(s.mlp(x)) / 2,
    "inner_product": lambda s, x: (x * s.mlp(x)).sum(-1),
    "residual_of_network": lambda s, x: 0.5 * sq(x - s.mlp(x)),
    "network_at_angles": lambda s, x: s.mlp(torch.sin(x)).logsumexp(-1),
    "tokens": attention_energy,
    "square_over_exp": lambda s, x: s.lin(x)[:, 0] ** 2 * torch.exp(-s.lin(x)[:, 1]),
    "product": lambda s, x: torch.prod(F.softplus(s.lin(x)), dim=-1),
    "log_cosh_less_square": lambda s, x: (s.lin(x).cosh().log() - s.lin(x) ** 2 / 4).sum(-1),
    "minus_hinges": lambda s, x: F.relu(s.lin(x)).square() @ s.a[:5],
    # What is left of it is W^T (2 z sigmoid(z)).
    "reweighted_by_neuron": lambda s, x: (s.lin(x).sigmoid().detach() * s.lin(x) ** 2).sum(-1),
    "sparse_well": lambda s, x: ((x**2 - 1) ** 2).sum(-1),
    "margin": lambda s, x: s.lin(x).topk(2, -1).values.diff(dim=-1).squeeze(-1),
}


def attended(s: Field, x: Tensor) -> Tensor:
    weights = torch.softmax(x @ s.centres.T, -1).detach()
    return (s.d2(x.tanh()) * weights).sum(-1)


NEITHER: dict[str, Energy] = {
    "reweighted": lambda s, x: (s.lin(x).softmax(-1).detach() * s.lin(x) ** 2).sum(-1),
    "conditioned": lambda s, x: F.softplus(s.lin(x) + sq(x.detach())[:, None]).sum(-1),
    "fixed_target": lambda s, x: 0.5 * sq(x - s.mlp(x).detach()),
    "attended": attended,
}


def field(energy: Energy, gradient: Gradient) -> Callable[[], nn.Module]:
    return lambda: Field(energy, gradient)


count = 0
for table, symmetric, psd, why in (
    (CONVEX, True, True, "the energy is convex"),
    (GRADIENT, True, False, "a gradient, but the energy is not convex"),
    (NEITHER, False, False, "detach keeps a part of the energy from its derivative"),
):
    for name, energy in table.items():
        made = field(energy, GRADIENTS[count % 3])
        count += 1
        examine(made, symmetric=symmetric, psd=psd, why=why, kind="everyday_potentials", name=name)


# Of one sample: over all of its entries.
for name, energy, psd in (
    ("largest_of_one", lambda s, x: s.lin(x).max()[None], True),
    ("largest_size_of_one", lambda s, x: s.lin(x).abs().max()[None], True),
    ("smallest_of_one", lambda s, x: s.lin(x).min()[None] + 0.1 * sq(x), False),
):
    examine(
        field(energy, by_vmap), symmetric=True, psd=psd,
        why="torch shares the gradient of an extremum of all between equal entries",
        kind="everyday_potentials", name=name,
    )  # fmt: skip
