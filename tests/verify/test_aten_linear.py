"""Linear and structural operations, modules, and unknown ones."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from .aten_stories import (
    Liar,
    columns_in_place,
    filled_later,
    gradient,
    masked_in_place,
    slices_in_place,
    symmetric,
    triangular,
)

LINEAR: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "transposes": lambda m, x: (
        x @ m.A.T + x @ m.A.mT + (m.A @ x.T).T + x @ m.A.transpose(0, 1) + x @ m.A.adjoint()
    ),
    "linear": lambda m, x: F.linear(x, m.A, m.b) + F.linear(x[:, None], m.A)[:, 0],
    "einsum": lambda m, x: (
        torch.einsum("bi,ki,kj->bj", x, m.W, m.W) + torch.einsum("...i,ij->...j", x, m.A)
    ),
    "matmul": lambda m, x: (
        torch.matmul(x[:, None], m.A)[:, 0] + torch.matmul(m.A, x[..., None])[..., 0]
    ),
    "mv": lambda m, x: x + m.A @ m.b + torch.mv(m.A, m.b) + torch.dot(m.b, m.b) + m.b @ m.A,
    "outer": lambda m, x: (
        x @ torch.outer(m.b, m.b) + x @ torch.ger(m.b, m.b) + x @ torch.kron(m.c[:, None], m.A)
    ),
    "addmm": lambda m, x: (
        torch.addmm(m.b, x, m.A, beta=0.5, alpha=2) + torch.addr(m.A, m.b, m.b)[0]
    ),
    "baddbmm": lambda m, x: torch.baddbmm(
        x[:, None], x[:, None], m.A.expand(x.shape[0], 4, 4), beta=3
    )[:, 0],
    "bilinear": lambda m, x: F.bilinear(x, x, m.A.expand(4, 4, 4), m.b),
    "gram": lambda m, x: x @ (m.A @ m.A.T) + x @ (m.M + m.M.T) / 2,
    "tensordot": lambda m, x: torch.tensordot(x, m.A, dims=1),
    "powers": lambda m, x: x @ torch.linalg.matrix_power(m.A, 3),
    "multi_dot": lambda m, x: x @ torch.linalg.multi_dot([m.A, m.A, m.A]),
    "conv1d": lambda m, x: (
        F.conv1d(x[:, None], m.k, padding=1).sum(1)
        + F.conv1d(x[:, None], m.k, dilation=2, padding=2, bias=m.b[:2])[:, 1]
    ),
    "conv1d strided": lambda m, x: F.conv1d(x[:, None], m.k, stride=2, padding=1).flatten(1),
    "conv adjoint": lambda m, x: F.conv_transpose1d(
        torch.tanh(F.conv1d(x[:, None], m.k, padding=1)), m.k, padding=1
    )[:, 0],
    "conv adjoint strided": lambda m, x: F.conv_transpose1d(
        F.conv1d(x[:, None], m.k, stride=2, padding=1), m.k, stride=2, padding=1, output_padding=1
    )[:, 0],
    "conv groups": lambda m, x: F.conv1d(x.view(-1, 2, 2), m.k, padding=1, groups=2).flatten(1),
    "conv circular": lambda m, x: F.conv1d(F.pad(x[:, None], (1, 1), "circular"), m.k).sum(1),
    "conv2d": lambda m, x: (
        F.conv2d(x.view(-1, 1, 2, 2), m.k[:, :, None], padding=(0, 1)).sum(1).flatten(1)
    ),
    "conv as gradient": lambda m, x: gradient(
        lambda z: F.conv1d(z[:, None], m.k, padding=1).square().sum(), x
    ),
    "pool as gradient": lambda m, x: gradient(lambda z: F.avg_pool1d(z[:, None], 2).exp().sum(), x),
    "norm as gradient": lambda m, x: gradient(
        lambda z: (F.layer_norm(z, (4,)) * m.b).sum() + z.norm(dim=-1).sum(), x
    ),
    "abs as gradient": lambda m, x: gradient(
        lambda z: (
            z.abs().sum() + z.logsumexp(-1).sum() + z.var(-1).sum() + (z @ m.A).amax(-1).sum()
        ),
        x,
    ),
    "slices as gradient": lambda m, x: gradient(
        lambda z: (z[:, 1] * z[:, :2].exp().sum(1) * z[:, ::2].sum(1)).sum(), x
    ),
    "huber as gradient": lambda m, x: gradient(
        lambda z: (
            F.huber_loss(z, m.b.expand_as(z), reduction="sum")
            + F.mse_loss(z, z * 2, reduction="sum")
        ),
        x,
    ),
    "avg_pool": lambda m, x: (
        x
        + F.avg_pool1d(x[:, None], 3, 1, 1)[:, 0]
        + F.adaptive_avg_pool1d(x[:, None], 2).repeat_interleave(2, -1)[:, 0]
    ),
    "avg_pool2d": lambda m, x: x + F.avg_pool2d(x.view(-1, 1, 2, 2), 2).flatten(1),
    "max_pool": lambda m, x: x + F.max_pool1d(x[:, None], 2, 1).amax(-1),
    "cumsum adjoint": lambda m, x: torch.cumsum(torch.tanh(torch.cumsum(x, 1)).flip(1), 1).flip(1),
    "flip roll": lambda m, x: (
        x.flip(-1) + x.roll(1, -1) + torch.roll(x, (2,), (1,)) + torch.fliplr(x)
    ),
    "roll all": lambda m, x: x @ torch.roll(m.A, 5),
    "pad": lambda m, x: (
        F.pad(x, (1, -1))
        + F.pad(x[:, 1:], (0, 1), value=2.0)
        + F.pad(x[:, None, :2], (1, 1), "reflect")[:, 0]
        + F.pad(x[:, None, :2], (1, 1), "replicate")[:, 0]
    ),
    "slices": lambda m, x: (
        torch.cat([x[:, ::2], x[:, 1:2], x[:, -1:]], 1) * torch.cat([x[:, 2:], x[:, :2]], -1)
    ),
    "chunk": lambda m, x: (
        torch.cat(x.chunk(2, -1)[::-1], -1)
        + torch.cat(x.split([1, 3], 1), 1)
        + torch.stack(x.unbind(1), 1)
    ),
    "stack": lambda m, x: (
        torch.stack([x, x.exp(), x @ m.A], 0).sum(0)
        + torch.stack([x[:, 0], x[:, 1]], -1).sum(-1, keepdim=True)
    ),
    "hstack": lambda m, x: (
        torch.hstack([x[:, :1], x[:, 1:]]) + torch.column_stack([x[:, i] for i in range(4)])
    ),
    "index": lambda m, x: (
        x[:, [1, 0, 3, 2]]
        + x[:, torch.tensor([3, 2, 1, -4])]
        + x.index_select(1, torch.tensor([0, 0, 1, 1]))
    ),
    "two indices": lambda m, x: x + m.A[[0, 1, 2, 3], [1, 1, 0, -1]],
    "gather": lambda m, x: (
        x.gather(1, torch.tensor([[1, 0, 2, 3]]).expand(x.shape[0], 4))
        if x.shape[0] == 0
        else x + m.A.gather(0, torch.tensor([[1, 0, 2, 3]]))[0]
    ),
    "index_add": lambda m, x: x.index_add(1, torch.tensor([0, 0]), x[:, :2], alpha=2),
    "scatter": lambda m, x: (
        x + torch.zeros(4, 4, dtype=x.dtype).scatter(1, torch.arange(4)[:, None], m.A[:, :1])[0]
    ),
    "bucketize": lambda m, x: m.b[
        torch.bucketize(x, torch.tensor([-1.0, 0.0, 1.0], dtype=x.dtype))
    ],
    "searchsorted": lambda m, x: (
        m.b[torch.searchsorted(torch.tensor([-1.0, 0.0, 1.0], dtype=x.dtype), x, right=True)] * x
    ),
    "lookup": lambda m, x: m.b[torch.floor(x).clamp(-1, 2).long() + 1],
    "gather by value": lambda m, x: x.gather(1, torch.floor(x).clamp(0, 3).long()),
    "embedding": lambda m, x: x + F.embedding(torch.tensor([1]), m.A)[0],
    "triangles": lambda m, x: (
        x @ torch.tril(m.A) + x @ torch.triu(m.A, 1) + x @ (m.A.triu(1) - m.A.triu(1).T)
    ),
    "diagonals": lambda m, x: (
        x @ torch.diag(m.b)
        + x * torch.diag(m.A)
        + x @ torch.diag_embed(m.b)
        + torch.trace(m.A)
        + x @ torch.diag(m.b[:3], 1)
        + m.A.diagonal(1).sum()
    ),
    "batched diagonals": lambda m, x: (
        torch.diag_embed(x) @ m.b + torch.diagonal(x[:, :, None] * m.A, dim1=1, dim2=2)
    ),
    "symmetric fill": lambda m, x: x @ symmetric(m),
    "tri indices": lambda m, x: x @ triangular(m),
    "constants": lambda m, x: (
        x @ torch.eye(4, dtype=x.dtype)
        + torch.arange(4)
        + torch.linspace(0, 1, 4)
        + torch.ones(4) * 2
        + torch.tensor([1.0, 2, 3, 4])
    ),
    "mask": lambda m, x: (
        x @ (m.A * (torch.arange(4)[:, None] >= torch.arange(4)))
        + x @ (m.M * torch.ones(4, 4).tril().bool())
    ),
    "vander": lambda m, x: x @ torch.vander(torch.arange(1.0, 5.0)).double() / 100,
    "reshape": lambda m, x: (
        x.view(-1, 2, 2).mT.reshape(-1, 4)
        + x.reshape(-1, 2, 2).flatten(1)
        + x.unflatten(1, (2, 2)).sum(1).repeat(1, 2)
    ),
    "odd reshape": lambda m, x: (
        x + m.W.reshape(4, 6).sum(1) + m.W.T.reshape(8, 3)[:4, 0] + m.W.flatten()[:4]
    ),
    "merged batch": lambda m, x: (
        (x.reshape(-1, 1) * m.W[0, 0]).view(-1, 4)
        + x.unsqueeze(1).expand(-1, 3, -1).reshape(-1, 4).tanh().view(-1, 3, 4).sum(1)
    ),
    "columns": lambda m, x: (m.W.T @ torch.tanh(m.W @ x.T + m.W[:, :1])).T,
    "repeat": lambda m, x: (
        x.repeat(1, 2)[:, 2:6]
        + m.b.repeat(x.shape[0], 1) * x
        + x.repeat_interleave(2, 1)[:, ::2]
        + m.b.expand(x.shape[0], 4)
        + torch.tile(m.c, (4,))
    ),
    "unfold": lambda m, x: F.pad(x, (1, 1)).unfold(1, 3, 1) @ m.k[0, 0],
    "cross": lambda m, x: (
        x + F.pad(torch.linalg.cross(x[:, :3], m.b[:3].expand(x.shape[0], 3)), (0, 1))
    ),
    "inverse": lambda m, x: (
        x @ torch.linalg.inv(m.A) + torch.linalg.solve(m.A, x.T).T + torch.linalg.solve(m.A, m.b)
    ),
    "solves": lambda m, x: (
        torch.linalg.solve_triangular(m.A, x.T, upper=True).T
        + torch.linalg.solve(m.A, x, left=False)
    ),
    "cholesky": lambda m, x: (
        x @ torch.linalg.cholesky(m.A @ m.A.T)
        + torch.cholesky_solve(x.T, torch.linalg.cholesky(m.A @ m.A.T)).T
    ),
    "cholesky inverse": lambda m, x: (
        x @ torch.cholesky_inverse(m.A) + x @ torch.cholesky_inverse(m.A, upper=True)
    ),
    "triangular solves": lambda m, x: (
        torch.linalg.solve_triangular(m.A, x.T, upper=False).T
        + torch.linalg.solve_triangular(m.A.mT, x.T, upper=True, unitriangular=True).T
        + torch.cholesky_solve(x.T, m.A, upper=True).T
    ),
    "inverse of constants": lambda m, x: (
        x @ torch.linalg.inv(torch.eye(4).to(x) + 0.5 * torch.arange(16.0).to(x).view(4, 4).sin())
        + torch.linalg.solve(torch.tensor([[2.0, 1], [0, 3]]).to(x), x.view(-1, 2, 2)).flatten(1)
    ),
    "determinant": lambda m, x: x * torch.linalg.det(m.A) + torch.linalg.slogdet(m.A)[1],
    "matrix_exp": lambda m, x: x @ torch.linalg.matrix_exp(m.A - m.A.T) + x @ torch.matrix_exp(m.A),
    "in place columns": lambda m, x: columns_in_place(x),
    "empty": lambda m, x: filled_later(x),
    "in place slices": lambda m, x: slices_in_place(x),
    "masked in place": lambda m, x: masked_in_place(x),
    "func jacobian": lambda m, x: torch.einsum(
        "bij,bi->bj", torch.func.vmap(torch.func.jacrev(lambda z: torch.tanh(z @ m.A)))(x), x
    ),
    "func vjp": lambda m, x: torch.func.vjp(lambda z: torch.tanh(z @ m.A), x)[1](x)[0],
    "func jvp": lambda m, x: torch.func.jvp(lambda z: torch.tanh(z @ m.A), (x,), (x,))[1],
    "quadrature": lambda m, x: sum(
        w * torch.sigmoid((t * x) @ m.A) @ m.A.T for t, w in ((0.25, 0.5), (0.75, 0.5))
    ),
    "trapezoid": lambda m, x: x * torch.trapezoid(torch.tanh(x), dx=0.5)[:, None],
    "unused": lambda m, x: (x.sum(0), x @ m.A)[1],
    "one entry": lambda m, x: x * m.c + m.c.squeeze() + m.A[0, 0] + m.A[1:2, 2:3],
    "autograd function": lambda m, x: Liar.apply(x),
    "detach": lambda m, x: x.detach() * x,
    "custom dtype": lambda m, x: (
        (x.float() * 2).double() if x.shape[1] > 9 else x.to(torch.float64) * 2
    ),
}
