"""Gradients by autograd of potentials: convex by some calculus, or not convex."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine
from .icnn import gradient

# Of x, shape (N, n), and z = x W^T + b, shape (N, m): a number a sample.
Potential = Callable[[Tensor, Tensor], Tensor]


class Gradient(nn.Module):
    def __init__(self, potential: Potential) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 3))
        self.b = nn.Parameter(torch.randn(4))
        self.potential = potential

    def forward(self, x: Tensor) -> Tensor:
        return gradient(lambda y: self.potential(y, F.linear(y, self.W, self.b)), x)


def squares(z: Tensor) -> Tensor:
    return z.square().sum(-1)


CONVEX: dict[str, Potential] = {
    "half_square": lambda x, z: squares(x) / 2,
    "quadratic": lambda x, z: squares(z),
    "affine": lambda x, z: z.sum(-1),
    "constant": lambda x, z: 0 * x.sum(-1) + 1,
    "fourth_power_of_norm": lambda x, z: squares(z) ** 2,
    "sum_of_fourth_powers": lambda x, z: (z**4).sum(-1),
    "exp_of_quadratic": lambda x, z: torch.exp(squares(z) / 50),
    "softplus_of_quadratic": lambda x, z: F.softplus(squares(z) - 1),
    "relu_of_quadratic": lambda x, z: F.relu(squares(z) - 1),
    "logsumexp": lambda x, z: torch.logsumexp(z, -1),
    "logsumexp_of_squares": lambda x, z: torch.logsumexp(z**2 / 4, -1),
    "log_of_sum_of_exps": lambda x, z: torch.log(1 + z.exp().sum(-1)),
    "root_of_one_plus_squares": lambda x, z: torch.sqrt(1 + squares(z)),
    "norm": lambda x, z: z.norm(dim=-1),
    "norm_of_x": lambda x, z: torch.linalg.vector_norm(x, dim=-1),
    "one_norm": lambda x, z: z.abs().sum(-1),
    "max_norm": lambda x, z: z.abs().amax(-1),
    "max": lambda x, z: z.amax(-1),
    "max_of_convex": lambda x, z: torch.maximum(F.softplus(z).sum(-1), squares(x)),
    "log_cosh": lambda x, z: torch.log(torch.cosh(z)).sum(-1),
    "cosh": lambda x, z: torch.cosh(z).sum(-1),
    "huber": lambda x, z: torch.where(z.abs() < 1, z**2 / 2, z.abs() - 0.5).sum(-1),
    "huber_loss": lambda x, z: F.smooth_l1_loss(z, torch.zeros_like(z), reduction="none").sum(-1),
    "squared_relu": lambda x, z: F.relu(z).square().sum(-1),
    "square_of_softplus": lambda x, z: F.softplus(z).square().sum(-1),
    "softplus_of_sum_of_softplus": lambda x, z: F.softplus(F.softplus(z).sum(-1) - 3),
    "relu_chain": lambda x, z: F.relu(F.relu(z).sum(-1) + x.sum(-1)),
    "three_halves_power": lambda x, z: (1 + squares(x)) ** 0.75,
    "top_two": lambda x, z: z.topk(2, -1).values.sum(-1),
    "sum_of_a_hinge": lambda x, z: (1 - z).clamp(min=0).sum(-1),
    "logistic_loss": lambda x, z: -F.logsigmoid(z).sum(-1),
    "u_atan_u": lambda x, z: (z * torch.atan(z) - torch.log(1 + z**2) / 2).sum(-1),
    "strongly_regularized": lambda x, z: squares(x) + torch.cos(x).sum(-1),
    "difference_that_is_square": lambda x, z: (x.sum(-1) + 1) ** 2 - 2 * x.sum(-1),
    "minus_concave": lambda x, z: -(-F.softplus(z)).sum(-1),
    "distance_to_box": lambda x, z: F.relu(x.abs() - 1).square().sum(-1),
}
NOT_CONVEX: dict[str, Potential] = {
    "minus_square": lambda x, z: -squares(z),
    "log_of_one_plus_squares": lambda x, z: torch.log(1 + squares(z)),
    "root_of_norm": lambda x, z: (1 + squares(z)) ** 0.25,
    "gauss": lambda x, z: -torch.exp(-squares(z)),
    "sine": lambda x, z: torch.sin(z).sum(-1),
    "tanh": lambda x, z: torch.tanh(z).sum(-1),
    "sigmoid_of_convex": lambda x, z: torch.sigmoid(squares(z)),
    "product_of_softplus": lambda x, z: F.softplus(z[:, 0]) * F.softplus(z[:, 1]),
    "product_of_lines": lambda x, z: z[:, 0] * z[:, 1],
    "min": lambda x, z: z.amin(-1),
    "min_of_convex": lambda x, z: torch.minimum(squares(x), squares(x - 1)),
    "softmin": lambda x, z: -torch.logsumexp(-z, -1),
    "difference_of_convex": lambda x, z: squares(x) - F.softplus(z).sum(-1),
    "relu_of_concave": lambda x, z: F.relu(3 - squares(z)),
    "square_of_any": lambda x, z: (squares(x) - 1) ** 2,
    "square_of_log": lambda x, z: torch.logsumexp(z, -1) ** 2,
    "softplus_of_minus_convex": lambda x, z: F.softplus(-squares(z)),
    "softmax_energy": lambda x, z: (torch.softmax(z, -1) * z).sum(-1),
    "entropy_of_softmax": lambda x, z: -(torch.softmax(z, -1) * F.log_softmax(z, -1)).sum(-1),
    "weakly_regularized": lambda x, z: squares(x) / 4 + torch.cos(x).sum(-1),
    "cubic": lambda x, z: (z**3).sum(-1),
    "sorted_weights": lambda x, z: x.sort(-1).values[:, 0] - x.sort(-1).values[:, 2],
    "inverse": lambda x, z: 1 / (1 + squares(z)),
    "median": lambda x, z: z[:, :3].sort(-1).values[:, 1],
    "mish": lambda x, z: F.mish(z).sum(-1),
    "gelu": lambda x, z: F.gelu(z).sum(-1),
    "root_of_relu": lambda x, z: torch.sqrt(1 + F.relu(z)).sum(-1),
    "log_softplus": lambda x, z: torch.log(F.softplus(z)).sum(-1),
}


def of(potential: Potential) -> Callable[[], nn.Module]:
    return lambda: Gradient(potential)


for name, potential in CONVEX.items():
    why = "a gradient of a convex function"
    examine(of(potential), symmetric=True, psd=True, why=why, kind="potentials", name=name)
for name, potential in NOT_CONVEX.items():
    why = "a gradient of a function that is not convex"
    examine(of(potential), symmetric=True, psd=False, why=why, kind="potentials", name=name)
