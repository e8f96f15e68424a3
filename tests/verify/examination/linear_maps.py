"""f(x) = A x: fixed matrices, matrices built of parameters, and linear operations."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .entry import examine

Build = Callable[[Tensor], Tensor]


class Fixed(nn.Module):
    def __init__(self, rows: list[list[float]]) -> None:
        super().__init__()
        self.register_buffer("A", torch.tensor(rows, dtype=torch.float64))
        self.A: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.A.T.to(x.dtype)


class Learned(nn.Module):
    def __init__(self, build: Build) -> None:
        super().__init__()
        self.L = nn.Parameter(torch.randn(3, 3))
        self.build = build

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.build(self.L).T


class Operation(nn.Module):
    def __init__(self, operation: Build) -> None:
        super().__init__()
        self.operation = operation

    def forward(self, x: Tensor) -> Tensor:
        return self.operation(x)


def eye(L: Tensor) -> Tensor:
    return torch.eye(3, dtype=L.dtype)


def stencil(x: Tensor, *weights: float) -> Tensor:
    kernel = torch.tensor(weights, dtype=x.dtype).view(1, 1, 3)
    return F.conv1d(x[:, None], kernel, padding=1)[:, 0]


def unit(L: Tensor) -> Tensor:
    return L[0] / L[0].norm()


def rotation(L: Tensor) -> Tensor:
    c, s, o = torch.cos(L[0, 0]), torch.sin(L[0, 0]), torch.zeros_like(L[0, 0])
    rows = [torch.stack([c, -s, o]), torch.stack([s, c, o]), torch.stack([o, o, o + 1])]
    return torch.stack(rows)


TINY = 1e-12
FIXED: dict[str, tuple[list[list[float]], bool, bool]] = {
    "definite": ([[2, 1, 0], [1, 2, 1], [0, 1, 2]], True, True),
    "rank_one": ([[1, 2, 3], [2, 4, 6], [3, 6, 9]], True, True),
    "rank_two": ([[1, 1, 0], [1, 2, 1], [0, 1, 1]], True, True),
    "hilbert_like": ([[60, 30, 20], [30, 20, 15], [20, 15, 12]], True, True),
    "zero": ([[0, 0, 0]] * 3, True, True),
    "diagonal": ([[1, 0, 0], [0, 0, 0], [0, 0, 3]], True, True),
    "indefinite": ([[1, 2, 0], [2, 1, 0], [0, 0, 1]], True, False),
    "minors_lie": ([[0, 0, 0], [0, 0, 0], [0, 0, -1]], True, False),
    "negative_entry": ([[1, 0, 0], [0, -1, 0], [0, 0, 1]], True, False),
    "barely_indefinite": ([[1, 1, 0], [1, 1 - TINY, 0], [0, 0, 1]], True, False),
    "barely_definite": ([[1, 1, 0], [1, 1 + TINY, 0], [0, 0, 1]], True, True),
    "slope_1e_minus_30": ([[1, 0, 0], [0, -1e-30, 0], [0, 0, 1]], True, False),
    "barely_asymmetric": ([[2, 1, 0], [1 + TINY, 2, 1], [0, 1, 2]], False, False),
    "antisymmetric": ([[0, 1, 2], [-1, 0, 3], [-2, -3, 0]], False, False),
    "definite_part_only": ([[2, 1, 0], [-1, 2, 0], [0, 0, 2]], False, False),
    "triangular": ([[1, 1, 1], [0, 1, 1], [0, 0, 1]], False, False),
    "cycle": ([[0, 1, 0], [0, 0, 1], [1, 0, 0]], False, False),
    "exchange": ([[0, 0, 1], [0, 1, 0], [1, 0, 0]], True, False),
}
LEARNED: dict[str, tuple[Build, bool, bool]] = {
    "gram": (lambda L: L.T @ L, True, True),
    "gram_other_side": (lambda L: L @ L.T, True, True),
    "cholesky_like": (lambda L: L.tril() @ L.tril().T, True, True),
    "cholesky_and_diagonal": (
        lambda L: L.tril(-1) @ L.tril(-1).T + torch.diag(torch.exp(L.diagonal())),
        True,
        True,
    ),
    "ldl": (lambda L: L @ torch.diag(F.softplus(L[0])) @ L.T, True, True),
    "gram_plus_identity": (lambda L: L.T @ L + 0.1 * eye(L), True, True),
    "outer": (lambda L: torch.outer(L[0], L[0]), True, True),
    "trace_minus": (lambda L: (L * L).sum() * eye(L) - L.T @ L, True, True),
    "exp_of_symmetric": (lambda L: torch.linalg.matrix_exp(L + L.T), True, True),
    "inverse_of_definite": (lambda L: torch.linalg.inv(L.T @ L + eye(L)), True, True),
    "solve_definite": (lambda L: torch.linalg.solve(eye(L) + L @ L.T, eye(L)), True, True),
    "inverse_of_diagonal_and_gram": (
        lambda L: torch.linalg.inv(torch.diag(L[0].exp()) + L.T @ L),
        True,
        True,
    ),
    "woodbury": (lambda L: eye(L) - L.T @ torch.linalg.solve(eye(L) + L @ L.T, L), True, True),
    "exp_of_minus_gram": (lambda L: torch.linalg.matrix_exp(-L.T @ L), True, True),
    "inverse_times_itself": (lambda L: torch.linalg.inv(L) @ L, True, True),
    "resolvent": (lambda L: eye(L) - torch.linalg.inv(eye(L) + L.T @ L), True, True),
    "projector": (lambda L: eye(L) - torch.outer(unit(L), unit(L)), True, True),
    "square_of_symmetric": (lambda L: (L + L.T) @ (L + L.T), True, True),
    "gram_of_gram": (lambda L: L.T @ L @ L.T @ L, True, True),
    "absolute_diagonal": (lambda L: torch.diag(L.diagonal().abs()), True, True),
    "diagonally_dominant": (
        lambda L: torch.diag(L.abs().sum(1) + L.abs().sum(0)) + L + L.T,
        True,
        True,
    ),
    "hadamard_square_of_gram": (lambda L: (L.T @ L) * (L.T @ L), True, True),
    "resolvent_reflected": (lambda L: eye(L) - 2 * torch.linalg.inv(eye(L) + L.T @ L), True, False),
    "inverse_of_symmetric": (lambda L: torch.linalg.inv(L + L.T), True, False),
    "exp_of_gram_minus": (lambda L: torch.linalg.matrix_exp(L.T @ L) - 1.1 * eye(L), True, False),
    "symmetric_part": (lambda L: (L + L.T) / 2, True, False),
    "gram_minus": (lambda L: L.T @ L - 0.1 * eye(L), True, False),
    "difference_of_grams": (lambda L: L.T @ L - L @ L.T, True, False),
    "ldl_free": (lambda L: L @ torch.diag(L[0]) @ L.T, True, False),
    "reflection": (lambda L: eye(L) - 2 * torch.outer(unit(L), unit(L)), True, False),
    "anticommutator": (lambda L: L @ L + L.T @ L.T, True, False),
    "determinant": (lambda L: torch.linalg.det(L) * eye(L), True, False),
    "triu_mirrored": (lambda L: L.triu() + L.triu(1).T, True, False),
    "free": (lambda L: L, False, False),
    "square": (lambda L: L @ L, False, False),
    "antisymmetric_part": (lambda L: L - L.T, False, False),
    "gram_plus_antisymmetric": (lambda L: L.T @ L + L - L.T, False, False),
    "tril": (lambda L: L.tril(), False, False),
    "exp_of_any": (lambda L: torch.linalg.matrix_exp(L), False, False),
    "inverse_of_any": (lambda L: torch.linalg.inv(L), False, False),
    "inverse_of_other_gram": (lambda L: torch.linalg.inv(eye(L) + L @ L.T) @ L.T @ L, False, False),
    "exps_of_parts": (
        lambda L: torch.linalg.matrix_exp(L + L.T) @ torch.linalg.matrix_exp(L.T @ L),
        False,
        False,
    ),
    "product_of_grams": (lambda L: L.T @ L @ L @ L.T, False, False),
    "softmax_of_gram": (lambda L: torch.softmax(L.T @ L, -1), False, False),
    "rotation": (rotation, False, False),
}
OPERATIONS: dict[str, tuple[Build, int, bool, bool]] = {
    "identity": (lambda x: x, 3, True, True),
    "constant": (lambda x: torch.ones_like(x), 3, True, True),
    "mean": (lambda x: x.mean(-1, keepdim=True).expand_as(x), 3, True, True),
    "minus_mean": (lambda x: x - x.mean(-1, keepdim=True), 3, True, True),
    "laplacian": (lambda x: stencil(x, -1, 2, -1), 5, True, True),
    "binomial": (lambda x: stencil(x, 1, 2, 1), 5, True, True),
    "box": (lambda x: stencil(x, 1, 1, 1), 5, True, False),
    "central_difference": (lambda x: stencil(x, -1, 0, 1), 5, False, False),
    "circular_laplacian": (lambda x: 2 * x - x.roll(1, -1) - x.roll(-1, -1), 4, True, True),
    "both_neighbours": (lambda x: x.roll(1, -1) + x.roll(-1, -1), 4, True, False),
    "one_neighbour": (lambda x: x.roll(1, -1), 4, False, False),
    "one_neighbour_of_two": (lambda x: x.roll(1, -1), 2, True, False),
    "one_neighbour_of_one": (lambda x: x.roll(1, -1), 1, True, True),
    "flip": (lambda x: x.flip(-1), 3, True, False),
    "flip_added": (lambda x: x + x.flip(-1), 3, True, True),
    "cumsum": (lambda x: x.cumsum(-1), 3, False, False),
    "cumsum_both_ways": (
        lambda x: x.cumsum(-1) + x.flip(-1).cumsum(-1).flip(-1), 3, True, True
    ),
    "cumsum_of_one": (lambda x: x.cumsum(-1), 1, True, True),
    "minus_twice_mean": (lambda x: x - 2 * x.mean(-1, keepdim=True), 3, True, False),
    "low_pass": (
        lambda x: torch.fft.irfft(
            torch.fft.rfft(x) * torch.tensor([1.0, 0.5, 0.0]).to(x.dtype), n=4
        ),
        4,
        True,
        True,
    ),
    "diff_energy": (
        lambda x: F.pad(x.diff(dim=-1), (1, 0)) - F.pad(x.diff(dim=-1), (0, 1)), 4, True, True
    ),
    "transpose_of_matrix": (lambda x: x.view(-1, 2, 2).mT.flatten(1), 4, True, False),
    "symmetric_part_of_matrix": (
        lambda x: (x.view(-1, 2, 2) + x.view(-1, 2, 2).mT).flatten(1), 4, True, True
    ),
}  # fmt: skip
UNSEEN = {
    "barely_indefinite": "a product of -1e-12 where the terms are of size 1",
    "slope_1e_minus_30": "a product of -1e-30",
    "barely_asymmetric": "an asymmetry of 1e-12",
}


def fixed(rows: list[list[float]]) -> Callable[[], nn.Module]:
    return lambda: Fixed(rows)


def learned(build: Build) -> Callable[[], nn.Module]:
    return lambda: Learned(build)


def operation(apply: Build) -> Callable[[], nn.Module]:
    return lambda: Operation(apply)


def enter(name: str, build: Callable[[], nn.Module], dim: int, symmetric: bool, psd: bool) -> None:
    properties = {(True, True): "symmetric and psd", (True, False): "symmetric, not psd"}
    examine(
        build,
        dim=dim,
        symmetric=symmetric,
        psd=psd,
        why=f"A is {properties.get((symmetric, psd), 'not symmetric')}",
        kind="linear_maps",
        name=name,
        unseen=UNSEEN.get(name, ""),
    )


for name, (rows, symmetric, psd) in FIXED.items():
    enter(name, fixed(rows), 3, symmetric, psd)
for name, (build, symmetric, psd) in LEARNED.items():
    enter(f"learned_{name}", learned(build), 3, symmetric, psd)
for name, (apply, dim, symmetric, psd) in OPERATIONS.items():
    enter(f"x_{name}", operation(apply), dim, symmetric, psd)
