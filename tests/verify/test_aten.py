"""Every reading against torch: the graph in float64 and the module itself agree at points."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from verify.search.evaluate import evaluate
from verify.trusted.graph import decode, encode, validate
from verify.trusted.trace import TraceError, trace

KNOTS = [-3.5, -3.0, -1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 2.5, 3.0, 6.0, 6.5]


class Map(nn.Module):
    """A function of x and of a few parameters."""

    def __init__(self, function: Callable[..., Any], dim: int = 4) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)

        def random(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64)

        self.W = nn.Parameter(random(6, dim))
        self.A = nn.Parameter(random(dim, dim))
        self.b = nn.Parameter(random(dim))
        self.c = nn.Parameter(random(1))
        self.k = nn.Parameter(random(2, 1, 3))
        self.M = nn.Buffer(random(dim, dim))
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


def agree(net: nn.Module, x: Tensor, tolerance: float = 1e-10) -> None:
    """The graph and the module have the same values, and the same domain, at points."""
    traced = trace(net, x.shape[1])
    decode(encode(traced.graph))
    validate(traced.graph, traced.spare)
    parameters = [t.detach().double().squeeze().numpy() for t in traced.tensors]
    graph = evaluate(traced.graph, traced.sizes, parameters, x.numpy())
    module = net(x).detach().numpy()
    assert not np.isnan(graph).any()
    np.testing.assert_allclose(graph, module, rtol=tolerance, atol=tolerance)


def points(dim: int = 4) -> Tensor:
    return torch.randn(5, dim, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def knots() -> Tensor:
    return torch.tensor(KNOTS, dtype=torch.float64).unsqueeze(1).expand(-1, 2).contiguous()


PLAIN = """ELU Hardshrink Hardsigmoid Hardtanh Hardswish LeakyReLU LogSigmoid ReLU ReLU6 RReLU SELU
CELU GELU Sigmoid SiLU Mish Softplus Softshrink Softsign Tanh Tanhshrink PReLU Identity"""
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    **{name: getattr(nn, name) for name in str.split(PLAIN)},
    "Threshold": lambda: nn.Threshold(0.25, -1.0),
    "GELU tanh": lambda: nn.GELU("tanh"),
    "CELU 2": lambda: nn.CELU(2.0),
    "ELU 0.5": lambda: nn.ELU(0.5),
    "Hardtanh 2": lambda: nn.Hardtanh(-0.5, 2.5),
    "LeakyReLU -2": lambda: nn.LeakyReLU(-2.0),
    "Softplus 2": lambda: nn.Softplus(2.0),
    "Softplus 5": lambda: nn.Softplus(1.0, 5.0),
    "Softshrink 1": lambda: nn.Softshrink(1.0),
    "PReLU 2": lambda: nn.PReLU(2),
    "Softmax": lambda: nn.Softmax(-1),
    "Softmin": lambda: nn.Softmin(-1),
    "LogSoftmax": lambda: nn.LogSoftmax(-1),
}


class Potential(nn.Module):
    """x -> the gradient of the sum of an activation, by autograd."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            x = x if x.requires_grad else x.detach().requires_grad_()
            return torch.autograd.grad(self.activation(x).sum(), x, create_graph=True)[0]


class Func(nn.Module):
    """The same by torch.func."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return torch.func.vmap(torch.func.grad(lambda z: self.activation(z).sum()))(x)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    agree(ACTIVATIONS[name]().double().eval(), knots())


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_their_gradients(name: str) -> None:
    tolerance = 1e-7 if name == "Hardsigmoid" else 1e-9  # 1 / 6 is a float in torch's kernel
    agree(Potential(ACTIVATIONS[name]().double().eval()), knots(), tolerance)
    # torch runs vmap over these one by one, or by another formula at the knot, or not at all
    if not any(word in name for word in ("RReLU", "GELU", "Hardswish", "PReLU 2")):
        agree(Func(ACTIVATIONS[name]().double().eval()), knots(), tolerance)


ELEMENTWISE: dict[str, Callable[[Tensor], Tensor]] = {
    "exp": torch.exp,
    "expm1": torch.expm1,
    "exp2": torch.exp2,
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "tanh": torch.tanh,
    "atan": torch.atan,
    "asinh": torch.asinh,
    "abs": torch.abs,
    "sign": torch.sign,
    "sgn": torch.sgn,
    "ceil": torch.ceil,
    "floor": torch.floor,
    "round": torch.round,
    "trunc": torch.trunc,
    "frac": torch.frac,
    "square": torch.square,
    "neg": torch.neg,
    "erf": torch.erf,
    "erfc": torch.erfc,
    "sigmoid": torch.sigmoid,
    "sinc": torch.sinc,
    "logit": lambda x: torch.logit(torch.sigmoid(x)),
    "logit eps": lambda x: torch.logit(x, 0.1),
    "log": lambda x: torch.log(x.exp()),
    "log2": lambda x: torch.log2(x.exp() + 1),
    "log10": lambda x: torch.log10(x.exp() + 1),
    "log1p": lambda x: torch.log1p(x.exp()),
    "sqrt": lambda x: torch.sqrt(x.square() + 1),
    "rsqrt": lambda x: torch.rsqrt(x.square() + 1),
    "asin": lambda x: torch.asin(x.tanh()),
    "acos": lambda x: torch.acos(x.tanh()),
    "atanh": lambda x: torch.atanh(x.tanh() / 2),
    "acosh": lambda x: torch.acosh(x.exp() + 1),
    "lgamma": lambda x: torch.lgamma(x.exp()),
    "digamma": lambda x: torch.digamma(x.exp()),
    "erfinv": lambda x: torch.erfinv(x.tanh() / 2),
    "reciprocal": lambda x: torch.reciprocal(x.exp()),
    "pow": lambda x: (
        x**3 + x.exp() ** 0.5 + x.exp() ** -0.5 + x.exp() ** 1.5 + x.exp() ** -2 + x**0
    ),
    "scalar pow": lambda x: 3.0**x,
    "tensor pow": lambda x: torch.pow(x.exp(), x),
    "xlogy": lambda x: torch.xlogy(torch.relu(x), x.exp()),
    "xlog1py": lambda x: torch.special.xlog1py(x, x.exp()),
    "entr": lambda x: torch.special.entr(x.exp() - x.exp()) + torch.special.entr(x.exp()),
    "ndtr": torch.special.ndtr,
    "log_ndtr": torch.special.log_ndtr,
    "expit": torch.special.expit,
    "ndtri": lambda x: torch.special.ndtri(x.sigmoid()),
    "i0": torch.special.i0,
    "i0e": torch.special.i0e,
    "i1": torch.special.i1,
    "i1e": torch.special.i1e,
    "erfcx": torch.special.erfcx,
    "airy_ai": torch.special.airy_ai,
    "bessel_j0": torch.special.bessel_j0,
    "bessel_j1": torch.special.bessel_j1,
    "bessel_y0": lambda x: torch.special.bessel_y0(x.exp()),
    "bessel_y1": lambda x: torch.special.bessel_y1(x.exp()),
    "modified_bessel_i0": torch.special.modified_bessel_i0,
    "modified_bessel_i1": torch.special.modified_bessel_i1,
    "modified_bessel_k0": lambda x: torch.special.modified_bessel_k0(x.exp()),
    "modified_bessel_k1": lambda x: torch.special.modified_bessel_k1(x.exp()),
    "scaled_k0": lambda x: torch.special.scaled_modified_bessel_k0(x.exp()),
    "scaled_k1": lambda x: torch.special.scaled_modified_bessel_k1(x.exp()),
    "spherical_bessel_j0": lambda x: torch.special.spherical_bessel_j0(x + 7),
    "hypot": lambda x: torch.hypot(x, x + 1),
    "logaddexp": lambda x: torch.logaddexp(x, -x),
    "logaddexp2": lambda x: torch.logaddexp2(x, -x),
    "maximum": lambda x: torch.maximum(x, 1 - x),
    "minimum": lambda x: torch.minimum(x, x * x),
    "fmax": lambda x: torch.fmax(x, -x),
    "clamp": lambda x: x.clamp(-1, 2) + x.clamp(min=0) - x.clamp(max=0.5) + x.clamp(2, 1),
    "clamp by tensors": lambda x: torch.clamp(x, min=-x.abs() / 2, max=x.abs() / 3),
    "lerp": lambda x: torch.lerp(x, x * x, 0.3) + torch.lerp(x, -x, x),
    "addcmul": lambda x: torch.addcmul(x, x, x, value=0.5),
    "addcdiv": lambda x: torch.addcdiv(x, x, x.exp(), value=-2),
    "where": lambda x: torch.where(x > 0, x, -2 * x) + torch.where(x.bool(), 1.0, x),
    "comparisons": lambda x: (
        (x > 0.5) * x + (x >= 0.5) * 2 + (x < 1) * 4 + (x <= 1) * 8 + (x == 1) * 16.0 + (x != 1) * x
    ),
    "logic": lambda x: (
        (((x > 0) & ~(x > 1)) | (x < -1)) * x + torch.logical_xor(x > 0, x > 1) * 2.0
    ),
    "masked_fill": lambda x: x.masked_fill(x > 1, -3.0),
    "in place": lambda x: x.clone().mul_(2).add_(1).tanh_().clamp_(min=0),
    "heaviside": lambda x: torch.heaviside(x, torch.tensor(0.5, dtype=x.dtype)),
    "remainder": lambda x: torch.remainder(x, 1.5) + x % -0.7,
    "fmod": lambda x: torch.fmod(x, 1.5),
    "floor division": lambda x: x // 0.75 + torch.div(x, 0.75, rounding_mode="trunc"),
    "long": lambda x: x.long() * 1.0 + x.int() / 2 + x.bool(),
    "softplus": lambda x: F.softplus(x, 2.0, 3.0),
    "nan_to_num": torch.nan_to_num,
    "isfinite": lambda x: torch.isfinite(x) * x + torch.isnan(x) + torch.isinf(x),
    "rsub": lambda x: 1 - x + torch.rsub(x, 2, alpha=3) + torch.sub(x, x * x, alpha=0.5),
    "huber": lambda x: F.huber_loss(x, torch.zeros_like(x), reduction="none", delta=0.5),
    "smooth l1": lambda x: F.smooth_l1_loss(x, torch.zeros_like(x), reduction="none", beta=0.5),
    "mse": lambda x: F.mse_loss(x, x * x, reduction="none"),
}


@pytest.mark.filterwarnings("ignore:__floordiv__")
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name: str) -> None:
    agree(Map(lambda m, x: ELEMENTWISE[name](x), 2), knots(), 1e-8)


GROUPS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "sum": lambda m, x: x + x.sum(-1, keepdim=True) + x.sum(1)[:, None],
    "mean": lambda m, x: x - x.mean(-1, keepdim=True) * x.mean(1)[:, None],
    "var": lambda m, x: (
        x * x.var(-1, keepdim=True)
        + x.std(1, unbiased=False)[:, None]
        + x.var(1, correction=0)[:, None]
    ),
    "var_mean": lambda m, x: (
        x * torch.var_mean(x, -1, keepdim=True)[0] + torch.std_mean(x, 1)[1][:, None]
    ),
    "amax": lambda m, x: x * x.amax(-1, keepdim=True) - x.amin(1)[:, None],
    "max": lambda m, x: (
        x * x.max(-1, keepdim=True)[0] - x.min(1).values[:, None] + m.A.max() + m.A.min()
    ),
    "aminmax": lambda m, x: x * torch.aminmax(x, dim=1, keepdim=True).max,
    "norms": lambda m, x: (
        x
        * (
            x.norm(dim=-1, keepdim=True)
            + x.norm(1, -1, True)
            + x.norm(3, -1, True)
            + torch.linalg.vector_norm(x, float("inf"), -1, True)
        )
    ),
    "normalize": lambda m, x: F.normalize(x, dim=-1) + F.normalize(x, p=1, dim=1),
    "softmax": lambda m, x: torch.softmax(x @ m.A / 2, -1) + F.softmin(x, 1) + F.log_softmax(x, 1),
    "softmax as written": lambda m, x: (
        (x - x.amax(1, keepdim=True)).exp() / (x - x.amax(1, keepdim=True)).exp().sum(1, True)
    ),
    "logsumexp": lambda m, x: (
        x * torch.logsumexp(x, -1, keepdim=True) + torch.logsumexp(x, 1)[:, None]
    ),
    "logcumsumexp": lambda m, x: torch.logcumsumexp(x, 1),
    "cumsum": lambda m, x: torch.cumsum(x, 1) + torch.cumsum(m.b, 0),
    "cumprod": lambda m, x: torch.cumprod(x, 1),
    "cummax": lambda m, x: torch.cummax(x, 1)[0] - torch.cummin(x, 1).values,
    "prod": lambda m, x: x * x.prod(-1, keepdim=True) + m.b.prod(),
    "sort": lambda m, x: (
        torch.sort(x, -1).values
        - torch.sort(x, descending=True)[0] * 2
        + x.sort(stable=True, dim=1)[0]
    ),
    "topk": lambda m, x: x * x.topk(2, -1)[0][:, 1:] + x.topk(3, largest=False)[0][:, :1],
    "median": lambda m, x: (
        x * x.median(-1, keepdim=True)[0] + x.kthvalue(2, 1)[0][:, None] + m.b.median()
    ),
    "layer_norm": lambda m, x: F.layer_norm(x, (4,)) + F.layer_norm(x, (4,), m.b, m.b),
    "rms_norm": lambda m, x: F.rms_norm(x, (4,)) + F.rms_norm(x, (4,), m.b, 0.1),
    "group_norm": lambda m, x: F.group_norm(x, 2) + F.group_norm(x, 1, m.b, m.b),
    "instance_norm": lambda m, x: F.instance_norm(x[:, None])[:, 0],
    "local_response_norm": lambda m, x: F.local_response_norm(x[:, :, None], 2)[:, :, 0],
    "glu": lambda m, x: F.glu(torch.cat([x, x @ m.A], -1)),
    "cosine_similarity": lambda m, x: x * F.cosine_similarity(x, x @ m.A, dim=-1)[:, None],
    "any": lambda m, x: x * (x > 0).any(-1, keepdim=True) + (x < 1).all(1)[:, None],
    "count": lambda m, x: x * (x > 0).sum(-1, keepdim=True),
    "cdist": lambda m, x: x * torch.cdist(x[:, None], m.A).sum(-1) + torch.cdist(x, m.A),
    "dist": lambda m, x: x * (x[:, None] - m.W).norm(dim=-1).exp().sum(-1, keepdim=True),
    "attention": lambda m, x: F.scaled_dot_product_attention(
        x.view(-1, 1, 2, 2), x.view(-1, 1, 2, 2), x.view(-1, 1, 2, 2)
    ).flatten(1),
    "gumbel like": lambda m, x: torch.softmax((x + m.b) / F.softplus(m.c), dim=-1),
}
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


def gradient(potential: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with torch.enable_grad():
        x = x if x.requires_grad else x.detach().requires_grad_()
        return torch.autograd.grad(potential(x), x, create_graph=True)[0]


class Liar(torch.autograd.Function):
    """2 x, with a backward pass that lies."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return 2 * x

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return -g


def symmetric(m: Any) -> Tensor:
    rows, columns = torch.triu_indices(4, 4)
    S = torch.zeros(4, 4, dtype=m.A.dtype)
    S[rows, columns] = m.A.flatten()[:10]
    return S + S.T


def triangular(m: Any) -> Tensor:
    L = m.A.new_zeros(4, 4)
    L[torch.tril_indices(4, 4, -1).unbind()] = m.A.flatten()[:6]
    L.diagonal().copy_(m.b.exp())
    return L @ L.T


def columns_in_place(x: Tensor) -> Tensor:
    y = torch.zeros_like(x)
    y[:, 0] = x[:, 1] ** 2
    y[:, 1:] += x[:, 1:]
    y[:, 2] *= 3
    return y


def filled_later(x: Tensor) -> Tensor:
    y = torch.empty_like(x)
    y[:, :2] = x[:, 2:]
    y[:, 2:] = x[:, :2].exp()
    return y


def slices_in_place(x: Tensor) -> Tensor:
    y = x @ torch.ones(4, 4, dtype=x.dtype)
    y[:, ::2] -= 1
    y[:, [1, 3]] = x[:, [3, 1]]
    y[..., 0].tanh_()
    return y


def masked_in_place(x: Tensor) -> Tensor:
    y = x.clone()
    y[y > 0.5] = 0.5
    return y


@pytest.mark.parametrize("name", GROUPS)
def test_groups(name: str) -> None:
    agree(Map(GROUPS[name]), points(), 1e-9)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", LINEAR)
def test_linear(name: str) -> None:
    agree(Map(LINEAR[name]), points(), 1e-9)


P = nn.utils.parametrizations
MODULES: dict[str, Callable[[], nn.Module]] = {
    "weight_norm": lambda: P.weight_norm(nn.Linear(4, 4)),
    "old weight_norm": lambda: nn.utils.weight_norm(nn.Linear(4, 4)),
    "orthogonal": lambda: P.orthogonal(nn.Linear(4, 4)),
    "cayley": lambda: P.orthogonal(nn.Linear(4, 4), orthogonal_map="cayley"),
    "householder": lambda: P.orthogonal(nn.Linear(4, 4), orthogonal_map="householder"),
    "tall": lambda: nn.Sequential(P.orthogonal(nn.Linear(4, 6)), P.orthogonal(nn.Linear(6, 4))),
    "spectral_norm": lambda: P.spectral_norm(nn.Linear(4, 4)).eval(),
    "batch norm": lambda: nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)).eval(),
    "dropout": lambda: nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)).eval(),
    "layer norm": lambda: nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 4), nn.RMSNorm(4)),
    "gru": lambda: nn.GRUCell(4, 4),
    "mlp": lambda: nn.Sequential(nn.Linear(4, 7), nn.SELU(), nn.Linear(7, 4)),
    "bilinear": lambda: Map(lambda m, x: nn.functional.bilinear(x, x, m.A[None].expand(4, 4, 4))),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODULES)
def test_modules(name: str) -> None:
    torch.manual_seed(0)
    agree(MODULES[name]().double(), points(), 1e-9)


def test_unknown_operations_are_named_with_their_line() -> None:
    with pytest.raises(TraceError, match=r"unknown operation: _fft_r2c .*test_aten.py:\d+") as info:
        trace(Map(lambda m, x: torch.fft.rfft(x).abs().repeat(1, 2)[:, :4]), 4)
    assert info.value.kind == "unknown operation"
